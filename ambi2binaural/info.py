"""What ``ambi2binaural info`` prints: what a file holds, how that is known, what is heard."""

from dataclasses import dataclass

import numpy as np

from ambi2binaural.media import listen, open_media
from simbinaural.audio.levels import to_db

USUAL_RATIO = (0.6, 1.5)
"""Energy of X, Y, Z relative to W's: of plane waves 1 in SN3D, 2 in FuMa, 3 in N3D."""

FAINT_W = 10.0
"""Such energy from which on no normalization explains it."""

SILENT = 1e-6
"""Energy of a component relative to W's below which it is silent."""

MEASURED_S = 60.0


@dataclass(frozen=True)
class Measures:
    """What the sound of a file shows.

    Attributes
    ----------
    duration_s : float
        Seconds that were listened to.
    peak_db : float
        Loudest sample of any channel, dBFS.
    energy : (channels,) numpy.ndarray
        Mean square of each ambisonic component, in SN3D.
    """

    duration_s: float
    peak_db: float
    energy: np.ndarray

    @property
    def w_ratio(self):
        """(X² + Y² + Z²) / W²; NaN of silence."""
        return float(self.energy[1:4].sum() / self.energy[0]) if self.energy[0] > 0 else np.nan

    @property
    def silent_z(self):
        """Whether elevation is missing, as in a third of the known recordings."""
        return bool(self.energy[0] > 0 and self.energy[2] < SILENT * self.energy[0])

    @property
    def notes(self):
        """What to beware of."""
        if not self.energy.any():
            return ("sound is silent",)
        silent = ["Z is silent: elevation is meaningless"] * self.silent_z
        return *silent, *_ratio_notes(self.w_ratio)


def _ratio_notes(ratio):
    low, high = USUAL_RATIO
    if low <= ratio <= high:
        return ()
    if np.isnan(ratio):
        return ("W is silent, other channels are not: their order is not that",)
    if ratio > FAINT_W:
        return (f"W ratio {ratio:.3g} is suspicious: 1 in SN3D; the order may not be that",)
    kind = "FuMa (--layout fuma)" if 1.5 < ratio <= 2.45 else "N3D (--layout n3d)"
    hint = f"; {kind} would explain it" if ratio > high else ""
    return (f"W ratio {ratio:.2f} is suspicious: 1 in SN3D{hint}",)


def measure(description, duration_s=MEASURED_S):
    """Listen to the beginning of a file.

    Parameters
    ----------
    description : ambi2binaural.description.Description
        What it holds.
    duration_s : float
        How much to listen to.

    Returns
    -------
    Measures
        Of what decodes.
    """
    layout = description.audio
    energy, peak, count = np.zeros(len(layout.channel_map)), 0.0, 0
    with open_media(description.audio_path) as container:
        track = container.streams.audio[description.audio_track]
        for block in listen(container, track, duration_s):
            energy += np.sum(np.square(layout.to_ambix(block), dtype=float), axis=1)
            peak = max(peak, float(np.max(np.abs(block), initial=0)))
            count += block.shape[1]
    return Measures(count / description.sample_rate, float(to_db(peak)), energy / max(count, 1))


def render_info(description):
    """Say what a file holds and how that is known.

    Parameters
    ----------
    description : ambi2binaural.description.Description
        As from `describe`.

    Returns
    -------
    str
        Lines for a person.
    """
    measures = measure(description)
    lines = [f"{description.path}: {description.duration_s:.1f} s"]
    lines += [*_picture_lines(description), *_sound_lines(description)]
    lines += _measured_lines(measures)
    lines += [f"  note: {note}" for note in (*description.notes, *measures.notes)]
    return "\n".join(lines)


def _picture_lines(description):
    video = description.video
    size = f"{description.width} x {description.height}"
    return [
        f"  picture: {description.codecs[0]}, {size}, {description.fps:.5g} fps",
        _line("projection", video.projection, video.how),
        _line("stereo", video.stereo, video.how),
        _line("tilt", "yaw {:g}°, pitch {:g}°, roll {:g}°".format(*video.tilt), video.how),
        _line("bounds", _bounds_words(video.bounds), video.how),
    ]


def _bounds_words(bounds):
    sides = zip(("left", "top", "right", "bottom"), bounds, strict=True)
    cropped = [f"{side} {share:.1%}" for side, share in sides if share > 0]
    return ", ".join(cropped) + " cropped off" if cropped else "whole"


def _sound_lines(description):
    audio = description.audio
    elsewhere = description.audio_path != description.path
    return [
        f"  sound: {description.codecs[1]}, {description.sample_rate} Hz, "
        f"{description.n_channels} channels"
        + (f", from {description.audio_path}" if elsewhere else ""),
        _line("order", audio.order, audio.how),
        _line("ordering", audio.ordering, audio.how),
        _line("normalization", audio.normalization, audio.how),
        _line("channel_map", " ".join(map(str, audio.channel_map)), audio.how),
        _line("head_locked", " ".join(map(str, audio.head_locked)) or "none", audio.how),
    ]


def _line(name, value, how):
    return f"    {name.replace('_', ' ')}: {value} ({how.get(name, 'default')})"


def _measured_lines(measures):
    z = "silent" if measures.silent_z else "sounds"
    return [
        f"  measured on {measures.duration_s:.1f} s: peak {measures.peak_db:.1f} dBFS, "
        f"W ratio {measures.w_ratio:.2f}, Z {z}"
    ]
