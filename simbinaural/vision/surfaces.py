"""Faces as tables that kernels read, and the flat quads among them."""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit
from simbinaural.scenes.scene import Mesh


class Surfaces(NamedTuple):
    """Everything that a kernel asks about a face, one row each.

    Attributes
    ----------
    corner, edge1, edge2 : (faces, 3) numpy.ndarray
        First corner and the edges from it to the others, metres.
    normal : (faces, 3) numpy.ndarray
        Unit, on the front.
    corner_normals : (faces, 3, 3) numpy.ndarray of float32
        For smooth shading.
    uv : (faces, 3, 2) numpy.ndarray
        Texture coordinates of the first corner, and how they change along the edges.
    gradient : (faces, 2, 3) numpy.ndarray
        Change of u and of v per metre.
    texture, label, room : (faces,) numpy.ndarray of int32
        Texture; 0 for the home and k for its k-th object; room or -1.
    tint : (faces, 3) numpy.ndarray of float32
    gloss, emission : (faces,) numpy.ndarray of float32
    """

    corner: np.ndarray
    edge1: np.ndarray
    edge2: np.ndarray
    normal: np.ndarray
    corner_normals: np.ndarray
    uv: np.ndarray
    gradient: np.ndarray
    texture: np.ndarray
    label: np.ndarray
    room: np.ndarray
    tint: np.ndarray
    gloss: np.ndarray
    emission: np.ndarray


def tabulate(mesh, textures, label=0):
    """Write the tables of a mesh.

    Parameters
    ----------
    mesh : Mesh
    textures : sequence of Texture
    label : int
        What the source mask shows.

    Returns
    -------
    Surfaces
    """
    corners = mesh.vertices.astype(float)[mesh.faces]
    edge1, edge2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(edge1, edge2)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
    uv = mesh.uv.astype(float).copy()
    uv[:, 1:] -= uv[:, :1]
    gloss = np.array([texture.gloss for texture in textures], dtype=np.float32)
    emission = np.array([texture.emission for texture in textures], dtype=np.float32)
    return Surfaces(
        corner=corners[:, 0].copy(),
        edge1=edge1,
        edge2=edge2,
        normal=normal,
        corner_normals=mesh.normals.astype(np.float32),
        uv=uv,
        gradient=_gradient(edge1, edge2, uv[:, 1], uv[:, 2]),
        texture=mesh.texture.astype(np.int32),
        label=np.full(len(mesh.faces), label, dtype=np.int32),
        room=mesh.room.astype(np.int32),
        tint=mesh.tint.astype(np.float32),
        gloss=gloss[mesh.texture],
        emission=emission[mesh.texture],
    )


def _gradient(edge1, edge2, uv1, uv2):
    """Gradient (faces, 2, 3) of functions that change by uv1, uv2 along the two edges."""
    e11, e12, e22 = (
        np.einsum("fi,fi->f", a, b)[:, None]
        for a, b in ((edge1, edge1), (edge1, edge2), (edge2, edge2))
    )
    determinant = np.maximum(e11 * e22 - e12 * e12, 1e-20)
    along1 = (e22 * edge1 - e12 * edge2) / determinant
    along2 = (e11 * edge2 - e12 * edge1) / determinant
    return uv1[:, :, None] * along1[:, None] + uv2[:, :, None] * along2[:, None]


def corners_of(surfaces):
    """Corners (faces, 3, 3) of all faces, world."""
    corner = surfaces.corner
    return np.stack([corner, corner + surfaces.edge1, corner + surfaces.edge2], axis=1)


def join(tables, n_textures):
    """Join the tables of several meshes, whose textures are packed one after the other.

    Parameters
    ----------
    tables : sequence of Surfaces
    n_textures : sequence of int
        Textures of each.

    Returns
    -------
    Surfaces
    """
    shifts = np.cumsum([0, *n_textures[:-1]])
    shifted = [
        table._replace(texture=(table.texture + shift).astype(np.int32))
        for table, shift in zip(tables, shifts, strict=True)
    ]
    return Surfaces(*(np.concatenate(columns) for columns in zip(*shifted, strict=True)))


def merge_meshes(meshes):
    """Join meshes into one; texture numbers are kept."""
    shifts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    columns = {
        name: np.concatenate([getattr(mesh, name) for mesh in meshes])
        for name in Mesh.__dataclass_fields__
    }
    columns["faces"] = np.concatenate(
        [mesh.faces + shift for mesh, shift in zip(meshes, shifts, strict=True)]
    ).astype(np.int32)
    return Mesh(**columns)


def find_quads(mesh, surfaces):
    """Find the flat parallelograms: two consecutive faces (a, b, c), (a, c, d).

    Parameters
    ----------
    mesh : Mesh
    surfaces : Surfaces
        Its tables.

    Returns
    -------
    (quads,) numpy.ndarray of int32
        First face of each quad.

    Notes
    -----
    Faces whose corner normals lean are part of a curved surface and lit by vertex instead.
    """
    faces = mesh.faces
    if len(faces) < 2:
        return np.zeros(0, np.int32)
    shared = (faces[:-1, 0] == faces[1:, 0]) & (faces[:-1, 2] == faces[1:, 1])
    # d - a must equal c - b
    slack = np.abs(surfaces.edge2[1:] + surfaces.edge1[:-1] - surfaces.edge2[:-1]).max(axis=1)
    lean = np.einsum("fci,fi->fc", surfaces.corner_normals, surfaces.normal).min(axis=1)
    area = np.linalg.norm(np.cross(surfaces.edge1, surfaces.edge2), axis=1)
    flat = (lean > 0.999) & (area > 1e-8)
    return _take_pairs(shared & (slack < 1e-4) & flat[:-1] & flat[1:])


@njit(cache=True, error_model="numpy")
def _take_pairs(candidate):
    """Take pairs from the left, none of which share a face."""
    taken = np.empty(len(candidate), np.int32)
    count = face = 0
    while face < len(candidate):
        if candidate[face]:
            taken[count] = face
            count += 1
            face += 1
        face += 1
    return taken[:count]
