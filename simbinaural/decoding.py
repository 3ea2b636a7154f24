"""Filters that play ambisonics to two ears.

An ambisonic signal of order *n* carries (n + 1)² harmonics of the direction; the ears' responses
have more of them, the more the higher the frequency. Below the transition each method fits the
responses as they are; above it each gives something up:

``magls``
    the phase: only magnitudes are fitted, and the level of diffuse sound is made right.
``tac``
    the delay between the ears: responses aligned in time are fitted, then level and coherence of
    the ears in diffuse sound are made right. In first order this mixes the ears: a lone source
    loses level difference to gain a reverberation that is as wide as it should be.
``ls``
    nothing: the highs become dull.

KEMAR at 48 kHz, errors over the sphere (rms; coherence over the frequencies)::

                                  order 1               order 3
                            magls    tac     ls   magls    tac     ls
    ITD below 1 kHz, us       105    116     99      16     16     15
    ILD around 4 kHz, dB      2.6    4.4    5.5     1.4    3.1    4.9
    level around 4 kHz, dB    1.9    4.2   13.7     1.0    2.7    9.2
    diffuse level, dB         0.0    0.1   16.0     0.0    0.0   11.1
    diffuse coherence        0.41   0.04   0.37    0.19   0.00   0.13

In first order the ITD of sound from the side is 0.81 to 0.87 of the true one (median, below 1 kHz).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simbinaural.ambisonics import harmonics, n_channels
from simbinaural.errors import InputError, require
from simbinaural.geometry import directions, to_count

METHODS = ("magls", "tac", "ls")
TRANSITION_HZ = 1500.0
LEAD_S = 0.003
"""Room before time zero: filters that are free in their phase ring before the sound arrives."""
RESOLUTION = 4
"""Length of the transforms, in responses: in fine steps neighboring bins resemble each other."""


@dataclass(frozen=True, eq=False)
class BinauralDecoder:
    """Filters from ambisonics to ears.

    Attributes
    ----------
    filters : (2, (order + 1) ** 2, taps) numpy.ndarray of float32
        Left ear first; for AmbiX channels.
    lead : int
        Sample of the filters at which sound reaches the head's center: their delay.
    sample_rate : int
        Hz.
    order : int
        Ambisonic order.
    method : str
        ``magls``, ``tac`` or ``ls``.
    hrtf : str
        Name of the HRTF.
    """

    filters: np.ndarray
    lead: int
    sample_rate: int
    order: int
    method: str
    hrtf: str

    def __post_init__(self):
        """Guard what callers share."""
        self.filters.setflags(write=False)


def design_decoder(hrtf, order=1, method="magls", *, transition_hz=TRANSITION_HZ):
    """Make the filters that let a head hear ambisonics.

    Parameters
    ----------
    hrtf : simbinaural.hrtf.Hrtf
        The head, at the sample rate of the sound.
    order : int
        Ambisonic order of the sound.
    method : str
        ``magls``, ``tac`` or ``ls``.
    transition_hz : float
        Where fitting the phase ends.

    Returns
    -------
    BinauralDecoder
        For a listener who looks to the front of the sound field.

    Raises
    ------
    InputError
        If the method is unknown, the order is not positive, or the HRTF has too few directions.

    Notes
    -----
    Least squares over the HRTF's directions, each weighted by its share of the sphere. MagLS:
    Schörkhuber, Zaunschirm and Höldrich, DAGA 2018. TAC: Zaunschirm, Schörkhuber and Höldrich,
    JASA 143(6), 2018.
    """
    if method not in METHODS:
        raise InputError(f"method must be one of {', '.join(METHODS)}, got {method}")
    require(order >= 1, f"order must be at least 1, got {order}")
    n_directions = len(hrtf.directions)
    require(
        n_directions >= n_channels(order),
        f"hrtf must have at least {n_channels(order)} directions for order {order}, "
        f"got {n_directions}",
    )
    field = _Field.of(hrtf, order)
    n_low = max(1, int(np.searchsorted(field.frequency, transition_hz)))
    spectra = {"magls": _fit_magnitudes, "tac": _fit_aligned, "ls": _fit}[method](field, n_low)
    lead = to_count(LEAD_S, hrtf.sample_rate)
    filters = _to_time(spectra, lead, lead - hrtf.lead + hrtf.hrirs.shape[-1])
    return BinauralDecoder(filters, lead, hrtf.sample_rate, order, method, hrtf.name)


@dataclass(frozen=True, eq=False)
class _Field:
    """Plane waves from the HRTF's directions: what ambisonics carry of them, what ears hear."""

    gains: np.ndarray  # (N, channels)
    weights: np.ndarray  # (N,), sum 1
    frequency: np.ndarray  # (bins,)
    aligned: np.ndarray  # (bins, N, 2): onset at time zero
    delays_s: np.ndarray  # (N, 2)

    @classmethod
    def of(cls, hrtf, order):
        n_fft = 1 << int(np.ceil(np.log2(RESOLUTION * hrtf.hrirs.shape[-1])))
        frequency = np.fft.rfftfreq(n_fft, 1 / hrtf.sample_rate)
        aligned = np.moveaxis(np.fft.rfft(hrtf.hrirs, n_fft), -1, 0)
        turn = np.exp(2j * np.pi * frequency * hrtf.lead / hrtf.sample_rate)
        azimuth, elevation, _ = directions(hrtf.directions)
        return cls(
            harmonics(azimuth, elevation, order).T,
            hrtf.sphere.solid_angles,
            frequency,
            aligned * turn[:, None, None],
            hrtf.delays_s,
        )

    def fit(self, spectra):
        """Channel spectra (..., channels, 2) that come nearest to spectra (..., N, 2)."""
        return self._inverse @ spectra

    @cached_property
    def _inverse(self):
        root = np.sqrt(self.weights)[:, None]
        return np.linalg.pinv(root * self.gains) * root.T

    @cached_property
    def spectra(self):
        """What ears hear of each plane wave: (bins, N, 2)."""
        return self.aligned * self.delay_turns(self.frequency)

    def delay_turns(self, frequency):
        """Phase factors (bins, N, 2) of the ears' delays at some frequencies."""
        return np.exp(-2j * np.pi * frequency[:, None, None] * self.delays_s)

    def covariance(self, spectra):
        """Cross spectra (bins, 2, 2) of the ears in diffuse sound."""
        return np.einsum("n,fni,fnj->fij", self.weights, spectra, np.conj(spectra), optimize=True)


