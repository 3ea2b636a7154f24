"""The precomputed responses of SoundSpaces 1.0: source and head at points of a grid.

::

    <root>/binaural_rirs/<dataset>/<scene>/<angle>/<receiver>_<source>.wav   two ears
    <root>/ambisonic_rirs/<dataset>/<scene>/irs/<receiver>_<source>.wav      nine channels

The first are there for four headings (sets with more are read too), heard by SoundSpaces' own head.
``angle`` is the heading's azimuth as a compass has it, clockwise from the mesh's +y, which is the
world's -z: -azimuth in `simbinaural.geometry`. The second are second-order ambisonics (ACN, N3D)
that do not turn with the head: with them any head hears in any heading, and they are preferred.

Levels are the files': they are not brought to 1/d.
"""

from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np

from simbinaural.acoustics.engines import Responses
from simbinaural.acoustics.soundspaces_axes import measure_axes
from simbinaural.acoustics.soundspaces_ears import hear_field
from simbinaural.acoustics.soundspaces_files import (
    SAMPLE_RATE,
    ambisonic_folder,
    find_file,
    heading_folders,
    list_pairs,
    read_response,
)
from simbinaural.ambisonics import convert, rotate
from simbinaural.errors import InputError, require, require_shape
from simbinaural.geometry import FRONT, conjugate, directions
from simbinaural.geometry import rotate as turn
from simbinaural.scenes.soundspaces import find_folder, find_metadata, read_grid

TOLERANCE_M = 0.01
TOLERANCE_DEG = 0.1

NEIGHBORS = 12
"""Pairs of which the direct sound is looked at, to know the axes of the ambisonic set."""


def find_rirs(scan):
    """Find a scan's precomputed responses.

    Parameters
    ----------
    scan : Scan
        Its data set, scene and root are used.

    Returns
    -------
    SoundSpacesRirs or None
        None where there are no points or no responses.

    Raises
    ------
    InputError
        If points or graph are there, and cannot be read.
    """
    if scan.root is None or not find_metadata(scan.root, scan.dataset, scan.scene_id):
        return None
    rirs = SoundSpacesRirs(scan.root, scan.dataset, scan.scene_id)
    return rirs if rirs.are_there.any() else None


