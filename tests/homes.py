"""What tests of homes share: where one may stand, and rays through the mesh."""

import numpy as np
import trimesh
from scipy.ndimage import distance_transform_edt, label


def standing_room(room, clearance):
    """Cells of 5 cm where one stands clear of walls and boxes, and the grid's corner."""
    corner = room.polygon.min(axis=0) - 0.1
    x, z = (
        np.arange(low, high + 0.1, 0.05)
        for low, high in zip(corner, room.polygon.max(axis=0), strict=True)
    )
    grid = np.stack(np.meshgrid(x, z, indexing="ij"), axis=-1)
    floor = room.clearance(grid) > 0
    empty = floor.copy()
    for lower, upper in room.boxes[:, :, [0, 2]]:
        empty &= ~((grid > lower) & (grid < upper)).all(axis=-1)
    parts, count = label(distance_transform_edt(empty) * 0.05 >= clearance)
    assert count, room.name
    largest = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    return floor, largest, grid


def solid_of(home, extra=None):
    """The mesh for rays, with window panes on demand."""
    mesh = trimesh.Trimesh(home.mesh.vertices, home.mesh.faces, process=False)
    return mesh if extra is None else trimesh.util.concatenate([mesh, extra])


def panes(home):
    """Close all windows: one quad on each light that stands upright."""
    corners = []
    for light in home.lights:
        if abs(np.cross(light.edge_u, light.edge_v)[1]) < 1e-6:
            grow = 0.02 * (light.edge_u + light.edge_v)
            u, v = 1.04 * light.edge_u, 1.04 * light.edge_v
            origin = light.origin - grow
            corners.append([origin, origin + u, origin + u + v, origin + v])
    corners = np.array(corners)
    first = 4 * np.arange(len(corners))[:, None, None]
    return trimesh.Trimesh(
        corners.reshape(-1, 3), (first + [[0, 1, 2], [0, 2, 3]]).reshape(-1, 3), process=False
    )


def rays(home, count, rng):
    """Rays in all directions from where a camera may stand."""
    origins = []
    for room in home.rooms:
        _, standing, grid = standing_room(room, 0.3)
        spots = grid[standing]
        x, z = spots[rng.integers(len(spots), size=count)].T
        origins.append(np.stack([x, rng.uniform(1.2, 1.8, count), z], axis=1))
    origins = np.concatenate(origins)
    directions = rng.standard_normal(origins.shape)
    return origins, directions / np.linalg.norm(directions, axis=1, keepdims=True)
