"""Telephones that ring: bells, electronic tones, tunes and buzzing.

A piece is a function ``piece(sample_rate) -> (samples,)``; levels are arbitrary.
"""

import numpy as np
from scipy.signal import butter, iirpeak, lfilter, sosfilt

from simbinaural.geometry import to_count

GONG = ((1.0, 0.8, 0.24), (2.02, 0.25, 0.2), (2.71, 0.8, 0.15), (4.95, 0.6, 0.08), (7.6, 0.3, 0.05))
"""Modes of a small bell: ratio, share, time to decay by 1/e."""

BAR = ((1.0, 1.0, 0.24), (3.93, 0.35, 0.07), (9.2, 0.16, 0.03))
"""Modes of a marimba's bar."""


def bell(sample_rate):
    """Two gongs, struck in turn by a clapper, twice and a pause as in Britain."""
    rng = np.random.default_rng(301)
    strikes = []
    for start in (0.0, 0.6, 2.6, 3.2, 5.2, 5.8):
        count = 17
        times = start + np.arange(count) / 42 + rng.normal(0, 0.0009, count).clip(-0.002, 0.002)
        strikes += [(max(t, 0), k % 2, rng.uniform(0.8, 1)) for k, t in enumerate(times)]
    sound = np.zeros(to_count(7.8, sample_rate))
    for gong, pitch in enumerate((1060.0, 1330.0)):
        hits = np.zeros_like(sound)
        for time, which, strength in strikes:
            if which == gong:
                hits[to_count(time, sample_rate)] += strength
        sound += _struck(hits, pitch, GONG, sample_rate)
    return _case(sound, sample_rate)


def warble(sample_rate):
    """Two tones in quick turns, as desk telephones have had since the eighties."""
    time = _time(1.1, sample_rate)
    high = (time * 28).astype(int) % 2
    pitch = np.where(high, 1180.0, 940.0)
    burst = _square(pitch, sample_rate) * _gate(time, 1.1)
    return _loudspeaker(_repeat(burst, (0.0, 2.6, 5.2), 6.6, sample_rate), sample_rate)


def trill(sample_rate):
    """A cordless telephone: three rising chirps, again and again."""
    time = _time(0.14, sample_rate)
    sound = np.zeros(to_count(8.0, sample_rate))
    for group in (0.0, 0.95, 3.2, 4.15, 6.4, 7.0):
        for k, pitch in enumerate((784.0, 988.0, 1175.0)):
            chirp = _square(np.full(len(time), pitch), sample_rate)
            chirp *= (0.6 + 0.4 * np.sin(2 * np.pi * 33 * time)) * _gate(time, 0.14)
            _add(sound, chirp, group + 0.17 * k, sample_rate)
    return _loudspeaker(sound, sample_rate)


def marimba(sample_rate):
    """A smartphone: a bouncing tune on wooden bars."""
    eighth = 0.145
    bar = "G5 . C6 . E6 D6 . G5 . C6 . D6 E6 . . . A5 . C6 . F6 E6 . C6 . D6 . B5 G5 . . ."
    sound = np.zeros(to_count(64 * eighth + 0.8, sample_rate))
    for step, name in enumerate(2 * bar.split()):
        if name != ".":
            _add(sound, _bar(name, sample_rate), step * eighth, sample_rate)
            _add(sound, 0.35 * _bar(name, sample_rate), (step + 1.5) * eighth, sample_rate)
    return _loudspeaker(sound, sample_rate)


def piezo_tune(sample_rate):
    """An early mobile telephone: a tune of square waves, one note at a time."""
    tune = "B5 D6 F#6 F#6 E6 D6 A5 A5 B5 C#6 D6 E6 C#6 C#6 . ."
    steps = 3 * tune.split()
    sound = np.zeros(to_count(0.17 * len(steps), sample_rate))
    time = _time(0.15, sample_rate)
    for step, name in enumerate(steps):
        if name != ".":
            tone = _square(np.full(len(time), _pitch(name)), sample_rate)
            _add(sound, tone * _gate(time, 0.15), 0.17 * step, sample_rate)
    return _loudspeaker(sound, sample_rate)


def pulse_chords(sample_rate):
    """An office telephone: soft chords that swell and repeat."""
    time = _time(1.3, sample_rate)
    swell = np.sin(np.pi * np.clip(time / 1.3, 0, 1)) ** 0.5 * (
        0.55 + 0.45 * np.cos(18 * np.pi * time)
    )
    chord = sum(_square(np.full(len(time), _pitch(n)), sample_rate) for n in ("A4", "E5", "C#6"))
    return _loudspeaker(_repeat(chord * swell, (0.0, 2.4, 4.8), 6.4, sample_rate), sample_rate)


