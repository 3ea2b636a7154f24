import cv2
import numpy as np
import py360convert
import pytest
from ffmpeg import ffmpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from panoramas import CUBE_VIEWS, EAC_TOPS, EAC_VIEWS, face_vectors

from ambi2binaural.layout import VideoLayout
from ambi2binaural.projections import (
    EAC_PADDING_PX,
    left_eye,
    panorama_coordinates,
    pixels_per_radian,
    tilt_orientation,
)
from simbinaural.errors import InputError
from simbinaural.geometry import (
    Camera,
    direction_vectors,
    orientation_towards,
    pixel_vectors,
    pixels,
    rotate,
)

LAYOUTS = [VideoLayout(projection) for projection in ("equirect", "eac", "cubemap")]

angles = st.tuples(st.floats(-180, 180), st.floats(-89.99, 89.99))
tilts = st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))


# --------------------------------------------------------------------------- equirectangular


@pytest.mark.parametrize(
    ("direction", "expected"),
    [((0, 0), (50, 30)), ((90, 0), (25, 30)), ((-90, 45), (75, 15)), ((0, -90), (50, 60))],
)
def test_equirect_has_front_in_the_middle_and_left_at_a_quarter(direction, expected):
    found = panorama_coordinates(VideoLayout(), (100, 60), direction_vectors(*direction))
    np.testing.assert_allclose(found, expected, atol=1e-9)


@settings(deadline=None)
@given(st.lists(angles, min_size=1, max_size=8), st.integers(8, 4000), st.integers(8, 4000))
def test_equirect_is_the_convention_of_geometry(directions, width, height):
    vectors = direction_vectors(*np.transpose(directions))
    found = panorama_coordinates(VideoLayout(), (width, height), vectors)
    expected = pixels(Camera(width, height, 360.0, "equirect"), vectors)
    turned = (found[..., 0] - expected[..., 0]) % width  # at the seam 0 is as good as the width
    np.testing.assert_allclose(np.minimum(turned, width - turned), 0, atol=1e-6)
    np.testing.assert_allclose(found[..., 1], expected[..., 1], atol=1e-6)


@pytest.mark.parametrize("view", [(90, 0), (0, 0), (-60, 30), (45, -35)])
def test_perspective_views_agree_with_py360convert(view):
    size, camera = (2048, 1024), Camera(480, 240, 90.0)
    ramps = np.stack(np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5), axis=-1)
    # Its field of view lies between the centers of the outermost pixels, ours between their edges.
    fov = [
        2 * np.degrees(np.arctan((n - 1) / 2 / camera.focal_px))
        for n in (camera.width, camera.height)
    ]
    expected = py360convert.e2p(ramps, tuple(fov), -view[0], view[1], (240, 480))
    vectors = rotate(orientation_towards(*view), pixel_vectors(camera))
    found = panorama_coordinates(VideoLayout(), size, vectors)
    np.testing.assert_allclose(found, expected, atol=0.02)  # it interpolates in steps of 1/32


def test_bounds_stretch_the_part_that_is_left():
    layout = VideoLayout(bounds=(0.25, 0.0, 0.25, 0.5))
    vectors = direction_vectors([0, 90, -89.9, 0, 0, 120, 0], [0, 0, 0, 90, 45, 0, -1])
    found = panorama_coordinates(layout, (180, 90), vectors)
    expected = [(90, 90), (0, 90), (179.9, 90), (90, 0), (90, 45)]
    np.testing.assert_allclose(found[:5], expected, atol=1e-6)
    np.testing.assert_array_equal(found[5:], np.nan)


# --------------------------------------------------------------------------- cubes


