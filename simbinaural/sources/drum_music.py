"""Drum music: patterns of strokes.

A line of a pattern is one instrument; a character is a sixteenth (or what `steps` says)::

    X loud    x normal    o soft    . rest    | bar line, no time

A piece is a function ``piece(sample_rate) -> (samples,)``; levels are arbitrary.
"""

import numpy as np
from scipy.signal import butter, sosfilt

from simbinaural.geometry import to_count
from simbinaural.sources import percussion as strokes

STRENGTH = {"X": 1.0, "x": 0.7, "o": 0.4}

TAKES = 3
"""Different renderings of each stroke, used in turn."""


def rock(sample_rate):
    """Play a straight beat with a fill and a crash."""
    return _play(
        {
            strokes.hi_hat: (
                0.5,
                "x.o.x.o.x.o.x.o.|x.o.x.o.x.o.x.o.|x.o.x.o.x.o.x.o.|x.o.x.o.........|",
            ),
            strokes.snare: (
                0.8,
                "....X.......X...|....X..o.o..X...|....X.......X..o|....X...X.oX....|",
            ),
            strokes.kick: (
                1.0,
                "X.......X.x.....|X..x....X.......|X.......X.x.....|X.......X.......|X",
            ),
            strokes.high_tom: (
                0.8,
                "................|................|................|............xx..|",
            ),
            strokes.floor_tom: (
                0.9,
                "................|................|................|..............XX|",
            ),
            strokes.crash: (
                0.7,
                "................|................|................|................|X",
            ),
        },
        sample_rate,
        beats_per_minute=112,
        seed=201,
    )


def funk(sample_rate):
    """Play a syncopated beat with ghost notes."""
    return _play(
        {
            strokes.hi_hat: (
                0.45,
                "xoxoxoxoxoxoxo..|xoxoxoxoxoxoxo..|xoxoxoxoxoxoxo..|xoxoxoxoxoxoxoxo|",
            ),
            strokes.open_hi_hat: (
                0.5,
                "..............x.|..............x.|..............x.|................|",
            ),
            strokes.snare: (
                0.8,
                "....X..o.o..X..o|.o..X..o.o..X...|....X..o.o..X..o|.o..X..o.o.XX.X.|",
            ),
            strokes.kick: (
                1.0,
                "X.x.......X..x..|X.x....x..X.....|X.x.......X..x..|X.x....x..X.....|X",
            ),
        },
        sample_rate,
        beats_per_minute=98,
        seed=202,
        swing=0.08,
    )


def swing(sample_rate):
    """Play a ride cymbal in triplets, feathered kick, comping snare."""
    return _play(
        {
            strokes.ride: (0.5, "X..x.xX..x.x|X..x.xX..x.x|X..x.xX..x.x|X..x.xX..x.x|X"),
            strokes.hi_hat: (0.4, "...x.....x..|...x.....x..|...x.....x..|...x.....x..|"),
            strokes.snare: (0.5, "..o.....x...|.....o..o..x|..o.....x...|..x.....xxx.|"),
            strokes.kick: (0.5, "o.....o.....|o..o..o....x|o.....o.....|o.....o.....|X"),
        },
        sample_rate,
        beats_per_minute=126,
        seed=203,
        steps=3,
    )


def march(sample_rate):
    """Play a snare drum alone: flams, ruffs and rolls."""
    roll = "oooooooooooooooo"
    phrase = "X...o...x.oox...|x.oox.oox.oox.x.|X...o...x.oox...|" + roll + "|"
    return _play(
        {strokes.snare: (1.0, phrase + "X...x...X")},
        sample_rate,
        beats_per_minute=108,
        seed=204,
    )


def toms(sample_rate):
    """Play toms only, round and round."""
    return _play(
        {
            strokes.floor_tom: (
                1.0,
                "X..x..x.X..x....|X..x..x.X..x....|X..x..x.X..x....|X..x..x.X.x.X.X.|X",
            ),
            strokes.middle_tom: (
                0.9,
                "....x.....x...x.|....x.....x...xx|....x.....x...x.|....x.....x.....|",
            ),
            strokes.high_tom: (
                0.8,
                "..............ox|.......o......oo|..............ox|.......o...x.xox|",
            ),
        },
        sample_rate,
        beats_per_minute=120,
        seed=205,
    )


def djembe(sample_rate):
    """Play a djembe: bass, tones and slaps."""
    return _play(
        {
            strokes.djembe_bass: (0.75, "X..o..X.....|X..o..X.....|X..o..X.....|X..o..X..X..|X"),
            strokes.djembe_tone: (0.9, "..x.xx..x.xx|..x.xx..xxxx|..x.xx..x.xx|..x.xx..x..x|"),
            strokes.djembe_slap: (0.9, ".X.....X.X..|.X.....X....|.X.....X.X..|.X.....X..XX|X"),
        },
        sample_rate,
        beats_per_minute=104,
        seed=206,
        steps=3,
    )


PIECES = (rock, funk, swing, march, toms, djembe)


# --------------------------------------------------------------------------- playing


def _play(lines, sample_rate, *, beats_per_minute, seed, steps=4, swing=0.0):
    """Play a pattern.

    Parameters
    ----------
    lines : dict
        ``stroke: (level, pattern)``.
    sample_rate : int
        Samples per second.
    beats_per_minute : float
    seed : int
        Of what is human: timing, strength and the spot that is hit.
    steps : int, optional
        Characters in a beat.
    swing : float, optional
        Delay of each second step, in steps.

    Returns
    -------
    (samples,) numpy.ndarray
    """
    step_s = 60 / beats_per_minute / steps
    hits = []
    for line, (stroke, (level, pattern)) in enumerate(lines.items()):
        rng = np.random.default_rng([seed, line])
        # A take draws as many numbers as it has samples: each has its own generator, so that the
        # performance is the same at every sample rate.
        seeds = [np.random.default_rng([seed, line, take]) for take in range(TAKES)]
        takes = [level * stroke(sample_rate, take) for take in seeds]
        for step, sign in enumerate(pattern.replace("|", "")):
            late = max(rng.normal(0.004, 0.003), 0) + swing * step_s * (step % 2)
            strength = STRENGTH.get(sign, 0) * rng.uniform(0.88, 1.0)
            hits.append(
                (to_count(step * step_s + late, sample_rate), strength, takes[step % TAKES])
            )
    sound = np.zeros(max(first + len(take) for first, strength, take in hits if strength))
    for first, strength, take in hits:
        if strength:
            sound[first : first + len(take)] += strength * take
    return sosfilt(butter(2, 30, "highpass", fs=sample_rate, output="sos"), sound)
