r"""Closed solids from stacked rings: the clay that the built-in objects are made of.

Every solid is a *loft*: rings of equally many points, joined ring to ring by a skin and shut by a
flat cap at each end. Lathing, extruding and sweeping only differ in how they lay the rings::

      loft            lathe             extrude              tube
     ___ end         ( )  r, y       outline, rounded      o   a circle
    /   \           (   )              .------.             \  along a
    |   | side       | |             (          )            o path
    \___/ start     (___)              '------'

A ring runs counterclockwise as seen by who looks back from the next one; faces then show their
front to the outside. The renderer stores an object's light at its vertices, so that a long part
whose ends are stuck into others needs rings in between.

Models are drawn facing the reader: x to the right, y up, z towards the eye.
"""

from dataclasses import dataclass, replace

import numpy as np

from simbinaural.geometry import rotate
from simbinaural.scenes.scene import Texture
from simbinaural.sources.meshes import face_vectors
from simbinaural.sources.outlines import rounded_rectangle


@dataclass(frozen=True, eq=False)
class Finish:
    """What a surface is painted with.

    Attributes
    ----------
    texture : Texture
    color : (3,) tuple of float
        Linear RGB that multiplies the texture.
    """

    texture: Texture
    color: tuple = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Solid:
    """Triangles that enclose a volume, or several such volumes together.

    Attributes
    ----------
    vertices : (vertices, 3) numpy.ndarray
        Metres.
    faces : (faces, 3) numpy.ndarray of int
        Counterclockwise as seen from outside.
    uv : (faces, 3, 2) numpy.ndarray
        Texture coordinates of each corner.
    region : (faces,) numpy.ndarray of int
        Index into `finishes`.
    finishes : tuple of Finish
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    region: np.ndarray
    finishes: tuple

    def moved(self, x=0.0, y=0.0, z=0.0):
        """Shift by metres."""
        return replace(self, vertices=self.vertices + (x, y, z))

    def turned(self, axis, angle_deg):
        """Turn about the origin, counterclockwise as seen from the tip of `axis`: x, y or z."""
        half = np.radians(angle_deg) / 2
        quaternion = np.zeros(4)
        quaternion[0], quaternion[1 + "xyz".index(axis)] = np.cos(half), np.sin(half)
        return replace(self, vertices=rotate(quaternion, self.vertices))

    def tiled(self, u, v):
        """Repeat the texture of the first region, a loft's skin, u and v times."""
        skin = (self.region == 0)[:, None, None]
        return replace(self, uv=np.where(skin, self.uv * (u, v), self.uv))


def join(*solids):
    """Put solids together as one; they may overlap."""
    vertex_offsets = np.cumsum([0] + [len(solid.vertices) for solid in solids])
    region_offsets = np.cumsum([0] + [len(solid.finishes) for solid in solids])
    return Solid(
        vertices=np.concatenate([solid.vertices for solid in solids]),
        faces=np.concatenate([s.faces + k for s, k in zip(solids, vertex_offsets, strict=False)]),
        uv=np.concatenate([solid.uv for solid in solids]),
        region=np.concatenate([s.region + k for s, k in zip(solids, region_offsets, strict=False)]),
        finishes=tuple(finish for solid in solids for finish in solid.finishes),
    )


# --------------------------------------------------------------------------- lofts


def loft(rings, finish, *, start=None, end=None, capped=True):
    """Skin rings and cap both ends.

    Parameters
    ----------
    rings : (rings, points, 3) array_like
        At least 2 rings of 3 points. A ring may shrink to a point.
    finish : Finish
        Of the skin. u runs once around, v once from first to last ring.
    start, end : Finish, optional
        Of the first and the last cap; by default that of the skin. The cap's width and height
        span the texture once.
    capped : bool, optional
        Whether to shut the ends; where the last ring is the first again, there are none.

    Returns
    -------
    Solid
        Regions 0, 1, 2: skin, first and last cap.
    """
    rings = np.asarray(rings, dtype=float)
    n_rings, n_points, _ = rings.shape
    first_cap = _triangulate(rings[0])[: None if capped else 0, ::-1]
    last_cap = _triangulate(rings[-1])[: None if capped else 0]
    skin, skin_uv = _skin(rings)
    faces = np.concatenate([skin, first_cap, last_cap + (n_rings - 1) * n_points])
    uv = np.concatenate([skin_uv, _cap_uv(rings[0])[first_cap], _cap_uv(rings[-1])[last_cap]])
    region = np.repeat([0, 1, 2], [len(skin), len(first_cap), len(last_cap)])
    vertices = rings.reshape(-1, 3)
    solid = np.linalg.norm(face_vectors(vertices, faces), axis=1) > 1e-13
    finishes = (finish, start or finish, end or finish)
    return Solid(vertices, faces[solid], uv[solid], region[solid], finishes)


