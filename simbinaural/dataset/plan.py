"""What each clip will be: home, room, object, sound, length, place and path.

Everything about clip i follows from the options, the seed and i alone, so that clips can be made in
any order, on any machine, and a data set can be extended.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from simbinaural.geometry import Pose
from simbinaural.trajectory.grid import hang_object, make_pillar, plan_on_grid
from simbinaural.trajectory.path import Path, Subject, plan_path
from simbinaural.trajectory.placing import find_spot, place_object, pose_object
from simbinaural.trajectory.standing import floors

STAY_S = 5.0
"""Seconds at each camera position (paper 002, section 4.2)."""

MEDIAN_S, MEAN_S = 15.0, 19.2
"""Lengths of the published data set."""

SHORTEST_S, LONGEST_S = 5.0, 90.0

HOMES_TRIED = 8

OUTLINE_POINTS = 48
SPOTS_A_ROOM = 12


@dataclass(frozen=True)
class Cast:
    """Who plays in a clip, before anything is placed.

    Attributes
    ----------
    rngs : dict of str to numpy.random.Generator
        Independent sources of chance for its parts.
    scenes : list of int
        Numbers of the homes in the order in which they are tried; the first mostly does.
    turn : int
        How many clips before this one were set in that home: whose turn it is among its rooms.
    sound_class : str
        The class of object and sound.
    sound_object : SoundObject
    sound : DrySound
    duration_s : float
    """

    rngs: dict
    scenes: list
    turn: int
    sound_class: str
    sound_object: object
    sound: object
    duration_s: float


@dataclass(frozen=True)
class Plan:
    """A clip's geometry.

    Attributes
    ----------
    room : int
        Index of the room, or of a scan's area.
    object_pose : Pose
        The object's local coordinates to world.
    source : (3,) numpy.ndarray
        Where the sound comes from, world.
    path : Path
        The camera's way.
    stands : tuple of PlacedObject
        What the object stands on, where it would hang in the air.
    """

    room: int
    object_pose: Pose
    source: np.ndarray
    path: Path
    stands: tuple = ()


def clip_seed(seed, index):
    """Seed of everything in clip `index` of a data set."""
    return np.random.SeedSequence(seed, spawn_key=(index,))


def cast_clip(options, index, catalog, scenes):
    """Choose home, object, sound and length of a clip.

    Parameters
    ----------
    options : RenderOptions
        What the data set is.
    index : int
        Number of the clip.
    catalog : Catalog
        Objects and sounds by class.
    scenes : SceneSet
        The homes.

    Returns
    -------
    Cast

    Notes
    -----
    Homes come in an order drawn from the data set's seed, over and over again; with each visit come
    the next rooms, so that rooms are well spread however many clips there are.
    """
    parts = ("cast", "plan", "sound", "acoustics")
    children = clip_seed(options.seed, index).spawn(len(parts))
    rngs = {part: np.random.default_rng(child) for part, child in zip(parts, children, strict=True)}
    rng = rngs["cast"]
    visit, turn = divmod(index, options.clips_a_visit)
    order = np.random.default_rng(np.random.SeedSequence(options.seed)).permutation(len(scenes))
    return Cast(
        rngs=rngs,
        scenes=[int(scene) for scene in np.roll(order, -(visit % len(order)))[:HOMES_TRIED]],
        turn=visit // len(scenes) * options.clips_a_visit + turn,
        sound_class=(name := catalog.classes[rng.integers(len(catalog.classes))]),
        sound_object=catalog.objects[name][rng.integers(len(catalog.objects[name]))],
        sound=catalog.sounds[name][rng.integers(len(catalog.sounds[name]))],
        duration_s=options.duration_s or draw_duration(rng, options.fps),
    )


def room_order(cast, n_rooms):
    """Indices of a home's rooms for a clip: first the one whose turn it is, then the others."""
    return [(cast.turn + k) % n_rooms for k in range(n_rooms)]


def draw_duration(rng, fps):
    """Draw a clip's length: log-normal with the paper's mean and median, cut to 5–90 s."""
    limits = np.log([SHORTEST_S / MEDIAN_S, LONGEST_S / MEDIAN_S])
    duration = MEDIAN_S * np.exp(np.clip(_SPREAD * rng.standard_normal(), *limits))
    return float(np.floor(duration * fps + 0.5) / fps)


def _cut_mean(spread):
    """Mean of a log-normal of the paper's median whose ends are cut to the limits."""
    low, high = np.log(SHORTEST_S / MEDIAN_S) / spread, np.log(LONGEST_S / MEDIAN_S) / spread
    inside = np.exp(spread**2 / 2) * (norm.cdf(high - spread) - norm.cdf(low - spread))
    return SHORTEST_S * norm.cdf(low) + MEDIAN_S * inside + LONGEST_S * norm.sf(high)


_SPREAD = brentq(lambda spread: _cut_mean(spread) - MEAN_S, 0.3, 2.0)


def plan_clip(options, cast, venue, sees):
    """Find a place for the object and a path for the camera.

    Parameters
    ----------
    options : RenderOptions
        What the data set is.
    cast : Cast
        Who plays.
    venue : Venue
        The home, and the engine that will be heard in it.
    sees : callable
        Takes an origin (3,) and targets (n, 3); tells which (n,) are in sight.

    Returns
    -------
    Plan or None
        None if no room of the home has a place for object and camera.
    """
    if venue.acoustics == "soundspaces":
        return _plan_on_grid(options, cast, venue, sees)
    rng, places = cast.rngs["plan"], floors(venue.scene)
    for index in room_order(cast, len(places)):
        floor = places[index]
        for _ in range(SPOTS_A_ROOM):
            spot = find_spot(floor, cast.sound_object, rng)
            if spot is None:
                break
            pose = pose_object(floor, spot, rng)
            subject = _subject(cast.sound_object, pose)
            path = plan_path(
                floor,
                subject,
                options.viewfinder,
                rng,
                duration_s=cast.duration_s,
                stay_s=STAY_S,
                sees=sees,
                farthest_m=options.max_distance_m or np.inf,
            )
            if path is not None:
                return Plan(index, pose, subject.source, path)
    return None


def _plan_on_grid(options, cast, venue, sees):
    """Do the same where responses were computed beforehand, at the points of a grid."""
    ground, rirs, rng = venue.scene.ground, venue.engine, cast.rngs["plan"]
    for area in room_order(cast, int(ground.area.max()) + 1):
        for _ in range(SPOTS_A_ROOM):
            pose = hang_object(
                ground, area, cast.sound_object, rng, heard=rirs.are_there.any(axis=0)
            )
            if pose is None:
                break
            subject = _subject(cast.sound_object, pose)
            path = plan_on_grid(
                ground,
                area,
                subject,
                options.viewfinder,
                rng,
                heard=rirs.hearing(subject.source),
                headings=rirs.headings,
                duration_s=cast.duration_s,
                stay_s=STAY_S,
                sees=sees,
                farthest_m=options.max_distance_m or np.inf,
            )
            if path is not None:
                floor_y = subject.source[1] - ground.ear_height_m
                pillar = make_pillar(place_object(cast.sound_object, pose), floor_y)
                return Plan(area, pose, subject.source, path, (pillar,) if pillar else ())
    return None


def _subject(sound_object, pose):
    """Points that stand for the object: its source, and vertices spread over its mesh."""
    vertices = sound_object.mesh.vertices
    chosen = vertices[np.linspace(0, len(vertices) - 1, OUTLINE_POINTS).astype(int)]
    return Subject(pose.to_world(sound_object.source_point), pose.to_world(chosen))
