"""Where light is stored: a grid of points on each flat quad, a point at each corner of the rest.

::

    quad   d ─── c      points s = i / (columns - 1) along the edge a → b, t along a → d,
           │     │      stored row by row (t) from `offset` on;
           a ─── b      they reach the quad's edges, so that neighbours agree there

All points stand in one list: first those of the quads, then the corners. A face of a quad finds its
light by (s, t), any other face by its three corners.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit

EDGE_M = 0.01
"""Points keep this far from a quad's edges: in the very corner of a room nothing can be seen."""


class Quads(NamedTuple):
    """Flat parallelograms that carry grids.

    Attributes
    ----------
    face : (quads,) numpy.ndarray of int32
        The first of its two faces.
    origin, edge_u, edge_v, normal : (quads, 3) numpy.ndarray
        Corner a, the edges to b and to d, metres, and the unit normal.
    """

    face: np.ndarray
    origin: np.ndarray
    edge_u: np.ndarray
    edge_v: np.ndarray
    normal: np.ndarray


class Layout(NamedTuple):
    """How points are numbered.

    Attributes
    ----------
    columns, rows : (quads,) numpy.ndarray of int32
        Size of each quad's grid.
    offset : (quads + 1,) numpy.ndarray of int64
        Number of its first point; the last is the number of the first corner point.
    quad : (faces,) numpy.ndarray of int32
        Quad of each face, or -1.
    second : (faces,) numpy.ndarray of bool
        Whether the face is its quad's second.
    corner : (faces, 3) numpy.ndarray of int32
        Points of each corner of the other faces; -1 on quads and where light is not stored.
    """

    columns: np.ndarray
    rows: np.ndarray
    offset: np.ndarray
    quad: np.ndarray
    second: np.ndarray
    corner: np.ndarray


class Points(NamedTuple):
    """Points that receive light.

    Attributes
    ----------
    position, normal : (points, 3) numpy.ndarray of float32
    face : (points,) numpy.ndarray of int32
        A face that it lies on.
    phase : (points,) numpy.ndarray of int32
        Which of the four patterns of rays it casts: neighbours cast different ones.
    spread_u, spread_v : (points, 3) numpy.ndarray of float32
        Extent of the cell around it, metres; zero at a quad's border and at corners.
    """

    position: np.ndarray
    normal: np.ndarray
    face: np.ndarray
    phase: np.ndarray
    spread_u: np.ndarray
    spread_v: np.ndarray


def make_quads(surfaces, first_faces):
    """Describe the quads that begin with `first_faces` (`surfaces.find_quads`)."""
    return Quads(
        face=first_faces,
        origin=surfaces.corner[first_faces],
        edge_u=surfaces.edge1[first_faces],
        edge_v=surfaces.edge2[first_faces + 1],
        normal=surfaces.normal[first_faces],
    )


