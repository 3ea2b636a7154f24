"""Rendering a data set: shards handed to workers in parts, resumed and extended.

`dataset.json` comes first and says what is to be made; a shard that exists is done. A part is a
visit to a home: small enough that all workers have something to do until the end. It waits beside
the shards until its shard has all of its parts. So whatever ends a run, the same command goes on
with the visits that are missing.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path

from simbinaural.dataset.catalog import load_catalog
from simbinaural.dataset.clip import Studio, make_clip
from simbinaural.dataset.options import RenderOptions, check_unchanged
from simbinaural.dataset.plan import cast_clip
from simbinaural.dataset.record import TOOL, check_same_input, describe, version_changes
from simbinaural.errors import InputError
from simbinaural.hrtf import load_hrtf
from simbinaural.jobs import run_jobs
from simbinaural.kernels import is_new
from simbinaural.scenes.material_file import Refurnished, read_materials
from simbinaural.scenes.sources import parse_scenes
from simbinaural.shards import join_parts, write_info, write_shard
from simbinaural.shards.runs import find_run, forget_empty, working_in
from simbinaural.vision.backends import choose_vision

PART_SUFFIX = ".visit"

FIRST_RUN = "first run of this version: its kernels are compiled, which takes a minute or two, once"

LAST_PARTS = 16
"""So many of the last parts are made the longest first, so that workers end at about one time."""


@dataclass(frozen=True)
class ShardJob:
    """One shard to make: where, and which clips."""

    path: Path
    options: RenderOptions
    first: int
    last: int

    @property
    def n_clips(self):
        """How many clips it holds."""
        return self.last - self.first


@dataclass(frozen=True)
class Part:
    """Some clips of a shard, made by one job: where, and which."""

    shard: ShardJob
    first: int
    last: int

    @property
    def path(self):
        """Where its clips wait for the rest of the shard."""
        return self.shard.path.with_name(f"{self.shard.path.name}.{self.first:06d}{PART_SUFFIX}")

    @property
    def n_clips(self):
        """How many clips it has."""
        return self.last - self.first


@dataclass(frozen=True)
class Outcome:
    """What a run has done."""

    n_rendered: int
    n_clips: int


def render_dataset(folder, options, *, executor, command, report=None, warn=None, tell=None):
    """Render a data set, or what is missing of it.

    Parameters
    ----------
    folder : path-like
        The data set; made if need be.
    options : RenderOptions
        What it is.
    executor : concurrent.futures.Executor
        As `simbinaural.jobs.open_executor` makes it.
    command : str
        What the user typed, for the record.
    report : callable, optional
        Called once with the total and the missing number of clips and returns a function that is
        called with each further number of finished clips.
    warn : callable, optional
        Called with a line for each file that is left out, for each version that has changed, and
        for what is odd about a scene; with each once.
    tell : callable, optional
        Called with a line that says which engines were chosen and why, and with one if the first
        clip will take long.

    Returns
    -------
    Outcome

    Raises
    ------
    InputError
        If the folder holds something else, or the input is bad: nothing is left there then, if
        no clip has been made.
    """
    folder = Path(folder)
    info = find_run(folder, TOOL)
    options, reason = settle_engines(options, info["options"] if info else None)
    if info:
        check_unchanged(folder, info["options"], options)
    open_studio.cache_clear()  # the user's files may have changed since the last run
    studio = open_studio(options)
    fresh = describe(options, studio, command)
    if info:
        check_same_input(folder, info, fresh)
    for line in filter(None, (reason, FIRST_RUN if is_new() else "")):
        if tell:
            tell(line)
    warn_once = _each_once(warn)
    warn_once(studio.catalog.problems)
    warn_once(version_changes(folder, info, options) if info else ())
    batches = _extended(info.get("batches", []) if info else [], options.videos)
    with working_in(folder):
        if not info or batches != info["batches"]:
            stored = {**(info or fresh), "options": options.as_json(), "batches": batches}
            write_info(folder, stored)
        shards = [job for job in shard_jobs(folder, options, batches) if not job.path.exists()]
        missing = [
            part for shard in shards for part in shard_parts(shard) if not part.path.exists()
        ]
        n_missing = sum(part.n_clips for part in missing)
        advance = report(options.videos, n_missing) if report else None
        try:
            _make_shards(shards, missing, studio, executor, advance=advance, warn=warn_once)
        except InputError:
            if not info:
                forget_empty(folder)
            raise
    return Outcome(n_missing, options.videos)


def settle_engines(options, stored=None):
    """Replace ``auto``: a data set goes on with what it was begun with.

    Parameters
    ----------
    options : RenderOptions
        What the user wants.
    stored : dict, optional
        Options of the data set that is there.

    Returns
    -------
    options : RenderOptions
        `vision` is settled; `acoustics` for homes with rooms, for scans it is a matter of each.
    reason : str
        A line about the choice; empty for homes with rooms.

    Raises
    ------
    InputError
        If what is asked for is missing here.
    """
    before = RenderOptions.from_json(stored) if stored else None
    scans = not options.scenes.startswith("procedural")
    wanted = before.vision if before and options.vision == "auto" else options.vision
    vision, why = choose_vision(wanted, is_scan=scans)
    acoustics = options.acoustics
    if acoustics == "auto":
        acoustics = before.acoustics if before else "auto" if scans else "rooms"
    if acoustics == "soundspaces" and not scans:
        raise InputError("acoustics must be rooms, mesh or rlr for built-in homes, got soundspaces")
    return replace(options, vision=vision, acoustics=acoustics), why if scans else ""


def _each_once(warn):
    """Return what hands on each line of several once; other percentages make no other line."""
    told = set()

    def hand_on(lines):
        for line in lines:
            gist = re.sub(r"[\d.]+ %", "%", line)
            if warn and gist not in told:
                warn(line)
            told.add(gist)

    return hand_on


def _make_shards(shards, parts, studio, executor, *, advance, warn):
    """Make the missing parts of shards; join them as soon as a shard has all of its own."""
    waiting = {shard: set() for shard in shards}
    for part in parts:
        waiting[part.shard].add(part)
    last = sorted(parts[-LAST_PARTS:], key=partial(_duration_s, studio), reverse=True)

    def join_if_whole(shard):
        if not waiting[shard]:
            join_parts(shard.path, [each.path for each in shard_parts(shard)])

    def gather(made):
        part, remarks = made
        warn(remarks)
        waiting[part.shard].remove(part)
        join_if_whole(part.shard)
        if advance:
            advance(part.n_clips)

    for shard in shards:
        join_if_whole(shard)  # a run may have ended between the last part and this
    run_jobs(make_part, parts[:-LAST_PARTS] + last, executor=executor, on_done=gather)


def _duration_s(studio, part):
    """Seconds of video in a part."""
    return sum(
        cast_clip(studio.options, index, studio.catalog, studio.scenes).duration_s
        for index in range(part.first, part.last)
    )


def make_part(part):
    """Make the clips of a part of a shard; return the part, and lines for the user."""
    studio = open_studio(part.shard.options)
    studio.remarks.clear()
    write_shard(
        part.path,
        ((f"{index:06d}", make_clip(studio, index)) for index in range(part.first, part.last)),
    )
    return part, list(studio.remarks)


@lru_cache(maxsize=1)
def open_studio(options):
    """Load what all clips share, once in each worker.

    Parameters
    ----------
    options : RenderOptions
        What the data set is.

    Returns
    -------
    Studio
    """
    return Studio(
        options=options,
        catalog=load_catalog(options),
        scenes=_scenes(options),
        hrtf=load_hrtf(options.hrtf, options.sample_rate),
    )


def _scenes(options):
    scenes = parse_scenes(
        options.scenes,
        scene_root=options.scene_root,
        up=options.up,
        unit_scale=options.unit_scale,
    )
    if options.vision == "habitat":
        scenes = replace(scenes, need_textures=False)  # it reads them itself
    if not options.materials:
        return scenes
    any_name = not options.scenes.startswith("procedural")  # scans have names of their own
    return Refurnished(scenes, read_materials(options.materials, any_name=any_name))


def shard_jobs(folder, options, batches):
    """List all shards of a data set, made or not.

    Parameters
    ----------
    folder : path-like
        The data set.
    options : RenderOptions
        Its options; `shard_clips` counts.
    batches : list of int
        Number of videos after the first run and after each extension.

    Returns
    -------
    list of ShardJob
        In order; an extension starts a new shard.
    """
    jobs = []
    for begin, end in zip([0, *batches[:-1]], batches, strict=True):
        for first in range(begin, end, options.shard_clips):
            last = min(first + options.shard_clips, end)
            path = Path(folder) / "shards" / f"{len(jobs):05d}.h5"
            jobs.append(ShardJob(path, options, first, last))
    return jobs


def shard_parts(shard):
    """List the parts of a shard, in order: its clips by visit to a home."""
    size = shard.options.clips_a_visit
    visits = groupby(range(shard.first, shard.last), lambda index: index // size)
    clips = [list(each) for _, each in visits]
    return [Part(shard, each[0], each[-1] + 1) for each in clips]


def _extended(batches, videos):
    return [*batches, videos] if not batches or videos > batches[-1] else list(batches)
