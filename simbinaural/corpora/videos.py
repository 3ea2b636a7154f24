"""A folder of videos: what is in it, single pictures, and copies that browsers play.

Frame k of a video is its k-th picture in the order of presentation.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import av
import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.video import read_frames, read_sound, video_info, write_video

SUFFIXES = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".wmv")

PLAYED = {
    "mp4": ({"h264"}, {"aac", "mp3", "opus", "flac"}),
    "webm": ({"vp8", "vp9", "av1"}, {"opus", "vorbis"}),
}
"""Codecs of picture and sound that browsers play, by the kind of file."""

PLAYED_SUFFIXES = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mp4", ".webm": "webm"}

COPY_WIDTH = 640
"""Pixels: copies are to be listened to, with a picture that tells what happens."""

SILENCE_RATE = 48000

TICK = 1e-3
"""Seconds between pictures at least."""


@dataclass(frozen=True)
class Video:
    """A video file that can be read.

    Attributes
    ----------
    path : pathlib.Path
    n_frames : int
    fps : float
        Mean pictures per second.
    width, height : int
        Pixels as shown.
    duration_s : float
    plays : bool
        Whether browsers play the file as it is.
    """

    path: Path
    n_frames: int
    fps: float
    width: int
    height: int
    duration_s: float
    plays: bool


def find_videos(folder):
    """Find the videos of a folder and of the folders in it.

    Parameters
    ----------
    folder : path-like
        Hidden files and folders are left out.

    Returns
    -------
    dict of str to pathlib.Path
        By the path relative to the folder without its ending, sorted. Where two differ in the
        ending only, the later one keeps it in its name.
    """
    folder, found = Path(folder), {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            name = relative.with_suffix("").as_posix()
            found[name if name not in found else relative.as_posix()] = path
    return found


def probe_video(path):
    """Read what there is to know of a video, decoding its first picture only.

    Parameters
    ----------
    path : path-like
        What FFmpeg reads.

    Returns
    -------
    Video

    Raises
    ------
    InputError
        If the file is missing, damaged or without pictures.
    """
    info = video_info(path)
    with _opened(path) as container:
        track = container.streams.video[0]
        # Only MP4's count is right: Matroska has none, AVI counts empty packets.
        counted = "mp4" in container.format.name.split(",") and track.frames
        n_frames = counted or len(picture_times(path))
        require(n_frames, f"{path}: file must have pictures, got none that has a time")
        return Video(
            path=Path(path),
            n_frames=n_frames,
            fps=info.fps or 25.0,
            width=info.width,
            height=info.height,
            duration_s=info.duration_s or n_frames / (info.fps or 25.0),
            plays=_plays(path, container),
        )


@lru_cache(maxsize=64)
def _stamps(path, _changed):
    """Time stamps of a file's pictures, growing, and the stamp of time 0, in the track's units."""
    with _opened(path) as container:
        track = container.streams.video[0]
        unit = float(track.time_base)
        start = (container.start_time or 0) / av.time_base / unit
        stamps = [
            packet.pts
            for packet in container.demux(track)
            if packet.pts is not None and not packet.is_discard
        ]
    return np.unique(np.array(stamps, dtype=np.int64)), start, unit


def picture_times(path):
    """Seconds at which each picture of a video is shown, (frames,), without decoding it."""
    stamps, start, unit = _stamps(str(path), _changed(path))
    return (stamps - start) * unit


def read_picture(path, frame):
    """Read one picture of a video.

    Parameters
    ----------
    path : path-like
        What FFmpeg reads.
    frame : int
        Its number, from 0 on.

    Returns
    -------
    (height, width, 3) numpy.ndarray of uint8
        RGB, upright.

    Raises
    ------
    InputError
        If there is no such picture, or the file is damaged there.
    """
    stamps, *_ = _stamps(str(path), _changed(path))
    require(
        0 <= frame < len(stamps),
        f"{path}: frame must be from 0 to {len(stamps) - 1}, got {frame}",
    )
    picture = _sought_picture(path, int(stamps[frame])) or _counted_picture(path, frame)
    require(picture is not None, f"{path}: is damaged, frame {frame} cannot be read")
    upright = np.rot90(picture.to_ndarray(format="rgb24"), picture.rotation // 90)
    return np.ascontiguousarray(upright)


def _sought_picture(path, stamp):
    """Picture with a time stamp, from the key frame before; None if it cannot be found so."""
    with _opened(path) as container:
        if container.format.name == "avi":
            return None  # its index leads behind the picture, its stamps are not in order
        container.seek(stamp, stream=container.streams.video[0], backward=True)
        for picture in container.decode(video=0):
            if picture.pts is not None and picture.pts >= stamp:
                return picture if picture.pts == stamp else None
    return None


def _counted_picture(path, frame):
    """Picture with a number, from the front."""
    with _opened(path) as container:
        return next(islice(container.decode(video=0), frame, None), None)


def write_copy(out, path):
    """Write a copy of a video as MP4 that browsers play, with stereo sound.

    Parameters
    ----------
    out : path-like
        The new file.
    path : path-like
        The video. Of one channel both ears get the same, of more than two the first two are heard;
        without sound the copy is silent.
    """
    info = video_info(path)
    pictures, fps = read_frames(path, size=copy_size(info.width, info.height)), info.fps or 25.0
    times, frames = _split(pictures)
    write_video(out, frames, fps, _stereo_sound(path, info), _rate(info), times=times)


def copy_size(width, height):
    """Width and height of a copy: even, `COPY_WIDTH` at most, of about the same shape."""
    scale = min(1.0, COPY_WIDTH / width)
    return tuple(2 * max(1, round(length * scale / 2)) for length in (width, height))


def as_stereo(samples):
    """Make (2, samples) of any number of channels: one twice, of more the first two."""
    return samples[:2] if len(samples) > 1 else np.repeat(samples, 2, axis=0)


def _split(pictures):
    """Make two iterators, of times and pictures, that are taken in turns, of one of both."""
    waiting = []

    def frames():
        last = -TICK
        for time, rgb in pictures:
            last = max(time, last + TICK)  # AVI may tell them out of order
            waiting.append(last)
            yield rgb

    return iter(lambda: waiting.pop(0) if waiting else None, object()), frames()


def _rate(info):
    return info.sample_rate or SILENCE_RATE


def _stereo_sound(path, info) -> Iterator[np.ndarray]:
    """Yield blocks (2, samples) that begin at the time 0 of the pictures."""
    if not info.sample_rate:
        yield np.zeros((2, max(1, round(info.duration_s * SILENCE_RATE))), np.float32)
        return
    first = True
    for time, samples in read_sound(path):
        if first:
            late = round(time * info.sample_rate)
            yield np.zeros((2, max(0, late)), np.float32)
            samples, first = samples[:, max(0, -late) :], False
        yield as_stereo(samples)


def _plays(path, container):
    """Whether browsers play a file as it is."""
    kind = PLAYED_SUFFIXES.get(Path(path).suffix.lower())
    if kind is None or kind not in container.format.name.split(","):
        return False
    pictures, sounds = PLAYED[kind]
    video, tracks = container.streams.video[0].codec_context, container.streams.audio
    return (
        video.codec.canonical_name in pictures
        and video.pix_fmt in ("yuv420p", "yuvj420p")
        and all(_is_played(each, sounds) for each in tracks[:1])
    )


def _is_played(sound, codecs):
    return sound.codec.canonical_name in codecs and sound.channels <= 2


def _changed(path):
    try:
        found = Path(path).stat()
    except OSError:
        raise InputError(f"{path}: file must exist") from None
    return found.st_mtime_ns, found.st_size


@contextmanager
def _opened(path):
    """Open a file of FFmpeg's, and say in one line what is wrong with it."""
    try:
        with av.open(str(path)) as container:
            require(container.streams.video, f"{path}: file must have pictures, got none")
            yield container
    except av.error.FFmpegError as error:
        raise InputError(f"{path}: file must be a whole video, got {error.strerror}") from error
