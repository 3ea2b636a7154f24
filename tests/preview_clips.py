"""Small data sets for tests of what shows them."""

import numpy as np

from simbinaural.audio import moving_convolution
from simbinaural.dataset.preview_clip import lateral_itd
from simbinaural.geometry import Camera, Pose, directions, orientation_towards, pixels
from simbinaural.shards import ClipData, write_info, write_shard
from simbinaural.video import encode_jpeg, encode_png

RATE, FPS = 16000, 5
CAMERA = Camera(64, 32, 90.0)
CORNER = np.array([10.0, 0.0, -3.0])
POLYGON = CORNER[[0, 2]] + [[0, 0], [5, 0], [5, 2], [3, 2], [3, 4], [0, 4]]
BOXES = CORNER + [[[0.2, 0, 0.2], [1.0, 0.8, 0.9]], [[3.6, 0, 0.1], [4.9, 0.5, 0.7]]]
SOURCE = CORNER + [2.0, 1.0, 1.0]
CLASSES = ("guitar", "drum", "phone")


def brir(azimuth_deg, distance_m, rt60_s, rng, taps=8000):
    """A plain BRIR: a click whose time and level differ between the ears, then decaying noise."""
    itd = lateral_itd(azimuth_deg, 0)
    time = np.arange(taps) / RATE
    decay = 10 ** (-3 * time / rt60_s)
    start = int(distance_m / 343 * RATE)
    ears = 0.02 * rng.normal(size=(2, taps)) * decay * (np.arange(taps) > start + 40)
    for ear, sign in enumerate((1, -1)):
        delay = start + round((20e-5 - sign * itd / 2) * RATE)
        ears[ear, delay] += 10 ** (sign * 0.3 * np.sin(np.radians(azimuth_deg))) / distance_m
    return ears


def simulated_clip(index, *, stays=3, camera=CAMERA, duration_s=None):
    """A clip as `simbinaural render` makes it, of simple parts."""
    rng = np.random.default_rng(index)
    duration_s = duration_s or 2.0 * stays
    times = np.arange(round(duration_s * FPS)) / FPS
    stay = np.minimum((times / (duration_s / stays)).astype(int), stays - 1)
    spots = np.stack([rng.uniform(0.5, 2.5, stays), rng.uniform(2.5, 3.7, stays)], axis=-1)
    drift = 0.02 * (times - stay * duration_s / stays)
    height = np.full(len(times), 1.5)
    position = CORNER + np.stack([spots[stay, 0] + drift, height, spots[stay, 1]], axis=-1)
    towards = directions(SOURCE - position)[0] + rng.uniform(-35, 35, stays)[stay]
    poses = [
        Pose(place, orientation_towards(azimuth))
        for place, azimuth in zip(position, towards, strict=True)
    ]
    seen = np.array([pose.to_body(SOURCE) for pose in poses])[:, None]
    azimuth, elevation, distance = directions(seen)
    rirs = np.stack(
        [
            brir(azimuth[stay == k].mean(), distance[stay == k].mean(), 0.3 + 0.1 * k, rng)
            for k in range(stays)
        ]
    ).astype(np.float32)[:, None]
    rir_times = np.linspace(0, duration_s, stays + 1)
    dry = (0.05 * rng.normal(size=(1, round(duration_s * RATE)))).astype(np.float32)
    spot = pixels(camera, seen)
    image = np.zeros((camera.height, camera.width, 3), np.uint8)
    image[...] = np.linspace(60, 220, camera.height).astype(np.uint8)[:, None, None]
    image[..., index % 3] //= 2
    frames = []
    for x, y in np.nan_to_num(spot[:, 0]):
        frame = image.copy()
        half = camera.height // 16
        frame[max(0, int(y) - half) : int(y) + half, max(0, int(x) - half) : int(x) + half] = 255
        frames.append(encode_jpeg(frame))
    arrays = {
        "audio": moving_convolution(dry, rirs, rir_times, RATE),
        "frames": frames,
        "frame_times": times,
        "dry": dry,
        "rir": rirs,
        "rir_times": rir_times,
        "rt60_s": (0.3 + 0.1 * np.arange(stays, dtype=np.float32))[:, None],
        "drr_db": np.linspace(-2, 4, stays, dtype=np.float32)[:, None],
        "camera": np.array([[*pose.position, *pose.orientation] for pose in poses]),
        "source_position": SOURCE[None],
        "source_direction": np.stack([azimuth, elevation, distance], axis=-1).astype(np.float32),
        "source_pixel": spot.astype(np.float32),
        "source_visible": np.full((len(times), 1), 0.8, np.float32),
        "source_mask": [encode_png(np.zeros((camera.height, camera.width), np.uint8))] * len(times),
    }
    attributes = {
        "sample_rate": RATE,
        "fps": float(FPS),
        "width": camera.width,
        "height": camera.height,
        "projection": camera.projection,
        "fov_deg": camera.fov_deg,
        "gain_db": -3.25,
        "hrtf": "KEMAR",
        "origin": "simulated",
        "scene": f"procedural/{index // 2:03d}",
        "room": f"living-{index % 2}",
        "room_volume_m3": 40.0 + index,
        "room_polygon": POLYGON,
        "room_boxes": BOXES,
        "class": CLASSES[index % 3],
        "object": f"{CLASSES[index % 3]}-1",
        "sound": "</script><b>noise</b>",
        "silent": np.zeros(0, int),
        "seed": 0,
    }
    return ClipData(arrays, attributes)


def recorded_clip():
    """A clip of which only the least is known, with frames at odd times."""
    rng = np.random.default_rng(9)
    arrays = {
        "audio": (0.05 * rng.normal(size=(2, RATE))).astype(np.float32),
        "frames": [encode_jpeg(np.full((31, 63, 3), 40 * k, np.uint8)) for k in range(4)],
        "frame_times": np.array([0.0, 0.21, 0.5, 0.8]),
    }
    attributes = {"sample_rate": RATE, "fps": 4.0, "width": 63, "height": 31, "fov_deg": 90.0}
    attributes |= {"projection": "perspective", "gain_db": 0.0, "hrtf": "", "scene": "film.mp4"}
    return ClipData(arrays, {**attributes, "origin": "recorded"})


def write_dataset(folder, clips):
    write_info(folder, {"command": "simbinaural render", "options": {"seed": 0}})
    write_shard(
        folder / "shards" / "00000.h5", [(f"{k:06d}", clip) for k, clip in enumerate(clips)]
    )
    return folder
