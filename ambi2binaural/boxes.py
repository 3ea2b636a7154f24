"""What an MP4 or QuickTime file declares, read from its boxes before any decoder opens it."""

import re

from ambi2binaural.declaration import Declaration, declare_gspherical
from simbinaural.boxes import boxes, entry_boxes, file_boxes, find_boxes, sample_entries, tracks
from simbinaural.errors import InputError, require
from simbinaural.spherical import (
    Projection,
    unpack_projection,
    unpack_spatial_audio,
    unpack_stereo,
)

OUTERMOST = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"uuid")
"""Kinds of boxes that these files begin with."""

GSPHERICAL = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")

UNSAFE = (b"SA3D", b"chan", b"chnl")
"""Boxes that name channels one by one, to be hidden from the decoder.

PyAV copies such a layout without what it points to, and frees it twice: the process dies. Nothing
is lost without them, since SA3D is read here and the order of the samples stays that of the file.
"""

LONGEST_DESCRIPTION = 2**16
"""Bytes of a sample description, where its size cannot be."""

SPHERICAL = (b"sv3d", b"st3d")
"""Boxes that are hidden as well, because FFmpeg gives up a whole file for a fault in one."""

APPLE_PROJECTIONS = {b"equi": "equirect", b"hequ": "equirect180", b"fish": "fisheye"}


def begins_with_box(start):
    """Whether the first bytes of a file are those of an MP4 or QuickTime file."""
    return start[4:8] in OUTERMOST


def has_index(path):
    """Whether a file has an MP4 index, whatever it begins with: FFmpeg would find it."""
    with path.open("rb") as file:
        return any(box.kind == b"moov" for box in file_boxes(file))


def read_boxes(path):
    """Read what an MP4 or QuickTime file declares.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Declaration
        Damaged boxes are noted and passed over.

    Raises
    ------
    InputError
        If the file has no index: it was cut off, and nothing in it can be decoded.
    """
    declaration = Declaration()
    with path.open("rb") as file:
        outermost = list(file_boxes(file))
        index = next((box for box in outermost if box.kind == b"moov"), None)
        require(
            index is not None and index.whole,
            f"{path}: file must hold its index (moov), got none: it is cut off, nothing decodes",
        )
        declaration.missing = _missing_bytes(file, outermost[-1])
        file.seek(index.start)
        moov = file.read(index.end - index.start)
    _read_pictures(declaration, moov, index.start)
    _read_sounds(declaration, moov, index.start)
    return declaration


def _missing_bytes(file, last):
    """Bytes that the last box of a file should have and has not."""
    if last.whole:
        return 0
    file.seek(last.start)
    header = file.read(16)
    size = int.from_bytes(header[:4], "big")
    if size == 1:
        size = int.from_bytes(header[8:16], "big")
    return last.start + size - last.end


# --------------------------------------------------------------------------- pictures


def _read_pictures(declaration, moov, offset):
    for moov_and_trak in tracks(moov, b"vide")[:1]:
        trak = moov_and_trak[-1]
        for *_, entry in sample_entries(moov, trak)[:1]:
            inside = {box.kind: box for box in reversed(entry_boxes(moov, entry, b"vide"))}
            declaration.hidden += [
                offset + box.start + 4 for kind, box in inside.items() if kind in SPHERICAL
            ]
            _read(declaration, moov, inside.get(b"sv3d"), _declare_sv3d)
            _read(declaration, moov, inside.get(b"st3d"), _declare_st3d)
            _read(declaration, moov, inside.get(b"vexu"), _declare_vexu)
        for *_, box in find_boxes(moov, (b"uuid",), trak):
            content = moov[box.body : box.end]
            if content.startswith(GSPHERICAL):
                declare_gspherical(declaration, content[len(GSPHERICAL) :])


def _read(declaration, moov, box, declare):
    """Let `declare` read a box, if there is one; note what is wrong with it."""
    if box is None:
        return
    try:
        declare(declaration, moov[box.body : box.end])
    except InputError as error:
        declaration.notes.append(f"box {box.kind.decode()} was passed over: {error}")


def _declare_sv3d(declaration, body):
    declaration.declare_projection("sv3d", unpack_projection(body))


def _declare_st3d(declaration, body):
    declaration.declare("st3d", stereo=unpack_stereo(body))


def _declare_vexu(declaration, body):
    """Read Apple's box, which names the projection by four characters."""
    for *_, prji in find_boxes(body, (b"proj", b"prji")):
        kind = APPLE_PROJECTIONS.get(body[prji.body + 4 : prji.body + 8])
        if kind:
            declaration.declare_projection("vexu", Projection(kind))


# --------------------------------------------------------------------------- sounds


def _read_sounds(declaration, moov, offset):
    declaration.hidden += [offset + place for place in _unsafe_places(moov)]
    for number, (_, trak) in enumerate(tracks(moov, b"soun")):
        for *_, entry in sample_entries(moov, trak):
            for box in _with_wave(moov, entry_boxes(moov, entry, b"soun")):
                if box.kind == b"SA3D":
                    _declare_sa3d(declaration, number, moov[box.body : box.end])


def _unsafe_places(moov):
    """Where unsafe kinds stand in sample descriptions.

    Found by their bytes: in a damaged file the decoder finds boxes that a walk does not.
    """
    for described in re.finditer(b"stsd", moov):
        size = int.from_bytes(moov[described.start() - 4 : described.start()], "big")
        length = size if 1 < size < LONGEST_DESCRIPTION else LONGEST_DESCRIPTION
        stretch = moov[described.start() : described.start() + length]
        for kind in re.finditer(b"|".join(UNSAFE), stretch):
            yield described.start() + kind.start()


def _with_wave(moov, inside):
    """Boxes of a sample entry, and those of QuickTime's wave among them."""
    waves = [box for box in inside if box.kind == b"wave"]
    return [*inside, *(box for wave in waves for box in boxes(moov, wave.body, wave.end))]


def _declare_sa3d(declaration, number, body):
    try:
        declaration.spatial_audio.setdefault(number, unpack_spatial_audio(body))
    except InputError as error:
        declaration.notes.append(f"box SA3D was passed over: {error}")
