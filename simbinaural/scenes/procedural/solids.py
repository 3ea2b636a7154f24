"""Round things: turned, bent, rounded and stuffed solids, and cloth.

They share their vertices and bend their normals; a renderer keeps their light at the vertices.
"""

from functools import cache, lru_cache

import numpy as np

from simbinaural.scenes.procedural.surface import Surface, cross, join, quads, unit

HAIR = 0.001
"""Half the thickness of leaves and cloth, metres."""


def sheet(points, normals, *, grain=0):
    """Smooth surface over a grid of points.

    Parameters
    ----------
    points, normals : (rows, columns, 3) numpy.ndarray
        With columns to the right and rows upwards one looks at the front.
    grain : int
        Axis along which u runs where it lies in the surface.

    Notes
    -----
    Each triangle takes its texture along the axis that it faces most: nothing is stretched by more
    than √3, and the seams drown in the fine textures that smooth parts carry.
    """
    faces = _grid_faces(*points.shape[:2])
    points = points.reshape(-1, 3)
    corners = points[faces]
    sides = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    solid = np.einsum("fi,fi->f", sides, sides) > 1e-18
    faces, corners, sides = faces[solid], corners[solid], sides[solid]
    facing = np.argmax(np.abs(sides), axis=1)
    axes = _texture_axes(grain)[facing]
    uv = corners[np.arange(len(faces))[:, None, None], np.arange(3)[:, None], axes[:, None]]
    return Surface(points, normals.reshape(-1, 3), faces, uv)


@cache
def _grid_faces(rows, columns):
    """Two triangles for each cell of a grid of vertices."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    return np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)


@cache
def _texture_axes(grain):
    """Axes of u and v for a side that faces x, y and z."""
    axes = []
    for facing in range(3):
        first, second = (axis for axis in (0, 2, 1) if axis != facing)
        axes.append((second, first) if second == grain else (first, second))
    return np.array(axes)


def lathe(profile, *, segments=12):
    """Turn a profile about the vertical axis.

    Parameters
    ----------
    profile : (points, 2) array_like
        Radius and height, with the outside to the right of the way; a point that comes twice is a
        sharp edge.
    segments : int
        Sides of the turned shape.
    """
    return _lathe(tuple(map(tuple, profile)), segments)


@lru_cache(maxsize=256)
def _lathe(profile, segments):
    """See `lathe`; the same shapes come again and again."""
    profile = np.array(profile, dtype=float)
    edges = np.flatnonzero(np.all(profile[1:] == profile[:-1], axis=1)) + 1
    normals = np.concatenate([_profile_normals(piece) for piece in np.split(profile, edges)])
    across, ahead = _circle(segments)
    radius, height = profile.T[:, :, None]
    outward, upward = normals.T[:, :, None]
    # Where a point comes twice, the ring between the two has no area and is dropped.
    points = np.broadcast_arrays(radius * across, height, radius * ahead)
    normals = np.broadcast_arrays(outward * across, upward, outward * ahead)
    return sheet(np.stack(points, -1), np.stack(normals, -1), grain=1)


@cache
def _circle(segments):
    """Sine and cosine of the corners of a regular polygon, the first one again at the end."""
    angles = np.arange(segments + 1) % segments * (2 * np.pi / segments)
    return np.sin(angles), np.cos(angles)


def _profile_normals(piece):
    """Normals (points, 2) on the right-hand side of a polyline of radius and height."""
    along = unit(np.diff(piece, axis=0))
    along = np.concatenate([along[:1], along]) + np.concatenate([along, along[-1:]])
    return unit(np.stack([along[:, 1], -along[:, 0]], axis=-1))


def rods(starts, ends, radius, end_radius=None, *, segments=6, capped=False):
    """Round bars.

    Parameters
    ----------
    starts, ends : (bars, 3) or (3,) array_like
        Their axes.
    radius, end_radius : float
        At the start and at the end; the same where the second is not given.
    segments : int
        Sides.
    capped : bool
        Whether the ends are closed; those that touch something need not be.
    """
    starts, ends = np.broadcast_arrays(np.atleast_2d(starts), np.atleast_2d(ends))
    last = radius if end_radius is None else end_radius
    axis = unit((ends - starts).astype(float))
    side = unit(cross(axis, np.where(np.abs(axis[:, 2:]) < 0.9, (0.0, 0, 1), (1.0, 0, 0))))
    sine, cosine = _circle(segments)
    around = side[:, None] * sine[:, None] + cross(side, axis)[:, None] * cosine[:, None]
    rings = [(starts, radius), (ends, last)]
    if capped:
        rings = [(starts, 0.0), (starts, radius), *rings, (ends, last), (ends, 0.0)]
    points = np.stack([end[:, None] + size * around for end, size in rings], axis=1)
    out = [-axis[:, None] + 0 * around] * 2 if capped else []
    normals = [*out, around, around, *(-each for each in out)]
    grain = int(np.argmax(np.abs(axis[0])))
    return join(
        sheet(*bar, grain=grain) for bar in zip(points, np.stack(normals, axis=1), strict=True)
    )


def rounded_box(lower, upper, radius, *, segments=2):
    """Box whose edges and corners are quarter rounds.

    Parameters
    ----------
    lower, upper : (3,) array_like
        Corners.
    radius : float
        Of the rounds, metres; cut to half of the shortest edge.
    segments : int
        Facets of a quarter round.
    """
    lower, upper = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    center, half = (lower + upper) / 2, (upper - lower) / 2
    radius = min(radius, 0.999 * half.min())
    normals, push = _sphere_in_eighths(segments)
    points = center + push * (half - radius) + radius * normals
    corners = segments + 1
    lids = [
        quads(ring[None, order], ring[None, order][..., [0, 2]])
        for ring, order in (
            (points[0, : 4 * corners : corners], [0, 3, 2, 1]),
            (points[-1, : 4 * corners : corners], [0, 1, 2, 3]),
        )
    ]
    return join([sheet(points, normals), *lids])


@cache
def _sphere_in_eighths(segments):
    """Unit sphere whose seams are doubled at the axes, and the signs of each point's eighth."""
    quarter = np.linspace(0, np.pi / 2, segments + 1)
    around = np.r_[np.concatenate([quarter + side * np.pi / 2 for side in range(4)]), 0]
    eighth = np.r_[np.repeat(np.arange(4), segments + 1), 0]
    climb = np.r_[quarter - np.pi / 2, quarter][:, None]
    level = np.cos(climb)
    normals = np.broadcast_arrays(level * np.sin(around), np.sin(climb), level * np.cos(around))
    push = np.broadcast_arrays(
        np.array([1, 1, -1, -1])[eighth],
        np.where(climb < 0, -1, 1),
        np.array([1, -1, -1, 1])[eighth],
    )
    push = np.stack(push, -1)
    push[segments + 1, :, 1] = 1
    return np.round(np.stack(normals, -1), 12), push


