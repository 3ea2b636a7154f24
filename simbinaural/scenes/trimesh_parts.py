"""Parts of .glb, .gltf and .obj files, as trimesh reads them."""

import re

import numpy as np
import trimesh

from simbinaural.errors import InputError
from simbinaural.scenes.gltf_header import basis_extension, check_triangles, read_header
from simbinaural.scenes.mesh_files import Part
from simbinaural.scenes.paint import (
    GRAY,
    base_color,
    corner_uv,
    linear_color,
    physical,
    shrunk_pixels,
)

LARGEST = 2048
"""Pixels that a texture keeps along its longer side, as in `simbinaural.vision`."""

TEXELS = 1 << 27
"""Of all textures; where there are more, all shrink: they cost 8 bytes each."""

GLTF = (".glb", ".gltf")

UNNAMED = r"(GLTF|geometry_|material_)[\w.]*"
"""Names that trimesh gives to what has none."""


def trimesh_parts(path, *, need_textures=True):
    """Read a file's parts.

    Parameters
    ----------
    path : Path
    need_textures : bool
        Whether Basis compression of the textures is an error.

    Returns
    -------
    list of Part

    Raises
    ------
    InputError
        If it cannot be read.
    """
    is_gltf = path.suffix.lower() in GLTF
    if is_gltf:
        header = read_header(path)
        check_triangles(path, header)
        if need_textures:
            _refuse_basis(path, header)
    placed = _load(path)
    pictures = _Pictures([_material(mesh) for _, mesh, _ in placed])
    return [_part(name, mesh, at, pictures, is_linear=is_gltf) for name, mesh, at in placed]


def _refuse_basis(path, header):
    found = basis_extension(header)
    if found:
        raise InputError(
            f"{path}: textures are Basis-compressed ({found}), which cannot be read; give the file "
            "with PNG or JPEG textures, or film with --vision habitat"
        )


def _load(path):
    """Name of each mesh that has triangles, the mesh, and where it is placed (4, 4)."""
    try:
        scene = trimesh.load_scene(path, process=False)
        nodes = [scene.graph[node] for node in scene.graph.nodes_geometry]
    except Exception as error:  # trimesh lets through whatever its parsers raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: file must be a readable mesh, got {reason}") from error
    found = [(name, scene.geometry[name], at) for at, name in nodes]
    return [
        (_name(name, mesh), mesh, at)
        for name, mesh, at in found
        if isinstance(mesh, trimesh.Trimesh) and len(mesh.faces)
    ]


def _material(mesh):
    return physical(mesh.visual.material) if mesh.visual.kind == "texture" else None


def _name(own, mesh):
    """What a mesh is made of: its material's name, or else its own."""
    name = getattr(_material(mesh), "name", None) or own
    return "" if re.fullmatch(UNNAMED, name) else name


def _part(name, mesh, at, pictures, *, is_linear):
    """Part in the file's own world."""
    vertices = np.asarray(mesh.vertices) @ at[:3, :3].T + at[:3, 3]
    faces = np.asarray(mesh.faces)
    if np.linalg.det(at[:3, :3]) < 0:
        faces = faces[:, ::-1]
    look = _look(mesh, faces, pictures, is_linear)
    return Part(vertices, faces, names=(name,), **look)


def _look(mesh, faces, pictures, is_linear):
    """The attributes of a `Part` that tell its colors."""
    visual = mesh.visual
    if visual.kind == "vertex":
        return {
            "colors": linear_color(visual.vertex_colors[:, :3], is_linear)[faces],
            "tint": (1, 1, 1),
        }
    if visual.kind == "face":
        return {"tint": linear_color(visual.face_colors[:, :3], is_linear)}
    if visual.kind != "texture":
        return {"tint": GRAY, "plain": True}
    material = physical(visual.material)
    pixels, glows = pictures.of(material)
    tint = (1.0, 1.0, 1.0) if glows else base_color(material, is_linear=is_linear)
    uv = corner_uv(visual, faces)
    colors = _material_colors(visual, is_linear)
    if pixels is not None and uv is not None:
        return {"pixels": pixels, "uv": uv, "tint": tint}
    if colors is not None:
        return {"colors": colors[faces], "tint": tint}
    if pixels is None and material.baseColorFactor is None:
        return {"tint": GRAY, "plain": True}
    return {"tint": tint}


def _material_colors(visual, is_linear):
    """Linear colors (vertices, 3) beside a material; None if there are none."""
    colors = visual.vertex_attributes.get("color") if visual.vertex_attributes else None
    if colors is None:
        return None
    colors = np.asarray(colors)[:, :3]
    if np.issubdtype(colors.dtype, np.floating):
        return colors.astype(float)
    return linear_color(colors * (255 / np.iinfo(colors.dtype).max), is_linear)


class _Pictures:
    """Pixels of materials, each picture decoded once and all within `TEXELS`."""

    def __init__(self, materials):
        self._pixels = {}
        images = {id(image): image for image, _ in map(_picture, filter(None, materials)) if image}
        self._largest = LARGEST
        while self._largest > 64 and sum(map(self._texels, images.values())) > TEXELS:
            self._largest //= 2

    def of(self, material):
        """Pixels or None, and whether they are what glows, beside a black base."""
        image, glows = _picture(material)
        if image is None:
            return None, False
        if id(image) not in self._pixels:
            # The image is kept too, so that no other can get its identity.
            self._pixels[id(image)] = image, shrunk_pixels(image, self._largest)
        return self._pixels[id(image)][1], glows

    def _texels(self, image):
        shrink = min(1.0, self._largest / max(image.size))
        return image.size[0] * image.size[1] * shrink * shrink


def _picture(material):
    """Picture of a material: its base color, or what glows where the base is missing."""
    base, glow = material.baseColorTexture, getattr(material, "emissiveTexture", None)
    if base is None and glow is not None:
        return glow, True
    return base, False
