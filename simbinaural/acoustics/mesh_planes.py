"""The planes of a mesh: walls, floors, table tops, which mirror sound however they were cut up.

A scan shows a wall as thousands of triangles, each a little tilted and a little off. Faces are put
together into patches of a hand's size, whose noise is small; planes are grown from the largest
patch on; in the end every face within `TOLERANCE_M` of a plane is on it::

    faces -- pool --> patches -- grow --> planes -- claim --> plane of each face -- fit --> planes

Which faces touch is not asked: seams, cracks and door openings part no plane, and rooms share the
planes of their floor and ceiling. Front and back are not told apart.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.acoustics.planes import compiled, dot

TOLERANCE_M = 0.035
"""Most that a face's corners may lie off its plane."""

SMALLEST_M2 = 0.25
"""Area from which on a plane mirrors; what is smaller only scatters rays as its faces lie."""

_PATCH_M = 0.25
_SLAB_M = 0.04  # patches are thin: the two sides of a wall are not one
_TILTED = 0.5  # least cosine between a face and its plane
_ALIKE = 0.94  # least cosine between a patch and its plane
_ROUNDS = 12
_LOCAL_ROUNDS = 4
_CUBE_M = 1.0
_MOST_CUBES = 100
_POOL = 13  # columns of patches: area, area times normal, first and second moments
_AREA, _NORMAL, _FIRST, _SECOND = 0, 1, 4, 7


class Planes(NamedTuple):
    """Planes that faces lie on.

    Attributes
    ----------
    normals : (planes, 3) numpy.ndarray
        Unit vectors, of either sign.
    offsets : (planes,) numpy.ndarray
        Metres: normal . x of their points.
    lower, upper : (planes, 3) numpy.ndarray
        Of their faces' corners, metres.
    of_face : (faces,) numpy.ndarray of int32
        -1 for a face on none.
    """

    normals: np.ndarray
    offsets: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    of_face: np.ndarray


def find_planes(vertices, faces, normals, areas):
    """Find the planes of a mesh.

    Parameters
    ----------
    vertices : (vertices, 3) numpy.ndarray
        Metres.
    faces : (faces, 3) numpy.ndarray of int32
        Vertices of each corner.
    normals : (faces, 3) numpy.ndarray
        Unit vectors; zero for faces without area.
    areas : (faces,) numpy.ndarray
        Square metres.

    Returns
    -------
    Planes
        Largest patches' first.

    Notes
    -----
    A plane is fitted by the principal axes of its faces' second moments, so two triangles tell as
    much as two thousand.
    """
    middle = vertices.mean(axis=0)
    centered = vertices - middle
    slots = _slots(centered, faces, normals)
    patches = _pool(centered, faces, normals, areas, slots, int(slots.max()) + 1)
    grid = _Grid.around(patches)
    rough, held = _grow(patches, np.argsort(-patches[:, _AREA], kind="stable"), grid)
    nearby = (*_planes_in_cells(grid, held), grid.cell[slots])
    of_face = _claim(centered, faces, normals, rough, nearby)
    found, of_face = _fit(_pool(centered, faces, normals, areas, of_face, len(rough)), of_face)
    lower, upper = _bounds(vertices, faces, of_face, len(found))
    return Planes(found[:, :3], found[:, 3] + found[:, :3] @ middle, lower, upper, of_face)


def _slots(vertices, faces, normals):
    """Number of the patch (faces,) that each face is pooled in."""
    middles = vertices[faces].mean(axis=1)
    axis = np.argmax(np.abs(normals), axis=1)
    cells = np.floor(middles / _PATCH_M).astype(np.int64)
    across = middles[np.arange(len(faces)), axis]
    # Half a slab off: walls at round coordinates lie in the middle of one.
    cells[np.arange(len(faces)), axis] = np.floor(across / _SLAB_M + 0.5)
    cells -= cells.min(axis=0)
    sizes = cells.max(axis=0) + 1
    keys = axis
    for k in range(3):
        keys = keys * sizes[k] + cells[:, k]
    return np.unique(keys, return_inverse=True)[1].astype(np.int32)


