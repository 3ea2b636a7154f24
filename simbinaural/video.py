"""Pictures and video files: JPEG and PNG stills, H.264 with stereo AAC, reading by time stamps.

Pictures are ``(height, width, 3)`` uint8 RGB; encoded ones ``(bytes,)`` uint8, as shards hold them.
The same picture gives the same bytes.

In a file of `write_video` frame k is shown from its time on, and sample n of the sound is heard at
``n / sample_rate``. AAC needs 1,024 samples to start; they lie before time 0, and the container's
edit list cuts them away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, count
from pathlib import Path

import av
import cv2
import numpy as np

from simbinaural.audio.streams import even_blocks, frame_samples, resampled
from simbinaural.errors import InputError, require, require_shape
from simbinaural.shards.writer import replacing

TICKS = 90_000
"""Time stamps a second of a video track."""

AAC_RATES = (44_100, 48_000)
"""Sample rates that every player accepts; others are resampled to the last."""

AAC_BLOCK = 1024

SOUND_CODECS = {
    ("aac", 2): ("aac", "stereo", {"aac_coder": "fast"}),
    ("aac", 4): ("aac", "4.0", {"aac_coder": "fast", "aac_is": "0", "aac_pns": "0"}),
    ("flac", 4): ("flac", "quad", {}),
    ("pcm", 4): ("pcm_s24le", "4.0", {}),
}
"""Coder, layout and options for a codec and a number of channels.

