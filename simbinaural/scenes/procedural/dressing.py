"""What dresses a furnished room: rugs, curtains, pictures."""

import numpy as np

from simbinaural.scenes.procedural.assembly import Finish
from simbinaural.scenes.procedural.furniture.smalls import radiator
from simbinaural.scenes.procedural.placing import BEHIND, Placed, overlap, wall_pose
from simbinaural.scenes.procedural.shell import WallFrame
from simbinaural.scenes.procedural.solids import rods, two_sided
from simbinaural.scenes.procedural.surface import boxes, join, rectangle
from simbinaural.scenes.procedural.textures import RUGS
from simbinaural.scenes.scene import Patch

RUG_ASPECT = 1.5
PICTURE_ASPECT = 4 / 3
RUG_MATERIAL = "carpet_soft_10mm"
RUG_SIZES = (3.0, 2.4, 1.8, 1.35)
BATH_MAT = 0.9
PICTURE_HEIGHT = 1.55
"""Middle of a picture above the floor."""


# --------------------------------------------------------------------------- rugs


def lay_rug(assembly, room, index, placed, rng):
    """Lay a rug where people gather; return its patches (none or one).

    Parameters
    ----------
    assembly : Assembly
        Receives the rug.
    room : PlannedRoom
    index : int
        Of the room.
    placed : list of Placed
        The furniture; the rug lies before the first piece.
    rng : numpy.random.Generator

    Returns
    -------
    list of Patch
    """
    if room.kind == "kitchen" or rng.random() < 0.25:
        return []
    sizes = RUG_SIZES[int(rng.integers(2)) :] if room.kind != "bathroom" else (BATH_MAT,)
    middle, level = _rug_place(room, placed)
    for size in sizes:
        half = np.array([size, size / RUG_ASPECT] if level else [size / RUG_ASPECT, size]) / 2
        low, high = middle - half, middle + half
        corners = np.array([low, high, (low[0], high[1]), (high[0], low[1])])
        if _clearance(room.polygon, corners) and not _crosses_corner(room.polygon, low, high):
            return [_rug(assembly, room, index, (low, high), level, rng)]
    return []


def _rug_place(room, placed):
    """Middle of the rug and whether it lies along x."""
    if placed and room.kind != "hall":
        first = placed[0]
        ahead = first.piece.depth + (0.55 if room.kind != "bedroom" else -0.35)
        ahead = first.piece.depth / 2 if first.piece.front_m == 0 else ahead
        return first.world(0.0, ahead), first.quarters % 2 == 0
    extent = np.ptp(room.polygon, axis=0)
    return room.polygon.min(axis=0) + extent / 2, extent[0] > extent[1]


def _clearance(polygon, corners, margin=0.1):
    """Whether all corners lie within the bounds of a room."""
    return (corners > polygon.min(axis=0) + margin).all() and (
        corners < polygon.max(axis=0) - margin
    ).all()


def _crosses_corner(polygon, low, high):
    """Whether a rectangle covers the missing corner of an L."""
    if len(polygon) == 4:
        return False
    outline = np.array([polygon.min(axis=0), polygon.max(axis=0)])
    mean = outline.mean(axis=0)
    for corner in np.array([(x, z) for x in outline[:, 0] for z in outline[:, 1]]):
        if not np.any(np.all(np.isclose(polygon, corner), axis=1)):
            inner = next(each for each in polygon if not np.any(np.isclose(each, outline)))
            toward = np.sign(corner - mean)
            edge = np.where(toward > 0, high, low)
            return bool(np.all((edge - inner) * toward > -0.1))
    return False


def _rug(assembly, room, index, area, level, rng):
    """Add one rug and describe it to the ears."""
    (x0, z0), (x1, z1) = area
    thick = 0.009
    width, depth = x1 - x0, z1 - z0
    if level:
        top = rectangle((x0, thick, z1), (width, 0, 0), (0, 0, -depth))
    else:
        top = rectangle((x0, thick, z0), (0, 0, depth), (width, 0, 0))
    design = Finish(f"rug-{int(rng.integers(RUGS))}", None, RUG_MATERIAL)
    edge = boxes((x0, 0, z0), (x1, thick, z1), without=("top", "bottom"))
    assembly.add(top.imaged(), design, index)
    assembly.add(edge, Finish("carpet", (0.2, 0.17, 0.14), RUG_MATERIAL), index)
    floor = len(room.polygon)
    return Patch(
        floor, np.array([x0, z0]), np.array([x1, z1]), assembly.materials[RUG_MATERIAL], "rug"
    )


# --------------------------------------------------------------------------- radiators


def place_radiators(room, placed):
    """Stand radiators under the windows that furniture leaves free: a list of Placed."""
    found = []
    for each in room.openings:
        if each.kind != "window" or not 0.7 < each.bottom < 1.2:
            continue
        width = min(1.2, 0.65 * (each.end - each.start))
        heater = radiator(width)
        x, z, quarters = wall_pose(room, each.wall, (each.start + each.end) / 2)
        stands = Placed(heater, float(x), float(z), quarters)
        if not any(overlap(stands.footprint, other.footprint) for other in placed):
            found.append(stands)
    return found


# --------------------------------------------------------------------------- curtains


