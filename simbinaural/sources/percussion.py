"""Drums: membranes, wires and metal, a stroke at a time.

A stroke is a function ``stroke(sample_rate, rng) -> (samples,)`` with a peak near 1; the generator
makes each one a little different, as no drummer hits the same spot twice. A membrane is a sum of
modes, whose pitch falls while its tension eases; wires, skins and sticks are filtered noise; metal
is many modes without order.
"""

from functools import partial

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from simbinaural.geometry import to_count

MEMBRANE = np.array([1.0, 1.5933, 2.1355, 2.2954, 2.6531, 2.9173, 3.1555, 3.5001, 3.5985, 3.6475])
"""Modes of a circular membrane: zeros of the Bessel functions, relative to the lowest."""


def kick(sample_rate, rng):
    """Bass drum: a low thud and the click of the beater."""
    time = _time(0.55, sample_rate)
    thud = _falling(time, 52 * rng.normal(1, 0.01), fall=1.6, fall_s=0.03) * np.exp(-time / 0.13)
    shell = _membrane(time, 98, 0.05, rng, fall=0.5, fall_s=0.02)
    click = _noise(time, sample_rate, rng, (700, 4500)) * np.exp(-time / 0.006)
    return _soft_start(0.8 * thud + 0.35 * shell + 0.7 * click, time)


def snare(sample_rate, rng):
    """Snare drum: two heads, and the wires that rattle under them."""
    time = _time(0.45, sample_rate)
    heads = _membrane(time, 186, 0.055, rng, fall=0.12, fall_s=0.02)
    wires = _noise(time, sample_rate, rng, (1300, 7600)) * np.exp(-time / 0.075)
    crack = _noise(time, sample_rate, rng, (2500, 7600)) * np.exp(-time / 0.008)
    return _soft_start(0.75 * heads + 0.55 * wires + 0.5 * crack, time)


def tom(sample_rate, rng, *, pitch_hz=110.0):
    """Tom: a clear pitch that sinks."""
    time = _time(0.9, sample_rate)
    heads = _membrane(time, pitch_hz, 0.16 * (110 / pitch_hz) ** 0.5, rng, fall=0.22, fall_s=0.06)
    stick = _noise(time, sample_rate, rng, (900, 6500)) * np.exp(-time / 0.010)
    return _soft_start(heads + 0.8 * stick, time)


def hi_hat(sample_rate, rng, *, decay_s=0.035):
    """Two small cymbals, closed, or open with a longer decay."""
    time = _time(min(8 * decay_s, 1.2), sample_rate)
    metal = _metal(time, rng, 40, (2600, 7800), decay_s)
    hiss = _noise(time, sample_rate, rng, (4500, 7900)) * np.exp(-time / decay_s)
    return _soft_start(0.6 * metal + 0.8 * hiss, time)


def ride(sample_rate, rng):
    """Ride cymbal: a ping over a wash."""
    time = _time(1.3, sample_rate)
    wash = _metal(time, rng, 60, (380, 7600), 0.45)
    ping = _metal(time, rng, 10, (2400, 5200), 0.12)
    stick = _noise(time, sample_rate, rng, (3000, 7600)) * np.exp(-time / 0.006)
    return _soft_start(0.6 * wash + 0.5 * ping + 0.7 * stick, time)


def crash(sample_rate, rng):
    """Crash cymbal: a wash that blooms and stays."""
    time = _time(2.4, sample_rate)
    wash = _metal(time, rng, 70, (320, 7800), 0.8)
    hiss = _noise(time, sample_rate, rng, (3000, 7900)) * np.exp(-time / 0.5)
    return _soft_start((0.7 * wash + 0.6 * hiss) * (1 - 0.6 * np.exp(-time / 0.02)), time)


def djembe_bass(sample_rate, rng):
    """Palm in the middle of the skin: the air in the goblet booms."""
    time = _time(0.7, sample_rate)
    air = _falling(time, 72, fall=0.35, fall_s=0.03) * np.exp(-time / 0.14)
    skin = _membrane(time, 165, 0.06, rng, fall=0.15, fall_s=0.02)
    palm = _noise(time, sample_rate, rng, (150, 1600)) * np.exp(-time / 0.014)
    return _soft_start(0.6 * air + 0.4 * skin + 0.6 * palm, time)


