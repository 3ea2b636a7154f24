"""Objects in a baked room: the light that falls on them, and the shadows that they throw."""

from typing import NamedTuple

import numpy as np

from simbinaural.casting import RayCaster
from simbinaural.vision.bounces import cast_hemispheres, gather, hemisphere_rays
from simbinaural.vision.direct import OFFSET_M, illuminate
from simbinaural.vision.filtering import fill_covered, smooth
from simbinaural.vision.lightmap import corner_points, merge_corners, take_points
from simbinaural.vision.placement import LEAST_RAYS, ROOM, Quality

ON_OBJECTS = Quality(lamp_rays=16, sun_rays=4)

BOUNCE_RAYS = 80_000
"""Rays from all corners of the objects together, for what the room throws on them."""

SHADE_RAYS = 32
"""Rays from each point near an object, for how much of the room it hides."""

NEAR_M = 0.4
"""Light is renewed this far around an object, and as far as the object is large; in the sun's
shadow, wherever it falls."""


class Inserted(NamedTuple):
    """Objects in a home.

    Attributes
    ----------
    mesh : Mesh
        All objects in one.
    bounds : (objects, 2, 3) numpy.ndarray
        Lower and upper corner of each.
    surfaces : Surfaces
        The home's faces, then those of the objects.
    albedo : (faces, 3) numpy.ndarray of float32
        Of the same faces.
    caster : RayCaster
        Home and objects.
    """

    mesh: object
    bounds: np.ndarray
    surfaces: object
    albedo: np.ndarray
    caster: RayCaster


def light_objects(home, baked, inserted):
    """Light objects and let them shade what is around them.

    Parameters
    ----------
    home : Home
    baked : BakedLight
    inserted : Inserted

    Returns
    -------
    layout : Layout
        For the faces of the home, then of the objects.
    light : (points, 3) numpy.ndarray of float32
        Irradiance.
    """
    n_home, n_objects = len(home.surfaces.room), len(inserted.mesh.faces)
    own = type(home.surfaces)(*(column[n_home:] for column in inserted.surfaces))
    numbers, *corners = merge_corners(inserted.mesh, own, np.arange(n_objects))
    points = corner_points(*corners)
    points = points._replace(face=points.face + n_home)
    shadows = RayCaster(inserted.mesh.vertices, inserted.mesh.faces)
    served = [
        np.full(len(points.face), baked.room in (None, light.room)) for light in home.scene.lights
    ]
    straight = illuminate(home.scene, points, [home.blocker, shadows], ON_OBJECTS, served)
    bounced, returned = _bounced(baked, inserted, points, numbers, straight)
    around = _shaded(home, baked, inserted.bounds, shadows, returned)
    layout = _extend(baked.layout, numbers + len(around))
    return layout, np.concatenate([around, straight + bounced])


def _extend(layout, numbers):
    """Add faces that are lit by corner to a layout."""
    alone = np.full(len(numbers), -1, np.int32)
    return layout._replace(
        quad=np.concatenate([layout.quad, alone]),
        second=np.concatenate([layout.second, alone > 0]),
        corner=np.concatenate([layout.corner, numbers.astype(np.int32)]),
    )


def _bounced(baked, inserted, points, numbers, straight):
    """Light that the room, and the objects themselves, throw on the objects.

    Returns
    -------
    irradiance : (points, 3) numpy.ndarray of float32
    returned : (3,) numpy.ndarray of float32
        Mean radiosity of the objects.
    """
    n_known, n_more = len(baked.radiosity), len(numbers)
    outside = _extend_outside(baked.outside, inserted, n_more)
    ends = cast_hemispheres(
        points,
        inserted.caster,
        min(max(BOUNCE_RAYS // len(points.face), LEAST_RAYS), 64),
        layout=_extend(baked.coarse, numbers + n_known),
        surfaces=inserted.surfaces,
        outside=outside,
    )
    albedo = inserted.albedo[points.face]
    bounced = np.zeros_like(straight)
    for _ in range(2):
        radiosity = np.concatenate([baked.radiosity, albedo * (straight + bounced)])
        bounced = gather(ends, radiosity)
    return bounced, np.mean(albedo * (straight + bounced), axis=0)


def _extend_outside(outside, inserted, n_more):
    """Let the objects' own faces glow."""
    glow = inserted.surfaces.emission[-n_more:, None] * inserted.albedo[-n_more:]
    return outside._replace(
        glow=np.concatenate([outside.glow, glow.astype(np.float32)]),
        counted=np.concatenate([outside.counted, np.zeros(n_more, dtype=bool)]),
    )


def _shaded(home, baked, bounds, shadows, returned):
    """The room's irradiance (points, 3) with the objects' shadows in it."""
    points = baked.points
    near = _near(points.position, bounds)
    changed = np.flatnonzero((near | _sun_hidden(home, points, shadows)) & ~baked.covered)
    part = take_points(points, changed)
    room_of = home.surfaces.room[part.face]
    served = None
    if baked.room is not None:
        served = [room_of == light.room for light in home.scene.lights]
    direct = baked.direct.copy()
    direct[changed] = illuminate(home.scene, part, [home.blocker, shadows], ROOM, served)
    fill_covered(baked.layout, direct[: len(near)], baked.covered)
    hidden = np.zeros_like(direct)
    hidden[changed] = _hidden_share(part, shadows)[:, None]
    fill_covered(baked.layout, hidden[: len(near)], baked.covered)
    smooth(baked.layout, hidden)
    return direct + baked.indirect + hidden * (returned - baked.indirect)


def _near(position, bounds):
    """Tell which points lie near an object."""
    near = np.zeros(len(position), dtype=bool)
    for lower, upper in bounds:
        reach = NEAR_M + np.max(upper - lower)
        near |= np.all((position > lower - reach) & (position < upper + reach), axis=1)
    return near


def _sun_hidden(home, points, shadows):
    """Tell from which points an object hides the middle of the sun."""
    sun = np.asarray(home.scene.sky.sun_direction, dtype=np.float32)
    facing = np.flatnonzero(points.normal @ sun > 0)
    origins = points.position[facing] + OFFSET_M * points.normal[facing]
    hidden = np.zeros(len(points.face), dtype=bool)
    ways = np.broadcast_to(sun, origins.shape)
    hidden[facing] = shadows.blocked(origins, np.ascontiguousarray(ways))
    return hidden


def _hidden_share(points, shadows):
    """Share (points,) of the light from all around, by the cosine law, that objects hide."""
    origins, ways = hemisphere_rays(points, SHADE_RAYS)
    return shadows.blocked(origins, ways).reshape(-1, SHADE_RAYS).mean(axis=1)
