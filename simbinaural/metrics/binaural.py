"""Binaural sound that was predicted, against its truth.

Every function takes (reference, estimated), in this order: the truth and the prediction, both
(2, samples) at the same sample rate, left ear first, the whole clip at once. What a measure says of
a data set is the mean over its clips. *Distances* are 0 for a perfect prediction; the conventions
are those of the public code of 2.5D Visual Sound [1]_, to which the numbers of this field go back:

- the STFT has 512 points, a Hann window of 400 samples, a hop of 160 (meant for 16 kHz), all of its
  257 rows count, and real and imaginary part count as two numbers in the mean;
- nothing is scaled before. Some codes divide truth and prediction by their own peaks first: that
  is `peak_normalized`, and makes other numbers, which must not stand in one column with these;
- values of the two ears are added for distances, and averaged for errors.

What cannot be measured is NaN.

References
----------
.. [1] Gao and Grauman, "2.5D visual sound", CVPR 2019.
"""

import numpy as np

from simbinaural.audio.levels import envelope, peak
from simbinaural.audio.spectrogram import stft
from simbinaural.errors import require, require_shape
from simbinaural.metrics.ears import interaural_cues

PHASE_RANGE_DB = 60.0
"""Bins that lie further below the loudest one have no phase worth comparing."""

MAX_ILD_DB = 40.0
"""Level differences beyond are taken as this: an ear that hears nothing would count infinitely."""


def stft_distance(reference, estimated):
    """Squared distance of the spectrograms.

    Parameters
    ----------
    reference, estimated : (2, samples) array_like
        Truth and prediction.

    Returns
    -------
    float
        At least 0, quadratic in the level.

    Notes
    -----
    Sum over ears of the mean over real and imaginary part, frequency and time of
    ``(S - S_estimated)^2``. No root is drawn: the papers print one, their code has none.
    """
    difference = stft(np.subtract(*_pair(reference, estimated)))
    return float(np.sum(np.mean(difference.real**2 + difference.imag**2, axis=(1, 2)) / 2))


def magnitude_distance(reference, estimated):
    """Squared distance of the spectrograms as complex numbers.

    Parameters
    ----------
    reference, estimated : (2, samples) array_like
        Truth and prediction.

    Returns
    -------
    float
        Twice `stft_distance`: some papers print it beside, though it says nothing new.
    """
    return 2 * stft_distance(reference, estimated)


def envelope_distance(reference, estimated):
    """Distance of the amplitude envelopes.

    Parameters
    ----------
    reference, estimated : (2, samples) array_like
        Truth and prediction.

    Returns
    -------
    float
        At least 0, proportional to the level.

    Notes
    -----
    Sum over ears of ``sqrt(mean (|hilbert x| - |hilbert x_estimated|)^2)``.
    """
    reference, estimated = _pair(reference, estimated)
    difference = envelope(reference).astype(float) - envelope(estimated)
    return float(np.sum(np.sqrt(np.mean(difference**2, axis=1))))


def wav_distance(reference, estimated):
    """Squared distance of the samples, times a thousand.

    Parameters
    ----------
    reference, estimated : (2, samples) array_like
        Truth and prediction.

    Returns
    -------
    float
        Sum over ears of the mean squared difference, times 1000.
    """
    return float(1000 * np.sum(np.mean(np.subtract(*_pair(reference, estimated)) ** 2, axis=1)))


def snr_db(reference, estimated):
    """Energy of the truth above that of the error, of both ears together.

    Parameters
    ----------
    reference, estimated : (2, samples) array_like
        Truth and prediction.

    Returns
    -------
    float
        dB; inf for a perfect prediction, NaN where the truth is silent.
    """
    reference, estimated = _pair(reference, estimated)
    signal, noise = np.sum(reference**2), np.sum((reference - estimated) ** 2)
    if signal == 0:
        return np.nan
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(signal / noise))


def phase_error(reference, estimated):
    """Mean angle between true and predicted bins of the spectrogram.

    Parameters
    ----------
    reference, estimated : (2, samples) array_like
        Truth and prediction.

    Returns
    -------
    float
        Radians, 0 to pi, whatever the levels; a random phase gives pi/2 in the mean. NaN where the
        truth is silent.

    Notes
    -----
    Bins of the truth count down to `PHASE_RANGE_DB` below the loudest of both ears. A bin in which
    the prediction is silent counts as random.
    """
    true, predicted = (stft(each) for each in _pair(reference, estimated))
    loud = np.abs(true) > np.abs(true).max() * 10 ** (-PHASE_RANGE_DB / 20)
    turned = (predicted * np.conj(true))[loud]
    if not turned.size:
        return np.nan
    return float(np.mean(np.where(turned == 0, np.pi / 2, np.abs(np.angle(turned)))))


def cue_errors(reference, estimated, sample_rate):
    """Errors of level and time difference between the ears, in windows of 50 ms.

    Parameters
    ----------
    reference, estimated : (2, samples) array_like
        Truth and prediction.
    sample_rate : float
        Hz.

    Returns
    -------
    times_s : (windows,) numpy.ndarray
        Middle of each window.
    ild_error_db, itd_error_s : (windows,) numpy.ndarray
        Estimated minus true, positive where the prediction lies too far to the left. NaN where the
        truth is more than 60 dB below its loudest window or a sound is silent.

    Notes
    -----
    Cues as of `simbinaural.metrics.interaural_cues`; level differences are cut at `MAX_ILD_DB`.
    """
    reference, estimated = _pair(reference, estimated)
    times, true_ild, true_itd = interaural_cues(reference, sample_rate)
    _, ild, itd = interaural_cues(estimated, sample_rate)
    limits = (-MAX_ILD_DB, MAX_ILD_DB)
    return times, np.clip(ild, *limits) - np.clip(true_ild, *limits), itd - true_itd


def ild_error_db(reference, estimated, sample_rate):
    """Mean magnitude of the error of the level difference between the ears.

    Parameters
    ----------
    reference, estimated : (2, samples) array_like
        Truth and prediction.
    sample_rate : float
        Hz.

    Returns
    -------
    float
        dB, over the windows of `cue_errors` in which it is known; NaN if there are none.
    """
    return _mean_magnitude(cue_errors(reference, estimated, sample_rate)[1])


def itd_error_s(reference, estimated, sample_rate):
    """Mean magnitude of the error of the time difference between the ears.

    Parameters
    ----------
    reference, estimated : (2, samples) array_like
        Truth and prediction.
    sample_rate : float
        Hz.

    Returns
    -------
    float
        Seconds, over the windows of `cue_errors` in which it is known; NaN if there are none.
    """
    return _mean_magnitude(cue_errors(reference, estimated, sample_rate)[2])


def peak_normalized(sound):
    """Divide a sound by its peak, as some codes do before they measure.

    Parameters
    ----------
    sound : (..., samples) array_like
        Both ears; the peak is that of all samples.

    Returns
    -------
    (..., samples) numpy.ndarray
        With a peak of 1; silence stays.
    """
    sound = np.asarray(sound)
    return sound / (peak(sound) or 1.0)


def _pair(reference, estimated):
    """Both as float64 arrays (2, samples) of the same length."""
    reference, estimated = np.asarray(reference, float), np.asarray(estimated, float)
    require_shape("reference", reference, (2, None))
    require(reference.shape[1] > 0, "reference must not be empty, got 0 samples")
    require_shape("estimated", estimated, reference.shape)
    return reference, estimated


def _mean_magnitude(errors):
    known = np.abs(errors[np.isfinite(errors)])
    return float(known.mean()) if known.size else np.nan
