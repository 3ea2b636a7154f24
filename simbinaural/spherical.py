"""What an MP4 file says of its 360-degree picture and its ambisonic sound: the boxes of its tracks.

The picture's stand in the video sample entry: ``st3d`` (where the two eyes lie) and ``sv3d`` (the
projection, how it is tilted, and what of it is cropped); the sound's, ``SA3D``, in that of the
sound [1]_ [2]_. All numbers are big-endian.

References
----------
.. [1] Google, "Spherical Video V2 RFC", github.com/google/spatial-media.
.. [2] Google, "Spatial Audio RFC", ibid.
"""

import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from simbinaural.ambisonics import n_channels as channels_of
from simbinaural.boxes import (
    entry_boxes,
    file_boxes,
    find_boxes,
    make_box,
    make_full_box,
    sample_entries,
    splice,
    tracks,
)
from simbinaural.errors import InputError, require
from simbinaural.shards.writer import replacing

STEREO_MODES = {0: "mono", 1: "top-bottom", 2: "left-right", 4: "right-left"}
"""Modes of ``st3d``: where the left eye's picture lies, then the right one's."""

PROJECTION_BOXES = {b"equi": "equirect", b"cbmp": "cubemap", b"mshp": "mesh", b"ytmp": "mesh"}

HEAD_LOCKED = 0x80
"""Bit of SA3D's ambisonic type: the last two channels are stereo that turns with the head."""


@dataclass(frozen=True)
class Projection:
    """How a picture shows the sphere.

    Attributes
    ----------
    kind : str
        ``equirect``, ``cubemap`` or ``mesh``.
    tilt : (float, float, float)
        Yaw and pitch, counter-clockwise around up and right, and roll, clockwise around the front:
        degrees, applied to the projection in this order.
    bounds : (float, float, float, float)
        Shares of the whole panorama that are cropped off at left, top, right, bottom.
    padding : int
        Pixels at the edges of a cube's faces.
    """

    kind: str
    tilt: tuple = (0.0, 0.0, 0.0)
    bounds: tuple = (0.0, 0.0, 0.0, 0.0)
    padding: int = 0


@dataclass(frozen=True)
class SpatialAudio:
    """What SA3D says.

    Attributes
    ----------
    order : int
        Ambisonic order.
    channel_map : tuple of int
        The component (ACN) that each channel of the file holds; head-locked left and right count
        on from the last component.
    head_locked : bool
        Whether there is head-locked stereo.
    ordering, normalization : int
        0 is ACN, 0 is SN3D; the public description knows no others.
    kind : int
        0 is periphonic, a full order.
    """

    order: int
    channel_map: tuple
    head_locked: bool = False
    ordering: int = 0
    normalization: int = 0
    kind: int = 0


# --------------------------------------------------------------------------- sound


def pack_spatial_audio(audio):
    """Make the box SA3D of a `SpatialAudio`."""
    fields = struct.pack(
        ">BBIBBI",
        0,
        audio.kind | (HEAD_LOCKED if audio.head_locked else 0),
        audio.order,
        audio.ordering,
        audio.normalization,
        len(audio.channel_map),
    )
    return make_box(b"SA3D", fields, struct.pack(f">{len(audio.channel_map)}I", *audio.channel_map))


def unpack_spatial_audio(body):
    """Read the body of SA3D.

    Raises
    ------
    InputError
        If it is of another version, or shorter than it says.
    """
    require(len(body) >= 12, f"SA3D must hold at least 12 bytes, got {len(body)}")
    version, kind, order, ordering, normalization, count = struct.unpack_from(">BBIBBI", body)
    require(version == 0, f"SA3D must be of version 0, got {version}")
    require(
        4 * count <= len(body) - 12, f"SA3D must hold {count} channels, got {(len(body) - 12) // 4}"
    )
    return SpatialAudio(
        order=order,
        channel_map=struct.unpack_from(f">{count}I", body, 12),
        head_locked=bool(kind & HEAD_LOCKED),
        ordering=ordering,
        normalization=normalization,
        kind=kind & ~HEAD_LOCKED,
    )


# --------------------------------------------------------------------------- picture


def pack_stereo(stereo):
    """Make the box st3d of a mode's name."""
    modes = {name: mode for mode, name in STEREO_MODES.items()}
    if stereo not in modes:
        raise InputError(f"stereo must be one of {', '.join(modes)}, got {stereo}")
    return make_full_box(b"st3d", bytes([modes[stereo]]))


