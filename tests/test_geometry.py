"""Conventions of space and time: every sign, then the laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simbinaural.errors import InputError
from simbinaural.geometry import (
    IDENTITY,
    Camera,
    Pose,
    body_to_sofa,
    conjugate,
    direction_vectors,
    directions,
    multiply,
    orientation_towards,
    pixel_vectors,
    pixels,
    rotate,
    rotation_matrix,
    sofa_to_body,
    to_count,
)

UNIT = st.floats(-1, 1)
VECTORS = st.tuples(UNIT, UNIT, UNIT).filter(lambda v: np.linalg.norm(v) > 1e-3)
QUATERNIONS = (
    st.tuples(UNIT, UNIT, UNIT, UNIT)
    .filter(lambda q: np.linalg.norm(q) > 1e-2)
    .map(lambda q: np.array(q) / np.linalg.norm(q))
)
AZIMUTHS, ELEVATIONS = st.floats(-179.9, 179.9), st.floats(-89, 89)


def scipy_rotation(orientation):
    return Rotation.from_quat(orientation, scalar_first=True)


# --------------------------------------------------------------------------- signs


@pytest.mark.parametrize(
    ("azimuth", "elevation", "vector"),
    [
        (0, 0, (0, 0, -1)),
        (90, 0, (-1, 0, 0)),
        (-90, 0, (1, 0, 0)),
        (180, 0, (0, 0, 1)),
        (0, 90, (0, 1, 0)),
        (77, -90, (0, -1, 0)),
    ],
)
def test_front_is_minus_z_left_is_minus_x_up_is_y(azimuth, elevation, vector):
    np.testing.assert_allclose(direction_vectors(azimuth, elevation), vector, atol=1e-15)


def test_turning_left_by_90_looks_along_minus_x():
    turned = rotate(orientation_towards(90), (0, 0, -1))
    np.testing.assert_allclose(turned, (-1, 0, 0), atol=1e-15)


def test_looking_up_keeps_the_right_ear_level():
    orientation = orientation_towards(30, 40)
    assert rotate(orientation, (0, 0, -1))[1] == pytest.approx(np.sin(np.radians(40)))
    assert rotate(orientation, (1, 0, 0))[1] == pytest.approx(0, abs=1e-15)
    assert rotate(orientation, (0, 1, 0))[1] > 0


def test_sofa_axes_are_front_left_up():
    body = [(0, 0, -1), (-1, 0, 0), (0, 1, 0)]
    np.testing.assert_array_equal(body_to_sofa(body), np.eye(3))


def test_pose_sees_a_thing_to_its_left_on_the_left():
    listener = Pose((1, 1.5, 2), orientation_towards(90))  # looks along -x
    body = listener.to_body((1, 1.5, 3))  # towards +z: left of -x
    np.testing.assert_allclose(body, (-1, 0, 0), atol=1e-15)


@pytest.mark.parametrize("projection", ["perspective", "equirect"])
def test_left_is_left_and_up_is_up_in_the_image(projection):
    camera = Camera(480, 240, 90, projection)
    column, row = pixels(camera, direction_vectors(20, 10))
    assert column < 240
    assert row < 120
    np.testing.assert_allclose(pixels(camera, (0, 0, -5)), (240, 120))


def test_field_of_view_is_measured_edge_to_edge():
    camera = Camera(480, 240, 90)
    np.testing.assert_allclose(pixels(camera, (-1, 0, -1.0000001)), (0, 120), atol=1e-4)
    np.testing.assert_allclose(pixels(camera, (1, 0.5, -1.0000001)), (480, 0), atol=1e-4)


def test_panorama_spans_the_sphere():
    camera = Camera(360, 180, 360, "equirect")
    np.testing.assert_allclose(pixels(camera, direction_vectors(90, 45)), (90, 45))


def test_first_pixel_centre_lies_half_a_pixel_inside():
    camera = Camera(360, 180, 360, "equirect")
    azimuth, elevation, _ = directions(pixel_vectors(camera)[0, 0])
    np.testing.assert_allclose((azimuth, elevation), (179.5, 89.5))


def test_what_is_behind_or_beside_the_frame_has_no_pixel():
    camera = Camera(480, 240, 90)
    outside = pixels(camera, [(0, 0, 1), (-1.01, 0, -1), (0, 0.51, -1)])
    np.testing.assert_array_equal(outside, np.full((3, 2), np.nan))


# --------------------------------------------------------------------------- time


def test_counts_round_half_up():
    np.testing.assert_array_equal(to_count([0, 0.5, 1.5, 2.49, -0.5], 1), [0, 1, 2, 2, 0])
    assert to_count(0.63, 16000) == 10080
    assert isinstance(to_count(1.0, 5), int)


# --------------------------------------------------------------------------- laws


@given(QUATERNIONS, VECTORS)
@settings(deadline=None)
def test_rotation_agrees_with_scipy(orientation, vector):
    expected = scipy_rotation(orientation).apply(vector)
    np.testing.assert_allclose(rotate(orientation, vector), expected, atol=1e-12)
    np.testing.assert_allclose(rotation_matrix(orientation) @ vector, expected, atol=1e-12)


@given(QUATERNIONS, QUATERNIONS, VECTORS)
@settings(deadline=None)
def test_product_turns_by_the_second_then_by_the_first(first, second, vector):
    np.testing.assert_allclose(
        rotate(multiply(first, second), vector), rotate(first, rotate(second, vector)), atol=1e-12
    )


@given(QUATERNIONS, VECTORS)
@settings(deadline=None)
def test_conjugate_turns_back(orientation, vector):
    turned = rotate(orientation, vector)
    np.testing.assert_allclose(rotate(conjugate(orientation), turned), vector, atol=1e-12)


@given(QUATERNIONS, VECTORS, VECTORS)
@settings(deadline=None)
def test_world_and_body_are_inverse(orientation, position, point):
    pose = Pose(position, orientation)
    np.testing.assert_allclose(pose.to_world(pose.to_body(point)), point, atol=1e-12)


@given(AZIMUTHS, ELEVATIONS, st.floats(0.1, 50))
@settings(deadline=None)
def test_directions_undo_vectors(azimuth, elevation, distance):
    found = directions(distance * direction_vectors(azimuth, elevation))
    np.testing.assert_allclose(found, (azimuth, elevation, distance), atol=1e-9)


@given(AZIMUTHS, ELEVATIONS)
@settings(deadline=None)
def test_orientation_looks_where_it_is_told(azimuth, elevation):
    front = rotate(orientation_towards(azimuth, elevation), (0, 0, -1))
    np.testing.assert_allclose(front, direction_vectors(azimuth, elevation), atol=1e-12)


def test_orientations_of_many_directions_are_those_of_each():
    azimuths, elevations = np.array([0.0, 30, -170]), np.array([[0.0], [-40]])
    found = orientation_towards(azimuths, elevations)
    alone = [[orientation_towards(a, e) for a in azimuths] for e in elevations[:, 0]]
    np.testing.assert_array_equal(found, alone)


@given(VECTORS)
@settings(deadline=None)
def test_sofa_axes_and_back(vector):
    np.testing.assert_array_equal(sofa_to_body(body_to_sofa(vector)), vector)


@given(
    st.sampled_from([Camera(480, 240, 90), Camera(33, 70, 140), Camera(99, 50, 360, "equirect")]),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
    st.floats(0.1, 30),
)
@settings(deadline=None)
def test_pixel_of_a_pixels_vector_is_that_pixel(camera, right, down, distance):
    point = right * camera.width, down * camera.height
    vector = distance * pixel_vectors(camera, *point)
    np.testing.assert_allclose(pixels(camera, vector), point, atol=1e-6)


def test_all_pixel_vectors_are_unit_vectors_in_rows_and_columns():
    camera = Camera(6, 4, 90)
    vectors = pixel_vectors(camera)
    assert vectors.shape == (4, 6, 3)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1)
    np.testing.assert_allclose(pixels(camera, vectors)[2, 5], (5.5, 2.5))


def test_azimuth_straight_behind_is_plus_180():
    azimuth, _, _ = directions([(0.0, 0, 1), (-0.0, 0, 1)])
    np.testing.assert_array_equal(azimuth, [180, 180])


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pose((0, 0), IDENTITY), r"position must have shape \(3\), got \(2,\)"),
        (lambda: Pose((0, 0, 0), (1, 0, 0)), r"orientation must have shape \(4\)"),
        (lambda: Pose((0, 0, 0), (2, 0, 0, 0)), "orientation must be a unit .* got norm 2"),
        (lambda: Camera(0, 240), "size must be at least 1 x 1 pixel, got 0 x 240"),
        (lambda: Camera(projection="fisheye"), "projection must be one of .*, got fisheye"),
        (lambda: Camera(fov_deg=180), "fov_deg must be between 1 and 170 .* got 180"),
    ],
)
def test_bad_poses_and_cameras_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_pose_keeps_its_own_copy():
    position = np.zeros(3)
    pose = Pose(position, IDENTITY)
    position[0] = 5
    np.testing.assert_array_equal(pose.position, 0)
