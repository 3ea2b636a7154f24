"""A home as upright columns: every surface that a plumb line meets, on a grid."""

from dataclasses import dataclass

import numpy as np

SKIN_M = 0.005
"""Surfaces that lie closer than this on each other are one."""

LAYERS = 64
"""Surfaces of a column at most."""

KEY_WIDTH = 1 << 20
"""More cells than a grid has along one side."""


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Places where plumb lines meet the mesh.

    Attributes
    ----------
    points : (n, 3) numpy.ndarray of float32
        World, metres.
    cell : (n, 2) numpy.ndarray of int
        Column and row of the grid along x and z.
    rise : (n,) numpy.ndarray of float32
        Upright share of the face's normal, 0 to 1: its sign cannot be trusted.
    air_m : (n,) numpy.ndarray of float32
        Free height above; infinite where there is nothing.
    spacing_m : float
    """

    points: np.ndarray
    cell: np.ndarray
    rise: np.ndarray
    air_m: np.ndarray
    spacing_m: float

    def __len__(self):
        return len(self.points)

    def where(self, chosen):
        """Take some of them."""
        return Surfaces(
            self.points[chosen],
            self.cell[chosen],
            self.rise[chosen],
            self.air_m[chosen],
            self.spacing_m,
        )


def find_surfaces(mesh, caster, lower, upper, spacing_m):
    """Follow plumb lines through a mesh, from above all the way down.

    Parameters
    ----------
    mesh : Mesh
    caster : RayCaster
        Its rays.
    lower, upper : (2,) numpy.ndarray
        World x, z of the grid.
    spacing_m : float
        Between lines.

    Returns
    -------
    Surfaces
    """
    corners = mesh.vertices[mesh.faces].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    rises = np.abs(normals[:, 1]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-300)
    cells, starts = _grid(lower, upper, float(mesh.vertices[:, 1].max()) + 1.0, spacing_m)
    above = np.full(len(starts), np.inf, np.float32)
    found = []
    for _ in range(LAYERS):
        down = np.broadcast_to(np.array((0, -1, 0), np.float32), starts.shape)
        hits = caster.first_hits(starts, np.ascontiguousarray(down))
        met = hits.face >= 0
        cells, starts, above = cells[met], starts[met].copy(), above[met]
        if not len(starts):
            break
        starts[:, 1] -= hits.distance[met]
        points = starts.copy()
        found.append((points, cells, rises[hits.face[met]], above - points[:, 1]))
        above = points[:, 1]
        starts[:, 1] -= SKIN_M
    if not found:
        empty = np.zeros(0, np.float32)
        return Surfaces(
            np.zeros((0, 3), np.float32), np.zeros((0, 2), int), empty, empty, spacing_m
        )
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    return Surfaces(*columns, spacing_m)


def _grid(lower, upper, top, spacing):
    """Cells (n, 2) of the grid and where their lines start (n, 3)."""
    counts = np.maximum(np.ceil((upper - lower) / spacing), 1).astype(int)
    # Off the middle, so that lines do not run along edges of regular meshes.
    x, z = (low + spacing * (np.arange(n) + 0.487) for low, n in zip(lower, counts, strict=True))
    column, row = (each.ravel() for each in np.meshgrid(*map(np.arange, counts), indexing="ij"))
    starts = np.stack([x[column], np.full(len(column), top), z[row]], axis=1)
    return np.stack([column, row], axis=1), starts.astype(np.float32)


def neighbors(surfaces, offsets, step_m):
    """Pair surfaces of neighboring columns at about the same height.

    Parameters
    ----------
    surfaces : Surfaces
    offsets : sequence of (int, int)
        Cells from the first to the second of a pair.
    step_m : float
        Difference of height at most.

    Returns
    -------
    first, second : (pairs,) numpy.ndarray of int
    """
    key = _key(surfaces.cell)
    order = np.argsort(key, kind="stable")
    first, second = [np.zeros(0, int)], [np.zeros(0, int)]
    for offset in offsets:
        wanted = _key(surfaces.cell + np.array(offset))
        low = np.searchsorted(key, wanted, "left", sorter=order)
        count = np.searchsorted(key, wanted, "right", sorter=order) - low
        one = np.repeat(np.arange(len(key)), count)
        within = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
        other = order[low[one] + within]
        close = np.abs(surfaces.points[one, 1] - surfaces.points[other, 1]) <= step_m
        first.append(one[close])
        second.append(other[close])
    return np.concatenate(first), np.concatenate(second)


def _key(cell):
    return (cell[:, 0] + 8) * KEY_WIDTH + cell[:, 1] + 8
