"""The acoustic engines behind one interface: the responses of a source at a head's poses.

::

    rooms         built-in homes: exact image sources in the room of source and head
    mesh          any triangles: the same method with Embree's rays
    rlr           SoundSpaces 2.0's engine, where it is installed
    soundspaces   SoundSpaces 1.0's precomputed responses, where their files are
"""

from dataclasses import dataclass

import numpy as np

from simbinaural.acoustics.assembly import binaural_rirs
from simbinaural.acoustics.foa import ambisonic_rirs
from simbinaural.errors import InputError

LICENSES = {
    "rooms": "MIT (built in)",
    "mesh": "MIT (built in)",
    "rlr": "CC-BY-NC 4.0 (RLR-Audio-Propagation, the engine of SoundSpaces 2.0)",
    "soundspaces": "CC-BY 4.0 (room impulse responses of SoundSpaces 1.0)",
}
"""What the responses of each engine may be used for."""


@dataclass(frozen=True, eq=False)
class Responses:
    """Impulse responses of one source at several poses, from the moment of the sound on.

    Attributes
    ----------
    binaural : (poses, 2, taps) numpy.ndarray of float32
        Left ear first; the direct sound of an omnidirectional source has the amplitude 1/d of the
        HRTF's.
    ambisonic : (poses, 4, taps) numpy.ndarray of float32, optional
        W, Y, Z, X (ACN, SN3D), of as many taps; None where they were not asked for.
    warnings : tuple of str
        What a user should know of them, a line each.
    omni : bool
        Whether the engine's sources radiate the same everywhere, whatever was asked for.
    """

    binaural: np.ndarray
    ambisonic: np.ndarray | None = None
    warnings: tuple[str, ...] = ()
    omni: bool = False


class RoomsEngine:
    """The engine `rooms` (`simbinaural.acoustics.rooms`)."""

    def responses(self, scene, source, poses, *, hrtf, foa_axes=None, **options):
        """Compute responses.

        Parameters
        ----------
        scene : Scene
        source : (3,) array_like
            World, metres.
        poses : sequence of Pose
            The head's.
        hrtf : Hrtf
            Its ears, and the sample rate.
        foa_axes : str, optional
            Also ambisonics: in the axes of the ``world``, or of the ``picture``, which turns with
            the head.
        **options
            ``rng``, ``directivity`` and more, as the engine's `find_arrivals` takes.

        Returns
        -------
        Responses

        Raises
        ------
        InputError
            If source or head is where the engine cannot work.
        """
        from simbinaural.acoustics.rooms import find_arrivals

        arrivals = find_arrivals(scene, source, poses, hrtf=hrtf, **options)
        return hear(arrivals, hrtf, foa_axes)


class MeshEngine:
    """The engine `mesh` (`simbinaural.acoustics.mesh`)."""

    def responses(self, scene, source, poses, *, hrtf, foa_axes=None, **options):
        """Compute responses as `RoomsEngine.responses` does, of any scene with triangles."""
        from simbinaural.acoustics.mesh import find_arrivals, leak_warning

        arrivals = find_arrivals(scene, source, poses, hrtf=hrtf, **options)
        leak = leak_warning(scene)
        return hear(arrivals, hrtf, foa_axes, warnings=(leak,) if leak else ())


def hear(arrivals, hrtf, foa_axes=None, *, warnings=()):
    """Let ears, and on demand a microphone, pick up what arrives.

    Parameters
    ----------
    arrivals : sequence of Arrivals
        From `simbinaural.acoustics.assembly.gather`.
    hrtf : Hrtf
    foa_axes : str, optional
        ``world`` or ``picture``.
    warnings : tuple of str
        Handed on.

    Returns
    -------
    Responses
    """
    ambisonic = None
    if foa_axes:
        ambisonic = ambisonic_rirs(arrivals, hrtf, in_world_axes=foa_axes == "world")
    return Responses(binaural_rirs(arrivals, hrtf), ambisonic, tuple(warnings))


def open_engine(name):
    """Return an engine by name; its packages are imported when it first computes.

    Parameters
    ----------
    name : str
        ``rooms``, ``mesh`` or ``rlr``. Precomputed responses belong to a scene:
        `simbinaural.acoustics.soundspaces.SoundSpacesRirs`.

    Returns
    -------
    object
        With `responses`, as `RoomsEngine` has it.
    """
    if name == "rlr":
        from simbinaural.acoustics.rlr import RlrEngine

        return RlrEngine()
    return {"rooms": RoomsEngine, "mesh": MeshEngine}[name]()


def choose_engine(wanted, scene, *, has_rirs):
    """Settle which engine a scene gets.

    Parameters
    ----------
    wanted : str
        One of the engines, or ``auto``: `rooms` for homes that have rooms; for scans `soundspaces`
        where its files are, else `mesh`.
    scene : Scene
    has_rirs : bool
        Whether there are precomputed responses of it.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If the scene has not what the engine needs.
    """
    if wanted == "auto":
        return "rooms" if not scene.is_scan else "soundspaces" if has_rirs else "mesh"
    if wanted == "rooms" and scene.is_scan:
        raise InputError(f"{scene.name}: has no rooms, which rooms needs; pass --acoustics mesh")
    if wanted == "soundspaces" and not has_rirs:
        raise InputError(
            f"{scene.name}: has no responses of SoundSpaces under the scene root; "
            "pass --acoustics mesh, or download them"
        )
    return wanted
