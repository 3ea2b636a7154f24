"""The colours of a scan, as it was photographed, and of lit objects in it.

Light in the textures of a scan stays what it is: no lamp is added and no film develops it. Objects
bring their own light (`simbinaural.vision.surroundings`) and their shadows on the scan
(`simbinaural.vision.shadows`). Faces are numbered through: those of the scan, then those of the
objects, each kind with its own tables, so that an object costs no copy of a scan.
"""

from typing import NamedTuple

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.mirrors import first_rays, make_mirrored, mirror_rays
from simbinaural.vision.rays import aim_centres, aim_ray, column3, dot, meet_all, row3
from simbinaural.vision.sampling import sample_textures
from simbinaural.vision.shading import (
    BLOCK,
    REFLECTION_BLUR,
    Block,
    Stage,
    find_footprints,
    make_block,
    radiance,
)
from simbinaural.vision.shadows import Shadows, dim
from simbinaural.vision.surfaces import Surfaces
from simbinaural.vision.textures import LINEAR, STEPS, Atlas, encode_srgb

HOLE_CODE = 40
"""sRGB of the plain gray where a scan has holes."""

CODES = 1 << 14
"""Steps of the table from light to sRGB: fine enough that a texture's codes come out again."""

_HOLE = LINEAR[HOLE_CODE * STEPS]

_TABLE = encode_srgb((np.arange(CODES) + 0.5) / CODES)


class World(NamedTuple):
    """All that is read to shade a ray.

    Attributes
    ----------
    surfaces : Surfaces
        Of the scan.
    atlas : Atlas
        Its textures.
    linear : (codes,) numpy.ndarray of float32
        `textures.LINEAR`.
    objects : Stage
        Of the objects alone.
    shadows : Shadows
        Theirs, on the scan.
    """

    surfaces: Surfaces
    atlas: Atlas
    linear: np.ndarray
    objects: Stage
    shadows: Shadows


class Desk(NamedTuple):
    """Workspace for the rays that are shaded at a time.

    Attributes
    ----------
    all : Block
    lit : Block
        Those that meet objects.
    ray : (rays,) numpy.ndarray of int32
        Which rays of `all` these are.
    light : (rays, 3) numpy.ndarray of float32
        What they bring.
    """

    all: Block
    lit: Block
    ray: np.ndarray
    light: np.ndarray


@njit(cache=True, error_model="numpy")
def make_desk():
    """Workspace for up to `BLOCK` rays."""
    return Desk(
        make_block(), make_block(), np.empty(BLOCK, np.int32), np.empty((BLOCK, 3), np.float32)
    )


@njit(cache=True, error_model="numpy")
def shade(world, desk, count, light):
    """Light that rays bring from the faces they meet.

    Parameters
    ----------
    world : World
    desk : Desk
        The first `count` rays of `desk.all` are taken; how far they go is written there, and what
        of them meets objects into the rest.
    count : int
    light : (count, 3) numpy.ndarray of float32
        Where linear RGB is written.

    Returns
    -------
    int
        How many meet objects.
    """
    rays, spots = desk.all.rays, desk.all.spots
    n_lit = _move_lit(world, desk, count)
    meet_all(world.surfaces, rays, count)
    find_footprints(world.surfaces, world.atlas, rays, count, spots)
    sample_textures(world.atlas, world.linear, spots, count, desk.all.samples, light)
    for ray in range(count):
        face = rays.face[ray]
        for k in range(3):
            light[ray, k] = _HOLE if face < 0 else light[ray, k] * world.surfaces.tint[face, k]
    if len(world.shadows.cells) > 0:
        _dim_all(world, rays, count, light)
    if n_lit > 0:
        radiance(world.objects, desk.lit, n_lit, desk.light)
        _move_back(world, desk, n_lit, light)
    return n_lit


@njit(cache=True, error_model="numpy")
def _move_lit(world, desk, count):
    """Put the rays that meet objects aside."""
    rays, lit, n_scan, n_lit = desk.all.rays, desk.lit.rays, len(world.surfaces.label), 0
    for ray in range(count):
        if rays.face[ray] < n_scan:
            continue
        lit.face[n_lit] = rays.face[ray] - n_scan
        for k in range(3):
            lit.origin[k, n_lit], lit.way[k, n_lit] = rays.origin[k, ray], rays.way[k, ray]
        lit.angle[n_lit], lit.travelled[n_lit] = rays.angle[ray], rays.travelled[ray]
        desk.ray[n_lit], rays.face[ray] = ray, -1
        n_lit += 1
    return n_lit


@njit(cache=True, error_model="numpy")
def _move_back(world, desk, n_lit, light):
    """Write what the rays that meet objects bring, and how far they go, where they were."""
    rays, lit = desk.all.rays, desk.lit.rays
    for place in range(n_lit):
        ray = desk.ray[place]
        rays.face[ray] = lit.face[place] + len(world.surfaces.label)
        rays.distance[ray] = lit.distance[place]
        for k in range(3):
            light[ray, k] = desk.light[place, k]


