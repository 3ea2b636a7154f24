"""What one sleeps in."""

import numpy as np

from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.furniture.seating import tilted
from simbinaural.scenes.procedural.furniture.smalls import table_lamp
from simbinaural.scenes.procedural.furniture.storage import nightstand
from simbinaural.scenes.procedural.solids import cushion, rounded_box
from simbinaural.scenes.procedural.surface import boxes

LENGTH = 2.05


def bed(style, rng, *, width):
    """Bed with headboard, mattress, blanket and pillows."""
    piece = Piece(width + 0.06, LENGTH + 0.05, 1.0, front_m=0.4)
    half = width / 2
    padded = rng.random() < 0.5
    board = style.second_upholstery if padded else style.wood
    high = rng.uniform(0.85, 1.1)
    piece.show(
        board,
        rounded_box((-half - 0.03, 0.1, 0), (half + 0.03, high, 0.08), 0.035 if padded else 0.01),
    )
    piece.show(style.wood, boxes((-half - 0.02, 0.14, 0.06), (half + 0.02, 0.3, LENGTH)))
    piece.stand_on_legs(
        style.wood, (width, LENGTH - 0.1), 0.15, style="square", inset=0.04, back=0.1
    )
    piece.show(style.linen, rounded_box((-half, 0.27, 0.08), (half, 0.5, LENGTH - 0.02), 0.06))
    _bedding(piece, style, rng, half)
    piece.hear((-half, 0.14, 0.08), (half, 0.54, LENGTH), style.linen.material)
    piece.hear((-half - 0.03, 0.1, 0), (half + 0.03, high, 0.08), board.material)
    return piece


def _bedding(piece, style, rng, half):
    """Blanket over two thirds of the bed, its fold turned back, and pillows."""
    turned = rng.uniform(0.6, 0.8)
    piece.show(
        style.blanket,
        rounded_box((-half - 0.035, 0.24, turned), (half + 0.035, 0.55, LENGTH + 0.01), 0.05),
    )
    piece.show(
        style.linen,
        rounded_box(
            (-half - 0.045, 0.4, turned + 0.02), (half + 0.045, 0.565, turned + 0.27), 0.04
        ),
    )
    count = 2 if half > 0.6 else 1
    for x in (np.arange(count) - (count - 1) / 2) * half:
        pillow = cushion((-0.34, -0.08, -0.22), (0.34, 0.08, 0.22), squareness=3.2)
        piece.show(style.linen, tilted(pillow, -14).moved((x, 0.58, 0.36)))
        if count == 2 and rng.random() < 0.5:
            small = cushion((-0.2, -0.18, -0.06), (0.2, 0.18, 0.06), squareness=3)
            finish = style.cushions[int(rng.integers(4))]
            piece.show(finish, tilted(small, 25).moved((x, 0.72, 0.5)))


def bed_group(style, rng, *, width=1.6):
    """Bed between nightstands, lamps on them."""
    sides = (-1, 1) if width > 1.2 else ((-1,) if rng.random() < 0.5 else (1,))
    sleep = bed(style, rng, width=width)
    extra = 0.5
    group = Piece(sleep.width + extra * len(sides), sleep.depth, sleep.height, front_m=0.4)
    shift = 0.0 if len(sides) == 2 else -sides[0] * extra / 2
    group.include(sleep, (shift, 0, 0))
    for side in sides:
        stand = nightstand(style, rng)
        x = shift + side * (sleep.width / 2 + extra / 2)
        group.include(stand, (x, 0, 0))
        if rng.random() < 0.7:
            group.include(table_lamp(style, rng), (x, 0.5, 0.08))
        else:
            group.support((x - 0.2, 0.04), (x + 0.2, 0.36), 0.5)
    return group
