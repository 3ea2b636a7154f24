"""Colors of corners as a texture, so that a coarse mesh stays smooth and a fine one cheap.

A triangle gets a square of texels, four at least. Its corners are the centers of three of them, and
the colors between go on with the same slope beyond the long edge, so that bilinear sampling blends
the corners as a gradient would::

    +---+---+
    | a | b |     with four texels: a = (0.5, 0.5)   b = (1.5, 0.5)   c = (0.5, 1.5)   d = b + c - a
    +---+---+
    | c | d |     seen from afar, a whole triangle is one texel of a smaller texture, and its
    +---+---+     neighbors there are its neighbors in the home

A sliver would be one texel wide, and what is seen of it would be mostly its neighbors: its corner
at the blunt angle is put between the other two, so that color changes along it alone.
"""

import numpy as np

from simbinaural.scenes.color import to_srgb
from simbinaural.scenes.scene import Texture

SIDE = 2048
"""Texels along the side of a texture: as many as vision keeps."""

BLOCKS = (64, 32, 16, 8, 4, 2)
"""Texels along the side of a triangle's square: the first with which all need no more than"""

TEXELS = 1 << 20

SLIVER = 0.25
"""Height over longest edge of a triangle that is a sliver."""


def color_textures(corners, colors):
    """Paint textures for triangles with a color at each corner.

    Parameters
    ----------
    corners : (faces, 3, 3) array_like
        Corners of each, metres.
    colors : (faces, 3, 3) array_like
        Linear RGB of each corner, 0 to 1.

    Returns
    -------
    textures : list of Texture
    index : (faces,) numpy.ndarray of int
        Which of them each face has.
    uv : (faces, 3, 2) numpy.ndarray of float32
    """
    count, corners, colors = len(corners), np.asarray(corners, dtype=float), np.asarray(colors)
    uv, index = np.empty((count, 3, 2), np.float32), np.empty(count, int)
    block = next((size for size in BLOCKS if count * size * size <= TEXELS), BLOCKS[-1])
    most = (SIDE // block) ** 2
    order = np.argsort(_curve_places(corners.mean(axis=1)), kind="stable")
    squares = _flatten_slivers(
        corners, np.array([(0.5, 0.5), (block - 0.5, 0.5), (0.5, block - 0.5)])
    )
    textures = []
    for first in range(0, count, most):
        chosen = order[first : first + most]
        side = 1 << int(np.ceil(np.log2(max(np.sqrt(len(chosen)), 1))))
        column, row = _unravel_curve(np.arange(len(chosen)))
        textures.append(Texture(_paint(colors[chosen], column, row, side, block)))
        place = block * np.stack([column, row], axis=1)
        uv[chosen] = (place[:, None] + squares[chosen]) / (block * side)
        index[chosen] = len(textures) - 1
    return textures, index, uv


def _flatten_slivers(corners, square):
    """Places (faces, 3, 2) of corners in a triangle's square; those of slivers lie in a line."""
    places = np.tile(square, (len(corners), 1, 1))
    edges = np.roll(corners, -1, axis=1) - corners  # edge k from corner k to the next
    lengths = np.linalg.norm(edges, axis=2)
    longest = lengths.argmax(axis=1)
    face = np.arange(len(corners))
    along, start, end = edges[face, longest], longest, (longest + 1) % 3
    blunt = (longest + 2) % 3
    away = corners[face, blunt] - corners[face, start]
    length = np.maximum(lengths[face, longest], 1e-30)
    share = np.einsum("fi,fi->f", away, along) / length**2
    height = np.linalg.norm(away - share[:, None] * along, axis=1)
    thin = np.flatnonzero(height < SLIVER * length)
    first, last = places[thin, start[thin]], places[thin, end[thin]]
    places[thin, blunt[thin]] = first + share[thin, None] * (last - first)
    return places


def _paint(colors, column, row, side, block):
    """Pixels of side x side squares, each with the colors of a triangle."""
    a, b, c = np.moveaxis(colors, 1, 0)
    pixels = np.zeros((side, block, side, block, 3), np.uint8)
    for down in range(block):
        for right in range(block):
            texel = a + ((b - a) * right + (c - a) * down) / (block - 1)
            pixels[row, down, column, right] = to_srgb(np.clip(texel, 0, 1)) * 255 + 0.5
    return pixels.reshape(side * block, side * block, 3)


def _curve_places(centers):
    """Place of points along a curve (Morton 1966) that keeps neighbors together."""
    centers = np.asarray(centers, dtype=float)
    if not len(centers):
        return np.zeros(0, np.int64)
    span = max(float(np.ptp(centers, axis=0).max()), 1e-9)
    cells = ((centers - centers.min(axis=0)) / span * 1023).astype(np.int64)
    return sum(_spread(cells[:, k], 10, 3) << k for k in range(3))


def _spread(values, bits, apart):
    """Move the bits of numbers apart."""
    return sum(((values >> bit) & 1) << (apart * bit) for bit in range(bits))


def _unravel_curve(places):
    """Column and row of places along the curve in the plane."""
    column = sum(((places >> (2 * bit)) & 1) << bit for bit in range(10))
    row = sum(((places >> (2 * bit + 1)) & 1) << bit for bit in range(10))
    return column, row
