"""How far a person is from what stands in the way, by rays."""

import numpy as np

LEVELS_M = (0.3, 0.6, 0.9, 1.2, 1.5, 1.8)
"""Heights above the floor of the level rays; what is lower can be stepped over."""

DIRECTIONS = 16
"""Level rays at each height."""

REACH_M = 5.0
"""Nothing farther is looked for."""

PROBES_M = (0.15, 0.3, 0.45, 0.65, 0.9, 1.25)
"""Distances of the upright rays."""

CHUNK = 1 << 19
"""Rays that are cast at once."""


def clearances(caster, points):
    """Measure how much level room there is around points of the floor.

    Parameters
    ----------
    caster : RayCaster
        The home.
    points : (points, 3) array_like
        On the floor, world, metres.

    Returns
    -------
    (points,) numpy.ndarray
        Metres to the nearest thing between 0.3 and 1.8 m above the floor, 5 at most.

    Notes
    -----
    ::

        1.8 m  -->        |   Level rays meet what stands, but miss a table's top, which is thin.
               -->     ===|   Upright rays around the point meet that, so that its edge is known
        0.3 m  -->     |  |   to the distance between two of them, on the safe side.
               ________|__|
    """
    points = np.asarray(points, dtype=np.float32).reshape(-1, 3)
    found = np.empty(len(points))
    per_point = DIRECTIONS * max(len(LEVELS_M), len(PROBES_M))
    for first in range(0, len(points), CHUNK // per_point):
        some = slice(first, first + CHUNK // per_point)
        level = level_distances(caster, points[some]).min(axis=1)
        found[some] = np.minimum(level, _overhanging(caster, points[some], level)).min(axis=1)
    return found


def level_distances(caster, points, *, heights=LEVELS_M, n_directions=DIRECTIONS, reach=REACH_M):
    """Cast level rays.

    Parameters
    ----------
    caster : RayCaster
    points : (points, 3) numpy.ndarray of float32
    heights : sequence of float
        Metres above the points.
    n_directions : int
        Evenly around each point.
    reach : float
        Metres.

    Returns
    -------
    (points, heights, directions) numpy.ndarray of float32
        Metres to what is met first, at most `reach`.
    """
    around = compass(n_directions)
    starts = points[:, None] + np.array([(0, height, 0) for height in heights], dtype=np.float32)
    shape = (len(points), len(heights), n_directions, 3)
    origins = np.broadcast_to(starts[:, :, None], shape).reshape(-1, 3)
    rays = np.broadcast_to(around, shape).reshape(-1, 3)
    hits = caster.first_hits(np.ascontiguousarray(origins), np.ascontiguousarray(rays))
    distance = np.where(hits.face >= 0, hits.distance, reach)
    return np.minimum(distance, np.float32(reach)).reshape(shape[:3])


def compass(n_directions):
    """Level unit vectors (n, 3) of float32, evenly around, none along an axis of the world."""
    angle = 2 * np.pi * (np.arange(n_directions) + 0.37) / n_directions
    return np.stack([np.sin(angle), np.zeros(n_directions), -np.cos(angle)], axis=1).astype(
        np.float32
    )


def _overhanging(caster, points, level):
    """Distance (points, directions) before the first upright ray that is blocked.

    Those behind what the level rays meet, at the distances `level`, tell nothing new.
    """
    low, high = LEVELS_M[0], LEVELS_M[-1]
    probes = np.array(PROBES_M, dtype=np.float32)
    around = compass(DIRECTIONS)[:, None] * probes[:, None]
    starts = points[:, None, None] + around + np.array((0, low, 0), dtype=np.float32)
    up = np.broadcast_to(np.array((0, high - low, 0), dtype=np.float32), starts.shape)
    blocked = caster.blocked(
        np.ascontiguousarray(starts.reshape(-1, 3)), np.ascontiguousarray(up.reshape(-1, 3)), 1.0
    )
    before_wall = probes < level[:, :, None]
    found = blocked.reshape(starts.shape[:3]) & before_wall
    free = np.concatenate([(0.0,), PROBES_M[:-1]])[np.argmax(found, axis=2)]
    return np.where(found.any(axis=2), free, REACH_M)
