"""Many files to a data set: a job for each file, resumed and extended, one report at the end.

::

    DATASET/
      dataset.json              options, versions, the files in order
      shards/00003-000.h5       file 3, its first clips; clip ids are 00003-0000, 00003-0001, …
      reports/00003.json        what became of file 3; a file is done when this is there

A file's number is its place in the list, so that more files can be added later.
"""

import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path

from ambi2binaural.cropping import FileCropper
from ambi2binaural.options import CropOptions
from simbinaural.errors import InputError, require
from simbinaural.hrtf import load_hrtf
from simbinaural.jobs import keep_freed_memory, run_jobs
from simbinaural.shards import open_dataset, write_info, write_shard, write_split
from simbinaural.shards.reader import open_shard
from simbinaural.shards.runs import find_run, refuse_changes, working_in
from simbinaural.shards.writer import replacing
from simbinaural.splits import split_clips

TOOL = "ambi2binaural crop"

PACKAGES = ("simbinaural", "av", "h5py", "numpy", "opencv-python", "scipy", "soxr")


@dataclass(frozen=True)
class Source:
    """A file to crop.

    Attributes
    ----------
    path : str
        The video.
    audio : str or None
        Its sound, where that is another file.
    """

    path: str
    audio: str | None = None


@dataclass(frozen=True)
class FileJob:
    """One file to make clips of, and where they go."""

    folder: Path
    number: int
    source: Source
    options: CropOptions
    video: bool


@dataclass(frozen=True)
class FileReport:
    """What became of a file.

    Attributes
    ----------
    path : str
    n_clips : int
    duration_s : float
        Of all its clips.
    notes : tuple of str
    error : str or None
        Why it was skipped.
    """

    path: str
    n_clips: int = 0
    duration_s: float = 0.0
    notes: tuple = ()
    error: str | None = None


def crop_files(folder, sources, options, *, executor, command, video=False, report=None):
    """Make a data set of clips of many files, or what is missing of it.

    Parameters
    ----------
    folder : path-like
        The data set; made if need be.
    sources : sequence of Source
        The files; those that the data set knows already come first, in their order.
    options : CropOptions
        What clips are made.
    executor : concurrent.futures.Executor
        As `simbinaural.jobs.open_executor` makes it.
    command : str
        What the user typed, for the record.
    video : bool
        Whether clips are written as MP4 too.
    report : callable, optional
        Called with the total and missing number of files; returns what is called with each 1.

    Returns
    -------
    list of FileReport
        One for each file.

    Raises
    ------
    InputError
        If the folder holds something else, other options made it, or the HRTF is none.
    """
    folder = Path(folder)
    require(sources, "files must be one at least, got none")
    if options.hrtf:
        load_hrtf(options.hrtf, options.sample_rate)  # fails now, not once for each file
    info = find_run(folder, TOOL)
    if info:
        _check_unchanged(folder, info, options)
    known = [Source(**each) for each in info["files"]] if info else []
    everything = [*known, *(each for each in dict.fromkeys(sources) if each not in known)]
    with working_in(folder):
        if everything != known:
            write_info(folder, _describe(options, everything, command))
        jobs = [
            FileJob(folder, number, each, options, video)
            for number, each in enumerate(everything)
            if not _is_done(folder, number)
        ]
        advance = report(len(everything), len(jobs)) if report else None
        run_jobs(crop_file, jobs, executor=executor, on_done=lambda _: advance and advance(1))
        reports = [_read_report(folder, number) for number in range(len(everything))]
        _forget_failures(folder, reports)
    return reports


def crop_file(job):
    """Make all clips of one file, and its report; a bad file is reported, not raised."""
    keep_freed_memory()
    try:
        report = _crop(job)
    except InputError as error:
        report = FileReport(job.source.path, error=str(error))
    with replacing(_report_path(job.folder, job.number)) as temporary:
        temporary.write_text(json.dumps(vars(report), indent=1) + "\n", encoding="utf-8")
    return report


def _crop(job):
    options = job.options
    cropper = FileCropper(job.source.path, options, audio=job.source.audio)
    done = sorted((job.folder / "shards").glob(f"{job.number:05d}-*.h5"))
    first = len(done) * options.shard_clips
    clips = (
        (f"{job.number:05d}-{index:04d}", clip)
        for index, clip in enumerate(cropper.clips(first=first), start=first)
    )
    part = len(done)
    while (head := next(clips, None)) is not None:
        path = job.folder / "shards" / f"{job.number:05d}-{part:03d}.h5"
        write_shard(path, chain([head], islice(clips, options.shard_clips - 1)))
        done.append(path)
        part += 1
    lengths = [_clip_lengths(job, path) for path in done]
    n_clips = sum(map(len, lengths))
    require(n_clips > 0, f"{job.source.path}: must last a second at least, got less")
    return FileReport(job.source.path, n_clips, sum(map(sum, lengths)), tuple(cropper.notes))


def _clip_lengths(job, path):
    """Seconds of each clip of a shard; on the way its MP4s are written, where they are wanted."""
    from simbinaural.video import write_video  # OpenCV, which would delay the decoder's start

    with open_shard(path) as clips:
        for clip in clips if job.video else ():
            out = job.folder / "videos" / f"{clip.id}.mp4"
            if not out.exists():
                out.parent.mkdir(exist_ok=True)
                attributes = clip.attributes
                write_video(
                    out, clip["frames"], attributes["fps"], clip["audio"], attributes["sample_rate"]
                )
        return [clip.duration_s for clip in clips]


# --------------------------------------------------------------------------- what is there


def _check_unchanged(folder, info, options):
    stored, now = info["options"], options.as_json()
    differing = [
        f"--{name.replace('_', '-')} was {stored.get(name)}, now {value}"
        for name, value in now.items()
        if stored.get(name) != value
    ]
    refuse_changes(folder, differing)


def _describe(options, sources, command):
    return {
        "tool": TOOL,
        "command": command,
        "options": options.as_json(),
        "files": [vars(source) for source in sources],
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "licenses": {"videos": "as their authors say", "hrtf": options.hrtf or "KEMAR: if cited"},
    }


def _report_path(folder, number):
    return folder / "reports" / f"{number:05d}.json"


def _is_done(folder, number):
    return _report_path(folder, number).exists()


def _read_report(folder, number):
    content = json.loads(_report_path(folder, number).read_text(encoding="utf-8"))
    return FileReport(**{**content, "notes": tuple(content["notes"])})


def _forget_failures(folder, reports):
    """A file that was skipped is tried again by the next run: it may have been mended."""
    for number, report in enumerate(reports):
        if report.error:
            _report_path(folder, number).unlink()


# --------------------------------------------------------------------------- splits


def split_by_video(folder, parts):
    """Write the split ``video``: no source video stands in two parts.

    Parameters
    ----------
    folder : path-like
        The data set.
    parts : dict of str to str
        Part (``train``, ``val`` or ``test``) of each video id (a file's name without its ending);
        empty to draw 80, 10 and 10 % of the videos.

    Returns
    -------
    pathlib.Path
        The split.
    """
    with open_dataset(folder) as clips:
        if not parts:
            split = split_clips(clips, by="scene", fractions=(0.8, 0.1, 0.1), seed=0)
        else:
            split = {"kind": "given", "seed": None, "train": [], "val": [], "test": []}
            for clip in clips:
                split[parts.get(clip.attributes["scene"], "train")].append(clip.id)
    return write_split(folder, "video", split)