Four channels are ambisonic. The layouts are those that reach the decoder in the same order; what
AAC would save on phases between channels is their directions.
"""


# --------------------------------------------------------------------------- stills


def encode_jpeg(rgb, quality=92):
    """Encode a picture as JPEG.

    Parameters
    ----------
    rgb : (height, width, 3) numpy.ndarray of uint8
        Picture.
    quality : int
        1 to 100.

    Returns
    -------
    (bytes,) numpy.ndarray of uint8
        A JPEG file.
    """
    _require_rgb(rgb)
    # OpenCV's own reversal of the colors: NumPy's takes longer than the encoding.
    bgr = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR)
    return _encoded(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])


def decode_jpeg(encoded):
    """Decode a JPEG, (bytes,) uint8, to (height, width, 3) uint8 RGB."""
    return cv2.cvtColor(_decoded(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def encode_png(values):
    """Encode a map of numbers as PNG, without loss.

    Parameters
    ----------
    values : (height, width) numpy.ndarray of uint8 or uint16
        A mask, or depth in millimetres.

    Returns
    -------
    (bytes,) numpy.ndarray of uint8
        A PNG file with 8 or 16 bits a pixel.
    """
    require_shape("values", values, (None, None))
    require(
        values.dtype in (np.uint8, np.uint16),
        f"values must be uint8 or uint16, got {values.dtype}",
    )
    # All that the encoder may choose is fixed here, so that another default changes no bytes.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 3, cv2.IMWRITE_PNG_STRATEGY, 0]
    if values.dtype == np.uint8 and hasattr(cv2, "IMWRITE_PNG_FILTER"):
        # Masks are plain areas: runs as they are take a sixth of the time and a third of the bytes.
        options[3:] = [
            cv2.IMWRITE_PNG_STRATEGY_RLE,
            cv2.IMWRITE_PNG_FILTER,
            cv2.IMWRITE_PNG_FILTER_NONE,
        ]
    return _encoded(".png", values, options)


def decode_png(encoded):
    """Decode a PNG, (bytes,) uint8, to (height, width) uint8 or uint16."""
    return _decoded(encoded, cv2.IMREAD_UNCHANGED)


def _require_rgb(rgb):
    require_shape("rgb", rgb, (None, None, 3))
    require(rgb.dtype == np.uint8, f"rgb must be uint8, got {rgb.dtype}")


def _encoded(suffix, pixels, options):
    return cv2.imencode(suffix, np.ascontiguousarray(pixels), options)[1].ravel()


def _decoded(encoded, flags):
    encoded = np.asarray(encoded, dtype=np.uint8)
    pixels = cv2.imdecode(encoded, flags) if encoded.size else None
    require(pixels is not None, f"image must be a JPEG or PNG file, got {encoded.size} other bytes")
    return pixels


# --------------------------------------------------------------------------- writing


def write_video(path, frames, fps, audio, sample_rate, *, times=None, codec="aac", **quality):
    """Write an MP4 file with picture and sound in sync.

    Parameters
    ----------
    path : str or Path
        The file; what stood there is replaced when the new one is whole.
    frames : iterable of numpy.ndarray
        Pictures (height, width, 3) or JPEG files (bytes,), all of one size. Odd sizes grow by a
        line, because H.264 shares colors between two.
    fps : float
        Frames per second.
    audio : (2, samples) or (4, samples) array_like, or iterator of such
        Sound, left first, or ambisonic (AmbiX); beyond [-1, 1] it clips. Blocks of an iterator
        follow one another and are taken as the pictures go on.
    sample_rate : int
        Samples per second.
    times : iterable of float, optional
        Seconds, growing from 0 or later: when each frame is shown; by default ``k / fps``.
    codec : {"aac", "flac", "pcm"}
        Of the sound; for ambisonics any, for stereo AAC.
    **quality
        ``crf``, quality of the picture, 0 (no loss) to 51, by default 20; ``preset``, effort of
        x264, by default veryfast.

    Raises
    ------
    InputError
        If there are no frames, more than `times`, or of several sizes; or there is no such codec
        for so many channels.
    """
    n_channels, sound = _as_blocks(audio)
    require(
        (codec, n_channels) in SOUND_CODECS,
        f"audio must have 2 channels in aac, or 4 in aac, flac or pcm, got {n_channels} in {codec}",
    )
    require(fps > 0, f"fps must be positive, got {fps}")
    pictures = _timed_pictures(frames, fps, times)
    first = next(pictures, None)
    require(first is not None, "frames must not be empty, got none")
    options = {"movflags": "+faststart"}  # the index in front: plays while it loads
    with (
        replacing(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options=options) as container,
    ):
        video = _picture_track(container, first[1].shape, fps, **quality)
        track = _SoundTrack(container, sound, n_channels, sample_rate, codec)
        for time, rgb in chain([first], pictures):
            track.write_until(time)
            container.mux(video.encode(_picture_frame(video, rgb, time, fps)))
        container.mux(video.encode(None))
        track.finish()


def _as_blocks(audio):
    """Number of channels, and blocks (channels, samples) of float32, of an array or an iterator."""
    blocks = audio if isinstance(audio, Iterator) else iter([audio])
    first = next(blocks, None)
    require(first is not None, "audio must not be empty, got no block")
    require_shape("audio", np.asarray(first), (None, None))
    n_channels = len(first)

    def checked():
        for block in chain([first], blocks):
            block = np.asarray(block, dtype=np.float32)
            require_shape("audio", block, (n_channels, None))
            yield block

    return n_channels, checked()


def _timed_pictures(frames, fps, times):
    """Yield (time, rgb) of even width and height."""
    times = (k / fps for k in count()) if times is None else iter(times)
    size = None
    for k, frame in enumerate(frames):
        time = next(times, None)
        require(time is not None, f"times must be as many as frames, got {k}")
        rgb = decode_jpeg(frame) if np.ndim(frame) == 1 else frame
        _require_rgb(rgb)
        size = size or rgb.shape
        require(rgb.shape == size, f"frame {k} must have the shape {size}, got {rgb.shape}")
        odd = [(0, length % 2) for length in size[:2]]
        yield time, np.pad(rgb, [*odd, (0, 0)], mode="edge")


def _picture_track(container, shape, fps, *, crf=20, preset="veryfast"):
    """Add an H.264 track for pictures of `shape`."""
    # bf: frames that refer to later ones need an edit list, which not all players heed.
    # mbtree: one run in two hundred gives other bytes with it (x264 core 165, small frames).
    options = {"crf": str(crf), "preset": preset, "bf": "0", "mbtree": "0"}
    track = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
    track.height, track.width = shape[:2]
    track.pix_fmt = "yuv420p"
    coder = track.codec_context
    coder.options = options
    coder.time_base = Fraction(1, TICKS)
    coder.gop_size = max(1, round(2 * fps))  # a seek decodes two seconds at most
    coder.thread_count = 1  # more threads, other bytes
    coder.colorspace = coder.color_primaries = coder.color_trc = 1  # BT.709 in every player
    coder.color_range = 1
    return track


def _picture_frame(track, rgb, time, fps):
    """Turn a picture into a frame of the track that is shown from `time` on."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    frame = frame.reformat(
        format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", threads=1
    )
    frame.pts = round(time * TICKS)
    frame.duration = round(TICKS / fps)
    frame.time_base = track.codec_context.time_base
    return frame


