"""Decoding of no more than is asked for: pictures that nobody refers to nor looks at are skipped.

Half the pictures of common H.264 videos are referred to by no other, so that a decoder can pass
over them without harm to the rest. And where the decoder starts anew, nothing that follows refers
to anything before: of a group of pictures, those behind the last that is looked at are left out,
even where each refers to the one before it, as cameras record::

    moments      |       |       |       |
    pictures  I P P P P P P P P P P P P P P I P P
              needed by what follows    └┬┘ nothing follows

Which of them will be looked at is known before they are decoded, because the packets tell their
times.
"""

from bisect import bisect_left, insort
from collections import deque

LOOKAHEAD = 32
"""Packets that are read before one is decoded. Codecs put 16 pictures out of order at most."""


def skip_unasked(packets, track, moments):
    """Let the decoder of a video track skip what is nearest to none of some moments.

    Parameters
    ----------
    packets : iterable of av.Packet or None
        Packets of the track as they come; those without a time stamp are never skipped.
    track : av.video.stream.VideoStream
        Its decoder is told before each packet.
    moments : list of float
        Growing, in the track's time base.

    Yields
    ------
    av.Packet or None
        The packets in their order, those left out that nothing needs. Of the pictures that they
        hold every one comes out of the decoder that is nearest to a moment, and the first and the
        last.

    Notes
    -----
    Pictures that others refer to are decoded as long as such others may follow.
    """
    ahead, stamps = deque(), []
    decoder = track.codec_context
    extradata = decoder.extradata
    starts_anew = _RESTARTS.get(decoder.name)
    for packet in packets:
        if packet is not None and packet.pts is not None:
            insort(stamps, packet.pts)
            if starts_anew and packet.is_keyframe and starts_anew(packet, extradata):
                while ahead and not _is_asked(ahead[-1], stamps, moments):
                    ahead.pop()
        ahead.append(packet)
        if len(ahead) > LOOKAHEAD:
            yield _told(ahead.popleft(), decoder, stamps, moments)
            del stamps[: -4 * LOOKAHEAD]
    for packet in ahead:
        yield _told(packet, decoder, stamps, moments)


def _told(packet, decoder, stamps, moments):
    decoder.skip_frame = "DEFAULT" if _is_asked(packet, stamps, moments) else "NONREF"
    return packet


def _is_asked(packet, stamps, moments):
    stamp = None if packet is None else packet.pts
    return stamp is None or _is_nearest(stamp, stamps, moments)


def _is_nearest(stamp, stamps, moments):
    """Whether a picture is the first or the last, or may be the nearest to a moment."""
    place = bisect_left(stamps, stamp)
    if place == 0 or place + 1 >= len(stamps):
        return True
    # A tick more on both sides: times are rounded on their way here.
    begin = (stamps[place - 1] + stamp) / 2 - 1
    end = (stamp + stamps[place + 1]) / 2 + 1
    k = bisect_left(moments, begin)
    return k < len(moments) and moments[k] <= end


# --------------------------------------------------------------------------- restarts
#
# A keyframe alone does not tell: pictures behind it may still refer to some before it (open groups,
# or a refresh line by line). H.264 and HEVC say of a picture that it resets the decoder.


def _avc_restarts(packet, extradata):
    """Whether the first slice of an H.264 packet is of an IDR picture."""
    if not _has_configuration(extradata, 7):
        return False
    kinds = (first & 0x1F for first in _units(packet, (extradata[4] & 3) + 1))
    return next((kind for kind in kinds if 1 <= kind <= 5), 0) == 5


def _hevc_restarts(packet, extradata):
    """Whether the first slice of an HEVC packet is of an IDR picture."""
    if not _has_configuration(extradata, 23):
        return False
    kinds = (first >> 1 & 0x3F for first in _units(packet, (extradata[21] & 3) + 1))
    return next((kind for kind in kinds if kind < 32), 0) in (19, 20)


_RESTARTS = {"h264": _avc_restarts, "hevc": _hevc_restarts}


def _has_configuration(extradata, length):
    """Whether packets are divided by lengths, as in MP4 and Matroska, and not by start codes."""
    return extradata is not None and len(extradata) >= length and extradata[0] == 1


def _units(packet, length_bytes):
    """Yield the first byte of each of a packet's units."""
    content, place = memoryview(packet), 0
    while place + length_bytes < len(content):
        length = int.from_bytes(content[place : place + length_bytes])
        place += length_bytes
        yield content[place]
        place += length
