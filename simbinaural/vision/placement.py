"""Where light is reckoned: fine grids for straight light, coarse ones for what is thrown back."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simbinaural.vision.direct import OFFSET_M
from simbinaural.vision.filtering import shrink_cells
from simbinaural.vision.lightmap import (
    Layout,
    Points,
    Quads,
    concatenate_points,
    corner_points,
    grid_points,
    lay_out,
)

LEAST_RAYS = 12
"""Rays that any point casts, however many points there are."""


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


class Plan(NamedTuple):
    """The points of a bake: `fine` and `coarse` grids, each followed by the same corner points."""

    fine: Layout
    points: Points
    main: np.ndarray
    covered: np.ndarray
    coarse: Layout
    coarse_points: Points
    coarse_main: np.ndarray
    coarse_covered: np.ndarray


def place_points(home, rooms, room):
    """Place the points of a bake.

    Parameters
    ----------
    home : Home
    rooms : sequence of int
        The rooms that get light.
    room : int or None
        The one that gets fine grids; None stands for all.

    Returns
    -------
    Plan
    """
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
        shrink_cells(layout, covered, grids.spread_u, grids.spread_v)
        points = concatenate_points([grids, corners])
        main_points = _is_main(surfaces.room[points.face], room)
        covered = np.concatenate([covered, np.zeros(len(corner_face), dtype=bool)])
        parts += [layout, points, main_points, covered]
    return Plan(*parts)


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