def djembe_tone(sample_rate, rng):
    """Fingers at the rim: a round, pitched sound."""
    time = _time(0.45, sample_rate)
    skin = _membrane(time, 345, 0.075, rng, fall=0.04, fall_s=0.02)
    fingers = _noise(time, sample_rate, rng, (500, 3500)) * np.exp(-time / 0.008)
    return _soft_start(skin + 0.4 * fingers, time)


def djembe_slap(sample_rate, rng):
    """Relaxed fingers at the rim: a sharp, high sound."""
    time = _time(0.35, sample_rate)
    skin = _membrane(time, 610, 0.035, rng, fall=0.03, fall_s=0.01)
    crack = _noise(time, sample_rate, rng, (1200, 6500)) * np.exp(-time / 0.016)
    return _soft_start(0.6 * skin + 0.9 * crack, time)


open_hi_hat = partial(hi_hat, decay_s=0.22)
floor_tom = partial(tom, pitch_hz=78.0)
middle_tom = partial(tom, pitch_hz=122.0)
high_tom = partial(tom, pitch_hz=165.0)


# --------------------------------------------------------------------------- ingredients


def _time(duration_s, sample_rate):
    """Seconds of each sample."""
    return np.arange(to_count(duration_s, sample_rate)) / sample_rate


def _falling(time, pitch_hz, *, fall, fall_s):
    """Sine whose pitch starts higher by the share `fall` and settles."""
    phase = 2 * np.pi * pitch_hz * (time + fall * fall_s * (1 - np.exp(-time / fall_s)))
    return np.sin(phase)


def _membrane(time, pitch_hz, decay_s, rng, *, fall, fall_s):
    """Modes of a skin; the higher, the sooner they die, and each hit weighs them anew."""
    weight = MEMBRANE**-0.8 * rng.uniform(0.6, 1.0, len(MEMBRANE))
    sound = np.zeros_like(time)
    for ratio, share in zip(MEMBRANE, weight, strict=True):
        swing = _falling(time, pitch_hz * ratio, fall=fall, fall_s=fall_s)
        sound += share * swing * np.exp(-time * ratio**0.7 / decay_s)
    return sound / weight.sum() * 1.8


def _noise(time, sample_rate, rng, band_hz):
    """Noise of unit power in a band, of equal density at every sample rate."""
    low, high = band_hz[0], min(band_hz[1], 0.49 * sample_rate)
    sos = butter(2, (low, high), "bandpass", fs=sample_rate, output="sos")
    white = rng.standard_normal(len(time)) * np.sqrt(sample_rate / (2 * (band_hz[1] - low)))
    return 0.4 * sosfilt(sos, white)


def _metal(time, rng, count, band_hz, decay_s):
    """Many modes, evenly spread over the octaves of a band; high ones die sooner."""
    pitch = band_hz[0] * (band_hz[1] / band_hz[0]) ** rng.random(count)
    decay = decay_s * rng.uniform(0.5, 1.5, count) * (band_hz[0] / pitch) ** 0.3
    phase = 2 * np.pi * rng.random(count)
    step = time[1]
    impulse = (time == 0).astype(float)
    sound = np.zeros_like(time)
    for turn, start, shrink in zip(
        2 * np.pi * pitch * step, phase, np.exp(-step / decay), strict=True
    ):
        # The impulse response of this filter is shrink**n sin(turn n + start).
        ahead = [np.sin(start), shrink * np.sin(turn - start)]
        sound += lfilter(ahead, [1, -2 * shrink * np.cos(turn), shrink**2], impulse)
    return sound / np.sqrt(count)


def _soft_start(sound, time):
    """Half a millisecond of rise, and a fade at the end."""
    rise = np.minimum(time / 0.0005, 1)
    return sound * rise * np.minimum((time[-1] - time) / 0.02, 1)
