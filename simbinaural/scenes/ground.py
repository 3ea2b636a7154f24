"""Where a camera can stand in a scan."""

import numpy as np

from simbinaural.scenes.clearance import clearances
from simbinaural.scenes.scene import Ground

__all__ = ["clearances", "ground_of"]


def ground_of(scan, mesh):  # noqa: ARG001
    """Find where one can stand in a scan."""
    return Ground(np.zeros((0, 3)), np.zeros(0), np.zeros(0, int), 0.1)
