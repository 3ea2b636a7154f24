"""What a camera sees, against what can be reckoned by hand."""

import subprocess
import sys
from dataclasses import replace

import box_room as rooms
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.casting import RayCaster
from simbinaural.errors import InputError
from simbinaural.geometry import (
    Camera,
    Pose,
    direction_vectors,
    orientation_towards,
    pixel_vectors,
    pixels,
    rotate,
    rotation_matrix,
)
from simbinaural.scenes.objects import PlacedObject
from simbinaural.scenes.scene import Texture
from simbinaural.vision.embree import Renderer
from simbinaural.vision.raster import SAMPLES, Lens, rasterize
from simbinaural.vision.sampling import Footprints, make_samples, sample_textures
from simbinaural.vision.textures import LINEAR, STEPS, build_pyramid, pack_textures

GREY = rooms.plain(0.5)
LAMP = rooms.lamp((0.0, 2.9, 0.0), 1.0, radiance=5.0)
CAMERAS = [Camera(), Camera(projection="equirect")]
LOWER, UPPER = np.array([-3.0, 0.0, -4.0]), np.array([3.0, 3.0, 4.0])


def home(extra=(), textures=GREY, name="home"):
    """A closed room of 6 x 3 x 8 m around (0, 1.5, 0), with a lamp."""
    items = rooms.box(LOWER, UPPER, inward=True) + list(extra)
    place = rooms.make_room(*LOWER[[0, 2]], *UPPER[[0, 2]])
    return rooms.make_scene(items, textures, lights=[LAMP], rooms=[place], name=name)


def thing(center, size, color=(0.8, 0.1, 0.1)):
    """An object: a box."""
    center, half = np.asarray(center, dtype=float), np.asarray(size, dtype=float) / 2
    mesh = rooms.quads(rooms.box(center - half, center + half, room=-1))
    return PlacedObject(mesh, tuple(rooms.plain(color)))


def at(azimuth_deg, elevation_deg, distance, eye):
    return eye + distance * direction_vectors(azimuth_deg, elevation_deg)


EYE = np.array([0.3, 1.4, 1.1])


def sample_all(atlas, spots):
    """Colours (spots, 3) of footprints (texture, middle, short axis, long axis)."""
    columns = np.empty((7, len(spots)))
    for column, (texture, middle, across, along) in zip(columns.T, spots, strict=True):
        height, width = atlas.sizes[atlas.first[texture]]
        lengths = [np.sum((np.asarray(axis) * (width, height)) ** 2) for axis in (across, along)]
        column[:] = texture, *middle, *along, *lengths
    footprints = Footprints(columns[0].astype(np.int32), *columns[1:].astype(np.float32))
    color = np.empty((len(spots), 3), np.float32)
    sample_textures(atlas, LINEAR, footprints, len(spots), make_samples(len(spots)), color)
    return color


def sample(texture, middle, across, along):
    """Colour of one footprint."""
    return sample_all(pack_textures([texture]), [(0, middle, across, along)])[0]


