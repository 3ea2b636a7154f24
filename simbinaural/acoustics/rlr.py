"""The engine `rlr`: RLR-Audio-Propagation, which SoundSpaces 2.0 is built on, taken directly.

::

    scene, materials, head --- files --+
                                       +-- its own process -- raw responses -- ours
    source, pose, fresh context -------+

Closed, for Linux on x86-64, and not free for commerce: an optional package.

What it does differently was measured in the open and in boxes: it takes 344 m/s for the speed of
sound, puts the direct sound on the nearest sample with the amplitude 1.0185 / sqrt(d^2 + 0.1 m^2),
and gives its microphones 1 / sqrt(4 pi) of that. Scale and gain take this back: the direct sound
comes at d/343 s and tends to 1/d with distance; at one metre it stays 0.4 dB below.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.fft

from simbinaural.acoustics.assembly import fade_out
from simbinaural.acoustics.bands import band_weights
from simbinaural.acoustics.engines import Responses
from simbinaural.acoustics.rlr_process import ENGINE
from simbinaural.acoustics.rlr_stage import Stage
from simbinaural.ambisonics import rotation
from simbinaural.errors import InputError, require, require_shape
from simbinaural.geometry import SPEED_OF_SOUND, conjugate, to_count

STAGE = Stage(ENGINE)
"""What the engine of this process holds."""

TIGHT = 0.9
"""Share of rays that must hit something in a closed mesh."""

_SCALE = 344.0 / SPEED_OF_SOUND  # of the scene, so that its sound takes our time
_GAIN = _SCALE / 1.0185
_AMBISONIC_GAIN = math.sqrt(4 * math.pi) * _GAIN
# From its y, z, x (world axes, N3D) to our Y left, Z up, X front in SN3D.
_TO_AMBIX = np.zeros((4, 4))
_TO_AMBIX[0, 0] = 1
_TO_AMBIX[[1, 2, 3], [3, 1, 2]] = np.array([-1, 1, -1]) / math.sqrt(3)

_LISTENER_RADIUS_M = 0.001  # its default of 0.1 m lets the direct sound come that much earlier
_DEPTH_DB = 60.0
_MARGIN_S = 0.02


@dataclass(frozen=True)
class RlrEngine:
    """Sound of a mesh by RLR-Audio-Propagation.

    Attributes
    ----------
    rays : int
        From the listener; the engine's own default is 5000, which takes twice as long.
    ray_depth : int
        Most bounces of a ray.
    bands : int
        Frequency bands, 4 or 8.
    diffraction : bool
        Whether sound bends around edges.
    max_length_s : float
        Where slower decays are cut.

    Raises
    ------
    InputError
        If a number is out of its range.
    """

    rays: int = 2000
    ray_depth: int = 200
    bands: int = 8
    diffraction: bool = True
    max_length_s: float = 3.0

    def __post_init__(self):
        """Check the ranges."""
        require(self.rays >= 1, f"rays must be at least 1, got {self.rays}")
        require(self.ray_depth >= 1, f"ray_depth must be at least 1, got {self.ray_depth}")
        require(self.bands in (4, 8), f"bands must be 4 or 8, got {self.bands}")
        require(
            0 < self.max_length_s <= 8,
            f"max_length_s must be in (0, 8], got {self.max_length_s:g}",
        )

    def responses(self, scene, source, poses, *, hrtf, rng=None, directivity=None, foa_axes=None):
        """Responses of a source at a head's poses.

        Parameters
        ----------
        scene : Scene
            A scan, or a home with rooms: its mesh is what sounds.
        source : (3,) array_like
            World, metres.
        poses : sequence of Pose
            The head's.
        hrtf : Hrtf
            The head's ears, and the sample rate.
        rng : numpy.random.Generator, optional
            Not used: the engine begins with the same rays in every pose.
        directivity : Directivity, optional
            Not used, with a warning: its sources radiate the same everywhere.
        foa_axes : str, optional
            ``world`` or ``picture`` for ambisonics in the world's axes or in the head's.

        Returns
        -------
        Responses
            As long as the slowest octave band takes to lose 60 dB in the last of the poses. It
            warns of a mesh that leaks, and of what the engine itself complained of.

        Raises
        ------
        InputError
            If the engine is not installed, ended or refused; if the scene has no triangle, there is
            no pose, or the source is in a head.

        Notes
        -----
        The same call gives the same bytes: each pose is simulated in a fresh context on one thread.
        """
        del rng
        source = np.array(source, dtype=float)
        _check(scene, source, poses, foa_axes)
        head, lead = STAGE.set(scene, hrtf)
        heard, complaints = ENGINE.ask(
            "simulate",
            settings=self._settings(hrtf.sample_rate),
            source=source.tolist(),
            poses=[(pose.position.tolist(), pose.orientation.tolist()) for pose in poses],
            hrtf=head,
            ambisonic=foa_axes is not None,
        )
        ears = [_GAIN * responses[0][:, lead:] for responses, _ in heard]
        n_taps = self._length(ears, hrtf.sample_rate)
        binaural = _at_length(ears, n_taps, hrtf.sample_rate)
        ambisonic = None
        if foa_axes:
            fields = [_ambix(heard[k][0][1], poses[k], foa_axes) for k in range(len(poses))]
            ambisonic = _at_length(fields, n_taps, hrtf.sample_rate)
        hits = float(np.mean([efficiency for _, efficiency in heard]))
        warnings = _warnings(scene, hits, directivity, complaints)
        return Responses(binaural, ambisonic, warnings, omni=True)

    def _settings(self, sample_rate):
        """What the engine is told; nothing is left to its defaults, which its documents differ on.

        Transmission stays off: no material of ours says how much of the sound a wall lets through.
        """
        context = {
            "sample_rate": float(sample_rate),
            "frequency_bands": self.bands,
            "direct_sh_order": 3,
            "indirect_sh_order": 1,
            "direct_ray_count": 500,
            "indirect_ray_count": self.rays,
            "indirect_ray_depth": self.ray_depth,
            "source_ray_count": 200,
            "source_ray_depth": 10,
            "max_diffraction_order": 10,
            "thread_count": 1,
            "max_ir_length": self.max_length_s,
            "unit_scale": _SCALE,
            "global_volume": 1.0,
            "hrtf_right": [1.0, 0.0, 0.0],
            "hrtf_up": [0.0, 1.0, 0.0],
            "hrtf_back": [0.0, 0.0, 1.0],
            "direct": 1,
            "indirect": 1,
            "diffraction": int(self.diffraction),
            "transmission": 0,
            "mesh_simplification": 0,
            "temporal_coherence": 0,
        }
        return {"context": context, "listener_radius": _LISTENER_RADIUS_M}

    def _length(self, rirs, sample_rate):
        """Taps that hold the decays of all responses, in whole hundredths of a second."""
        seconds = max(decay_taps(rir, sample_rate) for rir in rirs) / sample_rate + _MARGIN_S
        seconds = min(math.ceil(seconds * 100) / 100, self.max_length_s)
        return to_count(seconds, sample_rate)


def decay_taps(rir, sample_rate):
    """Taps until every octave band of a response (channels, taps) has lost 60 dB.

    What is still to come counts, of all channels together.
    """
    n_fft = scipy.fft.next_fast_len(rir.shape[-1] + sample_rate // 10, real=True)
    spectra = scipy.fft.rfft(rir, n_fft, axis=-1)
    bands = scipy.fft.irfft(spectra[:, None] * band_weights(n_fft, sample_rate), n_fft, axis=-1)
    energy = np.sum(bands[..., : rir.shape[-1]] ** 2, axis=0)
    remaining = np.cumsum(energy[:, ::-1], axis=-1)[:, ::-1]
    audible = np.any(remaining > 10 ** (-_DEPTH_DB / 10) * remaining[:, :1], axis=0)
    return int(np.max(np.nonzero(audible), initial=-1)) + 1


def _check(scene, source, poses, foa_axes):
    require_shape("source", source, (3,))
    require(len(poses) > 0, "poses must be one at least, got none")
    if foa_axes not in (None, "world", "picture"):
        raise InputError(f"foa_axes must be world or picture, got {foa_axes}")
    faces = 0 if scene.mesh is None else len(scene.mesh.faces)
    require(faces > 0, f"{scene.name}: must have triangles for acoustics rlr, got none")
    nearest = min(np.linalg.norm(pose.position - source) for pose in poses)
    require(nearest > 0.05, f"source must be 0.05 m away from every head, got {nearest:.3g} m")


# --------------------------------------------------------------------------- what it answers


def _ambix(response, pose, foa_axes):
    """AmbiX (4, taps) of the engine's ambisonics, in the world's axes or the pose's."""
    matrix = _AMBISONIC_GAIN * _TO_AMBIX
    if foa_axes == "picture":
        matrix = rotation(conjugate(pose.orientation)) @ matrix
    return (matrix @ response).astype(np.float32)


def _at_length(rirs, n_taps, sample_rate):
    """Responses of one length (poses, channels, n_taps), their ends faded out."""
    made = np.zeros((len(rirs), len(rirs[0]), n_taps), dtype=np.float32)
    for rir, each in zip(made, rirs, strict=True):
        rir[:, : each.shape[-1]] = each[:, :n_taps]
    return fade_out(made, sample_rate)


def _warnings(scene, hits, directivity, complaints):
    """Lines for the user."""
    lines = []
    if hits < TIGHT:
        lost = 100 * (1 - hits)
        lines.append(f"{scene.name}: the mesh leaks: {lost:.0f} % of the rays are lost")
    if directivity is not None and np.any(directivity.sharpness > 0):
        lines.append("acoustics rlr has no directivity: sources radiate the same everywhere")
    return (*lines, *(f"{scene.name}: RLR: {line}" for line in dict.fromkeys(complaints)))
