"""Telephones: a rotary one, a smartphone in its dock, a cordless one in its cradle, an office one.

A telephone is drawn standing on y = 0 and facing the reader.
"""

import numpy as np

from simbinaural.sources.finishes import Drawing, blend, chrome, painted, plain
from simbinaural.sources.outlines import rounded_rectangle, spline
from simbinaural.sources.solids import box, extrude, join, lathe, loft, tube


def rotary():
    """Draw a rotary dial telephone; returns the solid and where it sounds."""
    shell = plain("#8f1414", gloss=0.24)
    body = loft(
        [
            _slab(0.004, 0.186, 0.200, 0.0, 0.03),
            _slab(0.010, 0.200, 0.214, 0.0, 0.03),
            _slab(0.026, 0.200, 0.212, -0.001, 0.03),
            _slab(0.040, 0.194, 0.188, -0.010, 0.03),
            _slab(0.066, 0.176, 0.142, -0.028, 0.028),
            _slab(0.096, 0.150, 0.092, -0.047, 0.026),
            _slab(0.106, 0.134, 0.070, -0.054, 0.022),
            _slab(0.110, 0.118, 0.052, -0.058, 0.018),
        ],
        shell,
    )
    dial = _dial().turned("x", 34).moved(y=0.068, z=0.050)
    prong = box(0.012, 0.026, 0.018, shell, rounding=0.004)
    prongs = [prong.moved(x, 0.118, z) for x in (-0.045, 0.045) for z in (-0.084, -0.034)]
    handset = _handset(shell).moved(y=0.136, z=-0.058)
    feet = [lathe([(0.012, 0), (0.012, 0.006)], plain("#101010"), sides=12)]
    feet = [feet[0].moved(x, 0, z) for x in (-0.07, 0.07) for z in (-0.08, 0.08)]
    cord = _cord([(-0.100, 0.112, -0.058), (-0.135, 0.03, -0.03), (-0.120, 0.012, 0.045),
                  (-0.092, 0.02, 0.03)], shell)  # fmt: skip
    return join(body, dial, *prongs, handset, *feet, cord), np.array([0.0, 0.045, 0.0])


def smartphone():
    """Draw a smartphone that rings, upright in a dock; returns the solid and where it sounds."""
    width, height, thick, lean = 0.079, 0.165, 0.0088, 18
    frame, glass = plain("#2b2d31", gloss=0.24), plain("#0a0b0d", gloss=0.25)
    outline = rounded_rectangle(width, height, 0.011)
    phone = extrude(outline, thick, frame, rounding=0.0022, steps=2, start=glass, end=glass)
    screen = _plate(
        width - 0.006, height - 0.006, painted(_call_screen(), gloss=0.16, emission=0.6)
    )
    camera = box(0.030, 0.032, 0.004, glass, rounding=0.0015)
    lenses = [
        lathe([(0.0055, 0), (0.0055, 0.003)], chrome(), sides=14, end=glass)
        .turned("x", -90)
        .moved(0.022 + dx, 0.060 + dy, -thick / 2 - 0.001)
        for dx, dy in ((-0.006, 0.007), (-0.006, -0.007), (0.007, 0.0))
    ]
    phone = join(
        phone,
        screen.moved(z=thick / 2 + 0.0002),
        camera.moved(0.022, 0.060, -thick / 2 - 0.001),
        *lenses,
    )
    lift = 0.017 + height / 2 * np.cos(np.radians(lean))
    back = -height / 2 * np.sin(np.radians(lean))
    phone = phone.turned("x", -lean).moved(y=lift, z=back + 0.01)
    return join(phone, _dock(lean)), np.array([0.0, lift, back + 0.01])


