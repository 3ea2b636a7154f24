"""Rays against triangles: a thin shell around Embree.

Embree keeps 32-bit floats. That settles *which* face a ray meets; where exactly it meets it is
computed again from the face's plane, in 64 bits, where that matters (`simbinaural.vision.shading`).
"""

from typing import NamedTuple

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from simbinaural.errors import require_shape


class Hits(NamedTuple):
    """What rays meet first.

    Attributes
    ----------
    face : (rays,) numpy.ndarray of int32
        -1 where nothing is met.
    u, v : (rays,) numpy.ndarray of float32
        Barycentric weights of the face's second and third corner.
    distance : (rays,) numpy.ndarray of float32
        In lengths of the ray's direction.
    """

    face: np.ndarray
    u: np.ndarray
    v: np.ndarray
    distance: np.ndarray


class RayCaster:
    """Triangles that rays can be cast at.

    Parameters
    ----------
    vertices : (vertices, 3) array_like
        Metres.
    faces : (faces, 3) array_like
        Vertices of each corner.
    """

    def __init__(self, vertices, faces):
        # Robust: rays never slip between two faces that share an edge.
        self._scene = EmbreeScene(robust=True)
        self._empty = len(faces) == 0
        if not self._empty:
            TriangleMesh(
                self._scene,
                np.ascontiguousarray(vertices, dtype=np.float32),
                np.ascontiguousarray(faces, dtype=np.int32),
            )

    def first_hits(self, origins, directions):
        """Find what rays meet first, from both sides of the faces.

        Parameters
        ----------
        origins, directions : (rays, 3) numpy.ndarray of float32
            Metres; directions need not be unit vectors.

        Returns
        -------
        Hits
        """
        if self._empty or len(origins) == 0:
            zeros = np.zeros(len(origins), np.float32)
            return Hits(np.full(len(origins), -1, np.int32), zeros, zeros, zeros)
        found = self._scene.run(origins, directions, query="INTERSECT", output=1)
        return Hits(found["primID"], found["u"], found["v"], found["tfar"])

    def blocked(self, origins, directions, reach=1e9):
        """Tell which rays meet anything.

        Parameters
        ----------
        origins, directions : (rays, 3) numpy.ndarray of float32
        reach : float
            How far the rays go, in lengths of their directions.

        Returns
        -------
        (rays,) numpy.ndarray of bool
        """
        if self._empty or len(origins) == 0:
            return np.zeros(len(origins), dtype=bool)
        return self._scene.run(origins, directions, dists=float(reach), query="OCCLUDED") == 0

    def sees(self, origins, targets):
        """Tell whether nothing stands between points.

        Parameters
        ----------
        origins, targets : (..., 3) array_like
            Metres; broadcast together.

        Returns
        -------
        (...) numpy.ndarray of bool
        """
        origins, targets = np.asarray(origins, dtype=float), np.asarray(targets, dtype=float)
        for name, points in (("origins", origins), ("targets", targets)):
            require_shape(name, points.reshape(-1, *points.shape[-1:]), (None, 3))
        origins, targets = np.broadcast_arrays(origins, targets)
        starts = np.ascontiguousarray(origins.reshape(-1, 3), dtype=np.float32)
        steps = np.ascontiguousarray((targets - origins).reshape(-1, 3), dtype=np.float32)
        return ~self.blocked(starts, steps, 1 - 1e-5).reshape(origins.shape[:-1])
