"""Where one can film in a scan: areas of points, tables, and what lies between the points."""

from types import SimpleNamespace

import numpy as np
import pytest
from scanned_rooms import box_mesh, scan_of

from simbinaural.geometry import Camera, rotate
from simbinaural.scenes.scene import Ground
from simbinaural.trajectory.path import Subject, plan_path
from simbinaural.trajectory.placing import find_spot, pose_object
from simbinaural.trajectory.standing import EYE_HEIGHT_M, GroundFloor, RoomFloor, floors

SIZE = (6.0, 4.0)


def two_areas(**extra):
    """A floor of 6 x 4 m at 0, and one of 2 x 2 m three metres above it."""
    below = grid(np.arange(0.1, 6, 0.2), np.arange(0.1, 4, 0.2), 0.0)
    above = grid(np.arange(0.1, 2, 0.2), np.arange(0.1, 2, 0.2), 3.0)
    points = np.concatenate([below, above])
    extent = np.where(points[:, 1:2] > 0, (2.0, 2.0), SIZE)
    edge = np.minimum(points[:, [0, 2]], extent - points[:, [0, 2]]).min(axis=1)
    area = np.repeat([0, 1], [len(below), len(above)])
    return Ground(points, edge, area, 0.2, **extra)


def grid(x, z, height):
    x, z = (axis.ravel() for axis in np.meshgrid(x, z))
    return np.stack([x, np.full(len(x), height), z], axis=1)


def thing(placement="floor", size=0.2):
    corners = size * (np.indices((2, 2, 2)).reshape(3, -1).T - (0.5, 0, 0.5))
    mesh = SimpleNamespace(vertices=corners)
    return SimpleNamespace(placement=placement, mesh=mesh)


def test_each_area_of_a_scan_is_a_floor_of_its_own():
    scene = scan_of(box_mesh((6, 3, 4)), ground=two_areas())
    below, above = floors(scene)
    rng = np.random.default_rng(0)
    for floor, height, size in ((below, 0.0, SIZE), (above, 3.0, (2.0, 2.0))):
        points = floor.draw(300, rng, clearance_m=0.35)
        assert len(points) > 100
        np.testing.assert_allclose(points[:, 1], height)
        inner = np.minimum(points[:, [0, 2]], np.array(size) - points[:, [0, 2]])
        assert inner.min() >= 0.35
        assert np.ptp(points[:, 0]) > 0.7 * (size[0] - 0.7)


def test_points_between_the_known_ones_are_drawn_too():
    points = GroundFloor(two_areas(), 0).draw(300, np.random.default_rng(1), clearance_m=0.3)
    off_grid = np.abs((points[:, 0] - 0.1) / 0.2 - np.rint((points[:, 0] - 0.1) / 0.2))
    assert np.median(off_grid) > 0.1


@pytest.mark.parametrize(
    ("position", "free"),
    [
        ((3.0, 1.5, 2.0), True),
        ((0.3, 1.5, 2.0), False),
        ((-1.0, 1.5, 2.0), False),
        ((9.0, 1.5, 2.0), False),
        ((3.0, 4.5, 2.0), False),  # another storey
    ],
)
def test_a_camera_is_free_where_the_nearest_point_says_so(position, free):
    assert GroundFloor(two_areas(), 0).is_free(np.array(position), 0.5) == free


def test_what_belongs_on_a_table_is_put_on_one_that_holds_it():
    supports = np.array([[2.0, 0.8, 2.0], [4.0, 0.9, 2.0], [1.0, 3.8, 1.0]])
    ground = two_areas(supports=supports, support_half_width_m=np.array([0.05, 0.4, 0.4]))
    rng = np.random.default_rng(2)
    below, above = GroundFloor(ground, 0), GroundFloor(ground, 1)
    for _ in range(10):
        spot = find_spot(below, thing("support", 0.4), rng)
        np.testing.assert_array_equal(spot.position, supports[1])
        assert spot.on_support
        np.testing.assert_array_equal(find_spot(above, thing("support"), rng).position, supports[2])


def test_in_a_bare_scan_it_lies_on_the_floor():
    spot = find_spot(GroundFloor(two_areas(), 0), thing("support"), np.random.default_rng(3))
    assert not spot.on_support
    assert spot.position[1] == 0
    assert find_spot(GroundFloor(two_areas(), 1), thing(size=9.0), np.random.default_rng(3)) is None


def test_a_thing_looks_at_the_free_floor_around_it():
    floor, rng = GroundFloor(two_areas(), 0), np.random.default_rng(4)
    spot = SimpleNamespace(position=np.array([0.3, 0.0, 2.0]))
    for _ in range(20):
        front = rotate(pose_object(floor, spot, rng).orientation, np.array([0.0, 0.0, -1.0]))
        assert front[0] > 0.5


def test_a_path_stays_on_its_floor():
    floor, rng = GroundFloor(two_areas(), 1), np.random.default_rng(5)
    source = np.array([1.7, 3.6, 1.7])
    outline = source + 0.1 * (np.indices((2, 2, 2)).reshape(3, -1).T - 0.5)
    path = plan_path(
        floor,
        Subject(source, outline),
        Camera(),
        rng,
        duration_s=20.0,
        stay_s=5.0,
        sees=lambda origin, targets: np.ones(len(targets), dtype=bool),  # noqa: ARG005
    )
    for time in np.arange(0, 20, 0.5):
        x, y, z = path.pose(time).position
        assert EYE_HEIGHT_M[0] - 0.2 < y - 3.0 < EYE_HEIGHT_M[1] + 0.2
        assert 0.1 < x < 1.9
        assert 0.1 < z < 1.9


def test_homes_with_rooms_have_a_floor_for_each():
    from test_trajectory import l_room

    scene = SimpleNamespace(is_scan=False, rooms=(l_room(), l_room()))
    assert [type(floor) for floor in floors(scene)] == [RoomFloor, RoomFloor]


def test_tables_of_the_storey_below_are_not_this_ones():
    below = np.array([[1.0, 0.8, 1.0]])
    ground = two_areas(supports=below, support_half_width_m=np.array([0.4]))
    rng = np.random.default_rng(6)
    assert find_spot(GroundFloor(ground, 0), thing("support"), rng).on_support
    assert not find_spot(GroundFloor(ground, 1), thing("support"), rng).on_support


def test_what_lies_farther_than_the_next_point_is_not_known():
    points = np.array([(0.0, 0.0, 0.0), (0.2, 0.0, 0.0)])
    floor = GroundFloor(Ground(points, np.full(2, 3.0), np.zeros(2, int), 0.2), 0)
    assert floor.is_free(np.array([0.3, 1.5, 0.0]), 0.5)
    assert not floor.is_free(np.array([1.0, 1.5, 0.0]), 0.5)
