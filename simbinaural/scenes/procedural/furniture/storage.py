"""What one keeps things in."""

import numpy as np

from simbinaural.scenes.procedural.furniture.books import books, books_lying
from simbinaural.scenes.procedural.furniture.cabinetry import cabinet, darkened
from simbinaural.scenes.procedural.furniture.greenery import vase
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.furniture.smalls import bowl, television
from simbinaural.scenes.procedural.surface import boxes

BOOKS = "curtains_cotton_0.33"
"""Rows of books: the table has none; folded cloth absorbs and scatters like them."""


def wardrobe(style, rng):
    """Tall cabinet with two to four doors."""
    columns = int(rng.integers(2, 5))
    width, depth, height = 0.5 * columns, 0.6, rng.uniform(2.0, 2.2)
    piece = Piece(width, depth, height, front_m=0.6)
    finish = style.cabinet if rng.random() < 0.5 else style.wood
    _plinth(piece, finish, width, depth)
    cabinet(
        piece,
        finish,
        (-width / 2, 0.07, 0),
        (width / 2, height, depth),
        columns=columns,
        handle=style.metal,
    )
    return piece


def _plinth(piece, finish, width, depth, height=0.07):
    """Set-back base under a cabinet."""
    piece.show(
        darkened(finish, 0.5),
        boxes(
            (0.01 - width / 2, 0, 0),
            (width / 2 - 0.01, height, depth - 0.05),
            without=("top", "bottom", "back"),
        ),
    )


def sideboard(style, rng, *, width=None, height=None):
    """Low cabinet on legs, doors and drawers; its top is free."""
    width, height = width or rng.uniform(1.2, 1.8), height or rng.uniform(0.68, 0.8)
    depth, legs = 0.42, 0.14
    piece = Piece(width, depth, height, front_m=0.45)
    finish = style.wood if rng.random() < 0.6 else style.second_wood
    front = style.cabinet if rng.random() < 0.35 else None
    drawers = rng.random() < 0.5
    options = {"rows": 3 if drawers and height > 0.5 else 1, "columns": max(2, round(width / 0.5))}
    cabinet(
        piece,
        finish,
        (0.005 - width / 2, legs, 0),
        (width / 2 - 0.005, height - 0.02, depth - 0.01),
        front=front,
        handle=style.metal if rng.random() < 0.6 else None,
        upright=not drawers,
        **options,
    )
    piece.show(finish, boxes((-width / 2, height - 0.02, 0), (width / 2, height, depth)))
    piece.stand_on_legs(
        style.metal if rng.random() < 0.3 else finish, (width, depth), legs, inset=0.08
    )
    piece.support((0.05 - width / 2, 0.04), (width / 2 - 0.05, depth - 0.04), height)
    return piece


def decorated_sideboard(style, rng):
    """Sideboard with a few things at one end."""
    piece = sideboard(style, rng)
    lower, upper, height = piece.supports.pop()
    side = 1 if rng.random() < 0.5 else -1
    thing = (vase, bowl, books_lying)[int(rng.integers(3))](style, rng)
    piece.include(thing, (side * (piece.width / 2 - 0.22), height, 0.08))
    free = np.array([0.4, 0.0])
    piece.support(lower + free * (side < 0), upper - free * (side > 0), height)
    return piece


def television_bench(style, rng):
    """Low bench with a television; beside the screen there is room for a thing."""
    width = rng.uniform(1.5, 2.0)
    piece = sideboard(style, rng, width=width, height=rng.uniform(0.42, 0.52))
    piece.supports.clear()
    screen = rng.uniform(0.95, 1.25)
    top, shift = piece.height, (width - screen) / 2 - 0.05
    side = 1 if rng.random() < 0.5 else -1
    piece.include(television(screen), (side * shift, top, 0.06))
    free = np.sort([side * (0.06 - width / 2), side * (width / 2 - screen - 0.12)])
    if free[1] - free[0] >= 0.25:
        piece.support((free[0], 0.06), (free[1], piece.depth - 0.05), top)
    piece.height = top + 0.75
    return piece


