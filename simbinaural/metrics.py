"""Measures of rooms and of ears, on arrays.

An impulse response is (taps,) or (channels, taps); the energies of all channels are summed. Its
*onset* is the first sample that comes within 20 dB of the largest magnitude of all channels. Of two
ears the left one comes first; differences between them are **positive towards the left**: louder
there, or earlier there. What cannot be measured is NaN.
"""

import numpy as np

from simbinaural.errors import require, require_shape
from simbinaural.geometry import SPEED_OF_SOUND, to_count

DIRECT_S = 0.0025
MAX_ITD_S = 0.001
FINER = 16
SINC_REACH = 32  # samples: half the width of the windowed sinc that interpolates


# --------------------------------------------------------------------------- rooms


def onset(rir):
    """Sample in which an impulse response begins.

    Parameters
    ----------
    rir : (taps,) or (channels, taps) array_like
        Impulse response.

    Returns
    -------
    int
        The first sample within 20 dB of the peak; 0 of silence.
    """
    magnitude = np.abs(_channels(rir)).max(axis=0)
    return int(np.argmax(magnitude >= 0.1 * magnitude.max()))


def energy_decay_curve(rir):
    """Energy that is still to come.

    Parameters
    ----------
    rir : (taps,) or (channels, taps) array_like
        Impulse response.

    Returns
    -------
    (taps,) numpy.ndarray
        dB, 0 at the first sample; -inf where nothing follows.

    Notes
    -----
    Schroeder, JASA 37, 1965: backward integration of the squared response.
    """
    remaining = _remaining(rir)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 10 * np.log10(remaining / remaining[0])


def reverberation_time(rir, sample_rate):
    """Time in which the sound decays by 60 dB, from the slope between -5 and -35 dB (T30).

    Parameters
    ----------
    rir : (taps,) or (channels, taps) array_like
        Impulse response without background noise. It may be cut off before its end.
    sample_rate : float
        Hz.

    Returns
    -------
    float
        Seconds; NaN where the response is cut off before it has decayed by 35 dB.

    Notes
    -----
    ISO 3382-2:2008, 5.3.3. The decay curve of a response that was cut off bends down at its end;
    the energy that is missing there is estimated from the power of its last tenth and the slope
    itself, in a few rounds.
    """
    return _decay_time(rir, sample_rate, -5.0, -35.0)


def early_decay_time(rir, sample_rate):
    """Time in which the sound would decay by 60 dB at the slope of its first 10 dB (EDT).

    Parameters
    ----------
    rir : (taps,) or (channels, taps) array_like
        Impulse response.
    sample_rate : float
        Hz.

    Returns
    -------
    float
        Seconds, counted from the onset; NaN where the decay is not reached.
    """
    return _decay_time(rir, sample_rate, 0.0, -10.0)


def clarity_db(rir, sample_rate, *, early_s=0.05):
    """Energy of the first 50 ms after the onset against the rest (C50).

    Parameters
    ----------
    rir : (taps,) or (channels, taps) array_like
        Impulse response.
    sample_rate : float
        Hz.
    early_s : float
        Where the rest begins; 0.08 for C80.

    Returns
    -------
    float
        dB; inf where there is no rest.
    """
    return _early_to_late_db(rir, to_count(early_s, sample_rate))


def direct_to_reverberant_ratio_db(rir, sample_rate):
    """Energy up to 2.5 ms after the onset against the rest (DRR).

    Parameters
    ----------
    rir : (taps,) or (channels, taps) array_like
        Impulse response; both ears count together from the first one's onset.
    sample_rate : float
        Hz.

    Returns
    -------
    float
        dB; inf where there is no rest.
    """
    return _early_to_late_db(rir, to_count(DIRECT_S, sample_rate))


def eyring_time(volume_m3, areas_m2, absorption, *, air=0.0):
    """Reverberation time of a diffuse field in a closed room.

    Parameters
    ----------
    volume_m3 : float
        Cubic metres.
    areas_m2 : (surfaces,) array_like
        Square metres.
    absorption : (surfaces,) or (surfaces, bands) array_like
        Energy fraction that each surface takes, 0 to 1.
    air : float or (bands,) array_like
        Energy that air takes, per metre (`simbinaural.acoustics.bands.air_absorption`).

    Returns
    -------
    float or (bands,) numpy.ndarray
        Seconds in which the energy decays by 60 dB.

    Notes
    -----
    T = 24 ln(10) V / (c (4 m V - S ln(1 - mean absorption))): Eyring, JASA 1, 1930, with air
    after Kuttruff, Room Acoustics, 5.24.
    """
    areas = np.asarray(areas_m2, dtype=float)
    mean = np.tensordot(areas, np.asarray(absorption, dtype=float), axes=1) / areas.sum()
    with np.errstate(divide="ignore"):
        loss = 4 * np.asarray(air) * volume_m3 - areas.sum() * np.log1p(-mean)
        time = 24 * np.log(10) * volume_m3 / (SPEED_OF_SOUND * loss)
    return float(time) if np.ndim(time) == 0 else time


def _channels(rir):
    rir = np.atleast_2d(np.asarray(rir, dtype=float))
    require(
        rir.ndim == 2 and rir.size > 0,
        f"rir must have shape (taps,) or (channels, taps) and not be empty, got {rir.shape}",
    )
    return rir


def _remaining(rir):
    energy = np.sum(_channels(rir) ** 2, axis=0)
    return np.cumsum(energy[::-1])[::-1]


def _early_to_late_db(rir, n_early):
    remaining = _remaining(rir)
    border = onset(rir) + n_early
    late = remaining[border] if border < len(remaining) else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(10 * np.log10((remaining[0] - late) / late))


def _decay_time(rir, sample_rate, upper_db, lower_db):
    """Decay time from a line through the curve between two levels, in seconds."""
    remaining = _remaining(rir)[onset(rir) :]
    remaining = remaining[remaining > 0]  # zeros at the end are no decay
    if len(remaining) < 3:
        return np.nan
    tail = max(2, len(remaining) // 10)
    power = remaining[-tail] / tail  # mean of the last tenth, per sample
    missing, slope = 0.0, np.nan
    for _ in range(5):
        level = 10 * np.log10((remaining + missing) / (remaining[0] + missing))
        slope = _slope(level, upper_db, lower_db)
        if not slope < 0:
            return np.nan
        missing = _energy_beyond(power, tail, -slope * np.log(10) / 10)
    floor_db = 10 * np.log10(max(missing, 1e-300) / (remaining[0] + missing))
    return float(-60 / slope / sample_rate) if floor_db < lower_db else np.nan


def _slope(level, upper_db, lower_db):
    """Slope in dB per sample of the least-squares line between two levels."""
    first, last = np.argmax(level <= upper_db), np.argmax(level < lower_db)
    last = last if level[last] < lower_db else len(level)
    if last - first < 2:
        return np.nan
    time = np.arange(last - first) - (last - first - 1) / 2
    return float(time @ level[first:last] / (time @ time))


def _energy_beyond(power, tail, rate):
    """Energy after the end of an exponential of some rate and mean power in its last samples."""
    drop = rate * tail
    return power * tail / np.expm1(min(drop, 700.0))


# --------------------------------------------------------------------------- ears


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
