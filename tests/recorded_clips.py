"""Small data sets whose truth is known: sound from the side on which a bright spot is seen."""

import cv2
import numpy as np

from simbinaural.audio import moving_convolution
from simbinaural.geometry import Camera, direction_vectors, pixels
from simbinaural.shards import ClipData, write_info, write_labels, write_shard, write_split
from simbinaural.video import encode_jpeg, encode_png

RATE, FPS = 16000, 5
SIZE = (480, 240)
DISTANCE_M = 2.0
TAPS = 2400


def binaural_response(azimuth_deg, rt60_s, rng, taps=TAPS):
    """BRIR (2, taps): a click, earlier and louder at the near ear, then decaying noise."""
    side = np.sin(np.radians(azimuth_deg))
    ears = np.zeros((2, taps))
    tail = np.arange(taps) - 80
    decay = np.where(tail > 0, 10 ** (-3 * tail / (rt60_s * RATE)), 0)
    for ear, sign in enumerate((1, -1)):
        ears[ear, round(40 - sign * 5 * side)] = 10 ** (sign * 0.3 * side)  # 0.6 ms, 12 dB
        ears[ear] += 0.01 * decay * rng.normal(size=taps)
    return ears.astype(np.float32)


def dry_sound(kind, n_samples, rng):
    """White noise or a slowly beating tone, (n_samples,), of RMS 0.05."""
    if kind == "noise":
        return 0.05 * rng.normal(size=n_samples)
    pitch = rng.uniform(200, 2000) * np.array([1.0, 1.01])
    time = np.arange(n_samples)[:, None] / RATE
    return 0.05 * np.sin(2 * np.pi * pitch * time).sum(axis=1)


