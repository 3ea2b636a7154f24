"""What the preview page shows of one clip, as plain numbers that JSON can hold.

Axes and signs are those of `simbinaural.geometry`: maps are (x, z) in metres as seen from above
with the front (-z) up, azimuths, level and time differences are positive towards the left.
"""

import numpy as np

from simbinaural.geometry import SPEED_OF_SOUND, directions, rotate, to_count
from simbinaural.metrics import (
    energy_decay_curve,
    interaural_cues,
    interaural_level_difference_db,
    interaural_time_difference_s,
    onset,
)

HEAD_RADIUS_M = 0.0875

WINDOW_S, HOP_S = 0.1, 0.05
"""Windows in which the ears are compared: long enough for steady values, short against a stay."""

LOUD_DB = -15.0
"""Windows above this, relative to the loudest one, are drawn in full color."""

WAVEFORM_BINS = 480

DECAY_CURVES, DECAY_POINTS, DECAY_FLOOR_DB = 12, 120, -60.0
"""How many BRIRs are drawn, of how many points, and down to where."""

DIRECT_S = (0.0005, 0.0015)
"""What counts as direct sound, before and after its onset: over before the floor answers."""


def describe_clip(clip):
    """Gather what the page's list and facts tell of a clip.

    Parameters
    ----------
    clip : Clip
        From a data set.

    Returns
    -------
    dict
        ``id``, ``duration_s``, and what is known of the rest; see the body.
    """
    attributes = clip.attributes
    names = ("origin", "scene", "hrtf", "projection", "source_file")
    numbers = ("sample_rate", "fps", "width", "height", "fov_deg", "gain_db", "source_start_s")
    facts = {name: attributes[name] for name in names if name in attributes}
    facts |= {name: rounded(attributes[name], 3) for name in numbers if name in attributes}
    for name in ("class", "object", "sound", "room", "room_class"):
        if name in attributes:
            facts[name] = as_words(attributes[name])
    facts["room_volume_m3"] = rounded(attributes.get("room_volume_m3", np.nan), 1)
    facts["room_area_m2"] = rounded(floor_area(attributes.get("room_polygon")), 1)
    for name in ("rt60_s", "drr_db"):
        facts[name] = rounded(_mean(clip[name]), 2) if name in clip else None
    facts["silent"] = [int(source) for source in attributes.get("silent", ())]
    if "source_direction" in clip:
        azimuth, _, distance = np.moveaxis(clip["source_direction"], -1, 0)
        facts["distance_m"] = rounded([distance.min(), distance.max()], 2)
        facts["azimuth_deg"] = rounded([azimuth.min(), azimuth.max()], 0)
    return {"id": clip.id, "duration_s": rounded(clip.duration_s, 2), **facts}


def draw_clip(clip):
    """Compute what the page draws of a clip.

    Parameters
    ----------
    clip : Clip
        From a data set.

    Returns
    -------
    dict
        ``frame_times``, ``waveform``, ``cues``, and where the clip holds what they need ``pixels``,
        ``truth``, ``map`` and ``rirs``.
    """
    rate, audio = clip.attributes["sample_rate"], clip["audio"]
    drawing = {
        "frame_times": rounded(clip["frame_times"], 4),
        "waveform": _waveform(audio),
        "cues": _cues(audio, rate),
    }
    if "source_direction" in clip:
        drawing["truth"] = _truth(clip["source_direction"])
    if "source_pixel" in clip:
        drawing["pixels"] = rounded(clip["source_pixel"], 1)
    if "camera" in clip and "source_position" in clip:
        drawing["map"] = _map(clip)
    if "rir" in clip:
        drawing["rirs"] = _rirs(clip)
    return drawing


def rounded(values, digits):
    """Turn numbers into JSON's: rounded, with None for what is not finite."""
    values = np.round(np.asarray(values, dtype=float), digits)
    if digits <= 0:
        return _without_nan(values, int)
    return _without_nan(values, float)


def _without_nan(values, kind):
    if values.ndim:
        return [_without_nan(each, kind) for each in values]
    return kind(values) + 0 if np.isfinite(values) else None


def as_words(value):
    """Join the names of several sources."""
    return value if isinstance(value, str) else ", ".join(map(str, value))


def floor_area(polygon):
    """Area of a floor polygon (corners, 2) in square metres; NaN without one."""
    if polygon is None:
        return np.nan
    x, z = np.asarray(polygon, dtype=float).T
    return abs(0.5 * float(np.sum(x * np.roll(z, -1) - np.roll(x, -1) * z)))


def lateral_itd(azimuth_deg, elevation_deg):
    """Time by which a spherical head's right ear lags, in seconds.

    Notes
    -----
    ``a / c * (b + sin b)`` with ``b`` the angle from the median plane: Woodworth, Experimental
    Psychology, 1938.
    """
    sine = np.sin(np.radians(azimuth_deg)) * np.cos(np.radians(elevation_deg))
    return HEAD_RADIUS_M / SPEED_OF_SOUND * (np.arcsin(sine) + sine)


