"""Finding places for furniture in a room."""

from dataclasses import dataclass

import numpy as np

from simbinaural.scenes.procedural.freespace import FreeSpace
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.shell import rectangles
from simbinaural.scenes.procedural.surface import turn

BEHIND = 0.015
"""Between a piece's back and the wall: the skirting board."""
DOOR_ZONE = 0.9
"""Floor that stays free before a door, metres."""
INWARD_QUARTERS = {(0, 1): 0, (1, 0): 1, (0, -1): 2, (-1, 0): 3}
"""Turn of a piece whose back stands at a wall with this inward normal."""
POSITIONS = {
    "middle": (0.5, 0.42, 0.58, 0.33, 0.67, 0.2, 0.8),
    "corner": (0.0, 1.0, 0.08, 0.92),
    "any": (0.3, 0.7, 0.1, 0.9, 0.5, 0.0, 1.0),
}
"""Where along a wall a piece is tried, as shares of the length that is left over."""


@dataclass(frozen=True)
class Placed:
    """A piece and where it stands.

    Attributes
    ----------
    piece : Piece
    x, z : float
        World position of the middle of its back.
    quarters : int
        Its turn.
    """

    piece: Piece
    x: float
    z: float
    quarters: int

    def world(self, x, z):
        """World x, z (2,) of a point of the floor in the piece's coordinates."""
        turned = turn((x, 0.0, z), self.quarters)
        return np.array([self.x + turned[0], self.z + turned[2]])

    def area(self, x0, z0, x1, z1):
        """World rectangle (x0, z0, x1, z1) of one in the piece's coordinates."""
        one, other = self.world(x0, z0), self.world(x1, z1)
        return (*np.minimum(one, other).tolist(), *np.maximum(one, other).tolist())

    @property
    def footprint(self):
        """World rectangle under the piece."""
        half = self.piece.width / 2
        return self.area(-half, 0.0, half, self.piece.depth)

    @property
    def front(self):
        """World rectangle that it needs free before it; without extent where it needs none."""
        half = self.piece.width / 2
        return self.area(-half, self.piece.depth, half, self.piece.depth + self.piece.front_m)


def wall_pose(room, wall, along):
    """Position x, z and quarters of a turn of a piece that stands at a wall."""
    start, direction, inward, _ = room.wall(wall)
    x, z = start + direction * along + inward * BEHIND
    return x, z, INWARD_QUARTERS[tuple(int(round(each)) for each in inward)]


