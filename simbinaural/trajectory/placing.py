"""Setting a sounding object into a room."""

from dataclasses import dataclass, replace

import numpy as np

from simbinaural.geometry import Pose, directions, orientation_towards, rotate
from simbinaural.scenes.objects import PlacedObject
from simbinaural.trajectory.standing import free_points

TURN_DEG = 50.0
"""How far at most an object's front looks away from the middle of the free floor."""

WALL_GAP_M = 0.12
"""Distance between an object's outline and walls or furniture."""


@dataclass(frozen=True)
class Spot:
    """Where an object can stand: world position (3,), and whether that is a table or the like."""

    position: np.ndarray
    on_support: bool


def find_spot(room, sound_object, rng):
    """Find a place for an object: on a support where it belongs there, else on the free floor.

    Parameters
    ----------
    room : Room
        The room.
    sound_object : SoundObject
        The object; its `placement` and size matter.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Spot or None
        None if the room has no place for it.
    """
    half_width = _half_width(sound_object)
    if sound_object.placement == "support":
        return _support_spot(room, half_width, rng)
    points = free_points(room, 200, rng, clearance_m=half_width + WALL_GAP_M)
    if not len(points):
        return None
    x, z = points[rng.integers(len(points))]
    return Spot(np.array([x, room.floor_y, z]), on_support=False)


def _support_spot(room, half_width, rng):
    """Draw a support, and a point on it that leaves room for the object all around."""
    fitting = [
        support for support in room.supports if np.all(support.upper - support.lower > half_width)
    ]
    if not fitting:
        return None
    support = fitting[rng.integers(len(fitting))]
    margin = np.minimum(half_width, (support.upper - support.lower) / 2)
    x, z = rng.uniform(support.lower + margin, support.upper - margin)
    return Spot(np.array([x, support.height, z]), on_support=True)


def _half_width(sound_object):
    """Radius of the object's footprint around its origin, without the thin rest: 80 %."""
    return 0.8 * float(np.max(np.linalg.norm(sound_object.mesh.vertices[:, [0, 2]], axis=1)))


def pose_object(room, spot, rng):
    """Turn an object so that its front looks into the room.

    Returns
    -------
    Pose
        Local coordinates to world.
    """
    free = free_points(room, 300, rng, clearance_m=0.3)
    middle = free.mean(axis=0) if len(free) else room.polygon.mean(axis=0)
    towards = np.array([middle[0] - spot.position[0], 0, middle[1] - spot.position[2]])
    azimuth = directions(towards)[0] if np.linalg.norm(towards) > 0.05 else 0.0
    turn = rng.uniform(-TURN_DEG, TURN_DEG)
    return Pose(spot.position, orientation_towards(azimuth + turn))


def place_object(sound_object, pose):
    """Set an object into the world.

    Parameters
    ----------
    sound_object : SoundObject
        In its local coordinates.
    pose : Pose
        Local coordinates to world.

    Returns
    -------
    PlacedObject
    """
    mesh = sound_object.mesh
    world = replace(
        mesh,
        vertices=pose.to_world(mesh.vertices).astype(np.float32),
        normals=rotate(pose.orientation, mesh.normals).astype(np.float32),
    )
    return PlacedObject(world, sound_object.textures)
