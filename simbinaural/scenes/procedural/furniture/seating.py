"""What one sits on."""

import numpy as np

from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.solids import cushion, lathe, rods, rounded_box
from simbinaural.scenes.procedural.surface import Surface, boxes

SEAT = 0.44
"""Height of a sofa's seat, metres."""


def sofa(style, rng, *, seats=None):
    """Sofa or, with one seat, armchair: plinth on legs, arms, cushions."""
    seats = seats or int(rng.integers(2, 4))
    finish = style.upholstery if seats > 1 else style.second_upholstery
    arm, depth = rng.choice([0.12, 0.18, 0.24]), rng.uniform(0.84, 0.95)
    back, arm_height = rng.uniform(0.74, 0.88), rng.uniform(0.54, 0.64)
    width = 2 * arm + seats * rng.uniform(0.62, 0.74)
    piece = Piece(width, depth, back, front_m=0.3)
    half, inner = width / 2, width / 2 - arm
    edge = min(0.05, arm / 2.2)
    piece.show(
        finish,
        rounded_box((-inner, 0.12, 0.02), (inner, 0.32, depth - 0.03), 0.03),
        rounded_box((-half, 0.12, 0), (half, back - 0.04, 0.2), 0.05),
        rounded_box((-half, 0.12, 0.02), (-inner, arm_height, depth), edge),
        rounded_box((inner, 0.12, 0.02), (half, arm_height, depth), edge),
        *_seat_cushions(inner, seats, depth, back),
    )
    legs = style.wood if rng.random() < 0.7 else style.metal
    piece.stand_on_legs(legs, (width - 0.06, depth - 0.06), 0.13, inset=0.05, back=0.03)
    for lower, upper in (
        ((-inner, 0.12, 0.2), (inner, SEAT, depth - 0.02)),
        ((-half, 0.12, 0.0), (half, back, 0.2)),
        ((-half, 0.12, 0.2), (-inner, arm_height, depth)),
        ((inner, 0.12, 0.2), (half, arm_height, depth)),
    ):
        piece.hear(lower, upper, finish.material)
    for side in (-1, 1):
        if rng.random() < (0.75 if seats > 1 else 0.3):
            _throw_pillow(
                piece, style.cushions[int(rng.integers(4))], side * (inner - 0.22) * (seats > 1)
            )
    return piece


def _seat_cushions(inner, seats, depth, back):
    """Yield the loose cushions to sit on and to lean on."""
    edges = np.linspace(-inner, inner, seats + 1)
    for left, right in zip(edges[:-1], edges[1:], strict=True):
        yield cushion((left, 0.29, 0.18), (right, SEAT + 0.03, depth), squareness=7)
        yield cushion((left + 0.01, SEAT - 0.02, 0.14), (right - 0.01, back, 0.36), squareness=5)


def _throw_pillow(piece, finish, x):
    """Lean a small pillow against the back."""
    pillow = cushion((-0.21, -0.2, -0.07), (0.21, 0.2, 0.07), squareness=3)
    piece.show(finish, tilted(pillow, 20).moved((x, SEAT + 0.21, 0.44)))


def tilted(surface, degrees):
    """Lean a surface backwards, about the x axis."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    return Surface(surface.vertices @ matrix, surface.normals @ matrix, surface.faces, surface.uv)


def armchair(style, rng):
    """Armchair."""
    return sofa(style, rng, seats=1)


def chair(style, rng, *, kind=None):
    """Chair without arms: seat, back, four legs. `rng` draws the kind where it is not given."""
    kind = kind or ("slat", "shell", "padded")[int(rng.integers(3))]
    piece = Piece(0.44, 0.5, 0.84, front_m=0.0)
    wood = style.wood if kind != "shell" else style.second_wood
    seat = {"slat": wood, "shell": style.cabinet, "padded": style.second_upholstery}[kind]
    piece.show(
        seat,
        rounded_box((-0.21, 0.43, 0.04), (0.21, 0.47 if kind != "padded" else 0.49, 0.48), 0.02),
    )
    piece.stand_on_legs(
        style.metal if kind == "shell" else wood, (0.4, 0.4), 0.43, inset=0.03, back=0.06
    )
    if kind == "slat":
        posts = rods(
            [(-0.18, 0.45, 0.07), (0.18, 0.45, 0.07)],
            [(-0.18, 0.84, 0.02), (0.18, 0.84, 0.02)],
            0.016,
            capped=True,
        )
        rails = boxes(
            [(-0.18, y, 0.03) for y in (0.56, 0.67, 0.78)],
            [(0.18, y + 0.05, 0.045) for y in (0.56, 0.67, 0.78)],
        )
        piece.show(wood, posts, rails)
    else:
        back = rounded_box((-0.21, 0.0, -0.02), (0.21, 0.34, 0.025), 0.02)
        piece.show(seat, tilted(back, 8).moved((0, 0.52, 0.06)))
        piece.show(
            wood,
            boxes(
                [(-0.16, 0.4, 0.02), (0.13, 0.4, 0.02)], [(-0.13, 0.62, 0.04), (0.16, 0.62, 0.04)]
            ),
        )
    piece.hear((-0.21, 0.42, 0.04), (0.21, 0.47, 0.48), wood.material)
    piece.hear((-0.21, 0.52, 0.0), (0.21, 0.84, 0.05), wood.material)
    return piece


def office_chair(style, rng):
    """Chair on a star of five feet."""
    piece = Piece(0.52, 0.55, 0.92)
    finish = style.second_upholstery
    piece.show(
        finish,
        cushion((-0.24, 0.44, 0.05), (0.24, 0.53, 0.52), squareness=6),
        tilted(rounded_box((-0.22, 0, -0.03), (0.22, 0.42, 0.03), 0.03), 8).moved((0, 0.56, 0.1)),
    )
    angles = rng.uniform(0, 1) + 2 * np.pi * np.arange(5) / 5
    feet = np.stack([0.24 * np.sin(angles), 0 * angles + 0.03, 0.28 + 0.24 * np.cos(angles)], 1)
    star = rods(feet, (0, 0.09, 0.28), 0.018, 0.024, segments=5, capped=True)
    piece.show(style.metal, rods((0, 0.08, 0.28), (0, 0.45, 0.28), 0.025), star)
    piece.show(style.metal, boxes((-0.03, 0.46, 0.02), (0.03, 0.75, 0.05)))
    piece.hear((-0.24, 0.44, 0.05), (0.24, 0.52, 0.52), finish.material)
    piece.hear((-0.22, 0.56, 0.03), (0.22, 0.96, 0.12), finish.material)
    return piece


def pouf(style, _rng):
    """Round stuffed stool."""
    piece = Piece(0.5, 0.5, 0.4)
    body = lathe(
        [(0.2, 0.01), (0.245, 0.05), (0.25, 0.2), (0.245, 0.33), (0.2, 0.395), (0.0, 0.405)],
        segments=18,
    )
    piece.show(style.cushions[0], body.moved((0, 0, 0.25)))
    piece.hear((-0.22, 0.0, 0.03), (0.22, 0.4, 0.47), style.cushions[0].material)
    return piece


def bench(style, _rng):
    """Narrow bench for a hall or the foot of a bed."""
    piece = Piece(1.1, 0.36, 0.45)
    piece.build(style.second_wood, (-0.55, 0.41, 0.0), (0.55, 0.45, 0.36))
    piece.stand_on_legs(style.second_wood, (1.1, 0.36), 0.41, inset=0.05)
    piece.support((-0.5, 0.03), (0.5, 0.33), 0.45)
    return piece
