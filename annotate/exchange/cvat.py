"""CVAT for images 1.1, XML: points, and a tag for each answer.

Points are ``points="x,y;x,y"`` in pixels from the left upper corner. The kind and the note are
attributes of the tag `TAG`; the annotator is one of both, so that a file holds any number of them.
CVAT takes up a file only into a task that has these labels: `cvat_labels` writes them for the
*Raw* tab of its label constructor.

XML has no control characters but tab and line's ends: in notes they become U+FFFD.
"""

import re
import xml.etree.ElementTree as ET

from annotate.answers import KINDS
from annotate.exchange.fields import read_number, write_json
from annotate.exchange.pictures import LABEL, Part, join_parts
from simbinaural.errors import InputError, require

TAG = "answer"

_SHAPES = ("box", "polygon", "polyline", "ellipse", "cuboid", "mask", "skeleton")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_TEXT = {"mutable": False, "input_type": "text", "default_value": "", "values": [""]}
_KIND = {
    "name": "kind",
    "mutable": False,
    "input_type": "select",
    "default_value": KINDS[0],
    "values": list(KINDS),
}
_LABELS = [
    {"name": LABEL, "type": "points", "attributes": [{"name": "annotator", **_TEXT}]},
    {
        "name": TAG,
        "type": "tag",
        "attributes": [_KIND, {"name": "note", **_TEXT}, {"name": "annotator", **_TEXT}],
    },
]


def cvat_labels():
    """Write the labels that a task must have, as JSON for CVAT's constructor."""
    return write_json(_LABELS)


def write_cvat(pictures):
    """Write pictures and answers, (…) Picture, as XML."""
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    _write_task(ET.SubElement(root, "meta"), len(pictures))
    for number, picture in enumerate(pictures):
        size = {"width": str(picture.info.width), "height": str(picture.info.height)}
        image = ET.SubElement(root, "image", {"id": str(number), "name": picture.name, **size})
        for answer in picture.answers:
            _write_answer(image, answer)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    # Bare, every reader of XML would take it for the end of a line.
    text = text.replace("\r", "&#13;")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _write_task(meta, n_pictures):
    task = ET.SubElement(meta, "task")
    for name, text in (("name", "simbinaural"), ("size", str(n_pictures)), ("mode", "annotation")):
        ET.SubElement(task, name).text = text
    labels = ET.SubElement(task, "labels")
    for each in _LABELS:
        label = ET.SubElement(labels, "label")
        ET.SubElement(label, "name").text = each["name"]
        ET.SubElement(label, "type").text = each["type"]
        attributes = ET.SubElement(label, "attributes")
        for one in each["attributes"]:
            attribute = ET.SubElement(attributes, "attribute")
            for name, value in {**one, "values": "\n".join(one["values"])}.items():
                ET.SubElement(attribute, name).text = str(value)


def _write_answer(image, answer):
    tag = ET.SubElement(image, "tag", {"label": TAG, "source": "manual"})
    for name in ("kind", "note", "annotator"):
        _write_attribute(tag, name, getattr(answer, name))
    if answer.points:
        points = ";".join(f"{float(x)!r},{float(y)!r}" for x, y in answer.points)
        about = {"label": LABEL, "source": "manual", "occluded": "0", "points": points}
        shape = ET.SubElement(image, "points", {**about, "z_order": "0"})
        _write_attribute(shape, "annotator", answer.annotator)


def _write_attribute(element, name, text):
    ET.SubElement(element, "attribute", {"name": name}).text = _NO_XML.sub("\ufffd", text)


def read_cvat(text, places):
    """Read XML of CVAT for images.

    Parameters
    ----------
    text : str
    places : Places
        The clips.

    Returns
    -------
    list of Answer
        Of all points, whatever their label; the annotator is "" where the file names none. A tag
        that bears the name of a kind stands for it.

    Raises
    ------
    InputError
        If it is no such XML, a shape is no point, or a picture is of no clip.
    """
    root = _parse(text)
    tracks = root.find("track")
    require(tracks is None, "must be CVAT for images, got CVAT for video; export it as the former")
    answers = []
    for image in root.iter("image"):
        name = image.get("name", "")
        where = f"image {name}"
        size = [image.get(side) for side in ("width", "height")]
        size = None if None in size else [read_number(each, where) for each in size]
        place = places.find(name, size)
        parts = [part for part in (_part(each, where) for each in image) if part]
        answers += join_parts(place, parts)
    return answers


def _parse(text):
    # Entities can make gigabytes of a short file, and CVAT writes none.
    require("<!DOCTYPE" not in text, "must be XML of CVAT, which has no <!DOCTYPE")
    try:
        # Bytes, since ElementTree refuses text that names its encoding.
        root = ET.fromstring(text.encode())
    except (ET.ParseError, UnicodeError, LookupError, ValueError) as error:
        raise InputError(f"must be XML, got a fault: {error}; export it again") from None
    require(root.tag == "annotations", f"must be XML of CVAT (<annotations>), got <{root.tag}>")
    return root


def _part(element, where):
    """Read a shape or tag; None for what says nothing of sound."""
    label = element.get("label", "")
    require(
        element.tag not in _SHAPES,
        f"{where} must have points only, got a {element.tag}; label with points",
    )
    told = {each.get("name"): each.text or "" for each in element.iter("attribute")}
    known = {name: told.get(name, "") for name in ("kind", "note", "annotator")}
    if element.tag == "points":
        pairs = element.get("points", "").split(";")
        return Part(points=tuple(_point(pair, where) for pair in pairs), **known)
    if element.tag == "tag" and label in (TAG, *KINDS):
        return Part(**{**known, "kind": known["kind"] or label})
    return None


def _point(pair, where):
    numbers = pair.split(",")
    require(len(numbers) == 2, f"{where}: points must be x,y with ; between, got {pair!r:.40}")
    return tuple(read_number(number, f"{where}: points") for number in numbers)
