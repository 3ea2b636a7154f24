"""Tables, and those who gather around them."""

import numpy as np

from simbinaural.scenes.procedural.furniture.books import books_lying
from simbinaural.scenes.procedural.furniture.greenery import vase
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.furniture.seating import chair, office_chair
from simbinaural.scenes.procedural.furniture.smalls import bowl, laptop
from simbinaural.scenes.procedural.solids import lathe, rounded_box
from simbinaural.scenes.procedural.surface import boxes

CLEAR = 0.04
"""Between a thing on a table and the edge."""


def table(finish, size, height, *, legs="square", leg_finish=None):
    """Rectangular table: a top on four legs, with an apron where the legs are square."""
    width, depth = size
    piece = Piece(width, depth, height)
    thick = 0.035
    piece.show(
        finish,
        rounded_box((-width / 2, height - thick, 0), (width / 2, height, depth), 0.008, segments=1),
    )
    piece.hear((-width / 2, height - 0.05, 0), (width / 2, height, depth), finish.material)
    piece.stand_on_legs(leg_finish or finish, size, height - thick, style=legs)
    if legs == "square":
        x, z0, z1, under = width / 2 - 0.08, 0.05, depth - 0.05, height - thick
        piece.show(
            finish,
            boxes(
                [(-x, under - 0.07, z0), (-x, under - 0.07, z1 - 0.02)],
                [(x, under, z0 + 0.02), (x, under, z1)],
                without=("top",),
            ),
        )
    piece.support((CLEAR - width / 2, CLEAR), (width / 2 - CLEAR, depth - CLEAR), height)
    return piece


def round_table(finish, diameter, height):
    """Round table on one foot."""
    piece, radius = Piece(diameter, diameter, height), diameter / 2
    top = lathe(
        [(0, height - 0.03), (radius - 0.01, height - 0.03), (radius - 0.01, height - 0.03)]
        + [(radius, height - 0.02), (radius, height - 0.004), (radius - 0.005, height)]
        + [(radius - 0.005, height), (0, height)],
        segments=28,
    )
    foot = lathe(
        [(0.26 * diameter, 0), (0.26 * diameter, 0.02), (0.05, 0.05), (0.035, 0.2)]
        + [(0.035, height - 0.15), (0.09, height - 0.03)],
        segments=14,
    )
    piece.show(finish, top.moved((0, 0, radius)), foot.moved((0, 0, radius)))
    inner = radius * 0.88
    piece.hear(
        (-inner, height - 0.05, radius - inner), (inner, height, radius + inner), finish.material
    )
    square = radius * 0.68
    piece.support((-square, radius - square), (square, radius + square), height)
    return piece


def coffee_table(style, rng):
    """Low table for a sofa."""
    height = rng.uniform(0.38, 0.45)
    if rng.random() < 0.35:
        return round_table(style.second_wood, rng.uniform(0.7, 0.9), height)
    size = rng.uniform(0.9, 1.2), rng.uniform(0.5, 0.65)
    legs = ("square", "tapered", "thin")[int(rng.integers(3))]
    piece = table(
        style.second_wood,
        size,
        height,
        legs=legs,
        leg_finish=style.metal if legs == "thin" else None,
    )
    return _with_decor(piece, style, rng, (books_lying, bowl, vase))


def _with_decor(piece, style, rng, things):
    """Put a thing on one end of a table; the rest stays free."""
    if rng.random() < 0.4 or piece.width < 0.8:
        return piece
    side = 1 if rng.random() < 0.5 else -1
    lower, upper, height = piece.supports.pop()
    thing = things[int(rng.integers(len(things)))](style, rng)
    x = side * (piece.width / 2 - CLEAR - thing.width / 2 - 0.03)
    z = (lower[1] + upper[1] - thing.depth) / 2
    piece.include(thing, (x, height, z))
    taken = thing.width + 0.06
    if side > 0:
        upper = upper - (taken, 0)
    else:
        lower = lower + (taken, 0)
    piece.support(lower, upper, height)
    return piece


def dining_group(style, rng, *, seats=None):
    """Table with chairs around it."""
    seats = seats or int(rng.choice([2, 4, 4, 6]))
    kind = ("slat", "shell", "padded")[int(rng.integers(3))]
    if seats <= 4 and rng.random() < 0.3:
        return _round_group(style, rng, seats, kind)
    rows = max(1, seats // 2)
    size = 0.72 * rows + rng.uniform(0.1, 0.3), rng.uniform(0.78, 0.95)
    legs = ("square", "tapered")[int(rng.integers(2))]
    top = _with_decor(table(style.wood, size, 0.75, legs=legs), style, rng, (bowl, vase))
    group = Piece(size[0], size[1] + 0.8, 0.85, front_m=0.0)
    group.include(top, (0, 0, 0.4))
    for x in (np.arange(rows) - (rows - 1) / 2) * (size[0] - 0.1) / rows:
        group.include(chair(style, rng, kind=kind), (x, 0, rng.uniform(0.0, 0.06)))
        group.include(
            chair(style, rng, kind=kind), (x, 0, size[1] + 0.8 - rng.uniform(0.0, 0.06)), quarters=2
        )
    return group


def _round_group(style, rng, seats, kind):
    """Round table with chairs on two or on four sides."""
    diameter = 0.9 if seats == 2 else 1.1
    side = diameter + 0.8
    group = Piece(side, side, 0.85)
    group.include(round_table(style.wood, diameter, 0.75), (0, 0, 0.4))
    half = side / 2
    for quarter in range(0, 4, 4 // seats):
        # A chair's back stands at the rim of the group and its front looks to the middle.
        out = np.array([(0, -half), (-half, 0), (0, half), (half, 0)][quarter])
        group.include(chair(style, rng, kind=kind), (out[0], 0, half + out[1]), quarters=quarter)
    return group


def desk_group(style, rng):
    """Desk with drawers, a chair, and things of work."""
    size = rng.uniform(1.2, 1.6), rng.uniform(0.6, 0.75)
    legs = ("square", "thin")[int(rng.integers(2))]
    top = table(
        style.wood, size, 0.74, legs=legs, leg_finish=style.metal if legs == "thin" else None
    )
    group = Piece(size[0], size[1] + 0.45, 0.95, front_m=0.2)
    group.include(_with_decor(top, style, rng, (laptop, books_lying)))
    group.include(
        office_chair(style, rng), (rng.uniform(-0.15, 0.15), 0, size[1] + 0.42), quarters=2
    )
    return group


def side_table(style, rng):
    """Small table beside a seat."""
    return round_table(style.second_wood, rng.uniform(0.4, 0.5), rng.uniform(0.48, 0.58))


def console(style, rng):
    """Narrow table for a hall."""
    size = rng.uniform(0.8, 1.2), 0.32
    legs = ("square", "thin")[int(rng.integers(2))]
    piece = table(
        style.second_wood, size, 0.8, legs=legs, leg_finish=style.metal if legs == "thin" else None
    )
    shelf = boxes((-size[0] / 2 + 0.05, 0.2, 0.03), (size[0] / 2 - 0.05, 0.22, 0.29))
    piece.show(style.second_wood, shelf)
    piece.front_m = 0.5
    return _with_decor(piece, style, rng, (vase, bowl))
