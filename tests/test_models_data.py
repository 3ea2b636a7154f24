"""What is read for training is what was recorded, window by window."""

import dataclasses
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from recorded_clips import (
    RATE,
    recorded_clip,
    sounding_clip,
    write_clips,
    write_maps,
    write_recordings,
)

from models.data import windows
from models.data.loader import Deal, Memory, count_steps, make_loader
from models.data.preparation import (
    HEIGHT,
    WIDTH,
    Preparation,
    changed,
    leveled,
    normalized,
)
from models.data.table import ClipTable, map_label
from models.data.windows import WindowReader, nearest
from models.spectrograms import N_SAMPLES
from simbinaural.audio import moving_convolution, rms, stft
from simbinaural.errors import InputError
from simbinaural.geometry import Camera, pixels
from simbinaural.shards import ClipData, clip_faults, open_dataset, write_labels
from simbinaural.video import decode_jpeg, decode_png, encode_jpeg

ALL = frozenset({"frame", "other_frame", "rir", "rt60", "direction", "map"})


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    return write_recordings(tmp_path_factory.mktemp("data") / "sim", 6, duration_s=3.0)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "film"
    return write_recordings(folder, 3, make=recorded_clip)


@pytest.fixture(scope="module")
def table(sim):
    return ClipTable.of([sim], needs=ALL)


# --------------------------------------------------------------------------- clips for tests


def test_clips_for_tests_keep_the_contract_and_the_truth(tmp_path):
    for clip in (sounding_clip(1), sounding_clip(2, kind="tone", grain=True), recorded_clip(3)):
        assert clip_faults(clip) == []
    with open_dataset(write_recordings(tmp_path, 3)) as data:
        for clip in data:
            made = moving_convolution(clip["dry"], clip["rir"], clip["rir_times"], 16000)
            np.testing.assert_allclose(clip["audio"], made, atol=1e-6)


def test_clips_for_tests_are_louder_on_the_side_of_the_spot():
    audio = sounding_clip(0, azimuths_deg=[30, -30]).arrays["audio"]
    left, right = np.square(audio[:, :16000]).sum(axis=1)
    assert left > 2 * right
    left, right = np.square(audio[:, 16500:]).sum(axis=1)
    assert right > 2 * left


# --------------------------------------------------------------------------- table


def test_the_table_has_every_clip_or_a_part(sim, film):
    both = ClipTable.of([sim, film])
    assert len(both) == 9
    assert both.name(7) == f"{film}: clip 000001"
    np.testing.assert_array_equal(both.n_samples, [48000] * 6 + [32000] * 3)
    np.testing.assert_array_equal(both.last_start, both.n_samples - N_SAMPLES)
    part = ClipTable.of([sim, film], split="scene", part="train")
    assert part.clip_ids == ("000000", "000001", "000002", "000003", "000000")
    np.testing.assert_allclose(part.shares, [0.8, 0.2])
    weighted = ClipTable.of([sim, film], weights=[1, 3])
    np.testing.assert_allclose(weighted.shares, [0.25, 0.75])


def test_a_share_of_the_clips_is_labelled_the_same_ones_each_time(tmp_path):
    short = (recorded_clip(0, duration_s=0.7, size=(32, 16)) for _ in range(40))
    folder = write_clips(tmp_path, short, shard_clips=40)
    few, half, every = (ClipTable.of([folder], labelled=share) for share in (0.1, 0.5, 1.0))
    assert [int(each.labelled.sum()) for each in (few, half, every)] == [4, 20, 40]
    assert not np.any(few.labelled & ~half.labelled)
    np.testing.assert_array_equal(ClipTable.of([folder], labelled=0.1).labelled, few.labelled)
    assert ClipTable.of([folder], labelled=0.001).labelled.sum() == 1


def test_who_was_unsure_has_not_seen_silence(tmp_path):
    clips = (recorded_clip(k, duration_s=1.0, size=(32, 16)) for k in range(3))
    folder = write_clips(tmp_path, clips, shard_clips=3)
    empty, seen = np.zeros((16, 32), np.float32), np.eye(16, 32, dtype=np.float32)
    answers = (("unsure", empty), ("nothing", empty), ("unsure", seen))
    labels = [
        (f"{k:06d}", ClipData({"localization_map": shown}, {"label_frame": 2, "kind": kind}))
        for k, (kind, shown) in enumerate(answers)
    ]
    write_labels(folder, "points", labels)
    with open_dataset(folder) as data:
        assert [map_label(clip) is not None for clip in data] == [False, True, True]


