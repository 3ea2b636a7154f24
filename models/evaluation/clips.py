"""Whole clips, as evaluation takes them."""

from functools import cached_property

import numpy as np

from models.data.windows import FRAME_SIZE, decode_into
from models.spectrograms import SAMPLE_RATE
from simbinaural.errors import InputError


class WholeClip:
    """A clip with what is seen, heard and known at any time.

    Parameters
    ----------
    clip : simbinaural.shards.Clip
        At 16 kHz.
    flip_visual : bool
        Whether pictures are mirrored, left to right, and nothing else: they then tell lies.

    Attributes
    ----------
    audio : (2, samples) numpy.ndarray of float32
        The truth.
    """

    def __init__(self, clip, *, flip_visual=False):
        self._clip = clip
        self._flip = flip_visual
        self.audio = clip["audio"]

    @property
    def mono(self):
        """(L + R) / 2, (samples,)."""
        return self.audio.mean(axis=0)

    @property
    def duration_s(self):
        """Seconds."""
        return self.audio.shape[1] / SAMPLE_RATE

    def frame_at(self, times_s):
        """Pictures (k, height, width, 3) uint8 nearest to times (k,)."""
        indices, place = np.unique(self._frame_index(times_s), return_inverse=True)
        pictures = np.stack([self._picture(int(index)) for index in indices])
        return np.ascontiguousarray(pictures[:, :, ::-1] if self._flip else pictures)[place]

    @property
    def azimuth_at(self):
        """Function of times (k,) that returns the source's azimuths (k,), degrees; or None.

        None where they are unknown, or where there is not exactly one source that sounds.
        """
        if "source_direction" not in self._clip or len(self._sounding) != 1:
            return None
        azimuths = self._clip["source_direction"][:, self._sounding[0], 0]
        return lambda times_s: azimuths[self._frame_index(times_s)]

    def rt60_at(self, times_s):
        """Reverberation times (k,) in seconds of the first source; NaN where unknown."""
        if "rt60_s" not in self._clip:
            return np.full(len(times_s), np.nan)
        borders = self._clip["rir_times"][1:-1]
        return self._clip["rt60_s"][np.searchsorted(borders, times_s, side="right"), 0]

    def _picture(self, index):
        picture = np.empty((*FRAME_SIZE, 3), np.uint8)
        try:
            decode_into(picture, self._clip.image("frames", index))
        except ValueError as error:
            raise InputError(f"frame {index} is damaged ({error})") from None
        return picture

    @cached_property
    def _sounding(self):
        n_sources = self._clip["source_direction"].shape[1]
        silent = {int(source) for source in self._clip.attributes.get("silent", ())}
        return sorted(set(range(n_sources)) - silent)

    @cached_property
    def _frame_times(self):
        return self._clip["frame_times"]

    def _frame_index(self, times_s):
        """Nearest frames (k,) of times (k,), of two the later one."""
        middles = (self._frame_times[1:] + self._frame_times[:-1]) / 2
        return np.searchsorted(middles, times_s, side="right")
