"""FAIR-Play: clips of 10 s of people who play instruments in a room, with binaural sound.

::

    FAIR-Play/
      videos/000001.mp4
      binaural_audios/000001.wav     left ear first; 48 kHz as published, 16 kHz as it is used
      frames/000001.mp4/*.png        10 a second, where they have been taken out already; also
      frames/000001/*.jpg            under this name, and as JPEG

Frame k shows the moment k / 10 s, whether it is read from a picture or from the video. The 50th
frame is the one that is annotated in the literature [1]_.

References
----------
.. [1] Points of FAIR-Play: "the 50th of 102 frames"; see the paper on BAVNet.
"""

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from simbinaural.audio.files import read_audio
from simbinaural.corpora.videos import (
    as_stereo,
    copy_size,
    picture_times,
    probe_video,
    read_picture,
)
from simbinaural.errors import InputError, require
from simbinaural.video import encode_jpeg, read_frames, write_video

FPS = 10.0

LABELLED_FRAME = 49

VIDEOS, SOUNDS, FRAMES = "videos", "binaural_audios", "frames"

PICTURES = (".png", ".jpg", ".jpeg")

JPEG_BEGIN = b"\xff\xd8"

TICK = 1e-4
"""Seconds by which times of containers are rounded, at most."""


@dataclass(frozen=True)
class Recording:
    """A clip of FAIR-Play that can be read.

    Attributes
    ----------
    id : str
    video : pathlib.Path
    sound : pathlib.Path
    pictures : tuple of pathlib.Path
        Frames that have been taken out; empty where there are none.
    n_frames : int
        At `FPS`.
    width, height : int
        Pixels of the frames.
    """

    id: str
    video: Path
    sound: Path
    pictures: tuple
    n_frames: int
    width: int
    height: int


def is_fair_play(folder):
    """Whether a folder is laid out as FAIR-Play."""
    return all((Path(folder) / name).is_dir() for name in (VIDEOS, SOUNDS))


def require_fair_play(folder):
    """Raise `InputError` unless a folder holds FAIR-Play's sounds, and its videos or frames."""
    folder = Path(folder)
    require(folder.is_dir(), f"{folder}: folder must exist")
    pictures = [name for name in (VIDEOS, FRAMES) if (folder / name).is_dir()]
    require(
        (folder / SOUNDS).is_dir() and pictures,
        f"{folder}: folder must hold {SOUNDS} and {VIDEOS} or {FRAMES}, as FAIR-Play does",
    )


def find_recordings(folder):
    """Find the clips of FAIR-Play.

    Returns
    -------
    list of str
        Ids, sorted: of all videos and sounds, whether or not one lacks the other.
    """
    folder = Path(folder)
    found = [*(folder / VIDEOS).glob("*.mp4"), *(folder / SOUNDS).glob("*.wav")]
    return sorted({path.stem for path in found if not path.name.startswith(".")})


def open_recording(folder, clip_id):
    """Look at one clip.

    Returns
    -------
    Recording

    Raises
    ------
    InputError
        If video or sound is missing or damaged.
    """
    folder = Path(folder)
    video = folder / VIDEOS / f"{clip_id}.mp4"
    sound = folder / SOUNDS / f"{clip_id}.wav"
    require(sound.is_file(), f"{sound}: file must exist")
    pictures = _find_pictures(folder, clip_id)
    if pictures:
        length, size = len(pictures), _picture_size(pictures[0])
    else:
        found = probe_video(video)
        length, size = _count(found.duration_s), (found.width, found.height)
    return Recording(clip_id, video, sound, pictures, length, *size)


def read_frame(recording, frame):
    """Read frame k, which shows the moment k / `FPS`, as JPEG.

    Returns
    -------
    (bytes,) numpy.ndarray of uint8

    Raises
    ------
    InputError
        If there is no such frame, or it is damaged.
    """
    require(
        0 <= frame < recording.n_frames,
        f"{recording.video}: frame must be from 0 to {recording.n_frames - 1}, got {frame}",
    )
    if recording.pictures:
        return _read_jpeg(recording.pictures[frame])
    shown = picture_times(recording.video) <= frame / FPS + TICK
    return encode_jpeg(read_picture(recording.video, max(0, np.count_nonzero(shown) - 1)))


def read_all_frames(recording):
    """Yield every frame as JPEG, (bytes,) uint8: those that are JPEG as they are stored."""
    if recording.pictures:
        yield from map(_read_jpeg, recording.pictures)
    else:
        yield from map(encode_jpeg, _moments(recording, None))


def write_recording(out, recording):
    """Write picture (small, at `FPS`) and binaural sound as MP4 that browsers play."""
    sound, sample_rate = read_audio(recording.sound)
    size = copy_size(recording.width, recording.height)
    frames = _small_pictures(recording, size) if recording.pictures else _moments(recording, size)
    write_video(out, frames, FPS, as_stereo(sound), sample_rate)


def _count(duration_s):
    return max(1, ceil((duration_s - TICK) * FPS))


def _find_pictures(folder, clip_id):
    for name in f"{clip_id}.mp4", clip_id:
        found = [
            path
            for path in (folder / FRAMES / name).glob("*")
            if path.suffix.lower() in PICTURES and not path.name.startswith(".")
        ]
        if found:
            # 2.png stands before 10.png, and 000002.png before 000010.png.
            return tuple(sorted(found, key=lambda path: (len(path.stem), path.stem)))
    return ()


def _picture_size(path):
    try:
        with Image.open(path) as picture:
            return picture.size
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"{path}: file must be a PNG or JPEG picture ({error})") from None


def _read_rgb(path):
    return _decoded(path, np.fromfile(path, np.uint8))


def _read_jpeg(path):
    encoded = np.fromfile(path, np.uint8)
    rgb = _decoded(path, encoded)
    return encoded if encoded[:2].tobytes() == JPEG_BEGIN else encode_jpeg(rgb)


def _decoded(path, encoded):
    bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    require(bgr is not None, f"{path}: is damaged")
    return np.ascontiguousarray(bgr[..., ::-1])


def _small_pictures(recording, size):
    for path in recording.pictures:
        yield cv2.resize(_read_rgb(path), size, interpolation=cv2.INTER_AREA)


def _moments(recording, size):
    """Yield the pictures that are seen at each k / `FPS`."""
    k, last = 0, None
    for time, rgb in read_frames(recording.video, size=size):
        while last is not None and k / FPS + TICK < time and k < recording.n_frames:
            yield last
            k += 1
        last = rgb
    for _ in range(k, recording.n_frames):
        yield last
