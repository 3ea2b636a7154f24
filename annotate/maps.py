"""Localization maps: what is made of points, for the page and for the export.

::

    points of one annotator ──► Gaussians, summed or the highest ──► map
    maps of all annotators  ──► mean ──► labels/points.h5, or annotations/CLIP.npz and .png

A map is as large as its frame. A Gaussian is 1 at its point, so that one that lies well inside the
frame adds up to ``2 pi sigma^2``; what reaches over the border is lost, neither mirrored nor made
up for. Maps are not normalized: the measures of `simbinaural.metrics.saliency` do it themselves.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotate.answers import KINDS
from simbinaural.errors import require
from simbinaural.shards import ClipData, write_labels
from simbinaural.shards.writer import replacing
from simbinaural.video import encode_png

SIGMA = 4.0
"""Pixels, where a frame is `REFERENCE_WIDTH` wide: paper 004's "radius of 4"."""

REFERENCE_WIDTH = 320
"""Pixels: the width of that paper's frames."""

MODES = ("sum", "max")

REACH = 14.5
"""Sigmas; a Gaussian is 0 beyond, in float32."""

FOLDER = "annotations"
"""Where the maps of plain folders of videos are."""


@dataclass(frozen=True)
class LocalizationMap:
    """The map of a clip, and what it was made of.

    Attributes
    ----------
    clip : str
        Clip id.
    frame : int
        Number of the frame that it belongs to.
    kind : str
        What most annotators answered, of `KINDS`; of those with the same number the first there.
        Where the map is 0 everywhere, it tells why.
    annotators, kinds : tuple of str
        All who answered for this frame, and what.
    points : (points, 2) numpy.ndarray
        x and y of all their points, pixels.
    owners : (points,) numpy.ndarray of int
        Whose each point is: an index into `annotators`.
    values : (height, width) numpy.ndarray of float32
        The map.
    """

    clip: str
    frame: int
    kind: str
    annotators: tuple
    kinds: tuple
    points: np.ndarray
    owners: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    path : pathlib.Path
        The file of labels, or the folder of maps.
    n_maps : int
        Maps.
    n_empty : int
        How many of them are 0 everywhere.
    strangers : tuple of str
        Clips that were answered, but are not here or cannot be read.
    other_frame : tuple of (str, str)
        Clip and annotator of the answers that were left out, since most others belong to another
        frame of the clip.
    """

    path: Path
    n_maps: int
    n_empty: int
    strangers: tuple = ()
    other_frame: tuple = ()


def settle_blur(store, sigma=None, mode=None):
    """Return sigma and mode as given, else as the page showed them last, else the usual ones.

    `annotate.serve.serve_points` notes what the page shows with the answers, so that what one sees
    is what is written.

    Parameters
    ----------
    store : Store or None
        The answers, if there are any.
    sigma : float, optional
        Pixels of a frame `REFERENCE_WIDTH` wide.
    mode : str, optional
        As of `point_map`.

    Returns
    -------
    dict
    """
    noted = (lambda _: None) if store is None else store.meta
    return {
        "sigma": float(noted("sigma") or SIGMA) if sigma is None else sigma,
        "mode": noted("mode") or MODES[0] if mode is None else mode,
    }


def scaled_sigma(sigma, width, reference_width=REFERENCE_WIDTH):
    """Scale a sigma, pixels of a frame `reference_width` wide, to a frame `width` wide."""
    return sigma * width / reference_width


def point_map(points, size, *, sigma, mode="sum"):
    """Put a Gaussian at every point.

    Parameters
    ----------
    points : (points, 2) array_like
        x and y in pixels, from the left upper corner of the frame; none is fine.
    size : (int, int)
        Width and height.
    sigma : float
        Pixels of this frame; see `scaled_sigma`.
    mode : str
        ``sum`` of the Gaussians, or the highest of them, ``max``.

    Returns
    -------
    (height, width) numpy.ndarray of float32
        0 without points. At most 1 by ``max``, at most the number of points by ``sum``.

    Raises
    ------
    InputError
        If points or size have another shape, sigma is not positive or the mode is unknown.

    Notes
    -----
    ``exp(-((i + 0.5 - x)^2 + (j + 0.5 - y)^2) / (2 sigma^2))`` at pixel (i, j), evaluated
    everywhere. It is a product of one factor for each axis, so that the sum over points is a
    product of matrices. Distances are those in the picture, also where it is a panorama.
    """
    points = _checked_points(points, size, sigma, mode)
    across, down = (gaussians(points[:, axis], length, sigma) for axis, length in enumerate(size))
    if mode == "sum":
        return (down.T @ across).astype(np.float32)
    return _highest(points, across.astype(np.float32), down.astype(np.float32), REACH * sigma)


def gaussians(centers, length, sigma):
    """Evaluate Gaussians (centers, length), 1 at their centers, at the centers of pixels."""
    away = np.arange(length) + 0.5 - np.asarray(centers, dtype=float)[:, None]
    return np.exp(-0.5 * (away / sigma) ** 2)


def map_png(values):
    """Draw a map as the page shows it and the export writes it.

    Parameters
    ----------
    values : (height, width) array_like
        At least 0.

    Returns
    -------
    bytes
        A PNG of 8 bits a pixel: ``values / max * 255``, rounded; black where all is 0.
    """
    values = np.asarray(values, dtype=float)
    peak = values.max(initial=0)
    gray = np.round(values / (peak or 1) * 255).astype(np.uint8)
    return encode_png(gray).tobytes()


def consensus(maps):
    """Mean of maps.

    Parameters
    ----------
    maps : sequence of (height, width) array_like
        One of each annotator.

    Returns
    -------
    (height, width) numpy.ndarray of float32
        One who saw nothing lowers it.

    Raises
    ------
    InputError
        If there are none, or they differ in shape.
    """
    maps = [np.asarray(each) for each in maps]
    require(maps, "maps must be at least one, got none")
    shapes = sorted({each.shape for each in maps})
    require(len(shapes) == 1, f"maps must be of one shape, got {', '.join(map(str, shapes))}")
    return np.mean(maps, axis=0, dtype=float).astype(np.float32)


def make_map(info, answers, *, sigma=SIGMA, mode="sum"):
    """Make the map of a clip.

    Parameters
    ----------
    info : ClipInfo
        The clip.
    answers : sequence of Answer
        For this clip and for one frame, one of each annotator.
    sigma : float
        Pixels of a frame `REFERENCE_WIDTH` wide.
    mode : str
        As of `point_map`.

    Returns
    -------
    LocalizationMap
        The consensus of the annotators. Who is unsure and has no point says nothing, and is left
        out of it unless all are.
    """
    answers = sorted(answers, key=lambda answer: answer.annotator)
    heard = [each for each in answers if each.points or each.kind != "unsure"] or answers
    size, sigma_px = (info.width, info.height), scaled_sigma(sigma, info.width)
    maps = [point_map(each.points, size, sigma=sigma_px, mode=mode) for each in heard]
    counts = Counter(each.kind for each in heard)
    return LocalizationMap(
        clip=info.id,
        frame=answers[0].frame,
        kind=max(KINDS, key=lambda kind: counts[kind]),
        annotators=tuple(each.annotator for each in answers),
        kinds=tuple(each.kind for each in answers),
        points=np.array([point for each in answers for point in each.points]).reshape(-1, 2),
        owners=np.repeat(np.arange(len(answers)), [len(each.points) for each in answers]),
        values=consensus(maps),
    )


def write_maps(clips, store, *, sigma=SIGMA, mode="sum", annotators=None, name="points"):
    """Write the maps of all clips that were answered, replacing those of earlier calls.

    Parameters
    ----------
    clips : Clips
        A data set, or a folder of videos.
    store : Store
        The answers.
    sigma : float
        Pixels of a frame `REFERENCE_WIDTH` wide; recorded.
    mode : str
        As of `point_map`; recorded.
    annotators : sequence of str, optional
        Whose answers count; by default all.
    name : str
        Of the file of labels of a data set.

    Returns
    -------
    Written

    Raises
    ------
    InputError
        If there are no answers, none is of these annotators or none is for a clip that is here.

    Notes
    -----
    A data set gets ``labels/NAME.h5``: in the group of each clip the arrays `localization_map`
    (height, width), `points` (points, 3: frame, x, y) and `point_annotator` (points,), and what
    `LocalizationMap` and the parameters say as attributes (`label_frame`, `kind`, `kinds`,
    `annotators`, `source`, `sigma`, `reference_width`, `sigma_px`, `kernel`, `mode`).
    A folder gets the same in ``annotations/CLIP.npz``, and the picture of `map_png` beside it.
    """
    answers = _chosen(store, annotators)
    require_blur(sigma, mode)
    groups, strangers, other_frame = _grouped(clips.infos, answers)
    rule = f"{clips.path}: answers must be for clips that are here"
    require(groups, f"{rule}, got {', '.join(strangers[:3])}; is it another folder's database?")
    maps = (make_map(info, group, sigma=sigma, mode=mode) for info, group in groups)
    written = write_localization(clips, maps, sigma=sigma, mode=mode, name=name)
    return Written(*written, strangers, other_frame)


def write_localization(clips, maps, *, sigma, mode, name, source="annotated"):
    """Write maps, whatever they were made of; return path, number of maps and of empty ones.

    Parameters
    ----------
    clips : Clips
        A data set, or a folder of videos.
    maps : iterable of LocalizationMap
        Taken one after the other, so that only one is in memory.
    sigma, mode, source
        Recorded.
    name : str
        Of the file of labels of a data set.
    """
    require(name and Path(name).name == name, f"name must be that of a file, got {name!r}")
    empty = []  # of each map whether it is

    def contents():
        for each in maps:
            empty.append(not each.values.any())
            yield each.clip, _content(each, sigma, mode, source)

    if clips.kind == "dataset":
        write_labels(clips.path, name, contents())
        path = Path(clips.path) / "labels" / f"{name}.h5"
    else:
        path = Path(clips.path) / FOLDER
        _write_files(path, clips.infos, contents())
    return path, len(empty), sum(empty)


def require_blur(sigma, mode):
    """Raise `InputError` unless `sigma` and `mode` are fit for a map."""
    require(np.isfinite(sigma) and sigma > 0, f"sigma must be above 0 pixels, got {sigma:g}")
    require(mode in MODES, f"mode must be one of {', '.join(MODES)}, got {mode}")


def _checked_points(points, size, sigma, mode):
    require_blur(sigma, mode)
    rule = "size must be width and height, whole numbers above 0"
    fits = len(size) == 2 and all(length >= 1 and length == int(length) for length in size)
    require(fits, f"{rule}, got {size}")
    points = np.asarray(points, dtype=float)
    points = points.reshape(-1, 2) if points.size == 0 else points
    rule = "points must have shape (any, 2)"
    require(points.ndim == 2 and points.shape[1] == 2, f"{rule}, got {points.shape}")
    require(np.all(np.isfinite(points)), "points must be finite, got NaN or infinity")
    return points


def _highest(points, across, down, reach):
    """Highest of the products of two factors, each looked at within `reach` pixels only."""
    highest = np.zeros((down.shape[1], across.shape[1]), np.float32)
    firsts = np.maximum(points - reach, 0).astype(int)
    lasts = np.maximum(points + reach + 1, 0).astype(int)
    for row, column, first, last in zip(down, across, firsts, lasts, strict=True):
        columns, rows = map(slice, first, last)
        part = highest[rows, columns]
        np.maximum(part, row[rows, None] * column[columns], out=part)
    return highest


def _chosen(store, annotators):
    """Current answers of the annotators that count."""
    answers = store.answers()
    require(answers, f"{store.path}: has no answers; annotate points makes some")
    there = sorted({each.annotator for each in answers})
    for name in annotators or ():
        require(name in there, f"annotators must be of {', '.join(there)}, got {name}")
    return [each for each in answers if not annotators or each.annotator in annotators]


def _grouped(infos, answers):
    """Clips with their answers for one frame; clips that are not here; answers left out."""
    by_clip = {}
    for answer in answers:
        by_clip.setdefault(answer.clip, []).append(answer)
    here = [info for info in infos if info.id in by_clip and not info.problem]
    strangers = tuple(sorted(set(by_clip) - {info.id for info in here}))
    groups, left_out = [], []
    for info in here:
        frame = _usual_frame(info, by_clip[info.id])
        groups.append((info, [each for each in by_clip[info.id] if each.frame == frame]))
        left_out += [(info.id, each.annotator) for each in by_clip[info.id] if each.frame != frame]
    return groups, strangers, tuple(left_out)


def _usual_frame(info, answers):
    """Frame that most answers belong to; of several, the one that is to be annotated now."""
    counts = Counter(each.frame for each in answers)
    return max(sorted(counts), key=lambda frame: (counts[frame], frame == info.frame))


def _content(each, sigma, mode, source):
    """Arrays and attributes as they are written."""
    height, width = each.values.shape
    frames = np.full((len(each.points), 1), each.frame)
    arrays = {
        "localization_map": each.values,
        "points": np.hstack([frames, each.points]).astype(np.float32),
        "point_annotator": each.owners.astype(np.int32),
    }
    attributes = {
        "label_frame": each.frame,
        "kind": each.kind,
        "kinds": list(each.kinds),
        "annotators": list(each.annotators),
        "source": source,
        "sigma": float(sigma),
        "reference_width": REFERENCE_WIDTH,
        "sigma_px": float(scaled_sigma(sigma, width)),
        "kernel": "gaussian",
        "mode": mode,
    }
    return ClipData(arrays, attributes)


def _write_files(folder, infos, contents):
    """Write two files for each clip, and remove those of clips that have no map now."""
    stale = {info.id for info in infos}
    for clip, content in contents:
        stale.discard(clip)
        with replacing(folder / f"{clip}.npz") as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **content.arrays, **content.attributes)
        with replacing(folder / f"{clip}.png") as temporary:
            temporary.write_bytes(map_png(content.arrays["localization_map"]))
    for clip in stale:
        for ending in ("npz", "png"):
            (folder / f"{clip}.{ending}").unlink(missing_ok=True)
