"""What a Matroska or WebM file declares: the few of its elements that tell of panoramas.

An element is an id, a size, and a body; id and size are numbers whose first byte tells their
length (RFC 8794). The file is one Segment that holds Tracks, Tags and clusters of frames; bodies of
clusters are never read.
"""

import struct
from dataclasses import replace

from ambi2binaural.declaration import Declaration, declare_gspherical
from simbinaural.errors import InputError
from simbinaural.spherical import Projection, unpack_shape

EBML = bytes.fromhex("1a45dfa3")

SEGMENT, TRACKS, TAGS = 0x18538067, 0x1654AE6B, 0x1254C367
TRACK_ENTRY, TRACK_TYPE, VIDEO = 0xAE, 0x83, 0xE0
STEREO_MODE, PROJECTION = 0x53B8, 0x7670
PROJECTION_TYPE, PROJECTION_PRIVATE, POSE = 0x7671, 0x7672, (0x7673, 0x7674, 0x7675)
TAG, SIMPLE_TAG, TAG_NAME, TAG_STRING = 0x7373, 0x67C8, 0x45A3, 0x4487

VIDEO_TRACK = 1
PROJECTION_TYPES = {1: "equirect", 2: "cubemap", 3: "mesh"}
STEREO_MODES = {0: "mono", 1: "left-right", 2: "bottom-top", 3: "top-bottom", 11: "right-left"}
"""Where the left eye's picture lies, then the right one's."""

UNKNOWN = None
"""Size of an element that ends where the next of its level begins."""


def begins_with_ebml(start):
    """Whether the first bytes of a file are those of a Matroska or WebM file."""
    return start[:4] == EBML


def read_elements(path):
    """Read what a Matroska or WebM file declares.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Declaration
        Damaged elements are noted and passed over.
    """
    declaration = Declaration()
    with path.open("rb") as file:
        for kind, content in _descriptions(file):
            {TRACKS: _read_tracks, TAGS: _read_tags}[kind](declaration, content)
    return declaration


def _descriptions(file):
    """Yield the kind and the bytes of Tracks and Tags."""
    limit, start = file.seek(0, 2), 0
    while start < limit:
        file.seek(start)
        kind, size, length = _header(file.read(12))
        start += length
        if kind == SEGMENT:
            continue  # into it
        if not length or size is UNKNOWN:
            return
        if kind in (TRACKS, TAGS):
            file.seek(start)
            yield kind, file.read(min(size, limit - start))
        start += size


def _header(data):
    """Id, size and length of the header that `data` begins with; length 0 where there is none."""
    kind, id_length = _number(data, keep_marker=True)
    size, size_length = _number(data[id_length:])
    if not id_length or not size_length:
        return 0, UNKNOWN, 0
    if size == (1 << 7 * size_length) - 1:
        size = UNKNOWN
    return kind, size, id_length + size_length


def _number(data, keep_marker=False):
    """Number that `data` begins with, and its length: the leading zeros of its first byte."""
    length = 9 - data[0].bit_length() if data else 9
    if length > min(8, len(data)):
        return 0, 0
    value = int.from_bytes(data[:length], "big")
    return value if keep_marker else value & ((1 << 7 * length) - 1), length


def elements(data):
    """Yield (id, body) of the elements in `data`, up to the first that cannot be."""
    start = 0
    while start < len(data):
        kind, size, length = _header(data[start : start + 12])
        if not length or size is UNKNOWN:
            return
        start += length
        yield kind, data[start : start + size]
        start += size


def _inside(data, *path):
    """Bodies of the elements that ids lead to."""
    bodies = [body for kind, body in elements(data) if kind == path[0]]
    return (
        bodies if len(path) == 1 else [last for body in bodies for last in _inside(body, *path[1:])]
    )


def _unsigned(data, kind, default):
    return next((int.from_bytes(body[:8], "big") for body in _inside(data, kind)), default)


def _float(data, kind):
    """Floating-point number of 4 or 8 bytes, 0 where there is none."""
    body = next(iter(_inside(data, kind)), b"")
    form = {4: ">f", 8: ">d"}.get(len(body))
    return struct.unpack(form, body)[0] if form else 0.0


# --------------------------------------------------------------------------- what they say


def _read_tracks(declaration, content):
    pictures = [
        entry
        for entry in _inside(content, TRACK_ENTRY)
        if _unsigned(entry, TRACK_TYPE, 0) == VIDEO_TRACK
    ]
    for video in [video for entry in pictures[:1] for video in _inside(entry, VIDEO)]:
        for body in _inside(video, PROJECTION):
            _declare_projection(declaration, body)
        mode = _unsigned(video, STEREO_MODE, None)
        if mode in STEREO_MODES:
            declaration.declare("Matroska StereoMode", stereo=STEREO_MODES[mode])
        elif mode is not None:
            declaration.notes.append(f"Matroska StereoMode {mode} was passed over: unknown here")


def _declare_projection(declaration, body):
    kind = PROJECTION_TYPES.get(_unsigned(body, PROJECTION_TYPE, 0))
    if kind is None:
        return
    try:
        # An equirectangular one may come without details: uncropped.
        details = next(iter(_inside(body, PROJECTION_PRIVATE)), None)
        shape = unpack_shape(kind, details) if details is not None else Projection(kind)
    except InputError as error:
        declaration.notes.append(f"Matroska Projection was passed over: {error}")
        return
    tilt = tuple(_float(body, angle) for angle in POSE)
    declaration.declare_projection("Matroska Projection", replace(shape, tilt=tilt))


def _read_tags(declaration, content):
    for tag in _inside(content, TAG, SIMPLE_TAG):
        name = next(iter(_inside(tag, TAG_NAME)), b"")
        if name.strip(b"\0").lower() == b"spherical-video":
            for text in _inside(tag, TAG_STRING):
                declare_gspherical(declaration, text)
