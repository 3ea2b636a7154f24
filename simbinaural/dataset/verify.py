"""Checking a data set: every promise of the contract, and the truth loop recomputed.

A fault is one line that begins with the file. Simulated clips are held against geometry: the sound
against `dry` and `rir`, the ears against the distance and side of the source, pixels and masks
against the projected position.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simbinaural.audio import from_db, moving_convolution
from simbinaural.dataset.options import RenderOptions
from simbinaural.dataset.render import shard_jobs
from simbinaural.errors import InputError
from simbinaural.geometry import (
    PROJECTIONS,
    SPEED_OF_SOUND,
    Camera,
    Pose,
    directions,
    pixels,
    to_count,
)
from simbinaural.jobs import run_jobs
from simbinaural.shards import PARTS, clip_faults, read_info, read_split
from simbinaural.shards.contract import ORIGINS
from simbinaural.shards.reader import open_shard
from simbinaural.trajectory.path import MAX_DRIFT_DEG, MAX_DRIFT_M
from simbinaural.video import decode_jpeg, decode_png

LOOP_TOLERANCE = 1e-5
"""Largest error of a sample in the truth loop (full scale 1)."""

EAR_TOLERANCE_S = 1.2e-3
"""How far an ear's onset may lie from the direct sound at the head's center: half a head's width of
sound, the drift within an interval, and a response's rise."""

SIDE_DEG = 15.0
"""From here on a source is to one side, and one ear nearer by more than a sample."""

PIXEL_TOLERANCE = 0.05
MASK_REACH_PX = 2


@dataclass(frozen=True)
class Report:
    """What a check has found.

    Attributes
    ----------
    n_clips : int
    faults : list of str
        A line each.
    """

    n_clips: int
    faults: list


def verify_dataset(folder, *, executor, report=None):
    """Check a whole data set.

    Parameters
    ----------
    folder : path-like
        The data set.
    executor : concurrent.futures.Executor
        Runs a job for each shard.
    report : callable, optional
        Called with the total and missing number of shards; returns what is called with each 1.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        If the folder is no data set.
    """
    folder = Path(folder)
    info = read_info(folder)
    paths = sorted((folder / "shards").glob("*.h5"))
    advance = report(len(paths), len(paths)) if report else None
    n_clips, found = {}, {}

    def gather(result):
        path, ids, faults = result
        n_clips[path], found[path] = ids, faults
        if advance:
            advance(1)

    run_jobs(shard_faults, paths, executor=executor, on_done=gather)
    ids = [clip_id for path in paths for clip_id in n_clips[path]]
    faults = _folder_faults(folder, info, ids)
    faults += [fault for path in paths for fault in found[path]]
    return Report(len(ids), faults)


def _folder_faults(folder, info, ids):
    """Check what no shard can tell alone: missing shards, doubled clips, labels, splits."""
    faults = []
    if "batches" in info:
        options = RenderOptions(**{**info["options"], "classes": tuple(info["options"]["classes"])})
        for job in shard_jobs(folder, options, info["batches"]):
            if not job.path.exists():
                faults.append(
                    f"{job.path}: is missing (clips {job.first:06d} to {job.last - 1:06d}); "
                    "the command that made the data set goes on with it"
                )
    doubled = sorted({clip_id for clip_id in ids if ids.count(clip_id) > 1}) if ids else []
    faults += [f"{folder}: clip {clip_id} stands in two shards" for clip_id in doubled]
    for path in sorted((folder / "splits").glob("*.json")):
        faults += [f"{path}: {fault}" for fault in _split_faults(folder, path.stem, ids)]
    return faults


def _split_faults(folder, name, ids):
    try:
        split = read_split(folder, name)
    except InputError as error:
        return [str(error)]
    together = [clip_id for part in PARTS for clip_id in split[part]]
    faults = []
    if len(together) != len(set(together)):
        faults.append("a clip stands in two parts")
    unknown = sorted(set(together) - set(ids))
    if unknown:
        faults.append(f"names clips that are not there: {', '.join(unknown[:5])}")
    left = len(set(ids) - set(together))
    if left:
        faults.append(f"leaves {left} clips out; make it again with simbinaural split")
    return faults


