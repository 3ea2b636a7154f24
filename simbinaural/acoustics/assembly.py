"""From paths and echograms to binaural room impulse responses, whichever engine found them."""

import math

import numpy as np

from simbinaural.acoustics.bands import air_absorption
from simbinaural.acoustics.early import place_images
from simbinaural.acoustics.echograms import decay_length
from simbinaural.acoustics.tail import add_tail, noise_pool, smooth
from simbinaural.geometry import conjugate, rotate, to_count

_HRIR_S = 0.01
_FADE_S = 0.01


def assemble(paths, echogram, poses, *, hrtf, rng, max_length_s=3.0):
    """Make the impulse responses of a head at several poses.

    Parameters
    ----------
    paths : sequence of Paths
        One for each pose, without air.
    echogram : Echogram
        A listener for each pose, without air.
    poses : sequence of Pose
        The head's.
    hrtf : Hrtf
        Its ears, and the sample rate.
    rng : numpy.random.Generator
        Draws the noise of each tail.
    max_length_s : float
        Where slower decays are cut.

    Returns
    -------
    (poses, 2, taps) numpy.ndarray of float32
        Left ear first, from the moment of the sound on. As long as the slowest band takes to lose
        60 dB at the last pose, the last 10 ms faded out.
    """
    air = air_absorption()
    paths, echogram = [each.in_air(air) for each in paths], echogram.in_air(air)
    length = min(decay_length(paths, echogram) + _HRIR_S + _FADE_S, max_length_s)
    n_taps = to_count(math.ceil(length * 100) / 100, hrtf.sample_rate)
    pool, energy = noise_pool(hrtf), smooth(echogram.energy)
    rirs = np.empty((len(poses), 2, n_taps), dtype=np.float32)
    for rir, path, pose, start, decay in zip(
        rirs, paths, poses, echogram.starts, energy, strict=True
    ):
        vectors = rotate(conjugate(pose.orientation), path.vectors)
        rir[:] = place_images(hrtf, vectors, path.gains, n_taps=n_taps)
        add_tail(rir, pool, pool.draw(rng, n_taps), decay, start)
    fade = to_count(_FADE_S, hrtf.sample_rate)
    rirs[..., -fade:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(fade, dtype=np.float32) + 1) / fade)
    return rirs