def lathe(profile, finish, *, sides=32, start=None, end=None):
    """Turn a profile about the y axis.

    Parameters
    ----------
    profile : (points, 2) array_like
        Radius and y, from the bottom upwards along the outside.
    finish, start, end : Finish
        See `loft`.
    sides : int, optional
        Facets around.
    """
    rings = _turned_rings(profile, sides)
    return loft(rings, finish, start=start, end=end)


def hoop(section, finish, *, sides=32):
    """Turn a closed section about the y axis: a hoop, a rope ring.

    Parameters
    ----------
    section : (points, 2) array_like
        Radius and y, counterclockwise; all radii positive.
    finish, sides
        See `lathe`.
    """
    rings = _turned_rings([*section, section[0]], sides)
    return loft(rings, finish, capped=False)


def _turned_rings(profile, sides):
    """Circles (points, sides, 3) about the y axis."""
    radius, height = np.asarray(profile, dtype=float).T[..., None]
    angle = 2 * np.pi * np.arange(sides) / sides
    x, z = radius * np.cos(angle), -radius * np.sin(angle)
    return np.stack([x, np.broadcast_to(height, x.shape), z], axis=-1)


def extrude(outline, thickness, finish, *, rounding=0.0, steps=3, start=None, end=None):
    """Give a flat outline thickness along z, centered, with rounded edges.

    Parameters
    ----------
    outline : (points, 2) array_like
        x, y, counterclockwise.
    thickness : float
        Metres.
    finish : Finish
        Of the rim; `start` is the back, `end` the front.
    rounding : float, optional
        Radius of the edges, metres.
    steps : int, optional
        Facets across a rounded edge; one makes a chamfer.
    """
    outline = np.asarray(outline, dtype=float)
    quarter = np.linspace(0, np.pi / 2, steps + 1) if rounding > 0 else np.array([np.pi / 2])
    inset = rounding * (1 - np.sin(quarter))
    depth = thickness / 2 - rounding * (1 - np.cos(quarter))
    back = [_ring(_shrink(outline, i), -d) for i, d in zip(inset, depth, strict=True)]
    front = [_ring(_shrink(outline, i), d) for i, d in zip(inset, depth, strict=True)]
    return loft(np.array(back + front[::-1]), finish, start=start, end=end)


def box(width, height, depth, finish, *, rounding=0.002, steps=2, start=None, end=None):
    """Make a box about the origin with rounded edges; width, height, depth along x, y, z."""
    outline = rounded_rectangle(width, height, rounding, steps=steps if rounding > 0 else 0)
    return extrude(outline, depth, finish, rounding=rounding, steps=steps, start=start, end=end)


def tube(path, radius, finish, *, sides=8):
    """Sweep a circle along a path.

    Parameters
    ----------
    path : (points, 3) array_like
        Metres.
    radius : float or (points,) array_like
        Metres.
    finish : Finish
        See `loft`.
    sides : int, optional
        Facets around.
    """
    path = np.asarray(path, dtype=float)
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    right, up = _carried_frame(tangent)
    angle = 2 * np.pi * np.arange(sides) / sides
    circle = np.cos(angle)[:, None] * right[:, None] + np.sin(angle)[:, None] * up[:, None]
    radius = np.broadcast_to(radius, len(path))[:, None, None]
    return loft(path[:, None] + radius * circle, finish)


# --------------------------------------------------------------------------- inner works


