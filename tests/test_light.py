"""Light in rooms, against what can be reckoned by hand."""

from dataclasses import replace

import box_room as rooms
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.casting import RayCaster
from simbinaural.geometry import Camera, Pose, orientation_towards, pixels
from simbinaural.scenes.objects import PlacedObject
from simbinaural.scenes.scene import Mesh
from simbinaural.vision.bounces import hemisphere
from simbinaural.vision.direct import (
    disc,
    lattice,
    polygon_irradiance,
    rectangle_irradiance,
    sun_share,
)
from simbinaural.vision.embree import Renderer
from simbinaural.vision.filtering import coarsen, fill_covered, refine, smooth
from simbinaural.vision.home import Home, RecentlyUsed, load_home
from simbinaural.vision.light import bake, room_light
from simbinaural.vision.lightmap import (
    Points,
    grid_points,
    lay_out,
    look_up,
    make_quads,
    nearest_point,
)
from simbinaural.vision.surfaces import find_quads, tabulate
from simbinaural.vision.tone import MIDDLE_GREY, auto_exposure, film, luminance

GREY = rooms.plain(0.5)
NOTHING = RayCaster(np.zeros((0, 3)), np.zeros((0, 3), int))


def points_at(position, normal):
    """Points without a cell around them."""
    position = np.atleast_2d(np.asarray(position, dtype=np.float32))
    normal = np.broadcast_to(np.asarray(normal, dtype=np.float32), position.shape)
    zeros, still = np.zeros(len(position), np.int32), np.zeros_like(position)
    return Points(position, normal, zeros, zeros, still, still)


def light_at(baked, surfaces, place, normal=(0, 1, 0)):
    """Irradiance at a place on a quad of the home."""
    facing = np.einsum("fi,i->f", surfaces.normal, np.asarray(normal, dtype=float))
    total = baked.direct + baked.indirect
    for face in np.flatnonzero(facing > 0.999):
        edges = np.stack([surfaces.edge1[face], surfaces.edge2[face]], axis=1)
        step = np.asarray(place, dtype=float) - surfaces.corner[face]
        (u, v), *_ = np.linalg.lstsq(edges, step, rcond=None)
        beside = np.linalg.norm(edges @ (u, v) - step) > 1e-6
        if not beside and min(u, v) >= -1e-9 and u + v <= 1 + 1e-9:
            return np.array(look_up(baked.layout, total, face, u, v))
    raise LookupError(place)


