"""Soft shadows that objects throw on a scan around them, though nobody knows its lamps.

How much of all directions an object hides is reckoned once for the points of a grid around it, and
by how much more on which side. A pixel near the object looks this up: no ray is cast for a frame.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import convolve1d

from simbinaural.casting import RayCaster
from simbinaural.kernels import njit
from simbinaural.vision.home import sphere_rays

CELLS = 20
"""Points of the grid along each axis."""

RAYS = 64
"""Directions that each point looks in."""

REACH_M = 0.25
"""Shadows end this far from an object, and half its size further."""

FADE = 0.4
"""Share of the way from the grid's middle to its border on which shadows fade out."""


class Shadows(NamedTuple):
    """Grids around objects.

    Attributes
    ----------
    lower : (objects, 3) numpy.ndarray
        Corner of each grid, world, metres.
    cells : (objects, 3) numpy.ndarray
        Cells per metre.
    hidden : (objects, CELLS, CELLS, CELLS, 4) numpy.ndarray of float32
        Share of all directions that the object hides, and three times the mean of these directions'
        unit vectors.
    dark : (objects, 3) numpy.ndarray of float32
        Share of the hidden light that the object does not return.
    """

    lower: np.ndarray
    cells: np.ndarray
    hidden: np.ndarray
    dark: np.ndarray


def cast_shadows(objects, albedo):
    """Look around objects.

    Parameters
    ----------
    objects : sequence of PlacedObject
    albedo : (objects, 3) numpy.ndarray
        Mean colour of each.

    Returns
    -------
    Shadows
    """
    dark = (1 - np.reshape(albedo, (-1, 3))).astype(np.float32)
    lower, cells = np.empty((len(objects), 3)), np.empty((len(objects), 3))
    hidden = np.empty((len(objects), CELLS, CELLS, CELLS, 4), np.float32)
    for k, thing in enumerate(objects):
        low, high = thing.mesh.vertices.min(axis=0), thing.mesh.vertices.max(axis=0)
        reach = REACH_M + 0.5 * float((high - low).max())
        low, high = low.astype(float) - reach, high.astype(float) + reach
        lower[k], cells[k] = low, (CELLS - 1) / (high - low)
        caster = RayCaster(thing.mesh.vertices, thing.mesh.faces)
        hidden[k] = _look_around(caster, low, high)
    return Shadows(lower, cells, hidden, dark)


def _look_around(caster, low, high):
    """Fill a grid (CELLS, CELLS, CELLS, 4) between two corners."""
    axes = [np.linspace(a, b, CELLS) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    ways = _turned_rays()[_phases()]
    origins = np.repeat(points, RAYS, axis=0).astype(np.float32)
    blocked = caster.blocked(origins, ways.reshape(-1, 3)).reshape(-1, RAYS)
    share = blocked.mean(axis=1, keepdims=True)
    lean = 3 / RAYS * np.einsum("pr,pri->pi", blocked.astype(np.float32), ways)
    hidden = np.concatenate([share, lean], axis=1).reshape(CELLS, CELLS, CELLS, 4)
    for axis in range(3):
        hidden = convolve1d(hidden, [0.25, 0.5, 0.25], axis=axis, mode="nearest")
    return hidden * _fade()


def _phases():
    """Which of eight sets of directions each point of the grid looks in: neighbors differ."""
    i, j, k = np.indices((CELLS,) * 3).reshape(3, -1) & 1
    return i + 2 * j + 4 * k


def _turned_rays():
    """Eight sets of directions (8, RAYS, 3), one turned against the other about the vertical.

    Smoothing averages them (Keller and Heidrich, Interleaved sampling, 2001).
    """
    angle = np.arange(8) * (2 * np.pi / 8 * 0.6180339887498949)
    x, y, z = sphere_rays(RAYS).T
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    turned = [cos * x + sin * z, np.broadcast_to(y, (8, RAYS)), cos * z - sin * x]
    return np.stack(turned, axis=-1).astype(np.float32)


def _fade():
    """Weights (CELLS, CELLS, CELLS, 1) of a grid: 1 inside, 0 at the border."""
    from_border = 1 - np.abs(np.linspace(-1, 1, CELLS))
    ramp = np.minimum(from_border / FADE, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return (ramp[:, None, None] * ramp[:, None] * ramp)[..., None].astype(np.float32)


@njit(cache=True, error_model="numpy")
def dim(shadows, place, normal, side):
    """Share of its light, red, green and blue, that objects leave to a place on a scan.

    Parameters
    ----------
    shadows : Shadows
    place : tuple of 3 floats
        World, metres.
    normal : tuple of 3 floats
        Unit normal of the face there.
    side : float
        1 for the face's front, -1 for its back.

    Notes
    -----
    With the share f0 of hidden directions and g, three times their mean vector, to first order of
    spherical harmonics a surface of normal n lacks f0 + 2/3 g.n of its light, by the cosine law
    (Ramamoorthi and Hanrahan, 2001, give the factor 2/3). It is exact under a large plate, where
    both terms are one half, and for what stands free.
    """
    red = green = blue = np.float32(1)
    for k in range(len(shadows.cells)):
        x, y, z = _in_grid(shadows, k, place)
        if x < 0:
            continue
        all_over, a, b, c = _interpolate(shadows.hidden[k], x, y, z)
        lean = side * (a * normal[0] + b * normal[1] + c * normal[2])
        share = np.float32(min(max(all_over + 2 / 3 * lean, 0.0), 1.0))
        red *= 1 - share * shadows.dark[k, 0]
        green *= 1 - share * shadows.dark[k, 1]
        blue *= 1 - share * shadows.dark[k, 2]
    return red, green, blue


@njit(cache=True, error_model="numpy")
def is_near(shadows, place):
    """Tell whether an object may shade a place."""
    for k in range(len(shadows.cells)):  # noqa: SIM110 (kernels have no `any` of generators)
        if _in_grid(shadows, k, place)[0] >= 0:
            return True
    return False


@njit(cache=True, error_model="numpy", forceinline=True)
def _in_grid(shadows, k, place):
    """Place in cells of a grid; -1 outside."""
    x = (place[0] - shadows.lower[k, 0]) * shadows.cells[k, 0]
    y = (place[1] - shadows.lower[k, 1]) * shadows.cells[k, 1]
    z = (place[2] - shadows.lower[k, 2]) * shadows.cells[k, 2]
    last = CELLS - 1
    if 0 < x < last and 0 < y < last and 0 < z < last:
        return x, y, z
    return -1.0, -1.0, -1.0


@njit(cache=True, error_model="numpy")
def _interpolate(grid, x, y, z):
    """Trilinear mixture of a grid's four values."""
    i, j, k = int(x), int(y), int(z)
    s, t, r = x - i, y - j, z - k
    first = second = third = fourth = 0.0
    for corner in range(8):
        u, v, w = corner & 1, (corner >> 1) & 1, corner >> 2
        weight = (s if u else 1 - s) * (t if v else 1 - t) * (r if w else 1 - r)
        value = grid[i + u, j + v, k + w]
        first += weight * value[0]
        second += weight * value[1]
        third += weight * value[2]
        fourth += weight * value[3]
    return first, second, third, fourth
