"""Mono sound to binaural sound of any length: a window slides over it, and overlaps are averaged.

::

    mono   ────────────────────────────────────────
    window [──────────]                             10,080 samples = 0.63 s, each with the picture
              [──────────]                          of its middle; a hop apart
                              …   [──────────]      the last one ends with the sound
    ears   average of all windows that cover a sample

A window is brought to the level on which networks are trained, and back. Only the difference L - R
is predicted; the sum is that of the input.
"""

from contextlib import contextmanager
from itertools import islice

import numpy as np
import torch

from models.data.preparation import LEAST_LEVEL, LEVEL, normalized, scaled
from models.spectrograms import (
    N_ROWS,
    N_SAMPLES,
    SAMPLE_RATE,
    ears,
    legacy_sound,
    sound,
    spectrogram,
)
from simbinaural.audio import rms
from simbinaural.errors import InputError, require, require_shape
from simbinaural.geometry import to_count

HOP_S = 0.1
"""Hop of Sep-Stereo and of the geometry-aware paper; 2.5D Visual Sound has 0.05."""

BATCH_SIZE = 64


def binauralize(network, mono, frame_at=None, *, reference=None, **options):
    """Predict the sound at both ears.

    Parameters
    ----------
    network : torch.nn.Module
        Of `models.networks`.
    mono : (samples,) array_like
        Sound at 16 kHz: (L + R) / 2, or what a single microphone heard.
    frame_at, **options
        As of `binauralize_blocks`.
    reference : (2, samples) array_like, optional
        The truth, whose level `legacy` takes as the public code does: a mono video has none.

    Returns
    -------
    (2, samples) numpy.ndarray of float32
        Left ear first.

    Raises
    ------
    InputError
        If the sound is shorter than a window, or the hop is not within one.
    """
    mono = np.asarray(mono, dtype=np.float32)
    require_shape("mono", mono, (None,))
    level_at = None
    if reference is not None:
        reference = np.asarray(reference, dtype=np.float32)
        require_shape("reference", reference, (2, len(mono)))

        def level_at(start):
            return rms(reference[:, start : start + N_SAMPLES], axis=None)

    blocks = binauralize_blocks(network, [mono], frame_at, level_at=level_at, **options)
    return np.concatenate(list(blocks), axis=1)


def binauralize_blocks(
    network,
    blocks,
    frame_at=None,
    *,
    hop_s=HOP_S,
    batch_size=BATCH_SIZE,
    device="cpu",
    legacy=False,
    level_at=None,
    progress=None,
):
    """Predict the sound at both ears piece by piece, for what is too long to hold.

    Parameters
    ----------
    network : torch.nn.Module
        Of `models.networks`; moved to `device`, and in evaluation mode meanwhile.
    blocks : iterable of (samples,) numpy.ndarray of float32
        One mono sound at 16 kHz, cut anywhere.
    frame_at : callable, optional
        Takes growing times in seconds (k,), returns the pictures of these moments, (k, height,
        width, 3) uint8. Never called for networks that need no pictures.
    hop_s : float
        Seconds between windows, up to their length; the last one may follow sooner.
    batch_size : int
        Windows that are computed together.
    device : str or torch.device
        Where to compute.
    legacy : bool
        Sound of spectrograms as by the field's public code (`models.spectrograms.legacy_sound`),
        for comparison with published numbers.
    level_at : callable, optional
        Takes a window's first sample, returns the RMS that is brought to the networks' level; by
        default the window's own.
    progress : callable, optional
        Called with the number of samples that were added to the result.

    Yields
    ------
    (2, samples) numpy.ndarray of float32
        In all as long as the input, and the same however that was cut.

    Raises
    ------
    InputError
        If the sound is shorter than a window, or the hop is not within one.
    """
    hop = to_count(hop_s, SAMPLE_RATE)
    rule = f"hop_s must lie between a sample and {N_SAMPLES / SAMPLE_RATE:g} s"
    require(1 <= hop <= N_SAMPLES, f"{rule}, got {hop_s:g}")
    require(batch_size >= 1, f"batch_size must be at least 1, got {batch_size}")
    average = _Average()
    windows = _windows(blocks, hop)
    with _evaluating(network, device):
        while batch := list(islice(windows, batch_size)):
            starts, mono = zip(*batch, strict=True)
            levels = [level_at(start) for start in starts] if level_at else None
            frames = _frames(network, frame_at, starts)
            heard = _hear(network, np.stack(mono), frames, levels, device=device, legacy=legacy)
            average.add(starts, heard)
            # Whatever follows begins later.
            yield from _told(average.take(starts[-1]), progress)
        yield from _told(average.take(), progress)


