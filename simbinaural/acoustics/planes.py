"""The walls and the furniture of a room, packed for compiled kernels, and how rays meet them.

Every wall, the floor and the ceiling is a `plane` that faces inward; furniture is axis-aligned
boxes. A ray that starts inside a closed prism meets its planes from the front only, and floor and
ceiling need no outline: where they end, a wall was met before.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ

N_BANDS = len(OCTAVE_BANDS_HZ)

NOTHING = -1
"""What a ray meets that leaves the room through a gap of rounding."""

_NEAR = 1e-6
"""Metres within which two points are one."""


class Enclosure(NamedTuple):
    """A room as kernels read it.

    Attributes
    ----------
    planes : (planes, 14) numpy.ndarray
        In each row a point of the plane, its inward unit normal, two unit axes along it, and its
        extent along the first axis: infinite for floor and ceiling, which are the last two.
    plane_material : (planes,) numpy.ndarray of int
        Row of `absorption` and `scattering`.
    patches : (patches, 4) numpy.ndarray
        Lower and upper corner in the plane's axes; later patches lie on top.
    patch_plane, patch_material : (patches,) numpy.ndarray of int
    boxes : (6, boxes) numpy.ndarray
        Lower corners, upper corners.
    box_material : (boxes,) numpy.ndarray of int
    absorption, scattering : (materials + 1, 7) numpy.ndarray
        Energy fractions; the last row is an opening.
    """

    planes: np.ndarray
    plane_material: np.ndarray
    patches: np.ndarray
    patch_plane: np.ndarray
    patch_material: np.ndarray
    boxes: np.ndarray
    box_material: np.ndarray
    absorption: np.ndarray
    scattering: np.ndarray


# Columns of `Enclosure.planes`.
POINT, NORMAL, ALONG, UP, EXTENT = 0, 3, 6, 9, 12


def enclose(room, materials):
    """Pack a room for the kernels.

    Parameters
    ----------
    room : Room
        Planes, patches and boxes.
    materials : sequence of Material
        What their indices name.

    Returns
    -------
    Enclosure
    """
    opening = len(materials)
    patches = room.patches
    bounds = [[*patch.lower, *patch.upper] for patch in patches]
    kinds = [opening if patch.kind == "door" else patch.material for patch in patches]
    return Enclosure(
        planes=_planes(room),
        plane_material=np.array(room.surfaces, dtype=np.int64),
        patches=np.array(bounds, dtype=float).reshape(-1, 4),
        patch_plane=np.array([patch.surface for patch in patches], dtype=np.int64),
        patch_material=np.array(kinds, dtype=np.int64),
        boxes=np.ascontiguousarray(np.reshape(room.boxes, (-1, 6)).T, dtype=float),
        box_material=np.array(room.box_materials, dtype=np.int64),
        absorption=np.array([m.absorption for m in materials] + [np.ones(N_BANDS)], dtype=float),
        scattering=np.array([m.scattering for m in materials] + [np.zeros(N_BANDS)], dtype=float),
    )


def _planes(room):
    """Rows of `Enclosure.planes`: the walls, the floor, the ceiling."""
    corners = np.asarray(room.polygon, dtype=float)
    edges = np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(edges, axis=1)
    (x, z), level = (edges / lengths[:, None]).T, np.zeros(len(edges))
    bottom, top = room.floor_y, room.floor_y + room.height
    walls = [corners[:, 0], level + bottom, corners[:, 1]]
    walls += [-z, level, x, x, level, z, level, level + 1, level, level, lengths]
    ends = [
        [0, height, 0, 0, inward, 0, 1, 0, 0, 0, 0, 1, -np.inf, np.inf]
        for height, inward in ((bottom, 1), (top, -1))
    ]
    return np.vstack([np.stack(walls, axis=1), ends])


def compiled(function):
    """Compile a kernel, once per machine; a division by zero is infinite, as in NumPy."""
    return njit(cache=True, error_model="numpy")(function)


@compiled
def dot(a, b):
    """Scalar product of two vectors of three."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@compiled
