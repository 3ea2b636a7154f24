"""A piece of furniture, to the eye and to the ear.

A piece stands in coordinates of its own: the floor is y = 0, its back is the plane z = 0 and its
front looks along +z; x runs from -width/2 to width/2, to the right as one looks at its back wall
from behind, that is to the left of who faces it::

        back (a wall)
      +-------------+ z = 0
      |             |          seen from above
      +-------------+ z = depth
     x-    front    x+
"""

import numpy as np

from simbinaural.scenes.procedural.solids import rods
from simbinaural.scenes.procedural.surface import boxes, join, turn


class Piece:
    """What a piece consists of.

    Parameters
    ----------
    width, depth, height : float
        Metres; the footprint that it keeps free for itself.
    front_m : float
        Free floor that it needs before it, metres.

    Attributes
    ----------
    parts : list of (Surface, Finish)
        What is seen.
    solids : list of ((3,) array, (3,) array, str)
        What is heard: lower and upper corner, and acoustic material.
    supports : list of ((2,) array, (2,) array, float)
        Where things can be put: lower and upper x, z, and the height.
    """

    def __init__(self, width, depth, height, *, front_m=0.0):
        self.width, self.depth, self.height, self.front_m = width, depth, height, front_m
        self.parts, self.solids, self.supports = [], [], []

    def show(self, finish, *surfaces):
        """Add visible surfaces of one finish."""
        self.parts.append((join(surfaces), finish))

    def hear(self, lower, upper, material):
        """Add a solid box for the sound."""
        self.solids.append((np.asarray(lower, float), np.asarray(upper, float), material))

    def build(self, finish, lower, upper, **options):
        """Add one box that is both seen and heard."""
        self.show(finish, boxes(lower, upper, **options))
        self.hear(lower, upper, finish.material)

    def support(self, lower, upper, height):
        """Add a place for things: x, z corners and a height."""
        self.supports.append((np.asarray(lower, float), np.asarray(upper, float), height))

    def include(self, other, offset=(0.0, 0.0, 0.0), quarters=0):
        """Add another piece, turned and shifted."""
        for surface, finish in other.parts:
            self.parts.append((surface.turned(quarters).moved(offset), finish))
        for lower, upper, material in other.solids:
            self.solids.append((*_turned_box(lower, upper, offset, quarters), material))
        for lower, upper, height in other.supports:
            flat = np.insert(lower, 1, height), np.insert(upper, 1, height)
            lower, upper = _turned_box(*flat, offset, quarters)
            self.supports.append((lower[[0, 2]], upper[[0, 2]], float(lower[1])))
        return self

    def stand_on_legs(self, finish, size, height, *, style="tapered", inset=0.06, back=0.0):
        """Put four legs under a top of `size` (width, depth) that lies at `height`."""
        width, depth = size
        places = [
            (x, z)
            for x in (inset - width / 2, width / 2 - inset)
            for z in (back + inset, back + depth - inset)
        ]
        self.show(finish, *LEGS[style](places, height))


def _turned_box(lower, upper, offset, quarters):
    """Corners of a box after a turn and a shift."""
    one, other = turn([lower, upper], quarters) + np.asarray(offset)
    return np.minimum(one, other), np.maximum(one, other)


def _square_legs(places, height):
    """Straight square legs."""
    x, z = np.array(places).T
    zero, half = np.zeros(len(x)), 0.025
    yield boxes(
        np.stack([x - half, zero, z - half], 1),
        np.stack([x + half, zero + height, z + half], 1),
        without=("top",),
    )


def _tapered_legs(places, height):
    """Round legs that grow thinner downwards and lean outwards."""
    tops = np.insert(places, 1, height, axis=1)
    lean = 0.05 * height * np.sign(tops - tops.mean(axis=0))
    feet = (tops + lean) * (1, 0, 1)
    yield rods(feet, tops, 0.013, 0.022)


def _thin_legs(places, height):
    """Round metal legs."""
    tops = np.insert(places, 1, height, axis=1)
    yield rods(tops * (1, 0, 1), tops, 0.012)


LEGS = {"square": _square_legs, "tapered": _tapered_legs, "thin": _thin_legs}
