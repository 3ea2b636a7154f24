"""What pictures cost: a frame, a room's light, objects in it."""

import numpy as np
import pytest

from simbinaural.geometry import Camera, Pose, orientation_towards
from simbinaural.scenes.objects import PlacedObject
from simbinaural.scenes.procedural import make_home
from simbinaural.sources.objects import load_objects
from simbinaural.vision.embree import Renderer
from simbinaural.vision.home import Home, load_home
from simbinaural.vision.light import bake, room_light

HOME = 7
ROOMS = range(4)


def eyes(room, count=6, height=1.5):
    """Places where a camera can stand, far from the walls and outside of furniture."""
    rng = np.random.default_rng(0)
    lower, upper = room.polygon.min(axis=0), room.polygon.max(axis=0)
    places = rng.uniform(lower, upper, (2000, 2))
    places = places[room.clearance(places) > 0.4]
    margin = 0.2
    for low, high in room.boxes:
        inside = np.all((places > low[[0, 2]] - margin) & (places < high[[0, 2]] + margin), axis=1)
        places = places[~inside]
    return np.insert(places[:count], 1, room.floor_y + height, axis=1)


def views(room):
    """Poses that look around from them."""
    spots = eyes(room)
    return [Pose(eye, orientation_towards(360 * k / len(spots))) for k, eye in enumerate(spots)]


@pytest.fixture(scope="module")
def scene():
    return make_home(HOME)


@pytest.mark.parametrize("projection", ["perspective", "equirect"])
def test_frames(benchmark, scene, projection):
    camera = Camera(projection=projection)
    work = [(Renderer(scene, room=room), views(scene.rooms[room])) for room in ROOMS]

    def film():
        for renderer, poses in work:
            for pose in poses:
                renderer.render(pose, camera)

    film()
    benchmark.pedantic(film, rounds=2)
    frames = sum(len(poses) for _, poses in work)
    benchmark.extra_info["ms_per_frame"] = 1e3 * benchmark.stats.stats.min / frames


@pytest.mark.parametrize("room", ROOMS)
def test_bake(benchmark, scene, room):
    home = load_home(scene)
    bake(home, room)
    benchmark.extra_info["area_m2"] = scene.rooms[room].area
    benchmark.pedantic(lambda: bake(home, room), rounds=3)


def test_home(benchmark, scene):
    benchmark.pedantic(lambda: Home(scene), rounds=3)


def test_object(benchmark, scene):
    room = max(ROOMS, key=lambda number: scene.rooms[number].area)
    spot = eyes(scene.rooms[room], 1, height=0.0)[0]
    model = load_objects().items["guitar"][0]
    mesh = model.mesh
    placed = type(mesh)(**{**vars(mesh), "vertices": (mesh.vertices + spot).astype(np.float32)})
    thing = PlacedObject(placed, model.textures)
    light = room_light(scene, room)
    Renderer(scene, [thing], room=room, light=light)
    benchmark.pedantic(lambda: Renderer(scene, [thing], room=room, light=light), rounds=5)
