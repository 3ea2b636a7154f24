"""What the passes over the sound of a file leave behind for the next one."""

from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

KEPT_BYTES = 64 << 20
"""Sound that is kept for the next pass, four minutes of first order at 16 kHz; what is longer is
read anew each time."""


@dataclass(frozen=True, eq=False)
class Listening:
    """What the first passes over the sound tell.

    Attributes
    ----------
    n_samples : int
        Of the sound from the first picture on, at the clips' sample rate.
    covariances : (seconds, 4, 4) numpy.ndarray
        Of each second.
    views : Viewpoints
        Where to look.
    level : concurrent.futures.Future
        What `gain_db` and `heard` are taken from, and wait for.
    """

    n_samples: int
    covariances: np.ndarray
    views: object
    level: Future

    @property
    def gain_db(self):
        """Gain for the whole file."""
        return self.level.result()[0]

    @property
    def heard(self):
        """Blocks at the ears (2, n), before the gain, and their AmbiX (channels, n).

        None of a sound that is too long to be kept.
        """
        return self.level.result()[1]


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
