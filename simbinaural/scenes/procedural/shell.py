"""The bare rooms: floors, walls with their holes, ceilings, frames, skirting boards."""

import numpy as np

from simbinaural.scenes.procedural.layout import OUTER_WALL, WALL
from simbinaural.scenes.procedural.surface import boxes, join, rectangle

UP = np.array([0.0, 1.0, 0.0])
SKIRTING = 0.08, 0.012
"""Height and thickness of the skirting boards."""
CASING = 0.07, 0.015
"""Width and thickness of the frame around a door."""
WIDE_DOOR = 1.0
"""Openings wider than this are plastered and have no frame."""
GLASS_DEPTH = 0.17
"""How far behind the wall's face a window's frame begins."""


class WallFrame:
    """Coordinates of one wall: metres along it, above the floor, and out of it into the room."""

    def __init__(self, room, wall):
        start, along, inward, self.length = room.wall(wall)
        self.origin = np.array([start[0], 0, start[1]])
        self.along = np.array([along[0], 0, along[1]])
        self.inward = np.array([inward[0], 0, inward[1]])

    def point(self, along, height, out):
        """World coordinates (..., 3) of points on or before the wall."""
        along, height, out = (
            np.asarray(each, dtype=float)[..., None] for each in (along, height, out)
        )
        return self.origin + along * self.along + height * UP + out * self.inward

    def boxes(self, lower, upper, **options):
        """Boxes whose corners (boxes, 3) are given in the wall's coordinates."""
        one = self.point(*np.atleast_2d(np.asarray(lower, dtype=float)).T)
        other = self.point(*np.atleast_2d(np.asarray(upper, dtype=float)).T)
        return boxes(np.minimum(one, other), np.maximum(one, other), **options)


def build_shell(assembly, room, index, style):
    """Add a room's floor, walls and ceiling, and the linings of its openings.

    Parameters
    ----------
    assembly : Assembly
        Receives the surfaces.
    room : PlannedRoom
    index : int
        Of the room in the home.
    style : Style
    """
    _floor_and_ceiling(assembly, room, index, style)
    for wall in range(len(room.polygon)):
        frame = WallFrame(room, wall)
        openings = sorted((o for o in room.openings if o.wall == wall), key=lambda o: o.start)
        finish = wall_finish(room, wall, style)
        assembly.add(_wall(frame, room.height, openings), finish, index)
        skirting = _skirting(frame, openings)
        if skirting is not None and room.kind != "bathroom":
            assembly.add(skirting, style.trim, index)
        for opening in openings:
            if opening.kind == "window":
                _window(assembly, frame, opening, index, finish, style)
            else:
                _door(assembly, frame, opening, index, finish, style)


def wall_finish(room, wall, style):
    """Finish of one wall of a room."""
    accent = style.accents.get(room.name)
    return accent[1] if accent and accent[0] == wall else style.walls[room.name]


def rectangles(polygon):
    """Cut an axis-aligned polygon into rectangles (x0, z0, x1, z1), one for each step of x."""
    columns = np.unique(polygon[:, 0])
    start, end = polygon, np.roll(polygon, -1, axis=0)
    level = start[:, 1] == end[:, 1]
    found = []
    for x0, x1 in zip(columns[:-1], columns[1:], strict=True):
        middle = (x0 + x1) / 2
        over = (np.minimum(start[:, 0], end[:, 0]) < middle) & (
            middle < np.maximum(start[:, 0], end[:, 0])
        )
        z = np.sort(start[level & over, 1])
        found += [(x0, z0, x1, z1) for z0, z1 in zip(z[::2], z[1::2], strict=True)]
    return found


def _floor_and_ceiling(assembly, room, index, style):
    """Add both, as one quad or the two of an L."""
    floor, ceiling = [], []
    # Boards run along the room's longer side.
    level = np.ptp(room.polygon[:, 0]) > np.ptp(room.polygon[:, 1])
    for x0, z0, x1, z1 in rectangles(room.polygon):
        width, depth = (x1 - x0, 0, 0), (0, 0, z1 - z0)
        floor.append(
            rectangle((x0, 0, z1), width, (0, 0, z0 - z1))
            if level
            else rectangle((x0, 0, z0), depth, width)
        )
        ceiling.append(rectangle((x0, room.height, z0), width, depth))
    assembly.add(join(floor), style.floors[room.name], index)
    assembly.add(join(ceiling), style.ceiling, index)


