"""The tail: noise as diffuse as an HRTF's own field, shaped by an energy echogram.

A `NoisePool` is made once for an HRTF. A tail is a stretch of it, so that all tails of a data set
have the right spectrum and interaural coherence, and none costs more than a multiplication.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.ndimage import uniform_filter1d

from simbinaural.acoustics.bands import band_weights
from simbinaural.acoustics.echograms import BIN_S
from simbinaural.acoustics.planes import N_BANDS, compiled
from simbinaural.errors import require
from simbinaural.geometry import SPEED_OF_SOUND
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ

_POOL_S = 12.0
_POOL_SEED = 20210607
_FIT_DB = (-5.0, -30.0)
_WIDEST_S = 0.05


@dataclass(frozen=True, eq=False)
class NoisePool:
    """Noise of unit energy per sample and band, before the color of what picks it up.

    Attributes
    ----------
    noise : (7, channels, samples) numpy.ndarray of float32
        Its end joins its beginning. The bands' sum is white noise that came from all directions at
        once, as two ears (through an HRTF) or other receivers pick it up.
    sample_rate : int
        Hz.
    """

    noise: np.ndarray
    sample_rate: int

    def draw(self, rng, n_taps):
        """Draw where a tail of `n_taps` samples begins."""
        samples = self.noise.shape[-1]
        require(n_taps < samples, f"n_taps must be below the pool's {samples}, got {n_taps}")
        return int(rng.integers(samples - n_taps))


@lru_cache(maxsize=2)
def noise_pool(hrtf):
    """Make the noise of an HRTF; the same at every call and in every process.

    Parameters
    ----------
    hrtf : Hrtf
        Gives the diffuse field: its ears' spectra and their complex coherence.

    Returns
    -------
    NoisePool

    Notes
    -----
    Of two white noises A and B, the ears are l = sqrt(S_ll) A and r = sqrt(S_rr) (g* A +
    sqrt(1 - |g|^2) B) with the coherence g = S_lr / sqrt(S_ll S_rr), so that E[l r*] = S_lr
    (Borss and Martin 2009). In a narrow band noise has slow swells of its own, which would
    blur a decay; each band is divided by them, in both ears alike.
    """
    first, second = white_spectra(2, hrtf.sample_rate)
    left, right, cross = _field(hrtf, 2 * (len(first) - 1))
    coherence = cross / np.maximum(left * right, 1e-12)
    independent = np.sqrt(np.maximum(1 - np.abs(coherence) ** 2, 0))
    ears = np.stack([left * first, right * (np.conj(coherence) * first + independent * second)])
    return part_noise(ears, hrtf.sample_rate)


def white_spectra(count, sample_rate):
    """Spectra (count, bins) of independent white noises of a pool's length, always the same."""
    samples = 1 << int(np.ceil(np.log2(_POOL_S * sample_rate)))
    return np.fft.rfft(np.random.default_rng(_POOL_SEED).standard_normal((count, samples)))


def part_noise(spectra, sample_rate):
    """Part noise into octave bands, and take their swells: a `NoisePool` of its channels."""
    samples = 2 * (spectra.shape[1] - 1)
    noise = np.empty((N_BANDS, len(spectra), samples), dtype=np.float32)
    for band, weights in enumerate(band_weights(samples, sample_rate)):
        noise[band] = np.fft.irfft(spectra * weights, samples)
        window = max(0.008, 5 / (0.7 * OCTAVE_BANDS_HZ[band])) * sample_rate
        noise[band] /= _swells(noise[band], int(window))
    noise.setflags(write=False)
    return NoisePool(noise, sample_rate)


