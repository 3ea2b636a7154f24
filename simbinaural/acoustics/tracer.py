"""Rays that bring the energy which image sources leave out.

The paths of up to `image_order` mirror reflections are image sources' part
(`simbinaural.acoustics.images`). All other energy is traced here, in the same units, so that the
two add up whatever the order: nothing is missing between them and nothing counts twice.
"""

import math

import numpy as np

from simbinaural.acoustics.bounces import (
    GOLDEN_ANGLE,
    absorb,
    deposit,
    launch,
    scatter,
    toss,
    uniform,
)
from simbinaural.acoustics.directivity import Directivity, radiate
from simbinaural.acoustics.echograms import BIN_S, Echogram
from simbinaural.acoustics.field import MATCH_S, fill, settle
from simbinaural.acoustics.planes import (
    N_BANDS,
    NORMAL,
    NOTHING,
    blocked,
    compiled,
    dot,
    hiding_planes,
    is_free,
    material_at,
    nearest_box,
    nearest_plane,
)
from simbinaural.geometry import SPEED_OF_SOUND

RECEIVER_RADIUS_M = 0.5
"""Of the sphere around a listener that rays are counted in."""

RAIN_S = 0.1
FAINT = 1e-6  # of a ray's energy: where it ends
THINNING = 10**-1.5  # each 15 dB one ray of two goes on for both: late bins are smoothed anyway
CLOSEST_M = 0.2  # rain from closer by counts as from here; its 1/h^2 would be all noise
_N_PROBES = 256


def trace(
    enclosure,
    source,
    listeners,
    *,
    rng,
    directivity=None,
    image_order=3,
    rays=2000,
    max_length_s=3.0,
):
    """Trace the energy from a source to all listeners at once.

    Parameters
    ----------
    enclosure : Enclosure
        The room.
    source : (3,) array_like
        World, metres.
    listeners : (listeners, 3) array_like
        World, metres.
    rng : numpy.random.Generator
        Gives the rays their seed.
    directivity : Directivity, optional
        How the source radiates; by default the same everywhere.
    image_order : int
        Pure mirror paths off planes up to this order are left out.
    rays : int
        How many leave the source, evenly spread.
    max_length_s : float
        When the echogram ends at the latest.

    Returns
    -------
    Echogram
        Without the air's absorption.

    Notes
    -----
    A ray carries the energy E per band, g^2/rays at the start (`Directivity`), and E(1 - alpha)
    after each bounce. The scattered share s of it arrives by two estimators of the same quantity:

    - *diffuse rain* (Heinz 1993; Schroeder 2011, section 5.3) in the first 100 ms: each bounce
      sends 4 s E cos(theta) / h^2 straight to every listener in sight at the distance h;
    - *receiver spheres* afterwards: a flight through a sphere of volume V adds
      4 pi E l / V, where l is its chord; later the whole room is the receiver
      (`simbinaural.acoustics.field`).

    Then one toss decides for all bands whether the ray goes on diffusely, with the probability
    p = mean s, or as in a mirror. Along a pure mirror path that is an image source's, the power
    takes the weight s / p or (1 - s) / (1 - p), so that just that path's energy is left out. Later
    it keeps all its power, and the weight goes only to what the next flight brings to listeners:
    weights that multiply from bounce to bounce would leave a band's whole tail to a few rays.

    A flight counts in the spheres unless its energy is counted already: after a diffuse bounce
    whose rain fell, or as a pure mirror path of order <= image_order off planes, which is an image
    source.

    V is what furniture and walls leave of a sphere: a listener against a wall hears no less.
    """
    source = np.array(source, dtype=float)
    listeners = np.array(listeners, dtype=float).reshape(-1, 3)
    starts = np.linalg.norm(listeners - source, axis=1)
    volumes = 4 / 3 * math.pi * RECEIVER_RADIUS_M**3 * _free_shares(enclosure, listeners)
    energy = np.zeros((len(listeners), math.ceil(max_length_s / BIN_S), N_BANDS))
    state = np.array([rng.integers(2**63)], dtype=np.uint64)
    reach = max_length_s * SPEED_OF_SOUND
    field = np.zeros((energy.shape[1] + 1, N_BANDS))
    directivity = directivity or Directivity.omnidirectional()
    _trace(
        enclosure,
        source,
        directivity.axis,
        directivity.sharpness,
        listeners,
        starts,
        volumes,
        image_order,
        rays,
        reach,
        state,
        energy,
        field,
    )
    energy = settle(energy, field, starts)
    used = np.flatnonzero(energy.any(axis=(0, 2)))
    bins = used[-1] + 1 if len(used) else 1
    return Echogram(starts, np.ascontiguousarray(energy[:, :bins].transpose(0, 2, 1)))


def _free_shares(enclosure, listeners):
    """How much (listeners,) of each receiver's sphere is air."""
    # Steps whose remainders fill a cube evenly: powers of the root of x^4 = x + 1 (Roberts 2018).
    steps = 1.2207440846057596 ** -np.arange(1.0, 4.0)
    height, turn, volume = ((np.arange(_N_PROBES)[:, None] + 0.5) * steps % 1).T
    height, radius = 2 * height - 1, RECEIVER_RADIUS_M * volume ** (1 / 3)
    level, angle = np.sqrt(1 - height**2), 2 * math.pi * turn
    probes = np.stack([level * np.cos(angle), height, level * np.sin(angle)], axis=1)
    probes *= radius[:, None]
    return _count_free(enclosure.planes, enclosure.boxes, listeners, probes) / _N_PROBES


