"""Walks over the triangles of a hull, compiled: what `simbinaural.sphere` looks vectors up by."""

import numpy as np

from simbinaural.kernels import njit


@njit(cache=True)
def locate(vectors, corners, inverses, across, mirror):
    """Find the triangle around each vector, and the shares of its corners.

    Parameters
    ----------
    vectors : (n, 3) numpy.ndarray of float64
        Not zero.
    corners, inverses, across : (T, 3) int32, (T, 3, 3) float64, (T, 3) int32 numpy.ndarray
        Directions at each triangle's corners, inverse of their basis, triangles across from them.
    mirror : (N,) numpy.ndarray of int32
        Each direction's mirror image; empty where there are none.

    Returns
    -------
    indices : (n, 3) numpy.ndarray of int32
        The corners.
    weights : (n, 3) numpy.ndarray of float64
        Their shares, sum 1.
    """
    indices = np.empty((len(vectors), 3), np.int32)
    weights = np.empty((len(vectors), 3))
    for i in range(len(vectors)):
        swap = mirror.size > 0 and vectors[i, 0] > 0
        x = -vectors[i, 0] if swap else vectors[i, 0]
        y, z = vectors[i, 1], vectors[i, 2]
        triangle = _walk(x, y, z, inverses, across)
        total = 0.0
        for k in range(3):
            share = max(_share(x, y, z, inverses[triangle, k]), 0.0)
            corner = corners[triangle, k]
            indices[i, k] = mirror[corner] if swap else corner
            weights[i, k] = share
            total += share
        weights[i] /= total
    return indices, weights


@njit(cache=True)
def _walk(x, y, z, inverses, across):
    """Walk from triangle to triangle, always across from the most negative share."""
    triangle, best, best_least = 0, 0, -np.inf
    n_triangles = len(inverses)
    # A walk takes some twenty steps; should it circle among equals, all are tried in turn.
    for step in range(2 * n_triangles):
        if step >= n_triangles:
            triangle = step - n_triangles
        least, largest, worst = np.inf, 0.0, 0
        for k in range(3):
            share = _share(x, y, z, inverses[triangle, k])
            largest = max(largest, abs(share))
            if share < least:
                least, worst = share, k
        if least / largest > best_least:
            best, best_least = triangle, least / largest
        if best_least >= -1e-12:
            break
        triangle = across[triangle, worst]
    return best


@njit(cache=True)
def _share(x, y, z, row):
    return row[0] * x + row[1] * y + row[2] * z
