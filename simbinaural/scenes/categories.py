"""What the surfaces of a scan sound like, by the words that its files have for them.

The words are Replica's and Matterport3D's categories (``wall``, ``rug``, ``chest_of_drawers``) and
what people name materials (``Carpet_beige.001``, ``oakWood``, ``mat_curtain``).
"""

import re
from functools import cache

import numpy as np

from simbinaural.scenes.materials import load_material, material_names
from simbinaural.scenes.scene import Material

DEFAULT = Material(
    "default",
    np.array([0.12, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18]),
    np.array([0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40]),
)
"""What is not known: the mean of a furnished room, which then rings for about half a second."""

SHORT = 4
"""Letters from which a word may be part of another: ``wood`` in ``hardwood``, not ``bed``."""

# The first line that fits counts: a curtain rail is a rail, a glass door is glass.
KEYWORDS = (
    ("plant flower leaf leaves tree bush ivy vase", "curtains_velvet"),
    ("carpet rug mat doormat", "carpet_hairy"),
    ("curtain drape drapes drapery velvet", "curtains_velvet"),
    ("blind blinds shutter", "blinds_half_open"),
    ("sofa couch armchair loveseat upholster ottoman pouf", "chairs_upholstered_moderate"),
    ("leather", "chairs_upholstered_leather"),
    ("bed bedding mattress duvet comforter pillow cushion beanbag", "chairs_upholstered_moderate"),
    ("blanket towel cloth fabric textile linen bag basket wool", "curtains_cotton_0.5"),
    ("felt", "felt_5mm"),
    ("brick bricks brickwork", "brickwork"),
    ("concrete cement", "rough_concrete"),
    ("tile tiles ceramic porcelain toilet sink bath bathtub shower basin bidet", "ceramic_tiles"),
    ("marble granite quartz countertop counter terrazzo", "marble_floor"),
    ("limestone stone rock slate", "limestone_wall"),
    ("linoleum vinyl", "linoleum_on_concrete"),
    ("window", "glass_window"),
    ("glass mirror screen monitor television tv picture painting poster", "glass_3mm"),
    ("metal steel iron chrome aluminium aluminum radiator", "hard_surface"),
    ("refrigerator fridge oven stove microwave dishwasher washer dryer", "hard_surface"),
    ("appliance appliances computer laptop machine equipment lamp light lighting", "hard_surface"),
    ("plywood", "plywood_thin"),
    ("door", "wooden_door"),
    ("parquet laminate floorboard hardwood", "stage_floor"),
    ("chair stool bench seat seating", "chairs_wooden"),
    ("bookcase bookshelf book books shelf shelves shelving rack", "wood_16mm"),
    ("table desk nightstand cabinet cupboard dresser drawer drawers wardrobe", "wood_16mm"),
    ("sideboard furniture stand wood wooden oak pine walnut timber board", "wood_16mm"),
    ("stair stairs step railing banister rail beam", "wood_16mm"),
    ("ceiling roof", "ceiling_plasterboard"),
    ("floor ground", "stage_floor"),
    ("wall plaster drywall gypsum stucco paint column pillar panel", "plasterboard"),
    ("chimney fireplace", "plasterboard"),
)


@cache
def heard_as(name):
    """Look up what a name sounds like.

    Parameters
    ----------
    name : str
        Of a category or a material.

    Returns
    -------
    str or None
        A name that `simbinaural.scenes.materials.load_material` knows.
    """
    if name in material_names():
        return name
    words = _words(name)
    for keywords, material in KEYWORDS:
        for keyword in keywords.split():
            if any(_fits(keyword, word) for word in words):
                return material
    return None


def material_of(name):
    """Make the material of a category or a file's material: its name, what it sounds like."""
    found = heard_as(name)
    if found is None:
        return Material(name or DEFAULT.name, DEFAULT.absorption, DEFAULT.scattering)
    known = load_material(found)
    return Material(name, known.absorption, known.scattering)


def unknown_line(where, names, areas, is_known=None):
    """Say which names are unknown.

    Parameters
    ----------
    where : str
        The scene.
    names : sequence of str
        Of all its materials; ``default`` where the file says nothing.
    areas : sequence of float
        Square metres of each.
    is_known : callable, optional
        Tells of a name whether something else will replace its coefficients.

    Returns
    -------
    str or None
        A line, if there are any.
    """
    unknown = [
        k
        for k, name in enumerate(names)
        if heard_as(name) is None and not (is_known and is_known(name))
    ]
    if not unknown:
        return None
    share = 100 * sum(areas[k] for k in unknown) / max(sum(areas), 1e-9)
    listed = sorted(unknown, key=lambda k: -areas[k])
    some = ", ".join("without a name" if names[k] == DEFAULT.name else names[k] for k in listed[:8])
    more = f" and {len(listed) - 8} more" if len(listed) > 8 else ""
    return (
        f"{where}: {len(unknown)} of {len(names)} materials ({some}{more}) are unknown, "
        f"{share:.0f} % of the area; heard as the mean of a furnished room; see --materials"
    )


def _words(name):
    """Lower-case words of a name: ``oakWood_2.001`` is oak, wood."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.findall(r"[A-Za-z]+", apart)]


def _fits(keyword, word):
    if len(keyword) < SHORT:
        return word in (keyword, keyword + "s")
    return keyword in word
