"""Ambisonics: AmbiX (ACN order, SN3D) of any order, in the directions of `simbinaural.geometry`.

Channel ``n = l * (l + 1) + m`` holds the spherical harmonic of degree l and index m. First order is
W, Y, Z, X: everywhere, left, up, front. In SN3D a plane wave has the same energy in W as in Y, Z
and X together.
"""

import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.geometry import body_to_sofa, directions, rotation_matrix
from simbinaural.sphere import spread_directions

CONVENTIONS = ("ambix", "n3d", "fuma")

# ACN of FuMa's channels W X Y Z R S T U V K L M N O P Q, and their factors relative to SN3D.
FUMA_ACN = np.array([0, 3, 1, 2, 6, 7, 5, 8, 4, 12, 13, 11, 14, 10, 15, 9])
FUMA_FACTOR = np.concatenate(
    [
        [np.sqrt(1 / 2), 1, 1, 1],
        [1, *[np.sqrt(4 / 3)] * 4],
        [1, *[np.sqrt(45 / 32)] * 2, *[np.sqrt(9 / 5)] * 2, *[np.sqrt(8 / 5)] * 2],
    ]
)


def n_channels(order):
    """Channels of an order: (order + 1) squared."""
    return (order + 1) ** 2


def order_of(channels):
    """Order that has so many channels.

    Raises
    ------
    InputError
        If none has.
    """
    order = int(np.sqrt(channels)) - 1
    require(
        channels >= 1 and n_channels(order) == channels,
        f"channels must number 1, 4, 9, 16 … (a full order), got {channels}",
    )
    return order


def harmonics(azimuth_deg, elevation_deg, order=1):
    """Real spherical harmonics, ACN and SN3D: the gains of a plane wave.

    Parameters
    ----------
    azimuth_deg, elevation_deg : (...) array_like
        Degrees.
    order : int
        Highest degree.

    Returns
    -------
    ((order + 1) ** 2, ...) numpy.ndarray
        Without Condon-Shortley phase; the first is 1.

    Notes
    -----
    The recurrence of the associated Legendre functions in the degree, normalized all the way.
    """
    azimuth, elevation = np.broadcast_arrays(np.radians(azimuth_deg), np.radians(elevation_deg))
    level, up = np.cos(elevation), np.sin(elevation)
    rows = np.zeros((n_channels(order), *azimuth.shape))
    highest = np.ones(azimuth.shape)  # of degree m and index m, as the column begins
    for m in range(order + 1):
        if m:
            highest = highest * level * np.sqrt((2 * m - 1) / (2 * m) * (2 if m == 1 else 1))
        turn, below, value = (np.cos(m * azimuth), np.sin(m * azimuth)), 0.0, highest
        for degree in range(m, order + 1):
            if degree > m:
                step = (2 * degree - 1) * up * value - np.sqrt((degree - 1) ** 2 - m**2) * below
                below, value = value, step / np.sqrt(degree**2 - m**2)
            middle = degree * (degree + 1)
            rows[middle + m] = value * turn[0]
            if m:
                rows[middle - m] = value * turn[1]
    return rows


def encode(signal, azimuth_deg, elevation_deg, order=1):
    """Let a signal come from a direction.

    Parameters
    ----------
    signal : (samples,) array_like
        Mono.
    azimuth_deg, elevation_deg : float or (samples,) array_like
        Degrees; one for each sample moves the source.
    order : int
        Ambisonic order.

    Returns
    -------
    ((order + 1) ** 2, samples) numpy.ndarray
        AmbiX.
    """
    gains = harmonics(azimuth_deg, elevation_deg, order)
    return gains.reshape(len(gains), -1) * np.asarray(signal)


