"""FAIR-Play to a data set: its clips under their numbers, its splits, and what is bad by name."""

import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from recorded_videos import number_of, numbered, write_fair_play, write_numbered

from simbinaural.audio import write_audio
from simbinaural.cli import main
from simbinaural.corpora.fair_play_clips import read_clip
from simbinaural.corpora.fair_play_splits import find_splits, read_split_files
from simbinaural.dataset import import_fair_play as importing
from simbinaural.dataset.verify import verify_dataset
from simbinaural.errors import InputError
from simbinaural.jobs import SerialExecutor
from simbinaural.shards import PARTS, open_dataset, read_info, read_split
from simbinaural.video import encode_jpeg

SHARED = Path(__file__).parents[1].parent / "shared" / "data" / "fair-play"

SOUND = "binaural_audios/{:06d}.wav"


def write_random(folder, number, parts, *, key="audio", prefix="/home/x/binaural_audios/"):
    """Write a split as FAIR-Play does: a list of paths as byte strings for each part."""
    where = folder / "splits" / f"split{number}"
    where.mkdir(parents=True, exist_ok=True)
    for part, ids in zip(PARTS, parts, strict=True):
        with h5py.File(where / f"{part}.h5", "w") as file:
            file[key] = np.array([f"{prefix}{each:06d}.wav".encode() for each in ids])


def write_nonoverlap(folder, number, parts):
    """Write a split as PseudoBinaural does: without an end of the last line."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, ids in zip(PARTS, parts, strict=True):
        text = "\n".join(f"{each:06d}.mp3" for each in ids)
        (folder / f"split{number}_{part}.txt").write_text(text)


def run(*arguments):
    return CliRunner().invoke(main, [str(each) for each in arguments])


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Five clips of one second, the odd ones with frames, and two splits."""
    folder = write_fair_play(tmp_path_factory.mktemp("fair"), 5, pictures="png", duration_s=1.2)
    for number in (2, 4):
        shutil.rmtree(folder / f"frames/{number:06d}.mp4")
    write_random(folder, 1, [[1, 2, 3], [4], [5]])
    write_nonoverlap(folder / "splits", 2, [[5, 4], [3, 2], [1]])
    return folder


@pytest.fixture
def copy(recorded, tmp_path):
    """The same clips, to be damaged."""
    return shutil.copytree(recorded, tmp_path / "fair")


