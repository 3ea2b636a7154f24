"""Objects in a scan: what the scan's own colours throw on them.

From the corners of all objects, rays look into the scan; the mean of what they see, by the cosine
law, is the light that falls there. So a guitar beside a red sofa is reddish on that side, and dark
where it stands on the floor.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.casting import RayCaster
from simbinaural.kernels import njit
from simbinaural.scenes.scene import Mesh, Texture
from simbinaural.vision.bounces import hemisphere_rays
from simbinaural.vision.lightmap import Layout, corner_points, merge_corners, nearest_point
from simbinaural.vision.shading import BLOCK, Stage
from simbinaural.vision.surfaces import join, merge_meshes, tabulate
from simbinaural.vision.textures import LINEAR, pack_textures
from simbinaural.vision.unlit import make_desk, shade

MOST_RAYS = 60_000
"""From all corners of the objects together."""

RAYS = (12, 64)
"""The fewest and the most rays from one corner."""

LOST_LIGHT = 1.5
"""Lamps and windows are brighter than white, but not in a picture: the light that falls into a room
is more than what its pictures add up to. In a room whose walls return two thirds of the light, the
light itself is brighter than the walls by this factor."""


class Inserted(NamedTuple):
    """Objects, before they are lit.

    Attributes
    ----------
    mesh : Mesh
        All in one.
    caster : RayCaster
    stage : Stage
        Unlit: its `light` is zero.
    albedo : (faces, 3) numpy.ndarray of float32
    mean_albedo : list of (3,) numpy.ndarray
        Of each object.
    """

    mesh: object
    caster: RayCaster
    stage: Stage
    albedo: np.ndarray
    mean_albedo: list


class _Nothing(NamedTuple):
    mesh: Mesh
    textures: tuple


_NOTHING = _Nothing(
    Mesh(
        vertices=np.zeros((0, 3), np.float32),
        faces=np.zeros((0, 3), np.int32),
        uv=np.zeros((0, 3, 2), np.float32),
        texture=np.zeros(0, np.int32),
        material=np.zeros(0, np.int32),
        room=np.zeros(0, np.int32),
        tint=np.zeros((0, 3), np.float32),
        normals=np.zeros((0, 3, 3), np.float32),
    ),
    (Texture(np.zeros((1, 1, 3), np.uint8)),),
)


def insert(objects):
    """Prepare objects for rays and for the kernels.

    Parameters
    ----------
    objects : sequence of PlacedObject

    Returns
    -------
    Inserted
    """
    # Nothing comes first: so there is a table where there is no object, and labels count from 1.
    things = [_NOTHING, *objects]
    mesh = merge_meshes([thing.mesh for thing in things])
    tables = [tabulate(thing.mesh, thing.textures, label=k) for k, thing in enumerate(things)]
    surfaces = join(tables, [len(thing.textures) for thing in things])
    atlas = pack_textures([texture for thing in things for texture in thing.textures])
    numbers, *_ = merge_corners(mesh, surfaces, np.arange(len(mesh.faces)))
    stage = Stage(
        surfaces=surfaces,
        group=np.zeros(len(mesh.faces), np.int32),
        atlas=atlas,
        linear=LINEAR,
        layout=_corner_layout(numbers),
        light=np.zeros((int(numbers.max(initial=-1)) + 1, 3), np.float32),
        sky=np.zeros((3, 3)),
        exposure=np.float32(1),
    )
    albedo = atlas.means[surfaces.texture] * surfaces.tint
    means = [albedo[surfaces.label == k + 1].mean(axis=0) for k in range(len(objects))]
    return Inserted(mesh, RayCaster(mesh.vertices, mesh.faces), stage, albedo, means)


def _corner_layout(numbers):
    """Layout of faces that are lit by corner only."""
    none = np.zeros(0, np.int32)
    return Layout(
        columns=none,
        rows=none,
        offset=np.zeros(1, np.int64),
        quad=np.full(len(numbers), -1, np.int32),
        second=np.zeros(len(numbers), dtype=bool),
        corner=numbers,
    )


def light_up(world, inserted, casters):
    """Irradiance that falls on the objects.

    Parameters
    ----------
    world : World
        The scan and the objects, not yet lit, without shadows.
    inserted : Inserted
    casters : Casters

    Returns
    -------
    (corner points, 3) numpy.ndarray of float32
        Linear RGB, in units in which a scan's white has radiance 1.

    Notes
    -----
    Rays through holes of the scan are left out, as nobody knows what is there; where all are, the
    mean of all others stands in.
    """
    stage = inserted.stage
    every = np.arange(len(inserted.mesh.faces))
    _, position, normal, face = merge_corners(inserted.mesh, stage.surfaces, every)
    points = corner_points(position, normal, face)
    points = points._replace(phase=np.arange(len(face), dtype=np.int32))
    n_rays = int(np.clip(MOST_RAYS // len(face), *RAYS))
    origins, ways = hemisphere_rays(points, n_rays)
    hits = nearest_hits(casters, origins, ways)
    seen = np.zeros((len(hits.face), 3), np.float32)
    _see_scan(world, hits.face, origins, ways, np.float32(np.sqrt(2 * np.pi / n_rays)), seen)
    own = np.full(hits.face.shape, -1, np.int32)
    _find_own(stage.layout, hits, len(world.surfaces.label), own)
    weights = (hits.face >= 0).reshape(-1, n_rays)
    albedo = inserted.albedo[face]
    light = np.zeros((len(face), 3), np.float32)
    for _ in range(2):
        brought = np.where((own >= 0)[:, None], (albedo * light / np.pi)[own], seen)
        light = _mean_light(brought.reshape(-1, n_rays, 3), weights)
    return light


class Casters(NamedTuple):
    """Rays at a scan and at the objects in it, whose faces are numbered behind its own.

    Attributes
    ----------
    scan, objects : RayCaster
    n_scan : int
        Faces of the scan.
    lower, upper : (3,) numpy.ndarray
        Corners of a box around all objects.
    """

    scan: RayCaster
    objects: RayCaster
    n_scan: int
    lower: np.ndarray
    upper: np.ndarray


def pair_casters(scan, inserted):
    """Casters of a `ScannedHome` and of what is inserted."""
    vertices = inserted.mesh.vertices.astype(float)
    lower, upper = vertices.min(axis=0, initial=np.inf), vertices.max(axis=0, initial=-np.inf)
    return Casters(scan.caster, inserted.caster, len(scan.surfaces.label), lower, upper)


def nearest_hits(casters, origins, ways):
    """What rays meet first, of a scan and of the objects in it: Hits."""
    hits = casters.scan.first_hits(origins, ways)
    rays = _towards(casters.lower, casters.upper, origins, ways)
    if len(rays) == 0:
        return hits
    found = casters.objects.first_hits(origins[rays], ways[rays])
    nearer = (found.face >= 0) & ((hits.face[rays] < 0) | (found.distance < hits.distance[rays]))
    for all_rays, some in zip(hits, found, strict=True):
        all_rays[rays[nearer]] = some[nearer]
    hits.face[rays[nearer]] += casters.n_scan
    return hits


@njit(cache=True, error_model="numpy")
def _towards(lower, upper, origins, ways):
    """Numbers (n,) of the rays that pass through a box, to which most do not go."""
    rays, count = np.empty(len(origins), np.int64), 0
    for ray in range(len(origins)):
        enter, leave = 0.0, np.inf
        for k in range(3):
            before, after = lower[k] - origins[ray, k], upper[k] - origins[ray, k]
            way = ways[ray, k]
            if way == 0:
                enter = enter if before <= 0 <= after else np.inf
            else:
                enter = max(enter, min(before / way, after / way))
                leave = min(leave, max(before / way, after / way))
        # A little wider: the rays are in 32 bits.
        if enter <= leave * (1 + 1e-5) + 1e-5:
            rays[count] = ray
            count += 1
    return rays[:count]


@njit(cache=True, error_model="numpy")
def _see_scan(world, faces, origins, ways, angle, seen):
    """Write what rays of some width see of the scan."""
    desk, n_scan = make_desk(), len(world.surfaces.label)
    rays = desk.all.rays
    for first in range(0, len(faces), BLOCK):
        count = min(BLOCK, len(faces) - first)
        for ray in range(count):
            face = faces[first + ray]
            rays.face[ray] = face if face < n_scan else -1
            for k in range(3):
                rays.origin[k, ray] = origins[first + ray, k]
                rays.way[k, ray] = ways[first + ray, k]
            rays.angle[ray], rays.travelled[ray] = angle, 0
        shade(world, desk, count, seen[first : first + count])


@njit(cache=True, error_model="numpy")
def _find_own(layout, hits, n_scan, own):
    """Write the nearest corner point of each hit on the objects themselves."""
    for ray in range(len(own)):
        if hits.face[ray] >= n_scan:
            own[ray] = nearest_point(layout, hits.face[ray] - n_scan, hits.u[ray], hits.v[ray])


def _mean_light(brought, weights):
    """Irradiance (points, 3) from radiances (points, rays, 3) of which some count."""
    n_seen = weights.sum(axis=1, keepdims=True)
    light = np.sum(brought * weights[..., None], axis=1) / np.maximum(n_seen, 1)
    known = n_seen[:, 0] > 0
    if known.any():
        light[~known] = light[known].mean(axis=0)
    else:
        light[:] = 0.5
    return (LOST_LIGHT * np.pi * light).astype(np.float32)
