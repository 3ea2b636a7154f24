"""Labelled pictures: names that lead back to the clip, and the answers that a file gives to one.

A picture is a frame of a clip. Its name is ``CLIP_fFRAME.jpg``: of letters, digits, ``-`` and ``_``
only, because tools rename what they take up (Label Studio), quote it in addresses or put it into
folders. Any other byte of a clip's id is written ``.xx``, hexadecimal.
"""

import hashlib
import os
import re
from dataclasses import dataclass

from annotate.answers import Answer, check_answer, shown
from simbinaural.errors import InputError, require

LABEL = "sound"
"""What a point is called in other tools."""

_LONGEST = 180
_FRAME = re.compile(r"(?P<clip>.+)_f(?P<frame>\d{1,9})")
_ENDING = re.compile(r"\.(jpe?g|png|webp|bmp)$", re.IGNORECASE)
_RENAMED = re.compile(r"^[0-9a-f]{8}-")


@dataclass(frozen=True)
class Picture:
    """A frame of a clip, and what was answered about it.

    Attributes
    ----------
    info : ClipInfo
        The clip.
    frame : int
    answers : tuple of Answer
        One for each annotator; none for a frame that is still to be labelled.
    n_bytes : int
        Size of the file; -1 as long as there is none.
    """

    info: object
    frame: int
    answers: tuple = ()
    n_bytes: int = -1

    @property
    def name(self):
        """Name of the file."""
        return picture_name(self.info.id, self.frame)


@dataclass(frozen=True)
class Part:
    """What one element of a file says of a picture; several can make one answer.

    Attributes
    ----------
    points : tuple of (float, float)
        In pixels.
    kind, annotator, note : str
        Empty where the element does not tell.
    """

    points: tuple = ()
    kind: str = ""
    annotator: str = ""
    note: str = ""


def picture_name(clip, frame):
    """Name the file of a clip's frame; other clips and frames have other names."""
    return f"{_plain(clip)}_f{frame:05d}.jpg"


def _plain(clip):
    """Write a clip's id in letters, digits, - and _; bytes that are none of them as .xx."""
    text = re.sub(rb"[^A-Za-z0-9_-]", lambda found: b".%02x" % ord(found[0]), os.fsencode(clip))
    text = text.decode()
    if len(text) <= _LONGEST:
        return text
    # File systems end at 255 bytes. No escape begins with h, so that no other name looks so.
    return f"{text[:120]}.h{hashlib.sha256(os.fsencode(clip)).hexdigest()[:20]}"


class Places:
    """Finds the clip and frame that a picture's name in a file stands for.

    Parameters
    ----------
    infos : iterable of ClipInfo
        All clips.
    """

    def __init__(self, infos):
        self._infos = {info.id: info for info in infos}
        self._by_name = {_plain(clip): info for clip, info in self._infos.items()}

    def clip(self, clip):
        """Return the `ClipInfo` of an id.

        Raises
        ------
        InputError
            If there is no such clip, or it cannot be shown.
        """
        known = isinstance(clip, str) and clip in self._infos
        require(
            known, f"clip {shown(clip)} must be one of the {len(self._infos)} clips of this data"
        )
        info = self._infos[clip]
        require(not info.problem, info.problem)
        return info

    def find(self, name, size=None):
        """Find a picture.

        Parameters
        ----------
        name : str
            Of the file, folders before it or not; a clip's id alone stands for the frame that is
            annotated.
        size : (float, float), optional
            Width and height of the picture that was labelled.

        Returns
        -------
        (ClipInfo, int)
            The clip and the frame.

        Raises
        ------
        InputError
            If it is of no clip or one that cannot be shown, or had another size.
        """
        place = self._place(_ENDING.sub("", name.replace("\\", "/")))
        require(
            place,
            f"picture {shown(name)} must be named after one of the {len(self._infos)} clips of "
            "this data; label those that annotate export --images writes",
        )
        info = place[0]
        require(not info.problem, info.problem)
        got = " x ".join(f"{side:g}" for side in size or ())
        require(
            size is None or tuple(size) == (info.width, info.height),
            f"picture {shown(name)} must have {info.width} x {info.height} pixels, got {got}; "
            "label those that annotate export --images writes",
        )
        return place

    def _place(self, path):
        """Find a path without its ending, also as an upload to Label Studio renames files."""
        last = path.rpartition("/")[2]
        names = (last, _RENAMED.sub("", last))
        for name in names:
            found = _FRAME.fullmatch(name)
            if found and found["clip"] in self._by_name:
                return self._by_name[found["clip"]], int(found["frame"])
        for info in (
            self._infos.get(path),
            *(known.get(name) for name in names for known in (self._by_name, self._infos)),
        ):
            if info:
                return info, info.frame
        return None


def join_parts(place, parts):
    """Make answers of all that a file says of a picture.

    Parameters
    ----------
    place : (ClipInfo, int)
        Clip and frame.
    parts : sequence of Part
        A part of nobody's belongs to the one annotator who is named, if there is one only: it is a
        point that was added in the other tool.

    Returns
    -------
    list of Answer
        One for each annotator; "" stands for a person whom the file does not name.

    Raises
    ------
    InputError
        If parts of one annotator contradict each other.
    """
    names = dict.fromkeys(part.annotator for part in parts if part.annotator)
    nobody = next(iter(names)) if len(names) == 1 else ""
    groups = {}
    for part in parts:
        groups.setdefault(part.annotator or nobody, []).append(part)
    return [_join(place, annotator, group) for annotator, group in groups.items()]


def _join(place, annotator, parts):
    info, frame = place
    kind = _one(info, "kind", [part.kind for part in parts])
    note = _one(info, "note", [part.note for part in parts])
    points = tuple(point for part in parts for point in part.points)
    return Answer(info.id, annotator, kind or "points", frame, points, note)


def _one(info, name, values):
    told = dict.fromkeys(value for value in values if value)
    require(
        len(told) <= 1,
        f"clip {info.id}: {name} must be one for each annotator, got "
        f"{' and '.join(shown(value) for value in told)}",
    )
    return next(iter(told), "")


def check_answers(answers, places):
    """Raise `InputError`, with the clip in it, unless all answers fit their clips."""
    for answer in answers:
        info = places.clip(answer.clip)
        try:
            check_answer(answer, width=info.width, height=info.height, n_frames=info.n_frames)
        except InputError as error:
            raise InputError(f"clip {info.id}: {error}") from None
