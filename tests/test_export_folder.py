"""Whole data sets as plain files: nothing is lost, and what FAIR-Play's layout holds comes back."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from preview_clips import recorded_clip, simulated_clip
from recorded_videos import number_of, numbered
from scipy.io import wavfile

from simbinaural.ambisonics import encode
from simbinaural.cli import main
from simbinaural.corpora import fair_play
from simbinaural.corpora.fair_play_clips import seen_frames
from simbinaural.dataset import export_folder
from simbinaural.errors import InputError
from simbinaural.jobs import SerialExecutor
from simbinaural.shards import (
    ClipData,
    open_dataset,
    read_split,
    write_info,
    write_labels,
    write_shard,
    write_split,
)
from simbinaural.video import encode_jpeg, read_frames, video_info

RATE = 16000


def known_clip():
    """A clip that holds what few have: ambisonics, an energy map, depth, NaN."""
    clip = simulated_clip(0, stays=1, duration_s=1.0)
    rng = np.random.default_rng(5)
    images = clip.arrays["source_mask"]
    clip.arrays["ambisonics"] = encode(0.1 * rng.normal(size=RATE), 30, 0).astype(np.float32)
    clip.arrays["ambisonic_rir"] = rng.normal(size=(1, 1, 4, 8000)).astype(np.float32)
    clip.arrays["energy_map"] = rng.uniform(size=(1, 3, 4)).astype(np.float32)
    clip.arrays["depth"] = images
    clip.arrays["source_pixel"][0, 0] = np.nan
    axes = {"energy_map": {"azimuth_deg": np.arange(4.0), "elevation_deg": np.arange(3.0)}}
    return ClipData(clip.arrays, clip.attributes | {"class": ["guitar", "drum"]}, axes)


def moving_clip(n_frames=12, fps=10.0, duration_s=1.2):
    """A recording as FAIR-Play's layout holds it: pictures that tell their number."""
    sound = 0.1 * np.random.default_rng(n_frames).normal(size=(2, round(duration_s * RATE)))
    arrays = {
        "audio": sound.astype(np.float32),
        "frames": [encode_jpeg(numbered(k)) for k in range(n_frames)],
        "frame_times": np.arange(n_frames) / fps,
    }
    attributes = {"sample_rate": RATE, "fps": fps, "width": 64, "height": 48, "fov_deg": 90.0}
    attributes |= {"projection": "perspective", "gain_db": 0.0, "hrtf": "", "scene": "film.mp4"}
    return ClipData(arrays, {**attributes, "origin": "recorded"})


def write_dataset(folder, clips, *, shard_clips=2):
    named = [(f"{number:06d}", clip) for number, clip in enumerate(clips, start=1)]
    write_info(folder, {"tool": "test", "command": "test", "options": {"seed": 0}})
    for first in range(0, len(named), shard_clips):
        path = folder / "shards" / f"{first:05d}.h5"
        write_shard(path, named[first : first + shard_clips])
    ids = [clip_id for clip_id, _ in named]
    parts = {"train": ids[2:], "val": ids[1:2], "test": ids[:1]}
    for name in "random1", "random10", "nonoverlap3", "scene":
        write_split(folder, name, {"kind": "given", "seed": None, **parts})
    return folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sim") / "sim"
    write_dataset(folder, [known_clip(), simulated_clip(1, stays=2), recorded_clip()])
    label = {"points": np.ones((1, 3), np.float32), "localization_map": np.ones((40, 60))}
    about = {"sigma_px": 4.0, "annotators": ["ann"]}
    write_labels(folder, "points", [("000001", ClipData(label, about))])
    return folder


@pytest.fixture(scope="module")
def exported(dataset):
    out = dataset.parent / "files"
    result = run("export", dataset, "-o", out)
    assert result.exit_code == 0, result.output
    assert result.output == f"{out}: 3 clips, 3 of them written now\n"
    return out


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fp") / "fp"
    return write_dataset(folder, [moving_clip(12), moving_clip(13), moving_clip(11)])


