"""Paint: generated textures for the built-in objects.

Everything is drawn from a fixed seed, so that a guitar looks the same on every machine. The
renderer mirrors the square of `gloss`: 0.2 is any varnish, 0.65 polished metal.
"""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simbinaural.scenes.scene import Texture
from simbinaural.sources.solids import Finish


def linear(color):
    """Turn an sRGB color such as ``#c08040`` into linear RGB (3,)."""
    encoded = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    above = ((encoded + 0.055) / 1.055) ** 2.4
    return tuple(np.where(encoded <= 0.04045, encoded / 12.92, above).tolist())


def plain(color, *, gloss=0.1):
    """Paint of one sRGB color."""
    return Finish(_blank(gloss), linear(color))


def chrome():
    """Polished metal."""
    return plain("#b9bdc2", gloss=0.65)


def brass():
    """Polished bronze, as cymbals are."""
    return plain("#b58a3c", gloss=0.4)


def painted(picture, *, gloss=0.1, emission=0.0):
    """Paint with a picture: a PIL image or an array of sRGB, (height, width, 3)."""
    return Finish(Texture(np.asarray(picture, dtype=np.uint8), gloss=gloss, emission=emission))


def wood(light, dark, *, seed, gloss=0.18, size=256, rings=14.0, vertical=True):
    """Straight-grained wood between two sRGB colors, the grain along v (or u)."""
    grain = wood_grain(size, seed=seed, rings=rings)
    picture = blend(light, dark, grain)
    return painted(picture if vertical else np.swapaxes(picture, 0, 1), gloss=gloss)


def wood_grain(size, *, seed, rings=14.0):
    """Darkness of wood (size, size), 0 to 1: annual rings, wavering, and pores; grain along v."""
    rng = np.random.default_rng(seed)
    waver = _smooth_noise(rng, size, (size / 3, size / 10))
    pores = _smooth_noise(rng, size, (size / 14, 0.7))
    phase = rings * np.arange(size) / size + 0.5 * waver
    bands = 0.5 - 0.5 * np.cos(2 * np.pi * phase)
    return np.clip(0.2 + 0.45 * bands**2 + 0.13 * pores + 0.1 * waver, 0, 1)


def blend(light, dark, share):
    """Mix two sRGB colors by `share` (...) of the dark one into (..., 3) uint8."""
    light, dark = (np.array([int(c[k : k + 2], 16) for k in (1, 3, 5)]) for c in (light, dark))
    return np.rint(light + (dark - light) * np.asarray(share)[..., None]).astype(np.uint8)


def speckled(light, dark, *, seed, size=128, grain=1.0, gloss=0.05):
    """Leather, felt, skin: soft random blotches between two sRGB colors."""
    noise = _smooth_noise(np.random.default_rng(seed), size, (grain, grain))
    return painted(blend(light, dark, np.clip(0.5 + 0.25 * noise, 0, 1)), gloss=gloss)


class Drawing:
    """A picture drawn at three times its size and then shrunk, so that edges are smooth.

    Coordinates are shares of width and height, from the upper left corner.
    """

    OVERSAMPLING = 3

    def __init__(self, width, height, background):
        """Start from an sRGB color or from an array (height, width, 3)."""
        self.size = (width, height)
        full = (width * self.OVERSAMPLING, height * self.OVERSAMPLING)
        if isinstance(background, str):
            self.image = Image.new("RGB", full, background)
        else:
            self.image = Image.fromarray(background).resize(full, Image.Resampling.BILINEAR)
        self.draw = ImageDraw.Draw(self.image)

    def box(self, x, y, width, height, fill, *, radius=0.0):
        """Fill a rectangle about (x, y) with round corners; `radius` in shares of the width."""
        corner = self._pixels(x - width / 2, y - height / 2)
        opposite = self._pixels(x + width / 2, y + height / 2)
        self.draw.rounded_rectangle([*corner, *opposite], radius * self.image.width, fill)

    def disc(self, x, y, radius, fill, *, outline=None, line=0.0):
        """Fill a circle about (x, y); lengths in shares of the width."""
        (cx, cy), r = self._pixels(x, y), radius * self.image.width
        stroke = max(1, round(line * self.image.width))
        self.draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill, outline, stroke)

    def polygon(self, points, fill):
        """Fill a polygon of points (x, y)."""
        self.draw.polygon([self._pixels(x, y) for x, y in points], fill)

    def line(self, points, fill, width):
        """Stroke a polyline; `width` in shares of the picture's width."""
        stroke = max(1, round(width * self.image.width))
        self.draw.line([self._pixels(x, y) for x, y in points], fill, stroke, joint="curve")

    def text(self, x, y, text, fill, height):
        """Write centered at (x, y); `height` in shares of the picture's height."""
        font = ImageFont.load_default(height * self.image.height)
        self.draw.text(self._pixels(x, y), text, fill, font, anchor="mm")

    def pixels(self):
        """Return the picture, (height, width, 3) uint8."""
        return np.asarray(self.image.resize(self.size, Image.Resampling.BOX))

    def _pixels(self, x, y):
        """Turn shares into pixels of the large picture."""
        return (x * self.image.width, y * self.image.height)


@lru_cache
def _blank(gloss):
    """One white texture for all plain paints of a gloss."""
    return Texture(np.full((4, 4, 3), 255, np.uint8), gloss=gloss)


def _smooth_noise(rng, size, sigma):
    """Noise (size, size) of unit variance, blurred by a Gaussian, that repeats at the edges."""
    rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)
    blur = np.exp(-2 * np.pi**2 * ((sigma[0] * rows) ** 2 + (sigma[1] * columns) ** 2))
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * blur, (size, size))
    return noise / noise.std()
