"""Furnished flats as a scanner leaves them: bumpy, finely triangulated, walls thin, doors open."""

import numpy as np
from scanned_rooms import finish_mesh

FLAT = (10.0, 2.7, 8.0)


def shaken(mesh, deviation, *, seed=0):
    """Move vertices by a normal deviation along each axis, those at one place alike: no cracks."""
    places, which = np.unique(np.round(mesh.vertices, 4), axis=0, return_inverse=True)
    moves = np.random.default_rng(seed).normal(0, deviation, places.shape)
    vertices = places + moves
    return finish_mesh(vertices[which.ravel()], mesh.faces, mesh.uv, mesh.material)


def sheet(corner, first, second, spacing, holes=()):
    """Rectangle of squares of about a spacing; faces whose middle lies in a hole are left out.

    Holes: lower and upper corner in metres along the two edges.
    """
    corner, first, second = (np.array(v, float) for v in (corner, first, second))
    lengths = np.linalg.norm([first, second], axis=1)
    steps = np.maximum(np.round(lengths / spacing), 1).astype(int)
    a, b = np.meshgrid(*(np.linspace(0, 1, n + 1) for n in steps), indexing="ij")
    vertices = corner + a[..., None] * first + b[..., None] * second
    row, column = np.meshgrid(*(np.arange(n) for n in steps), indexing="ij")
    start = (row * (steps[1] + 1) + column).ravel()
    right, below = start + steps[1] + 1, start + 1
    faces = np.stack([start, right, right + 1, start, right + 1, below], axis=1).reshape(-1, 3)
    places = np.stack([a, b], axis=-1).reshape(-1, 2)[faces].mean(axis=1) * lengths
    for lower, upper in holes:
        kept = ~np.all((places > lower) & (places < upper), axis=1)
        faces, places = faces[kept], places[kept]
    return vertices.reshape(-1, 3), faces


def crate(lower, upper, spacing):
    """Six sheets around a box."""
    lower, upper = np.array(lower, float), np.array(upper, float)
    size = np.diag(upper - lower)
    sides = []
    for axis in range(3):
        u, v = (size[k] for k in range(3) if k != axis)
        sides += [sheet(lower, u, v, spacing), sheet(lower + size[axis], u, v, spacing)]
    return sides


def joined(parts, materials):
    """Mesh of sheets, a material each."""
    starts = np.cumsum([0] + [len(vertices) for vertices, _ in parts])
    vertices = np.concatenate([vertices for vertices, _ in parts])
    faces = np.concatenate([f + start for (_, f), start in zip(parts, starts, strict=False)])
    material = np.repeat(materials, [len(f) for _, f in parts])
    return finish_mesh(vertices, faces, np.zeros((len(faces), 3, 2)), material)


def two_rooms(depth=4.2, height=2.8, door=(0.9, 2.0)):
    """Rooms from x = 0 to 5 and from 5.1 to 9.1, and a doorway at z = 1.5 with its frame.

    Materials: 0 the first room and the frame, 1 the second room.
    """
    width, top = door
    start, end = 1.5, 1.5 + width
    parts, materials = [], []
    for number, (left, right) in enumerate(((0.0, 5.0), (5.1, 9.1))):
        x, y, z = (right - left, 0, 0), (0, height, 0), (0, 0, depth)
        far, near = (left, right) if number == 0 else (right, left)
        room = [sheet((left, 0, 0), x, z, 9.0), sheet((left, height, 0), x, z, 9.0)]
        room += [sheet((left, 0, 0), x, y, 9.0), sheet((left, 0, depth), x, y, 9.0)]
        room += [sheet((far, 0, 0), z, y, 9.0), sheet((near, 0, 0), (0, 0, start), y, 9.0)]
        room += [sheet((near, 0, end), (0, 0, depth - end), y, 9.0)]
        room += [sheet((near, top, start), (0, 0, width), (0, height - top, 0), 9.0)]
        parts += room
        materials += [number] * len(room)
    across, up = (0.1, 0, 0), (0, top, 0)
    for level in (0.0, top):
        parts.append(sheet((5, level, start), across, (0, 0, width), 9.0))
    for side in (start, end):
        parts.append(sheet((5, 0, side), across, up, 9.0))
    return joined(parts, materials + [0] * 4)


def furnished_flat(spacing=0.05, deviation=0.004, *, seed=0):
    """Four rooms around two crossing walls with doors, and crates; 0.05 m makes 300,000 faces.

    Materials: 0 walls and ceiling, 1 floor, 2 things.
    """
    width, height, depth = FLAT
    x, y, z = np.diag(FLAT)
    parts = [sheet((0, 0, 0), x, z, spacing), sheet(y, x, z, spacing)]
    parts += [sheet((0, 0, 0), x, y, spacing), sheet(z, x, y, spacing)]
    parts += [sheet((0, 0, 0), z, y, spacing), sheet(x, z, y, spacing)]
    doors = [((1.5, 0.0), (2.4, 2.05)), ((6.5, 0.0), (7.4, 2.05))]
    for offset in (0.0, 0.1):
        parts.append(sheet((0, 0, 4.0 + offset), x, y, spacing, doors))
        parts.append(sheet((5.0 + offset, 0, 0), z, y, spacing, doors[:1]))
    materials = [1] + [0] * (len(parts) - 1)
    rng = np.random.default_rng(seed)
    for _ in range(16):
        size = rng.uniform([0.4, 0.3, 0.4], [1.6, 1.1, 0.9])
        corner = rng.uniform([0.3, 0.0, 0.3], [width - 2.0, 0.02, depth - 1.5])
        parts += crate(corner, corner + size, spacing)
    materials += [2] * (len(parts) - len(materials))
    return shaken(joined(parts, materials), deviation, seed=seed)