def run(*arguments):
    return CliRunner().invoke(main, [str(each) for each in arguments])


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def strict(text):
    """Read JSON that is JSON everywhere: no NaN."""
    return json.loads(text, parse_constant=pytest.fail)


# --------------------------------------------------------------------------- plain files


def test_sound_is_bit_by_bit_what_the_shard_holds(dataset, exported):
    with open_dataset(dataset) as clips:
        for clip in clips:
            for name in {"audio", "dry", "ambisonics"} & set(clip):
                rate, samples = wavfile.read(exported / name / f"{clip.id}.wav")
                assert (rate, samples.dtype) == (RATE, np.float32)
                np.testing.assert_array_equal(samples.reshape(len(samples), -1).T, clip[name])


def test_images_are_the_bytes_that_are_stored(dataset, exported):
    folders = {"frames": "frames/{}/{:06d}.jpg", "source_mask": "masks/{}/{:06d}.png"}
    with open_dataset(dataset) as clips:
        for clip in clips:
            for name in set(folders) & set(clip):
                for index, image in enumerate(clip[name]):
                    path = exported / folders[name].format(clip.id, index)
                    assert path.read_bytes() == image.tobytes()
        n_frames = len(clips.clip("000001")["frames"])
    assert len(list((exported / "frames/000001").iterdir())) == n_frames
    assert len(list((exported / "depth/000001").iterdir())) == n_frames


def test_videos_show_the_frames_at_their_moments(exported):
    info = video_info(exported / "videos/000003.mp4")
    assert (info.n_channels, info.width, info.height) == (2, 64, 32)
    times = [time for time, _ in read_frames(exported / "videos/000003.mp4")]
    np.testing.assert_allclose(times, [0, 0.21, 0.5, 0.8], atol=1e-3)


def test_json_has_every_attribute_and_small_array(dataset, exported):
    catalog = strict((exported / "clips.json").read_text())
    assert list(catalog) == ["000001", "000002", "000003"]
    with open_dataset(dataset) as clips:
        for clip in clips:
            about = catalog[clip.id]
            assert strict((exported / f"clips/{clip.id}.json").read_text()) == about
            assert set(about["files"]) - {"video"} | set(about["arrays"]) == set(clip)
            assert about["attributes"].keys() == clip.attributes.keys()
            for name, values in about["arrays"].items():
                found = np.array(values, dtype=clip[name].dtype)  # null becomes NaN
                np.testing.assert_array_equal(found, clip[name])
            for path in about["files"].values():
                assert (exported / path).exists()
    known = catalog["000001"]
    assert known["attributes"]["class"] == ["guitar", "drum"]
    assert known["attributes"]["gain_db"] == -3.25
    assert known["arrays"]["source_pixel"][0] == [[None, None]]
    assert {"camera", "rt60_s", "drr_db", "rir_times", "source_direction"} <= set(known["arrays"])


def test_responses_and_maps_are_arrays_with_their_axes(dataset, exported):
    with open_dataset(dataset) as clips:
        clip = clips.clip("000001")
        with np.load(exported / "rirs/000001.npz") as found:
            assert set(found) == {"rir", "ambisonic_rir", "rir_times", "sample_rate"}
            for name in "rir", "ambisonic_rir", "rir_times":
                np.testing.assert_array_equal(found[name], clip[name])
            assert found["sample_rate"] == RATE
        with np.load(exported / "energy_maps/000001.npz") as found:
            np.testing.assert_array_equal(found["energy_map"], clip["energy_map"])
            np.testing.assert_array_equal(found["azimuth_deg"], np.arange(4))
            np.testing.assert_array_equal(found["elevation_deg"], np.arange(3))


