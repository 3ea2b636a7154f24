"""Head-related transfer functions: from a SOFA file to any direction.

A set of measured responses becomes an `Hrtf`, which keeps apart what a listener uses apart: *when*
the sound reaches each ear (`delays_s`, relative to the head's center) and *how* it sounds there
(`hrirs`, all with their onset at sample `lead`). Apart, both vary smoothly with direction and can be
interpolated between three neighbors; together they would comb.

No measurement covers the whole sphere: KEMAR ends 40 deg below the horizon, and every floor
reflection comes from lower. `fill_gaps` adds virtual directions there once, so that nothing later
needs to know of them.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import h5py
import numpy as np
from numba import njit
from scipy.spatial import ConvexHull, SphericalVoronoi

from simbinaural.errors import InputError, require, require_shape
from simbinaural.geometry import (
    SPEED_OF_SOUND,
    direction_vectors,
    directions,
    sofa_to_body,
    to_count,
)

DEFAULT_SOFA = Path(__file__).parent / "assets" / "hrtf" / "MIT_KEMAR_normal_pinna.sofa"
MIN_DIRECTIONS = 12
LEAD_S = 0.001
TAIL_S = 0.009
EARS = np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])  # body axes: left, right
MIRROR = np.array([-1.0, 1.0, 1.0])  # left and right swapped


@dataclass(frozen=True, eq=False)
class Measurement:
    """What was measured, as it stands in the file.

    Attributes
    ----------
    name : str
        The file's stem.
    sample_rate : float
        Hz.
    directions : (N, 3) numpy.ndarray
        Unit vectors in body axes, towards the source.
    responses : (N, 2, samples) numpy.ndarray
        Impulse responses, left ear first, `Data.Delay` applied.
    """

    name: str
    sample_rate: float
    directions: np.ndarray
    responses: np.ndarray


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
        Responses, left ear first, their onset at sample `lead`.
    delays_s : (N, 2) numpy.ndarray
        Seconds from the arrival at the head's center (without head) to the onset at the ear.
    lead : int
        Sample of the onset: what a band-limited response needs before it.
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
        """Guard what caches share."""
        for array in (self.directions, self.hrirs, self.delays_s):
            array.setflags(write=False)

    def neighbors(self, vectors):
        """Find the three directions around each vector and their shares.

        Parameters
        ----------
        vectors : (n, 3) array_like
            Body axes, any length but zero.

        Returns
        -------
        indices : (n, 3) numpy.ndarray of int32
            Into `directions`.
        weights : (n, 3) numpy.ndarray of float64
            Not negative, sum 1; (1, 0, 0) in some order at the directions themselves.

        Notes
        -----
        The vector is a positive combination of the corners of its triangle of the convex hull, as in
        vector base amplitude panning (Pulkki, JAES 45(6), 1997, eq. 9), here with sum 1. In a set
        that is its own mirror image, the right half is looked up through the left, so that mirrored
        vectors have mirrored neighbors although the diagonals of the hull's quadrangles have not.
        """
        vectors = np.ascontiguousarray(vectors, dtype=float)
        require_shape("vectors", vectors, (None, 3))
        return _locate(vectors, *self._triangles, self._mirrored)

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
        """Cross spectra of the ears in a field that comes equally from everywhere.

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
        turns = np.arange(n_fft // 2 + 1) / n_fft * self.sample_rate
        spectra = spectra * np.exp(-2j * np.pi * turns * self.delays_s[..., None])
        return np.einsum("n,nif,njf->ijf", self.solid_angles, spectra, np.conj(spectra))

    def symmetrized(self):
        """Make the right ear the exact mirror image of the left one.

        Returns
        -------
        Hrtf
            Each direction is the mean of itself and of its swapped mirror direction.
        """
        both = np.concatenate([self.directions, self.directions * MIRROR])
        _, first = np.unique(np.round(both, 6) + 0.0, axis=0, return_index=True)
        vectors = both[np.sort(first)]  # the measured ones stay in front
        (hrirs, delays), (hrirs_m, delays_m) = (
            self.interpolate(v) for v in (vectors, vectors * MIRROR)
        )
        return replace(
            self,
            name=f"{self.name} symmetrized",
            directions=vectors,
            hrirs=((hrirs + hrirs_m[:, ::-1]) / 2).astype(np.float32),
            delays_s=(delays + delays_m[:, ::-1]) / 2,
        )

    @cached_property
    def solid_angles(self):
        """Share of the sphere that each direction stands for: (N,), sum 1."""
        areas = SphericalVoronoi(self.directions).calculate_areas()
        return areas / areas.sum()

    @cached_property
    def phases(self):
        """The responses delayed by 0, 1/16 … 16/16 sample: (N, 2, 17, taps) float32."""
        return fractional_phases(self.hrirs, 16)

    @cached_property
    def _triangles(self):
        """Corners (T, 3), inverse bases (T, 3, 3) and, across each corner, the next triangle."""
        hull = ConvexHull(self.directions)
        corners = np.ascontiguousarray(hull.simplices, dtype=np.int32)
        bases = np.swapaxes(self.directions[corners], 1, 2)
        return corners, np.linalg.inv(bases), np.ascontiguousarray(hull.neighbors, dtype=np.int32)

    @cached_property
    def _mirrored(self):
        """The mirror image of each direction; empty where one of them has none."""
        keys = {tuple(v): i for i, v in enumerate(np.round(self.directions, 6) + 0.0)}
        mirror = [keys.get(tuple(v), -1) for v in np.round(self.directions * MIRROR, 6) + 0.0]
        return np.array([] if -1 in mirror else mirror, dtype=np.int32)


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
        If the file is no such SOFA file, or measures too few directions.
    """
    path = Path(path or DEFAULT_SOFA).resolve()
    return _load(path, path.stat().st_mtime_ns, sample_rate)


@lru_cache(maxsize=8)
def _load(path, _modified, sample_rate):
    return align(read_sofa(path), sample_rate)


# --------------------------------------------------------------------------- reading SOFA


def read_sofa(path):
    """Read the measured responses of a SOFA file (AES69, SimpleFreeFieldHRIR).

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    Measurement
        As measured, at the file's own sample rate.

    Raises
    ------
    InputError
        If it is not SOFA, of another convention, or if a field is missing or of a wrong shape.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    try:
        file = h5py.File(path, "r")
    except OSError:
        raise InputError(f"{path}: must be a SOFA file (HDF5), got another format") from None
    with file:
        convention = _text(file, "SOFAConventions")
        require(
            convention == "SimpleFreeFieldHRIR",
            f"{path}: SOFAConventions must be SimpleFreeFieldHRIR, got {convention or 'none'}",
        )
        return _measurement(path, file)


def _measurement(path, file):
    responses = _field(path, file, "Data.IR")
    require(
        responses.ndim == 3 and responses.shape[1] == 2,
        f"{path}: Data.IR must have shape (directions, 2, samples), got {responses.shape}",
    )
    count = len(responses)
    vectors = _vectors(path, file, "SourcePosition")
    require(
        vectors.shape == (count, 3),
        f"{path}: SourcePosition must have shape ({count}, 3), got {vectors.shape}",
    )
    sample_rate = float(_field(path, file, "Data.SamplingRate").flat[0])
    ears = _vectors(path, file, "ReceiverPosition").reshape(-1, 3)
    order = slice(None, None, 1 if ears[0, 1] >= ears[-1, 1] else -1)  # +y is the left
    delays = np.broadcast_to(_field(path, file, "Data.Delay"), (count, 2))
    responses = _delayed(responses, delays)[:, order]
    distance = np.linalg.norm(vectors, axis=1)
    kept = _farthest(vectors / distance[:, None], distance)
    directions_ = sofa_to_body(vectors / distance[:, None])
    return Measurement(path.stem, sample_rate, directions_[kept], responses[kept])


def _text(node, name):
    value = node.attrs.get(name)
    if isinstance(value, np.ndarray):
        value = value.flat[0]
    return value.decode() if isinstance(value, bytes) else value if isinstance(value, str) else ""


def _field(path, file, name):
    require(name in file, f"{path}: must have the field {name}, got {', '.join(sorted(file))}")
    values = np.asarray(file[name], dtype=float)
    require(values.size > 0 and np.isfinite(values).all(), f"{path}: {name} must be finite numbers")
    return values


def _vectors(path, file, name):
    """Positions in SOFA's cartesian axes, whichever way they are written."""
    values = _field(path, file, name)
    values = values[..., 0] if values.ndim == 3 else values
    if _text(file[name], "Type") != "spherical":
        return values
    azimuth, elevation, distance = values.T
    azimuth, elevation = np.radians(azimuth), np.radians(elevation)
    level = np.cos(elevation) * distance
    return np.stack(
        [np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(elevation) * distance], axis=-1
    )


def _delayed(responses, delays):
    """Apply `Data.Delay`, in samples, less what all have in common."""
    delays = delays - delays.min()
    if not delays.any():
        return responses
    longest = responses.shape[-1] + int(np.ceil(delays.max())) + 32
    spectra = np.fft.rfft(responses, 2 * longest, axis=-1)
    turns = np.arange(spectra.shape[-1]) / (2 * longest)
    spectra *= np.exp(-2j * np.pi * turns * delays[..., None])
    return np.fft.irfft(spectra, 2 * longest, axis=-1)[..., :longest]


def _farthest(units, distance):
    """Of each direction the farthest source (several shells, or a pole at every azimuth)."""
    keys = np.round(units, 4) + 0.0
    order = np.lexsort((np.arange(len(keys)), -distance, *keys.T))
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = np.any(np.diff(keys[order], axis=0) != 0, axis=1)
    return np.sort(order[fresh])


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
        Band-limited to both rates; delays are exact, not rounded to samples.

    Raises
    ------
    InputError
        If there are fewer than 12 directions.

    Notes
    -----
    The delay of an ear is the lag at which its response fits its own minimum-phase version best
    (Nam et al., AES 125, 2008), below 8 kHz. What all delays have in common is removed by a fit
    of Woodworth's spherical head: delay = common + radius / c * f(angle).
    """
    count = len(measurement.directions)
    require(
        count >= MIN_DIRECTIONS,
        f"{measurement.name}: must have at least {MIN_DIRECTIONS} directions, got {count}",
    )
    onsets = onset_delays(measurement.responses, measurement.sample_rate)
    common, radius = _fit_sphere(measurement.directions, onsets)
    lead = to_count(LEAD_S, sample_rate)
    hrirs = _resample(measurement, onsets, sample_rate, lead)
    measured = Hrtf(
        measurement.name,
        int(sample_rate),
        np.array(measurement.directions, dtype=float),
        (hrirs * _window(hrirs.shape[-1], lead)).astype(np.float32),
        onsets - common,
        lead,
        count,
    )
    return fill_gaps(measured, radius)


def onset_delays(responses, sample_rate):
    """Lag of responses (..., samples) behind their minimum-phase versions, in seconds (...)."""
    n_fft, finer = 1 << int(np.ceil(np.log2(2 * responses.shape[-1]))), 8
    spectra = np.fft.rfft(responses, n_fft, axis=-1)
    spectra[..., np.fft.rfftfreq(n_fft, 1 / sample_rate) > 7500] = 0
    # Ideal in band: the spectra beyond it take no part in the correlation.
    minimum = np.fft.rfft(minimum_phase(np.abs(np.fft.rfft(responses, n_fft, axis=-1))), axis=-1)
    lags = np.fft.irfft(spectra * np.conj(minimum), finer * n_fft)[..., : finer * n_fft // 2]
    return _peak(lags) / finer / sample_rate


def _peak(values):
    """Place of the maximum along the last axis, by a parabola through three samples."""
    top = np.clip(np.argmax(values, axis=-1), 1, values.shape[-1] - 2)[..., None]
    before, at, after = (np.take_along_axis(values, top + k, axis=-1)[..., 0] for k in (-1, 0, 1))
    bend = before - 2 * at + after
    return top[..., 0] + np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, 1), 0)


def minimum_phase(magnitudes):
    """Shortest causal responses (..., n) of magnitudes (..., n // 2 + 1), by folding the cepstrum."""
    n_fft = 2 * (magnitudes.shape[-1] - 1)
    floor = 1e-4 * magnitudes.max(axis=-1, keepdims=True)
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitudes, floor)), n_fft, axis=-1)
    cepstrum[..., 1 : n_fft // 2] *= 2
    cepstrum[..., n_fft // 2 + 1 :] = 0
    return np.fft.irfft(np.exp(np.fft.rfft(cepstrum, axis=-1)), n_fft, axis=-1)


def _sphere_delay(vectors):
    """Woodworth's delay of both ears (N, 2), in units of radius / c."""
    cosine = np.clip(vectors @ EARS.T / np.linalg.norm(vectors, axis=1)[:, None], -1, 1)
    return np.where(cosine > 0, -cosine, np.arccos(cosine) - np.pi / 2)


def _fit_sphere(vectors, delays):
    """Common delay in seconds and radius / c of the spherical head that fits best."""
    model = _sphere_delay(vectors).ravel()
    terms = np.stack([np.ones_like(model), model], axis=1)
    return np.linalg.lstsq(terms, delays.ravel(), rcond=None)[0]


def _resample(measurement, onsets, sample_rate, lead):
    """Responses at the new rate with their onsets at `lead`, by a discrete Fourier sum."""
    old, new = measurement.sample_rate, sample_rate
    taps = lead + to_count(TAIL_S, new)
    n_fft = 2 * measurement.responses.shape[-1]
    frequency = np.fft.rfftfreq(n_fft, 1 / old)
    edge = min(old, new) / 2
    ramp = np.clip((frequency / edge - 0.925) / 0.075, 0, 1)
    scale = (old / new) * np.where((frequency > 0) & (frequency < old / 2), 2, 1) / n_fft
    spectra = np.fft.rfft(measurement.responses, n_fft, axis=-1)
    spectra *= 0.5 * (1 + np.cos(np.pi * ramp)) * scale
    used = frequency < edge
    spectra, frequency = spectra[..., used], frequency[used]
    spectra *= np.exp(2j * np.pi * frequency * onsets[..., None])
    times = (np.arange(taps) - lead) / new
    waves = np.exp(2j * np.pi * frequency[:, None] * times)
    return spectra.real @ waves.real - spectra.imag @ waves.imag


def _window(taps, lead):
    """Fade in over the first half of the lead, out over the last fifth."""
    window = np.ones(taps)
    rise, fall = lead // 2, taps // 5
    window[:rise] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / rise)
    window[-fall:] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 0.5) / fall)
    return window


