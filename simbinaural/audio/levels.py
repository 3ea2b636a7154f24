"""How loud a sound is."""

import numpy as np


def envelope(samples):
    """Amplitude envelope (..., samples): the magnitude of the analytic signal."""
    import scipy.fft  # takes a third of a second to load, and levels need none

    samples = np.asarray(samples, dtype=float)
    n_samples = samples.shape[-1]
    # Negative frequencies away, positive ones twice; the mean and the middle have no counterpart.
    spectrum = scipy.fft.fft(samples)
    spectrum[..., 1 : (n_samples + 1) // 2] *= 2
    spectrum[..., n_samples // 2 + 1 :] = 0
    return np.abs(scipy.fft.ifft(spectrum)).astype(np.float32)


def rms(samples, axis=-1):
    """Root of the mean square along `axis`, in double precision; of all samples with ``None``."""
    return np.sqrt(np.mean(np.square(samples, dtype=np.float64), axis=axis))


def peak(samples):
    """Largest magnitude of all samples, 0 of none."""
    return float(np.max(np.abs(samples), initial=0.0))


def to_db(amplitude):
    """Turn amplitude ratios into decibels; 0 becomes -inf."""
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.abs(amplitude))


def from_db(level_db):
    """Turn decibels into amplitude ratios."""
    return 10 ** (np.asarray(level_db, dtype=float) / 20)
