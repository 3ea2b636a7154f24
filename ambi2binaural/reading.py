"""Pictures and sound of a video on one clock, as streams: time 0 is where the first picture shows.

Time stamps count, never the number of frames or samples alone: edit lists, the samples that a coder
needs to start, late or early tracks and gaps all speak through them. Nothing is held but the frame
at hand and a block of sound, however long the video.
"""

import os
from dataclasses import dataclass
from itertools import chain

import av
import numpy as np

from ambi2binaural.media import SampleReader, open_media, picture_track, stated_end
from ambi2binaural.skipping import skip_unasked
from simbinaural.audio import even_blocks, resampled
from simbinaural.errors import InputError, require
from simbinaural.geometry import to_count

JITTER_S = 0.01
"""Time stamps of sound that stray by less follow from rounding: the samples are simply counted on.

Beyond it there is silence where sound is missing, and sound is dropped where there is too much.
"""

SEEK_S = 10
"""Seconds of pictures that are rather decoded than sought over."""

BREAK_S = 600
"""A step in the time stamps of sound that no recording has: it is a fault, and passed over."""

MORE_THREADS = 2
"""Threads of the picture decoder beyond one for each core: each waits now and then for the picture
that it builds on. FFmpeg takes one more by itself, which leaves a tenth of two cores idle."""

MOST_THREADS = 16

FREE_CLOCKS = ("mpegts", "mpeg", "avi")
"""Containers whose clock starts anywhere: a separate sound goes with their start, not their 0."""


@dataclass
class Extent:
    """How much of a track decodes.

    Attributes
    ----------
    stated_s : float
        Seconds from the first picture on, as the file says; 0 where it says nothing.
    decoded_s : float
        Seconds that came out so far.
    n_damaged : int
        Packets that did not decode.
    """

    stated_s: float = 0.0
    decoded_s: float = 0.0
    n_damaged: int = 0

    @property
    def missing_s(self):
        """Seconds that the file states and does not hold; meaningful once all is read."""
        return max(0.0, self.stated_s - self.decoded_s)


class MediaReader:
    """Read the pictures and the sound of a video, each as a stream from time 0 on.

    Parameters
    ----------
    path : str or Path
        The video.
    audio_path : str or Path, optional
        Its sound, where that is another file; by default the video's own.
    audio_track : int
        Which of the sound tracks, from 0.

    Attributes
    ----------
    width, height : int
        Pixels of a frame.
    fps : float
        Mean frames per second; 0 if unknown.
    start_s : float
        What the container's clock shows at the first picture.
    picture, sounding : Extent
        How much decodes; grows while `frames` and `sound` are read.

    Raises
    ------
    InputError
        If a file is missing, damaged beyond use or without pictures.
    """

    def __init__(self, path, audio_path=None, *, audio_track=0):
        self.path, self.audio_path = path, audio_path or path
        self.audio_track = audio_track
        with open_media(path) as container:
            track = _require_pictures(path, container)
            self.fps = float(track.average_rate or track.guessed_rate or 0)
            self._clock_s = _clock_zero(container)
            # One thread: a second one would have to fill up before the first frame comes out.
            first = next(_decoded(container, track, Extent(), threads=1), None)
            require(first is not None, f"{path}: pictures must decode, got none")
            self.width, self.height = first.width, first.height
            self.start_s = 0.0 if first.time is None else first.time
            self.picture = Extent(stated_end(container, track) - self.start_s)
        self.sounding = Extent()

    # ----------------------------------------------------------------------- pictures

    def frames(self, times):
        """Pick the frames nearest to some times.

        Parameters
        ----------
        times : iterable of float
            Seconds, growing, not without end. Of two frames as near the earlier one is taken; the
            last frame lasts as long as it is shown.

        Yields
        ------
        wanted_s : float
            One of the times.
        shown_s : float
            When the frame is shown first, not more than half a frame away where there are no gaps.
        frame : av.VideoFrame
            The same again where several times are nearest to it.

        Raises
        ------
        InputError
            If the times do not grow.
        """
        asked = list(_growing(times))
        times = iter(asked)
        wanted = next(times, None)
        if wanted is None:
            return
        shown_s = frame = None
        for next_s, following in self._frames_near(asked):
            while frame is not None and wanted is not None and wanted <= (shown_s + next_s) / 2:
                yield wanted, shown_s, frame
                wanted = next(times, None)
            if wanted is None:
                return
            shown_s, frame = next_s, following
        while frame is not None and wanted is not None and wanted < self.picture.decoded_s:
            yield wanted, shown_s, frame
            wanted = next(times, None)

    def _frames_near(self, asked):
        """Yield (time, frame) from a keyframe before the first time on, or from the first frame."""
        self.picture.n_damaged = 0
        if asked[0] > SEEK_S:
            found = self._timed_frames(asked, seek_s=asked[0] - 1)
            first = next(found, None)
            if first is not None and first[0] <= asked[0]:
                return chain([first], found)
        return self._timed_frames(asked)

    def _timed_frames(self, asked, seek_s=None):
        period = 1 / self.fps if self.fps else 0.0
        last_s = -np.inf
        with open_media(self.path) as container:
            track = _require_pictures(self.path, container)
            if seek_s is not None and not _seek(container, track, self.start_s + seek_s):
                return
            tick_s = float(track.time_base)  # once: PyAV makes a Fraction each time it is asked
            moments = [(time + self.start_s) / tick_s for time in asked]
            frames = _decoded(container, track, self.picture, threads=_threads(), moments=moments)
            for frame in frames:
                known = frame.time is not None
                time = frame.time - self.start_s if known else max(last_s, -period) + period
                if time <= last_s:
                    continue  # out of order: damaged, there is no telling what it shows
                last_s = time
                lasts = frame.duration * tick_s if frame.duration else period
                self.picture.decoded_s = max(self.picture.decoded_s, time + lasts)
                yield time, frame

    # ----------------------------------------------------------------------- sound

    def sound(self, sample_rate=None, *, block_s=1.0):
        """Read the sound from the first picture on.

        Parameters
        ----------
        sample_rate : int, optional
            Samples per second; by default the file's own. Each channel is resampled by itself.
        block_s : float
            Seconds of a block.

        Yields
        ------
        (channels, samples) numpy.ndarray of float32
            Channels in file order. Sample 0 of the first block is heard at time 0, no sample is
            missing between blocks; all are of the same length but the last.

        Raises
        ------
        InputError
            If there is no such track, or the number of channels or the rate changes within it.
        """
        with open_media(self.audio_path) as container:
            track = self._sound_track(container)
            rate = track.rate
            blocks = self._timed_blocks(container, track)
            if sample_rate not in (None, rate):
                # Frames of codecs are so short that the calls would cost more than the work.
                blocks = resampled(even_blocks(blocks, rate), rate, sample_rate)
            yield from even_blocks(blocks, to_count(block_s, sample_rate or rate))

    def _sound_track(self, container):
        tracks = container.streams.audio
        require(
            self.audio_track < len(tracks),
            f"{self.audio_path}: file must have {self.audio_track + 1} or more sound tracks, "
            f"got {len(tracks)}; pass --audio FILE",
        )
        return tracks[self.audio_track]

    def _timed_blocks(self, container, track):
        """Yield blocks whose samples follow one another from time 0 on."""
        zero_s = self.start_s
        if self.audio_path != self.path:
            zero_s += _clock_zero(container) - self._clock_s
        self.sounding.stated_s = max(0.0, stated_end(container, track) - zero_s)
        self.sounding.n_damaged = 0
        read, shape, n_read = SampleReader(), None, 0
        for frame in _decoded(container, track, self.sounding):
            block = read(frame)
            found = len(block), frame.sample_rate
            shape = shape or found
            if found != shape:
                raise self._changed(shape, found, n_read)
            for part in _in_place(block, _lag(frame, zero_s, n_read)):
                n_read += part.shape[1]
                self.sounding.decoded_s = n_read / frame.sample_rate
                yield part

    def _changed(self, shape, found, n_read):
        return InputError(
            f"{self.audio_path}: sound must keep its {shape[0]} channels at {shape[1]} Hz, got "
            f"{found[0]} at {found[1]} Hz after {n_read / shape[1]:.1f} s; convert it first"
        )


