"""From face numbers to a picture: where samples lie, what light they send, what the film shows.

Samples come as face numbers (`raster`, `casting`); where a ray meets a face is computed here, in
64 bits, so that depth does not depend on how the face was found.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.lightmap import Layout, look_up
from simbinaural.vision.outdoors import view_outdoors
from simbinaural.vision.rays import meet, row3, to_world, vector, way_of
from simbinaural.vision.surfaces import Surfaces
from simbinaural.vision.textures import Atlas, sample_texture
from simbinaural.vision.tone import CODES, film

REFLECTION_BLUR = 3.0
"""Footprint of a reflection, in pixels: surfaces in homes are not quite mirrors."""


class Stage(NamedTuple):
    """All that shading reads.

    Attributes
    ----------
    surfaces : Surfaces
    group : (faces,) numpy.ndarray of int32
        Faces of one smooth surface share a number: no edge is seen between them.
    atlas : Atlas
    linear : (codes,) numpy.ndarray of float32
        `textures.LINEAR`.
    layout : Layout
    light : (points, 3) numpy.ndarray of float32
        Irradiance.
    sky : (3, 3) numpy.ndarray
        Radiance of zenith, horizon and ground as the film shall see them.
    exposure : numpy.float32
    """

    surfaces: Surfaces
    group: np.ndarray
    atlas: Atlas
    linear: np.ndarray
    layout: Layout
    light: np.ndarray
    sky: np.ndarray
    exposure: np.float32


@njit(cache=True, error_model="numpy", forceinline=True)
def radiance(stage, face, eye, way, angle, travelled):
    """Light that a ray brings from a face.

    Parameters
    ----------
    stage : Stage
    face : int
    eye, way : 3 floats
        Origin and unit direction of the ray.
    angle : float
        That the pixel spans.
    travelled : float
        Metres that the ray made before `eye`.

    Returns
    -------
    tuple of 3 floats
        Linear RGB.
    """
    surfaces = stage.surfaces
    distance, u, v = meet(surfaces, face, eye, way)
    point, across, along = _footprint(surfaces, face, way, u, v, angle * (distance + travelled))
    texture = surfaces.texture[face]
    red, green, blue = sample_texture(stage.atlas, stage.linear, texture, point, across, along)
    light = look_up(stage.layout, stage.light, face, u, v)
    glow, share = surfaces.emission[face], np.float32(1 / np.pi)
    tint = row3(surfaces.tint, face)
    return (
        red * tint[0] * (light[0] * share + glow),
        green * tint[1] * (light[1] * share + glow),
        blue * tint[2] * (light[2] * share + glow),
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def _footprint(surfaces, face, way, u, v, size):
    """Texture coordinates of a ray's end, and of the axes of the ellipse that a pixel covers."""
    uv, normal = surfaces.uv, row3(surfaces.normal, face)
    gu, gv = (
        (
            surfaces.gradient[face, 0, 0],
            surfaces.gradient[face, 0, 1],
            surfaces.gradient[face, 0, 2],
        ),
        (
            surfaces.gradient[face, 1, 0],
            surfaces.gradient[face, 1, 1],
            surfaces.gradient[face, 1, 2],
        ),
    )
    point = (
        uv[face, 0, 0] + u * uv[face, 1, 0] + v * uv[face, 2, 0],
        uv[face, 0, 1] + u * uv[face, 1, 1] + v * uv[face, 2, 1],
    )
    cosine = way[0] * normal[0] + way[1] * normal[1] + way[2] * normal[2]
    x = way[0] - cosine * normal[0]
    y = way[1] - cosine * normal[1]
    z = way[2] - cosine * normal[2]
    length = np.sqrt(x * x + y * y + z * z)
    if length < 1e-6:
        # A perpendicular glance: any axis in the plane will do.
        x, y, z = gu[0], gu[1], gu[2]
        length = max(np.sqrt(x * x + y * y + z * z), 1e-20)
    x, y, z = x / length, y / length, z / length
    ax = normal[1] * z - normal[2] * y
    ay = normal[2] * x - normal[0] * z
    az = normal[0] * y - normal[1] * x
    stretch = size / max(abs(cosine), 0.05)
    across = (
        size * (gu[0] * ax + gu[1] * ay + gu[2] * az),
        size * (gv[0] * ax + gv[1] * ay + gv[2] * az),
    )
    along = (
        stretch * (gu[0] * x + gu[1] * y + gu[2] * z),
        stretch * (gv[0] * x + gv[1] * y + gv[2] * z),
    )
    return point, across, along


