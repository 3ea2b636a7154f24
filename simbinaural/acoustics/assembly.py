"""From paths and echograms to room impulse responses, whichever engine found them.

::

    paths, echogram -- gather -- Field --+-- binaural_rirs --- two ears
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
from simbinaural.hrtf import Hrtf

_HRIR_S = 0.01
_FADE_S = 0.01


@dataclass(frozen=True, eq=False)
class Field:
    """What arrives at several poses, before it is said what picks it up there.

    Attributes
    ----------
    poses : sequence of Pose
        The head's.
    paths : list of Paths
        One for each pose, with air.
    starts : (poses,) numpy.ndarray
        Metres of the straight ways, before which no tail begins.
    energy : (poses, 7, bins) numpy.ndarray
        Echograms of the tails, with air, smoothed.
    offsets : list of int
        Where in its pool the noise of each tail begins.
    n_taps : int
        Length of the responses.
    hrtf : Hrtf
        The head's ears, and the sample rate.
    """

    poses: tuple
    paths: list
    starts: np.ndarray
    energy: np.ndarray
    offsets: list
    n_taps: int
    hrtf: Hrtf


def gather(paths, echogram, poses, *, hrtf, rng, max_length_s=3.0):
    """Prepare what all responses of several poses have in common.

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
    Field
        As long as the slowest band takes to lose 60 dB at the last pose.
    """
    air = air_absorption()
    paths, echogram = [each.in_air(air) for each in paths], echogram.in_air(air)
    length = min(decay_length(paths, echogram) + _HRIR_S + _FADE_S, max_length_s)
    n_taps = to_count(math.ceil(length * 100) / 100, hrtf.sample_rate)
    pool = noise_pool(hrtf)
    return Field(
        poses=tuple(poses),
        paths=paths,
        starts=echogram.starts,
        energy=smooth(echogram.energy),
        offsets=[pool.draw(rng, n_taps) for _ in poses],
        n_taps=n_taps,
        hrtf=hrtf,
    )


def binaural_rirs(field):
    """Let a head hear a field.

    Parameters
    ----------
    field : Field
        From `gather`.

    Returns
    -------
    (poses, 2, taps) numpy.ndarray of float32
        Left ear first, from the moment of the sound on, the last 10 ms faded out.
    """
    pool = noise_pool(field.hrtf)
    rirs = np.empty((len(field.poses), 2, field.n_taps), dtype=np.float32)
    for index, (rir, pose, path) in enumerate(zip(rirs, field.poses, field.paths, strict=True)):
        vectors = rotate(conjugate(pose.orientation), path.vectors)
        rir[:] = place_images(field.hrtf, vectors, path.gains, n_taps=field.n_taps)
        add_tail(rir, pool, field.offsets[index], field.energy[index], field.starts[index])
    return fade_out(rirs, field.hrtf.sample_rate)


def fade_out(rirs, sample_rate):
    """Fade out the last 10 ms of responses (..., taps), in place; return them."""
    fade = to_count(_FADE_S, sample_rate)
    rirs[..., -fade:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(fade, dtype=np.float32) + 1) / fade)
    return rirs


def assemble(paths, echogram, poses, *, hrtf, rng, max_length_s=3.0):
    """Make the binaural impulse responses of paths and echograms: see `gather`."""
    field = gather(paths, echogram, poses, hrtf=hrtf, rng=rng, max_length_s=max_length_s)
    return binaural_rirs(field)
