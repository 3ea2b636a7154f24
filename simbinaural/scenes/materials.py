"""Acoustic materials: octave-band absorption and scattering by name.

The absorption coefficients are those of pyroomacoustics' table (collected there from Vorländer,
*Auralization*, 2008). Of scattering that table holds a few entries only, and they serve what they
fit: its seated audience is our upholstery, its classroom tables are our wooden furniture. Every
other kind of surface gets a curve of this module, which follows the mid-frequency values that the
ODEON manual suggests (smooth 0.02-0.05, brickwork 0.05-0.2, bookshelves 0.3), raised for the
skirting boards, switches and frames that no model shows, and rising with frequency.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from simbinaural.errors import InputError
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ, Material

OPENING = "opening"
"""What lets all sound out: an open door."""

PLAIN = (0.05, 0.06, 0.08, 0.10, 0.12, 0.14, 0.15)
ROUGH = (0.05, 0.08, 0.12, 0.18, 0.22, 0.26, 0.30)
DRAPED = (0.10, 0.15, 0.20, 0.30, 0.40, 0.45, 0.50)

# Kind of surface by chapter of the table; a text is an entry of the table's scattering part.
SCATTERING_OF_CHAPTER = {
    "Wood": "classroom_tables",
    "Curtains": DRAPED,
    "Seating (2 seats per m2)": "theatre_audience",
    "Audience (unless not specified explicitly, 2 persons per m2)": "theatre_audience",
}
# Exceptions within a chapter: boards that are laid, not built, and walls that are not smooth.
SCATTERING_OF_NAME = {
    "audience_floor": PLAIN,
    "stage_floor": PLAIN,
    "wooden_door": PLAIN,
    "brick_wall_rough": ROUGH,
    "facing_brick": ROUGH,
    "rough_concrete": ROUGH,
    "smooth_brickwork_10mm_pointing": ROUGH,
    "carpet_hairy": ROUGH,
}


@cache
def load_material(name):
    """Look a material up.

    Parameters
    ----------
    name : str
        A name of pyroomacoustics' absorption table, or ``opening`` (absorbs all).

    Returns
    -------
    Material
        Its coefficients at the seven octave bands; where the table ends early, its last value goes
        on. The arrays are shared between calls and read-only.

    Raises
    ------
    InputError
        If no material has this name.
    """
    if name == OPENING:
        return _material(name, np.ones(7), np.zeros(7))
    chapters, scattering = _tables()
    for chapter, materials in chapters.items():
        if name in materials:
            curve = SCATTERING_OF_NAME.get(name, SCATTERING_OF_CHAPTER.get(chapter, PLAIN))
            if isinstance(curve, str):
                curve = scattering[curve]
            return _material(name, materials[name], curve)
    raise InputError(f"material must be one of pyroomacoustics' table or {OPENING}, got {name}")


def material_names():
    """Names that `load_material` knows, in the table's order."""
    chapters, _ = _tables()
    return [name for materials in chapters.values() for name in materials] + [OPENING]


def _material(name, absorption, scattering):
    """Extend both curves to seven bands and freeze them."""
    absorption, scattering = _extend(absorption), _extend(scattering)
    absorption.flags.writeable = scattering.flags.writeable = False
    return Material(name, absorption, scattering)


def _extend(coefficients):
    """Let the last of the coefficients go on to the highest band, within 0 to 1."""
    bands = np.minimum(np.arange(len(OCTAVE_BANDS_HZ)), len(coefficients) - 1)
    return np.clip(np.asarray(coefficients, dtype=float)[bands], 0, 1)


@cache
def _tables():
    """Absorption by chapter and name, and scattering by name, as lists of coefficients.

    The file is read where it lies: importing pyroomacoustics for it would cost each start a second.
    """
    package = Path(find_spec("pyroomacoustics").origin).parent
    table = json.loads((package / "data" / "materials.json").read_text(encoding="utf-8"))
    absorption = {
        chapter: {name: entry["coeffs"] for name, entry in materials.items()}
        for chapter, materials in table["absorption"].items()
    }
    scattering = {
        name: entry["coeffs"]
        for materials in table["scattering"].values()
        for name, entry in materials.items()
    }
    return absorption, scattering
