"""Tileable patterns of 512 x 512 texels: linear reflectance, 0 to 1, gray or RGB.

Each drawing takes a generator and nothing else; sizes in metres stand with the recipes.
"""

import numpy as np

from simbinaural.scenes.procedural.noise import SIZE, grid, noise, warp

# --------------------------------------------------------------------------- cells


def _joints(position, count, width):
    """Darkness 0 to 1 of the joints between `count` cells; `width` as a share of a cell."""
    cell = position * count % 1
    return np.clip(1 - np.minimum(cell, 1 - cell) / width, 0, 1)


def _pick(rng, rows, columns, low, high):
    """Give each cell (integer arrays that wrap) a value of its own between low and high."""
    table = rng.uniform(low, high, (64, 64))
    return table[rows % 64, columns % 64]


def _wooden(gray, warmth=0.06):
    """Color a wood's gray: dark grain is redder than the pale wood around it."""
    dark = np.maximum(gray.max() - gray, 0)[..., None]
    return np.clip(gray[..., None] + dark * np.array([1, 0, -1]) * warmth * 2, 0, 1)


# --------------------------------------------------------------------------- wood


def _grain(rng, rings, pores=0.05):
    """Gray of wood whose grain runs along the rows."""
    bend = noise(rng, 1.6, high=6, stretch=(1, 6)) * 9
    rows = grid()[0] * np.ones((1, SIZE))
    ring = noise(rng, 0.6, low=rings / 3, high=rings * 3, stretch=(1, 60))
    ring = warp(ring, bend, 0 * bend)
    pore = noise(rng, 0.2, low=20, stretch=(1, 14))
    fine = noise(rng, 0.3, low=60, stretch=(1, 30))
    wave = np.sin(2 * np.pi * (rows * round(rings / 4) + bend / 40))
    gray = 0.72 + 0.055 * ring + 0.02 * wave + 0.025 * fine
    return gray - pores * np.clip(pore - 1.2, 0, 2)


def wood(rng):
    """Fine, straight wood."""
    return _wooden(_grain(rng, 24))


def wild_wood(rng):
    """Wood with bold grain."""
    return _wooden(
        _grain(rng, 9, pores=0.08) * (1 + 0.05 * noise(rng, 1.5, high=8, stretch=(1, 5)))
    )


def _laid(rng, *, rows, lengths):
    """Boards along the rows: each a strip of wood with its own tone, joints between them."""
    down, along = grid()
    row = np.floor(down * rows).astype(int) * np.ones((1, SIZE), dtype=int)
    # Half the tile's length is enough to hide the repeat, when every row starts elsewhere.
    start = rng.permutation(rows)[row] / rows + 0.13 * row
    position = along + start
    board = np.floor(position * lengths % lengths).astype(int)
    gray = _grain(rng, 30)
    moved = _pick(rng, row, board + 7, 0, SIZE).astype(int)
    gray = warp(gray, moved, moved * 3)
    gray = gray * _pick(rng, row, board, 0.82, 1.12)
    joint = np.maximum(_joints(down, rows, 0.022), _joints(position, lengths, 0.005))
    warm = _wooden(gray) * (1 + _pick(rng, board, row, -0.04, 0.04)[..., None] * (1, 0, -1))
    return np.clip(warm * (1 - 0.55 * joint)[..., None], 0, 1)


def boards(rng):
    """Wide floor boards."""
    return _laid(rng, rows=12, lengths=1)


def narrow_boards(rng):
    """Narrow strips of parquet."""
    return _laid(rng, rows=16, lengths=2)


