"""How fast a data set is made, as a user makes it, and what it takes.

``make bench`` prints the times; the figures that the README quotes stand in ``extra_info`` and are
printed at the end of each benchmark.
"""

import resource
import subprocess
import sys
import time

import pytest

from simbinaural.shards import open_dataset

CLIPS = 16


def command(*arguments):
    subprocess.run(
        [sys.executable, "-m", "simbinaural", *map(str, arguments)], check=True, capture_output=True
    )


@pytest.fixture
def report(benchmark, capsys):
    """Keep a figure and print it."""

    def keep(name, value):
        benchmark.extra_info[name] = value
        with capsys.disabled():
            print(f"\n{name}: {value:.3g}")  # noqa: T201 - what a benchmark is for

    return keep


def test_clip_seconds_per_second(benchmark, report, tmp_path):
    """Two workers, defaults, start-up included; 16 clips in 8 homes."""
    folder = tmp_path / "sim"
    begun = time.perf_counter()
    benchmark.pedantic(
        command,
        ("render", "--videos", CLIPS, "--shard-clips", 2, "--workers", 2, "--out", folder),
        rounds=1,
    )
    took = time.perf_counter() - begun
    with open_dataset(folder) as clips:
        seconds = sum(clip.duration_s for clip in clips)
    report("seconds of clip per second", seconds / took)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    report("largest process in MB", peak)


def test_help(benchmark):
    benchmark(command, "--help")
