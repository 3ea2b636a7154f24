"""From light to film: one exposure for a room, and a curve that keeps highlights."""

import numpy as np
from numba import njit

MIDDLE_GREY = 0.20
"""Radiance on the film, relative to white, that a room's mean becomes."""

BRIGHTEST = np.float32(12.0)
"""Radiance on the film, in units of white, that is shown as white."""

CODES = 4096
"""Steps of the table from film to sRGB."""


def luminance(rgb):
    """Luminance of linear sRGB colours (..., 3), Rec. 709."""
    return np.asarray(rgb) @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def auto_exposure(values):
    """Exposure for surfaces of some luminances: the geometric mean becomes middle grey.

    Parameters
    ----------
    values : (points,) numpy.ndarray

    Returns
    -------
    float
        Factor; 1 where there is no light at all.
    """
    values = values[values > 0]
    if len(values) == 0:
        return 1.0
    return float(MIDDLE_GREY / np.exp(np.mean(np.log(values.astype(float)))))


@njit(cache=True, error_model="numpy", forceinline=True)
def film(value):
    """Response of the film to exposed radiance: linear in the shadows, white at `BRIGHTEST`.

    Notes
    -----
    Reinhard et al., Photographic tone reproduction for digital images, 2002, equation 4.
    """
    one = np.float32(1)
    value = min(value, BRIGHTEST)
    return value * (one + value / (BRIGHTEST * BRIGHTEST)) / (one + value)


def srgb_table():
    """Codes (CODES,) of film responses from 0 to 1, evenly spaced."""
    linear = (np.arange(CODES) + 0.5) / CODES
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (encoded * 255 + 0.5).astype(np.uint8)
