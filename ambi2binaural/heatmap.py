"""The sound's energy over the panorama, with the chosen view drawn in."""

import cv2
import numpy as np

from ambi2binaural.cropping import FileCropper
from ambi2binaural.energy import AZIMUTHS_DEG, ELEVATIONS_DEG, energy_map
from ambi2binaural.views import ViewWarp
from simbinaural.audio import from_db
from simbinaural.geometry import Camera, orientation_towards, pixel_vectors, pixels, rotate
from simbinaural.video import write_video

RANGE_DB = (1.0, 6.0)
"""How far below its peak the energy is shown: as far as it reaches, for first order tells
directions but softly, and echoes hide them; within these limits."""

OPACITY = 0.6

LINE_RGB = (255, 255, 255)


def write_heatmap(path, output, options, *, audio=None):
    """Write a video of the panorama with the energy of each second over it.

    Parameters
    ----------
    path, output : path-like
        The 360-degree video, and the MP4 to write.
    options : CropOptions
        With the view ``full``; its size, frame rate, band and steadiness count.
    audio : path-like, optional
        The sound, where that is another file.

    Returns
    -------
    list of str
        What to beware of.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    cropper = FileCropper(path, options, audio=audio)
    listening = cropper.listen()
    gain = np.float32(from_db(listening.gain_db))
    sound = (ears * gain for ears, _ in cropper.ears(listening.views))
    write_video(output, _pictures(cropper, listening), options.fps, sound, options.sample_rate)
    return cropper.notes


def _pictures(cropper, listening):
    """Panoramas with heat and view, at the options' frame rate."""
    options = cropper.options
    warp = ViewWarp(cropper.description.video, options.camera)
    n_seconds = len(listening.covariances)
    n_frames = int(listening.n_samples / options.sample_rate * options.fps)
    second, layer = -1, None
    for time, _, frame in cropper.reader.frames(k / options.fps for k in range(n_frames)):
        if int(time + 1e-9) != second:
            second = min(int(time + 1e-9), n_seconds - 1)
            layer = heat_layer(
                energy_map(listening.covariances[second]),
                listening.views.marked[second],
                options.camera,
            )
        yield lay_over(warp(frame), *layer)


def heat_layer(energy, view, camera):
    """Color and opacity of one second's heat.

    Parameters
    ----------
    energy : (elevations, azimuths) numpy.ndarray
        Map on the grid of `ambi2binaural.energy`.
    view : (2,) array_like
        azimuth_deg, elevation_deg of the chosen view; NaN in silence, which has no heat.
    camera : Camera
        The panorama's image.

    Returns
    -------
    color : (height, width, 3) numpy.ndarray of uint8
    opacity : (height, width, 1) numpy.ndarray of float32
    """
    if np.isnan(view).any():
        empty = np.zeros((camera.height, camera.width, 1), np.float32)
        return np.zeros((camera.height, camera.width, 3), np.uint8), empty
    level = 10 * np.log10(np.maximum(energy, 1e-30) / energy.max())
    heat = np.clip(1 + _to_image(level, camera) / np.clip(-level.min(), *RANGE_DB), 0, 1)
    color = cv2.applyColorMap((255 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    opacity = (OPACITY * heat**1.5)[..., None].astype(np.float32)
    color = np.ascontiguousarray(color)
    for line in view_outline(view, camera):
        cv2.polylines(color, [line], False, LINE_RGB, 2, cv2.LINE_AA)
        solid = np.zeros(opacity.shape[:2], np.float32)
        cv2.polylines(solid, [line], False, 1.0, 2)
        opacity = np.maximum(opacity, solid[..., None])
    return color, opacity


def _to_image(grid, camera):
    """Bring a map from its grid to the panorama's pixels; azimuth grows to the left in both."""
    columns = (np.arange(camera.width) + 0.5) / camera.width
    rows = (np.arange(camera.height) + 0.5) / camera.height
    azimuth, elevation = (0.5 - columns) * 360, (0.5 - rows) * 180
    step = float(AZIMUTHS_DEG[1] - AZIMUTHS_DEG[0])
    x = ((azimuth - AZIMUTHS_DEG[0]) / step) % len(AZIMUTHS_DEG)
    y = (elevation - ELEVATIONS_DEG[0]) / float(ELEVATIONS_DEG[1] - ELEVATIONS_DEG[0])
    wrapped = np.concatenate([grid, grid[:, :1]], axis=1).astype(np.float32)
    x, y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    return cv2.remap(wrapped, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def view_outline(view, camera, *, fov=None):
    """Where the edges of the cropped view run in the panorama.

    Parameters
    ----------
    view : (2,) array_like
        azimuth_deg, elevation_deg.
    camera : Camera
        The panorama's image.
    fov : Camera, optional
        The view; by default 480 x 240 pixels, 90 degrees.

    Returns
    -------
    list of (points, 2) numpy.ndarray of int32
        Lines, cut where they cross the panorama's seam.
    """
    view_camera = fov or Camera()
    side = np.linspace(0, 1, 200)
    border = np.concatenate(
        [
            np.column_stack([side, np.zeros(200)]),
            np.column_stack([np.ones(200), side]),
            np.column_stack([side[::-1], np.ones(200)]),
            np.column_stack([np.zeros(200), side[::-1]]),
        ]
    )
    vectors = pixel_vectors(
        view_camera, border[:, 0] * view_camera.width, border[:, 1] * view_camera.height
    )
    turned = rotate(orientation_towards(float(view[0]), float(view[1])), vectors)
    points = pixels(camera, turned)
    jumps = np.flatnonzero(np.abs(np.diff(points[:, 0])) > camera.width / 2) + 1
    return [part.astype(np.int32) for part in np.split(points, jumps) if len(part) > 1]


def lay_over(picture, color, opacity):
    """Blend a color into a picture (height, width, 3) uint8 by its opacity."""
    blended = picture * (1 - opacity) + color * opacity
    return np.clip(blended + 0.5, 0, 255).astype(np.uint8)
