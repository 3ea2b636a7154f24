"""Small things: on tables, on shelves, on walls."""

import numpy as np

from simbinaural.scenes.procedural.assembly import Finish
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.solids import lathe, rods
from simbinaural.scenes.procedural.surface import boxes, join, rectangle

SCREEN = Finish("screen", None, "glass_3mm")
ENAMEL = Finish("lacquer", (0.8, 0.79, 0.76), "hard_surface")
BLACK = Finish("lacquer", (0.02, 0.02, 0.022), "hard_surface")


def bowl(style, rng):
    """Bowl, with some fruit."""
    piece = Piece(0.28, 0.28, 0.1)
    profile = [
        (0.05, 0.0),
        (0.06, 0.008),
        (0.11, 0.04),
        (0.138, 0.085),
        (0.14, 0.09),
        (0.13, 0.088),
    ]
    inside = [(0.13, 0.088), (0.1, 0.045), (0.0, 0.02)]
    vessel = join([lathe(profile, segments=14), lathe(inside, segments=14)])
    piece.show(
        style.cabinet if rng.random() < 0.5 else style.second_wood, vessel.moved((0, 0, 0.14))
    )
    fruits = ((0.55, 0.10, 0.04), (0.65, 0.45, 0.05), (0.25, 0.40, 0.06), (0.70, 0.28, 0.03))
    color = fruits[int(rng.integers(4))]
    for k in range(int(rng.integers(0, 4))):
        angle = 2.1 * k
        place = (0.045 * np.sin(angle), 0.075, 0.14 + 0.045 * np.cos(angle))
        piece.show(Finish("lacquer", color, "wood_16mm"), ball(0.036).moved(place))
    return piece


def ball(radius, *, segments=8):
    """Sphere around the origin."""
    climb = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    return lathe(
        np.stack([np.abs(np.cos(climb).round(9)), np.sin(climb)], 1) * radius, segments=segments
    )


def laptop(style, _rng):
    """Open laptop."""
    piece = Piece(0.34, 0.3, 0.24)
    body = boxes((-0.16, 0, 0.05), (0.16, 0.014, 0.27), without=("bottom",))
    lid = boxes((-0.16, 0.014, 0.04), (0.16, 0.23, 0.05), without=("bottom",))
    piece.show(style.metal, body, lid)
    piece.show(SCREEN, rectangle((-0.15, 0.025, 0.0505), (0.3, 0, 0), (0, 0.195, 0)).imaged())
    return piece


def floor_lamp(style, _rng):
    """Lamp on a stand, with a cloth shade; it is day, and it is off."""
    piece = Piece(0.4, 0.4, 1.6)
    shade = [(0.2, 1.32), (0.14, 1.6)]
    lining = [(0.138, 1.6), (0.198, 1.32)]
    foot = lathe(
        [(0.14, 0), (0.14, 0.015), (0.14, 0.015), (0.02, 0.03), (0.011, 0.06), (0.011, 1.5)],
        segments=14,
    )
    middle = (0, 0, 0.2)
    piece.show(style.metal, foot.moved(middle))
    cloth = Finish("linen", (0.72, 0.66, 0.55), "curtains_cotton_0.33")
    piece.hear((-0.04, 0, 0.16), (0.04, 1.32, 0.24), style.metal.material)
    piece.hear((-0.14, 1.32, 0.06), (0.14, 1.6, 0.34), cloth.material)
    piece.show(
        cloth, lathe(shade, segments=18).moved(middle), lathe(lining, segments=18).moved(middle)
    )
    return piece


def table_lamp(style, _rng):
    """Small lamp for a nightstand."""
    piece = Piece(0.24, 0.24, 0.42)
    base = lathe([(0.06, 0), (0.065, 0.04), (0.03, 0.12), (0.012, 0.2), (0.012, 0.26)], segments=12)
    cloth = Finish("linen", (0.72, 0.66, 0.55), "curtains_cotton_0.33")
    shade = join(
        [
            lathe([(0.12, 0.24), (0.085, 0.42)], segments=14),
            lathe([(0.083, 0.42), (0.118, 0.24)], segments=14),
        ]
    )
    piece.show(
        Finish("porcelain", style.cushions[2].color, "ceramic_tiles"), base.moved((0, 0, 0.12))
    )
    piece.show(cloth, shade.moved((0, 0, 0.12)))
    return piece


def television(width):
    """Flat screen on two feet; its back is at z = 0."""
    height = 0.56 * width
    piece = Piece(width, 0.25, height + 0.07)
    piece.show(
        BLACK,
        boxes((-width / 2, 0.06, 0.09), (width / 2, 0.06 + height, 0.13)),
        boxes(
            [(-0.3 * width, 0, 0.03), (0.28 * width, 0, 0.03)],
            [(-0.28 * width, 0.07, 0.2), (0.3 * width, 0.07, 0.2)],
        ),
    )
    glass = rectangle(
        (0.012 - width / 2, 0.072, 0.1305), (width - 0.024, 0, 0), (0, height - 0.024, 0)
    )
    piece.show(SCREEN, glass.imaged())
    piece.hear((-width / 2, 0.06, 0.08), (width / 2, 0.06 + height, 0.13), "glass_3mm")
    return piece


def radiator(width):
    """Panel radiator for the wall under a window."""
    low, high = 0.12, 0.62
    piece = Piece(width, 0.1, high)
    half, ribs = width / 2, max(4, round(width / 0.06))
    x = np.linspace(-half, half, ribs + 1)
    pitch = x[1] - x[0]
    front = np.stack([x[:-1] + 0.15 * pitch, x[:-1] * 0 + low + 0.02, x[:-1] * 0 + 0.085], 1)
    piece.show(
        ENAMEL,
        boxes((-half, low, 0.03), (half, high, 0.085)),
        boxes(front, front + (0.7 * pitch, high - low - 0.04, 0.01), without=("back",)),
        rods((half - 0.03, 0, 0.05), (half - 0.03, low, 0.05), 0.01),
    )
    piece.hear((-half, low, 0.02), (half, high, 0.095), "hard_surface")
    return piece