def shard_faults(path):
    """Check one shard.

    Returns
    -------
    path : pathlib.Path
        The shard.
    clip_ids : list of str
        What it holds.
    faults : list of str
        A line each.
    """
    try:
        with open_shard(path) as clips:
            ids = [clip.id for clip in clips]
            return (
                path,
                ids,
                [f"{path}: clip {clip.id}: {fault}" for clip in clips for fault in _faults(clip)],
            )
    except InputError as error:
        return path, [], [str(error)]


def _faults(clip):
    """Check one clip; what breaks the contract is told before anything is computed from it."""
    try:
        faults = clip_faults(clip) or _value_faults(clip)
        if not faults and clip.attributes["origin"] == "simulated":
            faults = [fault for check in SIMULATED_CHECKS for fault in check(clip)]
    except (InputError, OSError, KeyError, ValueError) as error:
        return [f"cannot be read ({error})"]
    return faults


def _value_faults(clip):
    """Check what every clip promises beyond types and shapes."""
    attributes, audio, times = clip.attributes, clip["audio"], clip["frame_times"]
    checks = {
        f"origin must be one of {', '.join(ORIGINS)}": attributes["origin"] in ORIGINS,
        f"projection must be one of {', '.join(PROJECTIONS)}": attributes["projection"]
        in PROJECTIONS,
        "audio must be finite": bool(np.isfinite(audio).all()),
        "audio must stay within -1 and 1": bool(np.abs(audio).max(initial=0) <= 1),
        "audio must not be empty": audio.size > 0,
        "frames must not be empty": len(times) > 0,
        "frame_times must grow": bool((np.diff(times) > 0).all()),
        "frame_times must lie within the sound": len(times) == 0
        or (times[0] >= 0 and times[-1] < clip.duration_s + 1 / attributes["fps"]),
    }
    return [rule for rule, kept in checks.items() if not kept] + _image_faults(clip)


def _image_faults(clip):
    size = (clip.attributes["height"], clip.attributes["width"])
    for index in range(len(clip["frame_times"])):
        if decode_jpeg(clip.image("frames", index)).shape[:2] != size:
            return [f"frame {index} is not {size[1]} x {size[0]} pixels"]
    return []


# --------------------------------------------------------------------------- simulated clips


def _times_faults(clip):
    """Frames at k / fps, BRIRs from the beginning to the end."""
    fps, times, rir_times = clip.attributes["fps"], clip["frame_times"], clip["rir_times"]
    if not np.allclose(times, np.arange(len(times)) / fps, rtol=0, atol=1e-9):
        yield "frame_times must be k / fps"
    if rir_times[0] != 0 or (np.diff(rir_times) <= 0).any():
        yield "rir_times must grow from 0"
    rate = clip.attributes["sample_rate"]
    if abs(to_count(rir_times[-1], rate) - clip["audio"].shape[1]) > 1:
        yield "rir_times must end with the sound"


def _loop_faults(clip):
    """The truth loop: sound = gain x moving convolution."""
    wet = moving_convolution(
        clip["dry"], clip["rir"], clip["rir_times"], clip.attributes["sample_rate"]
    )
    error = np.abs(wet * from_db(clip.attributes["gain_db"]) - clip["audio"]).max()
    if not error <= LOOP_TOLERANCE:
        yield f"audio differs from the moving convolution of dry with rir by {error:.2g}"


def _geometry_faults(clip):
    """Poses, directions and pixels agree with one another."""
    camera, source = clip["camera"], clip["source_position"]
    if np.abs(np.linalg.norm(camera[:, 3:], axis=1) - 1).max() > 1e-6:
        yield "camera must hold unit quaternions"
        return
    seen = np.stack([Pose(row[:3], row[3:]).to_body(source) for row in camera])
    expected = np.stack(directions(seen), axis=-1)
    apart = np.abs(expected - clip["source_direction"])
    apart[..., 0] = np.minimum(apart[..., 0], 360 - apart[..., 0])
    if apart.max() > 1e-3:
        yield f"source_direction differs from camera and source_position by {apart.max():.3g}"
    view = _camera(clip)
    projected, stored = pixels(view, seen), clip["source_pixel"]
    if (np.isnan(projected) != np.isnan(stored)).any():
        yield "source_pixel must be NaN just where the source is outside the frame"
    elif np.nanmax(np.abs(projected - stored), initial=0) > PIXEL_TOLERANCE:
        yield "source_pixel differs from the projected source_position"


