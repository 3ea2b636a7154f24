"""A built-in home as a scanner would bring it back: small triangles, colors at their corners."""

import json

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.home import load_home
from simbinaural.vision.light import room_light
from simbinaural.vision.lightmap import look_up
from simbinaural.vision.tone import film


def scan_home(scene, *, spacing=0.1):
    """Photograph all faces of a home, lit as they are, at points about `spacing` apart.

    Returns
    -------
    vertices : (vertices, 3) numpy.ndarray
        World, metres.
    faces : (faces, 3) numpy.ndarray of int
    colors : (vertices, 3) numpy.ndarray of uint8
        sRGB.
    origin : (faces,) numpy.ndarray of int
        Face of the home that each is a part of.
    """
    mesh = scene.mesh
    corners = mesh.vertices[mesh.faces].astype(float)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    pieces = np.maximum(np.ceil(sides.max(axis=1) / spacing), 1).astype(int)
    parts, count = [], 0
    for n in np.unique(pieces):
        chosen = np.flatnonzero(pieces == n)
        shares, small = lattice(n)
        weights = np.concatenate([1 - shares.sum(axis=1, keepdims=True), shares], axis=1)
        points = np.einsum("pk,fkx->fpx", weights, corners[chosen])
        starts = count + len(shares) * np.arange(len(chosen))
        parts.append(
            (
                points.reshape(-1, 3),
                (small + starts[:, None, None]).reshape(-1, 3),
                photograph(scene, chosen, shares),
                np.repeat(chosen, len(small)),
            )
        )
        count += len(chosen) * len(shares)
    vertices, faces, colors, origin = (np.concatenate(part) for part in zip(*parts, strict=True))
    return vertices, faces, colors, origin


def lattice(n):
    """Points of a triangle cut into n x n: shares (points, 2) of its edges, faces (n * n, 3)."""
    index = {}
    for i in range(n + 1):
        for j in range(n + 1 - i):
            index[i, j] = len(index)
    faces = []
    for i in range(n):
        for j in range(n - i):
            faces.append((index[i, j], index[i + 1, j], index[i, j + 1]))
            if i + j < n - 1:
                faces.append((index[i + 1, j], index[i + 1, j + 1], index[i, j + 1]))
    return np.array(list(index), dtype=float) / n, np.array(faces)


def photograph(scene, faces, shares):
    """SRGB codes (faces * points, 3) of points of faces: texture, light and film."""
    home, light = load_home(scene), room_light(scene)
    irradiance = light.direct + light.indirect
    falls = np.empty((len(faces) * len(shares), 3), np.float32)
    gather(light.layout, irradiance, faces, shares, falls)
    which = np.repeat(faces, len(shares))
    surfaces = home.surfaces
    glow = surfaces.emission[which, None]
    radiance = texels(scene, faces, shares) * surfaces.tint[which] * (falls / np.pi + glow)
    return developed(radiance * np.float32(light.exposure))


@njit
def gather(layout, irradiance, faces, shares, falls):
    row = 0
    for face in faces:
        for u, v in shares:
            light = look_up(layout, irradiance, face, u, v)
            for k in range(3):
                falls[row, k] = light[k]
            row += 1


@njit
def developed(radiance):
    codes = np.empty(radiance.shape, np.uint8)
    for row in range(len(radiance)):
        for k in range(3):
            value = film(radiance[row, k])
            low, high = 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055
            codes[row, k] = np.uint8(255 * (low if value <= 0.0031308 else high) + 0.5)
    return codes


def texels(scene, faces, shares):
    """Linear colors (faces * points, 3) of the textures, which repeat."""
    mesh = scene.mesh
    uv = mesh.uv[faces].astype(float)
    places = uv[:, None, 0] + shares @ (uv[:, 1:] - uv[:, :1])
    found = np.empty((len(faces), len(shares), 3), np.float32)
    for number in np.unique(mesh.texture[faces]):
        chosen = mesh.texture[faces] == number
        pixels = scene.textures[number].pixels
        height, width = pixels.shape[:2]
        column = np.floor(places[chosen, :, 0] % 1 * width).astype(int) % width
        row = np.floor(places[chosen, :, 1] % 1 * height).astype(int) % height
        code = pixels[row, column] / 255
        found[chosen] = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return found.reshape(-1, 3)


def write_replica(root, scene, scene_id="home_0", *, spacing=0.1):
    """Write a home in Replica's layout, z up, with its materials as semantic categories.

    Returns
    -------
    Path
        ``mesh_semantic.ply``.
    """
    vertices, faces, colors, origin = scan_home(scene, spacing=spacing)
    folder = root / "scene_datasets" / "replica" / scene_id / "habitat"
    folder.mkdir(parents=True)
    names = [each.name for each in scene.materials]
    classes = [{"id": k, "name": name} for k, name in enumerate(names)]
    things = [{"id": k, "class_id": k, "class_name": name} for k, name in enumerate(names)]
    (folder / "info_semantic.json").write_text(json.dumps({"classes": classes, "objects": things}))
    corners = np.empty(len(vertices), [("xyz", "<f4", 3), ("rgb", "u1", 3)])
    x, y, z = vertices.T
    corners["xyz"], corners["rgb"] = np.stack([x, -z, y], axis=1), colors
    polygons = np.empty(len(faces), [("n", "u1"), ("v", "<i4", 3), ("id", "<u2")])
    polygons["n"], polygons["v"], polygons["id"] = 3, faces, scene.mesh.material[origin]
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(corners)}"]
    header += [f"property float {axis}" for axis in "xyz"]
    header += [f"property uchar {color}" for color in ("red", "green", "blue")]
    header += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
    text = "\n".join([*header, "property ushort object_id", "end_header", ""])
    path = folder / "mesh_semantic.ply"
    path.write_bytes(text.encode() + corners.tobytes() + polygons.tobytes())
    return path
