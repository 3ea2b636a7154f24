"""Lines of sight through a home."""

from simbinaural.vision.home import load_home
from simbinaural.vision.scan import load_scan


def sight(scene):
    """Prepare the question whether a point of a home can be seen from another.

    Parameters
    ----------
    scene : Scene
        The home or the scan, without objects set into it.

    Returns
    -------
    callable
        Takes origins and targets (..., 3) that broadcast together, world, metres; returns (...)
        bool: whether nothing stands between them.
    """
    load = load_scan if scene.is_scan else load_home
    return load(scene).caster.sees
