"""What a picture is taken with, and what it is: the same for homes and for scans."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simbinaural.geometry import pixel_vectors, rotation_matrix
from simbinaural.vision.raster import SAMPLES, Lens
from simbinaural.vision.rays import View


@dataclass(frozen=True)
class Frame:
    """A picture and its geometry.

    Attributes
    ----------
    rgb : (height, width, 3) numpy.ndarray of uint8
    depth : (height, width) numpy.ndarray of float32
        Metres, along the view axis, radial in panoramas; 0 where nothing is hit.
    mask : (height, width) numpy.ndarray of uint8
        0 background, k = visible pixels of object k, counted from 1.
    """

    rgb: np.ndarray
    depth: np.ndarray
    mask: np.ndarray


def view_from(pose, camera):
    """Rays of a picture's samples: View."""
    ways, pixel = _rays(camera)
    return View(pose.position, np.ascontiguousarray(rotation_matrix(pose.orientation)), ways, pixel)


def lens_of(view, camera):
    """What a rasterizer needs to know about a perspective picture: Lens."""
    return Lens(view.eye, view.turn, (camera.height, camera.width), camera.focal_px)


@lru_cache(maxsize=2)
def _rays(camera):
    """Unit body vectors (samples, 3, pixels) of pixels, and the angle (pixels,) that they span."""
    columns, rows = np.arange(camera.width) + 0.5, np.arange(camera.height)[:, None] + 0.5
    ways = np.stack([pixel_vectors(camera, columns + x, rows + y) for x, y in SAMPLES])
    angle = np.full((camera.height, camera.width), 2 * np.pi / camera.width)
    if camera.projection == "perspective":
        angle = -ways[0, :, :, 2] / camera.focal_px
    ways = np.ascontiguousarray(ways.reshape(len(SAMPLES), -1, 3).transpose(0, 2, 1))
    return ways, angle.ravel().astype(np.float32)
