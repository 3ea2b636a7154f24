"""Rooms as a scanner leaves them: one triangle mesh, its light in its textures, no `Room`."""

import numpy as np
from shoebox import material

from simbinaural.scenes.scene import Ground, Mesh, Scene, Texture

GRAY = Texture(np.full((4, 4, 3), 128, np.uint8))


def box_mesh(size, corner=(0.0, 0.0, 0.0), *, steps=1, inward=True, materials=(0,) * 6):
    """Six sides of a box, each of steps x steps squares; texture 0, material by side.

    Sides: -x, +x, floor, ceiling, -z, +z.
    """
    parts = [
        _side(np.array(size, float), np.array(corner, float), axis, high, steps, inward)
        for axis in range(3)
        for high in (False, True)
    ]
    n_faces = 2 * steps * steps
    vertices = np.concatenate([part[0] for part in parts])
    faces = np.concatenate([part[1] + k * len(part[0]) for k, part in enumerate(parts)])
    uv = np.concatenate([part[2] for part in parts])
    return finish_mesh(vertices, faces, uv, np.repeat(materials, n_faces))


def _side(size, corner, axis, high, steps, inward):
    u, v = [k for k in range(3) if k != axis]
    along = np.linspace(0, 1, steps + 1)
    a, b = np.meshgrid(along, along, indexing="ij")
    points = np.zeros((steps + 1, steps + 1, 3))
    points[..., u], points[..., v] = a * size[u], b * size[v]
    points[..., axis] = size[axis] if high else 0.0
    row, column = np.meshgrid(np.arange(steps), np.arange(steps), indexing="ij")
    first = (row * (steps + 1) + column).ravel()
    right, below = first + steps + 1, first + 1
    faces = np.stack([first, right, right + 1, first, right + 1, below], axis=1).reshape(-1, 3)
    # u x v points along +axis but for axis 1.
    outward = high != (axis == 1)
    if outward == inward:
        faces = faces[:, ::-1]
    uv = np.stack([a, b], axis=-1).reshape(-1, 2)[faces]
    return points.reshape(-1, 3) + corner, faces, uv


def finish_mesh(vertices, faces, uv, materials):
    """Mesh with flat normals, texture 0 and white tint."""
    corners = np.asarray(vertices, float)[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return Mesh(
        vertices=np.asarray(vertices, dtype=np.float32),
        faces=np.asarray(faces, dtype=np.int32),
        uv=np.asarray(uv, dtype=np.float32),
        texture=np.zeros(len(faces), dtype=np.int32),
        material=np.asarray(materials, dtype=np.int32),
        room=np.full(len(faces), -1, dtype=np.int32),
        tint=np.ones((len(faces), 3), dtype=np.float32),
        normals=np.repeat(normal[:, None], 3, axis=1).astype(np.float32),
    )


def scan_of(mesh, *, materials=None, textures=(GRAY,), ground=None, name="scan"):
    """Scene of a mesh alone; without a ground, one can stand nowhere."""
    ground = ground or Ground(np.zeros((0, 3)), np.zeros(0), np.zeros(0, int), 0.1)
    materials = materials or (material(),)
    return Scene(name, mesh, tuple(textures), tuple(materials), (), (), None, ground)
