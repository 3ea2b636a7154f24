"""Free floor: where a person with a camera, or a thing, can stand in a room."""

import numpy as np

HEAD_ROOM_M = 2.0
"""Furniture that begins higher than this above the floor is in nobody's way."""


def box_distance(points, boxes):
    """Horizontal distance of points to the nearest of some boxes.

    Parameters
    ----------
    points : (..., 2) array_like
        World x, z.
    boxes : (boxes, 2, 3) numpy.ndarray
        Lower and upper corners.

    Returns
    -------
    (...) numpy.ndarray
        Metres; 0 inside, infinite without boxes.
    """
    points = np.asarray(points, dtype=float)
    if not len(boxes):
        return np.full(points.shape[:-1], np.inf)
    lower, upper = boxes[:, 0, [0, 2]], boxes[:, 1, [0, 2]]
    points = points[..., None, :]
    outside = np.maximum(np.maximum(lower - points, points - upper), 0)
    return np.min(np.linalg.norm(outside, axis=-1), axis=-1)


def is_free(room, points, clearance_m):
    """Tell which points (..., 2), world x and z, keep a distance from walls and furniture."""
    low = room.boxes[:, 0, 1] < room.floor_y + HEAD_ROOM_M
    free = room.clearance(points) >= clearance_m
    return free & (box_distance(points, room.boxes[low]) >= clearance_m)


def free_points(room, count, rng, *, clearance_m):
    """Draw points of the free floor, evenly.

    Parameters
    ----------
    room : Room
        The room.
    count : int
        How many are tried; fewer are free.
    rng : numpy.random.Generator
        Source of chance.
    clearance_m : float
        Distance to walls and furniture.

    Returns
    -------
    (points, 2) numpy.ndarray
        World x, z.
    """
    lower, upper = room.polygon.min(axis=0), room.polygon.max(axis=0)
    points = lower + (upper - lower) * rng.random((count, 2))
    return points[is_free(room, points, clearance_m)]
