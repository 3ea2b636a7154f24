"""Lines of sight through a home."""

import numpy as np

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
    caster = load_home(scene).caster

    def sees(origins, targets):
        origins, targets = np.broadcast_arrays(
            np.asarray(origins, dtype=float), np.asarray(targets, dtype=float)
        )
        starts = np.ascontiguousarray(origins.reshape(-1, 3), dtype=np.float32)
        ways = np.ascontiguousarray((targets - origins).reshape(-1, 3), dtype=np.float32)
        return ~caster.blocked(starts, ways, 1 - 1e-5).reshape(origins.shape[:-1])

    return sees
