"""What a ray does where it starts and where it bounces, whatever it is that it meets there."""

import math

import numpy as np

from simbinaural.acoustics.echograms import BIN_M
from simbinaural.acoustics.planes import N_BANDS, compiled

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


@compiled
def uniform(state):
    """Draw from [0, 1) by SplitMix64 (Steele, Lea and Flood 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.float64((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53


@compiled
def launch(direction, share, turn):
    """Set the direction of a ray of a Fibonacci lattice on the sphere."""
    height = 1 - 2 * share
    level = math.sqrt(1 - height * height)
    direction[0] = level * math.cos(turn)
    direction[1] = height
    direction[2] = level * math.sin(turn)


@compiled
def absorb(power, absorption):
    """Take a bounce's loss off the power; the strongest band that is left."""
    strongest = 0.0
    for b in range(N_BANDS):
        power[b] *= 1 - absorption[b]
        strongest = max(strongest, power[b])
    return strongest


@compiled
def toss(power, brought, scattering, state):
    """Whether the ray goes on diffusely; `brought` is its power times each band's weight."""
    chance = scattering.mean()
    scatters = uniform(state) < chance
    for b in range(N_BANDS):
        share = scattering[b] if scatters else 1 - scattering[b]
        brought[b] = power[b] * share / (chance if scatters else 1 - chance)
    return scatters


@compiled
def scatter(direction, normal, state):
    """Draw a direction by Lambert's law (Duff et al. 2017: a basis without branches)."""
    squared = uniform(state)
    angle = 2 * math.pi * uniform(state)
    a, b = math.sqrt(squared) * math.cos(angle), math.sqrt(squared) * math.sin(angle)
    sign = math.copysign(1.0, normal[2])
    p = -1 / (sign + normal[2])
    q = normal[0] * normal[1] * p
    up = math.sqrt(1 - squared)
    direction[0] = a * (1 + sign * normal[0] ** 2 * p) + b * q + up * normal[0]
    direction[1] = a * sign * q + b * (sign + normal[1] ** 2 * p) + up * normal[1]
    direction[2] = -a * sign * normal[0] - b * normal[1] + up * normal[2]


@compiled
def deposit(energy, listener, delay, weight, power):
    """Add to a listener's bin that is `delay` metres after the first sound."""
    k = max(int(delay / BIN_M), 0)
    if k < energy.shape[1]:
        for b in range(N_BANDS):
            energy[listener, k, b] += weight * power[b]