def fractional_phases(hrirs, steps):
    """Delay responses (..., taps) by 0, 1/steps … 1 sample: (..., steps + 1, taps) float32."""
    taps = hrirs.shape[-1]
    n_fft = 2 * taps
    spectra = np.fft.rfft(hrirs, n_fft, axis=-1)
    turns = np.arange(taps + 1) / n_fft
    phases = np.empty((*hrirs.shape[:-1], steps + 1, taps), dtype=np.float32)
    for step in range(steps + 1):
        shifted = spectra * np.exp(-2j * np.pi * turns * step / steps)
        phases[..., step, :] = np.fft.irfft(shifted, n_fft, axis=-1)[..., :taps]
    return phases


# --------------------------------------------------------------------------- the missing cap


def fill_gaps(hrtf, radius_s, *, spacing_deg=10.0):
    """Add directions where none was measured within reach.

    Parameters
    ----------
    hrtf : Hrtf
        The measured part.
    radius_s : float
        Head radius / c of the spherical head that fits it.
    spacing_deg : float
        Distance of the virtual directions.

    Returns
    -------
    Hrtf
        The measured directions, then the virtual ones.

    Notes
    -----
    A virtual direction takes the power spectrum of the nearest measured ones, minimum-phase, and
    the delay of the spherical head plus what the neighbors differ from it. Neighbors count by
    exp(-(angle - nearest angle) / 12 deg): far from the edge, where all are equally near, both ears
    become alike, as they must straight below.
    """
    grid = _even_grid(spacing_deg)
    cosine = np.clip(grid @ hrtf.directions.T, -1, 1)
    angle = np.degrees(np.arccos(cosine))
    missing = angle.min(axis=1) > _reach_deg(hrtf.directions)
    if not missing.any():
        return hrtf
    grid, angle = grid[missing], angle[missing]
    weights = np.exp((angle.min(axis=1, keepdims=True) - angle) / 12.0)
    weights /= weights.sum(axis=1, keepdims=True)

    residual = hrtf.delays_s - radius_s * _sphere_delay(hrtf.directions)
    delays = radius_s * _sphere_delay(grid) + weights @ residual
    hrirs = _mean_power_hrirs(hrtf, weights)
    return replace(
        hrtf,
        directions=np.concatenate([hrtf.directions, grid]),
        hrirs=np.concatenate([hrtf.hrirs, hrirs]),
        delays_s=np.concatenate([hrtf.delays_s, delays]),
    )


