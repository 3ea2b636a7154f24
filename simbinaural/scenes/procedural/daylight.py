"""What lights a home: sky, windows, lamps."""

import numpy as np

from simbinaural.scenes.procedural.assembly import Finish
from simbinaural.scenes.procedural.layout import OUTER_WALL
from simbinaural.scenes.procedural.shell import UP, WallFrame, rectangles
from simbinaural.scenes.procedural.solids import lathe, rods
from simbinaural.scenes.procedural.surface import boxes, join, rectangle
from simbinaural.scenes.scene import Light, Sky

LAMP_RADIANCE = np.array([1.0, 0.87, 0.72]) * 6
FLOOR_PER_LAMP = 16.0
"""Square metres that one lamp lights."""

GLOW = Finish("lamp", (1.0, 0.88, 0.72), "glass_3mm")
WHITE = Finish("paint", (0.85, 0.84, 0.82), "hard_surface")


def draw_sky(rng):
    """Draw the weather: from a clear day with sun to an overcast one."""
    clear = rng.uniform(0, 1)
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(18, 55))
    sun = np.array(
        [
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
            np.cos(elevation) * np.cos(azimuth),
        ]
    )
    blue = np.array([0.62, 0.8, 1.15]) * clear + np.array([0.92, 0.97, 1.05]) * (1 - clear)
    warm = np.array([1.0, 0.9, 0.74]) ** (1.6 - np.degrees(elevation) / 60)
    return Sky(
        sun_direction=sun,
        sun_irradiance=warm * (1.0 + 8.0 * clear) * (clear > 0.25),
        zenith=1.3 * blue,
        horizon=np.array([1.55, 1.6, 1.65]) * (1.2 - 0.2 * clear),
        ground=np.array([0.42, 0.45, 0.36]) * rng.uniform(0.7, 1.2),
    )


def window_lights(room, index, sky):
    """Skylight through the windows of a room, as one rectangle each."""
    radiance = 0.35 * sky.zenith + 0.4 * sky.horizon + 0.25 * sky.ground
    lights = []
    for opening in room.openings:
        if opening.kind == "window":
            frame = WallFrame(room, opening.wall)
            lights.append(
                Light(
                    frame.point(opening.start, opening.bottom, -OUTER_WALL),
                    frame.along * (opening.end - opening.start),
                    UP * (opening.top - opening.bottom),
                    radiance,
                    index,
                )
            )
    return lights


def lamp_places(room):
    """World x, z (lamps, 2) of the ceiling lamps of a room."""
    places = []
    for x0, z0, x1, z1 in rectangles(room.polygon):
        width, depth = x1 - x0, z1 - z0
        if min(width, depth) < 1.0 and len(room.polygon) > 4:
            continue
        count = max(1, round(width * depth / FLOOR_PER_LAMP))
        across = max(1, round(np.sqrt(count * width / depth)))
        down = max(1, round(count / across))
        for i in range(across):
            for j in range(down):
                places.append((x0 + width * (i + 0.5) / across, z0 + depth * (j + 0.5) / down))
    return np.array(places)


def hang_lamps(assembly, room, index, kind):
    """Add the ceiling lamps of a room and return their lights.

    Parameters
    ----------
    assembly : Assembly
        Receives the fixtures.
    room : PlannedRoom
    index : int
        Of the room.
    kind : str
        ``disk``, ``panel`` or ``pendant``.

    Returns
    -------
    list of Light
    """
    # A pendant over a walkway is for tall rooms.
    if kind == "pendant" and (room.height < 2.5 or room.kind in ("hall", "bathroom")):
        kind = "disk"
    lights = []
    for x, z in lamp_places(room):
        here = np.array([x, room.height, z])
        half = FIXTURES[kind](assembly, here, index)
        drop = here - (half, PENDANT_DROP + 0.22 if kind == "pendant" else 0.075, half)
        edge = 2 * half
        lights.append(
            Light(
                drop,
                np.array([edge, 0, 0]),
                np.array([0, 0, edge]),
                LAMP_RADIANCE * 0.16 / edge**2,
                index,
            )
        )
        if kind == "pendant":
            above = here - (half, PENDANT_DROP - 0.02, -half)
            lights.append(
                Light(
                    above,
                    np.array([edge, 0, 0]),
                    np.array([0, 0, -edge]),
                    LAMP_RADIANCE * 0.05 / edge**2,
                    index,
                )
            )
    return lights


PENDANT_DROP = 0.45


def _disk(assembly, here, index):
    """Flat round lamp on the ceiling."""
    rim = lathe([(0.22, -0.06), (0.235, -0.05), (0.235, 0.0)], segments=20)
    bowl = lathe([(0.0, -0.07), (0.12, -0.068), (0.22, -0.06)], segments=20)
    assembly.add(rim.moved(here), WHITE, index)
    assembly.add(bowl.moved(here), GLOW, index)
    return 0.2


def _panel(assembly, here, index):
    """Square panel with a white rim."""
    frame = boxes(
        [(-0.3, -0.05, -0.3), (0.28, -0.05, -0.3), (-0.28, -0.05, -0.3), (-0.28, -0.05, 0.28)],
        [(-0.28, 0, 0.3), (0.3, 0, 0.3), (0.28, 0, -0.28), (0.28, 0, 0.3)],
        without=("top",),
    )
    pane = rectangle((-0.28, -0.045, -0.28), (0.56, 0, 0), (0, 0, 0.56))
    assembly.add(frame.moved(here), WHITE, index)
    assembly.add(pane.moved(here), GLOW, index)
    return 0.25


def _pendant(assembly, here, index):
    """Shade on a cord, open below, a glowing bulb in it."""
    drop = PENDANT_DROP
    cord = rods((0, -drop, 0), (0, 0, 0), 0.006, segments=4)
    outside = [(0.2, -drop - 0.2), (0.19, -drop - 0.12), (0.13, -drop - 0.03), (0.03, -drop)]
    inside = [
        (0.0, -drop - 0.01),
        (0.12, -drop - 0.04),
        (0.18, -drop - 0.125),
        (0.19, -drop - 0.2),
    ]
    shade = join([lathe(outside, segments=20), lathe(inside, segments=20)])
    bulb = lathe(
        [(0, -drop - 0.19), (0.05, -drop - 0.16), (0.06, -drop - 0.12), (0.03, -drop - 0.05)],
        segments=10,
    )
    assembly.add(join([cord, shade]).moved(here), WHITE, index)
    assembly.add(bulb.moved(here), GLOW, index)
    return 0.15


FIXTURES = {"disk": _disk, "panel": _panel, "pendant": _pendant}