@pytest.fixture(scope="module")
def dataset(recorded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "fp"
    result = run("import", "fair-play", recorded, "--out", folder, "--shard-clips", 2)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [f"{folder}: 5 clips, 5 of them new, 2 splits"]
    return folder


# --------------------------------------------------------------------------- clips


def test_clips_keep_number_sound_and_moments(dataset):
    with open_dataset(dataset) as clips:
        assert clips.clip_ids == tuple(f"{number:06d}" for number in range(1, 6))
        for clip in clips:
            assert clip.shape("audio") == (2, 19200)
            loud = np.abs(clip["audio"]) > 0.2
            assert not loud[0].any()
            assert np.argmax(loud[1]) == pytest.approx(16000, abs=3)
            np.testing.assert_array_equal(clip["frame_times"], np.arange(12) / 10)
            numbers = [number_of(frame) for frame in clip["frames"]]
            step = 3 if clip.id in ("000002", "000004") else 1  # of videos every third picture
            assert numbers == list(range(0, 12 * step, step))


def test_attributes_tell_what_is_known_and_no_more(dataset):
    with open_dataset(dataset) as clips:
        known = clips.clip("000001").attributes
        assert clips.clip("000002").attributes["source_file"] == "videos/000002.mp4"
    assert np.isnan(known.pop("fov_deg"))
    assert known == {
        "sample_rate": 16000,
        "fps": 10.0,
        "width": 64,
        "height": 48,
        "projection": "perspective",
        "gain_db": 0.0,
        "hrtf": "",
        "origin": "recorded",
        "scene": "000001",
        "source_file": "frames/000001.mp4",
    }


def test_the_data_set_is_whole_and_can_be_shown(dataset):
    assert verify_dataset(dataset, executor=SerialExecutor()).faults == []
    assert "CC BY 4.0" in read_info(dataset)["licenses"]["fair-play"]
    shown = run("preview", dataset)
    assert shown.exit_code == 0, shown.output
    shutil.rmtree(dataset / "previews")
    (dataset / "index.html").unlink()


def test_jpegs_stay_byte_by_byte_and_videos_may_be_missing(tmp_path):
    folder = write_fair_play(tmp_path, 1, pictures="jpg", duration_s=1.2)
    shutil.rmtree(folder / "videos")
    stored = [(folder / f"frames/000001.mp4/{k}.jpg").read_bytes() for k in range(1, 13)]
    clip = read_clip(folder, "000001")
    assert [frame.tobytes() for frame in clip.arrays["frames"]] == stored
    assert run("import", "fair-play", folder, "--out", tmp_path / "fp").exit_code == 0


def test_loud_sound_is_scaled_and_the_gain_told(tmp_path):
    folder = write_fair_play(tmp_path, 1, duration_s=1.2)
    tone = np.sin(np.arange(16000) * 0.3)
    write_audio(folder / SOUND.format(1), np.stack([0.5 * tone, 2 * tone]), 16000)
    clip = read_clip(folder, "000001")
    assert np.abs(clip.arrays["audio"]).max() == pytest.approx(1)
    assert clip.attributes["gain_db"] == pytest.approx(-6.02, abs=0.01)
    np.testing.assert_allclose(clip.arrays["audio"][0], 0.25 * tone, atol=1e-4)


def test_sound_as_published_is_resampled(tmp_path):
    folder = write_fair_play(tmp_path, 1, duration_s=1.2)
    time = np.arange(48000) / 48000
    write_audio(
        folder / SOUND.format(1), 0.5 * np.sin(2 * np.pi * 440 * time)[None].repeat(2, 0), 48000
    )
    run("import", "fair-play", folder, "--out", tmp_path / "fp", "--sample-rate", 16000)
    with open_dataset(tmp_path / "fp") as clips:
        audio = clips.clip("000001")["audio"]
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    np.testing.assert_allclose(audio[:, 500:-500], expected[None, 500:-500].repeat(2, 0), atol=1e-3)


def test_frames_behind_the_end_are_none_of_the_clip(tmp_path):
    folder = write_fair_play(tmp_path, 1, pictures="jpg", duration_s=1.2)
    write_audio(folder / SOUND.format(1), np.zeros((2, 16000)), 16000)
    (folder / "frames/000001.mp4/12.jpg").write_bytes(b"never looked at")
    # One may stand at the end itself: literature has "102 frames" of 10 s.
    np.testing.assert_allclose(read_clip(folder, "000001").arrays["frame_times"][-1], 1.0)


# --------------------------------------------------------------------------- the same bytes


def test_workers_kills_and_restarts_change_no_byte(recorded, dataset, tmp_path, monkeypatch):
    arguments = ("import", "fair-play", recorded, "--shard-clips", 2, "--out")
    assert run(*arguments, tmp_path / "two", "--workers", 2).exit_code == 0
    real, calls = importing.read_clip, []

    def dying(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(importing, "read_clip", dying)
    assert run(*arguments, tmp_path / "killed").exit_code == 130
    assert [path.name for path in (tmp_path / "killed/shards").iterdir()] == ["00000.h5"]
    monkeypatch.setattr(importing, "read_clip", real)
    result = run(*arguments, tmp_path / "killed")
    assert result.output.endswith("5 clips, 3 of them new, 2 splits\n")
    for name in ("two", "killed"):
        # The command is typed otherwise; all else is the same.
        assert {**content(tmp_path / name), Path("dataset.json"): b""} == {
            **content(dataset), Path("dataset.json"): b""
        }  # fmt: skip
        assert read_info(tmp_path / name) | {"command": ""} == read_info(dataset) | {"command": ""}


def test_new_clips_extend_and_old_shards_stay(copy, tmp_path):
    late = [copy / SOUND.format(2), copy / "videos/000002.mp4"]
    for path in late:
        path.rename(tmp_path / path.name)
    out = tmp_path / "fp"
    arguments = ("import", "fair-play", copy, "--out", out, "--shard-clips", 3)
    run(*arguments)
    before = content(out / "shards")
    for path in late:
        (tmp_path / path.name).rename(path)
    assert run(*arguments).output.endswith("5 clips, 1 of them new, 2 splits\n")
    after = content(out / "shards")
    assert list(map(str, after)) == ["00000.h5", "00001.h5", "00002.h5"]
    assert {name: after[name] for name in before} == before
    assert read_split(out, "random1")["train"] == ["000001", "000002", "000003"]


# --------------------------------------------------------------------------- bad clips


def break_sound(folder):
    (folder / SOUND.format(3)).write_bytes(b"no sound")


def break_sound_missing(folder):
    (folder / SOUND.format(3)).unlink()


def break_mono(folder):
    write_audio(folder / SOUND.format(3), np.zeros((1, 16000)), 16000)


def break_pointer(folder):
    (folder / SOUND.format(3)).write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:3\n"
    )


def break_picture(folder):
    (folder / "frames/000003.mp4/4.png").write_bytes(b"no picture")


def break_empty_picture(folder):
    (folder / "frames/000003.mp4/4.png").write_bytes(b"")


def break_half_jpeg(folder):
    whole = encode_jpeg(numbered(3)).tobytes()
    (folder / "frames/000003.mp4/4.png").write_bytes(whole[:-40])


def break_sizes(folder):
    picture = encode_jpeg(numbered(3, (128, 48))).tobytes()
    (folder / "frames/000003.mp4/4.png").write_bytes(picture)


def break_short(folder):
    write_audio(folder / SOUND.format(3), np.zeros((2, 48000)), 16000)


def break_video(folder):
    shutil.rmtree(folder / "frames/000003.mp4")
    (folder / "videos/000003.mp4").write_bytes(b"no video")


def break_video_cut_off(folder):
    shutil.rmtree(folder / "frames/000003.mp4")
    path = write_numbered(folder / "videos/000003.mp4", 120, fps=30.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    write_audio(folder / SOUND.format(3), np.zeros((2, 4 * 16000)), 16000)


def break_video_missing(folder):
    shutil.rmtree(folder / "frames/000003.mp4")
    (folder / "videos/000003.mp4").unlink()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (break_sound, "000003.wav: file must be readable as sound"),
        (break_sound_missing, "000003.wav: file must exist"),
        (break_mono, "000003.wav: audio has 1 channel(s), expected 2 (binaural)"),
        (break_pointer, "000003.wav: is a pointer of Git LFS; fetch the file with git lfs pull"),
        (break_picture, "000003.mp4/4.png: is damaged"),
        (break_empty_picture, "000003.mp4/4.png: is damaged"),
        (break_half_jpeg, "000003.mp4/4.png: is damaged"),
        (break_sizes, "frames must be of one size, got 64 x 48, 128 x 48"),
        (break_short, "000003.mp4: pictures end at 1.2 s, the sound at 3.0 s"),
        (break_video, "000003.mp4: file must be a whole video"),
        (break_video_cut_off, "000003.mp4: "),
        (break_video_missing, "000003.mp4: file must exist"),
    ],
)
def test_bad_clips_are_named_skipped_and_taken_when_they_are_mended(
    copy, recorded, tmp_path, damage, told
):
    damage(copy)
    out = tmp_path / "fp"
    result = run("import", "fair-play", copy, "--out", out)
    first, warning, last = result.output.splitlines()
    assert result.exit_code == 1
    assert first.startswith(str(copy))
    assert told in first
    assert first.endswith("; clip 000003 is skipped")
    assert warning == f"warning: {out}: splits name 1 clips that are not there: 000003"
    assert last == f"{out}: 4 clips, 4 of them new, 2 splits; 1 skipped"
    assert read_split(out, "random1")["train"] == ["000001", "000002"]
    shards = content(out / "shards")
    shutil.rmtree(copy)
    shutil.copytree(recorded, copy)
    result = run("import", "fair-play", copy, "--out", out)
    assert result.output == f"{out}: 5 clips, 1 of them new, 2 splits\n"
    assert content(out / "shards").items() > shards.items()
    assert verify_dataset(out, executor=SerialExecutor()).faults == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_skipped(copy, tmp_path):
    (copy / SOUND.format(3)).chmod(0)
    result = run("import", "fair-play", copy, "--out", tmp_path / "fp")
    assert "000003.wav: Permission denied; clip 000003 is skipped" in result.output