class TestDepth:
    @pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.projection)
    def test_room_within_a_millimetre(self, camera):
        pose = Pose(EYE, orientation_towards(23.0, -9.0))
        depth = Renderer(home()).render(pose, camera).depth
        ways = pose.to_world(pixel_vectors(camera)) - EYE
        with np.errstate(divide="ignore"):
            walls = np.where(ways > 0, (UPPER - EYE) / ways, (LOWER - EYE) / ways)
        expected = walls.min(axis=-1)
        if camera.projection == "perspective":
            expected = -expected * pixel_vectors(camera)[..., 2]
        np.testing.assert_allclose(depth, expected, atol=1e-3)

    @pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.projection)
    def test_is_zero_where_nothing_is_hit(self, camera):
        floor = rooms.make_scene([((-1, 0, -1), (0, 0, 2), (2, 0, 0), 0, -1)], GREY, lights=[LAMP])
        frame = Renderer(floor).render(Pose(EYE, orientation_towards(0, 40)), camera)
        assert np.count_nonzero(frame.depth[: camera.height // 4]) == 0

    def test_far_from_the_origin(self):
        away = np.array([500.0, 0.0, -800.0])
        items = rooms.box(LOWER + away, UPPER + away, inward=True)
        scene = rooms.make_scene(items, GREY, lights=[LAMP])
        frame = Renderer(scene).render(Pose(EYE + away, orientation_towards(0.0)), Camera())
        np.testing.assert_allclose(frame.depth[120, 240], EYE[2] - LOWER[2], atol=1e-3)


class TestPixels:
    @pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.projection)
    @pytest.mark.parametrize(("azimuth", "elevation"), [(30, 0), (-30, 5), (0, -12), (10, 14)])
    def test_known_point_within_a_tenth_of_a_pixel(self, camera, azimuth, elevation):
        # A tilted card that faces the eye: its pixels are spread evenly around the point.
        point = at(azimuth, elevation, 2.0, EYE)
        tilt = np.radians(11)
        right = rotate(orientation_towards(azimuth, elevation), [np.cos(tilt), np.sin(tilt), 0])
        up = rotate(orientation_towards(azimuth, elevation), [-np.sin(tilt), np.cos(tilt), 0])
        size = 0.3
        card = rooms.quads([(point - size / 2 * (right + up), size * right, size * up, 0, -1)])
        pose = Pose(EYE, orientation_towards(0.0))
        frame = Renderer(home(), [PlacedObject(card, tuple(GREY))]).render(pose, camera)
        rows, columns = np.nonzero(frame.mask)
        ways = pose.to_world(pixel_vectors(camera, columns + 0.5, rows + 0.5)) - EYE
        middle = pose.to_body(
            EYE + np.average(ways, axis=0, weights=self.angles(camera, rows, ways))
        )
        np.testing.assert_allclose(
            pixels(camera, middle), pixels(camera, pose.to_body(point)), atol=0.1
        )

    @staticmethod
    def angles(camera, rows, ways):
        """Solid angle of each pixel, in any unit."""
        if camera.projection == "perspective":
            return -(ways[:, 2] ** 3)
        return np.sin(np.pi * (rows + 0.5) / camera.height)

    @pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.projection)
    @pytest.mark.parametrize("azimuth", [30.0, -30.0])
    def test_object_lies_where_its_direction_says(self, camera, azimuth):
        center = at(azimuth, 8.0, 2.5, EYE)
        pose = Pose(EYE, orientation_towards(0.0))
        frame = Renderer(home(), [thing(center, [0.05] * 3)]).render(pose, camera)
        rows, columns = np.nonzero(frame.mask)
        where = pixels(camera, pose.to_body(center))
        assert (where[0] < camera.width / 2) == (azimuth > 0)
        np.testing.assert_allclose([columns.mean() + 0.5, rows.mean() + 0.5], where, atol=0.5)

    def test_edges_are_as_soft_as_what_a_pixel_covers(self):
        # Left half white, right half black: the light in a row tells where the edge is.
        white_black = [*rooms.plain(0.9), *rooms.plain(0.0)]
        split = 0.243
        items = [
            ((-3, 0, -2), (3 + split, 0, 0), (0, 3, 0), 0, 0),
            ((split, 0, -2), (3 - split, 0, 0), (0, 3, 0), 1, 0),
        ]
        lit = rooms.make_scene(items, white_black, lights=[rooms.lamp((0, 2.9, 0), 1.0, 5.0)])
        pose = Pose([0.0, 1.5, 2.0], orientation_towards(0.0))
        picture = Renderer(lit).render(pose, Camera()).rgb
        level = LINEAR[picture[120, :, 1].astype(int) * STEPS]
        edge = 240 + 240 * split / 4
        column = int(edge)
        share = level[column] / level[column - 1]
        # Five samples a pixel tell a fifth of it.
        np.testing.assert_allclose(column + share, edge, atol=0.1)
        assert level[column + 1] < 0.02 < level[column - 1]

    def test_cast_and_drawn_pictures_agree(self):
        rng = np.random.default_rng(1)
        # A shell around all, drawn first, so that every face is compared with what it may hide in.
        shell = rooms.quads(rooms.box((-3.1, -3.1, -3.1), (3.1, 3.1, 3.1), inward=True))
        places = np.repeat(rng.uniform(-2.5, 2.5, (100, 3)), 3, axis=0)
        vertices = np.concatenate([places + rng.uniform(-0.5, 0.5, (300, 3)), shell.vertices])
        faces = np.concatenate([np.arange(300).reshape(-1, 3), shell.faces + 300])
        pose = Pose(np.zeros(3), orientation_towards(70.0, 10.0))
        camera = Camera(width=240, height=160, fov_deg=110)
        near = (rng.random(len(faces)) < 0.3) | (faces[:, 0] >= 300)
        drawn = rasterize(vertices[faces], self.lens(pose, camera), SAMPLES, near)
        for number, sample in enumerate(SAMPLES):
            cast = self.cast(vertices[faces], pose, camera, sample)
            assert np.mean(drawn[number] != cast) < 5e-4

    @pytest.mark.parametrize("behind", [0, 1, 2])
    @pytest.mark.parametrize("near", [False, True])
    def test_each_face_is_drawn_from_both_sides_and_through_the_camera_plane(self, behind, near):
        rng = np.random.default_rng(behind)
        camera = Camera(width=120, height=80, fov_deg=100)
        pose = Pose([1.0, 2.0, -3.0], orientation_towards(-40.0, 15.0))
        corners = rng.uniform((-5, -3, -4), (5, 3, -0.5), (150, 3, 3))
        corners[:, :behind, 2] *= -1
        corners = pose.to_world(corners)
        seen = 0
        for corner in np.concatenate([corners, corners[:, ::-1]])[:, None]:
            lens, hides = self.lens(pose, camera), np.array([near])
            drawn = rasterize(np.ascontiguousarray(corner), lens, SAMPLES[:1], hides)[0]
            cast = self.cast(corner, pose, camera)
            assert np.count_nonzero(drawn != cast) <= 2
            seen += np.any(cast == 0)
        assert seen >= 100

    def test_backs_are_hidden_by_what_is_nearer_only(self):
        # Looking at the wall, a pane that turns its back to the eye stands before it, another
        # behind it: only the first is seen, and it needs no front.
        pose, camera = Pose(np.zeros(3), orientation_towards(0.0)), Camera(width=120, height=80)
        wall = rooms.quads([((-9, -9, -3), (18, 0, 0), (0, 18, 0), 0, -1)])
        panes = rooms.quads([((1, -1, z), (-2, 0, 0), (0, 2, 0), 0, -1) for z in (-2.0, -4.0)])
        corners = np.concatenate([wall.vertices[wall.faces], panes.vertices[panes.faces]])
        drawn = rasterize(
            corners, self.lens(pose, camera), SAMPLES, np.ones(len(corners), dtype=bool)
        )
        assert set(np.unique(drawn)) == {0, 1, 2, 3}
        assert np.count_nonzero(drawn[0] >= 2) == 60 * 60

    @staticmethod
    def lens(pose, camera):
        turn = np.ascontiguousarray(rotation_matrix(pose.orientation))
        return Lens(pose.position, turn, (camera.height, camera.width), camera.focal_px)

    @staticmethod
    def cast(corners, pose, camera, sample=(0.0, 0.0)):
        """Face (height, width) that rays meet."""
        columns = np.arange(camera.width) + 0.5 + sample[0]
        rows = np.arange(camera.height)[:, None] + 0.5 + sample[1]
        ways = pose.to_world(pixel_vectors(camera, columns, rows)) - pose.position
        ways = ways.reshape(-1, 3).astype(np.float32)
        origins = np.broadcast_to(pose.position.astype(np.float32), ways.shape)
        caster = RayCaster(corners.reshape(-1, 3), np.arange(corners.size // 3).reshape(-1, 3))
        return caster.first_hits(origins, ways).face.reshape(camera.height, camera.width)


class TestTextures:
    @pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.projection)
    def test_are_upright_and_not_mirrored(self, camera):
        colors = np.array([[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (255, 255, 0)]], np.uint8)
        picture = np.repeat(np.repeat(colors, 64, axis=0), 64, axis=1)
        card = [((-1, 0.5, -2), (2, 0, 0), (0, 2, 0), 1, 0)]
        scene = home(card, [*GREY, Texture(picture)])
        pose = Pose([0.0, 1.5, 0.5], orientation_towards(0.0))
        rgb = Renderer(scene).render(pose, camera).rgb.astype(int)
        for (x, y), strong in {
            (-0.5, 2.0): (0,),
            (0.5, 2.0): (1,),
            (-0.5, 1.0): (2,),
            (0.5, 1.0): (0, 1),
        }.items():
            column, row = pixels(camera, pose.to_body([x, y, -2.0])).astype(int)
            color = rgb[row, column]
            weak = [k for k in range(3) if k not in strong]
            assert min(color[list(strong)]) > 2 * max(color[weak]) + 20, (x, y, color)

    def test_pyramid_keeps_the_mean_light(self):
        rng = np.random.default_rng(0)
        pixels_ = rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)
        mean = LINEAR[pixels_.astype(int) * STEPS].mean(axis=(0, 1))
        np.testing.assert_allclose(build_pyramid(pixels_).mean, mean, rtol=0.02)

    @settings(deadline=None, max_examples=30)
    @given(u=st.floats(-3, 3), v=st.floats(-3, 3), code=st.integers(0, 255))
    def test_plain_color_is_itself_at_any_scale(self, u, v, code):
        texture = Texture(np.full((32, 16, 3), code, np.uint8))
        for size in (1e-4, 0.02, 0.3, 5.0):
            color = sample(texture, (u, v), (size, 0.0), (0.0, 3 * size))
            np.testing.assert_allclose(color, LINEAR[code * STEPS], rtol=1e-3, atol=1e-5)

    def test_far_checks_are_grey(self):
        checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
        texture = Texture(np.repeat(checks[..., None], 3, axis=2).astype(np.uint8))
        far = sample(texture, (0.31, 0.17), (0.2, 0.0), (0.0, 0.2))
        np.testing.assert_allclose(far, 0.5, atol=0.02)

    def test_texels_lie_where_they_should(self):
        ramp = np.zeros((8, 8, 3), np.uint8)
        ramp[2, 5] = (200, 100, 50)
        color = sample(Texture(ramp), (5.5 / 8, 2.5 / 8), (1e-3, 0.0), (0.0, 1e-3))
        np.testing.assert_allclose(color, LINEAR[np.array([200, 100, 50]) * STEPS], rtol=1e-3)

    def test_the_long_axis_is_averaged_and_the_short_one_stays_sharp(self):
        # Rows that alternate between black and white, a footprint of one row and eight columns.
        rows = np.zeros((64, 64, 3), np.uint8)
        rows[::2] = 255
        for v, expected in ((0.5 / 64, 1.0), (1.5 / 64, 0.0)):
            along_rows = sample(Texture(rows), (0.4, v), (0.0, 1 / 64), (4 / 64, 0.0))
            np.testing.assert_allclose(along_rows, expected, atol=0.01)
        across_rows = sample(Texture(rows), (0.4, 0.5 / 64), (1 / 64, 0.0), (0.0, 4 / 64))
        assert 0.2 < across_rows[0] < 0.8

    def test_footprints_do_not_influence_each_other(self):
        rng = np.random.default_rng(1)
        textures = [
            Texture(rng.integers(0, 256, size, dtype=np.uint8))
            for size in ((8, 32, 3), (64, 16, 3))
        ]
        spots = [
            (int(rng.integers(2)), *(rng.uniform(-2, 2, (3, 2)) * [[1], [size], [size]]))
            for size in np.geomspace(1e-3, 1, 40)
        ]
        atlas = pack_textures(textures)
        together = sample_all(atlas, spots)
        alone = [sample_all(atlas, [spot])[0] for spot in spots]
        np.testing.assert_array_equal(together, alone)


