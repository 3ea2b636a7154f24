"""Where in a sound something sounds."""

import numpy as np

from simbinaural.geometry import to_count

FRAME_S = 0.02
"""Resolution of what counts as silence."""

QUIET_DB = -40.0
"""A frame so far below the loudest one is silence."""


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
    starts = np.arange(0, len(sound), frame_length(sample_rate))
    return are_active(np.add.reduceat(np.square(sound, dtype=float), starts))


def are_active(energy):
    """Whether energies (frames,) are less than 40 dB below the largest."""
    return energy > np.max(energy) * 10 ** (QUIET_DB / 10)


def frame_length(sample_rate):
    """Samples of a frame of `FRAME_S`."""
    return max(to_count(FRAME_S, sample_rate), 1)
