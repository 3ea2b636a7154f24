"""Recognizing a projection by its seams: where the picture is torn, it must fit together again.

An equirectangular picture fits at its left and right edge, and is of one color along the top and
the bottom, each a single point. A cube's faces fit along edges that lie apart in the picture::

    EAC (YouTube)                   cube map (sv3d, layout 0)
    left | front | right            right | left  | up
    down | back  | up               down  | front | back

In YouTube's lower row the faces lie on their side, one strip from down over back to up.
"""

import numpy as np

from simbinaural.errors import require_shape

SAME_EYES = 0.8
"""Correlation of two halves of a picture from which on they are two eyes' pictures."""

SURE = 1.5
"""How many times rougher the seams of the second-best projection must be."""

SMOOTH = 6.0
"""Roughness of seams, relative to neighboring pixels, up to which they fit."""

# For each face, row by row, what lies in its middle and at its right; x right, y up, z behind.
EAC_FACES = (
    ((-1, 0, 0), (0, 0, -1)),
    ((0, 0, -1), (1, 0, 0)),
    ((1, 0, 0), (0, 0, 1)),
    ((0, -1, 0), (0, 0, 1)),
    ((0, 0, 1), (0, 1, 0)),
    ((0, 1, 0), (0, 0, -1)),
)
CUBE_FACES = (
    ((1, 0, 0), (0, 0, 1)),
    ((-1, 0, 0), (0, 0, -1)),
    ((0, 1, 0), (1, 0, 0)),
    ((0, -1, 0), (1, 0, 0)),
    ((0, 0, -1), (1, 0, 0)),
    ((0, 0, 1), (-1, 0, 0)),
)
FACES = {"eac": EAC_FACES, "cubemap": CUBE_FACES}


def eyes(pictures):
    """How two eyes' pictures share the frame: ``mono``, ``top-bottom`` or ``left-right``.

    Parameters
    ----------
    pictures : (pictures, height, width) array_like
        Gray.

    Returns
    -------
    str
        Where halves resemble each other as two eyes do.
    """
    pictures = np.asarray(pictures, dtype=float)
    require_shape("pictures", pictures, (None, None, None))
    likeness = {
        stereo: _correlation(half(pictures, stereo), half(pictures, stereo, second=True))
        for stereo in ("top-bottom", "left-right")
    }
    best = max(likeness, key=likeness.get)
    return best if likeness[best] >= SAME_EYES else "mono"


def likeness(pictures, stereo):
    """Correlation of two eyes' parts of pictures, but for what is the same all around.

    Parameters
    ----------
    pictures : (pictures, height, width) array_like
        Gray.
    stereo : str
        ``top-bottom`` or ``left-right``.

    Returns
    -------
    float
        -1 to 1; 0 of pictures that show nothing.

    Notes
    -----
    Each row's mean is taken off: sky above ground makes any two halves of a panorama alike.
    """
    pictures = np.asarray(pictures, dtype=float)
    require_shape("pictures", pictures, (None, None, None))
    parts = [half(pictures, stereo, second=second) for second in (False, True)]
    if not pictures.size:
        return 0.0
    first, second = (part - part.mean(axis=2, keepdims=True) for part in parts)
    return float(_correlation(first, second)) if min(first.std(), second.std()) >= 1 else 0.0


