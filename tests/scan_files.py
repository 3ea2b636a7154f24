"""Files of scanned homes that tests write: known shapes, known colors, every format."""

import json
import struct

import numpy as np
import trimesh
from PIL import Image

WALL, FLOOR, TABLE = (200, 120, 60), (40, 90, 160), (30, 160, 70)
"""sRGB codes of the furnished box."""

BOX_SIZE = (5.0, 2.6, 4.0)

TABLE_TOP = ((1.8, 1.4), (3.2, 2.4), 0.75)
"""Lower and upper corner (x, z) and height."""


def checkered(low, high, cells=8, texels=8):
    """Picture (cells * texels, same, 3) of two colors; the first pixel has the first."""
    field = np.add.outer(np.arange(cells), np.arange(cells)) % 2
    codes = np.where(field[..., None], np.array(high, np.uint8), np.array(low, np.uint8))
    return codes.repeat(texels, axis=0).repeat(texels, axis=1)


def flat_picture(color, size=4):
    return np.broadcast_to(np.array(color, np.uint8), (size, size, 3)).copy()


def textured(vertices, faces, uv, pixels, name):
    """Part with a texture of its own; v counts upwards, as in trimesh."""
    material = trimesh.visual.material.PBRMaterial(
        name=name, baseColorTexture=Image.fromarray(pixels), metallicFactor=0.0
    )
    visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
    return trimesh.Trimesh(vertices, faces, visual=visual, process=False)


def rectangle(corner, edge_u, edge_v, pixels, name, *, steps=1):
    """Rectangle of steps x steps squares; u along edge_u, the picture's first row at its far v."""
    along = np.linspace(0, 1, steps + 1)
    a, b = (grid.ravel() for grid in np.meshgrid(along, along, indexing="ij"))
    vertices = np.array(corner) + a[:, None] * np.array(edge_u) + b[:, None] * np.array(edge_v)
    first = np.add.outer(np.arange(steps) * (steps + 1), np.arange(steps)).ravel()
    other = first + steps + 1
    faces = np.stack([first, other, other + 1, first, other + 1, first + 1], axis=1)
    return textured(vertices, faces.reshape(-1, 3), np.stack([a, b], axis=1), pixels, name)


def box_parts(lower, upper, pixels, name, *, sides="xXyYzZ", steps=1):
    """Sides of a box as rectangles; small letters are the lower side of an axis."""
    lower, upper = np.array(lower, float), np.array(upper, float)
    parts = []
    for side in sides:
        axis = "xyz".index(side.lower())
        u, v = (np.eye(3)[k] * (upper - lower)[k] for k in range(3) if k != axis)
        corner = lower.copy()
        if side.isupper():
            corner[axis] = upper[axis]
        parts.append(rectangle(corner, u, v, pixels, name, steps=steps))
    return parts


def furnished_box(*, steps=1):
    """Room of `BOX_SIZE` from the origin, y up: checkered walls, blue floor, a green table."""
    walls = checkered(WALL, (250, 250, 250))
    parts = box_parts((0, 0, 0), BOX_SIZE, walls, "wall_paint", sides="xXzZ", steps=steps)
    parts += box_parts((0, 0, 0), BOX_SIZE, flat_picture(FLOOR), "carpet", sides="y", steps=steps)
    parts += box_parts((0, 0, 0), BOX_SIZE, flat_picture((240,) * 3), "ceiling", sides="Y")
    (x0, z0), (x1, z1), top = TABLE_TOP
    green = flat_picture(TABLE)
    parts += box_parts((x0, top - 0.04, z0), (x1, top, z1), green, "table", steps=4 * steps)
    for x in (x0, x1 - 0.05):
        for z in (z0, z1 - 0.05):
            parts += box_parts((x, 0, z), (x + 0.05, top - 0.04, z + 0.05), green, "table")
    return parts