class TestRectangle:
    def test_square_overhead(self):
        # Differential element to a parallel rectangle with one corner above it (Howell, B-3):
        # F = 1/2pi [ A/sqrt(1+A^2) atan(B/sqrt(1+A^2)) + B/sqrt(1+B^2) atan(A/sqrt(1+B^2)) ]
        a, b, height = 0.7, 1.1, 0.9
        corners = np.array([[0, height, 0], [a, height, 0], [a, height, b], [0, height, b]])
        p, q = a / height, b / height
        factor = p / np.hypot(1, p) * np.arctan(q / np.hypot(1, p))
        factor = (factor + q / np.hypot(1, q) * np.arctan(p / np.hypot(1, q))) / (2 * np.pi)
        found = polygon_irradiance(np.zeros(3), np.array([0.0, 1.0, 0.0]), corners)
        np.testing.assert_allclose(found, np.pi * factor, rtol=1e-12)

    def test_huge_ceiling_is_half_the_world(self):
        far = 1e5
        corners = np.array([[-far, 1, -far], [far, 1, -far], [far, 1, far], [-far, 1, far]])
        up, side = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
        np.testing.assert_allclose(polygon_irradiance(np.zeros(3), up, corners), np.pi, rtol=1e-4)
        # A wall sees the half of it that lies above its horizon.
        np.testing.assert_allclose(
            polygon_irradiance(np.zeros(3), side, corners), np.pi / 2, rtol=1e-4
        )

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
    def test_agrees_with_plain_integration(self, numbers):
        place, normal = np.reshape(numbers, (2, 3)) * (2, 0.8, 2)[:3], np.array([0.2, 1.0, -0.3])
        place, normal = place[0], normal + place[1]
        normal /= np.linalg.norm(normal)
        origin, u, v = np.array([-0.5, 1.5, -0.7]), np.array([1.0, 0, 0]), np.array([0, 0.2, 1.2])
        grid = (np.arange(200) + 0.5) / 200
        samples = origin + grid[:, None, None] * u + grid[None, :, None] * v - place
        square = np.sum(samples**2, axis=-1)
        area = np.cross(u, v)
        weight = np.maximum(samples @ normal, 0) * np.abs(samples @ area) / square**2
        corners = np.array([origin, origin + u, origin + u + v, origin + v])
        found = polygon_irradiance(place, normal, corners)
        np.testing.assert_allclose(found, weight.mean(), rtol=2e-3, atol=1e-4)

    @pytest.mark.parametrize("height", [0.05, 0.5, 2.0, 8.0])
    def test_sampled_light_is_right_near_and_far(self, height):
        lamp = rooms.lamp((0.0, height, 0.0), 0.8)
        places = np.array([(x, 0.0, 0.3 * x) for x in np.linspace(0, 3, 7)])
        found = rectangle_irradiance(points_at(places, (0, 1, 0)), lamp, [NOTHING], 16)
        corners = lamp.origin + np.array(
            [np.zeros(3), lamp.edge_u, lamp.edge_u + lamp.edge_v, lamp.edge_v]
        )
        exact = [polygon_irradiance(place, np.array([0.0, 1, 0]), corners) for place in places]
        np.testing.assert_allclose(found, exact, rtol=0.03, atol=1e-3)

    def test_shines_along_its_normal_only(self):
        lamp = rooms.lamp((0.0, 1.0, 0.0), 0.5)
        above = rectangle_irradiance(points_at((0, 2, 0), (0, -1, 0)), lamp, [NOTHING], 8)
        below = rectangle_irradiance(points_at((0, 0, 0), (0, 1, 0)), lamp, [NOTHING], 8)
        assert above[0] == 0 < below[0]

    def test_half_hidden_is_half_as_bright(self):
        lamp = rooms.lamp((0.0, 2.0, 0.0), 1.0)
        board = rooms.quads([((0, 1, -3), (0, 0, 6), (3, 0, 0), 0, 0)])
        hidden = RayCaster(board.vertices, board.faces)
        place = points_at((0, 0, 0), (0, 1, 0))
        whole = rectangle_irradiance(place, lamp, [NOTHING], 64)
        half = rectangle_irradiance(place, lamp, [hidden], 64)
        np.testing.assert_allclose(half / whole, 0.5, atol=0.05)


class TestSun:
    def test_follows_the_cosine(self):
        normals = np.array([(0, 1, 0), (0, 0.6, 0.8), (0, 0, 1), (0, -1, 0)])
        points = points_at(np.zeros((4, 3)), normals)
        share = sun_share(points, (0.0, 1.0, 0.0), [NOTHING], 4)
        np.testing.assert_allclose(share, [1, 0.6, 0, 0], atol=1e-6)

    def test_shadow_has_soft_edges_of_the_right_width(self):
        # Half plane 2 m up: the sun's disc of radius 0.01 makes a penumbra of 4 cm.
        board = rooms.quads([((0, 2, -9), (0, 0, 18), (9, 0, 0), 0, 0)])
        hidden = RayCaster(board.vertices, board.faces)
        x = np.linspace(-0.04, 0.04, 81)
        share = sun_share(
            points_at(np.stack([x, 0 * x, 0 * x], axis=1), (0, 1, 0)), (0, 1, 0), [hidden], 64
        )
        np.testing.assert_array_equal(share[x < -0.021], 1)
        np.testing.assert_array_equal(share[x > 0.021], 0)
        np.testing.assert_allclose(share[40], 0.5, atol=0.03)
        assert np.all(np.diff(share) <= 1e-6)


