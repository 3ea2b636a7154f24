"""A point inside a mesh, even if the mesh has holes.

A point is inside if most rays from it cross the surface an odd number of times. Candidates are the
middles of chords: from a face inwards to where the solid ends again. The deepest one wins, for it
shows its solid from all sides.
"""

import numpy as np
import trimesh

N_CHORDS = 256

BELOW_SURFACE = 0.002
"""How deep the point lies under an open surface, as a share of its size."""


def point_inside(vertices, faces):
    """Find a point inside a solid, where it is thick.

    Parameters
    ----------
    vertices : (vertices, 3) array_like
        Metres.
    faces : (faces, 3) array_like of int
        At least one.

    Returns
    -------
    (3,) numpy.ndarray
        The deepest of `N_CHORDS` candidates; for a surface without inside, a point just below the
        face that is nearest to the middle.
    """
    mesh = trimesh.Trimesh(np.asarray(vertices, dtype=float), faces, process=False)
    points = _chord_middles(mesh)
    crossings, depth = _look_around(mesh, points)
    inside = np.mean(crossings % 2, axis=1) > 0.5
    if not inside.any():
        return _below_surface(mesh)
    off_center = np.linalg.norm(points - mesh.bounds.mean(axis=0), axis=1)
    return points[np.argmax(np.where(inside, depth - 0.02 * off_center, -np.inf))]


def directions_around():
    """Fourteen directions (14, 3), askew so that they miss the edges of upright boxes."""
    corners = np.array(np.meshgrid((-1, 1), (-1, 1), (-1, 1))).reshape(3, -1).T
    even = np.concatenate([np.eye(3), -np.eye(3), corners / np.sqrt(3)])
    return even @ trimesh.transformations.euler_matrix(0.31, 0.17, 0.23)[:3, :3]


def _chord_middles(mesh):
    """Middles (n, 3) of the ways from faces, spread by area, inwards to the next face."""
    ranks = (np.arange(N_CHORDS) + 0.5) / N_CHORDS * mesh.area
    chosen = np.searchsorted(np.cumsum(mesh.area_faces), ranks)
    chosen = np.minimum(chosen, len(mesh.faces) - 1)
    start, normal = mesh.triangles_center[chosen], mesh.face_normals[chosen]
    # Faces may be wound either way: try both sides.
    start, normal = np.concatenate([start, start]), np.concatenate([-normal, normal])
    start = start + 1e-5 * mesh.scale * normal
    distance = _distances(mesh, start, normal)
    found = np.isfinite(distance)
    return start[found] + 0.5 * distance[found, None] * normal[found]


def _distances(mesh, origins, directions):
    """Length (n,) of each ray's way to the first face, infinite without one."""
    places, rays, _ = mesh.ray.intersects_location(origins, directions, multiple_hits=False)
    distance = np.full(len(origins), np.inf)
    distance[rays] = np.linalg.norm(places - origins[rays], axis=1)
    return distance


def _look_around(mesh, points):
    """Crossings (n, 14) of the surface in every direction, and the shortest free way (n,)."""
    directions = directions_around()
    origins = np.repeat(points, len(directions), axis=0)
    rays = np.tile(directions, (len(points), 1))
    places, index, _ = mesh.ray.intersects_location(origins, rays, multiple_hits=True)
    crossings = np.bincount(index, minlength=len(origins))
    shortest = np.full(len(origins), np.inf)
    np.minimum.at(shortest, index, np.linalg.norm(places - origins[index], axis=1))
    shape = (len(points), len(directions))
    return crossings.reshape(shape), shortest.reshape(shape).min(axis=1)


def _below_surface(mesh):
    """Point just under the face that is nearest to the middle of the box."""
    distance = np.linalg.norm(mesh.triangles_center - mesh.bounds.mean(axis=0), axis=1)
    face = np.argmin(np.where(mesh.area_faces > 0, distance, np.inf))
    return mesh.triangles_center[face] - BELOW_SURFACE * mesh.scale * mesh.face_normals[face]