def l_shaped_room(*, height=2.6, ceiling=True, ground=False, steps=8):
    """L of 6 x 5 m without its corner of 3 x 2 m, walls as single sheets; y up.

    With `ground`, a lawn of 40 x 40 m lies around it, 5 cm below its floor.
    """
    paint, lawn = flat_picture((180, 180, 180)), flat_picture((80, 140, 60))
    corners = np.array([(0, 0), (6, 0), (6, 3), (3, 3), (3, 5), (0, 5)], dtype=float)
    parts = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        edge = (end[0] - start[0], 0, end[1] - start[1])
        corner = (start[0], 0, start[1])
        parts.append(rectangle(corner, edge, (0, height, 0), paint, "wall", steps=steps))
    for y in [0.0] + ([height] if ceiling else []):
        name = "ceiling" if y else "floor"
        parts.append(rectangle((0, y, 0), (6, 0, 0), (0, 0, 3), paint, name, steps=steps))
        parts.append(rectangle((0, y, 3), (3, 0, 0), (0, 0, 2), paint, name, steps=steps))
    if ground:
        parts.append(rectangle((-17, -0.05, -17), (40, 0, 0), (0, 0, 40), lawn, "grass"))
    return parts


def in_l_shape(points):
    """Whether points (n, 3) are above the floor of `l_shaped_room`."""
    x, z = points[:, 0], points[:, 2]
    wide = (x > 0) & (x < 6) & (z > 0) & (z < 3)
    return wide | ((x > 0) & (x < 3) & (z >= 3) & (z < 5))


def bumpy_scan(n_triangles, *, deviation=0.003, side=2048, seed=0):
    """One part of about n triangles: a bumpy flat of 10 x 8 m, four rooms, a noisy texture."""
    from bumpy_scans import furnished_flat

    mesh = furnished_flat(0.05 * np.sqrt(300_000 / n_triangles), deviation, seed=seed)
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 220, (64, 64, 3)).astype(np.uint8)
    picture = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))
    uv = mesh.vertices[:, [0, 2]] / 10 + 0.13 * mesh.vertices[:, 1:2]
    return textured(mesh.vertices, mesh.faces, uv, picture, "scan")


def z_up(parts):
    """Turn parts so that z is up, as in the published data sets: (x, y, z) to (x, -z, y)."""
    turn = np.array([(1, 0, 0, 0), (0, 0, -1, 0), (0, 1, 0, 0), (0, 0, 0, 1)], dtype=float)
    return [part.copy().apply_transform(turn) for part in parts]


def write_mesh(path, parts):
    """Write parts as .glb, .gltf or .obj."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scene = trimesh.Scene([part.copy() for part in parts])
    if path.suffix == ".gltf":
        for name, content in scene.export(file_type="gltf").items():
            (path if name == "model.gltf" else path.parent / name).write_bytes(content)
    else:
        scene.export(path)
    return path


def write_ply(path, vertices, polygons, colors, *, form="binary_little_endian", ids=None):
    """Write polygons with a color (sRGB) at each vertex and, on demand, an object_id each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = ["ply", f"format {form} 1.0", f"element vertex {len(vertices)}"]
    header += [f"property float {axis}" for axis in "xyz"]
    header += [f"property uchar {name}" for name in ("red", "green", "blue")]
    header += [f"element face {len(polygons)}", "property list uchar int vertex_indices"]
    header += [] if ids is None else ["property ushort object_id"]
    text = "\n".join([*header, "end_header"]) + "\n"
    numbers = [-1] * len(polygons) if ids is None else ids
    if form == "ascii":
        lines = [
            " ".join(map(str, (*xyz, *map(int, rgb))))
            for xyz, rgb in zip(np.asarray(vertices).tolist(), colors, strict=True)
        ]
        for polygon, number in zip(polygons, numbers, strict=True):
            lines.append(
                " ".join(map(str, (len(polygon), *polygon, *([number] * (ids is not None)))))
            )
        path.write_bytes((text + "\n".join(lines) + "\n").encode())
        return path
    order = ">" if "big" in form else "<"
    body = [
        struct.pack(f"{order}3f3B", *xyz, *map(int, rgb))
        for xyz, rgb in zip(vertices, colors, strict=True)
    ]
    for polygon, number in zip(polygons, numbers, strict=True):
        body.append(struct.pack(f"{order}B{len(polygon)}i", len(polygon), *polygon))
        body.append(b"" if ids is None else struct.pack(f"{order}H", number))
    path.write_bytes(text.encode() + b"".join(body))
    return path


def rewrite_header(path, change):
    """Let a function change the JSON header of a .glb file."""
    data = path.read_bytes()
    length = struct.unpack("<I", data[12:16])[0]
    header = json.loads(data[20 : 20 + length])
    change(header)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    total = 20 + len(text) + len(rest)
    start = b"glTF" + struct.pack("<II", 2, total) + struct.pack("<I", len(text)) + b"JSON"
    path.write_bytes(start + text + rest)
    return path
