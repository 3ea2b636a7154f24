"""What the passes over the sound of a file leave behind for the next one, and tell as they go."""

from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition

import numpy as np

KEPT_BYTES = 64 << 20
"""Sound that is kept for the next pass, four minutes of first order at 16 kHz; what is longer is
read anew each time."""


class Directions:
    """Where the view looks, second by second: found on one thread, asked for on others.

    What is not known yet is waited for.

    Attributes
    ----------
    found : list of (float, float, bool)
        What `ambi2binaural.viewpoint.ViewChooser` chose so far.
    """

    def __init__(self):
        self.found = []
        self._n_whole = 0
        self._over = False
        self._news = Condition()

    def extend(self, chosen, *, last=False):
        """Add what was chosen for the next seconds; the last one may be cut short."""
        with self._news:
            self.found += chosen
            if not last:
                self._n_whole = len(self.found)
            self._over = last
            self._news.notify_all()

    def at(self, second):
        """azimuth_deg, elevation_deg in a second; the last one holds on, and is 0, 0 of none."""
        with self._news:
            self._news.wait_for(lambda: self._over or second < len(self.found))
            return self.found[min(second, len(self.found) - 1)][:2] if self.found else (0.0, 0.0)

    def last_for(self, n_seconds):
        """Whether so many whole seconds are known."""
        with self._news:
            self._news.wait_for(lambda: self._over or n_seconds <= self._n_whole)
            return n_seconds <= self._n_whole


@dataclass(frozen=True, eq=False)
class FirstPass:
    """What the first pass over the sound tells.

    Attributes
    ----------
    n_samples : int
        Of the sound from the first picture on, at the clips' sample rate.
    covariances : (seconds, 4, 4) numpy.ndarray
        Of each second.
    views : Viewpoints
        Where to look.
    level : concurrent.futures.Future
        Of the second pass: gain in dB, and what was heard.
    """

    n_samples: int
    covariances: np.ndarray
    views: object
    level: Future


@dataclass(frozen=True, eq=False)
class Listening:
    """What is known of the sound; whoever asks for what is not known yet waits.

    Attributes
    ----------
    directions : Directions
        Where to look, while the first pass goes on.
    passed : concurrent.futures.Future
        Its `FirstPass`.
    """

    directions: Directions
    passed: Future

    @property
    def n_samples(self):
        """Samples of the sound from the first picture on, at the clips' sample rate."""
        return self.passed.result().n_samples

    @property
    def covariances(self):
        """Covariances (seconds, 4, 4) of each second."""
        return self.passed.result().covariances

    @property
    def views(self):
        """Where to look: `Viewpoints`."""
        return self.passed.result().views

    @property
    def gain_db(self):
        """Gain for the whole file."""
        return self.passed.result().level.result()[0]

    @property
    def heard(self):
        """Blocks at the ears (2, n), before the gain, and their AmbiX (channels, n).

        None of a sound that is too long to be kept.
        """
        return self.passed.result().level.result()[1]


class Kept:
    """Pairs of blocks for the next pass: all of them, or None once they are past `KEPT_BYTES`."""

    def __init__(self):
        self.all, self._room = [], KEPT_BYTES

    def add(self, pair):
        """Keep a pair, if there is room."""
        self._room -= sum(block.nbytes for block in pair)
        if self._room < 0:
            self.all = None
        elif self.all is not None:
            self.all.append(pair)
