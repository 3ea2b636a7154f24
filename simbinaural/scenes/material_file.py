"""A user's own acoustic materials: a JSON file that replaces coefficients by name.

::

    {"brickwork": {"absorption": [0.05, 0.04, 0.02, 0.04, 0.05, 0.05]},
     "my_foam":   {"absorption": 0.9},
     "rug*":      "carpet_hairy",
     "Sofa_01":   "my_foam",
     "*":         {"absorption": 0.5, "scattering": 0.3}}

A list begins at 125 Hz; its last value goes on to 8 kHz, and a number holds for all bands. A text
is a material of the table or of the same file. The star stands for every material that is not
named, but for open doors.

Built-in homes have materials of the table; a scan has what its files call them (a category, a
file's material). There the first that fits counts: the very name, a pattern in the file's order,
the material of the table that the name is heard as, the star.
"""

import json
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.scenes.categories import heard_as
from simbinaural.scenes.materials import OPENING, load_material, material_names
from simbinaural.scenes.scans import scan_warnings
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ, Material

OTHERS = "*"
QUANTITIES = ("absorption", "scattering")


def read_materials(path, *, any_name=False):
    """Read a file of materials.

    Parameters
    ----------
    path : str or Path
        JSON as above.
    any_name : bool
        Whether names may be such that only a scan's files know them.

    Returns
    -------
    dict of str to dict
        ``absorption`` and ``scattering``, those that are given, as (7,) numpy.ndarray by name.

    Raises
    ------
    InputError
        If the file is no such JSON, a name is unknown, or a coefficient is outside 0 to 1.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: materials must be a JSON file, got {error}") from None
    require(isinstance(content, dict), f"{path}: materials must be a JSON object of names")
    if not any_name:
        _check_names(path, content)
    own = {
        name: _coefficients(path, name, entry)
        for name, entry in content.items()
        if not isinstance(entry, str)
    }
    return {name: own.get(name) or _named(path, name, content[name], own) for name in content}


def _check_names(path, content):
    """Refuse names that no built-in home has."""
    used = {entry for entry in content.values() if isinstance(entry, str)}
    for name in content:
        known = (
            name == OTHERS or name in used or any(_fits(name, each) for each in material_names())
        )
        require(known, f"{path}: {name!r} must be a known material or *; see README")


def _named(path, name, other, own):
    """Coefficients of the material that an entry names."""
    if other in own:
        return own[other]
    require(
        other in material_names(),
        f"{path}: {name} must name a material of the table or of the file, got {other!r}",
    )
    return {quantity: getattr(load_material(other), quantity) for quantity in QUANTITIES}


def _fits(pattern, name):
    return fnmatchcase(name.lower(), pattern.lower())


@dataclass(frozen=True, eq=False)
class Refurnished:
    """Scenes with a user's acoustic materials; all else is theirs.

    Attributes
    ----------
    scenes : SceneSet
        As `simbinaural.scenes.sources.parse_scenes` gives them.
    replacements : dict of str to dict
        From `read_materials`.
    """

    scenes: object
    replacements: dict

    @property
    def name(self):
        """What a user writes to get the scenes."""
        return self.scenes.name

    @property
    def license(self):
        """Theirs."""
        return self.scenes.license

    def __len__(self):
        return len(self.scenes)

    def load(self, index):
        """Make a scene, as `scenes` does, and replace its materials' coefficients."""
        scene = self.scenes.load(index)
        materials = tuple(_replaced(each, self.replacements) for each in scene.materials)
        return replace(scene, materials=materials)

    def problems(self, index):
        """Lines for the user about a scene (tuple of str); what is replaced is known."""
        return scan_warnings(
            self.scenes, index, lambda name: _replacement(name, self.replacements) is not None
        )


def _replaced(material, replacements):
    found = _replacement(material.name, replacements) or {}
    curves = {name: getattr(material, name) for name in QUANTITIES}
    return Material(material.name, **{**curves, **found})


def _replacement(name, replacements):
    """Coefficients that stand for a material's own; None if there are none."""
    if name in replacements:
        return replacements[name]
    for pattern, found in replacements.items():
        if pattern != OTHERS and _fits(pattern, name):
            return found
    if heard_as(name) in replacements:
        return replacements[heard_as(name)]
    return None if name == OPENING else replacements.get(OTHERS)


def _coefficients(path, name, entry):
    require(
        isinstance(entry, dict) and entry and set(entry) <= set(QUANTITIES),
        f"{path}: {name} must have absorption or scattering or both, got {entry!r}",
    )
    return {quantity: _curve(path, f"{name}: {quantity}", entry[quantity]) for quantity in entry}


def _curve(path, what, given):
    """Seven values of a number or a list."""
    try:
        values = np.atleast_1d(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        values = np.array([np.nan])
    require(
        values.ndim == 1
        and 1 <= len(values) <= len(OCTAVE_BANDS_HZ)
        and bool(np.all((values >= 0) & (values <= 1))),
        f"{path}: {what} must be a number or up to 7 from 0 to 1, got {given!r}",
    )
    return values[np.minimum(np.arange(len(OCTAVE_BANDS_HZ)), len(values) - 1)]