def hang_curtains(assembly, room, index, placed, style):
    """Hang two curtains at each window that furniture leaves free; return their patches."""
    if room.kind in ("bathroom", "kitchen"):
        return []
    patches = []
    for opening in room.openings:
        if opening.kind != "window":
            continue
        frame = WallFrame(room, opening.wall)
        top = min(opening.top + 0.14, room.height - 0.03)
        panels = []
        for low, high in _panels(opening, frame.length):
            bottom = _hem(room, opening, (low, high), placed)
            if bottom is not None and not _meets_other(room, opening, low, high):
                panels.append((low, high))
                assembly.add(_folds(frame, (low, high), (bottom, top)), style.curtain, index)
                material = assembly.materials[style.curtain.material]
                patches.append(
                    Patch(
                        opening.wall,
                        np.array([low, bottom]),
                        np.array([high, top]),
                        material,
                        "curtain",
                    )
                )
        if panels:
            ends = frame.point([panels[0][0] - 0.05, panels[-1][1] + 0.05], [top] * 2, [0.1] * 2)
            assembly.add(rods(*ends, 0.012, capped=True), style.metal, index)
    return patches


def _panels(opening, length):
    """Extents of the two curtains beside a window."""
    width = min(0.5, 0.28 * (opening.end - opening.start) + 0.08)
    low, high = (
        max(0.02, opening.start - 0.7 * width),
        min(length - 0.02, opening.end + 0.7 * width),
    )
    return (low, opening.start + 0.3 * width), (opening.end - 0.3 * width, high)


def _hem(room, opening, extent, placed):
    """Height of a curtain's lower end: the floor, or the sill over low furniture; None: no room."""
    frame = WallFrame(room, opening.wall)
    ends = frame.point(list(extent), [0, 0], [0.0, 0.15])[:, [0, 2]]
    low, high = ends.min(axis=0), ends.max(axis=0)
    for each in placed:
        x0, z0, x1, z1 = each.footprint
        if x0 < high[0] and x1 > low[0] and z0 < high[1] and z1 > low[1]:
            if each.piece.height > opening.bottom - 0.02:
                return None
            return opening.bottom - 0.01
    return 0.02


def _meets_other(room, opening, low, high):
    """Whether a curtain would hang into another opening."""
    return any(
        other is not opening
        and other.wall == opening.wall
        and other.start < high
        and other.end > low
        for other in room.openings
    )


def _folds(frame, extent, heights):
    """Cloth in folds, seen from both sides."""
    (low, high), (bottom, top) = extent, heights
    folds = max(2, round((high - low) / 0.11))
    along = np.linspace(low, high, 4 * folds + 1)
    phase = np.linspace(0, 2 * np.pi * folds, len(along))
    out = 0.1 + 0.032 * np.sin(phase)
    slope = 0.032 * np.cos(phase) * 2 * np.pi * folds / (high - low)
    # Light changes down a curtain, and it is kept at the vertices.
    rows = np.linspace(bottom, top, 3)
    points = np.stack([frame.point(along, np.full(len(along), y), out) for y in rows])
    normals = frame.inward - slope[:, None] * frame.along
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return two_sided(points, np.broadcast_to(normals, points.shape))


# --------------------------------------------------------------------------- pictures


def hang_pictures(assembly, room, index, placed, style, designs, rng):
    """Hang pictures over furniture and on bare walls; `designs` yields their numbers."""
    if room.kind == "bathroom":
        return
    for wall in range(len(room.polygon)):
        for low, high in _free_stretches(room, wall, placed):
            if high - low < 0.7 or rng.random() < 0.35:
                continue
            frame = WallFrame(room, wall)
            count = 1 if high - low < 2.2 or rng.random() < 0.6 else int(rng.integers(2, 4))
            width = min(rng.uniform(0.5, 1.15), 0.75 * (high - low) / count)
            pitch = width + 0.12
            middle = (low + high) / 2
            for k in range(count):
                along = middle + (k - (count - 1) / 2) * pitch
                _picture(assembly, frame, index, (along, width), designs, style, rng)


def _free_stretches(room, wall, placed):
    """Yield the longest stretch of a wall without opening or tall piece at a picture's height."""
    start, along, inward, length = room.wall(wall)
    taken = [(each.start - 0.35, each.end + 0.35) for each in room.openings if each.wall == wall]
    for each in placed:
        if each.piece.height < 1.1:
            continue
        corners = np.array(each.footprint).reshape(2, 2) - start
        if np.abs(corners @ inward).min() < BEHIND + 0.3:
            reach = np.sort(corners @ along)
            taken.append((reach[0] - 0.1, reach[1] + 0.1))
    taken.sort()
    stretches, reached = [], 0.15
    for low, high in [*taken, (length - 0.15, length)]:
        stretches.append((reached, low))
        reached = max(reached, high)
    yield max(stretches, key=lambda each: each[1] - each[0])


def _picture(assembly, frame, index, place, designs, style, rng):
    """Add one framed picture at a `place`: middle along the wall, and width."""
    along, width = place
    half, tall = width / 2, width / PICTURE_ASPECT / 2
    rim, thick = 0.018, 0.025
    y = PICTURE_HEIGHT
    outer = frame.boxes(
        (along - half - rim, y - tall - rim, 0), (along + half + rim, y + tall + rim, thick)
    )
    image = rectangle(
        frame.point(along - half, y - tall, thick + 0.001), frame.along * width, (0, 2 * tall, 0)
    )
    assembly.add(join([outer]), style.second_wood if rng.random() < 0.5 else style.trim, index)
    design = Finish(f"painting-{next(designs)}", None, "wood_16mm")
    assembly.add(image.imaged(), design, index)
