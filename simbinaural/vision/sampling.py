"""What pixels see of textures: the colours of many footprints at once, step by step.

::

    footprints ─► taps and levels ─► a list of samples ─► texels ─► colours ─► averages
"""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit

BLEND = 4
"""Levels within this many sixteenths of the exact one are taken for it, to save samples."""

MOST_TAPS = np.int32(4)
"""Samples along the longer axis of a footprint, at most."""


class Footprints(NamedTuple):
    """What pixels cover of textures.

    Attributes
    ----------
    texture : (spots,) numpy.ndarray of int32
    u, v : (spots,) numpy.ndarray of float32
        Middle, in repeats.
    along_u, along_v : (spots,) numpy.ndarray of float32
        The longer axis, in repeats.
    short, long : (spots,) numpy.ndarray of float32
        Squares of both axes, in texels of the largest level.
    """

    texture: np.ndarray
    u: np.ndarray
    v: np.ndarray
    along_u: np.ndarray
    along_v: np.ndarray
    short: np.ndarray
    long: np.ndarray


class Samples(NamedTuple):
    """Workspace of `sample_textures`.

    Attributes
    ----------
    taps, level, blend : (spots,) numpy.ndarray of int32
        Samples along the long axis, level of the pyramid, sixteenths of the next one.
    scale : (spots,) numpy.ndarray of float32
        Side of what a sample stands for, texels of the largest level.
    place : (2, samples) numpy.ndarray of float32
        Column and row in the level, texels.
    slot : (samples,) numpy.ndarray of int32
        Number of the level in the atlas.
    corner, share : (2, samples) numpy.ndarray of int32
        Texel before the place, and sixteenths of the way to the next.
    texels : (4, samples) numpy.ndarray of int32
    color : (3, samples) numpy.ndarray of int32
        sRGB codes times 256.
    """

    taps: np.ndarray
    scale: np.ndarray
    level: np.ndarray
    blend: np.ndarray
    place: np.ndarray
    slot: np.ndarray
    corner: np.ndarray
    share: np.ndarray
    texels: np.ndarray
    color: np.ndarray


@njit(cache=True, error_model="numpy")
def make_footprints(capacity):
    """Room for up to `capacity` footprints."""
    return Footprints(
        texture=np.empty(capacity, np.int32),
        u=np.empty(capacity, np.float32),
        v=np.empty(capacity, np.float32),
        along_u=np.empty(capacity, np.float32),
        along_v=np.empty(capacity, np.float32),
        short=np.empty(capacity, np.float32),
        long=np.empty(capacity, np.float32),
    )


@njit(cache=True, error_model="numpy")
def make_samples(capacity):
    """Workspace for `sample_textures` of up to `capacity` footprints."""
    n_samples = MOST_TAPS * 2 * capacity
    return Samples(
        taps=np.empty(capacity, np.int32),
        scale=np.empty(capacity, np.float32),
        level=np.empty(capacity, np.int32),
        blend=np.empty(capacity, np.int32),
        place=np.empty((2, n_samples), np.float32),
        slot=np.empty(n_samples, np.int32),
        corner=np.empty((2, n_samples), np.int32),
        share=np.empty((2, n_samples), np.int32),
        texels=np.empty((4, n_samples), np.int32),
        color=np.empty((3, n_samples), np.int32),
    )


@njit(cache=True, error_model="numpy")
def sample_textures(atlas, linear, spots, count, samples, color):
    """Average textures over the footprints of pixels.

    Parameters
    ----------
    atlas : Atlas
    linear : (255 * 16 + 1,) numpy.ndarray
        `LINEAR`.
    spots : Footprints
    count : int
        How many of them.
    samples : Samples
    color : (count, 3) numpy.ndarray of float32
        Where linear RGB is written.

    Notes
    -----
    Anisotropic: the level fits the short axis, a few samples follow the long one, so that floors
    stay crisp at a glance and do not shimmer when the camera moves. Neighbouring texels and levels
    are mixed as codes, which differs little from linear light as these are alike.

    Each step runs over all samples before the next begins: most of them then run on vectors, which
    makes this several times faster than one pixel after the other.
    """
    taps, scale = samples.taps[:count], samples.scale[:count]
    level, blend = samples.level[:count], samples.blend[:count]
    _fit_footprints(spots.short[:count], spots.long[:count], taps, scale)
    _choose_levels(scale.view(np.int32), level, blend)
    n_samples = _list_samples(atlas, spots, count, samples)
    for axis in range(2):
        _find_texels(
            samples.place[axis, :n_samples],
            samples.corner[axis, :n_samples],
            samples.share[axis, :n_samples],
        )
    _gather(atlas, samples, n_samples)
    _mix_texels(samples.texels, samples.share, samples.color, n_samples)
    _average(linear, taps, blend, samples.color, color)


@njit(cache=True, error_model="numpy")
def _fit_footprints(short, long, taps, scale):
    """Number of samples along the long axis, and the side of what each stands for, in texels."""
    for k in range(len(short)):
        across = max(np.sqrt(short[k]), np.float32(1))
        along = np.sqrt(long[k])
        n_taps = min(max(np.int32(along / across + np.float32(0.4)), np.int32(1)), MOST_TAPS)
        taps[k] = n_taps
        scale[k] = max(across, along / np.float32(n_taps))


