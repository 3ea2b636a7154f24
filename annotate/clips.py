"""What is annotated: the clips of a data set, of FAIR-Play, or the videos of a folder, as one."""

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from simbinaural.corpora import fair_play, videos
from simbinaural.errors import InputError, require
from simbinaural.shards import open_dataset
from simbinaural.shards.folder import INFO
from simbinaural.video import encode_jpeg, write_video

MIDDLE = "middle"

KEPT_MEDIA = 8
"""Copies of clips that are kept: those around the one that is seen."""

KEPT_FRAMES = 32

READERS = 4
"""Threads that look at videos: most of the time they wait for the disk."""


@dataclass(frozen=True)
class ClipInfo:
    """A clip as it is shown.

    Attributes
    ----------
    id : str
        Clip id, or a video's name relative to the folder without its ending.
    n_frames : int
    fps : float
    width, height : int
        Pixels of its frames.
    frame : int
        Number of the frame to annotate.
    duration_s : float
    problem : str
        Why it cannot be shown; empty if it can.
    """

    id: str
    n_frames: int = 0
    fps: float = 0.0
    width: int = 0
    height: int = 0
    frame: int = 0
    duration_s: float = 0.0
    problem: str = ""


def open_clips(path, *, frame=MIDDLE):
    """Open what is annotated.

    Parameters
    ----------
    path : path-like
        A data set, a FAIR-Play folder or a folder of videos.
    frame : "middle" or int
        The frame to annotate: the middle one (of FAIR-Play number 49, as in the literature), or
        one number for all clips, of shorter ones the last.

    Returns
    -------
    Clips

    Raises
    ------
    InputError
        If there are no clips, or none that can be shown.
    """
    path = Path(path)
    require(path.is_dir(), f"{path}: must be a folder: a data set, FAIR-Play, or one of videos")
    require(
        frame == MIDDLE or (isinstance(frame, int) and frame >= 0),
        f"frame must be {MIDDLE} or a number from 0 on, got {frame}",
    )
    if (path / INFO).is_file():
        source = _Shards(path)
    elif fair_play.is_fair_play(path):
        source = _FairPlay(path)
    else:
        source = _Videos(path)
    clips = Clips(path, source, frame)
    if not any(not info.problem for info in clips.infos):
        clips.close()
        first = f"; the first: {clips.infos[0].problem}" if clips.infos else ""
        raise InputError(f"{path}: holds no clips that can be shown{first}")
    return clips


class Clips:
    """Clips of one folder, by their numbers from 0 on; threads may share it.

    A context manager that closes it.

    Attributes
    ----------
    path : pathlib.Path
    kind : {"dataset", "fair-play", "videos"}
    infos : tuple of ClipInfo
    """

    def __init__(self, path, source, frame):
        self.path, self.kind = path, source.kind
        self._source = source
        self.infos = tuple(source.infos(frame))
        self._folder = TemporaryDirectory(prefix="annotate-")
        self._media = _Kept(KEPT_MEDIA, self._make_media, Path.unlink)
        self._frames = _Kept(KEPT_FRAMES, self._make_frame)
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._wanted = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def frame_jpeg(self, number, frame):
        """Return a frame of a clip as the bytes of a JPEG file.

        Raises
        ------
        InputError
            If there is no such clip or frame, or it is damaged.
        """
        info = self._info(number)
        require(
            0 <= frame < info.n_frames,
            f"{info.id}: frame must be from 0 to {info.n_frames - 1}, got {frame}",
        )
        return self._frames.get((number, frame))

    def media_file(self, number):
        """Return the path of a clip as MP4 or WebM that browsers play, with stereo sound.

        Made once where the original is none; the file may go when others have been asked for.

        Raises
        ------
        InputError
            If there is no such clip, or it is damaged.
        """
        self._info(number)
        return self._source.original(number) or self._media.get(number)

    def prefetch(self, number):
        """Make frame and media of a clip ready in the background; of many, the last asked for."""
        self._wanted = number
        with suppress(RuntimeError):  # closed meanwhile
            self._ahead.submit(self._make_ready, number)

    def close(self):
        """Close all files and remove the copies."""
        self._wanted = None
        self._ahead.shutdown(cancel_futures=True)
        self._source.close()
        self._folder.cleanup()

    def _info(self, number):
        require(
            0 <= number < len(self.infos),
            f"clip must be from 0 to {len(self.infos) - 1}, got {number}",
        )
        info = self.infos[number]
        require(not info.problem, info.problem)
        return info

    def _make_ready(self, number):
        if number == self._wanted:
            with suppress(InputError, OSError):  # told to who asks for it
                self.frame_jpeg(number, self.infos[number].frame)
                self.media_file(number)

    def _make_frame(self, key):
        return self._source.jpeg(*key)

    def _make_media(self, number):
        path = Path(self._folder.name) / f"{number}.mp4"
        self._source.write_media(number, path)
        return path


