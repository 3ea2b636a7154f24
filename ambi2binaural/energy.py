"""How much sound comes from where: energy maps from the covariance of first order.

A beam towards a direction is the sum of W, Y, Z and X with the gains y of a plane wave from there;
in SN3D this is a cardioid, without a lobe to the rear. Its energy is yᵀCy: it needs nothing of the
sound but the covariance C of its channels, so that a second of sound becomes 16 numbers before any
direction is looked at.

First order is blunt: two equally loud sources closer than 120 deg make one peak between them.
"""

from functools import lru_cache

import numpy as np

from simbinaural.ambisonics import harmonics, rotation
from simbinaural.errors import require, require_shape
from simbinaural.geometry import conjugate, orientation_towards

GRID_DEG = 2.5
AZIMUTHS_DEG = np.arange(180, -180, -GRID_DEG)
"""Columns of a map: from behind over the left to the front and on, as in a panorama."""
ELEVATIONS_DEG = np.arange(90, -90 - GRID_DEG, -GRID_DEG)
"""Rows of a map: from straight above to straight below, both included."""
REGION_DEG = 25.0
BAND_SLOPE = 4
"""Order of the Butterworth band-pass: 24 dB per octave on each side."""


class EnergyMeter:
    """Covariance of the first-order channels in each second of a stream.

    Parameters
    ----------
    sample_rate : int
        Hz.
    n_channels : int
        Channels of the sound, AmbiX; the first four count.
    band_hz : (2,) sequence of float, optional
        Lowest and highest frequency that count; 0 and half the sample rate leave that side open.

    Raises
    ------
    InputError
        If there are fewer than four channels, or the band is none below half the sample rate.
    """

    def __init__(self, sample_rate, n_channels=4, band_hz=None):
        require(n_channels >= 4, f"n_channels must be at least 4, got {n_channels}")
        self.sample_rate = int(sample_rate)
        self.n_channels = n_channels
        self._sections = _band_pass(band_hz, self.sample_rate)
        self._state = np.zeros((len(self._sections), 4, 2))
        self._products = []
        self._counts = []

    def feed(self, block):
        """Take the next samples of the stream.

        Parameters
        ----------
        block : (n_channels, samples) array_like
            Any number of samples.

        Raises
        ------
        InputError
            If the shape differs.
        """
        block = np.asarray(block)
        require_shape("block", block, (self.n_channels, None))
        while block.shape[1]:
            if not self._counts or self._counts[-1] == self.sample_rate:
                self._products.append(np.zeros((4, 4)))
                self._counts.append(0)
            part = block[:4, : self.sample_rate - self._counts[-1]]
            block = block[:, part.shape[1] :]
            self._counts[-1] += part.shape[1]
            part = self._filtered(part.astype(float))
            self._products[-1] += part @ part.T

    @property
    def covariances(self):
        """Mean products of the channels in each second, begun ones included: (seconds, 4, 4)."""
        return self.since(0)

    def since(self, second):
        """`covariances` from a second on."""
        counts = np.array(self._counts[second:], dtype=float).reshape(-1, 1, 1)
        return np.array(self._products[second:]).reshape(-1, 4, 4) / counts

    def _filtered(self, part):
        if len(self._sections):
            from scipy.signal import sosfilt  # takes a third of a second to load

            part, self._state = sosfilt(self._sections, part, zi=self._state)
        return part


def require_band(band_hz, sample_rate):
    """Raise `InputError` unless a band (low, high) lies below half the sample rate; None may be."""
    low, high = band_hz or (0, sample_rate / 2)
    require(
        0 <= low < high <= sample_rate / 2,
        f"band_hz must be two growing frequencies from 0 to {sample_rate / 2:g}, "
        f"got {low:g}-{high:g}",
    )


def _band_pass(band_hz, sample_rate):
    """Second-order sections (n, 6) of a band-pass; none if the band is open on both sides."""
    require_band(band_hz, sample_rate)
    low, high = band_hz or (0, sample_rate / 2)
    if low <= 0 and high >= sample_rate / 2:
        return np.zeros((0, 6))
    from scipy.signal import butter  # takes a third of a second to load

    sides = [(low, "highpass")] if low > 0 else []
    sides += [(high, "lowpass")] if high < sample_rate / 2 else []
    return np.concatenate(
        [butter(BAND_SLOPE, cutoff, kind, fs=sample_rate, output="sos") for cutoff, kind in sides]
    )


# --------------------------------------------------------------------------- maps


def energy_map(covariances, azimuths_deg=AZIMUTHS_DEG, elevations_deg=ELEVATIONS_DEG):
    """Energy that beams of first order receive from everywhere.

    Parameters
    ----------
    covariances : (..., 4, 4) array_like
        Of W, Y, Z, X in SN3D.
    azimuths_deg : (azimuths,) array_like
        Columns of the map.
    elevations_deg : (elevations,) array_like
        Rows of the map.

    Returns
    -------
    (..., elevations, azimuths) numpy.ndarray of float32
        yᵀCy: four times the power of a lone plane wave towards it, 0 on the side away from it.

    Raises
    ------
    InputError
        If the covariances have another shape.
    """
    gains = harmonics(np.asarray(azimuths_deg)[None], np.asarray(elevations_deg)[:, None])
    forms = np.einsum("ier,jer->erij", gains, gains)
    return _evaluate(forms, covariances).astype(np.float32)


def region_mean(covariances):
    """Mean energy of the region of 25 x 25 deg around each direction of the map.

    Parameters
    ----------
    covariances : (..., 4, 4) array_like
        Of W, Y, Z, X in SN3D.

    Returns
    -------
    (..., elevations, azimuths) numpy.ndarray
        At `ELEVATIONS_DEG` and `AZIMUTHS_DEG`.

    Raises
    ------
    InputError
        If the covariances have another shape.

    Notes
    -----
    The region is what a level observer who looks at its center sees within 12.5 deg of azimuth and
    of elevation: the same patch of the sphere everywhere, at the poles as across 180 deg. A map is
    a quadratic form in y, hence so is its mean: tr(R C Rᵀ M), with R turning the center to the
    front and M the mean of yyᵀ over the region there. It is exact, not a sum over grid points.
    """
    return _evaluate(_region_forms(), covariances)


def _evaluate(forms, covariances):
    covariances = np.asarray(covariances, dtype=float)
    require(
        covariances.shape[-2:] == (4, 4),
        f"covariances must have shape (..., 4, 4), got {covariances.shape}",
    )
    values = covariances.reshape(-1, 16) @ forms.reshape(-1, 16).T
    return values.reshape(*covariances.shape[:-2], *forms.shape[:2])


@lru_cache(maxsize=1)
def _region_forms():
    """Symmetric matrices (elevations, azimuths, 4, 4) whose forms are the regions' means."""
    turn = rotation(conjugate(orientation_towards(AZIMUTHS_DEG)))
    tilt = rotation(conjugate(orientation_towards(0, ELEVATIONS_DEG)))
    tilted = np.swapaxes(tilt, 1, 2) @ _frontal_form() @ tilt
    return np.swapaxes(turn, 1, 2) @ tilted[:, None] @ turn


def _frontal_form():
    """Mean (4, 4) of yyᵀ over the region around the front."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    angles = nodes * REGION_DEG / 2
    gains = harmonics(angles[None], angles[:, None])
    area = np.outer(weights * np.cos(np.radians(angles)), weights)
    return np.einsum("er,ier,jer->ij", area / area.sum(), gains, gains)
