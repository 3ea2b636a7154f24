"""What belongs into a room of each kind, and where."""

import numpy as np

from simbinaural.scenes.procedural.furniture.bathroom import (
    bathtub,
    shower,
    toilet,
    towel_rail,
    washstand,
)
from simbinaural.scenes.procedural.furniture.bedroom import bed, bed_group
from simbinaural.scenes.procedural.furniture.greenery import plant
from simbinaural.scenes.procedural.furniture.kitchen import MODULE, fridge, kitchen_run
from simbinaural.scenes.procedural.furniture.seating import armchair, bench, pouf, sofa
from simbinaural.scenes.procedural.furniture.smalls import floor_lamp
from simbinaural.scenes.procedural.furniture.storage import (
    bookshelf,
    decorated_sideboard,
    dresser,
    television_bench,
    wardrobe,
)
from simbinaural.scenes.procedural.furniture.tables import (
    coffee_table,
    console,
    desk_group,
    dining_group,
    side_table,
)
from simbinaural.scenes.procedural.placing import FloorSpace, wall_pose


def furnish(room, style, rng):
    """Choose and place the furniture of a room.

    Parameters
    ----------
    room : PlannedRoom
    style : Style
    rng : numpy.random.Generator

    Returns
    -------
    list of Placed
        In the order of their importance.
    """
    space = FloorSpace(room)
    FURNISHERS[room.kind](space, style, rng)
    return space.placed


def _area(space):
    """Floor area of a room."""
    x, z = space.room.polygon.T
    return 0.5 * float(np.sum(x * np.roll(z, -1) - np.roll(x, -1) * z))


def _living(space, style, rng):
    """Sofa with a table before it, television, shelves, plants."""
    seat = _seating(space, style, rng)
    area = _area(space)
    if seat and rng.random() < 0.8:
        _face(space, seat, television_bench(style, rng), rng)
    if area > 40 or (area > 26 and rng.random() < 0.6):
        _dine(space, style, rng, seats=4, margin=0.7)
    for _ in range(1 + (area > 30) + (area > 45)):
        space.at_wall(bookshelf(style, rng), rng, where="corner")
    space.at_wall(decorated_sideboard(style, rng), rng)
    if area > 40:
        _seating(space, style, rng)
    _accents(space, style, rng, plants=1 + (area > 22) + (area > 40))


def _seating(space, style, rng):
    """Place a sofa, and before it a low table, beside it an armchair; return the sofa."""
    seat = space.at_wall(sofa(style, rng), rng, where="middle")
    if not seat:
        space.at_wall(armchair(style, rng), rng, where="corner")
        return None
    low = coffee_table(style, rng)
    ahead = seat.piece.depth + 0.36
    table = space.put(low, *seat.world(0, ahead), seat.quarters)
    if table and rng.random() < 0.75:
        side = 1 if rng.random() < 0.5 else -1
        chair = armchair(style, rng)
        # It looks across the table: to -x when it stands on the side of +x.
        back = side * (low.width / 2 + 0.35 + chair.depth)
        place = seat.world(back, ahead + low.depth / 2 + 0.1)
        space.put(chair, *place, seat.quarters - side)
    for side in (-1, 1):
        if rng.random() < 0.4:
            small = side_table(style, rng) if rng.random() < 0.6 else floor_lamp(style, rng)
            x = side * (seat.piece.width / 2 + small.width / 2 + 0.06)
            space.put(small, *seat.world(x, 0.08), seat.quarters)
    return seat


def _dine(space, style, rng, *, seats, margin):
    """Place a table with as many seats as fit."""
    for count in range(seats, 1, -2):
        if space.in_the_open(dining_group(style, rng, seats=count), rng, margin=margin):
            return


def _face(space, seat, piece, rng):
    """Place a piece at the wall that a seat looks at, straight across if possible."""
    for wall, middle in space.opposite(seat):
        length, half = space.room.wall(wall)[3], piece.width / 2
        for shift in (0.0, 0.4, -0.4, 0.8, -0.8):
            along = float(
                np.clip(middle + shift, half + 0.02, max(half + 0.02, length - half - 0.02))
            )
            x, z, quarters = wall_pose(space.room, wall, along)
            if _hides_no_window(space, piece, wall, along) and space.put(piece, x, z, quarters):
                return
    space.at_wall(piece, rng)


def _hides_no_window(space, piece, wall, along):
    """Whether a piece at a wall stands beside or below all openings."""
    half = piece.width / 2
    return all(
        each.wall != wall
        or along + half < each.start
        or along - half > each.end
        or (each.kind == "window" and piece.height < each.bottom)
        for each in space.room.openings
    )


