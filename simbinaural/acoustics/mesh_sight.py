"""What a listener sees of a mesh: how much of the sphere around it, and how far all around.

Walls in a mesh are thin, and rays fly on both sides of them: of those that pass a listener's
sphere, only what it sees counts. The late field is gathered in the larger region that it sees, its
own part of the home.
"""

import math
from typing import NamedTuple

import numpy as np

from simbinaural.acoustics.planes import compiled

NEIGHBORHOOD_M = 4.0
"""How far a listener's own part of a home reaches at most."""

_CELLS = 32
_N_PROBES = 256
_SAFE = 0.98


class Sight(NamedTuple):
    """What listeners see.

    Attributes
    ----------
    sphere_m3 : (listeners,) numpy.ndarray
        What is seen of the receiver's sphere.
    depth_m : (listeners, 32, 32) numpy.ndarray of float32
        How far it can be seen in the directions of each cell of an octahedral map, nowhere farther
        than to the nearest thing there, and `NEIGHBORHOOD_M` at most.
    region_m3 : (listeners,) numpy.ndarray
        Volume of all cells to their depth.
    """

    sphere_m3: np.ndarray
    depth_m: np.ndarray
    region_m3: np.ndarray


def look_around(caster, listeners, radius_m):
    """Look around from listeners.

    Parameters
    ----------
    caster : RayCaster
    listeners : (listeners, 3) numpy.ndarray
        World, metres.
    radius_m : float
        Of the receiver's sphere.

    Returns
    -------
    Sight
    """
    probes = _probes() * radius_m
    seen = caster.sees(listeners[:, None], listeners[:, None] + probes).mean(axis=1)
    volume = 4 / 3 * math.pi * radius_m**3
    depth = _depths(caster, listeners)
    region = np.sum(_solid_angles() * depth.astype(float) ** 3 / 3, axis=(1, 2))
    return Sight(volume * np.maximum(seen, 1 / _N_PROBES), depth, np.maximum(region, 1e-3))


def _probes():
    """Points (256, 3) that fill the unit sphere evenly."""
    # Steps whose remainders fill a cube evenly: powers of the root of x^4 = x + 1 (Roberts 2018).
    steps = 1.2207440846057596 ** -np.arange(1.0, 4.0)
    height, turn, volume = ((np.arange(_N_PROBES)[:, None] + 0.5) * steps % 1).T
    height, radius = 2 * height - 1, volume ** (1 / 3)
    level, angle = np.sqrt(1 - height**2), 2 * math.pi * turn
    probes = np.stack([level * np.cos(angle), height, level * np.sin(angle)], axis=1)
    return probes * radius[:, None]


def _unfold(a, b):
    """Unit vectors (..., 3) of places in an octahedral map, each coordinate in [-1, 1]."""
    a, b = np.meshgrid(a, b, indexing="ij")
    y = 1 - np.abs(a) - np.abs(b)
    x = np.where(y < 0, (1 - np.abs(b)) * np.where(a < 0, -1, 1), a)
    z = np.where(y < 0, (1 - np.abs(a)) * np.where(b < 0, -1, 1), b)
    vectors = np.stack([x, y, z], axis=-1)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _depths(caster, listeners):
    """Depth (listeners, cells, cells): the least at the corners of each cell."""
    corners = np.linspace(-1, 1, _CELLS + 1)
    ways = _unfold(corners, corners).reshape(-1, 3).astype(np.float32)
    origins = np.repeat(listeners.astype(np.float32), len(ways), axis=0)
    hits = caster.first_hits(origins, np.tile(ways, (len(listeners), 1)))
    depth = np.where(hits.face >= 0, _SAFE * hits.distance, NEIGHBORHOOD_M)
    depth = np.minimum(depth, NEIGHBORHOOD_M).reshape(-1, _CELLS + 1, _CELLS + 1)
    depth = np.minimum(depth[:, 1:], depth[:, :-1])
    return np.ascontiguousarray(np.minimum(depth[..., 1:], depth[..., :-1]), dtype=np.float32)


def _solid_angles():
    """Solid angles (cells, cells) of the map's cells, whose sum is a sphere's."""
    fine = 4
    places = (np.arange(fine * _CELLS) + 0.5) / (fine * _CELLS) * 2 - 1
    a, b = np.meshgrid(places, places, indexing="ij")
    y = 1 - np.abs(a) - np.abs(b)
    a, b = (np.where(y < 0, 1 - np.abs(q), p) for p, q in ((a, b), (b, a)))
    # An octahedron's face is seen from its middle by the cube of the distance.
    density = (a**2 + b**2 + y**2) ** -1.5
    angles = density.reshape(_CELLS, fine, _CELLS, fine).sum(axis=(1, 3))
    return 4 * math.pi * angles / angles.sum()


@compiled
def is_seen(depth, x, y, z):
    """Whether a point at x, y, z from a listener lies within its depth (cells, cells)."""
    size = max(abs(x) + abs(y) + abs(z), 1e-12)
    a, b = x / size, z / size
    if y < 0:
        a, b = math.copysign(1 - abs(b), a), math.copysign(1 - abs(a), b)
    n = depth.shape[0]
    i, k = min(int((a + 1) / 2 * n), n - 1), min(int((b + 1) / 2 * n), n - 1)
    return x * x + y * y + z * z < depth[i, k] * depth[i, k]
