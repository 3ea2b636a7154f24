"""FAIR-Play to a data set: shards of its clips under its own numbers, and its splits.

::

    DATASET/
      dataset.json                options, versions, the clips of each run that found new ones
      shards/00000.h5             the first clips that were found, 8 by default
      shards/mended-000017.h5     a clip that was skipped when its shard was written
      splits/random1.json         as given; also nonoverlap1.json, and others by their names

Which clips a shard gets is decided when they are found, so that workers, kills and restarts change
no byte. A clip that cannot be read is left out of its shard and tried again by the next run.
"""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from simbinaural.corpora.fair_play import find_recordings, require_fair_play
from simbinaural.corpora.fair_play_clips import read_clip
from simbinaural.corpora.fair_play_splits import find_splits, read_split_files
from simbinaural.errors import InputError, require
from simbinaural.jobs import run_jobs
from simbinaural.shards import PARTS, open_dataset, write_info, write_shard, write_split
from simbinaural.shards.runs import find_run, refuse_changes, working_in

TOOL = "simbinaural import fair-play"

PACKAGES = ("simbinaural", "av", "h5py", "numpy", "opencv-python", "soxr")

LICENSE = "CC BY 4.0, as FAIR-Play's README says: Gao and Grauman, 2.5D Visual Sound, CVPR 2019"


@dataclass(frozen=True)
class ImportOptions:
    """What decides the clips.

    Attributes
    ----------
    sample_rate : int
        Hertz; sound of another rate is resampled.
    shard_clips : int
        Clips in a shard.
    """

    sample_rate: int = 16000
    shard_clips: int = 8

    def __post_init__(self):
        for name, value in vars(self).items():
            require(value >= 1, f"{name} must be at least 1, got {value}")


@dataclass(frozen=True)
class ShardJob:
    """A shard to make of clips of a FAIR-Play folder."""

    source: Path
    path: Path
    clip_ids: tuple
    sample_rate: int


@dataclass(frozen=True)
class ImportReport:
    """What became of a folder.

    Attributes
    ----------
    n_clips, n_new : int
        All that are there now, and those of this run.
    splits : tuple of str
        Names of those that were written.
    problems : tuple of str
        A line for each clip and split that was skipped.
    unknown : tuple of str
        Ids that splits name and the data set has not.
    """

    n_clips: int
    n_new: int
    splits: tuple
    problems: tuple
    unknown: tuple


def import_fair_play(source, out, options, *, executor, command, split_folders=(), report=None):
    """Make a data set of FAIR-Play, or what is missing of it.

    Parameters
    ----------
    source : path-like
        FAIR-Play; see `simbinaural.corpora.fair_play`.
    out : path-like
        The data set; made if need be.
    options : ImportOptions
        What decides the clips.
    executor : concurrent.futures.Executor
        As `simbinaural.jobs.open_executor` makes it.
    command : str
        What the user typed, for the record.
    split_folders : sequence of path-like
        Where more files of splits are.
    report : callable, optional
        Called with the total and missing number of clips; returns what is called with each further
        number of clips.

    Returns
    -------
    ImportReport

    Raises
    ------
    InputError
        If the source is not laid out as FAIR-Play, or the data set is another one.
    """
    source, out = Path(source).resolve(), Path(out)
    require_fair_play(source)
    found = find_recordings(source)
    require(found, f"{source}: folder must hold clips, got none")
    splits = find_splits(source, *split_folders)
    info = find_run(out, TOOL)
    if info:
        _check_unchanged(out, info["options"], vars(options))
    with working_in(out):
        batches = _extended(info["clips"] if info else [], found)
        if not info or batches != info["clips"]:
            write_info(out, {**(info or _describe(source, options, command)), "clips": batches})
        jobs = _missing_jobs(source, out, options, batches)
        advance = report(sum(map(len, batches)), _n_clips(jobs)) if report else None
        outcomes = {}

        def gather(outcome):
            outcomes[outcome[0]] = outcome[1:]
            if advance:
                advance(outcome[1])

        run_jobs(make_shard, jobs, executor=executor, on_done=gather)
        problems = [line for job in jobs for line in outcomes[job.path][1]]
        clip_ids = _clip_ids(out)
        written, unknown = _write_splits(out, splits, set(clip_ids), problems)
    n_new = _n_clips(jobs) - sum(len(outcomes[job.path][1]) for job in jobs)
    return ImportReport(len(clip_ids), n_new, written, tuple(problems), unknown)


