"""Views of a panorama, taken straight from the planes that the decoder delivers.

For every direction a table says which samples of a plane each pixel of the view takes. The tables
are kept for as long as few directions come in turn; brightness and color, which most videos store
at half the resolution, have one each. What a panorama has too much of is averaged: where three or
more of its pixels fall on one of the view its planes are shrunk first, and where it is one and a
half each pixel of the view takes the mean of 2 x 2 places.
"""

from collections import OrderedDict
from itertools import groupby
from math import prod

import cv2
import numpy as np

from ambi2binaural.planes import YuvPlanes, yuv_planes
from ambi2binaural.projections import goes_around
from ambi2binaural.view_tables import TableMaker
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
        return self.views([frame], azimuth_deg, elevation_deg)[0]

    def views(self, frames, azimuth_deg=0.0, elevation_deg=0.0):
        """Take the views of some frames: of four in little more time than of one.

        Parameters
        ----------
        frames : iterable of av.VideoFrame
            Pictures of the panorama, of any size and pixel format.
        azimuth_deg, elevation_deg : float
            Direction of the views' center.

        Returns
        -------
        list of (height, width, 3) numpy.ndarray of uint8
            RGB; black where the panorama shows nothing.
        """
        views = []
        for (size, steps, _), alike in groupby(map(yuv_planes, frames), key=YuvPlanes.kind):
            luma, chroma = (
                self._table(size, each, azimuth_deg, elevation_deg) for each in ((1, 1), steps)
            )
            views += self._views_alike(list(alike), luma, chroma)
        return views

    def _views_alike(self, pictures, luma, chroma):
        brightness = self._sample([picture.planes[0] for picture in pictures], luma)
        colors = self._sample([part for picture in pictures for part in picture.planes[1:]], chroma)
        for picture, *samples in zip(pictures, brightness, colors[::2], colors[1::2], strict=True):
            rgb = picture.colors.to_rgb(cv2.merge(samples))
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
        """Samples (height, width) of each of some planes."""
        parts = [table.part.cut(plane) for plane in planes]
        if len(parts) == 1 or not table.has_windows or self._flag != cv2.INTER_LINEAR:
            return [self._assembled(table, [part]) for part in parts]
        samples = []
        for first in range(0, len(parts), AT_ONCE):
            few = parts[first : first + AT_ONCE]
            filled = few + few[:1] * (AT_ONCE - len(few))
            samples += cv2.split(self._assembled(table, filled))[: len(few)]
        return samples

    def _assembled(self, table, parts):
        """Samples (height, width) or (height, width, parts) of one or of some planes' parts."""
        channels = (len(parts),) if len(parts) > 1 else ()
        view = np.empty((self.camera.height, self.camera.width, *channels), parts[0].dtype)
        for tile in table.tiles:
            view[tile.rows, tile.columns] = self._warped(_merged(map(tile.seen, parts)), tile)
        return view

    def _warped(self, seen, tile):
        samples = cv2.remap(seen, *tile.maps, self._flag, borderMode=self._border)
        if samples.shape[:2] == tile.shape:
            return samples
        return cv2.resize(samples, tile.shape[::-1], interpolation=cv2.INTER_AREA)


def _merged(planes):
    """Planes (rows, columns) as channels (rows, columns, planes) of one picture; one as it is.

    It begins one sample off: what is aligned OpenCV writes past the caches, right to memory, from
    where it takes twice as long to be read back as all the rest.
    """
    planes = list(planes)
    if len(planes) == 1:
        return planes[0]
    shape = (*planes[0].shape, len(planes))
    merged = np.empty(prod(shape) + 1, planes[0].dtype)[1:].reshape(shape)
    return cv2.merge(planes, dst=merged)
