"""What windows for training cost, beside reading them as 2.5D Visual Sound does.

There each item reads a WAV and a PNG file as a whole, and crops, changes and transforms them on the
CPU. librosa, which does so in that code, is replaced by the lighter soundfile and scipy, so that
the ratio is rather too small. Ratios within one run: the figures of one machine say nothing of
another.
"""

import resource
import time

import cv2
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image, ImageEnhance
from recorded_clips import write_recordings

from models.data.loader import make_loader
from models.data.preparation import Preparation
from models.data.table import ClipTable
from models.spectrograms import N_SAMPLES, SAMPLE_RATE
from simbinaural.audio import stft
from simbinaural.shards import open_dataset
from simbinaural.video import decode_jpeg

N_CLIPS, DURATION_S, FPS = 32, 10.0, 5
BATCH = 64
MEAN, DEVIATION = np.array([[[0.485, 0.456, 0.406]], [[0.229, 0.224, 0.225]]], np.float32)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    options = {"duration_s": DURATION_S, "fps": FPS, "grain": True, "shard_clips": 8}
    return write_recordings(tmp_path_factory.mktemp("speed") / "sim", N_CLIPS, **options)


@pytest.fixture(scope="module")
def files(dataset, tmp_path_factory):
    """WAV and PNG files of the same clips."""
    folder = tmp_path_factory.mktemp("speed") / "files"
    with open_dataset(dataset) as data:
        for clip in data:
            (folder / clip.id).mkdir(parents=True)
            soundfile.write(folder / clip.id / "sound.wav", clip["audio"].T, SAMPLE_RATE)
            for index, image in enumerate(clip["frames"]):
                path = folder / clip.id / f"{index:06d}.png"
                cv2.imwrite(str(path), decode_jpeg(image)[..., ::-1])
    return sorted(folder.iterdir())


class PlainItems(torch.utils.data.Dataset):
    """Items as 2.5D Visual Sound makes them."""

    def __init__(self, clips):
        self.clips = clips

    def __len__(self):
        return 100_000

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        folder = self.clips[index % len(self.clips)]
        audio = soundfile.read(folder / "sound.wav", dtype="float32")[0].T
        start = rng.integers(0, audio.shape[1] - N_SAMPLES)
        audio = audio[:, start : start + N_SAMPLES]
        audio = audio * (0.1 / np.sqrt(np.mean(audio.mean(axis=0) ** 2)))
        frame = round((start + N_SAMPLES / 2) / SAMPLE_RATE * FPS)
        spectra = stft(np.stack([audio[0] + audio[1], audio[0] - audio[1]]))
        return {"frame": self.picture(folder / f"{frame:06d}.png", rng), "spectra": spectra}

    def picture(self, path, rng):
        image = Image.open(path).convert("RGB").resize((480, 240))
        x, y = rng.integers(0, 33), rng.integers(0, 17)
        image = image.crop((x, y, x + 448, y + 224))
        image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.7, 1.3))
        image = ImageEnhance.Color(image).enhance(rng.uniform(0.7, 1.3))
        pixels = (np.asarray(image, np.float32) / 255 - MEAN) / DEVIATION
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def exhaust(loader):
    return sum(len(next(iter(batch.values()))) for batch in loader)


def cpu_per_window(loader):
    """CPU seconds of this process, with all its threads, for one window."""
    start = time.process_time()
    count = exhaust(loader)
    return (time.process_time() - start) / count


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def plain_cost(files):
    items = torch.utils.data.Subset(PlainItems(files), range(2 * BATCH))
    loader = torch.utils.data.DataLoader(items, BATCH)
    return min(cpu_per_window(loader) for _ in range(2))


@pytest.mark.benchmark(timer=time.perf_counter)
@pytest.mark.parametrize("needs", ["", "frame", "other_frame", "rir", "all"])
@pytest.mark.parametrize("workers", [1, 2])
def test_windows(benchmark, dataset, plain_cost, needs, workers):
    known = {"": (), "rir": ("frame", "rir"), "all": ("other_frame", "rir", "rt60", "direction")}
    needs = frozenset(known.get(needs, (needs,)))
    table = ClipTable.of([dataset], needs=needs)
    loader = make_loader(table, needs=needs, batch_size=BATCH, steps=10, workers=workers)
    exhaust(make_loader(table, needs=needs, batch_size=BATCH, steps=1))
    count = benchmark.pedantic(exhaust, (loader,), rounds=3)
    assert count == 10 * BATCH
    ours = cpu_per_window(loader)
    benchmark.extra_info["windows_per_s"] = count / benchmark.stats.stats.min
    benchmark.extra_info["cpu_us_per_window"] = 1e6 * ours
    benchmark.extra_info["plain_cpu_us_per_window"] = 1e6 * plain_cost
    benchmark.extra_info["times_plain"] = plain_cost / ours
    benchmark.extra_info["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("training", [True, False])
def test_preparation_on_the_cpu(benchmark, dataset, training):
    needs = frozenset({"frame"})
    table = ClipTable.of([dataset], needs=needs)
    batch = next(iter(make_loader(table, needs=needs, batch_size=16)))
    prepare = Preparation().train(training)
    prepared = benchmark.pedantic(prepare, (batch,), rounds=5, warmup_rounds=1)
    assert prepared.frame.shape == (16, 3, 224, 448)
    benchmark.extra_info["ms_per_window"] = 1e3 * benchmark.stats.stats.min / 16


def test_the_table(benchmark, dataset):
    table = benchmark(ClipTable.of, [dataset], needs=frozenset({"frame", "rir", "direction"}))
    benchmark.extra_info["us_per_clip"] = 1e6 * benchmark.stats.stats.min / len(table)