@compiled
def _count_free(planes, boxes, listeners, probes):
    """Count the probes (probes, 3) around each listener that are in the air."""
    counts = np.zeros(listeners.shape[0])
    for i in range(listeners.shape[0]):
        for probe in probes:
            counts[i] += is_free(planes, boxes, listeners[i] + probe)
        counts[i] = max(counts[i], 1.0)
    return counts


@compiled
def _trace(
    room,
    source,
    axis,
    sharpness,
    listeners,
    starts,
    volumes,
    image_order,
    rays,
    reach,
    state,
    energy,
    field,
):
    """Add what all rays bring to `energy` (listeners, bins, bands) and `field` (bins, bands)."""
    received = MATCH_S[1] * SPEED_OF_SOUND + starts.max()
    planes, boxes, scattering = room.planes, room.boxes, room.scattering
    hiding = hiding_planes(planes)
    turn, offset = 2 * math.pi * uniform(state), uniform(state)
    point, direction, normal = np.empty(3), np.empty(3), np.empty(3)
    power, brought, scattered = np.empty(N_BANDS), np.empty(N_BANDS), np.empty(N_BANDS)
    entries = np.empty(boxes.shape[1])
    for ray in range(rays):
        launch(direction, (ray + offset) / rays, ray * GOLDEN_ANGLE + turn)
        point[:] = source
        radiate(power, 1 / rays, direction, axis, sharpness)
        travelled, order, mirrored, counts, flows = 0.0, 0, True, False, False
        stride, thinning = 1, THINNING
        while True:
            length, plane = nearest_plane(planes, point, direction, 1e9)
            length, box, side = nearest_box(boxes, point, direction, length, entries)
            if plane == NOTHING and box == NOTHING:
                break
            if flows:
                fill(field, travelled, length, power)
            if counts and travelled < received:
                _pass(
                    point, direction, length, travelled, brought, listeners, starts, volumes, energy
                )
            for k in range(3):
                point[k] += length * direction[k]
                normal[k] = 0.0 if box != NOTHING else planes[plane, NORMAL + k]
            if box != NOTHING:
                normal[side] = -math.copysign(1.0, direction[side])
                material = room.box_material[box]
            else:
                material = material_at(room, plane, point)
            travelled += length
            strongest = rays * absorb(power, room.absorption[material])
            if travelled > reach or strongest < FAINT * stride:
                break
            if strongest < thinning * stride:
                stride *= 2
                thinning *= THINNING
                if ray % stride:
                    break
                power *= 2
            rains = travelled < RAIN_S * SPEED_OF_SOUND
            if rains:
                for b in range(N_BANDS):
                    scattered[b] = power[b] * scattering[material, b]
                _rain(
                    hiding,
                    boxes,
                    point,
                    normal,
                    travelled,
                    scattered,
                    listeners,
                    starts,
                    energy,
                    entries,
                )
            scatters = toss(power, brought, scattering[material], state)
            if mirrored and box == NOTHING and order < image_order:
                power[:] = brought
            if scatters:
                scatter(direction, normal, state)
                mirrored, counts, flows = False, not rains, True
            else:
                facing = dot(direction, normal)
                for k in range(3):
                    direction[k] -= 2 * facing * normal[k]
                order += 1
                mirrored = mirrored and box == NOTHING
                counts = flows = not (mirrored and order <= image_order)


@compiled
def _pass(point, direction, length, travelled, brought, listeners, starts, volumes, energy):
    """Count a flight in the spheres that it goes through."""
    for i in range(listeners.shape[0]):
        x = listeners[i, 0] - point[0]
        y = listeners[i, 1] - point[1]
        z = listeners[i, 2] - point[2]
        middle = x * direction[0] + y * direction[1] + z * direction[2]
        half = RECEIVER_RADIUS_M**2 - (x * x + y * y + z * z - middle * middle)
        if half <= 0:
            continue
        half = math.sqrt(half)
        enter, leave = max(middle - half, 0.0), min(middle + half, length)
        if leave > enter:
            weight = 4 * math.pi * (leave - enter) / volumes[i]
            deposit(energy, i, travelled + (enter + leave) / 2 - starts[i], weight, brought)


@compiled
def _rain(hiding, boxes, point, normal, travelled, scattered, listeners, starts, energy, entries):
    """Send the scattered share of a bounce to all listeners in sight."""
    toward = np.empty(3)
    for i in range(listeners.shape[0]):
        for k in range(3):
            toward[k] = listeners[i, k] - point[k]
        height = dot(toward, normal)
        if height <= 0:
            continue
        distance = math.sqrt(dot(toward, toward))
        toward /= distance
        if blocked(hiding, boxes, point, toward, distance, entries):
            continue
        weight = 4 * (height / distance) / max(distance, CLOSEST_M) ** 2
        deposit(energy, i, travelled + distance - starts[i], weight, scattered)
