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

SAMPLE_RATE = 48000
SECONDS = 60


@pytest.fixture(scope="module")
def seconds_of_sound():
    rng = np.random.default_rng(0)
    return rng.standard_normal((SECONDS, 4, SAMPLE_RATE), dtype=np.float32) / 10


def decode(blocks, decoder):
    """Both passes over the sound; the view changes every second."""
    meter = EnergyMeter(SAMPLE_RATE)
    for block in blocks:
        meter.feed(block)
    stream = BinauralStream(decoder, choose_views(meter.covariances).views)
    return np.concatenate([*map(stream.feed, blocks), stream.finish()], axis=1)


def convolve_plainly(blocks, decoder):
    sound = np.concatenate(blocks, axis=1)
    return scipy.signal.oaconvolve(decoder.filters, sound[None], axes=-1).sum(axis=1)


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("play", [decode, convolve_plainly])
def test_times_real_time(benchmark, play, seconds_of_sound, capsys):
    decoder = design_decoder(load_hrtf(sample_rate=SAMPLE_RATE))
    heard = benchmark.pedantic(play, (list(seconds_of_sound), decoder), rounds=5, warmup_rounds=1)
    assert heard.shape[1] >= SECONDS * SAMPLE_RATE
    factor = SECONDS / benchmark.stats.stats.median
    benchmark.extra_info["times real time"] = factor
    with capsys.disabled():
        print(f"\n{play.__name__}: {factor:.0f} x real time")  # noqa: T201 - a benchmark's figure


@pytest.mark.benchmark(timer=time.process_time)
def test_design_of_a_decoder(benchmark):
    hrtf = load_hrtf(sample_rate=SAMPLE_RATE)
    benchmark.pedantic(design_decoder, (hrtf,), rounds=3)
