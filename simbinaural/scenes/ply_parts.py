"""The part that a PLY file holds: quads become triangles, colors stay at the corners."""

from pathlib import Path

import numpy as np
from PIL import Image

from simbinaural.errors import require
from simbinaural.scenes.mesh_files import Part
from simbinaural.scenes.paint import GRAY, linear_color, shrunk_pixels
from simbinaural.scenes.ply import read_ply

INDICES = ("vertex_indices", "vertex_index")
COLORS = ("red", "green", "blue")
COORDINATES = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"))

LARGEST = 2048
"""Pixels that a texture keeps along its longer side."""

OBJECT = "object_id"
"""Property of a face, or of its vertices, that tells which thing it is part of."""


def ply_parts(path):
    """Read a PLY file's part.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Part
        One, or none where there are no faces. Its names are the things' numbers as text, where the
        file has an ``object_id``.

    Raises
    ------
    InputError
        If it cannot be read, or its faces point to vertices that are not there.
    """
    tables, comments = read_ply(path)
    require("vertex" in tables, f"{path}: PLY must have vertices, got none")
    vertex = _whole(tables["vertex"])
    missing = [axis for axis in "xyz" if axis not in vertex]
    require(not missing, f"{path}: PLY's vertices must have x, y and z")
    vertices = np.stack([vertex[axis].astype(float) for axis in "xyz"], axis=1)
    if "face" not in tables:
        return []
    faces, corner, row = _triangles(tables["face"])
    if not len(faces):
        return []
    inside = (faces >= 0).all() and (faces < len(vertices)).all()
    require(inside, f"{path}: faces must point to the {len(vertices)} vertices")
    columns = _by_face(tables["face"], row)
    labels, names = _things(columns, vertex, faces)
    look = _look(path, comments, columns, vertex, faces, corner)
    return [Part(vertices, faces, labels=labels, names=names, **look)]


def _whole(table):
    """Columns of all rows of a table whose rows are alike."""
    return table.groups[0] if table.groups else {}


def _triangles(table):
    """Faces (n, 3), the corner numbers (n, 3) within each polygon, and each one's row (n,)."""
    faces, corners, rows = [], [], []
    for row, columns in zip(table.rows, table.groups, strict=True):
        name = next((name for name in INDICES if name in columns), None)
        if name is None or columns[name].shape[1] < 3:
            continue
        polygon = columns[name].astype(np.int64)
        for k in range(1, polygon.shape[1] - 1):
            faces.append(polygon[:, [0, k, k + 1]])
            corners.append(np.tile((0, k, k + 1), (len(row), 1)))
            rows.append(row)
    if not faces:
        return np.zeros((0, 3), int), np.zeros((0, 3), int), np.zeros(0, int)
    faces, corners, rows = map(np.concatenate, (faces, corners, rows))
    order = np.argsort(rows, kind="stable")
    return faces[order], corners[order], rows[order]


def _by_face(table, row):
    """Columns without lists, and ``texcoord``, of each triangle."""
    columns = {}
    total = sum(map(len, table.rows))
    for group, chosen in zip(table.groups, table.rows, strict=True):
        for name, values in group.items():
            if name in INDICES or (values.ndim == 2 and name != "texcoord"):
                continue
            shape = (total, *values.shape[1:])
            if name not in columns:
                columns[name] = np.zeros(shape, values.dtype.newbyteorder("="))
            if columns[name].shape[1:] == values.shape[1:]:
                columns[name][chosen] = values
    return {name: values[row] for name, values in columns.items()}


def _things(columns, vertex, faces):
    """Label of each face and the things' numbers as text; an empty name where there are none."""
    if OBJECT in columns:
        number = columns[OBJECT].astype(np.int64)
    elif OBJECT in vertex:
        number = vertex[OBJECT].astype(np.int64)[faces[:, 0]]
    else:
        return np.zeros(len(faces), int), ("",)
    known, labels = np.unique(number, return_inverse=True)
    return labels.reshape(-1), tuple(map(str, known))


def _look(path, comments, columns, vertex, faces, corner):
    """The attributes of a `Part` that tell its colors."""
    picture = _picture(path, comments)
    uv = _coordinates(columns, vertex, faces, corner)
    if picture is not None and uv is not None:
        return {"pixels": picture, "uv": uv, "tint": (1.0, 1.0, 1.0)}
    if all(name in vertex for name in COLORS):
        return {"colors": _colors(vertex)[faces], "tint": (1.0, 1.0, 1.0)}
    if all(name in columns for name in COLORS):
        return {"tint": _colors(columns)}
    return {"tint": GRAY, "plain": True}


def _colors(columns):
    """Linear RGB (n, 3): bytes, or shares of one."""
    colors = np.stack([columns[name] for name in COLORS], axis=1)
    return linear_color(colors * (255.0 if colors.dtype.kind == "f" else 1.0), False)


def _picture(path, comments):
    """Pixels of the texture that a comment names; None if there is none."""
    for comment in comments:
        word, _, name = comment.partition(" ")
        file = Path(path).parent / name.strip()
        if word == "TextureFile" and file.is_file():
            with Image.open(file) as image:
                return shrunk_pixels(image, LARGEST)
    return None


def _coordinates(columns, vertex, faces, corner):
    """Texture coordinates (faces, 3, 2); v counts upwards in the file."""
    uv = None
    if "texcoord" in columns:
        pairs = columns["texcoord"].reshape(len(faces), -1, 2)
        uv = np.take_along_axis(pairs, corner[:, :, None], axis=1)
    for u, v in COORDINATES:
        if uv is None and u in vertex and v in vertex:
            uv = np.stack([vertex[u], vertex[v]], axis=1)[faces]
    return None if uv is None else uv * (1, -1) + (0, 1)
