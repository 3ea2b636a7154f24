"""How much of an object is seen."""

import numpy as np

from simbinaural.casting import RayCaster
from simbinaural.vision.frame import lens_of
from simbinaural.vision.raster import SAMPLES, rasterize
from simbinaural.vision.rays import aim


def visible_share(objects, view, camera, mask):
    """Share of each object's silhouette that is seen.

    Parameters
    ----------
    objects : sequence of (faces, 3, 3) numpy.ndarray
        Corners of each object's faces, world.
    view : View
    camera : Camera
    mask : (height, width) numpy.ndarray
        k where object k is seen, counted from 1.

    Returns
    -------
    (objects,) numpy.ndarray of float32
        Visible pixels over pixels of the silhouette that falls into the frame, 0 to 1; 0 for an
        object out of frame.
    """
    visible = np.bincount(mask.ravel(), minlength=len(objects) + 1)[1:]
    whole = [_silhouette(corners, view, camera) for corners in objects]
    return (visible / np.maximum(whole, 1)).astype(np.float32)


def _silhouette(corners, view, camera):
    """Pixels that an object would fill if nothing hid it."""
    if camera.projection == "perspective":
        near = np.ones(len(corners), dtype=bool)
        faces = rasterize(corners, lens_of(view, camera), SAMPLES[:1], near)
        return np.count_nonzero(faces >= 0)
    corners = corners.reshape(-1, 3)
    caster = RayCaster(corners, np.arange(len(corners)).reshape(-1, 3))
    return np.count_nonzero(caster.blocked(*aim(view, view.ways[0])))