def vibration(sample_rate):
    """A mobile telephone that buzzes on a table: the motor, and the rattle of its case."""
    rng = np.random.default_rng(307)
    sound = np.zeros(to_count(8.0, sample_rate))
    for start in (0.0, 1.5, 3.0, 4.5, 6.0):
        time = _time(0.85, sample_rate)
        spin = 1 - np.exp(-time / 0.05)
        phase = np.cumsum(172.0 * spin * rng.normal(1, 0.01)) / sample_rate
        turns = np.floor(phase).astype(int)
        touch = np.diff(turns, prepend=0) * rng.uniform(0.5, 1.0, 200)[turns]
        motor = np.sin(2 * np.pi * phase) + 0.4 * np.sin(4 * np.pi * phase + 1)
        rattle = _struck(touch, 620.0, ((1, 1, 0.004), (2.3, 0.9, 0.003), (4.1, 0.8, 0.002),
                                        (6.7, 0.7, 0.0015)), sample_rate)  # fmt: skip
        _add(sound, (0.25 * motor + 0.5 * rattle) * spin * _gate(time, 0.85), start, sample_rate)
    return sosfilt(butter(2, 120, "highpass", fs=sample_rate, output="sos"), sound)


PIECES = (bell, warble, trill, marimba, piezo_tune, pulse_chords, vibration)


# --------------------------------------------------------------------------- ingredients


def _time(duration_s, sample_rate):
    """Seconds of each sample."""
    return np.arange(to_count(duration_s, sample_rate)) / sample_rate


def _pitch(name):
    """Hertz of a note such as C#6; A4 is 440."""
    semitone = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name[0]] + ("#" in name)
    return 440 * 2 ** ((semitone - 9) / 12 + int(name[-1]) - 4)


def _struck(hits, pitch_hz, modes, sample_rate):
    """Modes excited by impulses; those that the sample rate cannot hold are left out."""
    sound = np.zeros_like(hits)
    for ratio, share, decay_s in modes:
        turn = 2 * np.pi * pitch_hz * ratio / sample_rate
        if turn < 0.95 * np.pi:
            shrink = np.exp(-1 / (decay_s * sample_rate))
            # The impulse response is shrink**n sin(turn n).
            sound += share * lfilter(
                [0, shrink * np.sin(turn)], [1, -2 * shrink * np.cos(turn), shrink**2], hits
            )
    return sound


def _bar(name, sample_rate):
    """One stroke on a bar, a second long."""
    hit = np.zeros(to_count(1.0, sample_rate))
    hit[0] = 1
    return _struck(hit, _pitch(name), BAR, sample_rate)


def _square(pitch_hz, sample_rate):
    """Square wave of odd harmonics that the sample rate can hold, with a varying pitch (n,)."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / sample_rate
    top = 0.45 * sample_rate / np.max(pitch_hz)
    return sum(np.sin(k * phase) / k for k in range(1, min(int(top), 15) + 1, 2))


def _gate(time, duration_s):
    """Open for a while, with soft flanks of 4 ms."""
    return np.clip(np.minimum(time, duration_s - time) / 0.004, 0, 1)


def _add(sound, part, at_s, sample_rate):
    """Add a part from a moment on, as far as the sound reaches."""
    first = to_count(at_s, sample_rate)
    sound[first : first + len(part)] += part[: len(sound) - first]


def _repeat(part, starts_s, duration_s, sample_rate):
    """Repeat a part at several moments."""
    sound = np.zeros(to_count(duration_s, sample_rate))
    for start in starts_s:
        _add(sound, part, start, sample_rate)
    return sound


def _loudspeaker(sound, sample_rate):
    """Small loudspeaker: no bass, two resonances."""
    thin = sosfilt(butter(2, 420, "highpass", fs=sample_rate, output="sos"), sound)
    peaks = sum(lfilter(*iirpeak(f, q, fs=sample_rate), thin) for f, q in ((1700, 2), (3600, 3)))
    return thin + 0.6 * peaks


def _case(sound, sample_rate):
    """Plastic case around the bells: a little resonance in the middle."""
    hollow = sum(lfilter(*iirpeak(f, 4, fs=sample_rate), sound) for f in (620, 1500, 2900))
    return sosfilt(butter(2, 250, "highpass", fs=sample_rate, output="sos"), sound + 0.5 * hollow)
