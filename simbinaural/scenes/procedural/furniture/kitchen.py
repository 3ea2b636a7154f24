"""Where one cooks."""

import numpy as np

from simbinaural.scenes.procedural.furniture.cabinetry import cabinet, darkened
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.furniture.smalls import BLACK, SCREEN
from simbinaural.scenes.procedural.solids import lathe, rods
from simbinaural.scenes.procedural.surface import boxes, rectangle

MODULE, DEPTH, TOP = 0.6, 0.62, 0.91
HANGING = 1.45, 2.1, 0.35
"""Bottom, top and depth of the wall cabinets."""
FRIDGE, LOW_SPLASH = 1.9, 0.12


def kitchen_run(style, *, modules, tall=True):
    """Counter along a wall: cabinets, with oven, hob and sink in them.

    Parameters
    ----------
    style : Style
    modules : int
        Number of 60 cm units.
    tall : bool
        Whether the first unit is a fridge and cabinets hang over the others; otherwise the counter
        fits under a window.
    """
    piece = Piece(MODULE * modules, DEPTH, HANGING[1] if tall else TOP + LOW_SPLASH, front_m=0.7)
    left = -MODULE * modules / 2
    first = 1 if tall else 0
    if tall:
        piece.include(fridge(style), (left + MODULE / 2, 0, 0))
    hob, sink = (first + 1, modules - 1) if modules - first > 3 else (first, modules - 1)
    for unit in range(first, modules):
        kind = "oven" if unit == hob else "drawers" if unit == sink - 1 else "door"
        _base_unit(piece, style, left + unit * MODULE, kind)
    start, end = left + first * MODULE, left + MODULE * modules
    at = left + sink * MODULE, left + hob * MODULE
    _counter(piece, style, (start, end), at, splash=HANGING[0] - TOP if tall else LOW_SPLASH)
    if tall:
        _hang(piece, style, start, end)
    for unit in range(first, modules):
        if unit not in (sink, hob):
            x = left + unit * MODULE
            piece.support((x + 0.04, 0.15), (x + MODULE - 0.04, DEPTH - 0.06), TOP)
    return piece


def _hang(piece, style, start, end):
    """Hang cabinets over a counter."""
    lower, upper, depth = HANGING
    cabinet(
        piece,
        style.cabinet,
        (start, lower, 0),
        (end, upper, depth),
        columns=round((end - start) / MODULE),
        handle=style.metal,
    )
    piece.show(style.cabinet, rectangle((start, lower, 0), (end - start, 0, 0), (0, 0, depth)))


def fridge(style):
    """Tall fridge, steel or like the cabinets."""
    piece = Piece(MODULE, 0.64, FRIDGE, front_m=0.6)
    finish = style.metal if style.metal.color[0] > 0.3 else style.cabinet
    x = MODULE / 2 - 0.005
    body = boxes((-x, 0.03, 0.02), (x, FRIDGE, 0.58), without=("bottom",))
    doors = boxes([(-x, 0.05, 0.582), (-x, 0.72, 0.582)], [(x, 0.71, 0.64), (x, FRIDGE, 0.64)])
    piece.show(finish, body, doors)
    grips = boxes(
        [(x - 0.06, 0.45, 0.64), (x - 0.06, 0.78, 0.64)],
        [(x - 0.04, 0.68, 0.67), (x - 0.04, 1.2, 0.67)],
    )
    piece.show(style.metal, grips)
    piece.hear((-x, 0.03, 0), (x, FRIDGE, 0.64), "hard_surface")
    return piece


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


def _counter(piece, style, extent, at, *, splash):
    """Worktop with sink and hob (left edges of their units in `at`), and the wall behind it."""
    (start, end), (sink, hob) = extent, at
    piece.build(style.worktop, (start, TOP - 0.04, 0), (end, TOP, DEPTH))
    back = rectangle((start, TOP, 0.004), (end - start, 0, 0), (0, splash, 0))
    piece.show(style.worktop, back)
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