def cordless():
    """Draw a cordless handset in its charging cradle; returns the solid and where it sounds."""
    shell, trim = plain("#24262b", gloss=0.2), plain("#aeb4bb", gloss=0.4)
    lean = 14
    rings = [(-0.078, 0.040, 0.020), (-0.074, 0.047, 0.026), (0.0, 0.045, 0.024),
             (0.06, 0.050, 0.027), (0.076, 0.044, 0.022), (0.080, 0.034, 0.014)]  # fmt: skip
    handset = loft([_slab(y, w, d, 0, 0.45 * d) for y, w, d in rings], shell)
    face = _plate(0.038, 0.104, painted(_cordless_face(), gloss=0.15)).moved(y=-0.004, z=0.0136)
    slot = box(0.014, 0.0025, 0.002, plain("#050505"), rounding=0).moved(y=0.066, z=0.0122)
    antenna = lathe([(0.006, 0), (0.005, 0.028), (0, 0.031)], shell, sides=10)
    parts = join(handset, face, slot, antenna.moved(x=0.013, y=0.074, z=-0.003))
    parts = parts.turned("x", -lean).moved(y=0.105, z=-0.012)
    return join(parts, _cradle(shell, trim)), np.array([0.0, 0.105, -0.012])


def office():
    """Draw an office telephone with its handset at the left; returns the solid and its source."""
    shell = plain("#35383d", gloss=0.16)
    face = painted(_office_face(), gloss=0.12)
    body = loft(
        [
            _slab(0.0, 0.212, 0.200, 0, 0.014),
            _wedge(0.012, 0.034, 0.218, 0.206, 0.016),
            _wedge(0.020, 0.072, 0.216, 0.204, 0.016),
            _wedge(0.024, 0.080, 0.206, 0.194, 0.012),
        ],
        shell,
        end=face,
    )
    slope = np.degrees(np.arctan2(0.080 - 0.024, 0.194))
    handset = _handset(plain("#1c1e21", gloss=0.18), length=0.185)
    handset = handset.turned("y", 90).turned("x", slope).moved(x=-0.074, y=0.080)
    cord = _cord([(-0.080, 0.050, 0.105), (-0.125, 0.012, 0.110), (-0.150, 0.012, 0.02),
                  (-0.108, 0.014, -0.06)], plain("#151618"))  # fmt: skip
    return join(body, handset, cord), np.array([0.03, 0.03, 0.0])


FINISHED = (rotary, smartphone, cordless, office)


# --------------------------------------------------------------------------- parts


def _slab(y, width, depth, z, radius):
    """Level ring at height y: a rectangle with round corners about (0, z)."""
    outline = rounded_rectangle(width, depth, radius, steps=5)
    return np.stack([outline[:, 0], np.full(len(outline), y), z - outline[:, 1]], axis=1)


def _wedge(front, back, width, depth, radius):
    """Ring that rises from height `front` to `back`."""
    ring = _slab(0, width, depth, 0, radius)
    ring[:, 1] = front + (back - front) * (0.5 - ring[:, 2] / depth)
    return ring


def _plate(width, height, finish):
    """Thin picture that faces the reader."""
    return box(width, height, 0.0006, plain("#08080a", gloss=0.22), rounding=0, end=finish)


def _handset(finish, *, length=0.205):
    """Receiver along x, its cups facing down."""
    half = length / 2 - 0.026
    arch = [(-half, 0.002, 0), (-0.6 * half, 0.016, 0), (0, 0.020, 0), (0.6 * half, 0.016, 0),
            (half, 0.002, 0)]  # fmt: skip
    radius = 0.0125 + 0.004 * np.abs(np.linspace(-1, 1, 16)) ** 3
    grip = tube(spline(arch, 16), radius, finish, sides=14)
    cup = [(0, -0.021), (0.020, -0.021), (0.027, -0.017), (0.028, -0.008), (0.022, 0.006),
           (0.012, 0.014), (0, 0.016)]  # fmt: skip
    cup = lathe(cup, finish, sides=24)
    return join(grip, cup.moved(x=-half), cup.moved(x=half))


