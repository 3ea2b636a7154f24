"""Flat outlines and curves that solids are drawn with."""

import numpy as np
from scipy.interpolate import CubicSpline


def spline(points, count, *, closed=False):
    """Draw a smooth curve through points, resampled to equal steps.

    Parameters
    ----------
    points : (points, dimensions) array_like
        What the curve goes through.
    count : int
        Points of the result.
    closed : bool, optional
        Come back to the first point (which is not repeated).

    Returns
    -------
    (count, dimensions) numpy.ndarray
    """
    points = np.asarray(points, dtype=float)
    if closed:
        points = np.concatenate([points, points[:1]])
    chord = np.cumsum([0, *np.linalg.norm(np.diff(points, axis=0), axis=1) ** 0.5])
    curve = CubicSpline(chord, points, bc_type="periodic" if closed else "natural")
    fine = curve(np.linspace(0, chord[-1], 40 * count))
    length = np.cumsum([0, *np.linalg.norm(np.diff(fine, axis=0), axis=1)])
    steps = np.linspace(0, length[-1], count, endpoint=not closed)
    return np.stack([np.interp(steps, length, column) for column in fine.T], axis=1)


def straight(start, end, *, parts=4):
    """Points (parts + 1, 3) on a line: light is stored at vertices, and buried ends see none."""
    share = np.linspace(0, 1, parts + 1)[:, None]
    return (1 - share) * np.asarray(start) + share * np.asarray(end)


def rounded_rectangle(width, height, radius, *, steps=3):
    """Corners (4 * (steps + 1), 2) of a rectangle with round corners, counterclockwise."""
    angle = np.radians(np.linspace(0, 90, steps + 1) + np.array([[0], [90], [180], [270]]))
    center = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (
        width / 2 - radius,
        height / 2 - radius,
    )
    arc = radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return (center[:, None] + arc).reshape(-1, 2)


def mirrored(half):
    """Close a right half (points, 2), drawn from the bottom upwards, with its mirror image."""
    half = np.asarray(half, dtype=float)
    inner = half[(half[:, 0] > 0)]
    return np.concatenate([half, (inner * (-1, 1))[::-1]])