def _field(hrtf, samples):
    """Diffuse-field amplitude of both ears and their cross spectrum, on a long transform's bins."""
    n_fft = 2048
    spectra = hrtf.diffuse_field(n_fft)
    bins = np.fft.rfftfreq(samples) * n_fft
    left, right = (
        np.sqrt(np.interp(bins, np.arange(n_fft // 2 + 1), spectra[i, i].real)) for i in (0, 1)
    )
    return left, right, np.interp(bins, np.arange(n_fft // 2 + 1), spectra[0, 1])


def _swells(noise, window):
    """Amplitude (samples,) of the slow swells that all channels share, mean power 1."""
    power = noise.astype(float) ** 2
    power = np.mean(power / np.maximum(power.mean(axis=1, keepdims=True), 1e-30), axis=0)
    slow = uniform_filter1d(uniform_filter1d(power, window, mode="wrap"), window // 2, mode="wrap")
    slow = np.maximum(slow, 1e-3)
    return np.sqrt(slow * np.mean(power / slow))


def smooth(energy):
    """Smooth the traced energy over time, without bending the decay.

    Parameters
    ----------
    energy : (listeners, 7, bins) numpy.ndarray
        Echogram.

    Returns
    -------
    (listeners, 7, bins) numpy.ndarray
        The mean over windows that widen as time goes on, from none to 100 ms, taken after dividing
        by the fitted exponential decay: a mean over a decay is not the decay's value in the middle.
    """
    bins = np.arange(energy.shape[-1])
    rate = _decay_rates(energy)[..., None]
    growth = np.exp(np.minimum(rate * bins, 60))
    total = np.cumsum(energy * growth, axis=-1)
    total = np.concatenate([np.zeros((*energy.shape[:-1], 1)), total], axis=-1)
    half = np.minimum(bins // 12, int(_WIDEST_S / BIN_S))
    begin, end = np.maximum(bins - half, 0), np.minimum(bins + half + 1, len(bins))
    return (total[..., end] - total[..., begin]) / (end - begin) / growth


def _decay_rates(energy):
    """Exponents per bin of straight lines through the Schroeder curves of (..., bins)."""
    curve = np.cumsum(energy[..., ::-1], axis=-1)[..., ::-1]
    level = np.log(np.maximum(curve / np.maximum(curve[..., :1], 1e-300), 1e-30))
    highest, lowest = np.array(_FIT_DB) * np.log(10) / 10
    used = ((level < highest) & (level > lowest)).astype(float)
    count = np.maximum(used.sum(axis=-1), 1)
    time = np.arange(energy.shape[-1]) * used
    mean_time, mean_level = time.sum(-1) / count, (level * used).sum(-1) / count
    spread = (time**2).sum(-1) / count - mean_time**2
    slope = ((time * level).sum(-1) / count - mean_time * mean_level) / np.maximum(spread, 1e-9)
    return np.where(spread > 0.1, np.maximum(-slope, 0), 0.0)


def add_tail(rir, pool, offset, energy, start_m, *, late_s=0.0):
    """Add a diffuse tail to an impulse response.

    Parameters
    ----------
    rir : (channels, taps) numpy.ndarray of float32
        Added to in place.
    pool : NoisePool
        Of the same channels, at the same sample rate.
    offset : int
        Where in the pool, from `NoisePool.draw`.
    energy : (7, bins) numpy.ndarray
        Echogram of one listener.
    start_m : float
        Metres of the direct way: the echogram's beginning, before which nothing is added.
    late_s : (channels,) array_like, optional
        By how much later than at the beginning each channel gets anything: no way to an ear is
        shorter than the direct one to that ear.
    """
    bin_samples = BIN_S * pool.sample_rate
    first = start_m / SPEED_OF_SOUND * pool.sample_rate
    late = np.broadcast_to(np.maximum(late_s, 0.0) * pool.sample_rate, len(rir))
    begins = np.ceil(first + late).astype(np.int64)
    _shape_noise(rir, pool.noise, offset, energy / bin_samples, (first, begins, bin_samples))


@compiled
def _shape_noise(rir, noise, offset, energy, timing):
    """Multiply noise by the root of energy per sample, linear between the middles of bins."""
    bands, bins = energy.shape
    channels = rir.shape[0]
    first, begins, bin_samples = timing
    for b in range(bands):
        for t in range(int(np.ceil(first)), rir.shape[1]):
            place = max((t - first) / bin_samples - 0.5, 0.0)
            k = int(place)
            if k >= bins:
                break
            after = energy[b, k + 1] if k + 1 < bins else 0.0
            gain = np.float32(np.sqrt(energy[b, k] + (place - k) * (after - energy[b, k])))
            for channel in range(channels):
                if t >= begins[channel]:
                    rir[channel, t] += gain * noise[b, channel, offset + t]
