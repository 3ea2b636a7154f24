"""What every acoustic engine gives: the responses of a source at a head's poses."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Responses:
    """Impulse responses of one source at several poses, from the moment of the sound on.

    Attributes
    ----------
    binaural : (poses, 2, taps) numpy.ndarray of float32
        Left ear first; the direct sound of an omnidirectional source has the amplitude 1/d of the
        HRTF's.
    ambisonic : (poses, 4, taps) numpy.ndarray of float32, optional
        W, Y, Z, X (ACN, SN3D), of as many taps; None where they were not asked for.
    warnings : tuple of str
        What a user should know of them, a line each.
    """

    binaural: np.ndarray
    ambisonic: np.ndarray | None = None
    warnings: tuple[str, ...] = ()
