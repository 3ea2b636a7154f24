"""Which face each sample of a perspective picture sees: a z-buffer in homogeneous coordinates.

For flat pictures this is several times faster than casting a ray for each sample, and it finds
every face that covers a sample, however thin. Panoramas are cast (`simbinaural.casting`);
both give face numbers only, from which `simbinaural.vision.shading` computes everything else.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit

SAMPLES = np.array([[0.0, 0.0], [-0.125, -0.375], [0.375, -0.125], [0.125, 0.375], [-0.375, 0.125]])
"""Offsets of a pixel's samples from its centre, x and y in pixels: the centre, then a turned grid,
which shows four steps on edges close to horizontal and to vertical."""

TILE_PX = 8
"""Side of the squares for which the farthest sample is kept."""

_SLACK_PX = 1e-4
"""Faces are grown by this much, so that no light shines through where corners meet edges."""

_FRONT_M = 1e-6
"""Corners nearer to the camera's plane than this, or behind it, have no place in the picture."""

_LANES = 8
"""Spans and rows are worked on in groups of this many, which processors do at once."""

_FAR_PX = 1e30


class Lens(NamedTuple):
    """Where a perspective picture is taken from, and how.

    Attributes
    ----------
    eye : (3,) numpy.ndarray
        World, metres.
    turn : (3, 3) numpy.ndarray
        Body axes (looking along -z) to world.
    size : (2,) tuple of int
        Height, width in pixels.
    focal_px : float
        Focal length in pixels.
    """

    eye: np.ndarray
    turn: np.ndarray
    size: tuple
    focal_px: float


class Canvas(NamedTuple):
    """What has been drawn, and room for what is computed for one face.

    Attributes
    ----------
    faces : (samples * height * width + lanes,) numpy.ndarray of int32
    nearness : (samples * height * width + lanes,) numpy.ndarray of float32
        Inverse depth.
    tiles : (rows, columns) numpy.ndarray of float32
        Least nearness of any sample in each tile.
    offsets : (samples, 2) numpy.ndarray
    edges : (4, 3) numpy.ndarray
        Change along x and y of the edge functions and of the inverse depth, value at (0, 0).
    lines : (6, 2) numpy.ndarray
        Columns of up to three left and three right edges: change per row, value at row 0.
    starts, stops : (height + lanes,) numpy.ndarray of int32
        First and last column in each row.
    """

    faces: np.ndarray
    nearness: np.ndarray
    tiles: np.ndarray
    offsets: np.ndarray
    edges: np.ndarray
    lines: np.ndarray
    starts: np.ndarray
    stops: np.ndarray


@njit(cache=True, error_model="numpy")
def rasterize(corners, lens, offsets, near):
    """Find the nearest face of every sample.

    Parameters
    ----------
    corners : (faces, 3, 3) numpy.ndarray
        Corners, world, metres.
    lens : Lens
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

    Faces that turn their backs (clockwise corners) come last: they are drawn like all others, but
    few are seen, as most things in a home are closed.
    """
    height, width = lens.size
    canvas = make_canvas(lens.size, offsets)
    fronts, backs = np.empty(len(corners), np.int32), np.empty(len(corners), np.int32)
    n_fronts, n_backs = 0, 0
    for face in range(len(corners)):
        if is_behind(corners, face, lens):
            continue
        triangle = to_body(corners, face, lens)
        if is_beside(triangle, lens):
            continue
        if _determinant(triangle) > 0:
            backs[n_backs] = face
            n_backs += 1
        elif near[face]:
            draw_face(canvas, face, triangle, lens)
        else:
            fronts[n_fronts] = face
            n_fronts += 1
    for later in (fronts[:n_fronts], backs[:n_backs]):
        find_farthest(canvas, lens.size)
        for face in later:
            draw_face(canvas, face, to_body(corners, face, lens), lens)
    n_samples = len(offsets)
    return canvas.faces[: n_samples * height * width].reshape(n_samples, height, width)


