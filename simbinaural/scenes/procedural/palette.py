"""The taste of a home: colors and finishes that go together."""

from dataclasses import dataclass

import numpy as np

from simbinaural.scenes.color import hex_colors
from simbinaural.scenes.procedural.assembly import Finish

WALLS = hex_colors("efebe4 ece6da f1efeb e9e4dc e8eae8 e3ddd0 f0ece2")
ACCENTS = hex_colors("8fa3a0 b7a48b 6f8792 a98d7c 93a08a c2a78f 7d7f95 b5907f d0bd9a 5f7168")
WOODS = hex_colors("c9a77c b88c5c 9a6b42 7a5134 5a3b28 d9c3a0 8c6a4f a57f55")
FLOOR_WOODS = hex_colors("b98f63 a97c50 8c633f c7a67d 74523a 9d8165 cfb593")
STONES = hex_colors("d8d2c8 b9b3aa 8f8b86 e4e0d8 a89c8c c9b99f 77756f")
CONCRETES = hex_colors("8f8d89 a5a29c 7b7a78")
CARPETS = hex_colors("b5a894 8d8f92 a2a794 7a8291 a58f86 c4bba9")
FABRICS = hex_colors(
    "5f6f7c 8a8279 a1553f 3e5a57 b59a6e 6c7a5e 43506b 9c8f80 b8b0a3 7d4c4f c2a25a 4f4a48 8d9aa0"
)
CUSHIONS = hex_colors("c98f3d a2482f 2f5d62 e0d6c4 49596b 8a9a5b d8b4a0 5b3a4a e8e2d6 3d3d3d")
LINENS = hex_colors("e9e6df d5dadd c9b8a8 a7b3b5 dcd3c4 8e9aa6 bfae9c")
CABINETS = hex_colors("eceae6 dcd8cf 6d7f78 3f4d57 c7b79d a9b2ae f1f0ee 8b5f4d")
METALS = hex_colors("b8b8b6 8c8a86 c2a36b 2b2b2c")

# Floors: texture, colors, acoustic material.
WOODEN_FLOORS = ("boards", "narrow-boards", "herringbone")
STONE_FLOORS = {
    "tiles": "ceramic_tiles",
    "large-tiles": "ceramic_tiles",
    "checker": "ceramic_tiles",
    "terrazzo": "marble_floor",
    "marble": "marble_floor",
    "concrete": "concrete_floor",
}
CARPET_MATERIALS = ("carpet_soft_10mm", "carpet_hairy", "carpet_thin")
WALL_MATERIALS = ("plasterboard", "rough_lime_wash", "brickwork", "plasterboard")
CEILING_MATERIALS = ("ceiling_plasterboard", "ceiling_plasterboard", "hard_surface")
WALLPAPERS = ("stripes", "damask", "leaves")
WET = ("bathroom", "kitchen")


@dataclass(frozen=True)
class Style:
    """Finishes of one home.

    Attributes
    ----------
    floors, walls : dict of str to Finish
        By room name; ``accents`` is the finish of one wall of some rooms.
    accents : dict of str to (int, Finish)
        Wall and its finish, by room name.
    ceiling, trim : Finish
    wood, second_wood, cabinet, worktop, metal : Finish
        Of furniture.
    upholstery, second_upholstery, curtain, linen, blanket : Finish
        Cloth.
    cushions : tuple of Finish
    lamp : str
        ``disk``, ``panel`` or ``pendant``.
    """

    floors: dict
    walls: dict
    accents: dict
    ceiling: Finish
    trim: Finish
    wood: Finish
    second_wood: Finish
    cabinet: Finish
    worktop: Finish
    metal: Finish
    upholstery: Finish
    second_upholstery: Finish
    curtain: Finish
    linen: Finish
    blanket: Finish
    cushions: tuple
    lamp: str


def draw_style(rooms, rng):
    """Draw the finishes of a home.

    Parameters
    ----------
    rooms : sequence of PlannedRoom
    rng : numpy.random.Generator

    Returns
    -------
    Style
    """
    wall_material = _pick(rng, WALL_MATERIALS)
    walls = _walls(rooms, wall_material, rng)
    trim = Finish("paint", _pick(rng, hex_colors("f2f0ec f2f0ec e6e1d8")), "wood_16mm")
    return Style(
        floors=_floors(rooms, rng),
        walls=walls,
        accents=_accents(rooms, wall_material, rng),
        ceiling=Finish("plaster", hex_colors("f3f1ed")[0], _pick(rng, CEILING_MATERIALS)),
        trim=trim,
        **_furniture(rng),
        lamp=_pick(rng, ("disk", "panel", "pendant")),
    )


