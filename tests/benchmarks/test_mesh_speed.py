"""What a response costs in a furnished scan of 300,000 triangles, and what it costs to prepare it.

For one core: ``taskset -c 0 python -m pytest tests/benchmarks/test_mesh_speed.py``.
"""

import time

import numpy as np
import pytest
from bumpy_scans import furnished_flat
from scanned_rooms import scan_of
from shoebox import heads

from simbinaural.acoustics.mesh import brirs, prepare
from simbinaural.acoustics.mesh_scene import MeshScene
from simbinaural.hrtf import load_hrtf
from simbinaural.scenes.materials import load_material

MATERIALS = tuple(
    load_material(name) for name in ("brickwork", "carpet_cotton", "chairs_heavy_upholstered")
)
SOURCE = np.array([1.1, 1.3, 0.9])
ENDS = np.array([(3.7, 1.5, 2.6), (3.9, 1.5, 2.9)])
"""Of a path that is as long as a camera's of five seconds, with the source in the same room."""


@pytest.fixture(scope="module")
def scene():
    made = scan_of(furnished_flat(), materials=MATERIALS)
    assert len(made.mesh.faces) >= 300_000
    return made


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("n_poses", [1, 20])
def test_brirs_of_a_path(benchmark, scene, n_poses):
    hrtf = load_hrtf()
    prepare(scene)

    def render():
        poses = heads(np.linspace(*ENDS, n_poses), 30.0)
        return brirs(scene, SOURCE, poses, hrtf=hrtf, rng=np.random.default_rng(0))

    rirs = benchmark.pedantic(render, rounds=7, warmup_rounds=1)
    benchmark.extra_info["ms_per_brir"] = 1000 * benchmark.stats.stats.median / n_poses
    assert rirs.shape[:2] == (n_poses, 2)


@pytest.mark.benchmark(timer=time.process_time)
def test_preparation(benchmark, scene):
    prepared = benchmark.pedantic(MeshScene, args=(scene,), rounds=3, warmup_rounds=1)
    table = prepared.surfaces.faces.nbytes + prepared.planes.of_face.nbytes
    benchmark.extra_info["tables_mb"] = table / 1e6
    assert len(prepared.planes.normals) > 10