def make_shard(job):
    """Make a shard of all its clips that can be read.

    Returns
    -------
    path : pathlib.Path
        The shard, which is not there if no clip could be read.
    n_clips : int
        How many were tried.
    problems : list of str
        A line for each that was skipped.
    """
    problems = []
    clips = _readable(job, problems)
    first = next(clips, None)
    if first is not None:
        write_shard(job.path, chain([first], clips))
    return job.path, len(job.clip_ids), problems


def _readable(job, problems):
    for clip_id in job.clip_ids:
        try:
            clip = read_clip(job.source, clip_id, job.sample_rate)
        except InputError as error:
            problems.append(f"{error}; clip {clip_id} is skipped")
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}" if error.filename else error
            problems.append(f"{reason}; clip {clip_id} is skipped")
        else:
            yield clip_id, clip


def _n_clips(jobs):
    return sum(len(job.clip_ids) for job in jobs)


# --------------------------------------------------------------------------- what is there


def _check_unchanged(folder, stored, options):
    differing = [
        f"--{name.replace('_', '-')} was {stored.get(name)}, now {value}"
        for name, value in options.items()
        if stored.get(name) != value
    ]
    refuse_changes(folder, differing)


def _extended(batches, found):
    """Clips of each run that found new ones: new ones come behind, whatever their numbers."""
    known = {clip_id for batch in batches for clip_id in batch}
    new = [clip_id for clip_id in found if clip_id not in known]
    return [*batches, new] if new else batches


def _missing_jobs(source, out, options, batches):
    """Jobs of shards that are not there, then of clips that these that are there left out."""
    planned = _planned_shards(out / "shards", batches, options.shard_clips)
    there = set(_clip_ids(out))
    jobs = [(path, ids) for path, ids in planned if not path.exists()]
    mended = [
        (out / "shards" / f"mended-{clip_id}.h5", (clip_id,))
        for path, ids in planned
        if path.exists()
        for clip_id in ids
        if clip_id not in there
    ]
    return [ShardJob(source, path, ids, options.sample_rate) for path, ids in [*jobs, *mended]]


def _planned_shards(folder, batches, shard_clips):
    chunks = [
        tuple(batch[first : first + shard_clips])
        for batch in batches
        for first in range(0, len(batch), shard_clips)
    ]
    return [(folder / f"{number:05d}.h5", ids) for number, ids in enumerate(chunks)]


def _clip_ids(folder):
    with open_dataset(folder) as clips:
        return clips.clip_ids


def _describe(source, options, command):
    return {
        "tool": TOOL,
        "command": command,
        "options": vars(options),
        "source": str(source),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "licenses": {"fair-play": LICENSE},
    }


# --------------------------------------------------------------------------- splits


def _write_splits(out, splits, there, problems):
    """Write all splits that can be read; return their names, and which ids are unknown."""
    written, unknown = [], set()
    for name, files in splits.items():
        try:
            parts = read_split_files(name, files)
        except InputError as error:
            problems.append(f"{error}; split {name} is skipped")
            continue
        parts = {part: [_padded(clip_id, there) for clip_id in parts[part]] for part in PARTS}
        unknown.update(clip_id for part in PARTS for clip_id in parts[part])
        known = {part: sorted(there.intersection(parts[part])) for part in PARTS}
        write_split(out, name, {"kind": "given", "seed": None, **known})
        written.append(name)
    return tuple(written), tuple(sorted(unknown - there))


def _padded(clip_id, there):
    """The id of a bare number such as 17 is 000017, unless there is a clip of this very id."""
    return clip_id if clip_id in there or not clip_id.isdigit() else clip_id.zfill(6)
