"""What textures grow from: tileable noise."""

from functools import lru_cache

import numpy as np

SIZE = 512
"""Texels along the edge of a texture."""


def noise(rng, slope, *, low=1.0, high=1e9, stretch=(1.0, 1.0), shape=(SIZE, SIZE)):
    """Tileable noise of unit deviation.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the phases.
    slope : float
        Amplitude falls as frequency to this power.
    low, high : float
        Cycles per tile between which it lives.
    stretch : (2,) tuple of float
        Makes it longer down the rows and along them.
    """
    amplitude = _amplitude(slope, low, high, stretch, shape)
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * amplitude, shape)
    return field / field.std()


@lru_cache(maxsize=8)
def _amplitude(slope, low, high, stretch, shape):
    """Amplitude of each frequency; paintings, and rugs, share some."""
    down = np.fft.fftfreq(shape[0], 1 / shape[0])[:, None] * stretch[0]
    along = np.fft.rfftfreq(shape[1], 1 / shape[1])[None] * stretch[1]
    frequency = np.hypot(down, along)
    inside = (frequency >= max(low, 1e-9)) & (frequency <= high)
    amplitude = np.zeros(frequency.shape)
    amplitude[inside] = frequency[inside] ** -slope
    return amplitude


def grid():
    """Rows and columns of texel centres, 0 to 1."""
    centres = (np.arange(SIZE) + 0.5) / SIZE
    return centres[:, None], centres[None]


def warp(image, down, along):
    """Shift each texel by fields of texels, around the edges."""
    rows, columns = np.indices((SIZE, SIZE))
    rows = (rows + np.round(down)).astype(int) % SIZE
    columns = (columns + np.round(along)).astype(int) % SIZE
    return image[rows, columns]