def cushion(lower, upper, *, squareness=4.0):
    """Stuffed cushion: a superellipsoid that fills a box.

    Parameters
    ----------
    lower, upper : (3,) array_like
        Corners.
    squareness : float
        Exponent of the superellipse: 2 is an ellipsoid, 10 nearly a box.
    """
    lower, upper = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    shape, slope = _superellipsoid(squareness)
    half = (upper - lower) / 2
    return sheet((lower + upper) / 2 + half * shape, unit(slope / half))


@cache
def _superellipsoid(squareness):
    """Points on the unit superellipsoid and their normals (not of unit length).

    The points crowd where it bends: at the corners around, at the edges above and below.
    """
    corner = np.array([28.0, 45.0, 62.0])
    around = np.radians(np.concatenate([corner + quarter for quarter in (0, 90, 180, 270, 360)]))
    climb = np.radians([-90, -63, -45, -24, 24, 45, 63, 90])[:, None]
    around, level = around[:13], np.cos(climb)
    level[[0, -1]] = 0.0
    sphere = np.broadcast_arrays(level * np.sin(around), np.sin(climb), level * np.cos(around))
    sphere = np.stack(sphere, -1)
    sphere[:, -1] = sphere[:, 0]
    points = sphere / np.sum(np.abs(sphere) ** squareness, -1, keepdims=True) ** (1 / squareness)
    return points, np.sign(points) * np.abs(points) ** (squareness - 1)


def two_sided(points, normals):
    """Thin sheet over a grid of points (rows, columns, 3): a front, and a hair behind it a back."""
    front = sheet(points + HAIR * normals, normals)
    back = Surface(
        front.vertices - 2 * HAIR * front.normals,
        -front.normals,
        front.faces[:, ::-1],
        front.uv[:, ::-1],
    )
    return join([front, back])
