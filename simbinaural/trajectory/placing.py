"""Setting a sounding object into a room or a scan."""

from dataclasses import dataclass, replace

import numpy as np

from simbinaural.geometry import Pose, directions, orientation_towards, rotate
from simbinaural.scenes.objects import PlacedObject
from simbinaural.trajectory.standing import RoomFloor

TURN_DEG = 50.0
"""How far at most an object's front looks away from the middle of the free floor."""

WALL_GAP_M = 0.12
"""Distance between an object's outline and walls or furniture."""


@dataclass(frozen=True)
class Spot:
    """Where an object can stand: world position (3,), and whether that is a table or the like."""

    position: np.ndarray
    on_support: bool


def find_spot(floor, sound_object, rng):
    """Find a place for an object: on a support where it belongs there, else on the free floor.

    Parameters
    ----------
    floor : RoomFloor or GroundFloor
        Where to look (`simbinaural.trajectory.standing`).
    sound_object : SoundObject
        The object; its `placement` and size matter.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Spot or None
        None if there is no place for it.

    Notes
    -----
    A scan may be a bare shell: what belongs on a table lies on the floor there.
    """
    half_width = footprint_radius(sound_object)
    if sound_object.placement == "support":
        point = floor.draw_support(half_width, rng)
        if point is not None or isinstance(floor, RoomFloor):
            return None if point is None else Spot(point, on_support=True)
    points = floor.draw(200, rng, clearance_m=half_width + WALL_GAP_M)
    if not len(points):
        return None
    return Spot(points[rng.integers(len(points))], on_support=False)


def footprint_radius(sound_object):
    """Radius in metres of an object's footprint around its origin, without the thin rest: 80 %."""
    return 0.8 * float(np.max(np.linalg.norm(sound_object.mesh.vertices[:, [0, 2]], axis=1)))


def pose_object(floor, spot, rng):
    """Turn an object so that its front looks at the free floor.

    Returns
    -------
    Pose
        Local coordinates to world.
    """
    middle = floor.middle(spot.position, rng)
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
