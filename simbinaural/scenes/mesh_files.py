"""Whole homes as mesh files: .glb, .gltf, .ply and .obj.

What the files have in common comes out as one `Mesh`: metres, y up, flat normals (a scan is not
lit), the acoustic material of each face by the name that the file gives it. Colors of vertices
become a tint where triangles are small, else textures (`simbinaural.scenes.vertex_colors`).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.scenes.paint import GRAY, WHITE
from simbinaural.scenes.scene import Mesh, Texture
from simbinaural.scenes.vertex_colors import color_textures

SUFFIXES = (".glb", ".gltf", ".ply", ".obj")

UPS = ("y", "z")

SMALL_M = 0.025
"""Triangles up to this size, as in dense scans, have one color: the mean of their corners."""

SIDES_SHADE = (0.72, 1.0, 0.86)
"""Light on what has no colors, where it faces x, y, z: else no edge of it could be seen."""


@dataclass(frozen=True, eq=False)
class Part:
    """Triangles with one texture.

    Attributes
    ----------
    vertices : (vertices, 3) numpy.ndarray
        The file's units and axes.
    faces : (faces, 3) numpy.ndarray of int
    uv : (faces, 3, 2) numpy.ndarray or None
        As in `Mesh`.
    colors : (faces, 3, 3) numpy.ndarray or None
        Linear RGB of each corner.
    tint : (3,) or (faces, 3) array_like
        Linear RGB.
    pixels : (height, width, 3) numpy.ndarray of uint8, or None
        Its texture.
    labels : (faces,) numpy.ndarray of int
        Index into `names`.
    names : tuple of str
        What its faces are made of, or are; empty where the file says nothing.
    plain : bool
        Whether it has no color at all.
    is_small : (faces,) numpy.ndarray of bool, or None
        Whether a single color is enough for a face.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray | None = None
    colors: np.ndarray | None = None
    tint: tuple = GRAY
    pixels: np.ndarray | None = None
    labels: np.ndarray | None = None
    names: tuple = ("",)
    plain: bool = False
    is_small: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class MeshFile:
    """A file's triangles.

    Attributes
    ----------
    mesh : Mesh
        `material` indexes `names`.
    textures : tuple of Texture
    names : tuple of str
        What the faces are made of, or are; empty where the file says nothing.
    problems : tuple of str
        Lines for the user.
    """

    mesh: Mesh
    textures: tuple
    names: tuple
    problems: tuple = field(default=())


def read_mesh(path, *, up="y", unit_scale=1.0, need_textures=True):
    """Read a home.

    Parameters
    ----------
    path : str or Path
        .glb, .gltf, .ply or .obj.
    up : str
        Axis of the file that points up: ``y``, or ``z``, whose (x, y, z) become (x, z, -y).
    unit_scale : float
        Metres in a unit of the file.
    need_textures : bool
        Whether textures that cannot be read are an error; else they are left out.

    Returns
    -------
    MeshFile

    Raises
    ------
    InputError
        If the file cannot be read, has no triangles, or is compressed in a way that cannot be read.
    """
    path = Path(path)
    require(up in UPS, f"up must be y or z, got {up}")
    require(
        np.isfinite(unit_scale) and unit_scale > 0,
        f"unit_scale must be above 0, got {unit_scale:g}",
    )
    parts = _read_parts(path, need_textures)
    parts = [_sound_faces(part, SMALL_M / unit_scale) for part in parts]
    parts = [part for part in parts if len(part.faces)]
    require(parts, f"{path}: mesh must have triangles, got none")
    return _join(path, parts, up, unit_scale)


def _read_parts(path, need_textures):
    suffix = path.suffix.lower()
    require(
        suffix in SUFFIXES,
        f"{path}: mesh must be one of {' '.join(SUFFIXES)}, got {suffix or 'no suffix'}",
    )
    if not path.is_file():
        raise InputError(f"{path}: mesh must be a file that exists, got none")
    if suffix == ".ply":
        from simbinaural.scenes.ply_parts import ply_parts

        return ply_parts(path)
    from simbinaural.scenes.trimesh_parts import trimesh_parts

    return trimesh_parts(path, need_textures=need_textures)


