"""Which face each sample of a perspective picture sees: a z-buffer in homogeneous coordinates.

For flat pictures this is several times faster than casting a ray for each sample, and it finds
every face that covers a sample, however thin. Panoramas are cast (`simbinaural.vision.casting`);
both give face numbers only, from which `simbinaural.vision.shading` computes everything else.
"""

import numpy as np

from simbinaural.kernels import njit

SAMPLES = np.array([[0.0, 0.0], [-0.125, -0.375], [0.375, -0.125], [0.125, 0.375], [-0.375, 0.125]])
"""Offsets of a pixel's samples from its centre, x and y in pixels: the centre, then a turned grid,
which shows four steps on edges close to horizontal and to vertical."""

TILE_PX = 16
"""Side of the squares for which the farthest sample is kept."""

_SLACK_PX = 1e-4
"""Faces are grown by this much, so that no light shines through where corners meet edges."""


@njit(cache=True, error_model="numpy")
def rasterize(corners, size, focal_px, offsets, near):
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
    near : (faces,) numpy.ndarray of bool
        Faces that are likely to hide others, such as those of the room around the camera. They are
        drawn first, so that most of what they hide need not be drawn.

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
    edges = np.empty((4, 3))
    tiles = np.zeros((height // TILE_PX + 1, width // TILE_PX + 1), np.float32)
    for turn in range(2):
        for face in range(len(corners)):
            if near[face] != (turn == 0):
                continue
            top, bottom, left, right, nearest = _bounds(corners[face], size, focal_px)
            if bottom <= top or right <= left:
                continue
            if turn == 1 and _hidden(tiles, (top, bottom, left, right), nearest):
                continue
            if not _edges(corners[face], size, focal_px, edges):
                continue
            for k in range(len(offsets)):
                _fill(np.int32(face), edges, (top, bottom), offsets[k], faces[k], nearness[k])
        if turn == 0:
            _find_farthest(nearness, tiles)
    return faces


@njit(cache=True, error_model="numpy")
def _bounds(corner, size, focal_px):
    """Rows and columns that a face can touch, and its greatest nearness (inverse depth)."""
    height, width = size
    low_x, high_x, low_y, high_y, nearest, in_front = 1e30, -1e30, 1e30, -1e30, 0.0, 0
    for k in range(3):
        if corner[k, 2] < -1e-6:
            in_front += 1
            inverse = -1 / corner[k, 2]
            column = 0.5 * width + focal_px * corner[k, 0] * inverse
            row = 0.5 * height - focal_px * corner[k, 1] * inverse
            low_x, high_x = min(low_x, column), max(high_x, column)
            low_y, high_y = min(low_y, row), max(high_y, row)
            nearest = max(nearest, inverse)
    if in_front == 0:
        return 0, 0, 0, 0, 0.0
    if in_front < 3:
        return 0, height, 0, width, 1e30
    # Samples lie up to half a pixel from the centre.
    return (
        int(max(0.0, np.floor(low_y) - 1)),
        int(min(float(height), np.ceil(high_y) + 1)),
        int(max(0.0, np.floor(low_x) - 1)),
        int(min(float(width), np.ceil(high_x) + 1)),
        nearest,
    )


@njit(cache=True, error_model="numpy")
def _find_farthest(nearness, tiles):
    """Write the least nearness that any sample of each tile has got so far."""
    tiles[:] = np.inf
    n_samples, height, width = nearness.shape
    for k in range(n_samples):
        for row in range(height):
            for tile in range(tiles.shape[1]):
                least = tiles[row // TILE_PX, tile]
                for column in range(tile * TILE_PX, min((tile + 1) * TILE_PX, width)):
                    least = min(least, nearness[k, row, column])
                tiles[row // TILE_PX, tile] = least


@njit(cache=True, error_model="numpy")
def _hidden(tiles, bounds, nearest):
    """Tell whether a face lies behind all samples of the tiles that it can touch."""
    top, bottom, left, right = bounds
    for row in range(top // TILE_PX, (bottom - 1) // TILE_PX + 1):
        for column in range(left // TILE_PX, (right - 1) // TILE_PX + 1):
            if tiles[row, column] < nearest * (1 + 1e-5):
                return False
    return True


@njit(cache=True, error_model="numpy")
def _edges(corner, size, focal_px, edges):
    """Write each edge function's change per pixel along x, y and its value at pixel (0, 0).

    They are divided by the determinant, so that they are positive inside and add up to the inverse
    depth, which is the fourth.
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
    for k in range(3):
        edges[3, k] = edges[0, k] + edges[1, k] + edges[2, k]
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
    shift_x, shift_y = 0.5 + offset[0], 0.5 + offset[1]
    for row in range(rows[0], rows[1]):
        y = row + shift_y
        low, high = -1e30, 1e30
        for k in range(3):
            along, value = edges[k, 0], edges[k, 1] * y + edges[k, 2]
            if along > 0:
                low = max(low, -value / along)
            elif along < 0:
                high = min(high, -value / along)
            elif value < 0:
                high = -1e30
        start = max(0.0, np.ceil(low - _SLACK_PX - shift_x))
        stop = min(width - 1.0, np.floor(high + _SLACK_PX - shift_x))
        if stop < start:
            continue
        left, right = int(start), int(stop) + 1
        at = edges[3, 0] * (left + shift_x) + edges[3, 1] * y + edges[3, 2]
        _fill_span(face, at, edges[3, 0], faces[row, left:right], nearness[row, left:right])


@njit(cache=True, error_model="numpy", forceinline=True)
def _fill_span(face, at, step, faces, nearness):
    """Draw a face where it is nearer; without branches, so that it runs on vectors."""
    at, step = np.float32(at), np.float32(step)
    for column in range(len(faces)):
        near, before = at + step * np.float32(column), nearness[column]
        nearer = near > before
        nearness[column] = near if nearer else before
        faces[column] = face if nearer else faces[column]
