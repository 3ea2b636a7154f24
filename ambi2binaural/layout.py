"""What the pictures and the channels of a file are, and what the user knows better.

Each field comes with the word how it is known, for ``ambi2binaural info``.
"""

from dataclasses import dataclass, field

import numpy as np

from simbinaural.ambisonics import FUMA_ACN, FUMA_FACTOR, n_channels
from simbinaural.errors import InputError, require

PROJECTIONS = ("equirect", "eac", "cubemap")
STEREO = ("mono", "top-bottom", "left-right", "right-left")
ORDERINGS = ("acn", "fuma")
NORMALIZATIONS = ("sn3d", "n3d", "fuma")

HIGHEST_ORDER = 7
"""Highest ambisonic order that is read."""


@dataclass(frozen=True)
class Overrides:
    """What the user knows better than the file; None leaves it to the file.

    Attributes
    ----------
    projection, stereo : str
        As in `VideoLayout`.
    tilt : (float, float, float)
        As in `VideoLayout`.
    ordering, normalization : str
        As in `AudioLayout`; FuMa's ordering brings its normalization.
    channels : int
        How many of the sound's channels are ambisonic, from the first on: 4, 9, 16 …
    """

    projection: str | None = None
    stereo: str | None = None
    tilt: tuple | None = None
    ordering: str | None = None
    normalization: str | None = None
    channels: int | None = None

    def __post_init__(self):
        """Check what can be checked without a file."""
        choices = {
            "projection": (*PROJECTIONS, "equirect180"),
            "stereo": STEREO,
            "ordering": ORDERINGS,
            "normalization": NORMALIZATIONS,
        }
        for name, known in choices.items():
            value = getattr(self, name)
            if value is not None and value not in known:
                raise InputError(f"{name} must be one of {', '.join(known)}, got {value}")
        known = [n_channels(order) for order in range(1, HIGHEST_ORDER + 1)]
        require(
            self.channels in (None, *known),
            f"channels must be one of {', '.join(map(str, known))}, got {self.channels}",
        )
        if self.tilt is not None:
            angles = np.asarray(self.tilt, dtype=float)
            require(
                angles.shape == (3,) and np.isfinite(angles).all(),
                f"tilt must be yaw, pitch, roll in degrees, got {self.tilt}",
            )


# --------------------------------------------------------------------------- pictures


@dataclass(frozen=True)
class VideoLayout:
    """How the frames of a video show the sphere.

    Attributes
    ----------
    projection : str
        ``equirect`` (of any aspect), ``eac`` (YouTube's 3 x 2 faces) or ``cubemap`` (sv3d's).
    stereo : str
        ``mono``, ``top-bottom``, ``left-right`` or ``right-left``: where the left eye's picture
        lies, then the right one's.
    tilt : (float, float, float)
        Yaw and pitch, counter-clockwise around up and right, and roll, clockwise around the front,
        in degrees: applied in this order, they bring the projection upright.
    bounds : (float, float, float, float)
        Shares of the whole panorama that are cropped off at left, top, right, bottom.
    padding : int
        Pixels at the edges of a cube map's faces.
    how : dict of str to str
        How each field is known.
    notes : tuple of str
        What to beware of.
    """

    projection: str = "equirect"
    stereo: str = "mono"
    tilt: tuple = (0.0, 0.0, 0.0)
    bounds: tuple = (0.0, 0.0, 0.0, 0.0)
    padding: int = 0
    how: dict = field(default_factory=dict, compare=False)
    notes: tuple = field(default=(), compare=False)


# --------------------------------------------------------------------------- channels


@dataclass(frozen=True)
class AudioLayout:
    """What the channels of a sound are.

    Attributes
    ----------
    order : int
        Ambisonic order.
    ordering : str
        ``acn`` or ``fuma``: as the file has it; `channel_map` says the same.
    normalization : str
        ``sn3d``, ``n3d`` or ``fuma``.
    channel_map : tuple of int
        Channel of the file that holds each component, by ACN.
    head_locked : tuple of int
        Channels of the file with head-locked left and right, or none.
    how : dict of str to str
        How each field is known.
    notes : tuple of str
        What to beware of.
    """

    order: int = 1
    ordering: str = "acn"
    normalization: str = "sn3d"
    channel_map: tuple = (0, 1, 2, 3)
    head_locked: tuple = ()
    how: dict = field(default_factory=dict, compare=False)
    notes: tuple = field(default=(), compare=False)

    def to_ambix(self, samples):
        """Turn the file's channels (channels, samples) into AmbiX: one row for each component."""
        components = np.asarray(samples)[list(self.channel_map)]
        return (components / self._factors()[:, None]).astype(np.float32)

    def to_head_locked(self, samples):
        """Head-locked stereo (2, samples) of the file's channels; (0, samples) without it."""
        return np.asarray(samples, dtype=np.float32)[list(self.head_locked)]

    def _factors(self):
        """Factor of each component in the file, relative to SN3D."""
        acn = np.arange(len(self.channel_map))
        if self.normalization == "n3d":
            return np.sqrt(2 * np.floor(np.sqrt(acn)) + 1)
        factors = np.ones(len(acn))
        if self.normalization == "fuma":
            factors[FUMA_ACN[: len(acn)]] = FUMA_FACTOR[: len(acn)]
        return factors
