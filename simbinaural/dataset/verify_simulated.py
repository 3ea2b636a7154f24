"""What simulated clips promise: they are held against geometry.

The sound against `dry` and `rir`, the ears against the distance and side of the source, ambisonics
against its direction and level, pixels and masks against the projected position.
"""

import numpy as np

from simbinaural.audio import from_db, moving_convolution, to_db
from simbinaural.geometry import (
    SPEED_OF_SOUND,
    Camera,
    Pose,
    directions,
    pixels,
    sofa_to_body,
    to_count,
)
from simbinaural.trajectory.path import MAX_DRIFT_DEG, MAX_DRIFT_M
from simbinaural.video import decode_png

LOOP_TOLERANCE = 1e-5
"""Largest error of a sample in the truth loop (full scale 1)."""

EAR_TOLERANCE_S = 1.2e-3
"""How far an ear's onset may lie from the direct sound at the head's center: half a head's width of
sound, the drift within an interval, and a response's rise."""

SIDE_DEG = 15.0
"""From here on a source is to one side, and one ear nearer by more than a sample."""

DIRECT_SAMPLES = 2
"""How far around its arrival the direct sound is weighed: reflections are mostly later."""

DIRECT_DEG = 30.0
"""Reflections that come within those samples pull the direction by up to some 20 deg."""

DIRECT_DB = (-30.0, 6.0)
"""Level of the direct sound in W against 1 / distance: behind furniture, and just before a wall."""

SN3D_RATIOS = (0.6, 1.5)
"""Energy of Y, Z and X over that of W: 1 in SN3D, 2 in FuMa, 3 in N3D."""

PIXEL_TOLERANCE = 0.05
MASK_REACH_PX = 2


def simulated_faults(clip):
    """Check one simulated clip that keeps the contract: a list of lines."""
    checks = (
        _times_faults,
        _loop_faults,
        _geometry_faults,
        _mask_faults,
        _drift_faults,
        _ear_faults,
        _ambisonic_faults,
    )
    return [fault for check in checks for fault in check(clip)]


def _times_faults(clip):
    """Frames at k / fps, BRIRs from the beginning to the end."""
    fps, times, rir_times = clip.attributes["fps"], clip["frame_times"], clip["rir_times"]
    if not np.allclose(times, np.arange(len(times)) / fps, rtol=0, atol=1e-9):
        yield "frame_times must be k / fps"
    if rir_times[0] != 0 or (np.diff(rir_times) <= 0).any():
        yield "rir_times must grow from 0"
    rate = clip.attributes["sample_rate"]
    if abs(to_count(rir_times[-1], rate) - clip["audio"].shape[1]) > 1:
        yield "rir_times must end with the sound"


def _loop_faults(clip):
    """The truth loop: sound = gain x moving convolution."""
    for sound, rir in ("audio", "rir"), ("ambisonics", "ambisonic_rir"):
        if sound in clip and rir not in clip:
            yield f"{rir} is missing"
        elif sound in clip:
            yield from _convolution_faults(clip, sound, rir)


def _convolution_faults(clip, sound, rir):
    wet = moving_convolution(
        clip["dry"], clip[rir], clip["rir_times"], clip.attributes["sample_rate"]
    )
    error = np.abs(wet * from_db(clip.attributes["gain_db"]) - clip[sound]).max()
    if not error <= LOOP_TOLERANCE:
        yield f"{sound} differs from the moving convolution of dry with rir by {error:.2g}"


def _geometry_faults(clip):
    """Poses, directions and pixels agree with one another."""
    camera, source = clip["camera"], clip["source_position"]
    if np.abs(np.linalg.norm(camera[:, 3:], axis=1) - 1).max() > 1e-6:
        yield "camera must hold unit quaternions"
        return
    seen = np.stack([Pose(row[:3], row[3:]).to_body(source) for row in camera])
    expected = np.stack(directions(seen), axis=-1)
    apart = np.abs(expected - clip["source_direction"])
    apart[..., 0] = np.minimum(apart[..., 0], 360 - apart[..., 0])
    if apart.max() > 1e-3:
        yield f"source_direction differs from camera and source_position by {apart.max():.3g}"
    view = _camera(clip)
    projected, stored = pixels(view, seen), clip["source_pixel"]
    if (np.isnan(projected) != np.isnan(stored)).any():
        yield "source_pixel must be NaN just where the source is outside the frame"
    elif np.nanmax(np.abs(projected - stored), initial=0) > PIXEL_TOLERANCE:
        yield "source_pixel differs from the projected source_position"


def _camera(clip):
    a = clip.attributes
    return Camera(a["width"], a["height"], a["fov_deg"], a["projection"])


def _mask_faults(clip):
    """Masks fit frames, visible shares and pixels."""
    visible, spots = clip["source_visible"], clip["source_pixel"]
    if not ((visible >= 0) & (visible <= 1)).all():
        yield "source_visible must lie within 0 and 1"
    size = (clip.attributes["height"], clip.attributes["width"])
    round_width = size[1] if clip.attributes["projection"] == "equirect" else np.inf
    for index in range(len(visible)):
        mask = decode_png(clip.image("source_mask", index))
        if mask.shape != size or mask.max() > visible.shape[1]:
            yield (
                f"source_mask {index} must be {size[1]} x {size[0]} pixels, "
                f"from 0 to {visible.shape[1]}"
            )
            return
        for source in range(visible.shape[1]):
            there = mask == source + 1
            if there.any() != (visible[index, source] > 0):
                yield f"source_mask {index} contradicts source_visible of source {source + 1}"
            elif visible[index, source] > 0.5 and not _reaches(
                there, spots[index, source], round_width=round_width
            ):
                yield f"source_pixel {index} lies off the mask of source {source + 1}"


