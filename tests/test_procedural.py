"""Laws that every home keeps."""

import hashlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from homes import standing_room
from scipy.ndimage import distance_transform_edt

from simbinaural.errors import InputError
from simbinaural.scenes.procedural import make_home
from simbinaural.scenes.procedural.floorplan import draw_plan
from simbinaural.scenes.procedural.layout import WALL
from simbinaural.scenes.procedural.shell import rectangles

HOMES = range(10)
PLANS = range(60)


@pytest.fixture(scope="module", params=HOMES)
def home(request):
    return make_home(request.param)


@pytest.fixture(scope="module")
def homes():
    return [make_home(number) for number in HOMES]


@pytest.fixture(scope="module")
def plans():
    return [draw_plan(np.random.default_rng([number, 0])) for number in PLANS]


# --------------------------------------------------------------------------- plans


def area(polygon):
    x, z = polygon.T
    return 0.5 * np.sum(x * np.roll(z, -1) - np.roll(x, -1) * z)


def test_rooms_are_as_many_and_as_large_as_asked(plans):
    counts = [len(rooms) for rooms in plans]
    assert min(counts) >= 4
    assert max(counts) <= 12
    assert len(set(counts)) >= 7
    areas = [area(room.polygon) for rooms in plans for room in rooms]
    heights = [room.height for rooms in plans for room in rooms]
    assert 6 <= min(areas) < 7
    assert 60 < max(areas) <= 80
    assert 2.3 <= min(heights) < 2.4
    assert 3.5 < max(heights) <= 4.0


def test_some_rooms_are_l_shaped_and_all_walls_are_straight(plans):
    corners = [len(room.polygon) for rooms in plans for room in rooms]
    assert set(corners) == {4, 6}
    assert 0.05 < corners.count(6) / len(corners) < 0.4
    for rooms in plans:
        for room in rooms:
            edges = np.roll(room.polygon, -1, axis=0) - room.polygon
            assert ((edges == 0).sum(axis=1) == 1).all()


def test_between_rooms_there_is_a_wall(plans):
    for rooms in plans:
        for one, room in enumerate(rooms):
            for other in rooms[one + 1 :]:
                for a in rectangles(room.polygon):
                    for b in rectangles(other.polygon):
                        gap = max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3])
                        assert gap > WALL - 1e-6


def test_rectangles_cover_a_polygon(plans):
    for rooms in plans:
        for room in rooms:
            parts = np.array(rectangles(room.polygon))
            covered = np.prod(parts[:, 2:] - parts[:, :2], axis=1).sum()
            np.testing.assert_allclose(covered, area(room.polygon), rtol=1e-9)


# --------------------------------------------------------------------------- rooms


def door_middles(room):
    """Points in the middle of each door's opening, on this side's wall, and the inward normals."""
    for patch in room.patches:
        if patch.kind == "door":
            start = room.polygon[patch.surface]
            edge = np.roll(room.polygon, -1, axis=0)[patch.surface] - start
            along = edge / np.linalg.norm(edge)
            middle = start + along * (patch.lower[0] + patch.upper[0]) / 2
            yield middle, np.array([-along[1], along[0]])


def test_doors_join_all_rooms(home):
    ways = defaultdict(set)
    for index, room in enumerate(home.rooms):
        doors = list(door_middles(room))
        assert doors, room.name
        for middle, inward in doors:
            x, z = middle - inward * (WALL + 0.05)
            beyond = home.room_at((x, 1.0, z))
            assert beyond not in (-1, index)
            ways[index].add(beyond)
    assert all(index in ways[beyond] for index in ways for beyond in ways[index])
    reached, front = {0}, [0]
    while front:
        front = [there for here in front for there in ways[here] if there not in reached]
        reached |= set(front)
    assert reached == set(range(len(home.rooms)))


def test_rooms_describe_themselves(home):
    names = [room.name for room in home.rooms]
    assert len(set(names)) == len(names)
    for room in home.rooms:
        assert room.name.startswith(room.kind)
        assert room.area > 0
        assert len(room.surfaces) == len(room.polygon) + 2
        assert (room.surfaces >= 0).all()
        assert (room.surfaces < len(home.materials)).all()


def test_patches_lie_on_their_surfaces(home):
    for room in home.rooms:
        lengths = np.linalg.norm(np.roll(room.polygon, -1, axis=0) - room.polygon, axis=1)
        for patch in room.patches:
            assert (patch.lower < patch.upper).all()
            assert 0 <= patch.material < len(home.materials)
            if patch.surface < len(room.polygon):
                assert patch.lower.min() >= 0
                assert patch.upper[0] <= lengths[patch.surface]
                assert patch.upper[1] <= room.height
            else:
                assert patch.kind == "rug"
                assert patch.surface == len(room.polygon)
                assert (room.clearance([patch.lower, patch.upper]) > 0).all()


