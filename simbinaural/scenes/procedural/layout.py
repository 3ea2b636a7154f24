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
from itertools import accumulate, pairwise

import numpy as np

WALL = 0.12
"""Thickness of the walls between rooms."""

OUTER_WALL = 0.30
"""Thickness of the walls around the home."""
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
    """Cut a home into rooms once; the result may be unfit to live in, so it comes room by room.

    Parameters
    ----------
    program : list of (str, float)
        Kind and area of each room, the main room first.
    rng : numpy.random.Generator

    Yields
    ------
    str, (corners, 2) numpy.ndarray
        Kind and outline (x, z of the middle lines) of each room, in the order of `Room.polygon`.
    """
    halls = [room for room in program if room[0] == "hall"]
    along_corridor = halls and len(program) >= 6 and rng.random() < 0.55
    if along_corridor:
        yield from _corridor(program, rng)
        return
    cells = _pair_up(program, rng)
    area = sum(cell.area for cell in cells)
    width = float(np.sqrt(area * rng.uniform(1.0, 1.7)))
    yield from _cut((0.0, 0.0, _snap(width), _snap(area / width)), cells, rng)


def _snap(value):
    """Round to the grid of walls."""
    return round(round(value / STEP) * STEP, 6)


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
    shares, wanted = _shares(cells), rng.uniform(0.35, 0.65)
    first = min(range(1, len(cells)), key=lambda k: abs(shares[k] - wanted))
    share = shares[first]
    x0, z0, x1, z1 = rectangle
    if (x1 - x0) * rng.uniform(0.8, 1.25) > z1 - z0:
        middle = _snap(x0 + share * (x1 - x0))
        halves = (x0, z0, middle, z1), (middle, z0, x1, z1)
    else:
        middle = _snap(z0 + share * (z1 - z0))
        halves = (x0, z0, x1, middle), (x0, middle, x1, z1)
    yield from _cut(halves[0], cells[:first], rng)
    yield from _cut(halves[1], cells[first:], rng)


def _shares(cells):
    """Share of the area that lies before each cell; the last entry is 1."""
    reached = list(accumulate((cell.area for cell in cells), initial=0.0))
    return [each / reached[-1] for each in reached]


def _fill(rectangle, cell, rng):
    """Yield the rooms of one cell."""
    if len(cell.rooms) == 1:
        yield cell.rooms[0][0], _outline(rectangle)
        return
    (large, _), (small, area) = cell.rooms
    x0, z0, x1, z1 = rectangle
    slender = rng.uniform(0.75, 1.35)
    width = _snap(float(np.sqrt(area * slender * (x1 - x0) / (z1 - z0))))
    depth = _snap(area / width)
    right, far = rng.random(2) < 0.5
    cx0 = x1 - width if right else x0
    cz0 = z1 - depth if far else z0
    corner = tuple(map(_snap, (cx0, cz0, cx0 + width, cz0 + depth)))
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
    shares = _shares(cells)
    first = min(range(1, len(cells)), key=lambda k: abs(shares[k] - 0.5))
    length = _snap(total / (rng.uniform(3.0, 4.6) * 2))
    near = _snap(shares[first] * total / length)
    far = _snap(near + rng.uniform(1.45, 2.0))
    depth = _snap(far + (1 - shares[first]) * total / length)
    yield "hall", _outline((0.0, near, length, far))
    for row, low, high in ((cells[:first], 0.0, near), (cells[first:], far, depth)):
        starts = [_snap(share * length) for share in _shares(row)]
        for cell, (x0, x1) in zip(row, pairwise(starts), strict=True):
            yield from _fill((x0, low, x1, high), cell, rng)
    for kind, area in end:
        yield kind, _outline((length, 0.0, _snap(length + area / depth), depth))
