"""Rays of a picture, and where exactly they meet the faces that they are known to meet."""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit


class View(NamedTuple):
    """Where the picture is taken from.

    Attributes
    ----------
    eye : (3,) numpy.ndarray
    turn : (3, 3) numpy.ndarray
        Body to world.
    ways : (samples, 3, pixels) numpy.ndarray
        Unit vectors of the samples in body axes, the pixels' centres first; pixels row by row.
    pixel : (pixels,) numpy.ndarray of float32
        Angle that a pixel spans, radians.
    """

    eye: np.ndarray
    turn: np.ndarray
    ways: np.ndarray
    pixel: np.ndarray


@njit(cache=True, error_model="numpy", forceinline=True)
def row3(array, row):
    """Row of an (n, 3) array as a tuple: array views cost more than the numbers in them."""
    return array[row, 0], array[row, 1], array[row, 2]


@njit(cache=True, error_model="numpy", forceinline=True)
def column3(array, column):
    """Column of a (3, n) array as a tuple."""
    return array[0, column], array[1, column], array[2, column]


@njit(cache=True, error_model="numpy", forceinline=True)
def dot(a, b):
    """Scalar product of two tuples of 3."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True, error_model="numpy", forceinline=True)
def cross(a, b):
    """Vector product of two tuples of 3."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@njit(cache=True, error_model="numpy", forceinline=True)
def to_world(turn, way):
    """Turn a body vector by the matrix `turn`."""
    return (
        turn[0, 0] * way[0] + turn[0, 1] * way[1] + turn[0, 2] * way[2],
        turn[1, 0] * way[0] + turn[1, 1] * way[1] + turn[1, 2] * way[2],
        turn[2, 0] * way[0] + turn[2, 1] * way[1] + turn[2, 2] * way[2],
    )


class Rays(NamedTuple):
    """A block of rays whose faces are known, and where they meet them.

    Attributes
    ----------
    face : (rays,) numpy.ndarray of int32
        -1 for rays that leave the home.
    origin, way : (3, rays) numpy.ndarray
        Metres; unit vectors, world.
    angle : (rays,) numpy.ndarray of float32
        That the pixel spans, radians.
    travelled : (rays,) numpy.ndarray of float32
        Metres that the ray made before `origin`.
    distance, u, v : (rays,) numpy.ndarray
        Written by `meet_all`.
    """

    face: np.ndarray
    origin: np.ndarray
    way: np.ndarray
    angle: np.ndarray
    travelled: np.ndarray
    distance: np.ndarray
    u: np.ndarray
    v: np.ndarray


@njit(cache=True, error_model="numpy")
def make_rays(capacity):
    """A block for up to `capacity` rays, not yet filled."""
    return Rays(
        face=np.empty(capacity, np.int32),
        origin=np.empty((3, capacity)),
        way=np.empty((3, capacity)),
        angle=np.empty(capacity, np.float32),
        travelled=np.empty(capacity, np.float32),
        distance=np.empty(capacity),
        u=np.empty(capacity),
        v=np.empty(capacity),
    )


@njit(cache=True, error_model="numpy")
def aim_centres(rays, count, view, first_pixel):
    """Fill in the rays of pixels that follow one another, but for their faces."""
    turn, last = view.turn, first_pixel + count
    x, y, z = view.ways[0, :, first_pixel:last]
    for k in range(3):
        way, a, b, c = rays.way[k], turn[k, 0], turn[k, 1], turn[k, 2]
        for ray in range(count):
            way[ray] = a * x[ray] + b * y[ray] + c * z[ray]
        rays.origin[k, :count] = view.eye[k]
    rays.angle[:count] = view.pixel[first_pixel:last]
    rays.travelled[:count] = 0


@njit(cache=True, error_model="numpy", forceinline=True)
def aim_ray(rays, ray, view, sample, pixel):
    """Fill in the ray of a pixel's sample, but for its face."""
    way = to_world(view.turn, column3(view.ways[sample], pixel))
    for k in range(3):
        rays.origin[k, ray], rays.way[k, ray] = view.eye[k], way[k]
    rays.angle[ray], rays.travelled[ray] = view.pixel[pixel], 0


@njit(cache=True, error_model="numpy")
def meet_all(surfaces, rays, count):
    """Find where the first `count` rays of a block meet their faces' planes.

    Notes
    -----
    Moeller and Trumbore, 1997. With the edges a, b of a face and s from its corner to the ray's
    origin, a ray d has distance b.(s x a) / d.(b x a) and weights u = d.(b x s) / d.(b x a),
    v = d.(s x a) / d.(b x a). Neighbours mostly share face and origin, and so these products.
    """
    faces, origins, ways, _, _, distance, u, v = rays
    last, eye = -1, (0.0, 0.0, 0.0)
    across = along_u = along_v = eye
    height = 0.0
    for ray in range(count):
        face = faces[ray]
        if face < 0:
            continue
        origin, way = column3(origins, ray), column3(ways, ray)
        if face != last or origin != eye:
            last, eye = face, origin
            a, b = row3(surfaces.edge1, face), row3(surfaces.edge2, face)
            corner = row3(surfaces.corner, face)
            s = eye[0] - corner[0], eye[1] - corner[1], eye[2] - corner[2]
            across, along_u, along_v = cross(b, a), cross(b, s), cross(s, a)
            height = dot(b, along_v)
        determinant = dot(way, across)
        inverse = 1 / determinant if abs(determinant) > 1e-18 else 0.0
        distance[ray] = height * inverse
        u[ray] = dot(way, along_u) * inverse
        v[ray] = dot(way, along_v) * inverse


@njit(cache=True, error_model="numpy")
def aim(view, ways):
    """Origins and world directions (rays, 3), float32, of body vectors (3, rays)."""
    origins = np.empty((ways.shape[1], 3), np.float32)
    directions = np.empty_like(origins)
    for ray in range(len(origins)):
        way = to_world(view.turn, column3(ways, ray))
        for k in range(3):
            origins[ray, k] = view.eye[k]
            directions[ray, k] = way[k]
    return origins, directions
