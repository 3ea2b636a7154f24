"""One clip from its plan: frames, BRIRs, sound, and the truth about them.

::

    venue ──► plan ──► frames (vision) ──────────────────────────────────────────────┐
                │                                                                    ├─► ClipData
                └────► responses (acoustics) ─┬─► BRIRs ─────────────────────────────┤
                                              └─► ambisonic RIRs, on demand ─────────┘
                                                  both by moving convolution with the dry sound
"""

from dataclasses import dataclass, field

import numpy as np

from simbinaural.acoustics.directivity import Directivity
from simbinaural.audio import from_db, moving_convolution, peak, rms, to_db
from simbinaural.dataset.plan import cast_clip, plan_clip
from simbinaural.dataset.venue import open_venue
from simbinaural.errors import InputError
from simbinaural.geometry import FRONT, directions, pixels, rotate, to_count
from simbinaural.metrics import direct_to_reverberant_ratio_db, reverberation_time
from simbinaural.shards import ClipData
from simbinaural.trajectory.placing import place_object
from simbinaural.video import encode_jpeg, encode_png
from simbinaural.vision.backends import open_renderer
from simbinaural.vision.sight import sight

LEVEL_DB = -26.0
"""RMS level that a clip is brought to, both ears together, unless its peaks forbid it."""

PEAK_DB = -1.0


@dataclass(frozen=True)
class Studio:
    """What all clips of a run share.

    Attributes
    ----------
    options : RenderOptions
    catalog : Catalog
        Objects and sounds by class.
    scenes : SceneSet
        The homes.
    hrtf : Hrtf
    remarks : dict of str to None
        What a user should know, a line each, in order: it grows as clips are made.
    unusable : dict of int to str
        Scenes that no clip can be set in, and why; it grows too.
    """

    options: object
    catalog: object
    scenes: object
    hrtf: object
    remarks: dict = field(default_factory=dict)
    unusable: dict = field(default_factory=dict)


def make_clip(studio, index):
    """Make clip `index` of a data set.

    Parameters
    ----------
    studio : Studio
        What all clips share.
    index : int
        Number of the clip; with the options it decides everything.

    Returns
    -------
    ClipData

    Raises
    ------
    InputError
        If none of several homes has a place for the clip's object and camera.
    """
    options = studio.options
    cast = cast_clip(options, index, studio.catalog, studio.scenes)
    venue, plan = _settle(studio, cast)
    scene = venue.scene
    placed = [place_object(cast.sound_object, plan.object_pose), *plan.stands]
    renderer = open_renderer(
        options.vision, scene, placed, room=None if scene.is_scan else plan.room
    )
    film = _film(renderer, plan, options)
    sound = _play(studio, cast, plan, venue)
    attributes = {
        **_common_attributes(options, venue.ears(studio.hrtf)),
        **_place_attributes(scene, plan),
        "gain_db": sound.pop("gain_db"),
        "class": cast.sound_class,
        "object": cast.sound_object.name,
        "sound": cast.sound.name,
        "silent": np.zeros(0, dtype=np.int64),
        "seed": options.seed,
        "clip": index,
        "directivity": "omni" if sound.pop("omni") else options.directivity,
        "acoustics": venue.acoustics,
    }
    return ClipData({**film, **sound}, attributes)


def _settle(studio, cast):
    """Find a home, a room, a place and a path."""
    options, reason = studio.options, None
    for number in cast.scenes:
        if number in studio.unusable:
            reason = studio.unusable[number]
            continue
        try:
            venue = open_venue(studio.scenes, number, options.acoustics)
        except InputError as error:
            reason = studio.unusable[number] = str(error)
            _remark(studio, f"{reason}; left out")
            continue
        _remark(studio, *venue.warnings)
        plan = plan_clip(options, cast, venue, sight(venue.scene))
        if plan is not None:
            return venue, plan
    if len(studio.unusable) == len(studio.scenes):
        raise InputError(reason)
    raise InputError(
        f"{options.scenes}: none of {len(cast.scenes)} homes has a place for "
        f"{cast.sound_object.name} and a camera that sees it"
    )


def _remark(studio, *lines):
    studio.remarks.update(dict.fromkeys(lines))


def _place_attributes(scene, plan):
    """What is known of the place: of rooms their shape, of scans which area."""
    if scene.is_scan:
        return {"scene": scene.name, "room": f"area-{plan.room}"}
    room = scene.rooms[plan.room]
    return {
        "scene": scene.name,
        "room": room.name,
        "room_volume_m3": room.volume,
        "room_height_m": room.height,
        "room_polygon": room.polygon,
        "room_boxes": room.boxes,
    }


