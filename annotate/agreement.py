"""Agreement of annotators: how far apart their points are, how alike their maps, their answers.

Two annotators are compared on the clips that both answered for the same frame. Points and maps are
compared where both have points; whether they agree that there is something to point at is what
the kinds tell. An answer with points counts as ``points`` there, even an unsure one.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from annotate.maps import SIGMA, point_map, require_blur, scaled_sigma
from simbinaural.errors import require
from simbinaural.metrics.saliency import cc, sim

PENALTY = 0.1
"""Share of the width that a point without a partner costs."""


@dataclass(frozen=True)
class Estimate:
    """A mean, and how well it is known.

    Attributes
    ----------
    mean, standard_error : float
        NaN of nothing; a single value has no standard error.
    n : int
        Values that were known.
    """

    mean: float
    standard_error: float
    n: int

    @classmethod
    def of(cls, values):
        """Estimate from values (n,), of which NaN is not counted."""
        values = np.asarray(list(values), dtype=float)
        values = values[~np.isnan(values)]
        error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
        return cls(float(values.mean()) if values.size else np.nan, float(error), values.size)


@dataclass(frozen=True)
class Matching:
    """Points of two annotators, paired.

    Attributes
    ----------
    pairs : (pairs, 2) numpy.ndarray of int
        Which point of the first belongs to which of the second.
    distances : (pairs,) numpy.ndarray
        How far they are apart, pixels.
    n_unmatched : int
        Points of both that have no partner.
    mean : float
        Mean over pairs and points without partner, these at the penalty, pixels; NaN where
        neither has points.
    """

    pairs: np.ndarray
    distances: np.ndarray
    n_unmatched: int
    mean: float


@dataclass(frozen=True)
class ClipAgreement:
    """Two answers for a clip.

    Attributes
    ----------
    clip : str
    kinds : (str, str)
        What the two answered.
    distance_px, distance : float
        Mean of `Matching`, pixels and share of the width; this and what follows is NaN unless both
        have points.
    n_matched, n_unmatched : int
        Pairs, and points without partner.
    cc, sim : float
        Of their maps.
    """

    clip: str
    kinds: tuple
    distance_px: float
    distance: float
    n_matched: int
    n_unmatched: int
    cc: float
    sim: float


@dataclass(frozen=True)
class PairAgreement:
    """Two annotators.

    Attributes
    ----------
    first, second : str
        Names.
    same_kind : Estimate
        Share of the clips for which they answered the same.
    kappa : float
        The same by Cohen's kappa: 1 all, 0 as many as by chance; NaN if both always gave the same
        one answer, or no clip is shared.
    distance_px, distance, cc, sim : Estimate
        Over the clips in which both have points.
    clips : tuple of ClipAgreement
        Each clip that both answered.
    n_other_frame : int
        Clips left out, since the answers are for different frames.
    """

    first: str
    second: str
    same_kind: Estimate
    kappa: float
    distance_px: Estimate
    distance: Estimate
    cc: Estimate
    sim: Estimate
    clips: tuple
    n_other_frame: int


def match_points(first, second, *, penalty):
    """Pair the points of two annotators so that the sum of distances is least.

    Parameters
    ----------
    first, second : (points, 2) array_like
        x and y, pixels.
    penalty : float
        Pixels that a point without a partner costs. Points further apart than that are no pair,
        and the two of them cost it once.

    Returns
    -------
    Matching

    Notes
    -----
    OSPA distance of order 1 with cut-off c = penalty, between m <= n points:
    ``(sum of min(d, c) over the best assignment + c (n - m)) / n``: from 0 to c, and a metric
    (Schuhmacher, Vo and Vo, IEEE Trans. Signal Processing 56, 2008). Assignment by scipy.
    """
    first, second = (np.asarray(each, dtype=float).reshape(-1, 2) for each in (first, second))
    require(penalty > 0, f"penalty must be above 0, got {penalty:g}")
    away = cdist(first, second)
    rows, columns = linear_sum_assignment(np.minimum(away, penalty))
    near = away[rows, columns] < penalty
    pairs = np.stack([rows, columns], axis=1)[near]
    distances = away[rows, columns][near]
    count = max(len(first), len(second))
    cost = distances.sum() + penalty * (count - len(pairs))
    n_unmatched = len(first) + len(second) - 2 * len(pairs)
    return Matching(pairs, distances, n_unmatched, float(cost / count) if count else np.nan)


def compare_answers(info, first, second, *, sigma=SIGMA, mode="sum", penalty=PENALTY):
    """Compare two answers for a clip and one frame.

    Parameters
    ----------
    info : ClipInfo
        The clip.
    first, second : Answer
        Of two annotators.
    sigma : float
        Of the maps, pixels of a frame 320 wide.
    mode : str
        Of the maps.
    penalty : float
        Share of the width that a point without a partner costs.

    Returns
    -------
    ClipAgreement
        Swapped annotators change nothing but the order of kinds.
    """
    kinds = (first.kind, second.kind)
    if not (first.points and second.points):
        return ClipAgreement(info.id, kinds, np.nan, np.nan, 0, 0, np.nan, np.nan)
    found = match_points(first.points, second.points, penalty=penalty * info.width)
    size, sigma_px = (info.width, info.height), scaled_sigma(sigma, info.width)
    maps = [point_map(each.points, size, sigma=sigma_px, mode=mode) for each in (first, second)]
    return ClipAgreement(
        info.id,
        kinds,
        found.mean,
        found.mean / info.width,
        len(found.pairs),
        found.n_unmatched,
        cc(*maps),
        sim(*maps),
    )


def measure_agreement(infos, answers, *, sigma=SIGMA, mode="sum", penalty=PENALTY):
    """Compare every two annotators who share a clip.

    Parameters
    ----------
    infos : iterable of ClipInfo
        The clips.
    answers : iterable of Answer
        Current ones; those for clips that are not among `infos` or cannot be read do not count.
    sigma, mode, penalty
        As of `compare_answers`.

    Returns
    -------
    tuple of PairAgreement
        Ordered by the names.

    Raises
    ------
    InputError
        If no clip was answered by two annotators.
    """
    require_blur(sigma, mode)
    require(penalty > 0, f"penalty must be above 0, got {penalty:g}")
    infos = {info.id: info for info in infos if not info.problem}
    by_annotator = {}
    for answer in answers:
        if answer.clip in infos:
            by_annotator.setdefault(answer.annotator, {})[answer.clip] = answer
    pairs = [
        _pair_agreement(infos, *pair, sigma=sigma, mode=mode, penalty=penalty)
        for pair in combinations(sorted(by_annotator.items()), 2)
        if pair[0][1].keys() & pair[1][1].keys()
    ]
    names = ", ".join(sorted(by_annotator)) or "nobody"
    rule = "agreement needs clips that two annotators have answered"
    require(pairs, f"{rule}, got answers of {names}; annotate points --double makes them")
    return tuple(pairs)


def seen_kind(answer):
    """What an answer says, whether its annotator is sure or not."""
    return "points" if answer.points else answer.kind


def cohen_kappa(pairs):
    """Agreement beyond chance.

    Parameters
    ----------
    pairs : sequence of (str, str)
        What two annotators called each thing.

    Returns
    -------
    float
        At most 1; 0 by chance; NaN where chance would make them agree always, or of nothing.

    Notes
    -----
    ``(p - e) / (1 - e)`` with the share p of equal answers, and e that of independent annotators
    who use each answer as often as these do (Cohen, 1960).
    """
    if not pairs:
        return np.nan
    first, second = (Counter(each) for each in zip(*pairs, strict=True))
    total = len(pairs)
    by_chance = sum(first[kind] * second[kind] for kind in first) / total**2
    share = sum(a == b for a, b in pairs) / total
    return float((share - by_chance) / (1 - by_chance)) if by_chance < 1 else np.nan


def _pair_agreement(infos, first, second, **options):
    """Compare two annotators, each a name and answers by their clips."""
    (first_name, first), (second_name, second) = first, second
    shared = [clip for clip in infos if clip in first and clip in second]
    both = [
        (first[clip], second[clip]) for clip in shared if first[clip].frame == second[clip].frame
    ]
    clips = [compare_answers(infos[pair[0].clip], *pair, **options) for pair in both]
    kinds = [tuple(map(seen_kind, pair)) for pair in both]
    return PairAgreement(
        first_name,
        second_name,
        same_kind=Estimate.of(one == other for one, other in kinds),
        kappa=cohen_kappa(kinds),
        distance_px=Estimate.of(each.distance_px for each in clips),
        distance=Estimate.of(each.distance for each in clips),
        cc=Estimate.of(each.cc for each in clips),
        sim=Estimate.of(each.sim for each in clips),
        clips=tuple(clips),
        n_other_frame=len(shared) - len(both),
    )