def _skin(rings):
    """Faces (n, 3) and their uv (n, 3, 2) between neighboring rings."""
    n_rings, n_points, _ = rings.shape
    ring, point = np.meshgrid(np.arange(n_rings - 1), np.arange(n_points), indexing="ij")
    following = (point + 1) % n_points
    a, b = ring * n_points + point, ring * n_points + following
    corners = np.stack([a, b, b + n_points, a, b + n_points, a + n_points], axis=-1)
    u, v = _progress(np.roll(rings, -1, axis=1) - rings, 1), _progress(np.diff(rings, axis=0), 0)
    low, high = (u[point], v[ring]), (u[point + 1], v[ring + 1])
    uv = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1])]
    uv += [(low[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    return corners.reshape(-1, 3), np.moveaxis(np.array(uv), (0, 1), (2, 3)).reshape(-1, 3, 2)


def _progress(steps, axis):
    """Share of the way after each step, 0 to 1, in the mean over the other axis."""
    length = np.linalg.norm(steps, axis=-1).mean(axis=1 - axis)
    return np.cumsum([0, *length]) / max(length.sum(), 1e-12)


def _cap_uv(ring):
    """Coordinates (n, 2) of a flat ring: u to the right and v down, over its own extent."""
    normal = np.abs(_area_vector(ring))
    across, up = [(2, 1), (0, 2), (0, 1)][int(np.argmax(normal))]
    flat = np.stack([ring[:, across], -ring[:, up] if up == 1 else ring[:, up]], axis=1)
    low, extent = flat.min(axis=0), np.ptp(flat, axis=0)
    return (flat - low) / np.maximum(extent, 1e-12)


def _area_vector(ring):
    """Normal of a ring, as long as twice its area."""
    spokes = ring - ring.mean(axis=0)
    return np.cross(spokes, np.roll(spokes, -1, axis=0)).sum(axis=0)


def _triangulate(ring):
    """Faces (n - 2, 3) that fill a flat ring, by cutting ears."""
    plane = _in_plane(ring)
    turn = _turn(np.roll(plane, 1, axis=0), plane, np.roll(plane, -1, axis=0))
    if np.all(turn >= -1e-15):
        last = np.arange(1, len(ring) - 1)
        return np.stack([np.zeros_like(last), last, last + 1], axis=1)
    rest, faces = list(range(len(ring))), []
    while len(rest) > 3:
        ear = next((k for k in range(len(rest)) if _is_ear(plane, rest, k)), 0)
        faces.append((rest[ear - 1], rest[ear], rest[(ear + 1) % len(rest)]))
        # Go on from the far side: ears all around instead of one long fan.
        rest = rest[ear + 1 :] + rest[:ear]
    return np.array([*faces, rest])


def _in_plane(ring):
    """Lay a ring (n, 3) flat, (n, 2), counterclockwise."""
    normal = _area_vector(ring)
    axis = int(np.argmax(np.abs(normal)))
    flat = ring[:, [(axis + 1) % 3, (axis + 2) % 3]]
    return flat if normal[axis] >= 0 else flat[:, ::-1]


def _turn(a, b, c):
    """Twice the area of the triangles a, b, c (..., 2); positive where they turn left."""
    (ux, uy), (vx, vy) = np.moveaxis(b - a, -1, 0), np.moveaxis(c - b, -1, 0)
    return ux * vy - uy * vx


def _is_ear(plane, rest, k):
    """Whether corner k sticks out and no other point lies in its triangle."""
    corners = (rest[k - 1], rest[k], rest[(k + 1) % len(rest)])
    a, b, c = plane[list(corners)]
    if _turn(a, b, c) < 0:
        return False
    others = plane[[i for i in rest if i not in corners]]
    inside = np.minimum(_turn(a, b, others), np.minimum(_turn(b, c, others), _turn(c, a, others)))
    return not np.any(inside > 0)


def _shrink(outline, distance):
    """Move an outline inwards by a small distance."""
    edge = np.roll(outline, -1, axis=0) - outline
    edge /= np.maximum(np.linalg.norm(edge, axis=1, keepdims=True), 1e-12)
    tangent = edge + np.roll(edge, 1, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    return outline + distance * np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)


def _ring(outline, z):
    """Lift an outline (n, 2) to (n, 3)."""
    return np.column_stack([outline, np.full(len(outline), z)])


def _carried_frame(tangent):
    """Two normals (n, 3) of each tangent, carried along the path with the least twist."""
    helper = np.eye(3)[np.argmin(np.abs(tangent[0]))]
    right = [np.cross(helper, tangent[0])]
    for along in tangent[1:]:
        right.append(right[-1] - along * np.dot(right[-1], along))
    right = np.array([vector / np.linalg.norm(vector) for vector in right])
    return right, np.cross(tangent, right)
