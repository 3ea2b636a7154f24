"""Direct sound and mirror reflections: image sources, each walked back through the room.

pyroomacoustics' image source model tells where images are; the walk tells what a path meets on its
way: the material of each hit point, an open door, a wardrobe. It also makes positions exact, which
come in single precision.
"""

import math

import numpy as np
import pyroomacoustics as pra

from simbinaural.acoustics.directivity import Directivity
from simbinaural.acoustics.echograms import Paths
from simbinaural.acoustics.planes import (
    N_BANDS,
    NORMAL,
    NOTHING,
    POINT,
    compiled,
    dot,
    material_at,
    nearest_box,
    nearest_plane,
)
from simbinaural.acoustics.screens import screen_gains

_SAME_M = 1e-3  # images nearer than this are one: single precision is finer, rooms are coarser


def find_paths(room, enclosure, source, listeners, *, image_order=3, directivity=None):
    """Find the direct and the mirror paths from a source to each listener.

    Parameters
    ----------
    room : Room
        Its polygon and height.
    enclosure : Enclosure
        The same room, packed.
    source : (3,) array_like
        World, metres.
    listeners : (listeners, 3) array_like
        World, metres.
    image_order : int
        Most reflections on a path; 0 is the direct sound alone.
    directivity : Directivity, optional
        How the source radiates; by default the same everywhere.

    Returns
    -------
    list of Paths
        One for each listener, the direct path first where there is one; without air.

    Notes
    -----
    Allen and Berkley (1979); Borish (1984) for any polyhedron. A reflection multiplies a band's
    energy by (1 - alpha)(1 - s): what is scattered belongs to the tracer. Furniture hides a
    reflection, and dulls the direct sound (`simbinaural.acoustics.screens`); walls hide both.

    Paths interfere, as waves between walls do: energy is the same whatever `image_order`, but in
    the lowest two octaves the ears of heads away from the walls hear less of it with more paths:
    from order 1 to 6 by 0.2 dB where half of a reflection is scattered, 0.6 dB where a tenth is.
    """
    source = np.array(source, dtype=float)
    listeners = np.array(listeners, dtype=float).reshape(-1, 3)
    images = image_positions(room, source, listeners, image_order)
    directivity = directivity or Directivity.omnidirectional()
    found = []
    for listener in listeners:
        positions, gains, exits = _walk_all(enclosure, source, listener, images, image_order)
        direct = screen_gains(enclosure, source, listener)[:, None]
        vectors = np.vstack([source[None], positions]) - listener
        gains = np.hstack([direct, gains]) / np.linalg.norm(vectors, axis=1)
        gains *= directivity.amplitudes(np.vstack([listener[None], exits]) - source)
        audible = gains.any(axis=0)
        found.append(Paths(vectors[audible], gains[:, audible]))
    return found


def image_positions(room, source, listeners, order):
    """Positions (images, 3) of the images that any listener may see, without the source itself."""
    if order < 1:
        return np.zeros((0, 3))
    corner = np.array([*room.polygon.min(axis=0), room.floor_y])
    pra.random.seed(0)  # is_inside, which `add` asks, draws from it
    model = _model(room, corner, order)
    model.add_source(_swap(source) - corner)
    model.add_microphone_array((_swap(listeners) - corner).T)
    model.image_source_model()
    found = model.sources[0]
    images = found.images.T[found.orders > 0].astype(float) + corner
    # Where two walls meet at a right angle, both orders of reflection give the same image.
    _, first = np.unique(np.round(images / _SAME_M), axis=0, return_index=True)
    return _swap(images[np.sort(first)])


def _model(room, corner, order):
    """Build pyroomacoustics' room: world x, z on its floor, the corner at zero."""
    polygon = room.polygon - corner[:2]
    edges = np.roll(polygon, -1, axis=0) - polygon
    if len(polygon) == 4 and np.all(np.any(edges == 0, axis=1)):
        return pra.ShoeBox([*polygon.max(axis=0), room.height], max_order=order)
    model = pra.Room.from_corners(polygon.T, max_order=order)
    model.extrude(room.height)
    return model


def _swap(points):
    """Swap y and z: between the world and pyroomacoustics."""
    return np.asarray(points, dtype=float)[..., [0, 2, 1]]


@compiled
def _walk_all(room, source, listener, images, order):
    """Exact positions and amplitudes (without 1/distance) of the images that are heard.

    And where each path meets its first wall on its way from the source.
    """
    positions, gains = images.copy(), np.zeros((N_BANDS, images.shape[0]))
    exits = images.copy()
    chain = np.empty(order, np.int64)
    energy, entries = np.empty(N_BANDS), np.empty(room.boxes.shape[1])
    for i in range(images.shape[0]):
        bounces = _walk(room, source, listener, images[i], chain, energy, entries, exits[i])
        if bounces == 0:
            continue
        positions[i] = source
        for j in range(bounces - 1, -1, -1):
            _mirror(room.planes, chain[j], positions[i])
        gains[:, i] = np.sqrt(energy)
    return positions, gains, exits


@compiled
def _walk(room, source, listener, image, chain, energy, entries, point):
    """Follow a path from its listener to the source: how often it bounces, 0 if it is hidden.

    Each plane that is met mirrors the image that is still ahead; the last one is the source.
    `point` is left where the last of them was met.
    """
    point[:] = listener
    target = image.copy()
    direction = np.empty(3)
    energy[:] = 1.0
    for bounce in range(chain.shape[0] + 1):
        for k in range(3):
            direction[k] = target[k] - point[k]
        left = math.sqrt(dot(direction, direction))
        for k in range(3):
            direction[k] /= left
        length, plane = nearest_plane(room.planes, point, direction, left - 0.5 * _SAME_M)
        if nearest_box(room.boxes, point, direction, min(length, left), entries)[1] != NOTHING:
            return 0
        if plane == NOTHING:
            for k in range(3):
                direction[k] = target[k] - source[k]
            return bounce if dot(direction, direction) < _SAME_M**2 else 0
        if bounce == chain.shape[0]:
            return 0
        for k in range(3):
            point[k] += length * direction[k]
        material = material_at(room, plane, point)
        for b in range(N_BANDS):
            energy[b] *= (1 - room.absorption[material, b]) * (1 - room.scattering[material, b])
        chain[bounce] = plane
        _mirror(room.planes, plane, target)
    return 0


@compiled
def _mirror(planes, plane, point):
    """Mirror a point in a plane, in place."""
    away = 0.0
    for k in range(3):
        away += (point[k] - planes[plane, POINT + k]) * planes[plane, NORMAL + k]
    for k in range(3):
        point[k] -= 2 * away * planes[plane, NORMAL + k]
