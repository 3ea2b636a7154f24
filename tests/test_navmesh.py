"""Standing points from habitat-sim's navigation mesh."""

import sys
from pathlib import Path

import habitat_stand_in
import numpy as np
import pytest
from scanned_rooms import box_mesh

from simbinaural.casting import RayCaster
from simbinaural.errors import InputError
from simbinaural.scenes.navmesh import navmesh_ground
from simbinaural.scenes.scene import Scan

SIZE = (4.0, 2.6, 3.0)
SCAN = Scan("files", "room", Path("room.glb"), navmesh=Path("room.navmesh"))

FLOOR = (0.2, 0.2, 3.8, 2.8, 0.2)
"""As the default cell height puts it: 0.2 m above the mesh."""

TABLE, ROOF = (1.0, 1.0, 2.0, 2.0, 0.8), (-1.0, -1.0, 5.0, 4.0, 2.9)


@pytest.fixture
def finder(monkeypatch):
    found = habitat_stand_in.install(monkeypatch).PathFinder
    monkeypatch.setattr(found, "islands", (TABLE, ROOF, FLOOR))
    return found


def caster(*, roof=True):
    mesh = box_mesh(SIZE)
    faces = mesh.faces if roof else mesh.faces[:6]
    return RayCaster(mesh.vertices, faces)


def test_points_lie_on_the_floor_not_on_roof_or_table(finder):  # noqa: ARG001
    ground = navmesh_ground(SCAN, caster())
    np.testing.assert_allclose(ground.points[:, 1], 0.0, atol=1e-5)
    assert ground.points[:, 0].min() >= 0.2
    assert ground.points[:, 0].max() <= 3.8
    assert ground.origin == "navmesh"
    assert not ground.area.any()
    # As many as the island has cells, but where the roof's lie.
    expected = 3.6 * 2.6 / ground.spacing_m**2
    np.testing.assert_allclose(len(ground.points), expected, rtol=0.1)


def test_clearance_is_that_of_the_mesh(finder):  # noqa: ARG001
    ground = navmesh_ground(SCAN, caster())
    x, _, z = ground.points.T
    wall = np.min([x, SIZE[0] - x, z, SIZE[2] - z], axis=0)
    assert np.all(ground.clearance_m > wall - 1e-3)
    assert np.median(ground.clearance_m - wall) < 0.05


def test_without_ceilings_the_largest_island_counts(finder, monkeypatch):
    monkeypatch.setattr(finder, "islands", (TABLE, FLOOR))
    ground = navmesh_ground(SCAN, caster(roof=False))
    np.testing.assert_allclose(ground.points[:, 1], 0.0, atol=1e-5)


def test_two_floors_above_each_other_are_told_apart(finder, monkeypatch):
    upper = (0.2, 0.2, 3.0, 2.8, 1.6)
    monkeypatch.setattr(finder, "islands", (upper, FLOOR))
    ground = navmesh_ground(SCAN, caster())
    np.testing.assert_allclose(len(ground.points), 3.6 * 2.6 / ground.spacing_m**2, rtol=0.1)


def test_nothing_without_navmesh_or_habitat(monkeypatch):
    assert navmesh_ground(Scan("files", "room", Path("room.glb")), caster()) is None
    monkeypatch.setitem(sys.modules, "habitat_sim", None)
    assert navmesh_ground(SCAN, caster()) is None


def test_a_file_that_is_none(finder, monkeypatch):
    monkeypatch.setattr(finder, "readable", False)
    with pytest.raises(InputError, match=r"room\.navmesh: must be a navigation mesh of habitat"):
        navmesh_ground(SCAN, caster())
