"""The kernels of `simbinaural.acoustics.mesh_tracer`: all rays fly on by one flight at a time."""

import math
from typing import NamedTuple

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
from simbinaural.acoustics.directivity import radiate
from simbinaural.acoustics.mesh_bounces import land, lift_off, reflect
from simbinaural.acoustics.mesh_images import child
from simbinaural.acoustics.mesh_scene import MATERIAL
from simbinaural.acoustics.mesh_sight import NEIGHBORHOOD_M, is_seen
from simbinaural.acoustics.planes import N_BANDS, NOTHING, compiled, dot
from simbinaural.acoustics.tracer import CLOSEST_M, FAINT, RECEIVER_RADIUS_M

SILENT, MIRRORED, RAINED = 0, 1, 2
"""How a flight began: as an image source's, as another mirror's, after a diffuse bounce."""

THINNING = 0.1  # each 10 dB one ray of two goes on for both: late bins are smoothed anyway
_OUTSIDE_M = 1e4


class Rays(NamedTuple):
    """Rays on their way; all arrays begin with the ray.

    Attributes
    ----------
    point, direction : (rays, 3) numpy.ndarray
    power, brought, passed, scattered : (rays, 7) numpy.ndarray
        What it carries; what its flight brings to listeners; what the flight before brought; what
        its last bounce rains.
    travelled, thinning : (rays,) numpy.ndarray
        Metres; the power at which one of two ends.
    node : (rays,) numpy.ndarray of int64
        Where in the tree of chains it is, -1 once it left it.
    start : (rays,) numpy.ndarray of int64
        How its flight began.
    stride, number : (rays,) numpy.ndarray of int64
        Rays that it stands for; its place in the lattice.
    state : (rays, 1) numpy.ndarray of uint64
        Of its random numbers.
    """

    point: np.ndarray
    direction: np.ndarray
    power: np.ndarray
    brought: np.ndarray
    passed: np.ndarray
    scattered: np.ndarray
    travelled: np.ndarray
    thinning: np.ndarray
    node: np.ndarray
    start: np.ndarray
    stride: np.ndarray
    number: np.ndarray
    state: np.ndarray


class Ears(NamedTuple):
    """Listeners as the kernels read them; all arrays begin with the listener.

    Attributes
    ----------
    point : (listeners, 3) numpy.ndarray
    start_m, rain_end_m, sphere_end_m : (listeners,) numpy.ndarray
        Metres travelled at which it may first hear something, and until which rain and spheres
        tell what.
    sphere_m3, region_m3 : (listeners,) numpy.ndarray
    depth : (listeners, cells, cells) numpy.ndarray of float32
        As `mesh_sight.Sight` tells.
    """

    point: np.ndarray
    start_m: np.ndarray
    rain_end_m: np.ndarray
    sphere_end_m: np.ndarray
    sphere_m3: np.ndarray
    region_m3: np.ndarray
    depth: np.ndarray


class Shadows(NamedTuple):
    """What waits to be told whether the listener sees it; all arrays begin with the thing.

    Attributes
    ----------
    origin, way : (capacity, 3) numpy.ndarray of float32
        Of the ray that tells.
    ray, listener : (capacity,) numpy.ndarray of int64
    rains : (capacity,) numpy.ndarray of bool
        Whether it is the rain of the last bounce, or the flight before.
    delay, weight : (capacity,) numpy.ndarray
        Metres after the first sound; energy per power.
    """

    origin: np.ndarray
    way: np.ndarray
    ray: np.ndarray
    listener: np.ndarray
    rains: np.ndarray
    delay: np.ndarray
    weight: np.ndarray


def make_rays(count):
    """Rays that are nowhere yet."""
    vectors, bands = ((count, 3), (count, N_BANDS))
    return Rays(
        *(np.zeros(vectors) for _ in range(2)),
        *(np.zeros(bands) for _ in range(4)),
        *(np.zeros(count) for _ in range(2)),
        *(np.zeros(count, np.int64) for _ in range(4)),
        np.zeros((count, 1), np.uint64),
    )


