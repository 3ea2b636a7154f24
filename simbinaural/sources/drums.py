"""Drums: a snare on its stand, a floor tom, a djembe, a small drum kit.

A drum is drawn standing on y = 0 around the y axis, facing the reader.
"""

import numpy as np

from simbinaural.sources.finishes import (
    Drawing,
    blend,
    chrome,
    painted,
    plain,
    speckled,
    wood,
    wood_grain,
)
from simbinaural.sources.outlines import spline, straight
from simbinaural.sources.solids import box, hoop, join, lathe, tube


def snare():
    """Draw a snare drum on a tripod; returns the solid and where it sounds."""
    radius, depth, height = 0.178, 0.140, 0.62
    drum = _drum(radius, depth, wood("#8a3b1a", "#5a1f0c", seed=21, gloss=0.24), lugs=10)
    arms = _around(_basket_arm(radius), 3)
    stand = join(_tripod(height - 0.10, spread=0.24), arms.moved(y=height - 0.015))
    drum = drum.turned("x", 6).moved(y=height)
    return join(stand, drum), np.array([0.0, height + depth / 2, 0.0])


def floor_tom():
    """Draw a floor tom on three legs; returns the solid and where it sounds."""
    return _floor_tom(0.203, 0.40, _sparkle("#1f5fa8", "#0b2c5c", seed=22))


def djembe():
    """Draw a carved goblet drum with its ropes; returns the solid and where it sounds."""
    bowl, waist, foot, height = 0.165, 0.068, 0.118, 0.60
    curve = spline(
        [(foot, 0.012), (0.098, 0.10), (waist, 0.255), (0.086, 0.315), (0.150, 0.42),
         (bowl, 0.50), (bowl - 0.004, height - 0.006)], 22,
    )  # fmt: skip
    skin = speckled("#e8d6b4", "#c9ad80", seed=23, grain=4)
    carved = painted(_carving(), gloss=0.15)
    profile = [(foot - 0.012, 0), (foot, 0.006), *curve, (bowl - 0.012, height)]
    body = lathe(profile, carved, sides=40, end=skin)
    rope = plain("#d9d2bd")
    ropes = [_rope_ring(r, y, rope) for r, y in ((bowl + 0.004, 0.560), (bowl + 0.004, 0.530))]
    lacing = _lacing(bowl, rope)
    return join(body, *ropes, _rope_ring(0.104, 0.335, rope), lacing), np.array([0, 0.48, 0])


def kit():
    """Draw a kit of five drums and two cymbals; returns the solid and where it sounds."""
    shell = _sparkle("#b3121d", "#5e060c", seed=24)
    kick_radius, kick_depth = 0.255, 0.36
    front = painted(_kick_head(), gloss=0.12)
    kick = _drum(kick_radius, kick_depth, shell, lugs=8, top=front, sides=40, rims=shell)
    kick = kick.turned("x", 90).moved(y=kick_radius + 0.02, z=-kick_depth / 2)
    spur = tube([(0.2, 0.19, 0.1), (0.33, 0.008, 0.2)], 0.008, chrome())
    rack = _drum(0.127, 0.18, shell, lugs=6, sides=26).turned("x", -12).moved(y=0.60)
    mount = tube([(0, 0.5, -0.02), (0, 0.66, -0.02)], 0.013, chrome())
    tom, _ = _floor_tom(0.178, 0.36, shell, lugs=6, sides=28)
    side_drum = _drum(0.165, 0.13, chrome(), lugs=6, sides=26).moved(y=0.52)
    parts = (
        kick,
        spur,
        _mirror_turned(spur),
        rack.moved(x=-0.16),
        rack.moved(x=0.16),
        mount.moved(x=-0.08),
        mount.moved(x=0.08),
        tom.moved(x=-0.45, z=-0.34),
        side_drum.moved(x=0.41, z=-0.36),
        _tripod(0.50, spread=0.22).moved(x=0.41, z=-0.36),
        _hi_hat(0.80).moved(x=0.56, z=-0.10),
        _cymbal_stand(1.08, 0.20).moved(x=-0.43, z=0.0),
    )
    return join(*parts), np.array([0.0, kick_radius + 0.02, -0.04])


