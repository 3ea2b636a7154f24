"""The embedded engine `mesh`: image sources and traced rays among any triangles.

::

    mesh -- planes --+-- chains that rays meet, walked back -- paths --+
                     |                                                 +-- gather -- Arrivals
                     +-- rays ------------------------- echogram ------+

Source and listeners may be anywhere, in one room or in two; faces sound alike from both sides.
"""

import numpy as np

from simbinaural.acoustics.assembly import binaural_rirs, gather
from simbinaural.acoustics.mesh_images import collect_chains, find_paths
from simbinaural.acoustics.mesh_scene import prepare
from simbinaural.acoustics.mesh_tracer import trace
from simbinaural.errors import require, require_shape

LEAKY = 0.1
"""Share of the energy that may leave a scene through holes without a warning."""


def brirs(scene, source, poses, *, hrtf, **options):
    """Binaural room impulse responses (poses, 2, taps) of what `find_arrivals` finds."""
    return binaural_rirs(find_arrivals(scene, source, poses, hrtf=hrtf, **options), hrtf)


def find_arrivals(
    scene,
    source,
    poses,
    *,
    hrtf,
    rng,
    directivity=None,
    image_order=3,
    rays=2000,
    max_length_s=3.0,
):
    """What of a source arrives at a head at several poses.

    Parameters
    ----------
    scene : Scene
        A mesh with materials; it is prepared at the first call and kept
        (`simbinaural.acoustics.mesh_scene`).
    source : (3,) array_like
        World, metres.
    poses : sequence of Pose
        The head's position and orientation.
    hrtf : Hrtf
        The head's ears, and the sample rate.
    rng : numpy.random.Generator
        Draws rays and tails: the same state, the same bytes.
    directivity : Directivity, optional
        How the source radiates; by default the same everywhere.
    image_order : int
        Most reflections of a path that is rendered exactly.
    rays : int
        How many are traced for the rest.
    max_length_s : float
        Where slower decays are cut.

    Returns
    -------
    list of Arrivals
        As `simbinaural.acoustics.rooms.find_arrivals` returns.

    Raises
    ------
    InputError
        If the scene has no triangles, there is no pose, the source is within 0.05 m of a head, or
        a number is out of its range.

    Notes
    -----
    Energy is in one of the two parts: mirror flights along chains of planes that were collected
    are image sources' (`simbinaural.acoustics.mesh_images`), whether or not a listener hears them;
    all else is traced (`simbinaural.acoustics.mesh_tracer`): scattered sound, mirrors off curved
    and small things, and chains that were not collected.
    """
    require(len(poses) > 0, "poses must be one at least, got none")
    require(image_order >= 0, f"image_order must be at least 0, got {image_order}")
    require(rays >= 1, f"rays must be at least 1, got {rays}")
    require(0 < max_length_s <= 8, f"max_length_s must be in (0, 8], got {max_length_s:g}")
    source = np.array(source, dtype=float)
    require_shape("source", source, (3,))
    listeners = np.array([pose.position for pose in poses], dtype=float)
    nearest = np.linalg.norm(listeners - source, axis=1).min()
    require(nearest > 0.05, f"source must be 0.05 m away from every head, got {nearest:.3g} m")
    prepared = prepare(scene)
    chains = collect_chains(prepared, source, image_order)
    paths = find_paths(prepared, chains, source, listeners, directivity=directivity)
    echogram, prepared.leak = trace(
        prepared,
        chains,
        source,
        listeners,
        rng=rng,
        directivity=directivity,
        rays=rays,
        max_length_s=max_length_s,
    )
    return gather(paths, echogram, poses, hrtf=hrtf, rng=rng, max_length_s=max_length_s)


def leak_share(scene):
    """Share of the energy that left a scene through holes in its last trace; None before."""
    return prepare(scene).leak


def leak_warning(scene):
    """Warn of a leaky mesh.

    Parameters
    ----------
    scene : Scene
        In which `find_arrivals` was called.

    Returns
    -------
    str or None
        A line if more than a tenth of the energy left through holes.
    """
    leak = leak_share(scene)
    if leak is None or leak <= LEAKY:
        return None
    return (
        f"{scene.name}: the mesh leaks, {100 * leak:.0f} % of the sound's energy left through "
        "holes; its rooms sound drier than they are"
    )
