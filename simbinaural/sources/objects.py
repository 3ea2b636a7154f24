"""What sounds, as it is seen: built-in models, or a user's folder of meshes."""

from functools import lru_cache

from simbinaural.sources.collection import Collection, collect
from simbinaural.sources.meshes import to_mesh
from simbinaural.sources.sound_object import SoundObject, stand_on_origin


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
    """List every model, once per process."""
    from simbinaural.sources import drums, guitars, phones

    makers = {"drum": drums.FINISHED, "guitar": guitars.FINISHED, "phone": phones.FINISHED}
    return Collection({name: tuple(_Model(name, m) for m in made) for name, made in makers.items()})


class _Model(SoundObject):
    """A built-in object: its shape is made when it is first looked at, as few clips need few."""

    def __init__(self, sound_class, draw):
        vars(self).update(
            sound_class=sound_class,
            name=f"{sound_class}-{draw.__name__.replace('_', '-')}",
            placement="support" if sound_class == "phone" else "floor",
            _draw=draw,
        )

    def __getattr__(self, name):
        if name not in ("mesh", "textures", "source_point"):
            raise AttributeError(name)
        vars(self).update(_build(self._draw))
        return vars(self)[name]


def _build(draw):
    """Make mesh, textures and source of a model that is drawn towards the reader."""
    solid, source = draw()
    mesh, textures = to_mesh(solid.turned("y", 180))
    mesh, shift = stand_on_origin(mesh)
    return {"mesh": mesh, "textures": textures, "source_point": source * (-1, 1, -1) + shift}
