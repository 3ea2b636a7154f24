"""Views of a panorama, taken straight from the planes that the decoder delivers.

For every direction a table says which samples of a plane each pixel of the view takes. The tables
are kept for as long as few directions come in turn; brightness and color, which most videos store
at half the resolution, have one each. What a panorama has too much of is averaged: where three or
more of its pixels fall on one of the view its planes are shrunk first, and where it is one and a
half each pixel of the view takes the mean of 2 x 2 places.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ambi2binaural.planes import yuv_planes
from ambi2binaural.projections import (
    goes_around,
    left_eye,
    panorama_coordinates,
    pixels_per_radian,
)
from simbinaural.errors import InputError
from simbinaural.geometry import Camera, orientation_towards, pixel_vectors, rotation_matrix

INTERPOLATIONS = {"bilinear": (cv2.INTER_LINEAR, 0.5), "lanczos": (cv2.INTER_LANCZOS4, 3.5)}
"""OpenCV's flag, and how far from a border nothing behind it is touched, in samples."""

KNOT_PX = 8
"""Pixels of the view between the places that are computed; cubics lead from one to the next."""

BEND_PX = 0.4
"""Fourth difference of knots up to which a cubic is near enough: between inner knots it strays by a
fortieth of it, between the outermost by a twenty-fourth."""

WINDOW_SHARE = 0.25
"""Share of a plane up to which what a view sees of it is copied first."""


