"""Mirror paths in a mesh: the chains of planes that rays meet, their images, and the walk back.

::

    source --rays--> plane 3 --> plane 0 --> plane 7      chains: (3), (3, 0), (3, 0, 7)
    source mirrored in 3, in 0, in 7 = image              images of each chain
    listener --> image: meets a face of 7? --> of 0? --> of 3? --> the source in sight?   paths

The chains divide the energy: mirror flights along a chain that was collected are rendered here,
for each listener whom its image reaches, and never traced; all other flights are traced
(`simbinaural.acoustics.mesh_tracer`). A ray asks `Chains.child` where it belongs.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.acoustics.bounces import GOLDEN_ANGLE, launch
from simbinaural.acoustics.directivity import Directivity
from simbinaural.acoustics.echograms import Paths
from simbinaural.acoustics.mesh_bounces import land, reflect
from simbinaural.acoustics.mesh_edges import direct_paths
from simbinaural.acoustics.mesh_scene import MATERIAL, PLANE
from simbinaural.acoustics.planes import N_BANDS, NOTHING, compiled, dot

_SCOUTS = 4096
_SAME_M = 0.01  # images nearer than this are one: order of reflection at right angles
_MARGIN_M = 0.05


class Chains(NamedTuple):
    """Planes in the order in which mirror paths meet them, as a tree; node 0 is the source.

    Attributes
    ----------
    parent, plane : (nodes,) numpy.ndarray of int32
        The chain before its last plane, and that plane; -1 at the root.
    keys : (nodes - 1,) numpy.ndarray of int64
        Ascending: parent times the number of planes, plus the plane, of each node from 1 on.
    images : (nodes, 3) numpy.ndarray
        The source mirrored in the chain's planes, world, metres.
    """

    parent: np.ndarray
    plane: np.ndarray
    keys: np.ndarray
    images: np.ndarray


def collect_chains(prepared, source, order):
    """Collect the chains of planes that mirror paths from a source may meet.

    Parameters
    ----------
    prepared : MeshScene
    source : (3,) numpy.ndarray
        World, metres.
    order : int
        Planes in a chain at most.

    Returns
    -------
    Chains
        Every plane alone, and what the same 4,096 rays meet at every call. A chain that spans less
        than some thousandth of the sphere may be missing; its energy is traced.
    """
    n_planes = len(prepared.planes.normals)
    parent, plane, keys = [-1], [-1], np.zeros(0, np.int64)
    rays = _Scouts(prepared, source)
    nodes, first = np.zeros(_SCOUTS, np.int64), 1
    for level in range(order if n_planes else 0):
        met = rays.bounce()
        nodes = np.where((nodes >= 0) & (met >= 0), nodes * n_planes + met, -1)
        found = np.unique(nodes[nodes >= 0])
        if level == 0:
            found = np.arange(n_planes)
        keys = np.concatenate([keys, found])
        parent.extend(found // n_planes)
        plane.extend(found % n_planes)
        nodes = np.where(nodes >= 0, first + np.searchsorted(found, nodes), -1)
        first += len(found)
    parent, plane = np.array(parent, np.int32), np.array(plane, np.int32)
    images = np.tile(source, (len(parent), 1)).astype(float)
    _mirror_images(images, parent, plane, prepared.planes.normals, prepared.planes.offsets)
    return Chains(parent, plane, keys, images)


class _Scouts:
    """Rays over the whole sphere that go on as from mirrors."""

    def __init__(self, prepared, source):
        self._prepared = prepared
        self._points = np.tile(np.asarray(source, float), (_SCOUTS, 1))
        self._directions = np.empty((_SCOUTS, 3))
        _spread(self._directions)

    def bounce(self):
        """Plane (rays,) that each ray meets next; -1 for none."""
        points, directions = (a.astype(np.float32) for a in (self._points, self._directions))
        hits = self._prepared.caster.first_hits(points, directions)
        met = np.empty(_SCOUTS, np.int64)
        surfaces = self._prepared.surfaces
        _bounce_all(surfaces, hits.face, hits.u, hits.v, self._points, self._directions, met)
        return met


@compiled
def _spread(directions):
    for i in range(directions.shape[0]):
        launch(directions[i], (i + 0.5) / directions.shape[0], i * GOLDEN_ANGLE)


@compiled
def _bounce_all(surfaces, face, u, v, points, directions, met):
    outward, normal = np.empty(3), np.empty(3)
    for i in range(face.shape[0]):
        met[i] = NOTHING
        if face[i] >= 0:
            met[i] = land(surfaces, face[i], u[i], v[i], directions[i], points[i], outward, normal)
            reflect(directions[i], normal, outward)


@compiled
def _mirror_images(images, parent, plane, normals, offsets):
    """Mirror the image of each node's parent in its plane; parents come first."""
    for i in range(1, images.shape[0]):
        normal = normals[plane[i]]
        away = dot(images[parent[i]], normal) - offsets[plane[i]]
        for k in range(3):
            images[i, k] = images[parent[i], k] - 2 * away * normal[k]


@compiled
def child(chains, n_planes, node, plane):
    """Node of a chain with one more plane, or `NOTHING`."""
    key = node * n_planes + plane
    low, high = 0, chains.keys.shape[0]
    while low < high:
        middle = (low + high) // 2
        if chains.keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low + 1 if low < chains.keys.shape[0] and chains.keys[low] == key else NOTHING


