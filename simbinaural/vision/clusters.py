"""Scans by the handful: neighboring faces share a box, and are drawn or passed over together.

A scan has hundreds of thousands of small faces, of which a camera in a room sees a tenth. Boxes
outside the picture, and those behind what has been drawn, cost one test instead of one for each of
their faces; the nearest are drawn first, so that most of the rest is hidden when its turn comes.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.raster import (
    draw_face,
    find_farthest,
    is_behind,
    is_beside,
    is_hidden,
    make_canvas,
    to_body,
)

FACES = 64
"""Faces in a cluster: so few that its box is hardly larger than what a sofa hides."""

_FRONT_M = 1e-3
"""Boxes that come nearer to the camera's plane than this are never taken for hidden."""

_FIRST_LOOK = 16
"""Clusters that are drawn before the first look at what they hide; each look is as long again."""


class Clusters(NamedTuple):
    """Boxes around faces that follow one another.

    Attributes
    ----------
    first : (clusters + 1,) numpy.ndarray of int32
        Number of each cluster's first face.
    middle, half : (clusters, 3) numpy.ndarray
        Of the box, world, metres.
    """

    first: np.ndarray
    middle: np.ndarray
    half: np.ndarray


def spatial_order(middles):
    """Order points (n, 3) along a curve that keeps neighbors together: (n,) numpy.ndarray of int.

    Notes
    -----
    Morton, A computer oriented geodetic data base, 1966: the bits of the three coordinates, 10 of
    each, take turns.
    """
    lower = middles.min(axis=0)
    extent = max(float((middles.max(axis=0) - lower).max()), 1e-9)
    cells = np.minimum((middles - lower) * (1023 / extent), 1023).astype(np.int64)
    code = np.zeros(len(middles), np.int64)
    for bit in range(10):
        for axis in range(3):
            code |= ((cells[:, axis] >> bit) & 1) << (3 * bit + axis)
    return np.argsort(code, kind="stable")


def make_clusters(corners):
    """Put boxes around each `FACES` consecutive faces (faces, 3, 3)."""
    first = np.append(np.arange(0, len(corners), FACES), len(corners)).astype(np.int32)
    lower = np.minimum.reduceat(corners.min(axis=1), first[:-1])
    upper = np.maximum.reduceat(corners.max(axis=1), first[:-1])
    return Clusters(first, (lower + upper) / 2, (upper - lower) / 2)


@njit(cache=True, error_model="numpy")
def rasterize_clusters(clusters, corners, more_corners, lens, offsets):
    """Find the nearest face of every sample.

    Parameters
    ----------
    clusters : Clusters
    corners : (faces, 3, 3) numpy.ndarray
        Corners of their faces, world, metres.
    more_corners : (more faces, 3, 3) numpy.ndarray
        Of faces in no cluster, which are numbered behind them.
    lens : Lens
    offsets : (samples, 2) numpy.ndarray
        Where the samples lie in a pixel, from its centre.

    Returns
    -------
    (samples, height, width) numpy.ndarray of int32
        Face, -1 where there is none.
    """
    height, width = lens.size
    canvas = make_canvas(lens.size, offsets)
    chosen, nearness, boxes = _choose(clusters, lens)
    order = np.argsort(-nearness)
    look = _FIRST_LOOK
    for place in range(len(order)):
        if place == look:
            find_farthest(canvas, lens.size)
            look *= 2
        k = order[place]
        box = boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3]
        if is_hidden(canvas.tiles, box, nearness[k], lens.size):
            continue
        cluster = chosen[k]
        for face in range(clusters.first[cluster], clusters.first[cluster + 1]):
            _draw_seen(canvas, face, corners, face, lens)
    for face in range(len(more_corners)):
        _draw_seen(canvas, len(corners) + face, more_corners, face, lens)
    n_samples = len(offsets)
    return canvas.faces[: n_samples * height * width].reshape(n_samples, height, width)


@njit(cache=True, error_model="numpy", forceinline=True)
def _draw_seen(canvas, number, corners, face, lens):
    """Draw a face under a number, unless it lies beside the picture."""
    if is_behind(corners, face, lens):
        return
    triangle = to_body(corners, face, lens)
    if not is_beside(triangle, lens):
        draw_face(canvas, number, triangle, lens)


@njit(cache=True, error_model="numpy")
def _choose(clusters, lens):
    """Clusters in the picture, their nearness, and what their boxes cover of it.

    Returns
    -------
    chosen : (n,) numpy.ndarray of int32
    nearness : (n,) numpy.ndarray
        Inverse depth of the box's nearest corner; infinite where it reaches behind the camera.
    boxes : (n, 4) numpy.ndarray
        Top, bottom, left, right, in pixels.
    """
    n_clusters = len(clusters.middle)
    chosen, nearness = np.empty(n_clusters, np.int32), np.empty(n_clusters)
    boxes = np.empty((n_clusters, 4))
    count = 0
    (height, width), f = lens.size, lens.focal_px
    for cluster in range(n_clusters):
        x, dx = _extent(clusters, cluster, lens, 0)
        y, dy = _extent(clusters, cluster, lens, 1)
        z, dz = _extent(clusters, cluster, lens, 2)
        if z - dz > 0 or _is_outside(clusters, cluster, lens):
            continue
        chosen[count] = cluster
        near, far = -(z + dz), -(z - dz)
        if near < _FRONT_M:
            nearness[count] = np.inf
            boxes[count] = 0, height, 0, width
        else:
            nearness[count] = 1 / near
            boxes[count, 0] = 0.5 * height - f * _greatest(y + dy, near, far)
            boxes[count, 1] = 0.5 * height + f * _greatest(dy - y, near, far)
            boxes[count, 2] = 0.5 * width - f * _greatest(dx - x, near, far)
            boxes[count, 3] = 0.5 * width + f * _greatest(x + dx, near, far)
        count += 1
    return chosen[:count], nearness[:count], boxes[:count]


@njit(cache=True, error_model="numpy", forceinline=True)
def _greatest(value, near, far):
    """Greatest of value / depth between two depths."""
    return value / near if value > 0 else value / far


@njit(cache=True, error_model="numpy", forceinline=True)
def _extent(clusters, cluster, lens, axis):
    """Middle and half width of a box along a body axis."""
    middle = half = 0.0
    for k in range(3):
        turn = lens.turn[k, axis]
        middle += (clusters.middle[cluster, k] - lens.eye[k]) * turn
        half += clusters.half[cluster, k] * abs(turn)
    return middle, half


@njit(cache=True, error_model="numpy", forceinline=True)
def _is_outside(clusters, cluster, lens):
    """Tell whether a box lies wholly beyond one side of the picture, by a pixel."""
    f, turn = lens.focal_px, lens.turn
    wide, high = 0.5 * lens.size[1] + 1, 0.5 * lens.size[0] + 1
    for axis, reach in ((0, wide), (1, high)):
        for sign in (-1.0, 1.0):
            # Inside where f * along + sign * reach * z has the sign of -sign.
            middle = half = 0.0
            for k in range(3):
                normal = sign * f * turn[k, axis] + reach * turn[k, 2]
                middle += (clusters.middle[cluster, k] - lens.eye[k]) * normal
                half += clusters.half[cluster, k] * abs(normal)
            if middle - half > 0:
                return True
    return False
