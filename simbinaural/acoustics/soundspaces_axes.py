"""Which way the ambisonic responses of SoundSpaces look: documented, and measured.

The set's documents say that it is second order, ACN and N3D, and nothing of its axes. Its binaural
set was made of it by turning it by the heading's ``angle``, which is 0 towards the mesh's +y: so
its front (ACN 3) is +y of the mesh, -z of the world, and its left (ACN 1) -x of both; public code
that turns it by the same angle agrees [1]_ [2]_. Where the points are is known, so that the direct
sound between neighbors tells whether files keep to that.

References
----------
.. [1] github.com/facebookresearch/sound-spaces, scripts/ambisonic_to_binaural.py; issues 35, 58.
.. [2] github.com/senthilps8/avmap, data/audio_utils.py.
"""

from dataclasses import dataclass

import numpy as np

from simbinaural.acoustics.soundspaces_ears import arrival_azimuth
from simbinaural.geometry import IDENTITY, directions, orientation_towards

LEAST_PAIRS = 3

AGREEMENT = 0.8
"""Length of the mean of unit vectors, at least: they agree to about 40 deg."""


@dataclass(frozen=True)
class Axes:
    """How the set's own axes lie in the world.

    Attributes
    ----------
    orientation : (4,) array_like
        Quaternion that turns body axes, in which its front is -z and its left -x, into the world.
    warning : str
        What a user should know; empty where all is as documented.
    """

    orientation: tuple = IDENTITY
    warning: str = ""


def measure_axes(responses, ways, sample_rate):
    """Find the quarter turn about the vertical that direct sound speaks for.

    Parameters
    ----------
    responses : sequence of (channels, samples) numpy.ndarray
        ACN, N3D or SN3D, of neighbors in sight of one another.
    ways : (responses, 3) array_like
        From each receiver to its source, world.
    sample_rate : float
        Hz.

    Returns
    -------
    Axes
        As documented where directions do not agree, or where there are fewer than three.
    """
    if len(responses) < LEAST_PAIRS:
        return Axes()
    seen = directions(ways)[0]
    heard = np.array([arrival_azimuth(response, sample_rate) for response in responses])
    mean = np.mean(np.exp(1j * np.radians(seen - heard)))
    if np.abs(mean) < AGREEMENT:
        return Axes(
            warning="direct sound in ambisonic_rirs does not come from where sources are; "
            "directions may be wrong"
        )
    azimuth = 90 * round(np.degrees(np.angle(mean)) / 90) % 360
    if azimuth == 0:
        return Axes()
    return Axes(
        tuple(orientation_towards(azimuth)),
        f"direct sound tells that ambisonic_rirs look to azimuth {azimuth} instead of 0; "
        "they were turned",
    )
