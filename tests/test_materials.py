import json
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from simbinaural.errors import InputError
from simbinaural.scenes.material_file import Refurnished, read_materials
from simbinaural.scenes.materials import (
    DRAPED,
    OPENING,
    PLAIN,
    ROUGH,
    load_material,
    material_names,
)
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ

ROUGH_NAMES = (
    "brick_wall_rough",
    "facing_brick",
    "rough_concrete",
    "smooth_brickwork_10mm_pointing",
    "carpet_hairy",
)


@pytest.fixture(scope="module")
def table():
    """The table as the package itself gives it."""
    import pyroomacoustics as pra

    return pra.materials_data


def rows(part):
    """Coefficients by chapter and name."""
    return {
        (chapter, name): entry["coeffs"]
        for chapter, materials in part.items()
        for name, entry in materials.items()
    }


def extended(coefficients):
    """Seven bands, the last coefficient going on."""
    return [*coefficients, *coefficients[-1:] * (7 - len(coefficients))]


def test_bands_are_those_of_the_table(table):
    np.testing.assert_array_equal(table["center_freqs"], OCTAVE_BANDS_HZ)


def test_every_absorption_is_that_of_the_table(table):
    found = rows(table["absorption"])
    assert [name for _, name in found] == material_names()[:-1]
    assert len({name for _, name in found}) == len(found) == 90
    for (_, name), coefficients in found.items():
        absorption = load_material(name).absorption
        np.testing.assert_array_equal(absorption, extended(coefficients), err_msg=name)


def test_every_scattering_is_that_of_the_table_where_it_has_one(table):
    scattering = {name: extended(c) for (_, name), c in rows(table["scattering"]).items()}
    # Diffusers, audiences, steps: no row bears the name of a material, and none is of a wall, a
    # floor or a curtain. A version that adds one is to be used, and fails here.
    absorption = {name for _, name in rows(table["absorption"])}
    assert not absorption & set(scattering)
    assert set(scattering) == {
        *("rpg_skyline", "rpg_qrd", "theatre_audience", "classroom_tables", "amphitheatre_steps"),
        *("rect_prism_boxes", "trapezoidal_boxes"),
    }
    own = {"plain": PLAIN, "rough": ROUGH, "draped": DRAPED}
    for chapter, name in rows(table["absorption"]):
        expected = "plain"
        if name in ROUGH_NAMES:
            expected = "rough"
        elif chapter == "Curtains":
            expected = "draped"
        elif chapter.startswith(("Seating", "Audience")):
            expected = "theatre_audience"
        elif chapter == "Wood" and name not in ("audience_floor", "stage_floor", "wooden_door"):
            expected = "classroom_tables"
        curve = own.get(expected) or scattering[expected]
        np.testing.assert_array_equal(load_material(name).scattering, curve, err_msg=name)


@pytest.mark.parametrize("name", material_names())
def test_every_material_has_seven_fractions(name):
    material = load_material(name)
    for curve in (material.absorption, material.scattering):
        assert curve.shape == OCTAVE_BANDS_HZ.shape
        assert (curve >= 0).all()
        assert (curve <= 1).all()


def test_scattering_grows_with_frequency():
    for name in material_names():
        assert (np.diff(load_material(name).scattering) >= 0).all(), name


def test_rough_things_scatter_more_than_smooth_ones():
    def mean(name):
        return load_material(name).scattering.mean()

    assert 0.05 <= mean("plasterboard") <= 0.15
    assert mean("plasterboard") < mean("brick_wall_rough") < mean("wood_16mm")
    assert 0.3 <= mean("wood_16mm") <= 0.6
    assert 0.3 <= mean("chairs_upholstered_cloth") <= 0.7


def test_an_opening_takes_all_and_returns_nothing():
    material = load_material(OPENING)
    np.testing.assert_array_equal(material.absorption, np.ones(7))
    np.testing.assert_array_equal(material.scattering, np.zeros(7))


def test_materials_are_shared_and_safe_from_writing():
    material = load_material("brickwork")
    assert load_material("brickwork") is material
    with pytest.raises(ValueError, match="read-only"):
        material.absorption[0] = 1


def test_an_unknown_name_is_named():
    with pytest.raises(InputError, match=r"material must be one of .*, got velvet"):
        load_material("velvet")


# --------------------------------------------------------------------------- a user's own


def written(tmp_path, content):
    path = tmp_path / "materials.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_file_replaces_what_it_names_and_the_star_the_rest(tmp_path):
    path = written(
        tmp_path,
        {"brickwork": {"absorption": [0.1, 0.2]}, "*": {"absorption": 0.5, "scattering": 0.3}},
    )
    names = ("brickwork", "carpet_hairy", OPENING)
    scenes = SimpleNamespace(load=lambda index: Holder(tuple(map(load_material, names)), index))
    home = Refurnished(scenes, read_materials(path)).load(4)
    brick, carpet, opening = home.materials
    np.testing.assert_array_equal(brick.absorption, [0.1] + 6 * [0.2])
    np.testing.assert_array_equal(brick.scattering, load_material("brickwork").scattering)
    np.testing.assert_array_equal(carpet.absorption, 0.5)
    np.testing.assert_array_equal(carpet.scattering, 0.3)
    np.testing.assert_array_equal(opening.absorption, 1)
    assert home.index == 4


@dataclass(frozen=True)
class Holder:
    materials: tuple
    index: int


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "materials.json: materials must be a JSON file"),
        ([], "materials must be a JSON object"),
        ({"brikwork": {"absorption": 1}}, "'brikwork' must be a known material or"),
        ({"*": {}}, r"\* must have absorption or scattering"),
        ({"*": {"damping": 1}}, r"\* must have absorption or scattering"),
        ({"*": {"absorption": 1.2}}, r"\*: absorption must be a number or up to 7 from 0 to 1"),
        ({"*": {"absorption": [0.1] * 8}}, "up to 7"),
        ({"*": {"absorption": [[0.1]]}}, "up to 7"),
        ({"*": {"scattering": "much"}}, "scattering must be a number"),
    ],
)
def test_bad_files(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read_materials(written(tmp_path, content))