class TestMask:
    POSE = Pose(EYE, orientation_towards(0.0))

    def test_counts_the_pixels_of_a_card(self):
        # 0.4 m at 2 m, focal length 240 px: 48 x 48 pixels.
        card = thing(EYE + (0, 0, -2.001), (0.4, 0.4, 0.002))
        mask = Renderer(home(), [card]).render(self.POSE, Camera()).mask
        assert np.count_nonzero(mask == 1) == 48 * 48
        assert set(np.unique(mask)) == {0, 1}

    def test_numbers_objects_in_order(self):
        left, right = thing(at(20, 0, 2, EYE), [0.2] * 3), thing(at(-20, 0, 2, EYE), [0.2] * 3)
        mask = Renderer(home(), [left, right]).render(self.POSE, Camera()).mask
        assert set(np.unique(mask[:, :240])) == {0, 1}
        assert set(np.unique(mask[:, 240:])) == {0, 2}

    @pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.projection)
    def test_visible_share(self, camera):
        card = thing(EYE + (0, 0, -2.0), (0.6, 0.6, 0.01))
        # Hides all that is left of the middle.
        board = rooms.box((-2, 0.1, EYE[2] - 1.01), (EYE[0], 2.9, EYE[2] - 1.0))
        for scene, share in ((home(), 1.0), (home(board), 0.5)):
            renderer = Renderer(scene, [card])
            found = renderer.visible_share(self.POSE, camera)
            np.testing.assert_allclose(found, [share], atol=0.03)
            frame = renderer.render(self.POSE, camera)
            assert np.array_equal(renderer.visible_share(self.POSE, camera, frame), found)

    def test_visible_share_is_of_the_part_in_the_frame(self):
        card = thing(at(45, 0, 2.0, EYE), (0.8, 0.8, 0.8))
        share = Renderer(home(), [card]).visible_share(self.POSE, Camera())
        np.testing.assert_array_equal(share, [1.0])

    def test_visible_share_is_zero_out_of_frame(self):
        objects = [thing(at(180, 0, 1.5, EYE), [0.3] * 3), thing(at(0, 0, 1.5, EYE), [0.3] * 3)]
        share = Renderer(home(), objects).visible_share(self.POSE, Camera())
        np.testing.assert_array_equal(share, [0.0, 1.0])

    def test_an_object_hides_another(self):
        objects = [thing(at(0, 0, 2.5, EYE), [0.2] * 3), thing(at(0, 0, 1.0, EYE), [0.3] * 3)]
        share = Renderer(home(), objects).visible_share(self.POSE, Camera())
        np.testing.assert_array_equal(share, [0.0, 1.0])