# --------------------------------------------------------------------------- decoding


def _require_pictures(path, container):
    track = picture_track(container)
    require(track is not None, f"{path}: file must have pictures, got none")
    return track


def _decoded(container, track, extent, *, threads=0, moments=None):
    """Yield the frames of a track, or at least those nearest to some moments of its clock.

    What does not decode is counted and passed over.
    """
    for other in container.streams:
        if other.index != track.index:
            other.discard = av.stream.Discard.all  # not even read from the disk
    track.codec_context.thread_count = threads
    track.thread_type = "AUTO"
    packets = _packets(container, track)
    for packet in packets if moments is None else skip_unasked(packets, track, moments):
        try:
            frames = track.decode(packet)
        except EOFError:
            return
        except av.error.FFmpegError:
            extent.n_damaged += 1
            continue
        yield from frames


def _threads():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores + MORE_THREADS, MOST_THREADS)


def _packets(container, track):
    """Yield the packets of a track, and None, which empties the decoder, where reading fails."""
    try:
        yield from container.demux(track)
    except av.error.FFmpegError:
        yield None


def _seek(container, track, time_s):
    """Go to a keyframe before a time; whether that worked."""
    try:
        container.seek(int(time_s / track.time_base), stream=track)
    except av.error.FFmpegError:
        return False
    return True


def _clock_zero(container):
    """Time on a container's clock at its start: mostly 0, even where no track begins there."""
    if set(container.format.name.split(",")).isdisjoint(FREE_CLOCKS):
        return 0.0
    return (container.start_time or 0) / av.time_base


def _growing(times):
    last = -np.inf
    for time in times:
        require(time >= last, f"times must grow, got {time:g} after {last:g}")
        last = time
        yield time


# --------------------------------------------------------------------------- samples in time


def _lag(frame, zero_s, n_read):
    """Samples by which a frame of sound is later than those that were read before it."""
    if frame.time is None:
        return 0
    lag_s = frame.time - zero_s - n_read / frame.sample_rate
    # A coarse clock (Matroska's ticks are milliseconds) tells no start better than it ticks.
    tolerance_s = JITTER_S if n_read else float(frame.time_base)
    if abs(lag_s) < tolerance_s or abs(lag_s) > BREAK_S:
        return 0
    return to_count(lag_s, frame.sample_rate)


def _in_place(block, lag):
    """Yield a block behind silence where it is late, without its head where it is early."""
    while lag > 0:
        silence = np.zeros((len(block), min(lag, 2**16)), np.float32)
        lag -= silence.shape[1]
        yield silence
    yield block[:, -lag:] if lag else block
