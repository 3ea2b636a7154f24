"""Laws that every home keeps; rays are the judge of what the mesh looks like from inside."""

import hashlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.ndimage import distance_transform_edt, label

from simbinaural.errors import InputError
from simbinaural.scenes.procedural import make_home
from simbinaural.scenes.procedural.floorplan import WALL, draw_plan
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


def standing_room(room, clearance):
    """Cells of 5 cm where one stands clear of walls and boxes, and the grid's corner."""
    corner = room.polygon.min(axis=0) - 0.1
    x, z = (
        np.arange(low, high + 0.1, 0.05)
        for low, high in zip(corner, room.polygon.max(axis=0), strict=True)
    )
    grid = np.stack(np.meshgrid(x, z, indexing="ij"), axis=-1)
    floor = room.clearance(grid) > 0
    empty = floor.copy()
    for lower, upper in room.boxes[:, :, [0, 2]]:
        empty &= ~((grid > lower) & (grid < upper)).all(axis=-1)
    parts, count = label(distance_transform_edt(empty) * 0.05 >= clearance)
    assert count, room.name
    largest = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    return floor, largest, grid


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


# --------------------------------------------------------------------------- mesh


def solid_of(home, extra=None):
    """The mesh for rays, with window panes on demand."""
    mesh = trimesh.Trimesh(home.mesh.vertices, home.mesh.faces, process=False)
    return mesh if extra is None else trimesh.util.concatenate([mesh, extra])


def panes(home):
    """Close all windows: one quad on each light that stands upright."""
    corners = []
    for light in home.lights:
        if abs(np.cross(light.edge_u, light.edge_v)[1]) < 1e-6:
            grow = 0.02 * (light.edge_u + light.edge_v)
            u, v = 1.04 * light.edge_u, 1.04 * light.edge_v
            origin = light.origin - grow
            corners.append([origin, origin + u, origin + u + v, origin + v])
    corners = np.array(corners)
    first = 4 * np.arange(len(corners))[:, None, None]
    return trimesh.Trimesh(
        corners.reshape(-1, 3), (first + [[0, 1, 2], [0, 2, 3]]).reshape(-1, 3), process=False
    )


def rays(home, count, rng):
    """Rays in all directions from where a camera may stand."""
    origins = []
    for room in home.rooms:
        _, standing, grid = standing_room(room, 0.3)
        spots = grid[standing]
        x, z = spots[rng.integers(len(spots), size=count)].T
        origins.append(np.stack([x, rng.uniform(1.2, 1.8, count), z], axis=1))
    origins = np.concatenate(origins)
    directions = rng.standard_normal(origins.shape)
    return origins, directions / np.linalg.norm(directions, axis=1, keepdims=True)


def test_light_leaves_through_windows_alone(home):
    origins, directions = rays(home, 2000, np.random.default_rng(0))
    closed = solid_of(home, panes(home)).ray.intersects_first(origins, directions)
    assert (closed >= 0).all()
    opened = solid_of(home).ray.intersects_first(origins, directions)
    assert 0 < (opened < 0).mean() < 0.2


def test_one_sees_fronts_only(home):
    origins, directions = rays(home, 2000, np.random.default_rng(1))
    solid = solid_of(home)
    face = solid.ray.intersects_first(origins, directions)
    hit = face >= 0
    corners = home.mesh.vertices[home.mesh.faces[face[hit]]].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = np.einsum("ij,ij->i", normals, directions[hit])
    # Through the seam between the two sides of a curtain one may see the other side's back.
    assert (facing >= 0).sum() <= 0.001 * len(facing)


def test_faces_are_whole_and_named(home):
    mesh = home.mesh
    n_faces = len(mesh.faces)
    assert 3000 < n_faces < 45000
    for per_face in (mesh.uv, mesh.texture, mesh.material, mesh.room, mesh.tint, mesh.normals):
        assert len(per_face) == n_faces
        assert np.isfinite(per_face).all()
    assert mesh.faces.min() >= 0
    assert mesh.faces.max() < len(mesh.vertices)
    for index, table in ((mesh.texture, home.textures), (mesh.material, home.materials)):
        assert set(np.unique(index)) <= set(range(len(table)))
    assert set(np.unique(mesh.room)) == set(range(len(home.rooms)))
    assert mesh.tint.min() >= 0
    assert mesh.tint.max() < 2
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=-1), 1, atol=1e-5)


