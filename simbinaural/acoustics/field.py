"""The late field of a room: the same everywhere, so that every flight of every ray tells of it.

A listener's sphere is a hundredth of a room, and late rays are few: what passes through it is a
poor estimate of the end of a decay. After some ten reflections, though, the energy density decays
alike at all places (Kuttruff, *Room Acoustics*, chapter 5). There the whole room is the receiver::

    listener's spheres and rain    | blend |    room-wide field, scaled to meet it
    |------------|-----------------|-------|------------------------------------> time
    0       match begins       0.06 s   0.12 s  (match ends)

The scale is the listener's own: by a hard wall or round a corner the level stays what was traced.
"""

import numpy as np

from simbinaural.acoustics.echograms import BIN_M, BIN_S
from simbinaural.acoustics.planes import N_BANDS, compiled

MATCH_S = (0.03, 0.12)
"""Seconds after the direct sound in which field and listener must hold the same energy."""

BLEND_S = (0.06, 0.12)
"""Seconds in which the field takes over."""


@compiled
def fill(field, travelled, length, power):
    """Add a flight to the field (bins, bands): its power times the metres flown in each bin."""
    end = travelled + length
    k = int(travelled / BIN_M)
    while travelled < end and k < field.shape[0]:
        border = min((k + 1) * BIN_M, end)
        for b in range(N_BANDS):
            field[k, b] += (border - travelled) * power[b]
        travelled = border
        k += 1


def settle(energy, field, starts):
    """Let the room-wide field take over from what listeners received.

    Parameters
    ----------
    energy : (listeners, bins, 7) numpy.ndarray
        Traced for each listener, from its direct sound on.
    field : (bins, 7) numpy.ndarray
        Of all flights, from the emission on, in any unit.
    starts : (listeners,) numpy.ndarray
        Metres from the source to each listener.

    Returns
    -------
    (listeners, bins, 7) numpy.ndarray
    """
    bins = energy.shape[1]
    shifted = np.stack([_shifted(field, start / BIN_M, bins) for start in starts])
    times = (np.arange(bins) + 0.5) * BIN_S
    match = (times > MATCH_S[0]) & (times < MATCH_S[1])
    near, far = energy[:, match].sum(axis=1), shifted[:, match].sum(axis=1)
    scale = np.divide(near, far, out=np.zeros_like(near), where=far > 0)
    weight = np.clip((times - BLEND_S[0]) / (BLEND_S[1] - BLEND_S[0]), 0, 1)[:, None]
    return (1 - weight) * energy + weight * scale[:, None] * shifted


def _shifted(field, shift, bins):
    """Field (bins, 7) that begins `shift` bins later, linear between bins; zero past its end."""
    whole = int(shift)
    part = np.zeros((bins + 1, N_BANDS))
    found = field[whole : whole + bins + 1]
    part[: len(found)] = found
    return part[:-1] + (shift - whole) * (part[1:] - part[:-1])
