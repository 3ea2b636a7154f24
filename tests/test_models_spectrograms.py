"""Spectrograms as tensors, and what inference can reach with a perfect mask."""

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.spectrograms import (
    N_BINS,
    N_ROWS,
    N_SAMPLES,
    N_TIMES,
    SAMPLE_RATE,
    apply_mask,
    ears,
    legacy_sound,
    sound,
    spectrogram,
    with_last_row,
)
from simbinaural.audio import istft, stft
from simbinaural.errors import InputError


def noise(*shape, seed=0):
    return (0.1 * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def band_limited(n_samples, *, below_hz=7800, seed=0):
    """Noise without anything above `below_hz`, faded in and out."""
    white = np.random.default_rng(seed).normal(size=n_samples)
    taps = scipy.signal.firwin(1023, below_hz - 100, window=("kaiser", 14), fs=SAMPLE_RATE)
    limited = scipy.signal.oaconvolve(white, taps, mode="same")
    return torch.from_numpy(0.1 * limited * scipy.signal.windows.tukey(n_samples, 0.2)).float()


def as_complex(spec):
    return spec[..., 0, :, :].numpy() + 1j * spec[..., 1, :, :].numpy()


def snr_db(truth, estimate):
    return 10 * float(torch.log10(truth.pow(2).sum() / (truth - estimate).pow(2).sum()))


# ------------------------------------------------------------- agreement with simbinaural.audio


def test_a_window_has_the_shape_that_networks_expect():
    assert (N_BINS, N_ROWS, N_TIMES) == (257, 256, 64)
    assert spectrogram(torch.zeros(3, 2, N_SAMPLES)).shape == (3, 2, 2, N_BINS, N_TIMES)


@pytest.mark.parametrize("n_samples", [257, 1000, 1120, 10080, 10239, 16001])
def test_spectrogram_is_that_of_the_foundation(n_samples):
    samples = noise(2, n_samples)
    ours = as_complex(spectrogram(torch.from_numpy(samples)))
    np.testing.assert_allclose(ours, stft(samples), atol=1e-5)


@pytest.mark.parametrize("n_samples", [257, 1000, 1120, 10080, 10239, 16001])
def test_sound_is_that_of_the_foundation_for_changed_spectrograms_too(n_samples):
    shape = (2, N_BINS, n_samples // 160 + 1)
    changed = (noise(*shape, seed=1) + 1j * noise(*shape, seed=2)).astype(np.complex64)
    spec = torch.from_numpy(np.stack([changed.real, changed.imag], axis=1))
    np.testing.assert_allclose(sound(spec, n_samples), istft(changed, n_samples), atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(n_samples=st.integers(257, 4000), seed=st.integers(0, 9))
def test_sound_undoes_spectrogram(n_samples, seed):
    samples = torch.from_numpy(noise(2, 3, n_samples, seed=seed))
    back = sound(spectrogram(samples), n_samples)
    assert back.shape == samples.shape
    # Where a last hop is cut short, few windows reach, and rounding grows.
    inside = slice(0, n_samples // 160 * 160 + 1)
    np.testing.assert_allclose(back[..., inside], samples[..., inside], atol=1e-5)


def test_float32_is_kept_under_autocast_and_half_precision_is_raised():
    samples = torch.from_numpy(noise(2, N_SAMPLES))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        spec = spectrogram(samples)
        assert spec.dtype == torch.float32
        torch.testing.assert_close(sound(spec, N_SAMPLES), samples, atol=1e-5, rtol=0)
        assert sound(spec.bfloat16(), N_SAMPLES).dtype == torch.float32
    assert spectrogram(samples.double()).dtype == torch.float64


# ---------------------------------------------------------------------------------------- masks


def test_mask_is_a_complex_factor():
    spec = spectrogram(torch.from_numpy(noise(4, N_SAMPLES)))
    mask = torch.from_numpy(noise(4, 2, N_ROWS, N_TIMES, seed=3))
    product = as_complex(apply_mask(mask, spec))
    np.testing.assert_allclose(
        product, (as_complex(mask) * as_complex(spec)[:, :N_ROWS]), atol=1e-5
    )


def test_a_bfloat16_mask_leaves_the_mix_in_float32():
    spec = spectrogram(torch.from_numpy(noise(1, N_SAMPLES)))
    ones = torch.stack([torch.ones(1, N_ROWS, N_TIMES), torch.zeros(1, N_ROWS, N_TIMES)], dim=1)
    assert torch.equal(apply_mask(ones.bfloat16(), spec), spec[..., :N_ROWS, :])


def test_row_257_takes_the_mask_of_row_256():
    mask = torch.from_numpy(noise(2, 2, N_ROWS, N_TIMES))
    whole = with_last_row(mask)
    assert whole.shape == (2, 2, N_BINS, N_TIMES)
    assert torch.equal(whole[..., :N_ROWS, :], mask)
    assert torch.equal(whole[..., 256, :], mask[..., 255, :])


def test_ears_are_half_the_sum_and_the_difference():
    left, right = torch.from_numpy(noise(2, 100))
    for ear, truth in zip(ears(left + right, left - right), (left, right), strict=True):
        torch.testing.assert_close(ear, truth)


# ----------------------------------------------------------------- what a perfect mask can reach


def identity_mask():
    return torch.stack([torch.ones(N_ROWS, N_TIMES), torch.zeros(N_ROWS, N_TIMES)])


def test_identity_mask_returns_the_sound():
    samples = band_limited(N_SAMPLES)
    masked = apply_mask(with_last_row(identity_mask()), spectrogram(samples))
    assert snr_db(samples, sound(masked, N_SAMPLES)) > 60


def test_even_without_row_257_a_band_limited_sound_returns():
    samples = band_limited(N_SAMPLES)
    masked = apply_mask(identity_mask(), spectrogram(samples))
    padded = torch.nn.functional.pad(masked, (0, 0, 0, 1))
    assert snr_db(samples, sound(padded, N_SAMPLES)) > 60


def test_legacy_ends_where_public_code_does():
    samples = band_limited(N_SAMPLES)
    masked = apply_mask(identity_mask(), spectrogram(samples))
    assert 15 < snr_db(samples, legacy_sound(masked, N_SAMPLES)) < 19


def test_legacy_is_an_inverse_for_an_fft_of_510():
    """Overlap-add frame by frame, in the order of the public code."""
    rows = stft(noise(N_SAMPLES))[:N_ROWS]
    taper = np.pad(scipy.signal.get_window("hann", 400), 55)
    total, weight = np.zeros((2, 510 + 160 * 63))
    for k in range(N_TIMES):
        total[k * 160 : k * 160 + 510] += np.fft.irfft(rows[:, k], 510) * taper
        weight[k * 160 : k * 160 + 510] += taper**2
    weight[weight < 1e-30] = 1
    spec = torch.from_numpy(np.stack([rows.real, rows.imag]))
    ours = legacy_sound(spec, N_SAMPLES)
    np.testing.assert_allclose(ours, (total / weight)[255 : 255 + N_SAMPLES], atol=1e-5)


# ------------------------------------------------------------------------------------ bad input


def test_too_short_a_sound_is_refused():
    with pytest.raises(InputError, match="more than 256, got 256"):
        spectrogram(torch.zeros(2, 256))


@pytest.mark.parametrize("shape", [(257, 64), (3, 257, 64), (2, 256, 64)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match=r"shape \(\.\.\., 2, 257, frames\)"):
        sound(torch.zeros(shape), N_SAMPLES)


def test_legacy_wants_256_rows():
    with pytest.raises(InputError, match=r"shape \(\.\.\., 2, 256, frames\)"):
        legacy_sound(torch.zeros(2, 257, 64), N_SAMPLES)


def test_a_length_of_other_frames_is_refused():
    with pytest.raises(InputError, match="must give 64 frames of hop 160, got 10079"):
        sound(torch.zeros(2, 257, 64), N_SAMPLES - 1)
