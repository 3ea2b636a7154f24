"""Where one cooks."""

import numpy as np

from simbinaural.scenes.procedural.furniture.cabinetry import cabinet, darkened
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.furniture.smalls import BLACK, SCREEN, bowl
from simbinaural.scenes.procedural.shapes import boxes, lathe, rectangle, rods

MODULE, DEPTH, TOP = 0.6, 0.62, 0.91
HANGING = 1.45, 2.1, 0.35
"""Bottom, top and depth of the wall cabinets."""


def kitchen_run(style, rng, *, modules, hanging=True):
    """Counter along a wall: fridge at one end, then cabinets, with oven, hob and sink in them.

    Parameters
    ----------
    modules : int
        Number of 60 cm units, the fridge included; at least 4.
    hanging : bool
        Whether cabinets hang over the counter.
    """
    piece = Piece(MODULE * modules, DEPTH, HANGING[1] if hanging else TOP, front_m=0.75)
    left = -MODULE * modules / 2
    _fridge(piece, style, left)
    hob, sink = (2, modules - 1) if modules > 4 else (1, 3)
    for unit in range(1, modules):
        _base_unit(
            piece,
            style,
            left + unit * MODULE,
            "oven" if unit == hob else "drawers" if unit == sink - 1 else "door",
        )
    start, end = left + MODULE, left + MODULE * modules
    _counter(piece, style, start, end, (left + sink * MODULE, left + hob * MODULE))
    if hanging:
        lower, upper, depth = HANGING
        cabinet(
            piece,
            style.cabinet,
            (start, lower, 0),
            (end, upper, depth),
            columns=modules - 1,
            handle=style.metal,
        )
        piece.show(style.cabinet, rectangle((start, lower, 0), (end - start, 0, 0), (0, 0, depth)))
    elif rng.random() < 0.5:
        piece.include(bowl(style, rng), (start + 0.2, TOP, 0.1))
    _free_counter(piece, left, sink, hob, modules)
    return piece


def _fridge(piece, style, left):
    """Tall fridge, steel or like the cabinets."""
    finish = style.metal if style.metal.color[0] > 0.3 else style.cabinet
    right, height = left + MODULE - 0.005, 1.9
    piece.show(
        finish, boxes((left + 0.005, 0.03, 0.02), (right, height, 0.58), without=("bottom",))
    )
    doors = boxes(
        [(left + 0.005, 0.05, 0.582), (left + 0.005, 0.72, 0.582)],
        [(right, 0.71, 0.64), (right, height, 0.64)],
    )
    piece.show(finish, doors)
    grips = boxes(
        [(right - 0.06, 0.45, 0.64), (right - 0.06, 0.78, 0.64)],
        [(right - 0.04, 0.68, 0.67), (right - 0.04, 1.2, 0.67)],
    )
    piece.show(style.metal, grips)
    piece.hear((left, 0.03, 0), (right, height, 0.62), "hard_surface")


def _base_unit(piece, style, left, kind):
    """One unit under the counter."""
    right, low, high = left + MODULE, 0.1, TOP - 0.04
    piece.show(
        darkened(style.cabinet, 0.4),
        boxes(
            (left, 0, 0.5), (right, low, 0.53), without=("top", "bottom", "back", "left", "right")
        ),
    )
    if kind == "oven":
        piece.show(
            BLACK, boxes((left + 0.003, low + 0.12, 0.4), (right - 0.003, high - 0.005, 0.6))
        )
        piece.show(
            style.cabinet, boxes((left + 0.003, low, 0.4), (right - 0.003, low + 0.115, 0.6))
        )
        glass = rectangle((left + 0.06, low + 0.17, 0.6005), (MODULE - 0.12, 0, 0), (0, 0.34, 0))
        piece.show(SCREEN, glass.imaged())
        bar = left + 0.06, high - 0.16, 0.635
        piece.show(style.metal, rods(bar, (right - 0.06, *bar[1:]), 0.01, capped=True))
        knobs = np.array([(left + x, high - 0.06, 0.6) for x in (0.12, 0.24, 0.36, 0.48)])
        piece.show(style.metal, rods(knobs, knobs + (0, 0, 0.025), 0.018, capped=True))
        piece.hear((left, low, 0), (right, high, 0.6), "hard_surface")
    else:
        rows = 3 if kind == "drawers" else 1
        cabinet(
            piece,
            style.cabinet,
            (left, low, 0),
            (right, high, 0.6),
            rows=rows,
            handle=style.metal,
            upright=rows == 1,
        )


def _counter(piece, style, start, end, at):
    """Worktop with sink and hob (left edges of their units in `at`), and the wall behind it."""
    sink, hob = at
    piece.build(style.worktop, (start, TOP - 0.04, 0), (end, TOP, DEPTH))
    piece.show(style.worktop, rectangle((start, TOP, 0.004), (end - start, 0, 0), (0, 0.5, 0)))
    piece.show(
        SCREEN,
        boxes(
            (hob + 0.02, TOP, 0.06), (hob + MODULE - 0.02, TOP + 0.006, 0.56), without=("bottom",)
        ),
    )
    rings = [
        lathe([(r, 0), (r, 0.0015), (r - 0.008, 0.0015)], segments=16).moved(
            (hob + x, TOP + 0.006, z)
        )
        for x, z, r in (
            (0.17, 0.18, 0.08),
            (0.43, 0.18, 0.1),
            (0.17, 0.42, 0.1),
            (0.43, 0.42, 0.08),
        )
    ]
    piece.show(style.metal.colored((0.2, 0.2, 0.2)), *rings)
    _sink(piece, style.metal, sink + MODULE / 2)


def _sink(piece, metal, x):
    """Rim, basin (as a dark steel tray on the counter's level) and tap."""
    rim = boxes(
        [(x - 0.25, TOP, 0.1), (x + 0.23, TOP, 0.1), (x - 0.23, TOP, 0.1), (x - 0.23, TOP, 0.5)],
        [
            (x - 0.23, TOP + 0.008, 0.52),
            (x + 0.25, TOP + 0.008, 0.52),
            (x + 0.23, TOP + 0.008, 0.12),
            (x + 0.23, TOP + 0.008, 0.52),
        ],
    )
    tray = rectangle((x - 0.23, TOP + 0.002, 0.5), (0.46, 0, 0), (0, 0, -0.38))
    piece.show(metal, rim, tap(0.22, 0.16).moved((x, TOP, 0.06)))
    piece.show(metal.colored(np.asarray(metal.color) * 0.45), tray)


def tap(height, reach):
    """Bent tap that pours towards +z."""
    bends = [
        (0, 0, 0),
        (0, height, 0.02),
        (0, height + 0.02, 0.6 * reach),
        (0, height - 0.05, reach),
    ]
    return rods(bends[:-1], bends[1:], 0.013, 0.012, capped=True)


def _free_counter(piece, left, sink, hob, modules):
    """Mark the runs of counter without sink and hob as places for things."""
    for unit in range(1, modules):
        if unit not in (sink, hob):
            x = left + unit * MODULE
            piece.support((x + 0.04, 0.15), (x + MODULE - 0.04, DEPTH - 0.06), TOP)
