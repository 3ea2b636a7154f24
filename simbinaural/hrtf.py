"""Head-related transfer functions: from a measured set to any direction.

A set of measured responses becomes an `Hrtf`, which keeps apart *when* the sound reaches each ear
(`delays_s`, relative to the head's center) and *how* it sounds there (`hrirs`, all with their onset
at sample `lead`). Apart, both vary smoothly with direction and can be interpolated between three
neighbors; together they would comb.

No measurement covers the whole sphere: KEMAR ends 40 deg below the horizon, and every floor
reflection comes from lower. `fill_gaps` adds virtual directions there once, so that nothing later
needs to know of them.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from simbinaural.errors import require
from simbinaural.geometry import to_count
from simbinaural.responses import (
    fades,
    first_arrivals,
    minimum_phase,
    minimum_phase_lags,
    resample_aligned,
)
from simbinaural.sofa import read_sofa
from simbinaural.sphere import MIRROR, Sphere, spread_directions, with_mirror_images

DEFAULT_SOFA = Path(__file__).parent / "assets" / "hrtf" / "MIT_KEMAR_normal_pinna.sofa"
MIN_DIRECTIONS = 12
LEAD_S = 0.001
TAIL_S = 0.008
N_PHASES = 16
EARS = np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])  # body axes: left, right


@dataclass(frozen=True, eq=False)
class Hrtf:
    """Onset-aligned responses and the delays of both ears, over the whole sphere.

    Attributes
    ----------
    name : str
        What it was made of.
    sample_rate : int
        Hz.
    directions : (N, 3) numpy.ndarray
        Unit vectors in body axes: first the `n_measured` ones, then those that fill gaps.
    hrirs : (N, 2, taps) numpy.ndarray of float32
        Responses, left ear first, their onset at sample `lead`; the level is the file's.
    delays_s : (N, 2) numpy.ndarray
        Seconds from the arrival at the head's center (were there no head) to the onset at the ear.
    lead : int
        Sample of the onset: the room that a band-limited response needs before it.
    n_measured : int
        How many directions were measured.
    """

    name: str
    sample_rate: int
    directions: np.ndarray
    hrirs: np.ndarray
    delays_s: np.ndarray
    lead: int
    n_measured: int

    def __post_init__(self):
        """Guard what callers share."""
        for array in (self.directions, self.hrirs, self.delays_s):
            array.setflags(write=False)

    def neighbors(self, vectors):
        """Find the three directions around each vector, and their shares: see `Sphere.neighbors`.

        Parameters
        ----------
        vectors : (n, 3) array_like
            Body axes, any length but zero.

        Returns
        -------
        indices : (n, 3) numpy.ndarray of int32
            Into `directions`.
        weights : (n, 3) numpy.ndarray of float64
            Not negative, sum 1.
        """
        return self.sphere.neighbors(vectors)

    def interpolate(self, vectors):
        """Responses and delays of any directions.

        Parameters
        ----------
        vectors : (n, 3) array_like
            Body axes, any length but zero.

        Returns
        -------
        hrirs : (n, 2, taps) numpy.ndarray
            Onset at `lead`.
        delays_s : (n, 2) numpy.ndarray
            Seconds from the arrival at the head's center.
        """
        indices, weights = self.neighbors(vectors)
        hrirs = np.einsum("nk,nket->net", weights, self.hrirs[indices])
        return hrirs, np.einsum("nk,nke->ne", weights, self.delays_s[indices])

    def diffuse_field(self, n_fft):
        """Cross spectra of the ears in sound that comes equally from everywhere.

        Parameters
        ----------
        n_fft : int
            Length of the transform.

        Returns
        -------
        (2, 2, n_fft // 2 + 1) numpy.ndarray of complex
            Mean of h_i conj(h_j) over the sphere; i, j: left, right. The interaural coherence is
            ``s[0, 1] / sqrt(s[0, 0] * s[1, 1])``.
        """
        fold = -(-self.hrirs.shape[-1] // n_fft)  # a short transform samples that of a longer one
        spectra = np.fft.rfft(self.hrirs, n_fft * fold, axis=-1)[..., ::fold]
        frequency = np.fft.rfftfreq(n_fft, 1 / self.sample_rate)
        spectra = spectra * np.exp(-2j * np.pi * frequency * self.delays_s[..., None])
        left, right = np.moveaxis(spectra, 1, 0)
        cross = [[a * np.conj(b) for b in (left, right)] for a in (left, right)]
        return np.tensordot(np.array(cross), self.sphere.solid_angles, axes=(2, 0))

    def symmetrized(self):
        """Make the right ear the mirror image of the left one.

        Returns
        -------
        Hrtf
            Each direction is the mean of itself and of its mirror direction with swapped ears.
        """
        vectors = with_mirror_images(self.directions)
        hrirs, delays = self.interpolate(vectors)
        mirror_hrirs, mirror_delays = self.interpolate(vectors * MIRROR)
        return replace(
            self,
            name=f"{self.name}-symmetrized",
            directions=vectors,
            hrirs=((hrirs + mirror_hrirs[:, ::-1]) / 2).astype(np.float32),
            delays_s=(delays + mirror_delays[:, ::-1]) / 2,
        )

    @cached_property
    def sphere(self):
        """The directions as a `Sphere`."""
        return Sphere(self.directions)

    @cached_property
    def phases(self):
        """The responses delayed by 0, 1/16 … 1 sample: (N, 2, 17, taps) float32."""
        spectra = np.fft.rfft(self.hrirs, axis=-1, n=2 * self.hrirs.shape[-1])
        turns = np.arange(spectra.shape[-1]) / (2 * self.hrirs.shape[-1])
        phases = np.empty((*self.delays_s.shape, N_PHASES + 1, self.hrirs.shape[-1]), np.float32)
        for step in range(N_PHASES + 1):
            shifted = np.fft.irfft(spectra * np.exp(-2j * np.pi * turns * step / N_PHASES), axis=-1)
            phases[:, :, step] = shifted[..., : self.hrirs.shape[-1]]
        return phases


def load_hrtf(path=None, sample_rate=16000):
    """Read an HRTF and prepare it for a sample rate; the last few are remembered.

    Parameters
    ----------
    path : str or path-like, optional
        A SOFA file (SimpleFreeFieldHRIR); by default the KEMAR head of MIT (Gardner and Martin,
        1994).
    sample_rate : int
        Hz.

    Returns
    -------
    Hrtf
        Over the whole sphere.

    Raises
    ------
    InputError
        If the file is no such SOFA file, or measures fewer than 12 directions.
    """
    path = Path(path or DEFAULT_SOFA).resolve()
    return _load(path, path.stat().st_mtime_ns, int(sample_rate))


@lru_cache(maxsize=8)
def _load(path, _modified, sample_rate):
    measurement = read_sofa(path)
    count = len(measurement.directions)
    require(
        count >= MIN_DIRECTIONS,
        f"{path}: must have at least {MIN_DIRECTIONS} directions, got {count}",
    )
    return align(measurement, sample_rate)


# --------------------------------------------------------------------------- aligning


def align(measurement, sample_rate):
    """Part measured responses into delays and aligned responses, and fill the sphere.

    Parameters
    ----------
    measurement : Measurement
        What was measured.
    sample_rate : int
        Hz of the result.

    Returns
    -------
    Hrtf
        Band-limited to both rates; delays are not rounded to samples.

    Notes
    -----
    Delays are lags behind the minimum-phase version, which vary smoothly with direction, less the
    constant by which these trail the first arrival. What they have in common (the way from the
    loudspeaker, the converters) is found with the head's radius by a least-squares fit of
    Woodworth's sphere, delay = common + radius / c * f(angle between ear and source), in which
    directions count the more the nearer they are to the median plane.
    """
    lags = minimum_phase_lags(measurement.responses, measurement.sample_rate)
    first = first_arrivals(measurement.responses, measurement.sample_rate)
    trail_s = float(np.median(lags - first))
    onsets = lags - trail_s
    common, radius_s = _fit_sphere(measurement.directions, onsets)
    lead = to_count(LEAD_S, sample_rate)
    taps = lead + to_count(TAIL_S, sample_rate)
    hrirs = resample_aligned(
        measurement.responses,
        onsets,
        (measurement.sample_rate, sample_rate),
        (np.arange(taps) - lead) / sample_rate,
    )
    measured = Hrtf(
        measurement.name,
        int(sample_rate),
        np.array(measurement.directions, dtype=float),
        (hrirs * fades(taps, lead)).astype(np.float32),
        onsets - common,
        lead,
        len(hrirs),
    )
    return fill_gaps(measured, radius_s, trail_s)


def _fit_sphere(directions, delays):
    """Common delay and radius / c of the spherical head that fits best, in seconds."""
    model = _sphere_delays(directions)
    weights = np.repeat(np.exp(-((directions[:, 0] / 0.3) ** 2) / 2), 2)
    terms = np.stack([np.ones(model.size), model.ravel()], axis=1)
    return np.linalg.lstsq(terms * weights[:, None], delays.ravel() * weights, rcond=None)[0]


# --------------------------------------------------------------------------- the missing cap


def fill_gaps(hrtf, radius_s, trail_s, *, spacing_deg=10.0):
    """Add directions where none was measured within reach.

    Parameters
    ----------
    hrtf : Hrtf
        The measured part.
    radius_s : float
        Radius of the spherical head that fits it, over the speed of sound.
    trail_s : float
        How far minimum-phase responses must trail the onset to be in phase with the measured ones.
    spacing_deg : float
        Distance of the virtual directions.

    Returns
    -------
    Hrtf
        The measured directions, then the virtual ones.

    Notes
    -----
    A virtual direction takes the power spectrum of the nearest measured ones, with minimum phase,
    and the delay of the spherical head plus what theirs differ from it. They count by
    exp(-(angle - nearest angle) / 12 deg): at the edge of the gap the nearest alone, in its middle,
    where all are equally near, all alike. So both ears become alike straight below, as they must.
    """
    virtual = spread_directions(spacing_deg)
    angle = _angles_deg(virtual, hrtf.directions)
    missing = angle.min(axis=1) > _reach_deg(hrtf.directions)
    if not missing.any():
        return hrtf
    virtual, angle = virtual[missing], angle[missing]
    weights = np.exp((angle.min(axis=1, keepdims=True) - angle) / 12)
    weights /= weights.sum(axis=1, keepdims=True)
    residual = hrtf.delays_s - radius_s * _sphere_delays(hrtf.directions)
    delays = radius_s * _sphere_delays(virtual) + weights @ residual
    return replace(
        hrtf,
        directions=np.concatenate([hrtf.directions, virtual]),
        hrirs=np.concatenate([hrtf.hrirs, _mean_power_hrirs(hrtf, weights, trail_s)]),
        delays_s=np.concatenate([hrtf.delays_s, delays]),
    )


def _mean_power_hrirs(hrtf, weights, trail_s):
    """Minimum-phase responses (n, 2, taps) of weighted (n, N) means of power spectra."""
    taps = hrtf.hrirs.shape[-1]
    power = np.abs(np.fft.rfft(hrtf.hrirs, 4 * taps, axis=-1)) ** 2
    spectra = np.fft.rfft(minimum_phase(np.sqrt(np.tensordot(weights, power, axes=1))))
    samples = hrtf.lead + trail_s * hrtf.sample_rate
    spectra *= np.exp(-2j * np.pi * np.arange(2 * taps + 1) / (4 * taps) * samples)
    hrirs = np.fft.irfft(spectra)[..., :taps] * fades(taps, hrtf.lead)
    return hrirs.astype(np.float32)


def _sphere_delays(directions):
    """Woodworth's delays (n, 2) behind the center of a rigid sphere, in units of radius / c."""
    cosine = np.clip(directions @ EARS.T, -1, 1)
    return np.where(cosine > 0, -cosine, np.arccos(cosine) - np.pi / 2)


def _reach_deg(directions):
    """How far a direction may be from the measured ones: three times their usual distance."""
    angle = _angles_deg(directions, directions)
    np.fill_diagonal(angle, 180)
    return max(15.0, 3 * float(np.median(angle.min(axis=1))))


def _angles_deg(first, second):
    """Angles (n, m) between unit vectors."""
    return np.degrees(np.arccos(np.clip(first @ second.T, -1, 1)))
