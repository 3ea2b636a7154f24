"""What all pictures of a scan share: its faces in a good order, clusters, textures, a caster."""

from dataclasses import replace

from simbinaural.casting import RayCaster
from simbinaural.errors import require
from simbinaural.vision.clusters import make_clusters, spatial_order
from simbinaural.vision.home import RecentlyUsed
from simbinaural.vision.surfaces import corners_of, tabulate
from simbinaural.vision.textures import pack_scan_textures


class ScannedHome:
    """A scan, prepared for the camera.

    Parameters
    ----------
    scene : Scene

    Attributes
    ----------
    surfaces : Surfaces
        Its faces in an order of their own, in which neighbors follow one another: they are drawn
        together, and what is seen at a time stays at hand.
    corners : (faces, 3, 3) numpy.ndarray
    clusters : Clusters
    atlas : Atlas
    caster : RayCaster
    """

    def __init__(self, scene):
        mesh = scene.mesh
        require(len(mesh.faces) > 0, f"{scene.name}: scene must have triangles, got none")
        self.scene = scene
        order = spatial_order(mesh.vertices[mesh.faces].mean(axis=1))
        columns = {name: column[order] for name, column in vars(mesh).items() if name != "vertices"}
        mesh = replace(mesh, **columns)
        self.surfaces = tabulate(mesh, scene.textures)
        self.corners = corners_of(self.surfaces)
        self.clusters = make_clusters(self.corners)
        self.atlas = pack_scan_textures(scene.textures)
        self.caster = RayCaster(mesh.vertices, mesh.faces)


_SCANS = RecentlyUsed(1)


def load_scan(scene):
    """Prepare a scan, or return it as it was prepared last.

    Scans are told apart by their arrays' identity, which costs nothing: what is prepared keeps its
    scene, so that no other can get its identity. Only one is kept, as it may take a gigabyte.
    """
    key = (id(scene.mesh), *(id(texture.pixels) for texture in scene.textures))
    return _SCANS.get(key, lambda: ScannedHome(scene))