def _dining(space, style, rng):
    """Large table, sideboard, plant."""
    seats = 6 if _area(space) > 13 else 4
    _dine(space, style, rng, seats=seats, margin=0.4)
    space.at_wall(decorated_sideboard(style, rng), rng)
    if rng.random() < 0.5:
        space.at_wall(bookshelf(style, rng), rng, where="corner")
    _accents(space, style, rng, plants=1)


def _kitchen(space, style, rng):
    """Counter along the longest free wall, and a table where there is room."""
    _place_kitchen(space, style, rng, 7)
    if _area(space) > 9:
        _dine(space, style, rng, seats=4 if _area(space) > 13 else 2, margin=0.35)
    if _area(space) > 12 and rng.random() < 0.5:
        space.at_wall(decorated_sideboard(style, rng), rng)
    _accents(space, style, rng, plants=1)


def _place_kitchen(space, style, rng, most):
    """Place the longest counter that fits: with tall units, or low and under a window."""
    lengths = [space.room.wall(wall)[3] for wall in range(len(space.room.polygon))]
    walls = np.argsort(lengths)[::-1]
    most = min(most, int(max(lengths) / MODULE))
    for modules in range(most, 3, -1):
        run = kitchen_run(style, modules=modules)
        if space.at_wall(run, rng, where="corner", walls=walls):
            return
    for modules in range(min(most, 5), 2, -1):
        run = kitchen_run(style, modules=modules, tall=False)
        if space.at_wall(run, rng, where="corner", walls=walls):
            space.at_wall(fridge(style), rng, where="corner")
            return


def _bedroom(space, style, rng):
    """Bed, wardrobe, and more where it fits."""
    widths = (1.8, 1.6, 1.4, 0.9) if _area(space) > 11 else (1.4, 0.9)
    for width in widths[int(rng.integers(2)) :]:
        if space.at_wall(bed_group(style, rng, width=width), rng, where="middle"):
            break
    else:
        space.at_wall(bed(style, rng, width=0.9), rng, where="corner")
    space.at_wall(wardrobe(style, rng), rng, where="corner")
    more = [dresser, desk_group, armchair, bookshelf]
    for make in (more[k] for k in rng.permutation(4)[: 1 + int(_area(space) > 13)]):
        space.at_wall(make(style, rng), rng)
    _accents(space, style, rng, plants=1)


def _study(space, style, rng):
    """Desk, books, a seat to read in."""
    space.at_wall(desk_group(style, rng), rng, where="middle")
    for _ in range(2):
        space.at_wall(bookshelf(style, rng), rng, where="corner")
    seat = space.at_wall(armchair(style, rng), rng, where="corner")
    if seat and rng.random() < 0.6:
        x = seat.piece.width / 2 + 0.3
        space.put(
            side_table(style, rng), *seat.world(x if rng.random() < 0.5 else -x, 0.1), seat.quarters
        )
    if _area(space) > 11:
        space.at_wall(decorated_sideboard(style, rng), rng)
    _accents(space, style, rng, plants=1)


def _bathroom(space, style, rng):
    """Basin, toilet, tub, towels."""
    space.at_wall(toilet(style, rng), rng, where="corner")
    space.at_wall(washstand(style, rng), rng)
    wash = [bathtub, shower] if rng.random() < 0.65 else [shower, bathtub]
    for make in wash:
        if space.at_wall(make(style, rng), rng, where="corner"):
            break
    space.at_wall(towel_rail(style, rng), rng)


def _hall(space, style, rng):
    """Little: a console, a bench, a cabinet for coats."""
    makers = [console, bench, wardrobe]
    for make in (makers[k] for k in rng.permutation(3)[:2]):
        space.at_wall(make(style, rng), rng)
    if _area(space) > 9:
        _accents(space, style, rng, plants=1)


def _studio(space, style, rng):
    """All of life in one room."""
    space.at_wall(bed_group(style, rng, width=1.6), rng, where="corner")
    _place_kitchen(space, style, rng, 5)
    seat = _seating(space, style, rng)
    if seat:
        _face(space, seat, television_bench(style, rng), rng)
    _dine(space, style, rng, seats=4, margin=0.6)
    space.at_wall(wardrobe(style, rng), rng, where="corner")
    space.at_wall(desk_group(style, rng), rng)
    for _ in range(2):
        space.at_wall(bookshelf(style, rng), rng, where="corner")
    _accents(space, style, rng, plants=2)


def _accents(space, style, rng, *, plants):
    """Plants and a lamp in what corners are left."""
    for _ in range(plants):
        if rng.random() < 0.7:
            space.at_wall(plant(style, rng), rng, where="corner")
    if rng.random() < 0.25:
        space.at_wall(pouf(style, rng), rng)


FURNISHERS = {
    "living": _living,
    "dining": _dining,
    "kitchen": _kitchen,
    "bedroom": _bedroom,
    "study": _study,
    "bathroom": _bathroom,
    "hall": _hall,
    "studio": _studio,
}
