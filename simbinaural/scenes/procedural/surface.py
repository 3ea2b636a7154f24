"""Triangles to build with, and the flat ones among them.

Two kinds of parts meet in a home, and a renderer can tell them apart:

- *Flat* parts are quads, each with four vertices of its own and two triangles in a row::

      d ---- c
      |    / |      (a, b, c), (a, c, d): a parallelogram, whose light fits on a rectangular map
      |  /   |
      a ---- b

- *Smooth* parts (`simbinaural.scenes.procedural.solids`) share their vertices.

Texture coordinates are metres here, u to the right and v down when one looks at the front;
`simbinaural.scenes.procedural.assembly` divides them by the texture's size. Wood grain and woven
threads run along u.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

# Sides of a box: the corners a, b, c, d as picks of its lower (0) or upper (1) bounds, and the axes
# of the edges a-b and a-d.
_SIDES = {
    "left": (((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0)), 2, 1),
    "right": (((1, 0, 1), (1, 0, 0), (1, 1, 0), (1, 1, 1)), 2, 1),
    "bottom": (((0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)), 0, 2),
    "top": (((0, 1, 1), (1, 1, 1), (1, 1, 0), (0, 1, 0)), 0, 2),
    "back": (((1, 0, 0), (0, 0, 0), (0, 1, 0), (1, 1, 0)), 0, 1),
    "front": (((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)), 0, 1),
}
_HALVES = np.array([[0, 1, 2], [0, 2, 3]])


@dataclass(frozen=True)
class Surface:
    """Triangles.

    Attributes
    ----------
    vertices, normals : (vertices, 3) numpy.ndarray
        Metres; unit vectors.
    faces : (faces, 3) numpy.ndarray of int
        Counterclockwise seen from the front.
    uv : (faces, 3, 2) numpy.ndarray
        Metres on the texture, at each corner.
    """

    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    uv: np.ndarray

    def moved(self, offset):
        """Shift by a vector (3,)."""
        return Surface(self.vertices + np.asarray(offset), self.normals, self.faces, self.uv)

    def turned(self, quarters):
        """Turn about the vertical by quarters of a turn, to the left as seen from above."""
        if quarters % 4 == 0:
            return self
        return Surface(
            turn(self.vertices, quarters), turn(self.normals, quarters), self.faces, self.uv
        )

    def imaged(self):
        """Show an image once on each quad: texture coordinates from 0 to 1."""
        corners = np.array([(0, 1), (1, 1), (1, 0), (0, 1), (1, 0), (0, 0)], dtype=float)
        return Surface(
            self.vertices,
            self.normals,
            self.faces,
            np.tile(corners.reshape(2, 3, 2), (len(self.faces) // 2, 1, 1)),
        )


# Matrices that turn row vectors about +y by 0 to 3 quarters: one quarter takes +z to +x.
_TURNS = np.array(
    [[[c, 0, -s], [0, 1, 0], [s, 0, c]] for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))], dtype=float
)


def turn(vectors, quarters):
    """Turn vectors (..., 3) about +y by quarters of a turn: one takes +z to +x."""
    return np.asarray(vectors) @ _TURNS[quarters % 4]


def join(surfaces):
    """Make one surface of several."""
    surfaces = list(surfaces)
    if len(surfaces) == 1:
        return surfaces[0]
    starts = np.cumsum([0] + [len(part.vertices) for part in surfaces[:-1]])
    return Surface(
        np.concatenate([part.vertices for part in surfaces]),
        np.concatenate([part.normals for part in surfaces]),
        np.concatenate([part.faces + start for part, start in zip(surfaces, starts, strict=True)]),
        np.concatenate([part.uv for part in surfaces]),
    )


# --------------------------------------------------------------------------- flat


def quads(corners, uv):
    """Flat parallelograms.

    Parameters
    ----------
    corners : (quads, 4, 3) array_like
        Counterclockwise seen from the front.
    uv : (quads, 4, 2) array_like
        Metres.
    """
    corners = np.asarray(corners, dtype=float)
    normals = cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    return _flat(corners, unit(normals), np.asarray(uv, dtype=float))


def _flat(corners, normals, uv):
    """Quads from corners (n, 4, 3), normals (n, 3) and texture coordinates (n, 4, 2)."""
    return Surface(
        corners.reshape(-1, 3),
        np.repeat(normals, 4, axis=0),
        (4 * np.arange(len(corners))[:, None, None] + _HALVES).reshape(-1, 3),
        uv[:, _HALVES].reshape(-1, 3, 2),
    )


def rectangle(origin, edge_u, edge_v):
    """One quad from its corner a; the front is where ``edge_u x edge_v`` points.

    Texture coordinates count from the world's origin, so that neighbors continue one another.
    """
    origin, edge_u, edge_v = (np.asarray(each, dtype=float) for each in (origin, edge_u, edge_v))
    corners = origin + np.stack([0 * edge_u, edge_u, edge_u + edge_v, edge_v])
    uv = np.stack([corners @ unit(edge_u), -corners @ unit(edge_v)], axis=-1)
    return quads(corners[None], uv[None])


def boxes(lower, upper, *, without=()):
    """Axis-aligned boxes.

    Parameters
    ----------
    lower, upper : (boxes, 3) or (3,) array_like
        Corners.
    without : iterable of str
        Sides to leave away: ``left right bottom top back front`` (-x +x -y +y -z +z).

    Notes
    -----
    u, along which wood is grained, is the longer edge of each side.
    """
    lower, upper = np.broadcast_arrays(np.atleast_2d(lower), np.atleast_2d(upper))
    bounds = np.stack([lower, upper], axis=1).astype(float)
    picks, along, up, normals = _picks(tuple(without))
    corners = bounds[:, picks, _AXES]
    side = np.arange(len(picks))[:, None]
    u, v = corners[:, side, _CORNERS, along], corners[:, side, _CORNERS, up]
    upright = np.abs(v[..., 3] - v[..., 0]) > np.abs(u[..., 1] - u[..., 0])
    uv = np.where(upright[..., None, None], np.stack([v, u], -1), np.stack([u, -v], -1))
    normals = np.tile(normals, (len(bounds), 1))
    return _flat(corners.reshape(-1, 4, 3), normals, uv.reshape(-1, 4, 2))


_AXES, _CORNERS = np.arange(3), np.arange(4)


@cache
def _picks(without):
    """Corners, texture axes and normals of the sides that are not left away."""
    sides = [side for name, side in _SIDES.items() if name not in without]
    picks, along, up = (np.array(each) for each in zip(*sides, strict=True))
    normals = np.cross(picks[:, 1] - picks[:, 0], picks[:, 3] - picks[:, 0]).astype(float)
    return picks, along[:, None], up[:, None], normals


def cross(one, other):
    """Cross product of vectors (..., 3); faster than numpy's on small arrays."""
    x1, y1, z1 = one[..., 0], one[..., 1], one[..., 2]
    x2, y2, z2 = other[..., 0], other[..., 1], other[..., 2]
    result = np.empty(np.broadcast_shapes(one.shape, other.shape))
    result[..., 0] = y1 * z2 - z1 * y2
    result[..., 1] = z1 * x2 - x1 * z2
    result[..., 2] = x1 * y2 - y1 * x2
    return result


def unit(vectors):
    """Scale vectors (..., 3) to length one."""
    return vectors / np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