class TestPatterns:
    @pytest.mark.parametrize("count", [4, 16, 23])
    def test_lattice_is_even(self, count):
        points = lattice(count)
        for axis in range(2):
            line = np.sort(points[:, axis])
            gaps = np.diff(np.append(line, line[0] + 1))
            assert gaps.max() < 2.7 / count
        assert np.all((points >= 0) & (points < 1))

    def test_disc_and_hemisphere_have_the_right_moments(self):
        np.testing.assert_allclose(np.mean(np.sum(disc(64) ** 2, axis=1)), 0.5, atol=0.01)
        for rays in hemisphere(128):
            np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1, rtol=1e-6)
            # Cosine law: the mean direction is 2/3 of the normal.
            np.testing.assert_allclose(rays.mean(axis=0), [0, 0, 2 / 3], atol=0.02)


class TestEnergy:
    @pytest.mark.parametrize("albedo", [0.2, 0.5, 0.8])
    def test_white_furnace(self, albedo):
        # Everywhere the same: E = pi L + albedo E.
        textures = rooms.plain(albedo, emission=1.0 / albedo)
        scene = rooms.make_scene(rooms.box((-1, 0, -2), (2, 2.5, 2), inward=True), textures)
        baked = bake(Home(scene))
        glow = float(baked.outside.glow[0, 0])
        expected = np.pi * glow / (1 - scene_albedo(baked, scene))
        np.testing.assert_allclose(baked.direct + baked.indirect, expected, rtol=0.02)

    def test_lamp_in_a_black_room_is_the_formula(self):
        lamp = rooms.lamp((0.2, 2.4, 0.1), 0.6, radiance=3.0)
        scene = rooms.make_scene(
            rooms.box((-2, 0, -2), (2, 2.5, 2), inward=True), rooms.plain(0.0), lights=[lamp]
        )
        home = Home(scene)
        baked = bake(home)
        corners = lamp.origin + np.array(
            [np.zeros(3), lamp.edge_u, lamp.edge_u + lamp.edge_v, lamp.edge_v]
        )
        for x in (-1.5, -0.3, 0.8):
            place = np.array([x, 0.0, 0.4])
            exact = 3 * polygon_irradiance(place, np.array([0.0, 1.0, 0.0]), corners)
            found = light_at(baked, home.surfaces, place)
            np.testing.assert_allclose(found, exact, rtol=0.02)

    def test_a_room_returns_what_its_walls_absorb(self):
        # In balance, absorbed power = emitted power: sum (1 - albedo) E dA = pi L A.
        lamp = rooms.lamp((0.0, 2.4, 0.0), 0.6, radiance=3.0)
        scene = rooms.make_scene(
            rooms.box((-2, 0, -2), (2, 2.5, 2), inward=True), GREY, lights=[lamp]
        )
        home = Home(scene)
        baked = bake(home)
        total = (baked.direct + baked.indirect)[:, 0]
        area = np.empty(len(total))
        layout = baked.layout
        for quad in range(len(layout.columns)):
            size = np.linalg.norm(np.cross(home.quads.edge_u[quad], home.quads.edge_v[quad]))
            columns, rows = layout.columns[quad], layout.rows[quad]
            weights = np.outer(trapezoid(rows), trapezoid(columns)) * size
            area[layout.offset[quad] : layout.offset[quad + 1]] = weights.ravel()
        absorbed = (1 - scene_albedo(baked, scene)) * np.sum(total * area)
        np.testing.assert_allclose(absorbed, np.pi * 3.0 * 0.36, rtol=0.03)

    def test_open_sky_lights_a_floor_by_pi(self):
        sky = replace(rooms.DARK, zenith=np.ones(3), horizon=np.ones(3), ground=np.ones(3))
        scene = rooms.make_scene([((-1, 0, -1), (0, 0, 2), (2, 0, 0), 0, 0)], GREY, sky=sky)
        baked = bake(Home(scene))
        np.testing.assert_allclose(baked.direct + baked.indirect, np.pi, rtol=1e-4)

    def test_sky_behind_a_light_counts_once(self):
        sky = replace(rooms.DARK, zenith=np.ones(3), horizon=np.ones(3), ground=np.ones(3))
        roof = rooms.lamp((0.0, 1.0, 0.0), 1000.0)
        scene = rooms.make_scene(
            [((-1, 0, -1), (0, 0, 2), (2, 0, 0), 0, 0)], GREY, sky=sky, lights=[roof]
        )
        baked = bake(Home(scene))
        np.testing.assert_allclose(baked.direct + baked.indirect, np.pi, rtol=0.02)