@pytest.mark.parametrize("padding", [0, 3])
def test_cubemap_faces_are_what_cameras_of_90_degrees_see(padding):
    n = 16
    tangents = np.arange(n) / n * 2 - 1 + 1 / n
    for k, view in enumerate(CUBE_VIEWS):
        tile = n + 2 * padding
        found = panorama_coordinates(
            VideoLayout("cubemap", padding=padding),
            (3 * tile, 2 * tile),
            face_vectors(view, tangents, tangents),
        )
        inside = np.stack(np.meshgrid(np.arange(n) + 0.5, np.arange(n) + 0.5), axis=-1)
        corner = np.array([k % 3, k // 3]) * tile + padding
        np.testing.assert_allclose(found, inside + corner, atol=1e-9, err_msg=str(view))


def test_eac_faces_are_evenly_spaced_in_angle():
    n, p = 16, EAC_PADDING_PX
    tangents = np.tan(np.radians((np.arange(n) + 0.5) / n * 90 - 45))
    for k, (view, top) in enumerate(zip(EAC_VIEWS, EAC_TOPS, strict=True)):
        found = panorama_coordinates(
            VideoLayout("eac"),
            (3 * n + 2 * p, 2 * (n + 2 * p)),
            face_vectors(view, tangents, tangents, top),
        )
        inside = np.stack(np.meshgrid(np.arange(n) + 0.5, np.arange(n) + 0.5), axis=-1)
        corner = np.array([k % 3 * n, k // 3 * (n + 2 * p)]) + p
        np.testing.assert_allclose(found, inside + corner, atol=1e-9, err_msg=str(view))


def sphere_in(projection, tmp_path):
    """Directions that FFmpeg puts into the pixels of a projection, (height, width, 3)."""
    vectors = pixel_vectors(Camera(1024, 512, 360.0, "equirect"))
    source, target = tmp_path / "sphere.png", tmp_path / "turned.png"
    cv2.imwrite(str(source), np.rint((vectors + 1) * 30000).astype(np.uint16)[..., ::-1])
    ffmpeg(
        *("-i", source, "-vf", f"format=gbrp16le,v360=e:{projection}:w=960:h=640,format=rgb48be"),
        target,
    )
    return cv2.imread(str(target), cv2.IMREAD_UNCHANGED)[..., ::-1] / 30000 - 1


@pytest.mark.parametrize(("projection", "name"), [("eac", "eac"), ("cubemap", "c3x2")])
def test_faces_lie_where_ffmpeg_has_them(projection, name, tmp_path):
    vectors = sphere_in(name, tmp_path)
    found = panorama_coordinates(VideoLayout(projection), (960, 640), vectors)
    places = np.stack(np.meshgrid(np.arange(960) + 0.5, np.arange(640) + 0.5), axis=-1)
    column, row = np.meshgrid(np.arange(960) % 320, np.arange(640) % 320)
    inner = (np.minimum(column, 319 - column) > 4) & (np.minimum(row, 319 - row) > 4)
    # It is sloppy with halves of pixels: a pixel's width is what can be asked.
    np.testing.assert_allclose(found[inner], places[inner], atol=1)


def test_eac_of_two_eyes_side_by_side_is_turned_counterclockwise():
    vectors = direction_vectors([0, 90, -90, 180, 0, 20], [0, 0, 0, 0, 80, 30])
    whole = panorama_coordinates(VideoLayout("eac"), (1200, 800), vectors)
    eyes = panorama_coordinates(VideoLayout("eac", stereo="left-right"), (1600, 1200), vectors)
    np.testing.assert_allclose(eyes, np.stack([whole[:, 1], 1200 - whole[:, 0]], axis=-1))


# --------------------------------------------------------------------------- tilt, eyes, margins


@pytest.mark.parametrize(
    ("tilt", "shown", "place"),
    [
        ((30, 0, 0), (30, 0), (0, 0)),  # counterclockwise around up: to the left
        ((0, 20, 0), (0, 20), (0, 0)),  # counterclockwise around right: upwards
        ((0, 0, 90), (-90, 0), (0, 90)),  # clockwise around the front: the top goes to the right
        ((90, 45, 0), (90, 45), (0, 0)),
        ((90, 45, 90), (0, 0), (0, 90)),  # facing left, the front is at the right
    ],
)
def test_tilt_turns_by_yaw_then_pitch_then_roll(tilt, shown, place):
    layout = VideoLayout(tilt=tilt)
    found = panorama_coordinates(layout, (360, 180), direction_vectors(*shown))
    if place[1] != 90:
        np.testing.assert_allclose(found[0], 180 - place[0], atol=1e-6)
    np.testing.assert_allclose(found[1], 90 - place[1], atol=1e-5)


@settings(deadline=None)
@given(tilts, angles, st.sampled_from(LAYOUTS))
def test_tilt_is_undone(tilt, direction, layout):
    vector = direction_vectors(*direction)
    turned = rotate(tilt_orientation(tilt), vector)
    tilted = VideoLayout(layout.projection, tilt=tilt)
    places = [
        panorama_coordinates(tilted, (3600, 1800), turned),
        panorama_coordinates(layout, (3600, 1800), vector),
    ]
    # Compared on the sphere, because at a border of two faces either of them is right.
    jump = np.abs(places[0] - places[1])
    scale = max(1.0, 1 / np.cos(np.radians(direction[1])))
    at_border = jump.max() > 1
    assert jump.max() < 1e-5 * scale or (at_border and near_border(layout, places[1]))


def near_border(layout, place):
    if layout.projection == "equirect":
        return min(place[0], 3600 - place[0]) < 1e-3
    rest = np.array(place) % (1200, 900)
    return (np.minimum(rest, np.subtract((1200, 900), rest)) < 3).any()


@pytest.mark.parametrize("projection", ["equirect", "cubemap"])
@pytest.mark.parametrize(
    ("stereo", "size", "corner"),
    [
        ("top-bottom", (300, 400), (0, 0)),
        ("left-right", (600, 200), (0, 0)),
        ("right-left", (600, 200), (300, 0)),
    ],
)
def test_two_eyes_give_the_left_ones_picture(projection, stereo, size, corner):
    vectors = direction_vectors(np.linspace(-170, 170, 30), np.linspace(-80, 80, 30))
    mono = panorama_coordinates(VideoLayout(projection), (300, 200), vectors)
    found = panorama_coordinates(VideoLayout(projection, stereo), size, vectors)
    np.testing.assert_allclose(found, mono + corner)
    eye = left_eye(VideoLayout(projection, stereo), size)
    assert (eye.x, eye.y, eye.width, eye.height) == (*corner, 300, 200)


@settings(deadline=None)
@given(st.lists(angles, min_size=1, max_size=8), st.sampled_from(LAYOUTS))
def test_a_margin_keeps_off_the_borders(directions, layout):
    vectors = direction_vectors(*np.transpose(directions))
    free = panorama_coordinates(layout, (600, 400), vectors)
    kept = panorama_coordinates(layout, (600, 400), vectors, margin=5)
    assert np.abs(kept - free).max() <= 5 + 1e-9
    borders = {"equirect": (0, 400), "eac": (0, 200), "cubemap": (200, 200)}[layout.projection]
    for axis, length in enumerate(borders):
        if length:
            inside = kept[:, axis] % length
            assert np.all((inside >= 5 - 1e-9) & (inside <= length - 5 + 1e-9))


def test_single_precision_stays_single_and_accurate():
    vectors = pixel_vectors(Camera(64, 32, 120.0))
    for layout in LAYOUTS:
        found = panorama_coordinates(layout, (3840, 1920), vectors.astype(np.float32))
        assert found.dtype == np.float32
        exact = panorama_coordinates(layout, (3840, 1920), vectors)
        np.testing.assert_allclose(found, exact, atol=0.005)


def test_resolution_counts_pixels_on_the_sphere():
    assert pixels_per_radian(VideoLayout(), (3600, 900)) == pytest.approx(1800 / np.pi)
    assert pixels_per_radian(VideoLayout(stereo="top-bottom"), (3600, 3600)) == pytest.approx(
        1800 / np.pi
    )
    half = VideoLayout(bounds=(0.25, 0, 0.25, 0))
    assert pixels_per_radian(half, (1800, 1800)) == pytest.approx(1800 / np.pi)
    assert pixels_per_radian(VideoLayout("eac"), (2700, 1800)) == pytest.approx(1800 / np.pi)


# --------------------------------------------------------------------------- bad input


def test_unknown_projection():
    with pytest.raises(InputError, match="projection must be one of .* got 'fisheye'"):
        panorama_coordinates(VideoLayout("fisheye"), (100, 50), (0, 0, -1))


def test_unknown_stereo():
    with pytest.raises(InputError, match="stereo must be one of .* got 'checkerboard'"):
        panorama_coordinates(VideoLayout(stereo="checkerboard"), (100, 50), (0, 0, -1))


def test_vectors_of_another_shape():
    with pytest.raises(InputError, match=r"vectors must have shape \(..., 3\), got \(2,\)"):
        panorama_coordinates(VideoLayout(), (100, 50), (0, 1))
