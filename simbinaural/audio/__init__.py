"""Sound as arrays: files, rates, spectrograms, levels and convolution.

Everywhere a sound is ``(channels, samples)`` float32 in [-1, 1], left ear first. Computations run
in double precision where rounding would add up.
"""

from importlib import import_module

PLACES = {
    "convolve": "convolution",
    "crossfade_weights": "convolution",
    "envelope": "levels",
    "even_blocks": "streams",
    "from_db": "levels",
    "istft": "spectrogram",
    "moving_convolution": "convolution",
    "peak": "levels",
    "read_audio": "files",
    "read_blocks": "files",
    "resample": "files",
    "resampled": "streams",
    "rms": "levels",
    "stft": "spectrogram",
    "to_db": "levels",
    "write_audio": "files",
}
"""Module of each name; loaded with the first that is asked for, as SciPy takes a while."""

__all__ = sorted(PLACES)


def __getattr__(name):
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
    globals()[name] = found
    return found