def test_the_digest_knows_the_clips(sim, film):
    digests = {
        ClipTable.of(folders, **options).digest()
        for folders, options in [
            ([sim], {}),
            ([sim], {"needs": frozenset({"rir"})}),
            ([sim, film], {}),
            ([sim], {"split": "scene", "part": "val"}),
            ([sim], {"split": "scene", "part": "test"}),
        ]
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "other", "part": "train"}, r"other\.json: does not exist; there is scene"),
        ({"split": "scene", "part": "all"}, "part must be one of train, val, test"),
        ({"split": "scene"}, "part must be one of .*, with a split, got None"),
        ({"weights": [1, 2]}, "weights must be 1 numbers above 0.*, got 1, 2"),
        ({"weights": [0]}, "weights must be .*, got 0"),
        ({"labelled": 0}, "labelled must be above 0 and at most 1, got 0"),
        ({"needs": frozenset({"smell"})}, "needs must be of frame, .*, got smell"),
    ],
)
def test_bad_choices_are_told(sim, options, message):
    with pytest.raises(InputError, match=message):
        ClipTable.of([sim], **options)


@pytest.mark.parametrize(
    ("need", "message"),
    [
        ("rir", "clip 000000 has no rir; simbinaural render makes it"),
        ("rt60", "clip 000000 has no rt60_s; simbinaural render makes it"),
        ("direction", "clip 000000 has no source_direction; simbinaural render makes it"),
        ("map", "clip 000000 has no localization_map; annotate maps makes it"),
    ],
)
def test_what_a_data_set_lacks_is_told_with_the_remedy(film, need, message):
    with pytest.raises(InputError, match=message):
        ClipTable.of([film], needs=frozenset({need}))


def test_clips_that_do_not_fit_are_named(tmp_path):
    clip = recorded_clip(0, sample_rate=44100)
    with pytest.raises(InputError, match="000000 has 44100 samples per second, expected 16000; .*"):
        ClipTable.of([write_clips(tmp_path / "rate", [clip])])
    clips = [recorded_clip(0), recorded_clip(1, duration_s=0.6)]
    with pytest.raises(InputError, match=r"clip 000001 lasts 0\.60 s, shorter than a window"):
        ClipTable.of([write_clips(tmp_path / "short", clips)])
    clip = recorded_clip(0)
    clip.arrays.update(frames=[], frame_times=np.zeros(0))
    folder = write_clips(tmp_path / "blind", [clip])
    with pytest.raises(InputError, match="clip 000000 has no frames"):
        ClipTable.of([folder], needs=frozenset({"frame"}))
    assert len(ClipTable.of([folder])) == 1
    with pytest.raises(InputError, match="part train of split scene is empty"):
        ClipTable.of([folder], split="scene", part="train")
    with pytest.raises(InputError, match="has no clips"):
        ClipTable.of([write_clips(tmp_path / "empty", [])])
    (folder / "shards" / "00000.h5").rename(folder / "gone.h5")
    with pytest.raises(InputError, match="split scene names clip 000000, which the data set has"):
        ClipTable.of([folder], split="scene", part="test")


# --------------------------------------------------------------------------- windows


def test_a_window_is_a_part_of_its_clip(sim, table):
    reading = WindowReader(table, ALL, rir_taps=3000)
    starts = [0, 12345, 3 * RATE - N_SAMPLES]
    with open_dataset(sim) as data:
        for row, start in enumerate(starts):
            window, clip = reading.read(row, start, 0.7), data.clip(f"{row:06d}")
            np.testing.assert_array_equal(
                window["audio"], clip["audio"][:, start : start + N_SAMPLES]
            )
            middle_s = (start + N_SAMPLES / 2) / RATE
            frame = np.argmin(np.abs(clip["frame_times"] - middle_s))
            np.testing.assert_array_equal(
                window["frames"][0], decode_jpeg(clip.image("frames", frame))
            )
            assert window["azimuth_deg"] == clip["source_direction"][frame, 0, 0]
            moment = int(middle_s >= clip["rir_times"][1])
            np.testing.assert_array_equal(window["rir"][:, :2400], clip["rir"][moment, 0])
            assert not window["rir"][:, 2400:].any()
            assert window["rt60_s"] == clip["rt60_s"][moment, 0]
            mask = decode_png(clip.image("source_mask", frame))
            np.testing.assert_array_equal(window["map"], mask)
            assert (window["clip"], window["start"]) == (row, start)
            assert window["labelled"]
    assert WindowReader(table, {"rir"}, rir_taps=100).read(0, 0)["rir"].shape == (2, 100)
    reading.close()


