"""Which renderer films (a first version, to be completed)."""

from simbinaural.errors import InputError


def choose_vision(wanted, *, is_scan):  # noqa: ARG001
    """Settle which renderer films: name and reason."""
    if wanted == "habitat":
        raise InputError("vision habitat needs habitat-sim; pass --vision embree")
    return "embree", "pictures by embree"


def open_renderer(name, scene, objects, *, room=None):  # noqa: ARG001
    """Return a renderer."""
    from simbinaural.vision.embree import Renderer

    return Renderer(scene, objects, room=room)
