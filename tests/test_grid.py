"""Places and paths on a grid of precomputed responses: exactly at its points, in its headings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scanned_rooms import box_mesh

from simbinaural.casting import RayCaster
from simbinaural.geometry import Camera, directions, pixels
from simbinaural.scenes.scene import Ground
from simbinaural.sources.objects import load_objects
from simbinaural.trajectory.grid import hang_object, make_pillar, plan_on_grid
from simbinaural.trajectory.path import NEAREST_M, Subject
from simbinaural.trajectory.placing import place_object

FOUR = (-90.0, 0.0, 90.0, 180.0)
EAR = 1.5
FLOOR = 0.2


def grid_ground(n=5, clearance=1.0):
    """n x n points, a metre apart, in area 0, and a point far away in area 1."""
    points = [(x, FLOOR, z) for x in range(n) for z in range(n)] + [(40.0, FLOOR, 40.0)]
    area = np.array([0] * n * n + [1])
    return Ground(
        np.array(points, dtype=float),
        np.full(len(points), clearance),
        area,
        1.0,
        ear_height_m=EAR,
        origin="soundspaces",
    )


def small_thing(source):
    offsets = np.array(np.meshgrid(*[(-0.1, 0.1)] * 3)).reshape(3, -1).T
    return Subject(np.array(source, dtype=float), source + offsets)


def all_in_sight(_, targets):
    return np.ones(len(targets), dtype=bool)


def plan(ground, subject, rng, *, heard=None, headings=FOUR, camera=None, **options):
    options = {"duration_s": 20.0, "stay_s": 5.0, "sees": all_in_sight, **options}
    heard = np.ones(len(ground.points), dtype=bool) if heard is None else heard
    return plan_on_grid(
        ground, 0, subject, camera or Camera(), rng, heard=heard, headings=headings, **options
    )


def rows_of(ground, path):
    ears = ground.points + (0, EAR, 0)
    rows = [np.flatnonzero((ears == stay.position).all(axis=1)) for stay in path.stays]
    assert all(len(row) == 1 for row in rows)
    return np.concatenate(rows)


SOURCE = (2.0, FLOOR + EAR, 2.0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([FOUR, None]))
def test_the_camera_is_at_points_and_looks_at_the_source(seed, headings):
    ground, subject = grid_ground(), small_thing(SOURCE)
    path = plan(ground, subject, np.random.default_rng(seed), headings=headings, farthest_m=2.5)
    assert path.duration_s == 20.0
    assert [stay.start_s for stay in path.stays] == [0, 5, 10, 15]
    rows = rows_of(ground, path)
    assert (rows[1:] != rows[:-1]).all()
    distance = np.linalg.norm((ground.points[rows] - SOURCE)[:, [0, 2]], axis=1)
    assert (distance >= NEAREST_M).all()
    assert (distance <= 2.5).all()
    for time in np.arange(0, 20, 0.7):
        pose = path.pose(time)
        assert np.isfinite(pixels(Camera(), pose.to_body(subject.source))).all()
        assert pose.position in ground.points + (0, EAR, 0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_fixed_headings_are_kept_exactly(seed):
    path = plan(grid_ground(), small_thing(SOURCE), np.random.default_rng(seed))
    for stay in path.stays:
        assert stay.azimuth_deg in FOUR
        assert (stay.turn_deg, stay.elevation_deg) == (0, 0)
        np.testing.assert_array_equal(stay.drift, 0)


def test_any_heading_is_spread_and_turns_a_little():
    rng = np.random.default_rng(5)
    stays = [
        stay
        for _ in range(30)
        for stay in plan(grid_ground(), small_thing(SOURCE), rng, headings=None).stays
    ]
    turns = np.array([stay.turn_deg for stay in stays])
    assert 3 < np.abs(turns).mean() < 7
    middle = np.array([stay.azimuth_deg + stay.turn_deg / 2 for stay in stays])
    towards = np.array([directions(SOURCE - stay.position)[0] for stay in stays])
    assert np.std((middle - towards + 180) % 360 - 180) > 15


def test_the_camera_is_only_where_the_source_is_heard():
    ground = grid_ground()
    heard = np.zeros(len(ground.points), dtype=bool)
    heard[[2, 10, 22]] = True
    heard[-1] = True  # in another area
    rng = np.random.default_rng(0)
    seen = {
        row
        for _ in range(10)
        for row in rows_of(ground, plan(ground, small_thing(SOURCE), rng, heard=heard))
    }
    assert seen == {2, 10, 22}
    heard[[2, 10]] = False
    # One point is better than no clip.
    assert set(rows_of(ground, plan(ground, small_thing(SOURCE), rng, heard=heard))) == {22}
    heard[:] = False
    assert plan(ground, small_thing(SOURCE), rng, heard=heard) is None


def test_there_is_no_path_where_nothing_is_in_sight_or_in_a_frame():
    rng, ground = np.random.default_rng(0), grid_ground()
    blind = plan(ground, small_thing(SOURCE), rng, sees=lambda _, t: np.zeros(len(t), dtype=bool))
    assert blind is None
    assert plan(ground, small_thing(SOURCE), rng, farthest_m=0.5) is None
    heard = np.zeros(len(ground.points), dtype=bool)
    heard[1 * 5 + 1] = True  # 45 deg aside of all four headings
    assert plan(ground, small_thing(SOURCE), rng, heard=heard, camera=Camera(fov_deg=60)) is None
    wide = plan(ground, small_thing(SOURCE), rng, heard=heard, camera=Camera(fov_deg=110))
    assert {stay.azimuth_deg for stay in wide.stays} == {-90.0, 180.0}


def test_the_same_seed_gives_the_same_path():
    first, second = (
        plan(grid_ground(), small_thing(SOURCE), np.random.default_rng(3)) for _ in range(2)
    )
    np.testing.assert_array_equal(rows_of(grid_ground(), first), rows_of(grid_ground(), second))


# --------------------------------------------------------------------------- the object


@pytest.fixture(scope="module")
def phone():
    return load_objects().items["phone"][0]


def test_the_source_hangs_exactly_at_a_point(phone):
    ground, rng = grid_ground(), np.random.default_rng(2)
    heard = np.zeros(len(ground.points), dtype=bool)
    heard[[3, 7]] = True
    sources = {
        tuple(
            np.round(
                hang_object(ground, 0, phone, rng, heard=heard).to_world(phone.source_point), 9
            )
        )
        for _ in range(20)
    }
    ears = ground.points[[3, 7]] + (0, EAR, 0)
    assert sources == {tuple(ear) for ear in ears}


def test_an_object_needs_room_and_a_source_below_the_ears(phone):
    rng = np.random.default_rng(2)
    assert hang_object(grid_ground(clearance=0.05), 0, phone, rng) is None
    low = Ground(**{**vars(grid_ground()), "ear_height_m": phone.source_point[1] - 0.01})
    assert hang_object(low, 0, phone, rng) is None


def test_a_pillar_reaches_from_the_floor_to_the_object(phone):
    placed = place_object(phone, hang_object(grid_ground(), 0, phone, np.random.default_rng(1)))
    pillar = make_pillar(placed, FLOOR)
    low, high = pillar.mesh.vertices.min(axis=0), pillar.mesh.vertices.max(axis=0)
    bottom, top = placed.mesh.vertices.min(axis=0), placed.mesh.vertices.max(axis=0)
    np.testing.assert_allclose((low[1], high[1]), (FLOOR, bottom[1]), atol=1e-4)
    np.testing.assert_allclose(low[[0, 2]], bottom[[0, 2]], atol=1e-4)
    np.testing.assert_allclose(high[[0, 2]], top[[0, 2]], atol=1e-4)
    middle = ((low + high) / 2)[[0, 2]]
    # Rays from all sides end on its outside.
    caster = RayCaster(pillar.mesh.vertices, pillar.mesh.faces)
    start = np.array([[middle[0] + 1, FLOOR + 0.5, middle[1]]], np.float32)
    hit = caster.first_hits(start, np.array([[-1, 0, 0]], np.float32))
    assert pillar.mesh.normals[hit.face[0], 0, 0] > 0.9
    assert hit.distance[0] > 1 - 0.15 - 1e-4
    assert len(pillar.textures) == 1


def test_what_is_on_the_floor_needs_no_pillar(phone):
    placed = place_object(phone, hang_object(grid_ground(), 0, phone, np.random.default_rng(1)))
    assert make_pillar(placed, placed.mesh.vertices[:, 1].min() - 0.01) is None


def test_a_wall_hides_what_is_behind_it():
    """With the sight of a real mesh: the box is between source and half of the points."""
    mesh = box_mesh((0.2, 2.5, 9.0), (2.4, FLOOR, -2.0), inward=False)
    sees = RayCaster(mesh.vertices, mesh.faces).sees
    ground = grid_ground()
    path = plan(ground, small_thing(SOURCE), np.random.default_rng(0), sees=sees)
    assert (ground.points[rows_of(ground, path)][:, 0] < 2.4).all()
