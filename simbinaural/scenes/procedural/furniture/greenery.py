"""Plants and twigs."""

import numpy as np

from simbinaural.scenes.procedural.assembly import Finish
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.solids import lathe, rods, two_sided

GREEN = Finish("foliage", (0.07, 0.16, 0.04), "curtains_cotton_0.33")
EARTH = Finish("soil", (0.06, 0.045, 0.035), "carpet_thin")


def plant(style, rng):
    """Plant in a pot on the floor."""
    tall, count = rng.uniform(0.6, 1.5), int(rng.integers(14, 24))
    piece = Piece(0.45, 0.45, tall)
    pot = lathe(
        [
            (0.1, 0),
            (0.15, 0.26),
            (0.155, 0.26),
            (0.155, 0.3),
            (0.155, 0.3),
            (0.135, 0.3),
            (0.135, 0.3),
            (0.13, 0.26),
        ],
        segments=18,
    )
    finish = Finish(
        ("porcelain", "wicker", "concrete")[int(rng.integers(3))],
        style.cushions[0].color,
        "ceramic_tiles",
    )
    middle = np.array([0, 0, 0.225])
    soil = lathe([(0.132, 0.27), (0.0, 0.275)], segments=12)
    piece.show(finish, pot.moved(middle))
    piece.show(EARTH, soil.moved(middle))
    blades = []
    for k in range(count):
        # The golden angle: no leaf stands over another.
        azimuth = 2.39996 * k + rng.uniform(-0.2, 0.2)
        reach = rng.uniform(0.02, 0.05)
        height = 0.27 + 0.8 * (tall - 0.6) * k / count
        foot = middle + (reach * np.sin(azimuth), height, reach * np.cos(azimuth))
        size = rng.uniform(0.2, 0.34), rng.uniform(0.06, 0.11)
        blades.append(leaf(*size, foot, azimuth, rng.uniform(15, 60)))
    if tall > 0.75:
        piece.show(EARTH, rods(middle + (0, 0.25, 0), middle + (0, tall - 0.25, 0), 0.02, 0.01))
    piece.show(GREEN.colored(np.array(GREEN.color) * rng.uniform(0.7, 1.5)), *blades)
    piece.hear(middle + (-0.14, 0, -0.14), middle + (0.14, 0.3, 0.14), finish.material)
    piece.hear(middle + (-0.2, 0.35, -0.2), middle + (0.2, tall, 0.2), GREEN.material)
    return piece


def vase(style, rng):
    """Turned vase with some twigs."""
    piece = Piece(0.2, 0.2, 0.5)
    belly, tall = rng.uniform(0.05, 0.085), rng.uniform(0.18, 0.28)
    profile = [
        (0.04, 0),
        (belly, 0.4 * tall),
        (0.9 * belly, 0.6 * tall),
        (0.028, 0.88 * tall),
        (0.035, tall),
    ]
    finish = Finish("porcelain", style.cushions[1].color, "ceramic_tiles")
    piece.show(finish, lathe(profile, segments=16).moved((0, 0, 0.1)))
    angles = rng.uniform(0, 2 * np.pi, int(rng.integers(3, 6)))
    out, rise = rng.uniform(0.03, 0.09, len(angles)), rng.uniform(0.1, 0.24, len(angles))
    tips = np.stack([out * np.sin(angles), tall + rise, 0.1 + out * np.cos(angles)], 1)
    blades = [leaf(0.1, 0.035, *each, 40) for each in zip(tips, angles, strict=True)]
    twigs = rods((0, tall - 0.03, 0.1), tips, 0.003, 0.002, segments=4)
    piece.show(GREEN, twigs, *blades)
    return piece


def leaf(length, width, foot, azimuth, lean_deg):
    """Blade of a leaf, seen from both sides: it rises from its foot (3,) and bends over."""
    along = np.array([0.0, 0.3, 0.7, 1.0])
    bend = np.radians(lean_deg) * (0.3 + along)
    step = length * np.diff(along)
    out = np.r_[0, np.cumsum(step * np.sin(bend[:-1]))]
    rise = np.r_[0, np.cumsum(step * np.cos(bend[:-1]))]
    half = width / 2 * np.array([0.25, 0.95, 0.8, 0.05])[:, None]
    sine, cosine = np.sin(azimuth), np.cos(azimuth)
    ahead, side = np.array([sine, 0, cosine]), np.array([cosine, 0, -sine])
    middle = out[:, None] * ahead + rise[:, None] * _UP + foot
    points = np.stack([middle - half * side, middle + half * side], 1)
    facing = np.cos(bend)[:, None] * ahead - np.sin(bend)[:, None] * _UP
    return two_sided(points, np.repeat(facing[:, None], 2, axis=1))


_UP = np.array([0.0, 1.0, 0.0])
