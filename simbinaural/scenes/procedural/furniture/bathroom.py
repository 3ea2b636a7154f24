"""Where one washes."""

import numpy as np

from simbinaural.scenes.procedural.assembly import Finish
from simbinaural.scenes.procedural.furniture.cabinetry import cabinet
from simbinaural.scenes.procedural.furniture.kitchen import tap
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.solids import cushion, lathe, rods, rounded_box, sheet
from simbinaural.scenes.procedural.surface import Surface, boxes, join, rectangle

WHITE = Finish("porcelain", (0.82, 0.82, 0.8), "ceramic_tiles")
MIRROR = Finish("glass", (0.42, 0.46, 0.48), "glass_3mm")
TOWEL = Finish("boucle", (0.6, 0.6, 0.6), "curtains_cotton_0.5")


def bathtub(style, _rng):
    """Built-in tub along a wall."""
    width, depth, height = 1.7, 0.75, 0.56
    piece = Piece(width, depth, height, front_m=0.5)
    piece.show(
        WHITE,
        boxes(
            (-width / 2, 0, 0.0),
            (width / 2, height - 0.03, depth - 0.01),
            without=("bottom", "top"),
        ),
    )
    outer = width / 2, depth / 2
    inner = outer[0] - 0.09, outer[1] - 0.08
    piece.show(WHITE, _hollow(outer, inner, 0.42).moved((0, height - 0.03, depth / 2)))
    piece.show(
        style.metal, tap(0.12, 0.16).turned(1).moved((0.05 - width / 2, height - 0.03, depth / 2))
    )
    # Four walls and a bottom: the ear hears into the tub.
    for lower, upper in (
        ((-outer[0], 0, 0), (-inner[0], height, depth)),
        ((inner[0], 0, 0), (outer[0], height, depth)),
        ((-inner[0], 0, 0), (inner[0], height, 0.08)),
        ((-inner[0], 0, depth - 0.08), (inner[0], height, depth)),
        ((-inner[0], 0, 0.08), (inner[0], 0.14, depth - 0.08)),
    ):
        piece.hear(lower, upper, WHITE.material)
    return piece


def shower(style, _rng):
    """Flat tray in a corner, with a rain shower on the wall."""
    piece = Piece(0.9, 0.9, 2.1, front_m=0.3)
    tray = boxes((-0.45, 0, 0), (0.45, 0.05, 0.9), without=("bottom", "back"))
    drain = lathe([(0.05, 0.0505), (0.0, 0.0505)], segments=12).moved((0, 0, 0.45))
    pipe = [(0, 0.95, 0.04), (0, 2.06, 0.04), (0, 2.06, 0.42), (0, 2.0, 0.42)]
    head = lathe([(0, 1.985), (0.11, 1.985), (0.11, 1.985), (0.11, 2.0), (0.02, 2.01)], segments=16)
    valve = boxes((-0.14, 1.0, 0.03), (0.14, 1.05, 0.08))
    piece.show(WHITE, tray)
    bars = rods(pipe[:-1], pipe[1:], 0.012, capped=True)
    piece.show(style.metal, drain, bars, head.moved((0, 0, 0.42)), valve)
    piece.hear((-0.45, 0, 0), (0.45, 0.05, 0.9), WHITE.material)
    return piece


def _hollow(outer, inner, deep):
    """Rim of half sizes `outer` (x, z) around an oval opening, and the basin below it."""
    angle = np.arange(33) * np.pi / 16
    ring = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], 1)
    ring[-1] = ring[0]
    square = ring / np.abs(ring).max(axis=1, keepdims=True)
    oval = ring / (np.abs(ring) ** 5).sum(axis=1, keepdims=True) ** 0.2
    wide, long = np.array([outer[0], 1, outer[1]]), np.array([inner[0], 1, inner[1]])
    up, in_ = np.broadcast_to((0.0, 1.0, 0.0), ring.shape), -ring
    rim = sheet(np.stack([square * wide, oval * long]), np.stack([up, up]))
    steps = ((1.0, 0.0), (0.96, 0.55), (0.86, 0.88), (0.6, 1.0), (0.0, 1.0))
    rows = [oval * long * share - (0, deep * down, 0) for share, down in steps]
    leaning = [in_ + rise * up for rise in (0.1, 0.2, 1.0, 5.0, 50.0)]
    normals = np.stack(leaning) / np.linalg.norm(leaning, axis=-1, keepdims=True)
    return join([rim, sheet(np.stack(rows), normals)])


