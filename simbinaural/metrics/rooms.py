"""Measures of rooms, on impulse responses.

An impulse response is (taps,) or (channels, taps); the energies of all channels are summed. Its
*onset* is the first sample that comes within 20 dB of the largest magnitude of all channels. What
cannot be measured is NaN.
"""

import numpy as np

from simbinaural.errors import require
from simbinaural.geometry import SPEED_OF_SOUND, to_count

DIRECT_S = 0.0025


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
