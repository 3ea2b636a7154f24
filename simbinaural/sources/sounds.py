"""What is heard: anechoic sounds by class, built-in or from a user's folder, and cuts of them.

However long a sound is, `DrySound.excerpt` gives as much of it as a clip needs, at a common
loudness::

    sound longer than the clip:   ...[=====]..........    a cut in which something sounds
    sound shorter:                [====]..[====]...[==    repeated, with pauses
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from simbinaural.audio import from_db, read_audio, resample
from simbinaural.errors import InputError, require
from simbinaural.geometry import to_count
from simbinaural.sources.collection import Collection, collect

SUFFIXES = (
    ".wav", ".flac", ".ogg", ".mp3", ".oga", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".caf",
    ".au", ".w64", ".wma", ".webm",
)  # fmt: skip

LEVEL_DBFS = -23.0
"""RMS of the parts where something sounds."""

HIGHEST_PEAK = 0.99

FADE_S = 0.008
"""Where a sound is cut."""

PAUSE_S = (0.4, 1.2)
"""Between repetitions."""

FRAME_S = 0.02
"""Resolution of what counts as silence."""

SILENT_DBFS = -80.0
"""A file with no sample above this is silent."""

QUIET_DB = -40.0
"""A frame so far below the loudest one is silence."""

SHORTEST_S = 0.05
"""What a file must last at least."""

CACHE_BYTES = 128 * 2**20
"""Sounds kept ready in a process."""


@dataclass(frozen=True)
class DrySound:
    """An anechoic sound.

    Attributes
    ----------
    sound_class : str
        What it is the sound of, such as ``guitar``.
    name : str
        Which one, such as ``guitar-strummed`` or the name of a file.
    render : callable
        ``render(sample_rate) -> (samples,)``, all of it; hashable and picklable.
    """

    sound_class: str
    name: str
    render: Callable

    def excerpt(self, duration_s, sample_rate, rng):
        """Cut or repeat the sound to a length.

        Parameters
        ----------
        duration_s : float
            Seconds.
        sample_rate : int
            Samples per second.
        rng : numpy.random.Generator
            Source of chance: where the cut starts, how long pauses are.

        Returns
        -------
        (samples,) numpy.ndarray of float32
            Exactly ``to_count(duration_s, sample_rate)`` samples; `LEVEL_DBFS` where something
            sounds, or less if peaks would pass `HIGHEST_PEAK`; starts and ends faded.

        Raises
        ------
        InputError
            If the duration is not positive, or the file has gone bad since it was listed.
        """
        count = to_count(duration_s, sample_rate)
        require(count > 0, f"duration_s must be positive, got {duration_s:g}")
        sound = _cache.get((self.render, sample_rate), lambda: self._ready(sample_rate))
        if len(sound) >= count:
            piece = _cut(sound, count, sample_rate, rng)
        else:
            piece = _repeated(sound, count, sample_rate, rng)
        return _leveled(piece, sample_rate).astype(np.float32)

    def _ready(self, sample_rate):
        """All of the sound at a sample rate, without silence around it."""
        sound = np.asarray(self.render(sample_rate), dtype=np.float32)
        active = np.flatnonzero(active_frames(sound - sound.mean(), sample_rate))
        frame = _frame(sample_rate)
        return sound[active[0] * frame : (active[-1] + 1) * frame] - sound.mean()


def load_sounds(folder=None):
    """Gather sounds by class.

    Parameters
    ----------
    folder : str or Path, optional
        The user's own: a folder for each class with sound files of any format, rate and number of
        channels; several are averaged. By default the built-in, synthesized guitars, drums and
        phones.

    Returns
    -------
    Collection
        `DrySound` by class, and a line for each file that was left out.

    Raises
    ------
    InputError
        If the folder is missing or empty, or a class in it has no usable file.
    """
    if folder is None:
        return _built_in()
    found = collect(folder, SUFFIXES, _read_sound)
    mixed = sum(sound.render.n_channels > 1 for kind in found.items.values() for sound in kind)
    if not mixed:
        return found
    files = f"{mixed} sound files have" if mixed > 1 else "1 sound file has"
    line = f"{folder}: {files} several channels; their mean is used"
    return Collection(found.items, (*found.problems, line))


@lru_cache(maxsize=1)
def _built_in():
    """Name every built-in piece; nothing is synthesized before it is wanted."""
    # numba takes a third of a second to load.
    from simbinaural.sources import drum_music, guitar_music, ringing

    makers = {"drum": drum_music, "guitar": guitar_music, "phone": ringing}
    return Collection(
        {
            name: tuple(
                DrySound(name, f"{name}-{piece.__name__.replace('_', '-')}", piece)
                for piece in module.PIECES
            )
            for name, module in makers.items()
        }
    )


# --------------------------------------------------------------------------- files


@dataclass(frozen=True)
class SoundFile:
    """A sound that is read when it is wanted: path, and the number of its channels."""

    path: Path
    n_channels: int

    def __call__(self, sample_rate):
        """Read all of it at a sample rate: (samples,), the mean of its channels."""
        samples, rate = read_audio(self.path)
        return resample(samples.mean(axis=0), rate, sample_rate)


def _read_sound(path, sound_class, name):
    """Check a file by reading it."""
    samples, rate = read_audio(path)
    duration_s = samples.shape[1] / rate
    require(
        duration_s >= SHORTEST_S,
        f"{path}: sound must last at least {SHORTEST_S:g} s, got {duration_s:.3g} s",
    )
    mono = samples.mean(axis=0)
    loudest = float(np.max(np.abs(mono - mono.mean())))
    if loudest < from_db(SILENT_DBFS):
        reason = f"got a peak of {loudest:.2g}"
        if np.ptp(samples) > 2 * from_db(SILENT_DBFS) and len(samples) > 1:
            reason = "its channels cancel each other"
        raise InputError(f"{path}: sound must not be silent, {reason}")
    return DrySound(sound_class, name, SoundFile(path, len(samples))), []


class _ByteCache:
    """What was used last, up to a number of bytes."""

    def __init__(self, budget):
        self._budget = budget
        self._arrays = OrderedDict()

    def get(self, key, make):
        """Return the array of a key, made by ``make()`` if it is not there."""
        if key not in self._arrays:
            self._arrays[key] = make()
        self._arrays.move_to_end(key)
        array = self._arrays[key]
        while sum(kept.nbytes for kept in self._arrays.values()) > self._budget:
            self._arrays.popitem(last=False)
        return array


_cache = _ByteCache(CACHE_BYTES)


# --------------------------------------------------------------------------- cutting


def active_frames(sound, sample_rate):
    """Where something sounds.

    Parameters
    ----------
    sound : (samples,) array_like
        Mono.
    sample_rate : int
        Samples per second.

    Returns
    -------
    (frames,) numpy.ndarray of bool
        For each `FRAME_S`, the last one shorter: whether its level is less than 40 dB below that
        of the loudest frame. Silence has no such frame.
    """
    starts = np.arange(0, len(sound), _frame(sample_rate))
    energy = np.add.reduceat(np.square(sound, dtype=float), starts)
    return energy > np.max(energy) * 10 ** (QUIET_DB / 10)


def _frame(sample_rate):
    """Samples of a frame."""
    return max(to_count(FRAME_S, sample_rate), 1)


def _cut(sound, count, sample_rate, rng):
    """Part of a sound in which at least half as much happens as in its busiest part."""
    frame = _frame(sample_rate)
    active = np.concatenate([[0], np.cumsum(active_frames(sound, sample_rate))])
    starts = np.arange((len(sound) - count) // frame + 1)
    busy = active[np.minimum(starts + count // frame, len(active) - 1)] - active[starts]
    good = starts[busy >= 0.5 * busy.max()]
    start = good[rng.integers(len(good))] * frame
    return _faded(sound[start : start + count], sample_rate)


def _repeated(sound, count, sample_rate, rng):
    """Sound, pause, sound, ... until the time is up."""
    once = _faded(sound, sample_rate)
    piece, at = np.zeros(count, dtype=np.float32), 0
    while at < count:
        part = once[: count - at]
        piece[at : at + len(part)] = part
        at += len(once) + to_count(rng.uniform(*PAUSE_S), sample_rate)
    return _faded(piece, sample_rate)


def _faded(sound, sample_rate):
    """Raised-cosine start and end."""
    count = min(to_count(FADE_S, sample_rate), len(sound) // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / max(count, 1))
    faded = np.array(sound, dtype=float)
    faded[:count] *= ramp
    faded[len(faded) - count :] *= ramp[::-1]
    return faded


def _leveled(sound, sample_rate):
    """Bring what sounds to `LEVEL_DBFS`, as far as the peaks allow."""
    active = np.repeat(active_frames(sound, sample_rate), _frame(sample_rate))[: len(sound)]
    loudness = np.sqrt(np.mean(np.square(sound[active], dtype=float)))
    return sound * min(from_db(LEVEL_DBFS) / loudness, HIGHEST_PEAK / np.max(np.abs(sound)))
