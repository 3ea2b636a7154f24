"""What a clip holds: names, types and shapes, and how they hang together.

Shapes are written with the names of counts; a name must stand for the same number wherever it
occurs in a clip. Arrays of variable-length bytes hold one encoded image for each frame.
"""

from dataclasses import dataclass, field

import numpy as np

SCHEMA_VERSION = 1

BYTES = "bytes"
"""Type of an array of encoded images: variable-length uint8."""

DATASETS = {
    "audio": (np.float32, ("ears", "samples")),
    "frames": (BYTES, ("frames",)),
    "frame_times": (np.float64, ("frames",)),
    "dry": (np.float32, ("sources", "samples")),
    "rir": (np.float32, ("rirs", "sources", "ears", "taps")),
    "rir_times": (np.float64, ("rirs + 1",)),
    "rt60_s": (np.float32, ("rirs", "sources")),
    "drr_db": (np.float32, ("rirs", "sources")),
    "camera": (np.float64, ("frames", "pose")),
    "source_position": (np.float64, ("sources", "xyz")),
    "source_orientation": (np.float64, ("sources", "quaternion")),
    "source_direction": (np.float32, ("frames", "sources", "xyz")),
    "source_pixel": (np.float32, ("frames", "sources", "xy")),
    "source_visible": (np.float32, ("frames", "sources")),
    "source_mask": (BYTES, ("frames",)),
    "depth": (BYTES, ("frames",)),
    "ambisonics": (np.float32, ("foa", "samples")),
    "ambisonic_rir": (np.float32, ("rirs", "sources", "foa", "taps")),
    "viewpoint": (np.float32, ("seconds", "xy")),
    "energy_map": (np.float32, ("seconds", "elevations", "azimuths")),
}
"""Type and shape of each array; `REQUIRED` ones are always there."""

FIXED = {"ears": 2, "xy": 2, "xyz": 3, "foa": 4, "quaternion": 4, "pose": 7}

REQUIRED = ("audio", "frames", "frame_times")

REQUIRED_SIMULATED = (
    "dry",
    "rir",
    "rir_times",
    "rt60_s",
    "drr_db",
    "camera",
    "source_position",
    "source_direction",
    "source_pixel",
    "source_visible",
    "source_mask",
)

ATTRIBUTES = (
    "sample_rate",
    "fps",
    "width",
    "height",
    "projection",
    "fov_deg",
    "gain_db",
    "hrtf",
    "origin",
    "scene",
)
"""Attributes that every clip has."""

ATTRIBUTES_SIMULATED = ("room", "class", "object", "sound", "silent", "seed")

ORIGINS = ("simulated", "ambisonic", "recorded")

COMPRESSED = ("rir", "ambisonic_rir", "energy_map")
"""Arrays that are filtered (gzip, shuffle); the others stay plain: they are read in small parts, or
are sound, of which a filter saves a sixth for more time than all else about it takes."""


@dataclass(frozen=True)
class ClipData:
    """A clip in memory.

    Attributes
    ----------
    arrays : dict of str to numpy.ndarray or list of numpy.ndarray
        By the names of `DATASETS`; images as a list of (bytes,) uint8 arrays.
    attributes : dict
        Numbers, strings, lists of strings and small arrays.
    axes : dict of str to dict
        Attributes of single arrays, such as the axes of an `energy_map`.
    """

    arrays: dict
    attributes: dict = field(default_factory=dict)
    axes: dict = field(default_factory=dict)


def clip_faults(clip):
    """Tell what in a clip breaks the contract.

    Parameters
    ----------
    clip : Clip or ClipData
        What was read or is to be written.

    Returns
    -------
    list of str
        A line for each fault; empty if there is none.
    """
    arrays = clip.arrays
    faults = [f"{name} is missing" for name in _required(clip) if name not in arrays]
    faults += [
        f"attribute {name} is missing"
        for name in _required_attributes(clip)
        if name not in clip.attributes
    ]
    counts = dict(FIXED)
    for name in DATASETS:
        if name in arrays:
            faults += _array_faults(name, arrays[name], counts)
    return faults


def _required(clip):
    simulated = clip.attributes.get("origin") == "simulated"
    return [*REQUIRED, *(REQUIRED_SIMULATED if simulated else ())]


def _required_attributes(clip):
    simulated = clip.attributes.get("origin") == "simulated"
    return [*ATTRIBUTES, *(ATTRIBUTES_SIMULATED if simulated else ())]


def _array_faults(name, array, counts):
    """Check type and shape of one array; counts that it is the first to name are noted."""
    kind, shape = DATASETS[name]
    if kind != BYTES and np.asarray(array).dtype != kind:
        return [f"{name} must be {np.dtype(kind)}, got {np.asarray(array).dtype}"]
    have = (len(array),) if kind == BYTES else np.asarray(array).shape
    if len(have) != len(shape):
        return [f"{name} must have shape ({', '.join(shape)}), got {have}"]
    faults = []
    for count, length in zip(shape, have, strict=True):
        plain = count.removesuffix(" + 1")
        length -= plain != count
        if counts.setdefault(plain, length) != length:
            faults.append(f"{name} has {length} {plain}, expected {counts[plain]}")
    return faults
