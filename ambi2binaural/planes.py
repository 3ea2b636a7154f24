"""Planes of decoded frames: brightness and color as the decoder delivers them, and their RGB."""

import re
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

PLANAR = re.compile(r"yuvj?4(20|22|44)p(?:(9|10|12|14|16)le)?$")
"""Pixel formats whose planes are used as they are; others are converted by FFmpeg."""

CHROMA_STEPS = {"20": (2, 2), "22": (2, 1), "44": (1, 1)}
FULL_RANGE = 2
LUMA_WEIGHTS = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
"""Weights of red and blue in luma, by FFmpeg's number of the color space; others are BT.601's."""

UNKNOWN_SPACE = 2
HD_HEIGHT = 720


@dataclass(frozen=True)
class Colors:
    """What the samples of a frame mean.

    Attributes
    ----------
    depth : int
        Bits of a sample.
    full_range : bool
        Whether black is 0 and white the largest number.
    red, blue : float
        Weights in luma.
    """

    depth: int
    full_range: bool
    red: float
    blue: float

    def to_rgb(self, yuv):
        """Turn samples (height, width, 3) into RGB (height, width, 3) uint8."""
        matrix = _rgb_matrix(self)
        if yuv.dtype == np.uint8:
            return cv2.transform(yuv, matrix)
        rgb = cv2.transform(yuv.astype(np.float32), matrix)
        return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


@lru_cache(maxsize=16)
def _rgb_matrix(colors):
    """Matrix (3, 4) from samples and 1 to RGB of 0 to 255."""
    unit = 2.0 ** (colors.depth - 8)
    black, white, span = (0, 255, 255) if colors.full_range else (16, 235, 224)
    luma = 255 / (white - black) / unit
    red, blue = (2 * (1 - weight) * 255 / span / unit for weight in (colors.red, colors.blue))
    green = 1 - colors.red - colors.blue
    factors = np.array(
        [
            [luma, 0, red],
            [luma, -blue * colors.blue / green, -red * colors.red / green],
            [luma, blue, 0],
        ]
    )
    return np.column_stack([factors, -factors @ np.array([black, 128, 128]) * unit])


@dataclass(frozen=True)
class YuvPlanes:
    """The planes of a frame.

    Attributes
    ----------
    planes : list of three (height, width) numpy.ndarray of uint8 or uint16
        Y, U, V; they share the frame's memory.
    chroma_steps : (int, int)
        Pixels between samples of U and V, across and down.
    colors : Colors
        What they mean.
    """

    planes: list
    chroma_steps: tuple
    colors: Colors

    def kind(self):
        """What frames that are sampled together have in common: size, color steps, sample type."""
        luma = self.planes[0]
        return luma.shape[::-1], self.chroma_steps, luma.dtype


def yuv_planes(frame):
    """Take the planes of a decoded frame, without a copy where they are planar YUV.

    Parameters
    ----------
    frame : av.VideoFrame
        Of any pixel format.

    Returns
    -------
    YuvPlanes
        Valid as long as the frame.

    Notes
    -----
    Where a file does not tell its color space it is BT.709 from 720 lines on, else BT.601.
    """
    space, full_range = frame.colorspace, frame.color_range == FULL_RANGE
    found = PLANAR.match(frame.format.name)
    if not found:
        frame = frame.reformat(
            format="yuv444p", dst_colorspace="ITU709", dst_color_range="JPEG", threads=1
        )
        found, space, full_range = PLANAR.match(frame.format.name), 1, True
    if space == UNKNOWN_SPACE:
        space = 1 if frame.height >= HD_HEIGHT else space
    red, blue = LUMA_WEIGHTS.get(int(space), (0.299, 0.114))
    full_range = full_range or frame.format.name.startswith("yuvj")
    return YuvPlanes(
        planes=[_samples(plane, found[2]) for plane in frame.planes],
        chroma_steps=CHROMA_STEPS[found[1]],
        colors=Colors(int(found[2] or 8), full_range, red, blue),
    )


def _samples(plane, depth):
    """The samples (height, width) of a plane, without the filling at the ends of its lines."""
    kind = np.dtype(np.uint16 if depth else np.uint8)
    lines = np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind.itemsize)
    return lines[: plane.height, : plane.width]
