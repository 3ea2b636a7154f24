"""The contract: what is written is read, whole or not at all, and the same bytes each time."""

import h5py
import numpy as np
import pytest

from simbinaural.errors import InputError
from simbinaural.shards import (
    ClipData,
    PartReader,
    clip_faults,
    join_parts,
    open_dataset,
    places,
    read_info,
    read_split,
    write_info,
    write_labels,
    write_shard,
    write_split,
)
from simbinaural.shards.reader import open_shard


def recorded_clip(rng, n_frames=3, n_samples=1600):
    images = [rng.integers(0, 255, 50 + k, dtype=np.uint8) for k in range(n_frames)]
    return ClipData(
        {
            "audio": rng.standard_normal((2, n_samples)).astype(np.float32),
            "frames": images,
            "frame_times": np.arange(n_frames) / 5,
        },
        {
            "sample_rate": 16000,
            "fps": 5.0,
            "width": 480,
            "height": 240,
            "projection": "perspective",
            "fov_deg": 90.0,
            "gain_db": 0.0,
            "hrtf": "none",
            "origin": "recorded",
            "scene": "studio",
        },
    )


@pytest.fixture
def dataset(tmp_path):
    write_info(tmp_path, {"command": "test"})
    rng = np.random.default_rng(1)
    write_shard(tmp_path / "shards/00000.h5", [(f"{k:06d}", recorded_clip(rng)) for k in range(2)])
    return tmp_path


def test_parts_become_a_shard(dataset):
    rng = np.random.default_rng(1)
    whole, parts = dataset / "shards/00000.h5", [dataset / "a.part", dataset / "b.part"]
    for k, part in enumerate(parts):
        write_shard(part, [(f"{k:06d}", recorded_clip(rng))])
    with pytest.raises(InputError, match="exists; a shard is never written again"):
        join_parts(whole, parts)
    whole.rename(dataset / "expected.h5")
    join_parts(whole, parts)
    assert not any(part.exists() for part in parts)
    with h5py.File(whole) as joined, h5py.File(dataset / "expected.h5") as expected:
        assert list(joined) == list(expected) == ["000000", "000001"]
        for clip_id, clip in expected.items():
            assert dict(joined[clip_id].attrs) == dict(clip.attrs)
            for name in clip:
                np.testing.assert_equal(list(joined[clip_id][name]), list(clip[name]))


def test_what_is_written_is_read(dataset):
    rng = np.random.default_rng(1)
    with open_dataset(dataset) as data:
        assert data.clip_ids == ("000000", "000001")
        for clip in data:
            expected = recorded_clip(rng)
            assert clip.attributes == expected.attributes
            np.testing.assert_array_equal(clip["audio"], expected.arrays["audio"])
            np.testing.assert_array_equal(
                clip.part("audio", slice(10, 20)), expected.arrays["audio"][:, 10:20]
            )
            for k, image in enumerate(expected.arrays["frames"]):
                np.testing.assert_array_equal(clip.image("frames", k), image)


@pytest.mark.parametrize("lengths", [(7,), (5, 5, 5), (0, 0), (0, 3), (1, 2, 3)])
def test_images_of_any_length_are_written(tmp_path, lengths):
    clip = recorded_clip(np.random.default_rng(0), n_frames=len(lengths))
    both = np.arange(14, dtype=np.uint8)  # every second byte: they need not follow one another
    images = [both[k : k + 2 * length : 2] for k, length in enumerate(lengths)]
    clip.arrays["frames"] = images
    write_shard(tmp_path / "shard.h5", [("000000", clip)])
    with open_shard(tmp_path / "shard.h5") as (found,):
        assert [list(image) for image in found["frames"]] == [list(image) for image in images]


def test_the_same_clips_give_the_same_bytes(dataset, tmp_path):
    rng = np.random.default_rng(1)
    again = tmp_path / "again.h5"
    write_shard(again, [(f"{k:06d}", recorded_clip(rng)) for k in range(2)])
    assert again.read_bytes() == (dataset / "shards/00000.h5").read_bytes()