def washstand(style, rng):
    """Cabinet with a basin on it, tap, mirror and lamp over it."""
    width = rng.uniform(0.7, 1.1)
    piece = Piece(width, 0.48, 1.9, front_m=0.6)
    cabinet(
        piece,
        style.cabinet if rng.random() < 0.5 else style.wood,
        (-width / 2, 0.25, 0),
        (width / 2, 0.8, 0.46),
        rows=2,
        handle=style.metal,
        upright=False,
    )
    piece.build(style.worktop, (-width / 2 - 0.005, 0.8, 0), (width / 2 + 0.005, 0.83, 0.48))
    bowl = [(0.12, 0), (0.2, 0.09), (0.205, 0.12), (0.195, 0.12), (0.17, 0.07), (0.0, 0.03)]
    side = rng.choice([-0.5, 0.5]) * (width - 0.5) if width > 0.95 else 0.0
    piece.show(WHITE, lathe(bowl, segments=22).moved((side, 0.83, 0.26)))
    piece.show(style.metal, tap(0.2, 0.14).moved((side, 0.83, 0.04)))
    frame = boxes((-width / 2 + 0.03, 1.1, 0.0), (width / 2 - 0.03, 1.85, 0.025), without=("back",))
    piece.show(style.second_wood, frame)
    piece.show(
        MIRROR, rectangle((0.05 - width / 2, 1.12, 0.0255), (width - 0.1, 0, 0), (0, 0.71, 0))
    )
    if side:
        edge = np.sort([-np.sign(side) * (width / 2 - 0.04), side - np.sign(side) * 0.24])
        if edge[1] - edge[0] >= 0.25:
            piece.support((edge[0], 0.1), (edge[1], 0.44), 0.83)
    return piece


def toilet(_style, _rng):
    """Bowl, seat and cistern."""
    piece = Piece(0.4, 0.68, 0.8, front_m=0.55)
    foot = lathe(
        [(0.1, 0), (0.1, 0.12), (0.15, 0.3), (0.185, 0.37), (0.185, 0.4), (0.16, 0.405)],
        segments=18,
    )
    # The turned foot is stretched to an oval.
    oval = Surface(foot.vertices * (1, 1, 1.3), foot.normals, foot.faces, foot.uv)
    lid = cushion((-0.185, 0.4, 0.2), (0.185, 0.445, 0.67), squareness=2.6)
    piece.show(
        WHITE,
        oval.moved((0, 0, 0.43)),
        lid,
        rounded_box((-0.19, 0.4, 0.0), (0.19, 0.8, 0.18), 0.03),
    )
    piece.show(WHITE, boxes((-0.1, 0, 0.02), (0.1, 0.4, 0.3), without=("top", "bottom")))
    piece.hear((-0.17, 0.0, 0.2), (0.17, 0.42, 0.66), WHITE.material)
    piece.hear((-0.19, 0.4, 0.0), (0.19, 0.8, 0.2), WHITE.material)
    return piece


def towel_rail(style, rng):
    """Rail on the wall with a towel over it."""
    piece = Piece(0.6, 0.1, 1.5)
    piece.show(style.metal, rods((-0.3, 1.3, 0.07), (0.3, 1.3, 0.07), 0.01, capped=True))
    piece.show(
        style.metal,
        rods([(-0.28, 1.3, 0), (0.28, 1.3, 0)], [(-0.28, 1.3, 0.07), (0.28, 1.3, 0.07)], 0.008),
    )
    hem = 1.3 - rng.uniform(0.5, 0.7)
    cloth = rounded_box((-0.22, hem, 0.05), (0.2, 1.32, 0.09), 0.018)
    piece.hear((-0.22, hem, 0.04), (0.2, 1.32, 0.09), TOWEL.material)
    piece.show(TOWEL.colored(style.cushions[int(rng.integers(4))].color), cloth)
    return piece