class _SoundTrack:
    """Sound that is written piece by piece, so that tracks interleave."""

    def __init__(self, container, sound, n_channels, sample_rate, codec):
        rate = sample_rate if sample_rate in AAC_RATES else AAC_RATES[-1]
        if rate != sample_rate:
            sound = resampled(sound, sample_rate, rate)
        self._container = container
        self._blocks = even_blocks(sound, AAC_BLOCK)
        self._rate = rate
        self._written = 0
        coder, self._layout, options = SOUND_CODECS[codec, n_channels]
        self._track = container.add_stream(coder, rate=rate, layout=self._layout)
        if codec == "aac":
            self._track.bit_rate = 96_000 * n_channels
        # AAC's other search costs four times the time, for what a lower rate would need.
        self._track.codec_context.options = options

    def write_until(self, time):
        """Write the blocks that begin before `time`."""
        while self._written < time * self._rate:
            block = next(self._blocks, None)
            if block is None:
                return
            self._write(np.clip(block, -1, 1))

    def finish(self):
        """Write what is left."""
        self.write_until(np.inf)
        self._container.mux(self._track.encode(None))

    def _write(self, block):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block), format="fltp", layout=self._layout
        )
        frame.sample_rate = self._rate
        # Without a time stamp the encoder forgets its start-up samples: all would be 21 ms late.
        frame.pts, frame.time_base = self._written, Fraction(1, self._rate)
        self._container.mux(self._track.encode(frame))
        self._written += block.shape[1]


# --------------------------------------------------------------------------- reading


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says of itself.

    Attributes
    ----------
    width, height : int
        Pixels as shown, after the rotation that phones note.
    fps : float
        Mean frames per second.
    duration_s : float
        Seconds.
    sample_rate, n_channels : int
        Of the first sound track; 0 without one.
    """

    width: int
    height: int
    fps: float
    duration_s: float
    sample_rate: int
    n_channels: int


def video_info(path):
    """Read what a video file says of itself, as `VideoInfo`.

    Raises
    ------
    InputError
        If the file is missing, damaged or without pictures.
    """
    _, first = next(_decoded_frames(path, "video"), (0, None))
    require(first is not None, f"{path}: file must have pictures, got none")
    with av.open(str(path)) as container:
        video, sounds = container.streams.video[0], container.streams.audio
        sideways = first.rotation % 180 == 90
        return VideoInfo(
            width=first.height if sideways else first.width,
            height=first.width if sideways else first.height,
            fps=float(video.average_rate or 0),
            duration_s=(container.duration or 0) / av.time_base,
            sample_rate=sounds[0].rate if sounds else 0,
            n_channels=sounds[0].channels if sounds else 0,
        )


def read_frames(path, *, size=None):
    """Read the pictures of a video, one at a time.

    Parameters
    ----------
    path : str or Path
        What FFmpeg reads.
    size : (width, height), optional
        Pixels to scale them to, whatever their shape; by default their own.

    Yields
    ------
    time_s : float
        Presentation time; 0 is where the earlier of picture and sound begins.
    rgb : (height, width, 3) numpy.ndarray of uint8
        Picture, upright.

    Raises
    ------
    InputError
        If the file is missing, damaged or without pictures.
    """
    for time, frame in _decoded_frames(path, "video"):
        quarters = frame.rotation // 90
        yield time, np.ascontiguousarray(np.rot90(_scaled_rgb(frame, size, quarters), quarters))


def _scaled_rgb(frame, size, quarters):
    """Pixels of a frame, to be turned by quarters before they have a size."""
    if size is None:
        return frame.to_ndarray(format="rgb24")
    width, height = size[::-1] if quarters % 2 else size
    scaled = frame.reformat(width, height, format="rgb24", interpolation="AREA")
    return scaled.to_ndarray()


def read_sound(path):
    """Read the first sound track of a video, block by block.

    Parameters
    ----------
    path : str or Path
        What FFmpeg reads.

    Yields
    ------
    time_s : float
        Presentation time of the block's first sample, on the clock of `read_frames`.
    samples : (channels, samples) numpy.ndarray of float32
        Sound, channels in file order.

    Raises
    ------
    InputError
        If the file is missing, damaged or without sound.
    """
    for time, frame in _decoded_frames(path, "audio"):
        yield time, frame_samples(frame)


def _decoded_frames(path, kind):
    """Yield (time, frame) of the first track of a kind."""
    require(Path(path).is_file(), f"{path}: file must exist")
    what = {"video": "pictures", "audio": "a sound track"}[kind]
    try:
        with av.open(str(path)) as container:
            tracks = getattr(container.streams, kind)
            require(tracks, f"{path}: file must have {what}, got none")
            start = (container.start_time or 0) / av.time_base
            for frame in container.decode(tracks[0]):
                yield float(frame.pts * frame.time_base) - start, frame
    except av.error.FFmpegError as error:
        raise InputError(f"{path}: file must be a whole video, got {error.strerror}") from error
