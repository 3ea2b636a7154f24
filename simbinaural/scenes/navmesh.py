"""Where habitat-sim's agents can walk, from the navigation mesh beside a scan.

Only its path finder is used, which needs no simulator and no GPU.
"""

from importlib import import_module

import numpy as np

from simbinaural.errors import InputError
from simbinaural.scenes.clearance import clearances
from simbinaural.scenes.scene import Ground

SPACING_M = 0.1
"""Of the grid; wider where it would have more columns than this:"""

COLUMNS = 30_000

STEP_M = 0.4
"""Heights at which floors are looked for: closer than two can lie above each other."""

ABOVE_M = 0.6
"""From so far above the navigation mesh, which floats or sinks by the size of the cells that it was
made of, the floor itself is looked for."""

BELOW_M = 0.6

NARROW_M = 0.2
"""Nobody stands closer to anything."""

COVERED = 0.5
"""Share of an island's points that must have something above them: a roof's have not."""


def navmesh_ground(scan, caster):
    """Read where one can stand.

    Parameters
    ----------
    scan : Scan
    caster : RayCaster
        Its mesh.

    Returns
    -------
    Ground or None
        None where there is no navigation mesh, no habitat-sim to read it, or no place in it.

    Raises
    ------
    InputError
        If the file cannot be read.

    Notes
    -----
    Roofs and table tops are islands of their own. The largest island under a ceiling is taken, and
    the largest of all where no island has one. Supports are not looked for.
    """
    if scan.navmesh is None:
        return None
    try:
        import_module("quaternion")
        habitat = import_module("habitat_sim")
    except ImportError:
        return None
    finder = habitat.PathFinder()
    if not finder.load_nav_mesh(str(scan.navmesh)) or not finder.is_loaded:
        raise InputError(
            f"{scan.navmesh}: must be a navigation mesh of habitat-sim; remove it, and the ground "
            "is found in the mesh itself"
        )
    points, spacing = _walkable(finder)
    points = points[_on_main_island(finder, points, caster)]
    points = _drop_to_floor(points, caster)
    clearance = clearances(caster, points)
    kept = clearance >= NARROW_M
    if not kept.any():
        return None
    return Ground(
        points=points[kept],
        clearance_m=clearance[kept],
        area=np.zeros(int(kept.sum()), dtype=int),
        spacing_m=spacing,
        origin="navmesh",
    )


def _walkable(finder):
    """Points (points, 3) of a grid on the navigation mesh, and its spacing."""
    low, high = (np.asarray(bound, dtype=float) for bound in finder.get_bounds())
    width, depth = high[0] - low[0], high[2] - low[2]
    spacing = max(SPACING_M, float(np.sqrt(width * depth / COLUMNS)))
    heights = np.arange(low[1], high[1] + STEP_M, STEP_M)
    points = []
    for x in np.arange(low[0] + spacing / 2, high[0], spacing):
        for z in np.arange(low[2] + spacing / 2, high[2], spacing):
            points += _floors(finder, x, z, heights)
    return np.array(points, dtype=float).reshape(-1, 3), spacing


def _floors(finder, x, z, heights):
    """Points of the navigation mesh along a plumb line."""
    found = []
    for height in heights:
        place = np.array([x, height, z], dtype=np.float32)
        if finder.is_navigable(place, STEP_M / 2 + 0.01):
            floor = float(finder.snap_point(place)[1])
            if not found or floor - found[-1][1] > STEP_M / 2:
                found.append((x, floor, z))
    return found


def _on_main_island(finder, points, caster):
    """Tell which points lie on the island that is the home's floor."""
    island = np.array([finder.get_island(point.astype(np.float32)) for point in points], dtype=int)
    every = np.unique(island)
    covered = [_is_covered(points[island == each], caster) for each in every]
    candidates = every[covered] if any(covered) else every
    areas = [finder.island_area(int(each)) for each in candidates]
    return island == candidates[int(np.argmax(areas))] if len(areas) else island == -1


def _is_covered(points, caster):
    starts = (points + (0, ABOVE_M, 0)).astype(np.float32)
    up = np.tile(np.array([0, 1, 0], dtype=np.float32), (len(points), 1))
    return bool(np.mean(caster.blocked(starts, up)) >= COVERED)


def _drop_to_floor(points, caster):
    """Points of the mesh below those of the navigation mesh; where there is a hole, as they are."""
    starts = (points + (0, ABOVE_M, 0)).astype(np.float32)
    down = np.tile(np.array([0, -1, 0], dtype=np.float32), (len(points), 1))
    hits = caster.first_hits(starts, down)
    met = (hits.face >= 0) & (hits.distance <= ABOVE_M + BELOW_M)
    return np.where(
        np.arange(3) == 1,
        np.where(met, starts[:, 1] - hits.distance, points[:, 1])[:, None],
        points,
    )
