"""Impulse responses: when they begin, how early they could, and how they look at another rate."""

import numpy as np

ONSET_CUTOFF_HZ = 7500.0

AT_ONCE = 64
"""Responses whose spectra stay in the processor's cache; thousands at once take a third longer."""


def first_arrivals(responses, sample_rate):
    """Moments at which impulse responses first come within 20 dB of their peak.

    Parameters
    ----------
    responses : (..., samples) array_like
        Impulse responses.
    sample_rate : float
        Hz.

    Returns
    -------
    (...) numpy.ndarray
        Seconds, interpolated between samples.
    """
    magnitude = np.abs(responses)
    threshold = 0.1 * magnitude.max(axis=-1, keepdims=True)
    after = np.maximum(np.argmax(magnitude >= threshold, axis=-1), 1)[..., None]
    low, high = (np.take_along_axis(magnitude, after - k, axis=-1) for k in (1, 0))
    rise = np.maximum(high - low, 1e-300)
    return (after - 1 + np.clip((threshold - low) / rise, 0, 1))[..., 0] / sample_rate


def minimum_phase_lags(responses, sample_rate):
    """Lags of impulse responses behind their minimum-phase versions.

    Parameters
    ----------
    responses : (..., samples) array_like
        Impulse responses.
    sample_rate : float
        Hz.

    Returns
    -------
    (...) numpy.ndarray
        Seconds, finer than a sample: where both resemble each other most, below 7.5 kHz (Nam, Abel
        and Smith, AES 125, 2008).
    """
    responses = np.asarray(responses)
    rows = responses.reshape(-1, responses.shape[-1])
    few = (rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE))
    lags = [_lags_of_few(each, sample_rate) for each in few]
    return np.concatenate(lags).reshape(responses.shape[:-1])


def _lags_of_few(responses, sample_rate):
    n_fft = 1 << int(np.ceil(np.log2(2 * responses.shape[-1])))
    spectra = np.fft.rfft(responses, n_fft, axis=-1)
    cross = spectra * np.conj(np.fft.rfft(minimum_phase(np.abs(spectra)), axis=-1))
    cross[..., np.fft.rfftfreq(n_fft, 1 / sample_rate) > ONSET_CUTOFF_HZ] = 0
    lags = np.fft.irfft(cross, 2 * n_fft, axis=-1)[..., :n_fft]
    return _peak(lags) / (2 * sample_rate)


def _peak(values):
    """Place of the maximum along the last axis, by a parabola through three samples."""
    top = np.clip(np.argmax(values, axis=-1), 1, values.shape[-1] - 2)[..., None]
    before, at, after = (np.take_along_axis(values, top + k, axis=-1)[..., 0] for k in (-1, 0, 1))
    bend = np.minimum(before - 2 * at + after, -1e-300)
    return top[..., 0] + np.clip(0.5 * (before - after) / bend, -1, 1)


def minimum_phase(magnitudes):
    """Turn magnitudes (..., n // 2 + 1) into the causal responses (..., n) that start soonest.

    The cepstrum is folded onto positive times (Oppenheim and Schafer); holes deeper than 80 dB are
    filled up.
    """
    n_fft = 2 * (magnitudes.shape[-1] - 1)
    floor = 1e-4 * magnitudes.max(axis=-1, keepdims=True) + 1e-300
    return np.fft.irfft(np.exp(causal(np.log(np.maximum(magnitudes, floor)))), n_fft, axis=-1)


def causal(spectra):
    """Give real spectra (..., n // 2 + 1) the imaginary parts that make them causal in time."""
    n_fft = 2 * (spectra.shape[-1] - 1)
    times = np.fft.irfft(spectra, n_fft, axis=-1)
    times[..., 1 : n_fft // 2] *= 2
    times[..., n_fft // 2 + 1 :] = 0
    return np.fft.rfft(times, axis=-1)


def resample_aligned(responses, onsets_s, rates, times_s):
    """Evaluate impulse responses at any instants from their own onsets on.

    Parameters
    ----------
    responses : (..., samples) array_like
        Impulse responses.
    onsets_s : (...) array_like
        Their onsets in seconds.
    rates : tuple of float
        Sample rate of the responses and of the result, Hz; neither band is exceeded.
    times_s : (taps,) array_like
        Instants relative to the onsets, 1 / new rate apart.

    Returns
    -------
    (..., taps) numpy.ndarray
        Scaled so that the transfer function stays what it was.

    Notes
    -----
    The Fourier sum itself: exact for any two rates and any fraction of a sample. The last 7.5 % of
    the narrower band fade out, half a cosine.
    """
    old, new = rates
    n_fft = 2 * np.shape(responses)[-1]
    frequency = np.fft.rfftfreq(n_fft, 1 / old)
    used = frequency < min(old, new) / 2
    frequency = frequency[used]
    slope = np.clip((frequency / (min(old, new) / 2) - 0.925) / 0.075, 0, 1)
    scale = np.where(frequency > 0, 2, 1) * (old / new / n_fft) * 0.5 * (1 + np.cos(np.pi * slope))
    spectra = np.fft.rfft(responses, n_fft, axis=-1)[..., used]
    spectra *= scale * np.exp(2j * np.pi * frequency * onsets_s[..., None])
    waves = np.exp(2j * np.pi * frequency[:, None] * times_s)
    return spectra.real @ waves.real - spectra.imag @ waves.imag


def fades(taps, lead):
    """Fade in over the first half of the lead, out over the last fifth."""
    window = np.ones(taps)
    rise, fall = lead // 2, taps // 5
    window[:rise] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / rise)
    window[-fall:] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 0.5) / fall)
    return window