@njit(cache=True, error_model="numpy")
def _dim_all(world, rays, count, light):
    """Take the light that objects keep from the scan."""
    for ray in range(count):
        face = rays.face[ray]
        if face < 0:
            continue
        way, normal = column3(rays.way, ray), row3(world.surfaces.normal, face)
        distance = rays.distance[ray]
        place = (
            rays.origin[0, ray] + distance * way[0],
            rays.origin[1, ray] + distance * way[1],
            rays.origin[2, ray] + distance * way[2],
        )
        side = 1.0 if dot(way, normal) < 0 else -1.0
        red, green, blue = dim(world.shadows, place, normal, side)
        light[ray, 0] *= red
        light[ray, 1] *= green
        light[ray, 2] *= blue


@njit(cache=True, error_model="numpy")
def shade_pixels(world, view, faces, along_axis):
    """Light, depth and label of the pixels' centres, and the rays that they mirror.

    Parameters
    ----------
    world : World
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
    desk, n_scan = make_desk(), len(world.surfaces.label)
    rays = desk.all.rays
    light = np.empty((faces.size, 3), np.float32)
    depth, mask = np.zeros(faces.shape, np.float32), np.zeros(faces.shape, np.uint8)
    flat_faces, flat_depth, flat_mask = faces.reshape(-1), depth.reshape(-1), mask.reshape(-1)
    mirrored, n_mirrored = make_mirrored(np.sum(flat_faces >= n_scan)), 0
    for first in range(0, faces.size, BLOCK):
        count = min(BLOCK, faces.size - first)
        rays.face[:count] = flat_faces[first : first + count]
        aim_centres(rays, count, view, first)
        n_lit = shade(world, desk, count, light[first : first + count])
        for ray in range(count):
            if rays.face[ray] >= 0:
                way, turn = column3(rays.way, ray), view.turn
                ahead = -(way[0] * turn[0, 2] + way[1] * turn[1, 2] + way[2] * turn[2, 2])
                distance = rays.distance[ray]
                flat_depth[first + ray] = distance * ahead if along_axis else distance
        for place in range(n_lit):
            flat_mask[first + desk.ray[place]] = world.objects.surfaces.label[
                desk.lit.rays.face[place]
            ]
        before = n_mirrored
        n_mirrored = mirror_rays(
            world.objects.surfaces, desk.lit.rays, n_lit, 0, mirrored, n_mirrored
        )
        for k in range(before, n_mirrored):
            mirrored.pixel[k] = first + desk.ray[mirrored.pixel[k]]
    return light, depth, mask, first_rays(mirrored, n_mirrored)


@njit(cache=True, error_model="numpy")
def mix_reflections(world, view, mirrored, hit, light):
    """Mix what mirrored rays bring from the faces they hit into the light (pixels, 3)."""
    desk, brought = make_desk(), np.empty((BLOCK, 3), np.float32)
    rays = desk.all.rays
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
        shade(world, desk, count, brought)
        for ray in range(count):
            pixel, weight = mirrored.pixel[first + ray], mirrored.weight[first + ray]
            for k in range(3):
                light[pixel, k] += weight * (brought[ray, k] - light[pixel, k])


@njit(cache=True, error_model="numpy")
def mix_samples(world, view, pixels, faces, light):
    """Average the centres of pixels with their other samples.

    Parameters
    ----------
    world : World
    view : View
    pixels : (n,) numpy.ndarray of int32
    faces : (samples - 1, n) numpy.ndarray of int32
        What each sample but the centre sees.
    light : (all pixels, 3) numpy.ndarray of float32
        Of the centres; the mean is written there.
    """
    n_others = len(faces)
    share = np.float32(1) / np.float32(n_others + 1)
    desk, brought = make_desk(), np.empty((BLOCK, 3), np.float32)
    for pixel in pixels:
        for k in range(3):
            light[pixel, k] = min(light[pixel, k], np.float32(1)) * share
    total = n_others * len(pixels)
    for first in range(0, total, BLOCK):
        count = min(BLOCK, total - first)
        for ray in range(count):
            place, sample = divmod(first + ray, n_others)
            desk.all.rays.face[ray] = faces[sample, place]
            aim_ray(desk.all.rays, ray, view, sample + 1, pixels[place])
        shade(world, desk, count, brought)
        for ray in range(count):
            pixel = pixels[(first + ray) // n_others]
            for k in range(3):
                light[pixel, k] += share * min(brought[ray, k], np.float32(1))


@njit(cache=True, error_model="numpy")
def show(light):
    """Codes (values,), sRGB, of light (values,): what is brighter than white is white."""
    codes = np.empty(len(light), np.uint8)
    for index in range(len(light)):
        codes[index] = _TABLE[min(int(light[index] * CODES), CODES - 1)]
    return codes
