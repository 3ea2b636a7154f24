"""Textures at every scale: pyramids of halved pictures, packed into one array for the kernels."""

from collections import OrderedDict
from typing import NamedTuple

import cv2
import numpy as np

from simbinaural.kernels import njit

LARGEST = 2048
"""Pixels that a texture keeps along its longer side."""

CACHE_BYTES = 96 << 20
"""Memory for the pyramids of textures that several homes share."""

BLEND = 4
"""Levels within this many sixteenths of the exact one are taken for it, to save samples."""

STEPS = 16
"""Entries of the table `LINEAR` for each sRGB code."""

_CODES = np.arange(255 * STEPS + 1) / (255 * STEPS)
LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
"""Linear value of sRGB codes in steps of a 16th (IEC 61966-2-1)."""


class Pyramid(NamedTuple):
    """A texture and its halvings.

    Attributes
    ----------
    data : (texels,) numpy.ndarray of uint32
        All levels, one after the other; sRGB codes, red in the lowest byte.
    sizes : (levels, 2) numpy.ndarray of int32
        Height, width.
    mean : (3,) numpy.ndarray of float32
        Linear colour.
    """

    data: np.ndarray
    sizes: np.ndarray
    mean: np.ndarray


class Atlas(NamedTuple):
    """Pyramids of several textures, for kernels.

    Attributes
    ----------
    data : (texels,) numpy.ndarray of uint32
    first : (textures + 1,) numpy.ndarray of int32
        Where each texture's levels begin in `sizes`.
    sizes : (levels, 2) numpy.ndarray of int32
        Height, width.
    offsets : (levels,) numpy.ndarray of int64
        Where each level begins in `data`.
    means : (textures, 3) numpy.ndarray of float32
    """

    data: np.ndarray
    first: np.ndarray
    sizes: np.ndarray
    offsets: np.ndarray
    means: np.ndarray


def encode_srgb(linear):
    """Turn linear values in [0, 1] into 8-bit sRGB codes."""
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (encoded * 255 + 0.5).astype(np.uint8)


