"""What a camera sees of a scan: its textures as they are, its geometry, and lit things in it."""

from dataclasses import replace

import box_room as rooms
import numpy as np
import pytest
from scanned_rooms import box_mesh, finish_mesh, scan_of

from simbinaural.casting import RayCaster
from simbinaural.errors import InputError
from simbinaural.geometry import Camera, Pose, orientation_towards, pixel_vectors
from simbinaural.scenes.objects import PlacedObject
from simbinaural.scenes.scene import Texture
from simbinaural.vision.clusters import make_clusters, rasterize_clusters, spatial_order
from simbinaural.vision.embree import Renderer
from simbinaural.vision.frame import lens_of, view_from
from simbinaural.vision.raster import SAMPLES, rasterize
from simbinaural.vision.scan import load_scan
from simbinaural.vision.scan_set import find_edges
from simbinaural.vision.shadows import cast_shadows, dim
from simbinaural.vision.sight import sight
from simbinaural.vision.surroundings import LOST_LIGHT
from simbinaural.vision.textures import (
    LINEAR,
    STEPS,
    build_pyramid,
    encode_srgb,
    pack_scan_textures,
)
from simbinaural.vision.unlit import HOLE_CODE

SIZE, CORNER = (6.0, 3.0, 8.0), (-3.0, 0.0, -4.0)
EYE = np.array([0.3, 1.4, 1.1])
CAMERAS = [Camera(), Camera(projection="equirect")]
ID = lambda camera: camera.projection  # noqa: E731


def plain(*code):
    return Texture(np.full((4, 4, 3), code, np.uint8))


def room(code=(128, 128, 128), steps=12, **options):
    """A closed room of one color."""
    return scan_of(box_mesh(SIZE, CORNER, steps=steps), textures=(plain(*code),), **options)


def thing(center, size, color=(0.5, 0.5, 0.5)):
    center, half = np.asarray(center, dtype=float), np.asarray(size, dtype=float) / 2
    mesh = rooms.quads(rooms.box(center - half, center + half, room=-1))
    return PlacedObject(mesh, tuple(rooms.plain(color)))


def wall(pixels, distance=2.0):
    """What fills the picture of a camera at the origin that looks along -z, and nothing else."""
    half = distance, distance * pixels.shape[0] / pixels.shape[1]
    x, y = np.array([-1, 1, 1, -1]) * half[0], np.array([-1, -1, 1, 1]) * half[1]
    vertices = np.stack([x, y, np.full(4, -distance)], axis=1)
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], float)[faces]
    return scan_of(finish_mesh(vertices, faces, uv, (0, 0)), textures=(Texture(pixels),))


