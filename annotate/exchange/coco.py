"""COCO keypoints: an annotation with one keypoint for each point.

Coordinates are pixels from the left upper corner, fractions allowed (0.5 is the center of the first
pixel), as boxes are in COCO and as CVAT and Label Studio write them. The kind, the note and the
annotator stand in ``attributes``, as in CVAT's COCO files; an answer without points is an
annotation whose one keypoint is not labelled (v = 0).

Boxes are not read. They are written, since loaders of COCO drop what has no area: squares of
`BOX` of the width around the point, cut at the borders.
"""

from annotate.exchange.fields import field, objects, of_kind, parse_json, write_json
from annotate.exchange.pictures import LABEL, Part, join_parts
from simbinaural.errors import require

BOX = 0.05
VISIBLE = 2

_CATEGORY = {"id": 1, "name": LABEL, "supercategory": "", "keypoints": ["source"], "skeleton": []}


def write_coco(pictures):
    """Write pictures and answers, (…) Picture, as COCO JSON."""
    images, annotations = [], []
    for number, picture in enumerate(pictures, start=1):
        size = {"width": picture.info.width, "height": picture.info.height}
        images.append({"id": number, "file_name": picture.name, **size})
        for answer in picture.answers:
            for point in answer.points or (None,):
                one = _annotation(point, answer, picture.info)
                annotations.append({"id": len(annotations) + 1, "image_id": number, **one})
    content = {
        "info": {"description": "simbinaural annotations"},
        "licenses": [],
        "images": images,
        "categories": [_CATEGORY],
        "annotations": annotations,
    }
    return write_json(content)


def _annotation(point, answer, info):
    attributes = {"kind": answer.kind, "annotator": answer.annotator, "note": answer.note}
    x, y, width, height = _box(point, info) if point else (0, 0, 0, 0)
    return {
        "category_id": 1,
        "iscrowd": 0,
        "keypoints": [*point, VISIBLE] if point else [0, 0, 0],
        "num_keypoints": 1 if point else 0,
        "bbox": [x, y, width, height],
        "area": width * height,
        "attributes": attributes,
    }


def _box(point, info):
    reach = BOX * info.width / 2
    left, top = (max(value - reach, 0) for value in point)
    right, bottom = (
        min(value + reach, limit)
        for value, limit in zip(point, (info.width, info.height), strict=True)
    )
    return left, top, right - left, bottom - top


def read_coco(text, places):
    """Read COCO JSON.

    Parameters
    ----------
    text : str
    places : Places
        The clips.

    Returns
    -------
    list of Answer
        The annotator is "" where the file names none.

    Raises
    ------
    InputError
        If a field is missing or of a wrong type, an annotation has no keypoints, or a picture is
        of no clip.
    """
    content = of_kind(parse_json(text), dict, "content")
    found = {}
    for where, image in objects(content.get("images"), "image"):
        size = [field(image, name, float, where, None) for name in ("width", "height")]
        name = field(image, "file_name", str, where)
        number = field(image, "id", int, where)
        require(number not in found, f"{where}: id must be of one image, got {number} again")
        found[number] = (places.find(name, None if None in size else size), [])
    for where, annotation in objects(content.get("annotations"), "annotation"):
        number = field(annotation, "image_id", int, where)
        require(number in found, f"{where}: image_id must be an image's, got {number}")
        found[number][1].append(_part(annotation, where))
    return [answer for place, parts in found.values() for answer in join_parts(place, parts)]


def _part(annotation, where):
    require("keypoints" in annotation, f"{where} must have keypoints; label with points, not boxes")
    numbers = [
        of_kind(value, float, f"{where}: keypoints")
        for value in field(annotation, "keypoints", list, where)
    ]
    require(
        len(numbers) % 3 == 0,
        f"{where}: keypoints must be triples x, y, v, got {len(numbers)} numbers",
    )
    triples = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    attributes = field(annotation, "attributes", dict, where, {})
    told = {
        name: field(attributes, name, str, f"{where}: attributes", "")
        for name in ("kind", "annotator", "note")
    }
    return Part(points=tuple((x, y) for x, y, v in triples if v > 0), **told)
