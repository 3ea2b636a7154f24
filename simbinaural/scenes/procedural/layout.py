"""Cutting a rectangle into rooms.

Two ways, as homes are built: by cuts from wall to wall, again and again, or as two rows of rooms
along a corridor. A large room may have a smaller one set into its corner and is L-shaped then::

      +-------+--------+        +-------+-------+
      |       |        |        | row   |       |
      +----+--+        |        +-------+       |
      |    |  +---+----+        |corridor       |
      |    |  | L |    |        +---+---+       |
      +----+--+---+----+        |   |   |       |

Outlines are the middle lines of the walls.
"""

from dataclasses import dataclass

import numpy as np

STEP = 0.05
"""Walls stand on a grid of this many metres."""

MIN_SIDE = {"hall": 1.35, "bathroom": 1.9}
DEFAULT_MIN_SIDE = 2.3
"""Least distance of the middle lines of opposite walls; an arm of an L keeps it too."""

L_SHARE = 0.65
"""Share of the large rooms that get a smaller one into a corner, where one is to be had."""


@dataclass(frozen=True)
class Cell:
    """A rectangle's worth of rooms: one, or a large one with a small one in its corner."""

    rooms: tuple

    @property
    def area(self):
        """Square metres."""
        return sum(area for _, area in self.rooms)


def draw_layout(program, rng):
    """Cut a home into rooms once; the result may be unfit to live in.

    Parameters
    ----------
    program : list of (str, float)
        Kind and area of each room, the main room first.
    rng : numpy.random.Generator

    Returns
    -------
    list of (str, (corners, 2) numpy.ndarray)
        Kind and outline (x, z of the middle lines) of each room, in the order of `Room.polygon`.
    """
    halls = [room for room in program if room[0] == "hall"]
    along_corridor = halls and len(program) >= 6 and rng.random() < 0.55
    if along_corridor:
        return _corridor(program, rng)
    cells = _pair_up(program, rng)
    area = sum(cell.area for cell in cells)
    width = np.sqrt(area * rng.uniform(1.0, 1.7))
    rectangle = _snap(np.array([0, 0, width, area / width]))
    return list(_cut(rectangle, cells, rng))


def _snap(values):
    """Round to the grid of walls."""
    return np.round(np.round(np.asarray(values) / STEP) * STEP, 6)


def _pair_up(program, rng):
    """Make cells of rooms, some of them a large room and one for its corner."""
    small = [room for room in program[1:] if room[0] in ("bathroom", "study", "kitchen", "hall")]
    small = [small[k] for k in rng.permutation(len(small))]
    cells = []
    for room in sorted(program, key=lambda each: -each[1]):
        fitting = [each for each in small if each[1] < 0.42 * room[1]]
        if room[1] > 16 and fitting and rng.random() < L_SHARE:
            small.remove(fitting[0])
            cells.append(Cell((room, fitting[0])))
        elif not any(room is other for cell in cells for other in cell.rooms):
            cells.append(Cell((room,)))
    return [cells[k] for k in rng.permutation(len(cells))]


def _cut(rectangle, cells, rng):
    """Yield the rooms of some cells that share a rectangle (x0, z0, x1, z1)."""
    if len(cells) == 1:
        yield from _fill(rectangle, cells[0], rng)
        return
    # Cut where both sides weigh most alike, or near it.
    share = np.cumsum([cell.area for cell in cells])[:-1] / sum(cell.area for cell in cells)
    first = 1 + int(np.argmin(np.abs(share - rng.uniform(0.35, 0.65))))
    x0, z0, x1, z1 = rectangle
    share = share[first - 1]
    if (x1 - x0) * rng.uniform(0.8, 1.25) > z1 - z0:
        middle = _snap(x0 + share * (x1 - x0))
        halves = (x0, z0, middle, z1), (middle, z0, x1, z1)
    else:
        middle = _snap(z0 + share * (z1 - z0))
        halves = (x0, z0, x1, middle), (x0, middle, x1, z1)
    yield from _cut(halves[0], cells[:first], rng)
    yield from _cut(halves[1], cells[first:], rng)


def _fill(rectangle, cell, rng):
    """Yield the rooms of one cell."""
    if len(cell.rooms) == 1:
        yield cell.rooms[0][0], _outline(rectangle)
        return
    (large, _), (small, area) = cell.rooms
    x0, z0, x1, z1 = rectangle
    slender = rng.uniform(0.75, 1.35)
    width = _snap(np.sqrt(area * slender * (x1 - x0) / (z1 - z0)))
    depth = _snap(area / width)
    right, far = rng.random(2) < 0.5
    cx0 = x1 - width if right else x0
    cz0 = z1 - depth if far else z0
    corner = _snap([cx0, cz0, cx0 + width, cz0 + depth])
    yield small, _outline(corner)
    yield large, _without_corner(rectangle, corner)


def _outline(rectangle):
    """Corners of a rectangle (x0, z0, x1, z1)."""
    x0, z0, x1, z1 = rectangle
    return np.array([(x0, z0), (x1, z0), (x1, z1), (x0, z1)], dtype=float)


def _without_corner(rectangle, corner):
    """Corners of the L that is left of a rectangle without one of its corners."""
    outline = _outline(rectangle)
    taken = _outline(corner)
    which = int(np.argmin(np.abs(outline - taken).sum(axis=1)))
    inner = taken[[(which - 1) % 4, (which + 2) % 4, (which + 1) % 4]]
    return np.concatenate([outline[:which], inner, outline[which + 1 :]])


def _corridor(program, rng):
    """Lay two rows of rooms along a corridor, and the main room across its end."""
    hall = next(room for room in program if room[0] == "hall")
    across_end = len(program) >= 7 and rng.random() < 0.6
    end = program[:1] if across_end else []
    others = [room for room in program if room is not hall and room not in end]
    cells = _pair_up(others, rng)
    total = sum(cell.area for cell in cells)
    share = np.cumsum([cell.area for cell in cells]) / total
    first = max(1, min(len(cells) - 1, 1 + int(np.argmin(np.abs(share - 0.5)))))
    rows = cells[:first], cells[first:]
    length = total / (rng.uniform(3.0, 4.6) * 2)
    width = rng.uniform(1.45, 2.0)
    depths = [sum(cell.area for cell in row) / length for row in rows]
    lines = _snap(np.cumsum([0, depths[0], width, depths[1]]))
    length = float(_snap(length))
    rooms = [("hall", _outline((0, lines[1], length, lines[2])))]
    for row, (near, far) in zip(rows, ((lines[0], lines[1]), (lines[2], lines[3])), strict=True):
        start = _snap(
            np.cumsum([0] + [cell.area for cell in row]) / sum(c.area for c in row) * length
        )
        for cell, x0, x1 in zip(row, start[:-1], start[1:], strict=True):
            rooms += _fill((x0, near, x1, far), cell, rng)
    if end:
        reach = float(_snap(length + end[0][1] / lines[3]))
        rooms.append((end[0][0], _outline((length, 0, reach, lines[3]))))
    return rooms
