"""How wide a network is: all channels times a factor."""

from simbinaural.errors import require

SMALLEST = 8
"""Channels that a layer keeps however narrow its network."""


def scaled(channels, width):
    """Channels of a layer in a network of another width.

    Parameters
    ----------
    channels : int
        At width 1.
    width : float
        Factor, greater than 0.

    Returns
    -------
    int
        The nearest multiple of 4, at least 8 (or `channels`, where that is less).

    Raises
    ------
    InputError
        If `width` is not positive.
    """
    require(width > 0, f"width must be greater than 0, got {width:g}")
    return max(min(channels, SMALLEST), 4 * round(channels * width / 4))