def test_doors_let_sound_out_and_windows_hold_it(home):
    kinds = {patch.kind for room in home.rooms for patch in room.patches}
    assert {"door", "window"} <= kinds <= {"door", "window", "rug", "curtain"}
    for room in home.rooms:
        for patch in room.patches:
            absorbed = home.materials[patch.material].absorption
            if patch.kind == "door":
                np.testing.assert_array_equal(absorbed, 1)
            if patch.kind == "window":
                assert absorbed.max() < 0.2


def test_furniture_stands_in_its_room(home):
    for room in home.rooms:
        assert len(room.boxes) == len(room.box_materials)
        assert len(room.boxes) <= 45
        if not len(room.boxes):
            continue
        lower, upper = room.boxes[:, 0], room.boxes[:, 1]
        assert (lower < upper).all()
        assert lower[:, 1].min() >= room.floor_y
        assert upper[:, 1].max() <= room.floor_y + room.height
        for x in (lower[:, 0], upper[:, 0]):
            for z in (lower[:, 2], upper[:, 2]):
                assert room.clearance(np.stack([x, z], axis=1)).min() > 0


def eyring_s(home, room):
    """Reverberation time at 500 Hz to 2 kHz: open doors count, half of each box is in the open."""
    lengths = np.linalg.norm(np.roll(room.polygon, -1, axis=0) - room.polygon, axis=1)
    areas = np.r_[lengths * room.height, room.area, room.area]
    total, absorbed = areas.sum(), 0.0
    for patch in room.patches:
        size = np.prod(patch.upper - patch.lower)
        areas[patch.surface] = max(0.0, areas[patch.surface] - size)
        absorbed += size * home.materials[patch.material].absorption[2:5].mean()
    for size, material in zip(areas, room.surfaces, strict=True):
        absorbed += size * home.materials[material].absorption[2:5].mean()
    for (lower, upper), material in zip(room.boxes, room.box_materials, strict=True):
        x, y, z = upper - lower
        total += x * y + y * z + z * x
        absorbed += (x * y + y * z + z * x) * home.materials[material].absorption[2:5].mean()
    return 0.161 * room.volume / (-total * np.log(1 - absorbed / total))


def test_rooms_sound_like_rooms(homes):
    times = defaultdict(list)
    for home in homes:
        for room in home.rooms:
            times[room.kind].append(eyring_s(home, room))
    everything = np.concatenate(list(times.values()))
    assert everything.min() > 0.2
    assert everything.max() < 1.6
    assert np.median(times["bedroom"]) < 0.6 < np.median(times["bathroom"])


def test_a_third_of_the_floor_is_free_in_one_piece_and_reaches_the_doors(home):
    for room in home.rooms:
        floor, standing, grid = standing_room(room, 0.29)
        reach = distance_transform_edt(~standing) * 0.05
        assert (floor & (reach < 0.35)).sum() > 0.35 * floor.sum(), room.name
        for middle, inward in door_middles(room):
            apart = np.linalg.norm(grid - (middle + 0.4 * inward), axis=-1)
            assert reach.ravel()[np.argmin(apart)] < 0.45, room.name


def test_a_camera_can_move_by_metres(home):
    for room in home.rooms:
        _, standing, grid = standing_room(room, 0.35)
        spots = grid[standing]
        assert np.ptp(spots, axis=0).max() > 1.0, room.name


def test_most_rooms_offer_a_place_for_a_phone(homes):
    offers = [bool(room.supports) for home in homes for room in home.rooms]
    assert np.mean(offers) > 0.5


# --------------------------------------------------------------------------- numbers


def digest(scene):
    """One number for all that a scene consists of."""
    checksum = hashlib.sha256()
    arrays = [*vars(scene.mesh).values(), *vars(scene.sky).values()]
    arrays += [texture.pixels for texture in scene.textures]
    arrays += [each for room in scene.rooms for each in (room.polygon, room.surfaces, room.boxes)]
    arrays += [each for light in scene.lights for each in (light.origin, light.radiance)]
    for array in arrays:
        checksum.update(np.ascontiguousarray(array).tobytes())
    return checksum.hexdigest()


def test_a_number_is_a_home_in_every_process():
    code = "from test_procedural import digest, make_home;make_home(1); print(digest(make_home(4)))"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    ).stdout.strip()
    assert printed == digest(make_home(4)) == digest(make_home(4))


def test_other_numbers_are_other_homes(homes):
    assert len({digest(home) for home in homes}) == len(homes)
    assert [home.name for home in homes[:2]] == ["procedural/00000", "procedural/00001"]


def test_numbers_start_at_zero():
    with pytest.raises(InputError, match="number must be at least 0, got -1"):
        make_home(-1)


def test_homes_share_their_textures_and_stay_small(homes):
    own = [sum(array.nbytes for array in vars(home.mesh).values()) for home in homes]
    assert max(own) < 10e6
    images = {id(t.pixels): t.pixels.nbytes for home in homes for t in home.textures}
    assert sum(images.values()) < 60e6
    assert len(images) < sum(len(home.textures) for home in homes) / 2