def test_a_folder_of_bad_clips_only_can_be_mended(copy, recorded, tmp_path):
    shutil.rmtree(copy / "frames")
    for path in (copy / "videos").iterdir():
        path.write_bytes(b"no video")
    result = run("import", "fair-play", copy, "--out", tmp_path / "fp")
    assert result.exit_code == 1
    assert "0 clips, 0 of them new, 2 splits; 5 skipped" in result.output
    shutil.rmtree(copy)
    shutil.copytree(recorded, copy)
    result = run("import", "fair-play", copy, "--out", tmp_path / "fp")
    assert result.output.endswith("5 clips, 5 of them new, 2 splits\n")
    assert [path.name for path in (tmp_path / "fp/shards").iterdir()] == ["00000.h5"]


# --------------------------------------------------------------------------- splits


def test_splits_are_those_given(dataset):
    given = {"kind": "given", "seed": None}
    assert read_split(dataset, "random1") == given | {
        "train": ["000001", "000002", "000003"], "val": ["000004"], "test": ["000005"]
    }  # fmt: skip
    assert read_split(dataset, "nonoverlap2") == given | {
        "train": ["000004", "000005"], "val": ["000002", "000003"], "test": ["000001"]
    }  # fmt: skip


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data/fair-play is not there")
def test_real_split_files_hold_all_clips_once():
    splits = find_splits(SHARED)
    parts = read_split_files("nonoverlap1", splits["nonoverlap1"])
    assert list(splits) == ["nonoverlap1"]
    assert [len(parts[part]) for part in PARTS] == [1497, 187, 187]
    assert parts["train"][0] == "000383"
    together = sorted(sum(parts.values(), []))
    assert together == [f"{number:06d}" for number in range(1, 1872)]


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data/fair-play is not there")
def test_splits_of_another_folder_and_unknown_ids(recorded, tmp_path):
    out = tmp_path / "fp"
    result = run("import", "fair-play", recorded, "--out", out, "--splits", SHARED)
    warning, last = result.output.splitlines()
    assert result.exit_code == 0
    assert warning.startswith(f"warning: {out}: splits name 1866 clips that are not there: 000006,")
    assert last.endswith("3 splits")
    parts = read_split(out, "nonoverlap1")
    assert sorted(sum((parts[part] for part in PARTS), [])) == [f"00000{k}" for k in range(1, 6)]


