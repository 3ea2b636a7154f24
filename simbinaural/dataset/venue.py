"""Where a clip is filmed: a scene, made ready for the engine that will be heard in it."""

from dataclasses import dataclass, replace
from functools import cache, lru_cache

from simbinaural.acoustics.engines import choose_engine, open_engine
from simbinaural.scenes.scans import scan_warnings


@dataclass(frozen=True, eq=False)
class Venue:
    """A scene and its acoustics.

    Attributes
    ----------
    scene : Scene
        With the ground that the engine allows.
    acoustics : str
        Name of the engine.
    engine : object
        As `simbinaural.acoustics.engines.open_engine` gives it.
    warnings : tuple of str
        What a user should know of the scene, a line each.
    """

    scene: object
    acoustics: str
    engine: object
    warnings: tuple = ()

    def ears(self, hrtf):
        """Name of the head that hears: precomputed responses may have one of their own."""
        return getattr(self.engine, "ears", None) or hrtf.name


@lru_cache(maxsize=2)
def open_venue(scenes, number, acoustics):
    """Load a scene, or take one of the last two: clips in a row are set in the same.

    Parameters
    ----------
    scenes : SceneSet
        The homes.
    number : int
        Which of them.
    acoustics : str
        Engine, or ``auto``.

    Returns
    -------
    Venue

    Raises
    ------
    InputError
        If the scene cannot be read, nobody can stand in it, or the engine cannot work there.
    """
    scene = scenes.load(number)
    rirs = _find_rirs(scene) if acoustics in ("auto", "soundspaces") else None
    name = choose_engine(acoustics, scene, has_rirs=rirs is not None)
    warnings = scan_warnings(scenes, number)
    if name == "soundspaces":
        return Venue(_on_grid(scene), name, rirs, warnings)
    return Venue(scene, name, _engine(name), warnings)


@cache
def _engine(name):
    """One of each in a process: some keep a process of their own."""
    return open_engine(name)


def _find_rirs(scene):
    """Precomputed responses of a scene, None without."""
    if scene.scan is None or scene.scan.root is None:
        return None
    from simbinaural.acoustics.soundspaces import find_rirs

    return find_rirs(scene.scan)


def _on_grid(scene):
    """The scene with SoundSpaces' points as its ground."""
    from simbinaural.casting import RayCaster
    from simbinaural.scenes.soundspaces import soundspaces_ground

    caster = RayCaster(scene.mesh.vertices, scene.mesh.faces)
    return replace(scene, ground=soundspaces_ground(scene.scan, caster))
