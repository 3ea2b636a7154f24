"""What is seen through windows: a sky, and hills with woods before it."""

import numpy as np

from simbinaural.kernels import njit

HAZE = 0.55
"""Share of the far ridge that is lost in the horizon's light."""


@njit(cache=True, error_model="numpy", forceinline=True)
def sky_radiance(sky, sine):
    """Radiance of the plain sky or ground.

    Parameters
    ----------
    sky : (3, 3) numpy.ndarray
        Radiance of zenith, horizon and ground.
    sine : float
        Of the elevation.

    Returns
    -------
    tuple of 3 floats
    """
    other = 0 if sine >= 0 else 2
    fade = np.sqrt(sine) if sine >= 0 else min(1.0, -8 * sine)
    return (
        np.float32(sky[1, 0] + fade * (sky[other, 0] - sky[1, 0])),
        np.float32(sky[1, 1] + fade * (sky[other, 1] - sky[1, 1])),
        np.float32(sky[1, 2] + fade * (sky[other, 2] - sky[1, 2])),
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def view_outdoors(sky, way, angle):
    """Radiance that the camera sees in a direction: sky, a far ridge, near woods, a lawn.

    Parameters
    ----------
    sky : (3, 3) numpy.ndarray
        Radiance of zenith, horizon and ground.
    way : (3,) tuple of float
        Unit vector, world.
    angle : float
        That the pixel spans: edges are as soft as that.

    Returns
    -------
    tuple of 3 floats
    """
    azimuth = np.arctan2(way[0], way[2])
    far = 0.045 + 0.022 * np.sin(2 * azimuth + 1) + 0.012 * np.sin(5 * azimuth + 4)
    crowns = 0.004 * np.sin(61 * azimuth) + 0.003 * np.sin(97 * azimuth + 2)
    near = 0.012 + 0.012 * np.sin(3 * azimuth + 2.5) + crowns
    foot = -0.02 + 0.006 * np.sin(4 * azimuth)
    above_far = _step(way[1] - far, angle)
    above_near = _step(way[1] - near, angle)
    above_foot = _step(way[1] - foot, angle)
    heaven = sky_radiance(sky, max(way[1], 0.0))
    lawn = min(1.0, 0.6 - way[1])
    return (
        _layer(heaven[0], sky[1, 0], sky[2, 0], (above_far, above_near, above_foot), lawn * 0.9),
        _layer(heaven[1], sky[1, 1], sky[2, 1], (above_far, above_near, above_foot), lawn),
        _layer(heaven[2], sky[1, 2], sky[2, 2], (above_far, above_near, above_foot), lawn * 0.7),
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def _step(height, width):
    return min(max(height / width + 0.5, 0.0), 1.0)


@njit(cache=True, error_model="numpy", forceinline=True)
def _layer(heaven, horizon, ground, above, lawn):
    """Paint from back to front: ridge over sky, woods over ridge, lawn over woods."""
    ridge = HAZE * horizon + (1 - HAZE) * 0.5 * ground
    woods = 0.12 * horizon + 0.4 * ground
    value = above[0] * heaven + (1 - above[0]) * ridge
    value = above[1] * value + (1 - above[1]) * woods
    return np.float32(above[2] * value + (1 - above[2]) * lawn * ground)
