"""Splits: which clips train a network, and which test what it has learned.

``scene``
    No home stands in two parts (paper 002's *scene-split*).
``position``
    Rooms may be shared, but no triple of room, source cell and receiver cell stands in two parts
    (its *position-split*); clips that share a triple go together.
``random``
    Each clip for itself.
"""

from collections import defaultdict

import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.shards import PARTS


def split_clips(clips, *, by, fractions, seed, cell_m=1.0):
    """Divide clips into train, validation and test parts.

    Parameters
    ----------
    clips : iterable of Clip
        All clips of the data set.
    by : str
        ``scene``, ``position`` or ``random``.
    fractions : (3,) sequence of float
        Wanted shares of train, val and test; their sum is taken as the whole.
    seed : int
        Source of chance.
    cell_m : float
        Edge of the cubes in which positions count as the same.

    Returns
    -------
    dict
        ``kind``, ``seed``, ``fractions``, ``train``, ``val``, ``test`` (sorted clip ids), and for
        positions ``cell_m``.

    Raises
    ------
    InputError
        If a part that should not be empty is, or a clip lacks what the split needs.

    Notes
    -----
    Clips that must stay together form a group. Groups are shuffled, and each goes to the part that
    lacks most, larger groups first, so that the shares are met as well as whole groups allow.
    """
    _check_fractions(fractions)
    require(cell_m > 0, f"cell_m must be positive, got {cell_m:g}")
    groups = _groups(clips, by, cell_m)
    require(groups, "a data set must hold clips to be split, got none")
    parts = _deal(groups, np.asarray(fractions, dtype=float), np.random.default_rng(seed))
    for part, fraction in zip(PARTS, fractions, strict=True):
        if fraction > 0 and not parts[part]:
            raise InputError(
                f"part {part} would be empty: the data set has {len(groups)} independent "
                f"group(s) by {by}; render more, or set its fraction to 0"
            )
    split = {"kind": by, "seed": seed, "fractions": list(fractions), **parts}
    return {**split, "cell_m": cell_m} if by == "position" else split


def _check_fractions(fractions):
    require(
        len(fractions) == len(PARTS) and min(fractions) >= 0 and sum(fractions) > 0,
        f"fractions must be {len(PARTS)} numbers of at least 0 for {', '.join(PARTS)}, "
        f"got {', '.join(f'{fraction:g}' for fraction in fractions)}",
    )


def _groups(clips, by, cell_m):
    """Gather clip ids that must stay together, in a reproducible order."""
    if by == "random":
        return [[clip.id] for clip in clips]
    if by == "scene":
        homes = defaultdict(list)
        for clip in clips:
            homes[clip.attributes["scene"]].append(clip.id)
        return list(homes.values())
    if by == "position":
        return _linked({clip.id: position_triples(clip, cell_m) for clip in clips})
    raise InputError(f"by must be scene, position or random, got {by}")


def position_triples(clip, cell_m):
    """All triples of room, source cell and receiver cell that occur in a clip.

    Parameters
    ----------
    clip : Clip
        With `camera` and `source_position`.
    cell_m : float
        Edge of a cell.

    Returns
    -------
    set of tuple
        Home and room; cells as tuples of three integers.
    """
    if "camera" not in clip or "source_position" not in clip:
        raise InputError(
            f"clip {clip.id} has no positions; split by scene or random, "
            "or use a data set of simbinaural render"
        )
    room = (clip.attributes["scene"], clip.attributes.get("room"))
    sources = np.floor(clip["source_position"] / cell_m).astype(int)
    receivers = np.unique(np.floor(clip["camera"][:, :3] / cell_m).astype(int), axis=0)
    return {
        (room, tuple(source.tolist()), tuple(receiver.tolist()))
        for source in sources
        for receiver in receivers
    }


def _linked(triples):
    """Join clips that share a triple, directly or through others (union-find)."""
    root = {clip_id: clip_id for clip_id in triples}

    def find(clip_id):
        while root[clip_id] != clip_id:
            root[clip_id] = root[root[clip_id]]
            clip_id = root[clip_id]
        return clip_id

    first = {}
    for clip_id, there in triples.items():
        for triple in there:
            root[find(clip_id)] = find(first.setdefault(triple, clip_id))
    groups = defaultdict(list)
    for clip_id in triples:
        groups[find(clip_id)].append(clip_id)
    return sorted(groups.values())


def _deal(groups, fractions, rng):
    """Give each group to the part that lacks most of its share."""
    order = rng.permutation(len(groups))
    order = sorted(order, key=lambda index: -len(groups[index]))  # stable: ties stay shuffled
    wanted = fractions / fractions.sum() * sum(map(len, groups))
    dealt = [[] for _ in PARTS]
    for index in order:
        lack = [want - sum(map(len, part)) for want, part in zip(wanted, dealt, strict=True)]
        dealt[int(np.argmax(lack))].append(groups[index])
    _fill_empty(dealt, fractions)
    return {name: sorted(sum(part, [])) for name, part in zip(PARTS, dealt, strict=True)}


def _fill_empty(dealt, fractions):
    """Give a part that stayed empty the smallest group of the part with most groups."""
    for part, fraction in zip(dealt, fractions, strict=True):
        donor = max(dealt, key=len)
        if fraction > 0 and not part and len(donor) > 1:
            part.append(donor.pop())  # groups were dealt from the largest to the smallest
