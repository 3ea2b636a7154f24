"""Homes by number: home 7 is the same for everybody."""

from itertools import cycle

import numpy as np

from simbinaural.errors import require
from simbinaural.scenes.materials import OPENING
from simbinaural.scenes.procedural.assembly import Assembly
from simbinaural.scenes.procedural.daylight import draw_sky, hang_lamps, window_lights
from simbinaural.scenes.procedural.dressing import (
    hang_curtains,
    hang_pictures,
    lay_rug,
    place_radiators,
)
from simbinaural.scenes.procedural.floorplan import draw_plan
from simbinaural.scenes.procedural.furnishing import furnish
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.palette import draw_style
from simbinaural.scenes.procedural.shell import build_shell, wall_finish
from simbinaural.scenes.procedural.textures import PAINTINGS
from simbinaural.scenes.scene import Patch, Room, Scene, Support

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
    # A stream for each part and each room: a change of one leaves the others alone.
    plan, taste, weather = (np.random.default_rng([number, part]) for part in range(3))
    rooms = draw_plan(plan)
    style, sky = draw_style(rooms, taste), draw_sky(weather)
    designs = cycle(taste.permutation(PAINTINGS).tolist())
    assembly, lights, heard = Assembly(), [], []
    for index, room in enumerate(rooms):
        build_shell(assembly, room, index, style)
        lights += window_lights(room, index, sky)
        lights += hang_lamps(assembly, room, index, style.lamp)
        rng = np.random.default_rng([number, 3, index])
        heard.append(_furnished(assembly, room, index, style, designs, rng))
    mesh, textures, materials = assembly.build()
    return Scene(
        f"procedural/{number:05d}", mesh, textures, materials, tuple(heard), tuple(lights), sky
    )


def _furnished(assembly, room, index, style, designs, rng):
    """Furnish a room to the eye; return it as the ears know it."""
    placed = furnish(room, style, rng)
    interior = Piece(0, 0, 0)
    for each in (*placed, *place_radiators(room, placed)):
        interior.include(each.piece, (each.x, 0, each.z), each.quarters)
    for surface, finish in interior.parts:
        assembly.add(surface, finish, index)
    patches = [_patch(each, assembly.materials) for each in room.openings]
    patches += lay_rug(assembly, room, index, placed, rng)
    patches += hang_curtains(assembly, room, index, placed, style)
    hang_pictures(assembly, room, index, placed, style, designs, rng)
    return _room(room, style, assembly.materials, patches, interior)


def _patch(opening, materials):
    """Describe a door or a window to the ears."""
    return Patch(
        opening.wall,
        np.array([opening.start, opening.bottom]),
        np.array([opening.end, opening.top]),
        materials[OPENING if opening.kind == "door" else GLASS],
        opening.kind,
    )


def _room(room, style, materials, patches, interior):
    """Describe a room to the ears."""
    walls = [wall_finish(room, wall, style) for wall in range(len(room.polygon))]
    finishes = [*walls, style.floors[room.name], style.ceiling]
    solids = [np.stack(solid[:2]) for solid in interior.solids]
    return Room(
        room.name,
        room.kind,
        room.polygon,
        0.0,
        room.height,
        surfaces=np.array([materials[finish.material] for finish in finishes]),
        patches=tuple(patches),
        boxes=np.array(solids).reshape(-1, 2, 3),
        box_materials=np.array([materials[name] for _, _, name in interior.solids], dtype=int),
        supports=tuple(Support(*support) for support in interior.supports),
    )
