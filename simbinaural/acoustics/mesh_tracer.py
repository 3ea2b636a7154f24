"""Rays in a mesh that bring the energy which image sources leave out.

The method of `simbinaural.acoustics.tracer` on any triangles: all rays fly at once, from bounce to
bounce, so that Embree finds all their hits in one call::

    rays -- hits --> flights pass spheres and regions --> bounces rain, toss, leave --> rays
                                 |                            |
                                 +---- in sight? ----+--------+----> echogram
"""

import math

import numpy as np

from simbinaural.acoustics.directivity import Directivity
from simbinaural.acoustics.echograms import BIN_S, Echogram
from simbinaural.acoustics.field import BLEND_S, MATCH_S
from simbinaural.acoustics.mesh_sight import look_around
from simbinaural.acoustics.mesh_waves import (
    Ears,
    arrive,
    fly,
    launch_all,
    make_rays,
    make_shadows,
    pack,
)
from simbinaural.acoustics.planes import N_BANDS
from simbinaural.acoustics.tracer import RAIN_S, RECEIVER_RADIUS_M
from simbinaural.geometry import SPEED_OF_SOUND

_MOST_BOUNCES = 2000
_MOST_WAITING = 400_000
_MOST_SCALE = 4.0


def trace(
    prepared,
    chains,
    source,
    listeners,
    *,
    rng,
    directivity=None,
    rays=2000,
    max_length_s=3.0,
):
    """Trace the energy from a source to all listeners at once.

    Parameters
    ----------
    prepared : MeshScene
    chains : Chains
        What image sources render: mirror flights along them are left out.
    source : (3,) numpy.ndarray
        World, metres.
    listeners : (listeners, 3) numpy.ndarray
        World, metres.
    rng : numpy.random.Generator
        Gives the rays their seed.
    directivity : Directivity, optional
        How the source radiates; by default the same everywhere.
    rays : int
        How many leave the source, evenly spread.
    max_length_s : float
        When the echogram ends at the latest.

    Returns
    -------
    echogram : Echogram
        Without the air's absorption.
    leak : float
        Share of the energy, mean over bands, that left the scene through holes before it was
        absorbed.

    Notes
    -----
    Powers, weights, tosses and thinning are those of `simbinaural.acoustics.tracer.trace`, and so
    are the two estimators of what arrives, but for three things:

    - A face on a plane mirrors and scatters as the plane lies, so that a mirror flight along a
      chain and its image are of the same geometry.
    - Spheres count what the listener sees of them: the place of each passage is tested, and V is
      what is seen of the sphere.
    - The late field of a home is not the same everywhere. Each listener has its own: that of the
      region within `NEIGHBORHOOD_M` that it sees, from all flights through it, in the same units
      as the spheres'. It takes over as `simbinaural.acoustics.field` says.
    """
    directivity = directivity or Directivity.omnidirectional()
    ears = _ears(prepared.caster, source, listeners)
    energy = np.zeros((len(listeners), math.ceil(max_length_s / BIN_S), N_BANDS))
    field = np.zeros_like(energy)
    seed = np.uint64(rng.integers(2**63))
    reach = max_length_s * SPEED_OF_SOUND
    size = min(rays, max(_MOST_WAITING // (2 * len(listeners)), 64))
    shadows = make_shadows(2 * size * len(listeners))
    leak = 0.0
    for first in range(0, rays, size):
        wave = make_rays(min(size, rays - first))
        launch_all(wave, first, rays, source, directivity.axis, directivity.sharpness, seed)
        leak += _run(prepared, chains, wave, ears, shadows, (energy, field), reach, rays)
    energy = _settle(energy, field)
    used = np.flatnonzero(energy.any(axis=(0, 2)))
    bins = used[-1] + 1 if len(used) else 1
    energy = np.ascontiguousarray(energy[:, :bins].transpose(0, 2, 1))
    return Echogram(ears.start_m, energy), leak


def _ears(caster, source, listeners):
    """Pack the listeners for the kernels."""
    sight = look_around(caster, listeners, RECEIVER_RADIUS_M)
    start = np.linalg.norm(listeners - source, axis=1)
    return Ears(
        listeners,
        start,
        start + RAIN_S * SPEED_OF_SOUND,
        start + MATCH_S[1] * SPEED_OF_SOUND,
        sight.sphere_m3,
        sight.region_m3,
        sight.depth_m,
    )


def _run(prepared, chains, wave, ears, shadows, echograms, reach, total):
    """Let rays fly until all have ended; the power that left the scene."""
    caster, (energy, field) = prepared.caster, echograms
    alive, leak = np.arange(len(wave.number)), 0.0
    origins, directions = (np.empty((len(alive), 3), np.float32) for _ in range(2))
    for _ in range(_MOST_BOUNCES):
        n = len(alive)
        pack(wave, alive, origins, directions)
        hits = caster.first_hits(origins[:n], directions[:n])
        left, waiting, leaked = fly(
            wave, alive, hits, prepared.surfaces, chains, ears, shadows, field, reach, total
        )
        hidden = caster.blocked(shadows.origin[:waiting], shadows.way[:waiting], 1 - 1e-5)
        arrive(wave, shadows, hidden, energy)
        alive, leak = alive[:left], leak + leaked
        if left == 0:
            break
    return leak


def _settle(energy, field):
    """Let each listener's field (listeners, bins, bands) take over from what it received."""
    times = (np.arange(energy.shape[1]) + 0.5) * BIN_S
    match = (times > MATCH_S[0]) & (times < MATCH_S[1])
    near, far = energy[:, match].sum(axis=1), field[:, match].sum(axis=1)
    scale = np.divide(near, far, out=np.ones_like(near), where=far > 0)
    scale = np.clip(scale, 1 / _MOST_SCALE, _MOST_SCALE)
    weight = np.clip((times - BLEND_S[0]) / (BLEND_S[1] - BLEND_S[0]), 0, 1)[:, None]
    return (1 - weight) * energy + weight * scale[:, None] * field
