"""Light that comes by way of other surfaces: rays are cast once, their ends are used many times."""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.direct import OFFSET_M
from simbinaural.vision.lightmap import nearest_point, take_points
from simbinaural.vision.outdoors import sky_radiance

LAMP_M = 0.3
"""Glowing faces this close to a light belong to it."""

PATTERNS = 4
"""Neighbouring points cast different patterns of rays; smoothing averages these (Keller and
Heidrich, Interleaved sampling, 2001)."""

_CHUNK = 512


class Ends(NamedTuple):
    """Where the rays of points end.

    Attributes
    ----------
    point : (points, rays) numpy.ndarray of int32
        Number of the nearest stored point, -1 where a ray found no surface that stores light, or
        its back.
    given : (points, 3) numpy.ndarray of float32
        Irradiance from what does not depend on other points: glowing faces and the sky.
    """

    point: np.ndarray
    given: np.ndarray


def hemisphere(n_rays):
    """Spread rays over a hemisphere by the cosine law, in `PATTERNS` ways: (PATTERNS, n_rays, 3).

    The third axis points along the normal.
    """
    pattern = np.arange(PATTERNS)[:, None]
    share = (np.arange(n_rays) + (pattern + 0.5) / PATTERNS) / n_rays
    angle = 2 * np.pi * (np.arange(n_rays) * 0.6180339887498949 + pattern / PATTERNS)
    radius = np.sqrt(share)
    return np.stack(
        [radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1 - share)], axis=2
    ).astype(np.float32)


def cast_hemispheres(points, caster, n_rays, *, layout, surfaces, outside):
    """Cast rays from points and keep where they end.

    Parameters
    ----------
    points : Points
    caster : RayCaster
    n_rays : int
        From each point.
    layout : Layout
        Numbers the points that the rays end near.
    surfaces : Surfaces
    outside : Outside
        Gives the radiance of what is not hit.

    Returns
    -------
    Ends
    """
    n_points = len(points.position)
    ends = Ends(np.empty((n_points, n_rays), np.int32), np.zeros((n_points, 3), np.float32))
    for first in range(0, n_points, _CHUNK):
        chunk = slice(first, min(first + _CHUNK, n_points))
        origins, rays = hemisphere_rays(take_points(points, chunk), n_rays)
        hits = caster.first_hits(origins, rays)
        _end(hits, origins, rays, layout, surfaces, outside, ends.point[chunk], ends.given[chunk])
    return ends


def hemisphere_rays(points, n_rays):
    """Origins and directions (points * n_rays, 3) of the rays that points cast."""
    return _turn(points.position, points.normal, points.phase, hemisphere(n_rays))


@njit(cache=True, error_model="numpy")
def _turn(position, normal, phase, patterns):
    """Turn the patterns to each point's normal."""
    n_rays = patterns.shape[1]
    origins = np.empty((len(position) * n_rays, 3), np.float32)
    rays = np.empty_like(origins)
    for point in range(len(position)):
        x, y, z = normal[point]
        # Duff et al., Building an orthonormal basis, revisited, 2017.
        sign = np.float32(1) if z >= 0 else np.float32(-1)
        a = np.float32(-1) / (sign + z)
        b = x * y * a
        pattern = patterns[phase[point] % PATTERNS]
        for k in range(n_rays):
            ray = point * n_rays + k
            p, q, r = pattern[k]
            rays[ray, 0] = p * (1 + sign * x * x * a) + q * b + r * x
            rays[ray, 1] = p * sign * b + q * (sign + y * y * a) + r * y
            rays[ray, 2] = -p * sign * x - q * y + r * z
            for axis in range(3):
                origins[ray, axis] = position[point, axis] + OFFSET_M * normal[point, axis]
    return origins, rays