def nearest_plane(planes, point, direction, limit):
    """Distance to the first plane within `limit`, and its index (`NOTHING`: none)."""
    plane = NOTHING
    px, py, pz = point[0], point[1], point[2]
    dx, dy, dz = direction[0], direction[1], direction[2]
    for i in range(planes.shape[0]):
        nx, ny, nz = planes[i, NORMAL], planes[i, NORMAL + 1], planes[i, NORMAL + 2]
        facing = dx * nx + dy * ny + dz * nz
        if facing >= 0:
            continue
        x, y, z = planes[i, POINT] - px, planes[i, POINT + 1] - py, planes[i, POINT + 2] - pz
        distance = (x * nx + y * ny + z * nz) / facing
        if distance < -_NEAR or distance >= limit:
            continue
        across = (distance * dx - x) * planes[i, ALONG]
        across += (distance * dy - y) * planes[i, ALONG + 1]
        across += (distance * dz - z) * planes[i, ALONG + 2]
        # A millionth of slack closes the seams between walls.
        if planes[i, EXTENT] - _NEAR <= across <= planes[i, EXTENT + 1] + _NEAR:
            limit, plane = max(distance, 0.0), i
    return limit, plane


@compiled
def nearest_box(boxes, point, direction, limit, entries):
    """Distance to the first box that is entered within `limit`, its index and the axis.

    `entries` (boxes,) is room to work in: to fill it first lets several boxes go at once.
    """
    px, py, pz = point[0], point[1], point[2]
    ix, iy, iz = 1 / direction[0], 1 / direction[1], 1 / direction[2]
    for i in range(boxes.shape[1]):
        a, b = (boxes[0, i] - px) * ix, (boxes[3, i] - px) * ix
        enter, leave = min(a, b), max(a, b)
        a, b = (boxes[1, i] - py) * iy, (boxes[4, i] - py) * iy
        enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
        a, b = (boxes[2, i] - pz) * iz, (boxes[5, i] - pz) * iz
        enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
        # What starts within a box, as a phone's loudspeaker may, gets out.
        entries[i] = enter if _NEAR < enter < leave else np.inf
    box, axis = NOTHING, 0
    for i in range(boxes.shape[1]):
        if entries[i] < limit:
            limit, box = entries[i], i
    if box != NOTHING:
        for k in range(3):
            side = boxes[k, box] if direction[k] > 0 else boxes[k + 3, box]
            if (side - point[k]) * (1 / direction[k]) == limit:
                axis = k
    return limit, box, axis


@compiled
def blocked(planes, boxes, point, direction, distance, entries):
    """Whether a plane or a box stands in the way within `distance`."""
    distance -= _NEAR
    if nearest_plane(planes, point, direction, distance)[1] != NOTHING:
        return True
    return nearest_box(boxes, point, direction, distance, entries)[1] != NOTHING


@compiled
def material_at(room, plane, point):
    """Material of a plane at a point of it."""
    material = room.plane_material[plane]
    if room.patches.shape[0] == 0:
        return material
    a = b = 0.0
    for k in range(3):
        away = point[k] - room.planes[plane, POINT + k]
        a += away * room.planes[plane, ALONG + k]
        b += away * room.planes[plane, UP + k]
    for i in range(room.patches.shape[0]):
        if room.patch_plane[i] == plane:
            low_a, low_b, high_a, high_b = room.patches[i]
            if low_a <= a <= high_a and low_b <= b <= high_b:
                material = room.patch_material[i]
    return material


@compiled
def hiding_planes(planes):
    """Rows of `planes` that may hide inner points from each other: none in a convex room."""
    n_walls = planes.shape[0] - 2
    for i in range(n_walls):
        for j in range(n_walls):
            ahead = 0.0
            for k in range(3):
                ahead += (planes[j, POINT + k] - planes[i, POINT + k]) * planes[i, NORMAL + k]
            if ahead < -_NEAR:
                return planes[:n_walls]
    return planes[:0]


@compiled
def is_free(planes, boxes, point):
    """Whether a point is in the room and in none of its boxes."""
    n_walls = planes.shape[0] - 2
    if not planes[n_walls, POINT + 1] < point[1] < planes[n_walls + 1, POINT + 1]:
        return False
    crossings = 0
    for i in range(n_walls):
        x, z = planes[i, POINT], planes[i, POINT + 2]
        end = z + planes[i, ALONG + 2] * planes[i, EXTENT + 1]
        if (z <= point[2]) != (end <= point[2]):
            share = (point[2] - z) / planes[i, ALONG + 2]
            crossings += point[0] < x + share * planes[i, ALONG]
    for i in range(boxes.shape[1]):
        outside = False
        for k in range(3):
            outside |= not boxes[k, i] < point[k] < boxes[k + 3, i]
        if not outside:
            return False
    return crossings % 2 == 1