class TestSees:
    WALL = rooms.box((-1.0, 0.0, -1.1), (1.0, 3.0, -1.0))

    def test_walls_hide_and_free_air_does_not(self):
        renderer = Renderer(home(self.WALL))
        eyes = np.array([[0, 1.5, 1.0], [2.0, 1.5, 1.0]])
        seen = renderer.sees(eyes, [[0, 1.5, -2.0], [2.0, 1.5, -2.0]])
        np.testing.assert_array_equal(seen, [False, True])

    def test_what_lies_behind_the_target_does_not_matter(self):
        assert Renderer(home(self.WALL)).sees([0, 1.5, 1.0], [0, 1.5, -0.99])

    def test_objects_hide_on_demand(self):
        renderer = Renderer(home(), [thing((0, 1.5, 0), [0.4] * 3)])
        assert renderer.sees([0, 1.5, 2.0], [0, 1.5, 0.0])
        assert not renderer.sees([0, 1.5, 2.0], [0, 1.5, 0.0], through_objects=False)

    @settings(deadline=None, max_examples=20)
    @given(st.lists(st.floats(0.05, 0.95), min_size=6, max_size=6))
    def test_is_symmetric(self, share):
        a, b = LOWER + np.reshape(share, (2, 3)) * (UPPER - LOWER)
        renderer = Renderer(home(self.WALL))
        assert renderer.sees(a, b) == renderer.sees(b, a)


