"""Scenes of boxes and rectangles, small enough to be reckoned by hand."""

import numpy as np

from simbinaural.scenes.scene import Light, Mesh, Room, Scene, Sky, Texture

DARK = Sky(np.array([0.0, 1.0, 0.0]), np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3))


def plain(*colors, gloss=0.0, emission=0.0):
    """Textures of one linear colour each."""
    textures = []
    for color in colors:
        linear = np.broadcast_to(np.asarray(color, dtype=float), (3,))
        code = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        pixels = np.tile(np.rint(code * 255).astype(np.uint8), (4, 4, 1))
        textures.append(Texture(pixels, gloss, emission))
    return textures


def quads(items):
    """Mesh of rectangles: (origin, edge_u, edge_v, texture, room) each; front along u x v."""
    vertices, faces, uv, texture, room, normals = [], [], [], [], [], []
    for origin, edge_u, edge_v, number, place in items:
        origin, u, v = (np.asarray(value, dtype=float) for value in (origin, edge_u, edge_v))
        first = len(vertices)
        vertices += [origin, origin + u, origin + u + v, origin + v]
        faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
        # The texture stands upright on walls: v runs down.
        corner = np.array([(0, 1), (1, 1), (1, 0), (0, 0)], dtype=float)
        uv += [corner[[0, 1, 2]], corner[[0, 2, 3]]]
        texture += [number] * 2
        room += [place] * 2
        normal = np.cross(u, v)
        normals += [np.tile(normal / np.linalg.norm(normal), (3, 1))] * 2
    return Mesh(
        vertices=np.array(vertices, dtype=np.float32),
        faces=np.array(faces, dtype=np.int32),
        uv=np.array(uv, dtype=np.float32),
        texture=np.array(texture, dtype=np.int32),
        material=np.zeros(len(faces), dtype=np.int32),
        room=np.array(room, dtype=np.int32),
        tint=np.ones((len(faces), 3), dtype=np.float32),
        normals=np.array(normals, dtype=np.float32),
    )


def box(lower, upper, *, texture=0, room=0, inward=False):
    """Six rectangles of a box, facing out, or in for a room: floor, ceiling, -x, +x, -z, +z."""
    (x0, y0, z0), (x1, y1, z1) = lower, upper
    x, y, z = (x1 - x0, 0, 0), (0, y1 - y0, 0), (0, 0, z1 - z0)
    sides = [
        ((x0, y0, z0), x, z),
        ((x0, y1, z0), z, x),
        ((x0, y0, z0), z, y),
        ((x1, y0, z0), y, z),
        ((x0, y0, z0), y, x),
        ((x0, y0, z1), x, y),
    ]
    return [(o, v, u, texture, room) if inward else (o, u, v, texture, room) for o, u, v in sides]


def make_scene(items, textures, *, lights=(), sky=DARK, rooms=(), name="boxes"):
    """Scene of rectangles."""
    return Scene(name, quads(items), tuple(textures), (), tuple(rooms), tuple(lights), sky)


def make_room(x0, z0, x1, z1, *, height=3.0):
    """Room on a rectangle."""
    polygon = np.array([(x0, z0), (x1, z0), (x1, z1), (x0, z1)], dtype=float)
    return Room("room-0", "living", polygon, 0.0, height, np.zeros(6, dtype=int))


def lamp(center, size, radiance=1.0, room=0):
    """Square light that shines down."""
    x, y, z = center
    half = size / 2
    return Light(
        np.array([x - half, y, z - half]),
        np.array([size, 0.0, 0.0]),
        np.array([0.0, 0.0, size]),
        np.full(3, float(radiance)),
        room,
    )
