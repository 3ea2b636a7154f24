"""What decides a data set: the options that are stored with it and must stay the same."""

import dataclasses
import shlex
from dataclasses import dataclass
from pathlib import Path

from simbinaural.errors import InputError, require

AUDIO = ("binaural", "foa")
"""What can be recorded; the ears always are."""

DIRECTIVITIES = ("forward", "omni")
"""How sources radiate: more to their front the higher the frequency, or the same everywhere."""

VISION = ("auto", "embree", "habitat")
"""What films: `simbinaural.vision.backends` settles auto."""

ACOUSTICS = ("auto", "rooms", "mesh", "rlr", "soundspaces")
"""What makes room impulse responses: `simbinaural.acoustics.engines` settles auto."""

UP = ("y", "z")

SIZES = {"perspective": (480, 240), "equirect": (1920, 960)}
FIELDS_OF_VIEW = {"perspective": 90.0, "equirect": 360.0}

FREE_OPTIONS = ("videos",)
"""Options that may change (grow) when a data set is extended."""


@dataclass(frozen=True)
class RenderOptions:
    """Options of `simbinaural render` that decide its clips.

    Attributes
    ----------
    scenes : str
        Which homes, such as ``procedural:80``, ``mp3d`` or a file.
    scene_root : str
        Folder of the data sets of scanned homes.
    up : str or None
        Axis that points up in files of scans, ``y`` or ``z``; by default as their data set has it.
    unit_scale : float
        Metres in a unit of these files.
    vision, acoustics : str
        What films and what makes the responses: one of `VISION`, of `ACOUSTICS`.
    videos : int
        Number of clips.
    classes : tuple of str
        Classes of objects and sounds; empty for all.
    objects, sounds, hrtf : str or None
        The user's own folders and SOFA file instead of those that are built in.
    materials : str or None
        A file of acoustic materials that replace those of the scenes.
    duration_s : float or None
        Length of every clip; by default drawn as in the paper.
    max_distance_m : float or None
        How far the camera stands from the source at most, along the floor; by default as far as
        the room allows.
    directivity : str
        ``forward``: sources radiate more to their front the higher the frequency; ``omni``: the
        same everywhere.
    projection : str
        ``perspective`` or ``equirect``.
    audio : tuple of str
        What is recorded: ``binaural``, and on demand ``foa``.
    fps, width, height, fov_deg
        The picture: frames per second, pixels, horizontal field of view. Where they are not given
        they become those of the projection: 480 x 240 at 90 deg, or 1920 x 960 all around; of a
        panorama one of width and height gives the other.
    sample_rate : int
        Hertz.
    rir_rate : float
        BRIRs per second along the drift; 0 for one for each position.
    seed : int
        All chance comes from it.
    shard_clips : int
        Clips in a shard.
    """

    scenes: str = "procedural:80"
    scene_root: str = "data"
    up: str | None = None
    unit_scale: float = 1.0
    vision: str = VISION[0]
    acoustics: str = ACOUSTICS[0]
    videos: int = 100
    classes: tuple = ()
    objects: str | None = None
    sounds: str | None = None
    hrtf: str | None = None
    materials: str | None = None
    duration_s: float | None = None
    max_distance_m: float | None = None
    directivity: str = DIRECTIVITIES[0]
    projection: str = "perspective"
    audio: tuple = AUDIO[:1]
    fps: float = 5.0
    width: int | None = None
    height: int | None = None
    fov_deg: float | None = None
    sample_rate: int = 16000
    rir_rate: float = 0.0
    seed: int = 0
    shard_clips: int = 8

    def __post_init__(self):
        """Check what can be checked without looking at files."""
        require(self.videos >= 1, f"videos must be at least 1, got {self.videos}")
        require(self.shard_clips >= 1, f"shard_clips must be at least 1, got {self.shard_clips}")
        require(self.seed >= 0, f"seed must be at least 0, got {self.seed}")
        require(0 < self.fps <= 240, f"fps must be above 0 and at most 240, got {self.fps:g}")
        if self.duration_s is not None:
            require(
                1 <= self.duration_s <= 3600,
                f"duration_s must be between 1 and 3600 seconds, got {self.duration_s:g}",
            )
        require(
            8000 <= self.sample_rate <= 192000,
            f"sample_rate must be between 8000 and 192000 Hz, got {self.sample_rate}",
        )
        require(
            0 <= self.rir_rate <= 50,
            f"rir_rate must be between 0 and 50 BRIRs per second, got {self.rir_rate:g}",
        )
        if self.max_distance_m is not None:
            require(
                self.max_distance_m >= 1,
                f"max_distance_m must be at least 1 m, got {self.max_distance_m:g}",
            )
        require(
            self.directivity in DIRECTIVITIES,
            f"directivity must be one of {', '.join(DIRECTIVITIES)}, got {self.directivity!r}",
        )
        for name, choice in (("vision", VISION), ("acoustics", ACOUSTICS), ("up", (*UP, None))):
            value = getattr(self, name)
            known = ", ".join(filter(None, choice))
            require(value in choice, f"{name} must be one of {known}, got {value!r}")
        require(self.unit_scale > 0, f"unit_scale must be above 0, got {self.unit_scale:g}")
        if self.audio not in (AUDIO[:1], AUDIO):
            raise InputError(f"audio must be binaural or binaural,foa, got {','.join(self.audio)}")
        self._complete_picture()
        self.camera  # noqa: B018 - checks size and field of view

    def _complete_picture(self):
        """Set what was not given of the picture to what belongs to its projection."""
        if self.projection not in SIZES:
            raise InputError(f"projection must be one of {', '.join(SIZES)}, got {self.projection}")
        width, height = SIZES[self.projection]
        fov_deg = FIELDS_OF_VIEW[self.projection]
        if self.projection == "equirect":
            require(
                self.fov_deg in (None, fov_deg),
                f"fov_deg must be 360 for a panorama, got {self.fov_deg or 0:g}",
            )
            width, height = 2 * (self.height or height), (self.width or width) // 2
        for name, value in ("width", width), ("height", height), ("fov_deg", fov_deg):
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    @property
    def camera(self):
        """The image that is filmed."""
        from simbinaural.geometry import Camera  # numpy comes with it; `--help` needs none

        return Camera(self.width, self.height, self.fov_deg, self.projection)

    @property
    def viewfinder(self):
        """The normal view that paths are planned for: a panorama films what it would."""
        from simbinaural.geometry import Camera

        return self.camera if self.projection == "perspective" else Camera()

    @property
    def clips_a_visit(self):
        """Clips in a row from the same home, in its rooms by turns: it is loaded once for them."""
        return 2 if self.scenes.startswith("procedural") else 4

    @property
    def foa_axes(self):
        """Axes of ambisonics, ``picture`` or ``world``; None where it is not recorded."""
        if not self.foa:
            return None
        return "picture" if self.projection == "equirect" else "world"

    @property
    def foa(self):
        """Whether ambisonics is recorded."""
        return "foa" in self.audio

    def as_json(self):
        """Return the options as plain values."""
        values = dataclasses.asdict(self)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, stored):
        """Return the options of `as_json`; those that it does not know have their defaults."""
        # What there was before there was a choice.
        stored = {"directivity": "omni", "vision": "embree", "acoustics": "rooms", **stored}
        return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()})


