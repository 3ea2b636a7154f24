"""What habitat-sim is told, and what becomes of its pictures; who films at all."""

import sys
from dataclasses import replace
from pathlib import Path

import habitat_stand_in
import numpy as np
import pytest
import trimesh
from scanned_rooms import box_mesh, scan_of
from test_scan_pictures import thing

from simbinaural.errors import InputError
from simbinaural.geometry import Camera, Pose, orientation_towards
from simbinaural.scenes.scene import Scan, Texture
from simbinaural.vision import backends
from simbinaural.vision.backends import choose_vision, open_renderer
from simbinaural.vision.embree import Renderer
from simbinaural.vision.habitat import HabitatRenderer, import_habitat

EYE = np.array([0.3, 1.4, 1.1])
POSE = Pose(EYE, orientation_towards(17.0, -12.0))
CAMERA = Camera(240, 120, 80.0)


def scan(**options):
    """A furnished room with textures, in a file."""
    pixels = np.random.default_rng(0).integers(60, 200, (8, 8, 3), dtype=np.uint8)
    scene = scan_of(box_mesh((6, 3, 8), (-3, 0, -4), steps=6), textures=(Texture(pixels),))
    return replace(scene, scan=Scan("files", "room", Path("room.glb"), **options))


def cube(azimuth=17.0):
    return thing(POSE.to_world([0.1, -0.2, -2.0]) + (0.0, 0.0, 0.01 * (azimuth - 17)), [0.5] * 3)


@pytest.fixture
def habitat(monkeypatch):
    return habitat_stand_in.install(monkeypatch)


def film(habitat, scene, objects=(), pose=POSE, camera=CAMERA):
    habitat.Simulator.scene = scene
    return HabitatRenderer(scene, objects).render(pose, camera)


class TestPictures:
    def test_same_pose_same_picture(self, habitat):
        found, expected = film(habitat, scan()), Renderer(scan()).render(POSE, CAMERA)
        np.testing.assert_array_equal(found.rgb, expected.rgb)
        np.testing.assert_allclose(found.depth, expected.depth, atol=1e-5)
        assert not found.mask.any()

    def test_objects_are_laid_over_it(self, habitat):
        scene = scan()
        found = film(habitat, scene, [cube()])
        expected = Renderer(scene, [cube()]).render(POSE, CAMERA)
        assert expected.mask.any()
        np.testing.assert_array_equal(found.mask, expected.mask)
        np.testing.assert_allclose(found.depth, expected.depth, atol=1e-4)
        # Rims differ, for habitat-sim's picture is smoothed before the object comes into it.
        assert np.mean(np.abs(found.rgb.astype(int) - expected.rgb) <= 3) > 0.98

    def test_the_scan_hides_objects(self, habitat):
        scene = scan()
        card = thing(EYE + (0, 0, -2.0), (0.6, 0.6, 0.01))
        habitat.Simulator.scene = scene
        away = thing(EYE + (6.0, 0, -20.0), (2.0, 2.0, 0.01))
        renderer = HabitatRenderer(scene, [card, away])
        pose = Pose(EYE, orientation_towards(0.0))
        np.testing.assert_array_equal(renderer.visible_share(pose, CAMERA), [1.0, 0.0])
        frame = renderer.render(pose, CAMERA)
        np.testing.assert_array_equal(renderer.visible_share(pose, CAMERA, frame), [1.0, 0.0])
        assert renderer.n_objects == 2

    def test_objects_are_seen_before_holes(self, habitat):
        scene = scan()
        scene = replace(scene, mesh=replace(scene.mesh, vertices=scene.mesh.vertices + [0, 0, 50]))
        found = film(habitat, scene, [cube()])
        assert np.count_nonzero(found.mask == 1) > 100
        assert found.depth[found.mask == 1].min() > 1


class TestWhatItIsTold:
    def test_camera(self, habitat):
        film(habitat, scan())
        (kind, configuration), _ = habitat.Simulator.log
        simulator, (agent,) = configuration.values
        assert kind == "start"
        assert simulator.gpu_device_id == (0 if backends.has_gpu() else -1)
        assert not simulator.enable_physics
        for sensor, kind in zip(agent.sensor_specifications, ("COLOR", "DEPTH"), strict=True):
            assert sensor.sensor_type == kind
            assert sensor.sensor_subtype == "PINHOLE"
            assert sensor.resolution == [120, 240]
            assert sensor.hfov == 80.0
            assert [type(part) for part in sensor.position] == [float] * 3

    @pytest.mark.parametrize(
        ("up", "axis", "front"), [("y", [0, 1, 0], [0, 0, -1]), ("z", [0, 0, 1], [0, 1, 0])]
    )
    def test_axes_and_scale_of_the_file(self, habitat, up, axis, front):
        film(habitat, scan(up=up, unit_scale=0.001))
        stage = dict(habitat.Simulator.log)["stage"]
        assert stage["render_asset"] == str(Path("room.glb").absolute())
        assert (stage["up"], stage["front"]) == (axis, front)
        assert stage["scale"] == [0.001] * 3
        # (x, y, z) of a z-up file is (x, z, -y) of the world: front becomes -z, up +y.
        turn = {"y": np.eye(3), "z": np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])}[up]
        np.testing.assert_array_equal(turn @ axis, [0, 1, 0])
        np.testing.assert_array_equal(turn @ front, [0, 0, -1])

    def test_one_simulator_moves_from_scene_to_scene(self, habitat):
        first, second = scan(), scan(up="z")
        for scene in (first, first, second, first):
            film(habitat, scene)
        kinds = [kind for kind, _ in habitat.Simulator.log if kind != "stage"]
        assert kinds == ["start", "reconfigure", "reconfigure"]


