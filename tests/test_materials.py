import numpy as np
import pytest

from simbinaural.errors import InputError
from simbinaural.scenes.materials import OPENING, load_material, material_names
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ


def test_coefficients_are_those_of_the_table():
    import pyroomacoustics as pra

    for name in ("brickwork", "carpet_hairy", "chairs_upholstered_leather", "wooden_door"):
        table = pra.materials_data["absorption"]
        entry = next(chapter[name] for chapter in table.values() if name in chapter)
        np.testing.assert_array_equal(load_material(name).absorption, entry["coeffs"])


def test_short_rows_go_on_with_their_last_value():
    # Six bands in the table, 125 Hz to 4 kHz.
    material = load_material("carpet_soft_10mm")
    np.testing.assert_array_equal(material.absorption, [0.09, 0.08, 0.21, 0.26, 0.27, 0.37, 0.37])


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