def test_normals_agree_with_the_winding(home):
    corners = home.mesh.vertices[home.mesh.faces].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    size = np.linalg.norm(normals, axis=1)
    assert size.min() > 1e-9
    agreement = np.einsum("fi,fci->fc", normals / size[:, None], home.mesh.normals)
    assert agreement.mean(axis=1).min() > 0.2


def test_textures_keep_their_scale(home):
    """A repeat's area on the surface is the same wherever a texture lies flat."""
    mesh = home.mesh
    corners = mesh.vertices[mesh.faces].astype(float)
    surface = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    uv = mesh.uv.astype(float)
    one, other = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    texels = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
    even = np.ptp(mesh.normals, axis=1).max(axis=1) < 1e-6
    level = even & (np.abs(mesh.normals[:, 0]).max(axis=-1) > 0.9999)
    # Images are shown once, whatever the size of what shows them.
    shown_once = np.isin(uv, (0, 1)).all(axis=(1, 2))
    for index in range(len(home.textures)):
        mine = level & ~shown_once & (mesh.texture == index) & (surface > 1e-4)
        ratio = texels[mine] / surface[mine]
        if mine.any():
            np.testing.assert_allclose(ratio, np.median(ratio), rtol=0.02)


def test_what_is_heard_is_seen(home):
    """Rays from above meet furniture where its boxes have their tops."""
    ray = solid_of(home).ray
    share = np.stack(np.meshgrid([0.2, 0.4, 0.6, 0.8], [0.2, 0.4, 0.6, 0.8]), -1).reshape(-1, 2)
    heard, seen = 0, 0
    for room in home.rooms:
        for lower, upper in room.boxes:
            x, z = (lower[[0, 2]] + share * (upper - lower)[[0, 2]]).T
            origins = np.stack([x, np.full(len(x), upper[1] + 0.1), z], axis=1)
            points, which, _ = ray.intersects_location(
                origins, np.tile([0.0, -1.0, 0.0], (len(x), 1)), multiple_hits=False
            )
            near = np.abs(points[:, 1] - upper[1]) < 0.11
            heard, seen = heard + 1, seen + (len(np.unique(which[near])) >= 6)
    # Plants and lamps are thinner than their boxes.
    assert seen / heard > 0.8


def test_supports_are_level_and_bare(home):
    ray = solid_of(home).ray
    for room in home.rooms:
        for support in room.supports:
            size = support.upper - support.lower
            assert np.sort(size)[0] >= 0.2 - 1e-9
            assert np.sort(size)[1] >= 0.25 - 1e-9
            share = np.stack(np.meshgrid(*[np.linspace(0.02, 0.98, 9)] * 2), -1).reshape(-1, 2)
            x, z = (support.lower + share * size).T
            origins = np.stack([x, np.full(len(x), support.height + 0.25), z], axis=1)
            points, which, _ = ray.intersects_location(
                origins, np.tile([0.0, -1.0, 0.0], (len(x), 1)), multiple_hits=False
            )
            assert len(which) == len(x)
            np.testing.assert_allclose(points[:, 1], support.height, atol=0.003, err_msg=room.name)


def test_most_rooms_offer_a_place_for_a_phone(homes):
    offers = [bool(room.supports) for home in homes for room in home.rooms]
    assert np.mean(offers) > 0.5


def test_lights_shine_into_their_rooms(home):
    assert {light.room for light in home.lights} == set(range(len(home.rooms)))
    for light in home.lights:
        normal = np.cross(light.edge_u, light.edge_v)
        normal /= np.linalg.norm(normal)
        middle = light.origin + (light.edge_u + light.edge_v) / 2
        assert home.room_at(middle + 0.35 * normal) == light.room
        assert (light.radiance > 0).all()


def test_the_sun_is_up(home):
    np.testing.assert_allclose(np.linalg.norm(home.sky.sun_direction), 1)
    assert home.sky.sun_direction[1] > 0.2


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
