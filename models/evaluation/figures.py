"""Pictures of what networks learned, as PNG: figures 9 and 10 of 002, and errors by azimuth.

Colors are those of maps that stay readable in gray and to color-blind eyes (viridis; twilight's
kin for what has two sides).
"""

from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from simbinaural.errors import require
from simbinaural.shards.writer import replacing

DPI = 120

CUES = {
    "ild_db": ("Level difference (ILD)", "dB", 1),
    "itd_s": ("Time difference (ITD)", "µs", 1e6),
}
"""Title, unit and factor of what the ears compare."""

KINDS = {"error": "mean magnitude of the error", "bias": "mean error (positive: too far left)"}

LINES = ("o-", "s--", "^:", "d-.")
"""Of networks: told apart even where they coincide."""

PCA_DIMENSIONS = 50
"""What t-SNE is given: more would be noise."""


def draw_errors_by_azimuth(path, reports):
    """Plot errors of level and time difference by the source's azimuth.

    Parameters
    ----------
    path : path-like
        PNG to write.
    reports : dict of str to dict
        Name of each network, and its errors as of `Report.by_azimuth`.

    Raises
    ------
    InputError
        If no azimuths are known.
    """
    reports = {name: errors for name, errors in reports.items() if errors}
    require(reports, "reports must know the source's azimuth, got none that does")
    figure = _figure(9, 6.4)
    grid = figure.subplots(2, 2, sharex=True)
    for axes, (kind, what) in zip(grid, KINDS.items(), strict=True):
        for axis, (cue, (title, unit, factor)) in zip(axes, CUES.items(), strict=True):
            measure = cue.replace("_", f"_{kind}_")
            for (name, errors), line in zip(reports.items(), cycle(LINES), strict=False):
                values = factor * np.array(errors[measure], dtype=float)
                axis.plot(errors["azimuth_deg"], values, line, label=name, alpha=0.8)
            if kind == "bias":
                axis.axhline(0, color="gray", linewidth=0.8)
            axis.set_title(f"{title}: {what}", fontsize=9)
            axis.set_ylabel(unit)
            axis.grid(alpha=0.3)
    # More to the left is drawn further to the left.
    grid[0, 0].invert_xaxis()
    for axis in grid[1]:
        axis.set_xlabel("Azimuth of the source in degrees (positive: left)")
    grid[0, 0].legend(fontsize=8)
    figure.suptitle("Errors of what the ears compare, by the side of the source")
    _save(figure, path)


def draw_activations(path, looks, *, title="Activation of the visual network", columns=4):
    """Lay over pictures where the visual features are strong.

    Parameters
    ----------
    path : path-like
        PNG to write.
    looks : sequence of Look
        Pictures with features.
    title : str
        Above all.
    columns : int
        Pictures side by side.
    """
    require(looks, "looks must be at least one, got none")
    columns = min(columns, len(looks))
    n_rows = -(-len(looks) // columns)
    height, width = looks[0].picture.shape[:2]
    tile = 3.2
    figure = _figure(tile * columns + 0.9, (tile * height / width + 0.35) * n_rows + 0.5)
    grid = figure.subplots(n_rows, columns, squeeze=False)
    for axis in grid.flat:
        axis.set_axis_off()
    for axis, look in zip(grid.flat, looks, strict=False):
        heat = activation(look.features, (width, height))
        axis.imshow(look.picture)
        shown = axis.imshow(heat, cmap="inferno", alpha=0.15 + 0.6 * heat, vmin=0, vmax=1)
        axis.set_title(_caption(look), fontsize=8)
    bar = figure.colorbar(shown, ax=grid, shrink=0.8, pad=0.01)
    bar.set_label("relative activation")
    figure.suptitle(title)
    _save(figure, path)


def activation(features, size):
    """Strength of features by place.

    Parameters
    ----------
    features : (channels, rows, columns) numpy.ndarray
        Of a visual network.
    size : (width, height)
        Of the picture.

    Returns
    -------
    (height, width) numpy.ndarray of float32
        Mean magnitude over channels, stretched from 0 at the weakest to 1 at the strongest place.
    """
    strength = np.abs(features).mean(axis=0).astype(np.float32)
    strength -= strength.min()
    strength /= strength.max() or 1.0
    return np.clip(cv2.resize(strength, size, interpolation=cv2.INTER_CUBIC), 0, 1)


def draw_tsne(path, looks, *, seed=0, title="Visual features"):
    """Plot a t-SNE projection of visual features, colored by RT60 and by azimuth.

    Parameters
    ----------
    path : path-like
        PNG to write.
    looks : sequence of Look
        Pictures with features, at least 5.
    seed : int
        Source of chance.
    title : str
        Above all.
    """
    points = project([look.features for look in looks], seed=seed)
    figure = _figure(11, 5)
    left, right = figure.subplots(1, 2)
    rt60 = np.array([look.rt60_s for look in looks])
    azimuth = np.array([look.azimuth_deg for look in looks])
    reach = np.nanmax(np.abs(azimuth)) if np.isfinite(azimuth).any() else 90.0
    _scatter(left, points, rt60, "RT60 in seconds", cmap="viridis")
    limits = {"vmin": -reach, "vmax": reach}
    label = "azimuth of the source in degrees (positive: left)"
    _scatter(right, points, azimuth, label, cmap="coolwarm", **limits)
    left.set_title("colored by the reverberation time")
    right.set_title("colored by the direction of the source")
    figure.suptitle(f"{title}: t-SNE of {len(looks)} pictures")
    _save(figure, path)


def project(features, *, seed=0):
    """Project features onto a plane.

    Parameters
    ----------
    features : sequence of (channels, rows, columns) numpy.ndarray
        At least 5.
    seed : int
        Source of chance.

    Returns
    -------
    (pictures, 2) numpy.ndarray of float32
        t-SNE of the first `PCA_DIMENSIONS` principal components. All places count, unpooled: where
        something is seen is what the networks need.

    Raises
    ------
    InputError
        If there are too few, or all are the same.
    """
    # Imported here: only this figure needs it.
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    flat = np.stack([np.ravel(each) for each in features]) if len(features) else np.zeros((0, 0))
    require(len(flat) >= 5, f"t-SNE must have at least 5 pictures, got {len(flat)}")
    # scikit-learn's process would end without a word: it divides by their spread.
    differ = np.isfinite(flat).all() and np.any(flat != flat[0])
    require(differ, "features of pictures must be finite and differ, got all the same, or NaN")
    dimensions = min(PCA_DIMENSIONS, *flat.shape)
    reduced = PCA(dimensions, random_state=seed).fit_transform(flat)
    perplexity = min(30.0, (len(flat) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)


def _scatter(axis, points, values, label, **style):
    unknown = ~np.isfinite(values)
    axis.scatter(*points[unknown].T, s=14, c="lightgray", label="unknown")
    shown = axis.scatter(*points[~unknown].T, s=18, c=values[~unknown], **style)
    axis.figure.colorbar(shown, ax=axis, label=label)
    axis.set_xticks([])
    axis.set_yticks([])
    if unknown.any():
        axis.legend(fontsize=8)


def _caption(look):
    known = "" if np.isnan(look.azimuth_deg) else f", source at {look.azimuth_deg:+.0f}°"
    return f"{Path(look.name).name}{known}"


def _figure(width, height):
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def _save(figure, path):
    """Write a PNG, whole or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
