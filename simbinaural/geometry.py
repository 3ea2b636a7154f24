"""Conventions of space and time, stated once.

World
    Right-handed, metres, **y up**. A body (camera, listener) at identity looks along **-z** and has
    +x to its right, as in glTF, Habitat and RLR.
Orientation
    Unit quaternion (w, x, y, z) that turns body vectors into world vectors.
Direction
    Azimuth 0 deg in front, **positive to the left**; elevation positive up (SOFA, AmbiX)::

                      +90 (left, -x)
                        |
            front 0 ----+---- 180          seen from above
            (-z)        |
                      -90 (right, +x)

Image
    x grows to the right, y down; pixel i has its centre at i + 0.5, so that an image of width w
    spans 0 to w; fields of view are measured from edge to edge.
Time
    Seconds become samples or frames through `to_count` alone: rounding half up.
"""

from dataclasses import dataclass

import numpy as np

from simbinaural.errors import InputError, require, require_shape

SPEED_OF_SOUND = 343.0
"""Metres per second, in every engine."""

IDENTITY = (1.0, 0.0, 0.0, 0.0)
"""The orientation that looks along -z."""

FRONT = (0.0, 0.0, -1.0)
"""Where that is."""

PROJECTIONS = ("perspective", "equirect")


@dataclass(frozen=True)
class Pose:
    """Where a body is and how it is turned.

    Attributes
    ----------
    position : (3,) numpy.ndarray
        Metres, world.
    orientation : (4,) numpy.ndarray
        Unit quaternion (w, x, y, z), body to world.
    """

    position: np.ndarray
    orientation: np.ndarray

    def __post_init__(self):
        """Store float64 copies and check them."""
        position = np.array(self.position, dtype=float)
        orientation = np.array(self.orientation, dtype=float)
        require_shape("position", position, (3,))
        require_shape("orientation", orientation, (4,))
        norm = np.linalg.norm(orientation)
        require(abs(norm - 1) < 1e-6, f"orientation must be a unit quaternion, got norm {norm:.6g}")
        object.__setattr__(self, "position", position)
        object.__setattr__(self, "orientation", orientation)

    def to_body(self, points):
        """Turn world points (..., 3) into body coordinates (..., 3)."""
        return rotate(conjugate(self.orientation), np.asarray(points) - self.position)

    def to_world(self, points):
        """Turn body points (..., 3) into world coordinates (..., 3)."""
        return rotate(self.orientation, points) + self.position


@dataclass(frozen=True)
class Camera:
    """The image that a pose sees.

    Attributes
    ----------
    width, height : int
        Pixels.
    fov_deg : float
        Horizontal field of view, edge to edge; 360 for panoramas.
    projection : str
        ``perspective`` or ``equirect`` (the whole sphere, front in the middle).
    """

    width: int = 480
    height: int = 240
    fov_deg: float = 90.0
    projection: str = "perspective"

    def __post_init__(self):
        """Check what cannot be seen through."""
        require(
            self.width >= 1 and self.height >= 1,
            f"size must be at least 1 x 1 pixel, got {self.width} x {self.height}",
        )
        if self.projection not in PROJECTIONS:
            raise InputError(
                f"projection must be one of {', '.join(PROJECTIONS)}, got {self.projection}"
            )
        if self.projection == "perspective":
            require(
                1 <= self.fov_deg <= 170,
                f"fov_deg must be between 1 and 170 for a perspective view, got {self.fov_deg:g}",
            )

    @property
    def focal_px(self):
        """Focal length in pixels (perspective)."""
        return self.width / 2 / np.tan(np.radians(self.fov_deg) / 2)


def to_count(seconds, rate):
    """Turn seconds into a number of samples or frames, rounding half up.

    Parameters
    ----------
    seconds : float or array_like
        Seconds.
    rate : float
        Samples or frames per second.

    Returns
    -------
    int or numpy.ndarray of int64
        ``floor(seconds * rate + 1/2)``.
    """
    count = np.floor(np.asarray(seconds, dtype=float) * rate + 0.5).astype(np.int64)
    return int(count) if count.ndim == 0 else count


# --------------------------------------------------------------------------- quaternions


def conjugate(orientation):
    """Invert unit quaternions (..., 4)."""
    return np.asarray(orientation, dtype=float) * (1.0, -1.0, -1.0, -1.0)


def multiply(first, second):
    """Multiply quaternions (..., 4): the rotation by `second`, then by `first`."""
    w1, x1, y1, z1 = np.moveaxis(np.asarray(first, dtype=float), -1, 0)
    w2, x2, y2, z2 = np.moveaxis(np.asarray(second, dtype=float), -1, 0)
    return np.stack(
        [
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
        ],
        axis=-1,
    )


def rotate(orientation, vectors):
    """Rotate vectors (..., 3) by unit quaternions (..., 4): body to world."""
    orientation = np.asarray(orientation, dtype=float)
    vectors = np.asarray(vectors, dtype=float)
    scalar, axis = orientation[..., :1], orientation[..., 1:]
    twice = 2 * np.cross(axis, vectors)
    return vectors + scalar * twice + np.cross(axis, twice)