class _Kept:
    """What was made last, by a key; what two threads ask for at once is made once."""

    def __init__(self, count, make, drop=lambda _: None):
        self._count, self._make, self._drop = count, make, drop
        self._entries, self._lock = OrderedDict(), threading.Lock()

    def get(self, key):
        """Return what belongs to the key, making it if need be."""
        with self._lock:
            making, made = self._entries.setdefault(key, (threading.Lock(), []))
            self._entries.move_to_end(key)
            for old in list(self._entries)[: max(0, len(self._entries) - self._count)]:
                if not self._entries[old][0].locked():
                    for value in self._entries.pop(old)[1]:
                        self._drop(value)
        with making:
            if not made:
                made.append(self._make(key))
            return made[0]


# --------------------------------------------------------------------------- three sources


class _Shards:
    """Clips of a data set; HDF5 is used by one thread at a time."""

    kind = "dataset"

    def __init__(self, path):
        self._dataset = open_dataset(path)
        self._lock = threading.Lock()

    def infos(self, rule):
        return [self._look(clip, rule) for clip in self._dataset]

    def _look(self, clip, rule):
        n_frames = clip.shape("frames")[0]
        if not n_frames:
            return ClipInfo(clip.id, problem=f"{clip.id}: has no frames")
        rate, fps, width, height = (
            clip.attribute(name) for name in ("sample_rate", "fps", "width", "height")
        )
        duration_s = clip.shape("audio")[-1] / rate
        frame = _chosen(rule, n_frames)
        return ClipInfo(clip.id, n_frames, float(fps), width, height, frame, duration_s)

    def jpeg(self, number, frame):
        with self._lock:
            return self._clip(number).image("frames", frame).tobytes()

    def original(self, _number):
        return None

    def write_media(self, number, path):
        with self._lock:
            clip = self._clip(number)
            frames, times, audio = (clip[name] for name in ("frames", "frame_times", "audio"))
            rate, fps = clip.attribute("sample_rate"), clip.attribute("fps")
        write_video(path, frames, fps, audio, rate, times=times)

    def close(self):
        with self._lock:
            self._dataset.close()

    def _clip(self, number):
        return self._dataset.clip(self._dataset.clip_ids[number])


class _Files:
    """Clips that are files each, which may turn out to be damaged."""

    def __init__(self, path, ids):
        self._path, self._ids = path, ids
        with ThreadPoolExecutor(READERS) as readers:
            self._found = list(readers.map(self._look, ids))

    def infos(self, rule):
        return [
            ClipInfo(clip_id, problem=str(found))
            if isinstance(found, InputError)
            else self._info(clip_id, found, rule)
            for clip_id, found in zip(self._ids, self._found, strict=True)
        ]

    def _look(self, clip_id):
        try:
            return self._open(clip_id)
        except (InputError, OSError) as error:
            return InputError(" ".join(str(error).split()))

    def close(self):
        """Nothing stays open."""


class _FairPlay(_Files):
    kind = "fair-play"

    def __init__(self, path):
        super().__init__(path, fair_play.find_recordings(path))

    def _open(self, clip_id):
        return fair_play.open_recording(self._path, clip_id)

    def _info(self, clip_id, found, rule):
        labelled = fair_play.LABELLED_FRAME if rule == MIDDLE else rule
        frame, fps = _chosen(labelled, found.n_frames), fair_play.FPS
        size = found.width, found.height
        return ClipInfo(clip_id, found.n_frames, fps, *size, frame, found.n_frames / fps)

    def jpeg(self, number, frame):
        return fair_play.read_frame(self._found[number], frame).tobytes()

    def original(self, _number):
        return None  # its sound is another file

    def write_media(self, number, path):
        fair_play.write_recording(path, self._found[number])


class _Videos(_Files):
    kind = "videos"

    def __init__(self, path):
        self._files = videos.find_videos(path)
        super().__init__(path, list(self._files))

    def _open(self, clip_id):
        return videos.probe_video(self._files[clip_id])

    def _info(self, clip_id, found, rule):
        frame, size = _chosen(rule, found.n_frames), (found.width, found.height)
        return ClipInfo(clip_id, found.n_frames, found.fps, *size, frame, found.duration_s)

    def jpeg(self, number, frame):
        return encode_jpeg(videos.read_picture(self._found[number].path, frame)).tobytes()

    def original(self, number):
        return self._found[number].path if self._found[number].plays else None

    def write_media(self, number, path):
        videos.write_copy(path, self._found[number].path)


def _chosen(rule, n_frames):
    """Number of the frame to annotate."""
    return (n_frames - 1) // 2 if rule == MIDDLE else min(rule, n_frames - 1)
