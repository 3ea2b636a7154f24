"""The embedded engine `rooms`: image sources and traced rays in one room of a home.

::

    room --+-- image sources, walked back -- paths ------+
           |                                             +-- gather -- Arrivals
           +-- rays ------------------------ echogram ---+

Source and listeners share a room; its open doors swallow what reaches them.
"""

import numpy as np

from simbinaural.acoustics.assembly import binaural_rirs, gather
from simbinaural.acoustics.images import find_paths
from simbinaural.acoustics.planes import enclose
from simbinaural.acoustics.tracer import trace
from simbinaural.errors import InputError, require, require_shape


def brirs(scene, source, poses, *, hrtf, **options):
    """Binaural room impulse responses (poses, 2, taps) of what `find_arrivals` finds."""
    return binaural_rirs(find_arrivals(scene, source, poses, hrtf=hrtf, **options), hrtf)


def find_arrivals(scene, source, poses, *, hrtf, rng, **options):
    """What of a source arrives at a head at several poses.

    Parameters
    ----------
    scene : Scene
        The home.
    source : (3,) array_like
        World, metres.
    poses : sequence of Pose
        The head's position and orientation, all in the source's room.
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
        One for each pose, of which `binaural_rirs` and `ambisonic_rirs` make responses: from the
        moment of the sound on, amplitude 1/d for the direct sound, as long as the slowest decay to
        -60 dB takes.

    Raises
    ------
    InputError
        If the source or a listener is outside every room, or they are not in the same room; if
        there is no pose, or a number is out of its range.
    """
    source = np.array(source, dtype=float)
    require_shape("source", source, (3,))
    index = scene.room_at(source)
    require(index >= 0, f"source must be in a room, got {_point(source)}")
    for number, pose in enumerate(poses):
        if scene.room_at(pose.position) != index:
            raise InputError(
                f"pose {number} must be in the source's room {scene.rooms[index].name}, "
                f"got {_point(pose.position)}"
            )
    return room_arrivals(
        scene.rooms[index], scene.materials, source, poses, hrtf=hrtf, rng=rng, **options
    )


def room_brirs(room, materials, source, poses, *, hrtf, **options):
    """Do what `brirs` does, in a bare room whose surfaces are of `materials`."""
    arrivals = room_arrivals(room, materials, source, poses, hrtf=hrtf, **options)
    return binaural_rirs(arrivals, hrtf)


def room_arrivals(
    room,
    materials,
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
    """Do what `find_arrivals` does, in a bare room whose surfaces are of `materials`."""
    require(len(poses) > 0, "poses must be one at least, got none")
    require(image_order >= 0, f"image_order must be at least 0, got {image_order}")
    require(rays >= 1, f"rays must be at least 1, got {rays}")
    require(0 < max_length_s <= 8, f"max_length_s must be in (0, 8], got {max_length_s:g}")
    source = np.array(source, dtype=float)
    listeners = np.array([pose.position for pose in poses])
    nearest = np.linalg.norm(listeners - source, axis=1).min()
    require(nearest > 0.05, f"source must be 0.05 m away from every head, got {nearest:.3g} m")
    enclosure = enclose(room, materials)
    paths = find_paths(
        room, enclosure, source, listeners, image_order=image_order, directivity=directivity
    )
    echogram = trace(
        enclosure,
        source,
        listeners,
        rng=rng,
        directivity=directivity,
        image_order=image_order,
        rays=rays,
        max_length_s=max_length_s,
    )
    return gather(paths, echogram, poses, hrtf=hrtf, rng=rng, max_length_s=max_length_s)


def _point(position):
    return "({:.2f}, {:.2f}, {:.2f})".format(*position)