def test_only_what_is_needed_is_read(table):
    assert set(WindowReader(table).read(0, 0)) == {"audio", "labelled", "clip", "start"}
    window = WindowReader(table, {"frame", "rt60"}).read(0, 0)
    assert set(window) == {"audio", "labelled", "clip", "start", "frames", "rt60_s"}
    assert window["frames"].shape == (1, 240, 480, 3)


def bytes_read():
    """Bytes that this process has asked the system for so far."""
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the system does not count")
def test_only_the_bytes_of_a_window_are_read(tmp_path):
    clip = sounding_clip(0, duration_s=60.0, grain=True, fps=2)
    folder = write_clips(tmp_path, [clip])
    for needs, more in (({"other_frame"}, 1000), (ALL - {"map"}, 150_000)):
        reading = WindowReader(ClipTable.of([folder]), needs)
        reading.read(0, 1000, 0.5)  # finds the arrays
        before = bytes_read()
        reading.read(0, 500_000, 0.5)
        taken = bytes_read() - before
        sizes = sorted(len(each) for each in clip.arrays["frames"])
        needed = 2 * 4 * N_SAMPLES + sizes[-1] + sizes[-2]
        assert needed - 2000 < taken < needed + more  # an RIR, and HDF5's blocks of 64 kB
        assert taken < 0.02 * (folder / "shards" / "00000.h5").stat().st_size


def test_clips_that_lie_in_chunks_are_read_too(sim, tmp_path):
    folder = tmp_path / "chunks"
    shutil.copytree(sim, folder)
    path = folder / "shards" / "00000.h5"
    with h5py.File(path, "a") as file:
        audio = file["000000/audio"][()]
        del file["000000/audio"]
        file["000000"].create_dataset("audio", data=audio, chunks=(2, 4096), compression="gzip")
    whole, chunks = (
        WindowReader(ClipTable.of([each]), {"frame"}).read(0, 7000) for each in (sim, folder)
    )
    for name in whole:
        np.testing.assert_array_equal(chunks[name], whole[name])


def test_the_other_frame_is_another_within_a_second(table):
    reading = WindowReader(table, {"other_frame"})
    clip = reading._clip(0)
    seen = {reading._neighbor(0, 7, other) for other in np.linspace(0, 0.999, 50)}
    assert seen == {2, 3, 4, 5, 6, 8, 9, 10, 11, 12}  # 5 frames per second
    seen = {reading._neighbor(0, 0, other) for other in np.linspace(0, 0.999, 50)}
    assert seen == {1, 2, 3, 4, 5}
    window = reading.read(0, 20_000, 0.0)
    frame = nearest(clip["frame_times"], (20_000 + N_SAMPLES / 2) / RATE)
    for shown, wanted in zip(window["frames"], (frame, frame - 5), strict=True):
        np.testing.assert_array_equal(shown, decode_jpeg(clip.image("frames", wanted)))


def test_a_lonely_frame_is_its_own_neighbor(tmp_path):
    folder = write_clips(tmp_path, [recorded_clip(0, duration_s=1.0, fps=1)])
    frames = WindowReader(ClipTable.of([folder]), {"other_frame"}).read(0, 0, 0.9)["frames"]
    np.testing.assert_array_equal(frames[0], frames[1])


@pytest.mark.parametrize("time", [-1.0, 0.0, 0.3, 0.49, 0.51, 1.1, 1.3, 1.31, 9.0])
def test_nearest_is_nearest(time):
    times = np.array([0.0, 1.0, 1.25, 1.5])
    assert nearest(times, time) == np.argmin(np.abs(times - time))
    assert nearest(times[:1], time) == 0


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("size", [(320, 176), (960, 480), (1000, 520)])
def test_pictures_of_other_sizes_are_scaled(monkeypatch, size, fast):
    if not fast:
        monkeypatch.setattr(windows, "simplejpeg", None)
    across = np.linspace(0, 255, size[0])[None, :, None]
    down = np.linspace(0, 255, size[1])[:, None, None]
    ramps = np.concatenate(np.broadcast_arrays(across, down, 255 - across), axis=-1)
    picture = np.empty((240, 480, 3), np.uint8)
    windows.decode_into(picture, encode_jpeg(ramps.astype(np.uint8)))
    x, y = np.linspace(0, 255, 480), np.linspace(0, 255, 240)
    inner = np.s_[8:-8, 8:-8]
    np.testing.assert_allclose(picture[..., 0][inner], np.tile(x, (240, 1))[inner], atol=4)
    np.testing.assert_allclose(picture[..., 1][inner], np.tile(y, (480, 1)).T[inner], atol=4)


