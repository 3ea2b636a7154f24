"""Options of `ambi2binaural crop` that decide its clips; they are stored with the data set."""

import dataclasses
from dataclasses import dataclass

from simbinaural.errors import InputError, require

VIEWS = ("crop", "full")

SIZES = {"crop": (480, 240), "full": (448, 224)}
"""Default width and height: paper 002 crops, papers 003 and 004 keep the panorama."""

HEAD_LOCKED = ("mix", "drop")


@dataclass(frozen=True)
class CropOptions:
    """What clips are made of the files.

    Attributes
    ----------
    view : str
        ``crop``: the perspective view towards the loudest region of each second; ``full``: the
        whole panorama, binaural for its front.
    width, height : int or None
        Pixels; by default those of the view.
    fov_deg : float
        Horizontal field of view of a crop, edge to edge.
    fps : float
        Frames per second.
    interpolation : str
        ``bilinear`` or ``lanczos``.
    sample_rate : int
        Hertz.
    order : int or None
        Highest ambisonic order that is decoded; first order by default.
    decoder : str
        ``magls``, ``tac`` or ``ls``.
    hrtf : str or None
        SOFA file; KEMAR by default.
    head_locked : str
        ``mix`` head-locked stereo in, unrotated, or ``drop`` it.
    band_hz : tuple of float or None
        Frequencies that count for the energy map.
    steady_db : float
        The view stays until another region is louder by more.
    clip_s : float
        Length of a clip; a rest of a second or more becomes a shorter one.
    shard_clips : int
        Clips in a shard.
    projection, stereo, tilt, ordering, normalization, channels
        What the user knows better than the files: `ambi2binaural.layout.Overrides`.
    """

    view: str = "crop"
    width: int | None = None
    height: int | None = None
    fov_deg: float = 90.0
    fps: float = 8.0
    interpolation: str = "bilinear"
    sample_rate: int = 16000
    order: int = 1
    decoder: str = "magls"
    hrtf: str | None = None
    head_locked: str = "mix"
    band_hz: tuple | None = None
    steady_db: float = 0.0
    clip_s: float = 10.0
    shard_clips: int = 8
    projection: str | None = None
    stereo: str | None = None
    tilt: tuple | None = None
    ordering: str | None = None
    normalization: str | None = None
    channels: int | None = None

    def __post_init__(self):
        """Check what can be checked without a file."""
        from ambi2binaural.energy import require_band

        self._require_known_names()
        require(0 < self.fps <= 240, f"fps must be above 0 and at most 240, got {self.fps:g}")
        require(
            8000 <= self.sample_rate <= 192000,
            f"sample_rate must be between 8000 and 192000 Hz, got {self.sample_rate}",
        )
        require(self.clip_s >= 1, f"clip_s must be at least 1, got {self.clip_s:g}")
        require(1 <= self.order <= 7, f"order must be between 1 and 7, got {self.order}")
        require(self.steady_db >= 0, f"steady_db must not be negative, got {self.steady_db:g}")
        require(self.shard_clips >= 1, f"shard_clips must be at least 1, got {self.shard_clips}")
        require_band(self.band_hz, self.sample_rate)
        _ = self.camera, self.overrides  # each checks its own

    def _require_known_names(self):
        from ambi2binaural.views import INTERPOLATIONS
        from simbinaural.decoding import METHODS

        known = {
            "view": VIEWS,
            "head_locked": HEAD_LOCKED,
            "decoder": METHODS,
            "interpolation": tuple(INTERPOLATIONS),
        }
        for name, choices in known.items():
            value = getattr(self, name)
            if value not in choices:
                raise InputError(f"{name} must be one of {', '.join(choices)}, got {value}")

    @property
    def camera(self):
        """The image of a clip."""
        from simbinaural.geometry import Camera

        width, height = SIZES[self.view]
        width = width if self.width is None else self.width
        height = height if self.height is None else self.height
        if self.view == "full":
            return Camera(width, height, 360.0, "equirect")
        return Camera(width, height, self.fov_deg)

    @property
    def overrides(self):
        """What the user knows better than the files."""
        from ambi2binaural.layout import Overrides

        return Overrides(
            projection=self.projection,
            stereo=self.stereo,
            tilt=self.tilt,
            ordering=self.ordering,
            normalization=self.normalization,
            channels=self.channels,
        )

    def as_json(self):
        """Return the options as plain values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(self).items()
        }
