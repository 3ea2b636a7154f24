"""Bare rooms for the acoustic engines, simple enough for theory."""

import numpy as np

from simbinaural.geometry import Pose, orientation_towards
from simbinaural.scenes.scene import Material, Room, Scene

L_SHAPE = np.array([(0, 0), (6, 0), (6, 3), (3, 3), (3, 5), (0, 5)], dtype=float)


def material(absorption=0.2, scattering=0.5, name="plain"):
    """Material with the same, or given, coefficients in all bands."""
    values = (np.broadcast_to(np.asarray(v, dtype=float), (7,)) for v in (absorption, scattering))
    return Material(name, *values)


def rectangle(size=(5.0, 2.8, 4.2), corner=(0.0, 0.0, 0.0), **kwargs):
    """Room of a size x, y, z at a corner; material 0 everywhere but where `kwargs` say else."""
    (x, y, z), (width, height, depth) = corner, size
    polygon = np.array([(x, z), (x + width, z), (x + width, z + depth), (x, z + depth)])
    return prism(polygon, height, floor_y=y, **kwargs)


def prism(polygon, height, *, floor_y=0.0, **kwargs):
    """Room over a polygon; material 0 everywhere but where `kwargs` say else."""
    kwargs.setdefault("surfaces", np.zeros(len(polygon) + 2, dtype=int))
    if "boxes" in kwargs:
        kwargs["boxes"] = np.array(kwargs["boxes"], dtype=float)
        kwargs.setdefault("box_materials", np.zeros(len(kwargs["boxes"]), dtype=int))
    return Room("room-0", "living", np.array(polygon, dtype=float), floor_y, height, **kwargs)


def area(size):
    """Surface of a box."""
    x, y, z = size
    return 2 * (x * y + y * z + z * x)


def home(*rooms, materials=None):
    """Scene with nothing to see."""
    materials = materials or (material(),)
    return Scene("bare", None, (), tuple(materials), tuple(rooms), (), None)


def scattered(rng, size, count, *, source=None, margin=0.7, apart=0.8):
    """Points (count, 3) at a distance from the walls and from a source."""
    points = rng.uniform(margin, np.array(size) - margin, (8 * count, 3))
    if source is not None:
        points = points[np.linalg.norm(points - source, axis=1) > apart]
    return points[:count]


def heads(points, azimuth_deg=0.0):
    """Level poses at points, all turned alike or each by its own azimuth."""
    turns = np.broadcast_to(azimuth_deg, len(points))
    return [Pose(p, orientation_towards(turn)) for p, turn in zip(points, turns, strict=True)]


def mirrored(room):
    """Reflect a room in the plane x = 0."""
    polygon = (room.polygon * (-1, 1))[::-1]
    n_walls = len(polygon)
    # Wall i ran from corner i to i + 1; backwards it runs to where it came from.
    walls = room.surfaces[:n_walls][::-1]
    boxes = room.boxes.copy()
    boxes[:, :, 0] = -room.boxes[:, ::-1, 0]
    return prism(
        polygon,
        room.height,
        floor_y=room.floor_y,
        surfaces=np.concatenate([np.roll(walls, -1), room.surfaces[n_walls:]]),
        boxes=boxes,
        box_materials=room.box_materials,
    )
