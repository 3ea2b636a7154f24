"""Where in a plane of a panorama the samples of a view lie.

A table is made for each direction, and divided into tiles: what a tile sees of the plane, and what
it makes of it, stay in the processor's cache, which a whole view does not, the less so beside a
decoder.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ambi2binaural.projections import (
    goes_around,
    left_eye,
    panorama_coordinates,
    pixels_per_radian,
)
from simbinaural.geometry import Camera, orientation_towards, pixel_vectors, rotation_matrix

KNOT_PX = 8
"""Pixels of the view between the places that are computed; cubics lead from one to the next."""

BEND_PX = 0.4
"""Fourth difference of knots up to which a cubic is near enough: between inner knots it strays by a
fortieth of it, between the outermost by a twenty-fourth."""

TILE = (240, 960)
"""Rows and columns of samples that are taken at once."""

WINDOW_SHARE = 0.25
"""Share of a plane up to which what a tile sees of it is taken by itself."""


class TableMaker:
    """Make tables for the views of one camera.

    Parameters
    ----------
    layout : ambi2binaural.layout.VideoLayout
        How the frames show the sphere.
    camera : simbinaural.geometry.Camera
        Size and field of view.
    reach : float
        How far from a border interpolation touches nothing behind it, in samples.
    """

    def __init__(self, layout, camera, reach):
        self.layout = layout
        self.camera = camera
        self.reach = reach
        self._grids = {}
        self._matrices = {}

    def __call__(self, size, steps, azimuth_deg, elevation_deg):
        """Make the table of a plane.

        Parameters
        ----------
        size : (int, int)
            Width and height of the frame in pixels.
        steps : (int, int)
            Pixels between samples of the plane, across and down.
        azimuth_deg, elevation_deg : float
            Where the view looks.

        Returns
        -------
        Table
        """
        per_pixel = pixels_per_radian(self.layout, size) / _view_pixels_per_radian(self.camera)
        shrink, density = _sampling(per_pixel / max(steps))
        margin = (self.reach * shrink + 0.25) * max(steps)
        direction = (azimuth_deg, elevation_deg)
        eye, around = left_eye(self.layout, size), goes_around(self.layout)
        part = Part.of(eye, steps, shrink)
        knots = self.knots(size, direction, margin) if around else None
        if knots is not None:
            make, places, outside = self._tile_between, part.samples(knots, eye, steps), None
        else:
            places = part.samples(self.places(size, density, direction, margin), eye, steps)
            outside = np.isnan(places[0])
            places[:, outside] = 0
            make, outside = self._tile, outside[::density, ::density] if outside.any() else None
        shape = self.camera.height * density, self.camera.width * density
        rows, columns = (
            [slice(k, min(k + step, length)) for k in range(0, length, step)]
            for length, step in zip(shape, TILE, strict=True)
        )
        tiles = [make(places, (row, column), density, part) for row in rows for column in columns]
        return Table(part, tiles, outside)

    def _tile(self, places, where, density, part):
        """Make a tile of places (2, rows, columns) in a part; it lies `where` among the samples."""
        places = places[(slice(None), *where)]
        window = self._window(places, part)
        return Tile(window, places - _corner(window), *_in_view(where, density))

    def _tile_between(self, knots, where, density, part):
        """The same of knots: only those that matter here, and nothing but the maps is written."""
        cubics = [matrix[along] for matrix, along in zip(self._cubics(density), where, strict=True)]
        near = [_used(matrix) for matrix in cubics]
        knots = knots[(slice(None), *near)]
        # A bow between two knots rises an eighth of their second difference above both.
        bow = max(np.abs(np.diff(knots, 2, axis=axis)).max(initial=0) for axis in (1, 2)) / 8
        window = self._window(knots, part, bow)
        down, across = (matrix[:, used] for matrix, used in zip(cubics, near, strict=True))
        maps = down @ ((knots - _corner(window)) @ across.T)
        return Tile(window, maps, *_in_view(where, density))

    def _window(self, places, part, bow=0.0):
        return Window.of(places, part.shrunk, self.reach + bow, goes_around(self.layout))

    def places(self, size, density, direction, margin):
        """Places (2, rows, columns) in the frame at which the view is sampled."""
        return self._seen_at(size, self._vectors(density), direction, margin)

    def knots(self, size, direction, margin):
        """Few of these places; None where cubics between them bend too much, as at a pole.

        Across the seam the columns go on, below 0 or beyond the frame.
        """
        knots = self._seen_at(size, self._knot_vectors, direction, margin)
        width = left_eye(self.layout, size).width
        # As if the panorama were unrolled both ways: its seam must not lie between two knots.
        knots[0] -= width * np.rint((knots[0] - np.take(knots[0], knots[0].size // 2)) / width)
        bends = [np.abs(np.diff(knots, 4, axis=axis)).max() for axis in (1, 2)]
        return knots if np.max(bends) <= BEND_PX else None  # beyond the bounds they are NaN

    def _cubics(self, density):
        """Matrices (samples, knots) that lead from knots to the rows and columns of samples."""
        if density not in self._matrices:
            lengths = self.camera.height, self.camera.width
            self._matrices[density] = [_cubic_matrix(length, density) for length in lengths]
        return self._matrices[density]

    def _seen_at(self, size, vectors, direction, margin):
        turn = rotation_matrix(orientation_towards(*direction))
        turned = vectors @ turn.T.astype(np.float32)
        seen = panorama_coordinates(self.layout, size, turned, margin=margin)
        return np.moveaxis(seen, -1, 0).astype(np.float32)

    @cached_property
    def _knot_vectors(self):
        """Body vectors (rows, columns, 3) through a coarse grid from edge to edge of the view."""
        camera = self.camera
        columns, rows = (
            np.linspace(0, length, _n_knots(length)) for length in (camera.width, camera.height)
        )
        return pixel_vectors(camera, columns, rows[:, None]).astype(np.float32)

    def _vectors(self, density):
        """Body vectors through the places where the view is sampled."""
        if density not in self._grids:
            camera = self.camera
            finer = Camera(
                camera.width * density, camera.height * density, camera.fov_deg, camera.projection
            )
            self._grids[density] = pixel_vectors(finer).astype(np.float32)
        return self._grids[density]


def _n_knots(length):
    return max(5, -(-length // KNOT_PX) + 1)


def _cubic_matrix(length, density):
    """Lagrange's cubics through the four knots next to each sample: (samples, knots) float32."""
    n_knots = _n_knots(length)
    places = (np.arange(length * density) + 0.5) / (length * density) * (n_knots - 1)
    first = np.clip(np.floor(places).astype(int) - 1, 0, n_knots - 4)
    matrix = np.zeros((len(places), n_knots))
    for k in range(4):
        others = [other for other in range(4) if other != k]
        matrix[np.arange(len(places)), first + k] = np.prod(
            [(places - first - other) / (k - other) for other in others], axis=0
        )
    return matrix.astype(np.float32)


