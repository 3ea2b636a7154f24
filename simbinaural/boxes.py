"""Boxes: what MP4 and QuickTime files are made of (ISO/IEC 14496-12).

A box is a size, a kind of four characters, and a body, which may hold boxes in turn::

    ftyp | moov [ mvhd | trak [ … mdia [ … minf [ … stbl [ stsd [ avc1 [ avcC | sv3d ] ] … ] ] ] ] |
    trak … ] | mdat

Sizes come in three forms: 32 bits; 1, and 64 bits behind the kind; 0, up to the end of what holds
the box. Damaged sizes end the walk; they never raise nor loop.
"""

import struct
from dataclasses import dataclass

HEADER, LONG_HEADER = 8, 16

VISUAL_ENTRY = 78
"""Bytes of fixed fields at the start of a video sample entry, before its boxes."""

SOUND_ENTRIES = (28, 44, 64)
"""The same for sound: ISO and QuickTime version 0, 1 and 2."""


@dataclass(frozen=True)
class Box:
    """Where a box lies.

    Attributes
    ----------
    kind : bytes
        Four characters.
    start, body, end : int
        Offsets of its size, of what it holds, and behind it; `end` never exceeds what holds it.
    whole : bool
        Whether it ends where it says; False where the file is cut off.
    """

    kind: bytes
    start: int
    body: int
    end: int
    whole: bool = True


def boxes(data, start=0, end=None):
    """Walk through the boxes that lie one behind the other.

    Parameters
    ----------
    data : bytes-like
        Contents.
    start, end : int
        Stretch of `data`.

    Yields
    ------
    Box
        In order, up to the end or the first size that cannot be.
    """
    end = len(data) if end is None else min(end, len(data))
    while start + HEADER <= end:
        box = _box_at(bytes(data[start : min(start + LONG_HEADER, end)]), start, end)
        if box is None:
            return
        yield box
        start = box.end


def file_boxes(file):
    """Walk through the outermost boxes of an open binary file, reading their headers alone.

    Yields
    ------
    Box
        As `boxes`.
    """
    end, start = file.seek(0, 2), 0
    while start + HEADER <= end:
        file.seek(start)
        box = _box_at(file.read(LONG_HEADER), start, end)
        if box is None:
            return
        yield box
        start = box.end


def _box_at(header, start, limit):
    """Box whose first bytes are `header`, or None where the size cannot be."""
    size, kind = struct.unpack_from(">I4s", header)
    body = start + HEADER
    if size == 1:
        if len(header) < LONG_HEADER:
            return None
        (size,) = struct.unpack_from(">Q", header, HEADER)
        body = start + LONG_HEADER
    elif size == 0:
        size = limit - start
    if start + size < body:
        return None
    return Box(kind, start, body, min(start + size, limit), whole=start + size <= limit)


def find_boxes(data, path, parent=None):
    """Find boxes by the kinds that lead to them.

    Parameters
    ----------
    data : bytes-like
        Contents.
    path : sequence of bytes
        Kinds from the outside in.
    parent : Box, optional
        Where to look; by default in all of `data`.

    Returns
    -------
    list of tuple of Box
        For each box its ancestors from the outside in, itself last; `parent` is not among them.
    """
    inside = boxes(data) if parent is None else boxes(data, parent.body, parent.end)
    chains = []
    for box in inside:
        if box.kind == path[0]:
            chains += (
                [(box,)]
                if len(path) == 1
                else [(box, *chain) for chain in find_boxes(data, path[1:], box)]
            )
    return chains


def tracks(moov, handler):
    """Chains (moov, trak) of the tracks of one kind.

    Parameters
    ----------
    moov : bytes-like
        The index of a file: a ``moov`` box, header included.
    handler : bytes
        ``vide`` or ``soun``.

    Returns
    -------
    list of (Box, Box)
        In the order of the file.
    """
    return [
        chain
        for chain in find_boxes(moov, (b"moov", b"trak"))
        if any(
            moov[hdlr.body + 8 : hdlr.body + 12] == handler
            for *_, hdlr in find_boxes(moov, (b"mdia", b"hdlr"), chain[-1])
        )
    ]


def sample_entries(moov, trak):
    """Chains (mdia, minf, stbl, stsd, entry) of a track's sample entries: how it is coded."""
    chains = []
    for chain in find_boxes(moov, (b"mdia", b"minf", b"stbl", b"stsd"), trak):
        # Behind the header of stsd stand version, flags and the count of entries.
        inside = boxes(moov, chain[-1].body + 8, chain[-1].end)
        chains += [(*chain, entry) for entry in inside]
    return chains


def entry_boxes(data, entry, handler):
    """Boxes inside a sample entry.

    Parameters
    ----------
    data : bytes-like
        Contents.
    entry : Box
        Sample entry, as from `sample_entries`.
    handler : bytes
        ``vide`` or ``soun``.

    Returns
    -------
    list of Box
        Those behind the fixed fields; of the three forms that sound entries have, the one that
        leads to whole boxes.
    """
    lengths = (VISUAL_ENTRY,) if handler == b"vide" else _sound_lengths(data, entry)
    readings = [list(boxes(data, entry.body + length, entry.end)) for length in lengths]
    return next((inside for inside in readings if _plausible(inside, entry)), [])


def _sound_lengths(data, entry):
    """Lengths of the fixed fields, first that of the version which the entry states."""
    version = int.from_bytes(data[entry.body + 8 : entry.body + 10], "big")
    stated = SOUND_ENTRIES[version] if version < len(SOUND_ENTRIES) else SOUND_ENTRIES[0]
    return stated, *(length for length in SOUND_ENTRIES if length != stated)


def _plausible(inside, entry):
    """Whether boxes are whole and fill their entry but for a terminator."""
    return bool(inside) and all(box.whole for box in inside) and entry.end - inside[-1].end < HEADER


# --------------------------------------------------------------------------- writing


def make_box(kind, *contents):
    """Make a box: bytes of its header and of `contents`."""
    body = b"".join(contents)
    return struct.pack(">I4s", HEADER + len(body), kind) + body


def make_full_box(kind, *contents):
    """Make a box with version 0 and no flags."""
    return make_box(kind, bytes(4), *contents)


def splice(data, chain, at, old_length, new):
    """Replace bytes inside nested boxes, and let all of them grow or shrink.

    Parameters
    ----------
    data : bytearray
        Contents, changed in place.
    chain : iterable of Box
        The boxes around the place; their offsets must still hold.
    at, old_length : int
        What to replace.
    new : bytes
        What to put there.
    """
    data[at : at + old_length] = new
    for box in chain:
        # What runs up to the end of the file (size 0) grows by itself.
        (size,) = struct.unpack_from(">I", data, box.start)
        if size == 1:
            struct.pack_into(">Q", data, box.start + 8, box.end - box.start + len(new) - old_length)
        elif size:
            struct.pack_into(">I", data, box.start, size + len(new) - old_length)
