"""What sounds, as it is seen: built-in models, or a user's folder of meshes."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from simbinaural.scenes.scene import Mesh
from simbinaural.sources.collection import Collection, collect
from simbinaural.sources.meshes import to_mesh

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


def load_objects(folder=None):
    """Gather objects by class.

    Parameters
    ----------
    folder : str or Path, optional
        The user's own: a folder for each class with ``.glb``, ``.gltf``, ``.obj``, ``.ply``,
        ``.off`` or ``.stl`` files, in metres, y up, their front towards +z as glTF has it. By
        default the built-in guitars, drums and phones.

    Returns
    -------
    Collection
        `SoundObject` by class, and a line for each file that was left out or scaled.

    Raises
    ------
    InputError
        If the folder is missing or empty, or a class in it has no usable file.
    """
    if folder is None:
        return _built_in()
    # trimesh takes half a second to load, and only a user's own objects need it.
    from simbinaural.sources.object_files import SUFFIXES, read_object

    return collect(folder, SUFFIXES, read_object)


@lru_cache(maxsize=1)
def _built_in():
    """Build every model once per process."""
    from simbinaural.sources import drums, guitars, phones

    makers = {"drum": drums.FINISHED, "guitar": guitars.FINISHED, "phone": phones.FINISHED}
    return Collection({name: tuple(_build(name, m) for m in made) for name, made in makers.items()})


def _build(sound_class, draw):
    """Make an object of a model that is drawn towards the reader."""
    solid, source = draw()
    mesh, textures = to_mesh(solid.turned("y", 180))
    mesh, shift = stand_on_origin(mesh)
    return SoundObject(
        sound_class=sound_class,
        name=f"{sound_class}-{draw.__name__.replace('_', '-')}",
        mesh=mesh,
        textures=textures,
        source_point=source * (-1, 1, -1) + shift,
        placement="support" if sound_class == "phone" else "floor",
    )


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
