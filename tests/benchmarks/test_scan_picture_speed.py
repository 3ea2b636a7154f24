"""What pictures of scans cost: a frame, a scan, a thing in it, and memory.

To hold a figure against "on one core", run it on one: ``taskset -c 0 pytest ...``.
"""

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bumpy_scans import FLAT, furnished_flat
from scanned_rooms import scan_of

from simbinaural.geometry import Camera, Pose, orientation_towards
from simbinaural.scenes.objects import PlacedObject
from simbinaural.scenes.scene import Texture
from simbinaural.sources.objects import load_objects
from simbinaural.vision.embree import Renderer
from simbinaural.vision.scan import ScannedHome, load_scan

EYES = [(1.2, 1.5, 2.9), (8.6, 1.5, 3.0), (3.9, 1.5, 6.9), (6.2, 1.5, 6.0)]
"""One in each room."""


def textured_flat(spacing=0.05, n_textures=6, side=2048):
    """Four rooms of bumpy triangles in random order, 5 mm texels of noise on all of them."""
    mesh = furnished_flat(spacing)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(mesh.faces))
    columns = {name: column[order] for name, column in vars(mesh).items() if name != "vertices"}
    mesh = replace(mesh, **columns)
    corners = mesh.vertices[mesh.faces]
    axis = np.abs(mesh.normals[:, 0]).argmax(axis=1)
    along = np.array([[1, 2], [0, 2], [0, 1]])[axis][:, None].repeat(3, axis=1)
    half = corners[:, 0, 0] > FLAT[0] / 2
    mesh = replace(
        mesh,
        uv=np.take_along_axis(corners, along, axis=2) / (0.005 * side),
        texture=((2 * axis + half) % n_textures).astype(np.int32),
    )
    shape = (side, side, 3)
    textures = [Texture(rng.integers(0, 256, shape, dtype=np.uint8)) for _ in range(n_textures)]
    return scan_of(mesh, textures=textures)


def views():
    return [
        Pose(np.array(eye), orientation_towards(azimuth))
        for eye in EYES
        for azimuth in range(0, 360, 60)
    ]


def guitars(count=1):
    model = load_objects().items["guitar"][0]
    spots = [np.array(eye) * (1, 0, 1) + (0, 0.02, -1.2) for eye in EYES[:count]]
    return [
        PlacedObject(
            replace(model.mesh, vertices=(model.mesh.vertices + spot).astype(np.float32)),
            model.textures,
        )
        for spot in spots
    ]


@pytest.fixture(scope="module")
def scene():
    return textured_flat()


@pytest.mark.parametrize("projection", ["perspective", "equirect"])
@pytest.mark.parametrize("n_objects", [0, 1])
def test_frames(benchmark, scene, projection, n_objects):
    camera, poses = Camera(projection=projection), views()
    renderer = Renderer(scene, guitars(n_objects))

    def film():
        for pose in poses:
            renderer.visible_share(pose, camera, renderer.render(pose, camera))

    film()
    benchmark.pedantic(film, rounds=3)
    benchmark.extra_info["faces"] = len(scene.mesh.faces)
    benchmark.extra_info["ms_per_frame"] = 1e3 * benchmark.stats.stats.min / len(poses)


def test_scan(benchmark, scene):
    benchmark.pedantic(lambda: ScannedHome(scene), rounds=3)


@pytest.mark.parametrize("n_objects", [0, 1, 2])
def test_clip(benchmark, scene, n_objects):
    load_scan(scene)
    things = guitars(n_objects)
    Renderer(scene, things)
    benchmark.pedantic(lambda: Renderer(scene, things), rounds=5)


def test_memory_of_half_a_million_faces(benchmark, capsys):
    """A process of its own: 500,000 faces, four textures of 2048 pixels, a frame."""
    code = (
        "from test_scan_picture_speed import *\n"
        "scene = textured_flat(0.039, 4)\n"
        "Renderer(scene, guitars(1)).render(views()[0], Camera())\n"
        "print(len(scene.mesh.faces))\n"
    )
    folder = Path(__file__).parent
    path = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(folder.parent)!r}]\n"

    def run():
        return subprocess.run(
            [sys.executable, "-c", path + code], check=True, capture_output=True, text=True
        )

    found = benchmark.pedantic(run, rounds=1)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    benchmark.extra_info["faces"], benchmark.extra_info["MB"] = int(found.stdout), peak
    with capsys.disabled():
        print(f"\n{int(found.stdout)} faces: {peak:.0f} MB")  # noqa: T201 - what it is for