def test_all_fifteen_splits_are_found_in_order(tmp_path):
    for number in range(1, 11):
        write_random(tmp_path, number, [[1], [2], [3]])
    for number in range(1, 6):
        write_nonoverlap(tmp_path / "new_splits", number, [[1], [2], [3]])
    assert list(find_splits(tmp_path)) == [
        *(f"random{k}" for k in range(1, 10)), "random10", *(f"nonoverlap{k}" for k in range(1, 6))
    ]  # fmt: skip


@pytest.mark.parametrize(
    "entries",
    [
        [b"/private/home/x/binaural_audios/000007.wav", b"frames/000008.mp4/"],
        ["C:\\data\\binaural16k\\000007.wav", "000008"],
        [b"000007.mp3,12", b"000008.mp3 3"],
    ],
)
def test_lists_name_clips_in_many_ways(tmp_path, entries):
    folder = tmp_path / "split3"
    folder.mkdir()
    for part in PARTS:
        with h5py.File(folder / f"{part}.h5", "w") as file:
            file["audio"] = entries
    assert list(find_splits(tmp_path)) == ["random3"]
    files = find_splits(tmp_path)["random3"]
    assert read_split_files("random3", files)["val"] == ["000007", "000008"]
    text = (
        "\ufeff" + "\r\n".join(e.decode() if isinstance(e, bytes) else e for e in entries) + "\r\n"
    )
    for part in PARTS:
        (folder / f"{part}.h5").unlink()
        (folder / f"{part}.txt").write_text(text, encoding="utf-8", newline="")
    files = find_splits(tmp_path)["random3"]
    assert read_split_files("random3", files)["test"] == ["000007", "000008"]


def test_bare_numbers_are_ids_without_zeros(recorded, tmp_path):
    folder = tmp_path / "splits/split9"
    folder.mkdir(parents=True)
    for part, numbers in zip(PARTS, ([1, 2, 3], [4], [5]), strict=True):
        with h5py.File(folder / f"{part}.h5", "w") as file:
            file["anything"] = numbers
    out = tmp_path / "fp"
    assert run("import", "fair-play", recorded, "--out", out, "--splits", tmp_path).exit_code == 0
    assert read_split(out, "random9")["train"] == ["000001", "000002", "000003"]


def lose_part(folder):
    (folder / "splits/split1/val.h5").unlink()
    return "split random1 must have train, val, test, got no val; split random1 is skipped"


def break_h5(folder):
    path = folder / "splits/split1/val.h5"
    path.write_bytes(b"no HDF5")
    return f"{path}: file must be HDF5, or it is damaged; split random1 is skipped"


