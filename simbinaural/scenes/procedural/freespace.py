"""Where one can walk between the furniture."""

import numpy as np
from scipy.ndimage import distance_transform_edt, label

CELL = 0.1
CLEARANCE = 0.35
"""Between the camera and what stands around it, metres."""
FREE_SHARE = 0.42
"""Share of the floor that must be within reach, at least."""


def is_livable(room, footprints):
    """Whether enough floor is free, in one piece, and reaches all doors.

    Parameters
    ----------
    room : PlannedRoom
    footprints : (n, 4) array_like
        Furniture on the floor: x0, z0, x1, z1.
    """
    floor, corner = _floor_cells(room.polygon)
    empty = floor & ~_covered(footprints, floor.shape, corner)
    clear = distance_transform_edt(empty) * CELL > CLEARANCE
    parts, count = label(clear)
    if count == 0:
        return False
    largest = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    # What the body of one who stands there reaches.
    reach = distance_transform_edt(~largest) * CELL
    if (floor & (reach <= CLEARANCE)).sum() < FREE_SHARE * floor.sum():
        return False
    doors = np.array([_before(room, each) for each in room.openings if each.kind == "door"])
    cells = np.floor((doors - corner) / CELL).astype(int)
    return bool((reach[cells[:, 0], cells[:, 1]] <= CLEARANCE).all())


def _floor_cells(polygon):
    """Cells whose centers lie inside a polygon, with a rim around; and the grid's corner."""
    corner = polygon.min(axis=0) - 2 * CELL
    counts = np.ceil((np.ptp(polygon, axis=0) + 4 * CELL) / CELL).astype(int)
    x, z = (corner[axis] + (np.arange(counts[axis]) + 0.5) * CELL for axis in (0, 1))
    inside = np.zeros(tuple(counts), dtype=bool)
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if start[0] == end[0]:
            along = (min(start[1], end[1]) <= z) & (z < max(start[1], end[1]))
            inside ^= (x < start[0])[:, None] & along
    return inside, corner


def _covered(footprints, shape, corner):
    """Cells that furniture touches."""
    covered = np.zeros(shape, dtype=bool)
    for x0, z0, x1, z1 in footprints:
        low = np.maximum(np.floor((np.array([x0, z0]) - corner) / CELL + 0.2).astype(int), 0)
        high = np.ceil((np.array([x1, z1]) - corner) / CELL - 0.2).astype(int)
        covered[low[0] : high[0], low[1] : high[1]] = True
    return covered


def _before(room, door):
    """Point (x, z) before the middle of a door."""
    start, along, inward, _ = room.wall(door.wall)
    return start + along * (door.start + door.end) / 2 + inward * 0.45