def bumpy(n_faces=3000, seed=0):
    """Triangles all around, some of them near and large: corners (faces, 3, 3)."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(0, 4, (n_faces, 1, 3))
    size = np.where(np.arange(n_faces) < 40, 2.0, 0.15)[:, None, None]
    return middle + size * rng.normal(0, 1, (n_faces, 3, 3))


class TestColors:
    @pytest.mark.parametrize("camera", CAMERAS, ids=ID)
    @pytest.mark.parametrize("code", [(0, 1, 2), (40, 128, 250), (255, 254, 13)])
    def test_a_plain_texture_is_shown_as_it_is(self, camera, code):
        rgb = Renderer(room(code)).render(Pose(EYE, orientation_towards(33, -8)), camera).rgb
        assert np.abs(rgb.astype(int) - code).max() <= 1

    def test_tint_multiplies_linear_light(self):
        scan = room((200, 200, 200))
        tint = np.array([0.5, 0.25, 1.0], np.float32)
        tinted = replace(
            scan, mesh=replace(scan.mesh, tint=np.tile(tint, (len(scan.mesh.faces), 1)))
        )
        rgb = Renderer(tinted).render(Pose(EYE, orientation_towards(0.0)), Camera()).rgb
        expected = encode_srgb(LINEAR[200 * STEPS] * tint)
        assert np.abs(rgb.astype(int) - expected).max() <= 1

    def test_texels_come_out_one_to_one(self):
        pixels = np.random.default_rng(0).integers(0, 256, (240, 480, 3), dtype=np.uint8)
        frame = Renderer(wall(pixels)).render(Pose(np.zeros(3), orientation_towards(0.0)), Camera())
        # At the sides, where pixels span less than they are taken for, levels are mixed.
        error = np.abs(frame.rgb.astype(int) - pixels)[1:-1, 120:360]
        assert np.mean(error <= 2) > 0.97
        # Rays go astray by a sixteenth of a texel, in 32 bits.
        assert error.max() <= 255 / 16 * 2

    def test_holes_are_plain_dark_gray(self):
        scan = wall(np.full((240, 480, 3), 200, np.uint8))
        frame = Renderer(scan).render(Pose(np.zeros(3), orientation_towards(180.0)), Camera())
        assert np.all(frame.rgb == HOLE_CODE)
        assert not frame.depth.any()
        assert not frame.mask.any()


class TestGeometry:
    @pytest.mark.parametrize("camera", CAMERAS, ids=ID)
    def test_depth_within_a_millimeter(self, camera):
        pose = Pose(EYE, orientation_towards(23.0, -9.0))
        depth = Renderer(room()).render(pose, camera).depth
        ways = pose.to_world(pixel_vectors(camera)) - EYE
        upper, lower = np.add(CORNER, SIZE), np.array(CORNER)
        with np.errstate(divide="ignore"):
            expected = np.where(ways > 0, (upper - EYE) / ways, (lower - EYE) / ways).min(axis=-1)
        if camera.projection == "perspective":
            expected = -expected * pixel_vectors(camera)[..., 2]
        np.testing.assert_allclose(depth, expected, atol=1e-3)

    @pytest.mark.parametrize("seed", range(3))
    def test_clusters_show_what_all_faces_do(self, seed):
        corners = bumpy(seed=seed)
        corners = corners[spatial_order(corners.mean(axis=1))]
        camera = Camera(120, 80)
        lens = lens_of(
            view_from(Pose(np.zeros(3), orientation_towards(70.0 * seed, 20)), camera), camera
        )
        every = rasterize(corners, lens, SAMPLES, np.ones(len(corners), dtype=bool))
        clusters = make_clusters(corners[:-100])
        found = rasterize_clusters(clusters, corners[:-100], corners[-100:], lens, SAMPLES)
        assert np.mean(found == every) > 0.9995
        assert len(np.unique(found)) > 50

    def test_rays_meet_what_is_drawn(self):
        corners = bumpy()
        vertices, faces = corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3)
        scan = scan_of(finish_mesh(vertices, faces, np.zeros((len(faces), 3, 2)), [0] * len(faces)))
        pose = Pose([0.1, 0.2, 0.3], orientation_towards(40.0))
        camera = Camera(120, 80)
        depth = Renderer(scan).render(pose, camera).depth
        ways = pose.to_world(pixel_vectors(camera)) - pose.position
        hits = RayCaster(vertices, faces).first_hits(
            np.tile(pose.position, (9600, 1)).astype(np.float32),
            ways.reshape(-1, 3).astype(np.float32),
        )
        expected = hits.distance.reshape(depth.shape) * -pixel_vectors(camera)[..., 2]
        expected[hits.face.reshape(depth.shape) < 0] = 0
        assert np.mean(np.abs(depth - expected) < 1e-3) > 0.999

    def test_planes_have_no_edges_however_steep(self):
        pose = Pose([0, 0.05, 3.9], orientation_towards(0.0))
        frame = Renderer(room(steps=1)).render(pose, Camera())
        bare = find_edges(frame.depth, frame.mask, True)
        assert bare[118:].mean() < 0.02

    def test_sight_and_sees(self):
        scan = room()
        assert sight(scan)([0, 1, 0], [1, 2, 3])
        assert not sight(scan)([0, 1, 0], [9, 1, 0])
        renderer = Renderer(scan, [thing((0, 1.5, 0), [0.4] * 3)])
        assert renderer.sees([0, 1.5, 2.0], [0, 1.5, 0.0])
        assert not renderer.sees([0, 1.5, 2.0], [0, 1.5, 0.0], through_objects=False)


class TestObjects:
    POSE = Pose(EYE, orientation_towards(0.0))

    def test_counts_the_pixels_of_a_card(self):
        # 0.4 m at 2 m, focal length 240 px: 48 x 48 pixels.
        card = thing(EYE + (0, 0, -2.001), (0.4, 0.4, 0.002))
        frame = Renderer(room(), [card]).render(self.POSE, Camera())
        assert np.count_nonzero(frame.mask == 1) == 48 * 48
        np.testing.assert_allclose(frame.depth[frame.mask == 1], 2.0, atol=1e-3)

    @pytest.mark.parametrize("camera", CAMERAS, ids=ID)
    def test_visible_share(self, camera):
        card = thing(EYE + (0, 0, -2.0), (0.6, 0.6, 0.01))
        board = box_mesh((EYE[0] + 2, 2.8, 0.01), (-2, 0.1, EYE[2] - 1.01), inward=False)
        scan = room()
        shift = len(scan.mesh.vertices)
        both = {
            name: np.concatenate([getattr(scan.mesh, name), getattr(board, name)])
            for name in vars(board)
        }
        both["faces"][len(scan.mesh.faces) :] += shift
        behind = replace(scan, mesh=replace(scan.mesh, **both))
        for scene, share in ((scan, 1.0), (behind, 0.5)):
            renderer = Renderer(scene, [card])
            found = renderer.visible_share(self.POSE, camera)
            np.testing.assert_allclose(found, [share], atol=0.03)
            frame = renderer.render(self.POSE, camera)
            assert np.array_equal(renderer.visible_share(self.POSE, camera, frame), found)

    def test_two_objects_are_told_apart(self):
        things = [thing(EYE + (x, 0, -2), [0.2] * 3) for x in (-0.7, 0.7)]
        mask = Renderer(room(), things).render(self.POSE, Camera()).mask
        assert set(np.unique(mask[:, :240])) == {0, 1}
        assert set(np.unique(mask[:, 240:])) == {0, 2}

    def test_edges_against_the_scan_are_smooth(self):
        card = thing(EYE + (0.013, 0, -2.0), (0.4, 0.4, 0.01), color=(0, 0, 0))
        row = Renderer(room((255, 255, 255)), [card]).render(self.POSE, Camera()).rgb[100, :, 0]
        edge = np.flatnonzero(np.diff(row.astype(int)) < -20)[0]
        assert row[edge : edge + 2].min() > 30 or 30 < row[edge + 1] < 230

    @pytest.mark.parametrize("camera", CAMERAS, ids=ID)
    def test_an_even_room_lights_evenly(self, camera):
        code, albedo = 100, 0.5
        frame = Renderer(room([code] * 3), [thing(EYE + (0, 0, -1.5), [0.5] * 3)]).render(
            self.POSE, camera
        )
        expected = encode_srgb(albedo * LOST_LIGHT * LINEAR[code * STEPS])
        inside = frame.rgb[frame.mask == 1].astype(int)
        np.testing.assert_allclose(np.median(inside, axis=0), expected, atol=2)

    def test_a_red_wall_reddens_the_side_towards_it(self):
        scan = room()
        texture = np.zeros(len(scan.mesh.faces), np.int32)
        texture[: len(texture) // 6] = 1  # the side at -x
        scan = replace(
            scan,
            mesh=replace(scan.mesh, texture=texture),
            textures=(plain(90, 90, 90), plain(255, 0, 0)),
        )
        cube = thing((0, 1.4, -2), [0.5] * 3)
        sides = []
        for x, azimuth in ((-2.0, -90.0), (2.0, 90.0)):
            pose = Pose([x, 1.4, -2], orientation_towards(azimuth))
            frame = Renderer(scan, [cube]).render(pose, Camera())
            sides.append(frame.rgb[frame.mask == 1].mean(axis=0))
        assert sides[0][0] > 1.5 * sides[0][1]
        assert sides[1][0] < 1.2 * sides[1][1]

    def test_an_object_shades_the_floor_it_stands_on_and_nothing_far_away(self):
        pose = Pose([0, 1.6, 1.0], orientation_towards(0.0, -35))
        cube = thing((0, 0.151, -0.8), [0.3] * 3, color=(0.1, 0.1, 0.1))
        bare = Renderer(room()).render(pose, Camera()).rgb.astype(int)
        frame = Renderer(room(), [cube]).render(pose, Camera())
        darker = (bare - frame.rgb)[..., 0] * (frame.mask == 0)
        rows, columns = np.nonzero(frame.mask)
        beside = darker[rows.max() - 2, columns.max() + 3]
        assert beside > 15
        assert not darker[:, :40].any()
        assert darker.min() >= -1


class TestShadows:
    def test_a_plate_hides_all_above_and_nothing_below(self):
        plate = thing((0, 0, 0), (4, 0.02, 4), color=(0, 0, 0))
        shadows = cast_shadows([plate], [np.zeros(3)])
        below = dim(shadows, (0.0, -0.3, 0.0), (0.0, 1.0, 0.0), 1.0)
        assert max(below) < 0.2
        away = dim(shadows, (0.0, -0.3, 0.0), (0.0, -1.0, 0.0), 1.0)
        assert min(away) > 0.95
        assert dim(shadows, (0.0, -0.3, 0.0), (0.0, -1.0, 0.0), -1.0) == below

    def test_what_a_cube_hides_far_away(self):
        # By the cosine law, its area over pi times the distance squared.
        shadows = cast_shadows([thing((0, 0, 0), [0.5] * 3, color=(0, 0, 0))], [np.zeros(3)])
        left = dim(shadows, (0.0, -0.55, 0.0), (0.0, 1.0, 0.0), 1.0)
        assert 1 - 0.5**2 / (np.pi * 0.3**2) < left[0] < 1 - 0.4 * 0.5**2 / (np.pi * 0.55**2)

    def test_light_objects_return_light(self):
        plate = thing((0, 0, 0), (4, 0.02, 4))
        shadows = cast_shadows([plate], [np.array([0.5, 0.0, 1.0])])
        red, green, blue = dim(shadows, (0.0, -0.3, 0.0), (0.0, 1.0, 0.0), 1.0)
        assert green < red < blue
        np.testing.assert_allclose(blue, 1.0, atol=1e-6)

    def test_nothing_beyond_the_reach(self):
        shadows = cast_shadows([thing((0, 0, 0), [0.5] * 3)], [np.zeros(3)])
        assert dim(shadows, (0.0, -2.0, 0.0), (0.0, 1.0, 0.0), 1.0) == (1, 1, 1)


class TestPreparing:
    def test_a_scan_is_prepared_once(self):
        scan = room()
        assert load_scan(scan) is load_scan(replace(scan, name="other"))
        assert load_scan(scan) is not load_scan(replace(scan, mesh=replace(scan.mesh)))

    def test_same_bytes_whatever_came_before(self):
        def picture(code):
            renderer = Renderer(room([code] * 3), [thing((0, 0.2, -1), [0.4] * 3)])
            pose = Pose(EYE, orientation_towards(5.0, -20))
            return renderer.render(pose, Camera(120, 60)).rgb.tobytes()

        alone = picture(90)
        assert picture(180) != alone
        assert picture(90) == alone

    def test_textures_are_packed_as_pyramids(self):
        rng = np.random.default_rng(0)
        textures = [
            Texture(rng.integers(0, 256, size, dtype=np.uint8)) for size in ((8, 32, 3), (5, 3, 3))
        ]
        atlas = pack_scan_textures(textures)
        expected = np.concatenate([build_pyramid(texture.pixels).data for texture in textures])
        np.testing.assert_array_equal(atlas.data, expected)

    def test_many_large_textures_are_shrunk(self, monkeypatch):
        monkeypatch.setattr("simbinaural.vision.textures.MOST_TEXELS", 3000)
        textures = [Texture(np.full((64, 64, 3), code, np.uint8)) for code in (10, 200)]
        atlas = pack_scan_textures(textures)
        assert len(atlas.data) <= 3000
        np.testing.assert_allclose(
            atlas.means[:, 0], LINEAR[np.array([10, 200]) * STEPS], rtol=1e-4
        )


class TestInput:
    def test_scan_without_triangles(self):
        scan = room()
        columns = {k: v[:0] for k, v in vars(scan.mesh).items() if k != "vertices"}
        with pytest.raises(InputError, match="scene must have triangles, got none"):
            Renderer(replace(scan, mesh=replace(scan.mesh, **columns)))

    def test_too_many_objects(self):
        with pytest.raises(InputError, match="objects must be at most 255, got 256"):
            Renderer(room(), [thing((0, 1, 0), [0.1] * 3)] * 256)
