"""The whole of `simbinaural render`, as a user runs it: true, reproducible, never losing work."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from simbinaural.audio import from_db, write_audio
from simbinaural.cli import main
from simbinaural.shards import clip_faults, open_dataset

SMALL = ["--videos", 4, "--duration", 6, "--shard-clips", 1, "--width", 192, "--height", 96]


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def spawn(*arguments, **options):
    command = [sys.executable, "-m", "simbinaural", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


def shard_bytes(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "shards").glob("*.h5"))}


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    """Four short clips, rendered by one worker."""
    folder = tmp_path_factory.mktemp("data") / "sim"
    result = run("render", "--scenes", "procedural:3", *SMALL, "--out", folder)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def copy(sim, tmp_path):
    shutil.copytree(sim, tmp_path / "sim")
    return tmp_path / "sim"


def test_every_clip_holds_all_that_is_promised(sim):
    with open_dataset(sim) as clips:
        assert len(clips) == 4
        for clip in clips:
            assert clip_faults(clip) == []
            assert clip["audio"].shape == (2, 96000)
            assert len(clip["frame_times"]) == 30
            assert clip["rir"].shape[:3] == (2, 1, 2)
            assert clip.attributes["origin"] == "simulated"


def test_the_description_tells_what_made_it(sim):
    info = json.loads((sim / "dataset.json").read_text())
    assert info["schema_version"] == 1
    assert info["options"]["seed"] == 0
    assert info["command"].startswith("simbinaural")
    for key in ("versions", "cpu", "hrtf", "licenses"):
        assert info[key]


def test_a_clean_data_set_has_no_faults(sim):
    result = run("verify", sim)
    assert result.output.splitlines()[-1] == f"{sim}: 4 clips, 0 faults"
    assert result.exit_code == 0


def test_the_sound_is_the_moving_convolution(sim):
    """Written out again from DESIGN, independently of the code that made it."""
    with open_dataset(sim) as clips:
        for clip in clips:
            rate, dry, rir = clip.attributes["sample_rate"], clip["dry"], clip["rir"]
            n, times = dry.shape[1], np.arange(dry.shape[1]) / rate
            expected = np.zeros((2, n))
            for k in range(len(rir)):
                start, end = clip["rir_times"][k : k + 2]
                rise = 1.0 if k == 0 else np.clip((times - start) / 0.02 + 0.5, 0, 1)
                fall = 0.0 if k == len(rir) - 1 else np.clip((times - end) / 0.02 + 0.5, 0, 1)
                for ear in range(2):
                    full = np.convolve(dry[0].astype(float), rir[k, 0, ear].astype(float))[:n]
                    expected[ear] += (rise - fall) * full
            expected *= from_db(clip.attributes["gain_db"])
            np.testing.assert_allclose(clip["audio"], expected, atol=1e-5)


def test_the_louder_ear_is_on_the_sources_side(sim):
    """Of the direct sound, in every BRIR whose source is clearly to one side."""
    sides = 0
    with open_dataset(sim) as clips:
        for clip in clips:
            for k, brir in enumerate(clip["rir"][:, 0]):
                start, end = clip["rir_times"][k : k + 2]
                inside = (clip["frame_times"] >= start) & (clip["frame_times"] < end)
                azimuth = clip["source_direction"][inside, 0, 0].mean()
                if abs(azimuth) < 10:
                    continue
                onset = np.argmax(np.abs(brir).max(axis=0) > 0.3 * np.abs(brir).max())
                left, right = np.sum(brir[:, max(0, onset - 16) : onset + 32] ** 2, axis=1)
                assert (left > right) == (azimuth > 0)
                sides += 1
    assert sides >= 3


def test_two_workers_give_the_same_bytes(sim, tmp_path):
    other = tmp_path / "two"
    result = run("render", "--scenes", "procedural:3", *SMALL, "--out", other, "--workers", 2)
    assert result.exit_code == 0, result.output
    assert shard_bytes(other) == shard_bytes(sim)


def test_kill_and_resume_give_the_same_bytes(sim, tmp_path):
    other = tmp_path / "killed"
    arguments = ["render", "--scenes", "procedural:3", *SMALL, "--out", other, "--workers", 2]
    command = spawn(*arguments, start_new_session=True)
    wait_for(lambda: list(other.glob("shards/*.h5")), command)
    time.sleep(np.random.default_rng(os.getpid()).uniform(0, 1.5))
    os.killpg(command.pid, signal.SIGKILL)
    command.communicate()
    done = shard_bytes(other)
    assert done.items() <= shard_bytes(sim).items()
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert shard_bytes(other) == shard_bytes(sim)
    assert not list(other.rglob("*.part"))


def test_visits_that_wait_for_their_shard_are_not_made_again(tmp_path):
    arguments = ["render", "--scenes", "procedural:3", *SMALL, "--shard-clips", 8, "--videos", 6]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run(*arguments, "--out", whole).exit_code == 0
    command = spawn(*arguments, "--out", killed, start_new_session=True)
    wait_for(lambda: list(killed.glob("shards/*.visit")), command)
    os.killpg(command.pid, signal.SIGKILL)
    command.communicate()
    assert not list(killed.glob("shards/*.h5"))
    n_there = 2 * len(list(killed.glob("shards/*.visit")))
    result = run(*arguments, "--out", killed)
    assert f"{6 - n_there} rendered" in result.output
    assert shard_bytes(killed) == shard_bytes(whole)
    assert [path.name for path in (killed / "shards").iterdir()] == ["00000.h5"]


def test_ctrl_c_is_one_line_and_loses_nothing(sim, tmp_path):
    other = tmp_path / "stopped"
    command = spawn("render", "--scenes", "procedural:3", *SMALL, "--out", other)
    wait_for(lambda: list(other.glob("shards/*.h5")), command)
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert command.returncode == 130
    assert said.splitlines()[-1].endswith("interrupted")
    assert shard_bytes(other).items() <= shard_bytes(sim).items()
    assert shard_bytes(other)


def test_a_full_disk_is_one_line(tmp_path):
    """Every write beyond a few kilobytes fails, as on a full disk."""
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000)); "
        "from simbinaural.cli import main; main()"
    )
    arguments = ["render", "--scenes", "procedural:3", *SMALL, "--out", str(tmp_path / "sim")]
    command = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert command.returncode == 1
    lines = [line for line in command.stderr.splitlines() if "first run" not in line]
    assert len(lines) == 1, command.stderr
    assert not list((tmp_path / "sim").rglob("*.h5"))


def wait_for(condition, command, limit_s=120):
    end = time.monotonic() + limit_s
    while not condition():
        assert command.poll() is None, command.stderr.read()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


# --------------------------------------------------------------------------- resume, extension


def test_a_finished_data_set_is_left_alone(copy):
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*.h5")}
    result = run("render", "--scenes", "procedural:3", *SMALL, "--out", copy)
    assert "all there" in result.output
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*.h5")} == before


def test_built_in_homes_go_on_from_any_folder(copy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("render", "--scenes", "procedural:3", *SMALL, "--out", copy)
    assert "all there" in result.output
    info = copy / "dataset.json"
    older = json.loads(info.read_text())
    for name in ("scene_root", "up", "unit_scale", "vision", "acoustics"):
        del older["options"][name]  # as data sets were before there were scans
    info.write_text(json.dumps(older))
    result = run("render", "--scenes", "procedural:3", *SMALL, "--out", copy)
    assert "all there" in result.output


def test_a_missing_shard_is_made_again(copy, sim):
    (copy / "shards/00002.h5").unlink()
    assert "00002.h5: is missing (clips 000002 to 000002)" in run("verify", copy).output
    run("render", "--scenes", "procedural:3", *SMALL, "--out", copy)
    assert shard_bytes(copy) == shard_bytes(sim)


def test_extension_keeps_what_exists(copy, sim):
    larger = [*SMALL, "--videos", 5]
    assert run("render", "--scenes", "procedural:3", *larger, "--out", copy).exit_code == 0
    assert shard_bytes(sim).items() < shard_bytes(copy).items()
    with open_dataset(copy) as clips:
        assert clips.clip_ids[-1] == "000004"


def test_other_options_are_refused_by_name(copy):
    result = run("render", "--scenes", "procedural:3", *SMALL, "--out", copy, "--seed", 1)
    assert result.exit_code == 1
    assert "--seed was 0, now 1" in result.output
    assert len(result.output.splitlines()) == 1


def test_data_sets_from_before_a_new_option_go_on(copy):
    path = copy / "dataset.json"
    info = json.loads(path.read_text())
    for name in ("projection", "audio"):
        del info["options"][name]
    path.write_text(json.dumps(info))
    result = run("render", "--scenes", "procedural:3", *SMALL, "--out", copy)
    assert "all there" in result.output
    result = run(
        "render", "--scenes", "procedural:3", *SMALL, "--out", copy, "--audio", "binaural,foa"
    )
    assert "--audio was binaural, now binaural,foa" in result.output


# --------------------------------------------------------------------------- verify finds faults


def damage(name, change):
    def apply(folder):
        with h5py.File(folder / "shards/00001.h5", "r+") as file:
            clip = file["000001"]
            if name in clip.attrs:
                clip.attrs[name] = change(clip.attrs[name])
            else:
                clip[name][...] = change(clip[name][()])

    return apply


def swap_ears(folder):
    """In the clip whose source is farthest to one side."""
    with open_dataset(folder) as clips:
        sides = {clip.id: np.abs(clip["source_direction"][15, 0, 0]) for clip in clips}
        chosen = max(sides, key=sides.get)
        path = clips.shard_of(chosen)
    with h5py.File(path, "r+") as file:
        for name in ("rir", "audio"):
            array = file[chosen][name]
            array[...] = np.flip(array[()], axis=-2)


def empty_mask(folder):
    from simbinaural.video import encode_png

    with h5py.File(folder / "shards/00001.h5", "r+") as file:
        file["000001/source_mask"][3] = encode_png(np.zeros((96, 192), np.uint8))


def small_frame(folder):
    from simbinaural.video import encode_jpeg

    with h5py.File(folder / "shards/00001.h5", "r+") as file:
        file["000001/frames"][3] = encode_jpeg(np.zeros((10, 10, 3), np.uint8))


def truncate(folder):
    path = folder / "shards/00001.h5"
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (damage("audio", lambda a: a + 2e-5), "audio differs from the moving convolution"),
        (damage("audio", lambda a: np.full_like(a, np.nan)), "audio must be finite"),
        (damage("gain_db", lambda g: g + 0.1), "audio differs from the moving convolution"),
        (damage("rir", lambda r: np.roll(r, 40, axis=-1)), "off the direct sound"),
        (swap_ears, "the far ear hears it first"),
        (damage("source_pixel", lambda p: p + 3), "source_pixel differs"),
        (damage("source_direction", lambda d: -d), "source_direction differs"),
        (damage("camera", lambda c: c * 1.01), "camera must hold unit quaternions"),
        (damage("frame_times", lambda t: t + 0.1), "frame_times must be k / fps"),
        (damage("rir_times", lambda t: t + 1), "rir_times must grow from 0"),
        (damage("origin", lambda _: "dreamt"), "origin must be one of"),
        (empty_mask, "source_mask 3 contradicts source_visible"),
        (small_frame, "frame 3 is not 192 x 96 pixels"),
        (truncate, "is damaged"),
    ],
)
def test_verify_finds(copy, spoil, fault):
    spoil(copy)
    result = run("verify", copy)
    assert result.exit_code == 1
    assert fault in result.output
    assert "shards/0000" in result.output


def test_verify_checks_splits(copy):
    assert run("split", copy, "--by", "random", "--fractions", "2,1,1").exit_code == 0
    assert run("verify", copy).exit_code == 0
    path = copy / "splits/random.json"
    split = json.loads(path.read_text())
    split["val"] += split["train"][:1]
    split["test"] = ["000077"]
    path.write_text(json.dumps(split))
    output = run("verify", copy).output
    assert "a clip stands in two parts" in output
    assert "names clips that are not there: 000077" in output


# --------------------------------------------------------------------------- splits


def test_split_by_scene(copy):
    result = run("split", copy, "--by", "scene", "--fractions", "0.5,0,0.5", "--seed", 3)
    assert result.exit_code == 0, result.output
    split = json.loads((copy / "splits/scene.json").read_text())
    with open_dataset(copy) as clips:
        homes = {
            part: {clips.clip(name).attributes["scene"] for name in split[part]}
            for part in ("train", "test")
        }
    assert not homes["train"] & homes["test"]


def test_an_empty_part_is_an_error(copy):
    result = run("split", copy, "--by", "scene")
    assert result.exit_code == 1
    assert "would be empty" in result.output
    assert not (copy / "splits").exists()


# --------------------------------------------------------------------------- bad input


@pytest.fixture
def sounds(tmp_path):
    folder = tmp_path / "sounds"
    rng = np.random.default_rng(0)
    for name in ("guitar", "drum"):
        (folder / name).mkdir(parents=True)
        write_audio(folder / name / "good.wav", 0.1 * rng.standard_normal((1, 22050)), 44100)
    return folder


def write_silent(path):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(32000))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scenes", "castle"], "scenes must be procedural"),
        (["--scenes", "procedural:0"], "scenes must be procedural:N with N from 1"),
        (["--classes", "guitar,tuba"], "classes must be among"),
        (["--duration", "0.5"], "duration_s must be between 1"),
        (["--audio", "foa"], "audio must be binaural or binaural,foa, got foa"),
        (["--camera", "equirect", "--fov-deg", "90"], "fov_deg must be 360 for a panorama, got 90"),
        (["--hrtf", "nothing.sofa"], "nothing.sofa"),
        (["--sounds", "nothing"], "nothing"),
        (["--objects", "nothing"], "nothing"),
        (["--workers", "0"], "workers must be at least 1"),
        (["--out", "/dev/null/sim"], "/dev/null"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("render", "--videos", 1, *arguments)
    assert result.exit_code == 1, result.output
    assert message in result.output
    assert len(result.output.splitlines()) == 1, result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["empty", "silent", "corrupt"])
def test_bad_sound_files_are_named_and_the_others_go_on(sounds, tmp_path, kind):
    bad = sounds / "drum" / f"{kind}.wav"
    if kind == "silent":
        write_silent(bad)
    else:
        bad.write_bytes(b"" if kind == "empty" else b"RIFF nonsense")
    arguments = ["render", *SMALL, "--videos", 1, "--sounds", sounds, "--out", tmp_path / "sim"]
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert f"warning: {bad}" in result.output
    (sounds / "drum" / "good.wav").unlink()
    result = run(*arguments[:-1], tmp_path / "other")
    assert result.exit_code == 1
    assert str(bad) in result.output
    assert not (tmp_path / "other").exists()


def test_foreign_folders_are_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("all my work")
    for command in (["render", "--out"], ["verify"], ["split"], ["preview"]):
        result = run(*command, tmp_path)
        assert result.exit_code == 1
        assert str(tmp_path) in result.output
        assert len(result.output.splitlines()) == 1, result.output
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_every_command_explains_itself():
    for name, command in main.commands.items():
        result = run(name, "--help")
        assert result.exit_code == 0
        for parameter in command.params:
            argument = parameter.param_type_name == "argument"
            assert argument or parameter.help, (name, parameter.name)


def test_readme_names_every_command():
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    for name in main.commands:
        assert f"simbinaural {name}" in readme
