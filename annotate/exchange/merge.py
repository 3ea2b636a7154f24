"""Answers of a file brought into a store, where nothing is overwritten silently."""

import math
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

from annotate.exchange.coco import read_coco
from annotate.exchange.cvat import read_cvat
from annotate.exchange.fields import parse_json
from annotate.exchange.label_studio import read_label_studio
from annotate.exchange.own import FORMAT, read_own
from annotate.exchange.pictures import Places, check_answers
from annotate.exchange.via import read_via, read_via_csv
from annotate.store import Conflict
from simbinaural.errors import InputError, require

READERS = {
    "own": read_own,
    "coco": read_coco,
    "via": read_via,
    "via-csv": read_via_csv,
    "cvat": read_cvat,
    "label-studio": read_label_studio,
}

TOLERANCE = 0.01
"""Pixels by which the same point may differ: CVAT writes two decimals."""


@dataclass
class Merged:
    """What became of the answers of a file, counted by clip and annotator.

    Attributes
    ----------
    n_added, n_same, n_replaced : int
        New here; here already; saved as a new revision beside another answer.
    conflicts : list of (Answer, Answer)
        Current ones here that differ, and those of the file, which were not saved.
    """

    n_added: int = 0
    n_same: int = 0
    n_replaced: int = 0
    conflicts: list = field(default_factory=list)


# --------------------------------------------------------------------------- read


def read_answers(path, infos, *, annotator, file_format=None):
    """Read the answers of a file and check all of them.

    Parameters
    ----------
    path : path-like
        The file.
    infos : iterable of ClipInfo
        The clips.
    annotator : str
        Whose answers those are that the file does not name.
    file_format : str, optional
        One of `annotate.exchange.FORMATS`; by default that of the content.

    Returns
    -------
    list of Answer
        Of own JSON all revisions, the oldest first; else one for each clip and annotator.

    Raises
    ------
    InputError
        If the file is of another format, or damaged, or of other clips, or an answer is none.
    """
    path, places = Path(path), Places(infos)
    try:
        text = _read_text(path)
        answers = READERS[file_format or guess_format(text)](text, places)
        answers = [
            each if each.annotator else replace(each, annotator=annotator) for each in answers
        ]
        check_answers(answers, places)
        _check_order(answers)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return answers


def _read_text(path):
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("must be text in UTF-8; export it again") from None


def guess_format(text):
    """Tell the format of a file by its content.

    Raises
    ------
    InputError
        If it is of none.
    """
    start = text.lstrip()[:40]
    if start.startswith("<"):
        return "cvat"
    if start.removeprefix("#").startswith("filename,"):
        return "via-csv"
    content = parse_json(text)
    if isinstance(content, list):
        return "label-studio"
    known = content if isinstance(content, dict) else {}
    if known.get("format") == FORMAT:
        return "own"
    if "_via_img_metadata" in known or _is_via(known):
        return "via"
    require(
        "images" in known and "annotations" in known,
        "must be a file of a known format, got other JSON; pass --format",
    )
    return "coco"


def _is_via(content):
    """Whether these are annotations that VIA exports as JSON: files by name and size."""
    return bool(content) and all(
        isinstance(each, dict) and "filename" in each and "regions" in each
        for each in content.values()
    )


def _histories(answers):
    """Group by clip and annotator."""
    groups = {}
    for answer in answers:
        groups.setdefault((answer.clip, answer.annotator), []).append(answer)
    return groups


def _check_order(answers):
    """Raise `InputError` unless a clip has one answer of an annotator, or revisions from 1 on."""
    for (clip, annotator), told in _histories(answers).items():
        revisions = [answer.revision for answer in told]
        if not any(revisions):
            frames = " and ".join(str(answer.frame) for answer in told)
            require(
                len(told) == 1,
                f"clip {clip}: must have one answer of {annotator}, got those of frames {frames}; "
                "remove all but one",
            )
        else:
            require(
                revisions == list(range(1, len(told) + 1)),
                f"clip {clip}: revisions of {annotator} must be 1, 2, ..., got {revisions[:9]}",
            )


# --------------------------------------------------------------------------- merge


def merge_answers(store, answers, *, replace_differing=False):
    """Save answers that a store does not have.

    Parameters
    ----------
    store : Store
    answers : list of Answer
        As `read_answers` returns them.
    replace_differing : bool
        Save those that differ from the current ones of the same annotator as new revisions;
        else they are conflicts.

    Returns
    -------
    Merged
    """
    merged = Merged()
    for (clip, annotator), told in _histories(answers).items():
        known = store.history(clip, annotator)
        missing = _missing(known, told)
        differs = missing is None
        if differs and not replace_differing:
            merged.conflicts.append((known[-1], told[-1]))
            continue
        try:
            _save(store, told[-1:] if differs else missing, len(known))
        except Conflict as conflict:  # somebody annotates at this moment
            merged.conflicts.append((conflict.current, told[-1]))
            continue
        merged.n_replaced += differs
        merged.n_same += missing == []
        merged.n_added += bool(missing)
    return merged


def _save(store, answers, base):
    for revision, answer in enumerate(answers, start=base):
        key = uuid.uuid4().hex
        store.save(answer, base_revision=revision, key=key, saved_at=answer.saved_at)


def _missing(known, told):
    """List what is to be saved behind `known`; None where it contradicts it."""
    if not known:
        return told
    if told[0].revision and all(map(_same, known, told)):
        return told[len(known) :]
    return [] if _same(known[-1], told[-1]) else None


def _same(one, other):
    """Whether two answers say the same."""
    about = [(each.kind, each.frame, each.note, len(each.points)) for each in (one, other)]
    return about[0] == about[1] and all(
        math.dist(*points) <= TOLERANCE for points in zip(one.points, other.points, strict=True)
    )