def _sound_faces(part, small):
    """Leave out triangles without area or finite corners; tell which of the others are small."""
    corners = np.asarray(part.vertices, dtype=float)[part.faces]
    with np.errstate(invalid="ignore", over="ignore"):
        area = np.linalg.norm(
            np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
        )
        kept = np.isfinite(area) & (area > 0)
    labels = np.zeros(len(part.faces), int) if part.labels is None else part.labels
    tint = np.asarray(part.tint, dtype=np.float32)
    used = np.zeros(len(part.vertices), bool)
    used[part.faces[kept]] = True
    place = np.cumsum(used) - 1
    return Part(
        vertices=np.asarray(part.vertices)[used],
        faces=place[part.faces[kept]],
        uv=None if part.uv is None else part.uv[kept],
        colors=None if part.colors is None else part.colors[kept],
        tint=tint[kept] if tint.ndim == 2 else tint,
        pixels=part.pixels,
        labels=labels[kept],
        names=part.names,
        plain=part.plain,
        is_small=_longest_edge(corners[kept]) <= small,
    )


def _longest_edge(corners):
    """Length (faces,) of the longest edge of triangles (faces, 3, 3)."""
    return np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)


# --------------------------------------------------------------------------- joining


def _join(path, parts, up, unit_scale):
    """Mesh of all parts."""
    sizes = np.array([len(part.faces) for part in parts])
    offsets = np.cumsum([0, *(len(part.vertices) for part in parts)])[:-1]
    vertices = np.concatenate([part.vertices for part in parts]) * float(unit_scale)
    if up == "z":
        vertices = vertices[:, [0, 2, 1]] * (1, 1, -1)
    vertices = vertices.astype(np.float32)
    faces = np.concatenate([part.faces + at for part, at in zip(parts, offsets, strict=True)])
    normals = _flat_normals(vertices, faces)
    textures, texture, uv = _textures(parts, sizes, vertices, faces)
    tint = np.concatenate([_tint(part) for part in parts]).astype(np.float32)
    is_bare = all(part.pixels is None and part.colors is None for part in parts)
    if is_bare:
        tint *= (normals.astype(float) ** 2 @ np.array(SIDES_SHADE)[:, None]).astype(np.float32)
    names, material = _labels(parts)
    mesh = Mesh(
        vertices=vertices,
        faces=faces.astype(np.int32),
        uv=uv,
        texture=texture,
        material=material,
        room=np.full(len(faces), -1, np.int32),
        tint=tint,
        normals=np.repeat(normals[:, None], 3, axis=1),
    )
    return MeshFile(mesh, textures, names, tuple(_problems(path, parts, is_bare)))


def _problems(path, parts, is_bare):
    if is_bare:
        plain = all(part.plain for part in parts)
        yield f"{path}: has no texture; shown {'grey' if plain else 'in plain colors'}"


def _flat_normals(vertices, faces):
    """Unit normals (faces, 3) of float32."""
    a, b, c = np.moveaxis(vertices.astype(float)[faces], 1, 0)
    normals = np.cross(b - a, c - a)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    # Scaled to metres, the tiniest faces may lose their area in 32 bits.
    up = np.array((0.0, 1.0, 0.0))
    return np.where(length > 0, normals / np.maximum(length, 1e-300), up).astype(np.float32)


def _tint(part):
    """Linear colors (faces, 3): of small triangles the mean of their corners too."""
    tint = np.broadcast_to(part.tint, (len(part.faces), 3))
    if part.colors is None or part.pixels is not None:
        return tint
    return np.where(part.is_small[:, None], tint * part.colors.mean(axis=1), tint)


def _textures(parts, sizes, vertices, faces):
    """Textures, their indices (faces,) and coordinates (faces, 3, 2); equal pictures are shared."""
    textures, known = [], {}
    texture = np.zeros(len(faces), np.int32)
    uv = np.zeros((len(faces), 3, 2), np.float32)
    for part, end in zip(parts, np.cumsum(sizes), strict=True):
        here = np.arange(end - len(part.faces), end)
        pixels = WHITE if part.pixels is None else part.pixels
        if part.pixels is None and part.colors is not None:
            large = ~part.is_small
            corners = vertices[faces[here[large]]]
            painted, index, uv[here[large]] = color_textures(corners, part.colors[large])
            texture[here[large]] = index + len(textures)
            textures.extend(painted)
            here = here[~large]
        if not len(here):
            continue
        if id(pixels) not in known:
            known[id(pixels)] = len(textures)
            textures.append(Texture(pixels))
        texture[here] = known[id(pixels)]
        if part.uv is not None and part.pixels is not None:
            uv[here] = part.uv
    return tuple(textures), texture, uv


def _labels(parts):
    """All names, each once, and the index (faces,) into them."""
    names = {}
    index = []
    for part in parts:
        own = np.array([names.setdefault(name, len(names)) for name in part.names], np.int32)
        index.append(own[part.labels])
    material = np.concatenate(index)
    used, material = np.unique(material, return_inverse=True)
    listed = list(names)
    return tuple(listed[k] for k in used), material.reshape(-1).astype(np.int32)
