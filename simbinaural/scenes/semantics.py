"""What the faces of a published scan are: the categories that its data set gives them.

Replica: each face of ``mesh_semantic.ply`` has the number of an object, and ``info_semantic.json``
tells its class. Matterport3D: so has ``<scene>_semantic.ply``, another mesh of the same home, and
``<scene>.house`` tells the category; the filmed mesh takes over what is nearest.
"""

import json
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from simbinaural.errors import InputError
from simbinaural.scenes.categories import heard_as
from simbinaural.scenes.mesh_files import read_mesh

NEAR_M = 0.25
"""Faces of two meshes that are farther apart are not the same surface."""


def name_faces(scan, file):
    """Find the category of each face of a scan.

    Parameters
    ----------
    scan : Scan
    file : MeshFile
        Its mesh.

    Returns
    -------
    names : tuple of str
        Empty where nothing is known.
    index : (faces,) numpy.ndarray of int32
        Into `names`.

    Raises
    ------
    InputError
        If a file with categories is broken.
    """
    info = _beside(scan.mesh, "info_semantic.json")
    if info is not None:
        return _renamed(file.names, file.mesh.material, replica_categories(info))
    house = scan.mesh.with_name(f"{scan.mesh.parent.name}.house")
    if scan.dataset == "mp3d" and house.is_file():
        return _from_house(scan, file, house)
    return file.names, file.mesh.material


def semantic_mesh(scan):
    """Path of Matterport3D's second mesh of a home, which has colors at its vertices."""
    return scan.mesh.with_name(f"{scan.mesh.parent.name}_semantic.ply")


def replica_categories(path):
    """Category of each object of an ``info_semantic.json``, by number as text."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        classes = {int(each["id"]): each["name"] for each in content["classes"]}
        found = {
            str(each["id"]): each.get("class_name") or classes.get(int(each["class_id"]), "")
            for each in content["objects"]
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: must list classes and objects, got {error!r}") from None
    return found


def house_categories(path):
    """Category of each object of a ``.house`` file, by number as text.

    Notes
    -----
    ``C index number raw_name number mpcat40_name ...`` and ``O index region category ...``. The raw
    name says more (``carpet`` is a ``floor`` in the 40 categories), where it is known.
    """
    categories, found = {}, {}
    try:
        for line in Path(path).read_text(encoding="latin-1").splitlines():
            words = line.split()
            if words[:1] == ["C"]:
                raw, plain = words[3].replace("#", " "), words[5]
                categories[int(words[1])] = raw if heard_as(raw) else plain
            elif words[:1] == ["O"]:
                found[words[1]] = int(words[3])
    except (ValueError, IndexError):
        raise InputError(f"{path}: must be a house file of Matterport3D, got {line!r}") from None
    return {number: categories.get(category, "") for number, category in found.items()}


def _from_house(scan, file, house):
    categories = house_categories(house)
    path = semantic_mesh(scan)
    if not path.is_file():
        return file.names, file.mesh.material
    if "" not in file.names and set(file.names) & set(categories):
        return _renamed(file.names, file.mesh.material, categories)
    other = read_mesh(path, up=scan.up, unit_scale=scan.unit_scale)
    names, index = _renamed(other.names, other.mesh.material, categories)
    apart, nearest = cKDTree(_centers(other.mesh)).query(
        _centers(file.mesh), distance_upper_bound=NEAR_M
    )
    index = np.append(index, len(names))[np.where(np.isfinite(apart), nearest, len(index))]
    return _compact((*names, ""), index)


def _renamed(numbers, index, categories):
    """Names instead of numbers."""
    return _compact([categories.get(number, "") for number in numbers], index)


def _compact(names, index):
    """Each name once, and only those that faces have."""
    known = sorted({names[k] for k in np.unique(index)})
    place = np.array([known.index(name) if name in known else 0 for name in names], np.int32)
    return tuple(known), place[index]


def _centers(mesh):
    return mesh.vertices[mesh.faces].mean(axis=1)


def _beside(path, name):
    """Path of a file in the same folder or the one above; None if there is none."""
    for folder in (path.parent, path.parent.parent):
        if (folder / name).is_file():
            return folder / name
    return None
