"""From face numbers to a picture: where samples lie, what light they send, what the film shows.

Samples come as face numbers (`raster`, `casting`); where a ray meets a face is computed from them
(`rays`), in 64 bits, so that depth does not depend on how the face was found. Rays are shaded in
blocks, each step for all rays of a block before the next.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.lightmap import Layout, look_up
from simbinaural.vision.mirrors import first_rays, make_mirrored, mirror_rays
from simbinaural.vision.outdoors import view_outdoors
from simbinaural.vision.rays import (
    Rays,
    aim_centres,
    aim_ray,
    column3,
    cross,
    dot,
    make_rays,
    meet_all,
    row3,
)
from simbinaural.vision.sampling import (
    Footprints,
    Samples,
    make_footprints,
    make_samples,
    sample_textures,
)
from simbinaural.vision.surfaces import Surfaces
from simbinaural.vision.textures import Atlas
from simbinaural.vision.tone import CODES, film

REFLECTION_BLUR = 3.0
"""Footprint of a reflection, in pixels: surfaces in homes are not quite mirrors."""

BLOCK = 512
"""Rays that are shaded at a time."""


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


class Block(NamedTuple):
    """Workspace for the rays that are shaded at a time: so few that all of it stays at hand.

    Attributes
    ----------
    rays : Rays
    spots : Footprints
    samples : Samples
    """

    rays: Rays
    spots: Footprints
    samples: Samples


@njit(cache=True, error_model="numpy")
def make_block():
    """Workspace for up to `BLOCK` rays."""
    return Block(make_rays(BLOCK), make_footprints(BLOCK), make_samples(BLOCK))


@njit(cache=True, error_model="numpy")
def radiance(stage, block, count, light):
    """Light that rays bring from the faces they meet, or from outdoors.

    Parameters
    ----------
    stage : Stage
    block : Block
        Its first `count` rays are taken; where they meet their faces is written there.
    count : int
    light : (count, 3) numpy.ndarray of float32
        Where linear RGB is written.
    """
    surfaces, rays = stage.surfaces, block.rays
    meet_all(surfaces, rays, count)
    find_footprints(surfaces, stage.atlas, rays, count, block.spots)
    sample_textures(stage.atlas, stage.linear, block.spots, count, block.samples, light)
    share = np.float32(1 / np.pi)
    for ray in range(count):
        face = rays.face[ray]
        if face < 0:
            way = column3(rays.way, ray)
            light[ray, 0], light[ray, 1], light[ray, 2] = view_outdoors(
                stage.sky, way, rays.angle[ray]
            )
        else:
            falls = look_up(stage.layout, stage.light, face, rays.u[ray], rays.v[ray])
            glow = surfaces.emission[face]
            for k in range(3):
                light[ray, k] *= surfaces.tint[face, k] * (falls[k] * share + glow)


@njit(cache=True, error_model="numpy")
def find_footprints(surfaces, atlas, rays, count, spots):
    """Write what each ray's pixel covers of its face's texture: an ellipse.

    Notes
    -----
    Its long axis lies along the glance, the short one across. Gradients lie in the face, so that
    their product with either axis is one with the glance itself. Neighbours mostly see the same
    face, of which everything that does not depend on the ray is kept.
    """
    faces, _, ways, angle, travelled, distance, meet_u, meet_v = rays
    texture, u, v, along_u, along_v, short, long = spots
    gradient, uv = surfaces.gradient, surfaces.uv
    last = -1
    normal = gu = gv = hu = hv = (0.0, 0.0, 0.0)
    start = edge1 = edge2 = (0.0, 0.0)
    width = height = 0.0
    for ray in range(count):
        face = faces[ray]
        if face < 0:
            texture[ray] = 0
            u[ray] = v[ray] = along_u[ray] = along_v[ray] = short[ray] = long[ray] = 0
            continue
        if face != last:
            last = face
            normal = row3(surfaces.normal, face)
            gu = gradient[face, 0, 0], gradient[face, 0, 1], gradient[face, 0, 2]
            gv = gradient[face, 1, 0], gradient[face, 1, 1], gradient[face, 1, 2]
            hu, hv = cross(gu, normal), cross(gv, normal)
            start = uv[face, 0, 0], uv[face, 0, 1]
            edge1 = uv[face, 1, 0], uv[face, 1, 1]
            edge2 = uv[face, 2, 0], uv[face, 2, 1]
            level = atlas.first[surfaces.texture[face]]
            height, width = float(atlas.sizes[level, 0]), float(atlas.sizes[level, 1])
        way = column3(ways, ray)
        cosine = dot(normal, way)
        sine = np.sqrt(max(1 - cosine * cosine, 0.0))
        if sine < 1e-6:
            # A perpendicular glance: any axis in the plane will do.
            way, sine = gu, max(np.sqrt(dot(gu, gu)), 1e-20)
        across = angle[ray] * (distance[ray] + travelled[ray]) / sine
        stretch = across / max(abs(cosine), 0.05)
        texture[ray] = surfaces.texture[face]
        u[ray] = start[0] + meet_u[ray] * edge1[0] + meet_v[ray] * edge2[0]
        v[ray] = start[1] + meet_u[ray] * edge1[1] + meet_v[ray] * edge2[1]
        along_u[ray], along_v[ray] = stretch * dot(gu, way), stretch * dot(gv, way)
        x, y = across * dot(hu, way) * width, across * dot(hv, way) * height
        short[ray] = x * x + y * y
        x, y = along_u[ray] * width, along_v[ray] * height
        long[ray] = x * x + y * y


@njit(cache=True, error_model="numpy")
def shade_centres(stage, view, faces, along_axis):
    """Light, depth and label of the pixels' centres, and the rays that they mirror.

    Parameters
    ----------
    stage : Stage
    view : View
    faces : (height, width) numpy.ndarray of int32
    along_axis : bool
        Depth along the view axis instead of radially.

    Returns
    -------
    light : (pixels, 3) numpy.ndarray of float32
        Linear RGB, without reflections.
    depth : (height, width) numpy.ndarray of float32
        Metres; 0 where nothing is met.
    mask : (height, width) numpy.ndarray of uint8
    mirrored : Mirrored
    """
    surfaces, block = stage.surfaces, make_block()
    rays = block.rays
    light = np.empty((faces.size, 3), np.float32)
    depth, mask = np.zeros(faces.shape, np.float32), np.zeros(faces.shape, np.uint8)
    flat_faces, flat_depth, flat_mask = faces.reshape(-1), depth.reshape(-1), mask.reshape(-1)
    mirrored, n_mirrored = make_mirrored(faces.size), 0
    for first in range(0, faces.size, BLOCK):
        count = min(BLOCK, faces.size - first)
        rays.face[:count] = flat_faces[first : first + count]
        aim_centres(rays, count, view, first)
        radiance(stage, block, count, light[first : first + count])
        for ray in range(count):
            if rays.face[ray] >= 0:
                way, turn = column3(rays.way, ray), view.turn
                ahead = -(way[0] * turn[0, 2] + way[1] * turn[1, 2] + way[2] * turn[2, 2])
                distance = rays.distance[ray]
                flat_depth[first + ray] = distance * ahead if along_axis else distance
                flat_mask[first + ray] = surfaces.label[rays.face[ray]]
        n_mirrored = mirror_rays(surfaces, rays, count, first, mirrored, n_mirrored)
    return light, depth, mask, first_rays(mirrored, n_mirrored)


@njit(cache=True, error_model="numpy")
def reflect(stage, view, mirrored, hit, light):
    """Mix what mirrored rays bring from the faces they hit into the light (pixels, 3)."""
    block, brought = make_block(), np.empty((BLOCK, 3), np.float32)
    rays = block.rays
    for first in range(0, len(hit), BLOCK):
        count = min(BLOCK, len(hit) - first)
        for ray in range(count):
            source = first + ray
            rays.face[ray] = hit[source]
            for k in range(3):
                rays.origin[k, ray] = mirrored.origin[source, k]
                rays.way[k, ray] = mirrored.way[source, k]
            rays.angle[ray] = REFLECTION_BLUR * view.pixel[mirrored.pixel[source]]
            rays.travelled[ray] = mirrored.distance[source]
        radiance(stage, block, count, brought)
        for ray in range(count):
            pixel, weight = mirrored.pixel[first + ray], mirrored.weight[first + ray]
            for k in range(3):
                light[pixel, k] += weight * (brought[ray, k] - light[pixel, k])


def develop(stage, view, faces, light, table):
    """Let the film see the light of each pixel and of the surfaces that meet in it.

    Parameters
    ----------
    stage : Stage
    view : View
    faces : (samples, height, width) numpy.ndarray of int32
    light : (pixels, 3) numpy.ndarray of float32
        Of the pixels' centres, linear. It is overwritten.
    table : (CODES,) numpy.ndarray of uint8
        `tone.srgb_table`.

    Returns
    -------
    (height, width, 3) numpy.ndarray of uint8
    """
    _expose(light.reshape(-1), stage.exposure)
    _blend_edges(stage, view, faces.reshape(len(faces), -1), light)
    return _print(light, table).reshape(*faces.shape[1:], 3)


@njit(cache=True, error_model="numpy")
def _expose(light, exposure):
    """Turn radiance into what the film makes of it, in place."""
    for index in range(len(light)):
        light[index] = film(exposure * light[index])


@njit(cache=True, error_model="numpy")
def _print(seen, table):
    """Turn responses of the film into codes."""
    picture = np.empty(seen.size, np.uint8)
    flat = seen.reshape(-1)
    for index in range(len(flat)):
        picture[index] = table[min(int(flat[index] * CODES), CODES - 1)]
    return picture


@njit(cache=True, error_model="numpy")
def _blend_edges(stage, view, faces, seen):
    """Average the samples (samples, pixels) in pixels where surfaces meet."""
    block, light = make_block(), np.empty((BLOCK, 3), np.float32)
    pixel = np.empty(BLOCK, np.int32)
    count = 0
    for here in range(faces.shape[1]):
        n_others = _count_others(stage, faces, here)
        if n_others == 0:
            continue
        if count + n_others > BLOCK:
            _add_samples(stage, block, count, pixel, light, seen, len(faces))
            count = 0
        middle = _group(stage, faces[0, here])
        for k in range(3):
            seen[here, k] *= np.float32(len(faces) - n_others) / np.float32(len(faces))
        for sample in range(1, len(faces)):
            face = faces[sample, here]
            if _group(stage, face) != middle:
                block.rays.face[count], pixel[count] = face, here
                aim_ray(block.rays, count, view, sample, here)
                count += 1
    _add_samples(stage, block, count, pixel, light, seen, len(faces))


@njit(cache=True, error_model="numpy", forceinline=True)
def _count_others(stage, faces, pixel):
    """Number of a pixel's samples that see another surface than its centre does."""
    middle, count = _group(stage, faces[0, pixel]), 0
    for sample in range(1, len(faces)):
        count += _group(stage, faces[sample, pixel]) != middle
    return count


@njit(cache=True, error_model="numpy")
def _add_samples(stage, block, count, pixel, light, seen, n_samples):
    """Add what the film makes of each ray to its pixel, one of `n_samples`."""
    radiance(stage, block, count, light)
    for ray in range(count):
        for k in range(3):
            seen[pixel[ray], k] += film(stage.exposure * light[ray, k]) / np.float32(n_samples)


@njit(cache=True, error_model="numpy", forceinline=True)
def _group(stage, face):
    return -1 if face < 0 else stage.group[face]
