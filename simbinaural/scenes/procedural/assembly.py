"""Putting a home's parts together: surfaces and their finishes become one mesh."""

from dataclasses import dataclass, replace

import numpy as np

from simbinaural.scenes.materials import load_material
from simbinaural.scenes.procedural.textures import load_texture, mean_color, repeat_m
from simbinaural.scenes.scene import Mesh


@dataclass(frozen=True)
class Finish:
    """What a surface is made of, to the eye and to the ear.

    Attributes
    ----------
    texture : str
        A name of `simbinaural.scenes.procedural.textures`.
    color : (3,) tuple of float or (faces, 3) numpy.ndarray
        Mean reflectance, linear RGB, of all or of each face; None keeps the texture's own colors.
    material : str
        A name of `simbinaural.scenes.materials`.
    """

    texture: str
    color: tuple | np.ndarray | None
    material: str

    def colored(self, color):
        """Give another color, (3,) or (faces, 3)."""
        return replace(self, color=color)


class Registry:
    """Names in the order of their first use, and their indices."""

    def __init__(self):
        self._indices = {}

    def __getitem__(self, name):
        return self._indices.setdefault(name, len(self._indices))

    def __iter__(self):
        return iter(self._indices)


class Assembly:
    """The growing home.

    Attributes
    ----------
    materials : Registry
        Of acoustic materials; shared by the mesh and the rooms.
    """

    def __init__(self):
        self.materials = Registry()
        self._textures = Registry()
        self._parts = []

    def add(self, surface, finish, room):
        """Add a surface to a room (an index; -1: outside)."""
        self._parts.append((surface, finish, room))

    def build(self):
        """Make the mesh, and the tuples of textures and materials that it indexes."""
        sizes = [len(surface.faces) for surface, _, _ in self._parts]
        starts = np.cumsum([0] + [len(surface.vertices) for surface, _, _ in self._parts])
        per_face = np.array(
            [
                (self._textures[finish.texture], self.materials[finish.material], room)
                for _, finish, room in self._parts
            ]
        )
        texture, material, room = np.repeat(per_face, sizes, axis=0).astype(np.int32).T
        surfaces = [surface for surface, _, _ in self._parts]
        mesh = Mesh(
            vertices=_stack(surface.vertices for surface in surfaces),
            faces=_stack(
                (each.faces + start for each, start in zip(surfaces, starts, strict=False)),
                np.int32,
            ),
            uv=_stack(surface.uv / repeat_m(finish.texture) for surface, finish, _ in self._parts),
            texture=np.ascontiguousarray(texture),
            material=np.ascontiguousarray(material),
            room=np.ascontiguousarray(room),
            tint=_stack(
                np.broadcast_to(_tint(finish), (size, 3))
                for size, (_, finish, _) in zip(sizes, self._parts, strict=True)
            ),
            normals=_stack(surface.normals[surface.faces] for surface in surfaces),
        )
        textures = tuple(load_texture(name) for name in self._textures)
        return mesh, textures, tuple(load_material(name) for name in self.materials)


def _stack(arrays, dtype=np.float32):
    """Concatenate arrays in the type of the mesh."""
    return np.concatenate(list(arrays)).astype(dtype)


def _tint(finish):
    """Tint that brings the texture's mean to the color of the finish."""
    if finish.color is None:
        return np.ones(3)
    return np.asarray(finish.color) / mean_color(finish.texture)
