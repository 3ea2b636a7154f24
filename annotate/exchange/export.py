"""Answers of a store as a file of another tool, with the labelled frames as pictures."""

from dataclasses import dataclass, replace
from pathlib import Path

from annotate.exchange.coco import write_coco
from annotate.exchange.cvat import cvat_labels, write_cvat
from annotate.exchange.label_studio import label_studio_config, write_label_studio
from annotate.exchange.own import write_own
from annotate.exchange.pictures import Picture
from annotate.exchange.via import write_via, write_via_csv
from simbinaural.errors import require
from simbinaural.shards.writer import replacing

WRITERS = {
    "coco": lambda pictures, _: write_coco(pictures),
    "via": lambda pictures, folder: write_via(pictures, f"{folder}/"),
    "via-csv": lambda pictures, _: write_via_csv(pictures),
    "cvat": lambda pictures, _: write_cvat(pictures),
    "label-studio": write_label_studio,
}
"""Of (pictures, folder of the pictures beside the file); own JSON is written of revisions."""

SETUPS = {
    "cvat": ("-labels.json", cvat_labels),
    "label-studio": ("-config.xml", label_studio_config),
}
"""What the other tool must be told first: ending of the file's name, and what writes it."""

_NO_HISTORY = "earlier revisions and times are left out; --format own keeps them"
LOSSES = {
    "own": "",
    "coco": _NO_HISTORY,
    "via": f"{_NO_HISTORY}; holds one annotator and no sizes of pictures",
    "via-csv": f"{_NO_HISTORY}; holds one annotator and no sizes of pictures",
    "cvat": f"{_NO_HISTORY}; control characters in notes become \ufffd",
    "label-studio": f"{_NO_HISTORY}; points are in percent, exact to 1e-12 pixels",
}
"""What a format cannot hold, in a line."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    n_answers, n_pictures : int
    paths : list of pathlib.Path
        The file, then what stands beside it.
    strange : list of str
        Clips with answers that are not here any more, or cannot be shown; only own JSON holds
        those.
    """

    n_answers: int
    n_pictures: int
    paths: list
    strange: list


def export_answers(clips, store, path, *, file_format, annotator=None, everything=False, **options):
    """Write a file of answers.

    Parameters
    ----------
    clips : Clips
        What is annotated.
    store : Store
        The answers.
    path : path-like
        The file; replaced in one step.
    file_format : str
        One of `annotate.exchange.FORMATS`.
    annotator : str, optional
        Only theirs.
    everything : bool
        Clips without an answer, too: to be labelled in the other tool.
    images : bool
        Write the frames as JPEG to the folder ``NAME-images`` beside the file.
    report : callable, optional
        Called with the number of frames to write; returns what is called with 1 after each.

    Returns
    -------
    Exported

    Raises
    ------
    InputError
        If nobody of the name has answered, there is nothing to write, or several have answered and
        the format holds one.
    """
    path = Path(path)
    answers = _select(store, annotator)
    shown = [info for info in clips.infos if not info.problem]
    strange = sorted({answer.clip for answer in answers} - {info.id for info in shown})
    pictures = _pictures(shown, answers, everything=everything)
    require(pictures or (strange and file_format == "own"), f"{store.path}: holds no answers")
    if file_format.startswith("via"):
        _require_one(answers, file_format)
    pictures, written = _write_images(clips, pictures, path, **options)
    text = _own(clips, store, answers) if file_format == "own" else None
    setup = _write_setup(path, file_format)
    _write(path, text or WRITERS[file_format](pictures, _folder(path).name))
    n_answers = len(answers) if text else sum(len(picture.answers) for picture in pictures)
    return Exported(n_answers, len(pictures), [path, *setup, *written], [] if text else strange)


def _select(store, annotator):
    names = store.annotators()
    require(
        annotator is None or annotator in names,
        f"{store.path}: annotator must be one of {', '.join(names) or 'nobody yet'}, "
        f"got {annotator}",
    )
    return store.answers(annotator)


def _require_one(answers, file_format):
    names = sorted({answer.annotator for answer in answers})
    require(
        len(names) <= 1,
        f"format {file_format} holds one answer a picture, got those of {', '.join(names)}; pass "
        "--annotator with one of them",
    )


def _pictures(infos, answers, *, everything):
    """Group answers by clip and frame, in the order of the clips."""
    groups = {info.id: {} for info in infos}
    for answer in answers:
        if answer.clip in groups:
            groups[answer.clip].setdefault(answer.frame, []).append(answer)
    pictures = []
    for info in infos:
        frames = groups[info.id]
        if everything and not frames:
            frames = {info.frame: []}
        pictures += [Picture(info, frame, tuple(frames[frame])) for frame in sorted(frames)]
    return pictures


def _folder(path):
    return path.with_name(f"{path.stem}-images")


def _write_images(clips, pictures, path, *, images=False, report=None):
    """Write the frames; return the pictures, which know their size now, and the folder."""
    if not images:
        return pictures, []
    folder, written = _folder(path), []
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {info.id: number for number, info in enumerate(clips.infos)}
    advance = report(len(pictures)) if report else lambda _: None
    for picture in pictures:
        jpeg = clips.frame_jpeg(numbers[picture.info.id], picture.frame)
        (folder / picture.name).write_bytes(jpeg)
        written.append(replace(picture, n_bytes=len(jpeg)))
        advance(1)
    return written, [folder]


def _own(clips, store, answers):
    named = {answer.clip for answer in answers}
    revisions = [
        revision for answer in answers for revision in store.history(answer.clip, answer.annotator)
    ]
    return write_own([info for info in clips.infos if info.id in named], revisions)


def _write_setup(path, file_format):
    if file_format not in SETUPS:
        return []
    ending, write = SETUPS[file_format]
    setup = path.with_name(f"{path.stem}{ending}")
    _write(setup, write())
    return [setup]


def _write(path, text):
    with replacing(path) as temporary:
        # As bytes: line's ends stay what they are.
        temporary.write_bytes(text.encode())
