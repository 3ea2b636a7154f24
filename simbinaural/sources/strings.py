"""A plucked string.

It is a loop that is one period long (Karplus and Strong 1983, extended by Jaffe and Smith
1983)::

    pluck ──►(+)──────────────────────────────┬──► string
              ▲                               │
              └── losses ◄── tuning ◄── delay ┘
                 one-pole    Lagrange   whole samples

All parameters are in hertz and seconds, so that every sample rate gives the same sound.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from simbinaural.geometry import to_count
from simbinaural.kernels import njit


@dataclass(frozen=True)
class Tone:
    """How a string is plucked and how it dies away.

    Attributes
    ----------
    position : float
        Where it is plucked: share of its length from the bridge.
    contact_s : float
        How long finger or pick let go: the longer, the duller.
    decay_s : float
        Time to fall by 60 dB at 110 Hz; higher notes die sooner.
    bright_decay_s : float
        The same for partials about 3 kHz.
    scratch : float
        Noise of the finger or pick, relative to the pluck.
    """

    position: float
    contact_s: float
    decay_s: float
    bright_decay_s: float
    scratch: float


NYLON = Tone(position=0.20, contact_s=0.00032, decay_s=3.6, bright_decay_s=0.50, scratch=0.12)
STEEL = Tone(position=0.15, contact_s=0.00018, decay_s=5.0, bright_decay_s=0.9, scratch=0.15)
ELECTRIC = Tone(position=0.13, contact_s=0.00022, decay_s=8.0, bright_decay_s=1.4, scratch=0.03)
MUTED = Tone(position=0.08, contact_s=0.00025, decay_s=0.45, bright_decay_s=0.10, scratch=0.06)


def plucked_note(frequency_hz, duration_s, sample_rate, tone, *, strength=1.0, rng=None):
    """Pluck one string.

    Parameters
    ----------
    frequency_hz : float
        Fundamental.
    duration_s : float
        Seconds; the string is damped at the end.
    sample_rate : int
        Samples per second.
    tone : Tone
        How it is plucked and dies away.
    strength : float, optional
        0 to 1; stronger is louder and brighter.
    rng : numpy.random.Generator, optional
        Source of the scratching noise; none without it.

    Returns
    -------
    (samples,) numpy.ndarray

    Notes
    -----
    Two loops, the planes in which a string swings, 0.05 % apart and of unequal decay, sound
    together: the decay gets its two slopes and a slow beat.
    """
    count = to_count(duration_s, sample_rate)
    excitation = np.zeros(count)
    pluck = _pluck_shape(frequency_hz, sample_rate, tone, strength)
    if rng is not None:
        time = np.arange(len(pluck)) / sample_rate
        noise = rng.standard_normal(len(pluck)) * np.sqrt(sample_rate / 16000)
        noise = sosfilt(butter(1, (1500, 5500), "bandpass", fs=sample_rate, output="sos"), noise)
        pluck = pluck + tone.scratch * np.max(np.abs(pluck)) * noise * _scratch_envelope(time)
    excitation[: len(pluck)] = strength * pluck[:count]
    decay = tone.decay_s * (110 / frequency_hz) ** 0.4
    sound = 0.7 * _loop(excitation, frequency_hz * 1.00025, decay, tone, sample_rate)
    sound += 0.3 * _loop(excitation, frequency_hz * 0.99975, 0.45 * decay, tone, sample_rate)
    damped = min(count, to_count(0.02, sample_rate))
    sound[count - damped :] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(damped) + 0.5) / damped)
    return sound


def _pluck_shape(frequency_hz, sample_rate, tone, strength):
    """First period of the force on the bridge: a high step, then a low one, with soft edges."""
    period, soft = 1 / frequency_hz, tone.contact_s * (1.6 - 0.6 * strength)
    time = np.arange(to_count(period + 2 * soft, sample_rate)) / sample_rate - soft

    def step(at):
        """Rise from 0 to 1 about `at`."""
        along = np.clip((time - at) / soft + 0.5, 0, 1)
        return along * along * (3 - 2 * along)

    high, low = 1 / tone.position, 1 / (1 - tone.position)
    shape = high * step(0) - (high + low) * step(tone.position * period) + low * step(period)
    return shape * tone.position


def _scratch_envelope(time):
    """A third of a millisecond of rise, then gone within a few."""
    return np.minimum(time / 0.0003, 1) * np.exp(-time / 0.002)


def _loop(excitation, frequency_hz, decay_s, tone, sample_rate):
    """Let a string ring."""
    gain, pole, delay = loop_filter(frequency_hz, decay_s, tone.bright_decay_s, sample_rate)
    whole = int(delay) - 1
    return _circulate(excitation, whole, _lagrange(delay - whole), gain, pole)


def loop_filter(frequency_hz, decay_s, bright_decay_s, sample_rate, *, bright_hz=3000.0):
    """Losses and length of a string's loop.

    Parameters
    ----------
    frequency_hz, decay_s : float
        Fundamental, and its time to fall by 60 dB.
    bright_decay_s : float
        The same at `bright_hz`.
    sample_rate : int
        Samples per second.

    Returns
    -------
    gain, pole : float
        Of the loss filter ``gain (1 - pole) / (1 - pole / z)``.
    delay : float
        Samples that the rest of the loop must take, so that the fundamental is in tune.

    Notes
    -----
    Each round the fundamental has to lose a factor ``10**(-3 / (f T))``, partials about `bright_hz`
    more, by a factor r. The squared response at the two frequencies then gives
    ``pole**2 - 2 A pole + 1 = 0``, with ``A = (cos w0 - r**2 cos w1) / (1 - r**2)``.
    """
    low = 2 * np.pi * frequency_hz / sample_rate
    high = 2 * np.pi * max(bright_hz, 3 * frequency_hz) / sample_rate
    keep = 10 ** (-3 / (frequency_hz * decay_s))
    keep_bright = 10 ** (-3 / (frequency_hz * min(bright_decay_s, 0.95 * decay_s)))
    ratio = (keep_bright / keep) ** 2
    middle = (np.cos(low) - ratio * np.cos(high)) / (1 - ratio)
    pole = middle - np.sqrt(middle**2 - 1)
    response = (1 - pole) / (1 - pole * np.exp(-1j * low))
    delay = sample_rate / frequency_hz + np.angle(response) / low
    return keep / abs(response), pole, delay


def _lagrange(delay):
    """Taps (4,) that delay by 1 to 2 samples."""
    k = np.arange(4)
    return np.array([np.prod([(delay - m) / (n - m) for m in k if m != n]) for n in k])


@njit(cache=True)
def _circulate(excitation, whole, taps, gain, pole):
    """Send a pluck round and round: delay, tune, lose."""
    sound = excitation.copy()
    lost = 0.0
    for n in range(whole, len(sound)):
        tuned = 0.0
        for k in range(min(len(taps), n - whole + 1)):
            tuned += taps[k] * sound[n - whole - k]
        lost = gain * (1 - pole) * tuned + pole * lost
        sound[n] += lost
    return sound
