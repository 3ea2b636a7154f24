"""What a listener hears of dry sounds: convolution with impulse responses."""

import numpy as np
import scipy.fft

from simbinaural.errors import require, require_shape

CROSSFADE_S = 0.02
"""Duration over which one impulse response replaces another."""


def convolve(source, rir):
    """Play a mono source through a binaural room impulse response.

    Parameters
    ----------
    source : (samples,) array_like
        Dry signal.
    rir : (2, taps) array_like
        Impulse responses, left ear first, at the sample rate of `source`.

    Returns
    -------
    (2, samples + taps - 1) numpy.ndarray of float32
        Signal at the two ears, tail included.

    Raises
    ------
    InputError
        If an argument has another shape or is empty.

    Notes
    -----
    Linear convolution by overlap-add, in double precision.
    """
    source, rir = np.asarray(source, dtype=float), np.asarray(rir, dtype=float)
    require_shape("source", source, (None,))
    require_shape("rir", rir, (2, None))
    require(
        source.size and rir.size,
        f"source and rir must not be empty, got {len(source)} samples and {rir.shape[1]} taps",
    )
    from scipy.signal import oaconvolve  # a third of a second that other commands need not wait

    return oaconvolve(source[None], rir, axes=-1).astype(np.float32)


def moving_convolution(dry, rirs, rir_times, sample_rate):
    r"""Play sources that stand still to a listener who moves.

    Parameters
    ----------
    dry : (sources, samples) array_like
        Dry signals.
    rirs : (rirs, sources, channels, taps) array_like
        Room impulse responses: binaural ones, left ear first, or ambisonic ones.
    rir_times : (rirs + 1,) array_like
        Seconds, growing: when each takes over; the last is the end. The first holds before the
        first time, the last beyond the end.
    sample_rate : float
        Samples per second.

    Returns
    -------
    (channels, samples) numpy.ndarray of float32
        What the ears, or other receivers, hear; the tail after the last sample is cut off.

    Raises
    ------
    InputError
        If shapes do not agree or the times do not grow.

    Notes
    -----
    With :math:`y_i` the full convolution with response *i*, the sound is
    :math:`\sum_i w_i(t)\,y_i(t)`: the outputs are faded, not the responses, so every response
    rings out its own past. The weights come from `crossfade_weights`. Only the stretch where a
    weight is above zero is computed, from that stretch of the sources and `taps` samples before.
    """
    dry, rirs = np.asarray(dry), np.asarray(rirs)
    require_shape("dry", dry, (None, None))
    require_shape("rirs", rirs, (None, len(dry), None, None))
    require_shape("rir_times", np.asarray(rir_times), (len(rirs) + 1,))
    n_samples, taps = dry.shape[1], rirs.shape[3]
    heard = np.zeros((rirs.shape[2], n_samples))
    for rir, (start, weights) in zip(
        rirs, crossfade_weights(rir_times, sample_rate, n_samples), strict=True
    ):
        if len(weights):
            stop = start + len(weights)
            past = dry[:, max(0, start - taps + 1) : stop]
            heard[:, start:stop] += weights * _convolved_end(past, rir, len(weights))
    return heard.astype(np.float32)


def _convolved_end(past, rir, count):
    """Last `count` samples of sources (sources, samples) through (sources, channels, taps)."""
    # The transform is circular; at this length what wraps around falls onto what is cut away.
    n_fft = scipy.fft.next_fast_len(count + rir.shape[-1] - 1, real=True)
    spectrum = np.zeros((rir.shape[1], n_fft // 2 + 1), complex)
    for source, response in zip(past, rir, strict=True):
        if source.any():
            spectrum += _spectrum(source, n_fft) * _spectrum(response, n_fft)
    end = past.shape[1]
    return scipy.fft.irfft(spectrum, n_fft)[:, end - count : end]


def _spectrum(samples, n_fft):
    return scipy.fft.rfft(samples.astype(float), n_fft)


def crossfade_weights(rir_times, sample_rate, n_samples):
    """When each impulse response of a moving listener is heard.

    Parameters
    ----------
    rir_times : (rirs + 1,) array_like
        Seconds, growing.
    sample_rate : float
        Samples per second.
    n_samples : int
        Length of the sound.

    Returns
    -------
    list of (start, weights)
        For each response its first sample and its weights from there on, 0 to 1; all else is 0.
        At every sample the weights of all responses add up to 1.

    Raises
    ------
    InputError
        If the times do not grow.

    Notes
    -----
    Linear ramps of 20 ms, centered on each inner time. Between short intervals they shrink, so
    that no ramp reaches beyond the middle of an interval and never three responses sound::

        1 ───────╲ ╱──────╲ ╱─────
                  ╳        ╳
        0 ───────╱ ╲──────╱ ╲─────
               time 1    time 2
    """
    times = np.asarray(rir_times, dtype=float)
    require(
        times.ndim == 1 and len(times) >= 2 and np.all(np.diff(times) > 0),
        f"rir_times must be two or more growing times, got {times}",
    )
    intervals = np.diff(times)
    half = np.minimum(CROSSFADE_S, np.minimum(intervals[:-1], intervals[1:])) / 2
    # Before the first response and after the last there is nothing to fade with.
    begin = np.concatenate([[-np.inf], times[1:-1] - half, [np.inf]])
    end = np.concatenate([[-np.inf], times[1:-1] + half, [np.inf]])
    return [
        _weights_between(begin[i : i + 2], end[i : i + 2], sample_rate, n_samples)
        for i in range(len(intervals))
    ]


def _weights_between(begin, end, sample_rate, n_samples):
    """First sample and weights of a response that rises and falls in two ramps."""
    start, stop = np.clip([begin[0] * sample_rate, end[1] * sample_rate], 0, n_samples)
    start, stop = int(np.floor(start)), int(np.ceil(stop))
    moments = np.arange(start, stop) / sample_rate
    weights = np.ones(len(moments))
    if np.isfinite(begin[0]):
        weights = np.clip((moments - begin[0]) / (end[0] - begin[0]), 0, 1)
    if np.isfinite(end[1]):
        weights -= np.clip((moments - begin[1]) / (end[1] - begin[1]), 0, 1)
    return start, weights