def bookshelf(style, rng):
    """Open shelf with books, boxes and gaps."""
    columns = int(rng.integers(1, 4))
    width, depth, height = 0.78 * columns, 0.3, rng.choice([1.3, 1.75, 2.05])
    rows = round(height / 0.36)
    piece = Piece(width, depth, height, front_m=0.5)
    finish, board = (style.wood if rng.random() < 0.6 else style.cabinet), 0.025
    levels = np.linspace(0.06, height - board, rows + 1)
    posts = np.linspace(-width / 2, width / 2 - board, columns + 1)
    uprights = boxes(
        [(x, 0, 0) for x in posts], [(x + board, height, depth) for x in posts], without=("bottom",)
    )
    shelves = boxes(
        [(board - width / 2, y, 0.01) for y in levels],
        [(width / 2 - board, y + board, depth - 0.005) for y in levels],
    )
    piece.show(finish, uprights, shelves)
    piece.show(
        darkened(finish, 0.75),
        boxes((-width / 2, 0.02, 0), (width / 2, height, 0.01), without=("back",)),
    )
    for x in posts[:-1]:
        for y, above in zip(levels[:-1], levels[1:], strict=True):
            _fill_compartment(
                piece, style, rng, (x + board, y + board), (0.78 - 2 * board, above - y - board)
            )
    # Half of what one hears is books, half boards.
    piece.hear((-width / 2, 0.0, 0.0), (width / 2, height / 2, depth), BOOKS)
    piece.hear((-width / 2, height / 2, 0.0), (width / 2, height, depth), finish.material)
    return piece


def _fill_compartment(piece, style, rng, corner, size):
    """Books, a thing, a box, or nothing."""
    kind = rng.random()
    if kind < 0.62:
        books(piece, (corner[0] + 0.01, corner[1], 0.04), size[0] - 0.02, size[1], rng)
    elif kind < 0.76:
        thing = (bowl, books_lying)[int(rng.integers(2))](style, rng)
        piece.include(thing, (corner[0] + rng.uniform(0.2, size[0] - 0.2), corner[1], 0.04))
    elif kind < 0.88:
        x, width = corner[0] + 0.03, rng.uniform(0.25, 0.32)
        finish = style.cushions[int(rng.integers(4))]
        piece.show(
            type(finish)("wicker", finish.color, finish.material),
            boxes(
                (x, corner[1], 0.03),
                (x + width, corner[1] + 0.8 * size[1], 0.28),
                without=("bottom", "back"),
            ),
        )


def dresser(style, rng):
    """Chest of drawers."""
    width, height = rng.uniform(0.8, 1.2), rng.uniform(0.8, 1.0)
    piece = Piece(width, 0.46, height, front_m=0.5)
    finish = style.wood if rng.random() < 0.7 else style.cabinet
    _plinth(piece, finish, width, 0.46, 0.06)
    cabinet(
        piece,
        finish,
        (-width / 2, 0.06, 0),
        (width / 2, height - 0.02, 0.45),
        rows=4,
        columns=2,
        handle=style.metal,
        upright=False,
    )
    piece.show(
        finish, boxes((-width / 2 - 0.005, height - 0.02, 0), (width / 2 + 0.005, height, 0.46))
    )
    piece.support((0.05 - width / 2, 0.05), (width / 2 - 0.05, 0.41), height)
    return piece


def nightstand(style, _rng):
    """Small cabinet beside a bed."""
    piece = Piece(0.45, 0.4, 0.5)
    cabinet(
        piece,
        style.wood,
        (-0.225, 0.12, 0),
        (0.225, 0.5, 0.4),
        rows=2,
        handle=style.metal,
        upright=False,
    )
    piece.stand_on_legs(style.wood, (0.45, 0.4), 0.12, inset=0.05)
    return piece
