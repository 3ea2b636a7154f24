"""What sounds, as it is seen: a mesh with textures, and the point that its sound comes from."""

from dataclasses import dataclass, replace

import numpy as np

from simbinaural.scenes.scene import Mesh

PLACEMENTS = ("floor", "support")


@dataclass(frozen=True)
class SoundObject:
    """A thing that sounds.

    Attributes
    ----------
    sound_class : str
        What it is, such as ``guitar``.
    name : str
        Which one, such as ``guitar-classical``.
    mesh : Mesh
        Local coordinates in metres: the origin in the middle of its footprint, y up, its front
        towards -z. Texture indices count its own `textures`.
    textures : tuple of Texture
    source_point : (3,) numpy.ndarray
        Where it sounds: local, inside the solid.
    placement : str
        Where it belongs: ``floor``, or ``support`` for a table and the like.
    """

    sound_class: str
    name: str
    mesh: Mesh
    textures: tuple
    source_point: np.ndarray
    placement: str


def stand_on_origin(mesh):
    """Shift a mesh so that the origin is the middle of its footprint.

    Returns
    -------
    mesh : Mesh
    shift : (3,) numpy.ndarray
        What was added to each vertex.
    """
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    shift = -np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2], dtype=float)
    return replace(mesh, vertices=(mesh.vertices + shift).astype(np.float32)), shift
