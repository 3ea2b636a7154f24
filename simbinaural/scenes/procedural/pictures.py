"""Images that are shown once: paintings, rugs, and what a switched-off screen shows.

All are linear RGB, (height, width, 3), 0 to 1.
"""

import numpy as np

from simbinaural.scenes.color import hex_colors
from simbinaural.scenes.procedural.noise import noise

PAINTING_SHAPE = 384, 512
RUG_SHAPE = 384, 576


def _coordinates(shape):
    """Rows and columns, 0 to 1 along the longer side."""
    rows, columns = np.indices(shape)
    return (rows + 0.5) / max(shape), (columns + 0.5) / max(shape)


# Palettes of paintings, each from dark to light.
PALETTES = tuple(
    np.array(hex_colors(each))
    for each in (
        "1d2b38 2f5061 4c7f86 c96f4a e2a45f efd9b4",
        "2b1f26 6b2f3a a84b45 d98a5b e8c07d f1e6d0",
        "16302b 2f5d50 6b8f71 aab886 dcd6a8 f3efe0",
        "22223b 4a4e69 7d7f9a b8a9a9 dccfc4 f2e9e4",
        "20262e 3d5a80 6f9bb8 98c1d9 e0c9a6 ee9b6b",
        "2d2a26 5c4b3a 8f7254 b99b74 d9c6a3 efe7d6",
        "1b1b1e 373f51 8a3033 c2582f d8a23a ece3d0",
    )
)


def _palette(rng):
    """Draw one palette (6, 3)."""
    return PALETTES[int(rng.integers(len(PALETTES)))]


def _framed(image, border, color):
    """Lay a passe-partout around a picture."""
    image = image.copy()
    image[:border], image[-border:] = color, color
    image[:, :border], image[:, -border:] = color, color
    return image


def _landscape(rng):
    """Sky, sun and hills, one behind the other."""
    y, x = _coordinates(PAINTING_SHAPE)
    colors = _palette(rng)
    image = 0.6 * colors[4] + (colors[5] - 0.6 * colors[4]) * np.clip(2.4 * y, 0, 1)[..., None]
    sun = np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.12, 0.3)) < rng.uniform(0.04, 0.08)
    image[sun] = (0.95, 0.72, 0.45)
    for layer, color in enumerate(colors[3::-1]):
        ridge = 0.3 + 0.1 * layer + 0.012 * (4 - layer) * _ridge(rng)
        image = np.where((y > ridge)[..., None], color, image)
    stroke = noise(rng, 0.6, low=10, stretch=(1, 4), shape=PAINTING_SHAPE)
    return _framed(np.clip(image * (1 + 0.06 * stroke[..., None]), 0, 1), 26, (0.85, 0.83, 0.78))


def _ridge(rng):
    """One line of hills (columns,), of unit deviation."""
    return noise(rng, 1.6, high=20, shape=(2, PAINTING_SHAPE[1]))[0]


def _abstract(rng):
    """Overlapping discs and blocks on a ground."""
    y, x = _coordinates(PAINTING_SHAPE)
    colors = _palette(rng)
    image = np.ones((*PAINTING_SHAPE, 3)) * colors[5]
    for color in colors[np.r_[rng.permutation(5), rng.integers(5, size=3)]]:
        center_x, center_y, size = (
            rng.uniform(0.1, 0.9),
            rng.uniform(0.1, 0.65),
            rng.uniform(0.06, 0.2),
        )
        if rng.random() < 0.5:
            inside = np.hypot(x - center_x, y - center_y) < size
        else:
            inside = (np.abs(x - center_x) < size) & (
                np.abs(y - center_y) < size * rng.uniform(0.2, 1)
            )
        image[inside] = 0.15 * image[inside] + 0.85 * color
    canvas = noise(rng, 0.2, low=60, shape=PAINTING_SHAPE)
    return np.clip(image * (1 + 0.03 * canvas[..., None]), 0, 1)


def _color_field(rng):
    """Soft fields of color, one above the other."""
    y, x = _coordinates(PAINTING_SHAPE)
    colors = rng.permutation(_palette(rng))[:4]
    image = np.ones((*PAINTING_SHAPE, 3)) * colors[0]
    edge = 0.01 * noise(rng, 0.9, low=3, shape=PAINTING_SHAPE)
    top = 0.05
    for color in colors[1:]:
        height = rng.uniform(0.14, 0.26)
        inside = np.minimum(np.minimum(y - top, top + height - y), np.minimum(x - 0.06, 0.94 - x))
        cover = np.clip((inside + edge) / 0.02, 0, 1)[..., None]
        image = image * (1 - cover) + color * cover
        top += height + 0.03
    return np.clip(image * (1 + 0.05 * noise(rng, 0.9, shape=PAINTING_SHAPE))[..., None], 0, 1)


