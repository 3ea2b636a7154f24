"""A small SoundSpaces 1.0 in the real layout: a box to film, points, a graph, and responses.

The box is 6 m x 5 m on a floor at y = 0.2, 2.8 m high, its corner off the origin; points lie a
grid's spacing apart. All files are in the axes of the data set: z up, (x, y, z) of a file is
(x, z, -y) of the world.
"""

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image

from simbinaural.acoustics.early import anechoic
from simbinaural.ambisonics import convert, encode
from simbinaural.audio import write_audio
from simbinaural.geometry import (
    SPEED_OF_SOUND,
    Pose,
    directions,
    orientation_towards,
    to_count,
)
from simbinaural.hrtf import load_hrtf

CORNER = np.array([1.0, 0.2, -7.0])
SIZE = np.array([6.0, 2.8, 5.0])
ANGLES = (0, 90, 180, 270)
EAR_HEIGHT_M = {"mp3d": 1.5, "replica": 1.5528907}
SAMPLE_RATE = {"mp3d": 16000, "replica": 44100}
SCENE = "17DRP5sb8fy"


@dataclass(frozen=True)
class SmallSoundSpaces:
    """Where it is, and what is in it: points of the floor by index, world axes."""

    root: Path
    dataset: str
    scene_id: str
    points: dict

    def ear(self, index):
        return self.points[index] + (0, EAR_HEIGHT_M[self.dataset], 0)

    def binaural(self, angle, receiver, source, separator="_"):
        folder = self.root / "binaural_rirs" / self.dataset / self.scene_id / str(angle)
        return folder / f"{receiver}{separator}{source}.wav"

    def ambisonic(self, receiver, source, folder="irs"):
        place = self.root / "ambisonic_rirs" / self.dataset / self.scene_id / folder
        return place / f"{receiver}_{source}.wav"

    @property
    def metadata(self):
        return self.root / "metadata" / self.dataset / self.scene_id


def write_soundspaces(
    root, *, dataset="mp3d", scene_id=SCENE, binaural=True, ambisonic=False, separator="_", n=4
):
    """Write n x n points (and one that no edge reaches), the scene's mesh, and responses.

    Responses are the direct sound alone, as KEMAR hears it, or a plane wave.
    """
    spacing = {"mp3d": 1.0, "replica": 0.5}[dataset]
    grid = [(1.5 + spacing * i, 0.0, 1.0 + spacing * j) for i in range(n) for j in range(n)]
    # Indices have a gap, as where points were pruned.
    points = {k + (k > 2): CORNER + np.array(place) for k, place in enumerate(grid)}
    lone = len(grid) + 5
    points[lone] = CORNER + (5.5, 0.0, 4.5)
    small = SmallSoundSpaces(Path(root), dataset, scene_id, points)
    _write_metadata(small, lone, spacing)
    _write_scene(small)
    names = [index for index in points if index != lone]
    for receiver in names:
        for source in names:
            if receiver != source and binaural:
                _write_binaural(small, receiver, source, separator)
            if receiver != source and ambisonic:
                _write_ambisonic(small, receiver, source)
    return small


def to_file_axes(points):
    """World (x, y, z) as the data set's files have it: (x, -z, y)."""
    x, y, z = np.moveaxis(np.asarray(points, dtype=float), -1, 0)
    return np.stack([x, -z, y], axis=-1)


def _write_metadata(small, lone, spacing):
    small.metadata.mkdir(parents=True)
    rows = [(k, *to_file_axes(small.ear(k))) for k in small.points]
    lines = ["{}\t{:.6f}\t{:.6f}\t{:.6f}".format(*row) for row in rows]
    (small.metadata / "points.txt").write_text("\n".join(lines) + "\n")
    (small.metadata / "graph.pkl").write_bytes(pickle.dumps(make_graph(small, lone, spacing)))


def make_graph(small, lone, spacing):
    """Networkx graph of the points, neighbors joined."""
    import networkx

    graph = networkx.Graph()
    for index, point in small.points.items():
        graph.add_node(index, point=tuple(np.float64(part) for part in point))
    for a, first in small.points.items():
        for b, second in small.points.items():
            near = abs(np.linalg.norm(first - second) - spacing) < 0.01
            if a < b and near and lone not in (a, b):
                graph.add_edge(a, b)
    return graph


def _write_binaural(small, receiver, source, separator):
    hrtf = load_hrtf(sample_rate=SAMPLE_RATE[small.dataset])
    for angle in ANGLES:
        pose = Pose(small.ear(receiver), orientation_towards(-angle))
        path = small.binaural(angle, receiver, source, separator)
        path.parent.mkdir(parents=True, exist_ok=True)
        ears = anechoic(hrtf, pose.to_body(small.ear(source)), n_taps=hrtf.sample_rate // 20)
        write_audio(path, ears, hrtf.sample_rate)


def _write_ambisonic(small, receiver, source):
    """A plane wave of amplitude 1/d, d/c late, in the axes of a level body that looks along -z."""
    rate = SAMPLE_RATE[small.dataset]
    azimuth, elevation, distance = directions(small.ear(source) - small.ear(receiver))
    pulse = np.zeros(rate // 20)
    pulse[to_count(distance / SPEED_OF_SOUND, rate)] = 1 / distance
    path = small.ambisonic(receiver, source)
    path.parent.mkdir(parents=True, exist_ok=True)
    field = encode(pulse, azimuth, elevation, order=2)
    write_audio(path, convert(field, "ambix", "n3d"), rate)


def _write_scene(small):
    """A textured box in the layout of Matterport3D or Replica, z up."""
    folder = small.root / "scene_datasets" / small.dataset / small.scene_id
    low, high = CORNER, CORNER + SIZE
    mesh = trimesh.creation.box(bounds=np.sort(to_file_axes(np.array([low, high])), axis=0))
    mesh = mesh.subdivide().subdivide()
    mesh.invert()  # seen from inside
    if small.dataset == "replica":
        path = folder / "habitat" / "mesh_semantic.ply"
        mesh.visual.vertex_colors = np.array([150, 140, 130, 255], np.uint8)
    else:
        path = folder / f"{small.scene_id}.glb"
        mesh.visual = _checkered(mesh)
    path.parent.mkdir(parents=True, exist_ok=True)
    mesh.export(path)


def _checkered(mesh):
    squares = np.indices((32, 32)).sum(axis=0) // 4 % 2
    picture = (np.array([[120, 110, 100], [180, 175, 165]], np.uint8))[squares]
    x, y, z = mesh.vertices.T
    uv = np.stack([(x + z) / 3 % 1, (y + z) / 3 % 1], axis=1)
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=Image.fromarray(picture))
    return trimesh.visual.TextureVisuals(uv=uv, material=material)
