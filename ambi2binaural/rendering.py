"""Ambisonics to the ears of a head that looks elsewhere each second: a stream of blocks."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ambi2binaural.viewpoint import view_rotation
from simbinaural.ambisonics import n_channels
from simbinaural.errors import require, require_shape
from simbinaural.geometry import to_count

CROSSFADE_S = 0.05
MIN_FFT = 4096
AT_ONCE = 8  # transforms of several pieces together use the processor's wide registers


class BinauralStream:
    """Turn the sound field to the view, then play it through the decoder's filters.

    Parameters
    ----------
    decoder : simbinaural.decoding.BinauralDecoder
        The filters.
    views : (seconds, 2) array_like
        azimuth_deg, elevation_deg in each second; the last one holds on. A single one is a still
        view.
    crossfade_s : float
        Duration of the change from one view to the next, around the full second; at most 1.

    Raises
    ------
    InputError
        If the views have another shape or are not finite, or the duration is not in (0, 1].

    Notes
    -----
    Sample *n* that comes out belongs to sample *n* that went in: the filters' delay is removed.
    The turning is crossfaded, not the outputs, so that one continuous convolution follows; its
    filters ring through every change.
    """

    def __init__(self, decoder, views, *, crossfade_s=CROSSFADE_S):
        self.views = np.array(views, dtype=float)
        require_shape("views", self.views, (None, 2))
        require(
            len(self.views) >= 1 and np.isfinite(self.views).all(),
            f"views must be one or more finite directions, got {self.views}",
        )
        require(0 < crossfade_s <= 1, f"crossfade_s must be in (0, 1], got {crossfade_s:g}")
        self.decoder = decoder
        half = max(1, to_count(crossfade_s / 2, decoder.sample_rate))
        # Half a cosine from 0 to 1: a linear ramp's corners would be heard in the highs.
        self._ramp = np.sin(np.pi / 4 * (np.arange(2 * half) + 0.5) / half) ** 2
        self._convolver = _Convolver(decoder.filters)
        self._rotations = {}
        self._n_fed = 0
        self._n_skip = decoder.lead

    def feed(self, block):
        """Take the next samples, give what is ready.

        Parameters
        ----------
        block : ((order + 1) ** 2, samples) array_like
            AmbiX at the decoder's sample rate and order; any number of samples.

        Returns
        -------
        (2, ready) numpy.ndarray of float32
            Left ear first; `ready` may be 0 and more than `samples`.

        Raises
        ------
        InputError
            If the shape differs.
        """
        block = np.asarray(block, dtype=np.float32)
        require_shape("block", block, (n_channels(self.decoder.order), None))
        turned = self._turned(block)
        self._n_fed += block.shape[1]
        return self._on_time(self._convolver.feed(turned))

    def finish(self):
        """End the stream and give the rest: as many samples in all as were fed.

        Returns
        -------
        (2, rest) numpy.ndarray of float32
            Left ear first.
        """
        return self._on_time(self._convolver.finish(self.decoder.lead))

    def _on_time(self, samples):
        """Drop what comes before the first sample's time."""
        early = min(self._n_skip, samples.shape[1])
        self._n_skip -= early
        return samples[:, early:]

    def _turned(self, block):
        """Rotate a block by each second's view, crossfaded around the full seconds."""
        rate, half = self.decoder.sample_rate, len(self._ramp) // 2
        start, stop = self._n_fed, self._n_fed + block.shape[1]
        turned = np.empty_like(block)
        for second in range(start // rate, -(-stop // rate)):
            part = _overlap(second * rate, (second + 1) * rate, start, stop)
            turned[:, part] = self._rotation(second) @ block[:, part]
        for second in range((start - half) // rate + 1, (stop + half - 1) // rate + 1):
            # Around the change: what is missing of the next view before it, of the last after it.
            change = self._rotation(second) - self._rotation(second - 1)
            if change.any():
                moment = second * rate
                part = _overlap(moment - half, moment + half, start, stop)
                steps = np.arange(part.start, part.stop) + start - moment
                weights = self._ramp[steps + half] - (steps >= 0)
                turned[:, part] += change @ (block[:, part] * weights.astype(np.float32))
        return turned

    def _rotation(self, second):
        view = tuple(self.views[min(max(second, 0), len(self.views) - 1)])
        if view not in self._rotations:
            matrix = view_rotation(*view, self.decoder.order)
            self._rotations[view] = matrix.astype(np.float32)
        return self._rotations[view]


def render_binaural(ambisonics, decoder, views):
    """Decode a whole sound: `BinauralStream` in one call.

    Parameters
    ----------
    ambisonics : ((order + 1) ** 2, samples) array_like
        AmbiX at the decoder's sample rate and order.
    decoder : simbinaural.decoding.BinauralDecoder
        The filters.
    views : (seconds, 2) array_like
        azimuth_deg, elevation_deg in each second; the last one holds on.

    Returns
    -------
    (2, samples) numpy.ndarray of float32
        Left ear first.
    """
    stream = BinauralStream(decoder, views)
    return np.concatenate([stream.feed(ambisonics), stream.finish()], axis=1)


def _overlap(first, last, start, stop):
    """Slice, counted from `start`, of what [first, last) and [start, stop) share."""
    return slice(max(first, start) - start, min(last, stop) - start)


class _Convolver:
    """Overlap-save with one transform for each channel.

    ::

        spectrum of   │ taps - 1 old samples │ hop new samples │
        what is kept: │      (circular)      │     heard       │
    """

    def __init__(self, filters):
        n_ears, channels, taps = filters.shape
        self._n_fft = max(MIN_FFT, 1 << int(np.ceil(np.log2(4 * taps))))
        # The pieces' spectra come out divided by the length: a power of two, so nothing is rounded.
        self._spectra = np.fft.rfft(filters, self._n_fft) * self._n_fft
        self._n_old = taps - 1
        self._waiting = np.zeros((channels, self._n_old), np.float32)
        self._n_ears = n_ears

    def feed(self, block):
        """Take samples (channels, n), give those (ears, m) that fill whole transforms."""
        waiting = np.concatenate([self._waiting, block], axis=1)
        hop = self._n_fft - self._n_old
        n_hops = (waiting.shape[1] - self._n_old) // hop
        ready = np.empty((self._n_ears, n_hops, hop), np.float32)
        if n_hops:
            pieces = sliding_window_view(waiting, self._n_fft, axis=1)[:, ::hop]
            for first in range(0, n_hops, AT_ONCE):
                group = slice(first, first + AT_ONCE)
                ready[:, group] = self._heard(pieces[:, group])
        self._waiting = waiting[:, n_hops * hop :].copy()
        return ready.reshape(self._n_ears, -1)

    def _heard(self, pieces):
        """Samples (ears, hops, hop) of pieces (channels, hops, n_fft) that overlap."""
        # Without this norm NumPy transforms single precision by way of double, six times as slow.
        spectra = np.fft.rfft(pieces, norm="forward")
        heard = np.stack([(ear[:, None] * spectra).sum(axis=0) for ear in self._spectra])
        return np.fft.irfft(heard, self._n_fft)[..., self._n_old :]

    def finish(self, n_more):
        """Give the rest and `n_more` samples of the tail."""
        n_rest = self._waiting.shape[1] - self._n_old + n_more
        silence = np.zeros((len(self._waiting), self._n_fft + n_more), np.float32)
        return self.feed(silence)[:, :n_rest]