def herringbone(rng):
    """Parquet blocks at right angles, each four times as long as wide.

    A row of cells holds runs of four level and four upright cells; each row is one cell further::

        - - - - | | | |
        | - - - - | | |     (upright blocks reach over four rows)
        | | - - - - | |
    """
    cells, length = 16, 4
    y, x = np.indices((SIZE, SIZE)) * cells / SIZE
    row, column = np.floor(y).astype(int), np.floor(x).astype(int)
    phase = (column - row) % (2 * length)
    level = phase < length
    # The block's first cell names it.
    first_column = np.where(level, column - phase, column)
    first_row = np.where(level, row, row - (2 * length - 1 - phase))
    along = np.where(level, x - first_column, y - first_row) / length
    across = np.where(level, y - first_row, x - first_column)
    first_row, first_column = first_row % cells, first_column % cells
    shift = _pick(rng, first_row, first_column, 0, SIZE).astype(int)
    grain = _grain(rng, 30)
    texel = SIZE // cells
    gray = grain[
        (np.round(across * texel).astype(int) + shift) % SIZE,
        (np.round(along * length * texel).astype(int) + 5 * shift) % SIZE,
    ]
    gray = gray * _pick(rng, first_row + 5, first_column, 0.80, 1.12)
    edge = np.minimum(np.minimum(across, 1 - across), np.minimum(along, 1 - along) * length)
    return _wooden(gray) * (1 - 0.5 * np.clip(1 - edge / 0.04, 0, 1))[..., None]


# --------------------------------------------------------------------------- stone and ceramics


def _tiled(rng, rows, columns, *, offset=0.0, joint_share=0.012, spread=0.03):
    """Tone of tiles with rows shifted by `offset` tiles, and the darkness of the joints."""
    down, along = grid()
    row = np.floor(down * rows).astype(int)
    position = along + offset * row / columns
    column = np.floor(position * columns).astype(int) % columns
    tone = _pick(rng, row + 0 * column, column, 1 - spread, 1 + spread)
    joint = np.maximum(
        _joints(down, rows, joint_share * rows / 4),
        _joints(position, columns, joint_share * columns / 4),
    )
    return tone, joint, row + column


def _glazed(rng, tone, joint, grout=0.55):
    """Tiles with a faint cloud and pale grout."""
    tile = 0.85 * tone * (1 + 0.012 * noise(rng, 1.0, high=40))
    return tile * (1 - joint) + grout * joint


def tiles(rng):
    """Square tiles of 30 cm."""
    tone, joint, _ = _tiled(rng, 4, 4)
    return _glazed(rng, tone, joint)


def large_tiles(rng):
    """Stone slabs of 60 cm."""
    tone, joint, _ = _tiled(rng, 3, 3, spread=0.05)
    stone = tone * (1 + 0.05 * noise(rng, 1.1, high=60) + 0.03 * noise(rng, 0.3, low=40))
    return _glazed(rng, stone, joint, grout=0.5)


def checker(rng):
    """Tiles of 30 cm, light and dark in turn."""
    tone, joint, order = _tiled(rng, 4, 4)
    return _glazed(rng, tone * np.where(order % 2, 0.32, 1.0), joint, grout=0.4)


def subway(rng):
    """Glazed wall tiles of 20 x 10 cm in running bond."""
    tone, joint, _ = _tiled(rng, 8, 4, offset=0.5)
    return _glazed(rng, tone, joint, grout=0.6)


def brick(rng):
    """Bricks of 25 x 8 cm with mortar."""
    down, along = grid()
    rows, columns = 16, 6
    rough = noise(rng, 1.0, low=4, high=80)
    down, along = down + 0.0012 * rough, along + 0.0012 * rough.T
    row = np.floor(down * rows).astype(int) % rows
    position = along + 0.5 * (row % 2) / columns
    column = np.floor(position * columns).astype(int) % columns
    tone = _pick(rng, row, column, 0.6, 1.15)[..., None]
    hue = _pick(rng, row + 9, column, -0.06, 0.06)[..., None]
    joint = np.maximum(_joints(down, rows, 0.08), _joints(position, columns, 0.028))[..., None]
    face = np.array([0.62, 0.5, 0.44]) * tone * (1 + hue * np.array([1, 0, -1]))
    face = face * (1 + 0.1 * noise(rng, 0.7, low=6) + 0.05 * rough)[..., None]
    joint = np.clip(1.6 * joint, 0, 1)
    return face * (1 - joint) + 0.62 * (1 + 0.05 * rough[..., None]) * joint