def make_shadows(capacity):
    """Room for what waits."""
    return Shadows(
        *(np.empty((capacity, 3), np.float32) for _ in range(2)),
        *(np.empty(capacity, np.int64) for _ in range(2)),
        np.empty(capacity, np.bool_),
        *(np.empty(capacity) for _ in range(2)),
    )


@compiled
def launch_all(rays, first, total, source, axis, sharpness, seed):
    """Let a stretch of a lattice of `total` rays leave the source."""
    state = np.array([seed])
    turn, offset = 2 * math.pi * uniform(state), uniform(state)
    for r in range(rays.number.shape[0]):
        number = first + r
        launch(rays.direction[r], (number + offset) / total, number * GOLDEN_ANGLE + turn)
        rays.point[r] = source
        radiate(rays.power[r], 1 / total, rays.direction[r], axis, sharpness)
        rays.travelled[r], rays.thinning[r] = 0.0, THINNING
        rays.node[r], rays.start[r] = 0, SILENT
        rays.stride[r], rays.number[r] = 1, number
        # Streams of their own, so that no ray's fate hangs on another's.
        rays.state[r, 0] = seed + np.uint64(number + 1) * np.uint64(0xD1342543DE82EF95)


@compiled
def pack(rays, alive, origins, directions):
    """Fill in what Embree is asked, in single precision."""
    for a in range(alive.shape[0]):
        for k in range(3):
            origins[a, k] = rays.point[alive[a], k]
            directions[a, k] = rays.direction[alive[a], k]


@compiled
def fly(rays, alive, hits, surfaces, chains, ears, shadows, field, reach, total):
    """Let rays fly to what they hit, and bounce.

    `alive`, the rays that fly, becomes those that fly on. Returned are their number, that of what
    waits in `shadows`, and the power that left the scene.
    """
    face, u, v, distance = hits
    n_planes = surfaces.plane_normals.shape[0]
    outward, normal = np.empty(3), np.empty(3)
    left, waiting, leaked = 0, 0, 0.0
    for a in range(alive.shape[0]):
        r = alive[a]
        point, direction, power = rays.point[r], rays.direction[r], rays.power[r]
        length = float(distance[a]) if face[a] >= 0 else _OUTSIDE_M
        if rays.start[r] != SILENT:
            rays.passed[r] = rays.brought[r]
            moment = uniform(rays.state[r])
            _flow(rays, r, length, moment, ears, field)
            waiting = _pass(rays, r, length, moment, ears, shadows, waiting)
        if face[a] < 0:
            leaked += power.mean()
            continue
        material = int(surfaces.faces[face[a], MATERIAL])
        travelled = rays.travelled[r] + length
        rays.travelled[r] = travelled
        strongest = total * absorb(power, surfaces.absorption[material])
        if travelled > reach or strongest < FAINT * rays.stride[r]:
            continue
        if strongest < rays.thinning[r] * rays.stride[r]:
            rays.stride[r] *= 2
            rays.thinning[r] *= THINNING
            if rays.number[r] % rays.stride[r]:
                continue
            power *= 2
        plane = land(surfaces, face[a], u[a], v[a], direction, point, outward, normal)
        scattering = surfaces.scattering[material]
        for b in range(N_BANDS):
            rays.scattered[r, b] = power[b] * scattering[b]
        waiting = _rain(rays, r, outward, normal, ears, shadows, waiting)
        following = NOTHING
        if rays.node[r] != NOTHING and plane != NOTHING:
            following = child(chains, n_planes, rays.node[r], plane)
        scatters = toss(power, rays.brought[r], scattering, rays.state[r])
        if following != NOTHING:
            power[:] = rays.brought[r]
        if scatters:
            scatter(direction, normal, rays.state[r])
            lift_off(direction, outward)
            rays.node[r], rays.start[r] = NOTHING, RAINED
        else:
            reflect(direction, normal, outward)
            rays.node[r] = following
            rays.start[r] = MIRRORED if following == NOTHING else SILENT
        alive[left] = r
        left += 1
    return left, waiting, leaked