class TestInput:
    def test_panoramas(self, habitat):
        message = "projection must be perspective with habitat-sim, got equirect; .*embree"
        with pytest.raises(InputError, match=message):
            film(habitat, scan(), camera=Camera(projection="equirect"))

    def test_scene_without_a_file(self, habitat):  # noqa: ARG002
        with pytest.raises(InputError, match="built-in homes are no files, got habitat"):
            HabitatRenderer(replace(scan(), scan=None))

    def test_too_many_objects(self, habitat):  # noqa: ARG002
        with pytest.raises(InputError, match="objects must be at most 255, got 256"):
            HabitatRenderer(scan(), [cube()] * 256)

    def test_too_old(self, monkeypatch):
        habitat_stand_in.install(monkeypatch, "0.2.3")
        with pytest.raises(InputError, match=r"at least 0\.2\.4, got 0\.2\.3; pass --vision"):
            import_habitat()

    def test_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "habitat_sim", None)
        message = "habitat-sim cannot be loaded .*got habitat; pass --vision embree"
        with pytest.raises(InputError, match=message):
            choose_vision("habitat", is_scan=True)


class TestChoice:
    @pytest.mark.parametrize(
        ("is_scan", "gpu", "installed", "name", "reason"),
        [
            (True, True, True, "habitat", "there is a GPU"),
            (True, True, False, "embree", "habitat-sim is not installed"),
            (True, False, True, "embree", "no GPU"),
            (False, True, True, "embree", "built-in homes"),
        ],
    )
    def test_auto(self, monkeypatch, is_scan, gpu, installed, name, reason):
        habitat_stand_in.install(monkeypatch)
        if not installed:
            monkeypatch.setitem(sys.modules, "habitat_sim", None)
        monkeypatch.setattr(backends, "has_gpu", lambda: gpu)
        found, said = choose_vision("auto", is_scan=is_scan)
        assert found == name
        assert reason in said
        assert said.startswith(f"pictures by {name}: ")

    def test_asked_for(self, habitat):  # noqa: ARG002
        assert choose_vision("habitat", is_scan=True)[0] == "habitat"
        assert choose_vision("embree", is_scan=True)[0] == "embree"

    def test_habitat_for_built_in_homes(self, habitat):  # noqa: ARG002
        with pytest.raises(InputError, match="must be embree for built-in homes"):
            choose_vision("habitat", is_scan=False)

    def test_unknown(self):
        with pytest.raises(InputError, match="vision must be one of auto, embree, habitat, got x"):
            choose_vision("x", is_scan=True)
        with pytest.raises(InputError, match="vision must be embree or habitat, got auto"):
            open_renderer("auto", scan())

    def test_opens(self, habitat):  # noqa: ARG002
        assert isinstance(open_renderer("habitat", scan()), HabitatRenderer)
        assert isinstance(open_renderer("embree", scan(), [cube()]), Renderer)


@pytest.mark.habitat
@pytest.mark.parametrize("up", ["y", "z"])
def test_the_real_one_sees_the_same(tmp_path, up):
    pytest.importorskip("quaternion", reason="habitat-sim is not installed")
    pytest.importorskip("habitat_sim", reason="habitat-sim is not installed")
    scene = scan(up=up)
    vertices, faces = scene.mesh.vertices, scene.mesh.faces
    if up == "z":
        vertices = np.stack([vertices[:, 0], -vertices[:, 2], vertices[:, 1]], axis=1)
    path = tmp_path / "room.glb"
    trimesh.Trimesh(vertices, faces, process=False).export(path)
    scene = replace(scene, scan=replace(scene.scan, mesh=path))
    found = HabitatRenderer(scene, [cube()]).render(POSE, CAMERA)
    expected = Renderer(scene, [cube()]).render(POSE, CAMERA)
    np.testing.assert_allclose(found.depth[4:-4, 4:-4], expected.depth[4:-4, 4:-4], rtol=5e-3)
    assert np.mean(found.mask == expected.mask) > 0.999