def _wall(frame, height, openings):
    """One wall as rectangles around its openings."""
    spans, reached = [], 0.0
    for opening in openings:
        spans.append((reached, opening.start, 0.0, height))
        spans.append((opening.start, opening.end, 0.0, opening.bottom))
        spans.append((opening.start, opening.end, opening.top, height))
        reached = opening.end
    spans.append((reached, frame.length, 0.0, height))
    return join(
        rectangle(frame.point(low, bottom, 0), frame.along * (high - low), UP * (top - bottom))
        for low, high, bottom, top in spans
        if high - low > 1e-6 and top - bottom > 1e-6
    )


def _skirting(frame, openings):
    """Skirting boards between the doors of a wall, or None."""
    height, thickness = SKIRTING
    casing = CASING[0]
    spans, reached = [], 0.0
    for opening in openings:
        if opening.bottom < height:
            framed = casing if opening.end - opening.start <= WIDE_DOOR else 0.0
            spans.append((reached, opening.start - framed))
            reached = opening.end + framed
    spans.append((reached, frame.length))
    spans = np.array([span for span in spans if span[1] - span[0] > 0.02]).reshape(-1, 2)
    if not len(spans):
        return None
    zero = np.zeros(len(spans))
    return frame.boxes(
        np.stack([spans[:, 0], zero, zero], 1),
        np.stack([spans[:, 1], zero + height, zero + thickness], 1),
    )


def _lining(frame, opening, depth):
    """Line the four sides of a hole in the wall: two sides, top, bottom."""
    low, high, bottom, top = opening.start, opening.end, opening.bottom, opening.top
    inward, rise, width = frame.inward * depth, UP * (top - bottom), frame.along * (high - low)
    sides = join(
        [
            rectangle(frame.point(low, bottom, 0), -inward, rise),
            rectangle(frame.point(high, bottom, -depth), inward, rise),
            rectangle(frame.point(low, top, -depth), width, inward),
        ]
    )
    return sides, rectangle(frame.point(low, bottom, -depth), inward, width)


def _door(assembly, frame, opening, index, finish, style):
    """Line a door's opening, once for the two rooms, and frame it on this side."""
    wide = opening.end - opening.start > WIDE_DOOR
    if index < opening.beyond:
        sides, threshold = _lining(frame, opening, WALL)
        assembly.add(sides, finish if wide else style.trim, index)
        assembly.add(threshold, style.wood, index)
    if not wide:
        width, thickness = CASING
        low, high, top = opening.start, opening.end, opening.top
        casing = frame.boxes(
            [(low - width, 0, 0), (high, 0, 0), (low - width, top, 0)],
            [
                (low, top, thickness),
                (high + width, top, thickness),
                (high + width, top + width, thickness),
            ],
        )
        assembly.add(casing, style.trim, index)


def _window(assembly, frame, opening, index, finish, style):
    """Line a window's hole and set frame, bars and sill into it."""
    sides, bottom = _lining(frame, opening, OUTER_WALL)
    assembly.add(sides, finish, index)
    assembly.add(bottom, style.trim, index)
    assembly.add(frame.boxes(*_bars(opening)), style.trim, index)
    if opening.bottom > 0.3:
        sill = frame.boxes(
            (opening.start - 0.04, opening.bottom - 0.03, 0),
            (opening.end + 0.04, opening.bottom, 0.05),
        )
        assembly.add(sill, style.trim, index)
        board = frame.boxes(
            (opening.start, opening.bottom, -GLASS_DEPTH),
            (opening.end, opening.bottom + 0.004, 0.05),
        )
        assembly.add(board, style.trim, index)


def _bars(opening):
    """Frame and glazing bars of a window: lower and upper corners in the wall's coordinates."""
    low, high, bottom, top = opening.start, opening.end, opening.bottom, opening.top
    back, front, bar = -GLASS_DEPTH - 0.06, -GLASS_DEPTH, 0.055
    spans = [
        (low, low + bar, bottom, top),
        (high - bar, high, bottom, top),
        (low + bar, high - bar, bottom, bottom + bar),
        (low + bar, high - bar, top - bar, top),
    ]
    panes = max(1, round((high - low) / 0.8))
    for middle in np.linspace(low, high, panes + 1)[1:-1]:
        spans.append((middle - bar / 2, middle + bar / 2, bottom + bar, top - bar))
    if top - bottom > 1.6:
        cross = bottom + 0.72 * (top - bottom)
        spans.append((low + bar, high - bar, cross - 0.02, cross + 0.02))
    low, high, bottom, top = np.array(spans).T
    depth = np.full(len(spans), back), np.full(len(spans), front)
    return np.stack([low, bottom, depth[0]], 1), np.stack([high, top, depth[1]], 1)
