"""The camera's path: a new position every few seconds, a small drift, the object in view.

Paper 002, section 4.2: the source stands still, the camera moves to a new position every 5 seconds
and has a small motion within; rays ensure that the object is in view.
"""

from dataclasses import dataclass
from itertools import islice

import numpy as np

from simbinaural.geometry import Pose, directions, orientation_towards, pixels
from simbinaural.trajectory.standing import EYE_HEIGHT_M

MAX_DRIFT_M = 0.3
MAX_DRIFT_DEG = 10.0
"""Drift within one stay at most (DESIGN, *The truth loop*)."""

CLEARANCE_M = 0.35
NEAREST_M = 0.8
"""Nearer than this to the source nobody films, and the ear's near field begins."""

MARGIN_DEG = 1.5
TRIES = 24
VISIBLE_SHARE = 0.6
"""Share of an object's points that must be seen from every pose."""

HIDDEN_SHARE = 0.2
"""Share of an object's half width that is kept inside the frame beside its source: as much as
leaves `VISIBLE_SHARE` of an even one in it."""


@dataclass(frozen=True)
class Stay:
    """The camera between two jumps: it drifts evenly from one pose to another.

    Attributes
    ----------
    start_s, duration_s : float
        When it begins, and the time of the whole drift.
    position, drift : (3,) numpy.ndarray
        Where it begins, and the way that it goes.
    azimuth_deg, turn_deg, elevation_deg : float
        Heading at the beginning, its change, and the (constant) tilt.
    """

    start_s: float
    duration_s: float
    position: np.ndarray
    drift: np.ndarray
    azimuth_deg: float
    turn_deg: float
    elevation_deg: float

    def pose(self, time_s):
        """Where the camera is at a moment."""
        part = (time_s - self.start_s) / self.duration_s
        return Pose(
            self.position + part * self.drift,
            orientation_towards(self.azimuth_deg + part * self.turn_deg, self.elevation_deg),
        )


@dataclass(frozen=True)
class Path:
    """A camera's way through a clip.

    Attributes
    ----------
    stays : tuple of Stay
        In order; the last may be cut short.
    duration_s : float
        Length of the clip.
    """

    stays: tuple
    duration_s: float

    def pose(self, time_s):
        """Where the camera is at a moment; at a jump it is already at the new position."""
        starts = [stay.start_s for stay in self.stays]
        # A frame's time may lie a rounding error before the jump that it belongs to.
        index = np.searchsorted(starts, time_s + 1e-9, side="right") - 1
        return self.stays[max(index, 0)].pose(time_s)


@dataclass(frozen=True)
class Subject:
    """What must be in view.

    Attributes
    ----------
    source : (3,) numpy.ndarray
        Where the sound comes from, world.
    outline : (points, 3) numpy.ndarray
        Points of the object's surface, world.
    """

    source: np.ndarray
    outline: np.ndarray


def plan_path(floor, subject, camera, rng, *, duration_s, stay_s, sees, farthest_m=np.inf):
    """Draw a path on which the subject is always in view.

    Parameters
    ----------
    floor : RoomFloor or GroundFloor
        Where the camera moves (`simbinaural.trajectory.standing`).
    subject : Subject
        What it films.
    camera : Camera
        Its field of view.
    rng : numpy.random.Generator
        Source of chance.
    duration_s, stay_s : float
        Length of the clip, and of each stay.
    sees : callable
        Takes an origin (3,) and targets (n, 3); tells which (n,) are in sight.
    farthest_m : float
        Horizontal distance from the source that no stay begins beyond.

    Returns
    -------
    Path or None
        None if from some stay nothing could be found.

    Notes
    -----
    Distances are drawn evenly between the smallest and the largest that the floor allows, and
    azimuths evenly over the field of view, so that both are well spread.
    """
    starts = np.arange(0, duration_s - 1e-9, stay_s)
    spots = _spots(floor, subject, rng, farthest_m)
    eye_height = rng.uniform(*EYE_HEIGHT_M)
    stays = []
    for start in starts:
        candidates = _candidate_stays(spots, subject, camera, rng, eye_height=eye_height)
        stay = next(
            (
                timed
                for draft in islice(candidates, TRIES)
                if _keeps_in_view(
                    timed := Stay(start, stay_s, *draft), floor, subject, camera, sees
                )
            ),
            None,
        )
        if stay is None:
            return None
        stays.append(stay)
    return Path(tuple(stays), duration_s)