def break_empty_h5(folder):
    path = folder / "splits/split1/val.h5"
    with h5py.File(path, "w") as file:
        file.create_group("audio2")
    return f"{path}: file must hold a list of clips, got none; split random1 is skipped"


def break_pointer_h5(folder):
    path = folder / "splits/split1/val.h5"
    path.write_text("version https://git-lfs.github.com/spec/v1\n")
    return f"{path}: is a pointer of Git LFS; fetch the file with git lfs pull; " + (
        "split random1 is skipped"
    )


def break_text(folder):
    path = folder / "splits/split2_val.txt"
    path.write_bytes(b"\xff\xfe\x00")
    return f"{path}: file must be text in UTF-8, got other bytes; split nonoverlap2 is skipped"


def break_empty_text(folder):
    path = folder / "splits/split2_val.txt"
    path.write_text("\n \n")
    return f"{path}: file must name clips, got none; split nonoverlap2 is skipped"


@pytest.mark.parametrize(
    "damage",
    [lose_part, break_h5, break_empty_h5, break_pointer_h5, break_text, break_empty_text],
)
def test_bad_splits_are_named_and_skipped(copy, tmp_path, damage):
    told = damage(copy)
    result = run("import", "fair-play", copy, "--out", tmp_path / "fp")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        told, f"{tmp_path / 'fp'}: 5 clips, 5 of them new, 1 splits; 1 skipped"
    ]  # fmt: skip


def test_no_splits_are_warned_of(copy, tmp_path):
    shutil.rmtree(copy / "splits")
    result = run("import", "fair-play", copy, "--out", tmp_path / "fp")
    assert result.exit_code == 0
    told = f"warning: {copy}: has no split files that can be read; pass --splits DIR"
    assert result.output.splitlines()[0] == told


def test_two_files_of_a_part_are_refused(tmp_path):
    write_random(tmp_path, 1, [[1], [2], [3]])
    (tmp_path / "splits/split1/val.txt").write_text("000002")
    with pytest.raises(InputError, match=r"val.txt: .*val.h5 is val of random1 as well; remove"):
        find_splits(tmp_path)


# --------------------------------------------------------------------------- bad input


def one_line(*arguments):
    result = run(*arguments)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1, result.output
    return result.output


def test_folders_that_are_no_fair_play_are_refused(copy, tmp_path):
    out = ("--out", tmp_path / "fp")
    assert "nothing: folder must exist" in one_line(
        "import", "fair-play", tmp_path / "nothing", *out
    )
    (tmp_path / "empty").mkdir()
    told = "empty: folder must hold binaural_audios and videos or frames, as FAIR-Play does"
    assert told in one_line("import", "fair-play", tmp_path / "empty", *out)
    (tmp_path / "empty/binaural_audios").mkdir()
    assert told in one_line("import", "fair-play", tmp_path / "empty", *out)
    (tmp_path / "empty/videos").mkdir()
    told = "empty: folder must hold clips, got none"
    assert told in one_line("import", "fair-play", tmp_path / "empty", *out)
    told = "none: folder must exist"
    splits = ("--splits", tmp_path / "none")
    assert told in one_line("import", "fair-play", copy, *out, *splits)
    assert not (tmp_path / "fp").exists()


def test_bad_options_and_foreign_targets_are_refused(recorded, dataset, tmp_path):
    arguments = ("import", "fair-play", recorded, "--out")
    told = one_line(*arguments, tmp_path / "fp", "--sample-rate", 0)
    assert "sample_rate must be at least 1, got 0" in told
    told = one_line(*arguments, tmp_path / "fp", "--shard-clips", 0)
    assert "shard_clips must be at least 1, got 0" in told
    assert "workers must be at least 1" in one_line(*arguments, tmp_path / "fp", "--workers", 0)
    told = one_line(*arguments, dataset, "--shard-clips", 3)
    assert "--shard-clips was 2, now 3; choose another --out or the same options" in told
    assert "is not empty and holds no data set" in one_line(*arguments, recorded)
    assert not (tmp_path / "fp").exists()
    assert run(*arguments, tmp_path / "fp", "--sample-rate", "many").exit_code == 2


def test_help_tells_the_layout():
    for arguments in (["import"], ["import", "fair-play"]):
        result = run(*arguments, "--help")
        assert result.exit_code == 0
    assert "binaural_audios/000001.wav" in result.output
    for parameter in main.commands["import"].commands["fair-play"].params:
        assert parameter.param_type_name == "argument" or parameter.help