def test_a_shard_is_never_written_again(dataset):
    with pytest.raises(InputError, match=r"00000\.h5: exists"):
        write_shard(dataset / "shards/00000.h5", [])


def test_a_failure_leaves_nothing_behind(tmp_path):
    def clips():
        yield "000000", recorded_clip(np.random.default_rng(0))
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_shard(tmp_path / "shards/00000.h5", clips())
    assert list((tmp_path / "shards").iterdir()) == []


def test_clips_that_break_the_contract_are_not_written(tmp_path):
    clip = recorded_clip(np.random.default_rng(0))
    clip.arrays["frame_times"] = clip.arrays["frame_times"][:2]
    with pytest.raises(ValueError, match="frame_times has 2 frames, expected 3"):
        write_shard(tmp_path / "00000.h5", [("000000", clip)])


@pytest.mark.parametrize(
    ("name", "broken", "fault"),
    [
        ("audio", np.zeros((1, 1600), np.float32), "audio has 1 ears, expected 2"),
        ("audio", np.zeros((2, 1600)), "audio must be float32, got float64"),
        ("audio", np.zeros(1600, np.float32), "audio must have shape"),
        ("dry", np.zeros((1, 1500), np.float32), "dry has 1500 samples, expected 1600"),
    ],
)
def test_faults_are_named(name, broken, fault):
    clip = recorded_clip(np.random.default_rng(0))
    clip.arrays[name] = broken
    assert fault in "\n".join(clip_faults(clip))


def test_missing_things_are_named():
    clip = recorded_clip(np.random.default_rng(0))
    clip.attributes["origin"] = "simulated"
    del clip.attributes["fps"], clip.arrays["audio"]
    faults = clip_faults(clip)
    for fault in ("audio is missing", "rir is missing", "attribute fps is missing"):
        assert fault in faults


def test_rir_times_has_one_more_than_rirs():
    clip = recorded_clip(np.random.default_rng(0))
    clip.arrays["rir"] = np.zeros((2, 1, 2, 8), np.float32)
    clip.arrays["rir_times"] = np.array([0.0, 0.05])
    assert clip_faults(clip) == ["rir_times has 1 rirs, expected 2"]


def test_arrays_carry_their_axes(tmp_path):
    write_info(tmp_path, {})
    clip = recorded_clip(np.random.default_rng(0))
    clip.arrays["energy_map"] = np.ones((1, 2, 3), np.float32)
    clip.axes["energy_map"] = {"azimuth_deg": np.arange(3.0), "elevation_deg": np.arange(2.0)}
    write_shard(tmp_path / "shards/00000.h5", [("000000", clip)])
    with open_dataset(tmp_path) as data:
        axes = data.clip("000000").axes("energy_map")
        np.testing.assert_array_equal(axes["azimuth_deg"], [0, 1, 2])
        np.testing.assert_array_equal(axes["elevation_deg"], [0, 1])


def test_labels_are_joined_on_reading(dataset):
    label = ClipData({"points": np.array([[0, 3.5, 4.5]])}, {"sigma": 4.0})
    write_labels(dataset, "clicks", [("000001", label)])
    with open_dataset(dataset) as data:
        assert data.clip("000000").labels == {}
        group = data.clip("000001").labels["clicks"]
        np.testing.assert_array_equal(group["points"], [[0, 3.5, 4.5]])
        assert group.attrs["sigma"] == 4.0


