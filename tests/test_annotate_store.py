"""Answers are kept: read after save is identity, nothing is lost, doubled or overwritten."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.answers import KINDS, MAX_NOTE, MAX_POINTS, Answer, check_answer
from annotate.store import NAME, Conflict, StoreError, open_store
from simbinaural.errors import InputError

ROOT = Path(__file__).parent.parent

SIZE = {"width": 64, "height": 48, "n_frames": 10}

TWO_POINTS = Answer("000003", "ann", "points", 4, ((0.0, 48.0), (12.25, 3.5)), "left hand")


@pytest.fixture
def path(tmp_path):
    return tmp_path / NAME


def save_all(path, *answers):
    with open_store(path) as store:
        for number, answer in enumerate(answers):
            base = store.current(answer.clip, answer.annotator)
            store.save(answer, base_revision=base.revision if base else 0, key=f"k{number}")


# --------------------------------------------------------------------------- answers

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = words.filter(lambda name: name.isprintable() and name.strip() == name != "")
coordinates = st.tuples(st.floats(0, 64), st.floats(0, 48))
answers = st.one_of(
    st.builds(
        Answer,
        words,
        names,
        st.sampled_from(["points", "unsure"]),
        st.integers(0, 9),
        st.lists(coordinates, min_size=1, max_size=5).map(tuple),
        words,
    ),
    st.builds(Answer, words, names, st.sampled_from(KINDS[1:]), st.integers(0, 9), note=words),
)


@settings(deadline=None, max_examples=50)
@given(answers)
def test_read_after_save_is_identity(answer):
    check_answer(answer, **SIZE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        with open_store(path) as store:
            saved = store.save(answer, base_revision=0, key="k")
            assert store.current(answer.clip, answer.annotator) == saved
        with open_store(path) as store:
            assert store.answers() == [saved]
    assert replace(saved, revision=0, saved_at="") == answer
    assert saved.revision == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "everywhere"}, "kind must be one of points, nothing, left, right, behind"),
        ({"kind": ["points"]}, "kind must be one of"),
        ({"points": ()}, "points must not be empty where the kind is points"),
        ({"kind": "nothing"}, "points must be empty where the kind is nothing, got 2"),
        ({"points": ((float("nan"), 1),)}, "x must be a number from 0 to 64, got nan"),
        ({"points": ((1, float("inf")),)}, "y must be a number from 0 to 48, got inf"),
        ({"points": ((64.001, 1),)}, "x must be a number from 0 to 64, got 64.001"),
        ({"points": ((1, -0.001),)}, "y must be a number from 0 to 48, got -0.001"),
        ({"points": ((10**400, 1),)}, "x must be a number from 0 to 64, got 1000"),
        ({"points": ((10**5000, 1),)}, "x must be a number from 0 to 64, got a huge number"),
        ({"points": (("1", 1),)}, "x must be a number from 0 to 64, got '1'"),
        ({"points": ((True, 1),)}, "x must be a number from 0 to 64, got True"),
        ({"points": ((None, 1),)}, "x must be a number from 0 to 64, got None"),
        ({"points": ((1, 2, 3),)}, "points must be pairs x, y"),
        ({"points": (5,)}, "points must be pairs x, y, got 5"),
        ({"points": {"x": 1}}, "points must be a list"),
        ({"points": ((1, 1),) * (MAX_POINTS + 1)}, "points must number at most 1000, got 1001"),
        ({"frame": 10}, "frame must be a whole number from 0 to 9, got 10"),
        ({"frame": -1}, "frame must be a whole number from 0 to 9, got -1"),
        ({"frame": 1.0}, "frame must be a whole number"),
        ({"frame": True}, "frame must be a whole number"),
        ({"note": "n" * (MAX_NOTE + 1)}, "note must be at most 2000 characters long, got 2001"),
        ({"note": None}, "note must be text, got None"),
        ({"note": "\ud83d"}, "note must be whole Unicode text"),
        ({"annotator": ""}, "annotator must be a name"),
        ({"annotator": " ann"}, "annotator must be a name"),
        ({"annotator": "a\nb"}, "annotator must be a name"),
        ({"annotator": "a" * 101}, "annotator must be at most 100 characters"),
    ],
)
def test_answers_that_are_none_are_refused(changes, message):
    with pytest.raises(InputError, match=message) as told:
        check_answer(replace(TWO_POINTS, **changes), **SIZE)
    assert len(str(told.value)) < 200


def test_borders_and_limits_belong_to_the_frame():
    corners = tuple((x, y) for x in (0, 64) for y in (0, 48))
    check_answer(replace(TWO_POINTS, points=corners * (MAX_POINTS // 4)), **SIZE)
    check_answer(replace(TWO_POINTS, kind="unsure", note="n" * MAX_NOTE, frame=9), **SIZE)
    for kind in KINDS[1:]:
        check_answer(replace(TWO_POINTS, kind=kind, points=()), **SIZE)


# --------------------------------------------------------------------------- revisions


def test_all_revisions_are_kept(path):
    kinds = ["points", "nothing", "points", "unsure"]
    versions = [
        replace(TWO_POINTS, kind=kind, points=TWO_POINTS.points if kind == "points" else ())
        for kind in kinds
    ]
    save_all(path, *versions)
    with open_store(path) as store:
        history = store.history("000003", "ann")
        assert [answer.kind for answer in history] == kinds
        assert [answer.revision for answer in history] == [1, 2, 3, 4]
        assert store.current("000003", "ann") == history[-1]
        assert store.answers() == [history[-1]]
        assert store.kinds() == [("000003", "ann", "unsure", 4)]
        assert all(answer.saved_at.endswith("+00:00") for answer in history)


def test_current_is_by_annotator(path):
    bo = replace(TWO_POINTS, annotator="bo")
    save_all(path, TWO_POINTS, bo, replace(bo, note="again"))
    with open_store(path) as store:
        found = [(answer.annotator, answer.revision) for answer in store.answers()]
        assert found == [("ann", 1), ("bo", 2)]


def test_answers_are_told_apart_by_clip_and_annotator(path):
    others = [
        replace(TWO_POINTS, annotator=name, clip=clip) for name in ("bo", "ann") for clip in "ba"
    ]
    save_all(path, *others)
    with open_store(path) as store:
        found = [(answer.clip, answer.annotator) for answer in store.answers()]
        assert found == [("a", "ann"), ("a", "bo"), ("b", "ann"), ("b", "bo")]
        assert [answer.clip for answer in store.answers("bo")] == ["a", "b"]
        assert store.annotators() == ["ann", "bo"]
        assert store.answers("nobody") == []
        assert store.current("a", "nobody") is None
        assert store.history("c", "ann") == []


@pytest.mark.parametrize("base", [0, 2, 10**30])
def test_a_stale_write_is_a_conflict_and_changes_nothing(path, base):
    with open_store(path) as store:
        first = store.save(TWO_POINTS, base_revision=0, key="first")
        mine = replace(TWO_POINTS, note="mine")
        with pytest.raises(Conflict, match="revision 1 is current") as conflict:
            store.save(mine, base_revision=base, key="second")
        assert conflict.value.current == first
        assert store.history("000003", "ann") == [first]
        # Its key is as good as new, once the conflict is settled.
        assert store.save(mine, base_revision=1, key="second").revision == 2


def test_a_write_on_an_answer_that_has_gone_is_a_conflict(path):
    with open_store(path) as store:
        with pytest.raises(Conflict) as conflict:
            store.save(TWO_POINTS, base_revision=3, key="k")
        assert conflict.value.current is None


def test_the_same_save_again_is_saved_once(path):
    with open_store(path) as store:
        first = store.save(TWO_POINTS, base_revision=0, key="k")
        assert store.save(TWO_POINTS, base_revision=0, key="k") == first
        newer = store.save(replace(TWO_POINTS, note="2"), base_revision=1, key="k2")
        assert store.save(TWO_POINTS, base_revision=0, key="k") == first
        assert store.history("000003", "ann") == [first, newer]


@pytest.mark.parametrize("change", [{"note": "changed"}, {"clip": "000004"}, {"annotator": "bo"}])
def test_a_known_key_with_another_answer_is_a_conflict(path, change):
    with open_store(path) as store:
        first = store.save(TWO_POINTS, base_revision=0, key="k")
        with pytest.raises(Conflict):
            store.save(replace(TWO_POINTS, **change), base_revision=0, key="k")
        assert store.answers() == [first]


@pytest.mark.parametrize("key", ["", None, 5, "k" * 101, "\ud83d", "a\0b"])
def test_keys_are_short_text(path, key):
    with open_store(path) as store:
        with pytest.raises(InputError, match="key must be text of 1 to 100"):
            store.save(TWO_POINTS, base_revision=0, key=key)
        assert store.answers() == []


# --------------------------------------------------------------------------- several at once


def test_of_many_threads_one_wins_each_revision(path):
    with open_store(path) as store:
        won, failed = [], []

        def work(name):
            for revision in range(10):
                try:
                    answer = replace(TWO_POINTS, note=name)
                    store.save(answer, base_revision=revision, key=f"{name}{revision}")
                    won.append(revision)
                except Conflict:
                    pass
                except Exception as error:  # would be lost with its thread
                    failed.append(error)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(won) == len(set(won)) == len(store.history("000003", "ann"))


WORKER = """
import sys
from annotate.answers import Answer
from annotate.store import Conflict, open_store
with open_store(sys.argv[1]) as store:
    for clip in range(40):
        try:
            store.save(Answer(f"{clip:02d}", "ann", "nothing", 0, note=sys.argv[2]),
                       base_revision=0, key=f"{sys.argv[2]}{clip}")
        except Conflict:
            pass
        store.save(Answer(f"{clip:02d}", sys.argv[2], "left", 0), base_revision=0,
                   key=f"own {sys.argv[2]}{clip}")