def _mean(values):
    return np.mean(values[np.isfinite(values)]) if np.isfinite(values).any() else np.nan


def _waveform(audio):
    """Peaks of each ear in equal stretches, as shares of the clip's peak in percent."""
    edges = np.linspace(0, audio.shape[1], min(WAVEFORM_BINS, audio.shape[1]), endpoint=False)
    peaks = np.maximum.reduceat(np.abs(audio), edges.astype(int), axis=1)
    return rounded(100 * peaks / max(float(peaks.max()), 1e-9), 0)


def _cues(audio, rate):
    """Level and time differences over time."""
    if audio.shape[1] < to_count(WINDOW_S, rate):
        return {"times": [], "loud": [], "ild_db": [], "itd_us": []}
    times, ild, itd = interaural_cues(audio, rate, window_s=WINDOW_S, hop_s=HOP_S)
    return {
        "times": rounded(times, 3),
        "loud": _loud(audio, rate, times).tolist(),
        "ild_db": rounded(ild, 1),
        "itd_us": rounded(1e6 * itd, 0),
    }


def _loud(audio, rate, times):
    """Tell which windows are loud: where decaying sound fills the others, ears tell less."""
    starts = np.maximum(0, to_count(times - WINDOW_S / 2, rate))
    energy = np.append(0, np.cumsum(np.sum(np.square(audio, dtype=float), axis=0)))
    ends = np.minimum(starts + to_count(WINDOW_S, rate), audio.shape[1])
    power = energy[ends] - energy[starts]
    return power > 10 ** (LOUD_DB / 10) * power.max(initial=0.0)


def _truth(source_direction):
    """Azimuth of each source in each frame, and the time difference that belongs to it."""
    azimuth, elevation, distance = np.moveaxis(source_direction, -1, 0)
    return {
        "azimuth_deg": rounded(azimuth.T, 1),
        "distance_m": rounded(distance.T, 2),
        "itd_us": rounded(1e6 * lateral_itd(azimuth, elevation).T, 0),
    }


def _map(clip):
    """Room, furniture, sources and the camera's way, from above."""
    camera, attributes = clip["camera"], clip.attributes
    ahead = rotate(camera[:, 3:], (0.0, 0.0, -1.0))
    return {
        "polygon": rounded(attributes.get("room_polygon", np.zeros((0, 2))), 2),
        "boxes": rounded(
            np.asarray(attributes.get("room_boxes", np.zeros((0, 2, 3))))[..., ::2], 2
        ),
        "sources": rounded(clip["source_position"][:, ::2], 3),
        "path": rounded(camera[:, [0, 2]], 3),
        "heading_deg": rounded(directions(ahead)[0], 1),
        "fov_deg": rounded(attributes["fov_deg"], 1),
    }


def _rirs(clip):
    """When each BRIR sounds, its numbers, its direct sound's cues and its decay."""
    rir, rate = clip["rir"], clip.attributes["sample_rate"]
    cues = np.array([[_direct_cues(ears, rate) for ears in sources] for sources in rir])
    chosen = np.unique(
        np.linspace(0, len(rir) - 1, min(len(rir), DECAY_CURVES)).round().astype(int)
    )
    curves = [[decay_levels(ears) for ears in rir[i]] for i in chosen]
    step = _decay_step(curves)
    return {
        "times": rounded(clip["rir_times"], 3),
        "rt60_s": rounded(clip["rt60_s"], 2),
        "drr_db": rounded(clip["drr_db"], 1),
        "ild_db": rounded(cues[..., 0], 1),
        "itd_us": rounded(1e6 * cues[..., 1], 0),
        "decay_of": chosen.tolist(),
        "decay_step_s": step / rate,
        "decay_db": [[rounded(curve[::step], 1) for curve in sources] for sources in curves],
    }


def _direct_cues(ears, rate):
    """Level and time difference of the direct sound of a BRIR (2, taps)."""
    first = onset(ears)
    before, after = (to_count(seconds, rate) for seconds in DIRECT_S)
    direct = ears[:, max(0, first - before) : first + after]
    return interaural_level_difference_db(direct), interaural_time_difference_s(direct, rate)


def decay_levels(ears):
    """Energy decay of a BRIR (2, taps) in dB from its onset down to the floor of the plot."""
    decay = energy_decay_curve(ears)[onset(ears) :]
    return decay[: np.count_nonzero(decay >= DECAY_FLOOR_DB)]


def _decay_step(curves):
    """Taps between the points of a plot of decays."""
    longest = max((len(curve) for sources in curves for curve in sources), default=0)
    return max(1, -(-longest // DECAY_POINTS))
