"""How fast ambisonic sound becomes binaural: map, choice of the view, turning and decoding.

The plain way stands beside it: one convolution for each channel and ear, the head still.
"""

import time

import numpy as np
import pytest
import scipy.signal

from ambi2binaural.energy import EnergyMeter
from ambi2binaural.rendering import BinauralStream
from ambi2binaural.viewpoint import choose_views
from simbinaural.decoding import design_decoder
from simbinaural.hrtf import load_hrtf

SECONDS = 60


def decode(blocks, decoder):
    """Both passes over the sound; the view changes every second."""
    meter = EnergyMeter(decoder.sample_rate)
    for block in blocks:
        meter.feed(block)
    stream = BinauralStream(decoder, choose_views(meter.covariances).views)
    return np.concatenate([*map(stream.feed, blocks), stream.finish()], axis=1)


def convolve_plainly(blocks, decoder):
    sound = np.concatenate(blocks, axis=1)
    return scipy.signal.oaconvolve(decoder.filters, sound[None], axes=-1).sum(axis=1)


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("sample_rate", [16_000, 48_000])
@pytest.mark.parametrize("play", [decode, convolve_plainly])
def test_times_real_time(benchmark, play, sample_rate, capsys):
    rng = np.random.default_rng(0)
    blocks = list(rng.standard_normal((SECONDS, 4, sample_rate), dtype=np.float32) / 10)
    decoder = design_decoder(load_hrtf(sample_rate=sample_rate))
    heard = benchmark.pedantic(play, (blocks, decoder), rounds=9, warmup_rounds=1)
    assert heard.shape[1] >= SECONDS * sample_rate
    factor = SECONDS / benchmark.stats.stats.median
    benchmark.extra_info["times real time"] = factor
    with capsys.disabled():
        what = f"{play.__name__} at {sample_rate} Hz"
        print(f"\n{what}: {factor:.0f} x real time")  # noqa: T201 - a benchmark's figure


@pytest.mark.benchmark(timer=time.process_time)
def test_design_of_a_decoder(benchmark):
    hrtf = load_hrtf(sample_rate=48_000)
    benchmark.pedantic(design_decoder, (hrtf,), rounds=3)