@njit(cache=True, error_model="numpy")
def reflect(stage, view, mirrored, hit, shine, share):
    """Write the mirrored light and its share into pictures (pixels, 3) and (pixels,)."""
    for ray in range(len(mirrored.pixel)):
        pixel = mirrored.pixel[ray]
        angle = REFLECTION_BLUR * view.pixel.flat[pixel]
        origin, way = row3(mirrored.origin, ray), row3(mirrored.way, ray)
        if hit[ray] < 0:
            value = view_outdoors(stage.sky, way, angle)
        else:
            value = radiance(stage, hit[ray], origin, way, angle, mirrored.distance[ray])
        share[pixel] = mirrored.weight[ray]
        shine[pixel, 0], shine[pixel, 1], shine[pixel, 2] = value


def develop(stage, view, faces, mirror, table):
    """Shade the samples of each pixel, let the film see them, and average what it sees.

    Parameters
    ----------
    stage : Stage
    view : View
    faces : (samples, height, width) numpy.ndarray of int32
    mirror : tuple
        Mirrored light (pixels, 3) and its share (pixels,), float32.
    table : (CODES,) numpy.ndarray of uint8
        `tone.srgb_table`.

    Returns
    -------
    (height, width, 3) numpy.ndarray of uint8
    """
    seen = _shade_centres(stage, view, faces[0], mirror)
    _blend_edges(stage, view, faces, seen)
    return _print(seen, table)


@njit(cache=True, error_model="numpy")
def _print(seen, table):
    """Turn responses of the film into codes."""
    picture = np.empty(seen.shape, np.uint8)
    flat, out = seen.reshape(-1), picture.reshape(-1)
    for index in range(len(flat)):
        out[index] = table[min(int(flat[index] * CODES), CODES - 1)]
    return picture


@njit(cache=True, error_model="numpy")
def _shade_centres(stage, view, faces, mirror):
    """What the film makes (height, width, 3) of the pixels' centres, mirrored light included."""
    height, width = faces.shape
    seen = np.empty((height, width, 3), np.float32)
    shine, share = mirror
    for row in range(height):
        for column in range(width):
            way = to_world(view.turn, way_of(view.ways, 0, row, column))
            angle = view.pixel[row, column]
            if faces[row, column] < 0:
                value = view_outdoors(stage.sky, way, angle)
            else:
                value = radiance(stage, faces[row, column], vector(view.eye), way, angle, 0.0)
            pixel = row * width + column
            for k in range(3):
                own = np.float32(value[k])
                mixed = own + share[pixel] * (shine[pixel, k] - own)
                seen[row, column, k] = film(stage.exposure * mixed)
    return seen


@njit(cache=True, error_model="numpy")
def _blend_edges(stage, view, faces, seen):
    """Average the samples in pixels where surfaces meet."""
    n_samples, height, width = faces.shape
    for row in range(height):
        for column in range(width):
            middle = _group(stage, faces[0, row, column])
            inside = 1
            for sample in range(1, n_samples):
                inside += _group(stage, faces[sample, row, column]) == middle
            if inside == n_samples:
                continue
            total = seen[row, column] * np.float32(inside)
            for sample in range(1, n_samples):
                face = faces[sample, row, column]
                if _group(stage, face) != middle:
                    way = to_world(view.turn, way_of(view.ways, sample, row, column))
                    angle = view.pixel[row, column]
                    if face < 0:
                        value = view_outdoors(stage.sky, way, angle)
                    else:
                        value = radiance(stage, face, vector(view.eye), way, angle, 0.0)
                    for k in range(3):
                        total[k] += film(stage.exposure * np.float32(value[k]))
            for k in range(3):
                seen[row, column, k] = total[k] / n_samples


@njit(cache=True, error_model="numpy", forceinline=True)
def _group(stage, face):
    return -1 if face < 0 else stage.group[face]
