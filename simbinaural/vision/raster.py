"""Which face each sample of a perspective picture sees: a z-buffer in homogeneous coordinates.

For flat pictures this is several times faster than casting a ray for each sample, and it finds
every face that covers a sample, however thin. Panoramas are cast (`simbinaural.vision.casting`);
both give face numbers only, from which `simbinaural.vision.shading` computes everything else.
"""

import numpy as np
from numba import njit

SAMPLES = np.array([[0.0, 0.0], [-0.125, -0.375], [0.375, -0.125], [0.125, 0.375], [-0.375, 0.125]])
"""Offsets of a pixel's samples from its centre, x and y in pixels: the centre, then a turned grid,
which shows four steps on edges close to horizontal and to vertical."""

_SLACK_PX = 1e-4
"""Faces are grown by this much, so that no light shines through where corners meet edges."""


@njit(cache=True, error_model="numpy")
def rasterize(corners, size, focal_px, offsets):
    """Find the nearest face of every sample.

    Parameters
    ----------
    corners : (faces, 3, 3) numpy.ndarray
        Corners in body axes (looking along -z), metres.
    size : (2,) tuple of int
        Height, width in pixels.
    focal_px : float
        Focal length in pixels.
    offsets : (samples, 2) numpy.ndarray
        Where the samples lie in a pixel, from its centre.

    Returns
    -------
    (samples, height, width) numpy.ndarray of int32
        Face, -1 where there is none.

    Notes
    -----
    Olano and Greer, Triangle scan conversion using 2D homogeneous coordinates, 1997: a ray d meets
    the face (a, b, c) where d.(b x c), d.(c x a) and d.(a x b) have the sign of det(a, b, c); their
    sum over the determinant is the inverse depth. All are linear in the pixel, and faces that pass
    behind the camera need no clipping.
    """
    height, width = size
    faces = np.full((len(offsets), height, width), -1, np.int32)
    nearness = np.zeros((len(offsets), height, width), np.float32)
    edges = np.empty((3, 3))
    for face in range(len(corners)):
        top, bottom = _rows(corners[face], height, focal_px)
        if bottom <= top or not _edges(corners[face], size, focal_px, edges):
            continue
        for sample in range(len(offsets)):
            _fill(face, edges, (top, bottom), offsets[sample], faces[sample], nearness[sample])
    return faces


@njit(cache=True, error_model="numpy")
def _rows(corner, height, focal_px):
    """Range of rows that a face can touch; empty if all of it lies behind the camera."""
    low, high, in_front = 1e30, -1e30, 0
    for k in range(3):
        if corner[k, 2] < -1e-6:
            in_front += 1
            row = 0.5 * height + focal_px * corner[k, 1] / corner[k, 2]
            low, high = min(low, row), max(high, row)
    if in_front == 0:
        return 0, 0
    if in_front < 3:
        return 0, height
    return int(max(0.0, np.floor(low) - 1)), int(min(float(height), np.ceil(high) + 1))


@njit(cache=True, error_model="numpy")
def _edges(corner, size, focal_px, edges):
    """Write each edge function's change per pixel along x, y and its value at pixel (0, 0).

    They are divided by the determinant, so that they are positive inside and add up to the inverse
    depth.
    """
    height, width = size
    a, b, c = corner[0], corner[1], corner[2]
    _cross(b, c, edges[0])
    _cross(c, a, edges[1])
    _cross(a, b, edges[2])
    determinant = a[0] * edges[0, 0] + a[1] * edges[0, 1] + a[2] * edges[0, 2]
    if abs(determinant) < 1e-15:
        return False
    for k in range(3):
        x, y, z = edges[k]
        # The ray through (column, row) is ((column - w/2)/f, (h/2 - row)/f, -1).
        edges[k, 0] = x / focal_px / determinant
        edges[k, 1] = -y / focal_px / determinant
        edges[k, 2] = (-z + 0.5 * (y * height - x * width) / focal_px) / determinant
    return True


@njit(cache=True, error_model="numpy")
def _cross(a, b, out):
    out[0] = a[1] * b[2] - a[2] * b[1]
    out[1] = a[2] * b[0] - a[0] * b[2]
    out[2] = a[0] * b[1] - a[1] * b[0]


@njit(cache=True, error_model="numpy")
def _fill(face, edges, rows, offset, faces, nearness):
    """Draw a face into one sample's buffers, row by row."""
    width = faces.shape[1]
    step = edges[0, 0] + edges[1, 0] + edges[2, 0]
    for row in range(rows[0], rows[1]):
        y = row + 0.5 + offset[1]
        low, high = -1e30, 1e30
        for k in range(3):
            along, value = edges[k, 0], edges[k, 1] * y + edges[k, 2]
            if along > 0:
                low = max(low, -value / along)
            elif along < 0:
                high = min(high, -value / along)
            elif value < 0:
                high = -1e30
        start = max(0.0, np.ceil(low - _SLACK_PX - 0.5 - offset[0]))
        stop = min(width - 1.0, np.floor(high + _SLACK_PX - 0.5 - offset[0]))
        if stop < start:
            continue
        left, right = int(start), int(stop) + 1
        at = (edges[0, 1] + edges[1, 1] + edges[2, 1]) * y + (
            edges[0, 2] + edges[1, 2] + edges[2, 2]
        )
        at += step * (left + 0.5 + offset[0])
        for column in range(left, right):
            if at > nearness[row, column]:
                nearness[row, column] = at
                faces[row, column] = face
            at += step
