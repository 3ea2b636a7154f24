"""`models train` as a user runs it: checkpoints, exact resume, several processes, bad input."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from recorded_clips import write_recordings

from models.checkpoint import BEST, LAST, load_network, read_checkpoint
from models.cli import main
from models.networks.registry import make_network
from models.training import run as training
from models.training.journal import LOSSES, read_losses, spectrogram_picture
from simbinaural.shards import read_info

SMALL = ("--width", 0.1, "--batch-size", 4, "--visual-weights", "none", "--split", "scene")
SMALL = (*SMALL, "--device", "cpu")


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums on several threads would depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Eight clips with a split."""
    return write_recordings(tmp_path_factory.mktemp("data") / "clips", 8, duration_s=1.5)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "m2b"
    result = run("train", "mono2binaural", "--data", data, "--out", folder, "--steps", 6, *SMALL)
    assert result.exit_code == 0, result.output
    return folder


def test_a_run_leaves_what_is_promised(trained, data):
    assert {BEST, LAST, LOSSES, "run.json"} <= {path.name for path in trained.iterdir()}
    assert list(trained.glob("events.out.tfevents.*"))
    steps, losses = read_losses(trained)
    np.testing.assert_array_equal(steps, np.arange(6))
    assert np.isfinite(losses).all()
    val_steps, _ = read_losses(trained, "val")
    assert val_steps[-1] == 6
    info = read_checkpoint(trained / LAST)["info"]
    assert info["network"] == "mono2binaural"
    assert info["step"] == 6
    assert info["data"] == [str(data)]
    assert info["options"]["width"] == 0.1
    assert len(info["data_hash"]) == 64


def test_best_is_the_least_validation_loss(trained):
    found = read_checkpoint(trained)
    _, losses = read_losses(trained, "val")
    np.testing.assert_allclose(found["best"], losses.min(), rtol=1e-6)


def test_checkpoints_hold_nothing_but_data(trained):
    # weights_only is what refuses code; this file holds none, and loads under it.
    plain = torch.load(trained / LAST, weights_only=True)
    assert set(plain) == {"state", "info", "optimizer", "best", "seen"}
    network, info = load_network(trained)
    assert not network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, read_checkpoint(trained)["state"][name])
    assert info["width"] == 0.1


def test_the_same_command_finds_nothing_left_to_do(trained, data, tmp_path):
    folder = shutil.copytree(trained, tmp_path / "run")
    before = (folder / LAST).read_bytes()
    arguments = ("train", "mono2binaural", "--data", data, "--out", folder, *SMALL)
    assert run(*arguments, "--steps", 6).exit_code == 0
    np.testing.assert_array_equal(read_losses(folder)[0], np.arange(6))
    assert (folder / LAST).read_bytes() == before


def test_more_steps_go_on_as_if_never_ended(trained, data, tmp_path):
    folder, other = shutil.copytree(trained, tmp_path / "run"), tmp_path / "other"
    arguments = ("train", "mono2binaural", "--data", data, *SMALL, "--steps", 10)
    assert run(*arguments, "--out", folder).exit_code == 0
    assert run(*arguments, "--out", other).exit_code == 0
    for one, two in zip(read_losses(folder), read_losses(other), strict=True):
        np.testing.assert_array_equal(one, two)
    # The first looked back where it had ended, too.
    assert read_losses(folder, "val")[1][-1] == read_losses(other, "val")[1][-1]
    for name, value in read_checkpoint(folder / LAST)["state"].items():
        assert torch.equal(value, read_checkpoint(other / LAST)["state"][name]), name