@compiled
def _flow(rays, r, length, moment, ears, field):
    """Let a flight tell of the field in the regions that it crosses."""
    point, direction = rays.point[r], rays.direction[r]
    for i in range(ears.point.shape[0]):
        enter, leave = _chord(point, direction, length, ears.point[i], NEIGHBORHOOD_M)
        if leave <= enter:
            continue
        # A random place stands for the whole way within reach.
        place = enter + moment * (leave - enter)
        x = point[0] + place * direction[0] - ears.point[i, 0]
        y = point[1] + place * direction[1] - ears.point[i, 1]
        z = point[2] + place * direction[2] - ears.point[i, 2]
        if is_seen(ears.depth[i], x, y, z):
            weight = 4 * math.pi * (leave - enter) / ears.region_m3[i]
            delay = rays.travelled[r] + place - ears.start_m[i]
            deposit(field, i, delay, weight, rays.power[r])


@compiled
def _pass(rays, r, length, moment, ears, shadows, waiting):
    """Let a flight wait for all spheres that it goes through and that count it."""
    point, direction, travelled = rays.point[r], rays.direction[r], rays.travelled[r]
    for i in range(ears.point.shape[0]):
        if travelled > ears.sphere_end_m[i]:
            continue
        if rays.start[r] == RAINED and travelled < ears.rain_end_m[i]:
            continue
        enter, leave = _chord(point, direction, length, ears.point[i], RECEIVER_RADIUS_M)
        if leave <= enter:
            continue
        place = enter + moment * (leave - enter)
        for k in range(3):
            shadows.origin[waiting, k] = point[k] + place * direction[k]
            shadows.way[waiting, k] = ears.point[i, k] - (point[k] + place * direction[k])
        shadows.weight[waiting] = 4 * math.pi * (leave - enter) / ears.sphere_m3[i]
        shadows.delay[waiting] = travelled + (enter + leave) / 2 - ears.start_m[i]
        shadows.ray[waiting], shadows.listener[waiting] = r, i
        shadows.rains[waiting] = False
        waiting += 1
    return waiting


@compiled
def _chord(point, direction, length, middle, radius):
    """Where a flight enters and leaves a sphere, metres; nowhere if the second is not larger."""
    x, y, z = middle[0] - point[0], middle[1] - point[1], middle[2] - point[2]
    nearest = x * direction[0] + y * direction[1] + z * direction[2]
    half = radius * radius - (x * x + y * y + z * z - nearest * nearest)
    if half <= 0:
        return 0.0, 0.0
    half = math.sqrt(half)
    return max(nearest - half, 0.0), min(nearest + half, length)


@compiled
def _rain(rays, r, outward, normal, ears, shadows, waiting):
    """Let the scattered share of a bounce wait for all listeners on its side."""
    point, travelled = rays.point[r], rays.travelled[r]
    toward = np.empty(3)
    for i in range(ears.point.shape[0]):
        if travelled >= ears.rain_end_m[i]:
            continue
        for k in range(3):
            toward[k] = ears.point[i, k] - point[k]
        height = dot(toward, normal)
        if height <= 0 or dot(toward, outward) <= 0:
            continue
        distance = math.sqrt(dot(toward, toward))
        for k in range(3):
            shadows.origin[waiting, k] = point[k]
            shadows.way[waiting, k] = toward[k]
        shadows.weight[waiting] = 4 * (height / distance) / max(distance, CLOSEST_M) ** 2
        shadows.delay[waiting] = travelled + distance - ears.start_m[i]
        shadows.ray[waiting], shadows.listener[waiting] = r, i
        shadows.rains[waiting] = True
        waiting += 1
    return waiting


@compiled
def arrive(rays, shadows, hidden, energy):
    """Add what listeners see of what waited."""
    for k in range(hidden.shape[0]):
        if not hidden[k]:
            r = shadows.ray[k]
            power = rays.scattered[r] if shadows.rains[k] else rays.passed[r]
            deposit(energy, shadows.listener[k], shadows.delay[k], shadows.weight[k], power)