def _reaches(mask, spot, *, round_width=np.inf):
    """Tell whether a pixel position lies in or within `MASK_REACH_PX` of a mask."""
    if np.isnan(spot).any():
        return True
    rows, columns = np.nonzero(mask)
    across = np.abs(columns + 0.5 - spot[0])
    across = np.minimum(across, round_width - across)
    apart = np.maximum(across, np.abs(rows + 0.5 - spot[1])) - 0.5
    return apart.min() <= MASK_REACH_PX


def _ear_faults(clip):
    """Each BRIR begins with the direct sound: at its distance, the nearer ear first."""
    rate, rir = clip.attributes["sample_rate"], clip["rir"]
    for index, source in np.ndindex(*rir.shape[:2]):
        pose = _pose_within(clip, index)
        azimuth, _, distance = directions(pose.to_body(clip["source_position"][source]))
        left, right = (_onset(ear) / rate for ear in rir[index, source])
        late = min(left, right) - distance / SPEED_OF_SOUND
        if abs(late) > EAR_TOLERANCE_S:
            yield (
                f"rir {index} of source {source + 1} begins {late * 1e3:+.2f} ms off the "
                f"direct sound at {distance:.2f} m"
            )
        if SIDE_DEG < abs(azimuth) < 180 - SIDE_DEG and (right - left) * azimuth < 0:
            yield f"rir {index} of source {source + 1}: the far ear hears it first"


def _ambisonic_faults(clip):
    """Ambisonic responses are SN3D, and begin with the direct sound: its direction and level."""
    if "ambisonic_rir" not in clip:
        return
    rate, rir = clip.attributes["sample_rate"], clip["ambisonic_rir"]
    for index, source in np.ndindex(*rir.shape[:2]):
        name = f"ambisonic_rir {index} of source {source + 1}"
        energy = np.sum(np.square(rir[index, source], dtype=float), axis=1)
        ratio = energy[1:].sum() / energy[0]
        if not SN3D_RATIOS[0] <= ratio <= SN3D_RATIOS[1]:
            yield f"{name}: Y, Z and X have {ratio:.2f} of W's energy, expected about 1 (SN3D)"
        wanted = _ambisonic_vector(clip, index, source)
        distance = np.linalg.norm(wanted)
        arrival = to_count(distance / SPEED_OF_SOUND, rate)
        begin = max(arrival - DIRECT_SAMPLES, 0)
        direct = rir[index, source][:, begin : arrival + DIRECT_SAMPLES + 1].astype(float)
        found = sofa_to_body((direct[0] @ direct[1:].T)[[2, 0, 1]])
        cosine = found @ wanted / max(np.linalg.norm(found) * distance, 1e-30)
        if not cosine >= np.cos(np.radians(DIRECT_DEG)):
            apart = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
            yield f"{name}: the direct sound comes {apart:.1f} deg off the source"
        if clip.attributes.get("acoustics") == "soundspaces":
            continue  # its levels are its own
        level_db = to_db(np.linalg.norm(direct[0]) * distance)
        if not DIRECT_DB[0] <= level_db <= DIRECT_DB[1]:
            yield f"{name}: the direct sound has {level_db:+.1f} dB of 1 / distance"


def _ambisonic_vector(clip, index, source):
    """Way (3,) to a source in the axes of `ambisonics`: a panorama's own, or the world's."""
    pose, point = _pose_within(clip, index), clip["source_position"][source]
    if clip.attributes["projection"] == "equirect":
        return pose.to_body(point)
    return point - pose.position


def _onset(ear):
    """First sample within 12 dB of the peak of the direct sound's surroundings."""
    magnitude = np.abs(ear)
    return int(np.argmax(magnitude >= magnitude.max() / 4))


def _pose_within(clip, index):
    """Camera pose in the middle of a BRIR's interval, during which the camera drifts evenly."""
    start, end = clip["rir_times"][index : index + 2]
    frames = _frames_between(clip, start, end)
    times, camera = clip["frame_times"][frames], clip["camera"][frames]
    slope, level = np.polyfit(times, camera, 1) if len(frames) > 1 else (0.0, camera[0])
    pose = slope * (start + end) / 2 + level
    return Pose(pose[:3], pose[3:] / np.linalg.norm(pose[3:]))


def _frames_between(clip, start, end):
    """Indices of the frames of an interval; if there is none, of the last one before it."""
    times = clip["frame_times"]
    inside = np.flatnonzero((times > start - 1e-6) & (times < end - 1e-6))
    return inside if len(inside) else np.flatnonzero(times < end)[-1:]


def _drift_faults(clip):
    """Within one stay the camera moves little (DESIGN, *The truth loop*)."""
    for index in range(len(clip["rir"])):
        camera = clip["camera"][_frames_between(clip, *clip["rir_times"][index : index + 2])]
        way = np.linalg.norm(camera[-1, :3] - camera[0, :3])
        turn = 2 * np.degrees(np.arccos(min(1.0, abs(float(camera[-1, 3:] @ camera[0, 3:])))))
        if way > MAX_DRIFT_M or turn > MAX_DRIFT_DEG:
            yield f"the camera drifts {way:.2f} m and {turn:.1f} deg within rir {index}"
