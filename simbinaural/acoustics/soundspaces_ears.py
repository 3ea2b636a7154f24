r"""A head in the ambisonic responses of SoundSpaces.

Second order tells where sound comes from only roughly, and above 1.5 kHz not when it reaches each
ear. But where the source is, is known: the direct sound is heard through the HRTF itself, and the
decoder (`simbinaural.decoding`) has only what comes after it::

    W   __|\__/\/\/~~~~        ears = decoder(field)
         [ ]                         + (HRTF - decoder(plane wave)) of W in the bracket

Where no direct sound arrives, that only colors what does in this millisecond.
"""

from functools import lru_cache

import numpy as np

from simbinaural.acoustics.early import anechoic
from simbinaural.ambisonics import harmonics, order_of
from simbinaural.decoding import design_decoder
from simbinaural.geometry import SPEED_OF_SOUND, directions

BEFORE_S = 0.0005
"""Band-limited sound begins before its onset."""

AFTER_S = 0.001
"""The floor's reflection comes later, to ears 1.5 m above it, from sources nearer than 13 m."""

FADE_S = 0.0003

ONSET_SHARE = 0.3
"""Of the largest sample: what is smaller before it is no sound yet."""


def hear_field(field, hrtf, way):
    """Let a head hear a response.

    Parameters
    ----------
    field : ((order + 1) ** 2, samples) array_like
        AmbiX, in the head's axes, at the sample rate of `hrtf`.
    hrtf : Hrtf
        Its ears.
    way : (3,) array_like
        From the head to the source, in the head's axes.

    Returns
    -------
    (2, samples + taps) numpy.ndarray of float32
        Left ear first; time zero is that of the field.
    """
    from scipy.signal import oaconvolve

    decoder = _decoder(hrtf, order_of(len(field)))
    direct = field[0] * direct_window(field[0], hrtf.sample_rate)
    heard = oaconvolve(np.asarray(field, dtype=float)[None], decoder.filters, axes=-1).sum(axis=1)
    heard += oaconvolve(direct[None].astype(float), _correction(decoder, hrtf, way), axes=-1)
    return heard[:, decoder.lead :].astype(np.float32)


@lru_cache(maxsize=4)
def _decoder(hrtf, order):
    return design_decoder(hrtf, order)


def _correction(decoder, hrtf, way):
    """Filters (2, taps) by which the HRTF differs from what the decoder makes of a plane wave."""
    way = np.asarray(way, dtype=float)
    # As far away as makes the sound arrive when the decoder's does.
    distance = decoder.lead / hrtf.sample_rate * SPEED_OF_SOUND
    vector = way / np.linalg.norm(way) * distance
    wanted = distance * anechoic(hrtf, vector, n_taps=decoder.filters.shape[-1])
    return wanted - harmonics(*directions(way)[:2], decoder.order) @ decoder.filters


def onset(pressure):
    """Sample at which a response (samples,) begins."""
    magnitude = np.abs(pressure)
    return int(np.argmax(magnitude >= ONSET_SHARE * magnitude.max()))


def direct_window(pressure, sample_rate):
    """Window (samples,) around the onset of a response, with soft edges."""
    time = (np.arange(len(pressure)) - onset(pressure)) / sample_rate
    inside = np.minimum(time + BEFORE_S, AFTER_S - time) / FADE_S
    return np.sin(np.pi / 2 * np.clip(inside, 0, 1)).astype(np.float32) ** 2


def arrival_azimuth(field, sample_rate):
    """Azimuth in degrees of what arrives first in a response ((order + 1) ** 2, samples).

    Notes
    -----
    The sums of W Y and of W X are the level components of intensity, in SN3D and in N3D.
    """
    w, y, _, x = np.asarray(field[:4], dtype=float)
    w = w * direct_window(w, sample_rate)
    return float(np.degrees(np.arctan2(np.sum(w * y), np.sum(w * x))))
