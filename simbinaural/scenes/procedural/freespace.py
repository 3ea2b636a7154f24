"""Where one can walk between the furniture."""

import numpy as np
from scipy.ndimage import label, maximum_filter1d

CELL = 0.1
WALK = 0.3
"""Half of a passage's width: who walks there comes no nearer to anything, metres."""
FREE_SHARE = 0.42
"""Share of the floor within reach of who walks, at least."""
BEFORE_DOOR = 0.45
"""How far into the room one must get from a door, metres."""


class FreeSpace:
    """The cells of a floor that one can walk on.

    Parameters
    ----------
    room : PlannedRoom
    """

    def __init__(self, room):
        polygon = room.polygon
        self._corner = polygon.min(axis=0) - CELL
        counts = np.ceil(np.ptp(polygon, axis=0) / CELL).astype(int) + 2
        self._x, self._z = (
            self._corner[axis] + (np.arange(counts[axis]) + 0.5) * CELL for axis in (0, 1)
        )
        self._floor = self._inside(polygon)
        self._open = self._floor.copy()
        for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            self._block(self._open, (*np.minimum(start, end), *np.maximum(start, end)))
        doors = [_before(room, each) for each in room.openings if each.kind == "door"]
        self._doors = np.floor((np.array(doors) - self._corner) / CELL).astype(int).T

    def is_livable(self, footprints):
        """Whether enough floor is free, in one piece, and reaches all doors.

        Parameters
        ----------
        footprints : iterable of (4,) array_like
            Furniture on the floor: x0, z0, x1, z1.
        """
        free = self._open.copy()
        for area in footprints:
            self._block(free, area)
        parts, count = label(free)
        if count == 0:
            return False
        largest = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
        reach = maximum_filter1d(largest, 2 * round(WALK / CELL) + 1, axis=0)
        reach = maximum_filter1d(reach, 2 * round(WALK / CELL) + 1, axis=1) & self._floor
        return bool(
            reach[tuple(self._doors)].all() and reach.sum() >= FREE_SHARE * self._floor.sum()
        )

    def _inside(self, polygon):
        """Cells whose middle lies in an axis-aligned polygon."""
        inside = np.zeros((len(self._x), len(self._z)), dtype=bool)
        for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if start[0] == end[0]:
                low, high = sorted((start[1], end[1]))
                along = (low <= self._z) & (self._z < high)
                inside ^= (self._x < start[0])[:, None] & along
        return inside

    def _block(self, cells, area):
        """Clear the cells from which something in a rectangle is nearer than `WALK`."""
        x0, z0, x1, z1 = area
        x = np.searchsorted(self._x, (x0 - WALK, x1 + WALK))
        z = np.searchsorted(self._z, (z0 - WALK, z1 + WALK))
        cells[x[0] : x[1], z[0] : z[1]] = False


def _before(room, door):
    """Point (x, z) before the middle of a door."""
    start, along, inward, _ = room.wall(door.wall)
    return start + along * (door.start + door.end) / 2 + inward * BEFORE_DOOR
