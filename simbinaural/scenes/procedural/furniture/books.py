"""Books, standing and lying."""

import numpy as np

from simbinaural.scenes.procedural.assembly import Finish
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.surface import boxes

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
