"""Guitars on a stand: a dreadnought, a classical guitar, an electric one.

A guitar is drawn lying on its own axis: the tail at the origin, the neck along y, the top of the
body at z = 0 and facing the reader, everything else behind or in front of it::

     y ^   headstock      nut = bridge + scale
       |      |
       |    neck          fret k at nut - scale * (1 - 2**(-k / 12))
       |   .--|--.
       |   '. o .'        sound hole
       |   .'   '.
       |  (  ===  )       bridge
       +---'-----'--> x
"""

from dataclasses import dataclass

import numpy as np

from simbinaural.sources.finishes import (
    Drawing,
    blend,
    brass,
    chrome,
    linear,
    painted,
    plain,
    wood,
    wood_grain,
)
from simbinaural.sources.outlines import mirrored, spline
from simbinaural.sources.solids import box, extrude, join, lathe, loft, tube

LEAN_DEG = 9.0
"""How far the stand lets the guitar lean back."""

REST_HEIGHT = 0.17
"""Height of the guitar's tail on the stand, metres."""

SOURCE_HEIGHT = 0.15
"""Where a guitar sounds: so far above the tail, in the middle of the body; metres."""


@dataclass(frozen=True)
class Shape:
    """Measures of a guitar in metres.

    Attributes
    ----------
    half : tuple of (float, float)
        The body's right half, from the tail to the neck: x, y.
    depth : float
        Of the body.
    bridge, scale : float
        Where the strings begin above the tail, and how long they swing.
    frets, joint : int
        Number of frets, and the fret where the body begins.
    neck_width : float
        At the nut.
    """

    half: tuple
    depth: float
    bridge: float
    scale: float
    frets: int
    joint: int
    neck_width: float

    @property
    def nut(self):
        """Height of the nut above the tail."""
        return self.bridge + self.scale

    def fret(self, number):
        """Height of a fret above the tail: twelve equal steps to the octave."""
        return self.bridge + self.scale * 2 ** (-number / 12)

    def outline(self):
        """Points (96, 2) around the body."""
        return spline(mirrored(self.half), 96, closed=True)


DREADNOUGHT = Shape(
    half=(
        (0, 0), (0.09, 0.008), (0.165, 0.05), (0.198, 0.125), (0.188, 0.205), (0.150, 0.265),
        (0.136, 0.315), (0.144, 0.375), (0.146, 0.425), (0.122, 0.475), (0.055, 0.505), (0, 0.508),
    ),
    depth=0.115, bridge=0.155, scale=0.648, frets=20, joint=14, neck_width=0.043,
)  # fmt: skip

CLASSICAL = Shape(
    half=(
        (0, 0), (0.085, 0.008), (0.150, 0.048), (0.183, 0.118), (0.172, 0.195), (0.132, 0.255),
        (0.117, 0.300), (0.124, 0.350), (0.139, 0.395), (0.124, 0.450), (0.060, 0.484), (0, 0.488),
    ),
    depth=0.098, bridge=0.160, scale=0.650, frets=19, joint=12, neck_width=0.052,
)  # fmt: skip

ELECTRIC = Shape(
    half=(), depth=0.046, bridge=0.135, scale=0.628, frets=22, joint=17, neck_width=0.043,
)  # fmt: skip

SINGLE_CUT = (
    (0, 0), (0.080, 0.010), (0.142, 0.050), (0.167, 0.115), (0.150, 0.185), (0.118, 0.240),
    (0.112, 0.285), (0.128, 0.330), (0.150, 0.368), (0.153, 0.396), (0.130, 0.402), (0.090, 0.372),
    (0.050, 0.368), (0.030, 0.415), (-0.020, 0.442), (-0.090, 0.436), (-0.130, 0.395),
    (-0.136, 0.335), (-0.118, 0.285), (-0.122, 0.240), (-0.152, 0.185), (-0.167, 0.115),
    (-0.142, 0.050), (-0.080, 0.010),
)  # fmt: skip

PICKGUARD = (
    (0.012, -0.05), (0.05, -0.01), (0.062, 0.02), (0.092, -0.02), (0.098, -0.07),
    (0.085, -0.105), (0.055, -0.115), (0.032, -0.085),
)  # fmt: skip
"""Around the sound hole's lower right, metres from its middle."""

ROSETTE = (
    (1.28, "#2a1a10"), (1.24, "#e6d3a6"), (1.17, "#6b3d1e"),
    (1.10, "#e6d3a6"), (1.05, "#2a1a10"), (1.00, "#0b0705"),
)  # fmt: skip
"""Rings around the sound hole, and the hole itself: radius in its own, color."""


