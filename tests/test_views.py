from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from panoramas import colors_of, panorama_vectors

from ambi2binaural import view_tables
from ambi2binaural.layout import VideoLayout
from ambi2binaural.planes import yuv_planes
from ambi2binaural.projections import panorama_coordinates, tilt_orientation
from ambi2binaural.view_tables import TableMaker
from ambi2binaural.views import ViewWarp
from simbinaural.errors import InputError
from simbinaural.geometry import Camera, orientation_towards, pixel_vectors, rotate
from simbinaural.video import decode_png

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "ambisonic"
VIEWS = {
    "front": (0, 0),
    "left": (90, 0),
    "right": (-90, 0),
    "back": (180, 0),
    "top": (0, 90),
    "bottom": (0, -90),
}
BT709, FULL = 1, 2
SIZE_4K = (3840, 1920)

needs_panorama = pytest.mark.skipif(
    not (DATA / "labelled_panorama.png").exists(), reason="the labelled panorama is not here"
)


def frame_of(rgb, pixel_format="yuv420p", *, full_range=False):
    """A decoder's frame of a picture."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    return frame.reformat(
        format=pixel_format,
        dst_colorspace="ITU709",
        dst_color_range="JPEG" if full_range else "MPEG",
        interpolation="BILINEAR",
    )


def panorama_of(layout, size):
    """Picture of a projection in which each direction has its color."""
    vectors = panorama_vectors(layout.projection, size, layout.padding)
    return colors_of(rotate(tilt_orientation(layout.tilt), vectors))


def expected_view(camera, view):
    return colors_of(rotate(orientation_towards(*view), pixel_vectors(camera)))


def read_png(name):
    return decode_png(np.fromfile(DATA / name, np.uint8))[..., 2::-1]


def likeness(a, b):
    return np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1]


# --------------------------------------------------------------------------- the labelled panorama


@needs_panorama
@pytest.mark.parametrize("face", VIEWS)
def test_labelled_panorama_shows_each_face_upright_and_unmirrored(face):
    warp = ViewWarp(VideoLayout(), Camera(256, 256, 90.0))
    view = warp(frame_of(read_png("labelled_panorama.png"), "yuv444p"), *VIEWS[face])
    label = cv2.resize(
        read_png(f"labelled_face_{face}.png"), (256, 256), interpolation=cv2.INTER_AREA
    )
    assert likeness(view, label) > 0.995
    for wrong in (label[:, ::-1], label[::-1], label[::-1, ::-1]):
        assert likeness(view, wrong) < likeness(view, label) - 0.005


@needs_panorama
def test_edges_of_letters_lie_where_the_coordinates_say():
    picture, camera = read_png("labelled_panorama.png"), Camera(480, 240, 90.0)
    vectors = rotate(orientation_towards(90, 0), pixel_vectors(camera))
    places = panorama_coordinates(VideoLayout(), (2048, 1024), vectors)
    maps = np.moveaxis(places.astype(np.float32) - 0.5, -1, 0)
    exact = cv2.remap(picture[..., 2].copy(), *maps, cv2.INTER_LINEAR).astype(np.float32)
    view = ViewWarp(VideoLayout(), camera)(frame_of(picture, "yuv444p"), 90, 0)
    shift, _ = cv2.phaseCorrelate(exact, view[..., 2].astype(np.float32))
    np.testing.assert_allclose(shift, 0, atol=0.05)


# --------------------------------------------------------------------------- colors of directions


@pytest.mark.parametrize("view", [(0, 0), (90, 0), (180, 0), (-135, 30), (20, 90), (60, -80)])
@pytest.mark.parametrize(
    ("layout", "size"),
    [
        (VideoLayout(), (960, 480)),
        (VideoLayout(), (960, 540)),
        (VideoLayout("eac"), (960, 640)),
        (VideoLayout("cubemap"), (960, 640)),
        (VideoLayout("cubemap", padding=4), (960, 640)),
        (VideoLayout(tilt=(40, -20, 10)), (960, 480)),
    ],
)
def test_views_show_the_colors_of_their_directions(layout, size, view):
    camera = Camera(120, 60, 90.0)
    frame = frame_of(panorama_of(layout, size), "yuv444p")
    found = ViewWarp(layout, camera)(frame, *view)
    difference = found.astype(int) - expected_view(camera, view)
    assert np.abs(difference).max() <= 4
    assert np.abs(difference).mean() < 1


@pytest.mark.parametrize("stereo", ["top-bottom", "left-right", "right-left"])
def test_two_eyes_give_the_left_ones_view(stereo):
    left = panorama_of(VideoLayout(), (640, 320))
    right = np.zeros_like(left)
    both = {
        "top-bottom": np.vstack([left, right]),
        "left-right": np.hstack([left, right]),
        "right-left": np.hstack([right, left]),
    }[stereo]
    mono = ViewWarp(VideoLayout())(frame_of(left), 180, 20)
    found = ViewWarp(VideoLayout(stereo=stereo))(frame_of(both), 180, 20)
    # At the border of the eyes color is shared, as it is in every such file.
    assert np.percentile(np.abs(found.astype(int) - mono), 99) <= 2


PIXEL_FORMATS = ["yuv420p", "yuvj420p", "yuv422p", "yuv420p10le", "nv12", "rgb24"]


@pytest.mark.parametrize(
    ("pixel_format", "size"),
    [(name, size) for name in PIXEL_FORMATS for size in ((640, 320), (500, 250))]
    + [("yuv420p", (3840, 1920)), ("yuv420p10le", (3840, 1920))],
)
def test_every_pixel_format_gives_the_same_view(pixel_format, size):
    camera = Camera(120, 60, 90.0)
    rgb = colors_of(pixel_vectors(Camera(*size, 360.0, "equirect")))
    frame = frame_of(rgb, pixel_format, full_range=pixel_format in ("yuvj420p", "rgb24"))
    found = ViewWarp(VideoLayout(), camera)(frame, 150)
    difference = found.astype(int) - expected_view(camera, (150, 0))
    assert np.abs(difference).max() <= 4
    assert np.abs(difference.mean(axis=(0, 1))).max() < 1.5


def test_color_stands_above_the_left_one_of_two_pixels():
    # Blue grows to the right, as a decoder samples it: at pixels 0.5, 2.5, 4.5 ...
    frame = av.VideoFrame(400, 200, "yuv420p")
    ramp = np.arange(200)
    for plane, row in zip(frame.planes, (np.full(400, 128), ramp, np.full(200, 128)), strict=True):
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        plane.update(_filled(lines.shape, row))
    frame.color_range, frame.colorspace = FULL, BT709
    camera = Camera(200, 20, 60.0)
    found = ViewWarp(VideoLayout(), camera)(frame, -45)
    x = panorama_coordinates(
        VideoLayout(), (400, 200), rotate(orientation_towards(-45, 0), pixel_vectors(camera))
    )[..., 0]
    blue = 128 + 1.8556 * ((x - 0.5) / 2 - 128)
    # Centered siting would be off by 0.46.
    np.testing.assert_allclose(np.mean(found[..., 2] - blue), 0, atol=0.1)


def _filled(shape, row):
    lines = np.zeros(shape, np.uint8)
    lines[:, : len(row)] = row
    return lines.tobytes()


def test_the_seam_is_blended_like_any_other_place():
    azimuth = np.pi - (np.arange(32) + 0.5) / 32 * 2 * np.pi
    gray = np.repeat(np.rint(128 - 110 * np.sin(azimuth))[None], 16, axis=0)
    camera = Camera(40, 4, 20.0)
    frame = av.VideoFrame.from_ndarray(gray.astype(np.uint8), format="gray8")
    found = ViewWarp(VideoLayout(), camera)(frame, 180)[2, :, 0]
    x, _, z = pixel_vectors(camera)[2].T
    np.testing.assert_allclose(found, 128 - 110 * np.sin(np.arctan2(x, -z)), atol=2.5)


# --------------------------------------------------------------------------- sampling


@pytest.mark.parametrize("width", [3840, 7680])
def test_fine_patterns_turn_gray_instead_of_to_moire(width):
    board = np.indices((width // 2, width)).sum(axis=0) % 2 * 255
    frame = av.VideoFrame.from_ndarray(board.astype(np.uint8), format="gray8")
    middle = ViewWarp(VideoLayout())(frame)[60:180, 120:360]
    assert middle.std() < 12
    np.testing.assert_allclose(middle.mean(), 127, atol=3)


def test_lanczos_is_sharper_than_bilinear():
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.uniform(0, 255, (512, 1024, 3)), (0, 0), 1.2)
    frame = frame_of(np.clip((picture - 127) * 3 + 127, 0, 255).astype(np.uint8), "yuv444p")
    spread = [
        ViewWarp(VideoLayout(), interpolation=name)(frame, 30, 10).std()
        for name in ("bilinear", "lanczos")
    ]
    assert spread[0] < spread[1]


@pytest.mark.parametrize("layout", [VideoLayout(), VideoLayout("eac"), VideoLayout("cubemap")])
def test_whole_panoramas_are_equirectangular_whatever_the_source(layout):
    camera = Camera(448, 224, 360.0, "equirect")
    frame = frame_of(panorama_of(layout, (960, 640)), "yuv444p")
    difference = ViewWarp(layout, camera)(frame).astype(int) - colors_of(pixel_vectors(camera))
    assert np.abs(difference).max() <= 5
    assert np.abs(difference).mean() < 1


def test_whole_panoramas_average_areas():
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.uniform(0, 255, (1920, 3840, 3)), (0, 0), 8)
    picture = np.clip((picture - 127) * 20 + 127, 0, 255).astype(np.uint8)
    found = ViewWarp(VideoLayout(), Camera(448, 224, 360.0, "equirect"))(frame_of(picture))
    expected = cv2.resize(picture, (448, 224), interpolation=cv2.INTER_AREA)
    assert likeness(found, expected) > 0.99


def test_beyond_the_bounds_it_is_black():
    layout = VideoLayout(bounds=(0.25, 0, 0.25, 0))
    frame = frame_of(np.full((200, 200, 3), 200, np.uint8))
    warp = ViewWarp(layout, Camera(100, 50, 90.0))
    np.testing.assert_array_equal(warp(frame, 180), 0)
    np.testing.assert_allclose(warp(frame), 200, atol=2)
    side = warp(frame, 90)
    np.testing.assert_array_equal(side[:, :50], 0)
    np.testing.assert_allclose(side[:, 50:], 200, atol=2)


def test_bounds_above_and_below_hide_no_more_than_themselves():
    layout = VideoLayout(bounds=(0, 0.25, 0, 0.25))
    view = ViewWarp(layout, Camera(100, 50, 90.0))(frame_of(np.full((200, 800, 3), 200, np.uint8)))
    np.testing.assert_allclose(view, 200, atol=2)
    up = ViewWarp(layout, Camera(100, 50, 90.0))(
        frame_of(np.full((200, 800, 3), 200, np.uint8)), 0, 40
    )
    np.testing.assert_array_equal(up[:15, 30:70], 0)
    np.testing.assert_allclose(up[30:, 30:70], 200, atol=2)


@pytest.mark.parametrize("interpolation", ["bilinear", "lanczos"])
@pytest.mark.parametrize("looks", [(20, 10), (180, 0), (-175, 35), (90, 88), (10, -89)])
def test_copying_what_is_seen_changes_no_view(monkeypatch, looks, interpolation):
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.uniform(0, 255, (480, 960, 3)), (0, 0), 1.5)
    frame, camera = frame_of(picture.astype(np.uint8), "yuv444p"), Camera(120, 60, 50.0)
    found = ViewWarp(VideoLayout(), camera, interpolation=interpolation)(frame, *looks)
    monkeypatch.setattr(view_tables, "WINDOW_SHARE", 0)
    expected = ViewWarp(VideoLayout(), camera, interpolation=interpolation)(frame, *looks)
    difference = np.abs(found.astype(int) - expected)  # places are rounded elsewhere
    assert difference.max() <= 4
    assert difference.mean() < 0.01


# --------------------------------------------------------------------------- tables


def test_views_are_the_same_whatever_came_before():
    frame = frame_of(panorama_of(VideoLayout(), (640, 320)))
    warp = ViewWarp(VideoLayout(), kept=2)
    first = warp(frame, 33, 4)
    for azimuth in range(0, 180, 30):
        warp(frame, azimuth)
    np.testing.assert_array_equal(warp(frame, 33, 4), first)
    np.testing.assert_array_equal(ViewWarp(VideoLayout())(frame, 33, 4), first)


def test_only_so_many_tables_are_kept():
    frame = frame_of(panorama_of(VideoLayout(), (640, 320)))
    warp = ViewWarp(VideoLayout(), Camera(60, 30, 90.0), kept=3)
    for azimuth in range(10):
        warp(frame, azimuth)
        assert len(warp._tables) <= 6  # luma and chroma


def test_frames_may_change_their_size():
    warp, camera = ViewWarp(VideoLayout(), Camera(120, 60, 90.0)), Camera(120, 60, 90.0)
    for size in ((640, 320), (320, 160)):
        rgb = colors_of(pixel_vectors(Camera(*size, 360.0, "equirect")))
        found = warp(frame_of(rgb, "yuv444p"), 20, 10)
        np.testing.assert_allclose(
            found.astype(int), expected_view(camera, (20, 10)).astype(int), atol=4
        )


def test_planes_share_the_frames_memory():
    frame = frame_of(np.zeros((250, 500, 3), np.uint8))
    picture = yuv_planes(frame)
    assert [plane.shape for plane in picture.planes] == [(250, 500), (125, 250), (125, 250)]
    assert not any(plane.flags.owndata for plane in picture.planes)


def test_unstated_colors_are_those_of_their_size():
    spaces = []
    for height in (480, 1080):
        frame = av.VideoFrame(2 * height, height, "yuv420p")
        spaces.append(yuv_planes(frame).colors.red)
    assert spaces == [0.299, 0.2126]


def test_unknown_interpolation():
    with pytest.raises(InputError, match="interpolation must be one of bilinear, lanczos, got 'n"):
        ViewWarp(VideoLayout(), interpolation="nearest")


def laid_out(table, shape):
    """Columns and rows (2, ...) of all samples of a table, in the plane."""
    places = np.full((2, *shape), np.nan)
    density = shape[0] // max(tile.rows.stop for tile in table.tiles)
    for tile in table.tiles:
        rows, columns = (
            slice(along.start * density, along.stop * density)
            for along in (tile.rows, tile.columns)
        )
        corner = [tile.window.left, tile.window.top] if tile.window else [0, 0]
        places[:, rows, columns] = tile.maps + np.reshape(corner, (2, 1, 1))
    return places


@settings(deadline=None, max_examples=40)
@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from([1920, 3840]))
def test_places_between_knots_lie_where_they_are_computed(azimuth_deg, elevation_deg, width):
    size, looks = (width, width // 2), (azimuth_deg, elevation_deg)
    maker = TableMaker(VideoLayout(), Camera(480, 240), 0.5)
    if maker.knots(size, looks, 0.75) is None:
        assert abs(elevation_deg) > 40  # a pole is in the view, or not far from it
    expected = maker.places(size, width // 1920, looks, 0.75) - 0.5
    difference = laid_out(maker(size, (1, 1), *looks), expected.shape[1:]) - expected
    difference[0] -= width * np.rint(difference[0] / width)
    assert np.abs(difference).max() < 0.02


@settings(deadline=None, max_examples=40)
@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(20, 130))
def test_windows_hold_all_that_is_sampled(azimuth_deg, elevation_deg, fov_deg):
    maker = TableMaker(VideoLayout(), Camera(480, 240, fov_deg), 0.5)
    for tile in maker(SIZE_4K, (1, 1), azimuth_deg, elevation_deg).tiles:
        if tile.window:
            window = tile.window
            last = window.right - window.left - 1, window.bottom - window.top - 1
            for along, end in zip(tile.maps, last, strict=True):
                assert along.min() >= 0
                assert along.max() <= end


@pytest.mark.parametrize(
    ("looks", "near_a_pole"), [((180, 0), 0), ((20, 30), 0), ((0, 90), 1), ((5, -80), 1)]
)
def test_places_near_poles_are_computed_one_by_one(looks, near_a_pole):
    knots = TableMaker(VideoLayout(), Camera(480, 240), 0.5).knots(SIZE_4K, looks, 1.0)
    assert (knots is None) == bool(near_a_pole)


def test_views_of_few_pixels_have_knots_enough():
    maker, size = TableMaker(VideoLayout(), Camera(7, 3, 20.0), 0.5), (160, 80)
    assert maker.knots(size, (30, 10), 0.75) is not None
    expected = maker.places(size, 1, (30, 10), 0.75) - 0.5
    np.testing.assert_allclose(laid_out(maker(size, (1, 1), 30, 10), (3, 7)), expected, atol=0.02)


# --------------------------------------------------------------------------- several at once


def noise_frame(seed, size=(960, 480), pixel_format="yuv420p"):
    rng = np.random.default_rng(seed)
    picture = cv2.GaussianBlur(rng.uniform(0, 255, (size[1], size[0], 3)), (0, 0), 1.5)
    return frame_of(picture.astype(np.uint8), pixel_format)


@pytest.mark.parametrize("interpolation", ["bilinear", "lanczos"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_views_taken_together_are_those_taken_one_by_one(count, interpolation):
    frames = [noise_frame(seed) for seed in range(count)]
    warp = ViewWarp(VideoLayout(), Camera(160, 80, 60.0), interpolation=interpolation)
    found = warp.views(frames, 175, 20)
    assert len(found) == count
    for view, frame in zip(found, frames, strict=True):
        np.testing.assert_array_equal(view, warp(frame, 175, 20))


def test_frames_of_any_kind_can_be_taken_together():
    frames = [
        noise_frame(0),
        noise_frame(1),
        noise_frame(2, pixel_format="yuv420p10le"),
        noise_frame(3, pixel_format="yuv444p"),
        noise_frame(4, (640, 320)),
        noise_frame(5, (640, 320)),
        noise_frame(6),
    ]
    warp = ViewWarp(VideoLayout(), Camera(160, 80, 60.0))
    for view, frame in zip(warp.views(iter(frames), 90, 85), frames, strict=True):
        np.testing.assert_array_equal(view, warp(frame, 90, 85))


def test_black_stays_black_in_each_of_several_views():
    layout = VideoLayout(bounds=(0.2, 0.0, 0.2, 0.0))
    warp = ViewWarp(layout, Camera(100, 50, 90.0))
    levels = 120, 200
    frames = [frame_of(np.full((200, 400, 3), level, np.uint8)) for level in levels]
    found = warp.views(frames, 108, 0)
    for view, level in zip(found, levels, strict=True):
        np.testing.assert_array_equal(view[:, :30], 0)
        np.testing.assert_allclose(view[:, 70:].astype(int), level, atol=2)


@pytest.mark.parametrize("looks", [(20, 10), (180, -40), (90, 88)])
def test_tiles_fit_without_a_seam(monkeypatch, looks):
    frame, camera = noise_frame(0), Camera(90, 44, 50.0)
    monkeypatch.setattr(view_tables, "TILE", (10**6, 10**6))
    expected = ViewWarp(VideoLayout(), camera)(frame, *looks)
    monkeypatch.setattr(view_tables, "TILE", (20, 28))
    found = ViewWarp(VideoLayout(), camera)(frame, *looks)
    assert np.abs(found.astype(int) - expected).max() <= 2  # places are rounded elsewhere


def test_tiles_of_a_single_sample(monkeypatch):
    """Some of which lie right at a knot, and need no other."""
    frame, camera = noise_frame(0, (160, 80)), Camera(7, 3, 20.0)
    expected = ViewWarp(VideoLayout(), camera)(frame, 30, 10)
    monkeypatch.setattr(view_tables, "TILE", (1, 1))
    found = ViewWarp(VideoLayout(), camera)(frame, 30, 10)
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_a_tile_copies_no_more_than_crosses_the_seam():
    plane = yuv_planes(noise_frame(0, (1920, 960))).planes[0]
    warp = ViewWarp(VideoLayout(), Camera(96, 48, 30.0))
    for azimuth, copied in ((10, False), (180, True)):
        table = warp._table((1920, 960), (1, 1), azimuth, 5)
        seen = [tile.seen(table.part.cut(plane)) for tile in table.tiles]
        assert all(part.flags.owndata == copied for part in seen)
        assert sum(part.size for part in seen) < 0.05 * 1920 * 960
