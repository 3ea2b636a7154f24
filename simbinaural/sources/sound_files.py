"""Sound files of any length: surveyed block by block, read where a clip needs them.

::

    file:      [-------------------------------------------------------]   an hour
    passages:  [  o  |     |  o  |  o  | ... |  o  ]                       o: something sounds
    stretch:               [=====]                                         read for a clip
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simbinaural.audio import from_db, read_blocks, resample
from simbinaural.errors import InputError, require
from simbinaural.geometry import to_count
from simbinaural.sources.activity import FRAME_S, are_active, frame_length

SHORTEST_S = 0.05
"""What a file must last at least."""

SILENT_DBFS = -80.0
"""A file with no sample above this is silent."""

PASSAGE_S = 60.0
"""What is read of a longer file for a clip; for long clips, twice their length."""


@dataclass(frozen=True)
class Stretch:
    """Part of a file that is read when it is wanted.

    Attributes
    ----------
    path : Path
    start, count : int
        First sample, and how many.
    """

    path: Path
    start: int
    count: int

    def __call__(self, sample_rate):
        """Read it at a sample rate: (samples,), the mean of its channels."""
        parts, left = [], self.count
        blocks = read_blocks(self.path, self.start)
        while left > 0 and (found := next(blocks, None)):
            block, file_rate = found
            parts.append(block[:, :left].mean(axis=0))
            left -= len(parts[-1])
        blocks.close()
        return resample(np.concatenate(parts), file_rate, sample_rate)


@dataclass(frozen=True)
class SoundFile:
    """A file as it was found; only what a clip needs of it is ever in memory.

    Attributes
    ----------
    path : Path
    n_channels : int
    sample_rate : int
        Of the file.
    n_samples : int
    passages : tuple of int
        Where passages of `PASSAGE_S` begin in which something sounds.
    """

    path: Path
    n_channels: int
    sample_rate: int
    n_samples: int
    passages: tuple

    def __call__(self, sample_rate):
        """Read all of it at a sample rate: (samples,), the mean of its channels."""
        return Stretch(self.path, 0, self.n_samples)(sample_rate)

    def stretch(self, duration_s, rng):
        """Draw the `Stretch` that a clip is cut from: all of the file, or a passage of a long one.

        Parameters
        ----------
        duration_s : float
            Of the clip, seconds.
        rng : numpy.random.Generator
            Draws the passage; not touched where there is no choice.
        """
        count = to_count(max(PASSAGE_S, 2 * duration_s), self.sample_rate)
        if self.n_samples <= count:
            return Stretch(self.path, 0, self.n_samples)
        start = self.passages[rng.integers(len(self.passages))]
        return Stretch(self.path, min(start, self.n_samples - count), count)


def survey(path):
    """Go through a sound file once.

    Parameters
    ----------
    path : Path
        Of any format.

    Returns
    -------
    SoundFile

    Raises
    ------
    InputError
        If the file cannot be read, is too short or silent.
    """
    levels = _Levels()
    for block, sample_rate in read_blocks(path):
        levels.add(block, frame_length(sample_rate))
    n_channels, duration_s = len(block), levels.n_samples / sample_rate
    require(
        duration_s >= SHORTEST_S,
        f"{path}: sound must last at least {SHORTEST_S:g} s, got {duration_s:.3g} s",
    )
    if levels.peak < from_db(SILENT_DBFS):
        reason = f"got a peak of {levels.peak:.2g}"
        if levels.range > 2 * from_db(SILENT_DBFS) and n_channels > 1:
            reason = "its channels cancel each other"
        raise InputError(f"{path}: sound must not be silent, {reason}")
    passages = _passages(levels.energy, sample_rate)
    return SoundFile(path, n_channels, sample_rate, levels.n_samples, passages)


def _passages(energy, sample_rate):
    """First samples of passages in which at least half as much happens as in the busiest one."""
    length = to_count(PASSAGE_S / FRAME_S, 1)
    # The last one ends with the file: nothing of it shall go unheard.
    starts = np.arange(0, len(energy), length).clip(max=max(len(energy) - length, 0))
    active = np.concatenate([[0], np.cumsum(are_active(energy))])
    busy = active[np.minimum(starts + length, len(energy))] - active[starts]
    return tuple((starts[busy >= 0.5 * busy.max()] * frame_length(sample_rate)).tolist())


class _Levels:
    """What a sound's mean over channels is like, gathered block by block."""

    def __init__(self):
        self.n_samples = 0
        self._sum = 0.0
        self._mono, self._all = (np.inf, -np.inf), (np.inf, -np.inf)
        self._frames, self._rest = [], np.zeros(0, np.float32)

    def add(self, block, frame):
        """Add a block (channels, samples), in frames of so many samples."""
        mono = block.mean(axis=0)
        self._all = min(self._all[0], block.min()), max(self._all[1], block.max())
        self._mono = min(self._mono[0], mono.min()), max(self._mono[1], mono.max())
        self.n_samples += len(mono)
        self._sum += float(mono.sum(dtype=float))
        mono = np.concatenate([self._rest, mono])
        whole = len(mono) // frame * frame
        self._rest = mono[whole:].copy()
        frames = mono[:whole].reshape(-1, frame).astype(float)
        self._frames.append((frames.mean(axis=1), np.square(frames).mean(axis=1)))

    @property
    def mean(self):
        """Mean of all samples."""
        return self._sum / self.n_samples

    @property
    def peak(self):
        """Largest magnitude around the mean."""
        return float(max(self._mono[1] - self.mean, self.mean - self._mono[0]))

    @property
    def range(self):
        """Between the lowest and the highest sample of any channel."""
        return float(self._all[1] - self._all[0])

    @property
    def energy(self):
        """Mean square (frames,) around the mean in each whole frame."""
        means, squares = np.concatenate(self._frames, axis=1)
        return squares - 2 * self.mean * means + self.mean**2