def rotation_matrix(orientation):
    """Matrices (..., 3, 3) of unit quaternions (..., 4); columns are the body's axes."""
    orientation = np.asarray(orientation, dtype=float)
    return np.swapaxes(rotate(orientation[..., None, :], np.eye(3)), -1, -2)


def orientation_towards(azimuth_deg, elevation_deg=0.0):
    """Orientations (..., 4) of a level body that looks towards world directions.

    Parameters
    ----------
    azimuth_deg, elevation_deg : (...) array_like
        Directions as seen by a body at identity: +90 deg azimuth turns left, to -x.
    """
    yaw, pitch = np.radians(azimuth_deg) / 2, np.radians(elevation_deg) / 2
    turn = np.stack([np.cos(yaw), 0 * yaw, np.sin(yaw), 0 * yaw], axis=-1)
    return multiply(turn, np.stack([np.cos(pitch), np.sin(pitch), 0 * pitch, 0 * pitch], axis=-1))


# --------------------------------------------------------------------------- directions


def direction_vectors(azimuth_deg, elevation_deg):
    """Unit vectors (..., 3) in body axes of directions in degrees."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    level = np.cos(elevation)
    return np.stack(
        np.broadcast_arrays(-np.sin(azimuth) * level, np.sin(elevation), -np.cos(azimuth) * level),
        axis=-1,
    )


def directions(vectors):
    """Directions of body vectors: azimuth_deg, elevation_deg, distance.

    Parameters
    ----------
    vectors : (..., 3) array_like
        Body axes, metres; not zero.

    Returns
    -------
    azimuth_deg : (...) numpy.ndarray
        In (-180, 180].
    elevation_deg : (...) numpy.ndarray
        In [-90, 90].
    distance_m : (...) numpy.ndarray
        Length of the vectors.
    """
    vectors = np.asarray(vectors, dtype=float)
    x, y, z = np.moveaxis(vectors, -1, 0)
    azimuth = np.degrees(np.arctan2(-x, -z))
    azimuth = np.where(azimuth <= -180, azimuth + 360, azimuth)
    elevation = np.degrees(np.arctan2(y, np.hypot(x, z)))
    return azimuth, elevation, np.linalg.norm(vectors, axis=-1)


def body_to_sofa(vectors):
    """Turn body axes (+x right, +y up, -z front) into SOFA's (+x front, +y left, +z up)."""
    x, y, z = np.moveaxis(np.asarray(vectors), -1, 0)
    return np.stack([-z, -x, y], axis=-1)


def sofa_to_body(vectors):
    """Turn SOFA's axes (+x front, +y left, +z up) into body axes."""
    x, y, z = np.moveaxis(np.asarray(vectors), -1, 0)
    return np.stack([-y, z, -x], axis=-1)


# --------------------------------------------------------------------------- images


def pixels(camera, vectors):
    """Pixels that body vectors project to.

    Parameters
    ----------
    camera : Camera
        The image.
    vectors : (..., 3) array_like
        Body axes; need not be unit vectors.

    Returns
    -------
    (..., 2) numpy.ndarray
        x, y in pixels; NaN outside the frame.
    """
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=float), -1, 0)
    if camera.projection == "equirect":
        azimuth, elevation, _ = directions(vectors)
        column = (0.5 - azimuth / 360) * camera.width
        row = (0.5 - elevation / 180) * camera.height
        inside = np.isfinite(column)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            column = camera.width / 2 - camera.focal_px * x / z
            row = camera.height / 2 + camera.focal_px * y / z
        inside = (z < 0) & (column >= 0) & (column <= camera.width)
        inside &= (row >= 0) & (row <= camera.height)
    return np.where(inside[..., None], np.stack([column, row], axis=-1), np.nan)


def pixel_vectors(camera, columns=None, rows=None):
    """Unit body vectors through points of the image: the inverse of `pixels`.

    Parameters
    ----------
    camera : Camera
        The image.
    columns, rows : array_like, optional
        Points in pixels, broadcast together; by default all pixel centres.

    Returns
    -------
    (..., 3) numpy.ndarray
        Body axes; (height, width, 3) by default.
    """
    if columns is None:
        columns = np.arange(camera.width) + 0.5
        rows = np.arange(camera.height)[:, None] + 0.5
    columns, rows = np.asarray(columns, dtype=float), np.asarray(rows, dtype=float)
    if camera.projection == "equirect":
        return direction_vectors(
            (0.5 - columns / camera.width) * 360, (0.5 - rows / camera.height) * 180
        )
    x = (columns - camera.width / 2) / camera.focal_px
    y = (camera.height / 2 - rows) / camera.focal_px
    vectors = np.stack(np.broadcast_arrays(x, y, -1.0), axis=-1)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
