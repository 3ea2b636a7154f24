"""What the channels of a sound are: as declared, else by their number; AmbiX unless told otherwise.

Options override all.
"""

import numpy as np

from ambi2binaural.layout import HIGHEST_ORDER, AudioLayout
from simbinaural.ambisonics import FUMA_ACN, n_channels, order_of
from simbinaural.errors import InputError, require


def find_audio_layout(channels, declared, overrides, *, codec_says=None, silent=()):
    """Find out what the channels of a sound are.

    Parameters
    ----------
    channels : int
        How many there are.
    declared : simbinaural.spherical.SpatialAudio or None
        What the file declares.
    overrides : Overrides
        What the user knows better.
    codec_says : str, optional
        Codec and its name of the channels: ``aac 5.1``, ``opus ambisonic 1``.
    silent : tuple of int
        Channels without sound, where that was measured.

    Returns
    -------
    AudioLayout
        With the word how.

    Raises
    ------
    InputError
        If so many channels are no ambisonics, or what is declared does not fit them.
    """
    require(
        channels >= 4,
        f"sound has {_named(channels)}, expected 4 (first-order ambisonics) or more; "
        "pass --audio FILE if they are in another",
    )
    if declared is not None and overrides.ordering is None and overrides.channels is None:
        return _declared_layout(channels, declared, overrides)
    order, n_locked, says = _count(channels, overrides)
    codec = codec_says or ""
    if codec.startswith("aac 5.1") and {3, 5} <= set(silent):
        return _youtube_surround(overrides)
    ordering, normalization, how = _convention(overrides, codec)
    count = n_channels(order)
    require(
        ordering == "acn" or order <= 3,
        f"ordering must be acn above third order, got {ordering} and order {order}",
    )
    places = np.argsort(FUMA_ACN[:count]) if ordering == "fuma" else np.arange(count)
    return AudioLayout(
        order=order,
        ordering=ordering,
        normalization=normalization,
        channel_map=tuple(int(place) for place in places),
        head_locked=tuple(range(count, count + n_locked)),
        how={"order": says, "head_locked": says, "channel_map": how["ordering"], **how},
        notes=_codec_notes(codec),
    )


def _named(channels):
    return {0: "no channel", 1: "1 channel", 2: "2 channels"}.get(channels, f"{channels} channels")


def _count(channels, overrides):
    """Order, head-locked channels, and how they are known."""
    if overrides.channels is not None:
        count = overrides.channels
        require(channels >= count, f"sound has {channels} channels, expected {count} (--channels)")
        return order_of(count), 2 if channels == count + 2 else 0, "option"
    for n_locked in (0, 2):
        try:
            return order_of(channels - n_locked), n_locked, f"shape: {channels} channels"
        except InputError:
            continue
    raise InputError(
        f"sound has {channels} channels, expected 4, 9, 16 … or two more (head-locked stereo); "
        "pass --channels"
    )


def _convention(overrides, codec):
    """Ordering, normalization, and how they are known."""
    ordering = overrides.ordering or "acn"
    normalization = overrides.normalization or ("fuma" if ordering == "fuma" else "sn3d")
    says = "default: AmbiX, nothing says otherwise"
    if "ambisonic" in codec:
        says = f"metadata: {codec}"
    named = overrides.ordering or overrides.normalization
    return (
        ordering,
        normalization,
        {
            "ordering": "option" if overrides.ordering else says,
            "normalization": "option" if named else says,
        },
    )


def _codec_notes(codec):
    """Warn of what coders for loudspeakers do to their fourth of six channels."""
    kind, _, named = codec.partition(" ")
    if named.startswith("5.1") and not kind.startswith(("pcm", "flac")):
        return (f"{kind} 5.1 keeps only the bass of channel 4: if X is there, the front is lost",)
    return ()


def _youtube_surround(overrides):
    """Layout of YouTube's AAC 5.1, which holds W, Y, Z, X as center, right, left surround, left."""
    says = "content: AAC 5.1 with silent LFE and right surround, as YouTube has it"
    _, normalization, how = _convention(overrides, "")
    return AudioLayout(
        normalization=normalization,
        channel_map=(2, 1, 4, 0),
        how={**how, "order": says, "channel_map": says, "head_locked": says},
    )


def _declared_layout(channels, declared, overrides):
    """Layout that SA3D declares."""
    count = n_channels(declared.order) if declared.order <= HIGHEST_ORDER else 0
    n_locked = 2 if declared.head_locked else 0
    _require_fits(channels, declared, count + n_locked)
    place = {component: channel for channel, component in enumerate(declared.channel_map)}
    says = "metadata: SA3D"
    return AudioLayout(
        order=declared.order,
        normalization=overrides.normalization or "sn3d",
        channel_map=tuple(place[component] for component in range(count)),
        head_locked=tuple(place[component] for component in range(count, count + n_locked)),
        how={
            **dict.fromkeys(("order", "ordering", "channel_map", "head_locked"), says),
            "normalization": "option" if overrides.normalization else says,
        },
        notes=_map_notes(declared.channel_map),
    )


def _require_fits(channels, declared, expected):
    remedy = "pass --layout to pass over it"
    require(
        (declared.ordering, declared.normalization, declared.kind) == (0, 0, 0),
        f"SA3D must have ordering 0 (ACN), normalization 0 (SN3D) and type 0, got "
        f"{declared.ordering}, {declared.normalization}, {declared.kind}; {remedy}",
    )
    require(
        len(declared.channel_map) == expected == channels,
        f"SA3D must fit {_named(channels)}, got order {declared.order} and a map of "
        f"{len(declared.channel_map)}; {remedy}",
    )
    require(
        sorted(declared.channel_map) == list(range(expected)),
        f"SA3D must name each component once, got {declared.channel_map}; {remedy}",
    )


def _map_notes(channel_map):
    """Warn of maps that mean another order of channels when read the other way round."""
    inverse = tuple(np.argsort(channel_map))
    if inverse == tuple(channel_map):
        return ()
    return (
        f"SA3D maps channels to components {', '.join(map(str, channel_map))}, as FFmpeg reads it; "
        "some writers mean components to channels",
    )
