"""What an engine knows about the way from a source to listeners: distinct paths, and energy.

Both are in the units of a direct sound at one metre: a path of length d arrives with the amplitude
1/d, the energy 1/d^2. Each bit of sound is in exactly one of the two, so they are simply added.
"""

from dataclasses import dataclass, replace

import numpy as np

from simbinaural.geometry import SPEED_OF_SOUND

BIN_S = 0.002
"""Seconds in a bin of an echogram."""

BIN_M = BIN_S * SPEED_OF_SOUND
"""Metres that sound travels in a bin."""


@dataclass(frozen=True)
class Paths:
    """Specular ways to one listener, the direct one included where there is one.

    Attributes
    ----------
    vectors : (paths, 3) numpy.ndarray
        World, metres: from the listener to where the sound seems to come from.
    gains : (7, paths) numpy.ndarray
        Amplitude per octave band on arrival, 1/distance included, air not.
    """

    vectors: np.ndarray
    gains: np.ndarray

    @property
    def distances(self):
        """Lengths (paths,) in metres."""
        return np.linalg.norm(self.vectors, axis=1)

    def in_air(self, absorption):
        """Paths after air of `absorption` (7,), energy per metre."""
        loss = np.exp(-0.5 * np.asarray(absorption)[:, None] * self.distances)
        return replace(self, gains=self.gains * loss)


@dataclass(frozen=True)
class Echogram:
    """Energy that arrives at listeners outside the paths, over time.

    Attributes
    ----------
    starts : (listeners,) numpy.ndarray
        Metres: the straight way to each listener, before which nothing arrives. Bins count from
        here, so that none of them lies partly before the direct sound.
    energy : (listeners, 7, bins) numpy.ndarray
        Energy per octave band in bins of `BIN_S` seconds.
    """

    starts: np.ndarray
    energy: np.ndarray

    @property
    def distances(self):
        """Metres (listeners, bins) travelled at the middle of each bin."""
        middles = (np.arange(self.energy.shape[-1]) + 0.5) * BIN_M
        return self.starts[:, None] + middles

    def in_air(self, absorption):
        """Echogram after air of `absorption` (7,), energy per metre."""
        loss = np.exp(-np.asarray(absorption)[:, None] * self.distances[:, None])
        return replace(self, energy=self.energy * loss)


def decay_length(paths, echogram, *, depth_db=60.0):
    """Seconds until every band has decayed for every listener.

    Parameters
    ----------
    paths : sequence of Paths
        One for each listener.
    echogram : Echogram
        Of the same listeners.
    depth_db : float
        How far the energy that is still to come must have fallen.

    Returns
    -------
    float
        From the emission; the arrival of the last path at least.
    """
    remaining = np.cumsum(echogram.energy[..., ::-1], axis=-1)[..., ::-1]
    distinct = np.array([np.sum(each.gains**2, axis=1) for each in paths])
    total = remaining[..., 0] + distinct
    audible = np.any(remaining > 10 ** (-depth_db / 10) * total[..., None], axis=1)
    bins = audible.shape[1] - np.argmax(audible[:, ::-1], axis=1)
    bins = np.where(audible.any(axis=1), bins, 0)
    end = np.max(echogram.starts + bins * BIN_M)
    last = max((each.distances.max(initial=0.0) for each in paths), default=0.0)
    return float(max(end, last)) / SPEED_OF_SOUND
