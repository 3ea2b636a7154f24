"""Pictures of scans by habitat-sim, where it is installed: the same poses, on a GPU.

habitat-sim films the scan alone; the sounding objects are laid over its pictures by a test of depth
(`simbinaural.vision.overlay`). This needs nothing but colour and depth, which all of its versions
give alike, where loading objects depends on the build (Bullet or not) and on how each version
lights them; and objects look, and are counted in the mask, as in the embedded renderer.
"""

import json
import tempfile
import zlib
from importlib import import_module
from pathlib import Path

import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.vision.frame import Frame, view_from
from simbinaural.vision.overlay import lay_over
from simbinaural.vision.scan_set import ScanSet
from simbinaural.vision.silhouettes import visible_share

OLDEST = (0, 2, 4)

REMEDY = "pass --vision embree, or conda install habitat-sim headless -c conda-forge -c aihabitat"

FAR_M = 1000.0

AXES = {"y": ([0, 1, 0], [0, 0, -1]), "z": ([0, 0, 1], [0, 1, 0])}
"""By the file's axis that points up: that axis and the one that becomes the world's -z."""


def import_habitat():
    """Import habitat-sim.

    Returns
    -------
    module

    Raises
    ------
    InputError
        If it is not installed, or too old.
    """
    try:
        # In this order, or it may end the process: it brings another C++ runtime.
        import_module("quaternion")
        habitat_sim = import_module("habitat_sim")
    except ImportError as error:
        raise InputError(
            f"vision must be embree, as habitat-sim cannot be loaded ({error}), got habitat; "
            f"{REMEDY}"
        ) from error
    found = str(getattr(habitat_sim, "__version__", ""))
    numbers = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
    require(
        numbers >= OLDEST or not numbers,
        f"habitat-sim must be at least {'.'.join(map(str, OLDEST))}, got {found}; {REMEDY}",
    )
    return habitat_sim


def has_gpu():
    """Tell whether there is a GPU that habitat-sim can draw on."""
    return any(Path("/dev").glob("nvidia[0-9]*"))


class HabitatRenderer:
    """Takes pictures of a scan with objects in it.

    Parameters
    ----------
    scene : Scene
        A scan, with the file that it was read from.
    objects : sequence of PlacedObject, optional
        At most 255.

    Raises
    ------
    InputError
        If habitat-sim is missing, or the scene is not a file.

    Notes
    -----
    `render` and `visible_share` are those of `simbinaural.vision.embree.Renderer`.
    """

    def __init__(self, scene, objects=()):
        require(len(objects) <= 255, f"objects must be at most 255, got {len(objects)}")
        require(
            scene.scan is not None,
            f"{scene.name}: vision must be embree, as built-in homes are no files, got habitat; "
            "pass --vision embree",
        )
        self.n_objects = len(objects)
        self._habitat = import_habitat()
        self._scan = scene.scan
        self._set = ScanSet(scene, objects)

    def render(self, pose, camera):
        """Take a picture.

        Parameters
        ----------
        pose : Pose
        camera : Camera

        Returns
        -------
        Frame

        Raises
        ------
        InputError
            For panoramas.
        """
        require(
            camera.projection == "perspective",
            f"projection must be perspective with habitat-sim, got {camera.projection}; "
            "pass --vision embree",
        )
        picture = _SIMULATORS.film(self._habitat, self._scan, pose, camera)
        return lay_over(self._set, view_from(pose, camera), camera, picture)

    def visible_share(self, pose, camera, frame=None):
        """Share (objects,) of each object's silhouette that is seen, 0 to 1."""
        frame = self.render(pose, camera) if frame is None else frame
        objects = [self._set.object_corners(k + 1) for k in range(self.n_objects)]
        return visible_share(objects, view_from(pose, camera), camera, frame.mask)

    def sees(self, origins, targets, *, through_objects=True):
        """Tell whether nothing stands between points, as in the embedded renderer."""
        return self._set.sees(origins, targets, through_objects)


class _Simulators:
    """The one simulator of this process: it takes seconds to start, and moves house in no time."""

    def __init__(self):
        self._simulator, self._now, self._folder = None, None, None

    def film(self, habitat, scan, pose, camera):
        """Take a picture of a scan alone."""
        self._move(habitat, scan, camera)
        state = habitat.AgentState()
        state.position = np.asarray(pose.position, dtype=np.float32)
        state.rotation = _quaternion(pose.orientation)
        self._simulator.get_agent(0).set_state(state)
        seen = self._simulator.get_sensor_observations()
        # Copies: the arrays may be overwritten by the next picture.
        return Frame(np.array(seen["color"])[..., :3], np.array(seen["depth"], np.float32), None)

    def _move(self, habitat, scan, camera):
        """Load a scan, unless it is the one that is filmed."""
        wanted = (scan, camera)
        if self._now == wanted:
            return
        configuration = _configure(habitat, self._stage_file(scan), camera)
        if self._simulator is None:
            self._simulator = habitat.Simulator(configuration)
        else:
            self._simulator.reconfigure(configuration)
        self._now = wanted

    def _stage_file(self, scan):
        """Write what habitat-sim must know about a file: it takes bare ones for z-up."""
        up, front = AXES[scan.up]
        text = json.dumps(
            {
                "render_asset": str(Path(scan.mesh).absolute()),
                "up": up,
                "front": front,
                "scale": [float(scan.unit_scale)] * 3,
                "requires_lighting": False,
                "force_flat_shading": True,
            }
        )
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="simbinaural-")
        # A name of its own for each text: files are read once only.
        path = Path(self._folder.name) / f"{zlib.crc32(text.encode()):08x}.stage_config.json"
        path.write_text(text)
        return path


_SIMULATORS = _Simulators()


def _quaternion(orientation):
    return import_module("quaternion").quaternion(*(float(part) for part in orientation))


def _configure(habitat, stage_file, camera):
    """Configuration of one agent with a camera for colour and one for depth, at its very place."""
    simulator = habitat.SimulatorConfiguration()
    simulator.scene_id = str(stage_file)
    simulator.gpu_device_id = 0 if has_gpu() else -1
    simulator.enable_physics = False
    simulator.load_semantic_mesh = False
    kinds = (("color", habitat.SensorType.COLOR), ("depth", habitat.SensorType.DEPTH))
    agent = habitat.agent.AgentConfiguration()
    agent.sensor_specifications = [_sensor(habitat, *kind, camera) for kind in kinds]
    return habitat.Configuration(simulator, [agent])


def _sensor(habitat, uuid, kind, camera):
    sensor = habitat.CameraSensorSpec()
    sensor.uuid, sensor.sensor_type = uuid, kind
    sensor.sensor_subtype = habitat.SensorSubType.PINHOLE
    if uuid == "depth":
        sensor.channels = 1
    sensor.resolution = [camera.height, camera.width]
    sensor.position, sensor.orientation = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    sensor.hfov, sensor.near, sensor.far = float(camera.fov_deg), 0.01, FAR_M
    return sensor
