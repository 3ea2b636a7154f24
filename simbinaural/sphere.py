"""Directions spread over the sphere: which three surround another, what share each stands for."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simbinaural.errors import require, require_shape
from simbinaural.geometry import direction_vectors, to_count
from simbinaural.sphere_cells import cell_shares

MIRROR = np.array([-1.0, 1.0, 1.0])
"""Factors that swap left and right."""


@dataclass(frozen=True, eq=False)
class Sphere:
    """Directions that enclose the origin.

    Attributes
    ----------
    directions : (N, 3) numpy.ndarray
        Unit vectors in body axes, all different.
    """

    directions: np.ndarray

    def neighbors(self, vectors):
        """Find the three directions around each vector and their shares.

        Parameters
        ----------
        vectors : (n, 3) array_like
            Body axes, any length but zero.

        Returns
        -------
        indices : (n, 3) numpy.ndarray of int32
            Into `directions`.
        weights : (n, 3) numpy.ndarray of float64
            Not negative, sum 1; one of them 1 where a vector is one of the directions.

        Raises
        ------
        InputError
            If the shape differs or a vector is zero or not finite.

        Notes
        -----
        A vector is a positive combination of the corners of its triangle of the convex hull, as in
        vector base amplitude panning (Pulkki, JAES 45(6), 1997, eq. 9), here with sum 1. In a set
        that is its own mirror image, the right half is looked up through the left: so mirrored
        vectors have mirrored neighbors, although the diagonals of the hull's quadrangles have not.
        """
        vectors = np.ascontiguousarray(vectors, dtype=float)
        require_shape("vectors", vectors, (None, 3))
        size = np.abs(vectors).max(axis=1, initial=0)
        usable = (size > 0) & np.isfinite(size)
        require(usable.all(), f"vectors must be finite and not zero, got {vectors[~usable][:1]}")
        # numba takes a sixth of a second to load, and who only spreads directions needs none.
        from simbinaural.sphere_walk import locate

        return locate(vectors, *self._triangles, self._mirrored)

    @cached_property
    def solid_angles(self):
        """Share of the sphere that is nearest to each direction: (N,), sum 1."""
        return cell_shares(self.directions)

    @cached_property
    def _triangles(self):
        """Corners (T, 3), inverse bases (T, 3, 3), triangle across from each corner (T, 3)."""
        from scipy.spatial import ConvexHull  # takes a third of a second to load

        hull = ConvexHull(self.directions)
        corners = np.ascontiguousarray(hull.simplices, dtype=np.int32)
        bases = np.swapaxes(self.directions[corners], 1, 2)
        return corners, np.linalg.inv(bases), np.ascontiguousarray(hull.neighbors, dtype=np.int32)

    @cached_property
    def _mirrored(self):
        """The mirror image of each direction (N,); empty where one of them has none."""
        place = {key: index for index, key in enumerate(_keys(self.directions))}
        mirrored = [place.get(key, -1) for key in _keys(self.directions * MIRROR)]
        return np.array([] if -1 in mirrored else mirrored, dtype=np.int32)


def _keys(vectors):
    return [tuple(vector) for vector in np.round(vectors, 6) + 0.0]  # no negative zeros


def with_mirror_images(vectors):
    """Unit vectors (n, 3) and those of their mirror images that are not among them."""
    known = set(_keys(vectors))
    mirrored = vectors * MIRROR
    fresh = [key not in known for key in _keys(mirrored)]
    return np.concatenate([vectors, mirrored[fresh]])


def spread_directions(spacing_deg):
    """Unit vectors on rings of elevation, poles included, symmetric to the median plane."""
    n_rings = to_count(1, 180 / spacing_deg)
    rings = []
    for elevation in np.linspace(-90, 90, n_rings + 1):
        half = max(1, to_count(np.cos(np.radians(elevation)), n_rings))
        azimuth = np.arange(2 * half) * 180 / half if abs(elevation) < 90 else np.zeros(1)
        rings.append(direction_vectors(azimuth, elevation))
    vectors = np.concatenate(rings)
    vectors[np.abs(vectors) < 1e-12] = 0
    return vectors