def terrazzo(rng):
    """Stone chips in cement."""
    image = np.full((SIZE, SIZE, 3), 0.8)
    image *= (1 + 0.02 * noise(rng, 0.4, low=20))[..., None]
    field = noise(rng, 1.0, low=14, high=60)
    chips = field > 1.1
    hue = noise(rng, 0.5, low=4, high=16), noise(rng, 0.5, low=4, high=16)
    color = 0.55 + 0.16 * hue[0][..., None] + 0.07 * hue[1][..., None] * np.array([1, 0, -1])
    return np.clip(np.where(chips[..., None], color, image), 0.05, 1)


def concrete(rng):
    """Polished concrete: clouds, pores."""
    cloud = 0.045 * noise(rng, 1.5, low=3, high=60) + 0.02 * noise(rng, 0.5, low=20)
    pore = noise(rng, 0.0, low=90) > 3.2
    return 0.7 * (1 + cloud) * np.where(pore, 0.7, 1.0)


def marble(rng):
    """Pale marble with veins where a bent field changes its sign."""
    body = 0.86 * (1 + 0.03 * noise(rng, 1.6, high=40))
    for low, dark, thin in ((2, 0.3, 0.05), (5, 0.16, 0.05)):
        field = noise(rng, 2.0, low=low, high=48)
        strength = np.clip(0.6 + 0.6 * noise(rng, 1.5, high=6), 0, 1)
        body = body * (1 - dark * strength * np.exp(-((field / thin) ** 2) / 2))
        body = body * (1 - 0.3 * dark * strength * np.exp(-((field / (6 * thin)) ** 2) / 2))
    return body


def soil(rng):
    """Potting soil."""
    return np.clip(0.5 + 0.2 * noise(rng, 0.5, low=10), 0.05, 1)


# --------------------------------------------------------------------------- walls


def plaster(rng):
    """Painted plaster: nearly even, with a roller's orange peel."""
    return 0.9 * (1 + 0.008 * noise(rng, 1.2, high=30) + 0.012 * noise(rng, 0.3, low=60, high=200))


def stripes(rng):
    """Wallpaper with stripes of two widths."""
    x = grid()[1] * 6 % 1
    line = np.where(np.abs(x - 0.5) < 0.24, 0.88, 1.0) * np.where(np.abs(x - 0.06) < 0.02, 0.8, 1.0)
    return 0.86 * line * (1 + 0.012 * noise(rng, 0.3, low=40))


def damask(rng):
    """Wallpaper with an ornament in half-drop repeat."""
    y, x = grid()
    image = np.zeros((SIZE, SIZE))
    for shift_x, shift_y in ((0, 0), (0.5, 0.5)):
        u, v = (x + shift_x) % 1 - 0.5, (y + shift_y) % 1 - 0.5
        angle, radius = np.arctan2(u, v), np.hypot(1.5 * u, v)
        petal = 0.22 + 0.1 * np.cos(6 * angle) + 0.07 * np.cos(3 * np.abs(angle) + 9 * radius)
        image += np.clip((petal - radius) / 0.012, 0, 1) - np.clip(
            (petal / 2 - radius) / 0.012, 0, 1
        )
        stem = np.abs(u - 0.06 * np.sin(4 * np.pi * v)) < 0.008
        image += 0.7 * stem * (radius > 0.34)
    return (0.88 - 0.16 * np.clip(image, 0, 1)) * (1 + 0.012 * noise(rng, 0.3, low=40))


