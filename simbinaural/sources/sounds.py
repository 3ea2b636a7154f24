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

import numpy as np

from simbinaural.audio import from_db
from simbinaural.errors import require
from simbinaural.geometry import to_count
from simbinaural.sources.activity import active_frames, frame_length
from simbinaural.sources.collection import Collection, collect
from simbinaural.sources.sound_files import SoundFile, survey

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
        render = self.render
        if isinstance(render, SoundFile):
            render = render.stretch(duration_s, rng)
        sound = _cache.get((render, sample_rate), lambda: _ready(render(sample_rate), sample_rate))
        if len(sound) >= count:
            piece = _cut(sound, count, sample_rate, rng)
        else:
            piece = _repeated(sound, count, sample_rate, rng)
        return _leveled(piece, sample_rate).astype(np.float32)


def _ready(sound, sample_rate):
    """Take the silence around a sound, and its mean."""
    sound = np.asarray(sound, dtype=np.float32)
    active = np.flatnonzero(active_frames(sound - sound.mean(), sample_rate))
    frame = frame_length(sample_rate)
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


def _read_sound(path, sound_class, name):
    return DrySound(sound_class, name, survey(path)), []


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


def _cut(sound, count, sample_rate, rng):
    """Part of a sound in which at least half as much happens as in its busiest part."""
    frame = frame_length(sample_rate)
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
    active = np.repeat(active_frames(sound, sample_rate), frame_length(sample_rate))[: len(sound)]
    loudness = np.sqrt(np.mean(np.square(sound[active], dtype=float)))
    return sound * min(from_db(LEVEL_DBFS) / loudness, HIGHEST_PEAK / np.max(np.abs(sound)))
