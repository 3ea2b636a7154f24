"""Spectrograms as tensors: real and imaginary parts as channels, on any device.

The numbers are those of `simbinaural.audio.stft`; a window of 0.63 s has 64 frames::

    (..., 10080)  --spectrogram-->  (..., 2, 257, 64)  --sound-->  (..., 10080)
                                         |
         networks see and mask the lower 256 rows; row 257 takes the mask of row 256

Everything is computed in float32 (float64 where it comes in), under autocast too.
"""

import torch
import torch.nn.functional as F

from simbinaural.audio.spectrogram import FFT_LENGTH, HOP, WINDOW
from simbinaural.errors import require

SAMPLE_RATE = 16000
"""Of everything that networks hear."""

N_SAMPLES = 10080
"""Of a window: 0.63 s."""

N_BINS = FFT_LENGTH // 2 + 1
"""Rows of a whole spectrogram."""

N_ROWS = N_BINS - 1
"""Rows that networks see and mask."""

N_TIMES = N_SAMPLES // HOP + 1
"""Columns of a window's spectrogram."""


def spectrogram(samples):
    """Spectrogram of a sound: `simbinaural.audio.stft` for tensors.

    Parameters
    ----------
    samples : (..., samples) torch.Tensor
        Sound, more than 256 samples.

    Returns
    -------
    (..., 2, 257, samples // 160 + 1) torch.Tensor
        Real and imaginary part; frame k is centered on sample 160 k.

    Raises
    ------
    InputError
        If there are too few samples to be mirrored at the ends.
    """
    length = samples.shape[-1]
    rule = f"samples must number more than {FFT_LENGTH // 2}"
    require(length > FFT_LENGTH // 2, f"{rule}, got {length}")
    with torch.autocast(samples.device.type, enabled=False):
        flat = as_floats(samples).reshape(-1, length)
        window = torch.hann_window(WINDOW, dtype=flat.dtype, device=flat.device)
        spectra = torch.stft(
            flat, FFT_LENGTH, HOP, WINDOW, window, pad_mode="reflect", return_complex=True
        )
        parts = torch.view_as_real(spectra).movedim(-1, -3)
        return parts.reshape(*samples.shape[:-1], *parts.shape[1:])


def sound(spec, n_samples):
    """Sound of a spectrogram: the inverse of `spectrogram`.

    Parameters
    ----------
    spec : (..., 2, 257, frames) torch.Tensor
        Spectrogram; changed ones give the sound that is nearest in least squares.
    n_samples : int
        Length of the sound.

    Returns
    -------
    (..., n_samples) torch.Tensor
        Sound.

    Raises
    ------
    InputError
        If `spec` has not 257 rows, or `n_samples` is not a length that has so many frames.

    Notes
    -----
    Griffin and Lim 1984, equation 6, as `simbinaural.audio.istft`.
    """
    _check_rows(spec, N_BINS)
    return _overlap_add(spec, n_samples, FFT_LENGTH)


def legacy_sound(spec, n_samples):
    """Sound as the field's public code makes it, for comparison with published numbers.

    Parameters
    ----------
    spec : (..., 2, 256, frames) torch.Tensor
        The lower rows of a spectrogram: what networks predict.
    n_samples : int
        Length of the sound.

    Returns
    -------
    (..., n_samples) torch.Tensor
        Sound.

    Raises
    ------
    InputError
        If `spec` has not 256 rows, or `n_samples` is not a length that has so many frames.

    Notes
    -----
    The public code hands 256 rows to an inverse that takes their number for that of an FFT of 510
    samples: frequencies grow by 512/510, frames shift by a sample, and even a perfect prediction
    of broadband sound ends at 15 to 19 dB of SNR; of low sounds (below 2 kHz) at 32 dB.
    """
    _check_rows(spec, N_ROWS)
    return _overlap_add(spec, n_samples, 2 * (N_ROWS - 1))


def apply_mask(mask, mix):
    """Complex product of a mask and as many lower rows of a spectrogram as it has.

    Parameters
    ----------
    mask : (..., 2, rows, frames) torch.Tensor
        Real and imaginary part.
    mix : (..., 2, 257, frames) torch.Tensor
        Spectrogram.

    Returns
    -------
    (..., 2, rows, frames) torch.Tensor
        Spectrogram in the precision of `mix`.
    """
    real, imaginary = mix[..., : mask.shape[-2], :].unbind(-3)
    mask_real, mask_imaginary = mask.to(mix.dtype).unbind(-3)
    return torch.stack(
        [
            mask_real * real - mask_imaginary * imaginary,
            mask_real * imaginary + mask_imaginary * real,
        ],
        dim=-3,
    )


def with_last_row(mask):
    """Mask of all rows: row 257 takes that of row 256.

    Parameters
    ----------
    mask : (..., 256, frames) torch.Tensor
        What a network says of the rows that it sees.

    Returns
    -------
    (..., 257, frames) torch.Tensor
        The mask of a whole spectrogram.
    """
    return torch.cat([mask, mask[..., -1:, :]], dim=-2)


def ears(mix, difference):
    """Left and right of sum and difference, of sounds and of spectrograms alike.

    Parameters
    ----------
    mix, difference : (...) torch.Tensor
        L + R and L - R.

    Returns
    -------
    tuple of (...) torch.Tensor
        L and R.
    """
    return (mix + difference) / 2, (mix - difference) / 2


def as_floats(tensor):
    """Raise half precision, as autocast leaves it, to float32."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _check_rows(spec, rows):
    fits = spec.ndim >= 3 and spec.shape[-3] == 2 and spec.shape[-2] == rows
    require(fits, f"spec must have shape (..., 2, {rows}, frames), got {tuple(spec.shape)}")


def _overlap_add(spec, n_samples, n_fft):
    """Add up the windowed frames and divide by the sum of the squared windows."""
    count = spec.shape[-1]
    rule = f"n_samples must give {count} frames of hop {HOP}"
    require(n_samples // HOP + 1 == count, f"{rule}, got {n_samples}")
    with torch.autocast(spec.device.type, enabled=False):
        flat = as_floats(spec).reshape(-1, *spec.shape[-3:])
        spectra = torch.complex(*flat.unbind(1))
        taper = torch.hann_window(WINDOW, dtype=flat.dtype, device=flat.device)
        taper = F.pad(taper, [(n_fft - WINDOW) // 2] * 2)[:, None]
        total = _add(torch.fft.irfft(spectra, n_fft, dim=1) * taper, n_fft)
        weight = _add((taper**2).expand(1, n_fft, count), n_fft)
        inside = slice(n_fft // 2, n_fft // 2 + n_samples)
        return (total[:, inside] / weight[:, inside]).reshape(*spec.shape[:-3], n_samples)


def _add(frames, n_fft):
    """(batch, n_fft, frames) to (batch, samples), with room for a last hop that is cut short."""
    length = n_fft + HOP * frames.shape[-1]
    return F.fold(F.pad(frames, (0, 1)), (1, length), (1, n_fft), stride=(1, HOP))[:, 0, 0]
