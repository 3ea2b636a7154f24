"""Reflections in varnish, porcelain, glass: one ray from each pixel that mirrors."""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.rays import meet, row3, to_world, way_of

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
def mirror_rays(faces, surfaces, view):
    """Rays that leave mirroring surfaces, one from each such pixel's centre.

    Parameters
    ----------
    faces : (height, width) numpy.ndarray of int32
    surfaces : Surfaces
    view : View

    Returns
    -------
    Mirrored

    Notes
    -----
    Schlick's approximation of Fresnel's equations, 1994: R = R0 + (R1 - R0) (1 - cos)^5, where
    R0 is the square of the surface's gloss (0.2, a varnished floor, is the 4 % of any varnish) and
    R1 less than 1 for what is not polished.
    """
    height, width = faces.shape
    room = 0
    for row in range(height):
        for column in range(width):
            face = faces[row, column]
            room += face >= 0 and surfaces.gloss[face] > 0
    pixel, weight = np.empty(room, np.int32), np.empty(room, np.float32)
    origin, way = np.empty((room, 3), np.float32), np.empty((room, 3), np.float32)
    distance = np.empty(room, np.float32)
    count = 0
    for row in range(height):
        for column in range(width):
            face = faces[row, column]
            if face < 0 or surfaces.gloss[face] <= 0:
                continue
            ray = to_world(view.turn, way_of(view.ways, 0, row, column))
            length, u, v = meet(surfaces, face, view.eye, ray)
            normal = _smooth_normal(surfaces, face, u, v, ray)
            cosine = -(ray[0] * normal[0] + ray[1] * normal[1] + ray[2] * normal[2])
            gloss = surfaces.gloss[face]
            steep = min(max(cosine, 0.0), 1.0)
            least, most = gloss * gloss, min(1.0, GRAZING * gloss)
            share = least + (most - least) * (1 - steep) ** 5 - FAINT
            if share <= 0 or cosine <= 0:
                continue
            pixel[count], weight[count] = row * width + column, share
            distance[count] = length
            for k in range(3):
                way[count, k] = ray[k] + 2 * cosine * normal[k]
                origin[count, k] = view.eye[k] + length * ray[k] + 1e-3 * normal[k]
            count += 1
    return Mirrored(pixel[:count], weight[:count], origin[:count], way[:count], distance[:count])


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
