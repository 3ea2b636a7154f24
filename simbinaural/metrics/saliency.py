"""Localization maps that were predicted, against their truth.

Maps are (height, width), finite and at least 0, of any scale: every measure divides them by their
sum, so that they become distributions over the pixels. Every function takes (reference, estimated),
in this order: the truth and the prediction. The names are those of the field: `cc`, `sim`, `emd`,
`kl` compare two maps; `nss` and `auc_judd` compare a map with single pixels that were pointed at
(`fixation_map`).

Codes of this field differ in conventions, so that numbers of different codes must not stand in one
column; ours are stated at each function. What cannot be measured is NaN: a map without any mass
has no place, so that its `sim` and `emd` are NaN.

References
----------
.. [1] Bylinskii, Judd, Oliva, Torralba and Durand, "What do different evaluation metrics tell us
   about saliency models?", IEEE TPAMI 41, 2019.
.. [2] Rubner, Tomasi and Guibas, "The earth mover's distance as a metric for image retrieval",
   IJCV 40, 2000.
.. [3] Wu, Wu, Ju and Wang, "Binaural audio-visual localization", AAAI 2021.
"""

import numpy as np
from scipy.integrate import trapezoid

from simbinaural.errors import InputError, require, require_shape

EPSILON = 1e-20
"""Of equations 6 and 7 of [3]_."""

CELLS = 32
"""Cells across the width of a map, between which `emd` moves mass."""


def cc(reference, estimated):
    """Correlation coefficient of two maps.

    Parameters
    ----------
    reference, estimated : (height, width) array_like
        Truth and prediction.

    Returns
    -------
    float
        -1 to 1, 1 for a perfect prediction; 0 where a map is the same everywhere.

    Notes
    -----
    Pearson's coefficient over all pixels, ``cov(p, q) / (std(p) std(q))`` [1]_.
    """
    p, q = _pair(reference, estimated)
    if np.ptp(p) == 0 or np.ptp(q) == 0:
        return 0.0
    p, q = _centered(p), _centered(q)
    return float(np.clip(np.sum(p * q), -1, 1))


def sim(reference, estimated):
    """Similarity of two maps: the mass that they share.

    Parameters
    ----------
    reference, estimated : (height, width) array_like
        Truth and prediction.

    Returns
    -------
    float
        0 to 1, 1 for a perfect prediction; NaN where a map is empty.

    Notes
    -----
    ``sum min(p, q)``, the histogram intersection [1]_.
    """
    p, q = (_distribution(each) for each in _pair(reference, estimated))
    return float(np.minimum(p, q).sum())


def emd(reference, estimated, *, n_columns=CELLS):
    """Earth mover's distance of two maps: how far mass has to be moved to make one of the other.

    Parameters
    ----------
    reference, estimated : (height, width) array_like
        Truth and prediction.
    n_columns : int
        Cells across the width.

    Returns
    -------
    float
        Cells, at least 0; a shift by d whole cells is d. NaN where a map is empty.

    Raises
    ------
    InputError
        If POT is not installed.

    Notes
    -----
    Optimal transport [2]_ by POT's network simplex, between maps that are sum-pooled to square
    cells of ``width / n_columns`` pixels; a pixel on the border of cells is shared by its area. The
    last row of cells may reach beyond the map. Cost is the Euclidean distance of the centers of
    cells. Mass that both maps have in a cell stays there, which changes nothing, since distances
    obey the triangle inequality, and leaves less to solve.
    """
    require(n_columns >= 1, f"n_columns must be at least 1, got {n_columns}")
    transport = _load_transport()
    p, q = (_distribution(each) for each in _pair(reference, estimated))
    if np.isnan(p[0, 0]) or np.isnan(q[0, 0]):
        return np.nan
    surplus = _pooled(p, n_columns) - _pooled(q, n_columns)
    sources, targets = np.argwhere(surplus > 0), np.argwhere(surplus < 0)
    # What is left by rounding cannot be moved, and need not be.
    if not len(sources) or not len(targets):
        return 0.0
    cost = np.linalg.norm(sources[:, None] - targets[None], axis=-1)
    given, taken = surplus[tuple(sources.T)], -surplus[tuple(targets.T)]
    moved = given.sum()
    share = transport(given / moved, taken / taken.sum(), cost, numItermax=1_000_000)
    return float(moved * share)


def kl(reference, estimated):
    """Kullback-Leibler divergence of a predicted map from the true one.

    Parameters
    ----------
    reference, estimated : (height, width) array_like
        Truth and prediction.

    Returns
    -------
    float
        Nats: 0 for a perfect prediction, about 46 where all true mass lies where nothing was
        predicted.

    Notes
    -----
    Equations 6 and 7 of [3]_ with T of the truth and F of the prediction, each divided by its sum
    + 1e-20: ``sum T log(T / (F + 1e-20) + 1e-20)``. Printed is ``T / F``, which is 0 / 0 where
    both are 0.
    """
    truth, found = _pair(reference, estimated)
    truth, found = truth / (truth.sum() + EPSILON), found / (found.sum() + EPSILON)
    return float(np.sum(truth * np.log(truth / (found + EPSILON) + EPSILON)))


