"""Free floor: where a person with a camera, or a thing, can stand.

Planning asks the same of a room, which is known, and of an area of a scan, of which points are::

    draw       points of the floor           draw_support  a place on a table
    is_free    whether a camera fits there   middle        what a thing's front looks at
"""

from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

EYE_HEIGHT_M = (1.2, 1.75)

NEAR_M = 3.0
"""A thing in a scan looks at the free floor that is not farther than this."""

STOREY_M = 1.0
"""A point of the floor is not the one below a camera if it lies this much higher or lower."""

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


class RoomFloor:
    """The floor of a room.

    Parameters
    ----------
    room : Room
    """

    def __init__(self, room):
        self.room = room

    def draw(self, count, rng, *, clearance_m):
        """Draw points (n, 3) of the free floor; `count` are tried, fewer are free."""
        points = free_points(self.room, count, rng, clearance_m=clearance_m)
        return np.insert(points, 1, self.room.floor_y, axis=1)

    def is_free(self, position, clearance_m):
        """Tell whether a camera's position (3,) keeps a level distance from all that stands."""
        return bool(is_free(self.room, np.asarray(position)[[0, 2]], clearance_m))

    def draw_support(self, half_width, rng):
        """Draw a support, and a point (3,) on it with room all around; None if there is none."""
        fitting = [each for each in self.room.supports if np.all(_size(each) > half_width)]
        if not fitting:
            return None
        support = fitting[rng.integers(len(fitting))]
        margin = np.minimum(half_width, _size(support) / 2)
        x, z = rng.uniform(support.lower + margin, support.upper - margin)
        return np.array([x, support.height, z])

    def middle(self, position, rng):  # noqa: ARG002 - a room has one middle
        """Middle (x, z) of the free floor."""
        free = free_points(self.room, 300, rng, clearance_m=0.3)
        return free.mean(axis=0) if len(free) else self.room.polygon.mean(axis=0)


def _size(support):
    return support.upper - support.lower


class GroundFloor:
    """A connected area of a scan.

    Parameters
    ----------
    ground : Ground
    area : int
        Which of its areas.
    """

    def __init__(self, ground, area):
        self.area, self._ground = area, ground
        inside = ground.area == area
        self._points, self._clearance_m = ground.points[inside], ground.clearance_m[inside]

    def draw(self, count, rng, *, clearance_m):
        """Draw points (n, 3) of the free floor; `count` are tried, fewer are free."""
        points = self._points[self._clearance_m >= clearance_m]
        if not len(points):
            return points
        points = points[rng.integers(len(points), size=count)]
        shift = (rng.random((count, 2)) - 0.5) * self._ground.spacing_m
        points = points + np.insert(shift, 1, 0.0, axis=1)
        return points[self._free(points, clearance_m)]

    def is_free(self, position, clearance_m):
        """Tell whether a camera's position (3,) keeps a level distance from all that stands."""
        below = np.asarray(position) - (0, np.mean(EYE_HEIGHT_M), 0)
        return bool(self._free(below[None], clearance_m)[0])

    def _free(self, points, clearance_m):
        """Known is the clearance of the nearest point, and what lies between is lost of it."""
        _, nearest = self._tree.query(points)
        shift = points - self._points[nearest]
        apart = np.linalg.norm(shift[:, [0, 2]], axis=1)
        near = (apart <= self._ground.spacing_m) & (np.abs(shift[:, 1]) < STOREY_M)
        return near & (self._clearance_m[nearest] - apart >= clearance_m)

    @cached_property
    def _tree(self):
        return cKDTree(self._points)

    def draw_support(self, half_width, rng):
        """Draw a point (3,) on a table or the like of this area; None if there is none."""
        fitting = self._supports[self._support_half_width_m >= half_width / 2]
        return fitting[rng.integers(len(fitting))] if len(fitting) else None

    @cached_property
    def _near_supports(self):
        """Which supports belong to this area: those that can be looked at from it."""
        if not len(self._ground.supports):
            return np.zeros(0, dtype=bool)
        level = cKDTree(self._points[:, [0, 2]])
        apart, nearest = level.query(self._ground.supports[:, [0, 2]])
        rise = self._ground.supports[:, 1] - self._points[nearest, 1]
        return (apart < NEAR_M / 2) & (rise > 0) & (rise < EYE_HEIGHT_M[1])

    @property
    def _supports(self):
        return self._ground.supports[self._near_supports]

    @property
    def _support_half_width_m(self):
        return self._ground.support_half_width_m[self._near_supports]

    def middle(self, position, rng):  # noqa: ARG002 - nothing is drawn
        """Middle (x, z) of the free floor around a position."""
        near = np.linalg.norm((self._points - position)[:, [0, 2]], axis=1) < NEAR_M
        points = self._points[near] if near.any() else self._points
        return points[:, [0, 2]].mean(axis=0)


def floors(scene):
    """Where in a scene something can be filmed.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    list of RoomFloor or of GroundFloor
        One for each room, or for each area of a scan.
    """
    if not scene.is_scan:
        return [RoomFloor(room) for room in scene.rooms]
    return [GroundFloor(scene.ground, area) for area in np.unique(scene.ground.area)]
