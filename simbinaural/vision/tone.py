"""From light to film: one exposure for a room, and a curve that keeps highlights."""

import numpy as np

from simbinaural.kernels import njit

MIDDLE_GREY = 0.12
"""Radiance on the film that a room's mean becomes; about 1 is white."""

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
    """Response of the film, 0 to 1, to exposed radiance: soft in the shadows and the highlights.

    Notes
    -----
    Narkowicz's fit of the film curve of the Academy Color Encoding System, 2015.
    """
    a, b, c, d, e = (
        np.float32(2.51),
        np.float32(0.03),
        np.float32(2.43),
        np.float32(0.59),
        np.float32(0.14),
    )
    value = min(value, np.float32(100))
    return min(value * (a * value + b) / (value * (c * value + d) + e), np.float32(1))


def srgb_table():
    """Codes (CODES,) of film responses from 0 to 1, evenly spaced."""
    linear = (np.arange(CODES) + 0.5) / CODES
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (encoded * 255 + 0.5).astype(np.uint8)
