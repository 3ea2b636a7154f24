"""What a video file holds and how that is known: the first thing that is asked of every input."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from ambi2binaural.channels import find_audio_layout
from ambi2binaural.layout import AudioLayout, Overrides, VideoLayout
from ambi2binaural.media import (
    decodes,
    glance,
    listen,
    open_media,
    picture_track,
    read_declaration,
    stated_end,
)
from ambi2binaural.pictures import find_video_layout
from simbinaural.errors import InputError, require

SURROUND_GLANCE_S = 10
"""Seconds of a 5.1 sound that tell which of its channels are in use."""

SILENT_SHARE = 1e-5
"""Energy, relative to the loudest channel, below which a channel is silent."""

DIFFERENCE_S = 0.5
"""Difference of picture and sound in length that is worth a word."""


@dataclass(frozen=True)
class Description:
    """What a video file holds.

    Attributes
    ----------
    path : pathlib.Path
        The video.
    video : VideoLayout
        How its frames show the sphere.
    audio : AudioLayout
        What the channels of its sound are.
    audio_path : pathlib.Path
        Where the sound is: the same file, or another.
    audio_track : int
        Which of that file's sound tracks, from 0.
    duration_s : float
        Seconds that both picture and sound last, as stated; 0 where nothing is.
    width, height : int
        Pixels of a frame.
    fps : float
        Mean frames per second.
    codecs : (str, str)
        Of picture and sound.
    sample_rate, n_channels : int
        Of the sound.
    notes : tuple of str
        What to beware of.
    """

    path: Path
    video: VideoLayout
    audio: AudioLayout
    audio_path: Path
    audio_track: int
    duration_s: float
    width: int
    height: int
    fps: float
    codecs: tuple
    sample_rate: int
    n_channels: int
    notes: tuple = ()


@dataclass(frozen=True)
class _Picture:
    layout: VideoLayout
    duration_s: float
    width: int
    height: int
    fps: float
    codec: str
    notes: tuple


@dataclass(frozen=True)
class _Sound:
    layout: AudioLayout
    track: int
    duration_s: float
    sample_rate: int
    n_channels: int
    codec: str
    notes: tuple


def describe(path, *, audio=None, overrides=None):
    """Find out what a video file holds.

    Parameters
    ----------
    path : str or Path
        The video.
    audio : str or Path, optional
        Its sound, where that is another file.
    overrides : Overrides, optional
        What the user knows better.

    Returns
    -------
    Description
        With the word how each thing is known.

    Raises
    ------
    InputError
        If there is no picture, no sound, no ambisonics, not the whole sphere, or the file is
        damaged: one line that names the file.
    """
    path, audio_path = Path(path), Path(audio or path)
    overrides = overrides or Overrides()
    picture = _picture(path, overrides)
    sound = _sound(audio_path, overrides)
    notes = (*picture.notes, *(note for note in sound.notes if note not in picture.notes))
    return Description(
        path=path,
        video=picture.layout,
        audio=sound.layout,
        audio_path=audio_path,
        audio_track=sound.track,
        duration_s=min(picture.duration_s, sound.duration_s),
        width=picture.width,
        height=picture.height,
        fps=picture.fps,
        codecs=(picture.codec, sound.codec),
        sample_rate=sound.sample_rate,
        n_channels=sound.n_channels,
        notes=(*notes, *_length_notes(picture.duration_s, sound.duration_s)),
    )


def _length_notes(picture_s, sound_s):
    if min(picture_s, sound_s) <= 0 or abs(picture_s - sound_s) < DIFFERENCE_S:
        return ()
    return (f"picture lasts {picture_s:.1f} s and sound {sound_s:.1f} s: the shorter counts",)


# --------------------------------------------------------------------------- pictures


def _picture(path, overrides):
    declaration = read_declaration(path)
    with _naming(path), open_media(path, declaration) as container:
        track = picture_track(container)
        require(track is not None and track.width, "file must have pictures, got none")
        shape = track.width, track.height, float(track.sample_aspect_ratio or 1)
        layout = find_video_layout(declaration.values, shape, lambda: glance(container), overrides)
        return _Picture(
            layout=layout,
            duration_s=_duration(container, track),
            width=track.width,
            height=track.height,
            fps=float(track.average_rate or track.guessed_rate or 0),
            codec=track.codec_context.name,
            notes=(*_file_notes(declaration), *layout.notes),
        )


def _duration(container, track):
    """Seconds that a track states, or its file."""
    return stated_end(container, track) - float((track.start_time or 0) * track.time_base)


def _file_notes(declaration):
    cut = [f"file is cut off: {declaration.missing} bytes are missing"] * (declaration.missing > 0)
    return *cut, *declaration.notes


# --------------------------------------------------------------------------- sound


def _sound(path, overrides):
    declaration = read_declaration(path)
    with _naming(path), open_media(path, declaration) as container:
        tracks = container.streams.audio
        require(tracks, "file must have a sound track, got none; pass --audio FILE")
        number = _ambisonic_track(tracks, declaration)
        track = tracks[number]
        codec, named = track.codec_context.name, track.codec_context.layout.name
        rate, channels = track.rate, track.channels
        duration_s = _duration(container, track)
        layout = find_audio_layout(
            channels,
            declaration.spatial_audio.get(number),
            overrides,
            codec_says=f"{codec} {named}",
            silent=_silent_channels(container, track) if named.startswith("5.1") else (),
        )
        return _Sound(
            layout=layout,
            track=number,
            duration_s=duration_s,
            sample_rate=rate,
            n_channels=channels,
            codec=codec,
            notes=(*_file_notes(declaration), *layout.notes, *_track_notes(tracks, number)),
        )


def _ambisonic_track(tracks, declaration):
    """Number of the track that is declared ambisonic, else of the first with channels enough."""
    heard = [number for number, track in enumerate(tracks) if decodes(track)]
    require(heard, "sound must be of a codec that FFmpeg decodes, got another")
    declared = [number for number in heard if number in declaration.spatial_audio]
    enough = [number for number in heard if tracks[number].channels >= 4]
    return (declared or enough or heard)[0]


def _track_notes(tracks, number):
    if len(tracks) == 1:
        return ()
    return (f"sound track {number + 1} of {len(tracks)} is taken: it has the channels",)


def _silent_channels(container, track):
    """Channels without sound in the first seconds; none where all are."""
    energies = np.zeros(track.channels)
    for block in listen(container, track, SURROUND_GLANCE_S):
        energies += np.sum(np.square(block, dtype=float), axis=1)
    quiet = energies < SILENT_SHARE * energies.max()
    return tuple(int(channel) for channel in np.flatnonzero(quiet))


class _naming:  # noqa: N801 - reads as a verb
    """Puts the file before what is wrong with it."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, InputError) and not str(error).startswith(str(self._path)):
            raise InputError(f"{self._path}: {error}") from error
        if isinstance(error, av.error.FFmpegError):
            raise InputError(f"{self._path}: file must decode, got {error.strerror}") from error
