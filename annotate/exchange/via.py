"""VIA 2 (VGG Image Annotator): project JSON, and the CSV of its annotations.

A point is a region ``{"name": "point", "cx": x, "cy": y}`` in pixels from the left upper corner.
The kind, the note and the annotator are attributes of the file, so that a file of VIA holds the
answers of one annotator: one answer a picture.
"""

import csv
import io

from annotate.answers import KINDS
from annotate.exchange.fields import field, objects, of_kind, parse_json, write_json
from annotate.exchange.pictures import Part, join_parts
from simbinaural.errors import InputError, require

_COLUMNS = (
    "filename",
    "file_size",
    "file_attributes",
    "region_count",
    "region_id",
    "region_shape_attributes",
    "region_attributes",
)

_TEXT = {"type": "text", "description": "", "default_value": ""}
_ATTRIBUTES = {
    "kind": {
        "type": "dropdown",
        "description": "What is answered",
        "options": {kind: kind for kind in KINDS},
        "default_options": {},
    },
    "note": _TEXT,
    "annotator": _TEXT,
}

# --------------------------------------------------------------------------- project


def write_via(pictures, folder=""):
    """Write a project.

    Parameters
    ----------
    pictures : iterable of Picture
        With one answer each, or none.
    folder : str
        Where VIA looks for the pictures, relative to its page.

    Returns
    -------
    str
        JSON, to be opened by *Project > Load*.
    """
    files = {f"{picture.name}{picture.n_bytes}": _file(picture) for picture in pictures}
    content = {
        "_via_settings": {
            "ui": {},
            "core": {"buffer_size": 18, "filepath": {}, "default_filepath": folder},
            "project": {"name": "simbinaural"},
        },
        "_via_img_metadata": files,
        "_via_attributes": {"region": {}, "file": _ATTRIBUTES},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(files),
    }
    return write_json(content)


def _file(picture):
    return {
        "filename": picture.name,
        "size": picture.n_bytes,
        "regions": [
            {"shape_attributes": {"name": "point", "cx": x, "cy": y}, "region_attributes": {}}
            for answer in picture.answers
            for x, y in answer.points
        ],
        "file_attributes": {
            name: getattr(answer, name)
            for answer in picture.answers
            for name in ("kind", "note", "annotator")
        },
    }


def read_via(text, places):
    """Read a project, or the annotations that VIA exports as JSON.

    Parameters
    ----------
    text : str
    places : Places
        The clips.

    Returns
    -------
    list of Answer
        Of the pictures that have a point or a kind; the annotator is "" where the file names none.

    Raises
    ------
    InputError
        If a field is missing or of a wrong type, a region is no point, or a picture is of no clip.
    """
    content = of_kind(parse_json(text), dict, "content")
    files = field(content, "_via_img_metadata", dict, "content", content)
    answers = []
    for each in files.values():
        of_kind(each, dict, "file")
        name = field(each, "filename", str, "file")
        shapes = [
            field(region, "shape_attributes", dict, where)
            for where, region in _regions(each.get("regions"), name)
        ]
        told = field(each, "file_attributes", dict, name, {})
        answers += _answers(places.find(name), shapes, told, where=name)
    return answers


def _regions(regions, name):
    """List regions, which VIA 1 held in an object by number."""
    if isinstance(regions, dict):
        regions = list(regions.values())
    return objects([] if regions is None else regions, f"{name}: region")


def _answers(place, shapes, told, *, where):
    points = tuple(_point(shape, where) for shape in shapes)
    texts = {name: field(told, name, str, where, "") for name in ("kind", "note", "annotator")}
    part = Part(points=points, **texts)
    # An annotator's name alone, or a note, is no answer.
    return join_parts(place, [part]) if points or part.kind else []


def _point(shape, where):
    name = field(shape, "name", str, f"{where}: shape")
    require(name == "point", f"{where}: shape must be a point, got {name}; label with points")
    return tuple(field(shape, axis, float, f"{where}: point") for axis in ("cx", "cy"))


# --------------------------------------------------------------------------- CSV


def write_via_csv(pictures):
    """Write pictures with one answer each, or none, as VIA exports annotations: a line a region."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for picture in pictures:
        file = _file(picture)
        about = (file["filename"], file["size"], write_json(file["file_attributes"], indent=None))
        regions = file["regions"]
        for number, region in enumerate(regions):
            cells = [write_json(each, indent=None) for each in region.values()]
            rows.writerow((*about, len(regions), number, *cells))
        if not regions:
            rows.writerow((*about, 0, 0, "{}", "{}"))
    return lines.getvalue()


def read_via_csv(text, places):
    """Read the CSV of VIA's annotations; arguments, result and errors as of `read_via`."""
    files = {}
    for where, row in _rows(text):
        name = row["filename"]
        told = of_kind(parse_json(row["file_attributes"] or "{}"), dict, f"{where}: attributes")
        shape = of_kind(parse_json(row["region_shape_attributes"] or "{}"), dict, f"{where}: shape")
        shapes = files.setdefault(name, (told, []))[1]
        shapes += [shape] if shape else []
    answers = []
    for name, (told, shapes) in files.items():
        answers += _answers(places.find(name), shapes, told, where=name)
    return answers


def _rows(text):
    """Yield (where it is, row by column) of each line."""
    # VIA 1 began the line of names with #.
    rows = csv.reader(io.StringIO(text.removeprefix("#"), newline=""), strict=True)
    try:
        names = next(rows, [])
        missing = [name for name in _COLUMNS if name not in names]
        require(not missing, f"first line must have the columns of VIA, got none named {missing}")
        for row in rows:
            if not row:
                continue
            where = f"line {rows.line_num}"
            require(len(row) == len(names), f"{where} must have {len(names)} cells, got {len(row)}")
            yield where, dict(zip(names, row, strict=True))
    except csv.Error as error:
        raise InputError(f"line {rows.line_num} must be CSV, got a fault: {error}") from None