def _camera(clip):
    a = clip.attributes
    return Camera(a["width"], a["height"], a["fov_deg"], a["projection"])


def _mask_faults(clip):
    """Masks fit frames, visible shares and pixels."""
    visible, spots = clip["source_visible"], clip["source_pixel"]
    if not ((visible >= 0) & (visible <= 1)).all():
        yield "source_visible must lie within 0 and 1"
    size = (clip.attributes["height"], clip.attributes["width"])
    for index in range(len(visible)):
        mask = decode_png(clip.image("source_mask", index))
        if mask.shape != size or mask.max() > visible.shape[1]:
            yield (
                f"source_mask {index} must be {size[1]} x {size[0]} pixels, "
                f"from 0 to {visible.shape[1]}"
            )
            return
        for source in range(visible.shape[1]):
            there = mask == source + 1
            if there.any() != (visible[index, source] > 0):
                yield f"source_mask {index} contradicts source_visible of source {source + 1}"
            elif visible[index, source] > 0.5 and not _reaches(there, spots[index, source]):
                yield f"source_pixel {index} lies off the mask of source {source + 1}"


def _reaches(mask, spot):
    """Tell whether a pixel position lies in or within `MASK_REACH_PX` of a mask."""
    if np.isnan(spot).any():
        return True
    rows, columns = np.nonzero(mask)
    apart = np.maximum(np.abs(columns + 0.5 - spot[0]), np.abs(rows + 0.5 - spot[1])) - 0.5
    return apart.min() <= MASK_REACH_PX


def _ear_faults(clip):
    """Each BRIR begins with the direct sound: at its distance, the nearer ear first."""
    rate, rir = clip.attributes["sample_rate"], clip["rir"]
    for index, source in np.ndindex(*rir.shape[:2]):
        pose = _pose_within(clip, index)
        azimuth, _, distance = directions(pose.to_body(clip["source_position"][source]))
        left, right = (_onset(ear) / rate for ear in rir[index, source])
        late = min(left, right) - distance / SPEED_OF_SOUND
        if abs(late) > EAR_TOLERANCE_S:
            yield (
                f"rir {index} of source {source + 1} begins {late * 1e3:+.2f} ms off the "
                f"direct sound at {distance:.2f} m"
            )
        if SIDE_DEG < abs(azimuth) < 180 - SIDE_DEG and (right - left) * azimuth < 0:
            yield f"rir {index} of source {source + 1}: the far ear hears it first"


def _onset(ear):
    """First sample within 12 dB of the peak of the direct sound's surroundings."""
    magnitude = np.abs(ear)
    return int(np.argmax(magnitude >= magnitude.max() / 4))


def _pose_within(clip, index):
    """Camera pose in the middle of a BRIR's interval, during which the camera drifts evenly."""
    start, end = clip["rir_times"][index : index + 2]
    frames = _frames_between(clip, start, end)
    times, camera = clip["frame_times"][frames], clip["camera"][frames]
    slope, level = np.polyfit(times, camera, 1) if len(frames) > 1 else (0.0, camera[0])
    pose = slope * (start + end) / 2 + level
    return Pose(pose[:3], pose[3:] / np.linalg.norm(pose[3:]))


def _frames_between(clip, start, end):
    """Indices of the frames of an interval; if there is none, of the last one before it."""
    times = clip["frame_times"]
    inside = np.flatnonzero((times > start - 1e-6) & (times < end - 1e-6))
    return inside if len(inside) else np.flatnonzero(times < end)[-1:]


def _drift_faults(clip):
    """Within one stay the camera moves little (DESIGN, *The truth loop*)."""
    for index in range(len(clip["rir"])):
        camera = clip["camera"][_frames_between(clip, *clip["rir_times"][index : index + 2])]
        way = np.linalg.norm(camera[-1, :3] - camera[0, :3])
        turn = 2 * np.degrees(np.arccos(min(1.0, abs(float(camera[-1, 3:] @ camera[0, 3:])))))
        if way > MAX_DRIFT_M or turn > MAX_DRIFT_DEG:
            yield f"the camera drifts {way:.2f} m and {turn:.1f} deg within rir {index}"


SIMULATED_CHECKS = (
    _times_faults,
    _loop_faults,
    _geometry_faults,
    _mask_faults,
    _drift_faults,
    _ear_faults,
)
