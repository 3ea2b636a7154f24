"""Scans with objects in them, ready to be filmed."""

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.clusters import rasterize_clusters
from simbinaural.vision.frame import Frame, lens_of
from simbinaural.vision.raster import SAMPLES
from simbinaural.vision.rays import aim
from simbinaural.vision.scan import load_scan
from simbinaural.vision.shadows import cast_shadows
from simbinaural.vision.surfaces import corners_of
from simbinaural.vision.surroundings import insert, light_up, nearest_hits, pair_casters
from simbinaural.vision.textures import LINEAR
from simbinaural.vision.unlit import World, mix_reflections, mix_samples, shade_pixels, show

EDGE = np.float32(0.04)
"""Where depth bends by this share between neighboring pixels, something stands before something."""


class ScanSet:
    """A scan with objects in it.

    Parameters
    ----------
    scene : Scene
    objects : sequence of PlacedObject

    Attributes
    ----------
    world : World
    corners : (faces, 3, 3) numpy.ndarray
        Of the objects' faces, world.
    scan_caster : RayCaster
        The scan alone.
    """

    def __init__(self, scene, objects):
        self._scan = load_scan(scene)
        inserted = insert(objects)
        self._objects = inserted.stage.surfaces
        self.corners = corners_of(self._objects)
        self.scan_caster = self._scan.caster
        self._casters = pair_casters(self._scan, inserted)
        self.world = World(
            self._scan.surfaces, self._scan.atlas, LINEAR, inserted.stage, cast_shadows([], [])
        )
        if objects:
            light = light_up(self.world, inserted, self._casters)
            self.world = self.world._replace(
                objects=inserted.stage._replace(light=light),
                shadows=cast_shadows(objects, inserted.mean_albedo),
            )

    def film(self, view, camera):
        """Take a picture (see `Renderer.render`)."""
        world, flat = self.world, camera.projection == "perspective"
        faces = self._find_faces(view, camera)
        light, depth, mask, mirrored = shade_pixels(world, view, faces, flat)
        if len(mirrored.pixel) > 0:
            hits = self._cast(mirrored.origin, mirrored.way)
            mix_reflections(world, view, mirrored, hits.face, light)
        pixels = np.flatnonzero(find_edges(depth, mask, flat)).astype(np.int32)
        rays = [aim(view, np.ascontiguousarray(ways[:, pixels])) for ways in view.ways[1:]]
        others = np.stack([self._cast(*pair).face for pair in rays])
        mix_samples(world, view, pixels, others, light)
        return Frame(show(light.reshape(-1)).reshape(*depth.shape, 3), depth, mask)

    def mask(self, view, camera):
        """Label (height, width) of what each pixel sees."""
        faces = self._find_faces(view, camera) - len(self._scan.surfaces.label)
        mask = np.zeros(faces.shape, np.uint8)
        mask[faces >= 0] = self._objects.label[faces[faces >= 0]]
        return mask

    def object_corners(self, label):
        """Corners (faces, 3, 3) of the object with a label, world."""
        return self.corners[self._objects.label == label]

    def sees(self, origins, targets, through_objects):
        """Tell whether nothing stands between points (see `Renderer.sees`)."""
        casters = self._casters[: 1 if through_objects else 2]
        return np.logical_and.reduce([caster.sees(origins, targets) for caster in casters])

    def _find_faces(self, view, camera):
        """Face (height, width) that each pixel's centre sees."""
        if camera.projection == "perspective":
            scan = self._scan
            lens = lens_of(view, camera)
            return rasterize_clusters(scan.clusters, scan.corners, self.corners, lens, SAMPLES[:1])[
                0
            ]
        return self._cast(*aim(view, view.ways[0])).face.reshape(camera.height, camera.width)

    def _cast(self, origins, ways):
        return nearest_hits(self._casters, origins, ways)


@njit(cache=True, error_model="numpy")
def find_edges(depth, mask, flat):
    """Tell in which pixels (height, width) several surfaces may meet.

    Parameters
    ----------
    depth : (height, width) numpy.ndarray of float32
    mask : (height, width) numpy.ndarray of uint8
    flat : bool
        Whether the picture ends at its sides: panoramas are round.

    Notes
    -----
    The inverse of depth is linear in the pixels of a plane, however steeply it is seen: its second
    difference tells where one thing ends before another. It does so on both sides of the edge.
    """
    height, width = depth.shape
    edge = np.zeros((height, width), dtype=np.bool_)
    nearness = np.zeros((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            if depth[row, column] > 0:
                nearness[row, column] = 1 / depth[row, column]
    for row in range(height):
        for column in range(width):
            left, right = column - 1, column + 1
            if flat:
                left, right = max(left, 0), min(right, width - 1)
            elif right == width:
                right = 0
            up, down = max(row - 1, 0), min(row + 1, height - 1)
            here, label = nearness[row, column], mask[row, column]
            across = _bends(nearness[row, left], here, nearness[row, right])
            along = _bends(nearness[up, column], here, nearness[down, column])
            edge[row, column] = (
                ((0 < column < width - 1 or not flat) and across)
                or (0 < row < height - 1 and along)
                or (
                    mask[row, left] != label
                    or mask[row, right] != label
                    or mask[up, column] != label
                    or mask[down, column] != label
                )
            )
    return edge


@njit(cache=True, error_model="numpy", forceinline=True)
def _bends(before, here, after):
    return abs(before - here - here + after) > EDGE * max(before, here, after)
