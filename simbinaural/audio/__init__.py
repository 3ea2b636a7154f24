"""Sound as arrays: files, rates, spectrograms, levels and convolution.

Everywhere a sound is ``(channels, samples)`` float32 in [-1, 1], left ear first. Computations run
in double precision where rounding would add up.
"""

from simbinaural.audio.convolution import convolve, crossfade_weights, moving_convolution
from simbinaural.audio.files import read_audio, read_blocks, resample, write_audio
from simbinaural.audio.levels import envelope, from_db, peak, rms, to_db
from simbinaural.audio.spectrogram import istft, stft
from simbinaural.audio.streams import even_blocks, resampled

__all__ = [
    "convolve",
    "crossfade_weights",
    "envelope",
    "even_blocks",
    "from_db",
    "istft",
    "moving_convolution",
    "peak",
    "read_audio",
    "read_blocks",
    "resample",
    "resampled",
    "rms",
    "stft",
    "to_db",
    "write_audio",
]
