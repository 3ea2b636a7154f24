"""Sound files and sample rates."""

import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr

from simbinaural.audio.levels import peak
from simbinaural.audio.streams import frame_samples
from simbinaural.errors import InputError, require, require_shape
from simbinaural.geometry import to_count

BLOCK = 1 << 16
"""Samples of each channel that are read at once."""

_PADDING = 2048


def read_audio(path, sample_rate=None):
    """Read a sound file of any format.

    Parameters
    ----------
    path : str or Path
        What libsndfile reads (wav, flac, ogg, mp3, caf, ...) or FFmpeg does (m4a, opus, webm, the
        first sound track of a video, ...).
    sample_rate : int, optional
        Rate to resample to; by default the file's own.

    Returns
    -------
    samples : (channels, samples) numpy.ndarray of float32
        Sound from the first sample of the track on.
    sample_rate : int
        Samples per second.

    Raises
    ------
    InputError
        If the file is missing, empty, corrupt, without sound, or holds NaN or infinity.
    """
    blocks, (rate, *_) = zip(*read_blocks(path), strict=True)
    samples = np.concatenate(blocks, axis=1)
    if sample_rate is None:
        return samples, rate
    return resample(samples, rate, sample_rate), int(sample_rate)


def read_blocks(path, start=0):
    """Read a sound file of any length piece by piece.

    Parameters
    ----------
    path : str or Path
        As in `read_audio`.
    start : int
        First sample. libsndfile finds it at once; FFmpeg has to decode what comes before.

    Yields
    ------
    samples : (channels, n) numpy.ndarray of float32
        The next samples, `BLOCK` at most.
    sample_rate : int
        Samples per second.

    Raises
    ------
    InputError
        As in `read_audio`, as soon as it shows.
    """
    path = Path(path)
    require(path.is_file(), f"{path}: file must exist")
    require(path.stat().st_size > 0, f"{path}: file must not be empty, got 0 bytes")
    empty = True
    for block, rate in _blocks(path, start):
        empty = False
        finite = np.isfinite(block).all()
        require(finite, f"{path}: samples must be finite, got NaN or infinity")
        yield block, rate
    require(not empty, f"{path}: sound must not be empty, got 0 samples")


def _blocks(path, start):
    at = start
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(min(start, file.frames))
            while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
                at += len(block)
                yield np.ascontiguousarray(block.T), file.samplerate
    except soundfile.LibsndfileError:
        # Not its format, or damaged here: FFmpeg may know a way.
        yield from _ffmpeg_blocks(path, at)


def _ffmpeg_blocks(path, start):
    # Imported here: libsndfile reads most files, and FFmpeg takes 0.1 s to load.
    import av

    try:
        with av.open(str(path)) as container:
            require(container.streams.audio, f"{path}: file must have a sound track, got none")
            track = container.streams.audio[0]
            end = 0
            for block in _without_padding(track, container.decode(track)):
                begin, end = end, end + block.shape[1]
                for first in range(max(start, begin), end, BLOCK):
                    yield block[:, first - begin : first - begin + BLOCK], track.rate
    except av.error.FFmpegError as error:
        raise InputError(f"{path}: file must be readable as sound, got {error.strerror}") from error


def _without_padding(track, frames):
    """Samples up to the end that the container states, behind which coders fill up their block."""
    stated, end, behind = None, 0, []
    for frame in frames:
        samples = frame_samples(frame)
        stated = _stated_length(track, frame) if stated is None else stated
        begin, end = end, end + samples.shape[1]
        inside = min(max(stated - begin, 0), samples.shape[1])
        if inside:
            yield samples[:, :inside]
        behind.append(samples[:, inside:])
        # Some containers only estimate their duration: less than a block must be at stake.
        if not 0 < end - stated < _PADDING:
            yield from (each for each in behind if each.size)
            behind.clear()


def _stated_length(track, first):
    """Samples from the first frame to the end that the container states; if none, endless."""
    if track.duration is None or first.pts is None:
        return sys.maxsize
    end = (track.start_time or 0) + track.duration
    return to_count((end - first.pts) * float(track.time_base), track.rate)


def write_audio(path, samples, sample_rate, *, encoding="float"):
    """Write a sound file in the format of its suffix.

    Parameters
    ----------
    path : str or Path
        ``.wav``, ``.flac``, ``.ogg``, ``.mp3`` or another suffix that libsndfile writes.
    samples : (channels, samples) array_like
        Sound.
    sample_rate : int
        Samples per second.
    encoding : {"float", "pcm16"}
        Of WAV; the others have their own.

    Raises
    ------
    InputError
        If the format is unknown, or the samples exceed [-1, 1] where the format would clip them.
    """
    path = Path(path)
    samples = np.asarray(samples, dtype=np.float32)
    require_shape("samples", samples, (None, None))
    require(encoding in ("float", "pcm16"), f"encoding must be one of float, pcm16, got {encoding}")
    kind = path.suffix.lower().lstrip(".")
    require(
        kind.upper() in soundfile.available_formats(),
        f"{path}: suffix must be that of a sound format, got {path.suffix!r}; try .wav",
    )
    if kind == "wav" and encoding == "float":
        # Not libsndfile: it stamps the time of day into float files, and equal sounds differ.
        import scipy.io.wavfile  # takes a third of a second to load

        scipy.io.wavfile.write(path, int(sample_rate), samples.T)
        return
    loudest = peak(samples)
    require(
        loudest <= 1,
        f"{path}: samples must lie within [-1, 1], got a peak of {loudest:.3g}; lower the level "
        "or write a float WAV",
    )
    subtype = {"wav": "PCM_16", "flac": "PCM_24"}.get(kind)
    soundfile.write(path, samples.T, int(sample_rate), format=kind.upper(), subtype=subtype)


def resample(samples, from_rate, to_rate):
    """Change the sample rate.

    Parameters
    ----------
    samples : (..., samples) array_like
        Sound.
    from_rate, to_rate : float
        Samples per second.

    Returns
    -------
    (..., samples * to_rate / from_rate) numpy.ndarray of float32
        The same sound, its length rounded half up; sample n is the moment ``n / to_rate``.

    Notes
    -----
    soxr at its very high quality: linear phase, no delay.
    """
    samples = np.asarray(samples, dtype=np.float32)
    for name, rate in ("from_rate", from_rate), ("to_rate", to_rate):
        require(rate > 0, f"{name} must be positive, got {rate}")
    if from_rate == to_rate:
        return samples
    count = to_count(samples.shape[-1] * to_rate / from_rate, 1)
    # Silence behind, because soxr's own rounding of the length may fall a sample short.
    behind = [(0, 0)] * (samples.ndim - 1) + [(0, int(from_rate / to_rate) + 1)]
    padded = np.pad(samples, behind)
    columns = padded.reshape(-1, padded.shape[-1]).T
    resampled = soxr.resample(columns, from_rate, to_rate, quality="VHQ")[:count].T
    return np.ascontiguousarray(resampled).reshape(*samples.shape[:-1], count)
