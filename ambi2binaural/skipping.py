"""Decoding of no more than is asked for: pictures that nobody refers to nor looks at are skipped.

Half the pictures of common H.264 videos are referred to by no other, so that a decoder can pass
over them without harm to the rest. Which of them will be looked at is known before they are
decoded, because the packets tell their times.
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
        The same packets, in the same order. Of the pictures that they hold every one comes out of
        the decoder that is nearest to a moment, and the first and the last.

    Notes
    -----
    Pictures that others refer to are decoded whatever is asked.
    """
    ahead, stamps = deque(), []
    for packet in packets:
        ahead.append(packet)
        if packet is not None and packet.pts is not None:
            insort(stamps, packet.pts)
        if len(ahead) > LOOKAHEAD:
            yield _told(ahead.popleft(), track, stamps, moments)
            del stamps[: -4 * LOOKAHEAD]
    for packet in ahead:
        yield _told(packet, track, stamps, moments)


def _told(packet, track, stamps, moments):
    stamp = None if packet is None else packet.pts
    asked = stamp is None or _is_nearest(stamp, stamps, moments)
    track.codec_context.skip_frame = "DEFAULT" if asked else "NONREF"
    return packet


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
