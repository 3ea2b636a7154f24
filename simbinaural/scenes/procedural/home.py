"""Homes by number: home 7 is the same for everybody."""

import numpy as np

from simbinaural.errors import require
from simbinaural.scenes.materials import OPENING
from simbinaural.scenes.procedural.assembly import Assembly
from simbinaural.scenes.procedural.daylight import draw_sky, hang_lamps, window_lights
from simbinaural.scenes.procedural.floorplan import draw_plan
from simbinaural.scenes.procedural.palette import draw_style
from simbinaural.scenes.procedural.shell import build_shell, wall_finish
from simbinaural.scenes.scene import Patch, Room, Scene

GLASS = "double_glazing_10mm"


def make_home(number):
    """Make a furnished home.

    Parameters
    ----------
    number : int
        From 0; each number is another home, and always the same one.

    Returns
    -------
    Scene
        Named ``procedural/NNNNN``. Its textures are shared with the other homes of the process.

    Raises
    ------
    InputError
        If the number is negative.
    """
    require(number >= 0, f"number must be at least 0, got {number}")
    # One stream for each part, so that a change of the furniture leaves the walls alone.
    plan, style, weather, _ = (
        np.random.default_rng([number, part]) for part in range(4)
    )
    rooms = draw_plan(plan)
    style = draw_style(rooms, style)
    sky = draw_sky(weather)
    assembly, lights, heard = Assembly(), [], []
    for index, room in enumerate(rooms):
        build_shell(assembly, room, index, style)
        lights += window_lights(room, index, sky)
        lights += hang_lamps(assembly, room, index, style.lamp)
        heard.append(_room(room, style, assembly.materials))
    mesh, textures, materials = assembly.build()
    return Scene(
        f"procedural/{number:05d}", mesh, textures, materials, tuple(heard), tuple(lights), sky
    )


def _room(room, style, materials):
    """Describe a room to the ears."""
    walls = [wall_finish(room, wall, style) for wall in range(len(room.polygon))]
    finishes = [*walls, style.floors[room.name], style.ceiling]
    patches = tuple(
        Patch(
            each.wall,
            np.array([each.start, each.bottom]),
            np.array([each.end, each.top]),
            materials[OPENING if each.kind == "door" else GLASS],
            each.kind,
        )
        for each in room.openings
    )
    return Room(
        room.name,
        room.kind,
        room.polygon,
        0.0,
        room.height,
        np.array([materials[finish.material] for finish in finishes]),
        patches,
    )
