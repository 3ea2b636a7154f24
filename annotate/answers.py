"""What an annotator says of a clip: points, or why there are none."""

from dataclasses import dataclass
from numbers import Real

from simbinaural.errors import require

KINDS = ("points", "nothing", "left", "right", "behind", "unsure")
"""What can be answered.

``points``: the sound comes from there, one point or more; ``nothing``: nothing that can be seen
sounds; ``left``, ``right``, ``behind``: it comes from off the screen; ``unsure``: with or without
points.
"""

MAX_POINTS = 1000

MAX_NOTE = 2000

MAX_NAME = 100


@dataclass(frozen=True)
class Answer:
    """What an annotator says of a clip.

    Attributes
    ----------
    clip : str
        Clip id, or a video's name in its folder without the ending.
    annotator : str
        Name.
    kind : str
        One of `KINDS`.
    frame : int
        Number of the frame that the points belong to.
    points : tuple of (float, float)
        x, y in pixels of that frame, from its left upper corner: the center of pixel i is at
        i + 0.5, so that 0 <= x <= width and 0 <= y <= height.
    note : str
    revision : int
        1, 2, ...; 0 as long as it is not saved.
    saved_at : str
        UTC, ISO 8601.
    """

    clip: str
    annotator: str
    kind: str
    frame: int
    points: tuple = ()
    note: str = ""
    revision: int = 0
    saved_at: str = ""


def check_answer(answer, *, width, height, n_frames):
    """Raise `InputError` unless an answer fits its clip.

    Parameters
    ----------
    answer : Answer
        Of any types: what came from outside is judged here.
    width, height : int
        Pixels of the clip's frames.
    n_frames : int
        Frames of the clip.

    Raises
    ------
    InputError
        If the kind is unknown, points stand beside a kind that has none or are missing, a point is
        not two numbers inside the frame, the frame is none of the clip's, there are more than
        `MAX_POINTS` points, or the note is no text or longer than `MAX_NOTE` characters.
    """
    check_annotator(answer.annotator)
    require(
        isinstance(answer.kind, str) and answer.kind in KINDS,
        f"kind must be one of {', '.join(KINDS)}, got {shown(answer.kind)}",
    )
    require(
        _is_whole(answer.frame) and 0 <= answer.frame < n_frames,
        f"frame must be a whole number from 0 to {n_frames - 1}, got {shown(answer.frame)}",
    )
    _check_points(answer, width, height)
    _check_text("note", answer.note, MAX_NOTE)


def check_annotator(name):
    """Raise `InputError` unless `name` is printable text, not empty, without spaces around."""
    _check_text("annotator", name, MAX_NAME)
    require(
        name.isprintable() and name.strip() == name != "",
        f"annotator must be a name without control characters or spaces around, got {shown(name)}",
    )


def shown(value):
    """Show a value in a message: 40 characters at most, whatever it is."""
    try:
        text = ascii(value)
    except ValueError:  # an integer of more than 4,300 digits
        return "a huge number"
    return text if len(text) <= 40 else f"{text[:40]}..."


def _check_points(answer, width, height):
    points = answer.points
    require(
        isinstance(points, (list, tuple)), f"points must be a list of x, y, got {shown(points)}"
    )
    require(
        len(points) <= MAX_POINTS, f"points must number at most {MAX_POINTS}, got {len(points)}"
    )
    for point in points:
        require(
            isinstance(point, (list, tuple)) and len(point) == 2,
            f"points must be pairs x, y, got {shown(point)}",
        )
        for name, value, limit in zip("xy", point, (width, height), strict=True):
            # NaN and the infinities fail the comparison, and numbers too long for a float, too.
            inside = isinstance(value, Real) and not isinstance(value, bool) and 0 <= value <= limit
            require(inside, f"{name} must be a number from 0 to {limit}, got {shown(value)}")
    require(
        points or answer.kind != "points",
        "points must not be empty where the kind is points; answer nothing where nothing sounds",
    )
    require(
        not points or answer.kind in ("points", "unsure"),
        f"points must be empty where the kind is {answer.kind}, got {len(points)}",
    )


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _check_text(name, text, limit):
    require(isinstance(text, str), f"{name} must be text, got {shown(text)}")
    require(len(text) <= limit, f"{name} must be at most {limit} characters long, got {len(text)}")
    # Half a pair of UTF-16 is JSON, but no text that can be stored.
    whole = not any("\ud800" <= character <= "\udfff" for character in text)
    require(whole, f"{name} must be whole Unicode text, got half a surrogate pair")
