"""Spectrograms that can be turned back into sound."""

import numpy as np
import scipy.fft

from simbinaural.errors import require

FFT_LENGTH, HOP, WINDOW = 512, 160, 400
"""The spectrogram of the mono-to-binaural networks: 10,080 samples give (257, 64)."""


def stft(samples, *, n_fft=FFT_LENGTH, hop=HOP, window=WINDOW):
    """Complex spectrogram.

    Parameters
    ----------
    samples : (..., samples) array_like
        Sound; at least 2 samples.
    n_fft, hop, window : int
        Samples: of the transform, between frames, of the Hann window in the transform's middle.

    Returns
    -------
    (..., n_fft // 2 + 1, samples // hop + 1) numpy.ndarray of complex64
        Frame k is centered on sample ``k * hop``; complex128 for float64 samples.

    Raises
    ------
    InputError
        If ``hop <= window <= n_fft`` does not hold, or there are fewer than 2 samples.

    Notes
    -----
    The sound is mirrored at both ends (librosa's ``reflect``, as in the public code that this
    field's numbers come from).
    """
    samples = _as_floats(samples)
    require(samples.shape[-1] >= 2, f"samples must number at least 2, got {samples.shape[-1]}")
    taper = _centered_hann(n_fft, hop, window).astype(samples.dtype)
    sides = [(0, 0)] * (samples.ndim - 1) + [(n_fft // 2, n_fft // 2)]
    mirrored = np.pad(samples, sides, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, n_fft, axis=-1)
    count = samples.shape[-1] // hop + 1
    spectra = scipy.fft.rfft(frames[..., : count * hop : hop, :][..., :count, :] * taper)
    return np.swapaxes(spectra, -1, -2)


def istft(spectrogram, n_samples, *, hop=HOP, window=WINDOW):
    """Sound of a spectrogram: the inverse of `stft`.

    Parameters
    ----------
    spectrogram : (..., bins, frames) array_like of complex
        As from `stft`; changed spectrograms give the sound that is nearest in least squares.
    n_samples : int
        Length of the sound.
    hop, window : int
        As given to `stft`.

    Returns
    -------
    (..., n_samples) numpy.ndarray of float32
        Sound; float64 for complex128.

    Raises
    ------
    InputError
        If `n_samples` is not a length that has so many frames.

    Notes
    -----
    Overlap-add of the windowed frames, divided by the sum of the squared windows [1]_.

    References
    ----------
    .. [1] Griffin and Lim, "Signal estimation from modified short-time Fourier transform",
       IEEE Trans. ASSP 32(2), 1984, eq. 6.
    """
    spectrogram = np.asarray(spectrogram)
    bins, count = spectrogram.shape[-2:]
    require(
        n_samples // hop + 1 == count,
        f"n_samples must give {count} frames of hop {hop}, got {n_samples}",
    )
    n_fft = 2 * (bins - 1)
    taper = _centered_hann(n_fft, hop, window)
    frames = scipy.fft.irfft(np.swapaxes(spectrogram, -1, -2), n_fft) * taper
    length = n_fft + hop * count
    sound = np.zeros((*spectrogram.shape[:-2], length))
    weight = np.zeros(length)
    for k in range(count):
        sound[..., k * hop : k * hop + n_fft] += frames[..., k, :]
        weight[k * hop : k * hop + n_fft] += taper**2
    inside = slice(n_fft // 2, n_fft // 2 + n_samples)
    dtype = np.float64 if spectrogram.dtype == np.complex128 else np.float32
    return (sound[..., inside] / weight[inside]).astype(dtype)


def _centered_hann(n_fft, hop, window):
    require(
        1 <= hop <= window <= n_fft,
        f"hop, window, n_fft must grow from 1 on, got {hop}, {window}, {n_fft}",
    )
    before = (n_fft - window) // 2
    hann = np.sin(np.pi * np.arange(window) / window) ** 2
    return np.pad(hann, (before, n_fft - window - before))


def _as_floats(samples):
    samples = np.asarray(samples)
    return samples if samples.dtype == np.float64 else samples.astype(np.float32, copy=False)
