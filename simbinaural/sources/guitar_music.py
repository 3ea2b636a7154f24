"""Guitar music: what is played, on which strings, and the box or amplifier that it sounds from.

A piece is a function ``piece(sample_rate) -> (samples,)``; levels are arbitrary. Notes are placed
to the millisecond by hand or by a fixed seed, so that a piece is always the same performance.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, iirpeak, lfilter, resample_poly, sosfilt

from simbinaural.geometry import to_count
from simbinaural.sources.strings import ELECTRIC, MUTED, NYLON, STEEL, Tone, plucked_note

OPEN_STRINGS = (40, 45, 50, 55, 59, 64)
"""E A D G B E as MIDI notes, lowest first."""

CHORDS = {
    "G": (3, 2, 0, 0, 0, 3),
    "D": (None, None, 0, 2, 3, 2),
    "Em": (0, 2, 2, 0, 0, 0),
    "C": (None, 3, 2, 0, 1, 0),
    "Am": (None, 0, 2, 2, 1, 0),
    "Dm": (None, None, 0, 2, 3, 1),
    "F": (1, 3, 3, 2, 1, 1),
    "E": (0, 2, 2, 1, 0, 0),
    "E5": (0, 2, 2, None, None, None),
    "G5": (3, 5, 5, None, None, None),
    "A5": (None, 0, 2, 2, None, None),
    "C5": (None, 3, 5, 5, None, None),
    "D5": (None, 5, 7, 7, None, None),
    "Amaj7": (None, 0, 2, 1, 2, 0),
    "F#m7": (2, None, 2, 2, 2, 0),
    "Dmaj7": (None, None, 0, 2, 2, 2),
    "E7": (0, 2, 0, 1, 0, 0),
}
"""Frets, lowest string first; None is not played."""


TUNE = (
    (0, 5, 0), (1, 5, 3), (1.5, 5, 2), (2, 5, 0), (3, 4, 3), (4, 4, 0), (5, 4, 1), (5.5, 4, 3),
    (6, 5, 0), (7.5, 4, 3), (8, 4, 1), (9, 4, 0), (9.5, 3, 2), (10, 4, 0), (11, 3, 0), (12, 3, 2),
    (13, 4, 0), (14, 4, 1), (15, 4, 0), (16, 3, 2),
)  # fmt: skip
"""A melody: beat, string, fret."""

BASS = (
    (0, 0, 0), (2, 2, 2), (4, 1, 3), (6, 2, 2), (8, 1, 0), (10, 2, 2), (12, 0, 0), (14, 2, 0),
    (16, 1, 0),
)  # fmt: skip
"""What goes below it."""


BODY = (
    (102, 14, 0.9), (204, 18, 1.2), (236, 20, 0.7), (388, 22, 0.6), (552, 22, 0.5), (730, 20, 0.45),
    (1010, 16, 0.4), (1390, 12, 0.35), (1900, 9, 0.3), (2700, 6, 0.3),
)  # fmt: skip
"""Resonances of a guitar's box: the air in it, its top, its back: hertz, quality, gain."""


@dataclass(frozen=True)
class Pluck:
    """A note: seconds, string 0 to 5 from the lowest, fret, strength 0 to 1, and its tone."""

    time_s: float
    string: int
    fret: int
    strength: float
    tone: Tone


# --------------------------------------------------------------------------- pieces


def strummed(sample_rate):
    """Steel strings, four chords strummed at 100 beats a minute."""
    rng = np.random.default_rng(101)
    eighth = 60 / 100 / 2
    plucks = []
    for bar, chord in enumerate(("G", "D", "Em", "C")):
        for step, stroke in enumerate("D.DU.UDU"):
            if stroke != ".":
                time = (8 * bar + step) * eighth + rng.normal(0, 0.004)
                strength = (1.0 if step in (0, 4) else 0.75) * rng.uniform(0.85, 1.0)
                plucks += _strum(max(time, 0), chord, strength, STEEL, down=stroke == "D")
    plucks += _strum(32 * eighth, "G", 0.9, STEEL)
    return _acoustic(plucks, sample_rate, ring_s=2.4)


def arpeggio(sample_rate):
    """Nylon strings, broken chords in six-eight."""
    rng = np.random.default_rng(102)
    step = 60 / 66 / 3
    plucks, time = [], 0.0
    for chord in ("Am", "F", "C", "G", "Am", "Dm", "E", "Am"):
        frets = CHORDS[chord]
        bass = next(k for k, fret in enumerate(frets) if fret is not None)
        for string in (bass, 3, 4, 5, 4, 3):
            strength = (0.95 if string == bass else 0.65) * rng.uniform(0.85, 1.0)
            plucks.append(Pluck(time, string, frets[string], strength, NYLON))
            time += step * rng.normal(1, 0.015)
    return _acoustic(plucks, sample_rate, ring_s=2.6)


def melody(sample_rate):
    """Nylon strings, a tune above bass notes, slow."""
    beat = 60 / 84
    plucks = [Pluck(t * beat, s, f, 0.9 - 0.1 * (t % 1), NYLON) for t, s, f in TUNE]
    plucks += [Pluck(t * beat + 0.004, s, f, 0.8, NYLON) for t, s, f in BASS]
    return _acoustic(plucks, sample_rate, ring_s=2.8)


