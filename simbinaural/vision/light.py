"""Light baked into a room: the sun and lamps on a fine grid, what walls throw back on a coarse one.

A room is baked together with the rooms that can be seen from it, these on wider grids. Nothing is
random: the same scene and room give the same light, whatever was baked before.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simbinaural.vision.bounces import Outside, cast_hemispheres, gather
from simbinaural.vision.direct import OFFSET_M, rectangle_irradiance, sun_share
from simbinaural.vision.home import RecentlyUsed, fingerprint, load_home
from simbinaural.vision.lightmap import (
    Layout,
    Points,
    Quads,
    coarsen,
    concatenate_points,
    corner_points,
    fill_covered,
    grid_points,
    lay_out,
    refine,
    smooth,
    take_points,
)
from simbinaural.vision.tone import auto_exposure, luminance

BOUNCES = 6

LEAST_RAYS = 12
"""Rays that any point casts, however many points there are."""

LAMP_M = 0.3
"""Glowing faces this close to a light belong to it."""


@dataclass(frozen=True)
class Quality:
    """How finely a room is baked.

    Attributes
    ----------
    fine_m, coarse_m : float
        Spacing of the grids of direct and of thrown-back light.
    fine_points, coarse_points : int
        The most points that the room's quads get; larger rooms get wider grids.
    lamp_rays : int
        Rays from each point to all lamps and windows of its room together.
    sun_rays : int
        Rays from each point to the sun.
    bounce_rays : int
        Rays from all points together, for what other surfaces throw back.
    most_rays : int
        The most of these that a point casts; few points cast fewer than all rays.
    """

    fine_m: float = 0.06
    coarse_m: float = 0.2
    fine_points: int = 40000
    coarse_points: int = 3500
    lamp_rays: int = 32
    sun_rays: int = 8
    bounce_rays: int = 700_000
    most_rays: int = 192


ROOM = Quality()
BEYOND = Quality(0.25, 0.5, 4000, 800, 12, 3, 250_000, 32)
"""The rooms that are seen through doors."""


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
    scene = home.scene
    rooms = _all_rooms(scene) if room is None else home.visible_rooms(room)
    plan = _plan(home, rooms, room)
    outside = _look_outside(home)
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


def _all_rooms(scene):
    return (*range(len(scene.rooms)), -1)


class _Plan(NamedTuple):
    """The points of a bake: `fine` and `coarse` grids, each followed by the same corner points."""

    fine: Layout
    points: Points
    main: np.ndarray
    covered: np.ndarray
    coarse: Layout
    coarse_points: Points
    coarse_main: np.ndarray
    coarse_covered: np.ndarray


def _plan(home, rooms, room):
    """Place the points."""
    surfaces = home.surfaces
    kept = np.isin(surfaces.room[home.quads.face], rooms)
    quads = Quads(*(column[kept] for column in home.quads))
    corner_faces, (numbers, position, normal, corner_face) = home.corners(rooms)
    corners = corner_points(position, normal, corner_face)
    main = _is_main(surfaces.room[quads.face], room)
    parts = []
    for name, limit in (("fine_m", "fine_points"), ("coarse_m", "coarse_points")):
        spacing = _spacing(quads, main, name, limit)
        layout = lay_out(quads, spacing, len(surfaces.room), (corner_faces, numbers))
        grids = grid_points(quads, layout)
        covered = _covered(home, grids)
        points = concatenate_points([grids, corners])
        main_points = _is_main(surfaces.room[points.face], room)
        covered = np.concatenate([covered, np.zeros(len(corner_face), dtype=bool)])
        parts += [layout, points, main_points, covered]
    return _Plan(*parts)


def _is_main(room_of, room):
    """Tell what belongs to the room that is baked finely."""
    return np.ones(len(room_of), dtype=bool) if room is None else room_of == room


def _spacing(quads, main, name, limit):
    """Spacing (quads,) of grids, wider where the number of points would pass the limit."""
    area = np.linalg.norm(np.cross(quads.edge_u, quads.edge_v), axis=1)
    spacing = np.empty(len(area))
    for chosen, quality in ((main, ROOM), (~main, BEYOND)):
        least = np.sqrt(area[chosen].sum() / getattr(quality, limit))
        spacing[chosen] = max(getattr(quality, name), least)
    return spacing


def _covered(home, points):
    """Tell which points lie inside a solid: straight above them is the back of a face."""
    hits = home.caster.first_hits(points.position + OFFSET_M * points.normal, points.normal)
    back = np.einsum("pi,pi->p", home.surfaces.normal[hits.face], points.normal) > 0
    return (hits.face >= 0) & back


def _look_outside(home):
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
    bounced = np.zeros_like(straight)
    for _ in range(BOUNCES):
        radiosity = albedo * (straight + bounced)
        for index, ends in parts:
            bounced[index] = gather(ends, radiosity)
        fill_covered(plan.coarse, bounced, plan.coarse_covered)
    smooth(plan.coarse, bounced)
    return bounced, albedo * (straight + bounced)


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
