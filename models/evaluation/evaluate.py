"""Predict the clips of a data set and measure how far they are from the truth."""

import pickle
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from models.evaluation.clips import WholeClip
from models.evaluation.measures import measure_clip
from models.evaluation.report import Report
from models.inference import BATCH_SIZE, HOP_S, binauralize
from simbinaural.errors import InputError, require
from simbinaural.jobs import open_executor, run_jobs
from simbinaural.shards import open_dataset


def evaluate(
    network,
    table,
    *,
    about=None,
    hop_s=HOP_S,
    batch_size=BATCH_SIZE,
    device="cpu",
    workers=1,
    legacy=False,
    flip_visual=False,
    progress=None,
):
    """Measure a network on whole clips.

    Parameters
    ----------
    network : torch.nn.Module
        Of `models.networks`.
    table : ClipTable
        Clips.
    about : dict, optional
        What the report says of the occasion: ``data``, ``split``, ``part``, ``run`` and the like.
    hop_s, batch_size, device
        As of `models.inference.binauralize_blocks`.
    workers : int
        Processes that share the clips; each has its own copy of the network on the device.
    legacy : bool
        Inverse STFT and level as of the field's public code, which brings each window of the true
        stereo to the networks' level: for comparison with published numbers.
    flip_visual : bool
        Mirror the pictures, and only them.
    progress : callable, optional
        Called with 1 after each clip.

    Returns
    -------
    Report
        The same, but for rounding, whatever the number of workers.

    Raises
    ------
    InputError
        If pictures shall be flipped for a network that needs none, or a clip cannot be used.
    """
    require(
        not flip_visual or "frame" in network.needs,
        f"flip-visual must be for a network that looks at pictures, got {network.name}",
    )
    options = {"hop_s": hop_s, "batch_size": batch_size, "device": device, "legacy": legacy}
    jobs = [
        _Job(row, table.folders[table.dataset[row]], table.clip_ids[row], flip_visual, options)
        for row in range(len(table))
    ]
    found = {}

    def keep(result):
        row, measured = result
        found[row] = {"clip": table.name(row), **measured}
        if progress:
            progress(1)

    if workers == 1:
        # Not by `run_jobs`, which would keep torch to one thread.
        for job in jobs:
            keep(_evaluate_clip(network, job))
    else:
        _share_out(network, jobs, workers, keep)
    about = {"network": network.name, **(about or {}), "hop_s": hop_s, "legacy": legacy}
    about["flip_visual"] = flip_visual
    return Report(about, tuple(found[row] for row in range(len(table))))


class _Job(NamedTuple):
    """One clip to evaluate."""

    row: int
    folder: Path
    clip_id: str
    flip_visual: bool
    options: dict


def _evaluate_clip(network, job):
    with open_dataset(job.folder) as data:
        clip = WholeClip(data.clip(job.clip_id), flip_visual=job.flip_visual)
        try:
            predicted = binauralize(
                network, clip.mono, clip.frame_at, reference=_level_of(clip, job), **job.options
            )
        except InputError as error:
            raise InputError(f"{job.folder}: clip {job.clip_id}: {error}") from None
        return job.row, measure_clip(clip.audio, predicted, clip.azimuth_at)


def _level_of(clip, job):
    """Give the truth away for its level where the public code does, and nowhere else."""
    return clip.audio if job.options["legacy"] else None


def _share_out(network, jobs, workers, keep):
    """Run jobs on several processes, which load the network from a file of their own once."""
    with TemporaryDirectory() as folder, open_executor(workers, preload=[__name__]) as executor:
        path = Path(folder) / "network.pickle"
        path.write_bytes(pickle.dumps(network.to("cpu")))
        shared = [(str(path), job) for job in jobs]
        run_jobs(_evaluate_shared, shared, executor=executor, on_done=keep)


def _evaluate_shared(shared):
    path, job = shared
    return _evaluate_clip(_shared_network(path), job)


@lru_cache(maxsize=1)
def _shared_network(path):
    """Load what the parent process has just written."""
    return pickle.loads(Path(path).read_bytes())
