"""SoundSpaces 1.0: the points of a scanned home for which responses were computed beforehand.

::

    <root>/metadata/<dataset>/<scene>/points.txt   index x y z: mesh axes (z up), at ear height
                                      graph.pkl    which of them an agent reaches, and from where

Chen et al., "SoundSpaces: Audio-Visual Navigation in 3D Environments", ECCV 2020.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simbinaural.errors import InputError, require
from simbinaural.scenes.pickled_graph import read_pickled_graph
from simbinaural.scenes.scene import Ground

EAR_HEIGHT_M = {"mp3d": 1.5, "replica": 1.5528907}
"""Ears and sources above the floor."""

SPACING_M = {"mp3d": 1.0, "replica": 0.5}


@dataclass(frozen=True, eq=False)
class Grid:
    """Where listeners and sources can be.

    Attributes
    ----------
    indices : (points,) numpy.ndarray of int
        Their names in files, growing.
    points : (points, 3) numpy.ndarray
        On the floor, world, metres.
    edges : (edges, 2) numpy.ndarray of int
        Pairs of neighbors, as rows of `points`; each pair once.
    ear_height_m, spacing_m : float
        Ears above the floor, and the distance of neighbors.
    """

    indices: np.ndarray
    points: np.ndarray
    edges: np.ndarray
    ear_height_m: float
    spacing_m: float

    @cached_property
    def area(self):
        """Connected area (points,) of each point, from 0, the largest."""
        n_points = len(self.points)
        links = coo_array((np.ones(len(self.edges)), self.edges.T), shape=(n_points, n_points))
        n_areas, label = connected_components(links, directed=False)
        rank = np.argsort(np.argsort(-np.bincount(label, minlength=n_areas), kind="stable"))
        return rank[label]


def find_folder(root, *parts):
    """Find a folder of SoundSpaces under the root of all data sets, or in its ``soundspaces``.

    Returns
    -------
    Path or None
        None where it is missing.
    """
    places = (Path(root).joinpath(*parts), Path(root, "soundspaces", *parts))
    return next((place for place in places if place.is_dir()), None)


def find_metadata(root, dataset, scene_id):
    """Find the folder with a scene's points and graph.

    Parameters
    ----------
    root : path-like
        Of the data sets.
    dataset : str
        ``mp3d`` or ``replica``.
    scene_id : str
        Name of the scene.

    Returns
    -------
    Path or None
        None where it is missing, or the data set is another.
    """
    if dataset not in EAR_HEIGHT_M:
        return None
    return find_folder(root, "metadata", dataset, scene_id)


def read_grid(folder, dataset):
    """Read the points that an agent reaches.

    Parameters
    ----------
    folder : Path
        With ``graph.pkl`` and ``points.txt``, from `find_metadata`.
    dataset : str
        ``mp3d`` or ``replica``.

    Returns
    -------
    Grid
        May be empty: some scenes have no such point.

    Raises
    ------
    InputError
        If a file is missing or something else, or a node is at no known point.
    """
    indices, edges, known = read_graph(_existing(folder / "graph.pkl"))
    places = dict(zip(*read_points(_existing(folder / "points.txt"), dataset), strict=True))
    places.update(known)
    for index in indices:
        require(
            index in places,
            f"{folder / 'points.txt'}: points must have those of graph.pkl, got none of {index}",
        )
    points = np.array([places[index] for index in indices]).reshape(-1, 3)
    return Grid(indices, points, edges, EAR_HEIGHT_M[dataset], SPACING_M[dataset])


def _existing(path):
    require(
        path.is_file(), f"{path}: file must be there, got none; fetch SoundSpaces' metadata.tar.xz"
    )
    return path


def read_points(path, dataset):
    """Read points and turn them into world axes.

    Parameters
    ----------
    path : Path
        ``points.txt``: index, x, y, z with z up, at ear height.
    dataset : str
        ``mp3d`` or ``replica``, which differ in the height of ears.

    Returns
    -------
    indices : (n,) numpy.ndarray of int
    points : (n, 3) numpy.ndarray
        On the floor: (x, z - ear height, -y), as Habitat has it.

    Raises
    ------
    InputError
        If a line is no index with three numbers, or an index comes twice.
    """
    lines = path.read_text(errors="replace").splitlines()
    rows = [
        _parse_point(path, number, line)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    table = np.array(rows, dtype=float).reshape(-1, 4)
    indices = table[:, 0].astype(int)
    unique, count = np.unique(indices, return_counts=True)
    require(
        not (count > 1).any(),
        f"{path}: each index must come once, got {unique[count > 1][:1].tolist()} more often",
    )
    x, y, z = table[:, 1:].T
    return indices, np.stack([x, z - EAR_HEIGHT_M[dataset], -y], axis=1)


def _parse_point(path, number, line):
    try:
        index, *point = (float(part) for part in line.split())
        valid = len(point) == 3 and np.isfinite(point).all() and index == int(index) >= 0
    except (ValueError, OverflowError):
        valid = False
    if not valid:
        raise InputError(f"{path}: line {number} must be an index and x, y, z, got {line[:60]!r}")
    return index, *point


def read_graph(path):
    """Read which points are neighbors.

    Parameters
    ----------
    path : Path
        ``graph.pkl``: a pickled networkx Graph, whose nodes have an attribute ``point``.

    Returns
    -------
    indices : (n,) numpy.ndarray of int
        The nodes, growing.
    edges : (edges, 2) numpy.ndarray of int
        Positions in `indices` of neighbors, each pair once.
    points : dict of int to (3,) numpy.ndarray
        Where nodes are, of those that tell: world, on the floor.

    Raises
    ------
    InputError
        If the file is anything but a graph of that kind; nothing of it is run.
    """
    nodes, neighbors = read_pickled_graph(path)
    for node in nodes:
        require(
            _is_index(node),
            f"{path}: nodes must be whole numbers from 0, got one of type {type(node).__name__}",
        )
    indices = np.array(sorted(nodes), dtype=int)
    points = {
        node: _node_point(path, node, attributes["point"])
        for node, attributes in nodes.items()
        if isinstance(attributes, dict) and "point" in attributes
    }
    pairs = {
        (min(node, other), max(node, other))
        for node, others in neighbors.items()
        for other in _known(path, nodes, node, others)
        if node != other
    }
    edges = np.searchsorted(indices, np.array(sorted(pairs), dtype=int).reshape(-1, 2))
    return indices, edges, points


def _is_index(value):
    return isinstance(value, int) and 0 <= value < 2**31


def _known(path, nodes, node, others):
    """Neighbors of a node, all of them nodes."""
    known = isinstance(others, dict) and node in nodes and all(other in nodes for other in others)
    require(known, f"{path}: edges must join nodes of the graph, got one that does not")
    return others


def _node_point(path, node, value):
    """Take three numbers; what is nested deeper is not looked into, it may have no end."""
    try:
        if isinstance(value, tuple | list):
            value = [float(number) for number in value]
        point = np.array(value, dtype=float)
        valid = point.shape == (3,) and np.isfinite(point).all()
    except (AttributeError, OverflowError, TypeError, ValueError):
        valid = False
    if not valid:
        raise InputError(f"{path}: point of node {node} must be three numbers, got something else")
    return point


def soundspaces_ground(scan, caster):
    """Where a listener can be in a scan with precomputed responses.

    Parameters
    ----------
    scan : Scan
        Its data set, scene and root are used.
    caster : RayCaster
        The scene's mesh, which tells the clearance of each point.

    Returns
    -------
    Ground or None
        Points in the order of `Grid.points`; None where SoundSpaces has no points of the scene.

    Raises
    ------
    InputError
        If a file is missing or something else.
    """
    folder = scan.root and find_metadata(scan.root, scan.dataset, scan.scene_id)
    grid = folder and read_grid(folder, scan.dataset)
    if not grid or not len(grid.points):
        return None
    # Rays are cast only here: reading needs none.
    from simbinaural.scenes.clearance import clearances

    return Ground(
        points=grid.points,
        clearance_m=clearances(caster, grid.points),
        area=grid.area,
        spacing_m=grid.spacing_m,
        ear_height_m=grid.ear_height_m,
        origin="soundspaces",
    )
