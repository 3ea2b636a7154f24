"""Which clip comes next, for whom, and what is left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.clips import ClipInfo
from annotate.queue import (
    check_share,
    count_entries,
    is_double,
    list_entries,
    next_todo,
)
from simbinaural.errors import InputError

IDS = [f"{number:06d}" for number in range(2000)]

FIRST_OF_A_TENTH = ["000016", "000019", "000022", "000023"]


def infos(*problems, count=6):
    return [
        ClipInfo(clip_id, 10, problem="gone" if number in problems else "")
        for number, clip_id in enumerate(IDS[:count])
    ]


def statuses(entries):
    return [entry.status for entry in entries]


def test_own_answers_and_problems_are_told():
    kinds = [(IDS[0], "ann", "points", 2), (IDS[2], "ann", "unsure", 1)]
    entries = list_entries(infos(3), kinds, "ann", problems={5: "damaged"})
    assert statuses(entries) == ["done", "todo", "unsure", "problem", "todo", "problem"]
    assert [(entry.kind, entry.revision) for entry in entries[:3]] == [
        ("points", 2),
        (None, 0),
        ("unsure", 1),
    ]
    counts = {"all": 6, "done": 1, "left": 2, "unsure": 1, "problem": 2}
    assert count_entries(entries) == counts


def test_a_clip_is_for_whoever_comes_first():
    kinds = [(IDS[0], "bo", "points", 1), (IDS[1], "bo", "unsure", 1), (IDS[1], "cy", "left", 1)]
    entries = list_entries(infos(), kinds, "ann")
    assert statuses(entries) == ["done", "done", "todo", "todo", "todo", "todo"]
    assert [entry.others for entry in entries[:3]] == [1, 2, 0]
    assert [entry.revision for entry in entries] == [0] * 6


def test_the_share_is_for_everybody_and_blind():
    kinds = [(clip_id, "bo", "points", 1) for clip_id in IDS[:6]]
    entries = list_entries(infos(), kinds, "ann", double=1.0)
    assert statuses(entries) == ["todo"] * 6
    assert [entry.others for entry in entries] == [0] * 6


def test_a_tenth_is_a_tenth_and_the_same_each_time():
    tenth = {clip_id for clip_id in IDS if is_double(clip_id, 0.1)}
    assert 150 < len(tenth) < 250
    assert tenth <= {clip_id for clip_id in IDS if is_double(clip_id, 0.2)}
    # Fixed, so that all versions of the program agree.
    assert sorted(tenth)[:4] == FIRST_OF_A_TENTH
    assert not any(is_double(clip_id, 0.0) for clip_id in IDS)
    assert all(is_double(clip_id, 1.0) for clip_id in IDS)


def test_two_annotators_do_everything_once_and_the_tenth_twice():
    done = []
    clips = infos(count=200)
    for turn in range(400):
        name = ("ann", "bo")[turn % 2]
        number = next_todo(list_entries(clips, done, name, double=0.1))
        if number is not None:
            done.append((clips[number].id, name, "nothing", 1))
    twice = [info.id for info in clips if is_double(info.id, 0.1)]
    assert len(done) == 200 + len(twice)
    for clip_id in IDS[:200]:
        assert sum(clip == clip_id for clip, *_ in done) == 1 + (clip_id in twice)


@given(st.sets(st.integers(0, 5)), st.integers(-1, 7))
def test_next_is_the_next_todo_and_wraps(done, after):
    kinds = [(IDS[number], "ann", "left", 1) for number in done]
    entries = list_entries(infos(), kinds, "ann")
    found = next_todo(entries, after)
    todo = [number for number in range(6) if number not in done]
    expected = [number for number in todo if number > after] + todo
    assert found == (expected[0] if expected else None)


def test_shares_are_from_0_to_1():
    for bad in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="double must be a share from 0 to 1, got"):
            check_share(bad)
