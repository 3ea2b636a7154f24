"""Where a thing can stand in a scan, other than the floor: tables, shelves, sills."""

import numpy as np
from scipy.spatial import cKDTree

from simbinaural.scenes.clearance import level_distances
from simbinaural.scenes.columns import neighbors

HEIGHT_M = (0.35, 1.25)
"""Above the floor beside it."""

AIR_M = 0.4
"""Free height above it."""

LEVEL = 0.94
"""Upright share of its normal: 20 degrees."""

FLAT_M = 0.03
"""Difference of height between neighbors."""

BESIDE_M = 1.2
"""How far at most the floor is."""

LEAST_M = 0.08
"""Half width of what is wide enough for anything."""

THINGS_M = (0.05, 0.15, 0.3)
"""Heights above a support at which what stands there is looked for."""

AROUND = [(1, 0), (0, 1), (1, 1), (1, -1), (-1, 0), (0, -1), (-1, -1), (-1, 1)]


def find_supports(surfaces, floor, caster):
    """Find level places above the floor.

    Parameters
    ----------
    surfaces : Surfaces
        Of the whole home.
    floor : (points, 3) numpy.ndarray
        Where one can stand.
    caster : RayCaster

    Returns
    -------
    points : (supports, 3) numpy.ndarray
    half_width_m : (supports,) numpy.ndarray
        How wide a thing can stand there, from its middle.
    """
    if not len(floor):
        return np.zeros((0, 3)), np.zeros(0)
    level = surfaces.where((surfaces.rise >= LEVEL) & (surfaces.air_m >= AIR_M))
    level = level.where(_beside_floor(level.points, floor))
    half_width = np.minimum(_distance_to_rim(level), _room_around(level, caster))
    wide = half_width >= LEAST_M
    return level.points[wide].astype(float), half_width[wide]


def _beside_floor(points, floor):
    """Whether the floor lies within reach, and as far below as below a table."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    tree = cKDTree(floor[:, [0, 2]])
    beside = np.zeros(len(points), dtype=bool)
    apart, nearest = tree.query(
        points[:, [0, 2]], k=min(16, len(floor)), distance_upper_bound=BESIDE_M
    )
    apart, nearest = apart.reshape(len(points), -1), nearest.reshape(len(points), -1)
    rise = points[:, 1, None] - floor[np.minimum(nearest, len(floor) - 1), 1]
    fits = np.isfinite(apart) & (rise >= HEIGHT_M[0]) & (rise <= HEIGHT_M[1])
    beside |= fits.any(axis=1)
    return beside


def _distance_to_rim(level):
    """Distance (n,) to the nearest place at the same height that lacks a neighbor."""
    if not len(level):
        return np.zeros(0)
    first, _ = neighbors(level, AROUND, FLAT_M)
    rim = np.bincount(first, minlength=len(level)) < len(AROUND)
    # Heights count tenfold: the rim of another shelf is not this one's.
    stretch = np.array((1, 10, 1))
    distance, _ = cKDTree(level.points[rim] * stretch).query(level.points * stretch)
    return distance


def _room_around(level, caster):
    """Distance (n,) to what stands on it, or behind it."""
    if not len(level):
        return np.zeros(0)
    return level_distances(caster, level.points, heights=THINGS_M, n_directions=12, reach=1.0).min(
        axis=(1, 2)
    )
