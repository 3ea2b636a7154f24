"""Light baked into a room: the sun and lamps on a fine grid, what walls throw back on a coarse one.

A room is baked together with the rooms that can be seen from it, these on wider grids. Nothing is
random: the same scene and room give the same light, whatever was baked before.
"""

from dataclasses import dataclass

import numpy as np

from simbinaural.vision.bounces import Outside, cast_hemispheres, gather, look_outside
from simbinaural.vision.direct import illuminate
from simbinaural.vision.filtering import coarsen, fill_covered, refine, smooth
from simbinaural.vision.home import RecentlyUsed, fingerprint, load_home
from simbinaural.vision.lightmap import Layout, Points, take_points
from simbinaural.vision.placement import BEYOND, LEAST_RAYS, ROOM, place_points
from simbinaural.vision.tone import auto_exposure, luminance

BOUNCES = 5
"""Bounces that are followed; those after them are summed up as a series."""


@dataclass(frozen=True)
class BakedLight:
    """The light of a room and of those that are seen from it.

    Attributes
    ----------
    room : int or None
        The room that is baked finely; None stands for all.
    rooms : tuple of int
        What is lit.
    layout : Layout
        How faces find their points.
    points : Points
        Fine grids and corners.
    covered : (points,) numpy.ndarray of bool
        Points inside a solid.
    direct, indirect : (more points, 3) numpy.ndarray of float32
        Irradiance, linear RGB; behind those of `points` stand the faces that were not baked.
    coarse : Layout
        The grids of thrown-back light.
    radiosity : (coarse points, 3) numpy.ndarray of float32
    outside : Outside
    exposure : float
        Factor from radiance to the film, fixed for the room.
    """

    room: int | None
    rooms: tuple
    layout: Layout
    points: Points
    covered: np.ndarray
    direct: np.ndarray
    indirect: np.ndarray
    coarse: Layout
    radiosity: np.ndarray
    outside: Outside
    exposure: float


_LIGHTS = RecentlyUsed(6)


def room_light(scene, room=None):
    """Bake the light of a room, or return it as it was baked before in this process.

    Parameters
    ----------
    scene : Scene
    room : int, optional
        By default the whole scene is baked as if it were one room.

    Returns
    -------
    BakedLight
    """
    return _LIGHTS.get((room, *fingerprint(scene)), lambda: bake(load_home(scene), room))


def bake(home, room=None):
    """Bake the light of a room of a prepared home, or of all of it (see `room_light`)."""
    rooms = tuple(np.unique(home.surfaces.room)) if room is None else home.visible_rooms(room)
    plan = place_points(home, rooms, room)
    outside = look_outside(home)
    direct = _direct_light(home, plan, room)
    bounced, radiosity = _bounce(home, plan, outside, direct)
    indirect = np.concatenate(
        [refine(plan.coarse, plan.fine, bounced), bounced[plan.coarse.offset[-1] :]]
    )
    layout, direct, indirect = _light_the_rest(home, plan, direct, indirect)
    lit = plan.main & ~plan.covered
    return BakedLight(
        room=room,
        rooms=rooms,
        layout=layout,
        points=plan.points,
        covered=plan.covered,
        direct=direct,
        indirect=indirect,
        coarse=plan.coarse,
        radiosity=radiosity,
        outside=outside,
        exposure=_exposure(home, plan, (direct + indirect)[: len(lit)], lit),
    )


def _direct_light(home, plan, room):
    """Irradiance (points, 3) from the sun and from each room's own lights."""
    room_of = home.surfaces.room[plan.points.face]
    result = np.zeros((len(room_of), 3), np.float32)
    for chosen, quality in ((plan.main, ROOM), (~plan.main, BEYOND)):
        index = np.flatnonzero(chosen & ~plan.covered)
        lights = home.scene.lights
        result[index] = illuminate(
            home.scene,
            take_points(plan.points, index),
            [home.blocker],
            quality,
            served=None if room is None else [room_of[index] == light.room for light in lights],
        )
    fill_covered(plan.fine, result, plan.covered)
    return result


def _bounce(home, plan, outside, direct):
    """Throw light back and forth between the coarse points.

    Returns
    -------
    irradiance, radiosity : (coarse points, 3) numpy.ndarray of float32
        Light that came by way of other surfaces; all light that leaves.
    """
    points = plan.coarse_points
    albedo = home.albedo[points.face]
    straight = np.concatenate(
        [coarsen(plan.fine, plan.coarse, direct), direct[plan.fine.offset[-1] :]]
    )
    parts = []
    for chosen, quality in ((plan.coarse_main, ROOM), (~plan.coarse_main, BEYOND)):
        index = np.flatnonzero(chosen & ~plan.coarse_covered)
        n_rays = max(quality.bounce_rays // max(len(index), 1), LEAST_RAYS)
        ends = cast_hemispheres(
            take_points(points, index),
            home.caster,
            min(n_rays, quality.most_rays),
            layout=plan.coarse,
            surfaces=home.surfaces,
            outside=outside,
        )
        parts.append((index, ends))
    bounced, steps = np.zeros_like(straight), []
    for _ in range(BOUNCES):
        before, radiosity = bounced.copy(), albedo * (straight + bounced)
        for index, ends in parts:
            bounced[index] = gather(ends, radiosity)
        fill_covered(plan.coarse, bounced, plan.coarse_covered)
        steps.append(bounced - before)
    bounced += _tail(*steps[-2:])
    smooth(plan.coarse, bounced)
    return bounced, albedo * (straight + bounced)


def _tail(before, last):
    """What all further bounces bring: a geometric series, as bounces soon differ by a factor."""
    factor = last.sum(axis=0) / np.maximum(before.sum(axis=0), 1e-20)
    factor = np.clip(factor, 0, 0.95)
    return last * (factor / (1 - factor)).astype(np.float32)


def _light_the_rest(home, plan, direct, indirect):
    """Give the faces that were not baked a plain light, so that nothing is ever black.

    Faces in rooms that no one saw get a part of the mean light; those outdoors the sky's and the
    sun's, without shadows.
    """
    layout, sky = plan.fine, home.scene.sky
    rest = np.flatnonzero((layout.quad < 0) & (layout.corner[:, 0] < 0))
    corner = layout.corner.copy()
    corner[rest] = len(direct) + np.arange(len(rest), dtype=np.int32)[:, None]
    normal = home.surfaces.normal[rest]
    upward = 0.5 + 0.5 * normal[:, 1:2]
    sun = np.maximum(normal @ np.asarray(sky.sun_direction), 0)[:, None] * sky.sun_irradiance
    outdoors = np.pi * (upward * sky.zenith + (1 - upward) * sky.ground) + sun
    indoors = 0.5 * np.mean(indirect, axis=0) if len(indirect) else np.zeros(3)
    plain = np.where(home.surfaces.room[rest, None] < 0, outdoors, indoors).astype(np.float32)
    return (
        layout._replace(corner=corner),
        np.concatenate([direct, np.zeros_like(plain)]),
        np.concatenate([indirect, plain]),
    )


def _exposure(home, plan, light, lit):
    """Exposure that shows the room's mean radiance as middle grey."""
    face = plan.points.face[lit]
    radiance = home.albedo[face] * light[lit] / np.pi
    return auto_exposure(luminance(radiance))
