"""What commands show on the way: progress where somebody looks, nothing where nobody does."""

import fcntl
import io
import os
import pty
import struct
import termios

import pytest

from simbinaural.commands import Progress
from simbinaural.dataset import render
from simbinaural.dataset.options import RenderOptions
from simbinaural.jobs import SerialExecutor


class Terminal(io.StringIO):
    """A terminal, to programs that ask."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("stderr", "shown"), [(Terminal(), True), (io.StringIO(), False)])
def test_progress_shows_on_terminals_only(monkeypatch, stderr, shown):
    monkeypatch.setattr("sys.stderr", stderr)
    with Progress("clip") as progress:
        advance = progress.begin(10, 4)
        for _ in range(4):
            advance(1)
    assert ("10/10" in stderr.getvalue()) is shown
    assert ("6/10" in stderr.getvalue()) is shown
    assert bool(stderr.getvalue()) is shown


@pytest.mark.parametrize(("rows", "columns"), [(24, 60), (0, 0)])
def test_progress_shows_on_terminals_that_do_not_tell_their_size(monkeypatch, rows, columns):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with os.fdopen(theirs, "w") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        with Progress("clip") as progress:
            progress.begin(10, 4)(4)
        stderr.write("END")
        stderr.flush()
        shown = ""
        while "END" not in shown:  # a terminal gives what it has got so far
            shown += os.read(ours, 4096).decode()
    os.close(ours)
    shown = shown.replace("END", "")
    lines = [line for line in shown.replace("\r", "\n").split("\n") if line.strip()]
    assert "6/10" in lines[0]
    assert "10/10" in lines[-1]
    assert max(map(len, lines)) <= (columns or 80)


def test_the_bar_moves_with_each_visit_to_a_home_not_with_each_shard(tmp_path, monkeypatch):
    told, joined, lines = [], [], []
    monkeypatch.setattr(render, "make_part", lambda part: (part, [f"from clip {part.first}"]))
    monkeypatch.setattr(render, "join_parts", lambda *_: joined.append(sum(told)))
    monkeypatch.setattr(render, "_duration_s", lambda *_: 1)
    shards = render.shard_jobs(tmp_path, RenderOptions(shard_clips=8), [20])
    parts = [part for shard in shards for part in render.shard_parts(shard)]
    render._make_shards(
        shards, parts, None, SerialExecutor(), advance=told.append, warn=lines.extend
    )
    assert told == [2] * 10
    assert joined == [6, 14, 18]
    assert lines[:2] == ["from clip 0", "from clip 2"]
    assert len(lines) == 10