def scene_albedo(baked, scene):
    """Linear value of the first texture's code."""
    del baked
    return float(Home(scene).albedo[0, 0])


def trapezoid(count):
    """Weights of evenly spaced points on [0, 1], ends included."""
    weights = np.full(count, 1 / (count - 1))
    weights[[0, -1]] /= 2
    return weights


class TestShadows:
    LAMP = rooms.lamp((0.0, 2.9, 0.0), 0.5, radiance=10.0)

    def baked(self, extra, **kwargs):
        items = rooms.box((-3, 0, -3), (3, 3, 3), inward=True) + extra
        home = Home(rooms.make_scene(items, GREY, lights=[self.LAMP], **kwargs))
        return home, bake(home)

    def test_table_shades_the_floor(self):
        home, baked = self.baked(rooms.box((-0.6, 0.7, -0.6), (0.6, 0.75, 0.6)))
        under = light_at(baked, home.surfaces, (0.0, 0, 0.0))
        beside = light_at(baked, home.surfaces, (1.5, 0, 0.0))
        assert np.all(under < 0.25 * beside)
        assert np.all(under > 0)

    def test_covered_floor_takes_its_neighbours_light(self):
        # Seen at the very edge of a chest, the floor must not fade to the black below it.
        home, baked = self.baked(rooms.box((0.53, 0.0, -0.5), (1.57, 0.4, 0.5)))
        baked = replace(baked, indirect=0 * baked.indirect)
        edge = light_at(baked, home.surfaces, (0.525, 0, 0.0))
        before = light_at(baked, home.surfaces, (0.4, 0, 0.0))
        np.testing.assert_allclose(edge, before, rtol=0.05)

    def test_no_light_leaks_into_a_closed_room(self):
        sky = replace(
            rooms.DARK,
            sun_direction=np.array([0.48, 0.8, 0.36]),
            sun_irradiance=np.full(3, 100.0),
            zenith=np.full(3, 10.0),
        )
        scene = rooms.make_scene(rooms.box((0, 0, 0), (3, 3, 3), inward=True), GREY, sky=sky)
        baked = bake(Home(scene))
        np.testing.assert_array_equal(baked.direct + baked.indirect, 0)

    def test_lamps_shine_through_what_glows(self):
        shade = rooms.box((-0.4, 2.5, -0.4), (0.4, 2.8, 0.4), texture=1)
        items = rooms.box((-3, 0, -3), (3, 3, 3), inward=True) + shade
        glowing = [*GREY, *rooms.plain(1.0, emission=5.0)]
        home = Home(rooms.make_scene(items, glowing, lights=[self.LAMP]))
        assert np.all(light_at(bake(home), home.surfaces, (0, 0, 0)) > 0.1)