@compiled
def _pool(vertices, faces, normals, areas, slots, n_slots):
    """Sum up faces (slots, 13); normals that point against their largest axis are turned."""
    pooled = np.zeros((n_slots, _POOL))
    for f in range(faces.shape[0]):
        slot = slots[f]
        if slot < 0:
            continue
        area = areas[f]
        axis = np.argmax(np.abs(normals[f]))
        sign = 1.0 if normals[f, axis] > 0 else -1.0
        a, b, c = vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]]
        row = pooled[slot]
        row[_AREA] += area
        column = _SECOND
        for k in range(3):
            row[_NORMAL + k] += area * sign * normals[f, k]
            row[_FIRST + k] += area * (a[k] + b[k] + c[k]) / 3
            for m in range(k, 3):
                total = (a[k] + b[k] + c[k]) * (a[m] + b[m] + c[m])
                total += a[k] * a[m] + b[k] * b[m] + c[k] * c[m]
                row[column] += area * total / 12
                column += 1
    return pooled


class _Grid(NamedTuple):
    """Cubes that patches lie in, with a margin of one empty cube all around.

    Attributes
    ----------
    cell : (patches,) numpy.ndarray of int64
        The cube of each.
    sizes : (3,) numpy.ndarray of int64
        Cubes along each axis.
    starts, patches : numpy.ndarray of int64
        The patches of cube c are patches[starts[c] : starts[c + 1]].
    """

    cell: np.ndarray
    sizes: np.ndarray
    starts: np.ndarray
    patches: np.ndarray

    @classmethod
    def around(cls, patches):
        middles = patches[:, _FIRST:_SECOND] / np.maximum(patches[:, _AREA], 1e-12)[:, None]
        middles -= middles.min(axis=0)
        cubes = (middles // max(_CUBE_M, middles.max() / _MOST_CUBES)).astype(np.int64) + 1
        sizes = cubes.max(axis=0) + 2
        cell = (cubes[:, 0] * sizes[1] + cubes[:, 1]) * sizes[2] + cubes[:, 2]
        counts = np.bincount(cell, minlength=int(np.prod(sizes)))
        starts = np.concatenate([[0], np.cumsum(counts)])
        return cls(cell, sizes, starts, np.argsort(cell, kind="stable"))

    def steps(self):
        """What leads from a cube to itself and its 26 neighbors."""
        _, height, depth = (int(size) for size in self.sizes)
        x, y, z = np.mgrid[-1:2, -1:2, -1:2].reshape(3, -1)
        return (x * height + y) * depth + z


def _planes_in_cells(grid, held):
    """Planes that hold patches in or next to each cube: starts (cubes + 1,) and a list."""
    kept = held >= 0
    n_planes, n_cells = int(held.max()) + 1, len(grid.starts) - 1
    cells = (grid.cell[kept][:, None] + grid.steps()).ravel()
    pairs = np.unique(cells * max(n_planes, 1) + np.repeat(held[kept], 27))
    starts = np.searchsorted(pairs, np.arange(n_cells + 1) * max(n_planes, 1))
    return starts, pairs % max(n_planes, 1)


@compiled
def _neighbors(grid, cell, near):
    """List the patches in a cube and around it; their number."""
    count = 0
    for x in range(-1, 2):
        for y in range(-1, 2):
            other = cell + (x * grid.sizes[1] + y) * grid.sizes[2]
            # Cubes along the last axis follow one another.
            for i in range(grid.starts[other - 1], grid.starts[other + 2]):
                near[count] = grid.patches[i]
                count += 1
    return count


@compiled
def _grow(patches, order, grid):
    """Planes (planes, 4: normal, offset) that hold patches, from each that is not held yet on.

    And the plane (patches,) that holds each.
    """
    n = patches.shape[0]
    free, held = patches[:, _AREA] > 0, np.full(n, -1, np.int32)
    rest, members, near = np.flatnonzero(free), np.empty(n, np.int64), np.empty(n, np.int64)
    found, count = np.empty((n, 4)), 0
    plane, total = np.empty(4), np.empty(_POOL)
    for seed in order:
        size = patches[seed, _NORMAL : _NORMAL + 3]
        # What is all bumps within a hand's breadth is no seed.
        if not free[seed] or np.sqrt(dot(size, size)) < 0.9 * patches[seed, _AREA]:
            continue
        _settle(patches[seed], plane)
        around = near[: _neighbors(grid, grid.cell[seed], near)]
        for _ in range(_LOCAL_ROUNDS):
            now = _gather(patches, free, around, plane, members, total)
            if now == 0:
                break
            _settle(total, plane)
        if total[_AREA] >= 0.5 * SMALLEST_M2:
            before = 0
            for _ in range(_ROUNDS):
                now = _gather(patches, free, rest, plane, members, total)
                if now in (0, before):
                    break
                before = now
                _settle(total, plane)
        free[seed] = False
        free[members[:now]] = False
        if total[_AREA] >= SMALLEST_M2:
            found[count] = plane
            held[members[:now]] = count
            count += 1
            rest = rest[free[rest]]
    return found[:count], held


@compiled
def _gather(patches, free, candidates, plane, members, total):
    """Find the free candidates on a plane, sum them up and count them."""
    total[:] = 0
    count = 0
    for i in candidates:
        if not free[i]:
            continue
        row = patches[i]
        away = row[_FIRST] * plane[0] + row[_FIRST + 1] * plane[1] + row[_FIRST + 2] * plane[2]
        if abs(away - plane[3] * row[_AREA]) > TOLERANCE_M * row[_AREA]:
            continue
        normal = row[_NORMAL : _NORMAL + 3]
        alike = dot(normal, plane)
        if alike * alike < _ALIKE**2 * dot(normal, normal):
            continue
        members[count] = i
        count += 1
        sign = 1.0 if alike > 0 else -1.0
        for k in range(_POOL):
            turned = _NORMAL <= k < _FIRST
            total[k] += sign * row[k] if turned else row[k]
    return count


@compiled
def _settle(total, plane):
    """Set a plane to the best fit of summed faces; along their mean normal where they are few."""
    area = total[_AREA]
    middle = total[_FIRST : _FIRST + 3] / area
    normal = total[_NORMAL : _NORMAL + 3].copy()
    normal /= np.sqrt(dot(normal, normal))
    spread = np.empty((3, 3))
    column = _SECOND
    for k in range(3):
        for m in range(k, 3):
            spread[k, m] = spread[m, k] = total[column] / area - middle[k] * middle[m]
            column += 1
    sizes, axes = np.linalg.eigh(spread)
    facing = dot(axes[:, 0], normal)
    # A narrow strip tells its plane by its normals better than by its corners.
    wide = sizes[1] > 0.02**2 and sizes[1] > 9 * max(sizes[0], 0.0)
    if wide and abs(facing) > 0.985:
        normal[:] = axes[:, 0] if facing > 0 else -axes[:, 0]
    plane[:3] = normal
    plane[3] = dot(middle, normal)


@compiled
def _claim(vertices, faces, normals, planes, nearby):
    """Plane (faces,) that each face lies closest to, all its corners within the tolerance."""
    starts, listed, cells = nearby
    of_face = np.full(faces.shape[0], -1, np.int32)
    for f in range(faces.shape[0]):
        nearest = TOLERANCE_M
        for p in listed[starts[cells[f]] : starts[cells[f] + 1]]:
            if abs(dot(normals[f], planes[p])) < _TILTED:
                continue
            farthest = 0.0
            for corner in range(3):
                away = dot(vertices[faces[f, corner]], planes[p]) - planes[p, 3]
                farthest = max(farthest, abs(away))
                if farthest > nearest:
                    break
            if farthest <= nearest:
                nearest, of_face[f] = farthest, p
    return of_face


def _fit(pooled, of_face):
    """Fit planes to their faces; drop those that turned out small."""
    large = pooled[:, _AREA] >= SMALLEST_M2
    found = np.empty((int(large.sum()), 4))
    for plane, total in zip(found, pooled[large], strict=True):
        _settle(total, plane)
    number = np.append(np.where(large, np.cumsum(large) - 1, -1), -1).astype(np.int32)
    return found, number[of_face]


@compiled
def _bounds(vertices, faces, of_face, n_planes):
    """Lower and upper corner (planes, 3) of each plane's faces."""
    lower, upper = np.full((n_planes, 3), np.inf), np.full((n_planes, 3), -np.inf)
    for f in range(faces.shape[0]):
        if of_face[f] >= 0:
            for corner in range(3):
                for k in range(3):
                    place = vertices[faces[f, corner], k]
                    lower[of_face[f], k] = min(lower[of_face[f], k], place)
                    upper[of_face[f], k] = max(upper[of_face[f], k], place)
    return lower, upper
