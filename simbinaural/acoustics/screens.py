"""How furniture dulls a direct sound that it stands in the way of."""

import numpy as np

from simbinaural.acoustics.planes import N_BANDS, NOTHING, is_free, nearest_plane
from simbinaural.geometry import SPEED_OF_SOUND
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ

_MOST_DB = 24.0
_GAP_M = 0.02  # what is narrower lets nothing through


def screen_gains(enclosure, source, listener):
    """Amplitude of the direct sound after furniture, without 1/distance.

    Parameters
    ----------
    enclosure : Enclosure
        The room.
    source, listener : (3,) numpy.ndarray
        World, metres.

    Returns
    -------
    (7,) numpy.ndarray
        1 in free sight; 0 behind a wall, or a box without a way round.

    Notes
    -----
    Sound goes around a box by its top, its two sides and, where it hangs, its bottom. For the
    detour delta of each way, Maekawa's curve in the form of Kurze and Anderson (1971), with the
    Fresnel number N = 2 delta f / c::

        loss = 5 dB + 20 log10(sqrt(2 pi N) / tanh(sqrt(2 pi N))), at most 24 dB

    The energies of the ways that stay within the room add up, to 1 at most; of several boxes the
    one that screens most counts alone (Deygout 1966). The sound still comes straight and in time.
    """
    way = listener - source
    if nearest_plane(enclosure.planes, source, way, 1 - 1e-9)[1] != NOTHING:
        return np.zeros(N_BANDS)
    energy = np.ones(N_BANDS)
    enter, leave = _crossing(enclosure.boxes.T, source, way, [0, 1, 2])
    for box in enclosure.boxes.T[(enter > 0) & (enter < leave) & (leave < 1)]:
        detours = _detours(enclosure.planes, box, source, way)
        energy = np.minimum(energy, transmission(detours).sum(axis=0))
    return np.sqrt(energy)


def _crossing(boxes, source, way, axes):
    """When source + t way enters and leaves boxes (..., 6), seen along `axes` alone."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (boxes[..., :3] - source)[..., axes] / way[axes]
        last = (boxes[..., 3:] - source)[..., axes] / way[axes]
    # A way within a face's plane divides zero by zero, which fmin and fmax pass over.
    enter = np.fmax.reduce(np.fmin(first, last), axis=-1)
    return enter, np.fmin.reduce(np.fmax(first, last), axis=-1)


def _detours(planes, box, source, way):
    """Metres (4,) that the ways around four faces are longer; infinite where a wall is.

    In the plane of the way and a face's normal, a box is a rectangle::

              a ---------- b   face
              |            |
        S ....|............|... L
    """
    found = []
    for axis in np.argsort(np.abs(way))[:2]:  # along the third, no face is passed by
        rest = [k for k in range(3) if k != axis]
        times = _crossing(box, source, way, rest)
        for side in (-1, 1):
            face = box[axis + 3 * (side > 0)]
            ends = source, source + way
            corners = [source + time * way for time in times]
            passed = [
                c for c, end in zip(corners, ends, strict=True) if side * (face - end[axis]) > 0
            ]
            for corner in passed:
                corner[axis] = face + side * _GAP_M
            found.append(_length(planes, [source, *passed, source + way]))
    return np.array(found) - np.linalg.norm(way)


def _length(planes, points):
    """Length of a way through `points`, infinite if one of those between is not in the room."""
    nothing = np.zeros((6, 0))
    if not all(is_free(planes, nothing, point) for point in points[1:-1]):
        return np.inf
    return np.sum(np.linalg.norm(np.diff(points, axis=0), axis=1))


def transmission(detours):
    """Energy (ways, 7) that passes edges with `detours` in metres."""
    fresnel = 2 * np.maximum(detours, 1e-9)[:, None] * OCTAVE_BANDS_HZ / SPEED_OF_SOUND
    root = np.sqrt(2 * np.pi * fresnel)
    loss_db = 5 + 20 * np.log10(root / np.tanh(root))
    passes = 10 ** (-np.minimum(loss_db, _MOST_DB) / 10)
    return np.where(np.isfinite(detours)[:, None], passes, 0.0)