def test_labels_splits_and_what_made_it_come_along(dataset, exported):
    label = strict((exported / "clips.json").read_text())["000001"]["labels"]["points"]
    expected = {"points": [[1, 1, 1]], "sigma_px": 4, "annotators": ["ann"]}
    assert label == expected | {"file": "labels/points/000001.npz"}
    with np.load(exported / label["file"]) as found:
        np.testing.assert_array_equal(found["localization_map"], np.ones((40, 60)))
    for name in "dataset.json", "splits/scene.json", "splits/random10.json":
        assert (exported / name).read_bytes() == (dataset / name).read_bytes()


@pytest.mark.parametrize("layout", ["plain", "fair-play"])
def test_workers_and_restarts_change_no_byte(dataset, tmp_path, monkeypatch, layout):
    options = ("export", dataset, "--layout", layout, "-o")
    for name, more in ("one", ()), ("two", ("--workers", 2)):
        assert run(*options, tmp_path / name, *more).exit_code == 0
    real, calls = export_folder.open_dataset, []

    def dying(folder):
        calls.append(folder)
        if len(calls) == 3:  # the list of clips, the first shard, the second
            raise KeyboardInterrupt
        return real(folder)

    monkeypatch.setattr(export_folder, "open_dataset", dying)
    assert run(*options, tmp_path / "killed").exit_code == 130
    monkeypatch.setattr(export_folder, "open_dataset", real)
    result = run(*options, tmp_path / "killed")
    assert result.output.endswith("3 clips, 1 of them written now\n")
    one = content(tmp_path / "one")
    assert content(tmp_path / "two") == one
    assert content(tmp_path / "killed") == one
    assert run(*options, tmp_path / "one").output.endswith("3 clips, 0 of them written now\n")
    assert content(tmp_path / "one") == one


def test_half_a_clip_is_written_again(dataset, exported, tmp_path):
    out = shutil.copytree(exported, tmp_path / "out")
    (out / "audio/000002.wav").write_bytes(b"half")
    (out / "clips/000002.json").unlink()
    assert run("export", dataset, "-o", out).output.endswith("1 of them written now\n")
    assert content(out) == content(exported)


def test_new_clips_are_added(tmp_path):
    folder = write_dataset(tmp_path / "sim", [moving_clip(12)])
    run("export", folder, "-o", tmp_path / "out")
    write_shard(folder / "shards/00009.h5", [("000009", moving_clip(13))])
    result = run("export", folder, "-o", tmp_path / "out")
    assert result.output.endswith("2 clips, 1 of them written now\n")
    assert list(strict((tmp_path / "out/clips.json").read_text())) == ["000001", "000009"]


# --------------------------------------------------------------------------- FAIR-Play's layout


@pytest.fixture(scope="module")
def fair(recordings):
    out = recordings.parent / "fair"
    assert run("export", recordings, "-o", out, "--layout", "fair-play").exit_code == 0
    return out


def test_layout_is_that_of_fair_play(fair):
    assert fair_play.is_fair_play(fair)
    assert fair_play.find_recordings(fair) == ["000001", "000002", "000003"]
    recording = fair_play.open_recording(fair, "000001")
    assert [number_of(fair_play.read_frame(recording, k)) for k in range(12)] == list(range(12))
    assert recording.pictures[0].name == "000001.jpg"
    assert sorted(path.relative_to(fair).as_posix() for path in fair.rglob("*_val.txt")) == [
        "splits/scene_val.txt", "splits/split3_val.txt"
    ]  # fmt: skip
    assert (fair / "splits/split10/val.txt").read_text() == "000002.wav\n"


def test_what_the_layout_holds_comes_back(recordings, fair, tmp_path):
    result = run("import", "fair-play", fair, "--out", tmp_path / "back")
    assert result.output == f"{tmp_path / 'back'}: 3 clips, 3 of them new, 4 splits\n"
    with open_dataset(recordings) as clips, open_dataset(tmp_path / "back") as back:
        assert back.clip_ids == clips.clip_ids
        for clip in clips:
            again = back.clip(clip.id)
            for name in "audio", "frame_times":
                np.testing.assert_array_equal(again[name], clip[name])
            assert [image.tobytes() for image in again["frames"]] == [
                image.tobytes() for image in clip["frames"]
            ]
            for name in "sample_rate", "fps", "width", "height", "origin", "gain_db":
                assert again.attributes[name] == clip.attributes[name]
    for name in "random1", "random10", "nonoverlap3", "scene":
        assert read_split(tmp_path / "back", name) == read_split(recordings, name)