"""


def test_two_processes_share_a_new_file(path):
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, path, name], cwd=ROOT) for name in "xy"
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    with open_store(path) as store:
        assert [len(store.answers(name)) for name in ("ann", "x", "y")] == [40, 40, 40]
        assert {answer.revision for answer in store.answers()} == {1}


KILLED = """
import os, signal, sys
from annotate.answers import Answer
from annotate.store import open_store
store = open_store(sys.argv[1])
for clip in range(20):
    store.save(Answer(str(clip), "ann", "nothing", 0), base_revision=0, key=str(clip))
    print(clip, flush=True)
store._database.execute("BEGIN IMMEDIATE")
store._database.execute("DELETE FROM revisions")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_saved_outlives_a_kill_and_what_was_begun_does_not(path):
    command = [sys.executable, "-c", KILLED, path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(done.stdout.split()) == 20
    with open_store(path) as store:
        assert len(store.answers()) == 20


def test_saves_are_flushed_to_the_disk(path):
    with open_store(path) as store:
        pragma = store._database.execute
        assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)
        assert pragma("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_another_program_that_locks_is_told(path, monkeypatch):
    monkeypatch.setattr("annotate.store.PATIENCE_S", 0.05)
    with open_store(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another program"):
            store.save(TWO_POINTS, base_revision=0, key="k")
        other.execute("ROLLBACK")
        other.close()
        assert store.save(TWO_POINTS, base_revision=0, key="k").revision == 1


# --------------------------------------------------------------------------- the file


def test_meta_is_text_by_name(path):
    with open_store(path) as store:
        store.set_meta("frame", "middle")
        store.set_meta("frame", "49")
        assert (store.meta("frame"), store.meta("nothing")) == ("49", None)
        assert store.meta("schema_version") == "1"


def test_a_newer_version_is_refused(path):
    with open_store(path) as store:
        store.set_meta("schema_version", "2")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"schema version 2, expected at most 1; a newer version"):
        open_store(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", [0, 40, 8192])
def test_a_damaged_file_is_told_and_left_as_it_is(path, place):
    save_all(path, *(replace(TWO_POINTS, clip=str(clip)) for clip in range(60)))
    content = bytearray(path.read_bytes())
    content[place : place + 3000] = b"\xa5" * 3000
    path.write_bytes(content)
    with pytest.raises(StoreError, match=rf"{NAME}: is damaged \(.*\); put back a copy"):
        open_store(path)
    assert path.read_bytes() == content


def test_a_file_of_something_else_is_refused(path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    with pytest.raises(StoreError, match="is not a file of annotations; move it away"):
        open_store(path)


def test_a_missing_file_or_folder_is_told(path):
    with pytest.raises(StoreError, match="does not exist; annotate points makes it"):
        open_store(path, create=False)
    assert not path.exists()
    with pytest.raises(StoreError, match="must be a folder that exists"):
        open_store(path.parent / "gone" / NAME)


def test_a_file_that_was_moved_takes_no_answers(path):
    with open_store(path) as store:
        store.save(TWO_POINTS, base_revision=0, key="k")
        path.rename(path.with_name("moved.db"))
        with pytest.raises(StoreError, match="has been moved or replaced; start again"):
            store.save(replace(TWO_POINTS, note="2"), base_revision=1, key="k2")
        shutil.copy(path.with_name("moved.db"), path)
        with pytest.raises(StoreError, match="has been moved or replaced"):
            store.save(replace(TWO_POINTS, note="2"), base_revision=1, key="k2")


READER = """
import os, sys
from annotate.store import open_store
from simbinaural.errors import InputError
if os.getuid() == 0:  # root may write anywhere; what is imported is not for everybody
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for create in (True, False):
    try:
        with open_store(sys.argv[1], create=create) as store:
            print(len(store.answers()))
            store.set_meta("a", "b")
    except InputError as error:
        print(error)
"""


@pytest.fixture
def public_folder():
    """Yield a folder that every user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Path(folder).chmod(0o755)


def test_a_read_only_folder_is_read_but_not_written(public_folder):
    path = public_folder / NAME
    save_all(path, TWO_POINTS)
    path.chmod(0o444)
    public_folder.chmod(0o555)
    command = [sys.executable, "-c", READER, path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    refused, count, unwritten = done.stdout.splitlines()
    assert refused == f"{public_folder}: cannot be written; answers are kept there"
    assert count == "1"
    assert "cannot be written" in unwritten


def test_closing_leaves_one_file(path):
    save_all(path, TWO_POINTS)
    assert [each.name for each in path.parent.iterdir()] == [NAME]
