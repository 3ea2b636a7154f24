"""Where in a 360-degree frame a direction lies: equirectangular, EAC, cube map, tilted or stereo.

Two layouts of a cube, each of 3 x 2 faces. EAC ("equi-angular cube map", most of YouTube) spaces
its pixels evenly in angle instead of on the plane; its second row is turned by 90 degrees, so that
each row is one unbroken belt around the sphere::

    EAC                          cube map (cbmp layout 0)
    +-------+-------+-------+    +-------+-------+-------+
    | left  | front | right |    | right | left  |  up   |
    +-------+-------+-------+    +-------+-------+-------+
    | down  | back  |  up   |    | down  | front | back  |
    +-------+-------+-------+    +-------+-------+-------+
      turned: +x is on top         upright; up and down as seen by
                                   a head that tips from the front
"""

from dataclasses import dataclass

import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.geometry import conjugate, multiply, orientation_towards, rotation_matrix

EAC_PADDING_PX = 2
"""Pixels around each row of an EAC frame, whatever its size (as FFmpeg's v360 knows of YouTube)."""

CUBE_FACES = {
    "right": ((0, 0, 1), (0, -1, 0), (1, 0, 0)),
    "left": ((0, 0, -1), (0, -1, 0), (-1, 0, 0)),
    "up": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "down": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    "front": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "back": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
}
"""Body axes that point right, down and forwards in each face, row by row through the frame.

The text of the RFC has up and down the other way round; VLC, which reads this box, and
Transform360, which wrote such files, agree on these.
"""

EAC_FACES = {
    "left": CUBE_FACES["left"],
    "front": CUBE_FACES["front"],
    "right": CUBE_FACES["right"],
    "down": ((0, 0, 1), (-1, 0, 0), (0, -1, 0)),
    "back": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    "up": ((0, 0, -1), (-1, 0, 0), (0, 1, 0)),
}

PANORAMAS = ("equirect", "eac", "cubemap")
STEREO_LAYOUTS = ("mono", "top-bottom", "left-right", "right-left")


@dataclass(frozen=True)
class Eye:
    """The rectangle of a frame that the left eye sees: its corner, width and height in pixels."""

    x: int
    y: int
    width: int
    height: int