FINISHED = (snare, floor_tom, djembe, kit)


# --------------------------------------------------------------------------- drums


def _drum(radius, depth, shell, *, lugs, top=None, sides=36, rims=None):
    """Cylinder from y = 0 to `depth` with heads, hoops and lugs."""
    head = speckled("#f4f2ec", "#e2dfd6", seed=25, grain=3)
    rim = 0.006
    # Rings just inside of the hoops: those under them see no light.
    shell_rings = [(radius, y) for y in (0, 0.018, depth - 0.018, depth)]
    profile = [(radius - 0.004, -rim), *shell_rings, (radius - 0.004, depth + rim)]
    rings = [_hoop(radius, y, rims or chrome(), sides) for y in (0.0, depth)]
    lug = box(0.016, min(0.05, 0.4 * depth), 0.02, chrome(), rounding=0)
    rod = tube(
        straight((0, -0.008, 0.004), (0, depth + 0.008, 0.004), parts=3), 0.003, chrome(), sides=4
    )
    lug = join(lug.moved(y=depth / 2), rod).moved(z=radius + 0.008)
    body = lathe(profile, shell, sides=sides, start=head, end=top or head).tiled(3, 1)
    return join(body, *rings, _around(lug, lugs))


def _hoop(radius, y, finish, sides):
    """Flat ring around the edge of a drum."""
    section = [(0.001, -0.011), (0.007, -0.011), (0.007, 0.011), (0.001, 0.011)]
    return hoop([(radius + dr, y + dy) for dr, dy in section], finish, sides=sides)


def _floor_tom(radius, depth, shell, *, lugs=8, sides=36):
    """Drum on three legs, and where it sounds."""
    low = 0.20
    drum = _drum(radius, depth, shell, lugs=lugs, sides=sides).moved(y=low)
    path = [(0, low + 0.24, 0), (0, 0.08, 0), (0, 0.02, 0.02), (0, 0.008, 0.045)]
    leg = join(
        tube(spline(path, 8), 0.006, chrome(), sides=6),
        box(0.03, 0.05, 0.022, chrome(), rounding=0.004).moved(y=low + 0.17, z=-0.006),
    )
    legs = _around(leg.moved(z=radius + 0.016), 3)
    return join(drum, legs.turned("y", 30)), np.array([0.0, low + depth / 2, 0.0])


def _around(solid, count):
    """Repeat a solid in a circle about the y axis."""
    return join(*(solid.turned("y", 360 * k / count) for k in range(count)))


def _mirror_turned(solid):
    """Put a copy of what stands at the right to the left, by half a turn and a step forward."""
    depth = solid.vertices[:, 2].min() + solid.vertices[:, 2].max()
    return solid.turned("y", 180).moved(z=depth)


# --------------------------------------------------------------------------- stands and cymbals


def _tripod(height, *, spread):
    """Post on three legs."""
    post = tube(straight((0, 0.06, 0), (0, height, 0), parts=6), 0.012, chrome(), sides=8)
    leg = [*straight((0, 0.26, 0.01), (0, 0.02, spread)), (0, 0.010, spread + 0.02)]
    strut = straight((0, 0.10, 0.01), (0, 0.115, spread * 0.58))
    legs = join(tube(leg, 0.008, chrome(), sides=6), tube(strut, 0.006, chrome(), sides=4))
    collar = lathe([(0.02, 0.23), (0.02, 0.29)], plain("#1b1b1d"), sides=12)
    foot = lathe([(0.013, 0), (0.013, 0.025)], plain("#111112"), sides=8)
    return join(post, collar, _around(join(legs, foot.moved(z=spread + 0.01)), 3))


def _basket_arm(radius):
    """One of the three arms that hold a snare from below."""
    reach = radius + 0.012
    path = [(0, -0.09, 0), (0, -0.03, reach * 0.55), (0, -0.012, reach), (0, 0.022, reach + 0.004)]
    return tube(spline(path, 12), 0.007, plain("#232325", gloss=0.18))


