"""Generated textures: tileable, seeded, shared between the homes of a process.

A texture is drawn as linear reflectance with little color of its own; a home's palette tints it.
Sizes in metres belong to the texture: a board is as wide in every home.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from simbinaural.errors import InputError
from simbinaural.scenes.color import to_linear, to_srgb
from simbinaural.scenes.procedural import patterns, pictures
from simbinaural.scenes.scene import Texture

PAINTINGS, RUGS = 20, 8
"""How many of each there are."""


@dataclass(frozen=True)
class Recipe:
    """How a texture is made.

    Attributes
    ----------
    draw : callable
        ``draw(rng) -> (height, width[, 3])`` linear reflectance, 0 to 1.
    repeat_m : (2,) tuple of float
        Width and height of a repeat; (1, 1) for images, which are shown once.
    gloss, emission : float
        As in `Texture`.
    """

    draw: callable
    repeat_m: tuple = (1.0, 1.0)
    gloss: float = 0.0
    emission: float = 0.0


def _plain(level):
    """Return a recipe's drawing of one even tone."""
    return lambda _rng: np.full((8, 8), level)


RECIPES = {
    # floors
    "boards": Recipe(patterns.boards, (1.92, 1.92), gloss=0.1),
    "narrow-boards": Recipe(patterns.narrow_boards, (1.44, 1.44), gloss=0.1),
    "herringbone": Recipe(patterns.herringbone, (1.28, 1.28), gloss=0.12),
    "carpet": Recipe(patterns.carpet, (0.6, 0.6)),
    "tiles": Recipe(patterns.tiles, (1.2, 1.2), gloss=0.16),
    "large-tiles": Recipe(patterns.large_tiles, (1.8, 1.8), gloss=0.12),
    "checker": Recipe(patterns.checker, (1.2, 1.2), gloss=0.16),
    "terrazzo": Recipe(patterns.terrazzo, (1.0, 1.0), gloss=0.12),
    "concrete": Recipe(patterns.concrete, (2.4, 2.4), gloss=0.06),
    "marble": Recipe(patterns.marble, (1.6, 1.6), gloss=0.2),
    # walls
    "plaster": Recipe(patterns.plaster, (2.0, 2.0)),
    "brick": Recipe(patterns.brick, (1.5, 1.2)),
    "subway": Recipe(patterns.subway, (0.8, 0.8), gloss=0.2),
    "stripes": Recipe(patterns.stripes, (0.6, 0.6)),
    "damask": Recipe(patterns.damask, (0.53, 0.53)),
    "leaves": Recipe(patterns.leaves, (0.7, 0.7)),
    # wood, cloth and the rest of furniture
    "wood": Recipe(patterns.wood, (1.6, 0.5), gloss=0.04),
    "wild-wood": Recipe(patterns.wild_wood, (1.8, 0.7), gloss=0.05),
    "weave": Recipe(patterns.weave, (0.2, 0.2)),
    "twill": Recipe(patterns.twill, (0.24, 0.24)),
    "boucle": Recipe(patterns.boucle, (0.35, 0.35)),
    "leather": Recipe(patterns.leather, (0.4, 0.4), gloss=0.1),
    "linen": Recipe(patterns.linen, (0.5, 0.5)),
    "wicker": Recipe(patterns.wicker, (0.2, 0.2)),
    "foliage": Recipe(patterns.foliage, (0.3, 0.3), gloss=0.1),
    "soil": Recipe(patterns.soil, (0.3, 0.3)),
    "metal": Recipe(patterns.brushed, (0.4, 0.4), gloss=0.35),
    "paper": Recipe(_plain(0.8)),
    "paint": Recipe(_plain(0.9), gloss=0.03),
    "lacquer": Recipe(_plain(0.9), gloss=0.12),
    "porcelain": Recipe(_plain(0.9), gloss=0.3),
    "glass": Recipe(_plain(0.5), gloss=0.8),
    "lamp": Recipe(_plain(1.0), emission=6.0),
    "shade": Recipe(_plain(1.0), emission=1.6),
    # images, shown once
    "screen": Recipe(pictures.screen, gloss=0.45),
    **{f"painting-{k}": Recipe(pictures.paintings[k % 4], gloss=0.05) for k in range(PAINTINGS)},
    **{f"rug-{k}": Recipe(pictures.rugs[k % 4]) for k in range(RUGS)},
}


@cache
def load_texture(name):
    """Draw a texture, once in a process.

    Parameters
    ----------
    name : str
        A key of `RECIPES`.

    Returns
    -------
    Texture

    Raises
    ------
    InputError
        If no texture has this name.
    """
    if name not in RECIPES:
        raise InputError(f"texture must be one of {', '.join(RECIPES)}, got {name}")
    recipe = RECIPES[name]
    # The name seeds it, so that a new texture changes no other.
    linear = recipe.draw(np.random.default_rng(list(name.encode())))
    pixels = np.round(255 * to_srgb(np.clip(linear, 0, 1))).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    pixels.flags.writeable = False
    return Texture(pixels, recipe.gloss, recipe.emission)


@cache
def mean_color(name):
    """Mean reflectance (3,) of a texture, linear."""
    return to_linear(np.arange(256) / 255)[load_texture(name).pixels].mean(axis=(0, 1))


def repeat_m(name):
    """Width and height (2,) of one repeat of a texture, in metres."""
    return RECIPES[name].repeat_m