def test_other_moments_become_those_of_the_layout(tmp_path):
    folder = write_dataset(tmp_path / "sim", [moving_clip(6, fps=5.0)])
    run("export", folder, "-o", tmp_path / "fair", "--layout", "fair-play")
    recording = fair_play.open_recording(tmp_path / "fair", "000001")
    shown = [number_of(fair_play.read_frame(recording, k)) for k in range(recording.n_frames)]
    assert shown == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


@pytest.mark.parametrize(
    ("times", "fps", "expected"),
    [
        ([0, 0.1, 0.2], 10, [0, 1, 2]),
        ([0, 0.125, 0.25, 0.375], 8, [0, 0, 1, 2, 3]),
        ([0.15, 0.3], 5, [0, 0, 0, 1, 1]),
        ([0, 0.05, 0.1, 0.15], 20, [0, 2]),
    ],
)
def test_which_frame_is_seen(times, fps, expected):
    np.testing.assert_array_equal(seen_frames(times, fps), expected)


# --------------------------------------------------------------------------- bad input


def one_line(*arguments):
    result = run(*arguments)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1, result.output
    return result.output


def test_options_that_do_not_fit_are_refused(dataset, tmp_path):
    assert "--out must name a folder for a whole data set, got none; pass" in one_line(
        "export", dataset
    )
    out = ("-o", tmp_path / "out")
    assert "--spherical must go with a clip" in one_line("export", dataset, "--spherical", *out)
    told = one_line("export", dataset, "1", "--layout", "plain", *out)
    assert "--layout must go with a whole data set, got clip 1" in told
    assert "workers must be at least 1" in one_line("export", dataset, *out, "--workers", 0)
    assert run("export", dataset, *out, "--layout", "other").exit_code == 2
    with pytest.raises(InputError, match="layout must be one of plain, fair-play, got other"):
        export_folder.export_dataset(
            dataset, tmp_path / "out", layout="other", executor=SerialExecutor()
        )
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_data_set_is_refused(tmp_path):
    out = ("-o", tmp_path / "out")
    assert "nothing: is not a data set" in one_line("export", tmp_path / "nothing", *out)
    write_info(tmp_path / "empty", {"command": "test"})
    told = "empty: data set must hold clips, got none"
    assert told in one_line("export", tmp_path / "empty", *out)
    (tmp_path / "empty/shards").mkdir()
    (tmp_path / "empty/shards/00000.h5").write_bytes(b"no shard")
    assert "00000.h5: is damaged" in one_line("export", tmp_path / "empty", *out)
    assert not (tmp_path / "out").exists()


def test_targets_that_hold_something_else_are_refused(dataset, recordings, exported, tmp_path):
    assert "is not empty and holds no export" in one_line("export", dataset, "-o", dataset)
    told = one_line("export", recordings, "-o", exported)
    assert f"holds another export (plain, of {dataset}); choose another -o" in told
    told = one_line("export", dataset, "-o", exported, "--layout", "fair-play")
    assert "holds another export (plain" in told
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "export.json").write_text("{")
    assert "export.json: is not valid JSON" in one_line("export", dataset, "-o", broken)
    file = tmp_path / "file"
    file.write_text("all my work")
    assert str(file) in one_line("export", dataset, "-o", file)
    assert file.read_text() == "all my work"


def test_readme_shows_it():
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    for command in (
        "simbinaural import fair-play",
        "simbinaural export sim -o",
        "--layout fair-play",
    ):
        assert command in readme