def rotate(ambisonics, orientation):
    """Turn a sound field: what came from v comes from ``geometry.rotate(orientation, v)``.

    With the orientation of a body this turns its own axes into the world's; with the conjugate, the
    world's into the body's.

    Parameters
    ----------
    ambisonics : ((order + 1) ** 2, samples) array_like
        AmbiX.
    orientation : (4,) or (3, 3) array_like
        Unit quaternion, or rotation matrix in body axes.

    Returns
    -------
    ((order + 1) ** 2, samples) numpy.ndarray
        AmbiX.

    Raises
    ------
    InputError
        If the channels are no full order or `orientation` has another shape.
    """
    ambisonics = np.asarray(ambisonics)
    matrix = rotation(orientation, order_of(len(ambisonics)))
    require(
        matrix.ndim == 2,
        f"orientation must have shape (4,) or (3, 3), got {np.shape(orientation)}",
    )
    return matrix @ ambisonics


def rotation(orientation, order=1):
    """Channel matrices of rotations.

    Parameters
    ----------
    orientation : (..., 4) or (..., 3, 3) array_like
        Unit quaternions, or rotation matrices in body axes.
    order : int
        Ambisonic order.

    Returns
    -------
    (..., (order + 1) ** 2, (order + 1) ** 2) numpy.ndarray
        A block for each degree: harmonics of turned directions = matrix @ harmonics of directions.

    Raises
    ------
    InputError
        If `orientation` has another shape.

    Notes
    -----
    Degree 1 is the matrix itself in the axes Y, Z, X. A degree's harmonics of turned directions are
    combinations of its harmonics of the directions; higher ones are solved for at enough of them.
    """
    turn = np.asarray(orientation, dtype=float)
    if turn.shape[-1:] == (4,):
        turn = rotation_matrix(turn)
    require(
        turn.shape[-2:] == (3, 3),
        f"orientation must have shape (..., 4) or (..., 3, 3), got {turn.shape}",
    )
    matrix = np.zeros((*turn.shape[:-2], n_channels(order), n_channels(order)))
    matrix[..., 0, 0] = 1
    if order >= 1:
        yzx = body_to_sofa(np.eye(3)).T[[1, 2, 0]]
        matrix[..., 1:4, 1:4] = yzx @ turn @ yzx.T
    if order >= 2:
        vectors = spread_directions(90 / (order + 1))
        before = harmonics(*directions(vectors)[:2], order)
        after = harmonics(*directions(vectors @ np.swapaxes(turn, -1, -2))[:2], order)
        for degree in range(2, order + 1):
            block = slice(degree**2, (degree + 1) ** 2)
            turned = np.moveaxis(after[block], 0, -2)
            matrix[..., block, block] = turned @ np.linalg.pinv(before[block])
    return matrix


def convert(ambisonics, source, target="ambix"):
    """Translate between conventions of channel order and normalization.

    Parameters
    ----------
    ambisonics : ((order + 1) ** 2, samples) array_like
        Channels as `source` has them.
    source, target : str
        ``ambix`` (ACN, SN3D), ``n3d`` (ACN, N3D) or ``fuma`` (W X Y Z …, maxN with W 3 dB lower; up
        to third order).

    Returns
    -------
    ((order + 1) ** 2, samples) numpy.ndarray
        Channels as `target` has them.

    Raises
    ------
    InputError
        If a convention is unknown, the channels are no full order, or FuMa has more than 16.
    """
    ambisonics = np.asarray(ambisonics)
    channels = len(ambisonics)
    order = order_of(channels)
    acn, factor = _convention("source", source, order)
    ambix = np.empty_like(ambisonics, dtype=np.result_type(ambisonics, np.float32))
    ambix[acn] = ambisonics / factor[:, None]
    acn, factor = _convention("target", target, order)
    return (ambix[acn] * factor[:, None]).astype(ambix.dtype)


def _convention(role, name, order):
    """ACN of each channel and its factor relative to SN3D."""
    channels = n_channels(order)
    if name not in CONVENTIONS:
        raise InputError(f"{role} must be one of {', '.join(CONVENTIONS)}, got {name}")
    if name == "fuma":
        require(order <= 3, f"order must be at most 3 in FuMa, got {order}")
        return FUMA_ACN[:channels], FUMA_FACTOR[:channels]
    acn = np.arange(channels)
    degree = np.floor(np.sqrt(acn))
    return acn, np.sqrt(2 * degree + 1) if name == "n3d" else np.ones(channels)