class TestRooms:
    """Three rooms in a row along x, joined by doors that are not in line."""

    @staticmethod
    def scene():
        items, places, lamps = [], [], []
        for number in range(3):
            x = 4.0 * number
            walls = rooms.box((x, 0, 0), (x + 4, 3, 4), room=number, inward=True)
            if number > 0:
                walls[2:3] = door(x, number, (0.2, 1.2), inward=1)
            if number < 2:
                z = 0.2 if number == 0 else 2.8
                walls = [w for w in walls if not (w[0][0] == x + 4 and w[1][0] == 0 == w[2][0])]
                walls += door(x + 4, number, (z, z + 1.0), inward=-1)
            if number == 2:
                walls = [w for w in walls if not (w[0][0] == x and w[1][0] == 0 == w[2][0])]
                walls += door(x, number, (2.8, 3.8), inward=1)
            items += walls
            places.append(rooms.make_room(x, 0, x + 4, 4))
            lamps.append(rooms.lamp((x + 2, 2.9, 2), 0.6, radiance=8.0, room=number))
        return rooms.make_scene(items, GREY, lights=lamps, rooms=places, name="row")

    def test_finds_rooms_behind_doors(self):
        home = load_home(self.scene())
        assert home.visible_rooms(0)[:2] == (0, 1)
        assert set(home.visible_rooms(1)) == {0, 1, 2}

    def test_room_behind_a_door_is_lit(self):
        scene = self.scene()
        pose = Pose([1.0, 1.5, 0.7], orientation_towards(-90.0))
        rgb = Renderer(scene, room=0).render(pose, Camera()).rgb
        depth = Renderer(scene, room=0).render(pose, Camera()).depth
        beyond = depth > 3.1
        assert np.count_nonzero(beyond) > 500
        assert rgb[beyond].mean() > 40

    def test_room_is_finer_than_those_beyond(self):
        scene = self.scene()
        baked = room_light(scene, 0)
        room = load_home(scene).surfaces.room[baked.points.face]
        assert np.count_nonzero(room == 0) > 5 * np.count_nonzero(room == 1)

    def test_same_light_whatever_was_baked_before(self):
        scene = self.scene()
        first = bake(Home(scene), 1)
        bake(Home(scene), 0)
        again = bake(Home(scene), 1)
        np.testing.assert_array_equal(first.direct, again.direct)
        np.testing.assert_array_equal(first.indirect, again.indirect)
        assert first.exposure == again.exposure

    def test_light_is_kept(self):
        scene = self.scene()
        assert room_light(scene, 1) is room_light(scene, 1)

    def test_only_the_last_are_kept(self):
        store, made = RecentlyUsed(2), []
        for key in "abacab":
            store.get(key, lambda key=key: made.append(key))
        assert made == ["a", "b", "c", "b"]


def door(x, room, span, *, inward):
    """Wall at x with an opening 2 m high between two z."""
    parts = [(0, span[0], 0, 3), (span[1], 4, 0, 3), (*span, 2, 3)]
    items = []
    for z0, z1, y0, y1 in parts:
        along, up = (0, 0, z1 - z0), (0, y1 - y0, 0)
        edges = (up, along) if inward > 0 else (along, up)
        items.append(((x, y0, z0), *edges, 0, room))
    return items


class TestObjects:
    LAMP = rooms.lamp((0.0, 2.9, 0.0), 0.5, radiance=10.0)
    POSE = Pose([0.0, 1.5, 2.5], orientation_towards(0.0, -25.0))

    def scene(self, sky=rooms.DARK, lights=None):
        items = rooms.box((-3, 0, -3), (3, 3, 3), inward=True)
        lights = [self.LAMP] if lights is None else lights
        return rooms.make_scene(items, GREY, lights=lights, sky=sky, name="stage")

    @staticmethod
    def block(center, size, code=0.5):
        center, half = np.asarray(center, dtype=float), np.asarray(size, dtype=float) / 2
        mesh = rooms.quads(rooms.box(center - half, center + half, room=-1))
        return PlacedObject(mesh, tuple(rooms.plain(code)))

    def test_object_shades_the_floor(self):
        scene = self.scene()
        plate = self.block((0.0, 0.5, 0.0), (0.6, 0.02, 0.6))
        camera = Camera(width=240, height=120)
        empty = Renderer(scene).render(self.POSE, camera)
        frame = Renderer(scene, [plate]).render(self.POSE, camera)
        # The floor just below the plate's front edge, and far from it.
        pose, place = self.POSE, np.array([[0.0, 0.0, 0.05], [2.2, 0.0, -1.0]])
        (x0, y0), (x1, y1) = pixels(camera, pose.to_body(place)).astype(int)
        assert frame.mask[y0, x0] == 0
        assert frame.rgb[y0, x0].mean() < 0.8 * empty.rgb[y0, x0].mean()
        np.testing.assert_allclose(frame.rgb[y1, x1], empty.rgb[y1, x1], atol=1)

    def test_light_side_is_brighter(self):
        cube = self.block((1.5, 0.4, 0.0), (0.5, 0.5, 0.5))
        baked = room_light(self.scene())
        renderer = Renderer(self.scene(), [cube])
        side = Camera(width=120, height=60)
        to_lamp = renderer.render(Pose([0.3, 0.9, 0.0], orientation_towards(-90, -20)), side)
        from_lamp = renderer.render(Pose([2.7, 0.9, 0.0], orientation_towards(90, -20)), side)
        assert baked.exposure > 0
        assert (
            to_lamp.rgb[to_lamp.mask == 1].mean() > 1.15 * from_lamp.rgb[from_lamp.mask == 1].mean()
        )

    def test_sun_shadow_falls_far_away(self):
        # A low sun from +x through an open side; the shadow falls 2.4 m behind the block.
        sky = replace(
            rooms.DARK,
            sun_direction=np.array([0.8, 0.6, 0.0]),
            sun_irradiance=np.full(3, 5.0),
        )
        floor = [((-4, 0, -2), (0, 0, 4), (8, 0, 0), 0, 0)]
        scene = rooms.make_scene(floor, GREY, sky=sky, name="field")
        kite = self.block((2.0, 1.8, 0.0), (0.5, 0.02, 0.5))
        down = Pose([-0.4, 3.0, 0.0], orientation_towards(0.0, -90.0))
        rgb = Renderer(scene, [kite]).render(down, Camera(width=120, height=120)).rgb
        assert rgb[60, 60].mean() < 0.5 * rgb[60, 90].mean()

    def test_light_objects_brighten_what_is_around_them(self):
        camera = Camera(width=120, height=60)
        own, floor = [], []
        for color in (0.05, 0.7):
            renderer = Renderer(self.scene(), [self.block((0, 0.27, 0), [0.5] * 3, color)])
            frame = renderer.render(self.POSE, camera)
            own.append(frame.rgb[frame.mask == 1].mean())
            x, y = pixels(camera, self.POSE.to_body([0.0, 0.0, 0.35])).astype(int)
            assert frame.mask[y, x] == 0
            floor.append(int(frame.rgb[y, x, 0]))
        assert own[1] > 2.5 * own[0]
        assert floor[1] > floor[0] + 4