def _used(matrix):
    """Slice of the columns of a matrix that are not zero."""
    used = np.flatnonzero(matrix.any(axis=0))
    return slice(used[0], used[-1] + 1)


def _corner(window):
    """Column and row (2, 1, 1) of a window's first sample."""
    left, top = (0, 0) if window is None else (window.left, window.top)
    return np.array([left, top], np.float32).reshape(2, 1, 1)


def _in_view(where, density):
    return (slice(along.start // density, along.stop // density) for along in where)


# --------------------------------------------------------------------------- tables


@dataclass(frozen=True, eq=False)
class Table:
    """Where the samples of a view lie in a plane.

    Attributes
    ----------
    part : Part
        The part of the plane that is looked at.
    tiles : list of Tile
        They cover the view.
    outside : (height, width) numpy.ndarray of bool, or None
        Where the panorama shows nothing.
    """

    part: "Part"
    tiles: list
    outside: np.ndarray | None

    @cached_property
    def has_windows(self):
        """Whether each tile sees but a little of the part."""
        return all(tile.window is not None for tile in self.tiles)


@dataclass(frozen=True, eq=False)
class Tile:
    """A rectangle of a view.

    Attributes
    ----------
    window : Window or None
        What it sees of the part of a plane; None for all of it.
    maps : (2, rows, columns) numpy.ndarray of float32
        Columns and rows in the window at which its samples are taken.
    rows, columns : slice
        Where it lies in the view.
    """

    window: "Window | None"
    maps: np.ndarray
    rows: slice
    columns: slice

    @property
    def shape(self):
        """Rows and columns of the view that it covers."""
        return tuple(along.stop - along.start for along in (self.rows, self.columns))

    def seen(self, part):
        """What it sees of the part of a plane."""
        return part if self.window is None else self.window.cut(part)


@dataclass(frozen=True)
class Part:
    """The part of a plane that is looked at, and the size to which it is shrunk first."""

    x: int
    y: int
    size: tuple
    shrunk: tuple

    @classmethod
    def of(cls, eye, steps, shrink):
        """Find it for what the left eye sees."""
        size = (eye.width // steps[0], eye.height // steps[1])
        shrunk = tuple(max(1, length // shrink) for length in size)
        return cls(eye.x // steps[0], eye.y // steps[1], size, shrunk)

    def cut(self, plane):
        """Take it from a plane, shrunk."""
        width, height = self.size
        plane = plane[self.y : self.y + height, self.x : self.x + width]
        # Halving again and again takes a fifth of the time of a larger step.
        while width > self.shrunk[0]:
            width, height = width // 2, max(1, height // 2)
            plane = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
        return plane

    def samples(self, places, eye, steps):
        """Turn a frame's pixels (2, ...) into columns and rows of samples, counted from 0."""
        # Color of half the resolution stands above the left one of two pixels.
        shifts = (0.25 if steps[0] == 2 else 0.0, 0.0)
        scales = [shrunk / length for shrunk, length in zip(self.shrunk, self.size, strict=True)]
        # OpenCV is faster with plain numbers than with fixed points, and nearer to the place.
        return np.stack(
            [
                place * np.float32(scale / step) + np.float32((shift - corner / step) * scale - 0.5)
                for place, corner, step, shift, scale in zip(
                    places, (eye.x, eye.y), steps, shifts, scales, strict=True
                )
            ]
        )


@dataclass(frozen=True)
class Window:
    """The rectangle of a part that a tile sees; across the seam its columns go on."""

    left: int
    top: int
    right: int
    bottom: int
    width: int

    @classmethod
    def of(cls, places, size, reach, around):
        """Find it for columns and rows; None where little would be gained."""
        beyond = int(np.ceil(reach)) + 1
        (left, right), (top, bottom) = [
            (int(np.floor(along.min())) - beyond, int(np.ceil(along.max())) + beyond + 1)
            for along in places
        ]
        top, bottom = max(top, 0), min(bottom, size[1])
        if not around:
            left, right = max(left, 0), min(right, size[0])
        if (right - left) * (bottom - top) > WINDOW_SHARE * size[0] * size[1]:
            return None
        return cls(left, top, right, bottom, size[0])

    def cut(self, part):
        """What it shows: a view of the part, or a copy across the seam."""
        parts = [
            part[self.top : self.bottom, max(self.left - turn, 0) : max(self.right - turn, 0)]
            for turn in (-self.width, 0, self.width)
        ]
        parts = [part for part in parts if part.shape[1]]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _view_pixels_per_radian(camera):
    """Pixels of the view for each radian, in its middle."""
    if camera.projection == "equirect":
        return camera.width / (2 * np.pi)
    return camera.focal_px


def _sampling(per_pixel):
    """By what to shrink planes, and how many places each way a pixel of the view averages."""
    shrink = 1
    while per_pixel / shrink > 3:
        shrink *= 2
    return shrink, 2 if per_pixel / shrink > 1.5 else 1
