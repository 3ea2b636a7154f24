"""Where a camera can stand, found in meshes whose floors are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from bumpy_scans import furnished_flat
from scan_files import (
    BOX_SIZE,
    TABLE_TOP,
    box_parts,
    flat_picture,
    furnished_box,
    in_l_shape,
    l_shaped_room,
    rectangle,
)
from scanned_rooms import box_mesh, finish_mesh

from simbinaural.casting import RayCaster
from simbinaural.errors import InputError
from simbinaural.scenes.clearance import clearances
from simbinaural.scenes.ground import find_ground, ground_of
from simbinaural.scenes.mesh_files import read_mesh
from simbinaural.scenes.procedural import make_home
from simbinaural.scenes.scene import Ground, Scan

SIMPLE_ROOM = Path(__file__).parents[2] / "shared" / "data" / "scenes" / "simple_room.glb"

PAINT = flat_picture((150, 150, 150))


def mesh_of(parts):
    whole = trimesh.util.concatenate(
        [trimesh.Trimesh(p.vertices, p.faces, process=False) for p in parts]
    )
    return finish_mesh(
        whole.vertices, whole.faces, np.zeros((len(whole.faces), 3, 2)), np.zeros(len(whole.faces))
    )


def shell(size, corner=(0.0, 0.0, 0.0), *, sides="xXyYzZ"):
    lower = np.array(corner, float)
    return box_parts(lower, lower + size, PAINT, "shell", sides=sides)


def level_distance(points, lower, upper):
    """Level distance of points to a box (x, z)."""
    flat = points[:, [0, 2]]
    return np.linalg.norm(np.maximum(np.maximum(lower - flat, flat - upper), 0), axis=1)


def wall_distance(points, size):
    return np.min(
        [points[:, 0], size[0] - points[:, 0], points[:, 2], size[2] - points[:, 2]], axis=0
    )


# --------------------------------------------------------------------------- clearance


def test_clearance_is_the_distance_to_walls():
    size = (5.0, 2.6, 4.0)
    mesh = box_mesh(size)
    points = np.random.default_rng(0).uniform((0.05, 0, 0.05), (4.95, 0, 3.95), (300, 3))
    found = clearances(RayCaster(mesh.vertices, mesh.faces), points)
    true = wall_distance(points, size)
    # 16 directions: none is farther off a wall's normal than half of 22.5 degrees.
    assert (found >= true - 1e-4).all()
    assert (found <= true / np.cos(np.radians(11.25)) + 1e-4).all()


def test_clearance_sees_a_thin_plate_that_level_rays_miss():
    parts = [rectangle((2, 0.74, 0), (1, 0, 0), (0, 0, 4), PAINT, "plate")]
    mesh = mesh_of(shell((8, 2.6, 4)) + parts)
    points = np.array([(x, 0, 2) for x in (0.9, 1.2, 1.5, 1.8)])
    found = clearances(RayCaster(mesh.vertices, mesh.faces), points)
    true = np.minimum(2 - points[:, 0], points[:, 0])
    assert (found <= true + 0.03).all()
    assert (found >= true - 0.36).all()


def test_what_can_be_stepped_over_is_not_in_the_way():
    parts = box_parts((2, 0, 0), (2.1, 0.2, 4), PAINT, "sill")
    mesh = mesh_of(shell((4, 2.6, 4)) + parts)
    assert clearances(RayCaster(mesh.vertices, mesh.faces), [(1.5, 0, 2)]) >= 1.5 - 1e-4


# --------------------------------------------------------------------------- rooms


def test_the_furnished_box():
    ground = find_ground(mesh_of(furnished_box()))
    lower, upper, top = TABLE_TOP
    points = ground.points
    np.testing.assert_allclose(points[:, 1], 0, atol=1e-5)
    assert (ground.area == 0).all()
    assert (wall_distance(points, BOX_SIZE) >= 0.2 - 1e-4).all()
    assert (level_distance(points, lower, upper) > 0.1).all()
    # All the floor from which both are as far as the finest probe can tell is there.
    x, z = np.meshgrid(np.arange(0.4, 4.6, 0.1), np.arange(0.4, 3.6, 0.1))
    free = np.stack([x.ravel(), np.zeros(x.size), z.ravel()], axis=1)
    free = free[level_distance(free, lower, upper) > 0.5]
    nearest = np.linalg.norm(free[:, None] - points, axis=2).min(axis=1)
    assert nearest.max() < 0.1
    # The table's top, and nothing else, carries things.
    np.testing.assert_allclose(ground.supports[:, 1], top, atol=1e-5)
    edge = np.minimum(ground.supports[:, [0, 2]] - lower, upper - ground.supports[:, [0, 2]]).min(
        axis=1
    )
    assert (edge > 0).all()
    assert (ground.support_half_width_m <= edge + 1e-4).all()
    assert (ground.support_half_width_m >= edge - 0.11).all()
    assert 0.35 <= ground.support_half_width_m.max() <= 0.5


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(
    ("ceiling", "lawn"), [(True, False), (False, False), (True, True), (False, True)]
)
def test_an_l_shaped_room_never_puts_a_camera_outside(ceiling, lawn, flip):
    mesh = mesh_of(l_shaped_room(ceiling=ceiling, ground=lawn))
    if flip:
        mesh = finish_mesh(mesh.vertices, mesh.faces[:, ::-1], mesh.uv, mesh.material)
    ground = find_ground(mesh)
    assert in_l_shape(ground.points).all()
    np.testing.assert_allclose(ground.points[:, 1], 0, atol=1e-5)
    assert len(ground.points) * ground.spacing_m**2 > 0.8 * 24
    assert (ground.area == 0).all()


def test_a_house_with_an_open_door_on_a_lawn():
    # 4 x 3 m with a door of 1 m to the lawn and a porch roof before it.
    walls = shell((4, 2.5, 3), sides="xXyYZ")
    walls += [rectangle((0, 0, 0), (1.5, 0, 0), (0, 2.5, 0), PAINT, "wall")]
    walls += [rectangle((2.5, 0, 0), (1.5, 0, 0), (0, 2.5, 0), PAINT, "wall")]
    lawn = [rectangle((-15, -0.05, -15), (34, 0, 0), (0, 0, 33), PAINT, "lawn")]
    porch = [rectangle((0, 2.5, -1.5), (4, 0, 0), (0, 0, 1.5), PAINT, "porch")]
    ground = find_ground(mesh_of(walls + lawn + porch))
    x, z = ground.points[:, 0], ground.points[:, 2]
    assert ((x > 0) & (x < 4) & (z > 0) & (z < 3)).all()
    assert len(ground.points) * 0.01 > 7


def test_a_roof_terrace_and_the_lawn_below_are_not_inside():
    roof = [rectangle((-1, 2.8, -1), (7, 0, 0), (0, 0, 6), PAINT, "roof")]
    railing = shell((7, 0.9, 6), (-1, 2.8, -1), sides="xXzZ")
    ground = find_ground(mesh_of(shell((5, 2.6, 4)) + roof + railing))
    np.testing.assert_allclose(ground.points[:, 1], 0, atol=1e-5)


def test_two_storeys_with_stairs_are_one_area_and_without_two():
    def house(*, stairs):
        parts = shell((6, 5.4, 4), sides="xXyYzZ")
        # The upper floor leaves a well of 3.6 x 1 m open along z = 0 to 1.
        parts += box_parts((0, 2.5, 1), (6, 2.7, 4), PAINT, "slab")
        parts += box_parts((4.2, 2.5, 0), (6, 2.7, 1), PAINT, "slab")
        if stairs:
            for k in range(15):
                x = 0.6 + 0.24 * k
                parts += box_parts((x, 0, 0), (x + 0.24, 0.18 * (k + 1), 1), PAINT, "step")
        return find_ground(mesh_of(parts))

    apart, joined = house(stairs=False), house(stairs=True)
    assert set(apart.area) == {0, 1}
    assert np.ptp(apart.points[apart.area == 0][:, 1]) < 1e-4
    assert set(joined.area) == {0}
    assert np.ptp(joined.points[:, 1]) > 2.6
    counts = np.bincount(apart.area)
    assert counts[0] >= counts[1]


def test_a_bed_is_no_floor_but_carries_things_and_a_gallery_is_one():
    bed = box_parts((3, 0, 1), (5, 0.5, 2.6), PAINT, "bed")
    ground = find_ground(mesh_of(shell((6, 2.6, 4)) + bed))
    assert ground.points[:, 1].max() < 1e-4
    assert (ground.supports[:, 1] > 0.49).all()
    assert len(ground.supports)
    gallery = box_parts((3, 2.2, 0), (6, 2.4, 4), PAINT, "gallery")
    ground = find_ground(mesh_of(shell((6, 5, 4)) + gallery))
    assert ground.points[:, 1].max() > 2.39


@pytest.mark.parametrize("spacing", [0.1, 0.5])
def test_a_wall_divides_and_a_door_joins(monkeypatch, spacing):
    monkeypatch.setattr("simbinaural.scenes.ground.SPACING_M", spacing)

    def flat(door):
        parts = shell((6, 2.6, 4))
        parts += [rectangle((3, 0, 0), (0, 0, 1.5), (0, 2.6, 0), PAINT, "wall")]
        parts += [rectangle((3, 0, 1.5 + door), (0, 0, 2.5 - door), (0, 2.6, 0), PAINT, "wall")]
        return find_ground(mesh_of(parts))

    assert set(flat(0.0).area) == {0, 1}
    assert set(flat(1.2).area) == {0}


def test_under_a_low_ceiling_nobody_stands_and_little_places_are_left_out():
    low = [rectangle((3, 1.7, 0), (3, 0, 0), (0, 0, 4), PAINT, "low")]
    ground = find_ground(mesh_of(shell((6, 2.6, 4)) + low))
    assert ground.points[:, 0].max() < 3
    wardrobe = shell((1.2, 2.3, 0.8), (4.8, 0, 3.2))
    ground = find_ground(mesh_of(shell((6, 2.6, 4)) + wardrobe))
    assert not ((ground.points[:, 0] > 4.8) & (ground.points[:, 2] > 3.2)).any()


def test_things_that_stand_on_a_table_leave_less_room():
    top = TABLE_TOP[2]
    # A picture frame across the table, thinner than any grid.
    frame = [rectangle((2.4, top, 1.4), (0, 0, 1.0), (0, 0.3, 0), PAINT, "frame")]
    ground = find_ground(mesh_of(furnished_box() + frame))
    apart = np.abs(ground.supports[:, 0] - 2.4)
    assert (ground.support_half_width_m <= apart / np.cos(np.radians(15)) + 1e-3).all()
    assert len(ground.supports) > 50


def test_a_set_without_walls_is_its_open_floor():
    parts = [rectangle((-5, 0, -5), (10, 0, 0), (0, 0, 10), PAINT, "floor")]
    parts += shell((2, 2, 2), (1, 0, 1))
    ground = find_ground(mesh_of(parts))
    inside = level_distance(ground.points, np.array((1, 1)), np.array((3, 3))) == 0
    assert not inside.any()
    np.testing.assert_allclose(ground.points[:, 1], 0, atol=1e-5)


# --------------------------------------------------------------------------- whole homes


def test_a_built_in_home_as_a_scan():
    home = make_home(0)
    ground = find_ground(home.mesh)
    rooms = np.array([home.room_at(point + (0, 0.1, 0)) for point in ground.points])
    # What is in no room is in a door's opening, as wide as its wall is thick.
    assert (rooms >= 0).mean() > 0.97
    assert set(rooms) >= set(range(len(home.rooms)))
    walls = np.array([max(room.clearance(p[[0, 2]]) for room in home.rooms) for p in ground.points])
    assert walls.min() > -0.25
    assert (ground.area == 0).all()


def test_a_bumpy_scan_with_holes_keeps_its_floor():
    mesh = furnished_flat(0.1, 0.006, seed=3)
    whole = find_ground(mesh)
    kept = np.random.default_rng(0).random(len(mesh.faces)) > 0.05
    torn = finish_mesh(mesh.vertices, mesh.faces[kept], mesh.uv[kept], mesh.material[kept])
    ground = find_ground(torn)
    for found in (whole, ground):
        assert np.abs(found.points[:, 1]).max() < 0.05
    assert len(ground.points) > 0.85 * len(whole.points)


def test_the_same_mesh_has_the_same_ground():
    mesh = mesh_of(furnished_box())
    one, other = find_ground(mesh), find_ground(mesh)
    for name in ("points", "clearance_m", "area", "supports", "support_half_width_m"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_navigation_mesh_tells_first_and_tables_are_added(tmp_path, monkeypatch):
    scan = Scan("files", "home", tmp_path / "home.glb")
    mesh = mesh_of(furnished_box())
    told = Ground(np.array([(1.5, 0, 1.5), (1.5, 0, 2.2)]), np.ones(2), np.zeros(2, int), 0.1)
    for known, n_points in ((told, 2), (None, 1352), (replace(told, points=told.points[:0]), 1352)):
        monkeypatch.setattr("simbinaural.scenes.ground.navmesh_ground", lambda *_, k=known: k)
        ground = ground_of(scan, mesh)
        assert len(ground.points) == n_points
        assert len(ground.supports) > 20
        np.testing.assert_allclose(ground.supports[:, 1], TABLE_TOP[2], atol=1e-5)


@pytest.mark.skipif(not SIMPLE_ROOM.is_file(), reason="shared/data is not there")
def test_the_simple_room_of_habitat():
    mesh = read_mesh(SIMPLE_ROOM, up="z").mesh
    ground = find_ground(mesh)
    # A slab without walls, 10 x 10 m, with a table of 1.4 m and a box of 2 m.
    np.testing.assert_allclose(ground.points[:, 1], 0.15, atol=0.01)
    assert 95 < len(ground.points) * ground.spacing_m**2 < 110
    np.testing.assert_allclose(ground.supports[:, 1], 1.15, atol=0.01)
    assert len(ground.supports) > 100


@pytest.mark.parametrize("scale", [0.1, 1000.0])
def test_nobody_can_stand(tmp_path, scale):
    mesh = mesh_of(l_shaped_room())
    mesh = finish_mesh(mesh.vertices * scale, mesh.faces, mesh.uv, mesh.material)
    scan = Scan("files", "home", tmp_path / "home.glb")
    with pytest.raises(InputError) as caught:
        ground_of(scan, mesh)
    line = str(caught.value)
    assert line.startswith(
        f"{tmp_path / 'home.glb'}: must have level floor with 1.9 m of head room"
    )
    assert line.endswith("is it in other units or axes? pass --unit-scale or --up")
