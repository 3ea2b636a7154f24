"""Ambisonics: known gains, rotation laws, agreement with spaudiopy."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import sph_harm_y_all

from simbinaural.ambisonics import (
    convert,
    encode,
    harmonics,
    n_channels,
    order_of,
    rotate,
    rotation,
)
from simbinaural.errors import InputError
from simbinaural.geometry import (
    conjugate,
    direction_vectors,
    directions,
    multiply,
    orientation_towards,
    rotation_matrix,
)
from simbinaural.geometry import rotate as rotate_vectors

ANGLES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
ORDERS = st.integers(0, 4)


def orientation(azimuth, elevation, roll):
    half = np.radians(roll) / 2
    return multiply(orientation_towards(azimuth, elevation), (np.cos(half), 0, 0, np.sin(half)))


ORIENTATIONS = st.builds(orientation, st.floats(-180, 180), st.floats(-90, 90), st.floats(-90, 90))


# --------------------------------------------------------------------------- known gains


@pytest.mark.parametrize(
    ("azimuth", "elevation", "wyzx"),
    [
        (0, 0, (1, 0, 0, 1)),
        (90, 0, (1, 1, 0, 0)),
        (-90, 0, (1, -1, 0, 0)),
        (180, 0, (1, 0, 0, -1)),
        (33, 90, (1, 0, 1, 0)),
        (60, 0, (1, np.sqrt(3) / 2, 0, 0.5)),
    ],
)
def test_first_order_is_everywhere_left_up_front(azimuth, elevation, wyzx):
    signal = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(
        encode(signal, azimuth, elevation), np.outer(wyzx, signal), atol=1e-12
    )


@given(ANGLES)
@settings(deadline=None)
def test_sn3d_degrees_have_the_energy_of_w(angles):
    gains = harmonics(*angles, 4)
    energy = [np.sum(gains[degree**2 : (degree + 1) ** 2] ** 2) for degree in range(5)]
    np.testing.assert_allclose(energy, 1, atol=1e-12)


@given(ANGLES)
@settings(deadline=None)
def test_agrees_with_scipy(angles):
    azimuth, elevation = np.radians(angles)
    values = sph_harm_y_all(7, 7, np.pi / 2 - elevation, azimuth)
    gains = iter(harmonics(*angles, 7))
    for degree in range(8):
        for index in range(-degree, degree + 1):
            value = values[degree, abs(index)] * (-1.0) ** index * np.sqrt(2 if index else 1)
            expected = (value.imag if index < 0 else value.real) * np.sqrt(4 * np.pi)
            assert next(gains) * np.sqrt(2 * degree + 1) == pytest.approx(expected, abs=1e-12)


def test_agrees_with_spaudiopy():
    azimuth, elevation = np.array([[10.0, 100, 200, -77], [5, 50, -20, -88]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a sound card and uses old names
        sph = pytest.importorskip("spaudiopy").sph
        expected = sph.sh_matrix(4, np.radians(azimuth), np.radians(90 - elevation), "real")
    n3d = convert(harmonics(azimuth, elevation, 4), "ambix", "n3d")
    np.testing.assert_allclose(n3d / np.sqrt(4 * np.pi), expected.T, atol=1e-12)


def test_a_direction_for_each_sample_moves_the_source():
    signal, azimuth = np.ones(5), np.linspace(-90, 90, 5)
    np.testing.assert_allclose(encode(signal, azimuth, 0)[1], np.sin(np.radians(azimuth)))


def test_orders_and_channels():
    assert [n_channels(order) for order in range(4)] == [1, 4, 9, 16]
    assert [order_of(channels) for channels in (1, 4, 9, 16)] == [0, 1, 2, 3]


# --------------------------------------------------------------------------- rotation


@given(ANGLES, ORIENTATIONS, ORDERS)
@settings(deadline=None)
def test_rotating_the_field_rotates_its_directions(angles, turn, order):
    turned = directions(rotate_vectors(turn, direction_vectors(*angles)))[:2]
    np.testing.assert_allclose(
        rotate(encode([1.0], *angles, order), turn), encode([1.0], *turned, order), atol=1e-10
    )


def test_a_listener_who_turns_left_hears_the_front_to_the_right():
    world = encode([1.0], 0, 0)
    heard = rotate(world, conjugate(orientation_towards(90)))
    np.testing.assert_allclose(heard[:, 0], (1, -1, 0, 0), atol=1e-12)


@given(ORIENTATIONS, ORDERS)
@settings(deadline=None)
def test_rotation_is_orthogonal_and_its_conjugate_undoes_it(turn, order):
    there, back = rotation(turn, order), rotation(conjugate(turn), order)
    np.testing.assert_allclose(back @ there, np.eye(n_channels(order)), atol=1e-10)
    np.testing.assert_allclose(there.T, back, atol=1e-10)


@given(ORIENTATIONS, ORIENTATIONS)
@settings(deadline=None, max_examples=30)
def test_rotations_compose(first, second):
    np.testing.assert_allclose(
        rotation(multiply(first, second), 3), rotation(first, 3) @ rotation(second, 3), atol=1e-10
    )


def test_a_matrix_serves_as_well_as_a_quaternion():
    turn = orientation(20, -30, 40)
    np.testing.assert_allclose(rotation(rotation_matrix(turn), 2), rotation(turn, 2), atol=1e-12)


# --------------------------------------------------------------------------- conventions


@pytest.mark.parametrize("order", [0, 1, 3])
def test_many_rotations_at_once_are_those_one_by_one(order):
    turns = orientation_towards(np.array([10.0, -80, 170]), np.array([[0.0], [50]]))
    found = rotation(turns, order)
    alone = [[rotation(turn, order) for turn in row] for row in turns]
    np.testing.assert_allclose(found, alone, atol=1e-12)
    np.testing.assert_array_equal(rotation(rotation_matrix(turns), order), found)


def test_fuma_first_order_is_w_x_y_z_with_w_3_db_lower():
    fuma = convert(encode([1.0], 30, 20), "ambix", "fuma")[:, 0]
    right, up, back = direction_vectors(30, 20)
    np.testing.assert_allclose(fuma, (np.sqrt(0.5), -back, -right, up), atol=1e-12)


def test_fuma_channels_reach_exactly_one():
    azimuth, elevation = np.arange(360.0)[:, None], np.arange(-90, 91, 0.5)
    gains = convert(harmonics(azimuth, elevation, 3).reshape(16, -1), "ambix", "fuma")
    np.testing.assert_allclose(np.abs(gains[1:]).max(axis=1), 1, atol=2e-4)


def test_fuma_second_order_letters():
    fuma = convert(encode([1.0], 45, 0, 2), "ambix", "fuma")[:, 0]
    # R = (3 sin² el - 1) / 2, S = cos az sin 2el, T = sin az sin 2el, U = cos 2az cos² el, V = sin
    np.testing.assert_allclose(fuma[4:], (-0.5, 0, 0, 0, 1), atol=1e-12)


def test_n3d_scales_degrees_by_the_root_of_2l_plus_1():
    signals = np.ones((9, 2))
    expected = np.sqrt([1, 3, 3, 3, 5, 5, 5, 5, 5])[:, None] * signals
    np.testing.assert_allclose(convert(signals, "ambix", "n3d"), expected)


@given(st.sampled_from(["ambix", "n3d", "fuma"]), st.sampled_from(["ambix", "n3d", "fuma"]), ORDERS)
@settings(deadline=None)
def test_conversion_and_back_is_identity(source, target, order):
    if "fuma" in (source, target):
        order = min(order, 3)
    signals = np.arange(n_channels(order) * 2.0).reshape(-1, 2)
    back = convert(convert(signals, source, target), target, source)
    np.testing.assert_allclose(back, signals, atol=1e-12)


def test_conversion_keeps_single_precision():
    assert convert(np.ones((4, 3), np.float32), "fuma").dtype == np.float32


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: order_of(6), "channels must number 1, 4, 9, 16 .* got 6"),
        (lambda: order_of(0), "channels must number .* got 0"),
        (lambda: rotate(np.ones((5, 2)), (1, 0, 0, 0)), "channels must number .* got 5"),
        (lambda: rotation(np.ones(3)), r"orientation must have shape .* got \(3,\)"),
        (lambda: rotate(np.ones((4, 9)), np.ones((2, 4))), r"orientation must .* got \(2, 4\)"),
        (lambda: convert(np.ones((4, 2)), "acn"), "source must be one of .*, got acn"),
        (lambda: convert(np.ones((4, 2)), "fuma", "x"), "target must be one of .*, got x"),
        (lambda: convert(np.ones((25, 2)), "fuma"), "order must be at most 3 in FuMa, got 4"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
