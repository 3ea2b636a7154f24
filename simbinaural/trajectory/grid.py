"""Places and paths on a grid, where responses were computed beforehand.

Source and camera are above points of the grid, at ear height. The camera does not drift; where
heads were heard in a few headings only, it does not turn either. What sounds hangs where the grid
has its source, on a pillar.
"""

from itertools import islice

import numpy as np

from simbinaural.geometry import Pose, directions, rotate
from simbinaural.scenes.objects import PlacedObject
from simbinaural.sources.finishes import plain
from simbinaural.sources.meshes import to_mesh
from simbinaural.sources.solids import box, join
from simbinaural.trajectory.path import (
    MAX_DRIFT_DEG,
    NEAREST_M,
    TRIES,
    Path,
    Stay,
    draw_view,
    in_view,
    level_distances,
)
from simbinaural.trajectory.placing import WALL_GAP_M, Spot, footprint_radius, pose_object
from simbinaural.trajectory.standing import GroundFloor

PILLAR_COLOR = "#8c8c8c"
PILLAR_WIDTH_M = (0.06, 0.3)
"""Of pillars, which else are half as wide as what they carry."""

PLATE_M = 0.02
"""Thickness of the plate on top, on which all of the object stands."""


def hang_object(ground, area, sound_object, rng, *, heard=None):
    """Draw a point of the grid for an object, and hang it so that its source is there.

    Parameters
    ----------
    ground : Ground
        With `ear_height_m`.
    area : int
        Which of its areas.
    sound_object : SoundObject
        What sounds.
    rng : numpy.random.Generator
        Source of chance.
    heard : (points,) array_like of bool, optional
        At which points a source is heard from anywhere; by default all.

    Returns
    -------
    Pose or None
        Local coordinates to world, the front to the free floor; None where there is no room for
        it, or its source is higher above its foot than ears above the floor.
    """
    fitting = ground.area == area
    fitting &= ground.clearance_m >= footprint_radius(sound_object) + WALL_GAP_M
    if heard is not None:
        fitting &= np.asarray(heard)
    points = ground.points[fitting]
    if not len(points) or sound_object.source_point[1] > ground.ear_height_m:
        return None
    foot = points[rng.integers(len(points))]
    faced = pose_object(GroundFloor(ground, area), Spot(foot, on_support=False), rng)
    source = foot + (0, ground.ear_height_m, 0)
    return Pose(source - rotate(faced.orientation, sound_object.source_point), faced.orientation)


def make_pillar(placed, floor_y):
    """Make a plain pillar, with a plate on it, from the floor up to an object that hangs.

    Parameters
    ----------
    placed : PlacedObject
        What hangs.
    floor_y : float
        World, metres.

    Returns
    -------
    PlacedObject or None
        None where the object is on the floor.
    """
    low, high = placed.mesh.vertices.min(axis=0), placed.mesh.vertices.max(axis=0)
    height = float(low[1] - floor_y)
    if height < 2 * PLATE_M:
        return None
    finish, size = plain(PILLAR_COLOR), high - low
    width, _, depth = np.clip(size / 2, *PILLAR_WIDTH_M)
    x, _, z = (low + high) / 2
    column = box(width, height - PLATE_M, depth, finish).moved(y=(height - PLATE_M) / 2)
    plate = box(size[0], PLATE_M, size[2], finish).moved(y=height - PLATE_M / 2)
    return PlacedObject(*to_mesh(join(column, plate).moved(x, floor_y, z)))


def plan_on_grid(
    ground,
    area,
    subject,
    camera,
    rng,
    *,
    heard,
    headings,
    duration_s,
    stay_s,
    sees,
    farthest_m=np.inf,
):
    """Draw a path over points of a grid on which the subject is always in view.

    Parameters
    ----------
    ground : Ground
        With `ear_height_m`.
    area : int
        Which of its areas.
    subject : Subject
        What is filmed.
    camera : Camera
        Its field of view.
    rng : numpy.random.Generator
        Source of chance.
    heard : (points,) array_like of bool
        At which of the ground's points the source is heard.
    headings : sequence of float or None
        Azimuths in degrees that the camera may have, then level and still; None for any, with a
        small turn.
    duration_s, stay_s : float
        Length of the clip, and of each stay.
    sees : callable
        Takes an origin (3,) and targets (n, 3); tells which (n,) are in sight.
    farthest_m : float
        Horizontal distance from the source that no stay is beyond.

    Returns
    -------
    Path or None
        None if for some stay nothing could be found.

    Notes
    -----
    As `simbinaural.trajectory.path.plan_path`, but for the drift; no point comes twice in a row
    where there is another.
    """
    spots = ground.points[(ground.area == area) & np.asarray(heard)]
    distances = level_distances(spots, subject)
    spots = spots[(distances >= NEAREST_M) & (distances <= farthest_m)]
    spots = spots + (0, ground.ear_height_m, 0)
    stays, last = [], None
    for start in np.arange(0, duration_s - 1e-9, stay_s):
        drafts = _drafts(_others(spots, last), subject, camera, rng, headings)
        timed = (Stay(start, stay_s, *draft) for draft in islice(drafts, TRIES))
        stay = next((each for each in timed if _stays_in_view(each, subject, camera, sees)), None)
        if stay is None:
            return None
        stays.append(stay)
        last = stay.position
    return Path(tuple(stays), duration_s)


def _others(spots, last):
    """Spots but the last one, if that leaves any."""
    others = spots if last is None else spots[(spots != last).any(axis=1)]
    return others if len(others) else spots


def _drafts(spots, subject, camera, rng, headings):
    """Draw position, no drift, azimuth, turn and elevation again and again."""
    distances = level_distances(spots, subject)
    while len(spots):
        wanted = rng.uniform(distances.min(), distances.max())
        nearest = np.argsort(np.abs(distances - wanted), kind="stable")[:8]
        position = spots[rng.choice(nearest)]
        if headings is None:
            turn = rng.uniform(-0.95, 0.95) * MAX_DRIFT_DEG
            heading, elevation = draw_view(subject, camera, rng, position, abs(turn) / 2)
        else:
            turn, elevation = 0.0, 0.0
            heading = _draw_heading(subject.source - position, camera, rng, headings)
        yield position, np.zeros(3), heading - turn / 2, turn, elevation


def _draw_heading(way, camera, rng, headings):
    """Draw one of the headings that have a way (3,) in the frame; the nearest where none has."""
    headings = np.asarray(headings, dtype=float)
    apart = np.abs((headings - directions(way)[0] + 180) % 360 - 180)
    framing = np.flatnonzero(apart < camera.fov_deg / 2)
    return float(headings[rng.choice(framing) if len(framing) else np.argmin(apart)])


def _stays_in_view(stay, subject, camera, sees):
    """Tell whether the subject is in view at both ends of a turn and in its middle."""
    parts = (0.0, 0.5, 1.0) if stay.turn_deg else (0.0,)
    poses = (stay.pose(stay.start_s + part * stay.duration_s) for part in parts)
    return all(in_view(pose, subject, camera, sees) for pose in poses)
