"""How a source radiates: as strongly everywhere, or more to its front the higher the frequency."""

from dataclasses import dataclass

import numpy as np

from simbinaural.acoustics.planes import N_BANDS, compiled, dot
from simbinaural.errors import require, require_shape

FORWARD = (0.05, 0.12, 0.22, 0.32, 0.42, 0.48, 0.5)
"""Sharpness per octave band of a body of 0.3 m that sounds to its front, as guitars, drums and
phones do: nearly omnidirectional where waves are longer than it, a cardioid where they are short.
Directivity index 0.4, 1.1, 2.0, 3.0, 4.0, 4.6, 4.8 dB."""


@dataclass(frozen=True, eq=False)
class Directivity:
    """A first-order pattern in each octave band, of the same power whatever its sharpness.

    Attributes
    ----------
    axis : (3,) numpy.ndarray
        Unit vector, world: where the source radiates most.
    sharpness : (7,) numpy.ndarray
        0 for the same everywhere to 0.5 for a cardioid.

    Raises
    ------
    InputError
        If the axis is zero, or a sharpness outside [0, 0.5].

    Notes
    -----
    At the angle theta from the axis the amplitude is, b being the sharpness::

        g = (1 - b + b cos(theta)) / sqrt((1 - b)^2 + b^2 / 3)

    The mean of g^2 over the sphere is 1: the power, and so the reverberant level far from the
    source, are those of an omnidirectional source that is 1 / d in every direction.
    """

    axis: np.ndarray
    sharpness: np.ndarray

    def __post_init__(self):
        """Check and normalize."""
        axis = np.array(self.axis, dtype=float)
        sharpness = np.array(self.sharpness, dtype=float)
        require_shape("axis", axis, (3,))
        require_shape("sharpness", sharpness, (N_BANDS,))
        size = np.linalg.norm(axis)
        require(0 < size < np.inf, f"axis must have a length, got {axis}")
        fits = (sharpness >= 0) & (sharpness <= 0.5)
        require(fits.all(), f"sharpness must be in [0, 0.5], got {sharpness[~fits][:1]}")
        object.__setattr__(self, "axis", axis / size)
        object.__setattr__(self, "sharpness", sharpness)

    @classmethod
    def omnidirectional(cls):
        """A source that radiates the same everywhere."""
        return cls(np.array([0.0, 0.0, -1.0]), np.zeros(N_BANDS))

    @classmethod
    def forward(cls, axis):
        """A source that radiates like an instrument or a phone to its front, `axis`."""
        return cls(axis, np.array(FORWARD))

    def amplitudes(self, vectors):
        """Amplitude towards directions.

        Parameters
        ----------
        vectors : (n, 3) array_like
            From the source, world; any length but zero.

        Returns
        -------
        (7, n) numpy.ndarray
            Per octave band; 1 everywhere for an omnidirectional source.
        """
        vectors = np.asarray(vectors, dtype=float)
        cosine = vectors @ self.axis / np.linalg.norm(vectors, axis=1)
        sharpness = self.sharpness[:, None]
        power = (1 - sharpness) ** 2 + sharpness**2 / 3
        return (1 - sharpness + sharpness * cosine) / np.sqrt(power)


@compiled
def radiate(power, share, direction, axis, sharpness):
    """Set the power per band of a ray that stands for a share of the sphere: share times g^2."""
    cosine = dot(direction, axis)
    for b in range(N_BANDS):
        even = 1 - sharpness[b]
        strength = even + sharpness[b] * cosine
        power[b] = share * strength * strength / (even * even + sharpness[b] * sharpness[b] / 3)
