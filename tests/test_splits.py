"""Splits: parts never share what they must not share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simbinaural.errors import InputError
from simbinaural.shards import PARTS
from simbinaural.splits import position_triples, split_clips


class StoredClip(dict):
    def __init__(self, number, scene, room, source, cameras):
        super().__init__(
            source_position=np.array([source], dtype=float),
            camera=np.column_stack([cameras, np.tile([1.0, 0, 0, 0], (len(cameras), 1))]),
        )
        self.id = f"{number:06d}"
        self.attributes = {"scene": scene, "room": room}


def clips_of(rng, count=60, homes=10, extent_m=3):
    return [
        StoredClip(
            number,
            scene=f"home/{rng.integers(homes)}",
            room=f"room-{rng.integers(3)}",
            source=rng.uniform(0, extent_m, 3),
            cameras=rng.uniform(0, extent_m, (3, 3)),
        )
        for number in range(count)
    ]


@given(seed=st.integers(0, 1000), by=st.sampled_from(["scene", "position", "random"]))
def test_every_clip_is_in_exactly_one_part(seed, by):
    clips = clips_of(np.random.default_rng(seed))
    split = split_clips(clips, by=by, fractions=(0.8, 0.1, 0.1), seed=seed)
    together = sorted(sum((split[part] for part in PARTS), []))
    assert together == [clip.id for clip in clips]


@given(seed=st.integers(0, 1000))
def test_no_home_stands_in_two_parts(seed):
    clips = clips_of(np.random.default_rng(seed))
    split = split_clips(clips, by="scene", fractions=(0.6, 0.2, 0.2), seed=seed)
    homes = [{c.attributes["scene"] for c in clips if c.id in split[part]} for part in PARTS]
    assert not (homes[0] & homes[1] | homes[0] & homes[2] | homes[1] & homes[2])


@given(seed=st.integers(0, 1000), cell_m=st.sampled_from([0.5, 1.0, 2.0]))
def test_no_triple_stands_in_two_parts(seed, cell_m):
    clips = clips_of(np.random.default_rng(seed), homes=2, extent_m=8)
    split = split_clips(clips, by="position", fractions=(0.6, 0.2, 0.2), seed=seed, cell_m=cell_m)
    triples = [
        set().union(*(position_triples(c, cell_m) for c in clips if c.id in split[part]))
        for part in PARTS
    ]
    assert not (triples[0] & triples[1] | triples[0] & triples[2] | triples[1] & triples[2])


def test_clips_that_share_a_triple_through_others_go_together():
    def clip(number, *cells):
        return StoredClip(number, "home", "room", (0.5, 0.5, 0.5), np.array(cells) + 0.5)

    chain = [clip(0, (0, 0, 0), (1, 0, 0)), clip(1, (2, 0, 0), (1, 0, 0)), clip(2, (2, 0, 0))]
    others = [clip(k, (10 * k, 0, 0)) for k in (3, 4)]
    split = split_clips(chain + others, by="position", fractions=(0.6, 0.2, 0.2), seed=3)
    assert split["train"] == ["000000", "000001", "000002"]


def test_cells_reach_below_zero():
    clip = StoredClip(0, "home", "room", (-0.2, 0.2, 0.2), np.array([[0.2, 0.2, 0.2]]))
    assert position_triples(clip, 1.0) == {(("home", "room"), (-1, 0, 0), (0, 0, 0))}


def test_fractions_are_met():
    clips = clips_of(np.random.default_rng(0), count=200)
    split = split_clips(clips, by="random", fractions=(0.7, 0.2, 0.1), seed=0)
    assert [len(split[part]) for part in PARTS] == [140, 40, 20]


def test_small_data_sets_fill_every_part():
    clips = clips_of(np.random.default_rng(0), count=3)
    split = split_clips(clips, by="random", fractions=(0.8, 0.1, 0.1), seed=0)
    assert [len(split[part]) for part in PARTS] == [1, 1, 1]


def test_the_seed_decides():
    clips = clips_of(np.random.default_rng(0))
    first, again, other = (
        split_clips(clips, by="random", fractions=(8, 1, 1), seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first["test"] != other["test"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "scene"}, "part val would be empty: the data set has 1 independent"),
        ({"by": "mood"}, "by must be scene, position or random, got mood"),
        ({"fractions": (1, 1)}, "fractions must be 3 numbers"),
        ({"fractions": (1, -1, 1)}, "fractions must be 3 numbers"),
        ({"cell_m": 0}, "cell_m must be positive"),
    ],
)
def test_bad_input(arguments, message):
    clips = clips_of(np.random.default_rng(0), count=5, homes=1)
    with pytest.raises(InputError, match=message):
        split_clips(clips, **{"by": "random", "fractions": (8, 1, 1), "seed": 0, **arguments})


def test_clips_without_positions_are_named():
    clip = type("Bare", (dict,), {"id": "000007", "attributes": {"scene": "x"}})()
    with pytest.raises(InputError, match="clip 000007 has no positions"):
        split_clips([clip], by="position", fractions=(8, 1, 1), seed=0)