class SoundSpacesRirs:
    """The responses of one scene.

    Parameters
    ----------
    root : path-like
        Of the data sets: SoundSpaces' folders are in it, or in its ``soundspaces``.
    dataset : str
        ``mp3d`` or ``replica``.
    scene_id : str
        Name of the scene.

    Raises
    ------
    InputError
        If the scene has no points there, or they cannot be read.

    Notes
    -----
    Folders are listed once. A file that is missing, or empty, is never replaced: its pair of points
    is not used, and `warnings` counts it.
    """

    def __init__(self, root, dataset, scene_id):
        metadata = find_metadata(root, dataset, scene_id)
        if metadata is None:
            raise InputError(
                f"{Path(root, 'metadata', dataset, scene_id)}: folder must hold SoundSpaces' "
                "points, got none; fetch metadata.tar.xz"
            )
        self.name = f"{dataset}/{scene_id}"
        self.grid = read_grid(metadata, dataset)
        self._rate = SAMPLE_RATE[dataset]
        ambisonic = find_folder(root, "ambisonic_rirs", dataset, scene_id)
        self._folders = ambisonic_folder(ambisonic)
        self._is_ambisonic = bool(self._folders)
        if not self._is_ambisonic:
            binaural = find_folder(root, "binaural_rirs", dataset, scene_id)
            self._folders = heading_folders(binaural)

    @property
    def headings(self):
        """Azimuths (degrees) in which a head can look; None where it can in any direction."""
        return None if self._is_ambisonic else tuple(sorted(self._folders))

    @property
    def ears(self):
        """Whose ears hear, if not those that are asked for: ``SoundSpaces`` or None."""
        return None if self._is_ambisonic else "SoundSpaces"

    @cached_property
    def are_there(self):
        """Pairs (receivers, sources) of the grid's points that can be used in every heading."""
        tables = [list_pairs(folder, self.grid.indices) for folder in self._folders.values()]
        none = np.zeros((len(self.grid.points),) * 2, dtype=bool)
        return np.logical_and.reduce(tables) if tables else none

    def has(self, receiver, source):
        """Tell whether there is a response between two points, named by their indices in files."""
        rows = np.searchsorted(self.grid.indices, (receiver, source))
        inside = rows < len(self.grid.indices)
        if not inside.all() or (self.grid.indices[rows] != (receiver, source)).any():
            return False
        return bool(self.are_there[tuple(rows)])

    def hearing(self, source):
        """Tell at which points of the grid, in its order, a source (3,) can be heard."""
        return self.are_there[:, self._row(source, "source")]

    @cached_property
    def warnings(self):
        """What a user should know of the scene's files, a line each."""
        same_area = self.grid.area[:, None] == self.grid.area
        np.fill_diagonal(same_area, val=False)
        missing, all_ = np.count_nonzero(same_area & ~self.are_there), np.count_nonzero(same_area)
        lines = []
        if missing:
            lines.append(
                f"{self.name}: {missing} of {all_} pairs of points have no response, or an empty "
                "one; they are not used"
            )
        if self._is_ambisonic and self._axes.warning:
            lines.append(f"{self.name}: {self._axes.warning}")
        return tuple(lines)

    def responses(self, _scene, source, poses, *, hrtf, foa_axes=None, **_options):
        """Read responses.

        Parameters
        ----------
        _scene : Scene
            Not used: all engines are called alike.
        source : (3,) array_like
            World, metres: above a point of the grid, at ear height.
        poses : sequence of Pose
            The head's, each above a point of the grid at ear height; with the binaural set level,
            in one of `headings`.
        hrtf : Hrtf
            The ears, with the ambisonic set; the sample rate.
        foa_axes : str, optional
            Also first-order ambisonics: in the axes of the ``world`` or of the ``picture``.
        **_options
            ``rng`` and ``directivity`` of the other engines: nothing is drawn, and the sources
            radiate the same everywhere.

        Returns
        -------
        Responses
            As long as the longest file.

        Raises
        ------
        InputError
            If a position is none of the grid's, a heading is none of the set's, a pair has no
            response, a file is of another rate than its data set, has other channels, is silent or
            cannot be read, or ambisonics are asked for where there are none.
        """
        require(len(poses) > 0, "poses must be one at least, got none")
        if foa_axes and not self._is_ambisonic:
            raise InputError(
                f"{self.name}: ambisonic_rirs must be there for ambisonics, got binaural_rirs "
                "alone; fetch them or choose another engine"
            )
        column = self._row(source, "source")
        rows = [self._row(pose.position, f"pose {k}") for k, pose in enumerate(poses)]
        for number, row in enumerate(rows):
            require(
                row != column,
                f"pose {number} must not be at the source, got {_point(self._ears[row])}",
            )
        read = self._of_fields if self._is_ambisonic else self._of_headings
        return read(rows, column, poses, hrtf, foa_axes)

    def _of_headings(self, rows, column, poses, hrtf, _foa_axes):
        folders = [self._folders[self._heading(pose, k)] for k, pose in enumerate(poses)]
        files = zip(folders, rows, strict=True)
        ears = [self._read(folder, row, column, hrtf.sample_rate) for folder, row in files]
        return Responses(_stack(ears), warnings=self._notes(hrtf), omni=True)

    def _of_fields(self, rows, column, poses, hrtf, foa_axes):
        fields = {row: self._field(row, column, hrtf.sample_rate) for row in dict.fromkeys(rows)}
        heads = [
            rotate(fields[row], conjugate(pose.orientation))
            for row, pose in zip(rows, poses, strict=True)
        ]
        source = self._ears[column]
        ears = [
            hear_field(head, hrtf, pose.to_body(source))
            for head, pose in zip(heads, poses, strict=True)
        ]
        ears, foa = _stack(ears), None
        if foa_axes:
            picked = heads if foa_axes == "picture" else [fields[row] for row in rows]
            foa = _stack([each[:4] for each in picked], n_taps=ears.shape[-1])
        return Responses(ears, foa, self._notes(hrtf), omni=True)

    def _notes(self, hrtf):
        if hrtf.sample_rate <= self._rate:
            return self.warnings
        return (
            *self.warnings,
            f"{self.name}: responses at {self._rate} Hz have nothing above {self._rate // 2} Hz; "
            f"a sample rate above it, such as {hrtf.sample_rate}, adds none",
        )

    @cached_property
    def _ears(self):
        """Where ears and sources are (points, 3)."""
        return self.grid.points + (0, self.grid.ear_height_m, 0)

    def _row(self, position, name):
        """Row of the grid's point at a position."""
        position = np.array(position, dtype=float)
        require_shape(name, position, (3,))
        require(len(self.grid.points) > 0, f"{self.name}: grid must have points, got none")
        row = int(np.argmin(np.linalg.norm(self._ears - position, axis=1)))
        apart = np.abs(self._ears[row] - position)
        if np.hypot(apart[0], apart[2]) > TOLERANCE_M or apart[1] > TOLERANCE_M:
            raise InputError(
                f"{name} must be at a point of {self.name}'s grid, at ear height, "
                f"got {_point(position)}; the nearest is {_point(self._ears[row])}"
            )
        return row

    def _heading(self, pose, number):
        """Which of the headings a pose has."""
        azimuth, elevation, _ = directions(turn(pose.orientation, FRONT))
        up = turn(pose.orientation, (0.0, 1.0, 0.0))[1]
        apart = {each: abs((azimuth - each + 180) % 360 - 180) for each in self._folders}
        nearest = min(apart, key=apart.get, default=None)
        if nearest is None or apart[nearest] > TOLERANCE_DEG or up < np.cos(np.radians(0.1)):
            known = ", ".join(f"{each:g}" for each in self.headings)
            raise InputError(
                f"pose {number} must be level, its azimuth one of {known}, got azimuth "
                f"{azimuth:.1f}, elevation {elevation:.1f}; any heading needs ambisonic_rirs"
            )
        return nearest

    def _read(self, folder, row, column, sample_rate):
        """Read the file of two rows of the grid and bring it to a sample rate."""
        receiver, source = self.grid.indices[[row, column]]
        path = find_file(folder, receiver, source)
        return read_response(path, self._rate, sample_rate, ambisonic=self._is_ambisonic)

    def _field(self, row, column, sample_rate):
        """Sound field in AmbiX and world axes."""
        (folder,) = self._folders.values()
        n3d = self._read(folder, row, column, sample_rate)
        return rotate(convert(n3d, "n3d"), self._axes.orientation).astype(np.float32)

    @cached_property
    def _axes(self):
        """Which way the front of the ambisonic set looks."""
        (folder,) = self._folders.values()
        linked = self.grid.edges[self.are_there[tuple(self.grid.edges.T)]]
        chosen = linked[np.linspace(0, len(linked) - 1, min(len(linked), NEIGHBORS)).astype(int)]
        heard, ways = [], []
        for row, column in chosen:
            # What cannot be read is refused where it is asked for.
            with suppress(InputError):
                heard.append(self._read(folder, row, column, self._rate))
                ways.append(self.grid.points[column] - self.grid.points[row])
        return measure_axes(heard, ways, self._rate)


def _stack(parts, n_taps=None):
    """Join (channels, samples) of several lengths, silence behind."""
    n_taps = n_taps or max(part.shape[-1] for part in parts)
    stacked = np.zeros((len(parts), len(parts[0]), n_taps), dtype=np.float32)
    for into, part in zip(stacked, parts, strict=True):
        into[:, : part.shape[-1]] = part
    return stacked


def _point(position):
    return "({:.2f}, {:.2f}, {:.2f})".format(*position)
