"""Whole clips of FAIR-Play's layout, to and from what the data contract calls a clip.

Frames of the layout lie at k / 10 s; a frame that is a JPEG already stays what it is, byte by byte.
Sound is written as float WAV: 16 bits would round what the data set holds, and every program that
reads FAIR-Play (librosa, soundfile, SciPy, FFmpeg) reads floats as well. So what a clip of ten
frames a second has in this layout - sound, frames, moments, id - comes back as it was.
"""

from io import BytesIO
from itertools import islice
from math import ceil
from pathlib import Path

import numpy as np
from PIL import Image

from simbinaural.audio import peak, read_audio, to_db, write_audio
from simbinaural.corpora.fair_play import (
    FPS,
    FRAMES,
    SOUNDS,
    TICK,
    VIDEOS,
    open_recording,
    read_all_frames,
)
from simbinaural.corpora.videos import picture_times
from simbinaural.errors import require
from simbinaural.shards import ClipData
from simbinaural.video import decode_jpeg, write_video

POINTER = b"version https://git-lfs"
"""How a file begins that Git LFS has not fetched yet."""

MAX_BLIND_S = 1.0
"""Seconds at the end of the sound that may lack pictures; more means that pictures are missing."""


def require_fetched(path):
    """Raise `InputError` if a file is only what Git LFS puts in its place."""
    with Path(path).open("rb") as file:
        begin = file.read(len(POINTER))
    require(begin != POINTER, f"{path}: is a pointer of Git LFS; fetch the file with git lfs pull")


def read_clip(folder, clip_id, sample_rate=None):
    """Read one clip of FAIR-Play.

    Parameters
    ----------
    folder : path-like
        FAIR-Play.
    clip_id : str
        Its number, such as ``000001``.
    sample_rate : int, optional
        Rate to resample to; by default that of the WAV.

    Returns
    -------
    ClipData
        Sound, frames and their moments. The field of view is not known: `fov_deg` is NaN. Sound
        that exceeds [-1, 1] after resampling is scaled to fit, by `gain_db`.

    Raises
    ------
    InputError
        If sound or pictures are missing or damaged, the sound is not stereo, the pictures end
        early, or they are of several sizes.
    """
    folder = Path(folder)
    for path in folder / SOUNDS / f"{clip_id}.wav", folder / VIDEOS / f"{clip_id}.mp4":
        if path.is_file():
            require_fetched(path)
    recording = open_recording(folder, clip_id)
    audio, gain_db, rate = _read_ears(recording.sound, sample_rate)
    duration_s = audio.shape[1] / rate
    _require_pictures_until(recording, duration_s)
    # A frame that would be shown for the first time after the end is none of the clip.
    n_frames = min(recording.n_frames, ceil((duration_s - TICK) * FPS) + 1)
    frames = list(islice(read_all_frames(recording), n_frames))
    height, width = _common_size(recording, frames)
    arrays = {
        "audio": audio,
        "frames": frames,
        "frame_times": np.arange(len(frames)) / FPS,
    }
    attributes = {
        "sample_rate": rate,
        "fps": FPS,
        "width": width,
        "height": height,
        "projection": "perspective",
        "fov_deg": np.nan,
        "gain_db": gain_db,
        "hrtf": "",
        "origin": "recorded",
        "scene": clip_id,
        "source_file": _pictures_of(recording).relative_to(folder).as_posix(),
    }
    return ClipData(arrays, attributes)


def _read_ears(path, sample_rate):
    """Sound at both ears, the gain that keeps it within [-1, 1] in dB, and its rate."""
    sound, rate = read_audio(path, sample_rate)
    require(len(sound) == 2, f"{path}: audio has {len(sound)} channel(s), expected 2 (binaural)")
    loudest = peak(sound)
    if loudest <= 1:
        return sound, 0.0, rate
    return np.clip(sound / loudest, -1, 1), float(-to_db(loudest)), rate


def _require_pictures_until(recording, duration_s):
    end = recording.n_frames / FPS if recording.pictures else picture_times(recording.video)[-1]
    require(
        end > duration_s - MAX_BLIND_S,
        f"{_pictures_of(recording)}: pictures end at {end:.1f} s, the sound at {duration_s:.1f} s; "
        "the file is cut off, or frames are missing",
    )


def _pictures_of(recording):
    return recording.pictures[0].parent if recording.pictures else recording.video


def _common_size(recording, frames):
    """Height and width of all frames; to read their headers takes no time."""
    sizes = sorted({Image.open(BytesIO(frame)).size for frame in frames})
    require(
        len(sizes) == 1,
        f"{_pictures_of(recording)}: frames must be of one size, got "
        + ", ".join(f"{width} x {height}" for width, height in sizes),
    )
    return decode_jpeg(frames[0]).shape[:2]  # as it is seen, turned as it may say


# --------------------------------------------------------------------------- writing


def has_clip(folder, clip_id):
    """Whether `write_clip` has written a clip whole."""
    return (Path(folder) / SOUNDS / f"{clip_id}.wav").exists()


def write_clip(folder, clip):
    """Write a clip in FAIR-Play's layout; the sound, last, says that it is whole.

    Parameters
    ----------
    folder : path-like
        Where the layout's folders are, or shall be.
    clip : Clip
        Frames that are not at k / 10 s become those that are seen at these moments.
    """
    folder, rate = Path(folder), clip.attributes["sample_rate"]
    images, times = clip["frames"], clip["frame_times"]
    pictures = folder / FRAMES / f"{clip.id}.mp4"
    pictures.mkdir(parents=True, exist_ok=True)
    for number, seen in enumerate(seen_frames(times, clip.attributes["fps"]), start=1):
        (pictures / f"{number:06d}.jpg").write_bytes(images[seen].tobytes())
    video = folder / VIDEOS / f"{clip.id}.mp4"
    write_video(video, images, clip.attributes["fps"], clip["audio"], rate, times=times)
    sound = folder / SOUNDS / f"{clip.id}.wav"
    sound.parent.mkdir(exist_ok=True)
    unfinished = sound.with_name(f".{sound.name}")  # hidden: not a clip of FAIR-Play
    write_audio(unfinished, clip["audio"], rate)
    unfinished.replace(sound)


def seen_frames(times, fps):
    """Find which frame is seen at each k / `FPS`.

    Parameters
    ----------
    times : (frames,) array_like
        Seconds at which frames are shown.
    fps : float
        Frames per second of the clip: how long the last one stays.

    Returns
    -------
    (moments,) numpy.ndarray of int
        Numbers of frames; before the first is shown, the first.
    """
    times = np.asarray(times)
    moments = np.arange(ceil((times[-1] + 1 / fps - TICK) * FPS)) / FPS
    return np.maximum(np.searchsorted(times, moments + TICK, side="right") - 1, 0)
