"""Maps of points against direct evaluation; what is written, replaced and left out."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_clips import sounding_clip, write_clips

from annotate.answers import Answer
from annotate.clips import ClipInfo, open_clips
from annotate.maps import (
    consensus,
    make_map,
    map_png,
    point_map,
    scaled_sigma,
    write_localization,
    write_maps,
)
from annotate.store import NAME, open_store
from models.data.table import map_label
from simbinaural.errors import InputError
from simbinaural.shards import open_dataset
from simbinaural.video import decode_png, write_video

SIZE = (40, 24)
INFO = ClipInfo("a", 25, 5.0, *SIZE, 12, 5.0)

places = st.lists(st.tuples(st.floats(0, SIZE[0]), st.floats(0, SIZE[1])), max_size=6)


def direct(points, size, sigma, join):
    """Evaluate pixel by pixel in plain Python."""
    values = np.zeros(size[::-1])
    for row, column in np.ndindex(*values.shape):
        away = [math.hypot(column + 0.5 - x, row + 0.5 - y) for x, y in points]
        bells = [math.exp(-(d**2) / (2 * sigma**2)) for d in away]
        values[row, column] = join(bells) if bells else 0
    return values


def answer(annotator="ann", kind="points", points=None, *, clip="a", frame=12):
    if points is None:
        points = ((10.0, 8.0),) if kind == "points" else ()
    return Answer(clip, annotator, kind, frame, tuple(points))


# --------------------------------------------------------------------------- points


@given(places, st.floats(0.3, 30), st.sampled_from(["sum", "max"]))
@settings(deadline=None, max_examples=40)
def test_maps_are_those_of_direct_evaluation_borders_included(points, sigma, mode):
    join = {"sum": math.fsum, "max": max}[mode]
    found = point_map(points, SIZE, sigma=sigma, mode=mode)
    assert found.dtype == np.float32
    expected = direct(points, SIZE, sigma, join)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-37)


@pytest.mark.parametrize("mode", ["sum", "max"])
@pytest.mark.parametrize("sigma", [1.5, 4.0, 9.0])
def test_a_point_well_inside_adds_up_to_2_pi_sigma_squared(mode, sigma):
    found = point_map([(160.3, 88.9)], (320, 176), sigma=sigma, mode=mode)
    assert found.sum(dtype=float) == pytest.approx(2 * np.pi * sigma**2, rel=1e-5)


@pytest.mark.parametrize(
    ("point", "share"), [((0, 88), 0.5), ((160, 176), 0.5), ((320, 0), 0.25), ((0, 176), 0.25)]
)
def test_what_reaches_over_the_border_is_lost(point, share):
    found = point_map([point], (320, 176), sigma=5)
    assert found.sum(dtype=float) == pytest.approx(share * 2 * np.pi * 25, rel=1e-5)


@pytest.mark.parametrize("mode", ["sum", "max"])
def test_the_peak_is_1_at_the_center_of_the_pixel(mode):
    found = point_map([(17.5, 3.5)], SIZE, sigma=4, mode=mode)
    assert np.unravel_index(found.argmax(), found.shape) == (3, 17)
    assert found[3, 17] == 1
    assert found[3, 21] == pytest.approx(np.exp(-0.5))
    assert found[7, 17] == pytest.approx(np.exp(-0.5))


@given(places, st.sampled_from(["sum", "max"]))
@settings(deadline=None)
def test_mirrored_points_make_the_mirrored_map(points, mode):
    mirrored = [(SIZE[0] - x, SIZE[1] - y) for x, y in points]
    plain = point_map(points, SIZE, sigma=3, mode=mode)
    np.testing.assert_allclose(
        point_map(mirrored, SIZE, sigma=3, mode=mode), plain[::-1, ::-1], rtol=1e-5, atol=1e-12
    )
    turned = point_map([(y, x) for x, y in points], SIZE[::-1], sigma=3, mode=mode)
    np.testing.assert_allclose(turned, plain.T, rtol=1e-5, atol=1e-12)


@given(places, places)
@settings(deadline=None)
def test_sums_add_and_the_highest_stays(first, second):
    def both(mode):
        return [
            point_map(each, SIZE, sigma=3, mode=mode) for each in (first, second, first + second)
        ]

    one, other, joined = both("sum")
    np.testing.assert_allclose(joined, one + other, rtol=1e-5, atol=1e-37)
    one, other, joined = both("max")
    np.testing.assert_array_equal(joined, np.maximum(one, other))


def test_a_point_twice_counts_twice_in_the_sum_only():
    once, twice = [(9.0, 9.0)], [(9.0, 9.0)] * 2
    summed, highest = (point_map(twice, SIZE, sigma=3, mode=mode) for mode in ("sum", "max"))
    np.testing.assert_allclose(summed, 2 * point_map(once, SIZE, sigma=3), rtol=1e-6)
    np.testing.assert_array_equal(highest, point_map(once, SIZE, sigma=3, mode="max"))


def test_larger_frames_get_the_same_map_in_larger():
    assert scaled_sigma(4, 640) == 8
    small = point_map([(30.25, 20.5)], (64, 36), sigma=scaled_sigma(20, 64))
    large = point_map([(302.5, 205.0)], (640, 360), sigma=scaled_sigma(20, 640))
    blocks = large.reshape(36, 10, 64, 10).mean(axis=(1, 3))
    np.testing.assert_allclose(blocks, small, atol=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: point_map([(1, 2)], SIZE, sigma=0), "sigma must be above 0 pixels, got 0"),
        (lambda: point_map([(1, 2)], SIZE, sigma=np.nan), "sigma must be above 0 pixels, got nan"),
        (lambda: point_map([(1, 2)], SIZE, sigma=1, mode="mean"), "mode must be one of sum, max"),
        (lambda: point_map([(1, 2, 3)], SIZE, sigma=1), r"shape \(any, 2\), got \(1, 3\)"),
        (lambda: point_map([(1, np.nan)], SIZE, sigma=1), "points must be finite"),
        (lambda: point_map([], (0, 5), sigma=1), r"size must be width and height.* got \(0, 5\)"),
        (lambda: consensus([]), "maps must be at least one, got none"),
        (lambda: consensus([np.ones((2, 3)), np.ones((3, 2))]), r"got \(2, 3\), \(3, 2\)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


# --------------------------------------------------------------------------- pictures


def test_the_picture_is_the_map_over_its_peak():
    values = np.array([[0.0, 1.0, 2.0], [0.5, 4.0, 0.003]])
    shown = decode_png(np.frombuffer(map_png(values), np.uint8))
    np.testing.assert_array_equal(shown, [[0, 64, 128], [32, 255, 0]])
    assert shown.dtype == np.uint8


def test_a_map_without_points_is_black():
    shown = decode_png(np.frombuffer(map_png(point_map([], SIZE, sigma=4)), np.uint8))
    np.testing.assert_array_equal(shown, np.zeros(SIZE[::-1]))


# --------------------------------------------------------------------------- several annotators


def test_the_consensus_is_the_mean():
    one, two = (answer(name, points=[point]) for name, point in (("a", (5, 5)), ("b", (30, 9))))
    found = make_map(INFO, [two, one])
    sigma = scaled_sigma(4, SIZE[0])
    maps = [point_map(each.points, SIZE, sigma=sigma) for each in (one, two)]
    np.testing.assert_allclose(found.values, (maps[0] + maps[1]) / 2, rtol=1e-6)
    assert found.annotators == ("a", "b")
    np.testing.assert_array_equal(found.points, [(5, 5), (30, 9)])
    np.testing.assert_array_equal(found.owners, [0, 1])


def test_who_sees_nothing_lowers_the_map_and_who_is_unsure_does_not():
    lone = make_map(INFO, [answer()]).values
    lowered = make_map(INFO, [answer(), answer("b", "nothing")])
    np.testing.assert_allclose(lowered.values, lone / 2)
    unsure = make_map(INFO, [answer(), answer("b", "unsure")])
    np.testing.assert_array_equal(unsure.values, lone)
    assert unsure.kinds == ("points", "unsure")
    hesitant = make_map(INFO, [answer(), answer("b", "unsure", [(30, 9)])])
    assert hesitant.values[9, 30] > 0.1


@pytest.mark.parametrize("kind", ["nothing", "left", "right", "behind", "unsure"])
def test_a_map_without_points_tells_why(kind):
    found = make_map(INFO, [answer(kind=kind)])
    assert found.kind == kind
    assert found.values.shape == SIZE[::-1]
    assert not found.values.any()
    assert found.points.shape == (0, 2)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("points", "nothing", "nothing"), "nothing"),
        (("points", "nothing"), "points"),
        (("behind", "left"), "left"),
        (("unsure", "behind"), "behind"),
    ],
)
def test_the_kind_is_what_most_have_answered(kinds, expected):
    answers = [answer(str(number), kind) for number, kind in enumerate(kinds)]
    assert make_map(INFO, answers).kind == expected


# --------------------------------------------------------------------------- writing


@pytest.fixture
def dataset(tmp_path):
    return write_clips(tmp_path, (sounding_clip(k, size=(96, 48)) for k in range(4)))


@pytest.fixture
def annotated(dataset):
    with open_clips(dataset) as clips, open_store(dataset / NAME) as store:
        yield clips, store


def save(store, *answers):
    for each in answers:
        known = store.current(each.clip, each.annotator)
        revision = known.revision if known else 0
        key = f"{each.clip} {each.annotator} {revision}"
        store.save(each, base_revision=revision, key=key)


def test_labels_hold_map_points_and_what_they_were_made_of(annotated):
    clips, store = annotated
    frame = clips.infos[0].frame
    points = ((20.0, 10.0), (70.5, 48.0))
    save(
        store,
        answer("ann", points=points, clip="000001", frame=frame),
        answer("bob", points=[(22, 11)], clip="000001", frame=frame),
        answer("bob", "behind", clip="000002", frame=frame),
    )
    written = write_maps(clips, store, sigma=3, mode="max")
    assert written.path == clips.path / "labels" / "points.h5"
    assert (written.n_maps, written.n_empty) == (2, 1)
    assert written.strangers == written.other_frame == ()
    with open_dataset(clips.path) as data:
        assert map_label(data.clip("000000")) is None
        label = map_label(data.clip("000001"))
        maps = [point_map(each, (96, 48), sigma=0.9, mode="max") for each in (points, [(22, 11)])]
        np.testing.assert_allclose(label["localization_map"], (maps[0] + maps[1]) / 2, rtol=1e-6)
        assert label["localization_map"].dtype == label["points"].dtype == np.float32
        expected = [(frame, 20, 10), (frame, 70.5, 48), (frame, 22, 11)]
        np.testing.assert_array_equal(label["points"], expected)
        np.testing.assert_array_equal(label["point_annotator"], [0, 0, 1])
        attributes = {name: label.attrs[name] for name in label.attrs}
        assert list(attributes.pop("annotators")) == ["ann", "bob"]
        assert list(attributes.pop("kinds")) == ["points", "points"]
        assert attributes.pop("sigma_px") == pytest.approx(0.9)
        assert attributes == {
            "kernel": "gaussian",
            "kind": "points",
            "label_frame": frame,
            "mode": "max",
            "reference_width": 320,
            "sigma": 3,
            "source": "annotated",
        }
        empty = map_label(data.clip("000002"))
        assert empty.attrs["kind"] == "behind"
        assert empty["points"].shape == (0, 3)
        assert not np.any(empty["localization_map"])


def test_labels_are_replaced_whole_and_a_failure_leaves_the_old_ones(annotated):
    clips, store = annotated
    save(store, answer(clip="000001"), answer("bob", clip="000002"))
    path = write_maps(clips, store).path
    before = path.read_bytes()
    assert write_maps(clips, store).path.read_bytes() == before

    def broken():
        yield make_map(clips.infos[0], [answer(clip="000000")])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_localization(clips, broken(), sigma=4, mode="sum", name="points")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["points.h5"]
    write_maps(clips, store, annotators=["bob"])
    with open_dataset(clips.path) as data:
        assert not data.clip("000001").labels
        assert list(data.clip("000002").labels["points"].attrs["annotators"]) == ["bob"]


def test_answers_for_other_clips_and_other_frames_are_left_out_and_told(annotated):
    clips, store = annotated
    frame = clips.infos[0].frame
    save(
        store,
        *(answer(name, clip="000001", frame=frame) for name in ("ann", "bob")),
        answer("eve", clip="000001", frame=0, points=[(1, 1)]),
        answer("ann", clip="000002", frame=0),
        answer("bob", clip="000002", frame=frame),
        answer("ann", clip="gone"),
    )
    written = write_maps(clips, store)
    assert written.strangers == ("gone",)
    assert written.other_frame == (("000001", "eve"), ("000002", "ann"))
    with open_dataset(clips.path) as data:
        label = data.clip("000001").labels["points"]
        assert list(label.attrs["annotators"]) == ["ann", "bob"]
        assert label.attrs["label_frame"] == frame
        assert data.clip("000002").labels["points"].attrs["label_frame"] == frame


def test_what_cannot_be_written_is_one_line(annotated):
    clips, store = annotated
    with pytest.raises(InputError, match=r"annotations.db: has no answers; annotate points"):
        write_maps(clips, store)
    save(store, answer(clip="gone"))
    with pytest.raises(InputError, match="annotators must be of ann, got bob"):
        write_maps(clips, store, annotators=["bob"])
    with pytest.raises(InputError, match="answers must be for clips that are here, got gone"):
        write_maps(clips, store)
    with pytest.raises(InputError, match="sigma must be above 0"):
        write_maps(clips, store, sigma=-1)
    save(store, answer(clip="000001"))
    for name in ("", "../shards/00000"):
        with pytest.raises(InputError, match=f"name must be that of a file, got '{name}'"):
            write_maps(clips, store, name=name)
    assert not (clips.path / "labels").exists()


def test_folders_get_arrays_and_pictures(tmp_path):
    for name in ("one", "deep/two", "three"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        frames = [np.full((48, 96, 3), 90, np.uint8)] * 5
        sound = np.zeros((2, 16000), np.float32)
        write_video(tmp_path / f"{name}.mp4", frames, 5, sound, 16000)
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "mine.png").write_bytes(b"kept")
    with open_clips(tmp_path) as clips, open_store(tmp_path / NAME) as store:
        save(store, answer(clip="one", frame=2), answer("bob", "left", clip="deep/two", frame=2))
        written = write_maps(clips, store, sigma=8)
        assert (written.path, written.n_maps, written.n_empty) == (tmp_path / "annotations", 2, 1)
        with np.load(written.path / "one.npz") as stored:
            expected = point_map([(10, 8)], (96, 48), sigma=2.4)
            np.testing.assert_array_equal(stored["localization_map"], expected)
            np.testing.assert_array_equal(stored["points"], [(2, 10, 8)])
            assert stored["kind"] == "points"
            assert stored["label_frame"] == 2
            assert stored["annotators"].tolist() == ["ann"]
        assert (written.path / "one.png").read_bytes() == map_png(expected)
        with np.load(written.path / "deep" / "two.npz") as stored:
            assert stored["kind"] == "left"
        write_maps(clips, store, annotators=["bob"])
        assert not list(written.path.glob("one.*"))
        assert (written.path / "deep" / "two.png").is_file()
        assert (written.path / "mine.png").read_bytes() == b"kept"
