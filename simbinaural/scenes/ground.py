"""Where a camera can stand in a scan, found in its mesh alone.

Plumb lines on a grid meet every floor, table and roof (`simbinaural.scenes.columns`). A floor is
what is left::

    level, with head room            not a shelf, not what lies under a table
    walls around it, or a ceiling    not the roof, not the lawn before the house
    room to the sides                not in a gap
    1.5 m2 that one can walk on      not a wardrobe's inside
    no lower floor all along it      not a bed, not a table

The sign of normals is not asked, and holes of a scan do no harm.
"""

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from simbinaural.casting import RayCaster
from simbinaural.errors import InputError
from simbinaural.scenes.clearance import clearances, level_distances
from simbinaural.scenes.columns import find_surfaces, neighbors
from simbinaural.scenes.navmesh import navmesh_ground
from simbinaural.scenes.scene import Ground
from simbinaural.scenes.soundspaces import soundspaces_ground
from simbinaural.scenes.supports import find_supports

__all__ = ["clearances", "find_ground", "ground_of"]

SPACING_M = 0.1
"""Of the grid; wider where it would have more lines than this:"""

LINES = 100_000

LEVEL = 0.8
"""Upright share of a floor's normal: 37 degrees, for scans are bumpy."""

HEAD_ROOM_M = 1.9

NARROW_M = 0.2
"""Nobody stands closer to anything."""

STEP_M = 0.25
"""Height of a stair at most."""

LEAST_AREA_M2 = 1.5

SHED_M2 = 5.0
"""Less than this inside, and ten times as much outside, is no home."""

TALLEST_M = 80.0
"""What is higher is in other units: a room in centimetres, or in inches."""

EYES_M = 1.6

SIGHT_M = 30.0
"""Walls that are farther away do not make a room."""

ENCLOSED = (0.6, 0.85)
"""Share of level rays that meet something, with a ceiling and without: outside, in the corner of an
L, 0.72 do."""

FURNITURE_M = 1.4
"""What is higher above the floor beside it is a gallery, not furniture."""

BESIDE_M = 1.0
"""Floor within this distance lies beside a piece of furniture,"""

BESIDE_SHARE = 0.2
"""if it does so along this share of the piece; a floor behind a high step has it at the step only.
"""

STEPS = [(1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2)]
"""From a cell to half of its neighbors, and over a missing one."""


def find_ground(mesh, caster=None):
    """Find where a camera can stand, and what a thing can stand on.

    Parameters
    ----------
    mesh : Mesh
        A home, y up, metres.
    caster : RayCaster, optional
        Its rays, where they are there already.

    Returns
    -------
    Ground
        Without points if nobody can stand.
    """
    caster = caster or RayCaster(mesh.vertices, mesh.faces)
    surfaces = find_surfaces(mesh, caster, *_grid(mesh, caster))
    level = _level(surfaces)
    if np.ptp(mesh.vertices[:, 1]) > TALLEST_M:
        level = level.where(np.zeros(len(level), dtype=bool))
    is_inside = _is_inside(level.points, caster)
    floor, clearance, area = _standing(level.where(is_inside), caster)
    is_shed = np.sum(area >= 0) * floor.spacing_m**2 < SHED_M2
    if is_shed and np.sum(~is_inside) > 10 * len(floor):
        # A set without walls, or with a shed on it: then its open ground is meant.
        floor, clearance, area = _standing(level.where(~is_inside), caster)
        area = np.where(area == 0, area, -1)
    kept = area >= 0
    points = floor.points[kept].astype(float)
    supports, half_width = find_supports(surfaces, points, caster)
    return Ground(
        points=points,
        clearance_m=clearance[kept],
        area=area[kept],
        spacing_m=floor.spacing_m,
        supports=supports,
        support_half_width_m=half_width,
    )


def _standing(floor, caster):
    """Places with room to the sides, their clearance and their area (-1: none to stand on)."""
    clearance = clearances(caster, floor.points)
    roomy = clearance >= NARROW_M
    floor = floor.where(roomy)
    return floor, clearance[roomy], _areas(floor, caster)


def ground_of(scan, mesh):
    """Find where one can stand in a scan: SoundSpaces' points, its navigation mesh, or its mesh.

    Parameters
    ----------
    scan : Scan
    mesh : Mesh

    Returns
    -------
    Ground

    Raises
    ------
    InputError
        If nobody can stand there.

    Notes
    -----
    What lies between SoundSpaces' points is as free as the clearance around them: only where its
    responses are heard, heads are at the very points.
    """
    caster = RayCaster(mesh.vertices, mesh.faces)
    for find in (soundspaces_ground, navmesh_ground):
        ground = find(scan, caster)
        if ground is not None and len(ground.points):
            return _with_supports(replace(ground, ear_height_m=None), mesh, caster)
    ground = find_ground(mesh, caster)
    if not len(ground.points):
        size = np.ptp(mesh.vertices, axis=0)
        raise InputError(
            f"{scan.mesh}: must have level floor with {HEAD_ROOM_M:g} m of head room, got none in "
            f"{size[0]:.3g} x {size[2]:.3g} m, {size[1]:.3g} m high; is it in other units or axes? "
            "pass --unit-scale or --up"
        )
    return ground