def dreadnought():
    """Draw a steel-string guitar: spruce top, dark sides, a black pickguard."""
    shape = DREADNOUGHT
    top = painted(_soundboard(shape, "#d9a55f", "#b87b3a", seed=1, pickguard=True), gloss=0.22)
    sides = wood("#6b2f1a", "#38150c", seed=2, gloss=0.2)
    body = _body(shape, sides, top)
    neck = _neck(shape, wood("#7a4526", "#55290f", seed=3), plain("#20140e", gloss=0.15))
    bridge = box(0.155, 0.03, 0.009, plain("#20140e"), rounding=0.003)
    saddle = box(0.075, 0.003, 0.005, plain("#efe9d8"), rounding=0)
    parts = (
        body,
        neck,
        _headstock(shape, plain("#1d120c", gloss=0.22), chrome(), taper=1.12),
        _strings(shape, brass()),
        bridge.moved(y=shape.bridge - 0.004, z=0.0045),
        saddle.moved(y=shape.bridge, z=0.0105),
    )
    return _on_stand(join(*parts), shape)


def classical():
    """Draw a nylon-string guitar: cedar top, rosewood sides, a slotted head."""
    shape = CLASSICAL
    top = painted(_soundboard(shape, "#b9702f", "#8a4a1b", seed=4), gloss=0.22)
    body = _body(shape, wood("#5c3020", "#27100a", seed=5, gloss=0.2), top)
    neck = _neck(shape, wood("#8a5a35", "#643a1c", seed=6), plain("#17100c", gloss=0.12))
    tie_block = box(0.185, 0.028, 0.010, plain("#2a160d", gloss=0.15), rounding=0.003)
    saddle = box(0.08, 0.003, 0.005, plain("#f2ecdc"), rounding=0)
    parts = (
        body,
        neck,
        _headstock(shape, plain("#5a3019", gloss=0.18), brass(), taper=1.25),
        _strings(shape, plain("#d8d2c4", gloss=0.18)),
        tie_block.moved(y=shape.bridge - 0.006, z=0.005),
        saddle.moved(y=shape.bridge, z=0.0115),
    )
    return _on_stand(join(*parts), shape)


def electric():
    """Draw a solid-body guitar with a sunburst, two pickups and four knobs."""
    shape = ELECTRIC
    outline = spline(SINGLE_CUT, 110, closed=True)
    top = painted(_sunburst(outline), gloss=0.24)
    body = _body(shape, plain("#3a0d08", gloss=0.24), top, outline=outline, rounding=0.009)
    neck = _neck(shape, plain("#571c10", gloss=0.22), plain("#24140d", gloss=0.15))
    parts = (
        body,
        neck,
        _headstock(shape, plain("#120d0b", gloss=0.24), chrome(), taper=1.2),
        _strings(shape, chrome()),
        *_hardware(shape),
    )
    return _on_stand(join(*parts), shape)


# --------------------------------------------------------------------------- parts


def _body(shape, sides, top, *, outline=None, rounding=0.004):
    """Box of the body, its top at z = 0."""
    outline = shape.outline() if outline is None else outline
    solid = extrude(outline, shape.depth, sides, rounding=rounding, end=top)
    return solid.moved(z=-shape.depth / 2)


def _neck(shape, wood_finish, board_finish):
    """Round back and flat fingerboard with its frets."""
    low, high = shape.fret(shape.frets) - 0.008, shape.nut
    heel, joint = shape.fret(shape.joint), shape.fret(shape.joint - 2)
    thick = shape.depth * 0.55
    back = loft(
        [
            _round_back(shape, heel - 0.012, thick),
            _round_back(shape, heel + 0.012, thick * 0.8),
            _round_back(shape, joint, 0.022),
            _round_back(shape, high, 0.020),
        ],
        wood_finish,
    )
    board = loft([_rectangle(shape, low, 0.0065), _rectangle(shape, high, 0.0065)], board_finish)
    nut = box(shape.neck_width, 0.004, 0.009, plain("#efe9d8"), rounding=0)
    frets = [
        box(_width_at(shape, y) * 0.98, 0.0022, 0.0015, chrome(), rounding=0).moved(y=y, z=0.0068)
        for y in map(shape.fret, range(1, shape.frets + 1))
    ]
    dots = [
        lathe([(0.0032, 0), (0.0032, 0.0004)], plain("#e8e2d0"), sides=10)
        .turned("x", 90)
        .moved(y=(shape.fret(k) + shape.fret(k - 1)) / 2, z=0.0064)
        for k in (3, 5, 7, 9, 12, 15)
    ]
    return join(back, board, nut.moved(y=shape.nut + 0.002, z=0.0045), *frets, *dots)


