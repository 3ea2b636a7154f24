"""Label Studio, JSON: tasks with annotations, as it exports and imports them.

An annotation is an answer: a keypoint for each point, in percent of the picture's width and height
from the left upper corner; choices named *kind*, and texts named *note* and *annotator*.
`label_studio_config` writes the labeling interface with these names. Tasks without annotations are
pictures still to be labelled.

The annotator is a text, since Label Studio takes up annotations only by users that it knows.
"""

import posixpath
from urllib.parse import parse_qs, quote, unquote, urlsplit

from annotate.answers import KINDS
from annotate.exchange.fields import field, objects, of_kind, parse_json, write_json
from annotate.exchange.pictures import LABEL, Part, join_parts
from simbinaural.errors import require

_POINT_SIZE = 0.5  # of a point on the screen, percent; means nothing
_POINTS = ("keypointlabels", "keypoint")
_SHAPES = ("rectangle", "polygon", "ellipse", "brush", "bitmask", "vector")
_TEXTS = ("note", "annotator")


def label_studio_config():
    """Write the labeling interface of a project."""
    choices = "\n".join(f'    <Choice value="{kind}"/>' for kind in KINDS)
    texts = "\n".join(
        f'  <TextArea name="{name}" toName="image" placeholder="{name}" maxSubmissions="1"/>'
        for name in _TEXTS
    )
    return f"""<View>
  <Image name="image" value="$image" zoom="true"/>
  <KeyPointLabels name="points" toName="image">
    <Label value="{LABEL}"/>
  </KeyPointLabels>
  <Choices name="kind" toName="image" choice="single">
{choices}
  </Choices>
{texts}
</View>
"""


# --------------------------------------------------------------------------- write


def write_label_studio(pictures, folder=""):
    """Write tasks.

    Parameters
    ----------
    pictures : iterable of Picture
    folder : str
        Where the pictures lie below the folder that Label Studio serves
        (``LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT``).

    Returns
    -------
    str
        JSON.
    """
    return write_json([_task(picture, folder) for picture in pictures])


def _task(picture, folder):
    address = f"/data/local-files/?d={quote(posixpath.join(folder, picture.name))}"
    annotations = [{"result": _results(answer, picture)} for answer in picture.answers]
    return {"data": {"image": address}, "annotations": annotations}


def _results(answer, picture):
    """List the answer's regions, choice and texts; each has an id that is unique in the task."""
    size = (picture.info.width, picture.info.height)
    results = [
        {
            "type": "keypointlabels",
            "from_name": "points",
            "original_width": size[0],
            "original_height": size[1],
            "image_rotation": 0,
            "value": {
                "x": 100 * x / size[0],
                "y": 100 * y / size[1],
                "width": _POINT_SIZE,
                "keypointlabels": [LABEL],
            },
        }
        for x, y in answer.points
    ]
    results.append({"type": "choices", "from_name": "kind", "value": {"choices": [answer.kind]}})
    results += [
        {"type": "textarea", "from_name": name, "value": {"text": [getattr(answer, name)]}}
        for name in _TEXTS
        if getattr(answer, name)
    ]
    names = f"{answer.annotator}-{answer.revision}"
    return [
        {"id": f"{names}-{number}", "to_name": "image", **each}
        for number, each in enumerate(results)
    ]


# --------------------------------------------------------------------------- read


def read_label_studio(text, places):
    """Read tasks.

    Parameters
    ----------
    text : str
    places : Places
        The clips.

    Returns
    -------
    list of Answer
        Of all annotations that were not skipped. The annotator is the text of that name, else the
        user's address, else a number where there are several users, else "".

    Raises
    ------
    InputError
        If a field is missing or of a wrong type, a region is no point, a picture was rotated, or
        is of no clip.
    """
    found = []
    for where, task in objects(parse_json(text), "task"):
        require("data" in task, f"{where} must have data; export as JSON, not as JSON-MIN")
        place = places.find(_address(field(task, "data", dict, where), where))
        annotations = field(task, "annotations", list, where, [])
        found += [(place, *each) for each in objects(annotations, f"{where}: annotation")]
    found = [each for each in found if not each[2].get("was_cancelled")]
    many = len({str(annotation.get("completed_by")) for *_, annotation in found}) > 1
    answers = []
    for place, where, annotation in found:
        part = _part(annotation, place[0], where, many=many)
        if part.points or part.kind:
            answers += join_parts(place, [part])
    return answers


def _address(data, where):
    """Find the picture's path in a task: that below the served folder, or that of an address."""
    address = field(data, "image", str, where)
    parts = urlsplit(address)
    below = parse_qs(parts.query).get("d")
    return below[0] if below else unquote(parts.path)


def _part(annotation, info, where, *, many):
    points, told = [], {}
    for spot, result in objects(field(annotation, "result", list, where), f"{where}: result"):
        kind, name = field(result, "type", str, spot), field(result, "from_name", str, spot, "")
        require(
            not kind.startswith(_SHAPES),
            f"{spot} must be a keypoint, got {kind}; label with keypoints",
        )
        if kind in _POINTS:
            points.append(_point(result, info, spot))
        elif (kind, name) == ("choices", "kind") or (kind == "textarea" and name in _TEXTS):
            told[name] = _text(result, "choices" if kind == "choices" else "text", spot)
    told["annotator"] = told.get("annotator") or _name(annotation, many)
    return Part(points=tuple(points), **told)


def _point(result, info, where):
    rotation = field(result, "image_rotation", float, where, 0)
    require(rotation == 0, f"{where}: image_rotation must be 0, got {rotation}; turn it back")
    size = (info.width, info.height)
    for name, pixels in zip(("original_width", "original_height"), size, strict=True):
        known = field(result, name, float, where, pixels)
        require(known == pixels, f"{where}: {name} must be {pixels} as here, got {known:g}")
    value = field(result, "value", dict, where)
    return tuple(
        field(value, axis, float, where) * pixels / 100
        for axis, pixels in zip("xy", size, strict=True)
    )


def _text(result, name, where):
    """Join the texts or choices of a result: an older export has one text, not a list of them."""
    texts = field(result, "value", dict, where).get(name)
    texts = [texts] if isinstance(texts, str) else texts
    return "\n".join(of_kind(each, str, f"{where}: {name}") for each in of_kind(texts, list, where))


def _name(annotation, many):
    user = annotation.get("completed_by")
    if isinstance(user, dict):
        return str(user.get("email") or user.get("id") or "")
    return f"label-studio-{user}" if many and user is not None else ""
