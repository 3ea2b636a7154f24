"""A scene of triangles, prepared once for rays of sound."""

import zlib
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from simbinaural.acoustics.mesh_planes import Planes, find_planes
from simbinaural.acoustics.planes import N_BANDS
from simbinaural.casting import RayCaster
from simbinaural.errors import require

_KEPT = 2


class Surfaces(NamedTuple):
    """Faces as kernels read them.

    Attributes
    ----------
    faces : (faces, 16) numpy.ndarray of float32
        In each row, which is read at one stroke, the first corner, the edges to the second and the
        third, the unit normal, the row of `absorption` and `scattering`, that of `plane_normals`
        or -1, and nothing.
    plane_normals : (planes, 3) numpy.ndarray
        Unit vectors, of either sign.
    absorption, scattering : (materials, 7) numpy.ndarray
        Energy fractions.
    """

    faces: np.ndarray
    plane_normals: np.ndarray
    absorption: np.ndarray
    scattering: np.ndarray


# Columns of `Surfaces.faces`.
CORNER, SECOND, THIRD, NORMAL, MATERIAL, PLANE = 0, 3, 6, 9, 12, 13


class MeshScene:
    """What rays of sound need of a scene.

    Parameters
    ----------
    scene : Scene

    Attributes
    ----------
    caster : RayCaster
    planes : Planes
    surfaces : Surfaces
    leak : float or None
        Share of the energy that left the scene through holes before anything absorbed it, in the
        last trace; None before.

    Raises
    ------
    InputError
        If the scene has no triangles.
    """

    def __init__(self, scene):
        mesh = scene.mesh
        has_faces = mesh is not None and len(mesh.faces) > 0
        require(has_faces, f"{scene.name}: scene must have triangles, got none")
        vertices = np.ascontiguousarray(mesh.vertices, dtype=np.float32)
        faces = np.ascontiguousarray(mesh.faces, dtype=np.int32)
        assert mesh.material.max() < len(scene.materials)
        normals, areas = _normals(vertices, faces)
        self.caster = RayCaster(vertices, faces)
        self.planes: Planes = find_planes(vertices.astype(float), faces, normals, areas)
        self.surfaces = Surfaces(
            _table(vertices[faces], normals, mesh.material, self.planes.of_face),
            self.planes.normals,
            np.array([m.absorption for m in scene.materials], dtype=float).reshape(-1, N_BANDS),
            np.array([m.scattering for m in scene.materials], dtype=float).reshape(-1, N_BANDS),
        )
        self.leak = None


def prepare(scene):
    """Prepare a scene, or return what was prepared of the same mesh and materials before.

    Parameters
    ----------
    scene : Scene
        With triangles.

    Returns
    -------
    MeshScene
    """
    key = _fingerprint(scene)
    if key not in _PREPARED:
        _PREPARED[key] = MeshScene(scene)
    _PREPARED.move_to_end(key)
    while len(_PREPARED) > _KEPT:
        _PREPARED.popitem(last=False)
    return _PREPARED[key]


_PREPARED = OrderedDict()


def _fingerprint(scene):
    """Tell scenes apart that bear the same name."""
    if scene.mesh is None:
        return (scene.name,)
    shapes = scene.mesh.vertices, scene.mesh.faces, scene.mesh.material
    coefficients = [c for m in scene.materials for c in (m.absorption, m.scattering)]
    check = 0
    for array in (*shapes, *coefficients):
        check = zlib.crc32(np.ascontiguousarray(array), check)
    return (scene.name, len(scene.mesh.faces), len(scene.materials), check)


def _normals(vertices, faces):
    """Unit normals (faces, 3) and areas (faces,)."""
    a, b, c = (vertices[faces[:, k]].astype(float) for k in range(3))
    normals = np.cross(b - a, c - a)
    doubled = np.linalg.norm(normals, axis=1)
    normals /= np.maximum(doubled, 1e-300)[:, None]
    return normals, doubled / 2


def _table(corners, normals, material, plane):
    """Rows of `Surfaces.faces`; whole numbers below 2^24 are whole in single precision."""
    table = np.zeros((len(corners), 16), np.float32)
    table[:, CORNER : CORNER + 3] = corners[:, 0]
    table[:, SECOND : SECOND + 3] = corners[:, 1] - corners[:, 0]
    table[:, THIRD : THIRD + 3] = corners[:, 2] - corners[:, 0]
    table[:, NORMAL : NORMAL + 3] = normals
    table[:, MATERIAL], table[:, PLANE] = material, plane
    return table
