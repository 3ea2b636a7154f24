"""From paths and echograms to room impulse responses, whichever engine found them.

::

    paths, echogram -- gather --+-- binaural_rirs --- two ears
                                +-- ambisonic_rirs -- W, Y, Z, X  (acoustics.foa)
"""

import math
from dataclasses import dataclass

import numpy as np

from simbinaural.acoustics.bands import air_absorption
from simbinaural.acoustics.early import place_images
from simbinaural.acoustics.echograms import decay_length
from simbinaural.acoustics.tail import add_tail, noise_pool, smooth
from simbinaural.geometry import conjugate, rotate, to_count

_HRIR_S = 0.01
_FADE_S = 0.01


@dataclass(frozen=True, eq=False)
class Arrivals:
    """What arrives at a head in one pose, before it is said what picks it up there.

    Attributes
    ----------
    orientation : (4,) numpy.ndarray
        Of the head.
    vectors : (paths, 3) numpy.ndarray
        From the head to each image source, in its axes, metres.
    gains : (7, paths) numpy.ndarray
        Amplitude per octave band on arrival, 1/distance and air included.
    start_m : float
        Metres of the straight way, before which no tail begins.
    energy : (7, bins) numpy.ndarray
        Echogram of the tail, with air, smoothed.
    offset : int
        Where in its pool the noise of the tail begins.
    n_taps : int
        Length of the response.
    """

    orientation: np.ndarray
    vectors: np.ndarray
    gains: np.ndarray
    start_m: float
    energy: np.ndarray
    offset: int
    n_taps: int


def gather(paths, echogram, poses, *, hrtf, rng, max_length_s=3.0):
    """Prepare what responses of all kinds have in common.

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
    list of Arrivals
        One for each pose, all as long as the slowest band takes to lose 60 dB at the last one.
    """
    air = air_absorption()
    paths, echogram = [each.in_air(air) for each in paths], echogram.in_air(air)
    length = min(decay_length(paths, echogram) + _HRIR_S + _FADE_S, max_length_s)
    n_taps = to_count(math.ceil(length * 100) / 100, hrtf.sample_rate)
    pool, energy = noise_pool(hrtf), smooth(echogram.energy)
    return [
        Arrivals(
            pose.orientation,
            rotate(conjugate(pose.orientation), path.vectors),
            path.gains,
            start,
            decay,
            pool.draw(rng, n_taps),
            n_taps,
        )
        for pose, path, start, decay in zip(poses, paths, echogram.starts, energy, strict=True)
    ]


def binaural_rirs(arrivals, hrtf):
    """Let a head hear what arrives.

    Parameters
    ----------
    arrivals : sequence of Arrivals
        From `gather`.
    hrtf : Hrtf
        The head's ears.

    Returns
    -------
    (poses, 2, taps) numpy.ndarray of float32
        Left ear first, from the moment of the sound on, the last 10 ms faded out.
    """
    pool = noise_pool(hrtf)
    rirs = np.empty((len(arrivals), 2, arrivals[0].n_taps), dtype=np.float32)
    for rir, each in zip(rirs, arrivals, strict=True):
        rir[:] = place_images(hrtf, each.vectors, each.gains, n_taps=each.n_taps)
        late_s = _direct_delays(hrtf, each)
        add_tail(rir, pool, each.offset, each.energy, each.start_m, late_s=late_s)
    return fade_out(rirs, hrtf.sample_rate)


def _direct_delays(hrtf, arrivals):
    """Seconds (2,) by which the direct sound is later at each ear than at the head's center."""
    if not len(arrivals.vectors):
        return np.zeros(2)
    indices, shares = hrtf.neighbors(arrivals.vectors[:1])
    return np.einsum("k,ke->e", shares[0], hrtf.delays_s[indices[0]])


def fade_out(rirs, sample_rate):
    """Fade out the last 10 ms of responses (..., taps), in place; return them."""
    fade = to_count(_FADE_S, sample_rate)
    rirs[..., -fade:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(fade, dtype=np.float32) + 1) / fade)
    return rirs


def assemble(paths, echogram, poses, *, hrtf, **options):
    """Make the binaural impulse responses of paths and echograms: see `gather`."""
    return binaural_rirs(gather(paths, echogram, poses, hrtf=hrtf, **options), hrtf)
