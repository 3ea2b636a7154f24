"""What we use of habitat-sim, without it: it keeps what it is told, and films by rays.

Its axes are those that habitat-sim's documents and trials give: y up, an agent looks along -z, a
quaternion is (w, x, y, z); a stage's `up` and `front` become +y and -z.
"""

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np

from simbinaural.geometry import Camera, Pose
from simbinaural.vision.embree import Renderer


class Plain:
    """A record that habitat-sim fills with defaults."""

    def __init__(self, *values):
        self.values = values


class Simulator:
    """Films the scene of the test; `log` keeps each configuration."""

    scene, log = None, []

    def __init__(self, configuration):
        self.log.append(("start", configuration))
        self._configure(configuration)

    def reconfigure(self, configuration):
        self.log.append(("reconfigure", configuration))
        self._configure(configuration)

    def _configure(self, configuration):
        simulator, agents = configuration.values
        self._sensors = agents[0].sensor_specifications
        self.log.append(("stage", json.loads(Path(simulator.scene_id).read_text())))

    def get_agent(self, number):
        assert number == 0
        return self

    def set_state(self, state):
        self._state = state

    def get_sensor_observations(self):
        rotation = self._state.rotation
        pose = Pose(self._state.position, [getattr(rotation, axis) for axis in "wxyz"])
        seen = {}
        for sensor in self._sensors:
            height, width = sensor.resolution
            assert sensor.position == sensor.orientation == [0.0, 0.0, 0.0]
            frame = Renderer(self.scene).render(pose, Camera(width, height, sensor.hfov))
            alpha = np.full((height, width, 1), 255, np.uint8)
            color = np.concatenate([frame.rgb, alpha], axis=2)
            seen[sensor.uuid] = color if sensor.sensor_type == "COLOR" else frame.depth
        return seen


class PathFinder:
    """Level rectangles (x0, z0, x1, z1, height), each an island."""

    islands, readable = (), True

    def load_nav_mesh(self, path):
        assert isinstance(path, str)
        self.is_loaded = self.readable
        return self.readable

    def get_bounds(self):
        table = np.array(self.islands)
        low = table[:, 0].min(), table[:, 4].min(), table[:, 1].min()
        return np.array(low), np.array([table[:, 2].max(), table[:, 4].max(), table[:, 3].max()])

    def _below(self, point):
        x, y, z = (float(part) for part in point)
        inside = [
            k for k, (a, b, c, d, _) in enumerate(self.islands) if a <= x <= c and b <= z <= d
        ]
        return min(inside, key=lambda k: abs(self.islands[k][4] - y), default=None)

    def is_navigable(self, point, max_y_delta=0.5):
        k = self._below(point)
        return k is not None and abs(self.islands[k][4] - float(point[1])) < max_y_delta

    def snap_point(self, point):
        return np.array([point[0], self.islands[self._below(point)][4], point[2]], np.float32)

    def get_island(self, point):
        return self._below(point)

    def island_area(self, island_index=-1):
        a, b, c, d, _ = self.islands[island_index]
        return (c - a) * (d - b)


def install(monkeypatch, version="0.3.3"):
    """Put the stand-ins where imports find them; return the module of habitat-sim."""
    quaternion = ModuleType("quaternion")
    quaternion.quaternion = lambda w, x, y, z: SimpleNamespace(w=w, x=x, y=y, z=z)
    habitat = ModuleType("habitat_sim")
    habitat.__version__ = version
    habitat.SimulatorConfiguration, habitat.CameraSensorSpec, habitat.AgentState = (Plain,) * 3
    habitat.Configuration = Plain
    habitat.agent = SimpleNamespace(AgentConfiguration=Plain)
    habitat.SensorType = SimpleNamespace(COLOR="COLOR", DEPTH="DEPTH")
    habitat.SensorSubType = SimpleNamespace(PINHOLE="PINHOLE")
    habitat.Simulator, habitat.PathFinder = Simulator, PathFinder
    monkeypatch.setattr(Simulator, "log", [])
    monkeypatch.setattr("simbinaural.vision.habitat._SIMULATORS._simulator", None)
    monkeypatch.setattr("simbinaural.vision.habitat._SIMULATORS._now", None)
    for module in (quaternion, habitat):
        monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
    return habitat
