"""What it costs to open a scan: reading its file, and finding where one can stand."""

import resource

import pytest
from scan_files import bumpy_scan, write_mesh

from simbinaural.casting import RayCaster
from simbinaural.scenes.ground import find_ground
from simbinaural.scenes.mesh_files import read_mesh


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scans")


@pytest.mark.parametrize("suffix", [".glb", ".obj"])
def test_reading_500_000_triangles(benchmark, folder, suffix):
    path = write_mesh(folder / f"half_million{suffix}", [bumpy_scan(500_000)])
    file = benchmark.pedantic(read_mesh, (path,), rounds=2)
    benchmark.extra_info["triangles"] = len(file.mesh.faces)
    # Of the whole process so far, the making of the file included.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    benchmark.extra_info["peak_mb"] = peak // 1024


def test_standing_points_of_300_000_triangles(benchmark, folder):
    mesh = read_mesh(write_mesh(folder / "scan.glb", [bumpy_scan(300_000)])).mesh
    caster = RayCaster(mesh.vertices, mesh.faces)
    ground = benchmark.pedantic(find_ground, (mesh, caster), rounds=2)
    benchmark.extra_info["m2"] = round(len(ground.points) * ground.spacing_m**2, 1)