def _windows(blocks, hop):
    """Yield (first sample, window) of a stream; of the past only a window is held."""
    held, n_samples, start = np.zeros(0, np.float32), 0, 0
    for block in blocks:
        held = np.concatenate([held, block])
        n_samples += len(block)
        begin = n_samples - len(held)
        while start + N_SAMPLES <= n_samples:
            yield start, held[start - begin : start - begin + N_SAMPLES]
            start += hop
        held = held[-N_SAMPLES:]
    if n_samples < N_SAMPLES:
        raise InputError(
            f"mono must last at least a window of {N_SAMPLES / SAMPLE_RATE:g} s, "
            f"got {n_samples / SAMPLE_RATE:.2f} s"
        )
    if n_samples - N_SAMPLES > start - hop:
        yield n_samples - N_SAMPLES, held


def _frames(network, frame_at, starts):
    """Pictures (k, height, width, 3) of the windows' middles, or None."""
    if "frame" not in network.needs:
        return None
    return frame_at((np.array(starts) + N_SAMPLES / 2) / SAMPLE_RATE)


@torch.inference_mode()
def _hear(network, mono, frames, levels, *, device, legacy):
    """Sound at the ears (k, 2, samples) of windows (k, samples)."""
    levels = rms(mono) if levels is None else np.array(levels)
    gains = LEVEL / np.maximum(levels, LEAST_LEVEL)
    gains = torch.as_tensor(gains, dtype=torch.float32, device=device)[:, None]
    mix = 2 * torch.from_numpy(mono).to(device)
    if frames is not None:
        frames = _once_each(frames, device)
    predicted = network(spectrogram(gains * mix), frames).difference
    if legacy:
        difference = legacy_sound(predicted[..., :N_ROWS, :], N_SAMPLES)
    else:
        difference = sound(predicted, N_SAMPLES)
    return torch.stack(ears(mix, difference / gains), dim=1).cpu().numpy()


def _once_each(frames, device):
    """What networks see of pictures in a row, many of which are the same: windows overlap."""
    new = [k for k in range(len(frames)) if k == 0 or not np.array_equal(frames[k], frames[k - 1])]
    seen = as_seen(torch.from_numpy(frames[new]).to(device))
    return seen[np.searchsorted(new, np.arange(len(frames)), side="right") - 1]


def as_seen(frames):
    """Turn pictures (k, height, width, 3) uint8 into what networks see, (k, 3, 224, 448)."""
    return normalized(scaled(frames.movedim(-1, 1).float()) / 255)


class _Average:
    """Windows of sound, averaged where they overlap."""

    def __init__(self):
        self._begin = 0
        self._total = np.zeros((2, 0), np.float32)
        self._count = np.zeros(0, np.float32)

    def add(self, starts, windows):
        """Add windows (k, 2, samples) that begin at growing samples."""
        missing = starts[-1] + N_SAMPLES - self._begin - len(self._count)
        self._total = np.pad(self._total, [(0, 0), (0, missing)])
        self._count = np.pad(self._count, (0, missing))
        for start, window in zip(starts, windows, strict=True):
            where = slice(start - self._begin, start - self._begin + N_SAMPLES)
            self._total[:, where] += window
            self._count[where] += 1

    def take(self, end=None):
        """Return the sound from where it was taken last, up to a sample, or all."""
        n_taken = len(self._count) if end is None else end - self._begin
        taken = self._total[:, :n_taken] / self._count[:n_taken]
        self._total, self._count = self._total[:, n_taken:], self._count[n_taken:]
        self._begin += n_taken
        return taken


def _told(samples, progress):
    """Yield a block that is not empty, and tell its length."""
    if samples.shape[1]:
        if progress:
            progress(samples.shape[1])
        yield samples


@contextmanager
def _evaluating(network, device):
    """Move a network to a device, into evaluation mode for a while."""
    trained = network.training
    network.to(device).eval()
    try:
        yield
    finally:
        network.train(trained)
