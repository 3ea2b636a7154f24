"""Panoramas whose every pixel has the color of its direction, made by cameras of 90 degrees."""

import numpy as np

from simbinaural.geometry import (
    Camera,
    multiply,
    orientation_towards,
    pixel_vectors,
    rotate,
)

CUBE_VIEWS = [(-90, 0), (90, 0), (0, 90), (0, -90), (0, 0), (180, 0)]
"""Where a camera looks that takes each face, in the order of the frame."""

EAC_VIEWS = [(90, 0), (0, 0), (-90, 0), (0, -90), (180, 0), (0, 90)]
EAC_TOPS = [(0, 1, 0)] * 3 + [(1, 0, 0)] * 3
"""Direction at the top of each face."""

EAC_PADDING = 2


def face_vectors(view, right, down, top=None):
    """Body vectors (rows, columns, 3) at tangents of a face, as a camera of 90 degrees sees it."""
    camera = Camera(2, 2, 90.0)
    vectors = pixel_vectors(camera, *np.meshgrid(1 + right, 1 + down))
    orientation = orientation_towards(*view)
    if top is not None:
        orientation = multiply(orientation, _roll_to(orientation, top))
    return rotate(orientation, vectors)


def _roll_to(orientation, top):
    """Roll of a camera about its own axis that brings a world direction to its top."""
    right, up = (rotate(orientation, axis) @ np.array(top) for axis in ((1, 0, 0), (0, 1, 0)))
    half = np.arctan2(-right, up) / 2
    return np.array([np.cos(half), 0, 0, np.sin(half)])


def panorama_vectors(projection, size, padding=0):
    """Body vectors (height, width, 3) that a frame shows."""
    width, height = size
    if projection == "equirect":
        return pixel_vectors(Camera(width, height, 360.0, "equirect"))
    vectors = np.empty((height, width, 3))
    for k in range(6):
        columns = np.arange(width // 3) + k % 3 * (width // 3)
        rows = np.arange(height // 2)
        place = np.ix_(rows + k // 3 * (height // 2), columns)
        if projection == "cubemap":
            right, down = (
                2 * (np.arange(n) + 0.5 - padding) / (n - 2 * padding) - 1
                for n in (width // 3, height // 2)
            )
            vectors[place] = face_vectors(CUBE_VIEWS[k], right, down)
            continue
        # The two pixels at both ends of a row widen its faces a little beyond a third.
        right = (columns + 0.5 - EAC_PADDING) / ((width - 2 * EAC_PADDING) / 3) - k % 3
        down = (rows + 0.5 - EAC_PADDING) / (height // 2 - 2 * EAC_PADDING)
        tangents = (np.tan(np.pi / 2 * (share - 0.5)) for share in (right, down))
        vectors[place] = face_vectors(EAC_VIEWS[k], *tangents, EAC_TOPS[k])
    return vectors


def colors_of(vectors):
    """A smooth color for every direction."""
    return np.rint(128 + 80 * vectors).astype(np.uint8)