def check_unchanged(folder, stored, options):
    """Refuse to go on in a folder that other options made.

    Parameters
    ----------
    folder : path-like
        The data set.
    stored : dict
        The options in its `dataset.json`.
    options : RenderOptions
        Those of this run.

    Raises
    ------
    InputError
        Naming each option that differs.
    """
    from simbinaural.shards.runs import refuse_changes  # numpy comes with it

    now, stored = options.as_json(), RenderOptions.from_json(stored).as_json()
    differing = [
        f"{option_name(name)} was {_shown(stored[name])}, now {_shown(value)}"
        for name, value in now.items()
        if name not in FREE_OPTIONS and stored[name] != value
    ]
    if options.videos < stored["videos"]:
        differing.append(f"--videos was {stored['videos']}, now {options.videos}")
    refuse_changes(folder, differing)


def option_name(parameter):
    """Name the command line's option of a parameter."""
    names = {"duration_s": "--duration", "projection": "--camera"}
    return names.get(parameter, "--" + parameter.replace("_", "-"))


def _shown(value):
    if value is None or value in ([], ""):
        return "not given"
    return ",".join(map(str, value)) if isinstance(value, list) else shlex.quote(str(value))


def absolute(path):
    """Make a user's path independent of the folder that a worker runs in."""
    return None if path is None else str(Path(path).resolve())