def boogie(sample_rate):
    """Steel strings, a shuffle in A and E, played with a pick."""
    rng = np.random.default_rng(104)
    beat = 60 / 118
    plucks = []
    for bar, root in enumerate((1, 1, 0, 1, 2, 1)):
        for k, reach in enumerate((2, 2, 4, 4, 5, 4, 4, 2)):
            time = (4 * bar + k // 2 + (k % 2) * 0.64) * beat + abs(rng.normal(0, 0.003))
            strength = (0.95 if k % 2 == 0 else 0.6) * rng.uniform(0.85, 1)
            plucks.append(Pluck(time, root, 0, strength, STEEL))
            plucks.append(Pluck(time + 0.006, root + 1, reach, 0.85 * strength, STEEL))
    plucks += _strum(24 * beat, "E7", 0.9, STEEL)
    return _acoustic(plucks, sample_rate, ring_s=1.6)


def clean_electric(sample_rate):
    """Electric guitar without distortion, wide chords picked slowly."""
    rng = np.random.default_rng(105)
    step = 60 / 92 / 2
    plucks, time = [], 0.0
    for chord in ("Amaj7", "F#m7", "Dmaj7", "E7"):
        played = [k for k, fret in enumerate(CHORDS[chord]) if fret is not None]
        for k in (0, 2, 1, 3, 2, -1, 2, 1):
            string = played[k]
            strength = rng.uniform(0.6, 0.9)
            plucks.append(Pluck(time, string, CHORDS[chord][string], strength, ELECTRIC))
            time += step
    plucks += _strum(time, "Amaj7", 0.7, ELECTRIC, spread_s=0.045)
    return _through_speaker(_strings(plucks, sample_rate, ring_s=2.5), sample_rate)


def riff(sample_rate):
    """Electric guitar through an overdriven amplifier, power chords and muted strings."""
    eighth = 60 / 126 / 2
    bar = (
        ("E5", "m"),
        ("", "m"),
        ("G5", ""),
        ("", "m"),
        ("A5", ""),
        ("", ""),
        ("", "m"),
        ("", "m"),
    )
    turn = (
        ("E5", "m"),
        ("", "m"),
        ("C5", ""),
        ("", ""),
        ("D5", ""),
        ("", ""),
        ("E5", ""),
        ("", "m"),
    )
    plucks = []
    for step, (chord, mute) in enumerate((*bar, *turn) * 3):
        time = step * eighth
        if chord and not mute:
            plucks += _strum(time, chord, 0.9, ELECTRIC, spread_s=0.006)
        elif mute:
            plucks += [Pluck(time, s, f, 0.8, MUTED) for s, f in ((0, 0), (1, 2))]
    plucks += _strum(48 * eighth, "E5", 1.0, ELECTRIC, spread_s=0.006)
    dry = _strings(plucks, sample_rate, ring_s=1.8)
    return _through_speaker(_overdriven(dry), sample_rate)


PIECES = (strummed, arpeggio, melody, boogie, clean_electric, riff)


# --------------------------------------------------------------------------- playing


def _strum(time, chord, strength, tone, *, down=True, spread_s=0.013):
    """Plucks of a chord, string after string; upwards only the four highest sound."""
    played = [(k, fret) for k, fret in enumerate(CHORDS[chord]) if fret is not None]
    order = played if down else played[:-5:-1]
    strength = strength if down else 0.7 * strength
    return [
        Pluck(time + k * spread_s, string, fret, strength * 0.97**k, tone)
        for k, (string, fret) in enumerate(order)
    ]


def _acoustic(plucks, sample_rate, *, ring_s):
    """Strings on a wooden body."""
    dry = _strings(plucks, sample_rate, ring_s=ring_s)
    sound = sosfilt(butter(1, 900, "highpass", fs=sample_rate, output="sos"), dry)
    for frequency, quality, gain in BODY:
        sound += gain * lfilter(*iirpeak(frequency, quality, fs=sample_rate), dry)
    return sosfilt(butter(2, 60, "highpass", fs=sample_rate, output="sos"), sound)


def _through_speaker(dry, sample_rate):
    """Pickup and guitar amplifier: nothing below 80 Hz, little above 5 kHz."""
    low = sosfilt(butter(2, 80, "highpass", fs=sample_rate, output="sos"), dry)
    speaker = sosfilt(butter(3, 4800, fs=sample_rate, output="sos"), low)
    return speaker + 0.7 * lfilter(*iirpeak(2600, 1.6, fs=sample_rate), speaker)


def _overdriven(dry):
    """Saturate like a tube; at four times the rate, so that overtones do not fold back."""
    fine = resample_poly(dry / np.max(np.abs(dry)), 4, 1)
    return resample_poly(np.tanh(14 * fine + 0.3) - np.tanh(0.3), 1, 4)


def _strings(plucks, sample_rate, *, ring_s):
    """Sum of all strings; a new note ends the last one on its string."""
    end = max(pluck.time_s for pluck in plucks) + ring_s
    sound = np.zeros(to_count(end, sample_rate))
    for string in range(len(OPEN_STRINGS)):
        own = sorted((p for p in plucks if p.string == string), key=lambda pluck: pluck.time_s)
        for k, pluck in enumerate(own):
            following = own[k + 1].time_s if k + 1 < len(own) else end
            until = min(following, pluck.time_s + ring_s)
            first = to_count(pluck.time_s, sample_rate)
            midi = OPEN_STRINGS[string] + pluck.fret
            note = plucked_note(
                440 * 2 ** ((midi - 69) / 12),
                until - pluck.time_s,
                sample_rate,
                pluck.tone,
                strength=pluck.strength,
                rng=np.random.default_rng([string, pluck.fret, to_count(pluck.time_s, 1000)]),
            )
            sound[first : first + len(note)] += note[: len(sound) - first]
    return sound
