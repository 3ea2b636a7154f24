"""Light that reaches points straight: from glowing rectangles and from the sun."""

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.lightmap import take_points
from simbinaural.vision.tone import luminance

OFFSET_M = 2e-3
"""Rays start this far in front of their surface."""

SUN_RADIUS = 0.010
"""Tangent of the sun's apparent radius: twice the real one, as haze makes it."""

CHUNK = 1 << 15
"""Points that are worked on at once, so that rays stay in the cache."""


def lattice(count, turn=0.0):
    """Spread points evenly over the unit square: (count, 2).

    Parameters
    ----------
    count : int
    turn : float, optional
        Shift along the second axis, which wraps around.

    Notes
    -----
    Fibonacci's lattice: steps of the golden ratio against even ones. Both projections are even, so
    that soft shadows of straight edges show no steps.
    """
    index = np.arange(count) + 0.5
    return np.stack([index / count, (index * 0.6180339887498949 + turn) % 1], axis=1)


def disc(count):
    """Spread points evenly over the unit disc: (count, 2)."""
    radius = np.sqrt((np.arange(count) + 0.5) / count)
    angle = np.arange(count) * np.pi * (3 - np.sqrt(5))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def rectangle_irradiance(points, light, blockers, n_samples):
    """Irradiance of points from a glowing rectangle, per unit of radiance.

    Parameters
    ----------
    points : Points
    light : Light
        Its `radiance` is not looked at.
    blockers : sequence of RayCaster
        What casts shadows.
    n_samples : int
        Rays from each point.

    Returns
    -------
    (points,) numpy.ndarray of float32

    Notes
    -----
    The light of the unobstructed rectangle, exact near it (Lambert's polygon formula) and sampled
    farther away, times the visible share of the samples: nothing is random, so nothing is blotchy.
    """
    edge_u, edge_v = (np.asarray(edge, dtype=float) for edge in (light.edge_u, light.edge_v))
    where = lattice(n_samples)
    origin = np.asarray(light.origin, dtype=float)
    samples = origin + where[:, :1] * edge_u + where[:, 1:] * edge_v
    corners = origin + np.array([np.zeros(3), edge_u, edge_u + edge_v, edge_v])
    jitter = lattice(n_samples, turn=0.3)[:, ::-1] - 0.5
    result = np.empty(len(points.position), np.float32)
    for first in range(0, len(result), CHUNK):
        chunk = slice(first, first + CHUNK)
        position, normal = points.position[chunk], points.normal[chunk]
        rays = _rectangle_rays(
            position,
            normal,
            points.spread_u[chunk],
            points.spread_v[chunk],
            samples,
            jitter,
            np.cross(edge_u, edge_v),
        )
        origins, ways, owner, weight = rays
        dark = _any_blocked(blockers, origins, ways, 0.999)
        result[chunk] = _rectangle_sum(position, normal, corners, owner, weight, dark)
    return result


def _any_blocked(blockers, origins, ways, reach):
    """Tell which rays one of several casters blocks."""
    dark = np.zeros(len(origins), dtype=bool)
    for blocker in blockers:
        dark |= blocker.blocked(origins, ways, reach)
    return dark


@njit(cache=True, error_model="numpy")
def _rectangle_rays(position, normal, spread_u, spread_v, samples, jitter, area_normal):
    """Rays from points to the samples that they face, with the irradiance that each carries."""
    room = len(position) * len(samples)
    origins, ways = np.empty((room, 3), np.float32), np.empty((room, 3), np.float32)
    owner, weight = np.empty(room, np.int32), np.empty(room, np.float32)
    count = 0
    for point in range(len(position)):
        for k in range(len(samples)):
            square = towards = away = 0.0
            for axis in range(3):
                start = position[point, axis] + OFFSET_M * normal[point, axis]
                start += jitter[k, 0] * spread_u[point, axis] + jitter[k, 1] * spread_v[point, axis]
                step = samples[k, axis] - start
                origins[count, axis], ways[count, axis] = start, step
                square += step * step
                towards += step * normal[point, axis]
                away -= step * area_normal[axis]
            if towards > 0 and away > 0:
                owner[count] = point
                weight[count] = towards * away / (square * square * len(samples))
                count += 1
    return origins[:count], ways[:count], owner[:count], weight[:count]


@njit(cache=True, error_model="numpy")
def _rectangle_sum(position, normal, corners, owner, weight, dark):
    """Add up what the rays carry; near the rectangle, what they ought to carry together."""
    total, seen = np.zeros(len(position)), np.zeros(len(position))
    for ray in range(len(owner)):
        total[owner[ray]] += weight[ray]
        if not dark[ray]:
            seen[owner[ray]] += weight[ray]
    middle = 0.5 * (corners[0] + corners[2])
    reach = 6 * np.sum((corners[2] - corners[0]) ** 2)
    for point in range(len(position)):
        if seen[point] > 0 and np.sum((position[point] - middle) ** 2) < reach:
            exact = polygon_irradiance(position[point], normal[point], corners)
            seen[point] *= exact / total[point]
    return seen.astype(np.float32)