def build_pyramid(pixels):
    """Halve a picture until one pixel is left.

    Parameters
    ----------
    pixels : (height, width, 3) numpy.ndarray of uint8
        sRGB.

    Returns
    -------
    Pyramid

    Notes
    -----
    Averaged in linear light: codes are not intensities.
    """
    level = LINEAR[pixels.astype(np.int32) * STEPS]
    shrink = LARGEST / max(level.shape[:2])
    levels = [np.ascontiguousarray(pixels)]
    if shrink < 1:
        size = (max(1, int(level.shape[1] * shrink)), max(1, int(level.shape[0] * shrink)))
        level = cv2.resize(level, size, interpolation=cv2.INTER_AREA)
        levels = [encode_srgb(level)]
    while max(level.shape[:2]) > 1:
        size = (max(1, level.shape[1] // 2), max(1, level.shape[0] // 2))
        level = cv2.resize(level, size, interpolation=cv2.INTER_AREA)
        levels.append(encode_srgb(level))
    return Pyramid(
        np.concatenate([_pack(level) for level in levels]),
        np.array([level.shape[:2] for level in levels], dtype=np.int32),
        level.reshape(3).astype(np.float32),
    )


def _pack(codes):
    """Put the three codes of each pixel into one integer."""
    codes = codes.reshape(-1, 3).astype(np.uint32)
    return codes[:, 0] | codes[:, 1] << 8 | codes[:, 2] << 16


class PyramidCache:
    """Pyramids of the textures that were used last.

    Parameters
    ----------
    capacity : int
        Bytes.
    """

    def __init__(self, capacity=CACHE_BYTES):
        self._capacity = capacity
        self._held = OrderedDict()
        self._bytes = 0

    def pyramid(self, pixels):
        """Return the pyramid of a picture, built once while it stays in use."""
        key = id(pixels)
        if key not in self._held:
            # The picture is kept too, so that no other can get its identity.
            self._held[key] = (pixels, build_pyramid(pixels))
            self._bytes += self._held[key][1].data.nbytes
        self._held.move_to_end(key)
        found = self._held[key][1]
        while self._bytes > self._capacity and len(self._held) > 1:
            _, (_, dropped) = self._held.popitem(last=False)
            self._bytes -= dropped.data.nbytes
        return found


_CACHE = PyramidCache()


def pack_textures(textures):
    """Pack textures for the kernels.

    Parameters
    ----------
    textures : sequence of Texture

    Returns
    -------
    Atlas
    """
    pyramids = [_CACHE.pyramid(texture.pixels) for texture in textures]
    sizes = np.concatenate([pyramid.sizes for pyramid in pyramids])
    areas = sizes[:, 0].astype(np.int64) * sizes[:, 1]
    return Atlas(
        data=np.concatenate([pyramid.data for pyramid in pyramids]),
        first=np.cumsum([0] + [len(pyramid.sizes) for pyramid in pyramids]).astype(np.int32),
        sizes=sizes,
        offsets=np.cumsum(areas) - areas,
        means=np.array([pyramid.mean for pyramid in pyramids], dtype=np.float32),
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def _spread(texel):
    """Move the colours of a packed texel apart, 21 bits each, so that sums do not run over."""
    texel = np.int64(texel)
    return (texel & 0xFF) | ((texel & 0xFF00) << 13) | ((texel & 0xFF0000) << 26)


@njit(cache=True, error_model="numpy", forceinline=True)
def _sample_level(atlas, level, u, v):
    """Bilinear sample of one level at (u, v) in repeats: spread colours, times 256."""
    height, width = atlas.sizes[level, 0], atlas.sizes[level, 1]
    x = (u - np.floor(u)) * width - 0.5
    y = (v - np.floor(v)) * height - 0.5
    left, top = np.int64(np.floor(x)), np.int64(np.floor(y))
    fx, fy = np.int64((x - left) * 16), np.int64((y - top) * 16)
    x0 = left + width if left < 0 else left
    y0 = top + height if top < 0 else top
    x1 = 0 if x0 + 1 >= width else x0 + 1
    y1 = 0 if y0 + 1 >= height else y0 + 1
    upper, lower = atlas.offsets[level] + y0 * width, atlas.offsets[level] + y1 * width
    data = atlas.data
    above = (16 - fx) * _spread(data[upper + x0]) + fx * _spread(data[upper + x1])
    below = (16 - fx) * _spread(data[lower + x0]) + fx * _spread(data[lower + x1])
    return (16 - fy) * above + fy * below


@njit(cache=True, error_model="numpy", forceinline=True)
def sample_texture(atlas, linear, texture, point, across, along):
    """Average a texture over a pixel's footprint.

    Parameters
    ----------
    atlas : Atlas
    linear : (255 * 16 + 1,) numpy.ndarray
        `LINEAR`.
    texture : int
    point, across, along : (2,) tuples of float
        Middle and the two axes of the footprint, in repeats; `along` is the longer one.

    Returns
    -------
    tuple of 3 floats
        Linear RGB.

    Notes
    -----
    Anisotropic: the level fits the short axis, a few samples follow the long one, so that floors
    stay crisp at a glance and do not shimmer when the camera moves. Neighbouring texels and levels
    are mixed as codes, which differs little from linear light as these are alike; all three colours
    at once, in one 64-bit integer.
    """
    first = atlas.first[texture]
    levels = atlas.first[texture + 1] - first
    level, blend, taps = _choose_level(atlas.sizes, first, levels, across, along)
    red = green = blue = np.float32(0)
    for tap in range(taps):
        shift = (tap + 0.5) / taps - 0.5
        u, v = point[0] + shift * along[0], point[1] + shift * along[1]
        colors = (16 - blend) * _sample_level(atlas, first + level, u, v)
        if blend > 0:
            colors += blend * _sample_level(atlas, first + level + 1, u, v)
        red += linear[(colors & 0x1FFFFF) >> 8]
        green += linear[((colors >> 21) & 0x1FFFFF) >> 8]
        blue += linear[colors >> 50]
    share = np.float32(1) / np.float32(taps)
    return red * share, green * share, blue * share


@njit(cache=True, error_model="numpy", forceinline=True)
def _choose_level(sizes, first, levels, across, along):
    """Level, sixteenths of the next one, and number of samples for a footprint."""
    height, width = sizes[first, 0], sizes[first, 1]
    short = np.sqrt((across[0] * width) ** 2 + (across[1] * height) ** 2)
    long = np.sqrt((along[0] * width) ** 2 + (along[1] * height) ** 2)
    taps = min(4, max(1, int(long / max(short, 1.0) + 0.4)))
    scale = max(short, long / taps, 1.0)
    level = 0
    while scale >= 2 and level < levels - 1:
        scale *= 0.5
        level += 1
    if level == levels - 1:
        return level, 0, taps
    blend = int((scale - 1) * 16)
    if blend < BLEND:
        return level, 0, taps
    if blend > 16 - BLEND:
        return level + 1, 0, taps
    return level, blend, taps
