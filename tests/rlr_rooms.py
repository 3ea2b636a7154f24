"""What the tests of the engine `rlr` share: a room, a head, and whether the engine is there."""

import shutil
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scanned_rooms import box_mesh, scan_of
from shoebox import material

from simbinaural.acoustics.rlr import RlrEngine
from simbinaural.acoustics.rlr_process import is_installed
from simbinaural.hrtf import load_hrtf
from simbinaural.sphere import spread_directions

RATE = 16000
SIZE = (5.0, 2.8, 4.2)
SOURCE = np.array([1.1, 1.3, 0.9])
FEW = RlrEngine(rays=300)

compiler = "" if shutil.which("c++") or shutil.which("g++") else "; no C++ compiler to build it"
real = pytest.mark.skipif(
    not is_installed(), reason=f"rlr-audio-propagation is not installed{compiler}"
)


@cache
def coarse_head():
    """KEMAR in few directions, which the engine prepares in a third of the time."""
    whole, directions = load_hrtf(), spread_directions(15)
    hrirs, delays = whole.interpolate(directions)
    return replace(
        whole,
        directions=directions,
        hrirs=hrirs.astype(np.float32),
        delays_s=delays,
        n_measured=len(directions),
    )


def box(absorption=0.2, scattering=0.5, **kwargs):
    return scan_of(box_mesh(SIZE), materials=[material(absorption, scattering)], **kwargs)