def left_eye(layout, size):
    """Find what the left eye sees in a frame.

    Parameters
    ----------
    layout : ambi2binaural.layout.VideoLayout
        Its ``stereo`` counts: ``mono``, ``top-bottom``, ``left-right`` or ``right-left``.
    size : (int, int)
        Width and height of the frame.

    Returns
    -------
    Eye
        The whole frame of a mono video.

    Raises
    ------
    InputError
        If the stereo layout is unknown.
    """
    width, height = size
    if layout.stereo not in STEREO_LAYOUTS:
        raise InputError(
            f"stereo must be one of {', '.join(STEREO_LAYOUTS)}, got {layout.stereo!r}"
        )
    if layout.stereo == "top-bottom":
        return Eye(0, 0, width, height // 2)
    if layout.stereo == "mono":
        return Eye(0, 0, width, height)
    return Eye(width // 2 if layout.stereo == "right-left" else 0, 0, width // 2, height)


def panorama_coordinates(layout, size, vectors, *, margin=0.0):
    """Coordinates in a 360-degree frame at which directions are seen.

    Parameters
    ----------
    layout : ambi2binaural.layout.VideoLayout
        ``projection``; ``stereo``; ``tilt``: yaw, pitch, roll in degrees; ``bounds``: shares of the
        whole panorama that the frame lacks at left, top, right, bottom; ``padding`` of cube faces
        in pixels.
    size : (int, int)
        Width and height of the frame, both eyes included.
    vectors : (..., 3) array_like
        Body axes of the panorama: -z is its front once the tilt is undone. Need not be unit
        vectors.
    margin : float
        Pixels to keep off borders behind which the picture does not go on, so that interpolation
        takes nothing from beyond.

    Returns
    -------
    (..., 2) numpy.ndarray of float32 or float64, as the vectors
        x, y in pixels, of which pixel i has its center at i + 0.5; of the left eye where there are
        two. NaN outside the bounds.

    Raises
    ------
    InputError
        If the projection or the stereo layout is unknown, or `vectors` has another shape.

    Notes
    -----
    Tilt as in Google's Spherical Video V2: the projection is turned by yaw (counter-clockwise
    around up), then pitch (counter-clockwise around right), then roll (clockwise around front).
    """
    vectors = np.asarray(vectors)
    vectors = vectors.astype(np.result_type(vectors, np.float32), copy=False)
    require(vectors.shape[-1:] == (3,), f"vectors must have shape (..., 3), got {vectors.shape}")
    eye = left_eye(layout, size)
    if any(layout.tilt):
        turn = rotation_matrix(conjugate(tilt_orientation(layout.tilt)))
        vectors = vectors @ turn.T.astype(vectors.dtype)
    if layout.projection == "equirect":
        x, y = _equirect_coordinates(layout.bounds, eye, vectors, margin)
    elif layout.projection == "eac":
        x, y = _eac_coordinates(eye, vectors, margin)
    elif layout.projection == "cubemap":
        x, y = _cubemap_coordinates(layout.padding, eye, vectors, margin)
    else:
        raise InputError(
            f"projection must be one of {', '.join(PANORAMAS)}, got {layout.projection!r}"
        )
    return np.stack([x + eye.x, y + eye.y], axis=-1)


def tilt_orientation(tilt_deg):
    """Orientation (4,) of a projection that is turned by yaw, pitch and roll in degrees."""
    yaw, pitch, roll = tilt_deg
    half = np.radians(roll) / 2
    clockwise = (np.cos(half), 0.0, 0.0, -np.sin(half))
    return multiply(orientation_towards(yaw, pitch), clockwise)


def pixels_per_radian(layout, size):
    """Resolution of a frame: pixels for each radian on the sphere, where its pixels are densest."""
    eye = left_eye(layout, size)
    if layout.projection != "equirect":
        return max(eye.width, eye.height) / 3 / (np.pi / 2)
    left, top, right, bottom = layout.bounds
    return max(eye.width / (1 - left - right) / 2, eye.height / (1 - top - bottom)) / np.pi


# --------------------------------------------------------------------------- equirectangular


def goes_around(layout):
    """Whether the right border of a frame continues at its left."""
    return layout.projection == "equirect" and not layout.bounds[0] and not layout.bounds[2]


def _equirect_coordinates(bounds, eye, vectors, margin):
    # Written out, and a coordinate at a time: `geometry.pixels` takes four times as long.
    right, up, back = np.moveaxis(vectors, -1, 0).copy()
    level = np.sqrt(right * right + back * back)
    shares = (
        np.arctan2(right, -back) / (2 * np.pi) + 0.5,
        0.5 - np.arctan2(up, level) / np.pi,
    )
    lengths, margins = (eye.width, eye.height), (margin, margin)
    if bounds[0] == bounds[2] == 0:
        margins = (0, margin)
    places = [
        _in_bounds(share, (bounds[k], bounds[2 + k]), lengths[k], margins[k])
        for k, share in enumerate(shares)
    ]
    if any(bounds):
        outside = np.isnan(places[0]) | np.isnan(places[1])
        return [np.where(outside, np.nan, place) for place in places]
    return places


def _in_bounds(shares, bounds, length, margin):
    """Pixels along one axis of a frame that lacks shares of the panorama at its two ends."""
    shares = (shares - bounds[0]) / (1 - sum(bounds))
    places = np.clip(shares * length, margin, length - margin)
    if any(bounds):
        return np.where((shares < 0) | (shares > 1), np.nan, places)
    return places


# --------------------------------------------------------------------------- cubes


def _eac_coordinates(eye, vectors, margin):
    """Coordinates in an EAC frame, which YouTube turns counterclockwise for eyes side by side."""
    upright = eye.height > eye.width
    width, height = (eye.height, eye.width) if upright else (eye.width, eye.height)
    column, row, right, down = _cube_faces(EAC_FACES, vectors)
    x = EAC_PADDING_PX + (width - 2 * EAC_PADDING_PX) * (column + _even(right)) / 3
    y = EAC_PADDING_PX + (height / 2 - 2 * EAC_PADDING_PX) * _even(down)
    x = np.clip(x, margin, width - margin)
    y = np.clip(y, margin, height / 2 - margin) + height / 2 * row
    return (y, width - x) if upright else (x, y)


def _even(tangents):
    """Spread tangents over 0 to 1, evenly in angle."""
    return np.arctan(tangents) * (2 / np.pi) + 0.5


def _cubemap_coordinates(padding, eye, vectors, margin):
    column, row, right, down = _cube_faces(CUBE_FACES, vectors)
    return (
        _on_tile(column, right, eye.width / 3, (padding, margin)),
        _on_tile(row, down, eye.height / 2, (padding, margin)),
    )


def _on_tile(number, tangents, length, borders):
    padding, margin = borders
    inside = padding + (length - 2 * padding) * (tangents + 1) / 2
    return np.clip(inside, margin, length - margin) + number * length


def _cube_faces(faces, vectors):
    """Column and row of the face that each vector pierces; tangents to right and down, -1 to 1."""
    axes = np.array(list(faces.values()), dtype=vectors.dtype)
    face = np.argmax(vectors @ axes[:, 2].T, axis=-1)
    tangents = np.empty((2, *face.shape), dtype=vectors.dtype)
    for k in np.unique(face):
        here = face == k
        right, down, forward = axes[k] @ vectors[here].T
        tangents[:, here] = right / forward, down / forward
    return *np.array([face % 3, face // 3], dtype=vectors.dtype), *tangents