def find_paths(prepared, chains, source, listeners, *, directivity=None):
    """Find the direct and the mirror paths from a source to each listener.

    Parameters
    ----------
    prepared : MeshScene
    chains : Chains
        From the same source.
    source : (3,) numpy.ndarray
        World, metres.
    listeners : (listeners, 3) numpy.ndarray
        World, metres.
    directivity : Directivity, optional
        How the source radiates; by default the same everywhere.

    Returns
    -------
    list of Paths
        One for each listener, the direct path first where there is one; without air.

    Notes
    -----
    As `simbinaural.acoustics.images`, a reflection multiplies a band's energy by
    (1 - alpha)(1 - s), of the face that it meets. A path holds if each ray of its walk back meets
    a face of the very plane that is due, and sees the source from the last.
    """
    directivity = directivity or Directivity.omnidirectional()
    walks = _Walks(prepared, chains, source, listeners)
    direct = direct_paths(prepared.caster, source, listeners)
    found = []
    for index in range(len(listeners)):
        vectors, energies, exits = walks.of(index)
        if direct[index] is not None:
            vectors = np.vstack([direct[index].vector, vectors])
            energies = np.hstack([direct[index].energy[:, None], energies])
            exits = np.vstack([direct[index].exit, exits])
        gains = np.sqrt(energies) / np.linalg.norm(vectors, axis=1)
        gains *= directivity.amplitudes(exits - source)
        audible = gains.any(axis=0)
        found.append(Paths(vectors[audible], gains[:, audible]))
    return found


class _Walks:
    """Ways of rays from listeners back to the source, all of them at once, bounce by bounce."""

    def __init__(self, prepared, chains, source, listeners):
        planes, self._chains = prepared.planes, chains
        bounds = planes.lower - _MARGIN_M, planes.upper + _MARGIN_M
        self._listener, self._node = _screen(chains, listeners, *bounds)
        self._listeners = listeners
        self._points = listeners[self._listener]
        self._energies = np.ones((len(self._node), N_BANDS))
        alive, due = np.arange(len(self._node)), self._node.copy()
        while True:
            alive = alive[due[alive] > 0]
            if len(alive) == 0:
                break
            met = self._step(prepared, alive, due[alive])
            due[alive] = np.where(met, chains.parent[due[alive]], -1)
        ends = np.flatnonzero(due == 0)
        seen = prepared.caster.sees(self._points[ends], source)
        self._whole = np.zeros(len(self._node), bool)
        self._whole[ends] = seen

    def _step(self, prepared, alive, due):
        """Go on towards the image of a node; whether its plane was met."""
        chains = self._chains
        ways = chains.images[due] - self._points[alive]
        points = self._points[alive].astype(np.float32)
        hits = prepared.caster.first_hits(points, ways.astype(np.float32))
        met = np.zeros(len(alive), bool)
        _walk_on(
            prepared.surfaces,
            hits.face,
            hits.u,
            hits.v,
            ways,
            chains.plane[due],
            alive,
            self._points,
            self._energies,
            met,
        )
        return met

    def of(self, index):
        """Vectors (paths, 3), energies (7, paths), exits (paths, 3) of a listener's paths."""
        mine = np.flatnonzero((self._listener == index) & self._whole)
        vectors = self._chains.images[self._node[mine]] - self._listeners[index]
        if len(mine):
            _, first = np.unique(np.round(vectors / _SAME_M), axis=0, return_index=True)
            first.sort()
            mine, vectors = mine[first], vectors[first]
        return vectors, self._energies[mine].T, self._points[mine]


@compiled
def _walk_on(surfaces, face, u, v, ways, due, alive, points, energies, met):
    """Move the points to where rays met the plane that was due, and take the loss."""
    outward, normal, point = np.empty(3), np.empty(3), np.empty(3)
    for a in range(alive.shape[0]):
        if face[a] < 0 or surfaces.faces[face[a], PLANE] != due[a]:
            continue
        land(surfaces, face[a], u[a], v[a], ways[a], point, outward, normal)
        met[a] = True
        points[alive[a]] = point
        material = int(surfaces.faces[face[a], MATERIAL])
        for b in range(N_BANDS):
            left = (1 - surfaces.absorption[material, b]) * (1 - surfaces.scattering[material, b])
            energies[alive[a], b] *= left


@compiled
def _screen(chains, listeners, lower, upper):
    """Listeners and nodes (walks,) whose paths meet their planes within their bounds."""
    pairs = [(0, 0) for _ in range(0)]
    point = np.empty(3)
    for i in range(listeners.shape[0]):
        for node in range(1, chains.parent.shape[0]):
            point[:] = listeners[i]
            if _reaches(chains, node, point, lower, upper):
                pairs.append((i, node))
    listener, nodes = np.empty(len(pairs), np.int64), np.empty(len(pairs), np.int64)
    for k in range(len(pairs)):
        listener[k], nodes[k] = pairs[k]
    return listener, nodes


@compiled
def _reaches(chains, node, point, lower, upper):
    """Whether the straight ways back from `point`, which is moved, cross all planes in bounds."""
    while node > 0:
        image, before = chains.images[node], chains.images[chains.parent[node]]
        # The plane halves the way between an image and the one before it.
        near = far = 0.0
        for k in range(3):
            step = image[k] - before[k]
            near += (point[k] - 0.5 * (image[k] + before[k])) * step
            far += 0.5 * step * step
        if near >= 0 or far <= 0:
            return False
        share = -near / (far - near)
        plane = chains.plane[node]
        for k in range(3):
            point[k] += share * (image[k] - point[k])
            if point[k] < lower[plane, k] or point[k] > upper[plane, k]:
                return False
        node = chains.parent[node]
    return True