class TestExposure:
    def test_mean_becomes_middle_grey(self):
        rng = np.random.default_rng(0)
        values = np.exp(rng.standard_normal(1000))
        exposed = auto_exposure(values) * values
        np.testing.assert_allclose(np.exp(np.log(exposed).mean()), MIDDLE_GREY)
        assert auto_exposure(np.zeros(3)) == 1

    def test_twice_the_light_is_the_same_picture(self):
        pictures = []
        for radiance in (3.0, 6.0):
            lamp = rooms.lamp((0.0, 2.9, 0.0), 0.5, radiance=radiance)
            scene = TestObjects().scene(lights=[lamp])
            pictures.append(Renderer(scene).render(TestObjects.POSE, Camera(240, 120)).rgb)
        np.testing.assert_allclose(*np.array(pictures, dtype=int), atol=1)

    def test_film_rises_to_white(self):
        levels = np.linspace(0, 20, 500, dtype=np.float32)
        seen = np.array([film(level) for level in levels])
        assert np.all(np.diff(seen) >= 0)
        assert seen[0] == 0
        assert 0.9 < seen[100] < seen[-1] <= 1
        # Narkowicz's formula at middle grey and at one.
        np.testing.assert_allclose(film(np.float32(0.18)), 0.26690, rtol=1e-4)
        np.testing.assert_allclose(film(np.float32(1.0)), 2.54 / 3.16, rtol=1e-5)

    def test_luminance_of_white_is_one(self):
        np.testing.assert_allclose(luminance(np.ones(3)), 1, rtol=1e-6)