@njit(cache=True, error_model="numpy")
def _end(hits, origins, rays, layout, surfaces, outside, point, given):
    """Sort hits into stored points and given light."""
    n_rays = point.shape[1]
    share = np.pi / n_rays
    for ray in range(len(hits.face)):
        owner, face = ray // n_rays, hits.face[ray]
        point[owner, ray % n_rays] = -1
        if face < 0:
            radiance = outside_radiance(outside, origins[ray], rays[ray])
            for k in range(3):
                given[owner, k] += share * radiance[k]
            continue
        facing = 0.0
        for k in range(3):
            facing -= rays[ray, k] * surfaces.normal[face, k]
        if facing <= 0:
            continue
        point[owner, ray % n_rays] = nearest_point(layout, face, hits.u[ray], hits.v[ray])
        if surfaces.emission[face] > 0 and not outside.counted[face]:
            for k in range(3):
                given[owner, k] += share * outside.glow[face, k]


class Outside(NamedTuple):
    """What rays see that is not lit by others.

    Attributes
    ----------
    glow : (faces, 3) numpy.ndarray of float32
        Radiance of glowing faces.
    counted : (faces,) numpy.ndarray of bool
        Glowing faces whose light comes from a `Light` already.
    windows : (lights, 4, 3) numpy.ndarray
        Origin, both edges, normal of each light: the sky behind it is counted already.
    sky : (3, 3) numpy.ndarray
        Radiance of zenith, horizon and ground.
    """

    glow: np.ndarray
    counted: np.ndarray
    windows: np.ndarray
    sky: np.ndarray


@njit(cache=True, error_model="numpy")
def outside_radiance(outside, origin, ray):
    """Radiance that a ray that hits nothing brings, zero where it passes a light."""
    for light in range(len(outside.windows)):
        corner, edge_u, edge_v, normal = outside.windows[light]
        speed = distance = 0.0
        for k in range(3):
            speed += ray[k] * normal[k]
            distance += (corner[k] - origin[k]) * normal[k]
        if speed < 0 and distance < 0:
            along = distance / speed
            u = v = square_u = square_v = 0.0
            for k in range(3):
                step = origin[k] + along * ray[k] - corner[k]
                u += step * edge_u[k]
                v += step * edge_v[k]
                square_u += edge_u[k] ** 2
                square_v += edge_v[k] ** 2
            if 0 <= u <= square_u and 0 <= v <= square_v:
                return np.float32(0), np.float32(0), np.float32(0)
    return sky_radiance(outside.sky, ray[1])


@njit(cache=True, error_model="numpy")
def gather(ends, radiosity):
    """Irradiance (points, 3) that the rays bring from stored radiosity (points, 3)."""
    n_points, n_rays = ends.point.shape
    result = np.empty((n_points, 3), np.float32)
    for owner in range(n_points):
        red = green = blue = 0.0
        for k in range(n_rays):
            point = ends.point[owner, k]
            if point >= 0:
                red += radiosity[point, 0]
                green += radiosity[point, 1]
                blue += radiosity[point, 2]
        result[owner, 0] = red / n_rays + ends.given[owner, 0]
        result[owner, 1] = green / n_rays + ends.given[owner, 1]
        result[owner, 2] = blue / n_rays + ends.given[owner, 2]
    return result


def look_outside(home):
    """Gather what rays see that no point stores."""
    scene, surfaces = home.scene, home.surfaces
    lights = scene.lights
    windows = np.array(
        [
            (light.origin, light.edge_u, light.edge_v, np.cross(light.edge_u, light.edge_v))
            for light in lights
        ],
        dtype=float,
    ).reshape(-1, 4, 3)
    sky = scene.sky
    return Outside(
        glow=(surfaces.emission[:, None] * home.albedo).astype(np.float32),
        counted=_near_lights(surfaces, windows),
        windows=windows,
        sky=np.array([sky.zenith, sky.horizon, sky.ground], dtype=float),
    )


def _near_lights(surfaces, windows):
    """Tell which glowing faces are shown by a light already: those around it."""
    counted = np.zeros(len(surfaces.room), dtype=bool)
    glowing = np.flatnonzero(surfaces.emission > 0)
    middle = surfaces.corner[glowing] + (surfaces.edge1 + surfaces.edge2)[glowing] / 3
    for corner, edge_u, edge_v, _ in windows:
        reach = np.linalg.norm(edge_u + edge_v) / 2 + LAMP_M
        distance = np.linalg.norm(middle - (corner + (edge_u + edge_v) / 2), axis=1)
        counted[glowing[distance < reach]] = True
    return counted