def _cord(path, finish):
    """Coiled cord along a path."""
    turns, per_turn = 22, 7
    center = spline(path, turns * per_turn)
    tangent = np.gradient(center, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(tangent, (0.36, 0.48, 0.8))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    angle = 2 * np.pi * np.arange(turns * per_turn)[:, None] / per_turn
    coil = np.cos(angle) * side + np.sin(angle) * np.cross(tangent, side)
    return tube(center + 0.0062 * coil, 0.0021, finish, sides=4)


def _dial():
    """Number plate and finger wheel, its axis along y."""
    plate = lathe([(0.050, -0.006), (0.052, 0.002)], plain("#e9e6dc", gloss=0.18), sides=40)
    wheel = painted(_dial_picture(), gloss=0.18)
    disc = [(0.045, 0.002), (0.046, 0.005), (0.044, 0.0065)]
    disc = lathe(disc, plain("#1a1a1c", gloss=0.24), sides=40, end=wheel)
    hub = lathe([(0.016, 0.006), (0.015, 0.0085)], chrome(), sides=24, end=plain("#f3efe2"))
    stop = tube([(0.052, 0.004, 0.012), (0.042, 0.010, 0.010), (0.030, 0.010, 0.008)], 0.0016,
                chrome(), sides=6)  # fmt: skip
    return join(plate, disc, hub, stop)


def _dock(lean):
    """Weighted foot with a shelf and a back that leans."""
    foot = loft(
        [_slab(0, 0.094, 0.086, -0.012, 0.014), _slab(0.007, 0.094, 0.086, -0.012, 0.014),
         _slab(0.010, 0.088, 0.080, -0.012, 0.012)], plain("#c9ccd0", gloss=0.3),
    )  # fmt: skip
    shelf = box(0.060, 0.011, 0.026, plain("#c9ccd0", gloss=0.3), rounding=0.003)
    back = box(0.052, 0.085, 0.006, plain("#c9ccd0", gloss=0.3), rounding=0.002)
    back = back.moved(y=0.045, z=-0.009).turned("x", -lean)
    return join(foot, shelf.moved(y=0.013, z=0.012), back.moved(y=0.006, z=0.010))


def _cradle(shell, trim):
    """Charging base that opens upwards."""
    base = loft(
        [_slab(0, 0.080, 0.095, 0, 0.030), _slab(0.010, 0.086, 0.100, 0, 0.034),
         _slab(0.022, 0.082, 0.090, -0.002, 0.034), _slab(0.034, 0.064, 0.058, -0.002, 0.024),
         _slab(0.044, 0.058, 0.044, -0.001, 0.019)], shell,
    )  # fmt: skip
    light = lathe([(0.0028, 0), (0.0022, 0.0016)], plain("#39d353", gloss=0.15), sides=10)
    opening = [
        _slab(0.0435, 0.060, 0.046, -0.001, 0.019),
        _slab(0.047, 0.058, 0.044, -0.001, 0.018),
    ]
    rim = loft(opening, trim)
    return join(base, rim, light.turned("x", 30).moved(y=0.026, z=0.040))


# --------------------------------------------------------------------------- pictures


def _dial_picture():
    """Finger wheel with ten holes that show their digits, (256, 256, 3)."""
    canvas = Drawing(256, 256, "#d7d7d9")
    canvas.disc(0.5, 0.5, 0.49, "#26262a")
    for k, digit in enumerate("1234567890"):
        angle = np.radians(60 + 28 * k)
        x, y = 0.5 + 0.36 * np.cos(angle), 0.5 - 0.36 * np.sin(angle)
        canvas.disc(x, y, 0.088, "#c8c9cc")
        canvas.disc(x, y, 0.074, "#f1eee4")
        canvas.text(x, y, digit, "#111111", 0.11)
    return canvas.pixels()


def _call_screen():
    """Incoming call: a caller's portrait, decline and accept, (384, 192, 3)."""
    share = np.linspace(0, 1, 384)[:, None] * np.ones(192)
    canvas = Drawing(192, 384, blend("#1f4fa3", "#3a0f4f", share))
    canvas.text(0.5, 0.05, "9:41", "#ffffff", 0.035)
    canvas.disc(0.5, 0.34, 0.22, "#f2c9a0")
    canvas.disc(0.5, 0.305, 0.085, "#7a4a2d")
    canvas.polygon([(0.36, 0.425), (0.42, 0.365), (0.58, 0.365), (0.64, 0.425)], "#7a4a2d")
    canvas.text(0.5, 0.53, "Grace", "#ffffff", 0.065)
    canvas.text(0.5, 0.60, "incoming call", "#d8e2ff", 0.035)
    for x, color in ((0.26, "#ff3b30"), (0.74, "#34c759")):
        canvas.disc(x, 0.83, 0.13, color)
        canvas.box(x, 0.83, 0.13, 0.022, "#ffffff", radius=0.02)
    return canvas.pixels()


def _keys(canvas, columns, rows, labels, *, size, fill, ink):
    """Draw a grid of labeled keys."""
    for k, label in enumerate(labels):
        x, y = columns[k % len(columns)], rows[k // len(columns)]
        canvas.box(x, y + 0.006, *size, "#000000", radius=0.015)
        canvas.box(x, y, *size, fill, radius=0.015)
        canvas.text(x, y, label, ink, size[1] * 0.62)


def _cordless_face():
    """Small display above a keypad, (384, 128, 3)."""
    canvas = Drawing(128, 384, "#1a1b1f")
    canvas.box(0.5, 0.17, 0.86, 0.26, "#7d858c", radius=0.04)
    canvas.box(0.5, 0.17, 0.78, 0.23, "#ff9b3d", radius=0.02)
    canvas.text(0.5, 0.13, "12:30", "#2a1400", 0.07)
    canvas.text(0.5, 0.22, "CALL", "#2a1400", 0.06)
    canvas.box(0.22, 0.37, 0.30, 0.065, "#2fae4f", radius=0.08)
    canvas.box(0.78, 0.37, 0.30, 0.065, "#d23b34", radius=0.08)
    canvas.disc(0.5, 0.40, 0.13, "#8a9096")
    _keys(canvas, (0.2, 0.5, 0.8), (0.55, 0.66, 0.77, 0.88), "123456789*0#",
          size=(0.25, 0.08), fill="#e4e6e8", ink="#17181a")  # fmt: skip
    return canvas.pixels()


def _office_face():
    """Display, line keys and keypad right of the handset's bed, (384, 384, 3)."""
    canvas = Drawing(384, 384, "#3b3e44")
    canvas.box(0.17, 0.5, 0.26, 0.92, "#26282c", radius=0.03)
    canvas.box(0.66, 0.18, 0.58, 0.22, "#15171a", radius=0.02)
    canvas.box(0.66, 0.18, 0.53, 0.17, "#a9c7a0")
    canvas.text(0.66, 0.15, "Line 1", "#1c2a1a", 0.06)
    canvas.text(0.66, 0.22, "10:24", "#1c2a1a", 0.06)
    _keys(canvas, (0.44, 0.55, 0.66), (0.42, 0.54, 0.66, 0.78), "123456789*0#",
          size=(0.09, 0.085), fill="#dfe1e3", ink="#1a1b1d")  # fmt: skip
    for k in range(6):
        canvas.box(0.86, 0.39 + 0.085 * k, 0.15, 0.05, "#c5c8cc", radius=0.01)
        canvas.disc(0.755, 0.39 + 0.085 * k, 0.012, "#e04a3a" if k == 0 else "#3a6b45")
    canvas.box(0.55, 0.90, 0.31, 0.05, "#5b88b8", radius=0.02)
    return canvas.pixels()
