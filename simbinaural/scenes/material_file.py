"""A user's own acoustic materials: a JSON file that replaces coefficients by name.

::

    {"brickwork": {"absorption": [0.05, 0.04, 0.02, 0.04, 0.05, 0.05]},
     "*":         {"absorption": 0.5, "scattering": 0.3}}

A list begins at 125 Hz; its last value goes on to 8 kHz, and a number holds for all bands. The star
stands for every material that is not named, but for open doors.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.scenes.materials import OPENING, material_names
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ, Material

OTHERS = "*"
QUANTITIES = ("absorption", "scattering")


def read_materials(path):
    """Read a file of materials.

    Parameters
    ----------
    path : str or Path
        JSON as above.

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
    known = {OTHERS, *material_names()}
    for name in content:
        require(name in known, f"{path}: {name!r} must be a known material or *; see README")
    return {name: _coefficients(path, name, entry) for name, entry in content.items()}


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


def _replaced(material, replacements):
    others = {} if material.name == OPENING else replacements.get(OTHERS, {})
    curves = {name: getattr(material, name) for name in QUANTITIES}
    return Material(material.name, **{**curves, **replacements.get(material.name, others)})


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
