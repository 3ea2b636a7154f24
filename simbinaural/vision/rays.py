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
    ways : (samples, height, width, 3) numpy.ndarray
        Unit vectors of the samples in body axes, the pixels' centres first.
    pixel : (height, width) numpy.ndarray of float32
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
def vector(array):
    """Array (3,) as a tuple."""
    return array[0], array[1], array[2]


@njit(cache=True, error_model="numpy", forceinline=True)
def to_world(turn, way):
    """Turn a body vector by the matrix `turn`."""
    return (
        turn[0, 0] * way[0] + turn[0, 1] * way[1] + turn[0, 2] * way[2],
        turn[1, 0] * way[0] + turn[1, 1] * way[1] + turn[1, 2] * way[2],
        turn[2, 0] * way[0] + turn[2, 1] * way[1] + turn[2, 2] * way[2],
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def way_of(ways, sample, row, column):
    """Body vector of a sample."""
    return (
        ways[sample, row, column, 0],
        ways[sample, row, column, 1],
        ways[sample, row, column, 2],
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def meet(surfaces, face, eye, way):
    """Distance and barycentric u, v where a ray meets a face's plane (Moeller and Trumbore)."""
    e1, e2 = row3(surfaces.edge1, face), row3(surfaces.edge2, face)
    corner = row3(surfaces.corner, face)
    px = way[1] * e2[2] - way[2] * e2[1]
    py = way[2] * e2[0] - way[0] * e2[2]
    pz = way[0] * e2[1] - way[1] * e2[0]
    determinant = e1[0] * px + e1[1] * py + e1[2] * pz
    if abs(determinant) < 1e-18:
        return 0.0, 0.0, 0.0
    sx, sy, sz = eye[0] - corner[0], eye[1] - corner[1], eye[2] - corner[2]
    u = (sx * px + sy * py + sz * pz) / determinant
    qx = sy * e1[2] - sz * e1[1]
    qy = sz * e1[0] - sx * e1[2]
    qz = sx * e1[1] - sy * e1[0]
    v = (way[0] * qx + way[1] * qy + way[2] * qz) / determinant
    distance = (e2[0] * qx + e2[1] * qy + e2[2] * qz) / determinant
    return distance, u, v


@njit(cache=True, error_model="numpy")
def measure(faces, surfaces, view, along_axis):
    """Depth and source mask of the pixels' centres.

    Parameters
    ----------
    faces : (height, width) numpy.ndarray of int32
    surfaces : Surfaces
    view : View
    along_axis : bool
        Depth along the view axis instead of radially.

    Returns
    -------
    depth : (height, width) numpy.ndarray of float32
        Metres; 0 where nothing is met.
    mask : (height, width) numpy.ndarray of uint8
    """
    height, width = faces.shape
    depth = np.zeros((height, width), np.float32)
    mask = np.zeros((height, width), np.uint8)
    for row in range(height):
        for column in range(width):
            face = faces[row, column]
            if face >= 0:
                body = way_of(view.ways, 0, row, column)
                distance, _, _ = meet(surfaces, face, view.eye, to_world(view.turn, body))
                depth[row, column] = -distance * body[2] if along_axis else distance
                mask[row, column] = surfaces.label[face]
    return depth, mask


@njit(cache=True, error_model="numpy")
def aim(view, ways):
    """Origins and world directions (rays, 3), float32, of body vectors (rays, 3)."""
    origins = np.empty((len(ways), 3), np.float32)
    directions = np.empty_like(origins)
    for ray in range(len(ways)):
        way = to_world(view.turn, row3(ways, ray))
        for k in range(3):
            origins[ray, k] = view.eye[k]
            directions[ray, k] = way[k]
    return origins, directions
