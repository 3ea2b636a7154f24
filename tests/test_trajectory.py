"""Free floor, places and paths: nobody stands in a wall, the object stays in view."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.geometry import IDENTITY, Camera, directions, pixels
from simbinaural.scenes.scene import Room, Support
from simbinaural.trajectory.path import (
    MAX_DRIFT_DEG,
    MAX_DRIFT_M,
    NEAREST_M,
    Path,
    Stay,
    Subject,
    plan_path,
)
from simbinaural.trajectory.placing import find_spot, pose_object
from simbinaural.trajectory.standing import RoomFloor, box_distance, free_points, is_free

L_SHAPE = np.array([[0, 0], [6, 0], [6, 3], [3, 3], [3, 6], [0, 6]], dtype=float)
TABLE = np.array([[[1.0, 0.0, 1.0], [2.0, 0.8, 1.6]]])


def l_room(**extra):
    return Room(
        name="living-0",
        kind="living",
        polygon=L_SHAPE,
        floor_y=0.0,
        height=2.5,
        surfaces=np.zeros(8, dtype=int),
        boxes=TABLE,
        box_materials=np.zeros(1, dtype=int),
        **extra,
    )


def in_l_shape(points):
    x, z = points.T
    return ((x > 0) & (x < 6) & (z > 0) & (z < 3)) | ((x > 0) & (x < 3) & (z > 0) & (z < 6))


def thing(placement="floor", size=0.2):
    corners = size * (np.indices((2, 2, 2)).reshape(3, -1).T - (0.5, 0, 0.5))
    return SimpleNamespace(
        placement=placement,
        source_point=np.array([0, size / 2, 0]),
        mesh=SimpleNamespace(vertices=corners),
    )


def test_clearance_is_the_distance_to_the_nearest_wall():
    room = l_room()
    points = np.array([[1.0, 0.5], [2.5, 2.5], [4.0, 4.0], [-1.0, 3.0], [3.5, 2.8]])
    np.testing.assert_allclose(
        room.clearance(points), [0.5, np.hypot(0.5, 0.5), -1.0, -1.0, 0.2], atol=1e-12
    )
    assert room.area == pytest.approx(27)
    assert room.volume == pytest.approx(67.5)


def test_distance_to_boxes():
    points = [[1.5, 1.3], [0.0, 1.3], [3.0, 2.6]]
    np.testing.assert_allclose(box_distance(points, TABLE), [0, 1, np.sqrt(2)], atol=1e-12)
    assert box_distance([[0, 0]], np.zeros((0, 2, 3))) == np.inf


@given(seed=st.integers(0, 10**6), clearance_m=st.floats(0.1, 0.6))
def test_free_points_keep_clear(seed, clearance_m):
    points = free_points(l_room(), 200, np.random.default_rng(seed), clearance_m=clearance_m)
    assert len(points) > 20
    assert in_l_shape(points).all()
    for course in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        shifted = points + 0.99 * clearance_m * np.array([np.cos(course), np.sin(course)])
        assert in_l_shape(shifted).all()
        assert (box_distance(shifted, TABLE) > 0).all()


def test_hanging_cupboards_are_in_nobodys_way():
    room = l_room()
    high = Room(**{**vars(room), "boxes": TABLE + [0, 2.0, 0]})
    assert not is_free(room, [1.5, 1.3], 0.3)
    assert is_free(high, [1.5, 1.3], 0.3)


def test_things_stand_on_the_floor_or_on_a_table():
    rng = np.random.default_rng(0)
    support = Support(np.array([1.0, 1.0]), np.array([2.0, 1.6]), 0.8)
    room = l_room(supports=(support,))
    for _ in range(20):
        spot = find_spot(RoomFloor(room), thing("support"), rng)
        assert spot.on_support
        assert spot.position[1] == 0.8
        assert 1.1 <= spot.position[0] <= 1.9
        assert not find_spot(RoomFloor(room), thing(), rng).on_support
    assert find_spot(RoomFloor(l_room()), thing("support"), rng) is None
    assert find_spot(RoomFloor(l_room()), thing(size=9.0), rng) is None


def test_the_front_looks_into_the_room():
    room, rng = l_room(), np.random.default_rng(0)
    for _ in range(20):
        spot = find_spot(RoomFloor(room), thing(), rng)
        pose = pose_object(RoomFloor(room), spot, rng)
        front = pose.to_world([0, 0, -1.0]) - pose.position
        middle = np.array([2.2, 0, 2.2]) - pose.position
        if np.linalg.norm(middle[[0, 2]]) > 1.5:
            assert front @ middle > 0


def see_all(origin, targets):  # noqa: ARG001 - the planner's signature
    return np.ones(len(targets), dtype=bool)


def plan(seed, camera=None, sees=see_all, duration_s=20.0):
    rng = np.random.default_rng(seed)
    room = l_room()
    source = np.array([4.5, 0.9, 1.5])
    outline = source + rng.uniform(-0.2, 0.2, (30, 3))
    camera = camera or Camera()
    subject = Subject(source, outline)
    path = plan_path(
        RoomFloor(room), subject, camera, rng, duration_s=duration_s, stay_s=5.0, sees=sees
    )
    return room, subject, camera, path


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_the_object_stays_in_view(seed):
    room, subject, camera, path = plan(seed)
    assert len(path.stays) == 4
    for time in np.arange(0, 20, 0.2):
        pose = path.pose(time)
        spot = pixels(camera, pose.to_body(subject.source))
        assert np.isfinite(spot).all()
        assert room.clearance(pose.position[[0, 2]]) > 0.2
        distance = np.linalg.norm((pose.position - subject.source)[[0, 2]])
        assert distance > NEAREST_M - MAX_DRIFT_M


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_the_camera_drifts_a_little_and_jumps_every_five_seconds(seed):
    _, _, _, path = plan(seed)
    for start in (0, 5, 10, 15):
        first, last = path.pose(start), path.pose(start + 4.999)
        way = np.linalg.norm(last.position - first.position)
        turn = 2 * np.degrees(np.arccos(abs(first.orientation @ last.orientation).clip(0, 1)))
        assert 0.01 < way <= MAX_DRIFT_M
        assert turn <= MAX_DRIFT_DEG
    jumps = [np.linalg.norm(path.pose(t).position - path.pose(t - 0.01).position) for t in (5, 10)]
    assert max(jumps) > 0.02


def test_distances_and_azimuths_are_well_spread():
    distances, azimuths = [], []
    for seed in range(60):
        _, subject, _, path = plan(seed)
        for time in (2.5, 7.5, 12.5, 17.5):
            azimuth, _, distance = directions(path.pose(time).to_body(subject.source))
            distances.append(distance)
            azimuths.append(azimuth)
    shares = np.histogram(azimuths, bins=[-45, -15, 15, 45])[0] / len(azimuths)
    assert shares.min() > 0.2
    assert np.quantile(distances, 0.1) < 1.7
    assert np.quantile(distances, 0.9) > 3.5


def test_what_hides_the_object_is_avoided():
    def only_from_the_left(origin, targets):
        return np.full(len(targets), origin[0] < 3.0)

    _, _, _, path = plan(1, sees=only_from_the_left)
    assert all(path.pose(time).position[0] < 3.0 for time in np.arange(0, 20, 0.5))


def test_no_path_where_nothing_can_be_seen():
    def sees_nothing(origin, targets):  # noqa: ARG001 - the planner's signature
        return np.zeros(len(targets), dtype=bool)

    assert plan(0, sees=sees_nothing)[3] is None


def test_frames_belong_to_stays_despite_rounding():
    stays = [
        Stay(start, 5.0, np.array([start, 0.0, 0.0]), np.zeros(3), 0.0, 0.0, 0.0)
        for start in (0.0, 5.0, 10.0)
    ]
    path = Path(tuple(stays), 15.0)
    assert path.pose(15 * (1 / 3)).position[0] == 5.0
    assert path.pose(np.nextafter(10.0, 0)).position[0] == 10.0
    np.testing.assert_allclose(path.pose(0).orientation, IDENTITY)