class ViewWarp:
    """Turn frames of a panorama into views.

    Parameters
    ----------
    layout : ambi2binaural.layout.VideoLayout
        How the frames show the sphere.
    camera : simbinaural.geometry.Camera
        Size and field of view of the views; with the projection ``equirect`` they are whole
        panoramas.
    interpolation : {"bilinear", "lanczos"}
        Lanczos is sharper and some ten times slower.
    kept : int
        Directions whose tables are kept, 4.5 MB each for 480 x 240 views of 3840 x 1920 frames.

    Raises
    ------
    InputError
        If the interpolation is unknown.
    """

    def __init__(self, layout, camera=None, *, interpolation="bilinear", kept=16):
        if interpolation not in INTERPOLATIONS:
            raise InputError(
                f"interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}"
            )
        self.layout = layout
        self.camera = camera or Camera()
        self._flag, self._reach = INTERPOLATIONS[interpolation]
        self._kept = kept
        self._tables = OrderedDict()
        self._grids = {}
        self._matrices = {}

    def __call__(self, frame, azimuth_deg=0.0, elevation_deg=0.0):
        """Take the view towards a direction, its up side up.

        Parameters
        ----------
        frame : av.VideoFrame
            A picture of the panorama.
        azimuth_deg, elevation_deg : float
            Direction of the view's center; +90 deg azimuth is the panorama's left.

        Returns
        -------
        (height, width, 3) numpy.ndarray of uint8
            RGB; black where the panorama shows nothing.
        """
        picture = yuv_planes(frame)
        size = picture.planes[0].shape[::-1]
        luma = self._table(size, (1, 1), azimuth_deg, elevation_deg)
        chroma = self._table(size, picture.chroma_steps, azimuth_deg, elevation_deg)
        samples = [
            self._sample(plane, table)
            for plane, table in zip(picture.planes, (luma, chroma, chroma), strict=True)
        ]
        rgb = picture.to_rgb(cv2.merge(samples))
        if luma.outside is not None:
            rgb[luma.outside] = 0
        return rgb

    def _table(self, size, steps, azimuth_deg, elevation_deg):
        """Find or make the table of a plane whose samples stand `steps` pixels apart."""
        key = (size, steps, float(azimuth_deg), float(elevation_deg))
        if key in self._tables:
            self._tables.move_to_end(key)
        else:
            self._tables[key] = self._make_table(*key)
            while len(self._tables) > 2 * self._kept:
                self._tables.popitem(last=False)
        return self._tables[key]

    def _make_table(self, size, steps, azimuth_deg, elevation_deg):
        per_pixel = pixels_per_radian(self.layout, size) / _view_pixels_per_radian(self.camera)
        shrink, density = _sampling(per_pixel / max(steps))
        margin = (self._reach * shrink + 0.25) * max(steps)
        direction = (azimuth_deg, elevation_deg)
        places = None
        if goes_around(self.layout):
            places = self._places_between_knots(size, density, direction, margin)
        if places is None:
            places = self._places(size, density, direction, margin)
        eye = left_eye(self.layout, size)
        part = _Part.of(eye, steps, shrink)
        columns, rows = part.samples(places, eye, steps)
        outside = np.isnan(columns)
        if outside.any():
            columns[outside] = rows[outside] = 0
        window = _Window.of((columns, rows), part.shrunk, self._reach, goes_around(self.layout))
        columns -= np.float32(window.left)
        rows -= np.float32(window.top)
        return _Table(
            part, window, (columns, rows), outside[::density, ::density] if outside.any() else None
        )

    def _places(self, size, density, direction, margin):
        """Places (2, rows, columns) in the frame at which the view is sampled."""
        return self._seen_at(size, self._vectors(density), direction, margin)

    def _seen_at(self, size, vectors, direction, margin):
        turn = rotation_matrix(orientation_towards(*direction))
        turned = vectors @ turn.T.astype(np.float32)
        return np.moveaxis(panorama_coordinates(self.layout, size, turned, margin=margin), -1, 0)

    def _places_between_knots(self, size, density, direction, margin):
        """The same by cubics between few of them; None where these bend too much, as at a pole.

        Across the seam the columns go on, below 0 or beyond the frame.
        """
        knots = self._seen_at(size, self._knots, direction, margin)
        width = left_eye(self.layout, size).width
        # As if the panorama were unrolled both ways: its seam must not lie between two knots.
        knots[0] -= width * np.rint((knots[0] - np.take(knots[0], knots[0].size // 2)) / width)
        bends = [np.abs(np.diff(knots, 4, axis=axis)).max() for axis in (1, 2)]
        if not np.max(bends) <= BEND_PX:  # beyond the bounds it is NaN
            return None
        down, across = self._cubics(density)
        return down @ knots @ across.T

    @cached_property
    def _knots(self):
        """Body vectors (rows, columns, 3) through a coarse grid from edge to edge of the view."""
        camera = self.camera
        columns, rows = (
            np.linspace(0, length, _n_knots(length)) for length in (camera.width, camera.height)
        )
        return pixel_vectors(camera, columns, rows[:, None]).astype(np.float32)

    def _cubics(self, density):
        """Matrices (samples, knots) that lead from knots to rows, and to columns, of the view."""
        if density not in self._matrices:
            lengths = self.camera.height, self.camera.width
            self._matrices[density] = [_cubic_matrix(length, density) for length in lengths]
        return self._matrices[density]

    def _vectors(self, density):
        """Body vectors through the places where the view is sampled."""
        if density not in self._grids:
            camera = self.camera
            finer = Camera(
                camera.width * density, camera.height * density, camera.fov_deg, camera.projection
            )
            self._grids[density] = pixel_vectors(finer).astype(np.float32)
        return self._grids[density]

    def _sample(self, plane, table):
        plane = table.window.cut(table.part.cut(plane))
        border = cv2.BORDER_WRAP if goes_around(self.layout) else cv2.BORDER_REPLICATE
        view = cv2.remap(plane, *table.maps, self._flag, borderMode=border)
        if view.shape[1] == self.camera.width:
            return view
        size = (self.camera.width, self.camera.height)
        return cv2.resize(view, size, interpolation=cv2.INTER_AREA)


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


@dataclass(frozen=True)
class _Part:
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
        return [
            # OpenCV is faster with plain numbers than with fixed points, and nearer to the place.
            np.ascontiguousarray(place, np.float32) * np.float32(scale / step)
            + np.float32((shift - corner / step) * scale - 0.5)
            for place, corner, step, shift, scale in zip(
                places, (eye.x, eye.y), steps, shifts, scales, strict=True
            )
        ]


@dataclass(frozen=True)
class _Window:
    """The rectangle of a part that a view sees; across the seam its columns go on."""

    left: int
    top: int
    right: int
    bottom: int
    size: tuple

    @classmethod
    def of(cls, places, size, reach, around):
        """Find it for columns and rows; it is the whole part where little would be gained."""
        beyond = int(np.ceil(reach)) + 1
        (left, right), (top, bottom) = [
            (int(np.floor(along.min())) - beyond, int(np.ceil(along.max())) + beyond + 1)
            for along in places
        ]
        top, bottom = max(top, 0), min(bottom, size[1])
        if not around:
            left, right = max(left, 0), min(right, size[0])
        if (right - left) * (bottom - top) > WINDOW_SHARE * size[0] * size[1]:
            return cls(0, 0, *size, size)
        return cls(left, top, right, bottom, size)

    def cut(self, plane):
        """A copy of what the view sees: its lines are read in order, which memory is made for."""
        if (self.right - self.left, self.bottom - self.top) == self.size:
            return plane
        width = self.size[0]
        parts = [
            plane[self.top : self.bottom, max(self.left - turn, 0) : max(self.right - turn, 0)]
            for turn in (-width, 0, width)
        ]
        return np.concatenate([part for part in parts if part.shape[1]], axis=1)


@dataclass(frozen=True)
class _Table:
    """Where the samples of a view lie in a part of a plane."""

    part: _Part
    window: _Window
    maps: tuple
    outside: np.ndarray | None


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