def _width_at(shape, y):
    """Width of the fingerboard, which opens towards the body."""
    return shape.neck_width * (1 + 0.32 * (shape.nut - y) / (shape.nut - shape.bridge) / 0.75)


def _round_back(shape, y, thickness):
    """Ring of the neck at height y: flat in front at z = 0, half an ellipse behind."""
    angle = np.linspace(0, np.pi, 13)
    half = _width_at(shape, y) / 2
    return np.stack([half * np.cos(angle), np.full(13, y), -thickness * np.sin(angle)], axis=1)


def _rectangle(shape, y, thickness):
    """Ring of the fingerboard at height y."""
    half = _width_at(shape, y) / 2
    corners = [(half, thickness), (half, 0), (-half, 0), (-half, thickness)]
    return [(x, y, z) for x, z in corners]


def _headstock(shape, finish, metal, *, taper):
    """Plate with six pegs, bent back behind the nut."""
    low, high, length = shape.neck_width / 2, shape.neck_width / 2 * taper * 1.25, 0.175
    half = [(low, 0), (high * 0.95, 0.035), (high, length * 0.9), (high * 0.8, length)]
    plate = extrude(mirrored([*half, (0, length * 0.98)]), 0.015, finish, rounding=0.002)
    heights = (0.045, 0.085, 0.125)
    pegs = [_peg(metal, side, high, y) for y in heights for side in (-1, 1)]
    return join(plate, *pegs).turned("x", -13).moved(y=shape.nut + 0.003, z=-0.006)


def _peg(metal, side, half, y):
    """Post in front of the plate, and the button beside it."""
    post = lathe([(0.004, 0), (0.003, 0.016)], metal, sides=8).turned("x", 90)
    ball = [(0, 0), (0.004, 0.001), (0.004, 0.012), (0.009, 0.017), (0.009, 0.024), (0, 0.026)]
    button = lathe(ball, metal, sides=10).turned("z", -90 * side)
    return join(
        post.moved(x=side * half * 0.55, y=y, z=0.006), button.moved(x=side * half * 0.95, y=y)
    )


def _strings(shape, finish):
    """Six strings from bridge to nut, fanning together."""
    at_bridge = np.linspace(-0.029, 0.029, 6)
    at_nut = np.linspace(-0.42, 0.42, 6) * shape.neck_width
    gauge = np.linspace(0.0008, 0.0005, 6)
    paths = [
        [(low, shape.bridge, 0.0125), (high, shape.nut + 0.003, 0.0095)]
        for low, high in zip(at_bridge, at_nut, strict=True)
    ]
    return join(*(tube(p, r, finish, sides=3) for p, r in zip(paths, gauge, strict=True)))


def _hardware(shape):
    """Bridge, pickups and knobs of the electric guitar."""
    metal, black, amber = chrome(), plain("#171412", gloss=0.22), plain("#c98a2b", gloss=0.24)
    bridge = box(0.085, 0.016, 0.011, metal, rounding=0.003).moved(y=shape.bridge, z=0.0055)
    tail = box(0.09, 0.014, 0.010, metal, rounding=0.004).moved(y=shape.bridge - 0.04, z=0.005)
    pickup = join(
        box(0.088, 0.044, 0.005, black, rounding=0.002).moved(z=0.0025),
        box(0.07, 0.036, 0.008, metal, rounding=0.002).moved(z=0.004),
    )
    knob = lathe([(0.012, 0), (0.010, 0.015), (0.009, 0.016)], amber, sides=20).turned("x", 90)
    places = ((0.105, 0.165), (0.130, 0.120), (0.085, 0.095), (0.112, 0.062))
    return (
        bridge,
        tail,
        pickup.moved(y=shape.bridge + 0.045),
        pickup.moved(y=shape.bridge + 0.15),
        *(knob.moved(x, y) for x, y in places),
    )


# --------------------------------------------------------------------------- painted tops


