"""What decides a data set: the options that are stored with it and must stay the same."""

import dataclasses
import shlex
from dataclasses import dataclass
from pathlib import Path

from simbinaural.errors import InputError, require

FREE_OPTIONS = ("videos",)
"""Options that may change (grow) when a data set is extended."""


@dataclass(frozen=True)
class RenderOptions:
    """Options of `simbinaural render` that decide its clips.

    Attributes
    ----------
    scenes : str
        Which homes, such as ``procedural:80``.
    videos : int
        Number of clips.
    classes : tuple of str
        Classes of objects and sounds; empty for all.
    objects, sounds, hrtf : str or None
        The user's own folders and SOFA file instead of those that are built in.
    duration_s : float or None
        Length of every clip; by default drawn as in the paper.
    fps, width, height, fov_deg
        The picture: frames per second, pixels, horizontal field of view.
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
    videos: int = 100
    classes: tuple = ()
    objects: str | None = None
    sounds: str | None = None
    hrtf: str | None = None
    duration_s: float | None = None
    fps: float = 5.0
    width: int = 480
    height: int = 240
    fov_deg: float = 90.0
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
        self.camera  # noqa: B018 - checks size and field of view

    @property
    def camera(self):
        """The image that is filmed."""
        from simbinaural.geometry import Camera  # numpy comes with it; `--help` needs none

        return Camera(self.width, self.height, self.fov_deg)

    def as_json(self):
        """Return the options as plain values."""
        return {**dataclasses.asdict(self), "classes": list(self.classes)}


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
    now = options.as_json()
    differing = [
        f"{option_name(name)} was {_shown(stored.get(name))}, now {_shown(value)}"
        for name, value in now.items()
        if name not in FREE_OPTIONS and stored.get(name) != value
    ]
    if options.videos < stored.get("videos", 0):
        differing.append(f"--videos was {stored['videos']}, now {options.videos}")
    if differing:
        raise InputError(
            f"{folder}: holds a data set made with other options: {'; '.join(differing)}; "
            "choose another --out or the same options"
        )


def option_name(parameter):
    """Name the command line's option of a parameter."""
    names = {"duration_s": "--duration"}
    return names.get(parameter, "--" + parameter.replace("_", "-"))


def _shown(value):
    if value is None or value in ([], ""):
        return "not given"
    return ",".join(map(str, value)) if isinstance(value, list) else shlex.quote(str(value))


def absolute(path):
    """Make a user's path independent of the folder that a worker runs in."""
    return None if path is None else str(Path(path).resolve())