def half(pictures, stereo, *, second=False):
    """One eye's part of pictures (pictures, height, width): the first, by default."""
    height, width = pictures.shape[1:]
    if stereo == "top-bottom":
        return pictures[:, height // 2 :] if second else pictures[:, : height // 2]
    if stereo in ("left-right", "right-left"):
        return pictures[:, :, width // 2 :] if second else pictures[:, :, : width // 2]
    return pictures


def _correlation(first, second):
    first, second = (part - part.mean() for part in (first, second[:, : first.shape[1]]))
    power = np.sqrt(np.sum(first**2) * np.sum(second**2))
    return np.sum(first * second) / power if power > 0 else 0.0


def recognize(pictures, candidates=("equirect", "eac", "cubemap")):
    """Find the projection whose seams fit best.

    Parameters
    ----------
    pictures : (pictures, height, width) array_like
        Gray, 0 to 255, of one eye.
    candidates : sequence of str
        Of ``equirect``, ``eac``, ``cubemap``.

    Returns
    -------
    projection : str
        The best.
    sure : bool
        Whether its seams fit, and those of the others do not.
    """
    scores = {projection: roughness(pictures, projection) for projection in candidates}
    best, *others = sorted(scores, key=scores.get)
    sure = scores[best] <= SMOOTH and all(scores[other] > SURE * scores[best] for other in others)
    return best, bool(sure)


def roughness(pictures, projection):
    """How badly the seams of a projection fit: 1 is as well as any two neighboring pixels.

    Parameters
    ----------
    pictures : (pictures, height, width) array_like
        Gray, 0 to 255, of one eye.
    projection : str
        ``equirect``, ``eac`` or ``cubemap``.

    Returns
    -------
    float
        Mean difference across the seams over that across neighbors in the picture, or that of an
        equirectangular picture's edges where it is higher; infinite of pictures that show nothing.
    """
    pictures = np.asarray(pictures, dtype=float)
    require_shape("pictures", pictures, (None, None, None))
    if not pictures.size or pictures.std() < 1:
        return np.inf
    between = np.mean(np.abs(np.diff(pictures, axis=2))) + np.mean(
        np.abs(np.diff(pictures, axis=1))
    )
    pairs = (
        _equirect_seams(pictures)
        if projection == "equirect"
        else _cube_seams(pictures, FACES[projection])
    )
    jumps = [np.mean(np.abs(first - second)) for first, second in pairs]
    # Half a sphere has poles as well: what it lacks are edges that fit.
    jump = max(np.mean(jumps), jumps[0]) if projection == "equirect" else np.mean(jumps)
    # Half a gray level, so that pictures of little contrast do not decide by noise.
    return float(jump / (between / 2 + 0.5))


def _equirect_seams(pictures):
    """Both edges, and the pole rows against themselves, half a turn on."""
    width = pictures.shape[2]
    poles = [pictures[:, row] for row in (0, -1)]
    return [
        (pictures[:, :, 0], pictures[:, :, -1]),
        *((row, np.roll(row, width // 2, axis=1)) for row in poles),
    ]


def _cube_seams(pictures, faces):
    """Pixels along the edges that two faces share but that lie apart in the picture."""
    n_rows, n_columns = pictures.shape[1] // 2, pictures.shape[2] // 3
    count = min(n_rows, n_columns)
    edges = []
    for number, (middle, right) in enumerate(faces):
        row, column = divmod(number, 3)
        tile = pictures[
            :, row * n_rows : (row + 1) * n_rows, column * n_columns : (column + 1) * n_columns
        ]
        edges += _tile_edges(tile, np.array(middle), np.array(right), count)
    return [
        (pixels, others if start == other_start else others[:, ::-1])
        for index, (start, stop, pixels) in enumerate(edges)
        for other_start, other_stop, others in edges[:index]
        if {start, stop} == {other_start, other_stop}
    ]


def _tile_edges(tile, middle, right, count):
    """Both corners on the sphere and the pixels between them, for the four edges of a face."""
    down = np.cross(middle, right)
    corner = {
        (x, y): tuple(int(each) for each in middle + x * right + y * down)
        for x in (-1, 1)
        for y in (-1, 1)
    }
    # Neighbors inside the frame are edges as well; they fit under every layout of this grid, and
    # are few enough to do no harm.
    return [
        (corner[-1, -1], corner[1, -1], _resampled(tile[:, 0], count)),
        (corner[-1, 1], corner[1, 1], _resampled(tile[:, -1], count)),
        (corner[-1, -1], corner[-1, 1], _resampled(tile[:, :, 0], count)),
        (corner[1, -1], corner[1, 1], _resampled(tile[:, :, -1], count)),
    ]


def _resampled(pixels, count):
    """Pixels (pictures, count) picked evenly along an edge."""
    places = ((np.arange(count) + 0.5) / count * pixels.shape[1]).astype(int)
    return pixels[:, places]
