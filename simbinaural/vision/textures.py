"""Textures at every scale: pyramids of halved pictures, packed into one array for the kernels."""

from collections import OrderedDict
from typing import NamedTuple

import cv2
import numpy as np

LARGEST = 2048
"""Pixels that a texture keeps along its longer side."""

HUGE = 4096
"""Larger textures are halved as they are."""

MOST_TEXELS = 250_000_000
"""Of all textures of a scan together, at four bytes: that many stay sharp, more are shrunk."""

CACHE_BYTES = 96 << 20
"""Memory for the pyramids of textures that several homes share."""

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
    data : (texels,) numpy.ndarray of int32
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
    data : (texels,) numpy.ndarray of int32
    first : (textures + 1,) numpy.ndarray of int32
        Where each texture's levels begin in `sizes`.
    sizes : (levels, 2) numpy.ndarray of int32
        Height, width.
    offsets : (levels,) numpy.ndarray of int32
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


def build_pyramid(pixels, largest=LARGEST):
    """Halve a picture until one pixel is left.

    Parameters
    ----------
    pixels : (height, width, 3) numpy.ndarray of uint8
        sRGB.
    largest : int, optional
        Pixels that it keeps along its longer side.

    Returns
    -------
    Pyramid

    Notes
    -----
    Averaged in linear light: codes are not intensities. But those of huge pictures are, at first:
    in linear light they would take gigabytes.
    """
    while max(pixels.shape[:2]) > HUGE:
        pixels = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    level = LINEAR[::STEPS][pixels]
    shrink = largest / max(level.shape[:2])
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
        np.concatenate([_pack_codes(level) for level in levels]),
        np.array([level.shape[:2] for level in levels], dtype=np.int32),
        level.reshape(3).astype(np.float32),
    )


def _pack_codes(codes):
    """Put the three codes of each pixel into one integer."""
    codes = codes.reshape(-1, 3).astype(np.int32)
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
    return _pack([_CACHE.pyramid(texture.pixels) for texture in textures])


def pack_scan_textures(textures):
    """Pack the many and large textures of a scan, without a second copy of any of them.

    Parameters
    ----------
    textures : sequence of Texture

    Returns
    -------
    Atlas
    """
    largest = LARGEST
    while sum(_texels(texture.pixels, largest) for texture in textures) > MOST_TEXELS:
        largest //= 2
    data = np.empty(sum(_texels(t.pixels, largest) for t in textures), np.int32)
    used, bare = 0, []
    for texture in textures:
        pyramid = build_pyramid(texture.pixels, largest)
        data[used : used + len(pyramid.data)] = pyramid.data
        used += len(pyramid.data)
        bare.append(pyramid._replace(data=pyramid.data[:0]))
    return _pack(bare)._replace(data=data[:used])


def _texels(pixels, largest):
    """Upper bound of the texels of a pyramid."""
    height, width = pixels.shape[:2]
    shrink = min(1.0, largest / max(height, width))
    return 1 + int(4 / 3 * (height * shrink + 1) * (width * shrink + 1)) + max(height, width)


def _pack(pyramids):
    """Join pyramids."""
    sizes = np.concatenate([pyramid.sizes for pyramid in pyramids])
    areas = sizes[:, 0].astype(np.int64) * sizes[:, 1]
    return Atlas(
        data=np.concatenate([pyramid.data for pyramid in pyramids]),
        first=np.cumsum([0] + [len(pyramid.sizes) for pyramid in pyramids]).astype(np.int32),
        sizes=sizes,
        offsets=(np.cumsum(areas) - areas).astype(np.int32),
        means=np.array([pyramid.mean for pyramid in pyramids], dtype=np.float32),
    )
