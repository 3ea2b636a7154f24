"""Between the colors that one writes down and the linear light that one computes with."""

import numpy as np


def to_srgb(linear):
    """Encode linear reflectance (...) of 0 to 1 for the screen (IEC 61966-2-1)."""
    linear = np.asarray(linear, dtype=float)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def to_linear(srgb):
    """Decode screen values (...) of 0 to 1 into linear reflectance."""
    srgb = np.asarray(srgb, dtype=float)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def hex_colors(text):
    """Linear RGB, a tuple of tuples, of colors written ``rrggbb rrggbb ...``."""
    return tuple(
        tuple(to_linear([int(color[k : k + 2], 16) / 255 for k in (0, 2, 4)]).tolist())
        for color in text.split()
    )
