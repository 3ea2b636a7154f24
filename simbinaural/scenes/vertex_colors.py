"""Colors of corners as a texture, so that a coarse mesh stays smooth and a fine one cheap.

A triangle gets four texels; its corners are the centers of three of them, and the fourth continues
their slope, so that bilinear sampling blends the corners as a gradient would::

    +---+---+
    | a | b |     a = (0.5, 0.5)   b = (1.5, 0.5)   c = (0.5, 1.5)   d = b + c - a
    +---+---+
    | c | d |     seen from afar, a whole triangle is one texel of the halved texture,
    +---+---+     and its neighbors there are its neighbors in the home
"""

import numpy as np

from simbinaural.scenes.color import to_srgb
from simbinaural.scenes.scene import Texture

SIDE = 1024
"""Triangles along the side of a texture: 2048 texels, as many as vision keeps."""

CORNERS = np.array([(0.5, 0.5), (1.5, 0.5), (0.5, 1.5)])


def color_textures(centers, colors):
    """Paint textures for triangles with a color at each corner.

    Parameters
    ----------
    centers : (faces, 3) array_like
        Middle of each, metres.
    colors : (faces, 3, 3) array_like
        Linear RGB of each corner, 0 to 1.

    Returns
    -------
    textures : list of Texture
    index : (faces,) numpy.ndarray of int
        Which of them each face has.
    uv : (faces, 3, 2) numpy.ndarray of float32
    """
    count = len(centers)
    uv, index = np.empty((count, 3, 2), np.float32), np.empty(count, int)
    textures = []
    order = np.argsort(_curve_places(centers), kind="stable")
    for first in range(0, count, SIDE * SIDE):
        chosen = order[first : first + SIDE * SIDE]
        side = 1 << int(np.ceil(np.log2(max(np.sqrt(len(chosen)), 1))))
        column, row = _unravel_curve(np.arange(len(chosen)))
        pixels = np.zeros((2 * side, 2 * side, 3), np.uint8)
        a, b, c = np.moveaxis(np.asarray(colors)[chosen], 1, 0)
        for texel, (down, right) in zip((a, b, c, b + c - a), _BLOCK, strict=True):
            codes = to_srgb(np.clip(texel, 0, 1)) * 255 + 0.5
            pixels[2 * row + down, 2 * column + right] = codes.astype(np.uint8)
        corner = np.stack([2 * column, 2 * row], axis=1)
        uv[chosen] = (corner[:, None] + CORNERS) / (2 * side)
        index[chosen] = len(textures)
        textures.append(Texture(pixels))
    return textures, index, uv


_BLOCK = ((0, 0), (0, 1), (1, 0), (1, 1))


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