def _cymbal(radius):
    """Thin bronze bell and bow, upper side at y = 0 in the middle."""
    bronze = painted(_lathed_bronze(), gloss=0.35)
    upper = [(radius, -0.030), (radius * 0.6, -0.018), (radius * 0.22, -0.010), (0.022, 0.004)]
    lower = [(0.022, 0.002), (radius * 0.4, -0.016), (radius, -0.032)]
    profile = [(0, 0.002), *lower, *upper, (0, 0.007)]
    return lathe(profile, bronze, sides=28)


def _cymbal_stand(height, radius):
    """Tilted crash cymbal on a tripod."""
    nut = lathe([(0.012, 0), (0.008, 0.02), (0.003, 0.022)], plain("#151515"), sides=10)
    cymbal = join(_cymbal(radius), nut.moved(y=0.006)).turned("x", 14)
    return join(_tripod(height, spread=0.26), cymbal.moved(y=height + 0.004))


def _hi_hat(height):
    """Two cymbals face to face on a tripod with a rod."""
    upper = _cymbal(0.165).moved(y=height + 0.045)
    lower = _cymbal(0.165).turned("x", 180).moved(y=height - 0.035)
    rod = tube([(0, height - 0.05, 0), (0, height + 0.16, 0)], 0.004, chrome(), sides=6)
    return join(_tripod(height - 0.045, spread=0.2), upper, lower, rod)


# --------------------------------------------------------------------------- djembe


def _rope_ring(radius, y, finish):
    """Closed ring of rope."""
    angle = np.linspace(0, 2 * np.pi, 7)
    section = [(radius + 0.006 * np.cos(a), y + 0.006 * np.sin(a)) for a in angle[:-1]]
    return hoop(section, finish, sides=32)


def _lacing(bowl, finish):
    """Zigzag of rope between the rings."""
    turns = 14
    angle = 2 * np.pi * np.arange(2 * turns) / (2 * turns)
    high = np.arange(2 * turns) % 2 == 0
    radius, y = np.where(high, bowl + 0.006, 0.108), np.where(high, 0.532, 0.338)
    points = np.stack([radius * np.sin(angle), y, radius * np.cos(angle)], axis=1)
    bulge = (points + np.roll(points, -1, axis=0)) / 2
    bulge[:, [0, 2]] *= 1.13
    following = np.roll(points, -1, axis=0)
    paths = zip(points, bulge, following, strict=True)
    return join(*(tube(spline(path, 5), 0.0035, finish, sides=4) for path in paths))


def _carving():
    """Dark wood with two carved bands, (512, 512, 3)."""
    canvas = Drawing(512, 512, blend("#7a4322", "#3d1c0b", wood_grain(512, seed=26, rings=26)))
    for y in (0.985, 0.72):
        canvas.box(0.5, y, 1, 0.03, "#2a1208")
    for k in range(24):
        x = (k + 0.5) / 24
        canvas.polygon([(x - 0.018, 0.95), (x, 0.87), (x + 0.018, 0.95)], "#e0b26a")
        canvas.polygon([(x - 0.018, 0.79), (x, 0.87), (x + 0.018, 0.79)], "#2a1208")
    return canvas.pixels()[::-1]


# --------------------------------------------------------------------------- pictures


def _sparkle(light, dark, *, seed):
    """Lacquer with metal flakes."""
    noise = np.random.default_rng(seed).random((128, 128))
    return painted(blend(light, dark, 1 - noise**3), gloss=0.24)


def _lathed_bronze():
    """Fine circles as the lathe leaves them: v runs from the middle outwards and back."""
    noise = np.random.default_rng(27).random((256, 1)) * np.ones((1, 4))
    return blend("#caa04a", "#94702c", noise)


def _kick_head():
    """Black front head with a white ring and a port, (256, 256, 3)."""
    canvas = Drawing(256, 256, "#141416")
    canvas.disc(0.5, 0.5, 0.44, "#ece8de")
    canvas.disc(0.5, 0.5, 0.40, "#1b1b1e")
    canvas.polygon([(0.5, 0.16), (0.60, 0.43), (0.5, 0.36), (0.40, 0.43)], "#c9a24a")
    canvas.disc(0.68, 0.68, 0.10, "#c7c9cc")
    canvas.disc(0.68, 0.68, 0.085, "#050505")
    return canvas.pixels()