def test_a_killed_run_leaves_the_curve_of_one_that_was_not(data, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    arguments = ("train", "audio-only", "--data", data, *SMALL, "--steps", 40)
    code = "import torch; torch.set_num_threads(1); from models.cli import main; main()"
    command = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments), "--out", str(killed)],
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    end = time.monotonic() + 120
    while not (killed / LAST).exists():
        assert command.poll() is None, command.stderr.read()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    command.send_signal(signal.SIGKILL)
    command.communicate()
    assert read_checkpoint(killed / LAST)["info"]["step"] < 40
    assert run(*arguments, "--out", killed).exit_code == 0
    assert run(*arguments, "--out", whole).exit_code == 0
    for one, two in zip(read_losses(killed), read_losses(whole), strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(read_losses(whole)[0], np.arange(40))


TWO = """
import sys, torch
torch.set_num_threads(1)
from models.training.run import Lesson
Lesson.train = lambda self, mode=True: torch.nn.Module.train(self, False)  # statistics stay
from models.cli import main
main()
"""


def test_two_processes_give_what_one_gives_with_the_same_batch(data, tmp_path):
    script = tmp_path / "frozen.py"
    script.write_text(TWO)
    arguments = ["train", "audio-only", "--data", data, *SMALL, "--steps", 2]
    for devices in (1, 2):
        out = ["--devices", devices, "--out", tmp_path / str(devices)]
        done = subprocess.run(
            [sys.executable, str(script), *map(str, [*arguments, *out])],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, done.stderr
    one, two = (read_checkpoint(tmp_path / n / LAST)["state"] for n in ("1", "2"))
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-6, msg=name)
    first = make_network("audio-only", width=0.1, visual_weights="none").state_dict()
    assert any(not torch.equal(first[name], value) for name, value in one.items())
    np.testing.assert_allclose(
        *(read_losses(tmp_path / n, "val")[1] for n in ("1", "2")), rtol=1e-4
    )


def test_pictures_of_spectrograms_show_left_above_right():
    rate = 16000
    tone = np.sin(2 * np.pi * 4000 * np.arange(rate) / rate)
    picture = spectrogram_picture(np.stack([tone, 0.001 * tone]))
    assert picture.shape == (3, 514, 101)
    assert picture[0, 128, 50] == 255  # half of the band, high frequencies on top
    assert 50 < picture[0, 257 + 128, 50] < 80  # 60 of 80 dB lower


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "network must be one of .*mono2binaural.*, got .nonsense."),
        (("mono-mono",), "mono-mono has nothing to train; models evaluate"),
        (("mono2binaural", "--split", "random"), "random"),
        (("mono2binaural", "--batch-size", 0), "batch_size must be at least 1, got 0"),
        (("mono2binaural", "--labelled", 0), r"labelled must be in \(0, 1\], got 0"),
        (("mono2binaural", "--weight", 1, "--weight", 2), "weights must be one for each data set"),
        (("mono2binaural", "--rate", -1), "rate must be positive, got -1"),
        (("mono2binaural", "--visual-weights", "no.pth"), "no.pth"),
    ],
)
def test_bad_options_are_one_line(data, tmp_path, arguments, message):
    result = run("train", *SMALL, "--data", data, "--out", tmp_path / "run", *arguments)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1, result.output
    assert re.search(message, result.output), result.output
    assert not (tmp_path / "run").exists()


def test_other_options_are_refused_by_name(trained, data):
    arguments = ("train", "mono2binaural", "--data", data, "--out", trained, *SMALL)
    result = run(*arguments, "--steps", 6, "--seed", 3)
    assert result.exit_code == 1
    assert "--seed was 0, now 3" in result.output


def test_a_folder_that_is_no_run_is_left_alone(data, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/dear.txt").write_text("you")
    result = run("train", "audio-only", "--data", data, "--out", tmp_path / "letters", *SMALL)
    assert result.exit_code == 1
    assert "is not empty and holds no run" in result.output


def test_a_loss_that_is_no_number_names_the_clips(data, tmp_path, monkeypatch):
    def broken(self, prepared):
        losses, output = lesson(self, prepared)
        return {**losses, "loss": losses["loss"] * float("nan")}, output

    lesson = training.Lesson.forward
    monkeypatch.setattr(training.Lesson, "forward", broken)
    result = run("train", "audio-only", "--data", data, "--out", tmp_path / "run", *SMALL)
    assert result.exit_code == 1
    assert "the loss is no number at step 0" in result.output
    assert "clip 0000" in result.output
    assert read_info(data)


def test_checkpoints_that_are_none_are_one_line(trained, tmp_path):
    from simbinaural.errors import InputError

    with pytest.raises(InputError, match="is missing; train a network first"):
        load_network(tmp_path / "nothing.ckpt")
    with pytest.raises(InputError, match=r"holds no best.ckpt or last.ckpt"):
        load_network(tmp_path)
    (tmp_path / "a.ckpt").write_bytes((trained / LAST).read_bytes()[:1000])
    with pytest.raises(InputError, match=r"a.ckpt: is "):
        load_network(tmp_path / "a.ckpt")
    found = read_checkpoint(trained / LAST)
    found["info"]["network"] = "audio-only"
    torch.save(found, tmp_path / "b.ckpt")
    with pytest.raises(InputError, match="is of another network than this version's audio-only"):
        load_network(tmp_path / "b.ckpt")
    torch.save(slice(3), tmp_path / "c.ckpt")
    with pytest.raises(InputError, match="is no checkpoint of models"):
        load_network(tmp_path / "c.ckpt")
