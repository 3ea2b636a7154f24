"""Annotators against one another and against what the simulator knows, where both are known."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_clips import recorded_clip, sounding_clip, write_clips

from annotate.agreement import (
    Estimate,
    cohen_kappa,
    compare_answers,
    match_points,
    measure_agreement,
)
from annotate.answers import Answer
from annotate.clips import ClipInfo, open_clips
from annotate.maps import point_map
from annotate.store import NAME, open_store
from annotate.truth import check_against_truth, check_annotators, read_truth, truth_map, write_truth
from simbinaural.errors import InputError
from simbinaural.metrics.saliency import cc, sim
from simbinaural.shards import ClipData, open_dataset
from simbinaural.video import encode_png

SIZE = (96, 48)
FRAME = 4

points = st.lists(st.tuples(st.floats(0, 96), st.floats(0, 48)), max_size=4)


def info(clip="a"):
    return ClipInfo(clip, 10, 5.0, *SIZE, FRAME, 2.0)


def answer(annotator, *points, clip="a", kind="points", frame=FRAME):
    return Answer(clip, annotator, kind, frame, tuple(points))


# --------------------------------------------------------------------------- points


def test_points_are_paired_so_that_the_sum_is_least():
    # Pairing the nearest first, (4, 0) with (3, 0), would leave 0 and 10 to each other.
    found = match_points([(0, 0), (4, 0)], [(3, 0), (10, 0)], penalty=50)
    np.testing.assert_array_equal(found.pairs, [(0, 0), (1, 1)])
    np.testing.assert_array_equal(found.distances, [3, 6])
    assert (found.mean, found.n_unmatched) == (4.5, 0)
    turned = match_points([(4, 0), (0, 0)], [(3, 0), (10, 0)], penalty=50)
    np.testing.assert_array_equal(turned.pairs, [(0, 1), (1, 0)])


def test_points_without_partner_cost_the_penalty():
    found = match_points([(0, 0)], [(30, 0), (3, 4), (60, 0)], penalty=20)
    np.testing.assert_array_equal(found.pairs, [(0, 1)])
    assert (found.n_unmatched, found.mean) == (2, (5 + 20 + 20) / 3)
    far = match_points([(0, 0), (90, 0)], [(50, 0), (90, 1)], penalty=20)
    np.testing.assert_array_equal(far.pairs, [(1, 1)])
    assert (far.n_unmatched, far.mean) == (2, (20 + 1) / 2)
    # What is near is paired even where that leaves others further apart: 1 + 20, not 50 + 49.
    near = match_points([(0, 0), (50, 0)], [(1, 0), (-50, 0)], penalty=20)
    np.testing.assert_array_equal(near.pairs, [(0, 0)])
    assert match_points([], [(1, 1)], penalty=20).mean == 20
    assert np.isnan(match_points([], [], penalty=20).mean)


@given(points, points, st.floats(1, 100))
@settings(deadline=None)
def test_the_cost_is_the_least_of_all_pairings(first, second, penalty):
    found = match_points(first, second, penalty=penalty)
    few, many = sorted((first, second), key=len)
    costs = [
        sum(min(np.hypot(*np.subtract(*pair)), penalty) for pair in zip(few, chosen, strict=True))
        for chosen in permutations(many, len(few))
    ]
    if many:
        expected = (min(costs) + penalty * (len(many) - len(few))) / len(many)
        assert found.mean == pytest.approx(expected, abs=1e-9)


@given(points, points, points)
@settings(deadline=None)
def test_distance_of_points_is_a_metric(first, second, third):
    def distance(one, other):
        return match_points(one, other, penalty=15).mean if one or other else 0

    assert distance(first, first) == pytest.approx(0)
    assert distance(first, second) == pytest.approx(distance(second, first))
    assert distance(first, third) <= distance(first, second) + distance(second, third) + 1e-9
    assert 0 <= distance(first, second) <= 15


# --------------------------------------------------------------------------- annotators


def test_estimate_leaves_out_what_is_unknown():
    found = Estimate.of([1, 2, np.nan, 6])
    assert (found.mean, found.n) == (3, 3)
    assert found.standard_error == pytest.approx(np.sqrt(7 / 3))  # variance (4 + 1 + 9) / 2
    assert np.isnan(Estimate.of([5]).standard_error)
    assert np.isnan(Estimate.of([]).mean)


def test_kappa_by_hand():
    # 20 both yes, 15 both no, 5 and 10 apart: 0.7 agree, 0.5 by chance.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen_kappa(pairs) == pytest.approx(0.4)
    assert cohen_kappa([("y", "y"), ("n", "n")]) == 1
    assert cohen_kappa([("y", "n"), ("n", "y")]) == -1
    assert np.isnan(cohen_kappa([("y", "y")]))
    assert np.isnan(cohen_kappa([]))


def test_two_answers_are_compared_by_points_and_maps():
    first, second = answer("ann", (20, 20), (60, 30)), answer("bob", (23, 24))
    found = compare_answers(info(), first, second, sigma=10, penalty=0.25)
    assert found.distance_px == pytest.approx((5 + 24) / 2)
    assert found.distance == pytest.approx((5 + 24) / 2 / 96)
    assert (found.n_matched, found.n_unmatched) == (1, 1)
    maps = [point_map(each.points, SIZE, sigma=3) for each in (first, second)]
    assert found.cc == pytest.approx(cc(*maps))
    assert found.sim == pytest.approx(sim(*maps))
    assert 0 < found.sim < 1
    alone = compare_answers(info(), first, answer("bob", kind="nothing"))
    assert np.isnan([alone.distance, alone.cc, alone.sim]).all()
    same = compare_answers(info(), first, replace(first, annotator="eve"))
    assert (same.distance, same.n_unmatched) == (0, 0)
    assert same.cc == pytest.approx(1)
    assert same.sim == pytest.approx(1)


def test_every_two_annotators_are_compared_on_the_clips_they_share():
    answers = [
        answer("ann", (20, 20), clip="a"),
        answer("ann", (20, 20), clip="b"),
        answer("ann", clip="c", kind="left"),
        answer("ann", (1, 1), clip="d"),
        answer("bob", (23, 24), clip="a"),
        answer("bob", (20, 27), clip="b", kind="unsure"),
        answer("bob", clip="c", kind="behind"),
        answer("bob", (1, 1), clip="d", frame=0),
        answer("bob", (1, 1), clip="gone"),
        answer("eve", clip="c", kind="left"),
        answer("zoe", (5, 5), clip="e"),
    ]
    infos = [info(clip) for clip in "abcde"]
    found = measure_agreement(infos, answers)
    assert [(each.first, each.second) for each in found] == [
        ("ann", "bob"),
        ("ann", "eve"),
        ("bob", "eve"),
    ]
    ann_bob, ann_eve, bob_eve = found
    assert [each.clip for each in ann_bob.clips] == ["a", "b", "c"]
    assert ann_bob.n_other_frame == 1
    assert ann_bob.distance_px.mean == pytest.approx((5 + 7) / 2)
    assert ann_bob.distance_px.standard_error == pytest.approx(1)
    assert ann_bob.distance.mean == pytest.approx(6 / 96)
    assert ann_bob.same_kind.mean == pytest.approx(2 / 3)  # unsure points are points
    assert ann_bob.clips[1].kinds == ("points", "unsure")
    assert ann_bob.cc.n == ann_bob.sim.n == 2
    assert np.isnan(ann_bob.clips[2].distance)
    assert (ann_eve.same_kind.mean, bob_eve.same_kind.mean) == (1, 0)
    assert np.isnan(ann_eve.cc.mean)


def test_clips_that_cannot_be_read_are_left_out():
    answers = [answer(name, (2, 2), clip=clip) for name in ("ann", "bob") for clip in "ab"]
    (found,) = measure_agreement([info("a"), ClipInfo("b", problem="damaged")], answers)
    assert [each.clip for each in found.clips] == ["a"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measure_agreement([info()], []), "got answers of nobody"),
        (
            lambda: measure_agreement([info()], [answer("ann", (1, 1))]),
            "two annotators have answered, got answers of ann; annotate points --double makes",
        ),
        (lambda: measure_agreement([info()], [], penalty=0), "penalty must be above 0, got 0"),
        (lambda: measure_agreement([info()], [], sigma=0), "sigma must be above 0"),
        (lambda: match_points([], [], penalty=-1), "penalty must be above 0, got -1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


# --------------------------------------------------------------------------- truth


class InMemory(ClipData):
    """A clip as `simbinaural.shards` reads it."""

    id = "a"

    def entry(self, name, index):
        return self.arrays[name][index]

    image = entry


def seen(mask, pixels, azimuths_deg=None, *, silent=()):
    """Make a clip of one frame."""
    azimuths_deg = np.zeros(len(pixels)) if azimuths_deg is None else azimuths_deg
    directions = np.stack([azimuths_deg, *np.ones((2, len(pixels)))], axis=-1)
    arrays = {
        "source_mask": [encode_png(mask.astype(np.uint8))],
        "source_pixel": np.array([pixels], np.float32),
        "source_direction": directions[None].astype(np.float32),
    }
    return InMemory(arrays, {"silent": np.array(silent, int)})


def masked(*boxes):
    """Pixels of sources that are boxes of columns and rows."""
    mask = np.zeros(SIZE[::-1], int)
    for number, (left, right, top, bottom) in enumerate(boxes, start=1):
        mask[top:bottom, left:right] = number
    return mask


def test_one_visible_pixel_makes_the_map_of_one_click():
    truth = read_truth(seen(masked((20, 21, 10, 11)), [(20.3, 10.7)]), 0)
    expected = point_map([(20.5, 10.5)], SIZE, sigma=3)
    np.testing.assert_allclose(truth_map(truth, sigma=3), expected, atol=1e-6)
    np.testing.assert_allclose(truth.places, [(20.3, 10.7)], rtol=1e-6)
    assert truth.kind == "points"


@pytest.mark.parametrize("box", [(20, 60, 10, 30), (70, 96, 30, 48), (0, 9, 0, 5)])
def test_a_silhouette_is_a_click_in_each_of_its_pixels(box):
    mask = masked(box)
    clicks = np.argwhere(mask)[:, ::-1] + 0.5
    expected = point_map(clicks, SIZE, sigma=2.5)
    found = truth_map(read_truth(seen(mask, [clicks[0]]), 0), sigma=2.5)
    np.testing.assert_allclose(found, expected / expected.max(), rtol=1e-5, atol=1e-12)
    assert found.max() == 1


def test_a_large_silhouette_keeps_its_shape():
    mask = masked((20, 70, 5, 40))
    found = truth_map(read_truth(seen(mask, [(40, 20)]), 0), sigma=2)
    assert found[10:35, 25:65].min() > 0.97
    np.testing.assert_allclose(found[20, [19, 20]].mean(), 0.5, atol=1e-3)  # at its edge
    assert found.sum(dtype=float) == pytest.approx(mask.sum(), rel=1e-4)


def test_several_sources_count_the_same_and_silent_ones_not():
    mask = masked((10, 30, 10, 30), (60, 62, 20, 21), (80, 90, 5, 15))
    clip = seen(mask, [(20, 20), (61, 20.5), (85, 10)], silent=[2])
    truth = read_truth(clip, 0)
    found = truth_map(truth, sigma=2)
    assert found[20, 20] == pytest.approx(1, abs=1e-3)
    assert found[20, 60:62].max() == pytest.approx(1, abs=1e-3)
    assert found[:, 75:].max() < 1e-6
    assert len(truth.places) == 2
    only = truth_map(read_truth(seen(masked((10, 30, 10, 30)), [(20, 20)]), 0), sigma=2)
    assert found.sum() > only.sum()


def test_touching_sources_add_up_or_the_highest_stays():
    truth = read_truth(seen(masked((20, 30, 10, 30), (30, 40, 10, 30)), [(25, 20), (35, 20)]), 0)
    summed, highest = (truth_map(truth, sigma=4, mode=mode) for mode in ("sum", "max"))
    assert highest.max() == 1
    assert summed.max() > 1.1
    assert np.all(summed >= highest)


def test_a_hidden_middle_is_pointed_at_beside():
    mask = masked((20, 40, 10, 30))
    mask[:, 25:] = 0
    truth = read_truth(seen(mask, [(30.2, 20.5)]), 0)
    np.testing.assert_array_equal(truth.places, [(24.5, 20.5)])
    outside = read_truth(seen(masked((0, 3, 10, 13)), [(np.nan, np.nan)]), 0)
    np.testing.assert_array_equal(outside.places, [(1.5, 11.5)])


@pytest.mark.parametrize(
    ("pixel", "azimuth_deg", "expected"),
    [
        ((30, 20), 10, "nothing"),
        ((np.nan, np.nan), 60, "left"),
        ((np.nan, np.nan), -60, "right"),
        ((np.nan, np.nan), 120, "behind"),
        ((np.nan, np.nan), -170, "behind"),
    ],
)
def test_what_is_not_seen_has_an_empty_map_that_tells_why(pixel, azimuth_deg, expected):
    truth = read_truth(seen(masked(), [pixel], [azimuth_deg]), 0)
    assert truth.kind == expected
    assert truth.places.shape == (0, 2)
    found = truth_map(truth, sigma=3)
    assert found.shape == SIZE[::-1]
    assert not found.any()


def test_a_silent_source_in_sight_is_nothing():
    truth = read_truth(seen(masked((10, 20, 10, 20)), [(15, 15)], silent=[0]), 0)
    assert truth.kind == "nothing"
    assert not truth_map(truth, sigma=3).any()


def test_an_answer_is_compared_with_the_truth():
    mask = masked((10, 30, 10, 30), (70, 80, 20, 30))
    truth = read_truth(seen(mask, [(20, 20), (75, 25)]), 0)
    found = check_against_truth(truth, answer("ann", (23, 24), (20, 32), frame=0), sigma=10)
    assert found.distance_px == pytest.approx((5 + 12) / 2)
    assert found.distance == pytest.approx((5 + 12) / 2 / 96)
    assert (found.on_source, found.n_missed) == (0.5, 1)
    maps = truth_map(truth, sigma=3), point_map([(23, 24), (20, 32)], SIZE, sigma=3)
    assert found.cc == pytest.approx(cc(*maps))
    assert found.sim == pytest.approx(sim(*maps))
    edge = check_against_truth(truth, answer("ann", (96, 48), frame=0))
    assert (edge.on_source, edge.n_missed) == (0, 1)
    wrong = check_against_truth(truth, answer("ann", kind="left", frame=0))
    assert (wrong.kind, wrong.true_kind) == ("left", "points")
    assert np.isnan(wrong.distance_px)


@pytest.fixture
def dataset(tmp_path):
    clips = [sounding_clip(number, size=SIZE) for number in range(3)]
    return write_clips(tmp_path, [*clips, recorded_clip(3, size=SIZE)])


def test_true_maps_are_written_as_labels(dataset):
    with open_clips(dataset) as clips:
        written = write_truth(clips, sigma=6)
    assert written.path == dataset / "labels" / "truth.h5"
    assert (written.n_maps, written.n_empty, written.strangers) == (3, 0, ("000003",))
    with open_dataset(dataset) as data:
        clip = data.clip("000001")
        label, frame = clip.labels["truth"], clips.infos[1].frame
        expected = truth_map(read_truth(clip, frame), sigma=1.8)
        np.testing.assert_array_equal(label["localization_map"], expected)
        row, column = np.unravel_index(expected.argmax(), expected.shape)
        x, y = clip["source_pixel"][frame, 0]
        assert np.hypot(column + 0.5 - x, row + 0.5 - y) < 1.5
        np.testing.assert_array_equal(label["points"], [(frame, x, y)])
        attributes = dict(label.attrs)
        assert (attributes["source"], attributes["kind"]) == ("truth", "points")
        assert list(attributes["annotators"]) == ["truth"]
        assert (attributes["sigma"], attributes["label_frame"]) == (6, frame)


def test_annotators_are_checked_against_the_truth(dataset):
    with open_clips(dataset) as clips, open_store(dataset / NAME) as store:
        with open_dataset(dataset) as data:
            pixels = [data.clip(each.id)["source_pixel"][each.frame, 0] for each in clips.infos[:3]]
        for each, (x, y) in zip(clips.infos, pixels, strict=False):
            exact = (float(x), float(y))
            near = (float(x) + 3, float(y) - 4)
            for given_answer in (
                answer("ann", exact, clip=each.id, frame=each.frame),
                answer("bob", near, clip=each.id, frame=each.frame),
            ):
                key = f"{each.id} {given_answer.annotator}"
                store.save(given_answer, base_revision=0, key=key)
        for name, clip, kind in (("eve", 0, "left"), ("eve", 1, "unsure"), ("ann", 3, "nothing")):
            each = clips.infos[clip]
            said = answer(name, clip=each.id, frame=each.frame, kind=kind)
            store.save(said, base_revision=0, key=f"{each.id} {name}")
        ann, bob, eve = check_annotators(clips, store)
    assert [each.annotator for each in (ann, bob, eve)] == ["ann", "bob", "eve"]
    assert ann.distance_px.mean == pytest.approx(0, abs=1e-4)
    assert (ann.on_source.mean, ann.right_kind.mean, ann.n_missed.mean) == (1, 1, 0)
    assert len(ann.clips) == 3  # the recorded clip has no truth
    assert bob.distance_px.mean == pytest.approx(5, abs=1e-4)
    assert bob.distance.mean == pytest.approx(5 / 96)
    assert bob.distance_px.n == 3
    assert (bob.cc.mean, bob.sim.mean) < (ann.cc.mean, ann.sim.mean)
    assert (eve.right_kind.mean, eve.right_kind.n) == (0, 1)
    assert np.isnan(eve.distance.mean)


def test_no_truth_is_one_line(tmp_path):
    folder = write_clips(tmp_path, [recorded_clip(k, size=SIZE) for k in range(3)])
    with open_clips(folder) as clips, open_store(folder / NAME) as store:
        store.save(answer("ann", (1, 1), clip="000000"), base_revision=0, key="k")
        for call in (lambda: write_truth(clips), lambda: check_annotators(clips, store)):
            with pytest.raises(
                InputError, match=r"must.* source_mask.* got none; simbinaural rend"
            ):
                call()
        clips.kind = "videos"
        with pytest.raises(InputError, match="simbinaural render made, got a folder of kind vid"):
            write_truth(clips)
    assert not (folder / "labels").exists()
