"""What is measured of one clip, and how clips make a mean.

All measures compare (2, samples) of truth and prediction at 16 kHz, the whole clip; formulas and
conventions are those of `simbinaural.metrics.binaural`. Names that end in ``_normalized`` are of
truth and prediction each divided by its own peak: the convention of Sep-Stereo and PseudoBinaural,
while those without are 2.5D Visual Sound's.
"""

import numpy as np

from models.spectrograms import N_SAMPLES, SAMPLE_RATE
from simbinaural.audio import rms
from simbinaural.metrics import interaural_level_difference_db
from simbinaural.metrics.binaural import (
    cue_errors,
    envelope_distance,
    peak_normalized,
    phase_error,
    snr_db,
    stft_distance,
    wav_distance,
)

ASIDE_DEG = 15.0
"""Sources further from the middle have a side on which they should be louder."""

AZIMUTH_EDGES_DEG = np.arange(-90.0, 91.0, 10.0)
"""Edges of the bins in which errors of cues are gathered."""

SILENT = 1e-3
"""Windows below this level, relative to the clip's loudest, are on no side."""


def measure_clip(reference, estimated, azimuth_at=None):
    """Compare a prediction with the truth.

    Parameters
    ----------
    reference, estimated : (2, samples) numpy.ndarray
        Truth and prediction at 16 kHz, at least a window long.
    azimuth_at : callable, optional
        Takes times in seconds (k,), returns the source's azimuths (k,) in degrees, NaN where there
        is not exactly one source.

    Returns
    -------
    dict
        ``measures`` (dict of float), and where azimuths are known ``side`` (as of `count_sides`)
        and ``by_azimuth`` (as of `errors_by_azimuth`).
    """
    peaks = peak_normalized(reference), peak_normalized(estimated)
    times, ild_error, itd_error = cue_errors(reference, estimated, SAMPLE_RATE)
    found = {
        "measures": {
            "stft_distance": stft_distance(reference, estimated),
            "env_distance": envelope_distance(reference, estimated),
            "stft_distance_normalized": stft_distance(*peaks),
            "env_distance_normalized": envelope_distance(*peaks),
            "snr_db": snr_db(reference, estimated),
            "wav_distance": wav_distance(reference, estimated),
            "phase_error": phase_error(reference, estimated),
            "ild_error_db": _known_mean(np.abs(ild_error)),
            "itd_error_s": _known_mean(np.abs(itd_error)),
        }
    }
    if azimuth_at is not None:
        found["side"] = count_sides(reference, estimated, azimuth_at)
        found["by_azimuth"] = errors_by_azimuth(azimuth_at(times), ild_error, itd_error)
    return found


def count_sides(reference, estimated, azimuth_at):
    """Count windows of 0.63 s, end to end, whose louder ear is on the source's side.

    Parameters
    ----------
    reference, estimated : (2, samples) numpy.ndarray
        Truth and prediction.
    azimuth_at : callable
        As of `measure_clip`.

    Returns
    -------
    dict
        ``windows`` that count: not silent, the source more than `ASIDE_DEG` from the middle;
        ``right`` predictions among them, and ``true``, the truth's own. Ears of the same level
        count half.
    """
    starts = np.arange(0, reference.shape[1] - N_SAMPLES + 1, N_SAMPLES)
    azimuths = azimuth_at((starts + N_SAMPLES / 2) / SAMPLE_RATE)
    windows = [slice(start, start + N_SAMPLES) for start in starts]
    levels = np.array([rms(reference[:, window], axis=None) for window in windows])
    counts = (np.abs(azimuths) > ASIDE_DEG) & (levels > SILENT * levels.max())
    chosen = [(windows[k], azimuths[k]) for k in np.flatnonzero(counts)]
    right, true = (
        sum(_agreement(sound[:, window], azimuth) for window, azimuth in chosen)
        for sound in (estimated, reference)
    )
    return {"windows": len(chosen), "right": float(right), "true": float(true)}


def errors_by_azimuth(azimuths, ild_error_db, itd_error_s):
    """Gather errors of cues in bins of the source's azimuth.

    Parameters
    ----------
    azimuths : (windows,) numpy.ndarray
        Degrees; NaN where unknown.
    ild_error_db, itd_error_s : (windows,) numpy.ndarray
        Signed errors; NaN where unknown.

    Returns
    -------
    (bins, 5) numpy.ndarray
        For each bin between `AZIMUTH_EDGES_DEG` the number of windows, and the sums of level error,
        its magnitude, time error and its magnitude.
    """
    known = np.isfinite(azimuths + ild_error_db + itd_error_s)
    azimuths, ild, itd = azimuths[known], ild_error_db[known], itd_error_s[known]
    values = (np.ones(len(ild)), ild, np.abs(ild), itd, np.abs(itd))
    return np.stack(
        [np.histogram(azimuths, AZIMUTH_EDGES_DEG, weights=value)[0] for value in values], axis=1
    )


def mean_and_error(values):
    """Mean over clips and its standard error.

    Parameters
    ----------
    values : (clips,) array_like
        One of each clip; what is NaN or infinite is left out.

    Returns
    -------
    mean, standard_error : float
        NaN where there are too few.
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return (float(values[0]) if len(values) else np.nan), np.nan
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def share_and_error(hits, counts):
    """Share of all windows, and its standard error with clips as the units of chance.

    Parameters
    ----------
    hits, counts : (clips,) array_like
        Windows of each clip that hit, and that count.

    Returns
    -------
    share, standard_error : float
        NaN where there are none.

    Notes
    -----
    The windows of a clip are alike, so that they tell less than as many clips: the ratio
    estimator's error from the clips' residuals.
    """
    hits, counts = np.asarray(hits, dtype=float), np.asarray(counts, dtype=float)
    n_clips, total = np.count_nonzero(counts), counts.sum()
    if not total:
        return np.nan, np.nan
    share = hits.sum() / total
    if n_clips < 2:
        return float(share), np.nan
    scatter = np.sum((hits - share * counts) ** 2) * n_clips / (n_clips - 1)
    return float(share), float(np.sqrt(scatter) / total)


def _known_mean(values):
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan


def _agreement(ears, azimuth_deg):
    """1 where the louder ear is on the source's side, 0 on the other, 0.5 on none."""
    ild = interaural_level_difference_db(ears)
    return 0.5 + 0.5 * np.sign(np.nan_to_num(ild)) * np.sign(azimuth_deg)
