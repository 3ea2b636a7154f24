"""Our own JSON: every revision of every answer, and the clips that they belong to.

::

    {"format": "simbinaural annotations", "version": 1,
     "clips": [{"id": "000001", "n_frames": 50, "fps": 5.0, "width": 480, "height": 240,
                "frame": 24}],
     "revisions": [{"clip": "000001", "annotator": "ann", "revision": 1, "kind": "points",
                    "frame": 24, "points": [[240.5, 100.0]], "note": "",
                    "saved_at": "2026-01-31T12:00:00Z"}]}

Points are in pixels from the left upper corner. Numbers are written so that they read as the same.
"""

import dataclasses
from datetime import datetime

from annotate.answers import Answer
from annotate.exchange.fields import field, objects, of_kind, parse_json, write_json
from simbinaural.errors import InputError, require

FORMAT = "simbinaural annotations"
VERSION = 1

_CLIP = ("id", "n_frames", "fps", "width", "height", "frame")


def write_own(infos, revisions):
    """Write clips and revisions.

    Parameters
    ----------
    infos : iterable of ClipInfo
    revisions : iterable of Answer
        All of each annotator and clip, the oldest first.

    Returns
    -------
    str
        JSON.
    """
    clips = [{name: getattr(info, name) for name in _CLIP} for info in infos]
    content = {"format": FORMAT, "version": VERSION, "clips": clips}
    content["revisions"] = [dataclasses.asdict(answer) for answer in revisions]
    return write_json(content)


def read_own(text, places):
    """Read what `write_own` wrote.

    Parameters
    ----------
    text : str
    places : Places
        The clips.

    Returns
    -------
    list of Answer
        All revisions, in the order of the file.

    Raises
    ------
    InputError
        If it is another file, of a newer version, a field is missing or of a wrong type, or a clip
        has frames of another size here.
    """
    content = of_kind(parse_json(text), dict, "content")
    require(content.get("format") == FORMAT, f"format must be {FORMAT!r}; pass another --format")
    version = field(content, "version", int, "content")
    require(
        version == VERSION,
        f"version must be {VERSION}, got {version}; install a newer simbinaural",
    )
    sizes = _sizes(content)
    answers = [
        _answer(each, where) for where, each in objects(content.get("revisions"), "revision")
    ]
    for clip in dict.fromkeys(answer.clip for answer in answers):
        info = places.clip(clip)
        width, height = sizes.get(clip, (info.width, info.height))
        require(
            (width, height) == (info.width, info.height),
            f"clip {clip} must have frames of {info.width} x {info.height} pixels as here, got "
            f"{width} x {height}",
        )
    return answers


def _sizes(content):
    """Width and height of each clip."""
    return {
        field(clip, "id", str, where): tuple(
            field(clip, name, int, where) for name in ("width", "height")
        )
        for where, clip in objects(content.get("clips"), "clip")
    }


def _answer(each, where):
    points = [
        tuple(of_kind(value, float, f"{where}: points") for value in of_kind(point, list, where))
        for point in field(each, "points", list, where)
    ]
    return Answer(
        clip=field(each, "clip", str, where),
        annotator=field(each, "annotator", str, where),
        kind=field(each, "kind", str, where),
        frame=field(each, "frame", int, where),
        points=tuple(points),
        note=field(each, "note", str, where, ""),
        revision=field(each, "revision", int, where),
        saved_at=_moment(field(each, "saved_at", str, where, ""), where),
    )


def _moment(text, where):
    """Check a time; an answer without one was never saved."""
    try:
        if text:
            datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{where}: saved_at must be a time in ISO 8601, got {text!r}") from None
    return text
