"""`models` as a user runs it, from the list of networks to the table of results."""

import json
import re

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from ffmpeg import ffmpeg
from recorded_clips import write_recordings

from models.cli import main
from simbinaural.video import read_frames, read_sound, video_info, write_video

CPU = ("--device", "cpu")


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_recordings(tmp_path_factory.mktemp("data") / "clips", 6, duration_s=1.5)


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    """A run that was trained for two steps and evaluated, and mono-mono."""
    folder = tmp_path_factory.mktemp("runs")
    small = ("--width", 0.1, "--batch-size", 4, "--steps", 2, "--visual-weights", "none", *CPU)
    where = ("--data", data, "--split", "scene")
    for arguments in (
        ("train", "mono2binaural", *where, *small, "--out", folder / "m2b"),
        ("evaluate", folder / "m2b", *where, *CPU, "--figures"),
        ("evaluate", folder / "m2b", *where, *CPU, "--flip-visual"),
        ("evaluate", "mono-mono", *where, *CPU, "--out", folder / "mono-mono"),
    ):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
    return folder


def test_list_names_all_networks():
    lines = run("list").output.splitlines()
    assert [line.split()[0] for line in lines] == [
        "mono-mono",
        "audio-only",
        "mono2binaural",
        "apnet",
    ]


def test_evaluate_prints_a_line_for_each_measure(runs, data):
    result = run("evaluate", runs / "m2b", "--data", data, "--split", "scene", *CPU)
    named = dict(re.findall(r"^(\w+) (-?[\d.e+-]+) ±", result.output, re.MULTILINE))
    assert {"stft_distance", "env_distance", "snr_db", "ild_error_db", "itd_error_s"} <= set(named)
    content = json.loads((runs / "m2b" / "evaluation.json").read_text())
    for name in ("stft_distance", "env_distance"):
        mean = content["measures"][name]["mean"]
        np.testing.assert_allclose(float(named[name]), mean, rtol=1e-3)
    assert content["network"] == "mono2binaural"
    assert (content["split"], content["part"]) == ("scene", "test")


def test_evaluate_draws_and_keeps_what_was_flipped_apart(runs):
    names = {path.name for path in (runs / "m2b").iterdir()}
    assert {"evaluation.json", "evaluation-flipped.json", "errors-by-azimuth.png"} <= names
    assert "activations.png" in names


def test_table_is_that_of_the_paper(runs, tmp_path):
    result = run("table", runs / "mono-mono", runs / "m2b", "-o", tmp_path / "table.csv")
    assert result.exit_code == 0, result.output
    rows = [line.split("|")[1].strip() for line in result.output.splitlines()[2:]]
    assert rows[0] == "Mono-Mono"
    assert any("Flipped" in row for row in rows)
    assert any(row.startswith("Mono2Binaural") for row in rows)
    assert (tmp_path / "table.csv").read_text().startswith("method,")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "holiday.mp4"
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (20, 48, 96, 3), dtype=np.uint8)
    write_video(path, pictures, 10, 0.1 * rng.standard_normal((2, 96000)), 48000)
    return path


def test_predict_writes_a_video_with_its_own_pictures(runs, film, tmp_path):
    out = tmp_path / "binaural.mp4"
    result = run("predict", runs / "m2b", film, "-o", out, *CPU)
    assert result.exit_code == 0, result.output
    info = video_info(out)
    assert (info.width, info.height, info.n_channels) == (96, 48, 2)
    assert abs(info.duration_s - 2) < 0.1
    (_, before), (_, after) = (next(iter(read_frames(path))) for path in (film, out))
    assert np.mean(np.abs(before.astype(float) - after)) < 25  # noise, coded twice
    sound = np.concatenate([block for _, block in read_sound(out)], axis=1)
    assert np.sqrt(np.mean(np.square(sound))) > 0.01


def test_predict_puts_its_video_beside_the_other(runs, film):
    result = run("predict", runs / "m2b", film, *CPU)
    assert result.exit_code == 0, result.output
    assert film.with_name("holiday-binaural.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "nothing", "--data", "DATA"), "nothing: is missing; train a network first"),
        (("evaluate", "mono-mono", "--data", "DATA", "--flip-visual"), "looks at pictures"),
        (("evaluate", "mono-mono", "--data", "DATA", "--split", "no"), "no"),
        (("evaluate", "mono-mono", "--data", "nowhere"), "nowhere"),
        (("predict", "RUN", "SILENT"), "sound"),
        (("predict", "RUN", "nowhere.mp4"), "nowhere.mp4"),
        (("table", "nowhere"), "nowhere: has no evaluation.json; make it with models evaluate"),
    ],
)
def test_bad_input_is_one_line(runs, data, film, tmp_path, arguments, message):
    silent = tmp_path / "silent.mp4"
    ffmpeg("-i", film, "-an", "-c", "copy", silent)
    names = {"DATA": data, "RUN": runs / "m2b", "SILENT": silent}
    result = run(*(names.get(each, each) for each in arguments))
    assert result.exit_code == 1, result.output
    assert len(result.output.splitlines()) == 1, result.output
    assert message in result.output


def test_every_command_and_option_has_help():
    for name, command in main.commands.items():
        assert command.help, name
        for option in command.params:
            assert getattr(option, "help", "") or option.param_type_name == "argument", option.name