@njit(cache=True, error_model="numpy")
def _choose_levels(bits, level, blend):
    """Level, and sixteenths of the next one, from the bits of scales: exponent and first digits."""
    for k in range(len(bits)):
        exponent, digits = (bits[k] >> 23) - 127, (bits[k] >> 19) & 15
        up = digits > 16 - BLEND
        level[k] = exponent + 1 if up else exponent
        blend[k] = 0 if up or digits < BLEND else digits


@njit(cache=True, error_model="numpy")
def _list_samples(atlas, spots, count, samples):
    """Write down all samples, tap by tap, that of the next level behind that of a level."""
    place, slot, blend, sizes = samples.place, samples.slot, samples.blend, atlas.sizes
    n_samples = 0
    for k in range(count):
        texture = spots.texture[k]
        last = atlas.first[texture + 1] - 1
        level = atlas.first[texture] + samples.level[k]
        if level >= last:
            level, blend[k] = last, 0
        height, width = np.float32(sizes[level, 0]), np.float32(sizes[level, 1])
        n_taps = samples.taps[k]
        step = np.float32(1) / np.float32(n_taps)
        shift = np.float32(0.5) * step - np.float32(0.5)
        for _ in range(n_taps):
            x = spots.u[k] + shift * spots.along_u[k]
            y = spots.v[k] + shift * spots.along_v[k]
            shift += step
            # Textures repeat.
            x, y = x - np.floor(x), y - np.floor(y)
            place[0, n_samples], place[1, n_samples] = x * width, y * height
            slot[n_samples] = level
            n_samples += 1
            if blend[k] > 0:
                place[0, n_samples] = x * np.float32(sizes[level + 1, 1])
                place[1, n_samples] = y * np.float32(sizes[level + 1, 0])
                slot[n_samples] = level + 1
                n_samples += 1
    return n_samples


@njit(cache=True, error_model="numpy")
def _find_texels(place, corner, share):
    """Texel before each place along an axis, and sixteenths of the way to the one behind it."""
    for k in range(len(place)):
        position = place[k] - np.float32(0.5)
        before = np.floor(position)
        corner[k] = np.int32(before)
        share[k] = np.int32((position - before) * np.float32(16))


@njit(cache=True, error_model="numpy")
def _gather(atlas, samples, n_samples):
    """Fetch the four texels around each place; textures repeat."""
    data, sizes, offsets = atlas.data, atlas.sizes, atlas.offsets
    slot, (column, row) = samples.slot, samples.corner
    a, b, c, d = samples.texels
    for k in range(n_samples):
        level = np.uint64(slot[k])
        height, width = sizes[level, 0], sizes[level, 1]
        x0, y0 = column[k], row[k]
        x1, y1 = x0 + 1, y0 + 1
        x0 = x0 + width if x0 < 0 else x0
        y0 = y0 + height if y0 < 0 else y0
        x1 = 0 if x1 >= width else x1
        y1 = 0 if y1 >= height else y1
        upper, lower = offsets[level] + y0 * width, offsets[level] + y1 * width
        # numba looks whether signed indices are negative.
        a[k], b[k] = data[np.uint64(upper + x0)], data[np.uint64(upper + x1)]
        c[k], d[k] = data[np.uint64(lower + x0)], data[np.uint64(lower + x1)]


@njit(cache=True, error_model="numpy")
def _mix_texels(texels, share, color, n_samples):
    """Bilinear mixture of codes, times 256."""
    a, b, c, d = texels[0], texels[1], texels[2], texels[3]
    across, down = share[0], share[1]
    red, green, blue = color[0], color[1], color[2]
    code = np.int32(255)
    for k in range(n_samples):
        x, y = across[k], down[k]
        wd = x * y
        wb, wc = 16 * x - wd, 16 * y - wd
        wa = 256 - 16 * x - wc
        red[k] = wa * (a[k] & code) + wb * (b[k] & code) + wc * (c[k] & code) + wd * (d[k] & code)
        green[k] = (
            wa * ((a[k] >> 8) & code)
            + wb * ((b[k] >> 8) & code)
            + wc * ((c[k] >> 8) & code)
            + wd * ((d[k] >> 8) & code)
        )
        blue[k] = wa * (a[k] >> 16) + wb * (b[k] >> 16) + wc * (c[k] >> 16) + wd * (d[k] >> 16)


@njit(cache=True, error_model="numpy")
def _average(linear, taps, blend, codes, color):
    """Mix the levels of each tap, make them linear, and average the taps of each footprint."""
    sample = 0
    for k in range(len(taps)):
        red = green = blue = np.float32(0)
        far = blend[k]
        for _ in range(taps[k]):
            if far > 0:
                near, after = 16 - far, sample + 1
                red += linear[(near * codes[0, sample] + far * codes[0, after]) >> 8]
                green += linear[(near * codes[1, sample] + far * codes[1, after]) >> 8]
                blue += linear[(near * codes[2, sample] + far * codes[2, after]) >> 8]
                sample += 2
            else:
                red += linear[codes[0, sample] >> 4]
                green += linear[codes[1, sample] >> 4]
                blue += linear[codes[2, sample] >> 4]
                sample += 1
        share = np.float32(1) / np.float32(taps[k])
        color[k, 0], color[k, 1], color[k, 2] = red * share, green * share, blue * share