def _mean_power_hrirs(hrtf, weights):
    """Minimum-phase responses (n, 2, taps) of weighted (n, N) mean power spectra."""
    taps = hrtf.hrirs.shape[-1]
    power = np.abs(np.fft.rfft(hrtf.hrirs, 4 * taps, axis=-1)) ** 2
    magnitude = np.sqrt(np.tensordot(weights, power, axes=1))
    hrirs = np.zeros((len(weights), 2, taps), dtype=np.float32)
    hrirs[..., hrtf.lead :] = minimum_phase(magnitude)[..., : taps - hrtf.lead]
    return hrirs * _window(taps, hrtf.lead).astype(np.float32)


def _even_grid(spacing_deg):
    """Unit vectors on rings of elevation, symmetric to the median plane."""
    rings = []
    for elevation in np.linspace(-90, 90, to_count(1, 180 / spacing_deg) + 1):
        half = to_count(np.cos(np.radians(elevation)), 180 / spacing_deg)
        azimuth = np.arange(2 * half) * (180 / half) if half else np.zeros(1)
        rings.append(direction_vectors(azimuth, np.full(azimuth.shape, elevation)))
    grid = np.concatenate(rings)
    grid[np.abs(grid) < 1e-12] = 0
    return grid


def _reach_deg(vectors):
    """How far a direction may be from the measured ones: three times their usual distance."""
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -1)
    nearest = np.degrees(np.arccos(np.clip(cosine.max(axis=1), -1, 1)))
    return max(15.0, 3 * float(np.median(nearest)))