def unpack_stereo(body):
    """Read the body of st3d: a mode's name.

    Raises
    ------
    InputError
        If it is too short or the mode says nothing of where the eyes lie.
    """
    require(len(body) >= 5, f"st3d must hold at least 5 bytes, got {len(body)}")
    if body[4] not in STEREO_MODES:
        raise InputError(f"st3d must be one of the modes {sorted(STEREO_MODES)}, got {body[4]}")
    return STEREO_MODES[body[4]]


def pack_projection(projection, source="simbinaural"):
    """Make the box sv3d of a `Projection`; `source` names the program that wrote it."""
    left, top, right, bottom = (round(share * 2**32) for share in projection.bounds)
    shapes = {
        "equirect": (b"equi", (top, bottom, left, right)),
        "cubemap": (b"cbmp", (0, projection.padding)),
    }
    if projection.kind not in shapes:
        raise InputError(f"projection must be one of {', '.join(shapes)}, got {projection.kind}")
    kind, values = shapes[projection.kind]
    tilt = (round(angle * 2**16) for angle in projection.tilt)
    return make_box(
        b"sv3d",
        make_full_box(b"svhd", source.encode(), b"\0"),
        make_box(
            b"proj",
            make_full_box(b"prhd", struct.pack(">3i", *tilt)),
            make_full_box(kind, struct.pack(f">{len(values)}I", *values)),
        ),
    )


def unpack_projection(body):
    """Read the body of sv3d.

    Raises
    ------
    InputError
        If a part is missing, too short, or unknown.
    """
    inside = {
        chain[-1].kind: body[chain[-1].body : chain[-1].end]
        for kind in (b"prhd", *PROJECTION_BOXES)
        for chain in find_boxes(body, (b"proj", kind))
    }
    kind = next((kind for kind in PROJECTION_BOXES if kind in inside), None)
    require(kind is not None, f"sv3d must hold one of {_names(PROJECTION_BOXES)}, got none")
    tilt = _numbers(b"prhd", inside.get(b"prhd", bytes(16)), "3i")
    projection = unpack_shape(PROJECTION_BOXES[kind], inside[kind])
    return Projection(
        projection.kind,
        tuple(angle / 2**16 for angle in tilt),
        projection.bounds,
        projection.padding,
    )


def unpack_shape(kind, body):
    """Read the body of equi, cbmp or a mesh; Matroska stores the same bytes."""
    if kind == "equirect":
        top, bottom, left, right = (part / 2**32 for part in _numbers(b"equi", body, "4I"))
        require(
            left + right < 1 and top + bottom < 1,
            f"equi must leave something uncropped, got left {left:.3g} and right {right:.3g}, "
            f"top {top:.3g} and bottom {bottom:.3g}",
        )
        return Projection(kind, bounds=(left, top, right, bottom))
    if kind == "cubemap":
        layout, padding = _numbers(b"cbmp", body, "2I")
        require(layout == 0, f"cbmp must have layout 0, got {layout}")
        return Projection(kind, padding=padding)
    return Projection(kind)


def _numbers(kind, body, layout):
    """Numbers behind version and flags."""
    size = 4 + struct.calcsize(f">{layout}")
    require(len(body) >= size, f"{kind.decode()} must hold {size} bytes, got {len(body)}")
    return struct.unpack_from(f">{layout}", body, 4)


def _names(kinds):
    return ", ".join(kind.decode() for kind in kinds)


# --------------------------------------------------------------------------- into a file


def write_spherical_boxes(
    path, *, n_channels=4, projection="equirect", stereo="mono", tilt=(0, 0, 0), **options
):
    """Write into a finished MP4 file that its picture is a panorama and its sound ambisonic.

    Parameters
    ----------
    path : str or Path
        MP4 or QuickTime file; replaced when the new one is whole. Such boxes that it has already
        are replaced.
    n_channels : int
        Channels of its sound: 4, 9, 16 … in AmbiX, or two more, head-locked stereo; 0 says nothing
        of the sound.
    projection : {"equirect", "cubemap"}
        Of the picture.
    stereo : {"mono", "top-bottom", "left-right", "right-left"}
        Where the eyes lie.
    tilt : (3,) sequence of float
        Yaw, pitch, roll in degrees, as in `Projection`.
    **options
        ``bounds`` as in `Projection`; ``channel_map`` as in `SpatialAudio`, by default each channel
        its own component.

    Raises
    ------
    InputError
        If the file has no index, no such track, comes in fragments, or a value is unknown.
    """
    bounds = options.pop("bounds", (0, 0, 0, 0))
    channel_map = options.pop("channel_map", None)
    if options:
        raise TypeError(f"unknown options: {', '.join(options)}")
    shape = Projection(projection, tuple(tilt), tuple(bounds))
    added = {b"vide": [pack_stereo(stereo), pack_projection(shape)]}
    if n_channels:
        added[b"soun"] = [pack_spatial_audio(_ambix(n_channels, channel_map))]
    insert_boxes(path, added)