class TestGrids:
    def test_quads_of_boxes_are_found_and_those_of_spheres_are_not(self):
        mesh = rooms.quads(rooms.box((0, 0, 0), (1, 2, 3)))
        np.testing.assert_array_equal(find_quads(mesh, tabulate(mesh, GREY)), np.arange(0, 12, 2))
        leaning = mesh.normals + np.float32([0.3, 0.2, 0.1])
        round_ = replace(mesh, normals=leaning / np.linalg.norm(leaning, axis=-1, keepdims=True))
        assert len(find_quads(round_, tabulate(round_, GREY))) == 0

    def test_a_fan_is_not_taken_for_parallelograms(self):
        angle = np.linspace(0, np.pi, 5)
        vertices = np.append([[0, 0, 0]], np.stack([np.cos(angle), 0 * angle, np.sin(angle)], 1), 0)
        faces = np.array([(0, k, k + 1) for k in range(1, 5)])
        mesh = Mesh(
            vertices.astype(np.float32),
            faces.astype(np.int32),
            np.zeros((4, 3, 2), np.float32),
            *[np.zeros(4, np.int32)] * 3,
            np.ones((4, 3), np.float32),
            np.tile(np.float32([0, -1, 0]), (4, 3, 1)),
        )
        assert len(find_quads(mesh, tabulate(mesh, GREY))) == 0

    @settings(deadline=None, max_examples=50)
    @given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0, 1]), st.floats(0.05, 2.0))
    def test_linear_light_is_read_back(self, a, b, second, spacing):
        surfaces, layout, points = grid(spacing)
        slope = np.array([0.3, -0.7, 0.2])
        light = np.repeat((points.position @ slope)[:, None], 3, axis=1).astype(np.float32)
        u, v = (a, b) if a + b <= 1 else (1 - a, 1 - b)
        place = surfaces.corner[second] + u * surfaces.edge1[second] + v * surfaces.edge2[second]
        found = look_up(layout, light, second, u, v)
        # Points keep a centimetre from the edges, so that light is that much off there.
        margin = 0.012 if layout.columns[0] > 1 and layout.rows[0] > 1 else 3.0
        np.testing.assert_allclose(found, place @ slope, atol=margin)

    @settings(deadline=None, max_examples=50)
    @given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0, 1]))
    def test_nearest_point_is_near(self, a, b, second):
        surfaces, layout, points = grid(0.1)
        u, v = (a, b) if a + b <= 1 else (1 - a, 1 - b)
        place = surfaces.corner[second] + u * surfaces.edge1[second] + v * surfaces.edge2[second]
        near = points.position[nearest_point(layout, second, u, v)]
        assert np.linalg.norm(near - place) < 0.09

    def test_constant_light_stays_constant(self):
        _, fine, points = grid(0.07)
        _, coarse, _ = grid(0.3)
        light = np.full((len(points.position), 3), 2.0, np.float32)
        np.testing.assert_allclose(coarsen(fine, coarse, light), 2.0)
        again = refine(coarse, fine, coarsen(fine, coarse, light))
        np.testing.assert_allclose(again, 2.0, rtol=1e-6)
        smooth(fine, light)
        np.testing.assert_allclose(light, 2.0, rtol=1e-6)

    def test_smoothing_removes_checks(self):
        _, layout, points = grid(0.1)
        columns = layout.columns[0]
        number = np.arange(len(points.position))
        checks = 1.0 + (-1.0) ** (number % columns + number // columns)
        light = np.repeat(checks[:, None], 3, axis=1).astype(np.float32)
        smooth(layout, light)
        inner = light.reshape(-1, columns, 3)[2:-2, 2:-2]
        np.testing.assert_allclose(inner, 1.0, atol=1e-6)

    def test_covered_points_are_filled_from_around(self):
        _, layout, points = grid(0.1)
        light = np.ones((len(points.position), 3), np.float32)
        covered = np.zeros(len(light), dtype=bool)
        covered[30:60] = True
        light[covered] = 1e6
        fill_covered(layout, light, covered)
        np.testing.assert_allclose(light, 1.0)

    def test_all_covered_is_left_alone(self):
        _, layout, points = grid(0.5)
        light = np.full((len(points.position), 3), 3.0, np.float32)
        fill_covered(layout, light, np.ones(len(light), dtype=bool))
        np.testing.assert_array_equal(light, 3.0)


def grid(spacing):
    """Tables, layout and points of one slanted rectangle of 1.3 x 0.9 m."""
    mesh = rooms.quads([((0.2, 0.1, -0.5), (1.2, 0.5, 0.0), (-0.15, 0.36, 0.81), 0, 0)])
    surfaces = tabulate(mesh, GREY)
    quads = make_quads(surfaces, find_quads(mesh, surfaces))
    layout = lay_out(quads, spacing, 2)
    return surfaces, layout, grid_points(quads, layout)