def picture(spot, size, *, grain, rng):
    """Draw a bright spot, a sixth of the height wide, on a gray (or grained) ground."""
    width, height = size
    rgb = np.full((height, width, 3), 90, np.uint8)
    if grain:
        coarse = rng.integers(40, 140, (max(height // 8, 1), max(width // 8, 1), 3), np.uint8)
        rgb = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    center = tuple(int(value) for value in spot)
    return cv2.circle(rgb, center, height // 12, (255, 240, 200), -1)


def spot_mask(spot, size):
    """Pixels of the spot, (height, width) uint8: 1 inside."""
    center = tuple(int(value) for value in spot)
    return cv2.circle(np.zeros(size[::-1], np.uint8), center, size[1] // 12, 1, -1)


def sounding_clip(
    index,
    *,
    azimuths_deg=None,
    duration_s=2.0,
    size=SIZE,
    fps=FPS,
    kind="noise",
    grain=False,
    sample_rate=RATE,
):
    """Make a clip as `simbinaural render` does, of simple parts.

    Parameters
    ----------
    index : int
        Seed of all that is drawn; also in the names of scene and class.
    azimuths_deg : sequence of float, optional
        Where the source is seen and heard, for equal parts of the clip; by default two of at
        most 40 deg.
    duration_s, size, fps, sample_rate
        Of sound and picture; the size is width and height.
    kind : str
        ``noise`` or ``tone``.
    grain : bool
        Pictures that are as large as real ones when encoded.

    Returns
    -------
    ClipData
        Whole by the contract.
    """
    rng = np.random.default_rng(index)
    if azimuths_deg is None:
        azimuths_deg = rng.uniform(-40, 40, 2)
    azimuths_deg = np.asarray(azimuths_deg, dtype=float)
    stays, n_samples = len(azimuths_deg), round(duration_s * sample_rate)
    times = np.arange(round(duration_s * fps)) / fps
    stay = np.minimum((times / duration_s * stays).astype(int), stays - 1)
    rt60_s = rng.uniform(0.2, 0.8, stays)
    camera = Camera(*size, 90.0)
    seen = direction_vectors(azimuths_deg, 0.0)
    spots = pixels(camera, seen)[stay]
    dry = dry_sound(kind, n_samples, rng)[None].astype(np.float32)
    rirs = [binaural_response(*each, rng) for each in zip(azimuths_deg, rt60_s, strict=True)]
    rirs = np.stack(rirs)[:, None]
    rir_times = np.linspace(0, duration_s, stays + 1)
    direction = np.stack(
        [azimuths_deg[stay], np.zeros(len(times)), np.full(len(times), DISTANCE_M)], axis=-1
    )
    arrays = {
        "audio": moving_convolution(dry, rirs, rir_times, sample_rate),
        "frames": [encode_jpeg(picture(spot, size, grain=grain, rng=rng)) for spot in spots],
        "frame_times": times,
        "dry": dry,
        "rir": rirs,
        "rir_times": rir_times,
        "rt60_s": rt60_s[:, None].astype(np.float32),
        "drr_db": np.full((stays, 1), 5, np.float32),
        "camera": np.tile([0.0, 1.5, 0.0, 1.0, 0.0, 0.0, 0.0], (len(times), 1)),
        # The camera stays, so that a point stands for the first azimuth only.
        "source_position": DISTANCE_M * seen[:1] + [0, 1.5, 0],
        "source_direction": direction[:, None].astype(np.float32),
        "source_pixel": spots[:, None].astype(np.float32),
        "source_visible": np.ones((len(times), 1), np.float32),
        "source_mask": [encode_png(spot_mask(spot, size)) for spot in spots],
    }
    attributes = {
        "sample_rate": sample_rate,
        "fps": float(fps),
        "width": size[0],
        "height": size[1],
        "projection": "perspective",
        "fov_deg": 90.0,
        "gain_db": 0.0,
        "hrtf": "clicks",
        "origin": "simulated",
        "scene": f"procedural/{index:05d}",
        "room": "living-0",
        "class": ("guitar", "drum", "phone")[index % 3],
        "object": "spot",
        "sound": kind,
        "silent": np.zeros(0, int),
        "seed": 0,
    }
    return ClipData(arrays, attributes)


def recorded_clip(index, **options):
    """Make a clip of which only sound and pictures are known; options as of `sounding_clip`."""
    whole = sounding_clip(index, **options)
    known = {name: whole.arrays[name] for name in ("audio", "frames", "frame_times")}
    names = ("sample_rate", "fps", "width", "height", "projection", "fov_deg", "gain_db")
    attributes = {name: whole.attributes[name] for name in names}
    about = {"hrtf": "", "origin": "recorded", "scene": f"film-{index}.mp4"}
    return ClipData(known, attributes | about)


def write_clips(folder, clips, *, shard_clips=2):
    """Write a data set of clips, with the split ``scene``: the last two are val and test.

    Parameters
    ----------
    folder : pathlib.Path
        Where to.
    clips : iterable of ClipData
        They become ``000000``, ``000001``, and so on.
    shard_clips : int
        Clips in a shard.

    Returns
    -------
    pathlib.Path
        The folder.
    """
    named = [(f"{index:06d}", clip) for index, clip in enumerate(clips)]
    write_info(folder, {"tool": "test", "command": "test", "options": {"seed": 0}})
    for shard, first in enumerate(range(0, len(named), shard_clips)):
        path = folder / "shards" / f"{shard:05d}.h5"
        write_shard(path, named[first : first + shard_clips])
    ids = [clip_id for clip_id, _ in named]
    parts = {"train": ids[:-2], "val": ids[-2:-1], "test": ids[-1:]}
    write_split(folder, "scene", {"kind": "scene", "seed": 0, **parts})
    return folder


def write_recordings(folder, n_clips=6, *, shard_clips=2, make=sounding_clip, **options):
    """Write a data set of `n_clips` that `make` makes with the options of `sounding_clip`."""
    clips = (make(index, **options) for index in range(n_clips))
    return write_clips(folder, clips, shard_clips=shard_clips)


def write_maps(folder, maps, *, name="points", frame=0):
    """Add localization maps, a dict of clip id to (height, width) float32, as `annotate` does."""
    labels = [
        (
            clip_id,
            ClipData(
                {"points": np.zeros((1, 3), np.float32), "localization_map": each},
                {"sigma_px": 4.0, "label_frame": frame, "annotators": ["test"]},
            ),
        )
        for clip_id, each in maps.items()
    ]
    write_labels(folder, name, labels)