def test_both_decoders_agree(monkeypatch, table):
    fast = WindowReader(table, {"frame"}).read(0, 0)["frames"]
    monkeypatch.setattr(windows, "simplejpeg", None)
    np.testing.assert_array_equal(WindowReader(table, {"frame"}).read(0, 0)["frames"], fast)


def test_damaged_pictures_are_named(tmp_path):
    clip = recorded_clip(0)
    clip.arrays["frames"] = [each[: len(each) // 2] for each in clip.arrays["frames"]]
    table = ClipTable.of([write_clips(tmp_path, [clip])], needs=frozenset({"frame"}))
    for workers in (0, 2):
        with pytest.raises(InputError, match="clip 000000: frame 2 is damaged") as caught:
            list(
                make_loader(
                    dataclasses.replace(table, last_start=table.first_start),
                    needs={"frame"},
                    workers=workers,
                )
            )
        assert "\n" not in str(caught.value)


def test_maps_come_with_their_own_frame(tmp_path):
    folder = write_recordings(tmp_path, 2, duration_s=4.0, grain=True)
    drawn = np.zeros((240, 480), np.float32)
    drawn[100:110, 50:60] = 0.5
    write_maps(folder, {"000001": drawn}, frame=9)
    table = ClipTable.of([folder], needs=frozenset({"frame", "map"}))
    np.testing.assert_array_equal(table.map_frame, [-1, 9])
    middle = round(9 / 5 * RATE)
    expected = [middle - RATE // 10 - N_SAMPLES // 2, middle + RATE // 10 - N_SAMPLES // 2]
    assert [table.first_start[1], table.last_start[1]] == expected
    reading = WindowReader(table, {"frame", "map"})
    with open_dataset(folder) as data:
        for start in expected:
            window = reading.read(1, start)
            frame = decode_jpeg(data.clip("000001").image("frames", 9))
            np.testing.assert_array_equal(window["frames"][0], frame)
            np.testing.assert_array_equal(window["map"], drawn)
    write_maps(folder, {"000001": drawn}, frame=0)
    first = ClipTable.of([folder], needs=frozenset({"frame", "map"}))
    with open_dataset(folder) as data:
        frame = decode_jpeg(data.clip("000001").image("frames", 0))
    shown = WindowReader(first, {"frame", "map"}).read(1, first.last_start[1])["frames"][0]
    np.testing.assert_array_equal(shown, frame)
    small = WindowReader(table, {"map"}, (120, 240)).read(1, expected[0])["map"]
    np.testing.assert_allclose(small[50:55, 25:30], 0.5)
    assert small.sum() == pytest.approx(0.5 * 25)


# --------------------------------------------------------------------------- loader


def numbers(loader):
    """(windows, 3): clip, start, first chance of all batches."""
    return np.concatenate(
        [
            np.stack([batch["clip"], batch["start"], batch["chance"][:, 0]], axis=-1)
            for batch in loader
        ]
    )


def test_each_clip_has_one_window_in_each_epoch(table):
    deal = Deal(table, 3)
    epochs = [deal.windows(6 * epoch, 6 * epoch + 6) for epoch in range(40)]
    for epoch in epochs:
        assert sorted(epoch.rows) == list(range(6))
    assert len({tuple(epoch.rows) for epoch in epochs}) > 30
    starts = np.concatenate([epoch.starts for epoch in epochs])
    assert starts.min() >= 0
    assert starts.max() <= 3 * RATE - N_SAMPLES
    np.testing.assert_allclose(np.quantile(starts, [0.25, 0.75]), [9480, 28440], rtol=0.25)
    chance = np.concatenate([epoch.chance for epoch in epochs])
    np.testing.assert_allclose(chance.mean(axis=0), 0.5, atol=0.08)


def test_the_last_start_can_be_drawn(tmp_path):
    folder = write_clips(tmp_path, [recorded_clip(0, duration_s=(N_SAMPLES + 1) / RATE)])
    starts = Deal(ClipTable.of([folder]), 0).windows(0, 60).starts
    assert set(starts) == {0, 1}


def test_data_sets_are_mixed_by_weight(sim, film):
    deal = Deal(ClipTable.of([sim, film], weights=[1, 4]), 0)
    rows = deal.windows(0, 9 * 50).rows
    assert np.mean(rows >= 6) == pytest.approx(0.8, abs=0.01)
    counts = np.bincount(deal.windows(0, 9).rows[deal.windows(0, 9).rows >= 6])[6:]
    assert counts.max() - counts.min() <= 1  # in turns
    unweighted = Deal(ClipTable.of([sim, film]), 0)
    assert sorted(unweighted.windows(9, 18).rows) == list(range(9))


def test_steps_may_go_over_epochs(table):
    loader = make_loader(table, batch_size=4, steps=5, seed=1)
    assert len(loader) == 5
    assert [len(batch["audio"]) for batch in loader] == [4] * 5
    assert len(make_loader(table, batch_size=4)) == count_steps(table, 4) == 2
    assert count_steps(table, 4, epochs=2) == 3
    whole = next(iter(make_loader(table, batch_size=13)))
    assert np.bincount(whole["clip"]).tolist() in [
        [2] * 6,
        *np.add(2, np.eye(6, dtype=int)).tolist(),
    ]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_training_goes_on_with_the_same_batches(table, workers):
    options = {"needs": ALL, "batch_size": 3, "steps": 12, "seed": 5}
    whole = list(make_loader(table, **options))
    later = list(make_loader(table, start_step=4, workers=workers, **options))
    assert len(later) == 8
    for batch, again in zip(whole[4:], later, strict=True):
        assert batch.keys() == again.keys()
        for name in batch:
            assert torch.equal(batch[name], again[name]), name
    other = make_loader(table, **{**options, "seed": 6})
    assert not np.array_equal(numbers(other), numbers(make_loader(table, **options)))


def test_batches_are_skipped_without_reading(table, monkeypatch):
    read = []
    monkeypatch.setattr(WindowReader, "_fill", lambda *args: read.append(args[3]))
    list(make_loader(table, batch_size=3, steps=100, start_step=99))
    assert len(read) == 3


def test_processes_deal_out_one_batch(table):
    whole = list(make_loader(table, batch_size=4, steps=4))
    halves = [list(make_loader(table, batch_size=4, steps=4, rank=k, world=2)) for k in range(2)]
    for batch, *parts in zip(whole, *halves, strict=True):
        for name in batch:
            joined = torch.stack([part[name] for part in parts], dim=1).flatten(0, 1)
            assert torch.equal(joined, batch[name]), name
    with pytest.raises(InputError, match=r"multiple of the number of processes \(2\), got 5"):
        make_loader(table, batch_size=5, world=2)


def test_validation_sees_each_clip_once_and_always_the_same(sim, film):
    weighted = ClipTable.of([sim, film], weights=[1, 9])
    loader = make_loader(weighted, batch_size=4, training=False)
    seen = numbers(loader)
    assert sorted(seen[:, 0]) == list(range(9))
    np.testing.assert_array_equal(numbers(loader), seen)
    assert [len(batch["audio"]) for batch in loader] == [4, 4, 1]


def test_memory_is_taken_again_only_when_its_batch_is_gone():
    memory, layout = Memory(), {"a": ((3, 4), np.float32)}
    first, second = (memory.tensors(layout)["a"].fill_(value) for value in (1, 2))
    kept, place = first[1], first.data_ptr()
    del first
    assert memory.tensors(layout)["a"].fill_(3).data_ptr() not in (place, second.data_ptr())
    assert kept.tolist() == [1] * 4
    del kept
    places = {tensor.data_ptr() for tensor in [memory.tensors(layout)["a"] for _ in range(2)]}
    assert place in places
    assert len(places) == 2
    assert second.data_ptr() not in places


def test_readers_may_stop_early(table):
    loader = make_loader(table, batch_size=2, steps=1000, workers=2)
    for batch, _ in zip(loader, range(3), strict=False):
        assert len(batch["audio"]) == 2


# --------------------------------------------------------------------------- preparation


def a_batch(folder, needs=ALL, **options):
    table = ClipTable.of([folder], needs=needs)
    return next(iter(make_loader(table, needs=needs, batch_size=4, **options)))


def test_spectrograms_are_those_of_the_foundation(sim):
    batch = a_batch(sim)
    prepared = Preparation().eval()(batch)
    audio = batch["audio"].numpy()
    scaled = audio * (0.1 / rms(audio.mean(axis=1)))[:, None, None]
    left, right = np.moveaxis(stft(scaled), 1, 0)
    for name, expected in {
        "left": left,
        "right": right,
        "mix": left + right,
        "difference": left - right,
    }.items():
        parts = getattr(prepared, name).numpy()
        assert parts.shape == (4, 2, 257, 64)
        np.testing.assert_allclose(parts[:, 0], expected.real, atol=2e-5)
        np.testing.assert_allclose(parts[:, 1], expected.imag, atol=2e-5)


def test_levels_are_those_of_the_mono_signal():
    audio = torch.randn(3, 2, N_SAMPLES) * torch.tensor([1.0, 0.01, 0.0])[:, None, None]
    result = leveled(audio)
    np.testing.assert_allclose(rms(result[:2].mean(dim=1).numpy()), 0.1, rtol=1e-5)
    assert torch.equal(result[2], torch.zeros(2, N_SAMPLES))
    ratio = result[:2] / audio[:2]
    np.testing.assert_allclose(ratio, ratio[:, :1, :1].expand_as(ratio), rtol=1e-4)
    faint = leveled(1e-6 * audio[:1])
    assert rms(faint.numpy(), axis=None) < 0.01


def picture_batch(chance, frames=None, **more):
    """A batch of silence with pictures whose red tells the column and green the row."""
    count = len(chance)
    if frames is None:
        frames = np.zeros((240, 480, 3), np.uint8)
        frames[..., 0] = np.arange(480) // 2
        frames[..., 1] = np.arange(240)[:, None]
        frames = torch.from_numpy(frames).expand(count, 2, 240, 480, 3)
    return {
        "audio": torch.zeros(count, 2, N_SAMPLES),
        "frames": frames,
        "labelled": torch.ones(count, dtype=torch.bool),
        "chance": torch.tensor(chance, dtype=torch.float32),
        **more,
    }


def plain(pictures):
    """Undo the normalization: 0 to 255."""
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]
    return 255 * (pictures * deviation + mean)


def test_crops_lie_where_chance_says_both_frames_alike():
    steady = [0.5, 0.5]  # factors of brightness and color of 1
    chance = [[0, 0, *steady, 0], [0.9999, 0.9999, *steady, 0], [0.5, 0.25, *steady, 0]]
    prepared = Preparation().train()(picture_batch(chance))
    for pictures in (prepared.frame, prepared.other_frame):
        assert pictures.shape == (3, 3, HEIGHT, WIDTH)
        shown = plain(pictures)
        for index, (column, row) in enumerate([(0, 0), (32, 16), (16, 4)]):
            columns = np.tile((column + np.arange(WIDTH)) // 2, (HEIGHT, 1))
            np.testing.assert_allclose(shown[index, 0], columns, atol=1e-2)
            rows = np.tile(row + np.arange(HEIGHT), (WIDTH, 1)).T
            np.testing.assert_allclose(shown[index, 1], rows, atol=1e-2)


def test_without_training_the_whole_picture_is_scaled():
    prepared = Preparation().eval()(picture_batch([[0.3] * 5]))
    shown = plain(prepared.frame[0])
    columns = ((np.arange(WIDTH) + 0.5) * 480 / WIDTH - 0.5) / 2
    np.testing.assert_allclose(shown[0], np.tile(columns, (HEIGHT, 1)), atol=0.5)
    rows = (np.arange(HEIGHT) + 0.5) * 240 / HEIGHT - 0.5
    np.testing.assert_allclose(shown[1, 2:-2], np.tile(rows, (WIDTH, 1)).T[2:-2], atol=0.1)


def test_brightness_and_color_change_by_less_than_a_third():
    grid = torch.linspace(0, 1 - 1e-6, 5)
    chance = [[0, 0, float(a), float(b), 0] for a in grid for b in grid]
    frames = torch.tensor([100, 80, 60], dtype=torch.uint8).expand(len(chance), 1, 240, 480, 3)
    shown = plain(Preparation().train()(picture_batch(chance, frames)).frame)[..., 0, 0]
    weights = torch.tensor([0.299, 0.587, 0.114])
    brightness = shown @ weights / (torch.tensor([100.0, 80, 60]) @ weights)
    expected = torch.tensor([0.7 + 0.6 * each[2] for each in chance])
    np.testing.assert_allclose(brightness, expected, rtol=1e-4)
    spread = (shown[:, 0] - shown[:, 2]) / 40 / brightness
    np.testing.assert_allclose(spread, [0.7 + 0.6 * each[3] for each in chance], rtol=1e-3)


def test_changed_pictures_stay_within_bounds():
    pictures = torch.rand(2, 3, 4, 4)
    result = changed(pictures, torch.tensor([1.3, 1.3]), torch.tensor([1.3, 0.7]))
    assert result.min() >= 0
    assert result.max() <= 1
    same = changed(pictures, torch.ones(2), torch.ones(2))
    np.testing.assert_allclose(same, pictures, atol=1e-6)


def test_pictures_are_normalized_as_imagenet():
    mean = torch.tensor([0.485, 0.456, 0.406])[None, :, None, None].expand(1, 3, 2, 2)
    np.testing.assert_allclose(normalized(mean), 0, atol=1e-6)
    one_above = mean + torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    np.testing.assert_allclose(normalized(one_above), 1, atol=1e-5)


def test_everything_is_mirrored_together(tmp_path):
    folder = write_clips(tmp_path, [sounding_clip(k, azimuths_deg=[30 - 20 * k]) for k in range(4)])
    batch = a_batch(folder)
    batch["chance"][:, :4] = 0.5
    batch["chance"][:, 4] = torch.tensor([0.1, 0.9, 0.4, 0.6])
    kept, flipped = (Preparation(flip=flip).train()(batch) for flip in (False, True))
    for index, mirrored in enumerate([True, False, True, False]):
        sign = -1 if mirrored else 1
        azimuth = float(flipped.azimuth_deg[index])
        assert azimuth == sign * float(batch["azimuth_deg"][index])
        # The truth: the spot is seen, and the map lies, where the azimuth says; the sound is
        # earlier and louder at that side.
        vector = [-np.sin(np.radians(azimuth)), 0, -np.cos(np.radians(azimuth))]
        column = pixels(Camera(480, 240, 90.0), np.array([vector]))[0, 0] - 16
        bright = (plain(flipped.frame[index]).mean(dim=0) > 160).float()
        for shown in (bright, flipped.map[index]):
            center = shown.sum(dim=0) @ torch.arange(WIDTH).float() / shown.sum()
            assert float(center) == pytest.approx(column, abs=1.5)
        ratio = flipped.left[index].square().sum() / flipped.right[index].square().sum()
        assert (ratio > 1) == (azimuth > 0)
        first = [int(each.abs().argmax()) for each in flipped.rir[index]]
        assert np.sign(first[1] - first[0]) == np.sign(azimuth)
        np.testing.assert_allclose(
            flipped.difference[index], sign * kept.difference[index], atol=1e-5
        )
        np.testing.assert_allclose(flipped.mix[index], kept.mix[index], atol=1e-5)
        for name in ("frame", "other_frame", "map"):
            turned = getattr(kept, name)[index]
            turned = turned.flip(-1) if mirrored else turned
            assert torch.equal(getattr(flipped, name)[index], turned), name


def test_flips_happen_in_training_only(sim):
    batch = a_batch(sim)
    batch["chance"][:] = 0
    prepared = Preparation(flip=True).eval()(batch)
    assert torch.equal(prepared.azimuth_deg, batch["azimuth_deg"])


def test_the_picture_alone_can_be_mirrored(sim):
    batch = a_batch(sim)
    kept, turned = (Preparation(flip_visual=flip).eval()(batch) for flip in (False, True))
    for name in ("frame", "other_frame", "map"):
        np.testing.assert_allclose(getattr(turned, name), getattr(kept, name).flip(-1), atol=1e-5)
    for name in ("left", "right", "mix", "difference", "rir", "azimuth_deg"):
        assert torch.equal(getattr(turned, name), getattr(kept, name)), name


def test_what_was_not_read_is_none(sim):
    batch = a_batch(sim, frozenset())
    prepared = Preparation().train()(batch)
    for name in ("frame", "other_frame", "rir", "rt60_s", "azimuth_deg", "map"):
        assert getattr(prepared, name) is None
    assert prepared.labelled.all()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert Preparation().train()(batch).mix.dtype == torch.float32