def test_damaged_shards_are_named(dataset):
    whole = (dataset / "shards/00000.h5").read_bytes()
    (dataset / "shards/00001.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"00001\.h5: is damaged"):
        open_dataset(dataset)


def test_folders_that_are_no_data_sets_are_refused(tmp_path):
    with pytest.raises(InputError, match="is not a data set"):
        open_dataset(tmp_path)
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(InputError, match="is not valid JSON"):
        read_info(tmp_path)
    (tmp_path / "dataset.json").write_text("{}")
    with pytest.raises(InputError, match="schema_version"):
        read_info(tmp_path)
    (tmp_path / "dataset.json").write_text('{"schema_version": 99}')
    with pytest.raises(InputError, match="newer version"):
        read_info(tmp_path)


def test_unknown_clip_is_named(dataset):
    with open_dataset(dataset) as data, pytest.raises(InputError, match="has no clip 000009"):
        data.clip("000009")


def test_splits_are_read_back(dataset):
    split = {"kind": "random", "seed": 1, "train": ["000000"], "val": [], "test": ["000001"]}
    write_split(dataset, "random", split)
    assert read_split(dataset, "random") == split
    with pytest.raises(InputError, match="there is random"):
        read_split(dataset, "scene")
    (dataset / "splits/bad.json").write_text("[]")
    with pytest.raises(InputError, match="is not a split"):
        read_split(dataset, "bad")


def test_filters_are_portable(tmp_path):
    clip = recorded_clip(np.random.default_rng(0))
    clip.arrays["rir"] = np.zeros((2, 1, 2, 8), np.float32)
    clip.arrays["rir_times"] = np.array([0.0, 0.05, 0.1])
    clip.arrays["ambisonics"] = np.zeros((4, 1600), np.float32)
    write_shard(tmp_path / "00000.h5", [("000000", clip)])
    with h5py.File(tmp_path / "00000.h5") as file:
        assert file["000000/rir"].compression == "gzip"
        for sound in ("audio", "ambisonics"):
            assert file[f"000000/{sound}"].compression is None


def test_more_shards_than_open_files(tmp_path):
    write_info(tmp_path, {})
    rng = np.random.default_rng(1)
    for k in range(70):
        write_shard(tmp_path / f"shards/{k:05d}.h5", [(f"{k:06d}", recorded_clip(rng, 1, 10))])
    with open_dataset(tmp_path) as data:
        clips = list(data)
        assert [clip["audio"].shape for clip in clips] == [(2, 10)] * 70


def test_parts_are_read_by_their_places(tmp_path):
    rng = np.random.default_rng(4)
    clips = [recorded_clip(rng, n_frames=40), recorded_clip(rng, n_frames=3)]
    lengths = [1, 7, 8, 9, 100, 1000, 4000, 4096, 5000, 70_000] * 4
    clips[0].arrays["frames"] = [rng.integers(0, 255, length, dtype=np.uint8) for length in lengths]
    write_info(tmp_path, {})
    path = tmp_path / "shards" / "00000.h5"
    write_shard(path, [(f"{k:06d}", clip) for k, clip in enumerate(clips)])
    parts = PartReader()
    with open_dataset(tmp_path) as data:
        found = [clip.places() for clip in data]
    for place, clip in zip(found, clips, strict=True):
        sound = np.empty((2, 500), np.float32)
        parts.read_sound(place, 1000, sound)
        np.testing.assert_array_equal(sound, clip.arrays["audio"][:, 1000:1500])
        for k, image in enumerate(clip.arrays["frames"]):
            np.testing.assert_array_equal(parts.read_image(place, k), image)
    whole = path.read_bytes()
    parts.close()
    path.write_bytes(whole[: found[0].audio + 100])
    with pytest.raises(InputError, match=r"00000\.h5: is damaged"):
        parts.read_sound(found[0], 0, sound)
    cut = whole[: whole.index(clips[0].arrays["frames"][9].tobytes()) + 10]
    for damaged in (whole[:3000], cut, whole.replace(b"GCOL", b"GOAL")):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"00000\.h5: is damaged"):
            parts.read_image(found[0], 9)


def test_parts_of_more_shards_than_open_files(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "MAX_OPEN_FILES", 2)
    write_info(tmp_path, {})
    rng = np.random.default_rng(1)
    clips = [recorded_clip(rng) for _ in range(5)]
    for k, clip in enumerate(clips):
        write_shard(tmp_path / f"shards/{k:05d}.h5", [(f"{k:06d}", clip)])
    with open_dataset(tmp_path) as data:
        found = [clip.places() for clip in data]
    parts = PartReader()
    for k in (0, 1, 2, 3, 4, 0, 1, 2):
        image = parts.read_image(found[k], 1)
        np.testing.assert_array_equal(image, clips[k].arrays["frames"][1])
    assert len(parts._files) == 2
