"""What files of meshes say of colors, as trimesh has it: shared by objects and whole homes."""

import numpy as np

from simbinaural.scenes.color import to_linear
from simbinaural.scenes.scene import Texture

GRAY = (0.45, 0.45, 0.45)
"""Linear color of what has none."""

WHITE = np.full((1, 1, 3), 255, np.uint8)
"""Picture of what has none: the tint is all."""


def linear_color(color, is_linear):
    """Turn codes (...) of 0 to 255 into linear light: glTF's numbers are linear, others sRGB."""
    share = np.asarray(color, dtype=float) / 255
    return share if is_linear else to_linear(share)


def corner_uv(visual, faces):
    """Texture coordinates (faces, 3, 2) of corners; None if there are none."""
    if getattr(visual, "uv", None) is None:
        return None
    # trimesh counts v upwards; ours runs down the rows.
    return (np.asarray(visual.uv, dtype=float) * (1, -1) + (0, 1))[faces]


def physical(material):
    """Give any of trimesh's materials the form of glTF's."""
    return material.to_pbr() if hasattr(material, "to_pbr") else material


def shrunk_pixels(image, largest):
    """Pixels (height, width, 3) of uint8, of an image whose longer side is at most `largest`."""
    image = image.convert("RGB")
    image.thumbnail((largest, largest))
    return np.asarray(image)


def paint(material, *, is_linear, largest):
    """Look up texture and color of a material.

    Parameters
    ----------
    material : trimesh.visual.material.Material
    is_linear : bool
        Whether the file's colors are linear.
    largest : int
        Pixels that the texture keeps along its longer side.

    Returns
    -------
    texture : Texture
    color : (3,) array_like
        Linear RGB that multiplies it.
    """
    material = physical(material)
    roughness = 0.7 if material.roughnessFactor is None else float(material.roughnessFactor)
    # glTF's default is metal; files that say nothing else seldom mean it.
    metallic = float(material.metallicFactor or 0.0)
    image = material.baseColorTexture
    pixels = WHITE if image is None else shrunk_pixels(image, largest)
    color = base_color(material, is_linear=is_linear)
    return Texture(pixels, gloss=(1 - roughness) * (0.2 + 0.5 * metallic)), color


def base_color(material, *, is_linear):
    """Linear color (3,) that multiplies a material's picture."""
    factor = material.baseColorFactor
    # Other formats' plain color is for when the picture is missing.
    if factor is None or not (is_linear or material.baseColorTexture is None):
        return (1.0, 1.0, 1.0)
    return linear_color(np.asarray(factor)[:3], is_linear)
