"""Which renderer films: the embedded one, or habitat-sim where it is installed."""

from simbinaural.errors import InputError, require
from simbinaural.vision.embree import Renderer
from simbinaural.vision.habitat import HabitatRenderer, has_gpu, import_habitat

VISION = ("auto", "embree", "habitat")


def choose_vision(wanted, *, is_scan):
    """Settle which renderer films.

    Parameters
    ----------
    wanted : str
        One of `VISION`.
    is_scan : bool
        Whether the scenes are scans; built-in homes are no files that habitat-sim could read.

    Returns
    -------
    name : str
        ``embree`` or ``habitat``.
    reason : str
        A line for the user.

    Raises
    ------
    InputError
        If habitat-sim is asked for and missing, or asked for built-in homes.
    """
    require(wanted in VISION, f"vision must be one of {', '.join(VISION)}, got {wanted}")
    if wanted == "habitat":
        require(
            is_scan,
            "vision must be embree for built-in homes, which are no files, got habitat; "
            "pass --vision embree",
        )
        import_habitat()
        return "habitat", "pictures by habitat: as asked for"
    if wanted == "embree":
        return "embree", "pictures by embree: as asked for"
    return _find_best(is_scan)


def _find_best(is_scan):
    """What ``auto`` stands for."""
    if not is_scan:
        return "embree", "pictures by embree: it draws built-in homes"
    if not has_gpu():
        return "embree", "pictures by embree: there is no GPU for habitat-sim"
    try:
        import_habitat()
    except InputError:
        return "embree", "pictures by embree: habitat-sim is not installed"
    return "habitat", "pictures by habitat: it is installed, and there is a GPU"


def open_renderer(name, scene, objects=(), room=None):
    """Make a renderer of a scene with objects in it.

    Parameters
    ----------
    name : str
        As `choose_vision` gives.
    scene : Scene
    objects : sequence of PlacedObject, optional
    room : int, optional
        The room that is filmed, in built-in homes.

    Returns
    -------
    Renderer or HabitatRenderer
    """
    require(name in VISION[1:], f"vision must be embree or habitat, got {name}")
    if name == "habitat":
        return HabitatRenderer(scene, objects)
    return Renderer(scene, objects, room=room)