class TestPicture:
    POSE = Pose(EYE, orientation_towards(15.0, -10.0))

    def test_turning_mirrors_into_the_other_direction(self):
        # What is left at heading 0 is in the middle at heading +30.
        card = thing(at(30, 0, 2.0, EYE), (0.2, 0.2, 0.2))
        mask = Renderer(home(), [card]).render(Pose(EYE, orientation_towards(30.0)), Camera()).mask
        np.testing.assert_allclose(np.nonzero(mask)[1].mean() + 0.5, 240, atol=0.5)

    def test_a_mirror_shows_what_is_before_it(self):
        mirror = [*GREY, *rooms.plain(0.0, gloss=1.0), *rooms.plain((0.9, 0.0, 0.0))]
        panel = [((-1, 0.5, -3.9), (2, 0, 0), (0, 2, 0), 1, 0)]
        behind = [((1, 0.5, 3.9), (-2, 0, 0), (0, 2, 0), 2, 0)]
        pose = Pose([0.0, 1.5, 0.0], orientation_towards(0.0))
        dull = replace(mirror[1], gloss=0.0)
        shiny = Renderer(home(panel + behind, mirror)).render(pose, Camera()).rgb[120, 240]
        matt = Renderer(home(panel + behind, [GREY[0], dull, mirror[2]])).render(pose, Camera()).rgb
        assert shiny[0] > 60
        assert shiny[0] > 3 * shiny[1]
        assert max(matt[120, 240]) < 10

    def test_windows_are_brighter_than_dark_walls_but_not_white(self):
        sky = rooms.Sky(
            np.array([0.0, 1.0, 0.0]), np.zeros(3), np.full(3, 30.0), np.full(3, 40.0), np.ones(3)
        )
        items = rooms.box(LOWER, UPPER, inward=True)
        items = [item for item in items if item[0] != tuple(LOWER) or item[1][0] == 0]
        scene = rooms.make_scene(items, rooms.plain(0.3), sky=sky)
        rgb = Renderer(scene).render(Pose(EYE, orientation_towards(0.0)), Camera()).rgb
        assert rgb.max() < 253

    def test_same_bytes_in_any_order_and_process(self):
        def picture(number):
            scene = home(rooms.box((1, 0, -2), (2, number, -1)), name=f"home-{number}")
            frame = Renderer(scene, [thing((0, 0.2, -1), [0.4] * 3)], room=0)
            return frame.render(self.POSE, Camera(width=120, height=60)).rgb.tobytes()

        alone = picture(1.5)
        others = [picture(number) for number in np.linspace(0.5, 2, 10)]
        assert picture(1.5) == alone
        assert len(set(others)) == len(others)
        code = (
            "import sys, hashlib; sys.path.insert(0, 'tests')\n"
            "from test_vision import *\n"
            "scene = home(rooms.box((1, 0, -2), (2, 1.5, -1)), name='home-1.5')\n"
            "renderer = Renderer(scene, [thing((0, 0.2, -1), [0.4] * 3)], room=0)\n"
            "frame = renderer.render(TestPicture.POSE, Camera(width=120, height=60))\n"
            "sys.stdout.write(frame.rgb.tobytes().hex())"
        )
        elsewhere = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert bytes.fromhex(elsewhere.stdout) == alone

    def test_scenes_of_one_name_are_not_confused(self):
        small, large = home(rooms.box((1, 0, -2), (2, 1, -1))), home()
        pose = Pose(EYE, orientation_towards(-30.0))
        assert not np.array_equal(
            Renderer(small).render(pose, Camera()).depth,
            Renderer(large).render(pose, Camera()).depth,
        )


class TestInput:
    def test_object_without_triangles(self):
        empty = rooms.quads([((0, 0, 0), (1, 0, 0), (0, 1, 0), 0, 0)])
        empty = replace(empty, faces=empty.faces[:0])
        with pytest.raises(InputError, match="object must have triangles"):
            PlacedObject(empty, tuple(GREY))

    def test_object_without_its_texture(self):
        with pytest.raises(InputError, match="texture must index the object's 0 textures, got 0"):
            PlacedObject(thing((0, 0, 0), [1] * 3).mesh, ())

    def test_scene_without_triangles(self):
        scene = home()
        empty = replace(scene, mesh=replace(scene.mesh, faces=scene.mesh.faces[:0]))
        with pytest.raises(InputError, match="scene must have triangles"):
            Renderer(empty)

    def test_too_many_objects(self):
        with pytest.raises(InputError, match="objects must be at most 255, got 256"):
            Renderer(home(), [thing((0, 1, 0), [0.1] * 3)] * 256)

    def test_targets_of_another_shape(self):
        with pytest.raises(InputError, match=r"origins must have shape \(any, 3\), got \(1, 2\)"):
            Renderer(home()).sees([0.0, 1.0], [1.0, 2.0])
