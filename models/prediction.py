"""Videos of others, made binaural.

The file is read three times side by side (sound, pictures to look at, pictures to write), so that
no more than a few seconds of it are ever held.
"""

from dataclasses import dataclass

import numpy as np

from models.inference import BATCH_SIZE, HOP_S, binauralize_blocks
from models.spectrograms import N_SAMPLES, SAMPLE_RATE
from simbinaural.audio import from_db, peak, resampled
from simbinaural.errors import InputError, require
from simbinaural.geometry import to_count
from simbinaural.video import read_frames, read_sound, video_info, write_video

PICTURE_SIZE = (480, 240)
"""Width and height to which pictures are scaled, whatever their shape: as in training."""

JITTER_S = 0.01
"""Time stamps of sound that stray by less follow from rounding."""


@dataclass(frozen=True)
class Prediction:
    """What was written.

    Attributes
    ----------
    duration_s : float
        Of the sound.
    peak : float
        Largest magnitude; what exceeds 1 was cut.
    """

    duration_s: float
    peak: float


def predict_video(
    network,
    path,
    output,
    *,
    hop_s=HOP_S,
    batch_size=BATCH_SIZE,
    device="cpu",
    gain_db=0.0,
    progress=None,
):
    """Write a video with its own pictures and the binaural sound that a network predicts.

    Parameters
    ----------
    network : torch.nn.Module
        Of `models.networks`.
    path : path-like
        Video with mono sound, or stereo, of which the mean is taken.
    output : path-like
        MP4 to write, with sound of 16 kHz as 48 kHz AAC; what stood there is replaced.
    hop_s, batch_size, device
        As of `models.inference.binauralize_blocks`.
    gain_db : float
        Added to the sound at last, in case its peak exceeds 1.
    progress : callable, optional
        Called with seconds that were done.

    Returns
    -------
    Prediction

    Raises
    ------
    InputError
        If the file has no pictures, no sound, more than two channels, or lasts less than a window.
    """
    info = video_info(path)
    _check_sound(path, info)
    written = _Meter(np.float32(from_db(gain_db)), progress)
    ears = binauralize_blocks(
        network,
        _long_enough(path, mono_blocks(path, info.sample_rate)),
        NearestPictures(path),
        hop_s=hop_s,
        batch_size=batch_size,
        device=device,
    )
    times, pictures = _unzipped(read_frames(path))
    fps = info.fps or 25.0
    write_video(output, pictures, fps, written(ears), SAMPLE_RATE, times=times)
    return Prediction(written.n_samples / SAMPLE_RATE, written.peak)


def mono_blocks(path, sample_rate):
    """Read the sound of a video as mono at the networks' rate.

    Parameters
    ----------
    path : path-like
        Video.
    sample_rate : int
        Of its sound.

    Yields
    ------
    (samples,) numpy.ndarray of float32
        Mean of the channels; the first sample of all is heard at time 0, silence fills gaps.
    """
    placed = _placed(read_sound(path), sample_rate)
    for block in resampled(placed, sample_rate, SAMPLE_RATE):
        yield block[0]


class NearestPictures:
    """Pictures of a video at growing times, small.

    Parameters
    ----------
    path : path-like
        Video.
    """

    def __init__(self, path):
        self._frames = read_frames(path, size=PICTURE_SIZE)
        self._shown = self._next = next(self._frames)

    def __call__(self, times_s):
        """Return the pictures (k, height, width, 3) uint8 that are nearest to the times."""
        return np.stack([self._nearest(time) for time in times_s])

    def _nearest(self, time):
        while self._next and abs(self._next[0] - time) <= abs(self._shown[0] - time):
            self._shown, self._next = self._next, next(self._frames, None)
        return self._shown[1]


def _check_sound(path, info):
    require(info.n_channels > 0, f"{path}: file must have a sound track, got none")
    require(
        info.n_channels <= 2,
        f"{path}: sound must be mono or stereo, got {info.n_channels} channels; "
        "mix it down first, as by ffmpeg -ac 1",
    )


def _placed(timed_blocks, sample_rate):
    """Yield mono blocks (1, samples) that follow one another from time 0 on."""
    n_done = 0
    for time, block in timed_blocks:
        lag = to_count(time, sample_rate) - n_done
        if abs(lag) <= JITTER_S * sample_rate and n_done:
            lag = 0
        if lag > 0:
            yield np.zeros((1, lag), np.float32)
        kept = block[:, max(-lag, 0) :].mean(axis=0, keepdims=True)
        yield kept
        n_done += max(lag, 0) + kept.shape[1]


def _long_enough(path, blocks):
    """Pass blocks on, but hold the first ones until they make a window."""
    held, n_held = [], 0
    for block in blocks:
        if n_held >= N_SAMPLES:
            yield block
            continue
        held.append(block)
        n_held += len(block)
        if n_held >= N_SAMPLES:
            yield np.concatenate(held)
            held.clear()
    if n_held < N_SAMPLES:
        raise InputError(
            f"{path}: sound must last at least {N_SAMPLES / SAMPLE_RATE:g} s, "
            f"got {n_held / SAMPLE_RATE:.2f} s"
        )


def _unzipped(frames):
    """Split a stream of (time, picture) into two that are read in step, the time after."""
    last = []

    def pictures():
        for time, picture in frames:
            last.append(time)
            yield picture

    def times():
        while True:
            yield last.pop()

    return times(), pictures()


class _Meter:
    """Sound on its way into a file: amplified, measured, counted."""

    def __init__(self, gain, progress):
        self._gain, self._progress = gain, progress
        self.n_samples, self.peak = 0, 0.0

    def __call__(self, blocks):
        for block in blocks:
            block = block * self._gain
            self.n_samples += block.shape[1]
            self.peak = max(self.peak, peak(block))
            if self._progress:
                self._progress(block.shape[1] / SAMPLE_RATE)
            yield block