class FloorSpace:
    """The floor of a room and what stands on it.

    Parameters
    ----------
    room : PlannedRoom

    Attributes
    ----------
    placed : list of Placed
        In the order of their importance.
    """

    def __init__(self, room):
        self.room = room
        self.placed = []
        self._floor = rectangles(room.polygon)
        self._free = FreeSpace(room)
        self._zones = [self._door_zone(each) for each in room.openings if each.kind == "door"]

    def _door_zone(self, door):
        """World rectangle before a door."""
        start, along, inward, _ = self.room.wall(door.wall)
        one = start + along * (door.start - 0.1)
        other = start + along * (door.end + 0.1) + inward * DOOR_ZONE
        return (*np.minimum(one, other).tolist(), *np.maximum(one, other).tolist())

    def fits(self, placed):
        """Whether a piece can stand there, with free floor before it and ways around it."""
        body, front = placed.footprint, placed.front
        if not (self._inside(body) and self._inside(front)):
            return False
        if any(overlap(body, zone) for zone in self._zones):
            return False
        if any(
            overlap(body, other.footprint)
            or overlap(front, other.footprint)
            or overlap(body, other.front)
            for other in self.placed
        ):
            return False
        return self._free.is_livable([body, *(other.footprint for other in self.placed)])

    def _inside(self, area):
        """Whether a rectangle lies on the floor altogether."""
        x0, z0, x1, z1 = area
        covered = sum(
            max(0.0, min(x1, fx1) - max(x0, fx0)) * max(0.0, min(z1, fz1) - max(z0, fz0))
            for fx0, fz0, fx1, fz1 in self._floor
        )
        return covered >= (x1 - x0) * (z1 - z0) - 1e-6

    def put(self, piece, x, z, quarters):
        """Place a piece at a position if it fits there; return it placed, or None."""
        placed = Placed(piece, float(x), float(z), quarters % 4)
        if not self.fits(placed):
            return None
        self.placed.append(placed)
        return placed

    def at_wall(self, piece, rng, *, where="any", walls=None):
        """Place a piece with its back to a wall, tall ones beside the windows.

        Parameters
        ----------
        piece : Piece
        rng : numpy.random.Generator
            Draws the order of the walls and the end that is tried first.
        where : str
            A key of `POSITIONS`.
        walls : sequence of int, optional
            Walls to try, in this order; by default all.

        Returns
        -------
        Placed or None
        """
        if walls is None:
            walls = rng.permutation(len(self.room.polygon))
        flip = rng.random() < 0.5
        for wall in walls:
            slack = self.room.wall(wall)[3] - piece.width - 0.02
            for share in POSITIONS[where] if slack >= 0 else ():
                along = 0.01 + slack * (1 - share if flip else share) + piece.width / 2
                placed = self._try_wall(piece, wall, along)
                if placed:
                    return placed
        return None

    def _try_wall(self, piece, wall, along):
        """Place a piece at a position along a wall, unless it hides a window."""
        half = piece.width / 2 + 0.03
        for each in self.room.openings:
            beside = each.wall != wall or along + half < each.start or along - half > each.end
            if not beside and (each.kind == "door" or piece.height > each.bottom - 0.02):
                return None
        x, z, quarters = wall_pose(self.room, wall, along)
        return self.put(piece, x, z, quarters)

    def opposite(self, placed):
        """Walls that a piece looks at, nearest first, and where along them its middle is."""
        toward = placed.world(0, 1) - placed.world(0, 0)
        found = []
        for wall in range(len(self.room.polygon)):
            start, along, inward, length = self.room.wall(wall)
            middle = float((placed.world(0, 0) - start) @ along)
            distance = float((start - placed.world(0, 0)) @ toward)
            if inward @ toward < -0.9 and 0 < middle < length and distance > 1.5:
                found.append((distance, wall, middle))
        return [(wall, middle) for _, wall, middle in sorted(found)]

    def in_the_open(self, piece, rng, *, margin=0.6):
        """Place a piece away from walls and other pieces, where there is most room around it.

        Parameters
        ----------
        piece : Piece
        rng : numpy.random.Generator
            Draws the turn that is tried first.
        margin : float
            Free floor on all sides, metres, at least.

        Returns
        -------
        Placed or None
        """
        first = int(rng.integers(4))
        for quarters in (first, first + 1):
            areas, poses = self._candidates(piece, quarters % 4)
            spare = _gaps(areas, self._walls() + [each.footprint for each in self.placed])
            kept_free = self._zones + [each.front for each in self.placed]
            apart = _gaps(areas, kept_free) > 0 if kept_free else True
            spare = np.where(apart, spare, 0.0)
            best = int(np.argmax(spare))
            if spare[best] >= margin and self.put(piece, *poses[best], quarters):
                return self.placed[-1]
        return None

    def _candidates(self, piece, quarters, step=0.15):
        """Rectangles (n, 4) on a grid, and positions x, z (n, 2) of the piece that cover them."""
        x0, z0, x1, z1 = Placed(piece, 0.0, 0.0, quarters).footprint
        low, high = self.room.polygon.min(axis=0), self.room.polygon.max(axis=0)
        x, z = np.meshgrid(
            np.arange(low[0] - x0, high[0] - x1, step), np.arange(low[1] - z0, high[1] - z1, step)
        )
        poses = np.stack([x.ravel(), z.ravel()], axis=1).reshape(-1, 2)
        if not len(poses):
            poses = (low + high)[None] / 2
        return np.hstack([poses, poses]) + (x0, z0, x1, z1), poses

    def _walls(self):
        """Walls as flat rectangles."""
        ends = np.stack([self.room.polygon, np.roll(self.room.polygon, -1, axis=0)])
        return np.hstack([ends.min(axis=0), ends.max(axis=0)]).tolist()


def overlap(one, other):
    """Whether two rectangles share an area."""
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > 1e-6
        and min(one[3], other[3]) - max(one[1], other[1]) > 1e-6
    )


def _gaps(areas, others):
    """Distance of rectangles (n, 4) from the nearest of some others: (n,)."""
    one, other = np.asarray(areas)[:, None], np.asarray(others)[None]
    apart = np.maximum(one[..., :2] - other[..., 2:], other[..., :2] - one[..., 2:])
    return np.linalg.norm(np.maximum(apart, 0), axis=-1).min(axis=1)
