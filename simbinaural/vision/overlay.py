"""Objects laid over a picture of a scan that another renderer took, by a test of depth.

The objects' light and shadows are the same as in the embedded renderer's own pictures.
"""

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.frame import Frame, lens_of
from simbinaural.vision.raster import SAMPLES, rasterize
from simbinaural.vision.rays import aim, aim_ray, column3, dot, row3, to_world
from simbinaural.vision.shading import BLOCK, make_block, radiance
from simbinaural.vision.shadows import dim, is_near
from simbinaural.vision.textures import LINEAR, STEPS
from simbinaural.vision.unlit import show

SLACK = 1e-3
"""Share of the distance by which an object may lie behind the scan: a guitar on a bumpy floor."""


def lay_over(scan_set, view, camera, picture):
    """Show the objects of a set in a perspective picture of its scan.

    Parameters
    ----------
    scan_set : ScanSet
    view : View
    camera : Camera
    picture : Frame
        Of the scan alone; its mask is not read.

    Returns
    -------
    Frame
    """
    corners, world = scan_set.corners, scan_set.world
    if len(corners) == 0:
        return Frame(picture.rgb, picture.depth, np.zeros(picture.depth.shape, np.uint8))
    light = LINEAR[::STEPS][picture.rgb].reshape(-1, 3)
    scan_depth = np.ascontiguousarray(picture.depth, dtype=np.float32).ravel()
    pixels = _pixels_near(world.shadows, view, scan_depth)
    rays = aim(view, np.ascontiguousarray(view.ways[0][:, pixels]))
    faces = scan_set.scan_caster.first_hits(*rays).face
    _dim_pixels(world, view, (pixels, faces), scan_depth, light)
    near = np.ones(len(corners), dtype=bool)
    faces = rasterize(corners, lens_of(view, camera), SAMPLES, near).reshape(len(SAMPLES), -1)
    depth, mask = _lay(world, view, faces, scan_depth, light)
    shape = picture.depth.shape
    return Frame(
        show(light.reshape(-1)).reshape(*shape, 3), depth.reshape(shape), mask.reshape(shape)
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def _ahead(turn, way):
    """Share of a unit vector that goes along the view axis."""
    return -(way[0] * turn[0, 2] + way[1] * turn[1, 2] + way[2] * turn[2, 2])


@njit(cache=True, error_model="numpy", forceinline=True)
def _place(view, pixel, depth):
    """Where in the world a pixel's centre ends, and the way there."""
    way = to_world(view.turn, column3(view.ways[0], pixel))
    distance = depth / _ahead(view.turn, way)
    return (
        view.eye[0] + distance * way[0],
        view.eye[1] + distance * way[1],
        view.eye[2] + distance * way[2],
    ), way


@njit(cache=True, error_model="numpy")
def _pixels_near(shadows, view, depth):
    """Pixels (n,) that see what lies so near an object that it may shade it."""
    pixels, count = np.empty(len(depth), np.int64), 0
    for pixel in range(len(depth)):
        if depth[pixel] > 0 and is_near(shadows, _place(view, pixel, depth[pixel])[0]):
            pixels[count] = pixel
            count += 1
    return pixels[:count]


@njit(cache=True, error_model="numpy")
def _dim_pixels(world, view, seen, depth, light):
    """Let objects shade pixels that see known faces of the scan."""
    pixels, faces = seen
    for k in range(len(pixels)):
        if faces[k] < 0:
            continue
        place, way = _place(view, pixels[k], depth[pixels[k]])
        normal = row3(world.surfaces.normal, faces[k])
        side = 1.0 if dot(way, normal) < 0 else -1.0
        left = dim(world.shadows, place, normal, side)
        for axis in range(3):
            light[pixels[k], axis] *= left[axis]


@njit(cache=True, error_model="numpy")
def _lay(world, view, faces, scan_depth, light):
    """Lay objects over the light (pixels, 3).

    Parameters
    ----------
    faces : (samples, pixels) numpy.ndarray of int32
        Faces of objects, as if nothing hid them.

    Returns
    -------
    depth : (pixels,) numpy.ndarray of float32
    mask : (pixels,) numpy.ndarray of uint8
    """
    n_samples, n_pixels = faces.shape
    depth, mask = scan_depth.copy(), np.zeros(n_pixels, np.uint8)
    cover, added = np.zeros(n_pixels, np.float32), np.zeros((n_pixels, 3), np.float32)
    block, brought = make_block(), np.empty((BLOCK, 3), np.float32)
    pixel, centre = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.bool_)
    share, count = np.float32(1) / np.float32(n_samples), 0
    for place in range(n_pixels * n_samples + 1):
        here, sample = place // n_samples, place % n_samples
        last = place == n_pixels * n_samples
        if not last and faces[sample, here] >= 0:
            block.rays.face[count], pixel[count] = faces[sample, here], here
            centre[count] = sample == 0
            aim_ray(block.rays, count, view, sample, here)
            count += 1
        if count < BLOCK and not last:
            continue
        radiance(world.objects, block, count, brought)
        for ray in range(count):
            at, ahead = pixel[ray], _ahead(view.turn, column3(block.rays.way, ray))
            deep = block.rays.distance[ray] * ahead
            if scan_depth[at] > 0 and deep > scan_depth[at] * (1 + SLACK):
                continue
            cover[at] += share
            for k in range(3):
                added[at, k] += share * min(brought[ray, k], np.float32(1))
            if centre[ray]:
                depth[at] = deep
                mask[at] = world.objects.surfaces.label[block.rays.face[ray]]
        count = 0
    for at in range(n_pixels):
        for k in range(3):
            light[at, k] = light[at, k] * (1 - cover[at]) + added[at, k]
    return depth, mask
