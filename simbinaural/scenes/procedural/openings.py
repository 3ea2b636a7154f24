"""Holes in walls: doors between rooms, windows to the outside."""

from dataclasses import dataclass, replace

import numpy as np

from simbinaural.scenes.procedural.layout import WALL

DOOR_HEIGHT = 2.04
SILLS = {"bathroom": 1.35, "kitchen": 1.08}
"""Heights of window sills where they are not at 0.9 m."""
OPEN_PLAN = (
    {"living", "dining"},
    {"living", "kitchen"},
    {"living", "hall"},
    {"kitchen", "dining"},
    {"studio", "kitchen"},
)
"""Kinds of rooms that a wide opening may join."""


@dataclass(frozen=True)
class Opening:
    """A hole in a wall.

    Attributes
    ----------
    kind : str
        ``door`` or ``window``.
    wall : int
        As `Patch.surface`.
    start, end : float
        Metres along the wall from its corner.
    bottom, top : float
        Metres above the floor.
    beyond : int
        The room behind it, or -1.
    """

    kind: str
    wall: int
    start: float
    end: float
    bottom: float
    top: float
    beyond: int = -1


@dataclass(frozen=True)
class Link:
    """Two walls that face each other, and where along the axis they do."""

    rooms: tuple
    walls: tuple
    axis: int
    low: float
    high: float


def cut_openings(rooms, links, rng):
    """Cut doors and windows.

    Parameters
    ----------
    rooms : sequence of PlannedRoom
    links : iterable of Link
        The pairs of walls that get a door.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of PlannedRoom
        With their openings.
    """
    openings = [[] for _ in rooms]
    for link in links:
        _cut_door(rooms, link, openings, rng)
    for index, room in enumerate(rooms):
        for wall in _outer_walls(rooms, index):
            openings[index] += _windows(room, wall, rng)
    return tuple(
        replace(room, openings=tuple(cut)) for room, cut in zip(rooms, openings, strict=True)
    )


def _cut_door(rooms, link, openings, rng):
    """Cut one door into the two walls of a link."""
    kinds = {rooms[room].kind for room in link.rooms}
    room_for = link.high - link.low - 0.3
    width, top = min(rng.choice([0.8, 0.85, 0.9]), room_for), DOOR_HEIGHT
    if kinds in OPEN_PLAN and room_for > 1.4 and rng.random() < 0.6:
        width = float(rng.uniform(1.2, min(2.2, room_for)))
        top = min(2.2, min(rooms[room].height for room in link.rooms) - 0.1)
    slack = link.high - link.low - width
    # Doors stand near a corner, wide openings in the middle.
    near = 0.15 if rng.random() < 0.7 or slack < 0.8 else float(rng.uniform(0.15, slack - 0.15))
    near = slack / 2 if width > 1 else (near if rng.random() < 0.5 else slack - near)
    low = round(link.low + near, 3)
    for here, there, wall in zip(link.rooms, link.rooms[::-1], link.walls, strict=True):
        start, along, _, _ = rooms[here].wall(wall)
        ends = sorted(
            (position - start[link.axis]) * along[link.axis] for position in (low, low + width)
        )
        openings[here].append(Opening("door", wall, *map(float, ends), 0.0, top, there))


def _outer_walls(rooms, index):
    """Walls of a room that no other room lies behind."""
    for wall in range(len(rooms[index].polygon)):
        start, along, inward, length = rooms[index].wall(wall)
        probes = start + along * np.linspace(0.2, length - 0.2, 9)[:, None] - inward * (WALL + 0.05)
        if not any(_inside(room.polygon, probes).any() for room in rooms):
            yield wall


def _inside(polygon, points):
    """Whether points (n, 2) lie inside an axis-aligned polygon."""
    start, end = polygon, np.roll(polygon, -1, axis=0)
    x, z = points.T[:, :, None]
    upright = start[:, 0] == end[:, 0]
    crossed = (np.minimum(start[:, 1], end[:, 1]) <= z) & (z < np.maximum(start[:, 1], end[:, 1]))
    return (upright & crossed & (x < start[:, 0])).sum(axis=1) % 2 == 1


def _windows(room, wall, rng):
    """Windows of one outer wall, evenly spaced."""
    length = room.wall(wall)[3]
    bath = room.kind == "bathroom"
    if length < 1.4 or (room.kind == "hall" and rng.random() < 0.4):
        return
    width = float(rng.uniform(0.6, 1.0) if bath else rng.uniform(1.0, 2.0))
    sill, top = SILLS.get(room.kind, 0.9), 2.1 if bath else 2.15
    if not bath and room.kind in ("living", "studio", "dining", "bedroom") and rng.random() < 0.3:
        sill, width = 0.08, float(rng.uniform(1.2, 2.4))
    top = min(top + rng.choice([0.0, 0.1, 0.2]), room.height - 0.15)
    width = min(width, length - 0.8)
    count = 1 if bath else max(1, int(length / (width + rng.uniform(0.9, 2.0))))
    for k in range(min(count, 3)):
        middle = length * (k + 0.5) / min(count, 3)
        yield Opening(
            "window",
            wall,
            round(middle - width / 2, 3),
            round(middle + width / 2, 3),
            sill,
            float(top),
        )
