"""What a binaural room impulse response costs, in a furnished room of 60 cubic metres."""

import time

import numpy as np
import pytest

from simbinaural.acoustics.rooms import room_brirs
from simbinaural.geometry import Pose, orientation_towards
from simbinaural.hrtf import load_hrtf
from simbinaural.scenes.materials import load_material
from simbinaural.scenes.scene import Patch, Room

MATERIALS = tuple(
    load_material(name)
    for name in ("brickwork", "wood_16mm", "carpet_cotton", "chairs_heavy_upholstered")
)


def furnished(corners, n_boxes=30):
    """Room over a polygon with boxes along the walls, a door, a window and a rug."""
    corners = np.array(corners, dtype=float)
    rng = np.random.default_rng(0)
    lower = rng.uniform([0.1, 0.0, 0.1], [4.3, 0.9, 1.0], (n_boxes, 3))
    upper = lower + rng.uniform(0.05, 0.6, (n_boxes, 3))
    patches = (
        Patch(0, np.array([0.5, 0.0]), np.array([1.4, 2.1]), 0, "door"),
        Patch(2, np.array([0.5, 0.9]), np.array([2.5, 2.1]), 1, "window"),
        Patch(len(corners), np.array([1.0, 1.0]), np.array([3.0, 3.0]), 2, "rug"),
    )
    return Room(
        "room-0",
        "living",
        corners,
        0.0,
        2.8,
        np.array([0] * len(corners) + [1, 0]),
        patches,
        np.stack([lower, upper], axis=1),
        rng.integers(1, 4, n_boxes),
    )


ROOMS = {
    "rectangle": furnished([(0, 0), (5, 0), (5, 4.3), (0, 4.3)]),
    "L-shape": furnished([(0, 0), (5.5, 0), (5.5, 2.8), (3.4, 2.8), (3.4, 4.6), (0, 4.6)]),
}


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("n_poses", [1, 50])
@pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS)
def test_brirs_of_a_path(benchmark, room, n_poses):
    hrtf, rng = load_hrtf(), np.random.default_rng(0)
    ends = np.array([(1.2, 1.5, 1.5), (2.8, 1.6, 2.6)])
    positions = np.linspace(*ends, n_poses) if n_poses > 1 else ends[:1]
    poses = [Pose(position, orientation_towards(20)) for position in positions]

    def render():
        return room_brirs(room, MATERIALS, (3.0, 1.2, 1.2), poses, hrtf=hrtf, rng=rng)

    rirs = benchmark.pedantic(render, rounds=5, warmup_rounds=1)
    benchmark.extra_info["ms_per_brir"] = 1000 * benchmark.stats.stats.min / n_poses
    benchmark.extra_info["volume_m3"] = room.volume
    assert rirs.shape[:2] == (n_poses, 2)
