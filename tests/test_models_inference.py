"""The sliding window, by networks whose answers are known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_ins import Brightness, Compressor, Gain, Listener

from models.inference import _once_each, as_seen, binauralize, binauralize_blocks
from models.spectrograms import N_SAMPLES, SAMPLE_RATE, sound
from simbinaural.errors import InputError
from simbinaural.metrics.binaural import snr_db

SECOND = SAMPLE_RATE


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def noise(n_samples, seed=0, level=0.1):
    return (level * np.random.default_rng(seed).normal(size=n_samples)).astype(np.float32)


def band_limited(n_samples, cutoff_hz=7800):
    spectrum = np.fft.rfft(noise(n_samples))
    spectrum[np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE) > cutoff_hz] = 0
    return np.fft.irfft(spectrum, n_samples).astype(np.float32)


def panned(mono, gain):
    """What the ears hear if L - R is the mix times `gain`."""
    return np.stack([mono * (1 + gain), mono * (1 - gain)])


def gray(values):
    """Pictures of one gray each."""
    return np.repeat(np.uint8(values), 8 * 16 * 3).reshape(-1, 8, 16, 3)


# --------------------------------------------------------------------------- truth


def test_the_identity_mask_gives_the_signal_back():
    mono = band_limited(2 * SECOND)
    assert snr_db(panned(mono, 1), binauralize(Gain(1.0), mono)) >= 60


@pytest.mark.parametrize("hop_s", [0.01, 0.05, 0.1, 0.2501, 0.63])
@pytest.mark.parametrize("n_samples", [N_SAMPLES, N_SAMPLES + 1, 2 * N_SAMPLES, 25_000])
def test_overlaps_average_to_what_every_window_says(hop_s, n_samples):
    mono = noise(n_samples)
    heard = binauralize(Gain(-0.5), mono, hop_s=hop_s)
    assert heard.dtype == np.float32
    np.testing.assert_allclose(heard, panned(mono, -0.5), atol=2e-6)


def test_windows_look_at_their_middles_and_the_last_ends_with_the_sound():
    asked = []

    def frame_at(times):
        asked.extend(times)
        return gray(np.zeros(len(times)))

    binauralize(Brightness(), noise(12_000), frame_at, batch_size=2)
    np.testing.assert_allclose(asked, (np.array([0, 1600, 1920]) + 5040) / SAMPLE_RATE)
    asked.clear()
    binauralize(Brightness(), noise(N_SAMPLES + 3200), frame_at, hop_s=0.2)
    np.testing.assert_allclose(asked, (np.array([0, 3200]) + 5040) / SAMPLE_RATE)


def test_each_sample_is_the_mean_of_the_windows_that_cover_it():
    mono, starts = noise(30_000), [0, 4000, 8000, 12_000, 16_000, 19_920]

    def frame_at(times):
        return gray(100 + 10 * times)

    heard = binauralize(Brightness(), mono, frame_at, hop_s=0.25, batch_size=4)
    total, count = np.zeros(30_000), np.zeros(30_000)
    for start in starts:
        picture = frame_at((np.array([start]) + 5040) / SAMPLE_RATE)
        gain = float(as_seen(torch.from_numpy(picture)).mean())
        total[start : start + N_SAMPLES] += gain
        count[start : start + N_SAMPLES] += 1
    np.testing.assert_allclose(heard, panned(mono, total / count), atol=2e-6)


def test_repeated_pictures_are_seen_in_their_places():
    values = np.array([50, 50, 90, 90, 90, 50, 20])
    seen = _once_each(gray(values), "cpu")
    np.testing.assert_array_equal(seen, as_seen(torch.from_numpy(gray(values))))


def test_networks_hear_every_window_at_the_same_level():
    network = Listener()
    mono = noise(3 * SECOND, level=0.003) * np.linspace(0.1, 5, 3 * SECOND, dtype=np.float32)
    binauralize(network, mono, hop_s=0.63)
    mix = sound(torch.cat(network.heard), N_SAMPLES).numpy()
    np.testing.assert_allclose(np.sqrt(np.mean((mix / 2) ** 2, axis=1)), 0.1, rtol=1e-4)


@given(st.floats(0.01, 10), st.integers(0, 5))
@settings(max_examples=8, deadline=None)
def test_a_louder_sound_gives_a_louder_prediction_and_nothing_else(gain, seed):
    mono = noise(N_SAMPLES + 3000, seed)
    heard, louder = (binauralize(Compressor(), factor * mono) for factor in (1, np.float32(gain)))
    np.testing.assert_allclose(louder, gain * heard, atol=2e-5 * gain)
    assert snr_db(panned(mono, 1), heard) < 20  # it does compress


def test_silence_stays_silent():
    np.testing.assert_array_equal(binauralize(Compressor(), np.zeros(2 * SECOND)), 0)


# --------------------------------------------------------------------------- legacy


@pytest.mark.parametrize("cutoff_hz", [6500, 7000, 8000])
def test_legacy_sound_is_as_wrong_as_public_code(cutoff_hz):
    """FACTS: even a perfect prediction of the difference ends at 15 to 19 dB (broadband sound)."""
    mono = band_limited(3 * SECOND, cutoff_hz)
    heard = binauralize(Gain(1.0), mono, legacy=True)
    difference = heard[0] - heard[1]
    assert 15 <= snr_db(np.stack([2 * mono] * 2), np.stack([difference] * 2)) <= 19
    np.testing.assert_allclose(heard.sum(axis=0), 2 * mono, atol=1e-6)


def test_legacy_takes_the_level_of_the_true_stereo():
    network = Listener()
    truth = np.stack([noise(N_SAMPLES), noise(N_SAMPLES, 1)])  # apart: the mean is 3 dB lower
    binauralize(network, truth.mean(axis=0), legacy=True, reference=truth)
    mix = sound(torch.cat(network.heard), N_SAMPLES).numpy()[0]
    expected = truth.sum(axis=0) * 0.1 / np.sqrt(np.mean(truth**2))
    np.testing.assert_allclose(mix, expected, atol=1e-4)


# --------------------------------------------------------------------------- streaming


@given(st.lists(st.integers(0, 26_000), max_size=5), st.integers(1, 7))
@settings(max_examples=15, deadline=None)
def test_a_stream_gives_the_same_as_the_whole(cuts, batch_size):
    mono = noise(26_000)
    options = {"hop_s": 0.2, "batch_size": batch_size}
    blocks = np.split(mono, sorted(cuts))
    streamed = list(binauralize_blocks(Compressor(), blocks, **options))
    whole = binauralize(Compressor(), mono, **options)
    np.testing.assert_array_equal(np.concatenate(streamed, axis=1), whole)


def test_a_long_stream_is_never_held():
    taken = given = 0

    def blocks():
        nonlocal taken
        for _ in range(200):
            taken += 1000
            yield noise(1000)

    for block in binauralize_blocks(Gain(0.0), blocks(), batch_size=4):
        given += block.shape[1]
        # A window, a batch of hops, and the block at hand.
        assert taken - given <= N_SAMPLES + 4 * 1600 + 1000
    assert given == taken == 200_000


def test_progress_counts_samples():
    counted = []
    binauralize(Gain(0.0), noise(3 * SECOND), batch_size=3, progress=counted.append)
    assert sum(counted) == 3 * SECOND
    assert len(counted) > 3


def test_the_batch_changes_nothing():
    mono = noise(26_000)
    one, many = (binauralize(Compressor(), mono, batch_size=size) for size in (1, 64))
    np.testing.assert_allclose(one, many, atol=1e-6)


def test_the_network_returns_to_training():
    network = Gain(0.0)
    modes = []
    network.register_forward_hook(lambda module, *_: modes.append(module.training))
    binauralize(network.train(), noise(N_SAMPLES))
    assert modes == [False]
    assert network.training


# --------------------------------------------------------------------------- refusals


def test_inference_refuses():
    with pytest.raises(InputError, match="mono must last at least a window of 0.63 s, got 0.50 s"):
        binauralize(Gain(0.0), noise(8000))
    with pytest.raises(InputError, match="got 0.00 s"):
        list(binauralize_blocks(Gain(0.0), []))
    with pytest.raises(InputError, match=r"mono must have shape \(any\), got \(2, 20000\)"):
        binauralize(Gain(0.0), np.zeros((2, 20_000)))
    with pytest.raises(InputError, match=r"reference must have shape \(2, 20000\), got \(2, 3\)"):
        binauralize(Gain(0.0), noise(20_000), reference=np.zeros((2, 3)))
    for hop_s in (0, 0.64):
        with pytest.raises(InputError, match="hop_s must lie between a sample and 0.63 s"):
            binauralize(Gain(0.0), noise(20_000), hop_s=hop_s)
    with pytest.raises(InputError, match="batch_size must be at least 1, got 0"):
        binauralize(Gain(0.0), noise(20_000), batch_size=0)
