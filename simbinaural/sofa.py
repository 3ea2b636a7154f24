"""Measured head-related impulse responses as SOFA files hold them (AES69, SimpleFreeFieldHRIR)."""

from dataclasses import dataclass
from errno import ENOENT
from pathlib import Path

import h5py
import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.geometry import sofa_to_body

CONVENTION = "SimpleFreeFieldHRIR"


@dataclass(frozen=True, eq=False)
class Measurement:
    """What was measured, as it stands in the file.

    Attributes
    ----------
    name : str
        The file's stem.
    sample_rate : float
        Hz.
    directions : (N, 3) numpy.ndarray
        Unit vectors towards the source, in body axes; all different.
    responses : (N, 2, samples) numpy.ndarray
        Impulse responses, left ear first, with ``Data.Delay``.
    """

    name: str
    sample_rate: float
    directions: np.ndarray
    responses: np.ndarray


def read_sofa(path):
    """Read the measured responses of a SOFA file.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    Measurement
        At the file's own sample rate. Of sources in the same direction only the farthest is kept.

    Raises
    ------
    InputError
        If it is not SOFA, of another convention, or if a field is missing, empty, not finite or of
        a wrong shape.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(ENOENT, "No such file", str(path))
    try:
        file = h5py.File(path, "r")
    except OSError:
        raise InputError(f"{path}: must be a SOFA file (HDF5), got another format") from None
    with file:
        convention = _text(file, "SOFAConventions")
        require(
            convention == CONVENTION,
            f"{path}: SOFAConventions must be {CONVENTION}, got {convention or 'none'}",
        )
        return _measurement(path, file)


def _measurement(path, file):
    responses = _numbers(path, file, "Data.IR")
    require(
        responses.ndim == 3 and responses.shape[1] == 2,
        f"{path}: Data.IR must have shape (directions, 2, samples), got {responses.shape}",
    )
    count = len(responses)
    positions = _positions(path, file, "SourcePosition")
    require(
        positions.shape == (count, 3),
        f"{path}: SourcePosition must have shape ({count}, 3), got {positions.shape}",
    )
    distance = np.linalg.norm(positions, axis=1)
    require(distance.min() > 0, f"{path}: SourcePosition must not be the listener's own")
    rate = float(_numbers(path, file, "Data.SamplingRate").flat[0])
    require(rate > 0, f"{path}: Data.SamplingRate must be positive, got {rate:g}")

    responses = _delayed(responses, _delays(path, file, count))[:, _left_first(path, file)]
    units = positions / distance[:, None]
    kept = _farthest(units, distance)
    return Measurement(path.stem, rate, sofa_to_body(units[kept]), responses[kept])


def _text(node, name):
    """Return an attribute as a string, empty where there is none."""
    value = node.attrs.get(name, "")
    if isinstance(value, np.ndarray):
        value = value.flat[0]
    return value.decode() if isinstance(value, bytes) else str(value)


def _numbers(path, file, name):
    require(name in file, f"{path}: must have the field {name}, got {', '.join(sorted(file))}")
    values = np.asarray(file[name], dtype=float)
    require(values.size > 0, f"{path}: {name} must not be empty, got shape {values.shape}")
    finite = np.isfinite(values)
    require(finite.all(), f"{path}: {name} must be finite, got {np.sum(~finite)} other values")
    return values


def _positions(path, file, name):
    """Positions (n, 3) in SOFA's cartesian axes, whichever way they are written."""
    values = _numbers(path, file, name)
    values = values[..., 0] if values.ndim == 3 else values
    if _text(file[name], "Type") != "spherical":
        return values
    azimuth, elevation, distance = values.T
    azimuth, elevation = np.radians(azimuth), np.radians(elevation)
    level = np.cos(elevation) * distance
    return np.stack(
        [np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(elevation) * distance], axis=-1
    )


def _left_first(path, file):
    """Order the receivers: the one with the larger y, which points left, comes first."""
    ears = _positions(path, file, "ReceiverPosition")
    return slice(None) if ears[0, 1] >= ears[-1, 1] else slice(None, None, -1)


def _delays(path, file, count):
    """``Data.Delay`` in samples (count, 2), for one or for all directions in the file."""
    delays = _numbers(path, file, "Data.Delay")
    require(
        delays.shape in ((1, 2), (count, 2)),
        f"{path}: Data.Delay must have shape (1, 2) or ({count}, 2), got {delays.shape}",
    )
    return np.broadcast_to(delays, (count, 2))


def _delayed(responses, delays):
    """Apply delays less what all have in common, fractions included."""
    delays = delays - delays.min()
    if not delays.any():
        return responses
    samples = responses.shape[-1] + int(np.ceil(delays.max())) + 32  # a fraction rings a little
    spectra = np.fft.rfft(responses, 2 * samples, axis=-1)
    turns = np.arange(samples + 1) / (2 * samples)
    spectra *= np.exp(-2j * np.pi * turns * delays[..., None])
    return np.fft.irfft(spectra, 2 * samples, axis=-1)[..., :samples]


def _farthest(units, distance):
    """Of each direction the farthest source: several shells, or a pole at every azimuth."""
    keys = np.round(units, 4) + 0.0  # no negative zeros
    order = np.lexsort((-distance, *keys.T))
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = np.any(np.diff(keys[order], axis=0) != 0, axis=1)
    return np.sort(order[fresh])
