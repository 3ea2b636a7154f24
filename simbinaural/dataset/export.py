"""A clip as a video file: what a player shows, or a 360-degree video with ambisonic sound."""

from pathlib import Path

from simbinaural.audio import resample
from simbinaural.errors import require
from simbinaural.shards import open_dataset
from simbinaural.shards.writer import replacing
from simbinaural.spherical import write_spherical_boxes
from simbinaural.video import write_video

SPHERICAL_RATE = 48_000
"""Samples per second of 360-degree video, as YouTube wants it."""


def export_clip(dataset, clip_id, path=None, *, spherical=False, codec="aac"):
    """Write a clip of a data set as an MP4 file.

    Parameters
    ----------
    dataset : path-like
        The data set.
    clip_id : str
        Which clip; leading zeros may be left out.
    path : path-like, optional
        The file, replaced when the new one is whole; by default the clip's id with ``.mp4``.
    spherical : bool
        Whether as a 360-degree video: with AmbiX at 48 kHz, and with the boxes that tell players
        so (`simbinaural.spherical`). Otherwise with binaural sound.
    codec : {"aac", "flac", "pcm"}
        Of ambisonic sound.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If there is no such clip, or it is to be spherical and has no panorama or no ambisonics.
    """
    with open_dataset(dataset) as clips:
        clip = clips.clip(clip_id.zfill(6) if clip_id.isdigit() else clip_id)
        path = Path(path or f"{clip.id}.mp4")
        if spherical:
            _write_spherical(path, clip, _name(dataset, clip), codec)
        else:
            _write(path, clip, clip["audio"], clip.attributes["sample_rate"], "aac")
    return path


def _name(dataset, clip):
    return f"{dataset}: clip {clip.id}"


def _write_spherical(path, clip, name, codec):
    require(
        clip.attributes["projection"] == "equirect",
        f"{name} must be a panorama, got {clip.attributes['projection']}; "
        "render it with --camera equirect",
    )
    require(
        "ambisonics" in clip,
        f"{name} must have ambisonics, got none; render it with --audio binaural,foa",
    )
    ambisonics = resample(clip["ambisonics"], clip.attributes["sample_rate"], SPHERICAL_RATE)
    with replacing(path) as temporary:
        _write(temporary, clip, ambisonics, SPHERICAL_RATE, codec)
        write_spherical_boxes(temporary, n_channels=len(ambisonics), projection="equirect")


def _write(path, clip, audio, sample_rate, codec):
    write_video(
        path,
        clip["frames"],
        clip.attributes["fps"],
        audio,
        sample_rate,
        times=clip["frame_times"],
        codec=codec,
    )
