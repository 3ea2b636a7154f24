"""What simulated data sets know: where their sources are seen, as maps, and annotators against it.

The map of a source is made of the pixels in which it is seen (`source_mask`), not of the point that
it is said to be at (`source_pixel`): this one may lie behind what hides it, and an instrument
sounds from all of its body. The visible pixels are blurred by the Gaussian that annotated points
get, and scaled to a peak of 1, for each source::

    far:  a few pixels  ──►  what one click on them makes
    near: a silhouette  ──►  the same silhouette, with soft edges

So a source counts the same however much of it is hidden, and several are joined as points are: the
sum or the highest. Sources that are silent have no map. Where nothing that sounds is seen, the map
is 0 everywhere, and its kind says where the (first) sounding source is: ``behind`` more than 90 deg
away, ``left`` or ``right`` of the frame, ``nothing`` where something hides it.

One click on an object that is near is like its silhouette only in part, however well it is placed:
about 0.5 in CC. Distances and the share of points on sources tell more of an annotator there.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from annotate.agreement import Estimate, cohen_kappa, seen_kind
from annotate.maps import (
    SIGMA,
    LocalizationMap,
    Written,
    gaussians,
    point_map,
    require_blur,
    scaled_sigma,
    write_localization,
)
from simbinaural.errors import require
from simbinaural.metrics.saliency import cc, sim
from simbinaural.shards import open_dataset
from simbinaural.video import decode_png

NEEDED = ("source_mask", "source_pixel", "source_direction")

TRUTH = "truth"


@dataclass(frozen=True)
class Truth:
    """Where the sources of a clip are seen in a frame.

    Attributes
    ----------
    clip : str
        Clip id.
    frame : int
        Number of the frame.
    size : (int, int)
        Width and height, pixels.
    kind : str
        ``points`` if anything that sounds is seen; else ``nothing``, ``left``, ``right`` or
        ``behind``.
    masks : (sources, height, width) numpy.ndarray of bool
        Pixels of each sounding source that is seen.
    places : (sources, 2) numpy.ndarray
        Where to point at each of them, x and y in pixels: where `source_pixel` is, or the center of
        the visible pixel next to it; where that is outside the frame, next to the middle of the
        visible pixels.
    """

    clip: str
    frame: int
    size: tuple
    kind: str
    masks: np.ndarray
    places: np.ndarray


@dataclass(frozen=True)
class AnswerCheck:
    """An answer against the truth.

    Attributes
    ----------
    clip : str
    kind, true_kind : str
        What was answered, and what is true.
    distance_px, distance : float
        Mean over the points of the distance to the place of the nearest source, pixels and share
        of the width; this and what follows is NaN unless there are points and sources in sight.
    on_source : float
        Share of the points that lie on visible pixels of a sounding source.
    n_missed : int
        Sources in sight that are the nearest one of no point.
    cc, sim : float
        Of the answer's map against the true one.
    """

    clip: str
    kind: str
    true_kind: str
    distance_px: float
    distance: float
    on_source: float
    n_missed: int
    cc: float
    sim: float


@dataclass(frozen=True)
class AnnotatorCheck:
    """An annotator against the truth.

    Attributes
    ----------
    annotator : str
    right_kind : Estimate
        Share of the answers that say rightly whether and where something is to be seen; who is
        unsure without points is not counted.
    kappa : float
        The same by Cohen's kappa.
    distance_px, distance, on_source, n_missed, cc, sim : Estimate
        Over the clips with points and sources in sight.
    clips : tuple of AnswerCheck
        Each answer that the truth is known of.
    """

    annotator: str
    right_kind: Estimate
    kappa: float
    distance_px: Estimate
    distance: Estimate
    on_source: Estimate
    n_missed: Estimate
    cc: Estimate
    sim: Estimate
    clips: tuple


def read_truth(clip, frame):
    """Read where the sources of a simulated clip are seen.

    Parameters
    ----------
    clip : Clip
        With the arrays `NEEDED`.
    frame : int
        Number of the frame.

    Returns
    -------
    Truth
    """
    mask = decode_png(clip.image("source_mask", frame))
    pixels = np.asarray(clip.entry("source_pixel", frame), dtype=float)
    silent = np.atleast_1d(clip.attributes.get("silent", ()))
    sounding = [source for source in range(len(pixels)) if source not in silent]
    seen = [source for source in sounding if np.any(mask == source + 1)]
    masks = np.stack([mask == source + 1 for source in seen]) if seen else _none(mask.shape)
    places = [_place(*each) for each in zip(masks, pixels[seen], strict=True)]
    azimuths = clip.entry("source_direction", frame)[:, 0]
    hidden = [(pixels[source], azimuths[source]) for source in sounding]
    return Truth(
        clip=clip.id,
        frame=frame,
        size=mask.shape[::-1],
        kind="points" if seen else _kind_of_hidden(*hidden[0]) if hidden else "nothing",
        masks=masks,
        places=np.array(places).reshape(-1, 2),
    )


def truth_map(truth, *, sigma, mode="sum"):
    """Make the map of the sources that are seen.

    Parameters
    ----------
    truth : Truth
        (sources, height, width) pixels of each.
    sigma : float
        Pixels of this frame.
    mode : str
        ``sum`` of the sources' maps, or the highest of them, ``max``.

    Returns
    -------
    (height, width) numpy.ndarray of float32
        0 without sources; a single one has a peak of 1.

    Raises
    ------
    InputError
        If sigma is not positive or the mode is unknown.

    Notes
    -----
    As `annotate.maps.point_map` with a point in the center of each visible pixel, summed, and
    divided by the peak.
    """
    require_blur(sigma, mode)
    maps = [_blurred(mask, sigma) for mask in truth.masks]
    join = np.sum if mode == "sum" else np.max
    width, height = truth.size
    return join([np.zeros((height, width)), *maps], axis=0).astype(np.float32)


def write_truth(clips, *, sigma=SIGMA, mode="sum", name=TRUTH):
    """Write the true maps of a simulated data set, replacing those of earlier calls.

    Parameters
    ----------
    clips : Clips
        A data set.
    sigma : float
        Pixels of a frame 320 wide; recorded.
    mode : str
        As of `truth_map`; recorded.
    name : str
        Of the file of labels. Readers take the first file with maps by its name, so that
        annotated ``points`` come before the ``truth``.

    Returns
    -------
    Written
        Its strangers are the clips of which no truth is known.

    Raises
    ------
    InputError
        If these are no data set, or one of which no truth is known.

    Notes
    -----
    As of `annotate.maps.write_maps`, for the frame that is to be annotated; `points` are the
    places of `Truth`, `source` is ``truth``, and so is the annotator.
    """
    require_blur(sigma, mode)
    with _open_simulated(clips) as data:
        infos = [info for info in clips.infos if not info.problem]
        known = [info for info in infos if _is_known(data.clip(info.id))]
        rule = f"{clips.path}: clips must have source_mask and source_pixel"
        require(known, f"{rule}, got none; simbinaural render makes such clips")
        maps = (_true_label(data.clip(info.id), info, sigma, mode) for info in known)
        written = write_localization(clips, maps, sigma=sigma, mode=mode, name=name, source=TRUTH)
    strangers = tuple(info.id for info in infos if info not in known)
    return Written(*written, strangers)


def check_against_truth(truth, answer, *, sigma=SIGMA, mode="sum"):
    """Compare an answer with the truth of its clip and frame.

    Parameters
    ----------
    truth : Truth
        Of the answer's clip and frame.
    answer : Answer
        Of an annotator.
    sigma : float
        Of the maps, pixels of a frame 320 wide.
    mode : str
        Of the maps.

    Returns
    -------
    AnswerCheck
    """
    kinds = (answer.clip, answer.kind, truth.kind)
    if not answer.points or not len(truth.places):
        return AnswerCheck(*kinds, *[np.nan] * 6)
    points, width = np.array(answer.points, dtype=float), truth.size[0]
    away = cdist(points, truth.places)
    sigma_px = scaled_sigma(sigma, width)
    maps = (
        truth_map(truth, sigma=sigma_px, mode=mode),
        point_map(points, truth.size, sigma=sigma_px, mode=mode),
    )
    return AnswerCheck(
        *kinds,
        distance_px=float(away.min(axis=1).mean()),
        distance=float(away.min(axis=1).mean() / width),
        on_source=_share_on(truth, points),
        n_missed=len(truth.places) - len(np.unique(away.argmin(axis=1))),
        cc=cc(*maps),
        sim=sim(*maps),
    )


def check_annotators(clips, store, *, sigma=SIGMA, mode="sum"):
    """Compare every annotator of a simulated data set with the truth.

    Parameters
    ----------
    clips : Clips
        A data set.
    store : Store
        The answers.
    sigma, mode
        As of `check_against_truth`.

    Returns
    -------
    tuple of AnnotatorCheck
        Ordered by the names.

    Raises
    ------
    InputError
        If these are no data set, or nobody has answered for a clip of which the truth is known.
    """
    require_blur(sigma, mode)
    checks = {}
    here = {info.id for info in clips.infos if not info.problem}
    with _open_simulated(clips) as data:
        for answer in store.answers():
            if answer.clip in here and _is_known(data.clip(answer.clip)):
                truth = read_truth(data.clip(answer.clip), answer.frame)
                check = check_against_truth(truth, answer, sigma=sigma, mode=mode)
                checks.setdefault(answer.annotator, []).append((check, seen_kind(answer)))
    rule = f"{clips.path}: answers must be for clips with source_mask and source_pixel"
    require(checks, f"{rule}, got none; simbinaural render makes such clips")
    return tuple(_annotator_check(name, checks[name]) for name in sorted(checks))


def _annotator_check(annotator, checks):
    clips = tuple(check for check, _ in checks)
    kinds = [(kind, check.true_kind) for check, kind in checks if kind != "unsure"]
    return AnnotatorCheck(
        annotator,
        right_kind=Estimate.of(said == true for said, true in kinds),
        kappa=cohen_kappa(kinds),
        distance_px=Estimate.of(each.distance_px for each in clips),
        distance=Estimate.of(each.distance for each in clips),
        on_source=Estimate.of(each.on_source for each in clips),
        n_missed=Estimate.of(each.n_missed for each in clips),
        cc=Estimate.of(each.cc for each in clips),
        sim=Estimate.of(each.sim for each in clips),
        clips=clips,
    )


def _open_simulated(clips):
    rule = f"{clips.path}: the truth is known of data sets that simbinaural render made"
    require(clips.kind == "dataset", f"{rule}, got a folder of kind {clips.kind}")
    return open_dataset(clips.path)


def _is_known(clip):
    return all(name in clip for name in NEEDED)


def _true_label(clip, info, sigma, mode):
    truth = read_truth(clip, info.frame)
    return LocalizationMap(
        clip=info.id,
        frame=info.frame,
        kind=truth.kind,
        annotators=(TRUTH,),
        kinds=(truth.kind,),
        points=truth.places,
        owners=np.zeros(len(truth.places), int),
        values=truth_map(truth, sigma=scaled_sigma(sigma, info.width), mode=mode),
    )


def _none(shape):
    return np.zeros((0, *shape), bool)


def _place(mask, pixel):
    """Where to point at a source: its pixel if that is seen, else the visible one next to it."""
    visible = np.argwhere(mask)[:, ::-1] + 0.5
    wanted = pixel if np.all(np.isfinite(pixel)) else visible.mean(axis=0)
    column, row = np.clip(wanted.astype(int), 0, np.subtract(mask.shape[::-1], 1))
    if mask[row, column]:
        return wanted
    return visible[cdist([wanted], visible).argmin()]


def _kind_of_hidden(pixel, azimuth_deg):
    if np.all(np.isfinite(pixel)):
        return "nothing"
    if abs(azimuth_deg) > 90:
        return "behind"
    return "left" if azimuth_deg > 0 else "right"


def _blurred(mask, sigma):
    """Visible pixels under a Gaussian, with a peak of 1."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    down, across = (
        gaussians(lines + 0.5, length, sigma)
        for lines, length in zip((rows, columns), mask.shape, strict=True)
    )
    blurred = down.T @ mask[np.ix_(rows, columns)] @ across
    return blurred / blurred.max()


def _share_on(truth, points):
    """Share of the points that lie on a visible pixel of a source."""
    columns, rows = np.minimum(points.astype(int), np.subtract(truth.size, 1)).T
    return float(truth.masks[:, rows, columns].any(axis=0).mean())