def _ambix(n_channels, channel_map):
    """`SpatialAudio` of so many channels."""
    orders = {channels_of(order) + extra: (order, extra) for order in range(8) for extra in (0, 2)}
    require(
        n_channels in orders and n_channels >= 4,
        f"n_channels must be 4, 9, 16 … or two more (head-locked stereo), got {n_channels}",
    )
    order, extra = orders[n_channels]
    places = tuple(range(n_channels)) if channel_map is None else tuple(channel_map)
    return SpatialAudio(order, places, head_locked=extra > 0)


def insert_boxes(path, added):
    """Write boxes into the sample entries of an MP4 file, in place of those of their kinds.

    Parameters
    ----------
    path : str or Path
        The file; replaced when the new one is whole.
    added : dict of bytes to list of bytes
        For a handler (``vide``, ``soun``) the boxes for its first track.

    Raises
    ------
    InputError
        If the file has no index or no such track, or comes in fragments.
    """
    path = Path(path)
    require(path.is_file(), f"{path}: file must exist")
    with path.open("rb") as file:
        place = next((box for box in file_boxes(file) if box.kind == b"moov" and box.whole), None)
        require(place is not None, f"{path}: file must have an index (moov), got none")
        file.seek(place.start)
        moov = bytearray(file.read(place.end - place.start))
    require(
        not find_boxes(moov, (b"moov", b"mvex")),
        f"{path}: file must not come in fragments; remux it: ffmpeg -i IN -c copy OUT.mp4",
    )
    for handler, new in added.items():
        require(tracks(moov, handler), f"{path}: file must have a {handler.decode()} track")
        _insert_into_track(moov, handler, new)
    _shift_chunks(path, moov, place)
    _replace_stretch(path, place, moov)


def _insert_into_track(moov, handler, added):
    """Put boxes behind the codec's own in every entry of the first track of a kind."""
    kinds = {bytes(box[4:8]) for box in added}
    for index in range(len(_entries(moov, handler))):
        while old := _inside(moov, handler, index, kinds):
            chain, box = old[-1]
            splice(moov, chain, box.start, box.end - box.start, b"")
        chain = _entries(moov, handler)[index]
        inside = entry_boxes(moov, chain[-1], handler)
        # Behind the first, the codec's own; pasp and its like must come after.
        at = inside[0].end if inside else chain[-1].end
        splice(moov, chain, at, 0, b"".join(added))


def _entries(moov, handler):
    """Chains from moov to each sample entry of the first track of a kind."""
    moov_and_trak = tracks(moov, handler)[0]
    return [(*moov_and_trak, *chain) for chain in sample_entries(moov, moov_and_trak[-1])]


def _inside(moov, handler, index, kinds):
    """Chains and boxes of some kinds inside an entry."""
    chain = _entries(moov, handler)[index]
    inside = entry_boxes(moov, chain[-1], handler)
    return [(chain, box) for box in inside if box.kind in kinds]


def _shift_chunks(path, moov, place):
    """Let the chunk offsets follow what moves behind the index."""
    growth = len(moov) - (place.end - place.start)
    for kind, form, limit in (b"stco", "I", 2**32), (b"co64", "Q", 2**64):
        for *_, box in find_boxes(moov, (b"moov", b"trak", b"mdia", b"minf", b"stbl", kind)):
            (count,) = struct.unpack_from(">I", moov, box.body + 4)
            table = f">{count}{form}"
            old = struct.unpack_from(table, moov, box.body + 8)
            new = [offset + growth if offset > place.start else offset for offset in old]
            require(
                max(new, default=0) < limit,
                f"{path}: file must stay below 4 GiB; remux it without -movflags +faststart",
            )
            struct.pack_into(table, moov, box.body + 8, *new)


def _replace_stretch(path, place, moov):
    with replacing(path) as temporary, path.open("rb") as old, temporary.open("wb") as new:
        new.write(old.read(place.start))
        new.write(moov)
        old.seek(place.end)
        shutil.copyfileobj(old, new, 2**20)
