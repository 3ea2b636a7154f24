"""A user's meshes, as trimesh reads them, made into objects.

Files differ in all that matters here: several parts under transforms, textures or vertex colors,
open surfaces, any size. What comes out stands on the origin, in metres, and has a point inside.
"""

import numpy as np
import trimesh

from simbinaural.errors import InputError, require
from simbinaural.scenes.paint import GRAY, WHITE, corner_uv, linear_color, paint
from simbinaural.scenes.scene import Mesh, Texture
from simbinaural.sources.inside import point_inside
from simbinaural.sources.meshes import smooth_normals
from simbinaural.sources.sound_object import SoundObject, stand_on_origin

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".off", ".stl")

USUAL_SIZE = {"guitar": 1.0, "drum": 0.6, "phone": 0.2}
"""Longest edge of a class's box in metres, for files in other units; `OTHER_SIZE` for the rest."""

OTHER_SIZE = 0.5

SANE_SIZE = (0.02, 3.0)
"""Metres between which a file's size is believed."""

SUPPORT_SIZE = 0.4
"""What is smaller than this belongs on a table; metres."""

LARGEST_TEXTURE = 1024


def read_object(path, sound_class, name):
    """Read one file.

    Parameters
    ----------
    path : Path
    sound_class, name : str
        For the object.

    Returns
    -------
    object : SoundObject
    problems : list of str
        A line if its size had to be changed.

    Raises
    ------
    InputError
        If the file cannot be read, has no triangles or coordinates that are not finite.
    """
    parts = [
        _part(part, is_linear=path.suffix.lower() in (".glb", ".gltf")) for part in _load(path)
    ]
    require(parts, f"{path}: object must have triangles, got none")
    mesh, textures = _join(parts)
    scale, problems = _believable_scale(path, mesh, sound_class)
    mesh, _ = stand_on_origin(_turned_to_front(mesh, scale))
    inside = point_inside(mesh.vertices, mesh.faces)
    size = float(np.max(np.ptp(mesh.vertices, axis=0)))
    placement = "support" if size < SUPPORT_SIZE else "floor"
    return SoundObject(sound_class, name, mesh, textures, inside, placement), problems


def _load(path):
    """Parts of a file in world coordinates, as trimesh has them."""
    try:
        scene = trimesh.load_scene(path, process=False)
        parts = [scene.graph[node] for node in scene.graph.nodes_geometry]
        placed = [scene.geometry[name].copy().apply_transform(at) for at, name in parts]
    except Exception as error:  # trimesh lets through whatever its parsers raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: file must be a readable mesh, got {reason}") from error
    meshes = [part for part in placed if isinstance(part, trimesh.Trimesh) and len(part.faces)]
    finite = all(np.isfinite(mesh.vertices[mesh.faces]).all() for mesh in meshes)
    require(finite, f"{path}: vertices must be finite, got NaN or infinity")
    return [mesh for mesh in meshes if mesh.area > 0]


def _believable_scale(path, mesh, sound_class):
    """Factor that brings an object to a size that can be, and a line if it is not 1."""
    size = float(np.max(np.ptp(mesh.vertices, axis=0)))
    if SANE_SIZE[0] <= size <= SANE_SIZE[1]:
        return 1.0, []
    usual = USUAL_SIZE.get(sound_class, OTHER_SIZE)
    line = f"{path}: size must be within {SANE_SIZE[0]:g} to {SANE_SIZE[1]:g} m, got {size:.3g} m"
    return usual / size, [f"{line}; scaled to {usual:g} m"]


def _turned_to_front(mesh, scale):
    """Scale, and turn from glTF's front, +z, to ours, -z."""
    flip = np.array([-1, 1, -1], dtype=np.float32)
    return Mesh(
        vertices=(mesh.vertices * (flip * np.float32(scale))),
        faces=mesh.faces,
        uv=mesh.uv,
        texture=mesh.texture,
        material=mesh.material,
        room=mesh.room,
        tint=mesh.tint,
        normals=mesh.normals * flip,
    )


# --------------------------------------------------------------------------- parts


def _part(part, *, is_linear):
    """One part as vertices, faces, uv, tint and texture; triangles without area are dropped."""
    faces = part.faces[part.area_faces > 0]
    if part.is_watertight and part.volume < 0:
        faces = faces[:, ::-1]
    uv, tint, texture = _look(part, faces, is_linear=is_linear)
    return np.asarray(part.vertices), np.asarray(faces), uv, tint, texture


def _join(parts):
    """Mesh of all parts, and its textures."""
    vertices, faces, uv, tint, textures = zip(*parts, strict=True)
    offsets = np.cumsum([0, *map(len, vertices)])[:-1]
    counts = [len(face) for face in faces]
    vertices = np.concatenate(vertices)
    faces = np.concatenate([face + k for face, k in zip(faces, offsets, strict=True)])
    mesh = Mesh(
        vertices=vertices.astype(np.float32),
        faces=faces.astype(np.int32),
        uv=np.concatenate(uv).astype(np.float32),
        texture=np.repeat(np.arange(len(parts)), counts).astype(np.int32),
        material=np.zeros(len(faces), np.int32),
        room=np.full(len(faces), -1, np.int32),
        tint=np.concatenate(tint).astype(np.float32),
        normals=smooth_normals(vertices, faces).astype(np.float32),
    )
    return mesh, textures


def _look(part, faces, *, is_linear):
    """Corner uv (n, 3, 2), tint (n, 3) and texture of a part, from what its file says."""
    visual = part.visual
    uv, tint = np.zeros((len(faces), 3, 2)), np.broadcast_to(GRAY, (len(faces), 3))
    texture = Texture(WHITE, gloss=0.1)
    if visual.kind == "texture":
        texture, color = paint(visual.material, is_linear=is_linear, largest=LARGEST_TEXTURE)
        tint = np.broadcast_to(color, (len(faces), 3))
        found = corner_uv(visual, faces)
        uv = uv if found is None else found
    elif visual.kind == "vertex":
        tint = linear_color(visual.vertex_colors[:, :3], is_linear)[faces].mean(axis=1)
    elif visual.kind == "face":
        tint = linear_color(visual.face_colors[part.area_faces > 0, :3], is_linear)
    return uv, tint, texture