def _furniture(rng):
    """Finishes of furniture and cloth by the name of their attribute in `Style`."""
    wood, second = rng.permutation(len(WOODS))[:2]
    grain = _pick(rng, ("wood", "wood", "wild-wood"))
    sofa, armchair = rng.permutation(len(FABRICS))[:2]
    cloth = _pick(rng, ("weave", "twill", "boucle"))
    leather = rng.random() < 0.2
    cushions = [CUSHIONS[k] for k in rng.permutation(len(CUSHIONS))[:4]]
    return {
        "wood": Finish(grain, WOODS[wood], "wood_16mm"),
        "second_wood": Finish(grain, WOODS[second], "wood_16mm"),
        "cabinet": Finish("lacquer", _pick(rng, CABINETS), "wood_16mm"),
        "worktop": _worktop(rng, WOODS[second]),
        "metal": Finish("metal", _pick(rng, METALS), "hard_surface"),
        "upholstery": Finish(
            "leather" if leather else cloth,
            _pick(rng, hex_colors("5a3a26 2c2624 8a5a36")) if leather else FABRICS[sofa],
            "chairs_upholstered_leather" if leather else "chairs_upholstered_cloth",
        ),
        "second_upholstery": Finish(cloth, FABRICS[armchair], "chairs_upholstered_cloth"),
        "curtain": Finish("linen", _pick(rng, LINENS + FABRICS[3:7]), _pick(rng, CURTAINS)),
        "linen": Finish("linen", _pick(rng, LINENS), "chairs_upholstered_moderate"),
        "blanket": Finish(
            _pick(rng, ("weave", "twill", "linen")),
            _pick(rng, FABRICS + LINENS),
            "chairs_upholstered_moderate",
        ),
        "cushions": tuple(
            Finish("weave", color, "chairs_upholstered_moderate") for color in cushions
        ),
    }


CURTAINS = ("curtains_cotton_0.5", "curtains_velvet", "curtains_densely_woven", "curtains_0.2")


def _worktop(rng, wood):
    """Top of kitchen counters."""
    if rng.random() < 0.4:
        return Finish("wood", wood, "wood_16mm")
    texture = _pick(rng, ("marble", "terrazzo", "concrete"))
    return Finish(texture, _pick(rng, STONES), "marble_floor")


def _floors(rooms, rng):
    """Floor finish by room: wood or stone through the home, tiles where it gets wet."""
    main = Finish(_pick(rng, WOODEN_FLOORS), _pick(rng, FLOOR_WOODS), "stage_floor")
    if rng.random() < 0.15:
        main = _stone(rng)
    bedrooms = main
    if rng.random() < 0.4:
        bedrooms = Finish("carpet", _pick(rng, CARPETS), _pick(rng, CARPET_MATERIALS))
    stone, wet = _stone(rng), rng.random() < 0.7
    return {
        room.name: (
            _stone(rng)
            if room.kind == "bathroom"
            else stone
            if room.kind == "kitchen" and wet
            else bedrooms
            if room.kind in ("bedroom", "study")
            else main
        )
        for room in rooms
    }


def _stone(rng):
    """Floor of stone or tiles."""
    texture = _pick(rng, tuple(STONE_FLOORS))
    color = _pick(rng, CONCRETES if texture == "concrete" else STONES)
    return Finish(texture, color, STONE_FLOORS[texture])


def _walls(rooms, material, rng):
    """Wall finish by room: mostly one pale paint, tiles in bathrooms."""
    usual = _pick(rng, WALLS)
    walls = {}
    for room in rooms:
        if room.kind == "bathroom":
            walls[room.name] = Finish(
                _pick(rng, ("subway", "tiles", "large-tiles")),
                _pick(rng, WALLS + STONES[:2]),
                "ceramic_tiles",
            )
        else:
            color = _pick(rng, WALLS) if rng.random() < 0.3 else usual
            walls[room.name] = Finish("plaster", color, material)
    return walls


def _accents(rooms, material, rng):
    """One wall of some rooms in a stronger color, in wallpaper or in bare brick."""
    accents = {}
    for room in rooms:
        if room.kind in WET or rng.random() < 0.45:
            continue
        lengths = [room.wall(wall)[3] for wall in range(len(room.polygon))]
        wall = int(rng.choice(np.argsort(lengths)[-3:]))
        texture = _pick(rng, ("plaster", "plaster", "brick", *WALLPAPERS))
        if texture == "brick":
            accents[room.name] = (
                wall,
                Finish("brick", _pick(rng, hex_colors("a9705a 9c7f6c d9d3ca")), "brick_wall_rough"),
            )
        else:
            color = _pick(rng, ACCENTS)
            accents[room.name] = wall, Finish(texture, color, material)
    return accents


def _pick(rng, choices):
    """Draw one of a sequence."""
    return choices[int(rng.integers(len(choices)))]
