"""Small things: on tables, on shelves, on walls."""

import numpy as np

from simbinaural.scenes.procedural.assembly import Finish
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.shapes import Surface, boxes, join, lathe, rectangle, rods, sheet

BOOK_COLORS = np.array(
    [
        (0.30, 0.05, 0.04),
        (0.05, 0.09, 0.20),
        (0.55, 0.47, 0.33),
        (0.04, 0.13, 0.09),
        (0.62, 0.60, 0.56),
        (0.40, 0.22, 0.06),
        (0.08, 0.08, 0.09),
        (0.12, 0.24, 0.30),
        (0.45, 0.12, 0.06),
        (0.66, 0.52, 0.20),
    ]
)
PAPER = Finish("paper", (0.7, 0.67, 0.6), "wood_16mm")
GREEN = Finish("foliage", (0.07, 0.16, 0.04), "curtains_cotton_0.33")
EARTH = Finish("soil", (0.06, 0.045, 0.035), "carpet_thin")
SCREEN = Finish("screen", None, "glass_3mm")
ENAMEL = Finish("lacquer", (0.8, 0.79, 0.76), "hard_surface")
BLACK = Finish("lacquer", (0.02, 0.02, 0.022), "hard_surface")


def books(piece, lower, width, height, rng):
    """Fill a length of shelf with books.

    Parameters
    ----------
    piece : Piece
        Receives them.
    lower : (3,) array_like
        Where they start: left, on the board, at their backs.
    width, height : float
        Of the compartment.
    """
    count = int(width / 0.036)
    thick = rng.uniform(0.02, 0.052, count)
    ends = np.cumsum(thick)
    kept = ends < width * rng.uniform(0.55, 0.98)
    ends, thick = ends[kept], thick[kept]
    if not len(ends):
        return
    # Books come in sets: neighbors share height, depth and color, and hide each other's sides.
    first = rng.random(len(ends)) < 0.45
    last = np.roll(first, -1)
    series = np.cumsum(first) % 16
    tall = np.clip(rng.uniform(0.62, 0.95, 16)[series] * height, 0.1, 0.32)
    deep = rng.uniform(0.15, 0.2, 16)[series]
    colors = rng.integers(len(BOOK_COLORS), size=16)[series]
    low = np.stack([ends - thick, 0 * ends, 0 * ends], 1) + np.asarray(lower)
    high = np.stack([ends - 0.001, tall, deep], 1) + np.asarray(lower)
    shown = [
        (slice(None), ("back", "bottom", "left", "right")),
        (first, _NOT_LEFT),
        (last, _NOT_RIGHT),
    ]
    parts = [boxes(low[which], high[which], without=sides) for which, sides in shown]
    of_faces = [np.repeat(colors[which], 6 - len(sides)) for which, sides in shown]
    piece.show(PAPER.colored(BOOK_COLORS[np.repeat(np.concatenate(of_faces), 2)]), *parts)


_NOT_LEFT = ("back", "front", "bottom", "top", "right")
_NOT_RIGHT = ("back", "front", "bottom", "top", "left")


def books_lying(_style, rng):
    """Small stack of books."""
    piece = Piece(0.26, 0.2, 0.12)
    top = 0.0
    for _ in range(int(rng.integers(2, 5))):
        thick, shrink = rng.uniform(0.02, 0.04), rng.uniform(0, 0.03)
        color = BOOK_COLORS[int(rng.integers(len(BOOK_COLORS)))]
        piece.show(
            PAPER.colored(color),
            boxes(
                (shrink - 0.13, top, shrink),
                (0.13 - shrink, top + thick, 0.2 - shrink / 2),
                without=("bottom",),
            ),
        )
        top += thick
    return piece


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


def laptop(style, _rng):
    """Open laptop."""
    piece = Piece(0.34, 0.3, 0.24)
    body = boxes((-0.16, 0, 0.05), (0.16, 0.014, 0.27), without=("bottom",))
    lid = boxes((-0.16, 0.014, 0.04), (0.16, 0.23, 0.05), without=("bottom",))
    piece.show(style.metal, body, lid)
    piece.show(SCREEN, rectangle((-0.15, 0.025, 0.0505), (0.3, 0, 0), (0, 0.195, 0)).imaged())
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


HAIR = 0.001
"""Half the thickness of leaves and cloth, metres."""
_UP = np.array([0.0, 1.0, 0.0])


def two_sided(points, normals):
    """Thin sheet over a grid of points (rows, columns, 3): a front, and a hair behind it a back."""
    front = sheet(points + HAIR * normals, normals)
    back = Surface(
        front.vertices - 2 * HAIR * front.normals,
        -front.normals,
        front.faces[:, ::-1],
        front.uv[:, ::-1],
    )
    return join([front, back])


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
