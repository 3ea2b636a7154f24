"""The proof that a network hears with its eyes: minutes of training on two cores, homes held out.

    python tests/benchmarks/short_training.py FOLDER [--workers 2]

renders clips, trains `audio-only` and `mono2binaural` at a quarter of their width, evaluates them
beside `mono-mono` on homes that training never saw, `mono2binaural` also with mirrored pictures,
and prints the table that the README shows. What exists in FOLDER already is kept: a killed run goes
on where it was.

The rooms are treated as a music studio's, and the camera stands near: in a home's living room,
two metres away, the direct sound lies 8 dB below the echo, and knowing its direction perfectly
lowers the error of a window by some 2 % only (see the README). There would be nothing to see in
minutes.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

TREATED = {"*": {"absorption": [0.2, 0.3, 0.4, 0.45]}}
"""A music studio's walls, and all else as dull: a reverberation time of some 0.15 s."""

CLIPS = 456
RENDER = ("--duration", "5", "--fps", "4", "--max-distance-m", "1.5")
EPOCHS = 36
TRAIN = ("--width", "0.25", "--batch-size", "32", "--flip", "--visual-rate", "10", "--every", "5")
TRAIN = (*TRAIN, "--visual-weights", "none", "--epochs", str(EPOCHS))


def main():
    """Make, train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", default="2")
    given = parser.parse_args()
    folder, workers = given.folder, given.workers
    folder.mkdir(parents=True, exist_ok=True)
    materials, data = folder / "treated.json", folder / "studio"
    if not materials.exists():
        materials.write_text(json.dumps(TREATED))
    render = ("--videos", str(CLIPS), "--materials", materials, "--workers", workers)
    run("simbinaural", "render", *RENDER, *render, "--out", data)
    run("simbinaural", "split", data, "--by", "scene")
    split = ("--data", data, "--split", "scene")
    for network in ("audio-only", "mono2binaural"):
        run("models", "train", network, *split, *TRAIN, "--out", folder / network)
    for network in ("audio-only", "mono2binaural"):
        evaluate(folder / network, *split, "--workers", workers)
    evaluate("mono-mono", *split, "--out", folder / "mono-mono", "--workers", workers)
    flipped = ("--flip-visual", "--out", folder / "flipped")
    evaluate(folder / "mono2binaural", *split, *flipped, "--workers", workers)
    runs = [folder / name for name in ("mono-mono", "audio-only", "mono2binaural")]
    run("models", "table", *runs)


def evaluate(network, *options):
    """Measure a run once."""
    run("models", "evaluate", network, "--hop-s", "0.3", *options)


def run(command, *arguments):
    """Run one of the commands that are installed beside this Python."""
    program = Path(sys.executable).with_name(command)
    print("$", command, *arguments, flush=True)  # noqa: T201 - a script
    subprocess.run([program, *map(str, arguments)], check=True)


if __name__ == "__main__":
    main()
