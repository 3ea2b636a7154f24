"""Cells of directions on the sphere: what is nearest to each, as a share of the whole.

SciPy's `SphericalVoronoi` gives the same (the tests hold this against it), but its geometry takes
a third of a second to load: at each start, for some hundred directions.
"""

import numpy as np

JOGGLE = 1e-8
"""Directions on one circle, as of a ring, have no single hull: moved by so little they have one."""


def cell_shares(directions):
    """Shares of the sphere that are nearest to each of some directions.

    Parameters
    ----------
    directions : (N, 3) array_like
        Unit vectors, all different, that enclose the origin.

    Returns
    -------
    (N,) numpy.ndarray
        Areas of the spherical Voronoi cells; sum 1.

    Notes
    -----
    Corners of the cells are the poles of the triangles of the convex hull. Each side of a triangle
    and its pole give both ends of the side the same area, which is negative where the pole lies
    beyond the side.
    """
    directions = np.asarray(directions, dtype=float)
    triangles = hull(directions)
    corners = directions[triangles]
    poles = _normals(corners)
    areas = np.zeros(len(directions))
    for begin, end in ((0, 1), (1, 2), (2, 0)):
        middles = corners[:, begin] + corners[:, end]
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
        parts = _triangle_areas(corners[:, begin], middles, poles)
        np.add.at(areas, triangles[:, begin], parts)
        np.add.at(areas, triangles[:, end], parts)
    return areas / areas.sum()


def hull(directions):
    """Triangles of the convex hull of directions around the origin.

    Parameters
    ----------
    directions : (N, 3) numpy.ndarray
        Unit vectors, all different, that enclose the origin.

    Returns
    -------
    (2 N - 4, 3) numpy.ndarray of int
        Indices of corners, counterclockwise as seen from outside.

    Notes
    -----
    One point after the other: the triangles that it sees make room for those that join it to their
    rim.
    """
    points = directions + JOGGLE * np.random.default_rng(0).standard_normal(directions.shape)
    first = _tetrahedron(points)
    triangles = [
        tuple(first[k] for k in face) for face in ((0, 1, 2), (0, 2, 3), (0, 3, 1), (1, 3, 2))
    ]
    planes = np.zeros((2 * len(points) - 4, 4))  # in numpy: all that a point sees at once
    planes[:4] = [_plane(points, triangle) for triangle in triangles]
    for point in sorted(set(range(len(points))) - set(first)):
        seen = np.flatnonzero(planes[: len(triangles)] @ (*points[point], 1.0) > 0)
        sides = [
            side
            for a, b, c in (triangles[index] for index in seen)
            for side in ((a, b), (b, c), (c, a))
        ]
        rim = [(a, b) for a, b in sides if (b, a) not in sides]
        free = [*seen, len(triangles), len(triangles) + 1]
        triangles += [None, None]  # a rim has two sides more than there are triangles in it
        for index, (a, b) in zip(free, rim, strict=True):
            triangles[index] = (a, b, point)
            planes[index] = _plane(points, (a, b, point))
    return np.array(triangles)


def _tetrahedron(points):
    """Four indices of a tetrahedron far from flat; the first three are clockwise from the last."""
    first = 0
    second = int(np.argmax(np.linalg.norm(points - points[first], axis=1)))
    across = np.cross(points - points[first], points[second] - points[first])
    third = int(np.argmax(np.linalg.norm(across, axis=1)))
    heights = (points - points[first]) @ across[third]
    fourth = int(np.argmax(np.abs(heights)))
    return (first, second, third, fourth) if heights[fourth] > 0 else (first, third, second, fourth)


def _plane(points, triangle):
    """Numbers whose product with (x, y, z, 1) is positive on the outer side of a triangle."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (points[corner].tolist() for corner in triangle)
    ux, uy, uz, vx, vy, vz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    return x, y, z, -(x * ax + y * ay + z * az)


def _normals(corners):
    """Unit normals (T, 3) of triangles (T, 3 corners, 3)."""
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def _triangle_areas(a, b, c):
    """Areas on the unit sphere, positive counterclockwise.

    Van Oosterom and Strackee, IEEE Trans. Biomed. Eng. 30(2), 1983, eq. 8.
    """
    volume = np.sum(a * np.cross(b, c), axis=1)
    cosines = np.sum(a * b, axis=1) + np.sum(b * c, axis=1) + np.sum(c * a, axis=1)
    return 2 * np.arctan2(volume, 1 + cosines)