def _with_supports(ground, mesh, caster):
    """Add what things can stand on to a ground that another source tells, which knows none."""
    if len(ground.supports):
        return ground
    surfaces = find_surfaces(mesh, caster, *_grid(mesh, caster))
    supports, half_width = find_supports(surfaces, ground.points, caster)
    return replace(ground, supports=supports, support_half_width_m=half_width)


def _grid(mesh, caster):
    """Lower and upper corner (x, z) of the grid, and its spacing.

    Around a home on a wide lawn, a coarse look finds where it stands.
    """
    lower, upper = mesh.vertices.min(axis=0)[[0, 2]], mesh.vertices.max(axis=0)[[0, 2]]
    spacing = _spacing(lower, upper)
    if spacing > SPACING_M:
        level = _level(find_surfaces(mesh, caster, lower, upper, spacing))
        inside = level.points[_is_inside(level.points, caster)][:, [0, 2]]
        if len(inside):
            lower = np.maximum(lower, inside.min(axis=0) - 2 * spacing)
            upper = np.minimum(upper, inside.max(axis=0) + 2 * spacing)
    return lower, upper, _spacing(lower, upper)


def _spacing(lower, upper):
    """Metres between plumb lines."""
    width, depth = (upper - lower).astype(float)
    return max(SPACING_M, float(np.sqrt(width * depth / LINES)))


def _level(surfaces):
    return surfaces.where((surfaces.rise >= LEVEL) & (surfaces.air_m >= HEAD_ROOM_M))


def _is_inside(points, caster):
    """Whether walls stand around points of a floor, or a ceiling is above them."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    around = level_distances(caster, points, heights=(EYES_M,), n_directions=32, reach=SIGHT_M)
    met = (around < SIGHT_M).mean(axis=(1, 2))
    return met >= np.where(_is_covered(points, caster), *ENCLOSED)


def _is_covered(points, caster):
    """Whether most of the rays that go steeply up meet something."""
    angle = 2 * np.pi * np.arange(6) / 6 + 0.2
    tilt = np.radians(12)
    rays = [(np.sin(tilt) * np.sin(a), np.cos(tilt), np.sin(tilt) * np.cos(a)) for a in angle]
    rays = np.array([(0, 1, 0), *rays], dtype=np.float32)
    starts = points + np.array((0, EYES_M, 0), dtype=np.float32)
    shape = (len(points), len(rays), 3)
    origins = np.broadcast_to(starts[:, None], shape).reshape(-1, 3)
    directions = np.broadcast_to(rays, shape).reshape(-1, 3)
    blocked = caster.blocked(
        np.ascontiguousarray(origins), np.ascontiguousarray(directions), SIGHT_M
    )
    return blocked.reshape(shape[:2]).mean(axis=1) > 0.5


# --------------------------------------------------------------------------- areas


def _areas(floor, caster):
    """Connected area (n,) of each place, from 0, the largest; -1: none to stand on."""
    n_places = len(floor)
    if not n_places:
        return np.zeros(0, dtype=int)
    first, second = neighbors(floor, STEPS, STEP_M)
    free = _nothing_between(floor.points[first], floor.points[second], caster)
    links = coo_matrix((np.ones(free.sum()), (first[free], second[free])), (n_places, n_places))
    _, part = connected_components(links, directed=False)
    sizes = np.bincount(part)
    is_floor = sizes * floor.spacing_m**2 >= LEAST_AREA_M2
    for k in np.flatnonzero(is_floor):
        is_floor[k] = not _is_furniture(floor.points, part == k, is_floor[part])
    rank = np.full(len(sizes), -1)
    kept = np.flatnonzero(is_floor)
    rank[kept[np.argsort(-sizes[kept], kind="stable")]] = np.arange(len(kept))
    return rank[part]


def _nothing_between(first, second, caster):
    """Whether one can step from some places to others."""
    high = np.maximum(first[:, 1], second[:, 1])[:, None]
    free = np.ones(len(first), dtype=bool)
    for height in (0.4, 1.0, 1.6):
        start, end = first.copy(), second.copy()
        start[:, 1:2] = end[:, 1:2] = high + np.float32(height)
        free &= caster.sees(start, end)
    return free


def _is_furniture(points, part, is_floor):
    """Whether lower floor lies along a part: nobody steps so high, and a bed is no floor."""
    below = points[:, 1] - np.median(points[part, 1])
    lower = ~part & is_floor & (below < -STEP_M) & (below > -FURNITURE_M)
    if not lower.any():
        return False
    apart, _ = cKDTree(points[lower][:, [0, 2]]).query(
        points[part][:, [0, 2]], distance_upper_bound=BESIDE_M
    )
    return bool(np.isfinite(apart).mean() > BESIDE_SHARE)