@njit(cache=True, error_model="numpy")
def polygon_irradiance(position, normal, corners):
    """Irradiance from a rectangle of unit radiance that nothing hides.

    Parameters
    ----------
    position, normal : (3,) numpy.ndarray
    corners : (4, 3) numpy.ndarray
        In order.

    Returns
    -------
    float

    Notes
    -----
    Lambert's formula: half the sum of the angles that the edges subtend, each times the cosine
    between the normal and the edge's plane, after cutting off what lies below the horizon.
    """
    clipped = np.empty((6, 3))
    count = 0
    for k in range(4):
        a, b = corners[k] - position, corners[(k + 1) % 4] - position
        height_a, height_b = np.sum(a * normal), np.sum(b * normal)
        if height_a >= 0:
            clipped[count] = a
            count += 1
        if (height_a >= 0) != (height_b >= 0):
            clipped[count] = a + (b - a) * (height_a / (height_a - height_b))
            count += 1
    total = 0.0
    for k in range(count):
        a, b = clipped[k], clipped[(k + 1) % count]
        cross = np.cross(a, b)
        sine = np.sqrt(np.sum(cross**2))
        if sine > 1e-12:
            total += np.arctan2(sine, np.sum(a * b)) * np.sum(cross * normal) / sine
    return abs(total) / 2


def sun_share(points, direction, blockers, n_samples):
    """Irradiance of points from the sun, per unit of its irradiance at right angles.

    Parameters
    ----------
    points : Points
    direction : (3,) array_like
        Unit vector towards the sun.
    blockers : sequence of RayCaster
    n_samples : int
        Rays from each point.

    Returns
    -------
    (points,) numpy.ndarray of float32
    """
    direction = np.asarray(direction, dtype=float)
    helper = np.eye(3)[np.argmin(np.abs(direction))]
    side = np.cross(direction, helper)
    side /= np.linalg.norm(side)
    up = np.cross(direction, side)
    rim = SUN_RADIUS * disc(n_samples)
    ways = direction + rim[:, :1] * side + rim[:, 1:] * up
    jitter = lattice(n_samples) - 0.5
    result = np.zeros(len(points.position), np.float32)
    lit = np.flatnonzero(points.normal @ direction.astype(np.float32) > 1e-3)
    for first in range(0, len(lit), CHUNK):
        index = lit[first : first + CHUNK]
        origins, rays = _sun_rays(
            points.position[index],
            points.normal[index],
            points.spread_u[index],
            points.spread_v[index],
            ways,
            jitter,
        )
        free = ~_any_blocked(blockers, origins, rays, 1e9)
        cosine = points.normal[index] @ direction.astype(np.float32)
        result[index] = cosine * free.reshape(len(index), n_samples).mean(axis=1)
    return result


@njit(cache=True, error_model="numpy")
def _sun_rays(position, normal, spread_u, spread_v, ways, jitter):
    """Rays from points towards the sun."""
    origins = np.empty((len(position) * len(ways), 3), np.float32)
    rays = np.empty_like(origins)
    for point in range(len(position)):
        for k in range(len(ways)):
            ray = point * len(ways) + k
            for axis in range(3):
                origins[ray, axis] = (
                    position[point, axis]
                    + OFFSET_M * normal[point, axis]
                    + jitter[k, 0] * spread_u[point, axis]
                    + jitter[k, 1] * spread_v[point, axis]
                )
                rays[ray, axis] = ways[k, axis]
    return origins, rays


def illuminate(scene, points, blockers, quality, served=None):
    """Irradiance of points from the sun and the lights.

    Parameters
    ----------
    scene : Scene
    points : Points
    blockers : sequence of RayCaster
    quality : Quality
        Gives the number of rays.
    served : sequence of (points,) numpy.ndarray of bool, optional
        For each light, the points that it is reckoned for.

    Returns
    -------
    (points, 3) numpy.ndarray of float32
    """
    sky = scene.sky
    shares = sun_share(points, sky.sun_direction, blockers, quality.sun_rays)
    result = shares[:, None] * np.asarray(sky.sun_irradiance, dtype=np.float32)
    for number, (light, n_rays) in enumerate(
        zip(scene.lights, _share_rays(scene, quality), strict=True)
    ):
        index = np.arange(len(shares)) if served is None else np.flatnonzero(served[number])
        part = take_points(points, index)
        share = rectangle_irradiance(part, light, blockers, n_rays)
        result[index] += share[:, None] * np.asarray(light.radiance, dtype=np.float32)
    return result


def _share_rays(scene, quality):
    """Share the rays of each room among its lights by their power: a list of int."""
    power = np.array(
        [
            np.linalg.norm(np.cross(light.edge_u, light.edge_v)) * luminance(light.radiance)
            for light in scene.lights
        ]
    )
    room = np.array([light.room for light in scene.lights])
    total = np.array([power[room == number].sum() for number in room])
    share = quality.lamp_rays * power / np.maximum(total, 1e-12)
    return np.clip(np.rint(share), 4, 24).astype(int).tolist()
