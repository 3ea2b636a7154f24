"""A whole data set as plain files, for programs that know nothing of shards.

Layout ``plain``::

    OUT/
      export.json              whose export this is
      dataset.json             what made the data set, as it stands there
      clips.json               by clip id: attributes, small arrays, labels, where its files are
      clips/ID.json            the same of one clip; the clip is whole when this is there
      audio/ID.wav             both ears
      dry/ID.wav               the anechoic sound of each source, a channel each
      ambisonics/ID.wav        AmbiX
      videos/ID.mp4            to look at: H.264 and AAC
      frames/ID/000000.jpg     the bytes that are stored; moments in clips.json: frame_times
      masks/ID/000000.png      also depth/ID/000000.png
      rirs/ID.npz              rir (rirs, sources, 2, taps), rir_times, sample_rate
      energy_maps/ID.npz       energy_map and its axes
      labels/NAME/ID.npz       large arrays of labels, such as localization_map
      splits/NAME.json         as they stand in the data set

Layout ``fair-play`` is that of `simbinaural.corpora.fair_play`: sound, video, frames and splits.

Sound is float WAV in both: 16 bits would round it, and `audio` would no longer be the convolution
of `dry` with `rir` to 1e-5. What is not a number in JSON (NaN, infinity) is null.

A clip that was exported is not exported again: labels that were added since then come by an export
to another folder.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simbinaural.audio import write_audio
from simbinaural.corpora import fair_play_clips, fair_play_splits
from simbinaural.errors import InputError, require
from simbinaural.jobs import run_jobs
from simbinaural.shards import open_dataset, read_split
from simbinaural.shards.folder import INFO
from simbinaural.shards.runs import LOCK, working_in
from simbinaural.shards.writer import replacing
from simbinaural.video import write_video

TOOL = "simbinaural export"

RECORD, CATALOG = "export.json", "clips.json"

LAYOUTS = ("plain", "fair-play")

SOUNDS = ("audio", "dry", "ambisonics")

IMAGES = {"frames": ("frames", "jpg"), "source_mask": ("masks", "png"), "depth": ("depth", "png")}
"""Folder and suffix of arrays of encoded images."""

RIRS = ("rir", "ambisonic_rir")

ENERGY = "energy_map"

MAX_LABEL_SIZE = 1000
"""Numbers of an array of labels that may stand in JSON; larger ones become files."""


@dataclass(frozen=True)
class ExportJob:
    """Clips of a data set that are to be written."""

    dataset: Path
    out: Path
    layout: str
    clip_ids: tuple


@dataclass(frozen=True)
class ExportReport:
    """What a run has done: clips that are there now, and those of this run."""

    n_clips: int
    n_new: int


def export_dataset(dataset, out, *, layout="plain", executor, report=None):
    """Write a whole data set as plain files, or what is missing of it.

    Parameters
    ----------
    dataset : path-like
        The data set.
    out : path-like
        The folder; made if need be.
    layout : {"plain", "fair-play"}
        See the module's docstring.
    executor : concurrent.futures.Executor
        Runs a job for each shard.
    report : callable, optional
        Called with the total and missing number of clips; returns what is called with each further
        number of clips.

    Returns
    -------
    ExportReport

    Raises
    ------
    InputError
        If the data set is none, empty or damaged, or the folder holds something else.
    """
    dataset, out = Path(dataset), Path(out)
    require(layout in LAYOUTS, f"layout must be one of {', '.join(LAYOUTS)}, got {layout}")
    with open_dataset(dataset) as clips:
        require(clips.clip_ids, f"{dataset}: data set must hold clips, got none")
        by_shard = {}
        for clip_id in clips.clip_ids:
            by_shard.setdefault(clips.shard_of(clip_id), []).append(clip_id)
    record = {"tool": TOOL, "dataset": str(dataset.resolve()), "layout": layout}
    _check_target(out, record)
    with working_in(out):
        _write_json(out / RECORD, record)
        _write_splits(dataset, out, layout)
        jobs = _missing_jobs(dataset, out, layout, by_shard.values())
        n_clips, n_new = (sum(map(len, ids)) for ids in (by_shard.values(), _ids(jobs)))
        advance = report(n_clips, n_new) if report else None
        run_jobs(
            export_clips, jobs, executor=executor, on_done=lambda done: advance and advance(done)
        )
        if layout == "plain":
            _copy(dataset / INFO, out / INFO)
            _gather_catalog(out, sorted(clip_id for ids in by_shard.values() for clip_id in ids))
    return ExportReport(n_clips, n_new)


def export_clips(job):
    """Write some clips; return how many."""
    write = write_plain if job.layout == "plain" else fair_play_clips.write_clip
    with open_dataset(job.dataset) as clips:
        for clip_id in job.clip_ids:
            write(job.out, clips.clip(clip_id))
    return len(job.clip_ids)


def _check_target(out, record):
    if (out / RECORD).exists():
        try:
            stored = json.loads((out / RECORD).read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{out / RECORD}: is not valid JSON ({error})") from None
        require(
            stored == record,
            f"{out}: holds another export ({stored.get('layout')}, of {stored.get('dataset')}); "
            "choose another -o",
        )
    elif out.is_dir() and any(path.name != LOCK for path in out.iterdir()):
        raise InputError(f"{out}: is not empty and holds no export; choose another -o")


def _missing_jobs(dataset, out, layout, shards):
    missing = (
        tuple(clip_id for clip_id in ids if not _is_done(out, layout, clip_id)) for ids in shards
    )
    return [ExportJob(dataset, out, layout, ids) for ids in missing if ids]


def _ids(jobs):
    return [job.clip_ids for job in jobs]


def _is_done(out, layout, clip_id):
    if layout == "plain":
        return _clip_json(out, clip_id).exists()
    return fair_play_clips.has_clip(out, clip_id)


def _write_splits(dataset, out, layout):
    for path in sorted((dataset / "splits").glob("*.json")):
        split = read_split(dataset, path.stem)
        if layout == "plain":
            _copy(path, out / "splits" / path.name)
        else:
            fair_play_splits.write_split_files(out, path.stem, split)


# --------------------------------------------------------------------------- the plain layout


def write_plain(out, clip):
    """Write a clip in the plain layout; its JSON, last, says that it is whole."""
    files = {name: _write_sound(out, clip, name) for name in SOUNDS if name in clip}
    files |= {name: _write_images(out, clip, name) for name in IMAGES if name in clip}
    files["video"] = _write_video(out, clip)
    rirs = {name: clip[name] for name in RIRS if name in clip}
    if rirs:
        rirs |= {"rir_times": clip["rir_times"], "sample_rate": clip.attributes["sample_rate"]}
        files |= dict.fromkeys(set(rirs) & set(RIRS), _write_arrays(out, "rirs", clip.id, rirs))
    if ENERGY in clip:
        maps = {ENERGY: clip[ENERGY], **clip.axes(ENERGY)}
        files[ENERGY] = _write_arrays(out, "energy_maps", clip.id, maps)
    labels = {name: _write_label(out, clip.id, name, each) for name, each in clip.labels.items()}
    about = {
        "attributes": _as_json(clip.attributes),
        "files": dict(sorted(files.items())),
        "arrays": {name: _as_json(clip[name]) for name in clip if name not in files},
        "labels": labels,
    }
    _write_json(_clip_json(out, clip.id), about)


def _write_sound(out, clip, name):
    path = _path(out, name, f"{clip.id}.wav")
    write_audio(path, clip[name], clip.attributes["sample_rate"])
    return _relative(out, path)


def _write_images(out, clip, name):
    folder, suffix = IMAGES[name]
    for index, image in enumerate(clip[name]):
        _path(out, f"{folder}/{clip.id}", f"{index:06d}.{suffix}").write_bytes(image.tobytes())
    return f"{folder}/{clip.id}"


def _write_video(out, clip):
    path, attributes = _path(out, "videos", f"{clip.id}.mp4"), clip.attributes
    write_video(
        path,
        clip["frames"],
        attributes["fps"],
        clip["audio"],
        attributes["sample_rate"],
        times=clip["frame_times"],
    )
    return _relative(out, path)


def _write_arrays(out, folder, clip_id, arrays):
    path = _path(out, folder, f"{clip_id}.npz")
    np.savez_compressed(path, **arrays)
    return _relative(out, path)


def _write_label(out, clip_id, name, group):
    """Write the labels `name` of a clip, a group of HDF5; return what stands in JSON."""
    arrays = {key: value[()] for key, value in group.items()}
    large = {key: value for key, value in arrays.items() if np.size(value) > MAX_LABEL_SIZE}
    about = {key: _as_json(value) for key, value in arrays.items() if key not in large}
    about |= {key: _as_json(value) for key, value in group.attrs.items()}
    return (
        {**about, "file": _write_arrays(out, f"labels/{name}", clip_id, large)} if large else about
    )


def _path(out, folder, name):
    path = Path(out) / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _relative(out, path):
    return path.relative_to(out).as_posix()


# --------------------------------------------------------------------------- JSON


def _clip_json(out, clip_id):
    return Path(out) / "clips" / f"{clip_id}.json"


def _gather_catalog(out, clip_ids):
    """Write all clips' JSON into one file, without reading it all into memory."""
    with replacing(out / CATALOG) as temporary, temporary.open("w", encoding="utf-8") as file:
        for index, clip_id in enumerate(clip_ids):
            about = _clip_json(out, clip_id).read_text(encoding="utf-8").strip()
            file.write(f"{',' if index else '{'}\n{json.dumps(clip_id)}: {about}")
        file.write("\n}\n")


def _write_json(path, content):
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")


def _copy(source, target):
    with replacing(target) as temporary:
        temporary.write_bytes(source.read_bytes())


def _as_json(value):
    """Turn what shards hold into what JSON knows; what is no finite number becomes null."""
    if isinstance(value, dict):
        return {key: _as_json(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, bytes):
        return value.decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value
