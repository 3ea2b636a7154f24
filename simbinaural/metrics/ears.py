"""Differences between two ears.

The left ear comes first; differences are **positive towards the left**: louder there, or earlier
there. What cannot be measured is NaN.
"""

import numpy as np

from simbinaural.errors import require, require_shape
from simbinaural.geometry import to_count

MAX_ITD_S = 0.001
FINER = 16
SINC_REACH = 32  # samples: half the width of the windowed sinc that interpolates


def interaural_level_difference_db(binaural):
    """Level of the left ear above that of the right one, over all frequencies.

    Parameters
    ----------
    binaural : (2, samples) array_like
        Sound or impulse response at the ears.

    Returns
    -------
    float
        dB, positive where the left ear is louder; NaN where both are silent.
    """
    return float(_level_differences(_ears(binaural)[:, None])[0])


def interaural_time_difference_s(binaural, sample_rate):
    """Time by which the right ear lags behind the left one.

    Parameters
    ----------
    binaural : (2, samples) array_like
        Sound or impulse response at the ears.
    sample_rate : float
        Hz.

    Returns
    -------
    float
        Seconds, positive where the left ear is earlier; NaN where an ear is silent.

    Notes
    -----
    Maximum of the cross-correlation within 1 ms, band-limited interpolation by 16 and a parabola.
    """
    return float(_time_differences(_ears(binaural)[:, None], sample_rate)[0])


def interaural_cues(binaural, sample_rate, *, window_s=0.05, hop_s=0.025):
    """Course of level and time difference.

    Parameters
    ----------
    binaural : (2, samples) array_like
        Sound at the ears.
    sample_rate : float
        Hz.
    window_s, hop_s : float
        Length and distance of the Hann windows, seconds.

    Returns
    -------
    times_s : (windows,) numpy.ndarray
        Middle of each window.
    ild_db, itd_s : (windows,) numpy.ndarray
        As of the whole; NaN in windows more than 60 dB below the loudest.

    Raises
    ------
    InputError
        If the sound is shorter than a window.
    """
    binaural = _ears(binaural)
    length, hop = to_count(window_s, sample_rate), max(1, to_count(hop_s, sample_rate))
    require(
        binaural.shape[1] >= length > 1,
        f"binaural must last at least a window of {length} samples, got {binaural.shape[1]}",
    )
    frames = np.lib.stride_tricks.sliding_window_view(binaural, length, axis=1)[:, ::hop]
    frames = frames * (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length))
    energy = np.sum(frames**2, axis=(0, 2))
    silent = energy <= 1e-6 * energy.max()
    times = (np.arange(frames.shape[1]) * hop + length / 2) / sample_rate
    ild, itd = _level_differences(frames), _time_differences(frames, sample_rate)
    return times, np.where(silent, np.nan, ild), np.where(silent, np.nan, itd)


def _ears(binaural):
    binaural = np.asarray(binaural, dtype=float)
    require_shape("binaural", binaural, (2, None))
    return binaural


def _level_differences(frames):
    """Level differences (n,) of frames (2, n, samples)."""
    left, right = np.sum(frames**2, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 10 * np.log10(left / right)


def _time_differences(frames, sample_rate):
    """Time differences (n,) of frames (2, n, samples)."""
    reach = int(np.ceil(MAX_ITD_S * sample_rate))
    lags = np.arange(-reach - SINC_REACH, reach + SINC_REACH + 1)
    n_fft = 1 << int(np.ceil(np.log2(frames.shape[-1] + lags[-1])))
    left, right = np.fft.rfft(frames, n_fft, axis=-1)
    correlation = np.fft.irfft(np.conj(left) * right, n_fft, axis=-1)[:, lags]

    finer = np.arange(-reach * FINER - 1, reach * FINER + 2) / FINER
    distance = finer[:, None] - lags
    window = np.where(np.abs(distance) < SINC_REACH, np.cos(np.pi / 2 * distance / SINC_REACH), 0)
    near = correlation @ (np.sinc(distance) * window**2).T
    top = 1 + np.argmax(near[:, 1:-1], axis=1)
    before, at, after = (near[np.arange(len(near)), top + k] for k in (-1, 0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        place = finer[top] + 0.5 * (before - after) / (before - 2 * at + after) / FINER
    return np.where(at > 0, place / sample_rate, np.nan)
