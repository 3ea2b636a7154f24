"""Frames of a panorama to encoded views, on a thread beside the decoder's."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from operator import itemgetter

from ambi2binaural.views import AT_ONCE
from simbinaural.video import encode_jpeg

GROUPS_AHEAD = 1
"""Groups of `AT_ONCE` views that are waited for only once the frames of the next are there."""


def film(warp, frames):
    """Take the view of each frame, and encode it as JPEG.

    The views of up to `AT_ONCE` frames in one direction are taken together; three times as many
    frames are held at most.

    Parameters
    ----------
    warp : ambi2binaural.views.ViewWarp
        What takes the views.
    frames : iterable of (av.VideoFrame, (float, float))
        Each with azimuth_deg and elevation_deg of its view.

    Yields
    ------
    (bytes,) numpy.ndarray of uint8
        A JPEG file.
    (float, float)
        Its direction.
    """
    waiting = deque()
    with ThreadPoolExecutor(1) as thread:
        for way, group in groupby(frames, key=itemgetter(1)):
            while few := [frame for frame, _ in islice(group, AT_ONCE)]:
                waiting.append((thread.submit(_encoded_views, warp, few, way), way))
                if len(waiting) > GROUPS_AHEAD:
                    yield from _each(*waiting.popleft())
        for views, way in waiting:
            yield from _each(views, way)


def _encoded_views(warp, frames, way):
    return [encode_jpeg(view) for view in warp.views(frames, *way)]


def _each(views, way):
    return ((view, way) for view in views.result())