def nss(fixations, estimated):
    """Normalized scanpath saliency: how high a map is where one has pointed.

    Parameters
    ----------
    fixations : (height, width) array_like
        Other than 0 at the pixels that were pointed at; see `fixation_map`.
    estimated : (height, width) array_like
        Prediction.

    Returns
    -------
    float
        Standard deviations above the mean of the map; 0 by chance, and where the map is the same
        everywhere. NaN without fixations.

    Notes
    -----
    Mean over the fixated pixels of ``(q - mean(q)) / std(q)`` [1]_, with the deviation of all
    pixels (n, not n - 1).
    """
    fixated, estimated = _fixated(fixations, estimated)
    if not fixated.any():
        return np.nan
    if np.ptp(estimated) == 0:
        return 0.0
    return float((estimated[fixated].mean() - estimated.mean()) / estimated.std())


def auc_judd(fixations, estimated):
    """Area under the curve of hits over false alarms, as by Judd.

    Parameters
    ----------
    fixations : (height, width) array_like
        Other than 0 at the pixels that were pointed at; see `fixation_map`.
    estimated : (height, width) array_like
        Prediction.

    Returns
    -------
    float
        0 to 1; 1 where all fixated pixels are higher than all others, 0.5 where the map is the
        same everywhere. NaN if no pixel or every pixel was pointed at.

    Notes
    -----
    AUC-Judd of [1]_: the thresholds are the map's values at fixated pixels. A hit is a fixated
    pixel at or above the threshold, a false alarm any other pixel at or above it; the corners are
    joined by lines, from (0, 0) to (1, 1). The original adds noise to tell equal values apart; here
    they are taken together, which needs no chance. With few fixations the lines cut corners: a
    single one at the median gives 0.75, so that numbers compare only between maps of the same
    fixations.
    """
    fixated, estimated = _fixated(fixations, estimated)
    hits, others = np.sort(estimated[fixated]), np.sort(estimated[~fixated])
    if not hits.size or not others.size:
        return np.nan
    thresholds = np.unique(hits)[::-1]
    rates = [
        np.concatenate([[0], 1 - np.searchsorted(values, thresholds) / values.size, [1]])
        for values in (others, hits)
    ]
    return float(trapezoid(rates[1], rates[0]))


def fixation_map(points, size):
    """Mark the pixels that points fall into.

    Parameters
    ----------
    points : (points, 2) array_like
        x and y in pixels, from the left upper corner of the picture.
    size : (int, int)
        Width and height.

    Returns
    -------
    (height, width) numpy.ndarray of bool
        Points on the right or lower edge belong to the last pixel.

    Raises
    ------
    InputError
        If a point lies outside.
    """
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    inside = np.all((points >= 0) & (points <= size), axis=1)
    rule = f"points must lie within {size[0]} x {size[1]} pixels"
    require(inside.all(), f"{rule}, got {points[~inside][:1].tolist()}")
    marks = np.zeros(size[::-1], dtype=bool)
    columns, rows = np.minimum(points.astype(int), np.subtract(size, 1)).T
    marks[rows, columns] = True
    return marks


def _pair(reference, estimated):
    """Both as float64 maps of the same shape, finite and at least 0."""
    maps = [np.asarray(each, dtype=float) for each in (reference, estimated)]
    require_shape("reference", maps[0], (None, None))
    require_shape("estimated", maps[1], maps[0].shape)
    for name, each in zip(("reference", "estimated"), maps, strict=True):
        require(each.size > 0, f"{name} must not be empty, got shape {each.shape}")
        require(np.all(np.isfinite(each)), f"{name} must be finite, got NaN or infinity")
        require(each.min() >= 0, f"{name} must be at least 0 everywhere, got {each.min():g}")
    return maps


def _fixated(fixations, estimated):
    """Fixated pixels as bool, and a map of the same shape."""
    fixations, estimated = _pair(np.asarray(fixations) != 0, estimated)
    return fixations > 0, estimated


def _distribution(values):
    """Divide by the sum; NaN everywhere if that is 0."""
    # The peak first: sums of huge or tiny numbers leave the range of floats.
    peak = values.max()
    if peak == 0:
        return np.full_like(values, np.nan)
    values = values / peak
    return values / values.sum()


def _centered(values):
    """Without the mean, of length 1; the map is not the same everywhere."""
    values = (values - values.min()) / np.ptp(values)
    values = values - values.mean()
    return values / np.linalg.norm(values)


def _pooled(values, n_columns):
    """Sums (rows, n_columns) over square cells."""
    height, width = values.shape
    edge = width / n_columns
    return _shares(height, edge).T @ values @ _shares(width, edge)


def _shares(length, edge):
    """Share (length, cells) of each pixel that lies in each cell of `edge` pixels."""
    # Rounded first: 176 / (320 / 32) may miss a whole number by a bit.
    cells = np.arange(np.ceil(np.round(length / edge, 9)))
    first = np.arange(length)[:, None]
    inside = np.minimum(first + 1, (cells + 1) * edge) - np.maximum(first, cells * edge)
    return np.clip(inside, 0, None)


def _load_transport():
    try:
        from ot import emd2
    except ImportError:
        raise InputError(
            "emd needs POT, which is not installed; pip install 'simbinaural[annotate]'"
        ) from None
    return emd2