@njit(cache=True, error_model="numpy")
def make_canvas(size, offsets):
    """Canvas of (height, width) pixels with samples at some offsets, on which nothing is drawn."""
    height, width = size
    length = len(offsets) * height * width + _LANES
    return Canvas(
        np.full(length, -1, np.int32),
        np.zeros(length, np.float32),
        np.zeros((height // TILE_PX + 1, width // TILE_PX + 1), np.float32),
        offsets,
        np.empty((4, 3)),
        np.empty((6, 2)),
        np.empty(height + _LANES, np.int32),
        np.empty(height + _LANES, np.int32),
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def is_behind(corners, face, lens):
    """Tell whether all corners lie behind the camera; this spares half of the faces the rest."""
    for k in range(3):
        if _along(_from_eye(corners, face, k, lens), lens.turn, 2) < -_FRONT_M:
            return False
    return True


@njit(cache=True, error_model="numpy", forceinline=True)
def _from_eye(corners, face, k, lens):
    return (
        corners[face, k, 0] - lens.eye[0],
        corners[face, k, 1] - lens.eye[1],
        corners[face, k, 2] - lens.eye[2],
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def _along(vector, turn, axis):
    return vector[0] * turn[0, axis] + vector[1] * turn[1, axis] + vector[2] * turn[2, axis]


@njit(cache=True, error_model="numpy", forceinline=True)
def to_body(corners, face, lens):
    """Corners of a face in body axes, a tuple of tuples."""
    p, q, r = (
        _from_eye(corners, face, 0, lens),
        _from_eye(corners, face, 1, lens),
        _from_eye(corners, face, 2, lens),
    )
    turn = lens.turn
    return (
        (_along(p, turn, 0), _along(p, turn, 1), _along(p, turn, 2)),
        (_along(q, turn, 0), _along(q, turn, 1), _along(q, turn, 2)),
        (_along(r, turn, 0), _along(r, turn, 1), _along(r, turn, 2)),
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def is_beside(triangle, lens):
    """Tell whether a face lies wholly beyond one side of the picture, by a pixel.

    Sides are planes through the eye: this holds for corners behind the camera, too.
    """
    a, b, c = triangle
    f, wide, high = lens.focal_px, 0.5 * lens.size[1] + 1, 0.5 * lens.size[0] + 1
    return (
        max(f * a[0] - wide * a[2], f * b[0] - wide * b[2], f * c[0] - wide * c[2]) < 0
        or min(f * a[0] + wide * a[2], f * b[0] + wide * b[2], f * c[0] + wide * c[2]) > 0
        or max(f * a[1] - high * a[2], f * b[1] - high * b[2], f * c[1] - high * c[2]) < 0
        or min(f * a[1] + high * a[2], f * b[1] + high * b[2], f * c[1] + high * c[2]) > 0
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def _determinant(triangle):
    a, (x, y, z) = triangle[0], _cross(triangle[1], triangle[2])
    return a[0] * x + a[1] * y + a[2] * z


@njit(cache=True, error_model="numpy", forceinline=True)
def _cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@njit(cache=True, error_model="numpy")
def draw_face(canvas, face, triangle, lens):
    """Draw a face, unless it is hidden."""
    determinant = _determinant(triangle)
    if abs(determinant) < 1e-15:
        return
    crossing = max(triangle[0][2], triangle[1][2], triangle[2][2]) >= -_FRONT_M
    box, nearest = (0.0, float(lens.size[0]), -_FAR_PX, _FAR_PX), 0.0
    if not crossing:
        box, nearest = _project(triangle, lens)
        if is_hidden(canvas.tiles, box, nearest, lens.size):
            return
    _find_edges(canvas.edges, triangle, determinant, lens)
    box = _find_lines(canvas, box, lens.size)
    if box[1] < box[0]:
        return
    if crossing:
        nearest = _greatest_nearness(canvas.edges, box, lens.size)
        if is_hidden(canvas.tiles, box, nearest, lens.size):
            return
    for sample in range(len(canvas.offsets)):
        _fill(canvas, np.int32(face), box, sample, lens.size)


@njit(cache=True, error_model="numpy", forceinline=True)
def _project(triangle, lens):
    """Box of a face in front of the camera (top, bottom, left, right), and its nearness."""
    (height, width), f = lens.size, lens.focal_px
    a, b, c = triangle
    p, q, r = -1 / a[2], -1 / b[2], -1 / c[2]
    box = (
        0.5 * height - f * max(a[1] * p, b[1] * q, c[1] * r),
        0.5 * height - f * min(a[1] * p, b[1] * q, c[1] * r),
        0.5 * width + f * min(a[0] * p, b[0] * q, c[0] * r),
        0.5 * width + f * max(a[0] * p, b[0] * q, c[0] * r),
    )
    return box, max(p, q, r)


@njit(cache=True, error_model="numpy", forceinline=True)
def _greatest_nearness(edges, box, size):
    """Greatest nearness that a face's plane has in the rows of a box."""
    across, down, value = edges[3, 0], edges[3, 1], edges[3, 2]
    return max(0.0, across * size[1]) + max(down * box[0], down * box[1]) + value


@njit(cache=True, error_model="numpy")
def is_hidden(tiles, box, nearest, size):
    """Tell whether a face lies behind all samples of the tiles that it can touch."""
    height, width = size
    top, bottom = int(max(0.0, box[0] - 1)), int(min(height - 1.0, box[1] + 1))
    left, right = int(max(0.0, box[2] - 1)), int(min(width - 1.0, box[3] + 1))
    for row in range(top // TILE_PX, bottom // TILE_PX + 1):
        for column in range(left // TILE_PX, right // TILE_PX + 1):
            if tiles[row, column] < nearest * (1 + 1e-5):
                return False
    return True


@njit(cache=True, error_model="numpy")
def find_farthest(canvas, size):
    """Write the least nearness that any sample of each tile has got so far."""
    height, width = size
    least = np.empty(width, np.float32)
    for tile in range((height + TILE_PX - 1) // TILE_PX):
        least[:] = np.inf
        for sample in range(len(canvas.offsets)):
            for row in range(tile * TILE_PX, min((tile + 1) * TILE_PX, height)):
                start = (sample * height + row) * width
                nearness = canvas.nearness[start : start + width]
                for column in range(width):
                    least[column] = min(least[column], nearness[column])
        canvas.tiles[tile] = np.inf
        for column in range(width):
            place = column // TILE_PX
            canvas.tiles[tile, place] = min(canvas.tiles[tile, place], least[column])


@njit(cache=True, error_model="numpy", forceinline=True)
def _find_edges(edges, triangle, determinant, lens):
    """Write each edge function's change per pixel along x, y and its value at pixel (0, 0).

    They are divided by the determinant, so that they are positive inside and add up to the inverse
    depth, which is the fourth.
    """
    (height, width), scale = lens.size, 1 / determinant
    a, b, c = triangle
    for k, normal in enumerate((_cross(b, c), _cross(c, a), _cross(a, b))):
        x, y, z = normal[0] / lens.focal_px * scale, normal[1] / lens.focal_px * scale, normal[2]
        # The ray through (column, row) is ((column - w/2)/f, (h/2 - row)/f, -1).
        edges[k, 0] = x
        edges[k, 1] = -y
        edges[k, 2] = 0.5 * (y * height - x * width) - z * scale
    for axis in range(3):
        edges[3, axis] = edges[0, axis] + edges[1, axis] + edges[2, axis]


@njit(cache=True, error_model="numpy", forceinline=True)
def _find_lines(canvas, box, size):
    """Write the left and right edges as lines; return the box with the rows that lie inside.

    An edge function is positive right of a left edge and left of a right edge. The face is seen
    in rows where each left edge lies left of each right edge; this holds for faces that pass behind
    the camera, too, whose edges may be all left or all right.
    """
    edges, lines, width = canvas.edges, canvas.lines, size[1]
    for k in range(3):
        lines[k, 0], lines[k, 1] = 0.0, -_FAR_PX
        lines[3 + k, 0], lines[3 + k, 1] = 0.0, _FAR_PX
    rows = max(box[0], 0.0), min(box[1], float(size[0]))
    n_left, n_right = 0, 3
    for k in range(3):
        along, down, value = edges[k, 0], edges[k, 1], edges[k, 2]
        if abs(along) <= 1e-12 * abs(down) + 1e-30:
            rows = _cut(rows, -down, -value)
        elif along > 0:
            lines[n_left, 0], lines[n_left, 1] = -down / along, -value / along - _SLACK_PX
            n_left += 1
        else:
            lines[n_right, 0], lines[n_right, 1] = -down / along, -value / along + _SLACK_PX
            n_right += 1
    if box[2] < 0 or box[3] > width:
        for k in range(n_left):
            rows = _cut(rows, lines[k, 0], lines[k, 1] - width)
            for j in range(3, n_right):
                rows = _cut(rows, lines[k, 0] - lines[j, 0], lines[k, 1] - lines[j, 1])
        for j in range(3, n_right):
            rows = _cut(rows, -lines[j, 0], -lines[j, 1])
    return rows[0], rows[1], box[2], box[3]


@njit(cache=True, error_model="numpy", forceinline=True)
def _cut(rows, slope, value):
    """Keep those rows y where slope y + value is not positive."""
    if slope > 0:
        return rows[0], min(rows[1], -value / slope)
    if slope < 0:
        return max(rows[0], -value / slope), rows[1]
    return rows if value <= 0 else (_FAR_PX, -_FAR_PX)


@njit(cache=True, error_model="numpy")
def _fill(canvas, face, box, sample, size):
    """Draw a face into one sample's picture."""
    height, width = size
    shift_x, shift_y = 0.5 + canvas.offsets[sample, 0], 0.5 + canvas.offsets[sample, 1]
    top = int(max(0.0, np.ceil(box[0] - _SLACK_PX - shift_y)))
    bottom = int(min(height - 1.0, np.floor(box[1] + _SLACK_PX - shift_y)))
    _find_columns(canvas, (top + shift_y, bottom + 1 - top), shift_x, width)
    step, down, value = canvas.edges[3, 0], canvas.edges[3, 1], canvas.edges[3, 2]
    faces, nearness, starts, stops = canvas.faces, canvas.nearness, canvas.starts, canvas.stops
    for k in range(bottom + 1 - top):
        left, length = starts[k], stops[k] + 1 - starts[k]
        if length <= 0:
            continue
        at = step * (left + shift_x) + down * (top + k + shift_y) + value
        first = (sample * height + top + k) * width + left
        whole = _whole_groups(length)
        _fill_span(
            (face, np.float32(at), np.float32(step), np.int32(length)),
            faces[first : first + whole],
            nearness[first : first + whole],
        )


@njit(cache=True, error_model="numpy", forceinline=True)
def _whole_groups(count):
    """Round up: vectors have no rest that must go one by one."""
    return (count + _LANES - 1) // _LANES * _LANES


@njit(cache=True, error_model="numpy", forceinline=True)
def _find_columns(canvas, rows, shift_x, width):
    """Write the first and the last column of each row, without branches for the same reason."""
    lines, starts, stops = canvas.lines, canvas.starts, canvas.stops
    (s0, t0), (s1, t1), (s2, t2) = _pair(lines, 0), _pair(lines, 1), _pair(lines, 2)
    (s3, t3), (s4, t4), (s5, t5) = _pair(lines, 3), _pair(lines, 4), _pair(lines, 5)
    for k in range(_whole_groups(rows[1])):
        y = rows[0] + k
        low = max(max(s0 * y + t0, s1 * y + t1), s2 * y + t2)
        high = min(min(s3 * y + t3, s4 * y + t4), s5 * y + t5)
        starts[k] = np.int32(min(max(0.0, np.ceil(low - shift_x)), float(width)))
        stops[k] = np.int32(max(min(width - 1.0, np.floor(high - shift_x)), -1.0))


@njit(cache=True, error_model="numpy", forceinline=True)
def _pair(lines, k):
    return lines[k, 0], lines[k, 1]


@njit(cache=True, error_model="numpy", forceinline=True)
def _fill_span(plane, faces, nearness):
    """Draw a face where it is nearer; without branches, so that it runs on vectors.

    What follows the span in the last group is read and written back as it was.
    """
    face, at, step, length = plane
    for column in range(_whole_groups(length)):
        near, before = at + step * np.float32(column), nearness[column]
        nearer = (near > before) & (np.int32(column) < length)
        nearness[column] = near if nearer else before
        faces[column] = face if nearer else faces[column]