def _soundboard(shape, light, dark, *, seed, pickguard=False):
    """Soundboard with binding, rosette and sound hole, (512, 512, 3)."""
    outline = shape.outline()
    low, extent = outline.min(axis=0), np.ptp(outline, axis=0)
    canvas = Drawing(512, 512, blend(light, dark, wood_grain(512, seed=seed, rings=40)))

    def at(x, y):
        return (x - low[0]) / extent[0], 1 - (y - low[1]) / extent[1]

    hole_y = shape.fret(shape.frets) - 0.058
    edge = [at(x, y) for x, y in outline]
    canvas.line([*edge, *edge[:2]], "#2a1a10", 0.022)
    canvas.line([*edge, *edge[:2]], "#efe3c4", 0.012)
    if pickguard:
        canvas.polygon(
            [at(x, hole_y + y) for x, y in spline(PICKGUARD, 48, closed=True)], "#1c1310"
        )
    hole = shape.scale * 0.078
    for grown, color in ROSETTE:
        _hole(canvas, at(0, hole_y), hole * grown / extent[0], extent, color)
    return canvas.pixels()


def _hole(canvas, center, radius, extent, color):
    """Disc that is round on the guitar, though the picture is stretched."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    stretch = radius * extent[0] / extent[1]
    points = zip(
        center[0] + radius * np.cos(angle), center[1] + stretch * np.sin(angle), strict=True
    )
    canvas.polygon(list(points), color)


def _sunburst(outline):
    """Honey in the middle, through red to nearly black at the rim, (128, 128, 3)."""
    low, extent = outline.min(axis=0), np.ptp(outline, axis=0)
    share = (np.arange(128) + 0.5) / 128
    x, y = low[0] + share * extent[0], low[1] + (1 - share[:, None]) * extent[1]
    place = np.stack(np.broadcast_arrays(x, y), axis=-1)
    rim = np.min(np.linalg.norm(place[:, :, None] - outline, axis=-1), axis=-1)
    honey, red, black = (np.array(linear(c)) for c in ("#e2a03a", "#a3300f", "#1c0906"))
    inner = np.clip((rim - 0.035) / 0.06, 0, 1)[..., None]
    outer = np.clip(rim / 0.035, 0, 1)[..., None]
    figure = 1 - 0.25 * wood_grain(128, seed=9, rings=9)[..., None]
    mixed = black + (red - black) * outer + (honey - red) * inner * outer
    return np.rint(255 * np.clip(mixed * figure, 0, 1) ** (1 / 2.2)).astype(np.uint8)


# --------------------------------------------------------------------------- stand


def _on_stand(guitar, shape):
    """Lean the guitar on a tubular stand; returns the solid and where it sounds."""
    stand = _stand(shape, plain("#17181a", gloss=0.18), plain("#0e0e0f"))
    upright = join(guitar.moved(z=0.5 * shape.depth), stand).turned("x", -LEAN_DEG)
    lean = np.radians(LEAN_DEG)
    source = np.array([0.0, SOURCE_HEIGHT * np.cos(lean), -SOURCE_HEIGHT * np.sin(lean)])
    legs = _legs(plain("#17181a", gloss=0.18))
    return join(upright.moved(y=REST_HEIGHT), legs), source + (0, REST_HEIGHT, 0)


def _stand(shape, metal, rubber):
    """Post behind the guitar, a fork under the body and a rest behind the neck."""
    back = -shape.depth / 2 - 0.03
    rest = shape.fret(5)
    post = tube([(0, -0.10, back), (0, rest, back)], 0.011, metal, sides=10)
    front = shape.depth / 2 + 0.02
    fork = [(0, -0.04, back), (0.06, -0.03, back + 0.01), (0.075, -0.012, 0)]
    fork += [(0.075, -0.012, front), (0.075, 0.02, front + 0.01)]
    arms = [tube(spline(np.multiply(fork, (s, 1, 1)), 14), 0.0095, rubber) for s in (-1, 1)]
    neck_back = shape.depth / 2 - 0.024
    yoke = tube([(0, rest - 0.02, back), (0, rest - 0.02, neck_back)], 0.012, rubber)
    return join(post, *arms, yoke)


def _legs(metal):
    """Three legs from the post to the floor."""
    top = np.array([0.0, REST_HEIGHT - 0.06, -0.07])
    feet = [(0.20, 0.010, 0.13), (-0.20, 0.010, 0.13), (0.0, 0.010, -0.27)]
    return join(*(tube([top, foot], 0.010, metal) for foot in feet))


FINISHED = (dreadnought, classical, electric)
