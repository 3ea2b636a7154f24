"""First-order ambisonics of what heads hear: AmbiX, in the head's place.

W is the sound pressure at the head's center were there no head: 1/d for a direct sound. The same
paths and echograms as for the ears make it, and in the tail the same noise: what the ears hear of a
diffuse field tells a part of what the four channels pick up of it, and only the rest is drawn.
"""

from functools import lru_cache

import numpy as np
from scipy.sparse import coo_array

from simbinaural.acoustics.assembly import fade_out
from simbinaural.acoustics.bands import pole_bank
from simbinaural.acoustics.tail import add_tail, part_noise, white_spectra
from simbinaural.ambisonics import harmonics, rotation
from simbinaural.errors import require_shape
from simbinaural.geometry import SPEED_OF_SOUND, directions

HALF_WIDTH = 24
"""Samples to both sides of the pulse of a path: level and delay are right to 90 % of the band."""

_KAISER_BETA = 6.0
_FIELD_FFT = 2048


def ambisonic_rirs(arrivals, hrtf, *, in_world_axes=False):
    """Let a first-order microphone pick up what arrives.

    Parameters
    ----------
    arrivals : sequence of Arrivals
        From `simbinaural.acoustics.assembly.gather`.
    hrtf : Hrtf
        The ears that hear the same.
    in_world_axes : bool
        Whether front is the world's -z instead of where the head looks.

    Returns
    -------
    (poses, 4, taps) numpy.ndarray of float32
        W, Y, Z, X (ACN, SN3D) from the moment of the sound on, the last 10 ms faded out.
    """
    pool, sample_rate = foa_pool(hrtf), hrtf.sample_rate
    rirs = np.empty((len(arrivals), 4, arrivals[0].n_taps), dtype=np.float32)
    for rir, each in zip(rirs, arrivals, strict=True):
        rir[:] = place_waves(each.vectors, each.gains, sample_rate, n_taps=each.n_taps)
        add_tail(rir, pool, each.offset, each.energy, each.start_m)
        if in_world_axes:
            rir[:] = rotation(each.orientation) @ rir
    return fade_out(rirs, sample_rate)


def place_waves(vectors, gains, sample_rate, *, n_taps):
    """Add up plane waves, one from each image source.

    Parameters
    ----------
    vectors : (n, 3) array_like
        From the microphone to each image, in its axes, metres; not zero.
    gains : (7, n) array_like
        Amplitude in each octave band: 1/d, reflections and air included.
    sample_rate : int
        Hz.
    n_taps : int
        Length of the result; what comes later is cut off.

    Returns
    -------
    (4, n_taps) numpy.ndarray of float32
        AmbiX.

    Raises
    ------
    InputError
        If shapes do not fit.

    Notes
    -----
    Delays are exact, by a Kaiser-windowed sinc; band gains act as in
    `simbinaural.acoustics.early.place_images`.
    """
    vectors, gains = np.asarray(vectors, dtype=float), np.asarray(gains, dtype=float)
    require_shape("vectors", vectors, (None, 3))
    require_shape("gains", gains, (7, len(vectors)))
    azimuth, elevation, distance = directions(vectors)
    bank = pole_bank(sample_rate)
    weights = harmonics(azimuth, elevation)[:, None] * bank.weights(gains).T
    pulses = _pulses(distance / SPEED_OF_SOUND * sample_rate, n_taps)
    fed = pulses @ weights.reshape(4 * weights.shape[1], len(vectors)).T
    fed = fed.T.reshape(4, -1, n_taps).swapaxes(0, 1)
    inputs = np.concatenate([fed[:1], fed[1::2]]).astype(np.float32)
    inputs[1:, :, 1:] += fed[2::2, :, :-1]
    return bank.run(inputs)


def _pulses(places, n_taps):
    """Band-limited pulses at fractional samples (n,): the columns of a sparse (n_taps, n)."""
    begin = np.floor(places).astype(int)
    rows = begin[:, None] + np.arange(1 - HALF_WIDTH, 1 + HALF_WIDTH)
    time = rows - places[:, None]
    window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(1 - (time / HALF_WIDTH) ** 2, 0)))
    values = np.sinc(time) * window / np.i0(_KAISER_BETA)
    columns = np.broadcast_to(np.arange(len(places))[:, None], rows.shape)
    kept = (rows >= 0) & (rows < n_taps)
    entries = values[kept], (rows[kept], columns[kept])
    return coo_array(entries, shape=(n_taps, len(places))).tocsr()


# --------------------------------------------------------------------------- the tail


@lru_cache(maxsize=2)
def foa_pool(hrtf):
    """Make the noise of tails in W, Y, Z, X; it belongs to the ears' `noise_pool`.

    Parameters
    ----------
    hrtf : Hrtf
        The ears in whose place the microphone is, and whose axes it has.

    Returns
    -------
    NoisePool
        Four channels, without correlation among them; Y, Z and X have a third of W's power each.

    Notes
    -----
    Two ears and four channels in a diffuse field have a cross-spectral matrix S. With its Cholesky
    factor L and six white noises, ``L @ white`` has it too; its first two rows are the ears, as
    `noise_pool` makes them of the first two noises.
    """
    white = white_spectra(6, hrtf.sample_rate)
    mixing = np.linalg.cholesky(_cross_spectra(hrtf))[:, 2:]
    bins = np.linspace(0, _FIELD_FFT // 2, white.shape[1])
    known = np.arange(_FIELD_FFT // 2 + 1)
    spectra = np.zeros((4, white.shape[1]), dtype=complex)
    for channel, source in np.ndindex(4, 6):
        spectra[channel] += np.interp(bins, known, mixing[:, channel, source]) * white[source]
    return part_noise(spectra, hrtf.sample_rate)


def _cross_spectra(hrtf):
    """Cross spectra (bins, 6, 6) of left, right, W, Y, Z, X in a diffuse field."""
    frequency = np.fft.rfftfreq(_FIELD_FFT, 1 / hrtf.sample_rate)
    ahead = hrtf.lead / hrtf.sample_rate - hrtf.delays_s
    ears = np.fft.rfft(hrtf.hrirs, _FIELD_FFT) * np.exp(2j * np.pi * frequency * ahead[..., None])
    microphone = harmonics(*directions(hrtf.directions)[:2])
    picked = np.empty((len(frequency), 6, len(hrtf.directions)), dtype=complex)
    picked[:, :2], picked[:, 2:] = ears.transpose(2, 1, 0), microphone
    cross = (picked * hrtf.sphere.solid_angles) @ np.conj(picked.swapaxes(1, 2))
    # At low frequencies both ears hear W: a little noise of their own keeps the matrix regular.
    return cross + 1e-9 * np.eye(6)
