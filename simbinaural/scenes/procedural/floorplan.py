"""The plan of a home: rooms, doors, windows."""

from dataclasses import dataclass
from itertools import combinations, pairwise, takewhile

import numpy as np

from simbinaural.scenes.procedural.layout import DEFAULT_MIN_SIDE, MIN_SIDE, WALL, draw_layout
from simbinaural.scenes.procedural.openings import Link, cut_openings
from simbinaural.scenes.procedural.program import AREA_RANGE, draw_program

HEIGHT_RANGE = 2.3, 4.0
MAX_SLENDER = {"hall": 8.0}
DEFAULT_MAX_SLENDER = 2.4
"""Length over width of a room, at most."""
DRAWS = 400
"""Layouts that are tried before a program is given up (rarely more than a few are)."""

# How willingly one walks from one room into others; bathrooms lead nowhere.
THROUGH = {"hall": 0.0, "living": 1.0, "dining": 1.5, "studio": 1.5, "kitchen": 3.0, "study": 5.0}
DEFAULT_THROUGH = 9.0


@dataclass(frozen=True)
class PlannedRoom:
    """A room before it is furnished.

    Attributes
    ----------
    name, kind : str
        As in `Room`.
    polygon : (corners, 2) numpy.ndarray
        Inner faces of the walls, as in `Room`.
    height : float
        Metres.
    openings : tuple of Opening
    """

    name: str
    kind: str
    polygon: np.ndarray
    height: float
    openings: tuple = ()

    def wall(self, index):
        """Start (2,), unit direction (2,), inward normal (2,) and length of a wall, in x and z."""
        start = self.polygon[index]
        edge = self.polygon[(index + 1) % len(self.polygon)] - start
        length = float(np.abs(edge).sum())
        along = edge / length
        return start, along, np.array([-along[1], along[0]]), length


def draw_plan(rng):
    """Draw a plan: every room has a door, and doors join all rooms.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    tuple of PlannedRoom
    """
    while True:
        program = draw_program(rng)
        for _ in range(DRAWS):
            # Most layouts are given up at their first unfit room.
            layout = list(takewhile(_is_fit, draw_layout(program, rng)))
            if len(layout) < len(program):
                continue
            rooms = [(kind, inset(outline, WALL / 2)) for kind, outline in layout]
            links = _links(rooms, rng)
            if links is not None:
                return cut_openings(_with_heights(rooms, rng), links, rng)


def inset(outline, distance):
    """Move all edges of an axis-aligned outline (corners, 2) inwards."""
    edge = np.roll(outline, -1, axis=0) - outline
    along = edge / np.abs(edge).sum(axis=1, keepdims=True)
    inward = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.round(outline + distance * (inward + np.roll(inward, 1, axis=0)), 6)


def _is_fit(room):
    """Whether area and proportions within the walls are those of a room."""
    kind, outline = room
    corners = [*outline.tolist(), outline[0].tolist()]
    sides = [abs(x1 - x0) + abs(z1 - z0) for (x0, z0), (x1, z1) in pairwise(corners)]
    low, high = outline.min(axis=0), outline.max(axis=0)
    width, depth = (high - low).tolist()
    area = (width - WALL) * (depth - WALL) - _missing(outline, low, high)
    slender = MAX_SLENDER.get(kind, DEFAULT_MAX_SLENDER)
    return (
        AREA_RANGE[0] <= area <= AREA_RANGE[1]
        and min(sides) >= MIN_SIDE.get(kind, DEFAULT_MIN_SIDE)
        and max(width, depth) <= slender * min(width, depth)
    )


def _missing(outline, low, high):
    """Area that an L lacks of its bounding rectangle, walls included; 0 for a rectangle."""
    if len(outline) == 4:
        return 0.0
    inner = next(corner for corner in outline if np.all((corner > low) & (corner < high)))
    ends = np.array([low, high])
    corners = [(x, z) for x in ends[:, 0] for z in ends[:, 1]]
    gone = next(each for each in corners if not np.any(np.all(outline == each, axis=1)))
    return float(np.prod(np.abs(inner - gone)))


# --------------------------------------------------------------------------- doors


def _facing(rooms):
    """All pairs of walls with an inner wall between them."""
    sides = []
    for room, (_, polygon) in enumerate(rooms):
        following = np.roll(polygon, -1, axis=0)
        for wall, (start, end) in enumerate(zip(polygon, following, strict=True)):
            axis = int(abs(end[1] - start[1]) > abs(end[0] - start[0]))
            sides.append((room, wall, axis, start[1 - axis], start[axis], end[axis]))
    for one, other in combinations(sides, 2):
        if one[0] == other[0] or one[2] != other[2] or abs(one[3] - other[3]) > WALL + 1e-3:
            continue
        # Opposite ways: then the rooms lie on either side of the wall.
        if (one[5] - one[4]) * (other[5] - other[4]) > 0:
            continue
        low = max(min(one[4:]), min(other[4:]))
        high = min(max(one[4:]), max(other[4:]))
        if high - low > 1.15:
            yield Link((one[0], other[0]), (one[1], other[1]), one[2], low, high)


def _links(rooms, rng):
    """Walls that get doors: a tree of the easiest ways and some more; None if rooms stay apart."""
    links = list(_facing(rooms))
    kinds = [kind for kind, _ in rooms]
    jitter = rng.uniform(0, 1.5, len(links))
    hub = kinds.index("hall") if "hall" in kinds else int(np.argmin([_cost(k) for k in kinds]))
    reached, chosen = {hub}, []
    while len(reached) < len(rooms):
        ways = [
            (_cost(kinds[here]) + jitter[index], index, there)
            for index, link in enumerate(links)
            for here, there in (link.rooms, link.rooms[::-1])
            if here in reached and there not in reached and kinds[here] != "bathroom"
        ]
        if not ways:
            return None
        cost, index, there = min(ways)
        if kinds[there] == "bathroom" and cost > DEFAULT_THROUGH + 1.2:
            return None
        reached.add(there)
        chosen.append(links[index])
    joined = {link.rooms for link in chosen}
    for link in links:
        open_both = all(_cost(kinds[room]) <= THROUGH["kitchen"] for room in link.rooms)
        if open_both and link.rooms not in joined and rng.random() < 0.5:
            joined.add(link.rooms)
            chosen.append(link)
    return chosen


def _cost(kind):
    """How unwillingly one walks through a room."""
    return THROUGH.get(kind, DEFAULT_THROUGH)


# --------------------------------------------------------------------------- heights, openings


def _with_heights(rooms, rng):
    """Name the rooms and give them ceilings: one height in the home, but for some rooms."""
    usual = rng.choice(
        [2.4, 2.5, 2.6, 2.75, 2.9, 3.1, 3.4], p=[0.1, 0.2, 0.25, 0.2, 0.1, 0.1, 0.05]
    )
    counts, planned = {}, []
    for kind, polygon in rooms:
        number = counts[kind] = counts.get(kind, -1) + 1
        height = usual
        if kind in ("living", "studio") and rng.random() < 0.4:
            height += rng.uniform(0.1, 1.0)
        elif kind in ("hall", "bathroom") and rng.random() < 0.5:
            height -= rng.uniform(0.05, 0.25)
        height = float(np.clip(np.round(height, 2), *HEIGHT_RANGE))
        planned.append(PlannedRoom(f"{kind}-{number}", kind, polygon, height))
    return planned