def merge_corners(mesh, surfaces, faces):
    """Number the corners of faces so that equal ones (same vertex, same normal) share a number.

    Parameters
    ----------
    mesh : Mesh
    surfaces : Surfaces
        Its tables.
    faces : (n,) numpy.ndarray of int
        The faces to number.

    Returns
    -------
    number : (n, 3) numpy.ndarray of int32
    position, normal : (points, 3) numpy.ndarray of float32
    face : (points,) numpy.ndarray of int32
        A face that each point lies on.
    """
    vertex = mesh.faces[faces].reshape(-1)
    normal = surfaces.corner_normals[faces].reshape(-1, 3)
    # Vertices and rounded normals in one integer each: sorting them is what costs.
    rounded = np.rint((normal.astype(float) + 1) * 500).astype(np.int64)
    key = ((vertex.astype(np.int64) * 1024 + rounded[:, 0]) * 1024 + rounded[:, 1]) * 1024
    _, first, number = np.unique(key + rounded[:, 2], return_index=True, return_inverse=True)
    return (
        number.reshape(-1, 3).astype(np.int32),
        mesh.vertices[vertex[first]].astype(np.float32),
        normal[first],
        np.asarray(faces)[first // 3].astype(np.int32),
    )


def lay_out(quads, spacing, n_faces, corners=None):
    """Number the points of grids with about `spacing`, and the corner points behind them.

    Parameters
    ----------
    quads : Quads
    spacing : (quads,) numpy.ndarray
        Metres.
    n_faces : int
    corners : tuple, optional
        Faces (n,) that are lit by corner, and numbers (n, 3) of their corner points.

    Returns
    -------
    Layout
    """
    columns, rows = (
        (np.rint(np.linalg.norm(edge, axis=1) / spacing) + 1).astype(np.int32)
        for edge in (quads.edge_u, quads.edge_v)
    )
    offset = np.concatenate([[0], np.cumsum(columns.astype(np.int64) * rows)])
    quad = np.full(n_faces, -1, np.int32)
    quad[quads.face] = quad[quads.face + 1] = np.arange(len(quads.face))
    second = np.zeros(n_faces, dtype=bool)
    second[quads.face + 1] = True
    corner = np.full((n_faces, 3), -1, np.int32)
    if corners is not None:
        corner[corners[0]] = corners[1] + offset[-1]
    return Layout(columns, rows, offset, quad, second, corner)


def grid_points(quads, layout):
    """List the points of all grids.

    Returns
    -------
    Points
    """
    n_points = int(layout.offset[-1])
    vectors = [np.empty((n_points, 3), np.float32) for _ in range(4)]
    numbers = [np.empty(n_points, np.int32) for _ in range(2)]
    _write_points(quads, layout, *vectors, *numbers)
    position, normal, spread_u, spread_v = vectors
    return Points(position, normal, *numbers, spread_u, spread_v)


@njit(cache=True, error_model="numpy")
def grid_parameter(index, count, length):
    """Parameter in [0, 1] of a grid's point along an edge of some length."""
    if count == 1:
        return 0.5
    margin = min(EDGE_M / length, 0.25 / (count - 1))
    return min(max(index / (count - 1), margin), 1 - margin)


@njit(cache=True, error_model="numpy")
def _write_points(quads, layout, position, normal, spread_u, spread_v, face, phase):
    for quad in range(len(quads.face)):
        columns, rows = layout.columns[quad], layout.rows[quad]
        edge_u, edge_v = quads.edge_u[quad], quads.edge_v[quad]
        length_u, length_v = np.sqrt(np.sum(edge_u**2)), np.sqrt(np.sum(edge_v**2))
        for row in range(rows):
            t = grid_parameter(row, rows, length_v)
            inner_v = 1 / (rows - 1) if 0 < row < rows - 1 else 0.0
            for column in range(columns):
                s = grid_parameter(column, columns, length_u)
                inner_u = 1 / (columns - 1) if 0 < column < columns - 1 else 0.0
                point = layout.offset[quad] + row * columns + column
                face[point] = quads.face[quad]
                phase[point] = (column & 1) + 2 * (row & 1)
                for k in range(3):
                    position[point, k] = quads.origin[quad, k] + s * edge_u[k] + t * edge_v[k]
                    normal[point, k] = quads.normal[quad, k]
                    spread_u[point, k] = edge_u[k] * inner_u
                    spread_v[point, k] = edge_v[k] * inner_v


def corner_points(position, normal, face):
    """Make `Points` of corners."""
    still = np.zeros_like(position)
    return Points(position, normal, face, np.zeros(len(face), np.int32), still, still)


def concatenate_points(parts):
    """Join several lists of points."""
    return Points(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def take_points(points, index):
    """Pick points by number or mask."""
    return Points(*(column[index] for column in points))


@njit(cache=True, error_model="numpy", forceinline=True)
def quad_parameters(layout, face, u, v):
    """Parameters (s, t) of a point on a quad's face, from the face's barycentric weights.

    Notes
    -----
    First face (a, b, c): u (b - a) + v (c - a); second (a, c, d): u (c - a) + v (d - a).
    """
    if layout.second[face]:
        return u, u + v
    return u + v, v


@njit(cache=True, error_model="numpy", forceinline=True)
def nearest_point(layout, face, u, v):
    """Number of the point nearest to a place on a face; -1 where no light is stored."""
    quad = layout.quad[face]
    if quad < 0:
        if u + v < 0.5:
            return layout.corner[face, 0]
        return layout.corner[face, 1] if u > v else layout.corner[face, 2]
    s, t = quad_parameters(layout, face, u, v)
    columns, rows = layout.columns[quad], layout.rows[quad]
    column = min(max(int(s * (columns - 1) + 0.5), 0), columns - 1)
    row = min(max(int(t * (rows - 1) + 0.5), 0), rows - 1)
    return layout.offset[quad] + row * columns + column


@njit(cache=True, error_model="numpy", forceinline=True)
def look_up(layout, light, face, u, v):
    """Interpolate stored light (points, 3) at a place on a face; the face must have points."""
    quad = layout.quad[face]
    if quad < 0:
        a, b, c = layout.corner[face, 0], layout.corner[face, 1], layout.corner[face, 2]
        wb, wc = np.float32(u), np.float32(v)
        wa = np.float32(1) - wb - wc
        return (
            wa * light[a, 0] + wb * light[b, 0] + wc * light[c, 0],
            wa * light[a, 1] + wb * light[b, 1] + wc * light[c, 1],
            wa * light[a, 2] + wb * light[b, 2] + wc * light[c, 2],
        )
    s, t = quad_parameters(layout, face, u, v)
    size = layout.columns[quad], layout.rows[quad]
    return interpolate(light, layout.offset[quad], size, s, t)


@njit(cache=True, error_model="numpy", forceinline=True)
def interpolate(light, offset, size, s, t):
    """Interpolate a grid of (columns, rows) points bilinearly at (s, t)."""
    columns, rows = size
    x = min(max(s, 0.0), 1.0) * (columns - 1)
    y = min(max(t, 0.0), 1.0) * (rows - 1)
    column, row = min(int(x), max(columns - 2, 0)), min(int(y), max(rows - 2, 0))
    fx, fy = np.float32(x - column), np.float32(y - row)
    a = offset + row * columns + column
    right, down = (1 if columns > 1 else 0), (columns if rows > 1 else 0)
    b, c, d = a + right, a + down, a + right + down
    one = np.float32(1)
    wa, wb, wc, wd = (one - fx) * (one - fy), fx * (one - fy), (one - fx) * fy, fx * fy
    return (
        wa * light[a, 0] + wb * light[b, 0] + wc * light[c, 0] + wd * light[d, 0],
        wa * light[a, 1] + wb * light[b, 1] + wc * light[c, 1] + wd * light[d, 1],
        wa * light[a, 2] + wb * light[b, 2] + wc * light[c, 2] + wd * light[d, 2],
    )