# --------------------------------------------------------------------------- search


@njit(cache=True)
def _locate(vectors, corners, inverses, across, mirror):
    """Walk from triangle to triangle towards each vector."""
    count, n_triangles = vectors.shape[0], corners.shape[0]
    indices = np.empty((count, 3), np.int32)
    weights = np.empty((count, 3))
    share = np.empty(3)
    for i in range(count):
        swap = mirror.size > 0 and vectors[i, 0] > 0
        x = -vectors[i, 0] if swap else vectors[i, 0]
        y, z = vectors[i, 1], vectors[i, 2]
        triangle, best, best_least = 0, 0, -np.inf
        # A walk takes some twenty steps; should it circle among equals, all are tried in turn.
        for step in range(200 + n_triangles):
            if step >= 200:
                triangle = step - 200
            for k in range(3):
                inverse = inverses[triangle, k]
                share[k] = inverse[0] * x + inverse[1] * y + inverse[2] * z
            worst = np.argmin(share)
            least = share[worst] / (abs(share[0]) + abs(share[1]) + abs(share[2]))
            if least > best_least:
                best, best_least = triangle, least
            if least >= -1e-12:
                break
            triangle = across[triangle, worst]
        total = 0.0
        for k in range(3):
            inverse = inverses[best, k]
            share[k] = max(inverse[0] * x + inverse[1] * y + inverse[2] * z, 0.0)
            total += share[k]
        for k in range(3):
            corner = corners[best, k]
            indices[i, k] = mirror[corner] if swap else corner
            weights[i, k] = share[k] / total
    return indices, weights