def _spots(floor, subject, rng, farthest_m):
    """Points (n, 3) of the free floor that are neither too near to the subject nor too far."""
    spots = floor.draw(600, rng, clearance_m=CLEARANCE_M)
    distances = level_distances(spots, subject)
    return spots[(distances >= NEAREST_M) & (distances <= farthest_m)]


def level_distances(spots, subject):
    """Distances (n,) along the floor between spots (n, 3) and the subject, metres."""
    return np.linalg.norm((spots - subject.source)[:, [0, 2]], axis=1)


def _candidate_stays(spots, subject, camera, rng, *, eye_height):
    """Draw position, drift, azimuth, turn and elevation again and again."""
    distances = level_distances(spots, subject)
    while len(spots):
        wanted = rng.uniform(distances.min(), distances.max())
        nearest = np.argsort(np.abs(distances - wanted), kind="stable")[:8]
        position = spots[rng.choice(nearest)] + (0, eye_height + rng.uniform(-0.1, 0.1), 0)
        drift = _draw_drift(rng)
        turn = rng.uniform(-0.95, 0.95) * MAX_DRIFT_DEG
        heading, elevation = draw_view(subject, camera, rng, position + drift / 2, abs(turn) / 2)
        yield position, drift, heading - turn / 2, turn, elevation


def _draw_drift(rng):
    length, course = rng.uniform(0.05, 0.95 * MAX_DRIFT_M), rng.uniform(0, 2 * np.pi)
    rise = rng.uniform(-0.1, 0.1)
    level = np.sqrt(1 - rise**2)
    return length * np.array([np.cos(course) * level, rise, np.sin(course) * level])


def draw_view(subject, camera, rng, eye, reserve_deg):
    """Draw heading and tilt in degrees, so that the subject falls anywhere into the frame.

    A turn by `reserve_deg` to either side is allowed for.
    """
    azimuth, elevation, _ = directions(subject.source - eye)
    half_width, half_height = _half_sizes(subject, eye)
    spread = camera.fov_deg / 2 - MARGIN_DEG - reserve_deg - HIDDEN_SHARE * half_width
    heading = azimuth - rng.uniform(-1, 1) * max(spread, 0)
    tilt_deg = np.degrees(np.arctan(camera.height / camera.width * np.tan(_half_fov(camera))))
    slack = max(tilt_deg - MARGIN_DEG - 0.8 * half_height, 0)
    # A person holds the camera level where the subject allows it.
    level = np.clip(0.0, elevation - 0.6 * slack, elevation + 0.6 * slack)
    return heading, float(np.clip(level + rng.uniform(-0.25, 0.25) * slack, -60, 45))


def _half_sizes(subject, eye):
    """Degrees that the outline reaches away from the source, to the sides and up or down."""
    points = np.vstack([subject.source, subject.outline]) - eye
    azimuths, elevations, _ = directions(points)
    aside = (azimuths - azimuths[0] + 180) % 360 - 180
    return np.abs(aside).max(), np.abs(elevations - elevations[0]).max()


def _half_fov(camera):
    return np.radians(camera.fov_deg) / 2


def _keeps_in_view(stay, floor, subject, camera, sees):
    """Tell whether the way is free and the subject in view at its ends and in its middle."""
    for part in (0.0, 0.5, 1.0):
        pose = stay.pose(stay.start_s + part * stay.duration_s)
        if not floor.is_free(pose.position, 0.8 * CLEARANCE_M):
            return False
        if not in_view(pose, subject, camera, sees):
            return False
    return True


def in_view(pose, subject, camera, sees):
    """Tell whether a pose has the source, and enough of the subject, in frame and in sight."""
    points = np.vstack([subject.source, subject.outline])
    framed = np.isfinite(pixels(camera, pose.to_body(points))[:, 0])
    if not framed[0] or framed[1:].mean() < VISIBLE_SHARE:
        return False
    seen = sees(pose.position, points) & framed
    return bool(seen[0] and seen[1:].mean() >= VISIBLE_SHARE)
