"""Checking a data set: every promise of the contract, and the truth loop recomputed.

A fault is one line that begins with the file. What only simulated clips promise stands in
`simbinaural.dataset.verify_simulated`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simbinaural.dataset.options import RenderOptions
from simbinaural.dataset.render import shard_jobs
from simbinaural.dataset.verify_simulated import simulated_faults
from simbinaural.errors import InputError
from simbinaural.geometry import PROJECTIONS
from simbinaural.jobs import run_jobs
from simbinaural.shards import PARTS, clip_faults, read_info, read_split
from simbinaural.shards.contract import ORIGINS
from simbinaural.shards.reader import open_shard
from simbinaural.video import decode_jpeg


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
        options = RenderOptions.from_json(info["options"])
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
            faults = simulated_faults(clip)
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
        "ambisonics must stay within -1 and 1": bool(np.all(np.abs(clip["ambisonics"]) <= 1))
        if "ambisonics" in clip
        else True,
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