def _print(rng):
    """Line drawing of nested leaves or rings on paper."""
    y, x = _coordinates(PAINTING_SHAPE)
    angle = np.arctan2(y - 0.375, x - 0.5)
    radius = np.hypot(x - 0.5, y - 0.375)
    petals, twist = int(rng.integers(3, 9)), rng.uniform(-12, 12)
    rings = radius * rng.uniform(9, 16) - 0.8 * np.cos(petals * angle + twist * radius)
    line = (np.abs(rings % 1 - 0.5) < 0.09) & (radius < 0.3)
    ink = _palette(rng)[int(rng.integers(2))]
    image = np.where(line[..., None], ink, (0.86, 0.84, 0.79))
    return image * (1 + 0.02 * noise(rng, 0.3, low=30, shape=PAINTING_SHAPE))[..., None]


paintings = (_landscape, _abstract, _color_field, _print)
"""What hangs on walls."""


def screen(_rng):
    """Black glass."""
    return np.full((8, 8, 3), 0.012)


# --------------------------------------------------------------------------- rugs


def _pile(rng, image):
    """Give a drawing the look of knots."""
    knots = noise(rng, 0.1, low=50, shape=RUG_SHAPE) * 0.08
    return np.clip(
        image * (1 + knots + 0.05 * noise(rng, 1.0, shape=RUG_SHAPE))[..., None], 0.01, 1
    )


def _inset(shape):
    """Distance of each texel from the nearest edge, in units of the longer side."""
    y, x = _coordinates(shape)
    return np.minimum(np.minimum(y, shape[0] / max(shape) - y), np.minimum(x, 1 - x))


def _oriental(rng):
    """Borders around a field of diamonds with a medallion."""
    y, x = _coordinates(RUG_SHAPE)
    inset, colors = _inset(RUG_SHAPE), _rug_colors(rng)
    u, v = np.abs(x - 0.5), np.abs(y - 1 / 3)
    cells = np.abs((24 * x) % 1 - 0.5) + np.abs((24 * y) % 1 - 0.5)
    image = np.where((cells < 0.22)[..., None], colors[1], colors[0])
    for size, color in ((0.24, 2), (0.2, 0), (0.12, 1), (0.05, 2)):
        image = np.where((u + 1.3 * v < size)[..., None], colors[color], image)
    zigzag = np.abs((30 * (x + y)) % 1 - 0.5) < 0.25
    border = np.where(zigzag[..., None], colors[3], colors[2])
    image = np.where((inset < 0.085)[..., None], border, image)
    for near, far, color in ((0, 0.012, 3), (0.022, 0.028, 1), (0.072, 0.085, 3)):
        image = np.where(((inset >= near) & (inset < far))[..., None], colors[color], image)
    return _pile(rng, image)


def _rug_colors(rng):
    """Four colors of wool: ground, ornament, border, outline."""
    grounds = [(0.30, 0.06, 0.05), (0.06, 0.09, 0.2), (0.45, 0.36, 0.24), (0.07, 0.14, 0.12)]
    ornaments = [(0.6, 0.48, 0.3), (0.5, 0.28, 0.14), (0.62, 0.56, 0.46)]
    ground, border = rng.permutation(4)[:2]
    return np.array(
        [grounds[ground], ornaments[rng.integers(3)], grounds[border], (0.05, 0.04, 0.04)]
    )


def _modern(rng):
    """Large soft shapes in few tones."""
    colors = _soft_colors(rng)
    image = np.ones((*RUG_SHAPE, 3)) * colors[0]
    for color in colors[1:]:
        shape = noise(rng, 2.2, high=8, shape=RUG_SHAPE) > 0.6
        image[shape] = color
    return _pile(rng, image)


def _soft_colors(rng):
    """Four muted tones of one family."""
    base = np.array([(0.5, 0.46, 0.4), (0.3, 0.36, 0.4), (0.48, 0.36, 0.28), (0.34, 0.38, 0.3)])
    return base[rng.integers(4)] * rng.permutation([1.35, 1.0, 0.72, 0.5])[:, None]


def _berber(rng):
    """Pale wool with a net of dark lines."""
    y, x = _coordinates(RUG_SHAPE)
    bend = 0.004 * noise(rng, 1.2, high=20, shape=RUG_SHAPE)
    net = np.minimum(
        np.abs((5 * (x + y) + 5 * bend) % 1 - 0.5), np.abs((5 * (x - y) + 5 * bend) % 1 - 0.5)
    )
    return _pile(rng, np.where((net < 0.035)[..., None], (0.08, 0.07, 0.07), (0.68, 0.63, 0.55)))


def _striped(rng):
    """Woven stripes across the rug."""
    _, x = _coordinates(RUG_SHAPE)
    colors = np.concatenate([_soft_colors(rng), _soft_colors(rng)])
    edges = np.sort(rng.uniform(0.02, 0.5, 12))
    stripe = np.searchsorted(edges, 0.5 - np.abs(x - 0.5))
    return _pile(rng, colors[stripe % len(colors)])


rugs = (_oriental, _modern, _berber, _striped)
"""What lies on floors."""
