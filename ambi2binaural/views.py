"""Views of a panorama, taken straight from the planes that the decoder delivers.

For every direction a table says which samples of a plane each pixel of the view takes. The tables
are kept for as long as few directions come in turn; brightness and color, which most videos store
at half the resolution, have one each. What a panorama has too much of is averaged: where three or
more of its pixels fall on one of the view its planes are shrunk first, and where it is one and a
half each pixel of the view takes the mean of 2 x 2 places.
"""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np

from ambi2binaural.planes import Colors, yuv_planes
from ambi2binaural.projections import goes_around
from ambi2binaural.view_tables import Table, TableMaker
from simbinaural.errors import InputError
from simbinaural.geometry import Camera

INTERPOLATIONS = {"bilinear": (cv2.INTER_LINEAR, 0.5), "lanczos": (cv2.INTER_LANCZOS4, 3.5)}
"""OpenCV's flag, and how far from a border nothing behind it is touched, in samples."""

AT_ONCE = 4
"""Planes that OpenCV samples as channels of one picture in the time of a single one; two or three
channels take longer than four."""


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
        self.camera = camera or Camera()
        self._flag, reach = INTERPOLATIONS[interpolation]
        self._border = cv2.BORDER_WRAP if goes_around(layout) else cv2.BORDER_REPLICATE
        self._make_table = TableMaker(layout, self.camera, reach)
        self._kept = kept
        self._tables = OrderedDict()

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
        return self.views([self.look(frame, azimuth_deg, elevation_deg)])[0]

    def look(self, frame, azimuth_deg=0.0, elevation_deg=0.0):
        """Find what a view shows of a frame, for `views`; its planes are kept as long as the look.

        Parameters
        ----------
        frame : av.VideoFrame
            A picture of the panorama.
        azimuth_deg, elevation_deg : float
            Direction of the view's center.

        Returns
        -------
        Look
        """
        picture = yuv_planes(frame)
        size = picture.planes[0].shape[::-1]
        luma, chroma = (
            self._table(size, steps, azimuth_deg, elevation_deg)
            for steps in ((1, 1), picture.chroma_steps)
        )
        y, u, v = picture.planes
        return Look(picture.colors, luma, chroma, (luma.cut(y), chroma.cut(u), chroma.cut(v)))

    def views(self, looks):
        """Take the views of some looks: of four in one direction in little more time than of one.

        Parameters
        ----------
        looks : iterable of Look
            What `look` found.

        Returns
        -------
        list of (height, width, 3) numpy.ndarray of uint8
            RGB; black where the panorama shows nothing.
        """
        views = []
        for _, group in groupby(looks, key=Look.kind):
            views += self._views_alike(list(group))
        return views

    def _views_alike(self, looks):
        luma, chroma = looks[0].luma, looks[0].chroma
        brightness = self._sample([look.planes[0] for look in looks], luma)
        colors = self._sample([plane for look in looks for plane in look.planes[1:]], chroma)
        for look, *samples in zip(looks, brightness, colors[::2], colors[1::2], strict=True):
            rgb = look.colors.to_rgb(cv2.merge(samples))
            if luma.outside is not None:
                rgb[luma.outside] = 0
            yield rgb

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

    def _sample(self, planes, table):
        """Samples (height, width) of each of some planes that were cut for a table."""
        shape = self.camera.height, self.camera.width
        views = [np.empty(shape, plane[0].dtype) for plane in planes]
        for first in range(0, len(planes), AT_ONCE):
            few = slice(first, first + AT_ONCE)
            for tile, *seen in zip(table.tiles, *planes[few], strict=True):
                for view, samples in zip(views[few], self._sample_tile(tile, seen), strict=True):
                    view[tile.rows, tile.columns] = samples
        return views

    def _sample_tile(self, tile, seen):
        """Samples (rows, columns) of a tile in what it sees of up to four planes."""
        if len(seen) == 1 or tile.window is None or self._flag != cv2.INTER_LINEAR:
            return [self._warped(plane, tile) for plane in seen]
        filled = seen + seen[:1] * (AT_ONCE - len(seen))
        return cv2.split(self._warped(_merged(filled), tile))[: len(seen)]

    def _warped(self, plane, tile):
        samples = cv2.remap(plane, *tile.maps, self._flag, borderMode=self._border)
        if samples.shape[:2] == tile.shape:
            return samples
        return cv2.resize(samples, tile.shape[::-1], interpolation=cv2.INTER_AREA)


@dataclass(frozen=True, eq=False)
class Look:
    """What a view shows of a frame.

    Attributes
    ----------
    colors : Colors
        What its samples mean.
    luma, chroma : Table
        Where the samples of the view lie.
    planes : three lists of numpy.ndarray
        What the tables' tiles see of Y, U and V.
    """

    colors: Colors
    luma: Table
    chroma: Table
    planes: tuple

    def kind(self):
        """Looks of one kind are sampled together."""
        return id(self.luma), id(self.chroma), self.planes[0][0].dtype


def _merged(planes):
    """Planes (rows, columns) as channels (rows, columns, planes) of one picture.

    It begins one sample off: what is aligned OpenCV writes past the caches, right to memory, from
    where it takes twice as long to be read back as all the rest.
    """
    shape = (*planes[0].shape, len(planes))
    merged = np.empty(np.prod(shape) + 1, planes[0].dtype)[1:].reshape(shape)
    return cv2.merge(planes, dst=merged)