def leaves(rng):
    """Wallpaper strewn with leaves."""
    y, x = grid()
    image = np.full((SIZE, SIZE), 0.9)
    for k in range(34):
        angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.09)
        # A loose grid keeps them from piling up.
        center = ((k % 6) + rng.uniform(0.2, 0.8)) / 6, ((k // 6) + rng.uniform(0.2, 0.8)) / 6
        u, v = (x - center[0] + 0.5) % 1 - 0.5, (y - center[1] + 0.5) % 1 - 0.5
        around = np.flatnonzero(np.abs(v) < 1.1 * size), np.flatnonzero(np.abs(u) < 1.1 * size)
        u, v = u[:, around[1]], v[around[0]]
        along = (u * np.cos(angle) + v * np.sin(angle)) / size
        across = (v * np.cos(angle) - u * np.sin(angle)) / size
        blade = np.abs(across) < 0.36 * np.clip(1 - along**2, 0, 1) ** 0.8
        vein = (np.abs(across) < 0.03) & (np.abs(along) < 1)
        part = np.where(blade, rng.uniform(0.6, 0.75), image[np.ix_(*around)])
        image[np.ix_(*around)] = np.where(vein & blade, 0.85, part)
    return image * (1 + 0.01 * noise(rng, 0.3, low=40))


# --------------------------------------------------------------------------- cloth and metal


def _threads(count, angle_rows=0):
    """Sine relief of `count` threads; `angle_rows` cycles down the rows slant it."""
    y, x = grid()
    return np.sin(2 * np.pi * (count * x + angle_rows * y))


def weave(rng):
    """Plain weave: threads that go over and under in turn."""
    y, x = grid()
    over = np.sign(np.sin(32 * np.pi * x) * np.sin(32 * np.pi * y))
    relief = np.where(over > 0, np.abs(np.sin(32 * np.pi * x)), np.abs(np.sin(32 * np.pi * y)))
    return 0.7 * (0.82 + 0.18 * relief) * (1 + 0.05 * noise(rng, 0.4, low=4))


def twill(rng):
    """Slanted rib that turns every few centimetres: herringbone cloth."""
    y, x = grid()
    fold = np.abs((4 * x) % 1 - 0.5)
    relief = np.sin(2 * np.pi * (24 * fold + 24 * y))
    return 0.7 * (0.9 + 0.1 * relief) * (1 + 0.05 * noise(rng, 0.4, low=8))


def boucle(rng):
    """Looped, woolly cloth."""
    return 0.72 * (1 + 0.09 * noise(rng, 0.2, low=24, high=70) + 0.03 * noise(rng, 0.5))


def linen(rng):
    """Smooth bed and curtain cloth with slubs both ways."""
    slubs = noise(rng, 0.3, low=20, stretch=(1, 18)) + noise(rng, 0.3, low=20, stretch=(18, 1))
    return 0.85 * (1 + 0.022 * slubs)


def carpet(rng):
    """Cut pile."""
    return 0.66 * (1 + 0.12 * noise(rng, 0.1, low=40) + 0.05 * noise(rng, 0.8, high=30))


def leather(rng):
    """Grained leather: a net of creases."""
    field = noise(rng, 0.6, low=24, high=70)
    return 0.7 * (1 - 0.14 * np.exp(-((field / 0.2) ** 2)) + 0.04 * noise(rng, 1.5, high=20))


def wicker(rng):
    """Basket weave."""
    y, x = grid()
    upright = (np.floor(8 * x) + np.floor(8 * y)) % 2 == 0
    across = np.where(upright, 24 * x, 24 * y)
    return 0.6 * (0.6 + 0.4 * np.abs(np.sin(np.pi * across))) * (1 + 0.06 * noise(rng, 0.3, low=10))


def foliage(rng):
    """Leaf tissue with faint veins."""
    veins = np.abs(_threads(8, 8)) ** 12
    return 0.7 * (1 + 0.12 * noise(rng, 1.2, high=60) + 0.15 * veins)


def brushed(rng):
    """Brushed metal."""
    return 0.75 * (1 + 0.04 * noise(rng, 0.2, low=8, stretch=(1, 80)))