def _common_attributes(options, ears):
    return {
        "sample_rate": options.sample_rate,
        "fps": float(options.fps),
        "width": options.width,
        "height": options.height,
        "projection": options.camera.projection,
        "fov_deg": float(options.fov_deg),
        "hrtf": ears,
        "origin": "simulated",
    }


def _film(renderer, plan, options):
    """Render all frames, and where the source is in them."""
    camera = options.camera
    n_frames = max(1, to_count(plan.path.duration_s, options.fps))
    times = np.arange(n_frames) / options.fps
    poses = [plan.path.pose(time) for time in times]
    frames, masks, visible = [], [], []
    for pose in poses:
        frame = renderer.render(pose, camera)
        frames.append(encode_jpeg(frame.rgb))
        # Of what is set into the home, the first is what sounds.
        masks.append(encode_png(np.where(frame.mask == 1, frame.mask, 0)))
        visible.append(renderer.visible_share(pose, camera, frame)[:1])
    seen = np.array([pose.to_body(plan.source) for pose in poses])[:, None]
    return {
        "frames": frames,
        "frame_times": times,
        "camera": np.array([[*pose.position, *pose.orientation] for pose in poses]),
        "source_position": np.array([plan.source], dtype=float),
        "source_orientation": np.array([plan.object_pose.orientation], dtype=float),
        "source_direction": np.stack(directions(seen), axis=-1).astype(np.float32),
        "source_pixel": pixels(camera, seen).astype(np.float32),
        "source_visible": np.array(visible, dtype=np.float32).reshape(n_frames, 1),
        "source_mask": masks,
    }


def _play(studio, cast, plan, venue):
    """Convolve the dry sound with the responses along the path."""
    options = studio.options
    rir_times = rir_boundaries(plan.path, plan.path.duration_s, options.rir_rate)
    poses = [plan.path.pose(middle) for middle in (rir_times[:-1] + rir_times[1:]) / 2]
    responses = venue.engine.responses(
        venue.scene,
        plan.source,
        poses,
        hrtf=studio.hrtf,
        rng=cast.rngs["acoustics"],
        directivity=_directivity(options, plan.object_pose),
        foa_axes=options.foa_axes,
    )
    _remark(studio, *responses.warnings)
    rir = responses.binaural[:, None]
    dry = cast.sound.excerpt(plan.path.duration_s, options.sample_rate, cast.rngs["sound"])
    dry = np.asarray(dry, dtype=np.float32)[None]
    rate = options.sample_rate
    wet = {"audio": moving_convolution(dry, rir, rir_times, rate)}
    rirs = {"rir": rir}
    if options.foa:
        foa = responses.ambisonic[:, None]
        rirs["ambisonic_rir"] = foa
        wet["ambisonics"] = moving_convolution(dry, foa, rir_times, rate)
    gain_db = fitting_gain_db(**wet)
    return {
        **{name: (sound * from_db(gain_db)).astype(np.float32) for name, sound in wet.items()},
        **rirs,
        "dry": dry,
        "rir_times": rir_times,
        "rt60_s": _of_each(rir, lambda ears: reverberation_time(ears, rate)),
        "drr_db": _of_each(rir, lambda ears: direct_to_reverberant_ratio_db(ears, rate)),
        "gain_db": gain_db,
        "omni": responses.omni,
    }


def _directivity(options, object_pose):
    if options.directivity == "omni":
        return None
    return Directivity.forward(rotate(object_pose.orientation, FRONT))


def _of_each(rir, quantity):
    """Compute a quantity of each (rir, source): two ears to a number."""
    return np.array([[quantity(ears) for ears in sources] for sources in rir], dtype=np.float32)


def rir_boundaries(path, duration_s, rir_rate):
    """Moments at which one BRIR takes over from another: jumps, and steps along the drift.

    Parameters
    ----------
    path : Path
        The camera's way.
    duration_s : float
        Length of the clip.
    rir_rate : float
        BRIRs per second; 0 for one for each stay.

    Returns
    -------
    (rirs + 1,) numpy.ndarray
        Seconds, from 0 to the end.
    """
    jumps = [*(stay.start_s for stay in path.stays), duration_s]
    pieces = []
    for start, end in zip(jumps[:-1], jumps[1:], strict=True):
        count = max(1, to_count(end - start, rir_rate)) if rir_rate else 1
        pieces.append(np.linspace(start, end, count, endpoint=False))
    return np.append(np.concatenate(pieces), duration_s)


def fitting_gain_db(audio, ambisonics=()):
    """Gain that brings the ears to `LEVEL_DB` without a peak above `PEAK_DB` anywhere."""
    highest = max(peak(audio), peak(ambisonics))
    if highest == 0:
        return 0.0
    return float(min(LEVEL_DB - to_db(rms(audio, axis=None)), PEAK_DB - to_db(highest)))
