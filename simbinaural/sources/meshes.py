"""From painted solids to a scene's mesh, smoothly shaded."""

import numpy as np

from simbinaural.scenes.scene import Mesh


def to_mesh(solid):
    """Make a scene's mesh of a solid.

    Returns
    -------
    mesh : Mesh
        With smooth normals; material 0, room -1.
    textures : tuple of Texture
        What `mesh.texture` points to.
    """
    textures = tuple({id(finish.texture): finish.texture for finish in solid.finishes}.values())
    index = {id(texture): k for k, texture in enumerate(textures)}
    texture_of = np.array([index[id(finish.texture)] for finish in solid.finishes])
    color_of = np.array([finish.color for finish in solid.finishes])
    mesh = Mesh(
        vertices=solid.vertices.astype(np.float32),
        faces=solid.faces.astype(np.int32),
        uv=solid.uv.astype(np.float32),
        texture=texture_of[solid.region].astype(np.int32),
        material=np.zeros(len(solid.faces), np.int32),
        room=np.full(len(solid.faces), -1, np.int32),
        tint=color_of[solid.region].astype(np.float32),
        normals=smooth_normals(solid.vertices, solid.faces).astype(np.float32),
    )
    return mesh, textures


def smooth_normals(vertices, faces, *, crease_deg=40.0):
    """Normals of corners, shared by faces that meet at less than the crease angle.

    Parameters
    ----------
    vertices : (vertices, 3) array_like
        Equal positions count as one vertex.
    faces : (faces, 3) array_like of int
    crease_deg : float, optional
        Faces that meet at a sharper angle keep an edge between them.

    Returns
    -------
    (faces, 3, 3) numpy.ndarray
        Unit vectors; those of a face without area point up.

    Notes
    -----
    Faces count by their angle at the corner (Thürmer and Wüthrich 1998), so that it does not matter
    how a surface is cut into triangles.
    """
    vectors = face_vectors(vertices, faces)
    area = np.linalg.norm(vectors, axis=1, keepdims=True)
    flat = np.where(area > 0, vectors / np.maximum(area, 1e-300), (0.0, 1.0, 0.0))
    weighted = np.repeat(flat, 3, axis=0) * _corner_angles(vertices, faces)[:, None]
    corner, other = _corners_that_touch(vertices, faces)
    meet = np.sum(flat[corner // 3] * flat[other // 3], axis=1) > np.cos(np.radians(crease_deg))
    total = np.zeros((3 * len(faces), 3))
    np.add.at(total, corner[meet], weighted[other[meet]])
    length = np.linalg.norm(total, axis=1, keepdims=True)
    smooth = np.where(length > 0, total / np.maximum(length, 1e-300), np.repeat(flat, 3, axis=0))
    return smooth.reshape(-1, 3, 3)


def face_vectors(vertices, faces):
    """Normals (faces, 3), each as long as twice the area of its face."""
    a, b, c = np.moveaxis(np.asarray(vertices, dtype=float)[np.asarray(faces)], 1, 0)
    return np.cross(b - a, c - a)


def _corner_angles(vertices, faces):
    """Angle (3 * faces,) at each corner."""
    corners = np.asarray(vertices, dtype=float)[np.asarray(faces)]
    ahead, back = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    sine = np.linalg.norm(np.cross(ahead, back), axis=-1)
    return np.arctan2(sine, np.sum(ahead * back, axis=-1)).reshape(-1)


def _corners_that_touch(vertices, faces):
    """All ordered pairs of corners that lie at the same place, each with itself too."""
    _, place = np.unique(np.round(vertices, 7), axis=0, return_inverse=True)
    place = place.reshape(-1)[np.asarray(faces).reshape(-1)]
    order = np.argsort(place, kind="stable")
    _, first, count = np.unique(place[order], return_index=True, return_counts=True)
    first, count = np.repeat(first, count), np.repeat(count, count)
    corner = np.repeat(np.arange(len(order)), count)
    step = np.arange(len(corner)) - np.repeat(np.cumsum(count) - count, count)
    return order[corner], order[first[corner] + step]
