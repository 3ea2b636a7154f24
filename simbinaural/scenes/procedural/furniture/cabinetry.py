"""Boxes with doors and drawers: what wardrobes, kitchens and sideboards share."""

import numpy as np

from simbinaural.scenes.procedural.surface import boxes

GAP = 0.004
"""Between two fronts, metres."""
FRONT = 0.018
"""Thickness of doors and drawers."""


def darkened(finish, share=0.3):
    """Return the finish as it looks in the shadow of a gap."""
    return finish.colored(np.asarray(finish.color) * share)


def cabinet(piece, finish, lower, upper, **options):
    """Add a closed cabinet to a piece: carcass, fronts and handles.

    Parameters
    ----------
    piece : Piece
    finish : Finish
        Of carcass and fronts.
    lower, upper : (3,) array_like
        Corners; the fronts lie within, at the largest z.
    front : Finish, optional
        Of the fronts, when they differ.
    rows, columns : int
        Of fronts.
    handle : Finish or None
        Of the handles; without it one pushes.
    upright : bool
        Whether handles stand (doors) or lie (drawers).
    """
    front = options.get("front") or finish
    lower, upper = np.asarray(lower, float), np.asarray(upper, float)
    back = np.array([upper[0], upper[1], upper[2] - FRONT])
    piece.show(finish, boxes(lower, back, without=("front", "bottom")))
    # Between the fronts one looks into the dark.
    piece.show(darkened(finish), boxes((*lower[:2], back[2] - 0.001), back, without=_ALL_BUT_FRONT))
    low, high = _fronts(lower, upper, options.get("rows", 1), options.get("columns", 1))
    piece.show(front, boxes(low, high, without=("back",)))
    if options.get("handle"):
        piece.show(options["handle"], _handles(low, high, upright=options.get("upright", True)))
    piece.hear(lower, upper, finish.material)


_ALL_BUT_FRONT = ("left", "right", "bottom", "top", "back")


def _fronts(lower, upper, rows, columns):
    """Corners (fronts, 3) of a grid of fronts, row by row from the bottom."""
    x = np.linspace(lower[0], upper[0], columns + 1)
    y = np.linspace(lower[1], upper[1], rows + 1)
    left, bottom = (each.ravel() for each in np.meshgrid(x[:-1], y[:-1]))
    right, top = (each.ravel() for each in np.meshgrid(x[1:], y[1:]))
    near, far = np.full(left.shape, upper[2]), np.full(left.shape, upper[2] - FRONT)
    half = GAP / 2
    return (
        np.stack([left + half, bottom + half, far], 1),
        np.stack([right - half, top - half, near], 1),
    )


def _handles(low, high, *, upright):
    """Bars on fronts: doors in pairs open from their common edge, drawers from the middle."""
    width, height = (high - low)[:, 0], (high - low)[:, 1]
    if upright:
        length = np.minimum(0.35, 0.35 * height)
        pair = np.arange(len(low)) % 2 == 0
        single = len(np.unique(low[:, 0])) == 1
        x = np.where(pair & ~np.bool_(single), high[:, 0] - 0.045, low[:, 0] + 0.045)
        # Low doors are gripped at the top, high ones at the bottom, tall ones in the middle.
        y = np.where(low[:, 1] > 1.2, low[:, 1] + 0.05 + length / 2, high[:, 1] - 0.05 - length / 2)
        y = np.where(height > 1.2, np.clip(1.05, low[:, 1], high[:, 1]), y)
        half = np.stack([np.full(len(x), 0.006), length / 2], 1)
    else:
        length = np.minimum(0.2, 0.5 * width)
        x, y = (low + high)[:, 0] / 2, high[:, 1] - np.minimum(0.06, height / 2)
        half = np.stack([length / 2, np.full(len(x), 0.006)], 1)
    middle = np.stack([x, y], 1)
    front = high[:, 2:]
    return boxes(
        np.hstack([middle - half, front]),
        np.hstack([middle + half, front + 0.028]),
        without=("back",),
    )
