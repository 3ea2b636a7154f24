"""Opening media files so that no file can end the process, and glances at what they show.

PyAV 18 dies of a sound whose channels are named one by one, and of planar frames of more than 8
channels. The first is hidden from it (`open_media`), the second never asked for (`SampleReader`).
"""

import io
import re
from pathlib import Path

import av
import numpy as np

from ambi2binaural.boxes import begins_with_box, has_index, read_boxes
from ambi2binaural.declaration import Declaration
from ambi2binaural.matroska import begins_with_ebml, read_elements
from simbinaural.audio.streams import frame_samples
from simbinaural.errors import InputError, require

TIME_TAG = re.compile(r"(\d+):(\d+):(\d+(?:\.\d*)?)$")
"""How Matroska notes where a track ends."""

PLANES = 8
"""Planes of a frame that PyAV can reach."""


def read_declaration(path):
    """Read what a file declares, without a decoder.

    Parameters
    ----------
    path : str or Path
        Any file.

    Returns
    -------
    Declaration
        Empty where the container is neither MP4, QuickTime, Matroska nor WebM.

    Raises
    ------
    InputError
        If the file is missing, a folder, empty, or an MP4 file without its index.
    """
    path = Path(path)
    require(path.exists(), f"{path}: file must exist")
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError as error:
        raise InputError(f"{path}: file must be readable, got: {error.strerror}") from error
    require(start, f"{path}: file must not be empty, got 0 bytes")
    if begins_with_ebml(start):
        return read_elements(path)
    return read_boxes(path) if begins_with_box(start) or has_index(path) else Declaration()


def open_media(path, declaration=None):
    """Open a media file, safe from what PyAV dies of.

    Parameters
    ----------
    path : str or Path
        What FFmpeg reads.
    declaration : Declaration, optional
        What `read_declaration` said of it.

    Returns
    -------
    av.container.InputContainer
        A context manager. Its sound never has SA3D's layout: only `read_declaration` knows it.

    Raises
    ------
    InputError
        If the file is missing or nothing that FFmpeg reads.
    """
    declaration = declaration or read_declaration(path)
    source = _Concealed(path, declaration.hidden) if declaration.hidden else str(path)
    try:
        # Titles in another encoding must not keep a file from opening.
        return av.open(source, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise InputError(
            f"{path}: file must be a video or a sound, got {error.strerror}"
        ) from error


class _Concealed:
    """A file in which kinds of boxes read ``free``, so that decoders pass over them."""

    def __init__(self, path, offsets):
        self._file = io.FileIO(str(path))
        self._offsets = offsets

    def read(self, size):
        start = self._file.tell()
        content = self._file.read(size)
        touched = [at for at in self._offsets if start - 4 < at < start + len(content)]
        return self._blanked(bytearray(content), start, touched) if touched else content

    def _blanked(self, content, start, touched):
        for at in touched:
            for place, byte in enumerate(b"free", at - start):
                if 0 <= place < len(content):
                    content[place] = byte
        return bytes(content)

    def seek(self, offset, whence=0):
        return self._file.seek(offset, whence)

    def tell(self):
        return self._file.tell()

    def __del__(self):
        # PyAV leaves closing to whoever opened: here that is nobody else.
        self._file.close()


class SampleReader:
    """Turns decoded frames into samples, whatever the number of channels.

    FFmpeg's resampler interleaves what has too many planes; rate and channels stay as they are.
    """

    def __init__(self):
        self._interleaving = av.AudioResampler(format="flt")

    def __call__(self, frame):
        """Samples (channels, samples) float32 of an ``av.AudioFrame``, channels in file order."""
        if not frame.format.is_planar or frame.layout.nb_channels <= PLANES:
            return frame_samples(frame)
        packed = self._interleaving.resample(frame)
        return np.concatenate([frame_samples(part) for part in packed], axis=1)


# --------------------------------------------------------------------------- glances


def picture_track(container):
    """First video track that decodes and is no cover picture, or None."""
    attached = av.stream.Disposition.attached_pic
    tracks = (each for each in container.streams.video if not each.disposition & attached)
    return next((each for each in tracks if decodes(each)), None)


def decodes(track):
    """Whether there is a decoder for a track: without one, PyAV knows nothing of it."""
    return track.codec_context is not None


def stated_end(container, track):
    """Time on the container's clock at which a track ends, as stated; 0 if nothing is."""
    if track.duration:
        return float((track.duration + (track.start_time or 0)) * track.time_base)
    found = TIME_TAG.match(track.metadata.get("DURATION", ""))
    if found:
        hours, minutes, seconds = (float(part) for part in found.groups())
        return 3600 * hours + 60 * minutes + seconds
    return ((container.duration or 0) + (container.start_time or 0)) / av.time_base


def glance(container, *, count=3, size=(384, 192)):
    """Look at some pictures of a video, small and gray.

    Parameters
    ----------
    container : av.container.InputContainer
        The file; left somewhere in its middle.
    count : int
        How many, spread over its length.
    size : (int, int)
        Width and height to shrink them to.

    Returns
    -------
    (pictures, height, width) numpy.ndarray of float32
        0 to 255; fewer where the file is damaged.
    """
    pictures = []
    for part in (np.arange(count) + 0.5) / count:
        try:
            container.seek(int(part * (container.duration or 0)))
            frame = next(container.decode(picture_track(container)))
        except (av.error.FFmpegError, StopIteration):
            continue
        small = frame.reformat(*size, format="gray", interpolation="AREA")
        pictures.append(small.to_ndarray().astype(np.float32))
    return np.array(pictures).reshape(-1, size[1], size[0])


def listen(container, track, duration_s):
    """Yield the samples (channels, samples) float32 of the first seconds of a sound track.

    Parameters
    ----------
    container : av.container.InputContainer
        The file, at its start.
    track : av.audio.stream.AudioStream
        One of its tracks.
    duration_s : float
        How much.

    Yields
    ------
    (channels, samples) numpy.ndarray of float32
        Channels in file order; less where the file is damaged.
    """
    read, heard = SampleReader(), 0
    try:
        for frame in container.decode(track):
            block = read(frame)[:, : int(duration_s * track.rate) - heard]
            heard += block.shape[1]
            if not block.shape[1]:
                return
            yield block
    except av.error.FFmpegError:
        return