def _fit(field, _n_low):
    return field.fit(field.spectra)


def _fit_magnitudes(field, n_low):
    """Above the transition each bin takes over the phases that its lower neighbor came out with.

    Between the bins they turn by the mean delay of the aligned responses, so that the highs arrive
    when they should.
    """
    fitted = field.fit(field.spectra)
    turn = np.exp(1j * _mean_turn(field, n_low))
    for bin_ in range(n_low, len(fitted)):
        heard = field.gains @ fitted[bin_ - 1]
        size = np.abs(heard)
        phase = np.divide(heard, size, out=np.ones_like(heard), where=size > 0)
        fitted[bin_] = field.fit(np.abs(field.aligned[bin_]) * phase * turn)
    return fitted * _level_of_diffuse_sound(field, fitted)


def _mean_turn(field, n_low):
    """Mean phase from bin to bin of the aligned responses above the transition."""
    high = field.aligned[n_low:]
    return np.angle(np.einsum("n,fne,fne->", field.weights, high[1:], np.conj(high[:-1])))


def _level_of_diffuse_sound(field, fitted):
    """Gains (bins, 1, 1) that make the energy of both ears in diffuse sound that of the HRTF."""
    want, have = (
        np.trace(field.covariance(heard), axis1=1, axis2=2).real
        for heard in (field.spectra, field.gains @ fitted)
    )
    return np.sqrt(want / have)[:, None, None]


def _fit_aligned(field, n_low):
    """Above the transition the phase between the ears stays as it is there."""
    frequency = np.minimum(field.frequency, field.frequency[n_low - 1])
    fitted = field.fit(field.aligned * field.delay_turns(frequency))
    return fitted @ np.swapaxes(_mixing_of_ears(field, fitted), -1, -2)


def _mixing_of_ears(field, fitted):
    """Matrices (bins, 2, 2) that make the ears' covariance in diffuse sound that of the HRTF.

    Of all that do, those that change the signals least: Vilkamo, Bäckström and Kuntz, JAES 61(6),
    2013.
    """
    want = _cholesky(field.covariance(field.spectra))
    have = _cholesky(field.covariance(field.gains @ fitted))
    left, _, right = np.linalg.svd(np.swapaxes(have, -1, -2).conj() @ want)
    return want @ np.swapaxes(left @ right, -1, -2).conj() @ np.linalg.inv(have)


def _cholesky(covariance):
    floor = 1e-9 * np.trace(covariance, axis1=1, axis2=2).real.max()
    return np.linalg.cholesky(covariance + floor * np.eye(2))


def _to_time(spectra, lead, taps):
    """Filters (2, channels, taps) of spectra (bins, channels, 2), faded at both ends."""
    times = np.roll(np.fft.irfft(spectra, axis=0), lead, axis=0)[:taps].T
    window = np.ones(taps)
    rise, fall = lead // 2, taps // 8
    window[:rise] = np.sin(np.pi / 2 * (np.arange(rise) + 0.5) / rise) ** 2
    window[-fall:] = np.cos(np.pi / 2 * (np.arange(fall) + 0.5) / fall) ** 2
    return (times * window).astype(np.float32)
