"""Which clip comes next, and what is left.

The rule: every clip is annotated once, by whoever comes first; a share of the clips (``--double``)
by everybody, blind, so that annotators can be compared. Which ones depends on the clip's id alone,
so that all annotators, servers and later runs agree, and a larger share holds a smaller one.
In the order of the clips, a clip is

- ``problem`` if it cannot be shown,
- ``done`` or ``unsure`` if this annotator has answered so,
- ``done``, too, if it is not one of the share and somebody else has answered it, unsure or not,
- ``todo`` otherwise.

Somebody who wants to may answer any clip, whatever stands here.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from simbinaural.errors import require

STATUSES = ("todo", "done", "unsure", "problem")


@dataclass(frozen=True)
class Entry:
    """A clip in an annotator's queue.

    Attributes
    ----------
    number : int
        Of the clip.
    status : str
        One of `STATUSES`.
    kind : str or None
        Kind of this annotator's answer.
    revision : int
        Of this annotator's answer; 0 without one.
    others : int
        How many others have answered; 0 where that must not be known.
    """

    number: int
    status: str
    kind: str | None = None
    revision: int = 0
    others: int = 0


def check_share(double):
    """Raise `InputError` unless `double` is a share from 0 to 1."""
    require(0 <= double <= 1, f"double must be a share from 0 to 1, got {double}")


def is_double(clip_id, double):
    """Whether everybody annotates a clip, if a share `double` of all clips is to be so."""
    drawn = int.from_bytes(hashlib.sha256(clip_id.encode()).digest()[:8], "big")
    return drawn < double * 2**64


def list_entries(infos, kinds, annotator, *, double=0.0, problems=()):
    """List an annotator's queue.

    Parameters
    ----------
    infos : sequence of ClipInfo
        All clips.
    kinds : iterable of (clip, annotator, kind, revision)
        Current answers of everybody, as `Store.kinds` gives them.
    annotator : str
        Whose queue.
    double : float
        Share of the clips that everybody annotates.
    problems : container of int
        Numbers of clips that turned out to be damaged.

    Returns
    -------
    list of Entry
        One for each clip, in their order.
    """
    mine, others = {}, defaultdict(int)
    for clip, name, kind, revision in kinds:
        if name == annotator:
            mine[clip] = kind, revision
        else:
            others[clip] += 1
    return [
        _entry(
            number,
            mine.get(info.id),
            0 if is_double(info.id, double) else others[info.id],
            problem=bool(info.problem) or number in problems,
        )
        for number, info in enumerate(infos)
    ]


def _entry(number, mine, others, *, problem):
    kind, revision = mine or (None, 0)
    if problem:
        status = "problem"
    elif kind:
        status = "unsure" if kind == "unsure" else "done"
    else:
        status = "done" if others else "todo"
    return Entry(number, status, kind, revision, others)


def count_entries(entries):
    """Count a queue: ``all``, and of these ``done``, ``left``, ``unsure`` and ``problem``."""
    counts = dict.fromkeys(STATUSES, 0)
    for entry in entries:
        counts[entry.status] += 1
    left = counts.pop("todo")
    return {"all": len(entries), "left": left, **counts}


def next_todo(entries, after=-1):
    """Return the number of the next clip to do after a number, from the front again at the end.

    None if nothing is left; `after` itself if nothing else is.
    """
    todo = [entry.number for entry in entries if entry.status == "todo"]
    return next((number for number in todo if number > after), todo[0] if todo else None)
