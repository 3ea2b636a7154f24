"""Lines of sight through a home."""

from simbinaural.vision.home import load_home


def sight(scene):
    """Prepare the question whether a point of a home can be seen from another.

    Parameters
    ----------
    scene : Scene
        The home, without objects set into it.

    Returns
    -------
    callable
        Takes origins and targets (..., 3) that broadcast together, world, metres; returns (...)
        bool: whether nothing stands between them.
    """
    return load_home(scene).caster.sees
