"""Reflections in varnish, porcelain, glass: one ray from each pixel that mirrors."""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.rays import column3, row3

FAINT = 0.04
"""Reflections weaker than this are left out, and those above it lessened by it, without a step."""

GRAZING = 2.0
"""What a surface mirrors at a flat glance, in units of its gloss."""


class Mirrored(NamedTuple):
    """Rays from pixels whose surface mirrors.

    Attributes
    ----------
    pixel : (rays,) numpy.ndarray of int32
        Number of the pixel, row by row.
    weight : (rays,) numpy.ndarray of float32
        Share of the light that is mirrored.
    origin, way : (rays, 3) numpy.ndarray of float32
    distance : (rays,) numpy.ndarray of float32
        From the eye to the surface.
    """

    pixel: np.ndarray
    weight: np.ndarray
    origin: np.ndarray
    way: np.ndarray
    distance: np.ndarray


@njit(cache=True, error_model="numpy")
def make_mirrored(capacity):
    """Room for the mirrored rays of `capacity` pixels."""
    return Mirrored(
        pixel=np.empty(capacity, np.int32),
        weight=np.empty(capacity, np.float32),
        origin=np.empty((capacity, 3), np.float32),
        way=np.empty((capacity, 3), np.float32),
        distance=np.empty(capacity, np.float32),
    )


@njit(cache=True, error_model="numpy")
def first_rays(mirrored, count):
    """The first `count` rays."""
    return Mirrored(
        mirrored.pixel[:count],
        mirrored.weight[:count],
        mirrored.origin[:count],
        mirrored.way[:count],
        mirrored.distance[:count],
    )


@njit(cache=True, error_model="numpy")
def mirror_rays(surfaces, rays, count, first_pixel, mirrored, n_mirrored):
    """Add the rays that leave mirroring surfaces.

    Parameters
    ----------
    surfaces : Surfaces
    rays : Rays
        Of pixels that follow one another, from `first_pixel` on; they have met their faces.
    count : int
        How many of them.
    first_pixel : int
    mirrored : Mirrored
        Filled behind its first `n_mirrored` rays.
    n_mirrored : int

    Returns
    -------
    int
        How many rays are in `mirrored` now.

    Notes
    -----
    Schlick's approximation of Fresnel's equations, 1994: R = R0 + (R1 - R0) (1 - cos)^5, where
    R0 is the square of the surface's gloss (0.2, a varnished floor, is the 4 % of any varnish) and
    R1 less than 1 for what is not polished.
    """
    for ray in range(count):
        face = rays.face[ray]
        if face < 0 or surfaces.gloss[face] <= 0:
            continue
        way = column3(rays.way, ray)
        normal = _smooth_normal(surfaces, face, rays.u[ray], rays.v[ray], way)
        cosine = -(way[0] * normal[0] + way[1] * normal[1] + way[2] * normal[2])
        gloss = surfaces.gloss[face]
        steep = min(max(cosine, 0.0), 1.0)
        least, most = gloss * gloss, min(1.0, GRAZING * gloss)
        share = least + (most - least) * (1 - steep) ** 5 - FAINT
        if share <= 0 or cosine <= 0:
            continue
        mirrored.pixel[n_mirrored], mirrored.weight[n_mirrored] = first_pixel + ray, share
        mirrored.distance[n_mirrored] = rays.distance[ray]
        for k in range(3):
            end = rays.origin[k, ray] + rays.distance[ray] * way[k]
            mirrored.way[n_mirrored, k] = way[k] + 2 * cosine * normal[k]
            mirrored.origin[n_mirrored, k] = end + 1e-3 * normal[k]
        n_mirrored += 1
    return n_mirrored


@njit(cache=True, error_model="numpy", forceinline=True)
def _smooth_normal(surfaces, face, u, v, ray):
    """Interpolated unit normal on the side that the ray comes from."""
    corner = surfaces.corner_normals[face]
    w = 1 - u - v
    x = w * corner[0, 0] + u * corner[1, 0] + v * corner[2, 0]
    y = w * corner[0, 1] + u * corner[1, 1] + v * corner[2, 1]
    z = w * corner[0, 2] + u * corner[1, 2] + v * corner[2, 2]
    length = max(np.sqrt(x * x + y * y + z * z), 1e-12)
    flat = row3(surfaces.normal, face)
    if flat[0] * ray[0] + flat[1] * ray[1] + flat[2] * ray[2] > 0:
        length = -length
    return x / length, y / length, z / length
