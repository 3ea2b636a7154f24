"""Answers through the files of other tools and back: nothing moves, nothing is lost."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotate.answers import KINDS, Answer, check_answer
from annotate.exchange import FORMATS
from annotate.exchange.export import LOSSES, WRITERS, export_answers
from annotate.exchange.label_studio import label_studio_config
from annotate.exchange.merge import READERS, guess_format, merge_answers, read_answers
from annotate.exchange.pictures import Picture, Places, picture_name
from annotate.store import open_store
from simbinaural.errors import InputError


def info(clip, width, height, n_frames, frame):
    return SimpleNamespace(
        id=clip, width=width, height=height, n_frames=n_frames, frame=frame, fps=5.0, problem=""
    )


INFOS = (
    info("000001", 480, 240, 50, 24),
    info("000002", 480, 240, 50, 24),
    info("kitchen/clip 1", 320, 176, 102, 49),
    info("café_b.mov", 640, 360, 9, 4),
    info("000001_f00003", 33, 77, 5, 2),
)
PLACES = Places(INFOS)
OTHERS = tuple(name for name in FORMATS if name != "own")


class FakeClips:
    """Clips whose frames are their own names."""

    infos = INFOS

    def frame_jpeg(self, number, frame):
        return f"{self.infos[number].id} {frame}".encode()


# --------------------------------------------------------------------------- laws

CONTROLS = "".join(map(chr, range(32)))


def notes(file_format):
    characters = {"exclude_categories": ["Cs"]}
    if file_format == "cvat":  # XML has no others
        characters["exclude_characters"] = CONTROLS.translate({9: None, 10: None, 13: None}) + (
            "\ufffe\uffff"
        )
    return st.text(st.characters(**characters), max_size=12)


@st.composite
def labelled(draw, file_format):
    """Pictures of some clips with the answers of some annotators."""
    names = ["ann", "Bob B. <b&b>"][: 1 if file_format.startswith("via") else 2]
    pictures = []
    for clip in draw(st.lists(st.sampled_from(INFOS), min_size=1, unique_by=lambda one: one.id)):
        frame = draw(st.integers(0, clip.n_frames - 1))
        answers = []
        for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True)):
            kind = draw(st.sampled_from(KINDS))
            axes = [st.floats(0, side) for side in (clip.width, clip.height)]
            fewest, most = {"points": (1, 4), "unsure": (0, 4)}.get(kind, (0, 0))
            points = draw(st.lists(st.tuples(*axes), min_size=fewest, max_size=most))
            note = draw(notes(file_format))
            answers.append(Answer(clip.id, name, kind, frame, tuple(points), note))
        pictures.append(Picture(clip, frame, tuple(answers)))
    return pictures


@pytest.mark.parametrize("file_format", OTHERS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_answers_come_back_as_they_were(file_format, data):
    pictures = data.draw(labelled(file_format))
    text = WRITERS[file_format](pictures, "some folder")
    assert guess_format(text) == file_format
    found = READERS[file_format](text, PLACES)
    told = [answer for picture in pictures for answer in picture.answers]
    assert [replace(one, points=()) for one in found] == [replace(one, points=()) for one in told]
    for one, other in zip(found, told, strict=True):
        # All but percentages are exact.
        atol = 1e-12 if file_format == "label-studio" else 0
        np.testing.assert_allclose(one.points, other.points, rtol=0, atol=atol)
        clip = PLACES.clip(one.clip)
        check_answer(one, width=clip.width, height=clip.height, n_frames=clip.n_frames)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True))
@settings(deadline=None)
def test_names_of_pictures_are_unique_and_plain_and_lead_back(ids):
    infos = [info(clip, 4, 4, 10, 7) for clip in ids]
    places = Places(infos)
    names = [picture_name(clip, frame) for clip in ids for frame in (0, 7)]
    assert len(set(names)) == 2 * len(ids)
    for one in infos:
        name = picture_name(one.id, 3)
        assert name.isascii()
        assert name.translate(str.maketrans("", "", "._-")).isalnum()
        assert len(name) < 220
        for renamed in (name, f"data/upload/1/{name}", f"0a1b2c3d-{name}", f"C:\\x\\{name}"):
            assert places.find(renamed) == (one, 3)


def test_names_stay_what_they_are():
    """Files that were labelled last year must be found next year."""
    assert picture_name("000012", 4) == "000012_f00004.jpg"
    assert picture_name("kitchen/clip 1", 49) == "kitchen.2fclip.201_f00049.jpg"
    long = picture_name("x" * 300, 1)
    assert long == "x" * 120 + ".h" + long[122:142] + "_f00001.jpg"
    assert long != picture_name("x" * 301, 1)


def test_a_clips_own_name_stands_for_the_frame_to_annotate():
    assert PLACES.find("000002.png") == (INFOS[1], 24)
    assert PLACES.find("kitchen/clip 1.jpg") == (INFOS[2], 49)
    assert PLACES.find("frames/kitchen.2fclip.201.jpg") == (INFOS[2], 49)
    # Frame 3 of one clip, not the other clip of that name.
    assert PLACES.find("000001_f00003.jpg") == (INFOS[0], 3)


# --------------------------------------------------------------------------- coordinates

POINTS = Answer("000001", "ann", "points", 24, ((120.5, 60.0), (480.0, 240.0)), "drum\n& stick")
NOTHING = Answer("000002", "ann", "nothing", 24, (), "")
PICTURES = [Picture(INFOS[0], 24, (POINTS,), 4711), Picture(INFOS[1], 24, (NOTHING,), 99)]


def test_coco_holds_a_visible_keypoint_a_point_in_pixels():
    content = json.loads(WRITERS["coco"](PICTURES, ""))
    first, second, third = content["annotations"]
    assert first["keypoints"] == [120.5, 60.0, 2]
    assert second["keypoints"] == [480.0, 240.0, 2]
    assert (third["keypoints"], third["num_keypoints"]) == ([0, 0, 0], 0)
    assert first["bbox"] == [108.5, 48.0, 24.0, 24.0]
    assert second["bbox"] == [468.0, 228.0, 12.0, 12.0]
    assert second["area"] == 144
    assert [each["image_id"] for each in content["annotations"]] == [1, 1, 2]
    assert len({each["id"] for each in content["annotations"]}) == 3
    image = {"id": 1, "file_name": "000001_f00024.jpg", "width": 480, "height": 240}
    assert content["images"][0] == image
    assert content["categories"][0]["keypoints"] == ["source"]
    assert {each["category_id"] for each in content["annotations"]} == {1}
    corner = Picture(INFOS[0], 24, (replace(POINTS, points=((3, 0),)),))
    content = json.loads(WRITERS["coco"]([corner], ""))
    assert content["annotations"][0]["bbox"] == [0, 0, 15, 12]


def test_via_holds_regions_and_attributes_of_the_file():
    content = json.loads(WRITERS["via"](PICTURES, "via-images"))
    assert content["_via_image_id_list"] == ["000001_f00024.jpg4711", "000002_f00024.jpg99"]
    assert list(content["_via_img_metadata"]) == content["_via_image_id_list"]
    file = content["_via_img_metadata"]["000001_f00024.jpg4711"]
    assert (file["filename"], file["size"]) == ("000001_f00024.jpg", 4711)
    point = {"name": "point", "cx": 120.5, "cy": 60.0}
    assert file["regions"][0] == {"shape_attributes": point, "region_attributes": {}}
    assert file["file_attributes"]["kind"] == "points"
    assert set(content["_via_attributes"]["file"]["kind"]["options"]) == set(KINDS)
    assert content["_via_settings"]["core"]["default_filepath"] == "via-images/"


def test_via_csv_holds_a_line_a_region():
    rows = list(csv.DictReader(io.StringIO(WRITERS["via-csv"](PICTURES, ""))))
    assert [row["region_id"] for row in rows] == ["0", "1", "0"]
    assert [row["region_count"] for row in rows] == ["2", "2", "0"]
    assert rows[0]["region_shape_attributes"] == '{"name":"point","cx":120.5,"cy":60.0}'
    assert rows[2]["region_shape_attributes"] == "{}"
    assert json.loads(rows[0]["file_attributes"])["note"] == "drum\n& stick"
    assert rows[0]["file_size"] == "4711"


def test_cvat_holds_points_and_a_tag():
    root = ET.fromstring(WRITERS["cvat"](PICTURES, "").encode())
    first, second = root.iter("image")
    assert dict(first.attrib) == {
        "id": "0",
        "name": "000001_f00024.jpg",
        "width": "480",
        "height": "240",
    }
    assert first.find("points").get("points") == "120.5,60.0;480.0,240.0"
    assert first.find("points").get("label") == "sound"
    assert second.find("points") is None
    told = {each.get("name"): each.text for each in second.find("tag")}
    assert told == {"kind": "nothing", "note": None, "annotator": "ann"}
    assert root.find("version").text == "1.1"
    labels = {each.find("name").text: each.find("type").text for each in root.iter("label")}
    assert labels == {"sound": "points", "answer": "tag"}


def test_label_studio_holds_percent():
    first, second = json.loads(WRITERS["label-studio"](PICTURES, "ls-images"))
    assert first["data"] == {"image": "/data/local-files/?d=ls-images/000001_f00024.jpg"}
    point, corner, kind, note, annotator = first["annotations"][0]["result"]
    assert {name: point[name] for name in ("original_width", "original_height", "type")} == {
        "original_width": 480,
        "original_height": 240,
        "type": "keypointlabels",
    }
    assert (point["value"]["x"], point["value"]["y"]) == (100 * 120.5 / 480, 25.0)
    assert (corner["value"]["x"], corner["value"]["y"]) == (100, 100)
    assert point["value"]["keypointlabels"] == ["sound"]
    assert kind["value"] == {"choices": ["points"]}
    assert note["value"] == {"text": ["drum\n& stick"]}
    assert annotator["value"] == {"text": ["ann"]}
    assert [each["type"] for each in second["annotations"][0]["result"]] == ["choices", "textarea"]


def test_the_interface_of_label_studio_has_the_names_of_the_results():
    root = ET.fromstring(label_studio_config())
    named = {each.get("name"): each for each in root if each.get("name")}
    results = json.loads(WRITERS["label-studio"](PICTURES, ""))[0]["annotations"][0]["result"]
    for result in results:
        control = named[result["from_name"]]
        assert control.tag.lower() == result["type"]
        assert control.get("toName") == result["to_name"]
    assert [each.get("value") for each in named["kind"]] == list(KINDS)


# --------------------------------------------------------------------------- files of other tools

COCO_OF_CVAT = """{"licenses":[{"name":"","id":0,"url":""}],"info":{"contributor":"","date_created":
"","description":"","url":"","version":"","year":""},"categories":[{"id":1,"name":"sound",
"supercategory":"","keypoints":["1"],"skeleton":[]}],"images":[{"id":1,"width":480,"height":240,
"file_name":"000001_f00024.jpg","license":0,"flickr_url":"","coco_url":"","date_captured":0},
{"id":2,"width":480,"height":240,"file_name":"000002_f00024.jpg","license":0,"flickr_url":"",
"coco_url":"","date_captured":0}],"annotations":[{"id":1,"image_id":1,"category_id":1,
"segmentation":[],"area":0.0,"bbox":[10.5,20.25,0.0,0.0],"iscrowd":0,"attributes":{"occluded":false,
"keyframe":true},"keypoints":[10.5,20.25,2.0],"num_keypoints":1},{"id":2,"image_id":1,
"category_id":1,"segmentation":[],"area":0.0,"bbox":[100.0,200.0,0.0,0.0],"iscrowd":0,
"attributes":{"occluded":true},"keypoints":[100.0,200.0,1.0,0,0,0],"num_keypoints":1}]}"""

VIA_PROJECT = """{"_via_settings":{"ui":{"annotation_editor_height":25,"image":{"region_label":
"__via_region_id__"}},"core":{"buffer_size":18,"filepath":{},"default_filepath":"./frames/"},
"project":{"name":"via_project_31Jan2026_12h00m"}},"_via_img_metadata":{"000001_f00024.jpg20480":
{"filename":"000001_f00024.jpg","size":20480,"regions":[{"shape_attributes":{"name":"point","cx":10,
"cy":20},"region_attributes":{}},{"shape_attributes":{"name":"point","cx":100,"cy":200},
"region_attributes":{"name":"guitar"}}],"file_attributes":{"caption":"","url":""}},
"000002_f00024.jpg300":{"filename":"000002_f00024.jpg","size":300,"regions":[],"file_attributes":
{"caption":"nobody"}}},"_via_attributes":{"region":{},"file":{}},"_via_data_format_version":"2.0.10",
"_via_image_id_list":["000001_f00024.jpg20480","000002_f00024.jpg300"]}"""

VIA_ANNOTATIONS = json.dumps(json.loads(VIA_PROJECT)["_via_img_metadata"])

VIA_CSV = '''filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,\
region_attributes
000001_f00024.jpg,20480,"{""caption"":""a, b"",""url"":""""}",2,0,\
"{""name"":""point"",""cx"":10,""cy"":20}","{}"
000001_f00024.jpg,20480,"{""caption"":""a, b"",""url"":""""}",2,1,\
"{""name"":""point"",""cx"":100,""cy"":200}","{""name"":""guitar""}"
000002_f00024.jpg,300,"{}",0,0,"{}","{}"'''

CVAT_XML = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <job><id>7</id><size>2</size><mode>annotation</mode><overlap>0</overlap>
      <labels><label><name>guitar</name><color>#fa32b7</color><type>points</type><attributes>
      </attributes></label></labels>
    </job>
    <dumped>2026-01-31 12:00:00.000000+00:00</dumped>
  </meta>
  <image id="0" name="frames/000001_f00024.jpg" subset="default" task_id="3" width="480"
   height="240">
    <points label="guitar" source="manual" occluded="0" points="10.00,20.00;100.00,200.00"
     z_order="0">
    </points>
  </image>
  <image id="1" name="000002_f00024.jpg" width="480" height="240">
  </image>
</annotations>
"""

LABEL_STUDIO = """[{"id":1,"annotations":[{"id":5,"completed_by":1,"result":[{"original_width":480,
"original_height":240,"image_rotation":0,"value":{"x":2.083333333333333,"y":8.333333333333332,
"width":0.5,"keypointlabels":["guitar"]},"id":"EIkJtZ0bRb","from_name":"kp-1","to_name":"img-1",
"type":"keypointlabels","origin":"manual"},{"original_width":480,"original_height":240,
"image_rotation":0,"value":{"x":20.833333333333336,"y":83.33333333333334,"width":0.5,
"keypointlabels":["guitar"]},"id":"8a","from_name":"kp-1","to_name":"img-1","type":"keypointlabels",
"origin":"manual"}],"was_cancelled":false,"ground_truth":false,"created_at":
"2026-01-31T12:00:00.000000Z","updated_at":"2026-01-31T12:00:00.000000Z","lead_time":4.2,
"prediction":{},"result_count":2,"task":1,"parent_prediction":null,"parent_annotation":null},{"id":6,
"completed_by":1,"result":[{"type":"keypointlabels","value":{"x":1,"y":2}}],"was_cancelled":true}],"file_upload":"0ab1c2d3-000001_f00024.jpg",
"drafts":[],"predictions":[],"data":{"image":"\\/data\\/upload\\/1\\/0ab1c2d3-000001_f00024.jpg"},
"meta":{},"project":1},{"id":2,"annotations":[],"predictions":[],
"data":{"image":"/data/local-files/?d=frames%2F000002_f00024.jpg"}}]"""

REAL = {
    "coco": (COCO_OF_CVAT, ((10.5, 20.25), (100, 200))),
    "via": (VIA_PROJECT, ((10, 20), (100, 200))),
    "via annotations": (VIA_ANNOTATIONS, ((10, 20), (100, 200))),
    "via-csv": (VIA_CSV, ((10, 20), (100, 200))),
    "cvat": (CVAT_XML, ((10, 20), (100, 200))),
    "label-studio": (LABEL_STUDIO, ((10, 20), (100, 200))),
}


@pytest.mark.parametrize("name", REAL)
def test_files_of_other_tools_are_read(name, tmp_path):
    text, points = REAL[name]
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())  # as saved on Windows
    assert guess_format(text) == name.split()[0]
    (answer,) = read_answers(path, INFOS, annotator="me")
    assert (answer.clip, answer.annotator, answer.kind) == ("000001", "me", "points")
    assert answer.frame == 24
    np.testing.assert_allclose(answer.points, points, rtol=0, atol=1e-12)


def test_files_of_via_1_are_read():
    content = json.loads(VIA_ANNOTATIONS)
    for file in content.values():
        file["regions"] = {str(number): each for number, each in enumerate(file["regions"])}
    (answer,) = READERS["via"](json.dumps(content), PLACES)
    assert answer.points == ((10, 20), (100, 200))
    assert READERS["via-csv"](f"#{VIA_CSV}", PLACES) == [answer]
    assert guess_format(f"#{VIA_CSV}") == "via-csv"


def test_a_point_that_was_added_in_the_other_tool_is_the_annotators():
    text = WRITERS["cvat"](PICTURES[:1], "")
    added = '<points label="sound" points="1.00,2.00"><attribute name="annotator"/></points>'
    (answer,) = READERS["cvat"](text.replace("</image>", f"{added}</image>"), PLACES)
    assert answer.annotator == "ann"
    assert answer.points == (*POINTS.points, (1, 2))
    content = json.loads(WRITERS["coco"](PICTURES[:1], ""))
    content["annotations"].append({"id": 9, "image_id": 1, "keypoints": [1, 2, 2]})
    assert READERS["coco"](json.dumps(content), PLACES) == [answer]


def test_tags_of_cvat_may_be_named_after_kinds():
    text = cvat('<tag label="left"/><tag label="x"/>')
    assert READERS["cvat"](text, PLACES) == [Answer("000001", "", "left", 24)]


def test_several_users_of_label_studio_are_kept_apart():
    tasks = json.loads(LABEL_STUDIO)
    tasks[0]["annotations"][1] |= {"was_cancelled": False, "completed_by": 2}
    tasks[0]["annotations"][1]["result"] = tasks[0]["annotations"][0]["result"][:1]
    names = [answer.annotator for answer in READERS["label-studio"](json.dumps(tasks), PLACES)]
    assert names == ["label-studio-1", "label-studio-2"]
    tasks[0]["annotations"][0]["completed_by"] = {"id": 1, "email": "ann@lab.org"}
    answers = READERS["label-studio"](json.dumps(tasks), PLACES)
    assert answers[0].annotator == "ann@lab.org"


@pytest.mark.parametrize("texts", [["a", "b"], "a\nb"])
def test_notes_of_label_studio_are_one_text_or_several(texts):
    note = {"type": "textarea", "from_name": "note", "value": {"text": texts}}
    tasks = json.loads(LABEL_STUDIO)
    tasks[0]["annotations"][0]["result"].append(note)
    assert READERS["label-studio"](json.dumps(tasks), PLACES)[0].note == "a\nb"


def test_cvat_replaces_what_xml_cannot_hold():
    answer = replace(POINTS, note="a\x00b\x1bc")
    text = WRITERS["cvat"]([Picture(INFOS[0], 24, (answer,))], "")
    assert READERS["cvat"](text, PLACES)[0].note == "a\ufffdb\ufffdc"
    assert "\ufffd" in LOSSES["cvat"]


# --------------------------------------------------------------------------- own, and the store


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "annotations.db") as opened:
        yield opened


def save(store, *answers):
    for answer in answers:
        current = store.current(answer.clip, answer.annotator)
        base = current.revision if current else 0
        store.save(answer, base_revision=base, key=f"{answer.clip}{answer.annotator}{base}")


def export(store, path, file_format, **options):
    return export_answers(FakeClips(), store, path, file_format=file_format, **options)


def contents(answers):
    return [replace(answer, saved_at="") for answer in answers]


BOB = Answer("000001", "bob", "unsure", 24, ((3, 4),), "drüm?")
EARLIER = Answer("000001", "ann", "behind", 24)


def test_own_json_restores_every_revision(store, tmp_path):
    save(store, EARLIER, POINTS, BOB, NOTHING)
    path = tmp_path / "own.json"
    exported = export(store, path, "own")
    assert (exported.n_answers, exported.paths) == (3, [path])
    answers = read_answers(path, INFOS, annotator="")
    assert [answer for answer in answers if answer.clip == "000001"] == [
        *store.history("000001", "ann"),
        *store.history("000001", "bob"),
    ]
    (tmp_path / "other").mkdir()
    with open_store(tmp_path / "other" / "annotations.db") as other:
        merged = merge_answers(other, answers)
        assert (merged.n_added, merged.n_same, merged.conflicts) == (3, 0, [])
        for clip, name in (("000001", "ann"), ("000001", "bob"), ("000002", "ann")):
            assert other.history(clip, name) == store.history(clip, name)
        again = merge_answers(other, answers)
        assert (again.n_added, again.n_same) == (0, 3)


@given(data=st.data())
@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_own_json_holds_all_numbers_and_texts(data, tmp_path):
    pictures = data.draw(labelled("own"))
    told = [answer for picture in pictures for answer in picture.answers]
    told = [replace(answer, revision=1, saved_at="2026-01-31T12:00:00Z") for answer in told]
    path = tmp_path / "own.json"
    from annotate.exchange.own import write_own

    path.write_bytes(write_own(INFOS, told).encode())
    assert read_answers(path, INFOS, annotator="") == told


def test_a_store_that_went_on_keeps_what_it_has(store, tmp_path):
    save(store, EARLIER)
    export(store, tmp_path / "old.json", "own")
    save(store, POINTS)
    export(store, tmp_path / "new.json", "own")
    merged = merge_answers(store, read_answers(tmp_path / "old.json", INFOS, annotator=""))
    assert (merged.n_same, merged.conflicts) == (1, [])
    assert store.current("000001", "ann").kind == "points"
    (tmp_path / "other").mkdir()
    with open_store(tmp_path / "other" / "annotations.db") as other:
        save(other, EARLIER)
        merged = merge_answers(other, read_answers(tmp_path / "new.json", INFOS, annotator=""))
        assert merged.n_added == 1
        assert contents(other.history("000001", "ann")) == contents(store.history("000001", "ann"))


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_differs_is_a_conflict_until_it_may_replace(store, tmp_path, file_format):
    save(store, POINTS, NOTHING)
    path = tmp_path / "file"
    export(store, path, file_format)
    moved = replace(POINTS, points=((121.0, 60.0),), note="")
    with open_store(tmp_path / "annotations.db") as here:
        here.save(moved, base_revision=1, key="moved")
    answers = read_answers(path, INFOS, annotator="")
    if file_format == "own":  # it would be an older file of the same history
        answers = [replace(each, points=((9, 9),)) if each.points else each for each in answers]
    merged = merge_answers(store, answers)
    assert (merged.n_added, merged.n_same, merged.n_replaced) == (0, 1, 0)
    ((known, told),) = merged.conflicts
    assert contents([known]) == [replace(moved, revision=2)]
    assert told.points != known.points
    assert len(store.history("000001", "ann")) == 2
    merged = merge_answers(store, answers, replace_differing=True)
    assert (merged.n_added, merged.n_same, merged.n_replaced) == (0, 1, 1)
    assert merged.conflicts == []
    history = store.history("000001", "ann")
    assert [answer.revision for answer in history] == [1, 2, 3]
    np.testing.assert_allclose(history[2].points, told.points)


def test_of_another_history_the_newest_answer_replaces(store, tmp_path):
    save(store, EARLIER, POINTS)
    export(store, tmp_path / "own.json", "own")
    (tmp_path / "other").mkdir()
    with open_store(tmp_path / "other" / "annotations.db") as other:
        save(other, replace(EARLIER, kind="left"))
        answers = read_answers(tmp_path / "own.json", INFOS, annotator="")
        merged = merge_answers(other, answers, replace_differing=True)
        assert (merged.n_added, merged.n_replaced) == (0, 1)
        kinds = [answer.kind for answer in other.history("000001", "ann")]
    assert kinds == ["left", "points"]


@pytest.mark.parametrize("change", [{"note": "other"}, {"frame": 3}, {"kind": "unsure"}])
def test_an_answer_is_more_than_its_points(store, change):
    save(store, POINTS)
    assert len(merge_answers(store, [replace(POINTS, **change)]).conflicts) == 1


def test_two_decimals_are_the_same_answer(store):
    save(store, replace(POINTS, points=((1.0049, 2.0),)))
    rounded = replace(POINTS, points=((1.0, 2.0),))
    assert merge_answers(store, [rounded]).n_same == 1
    moved = replace(POINTS, points=((1.02, 2.0),))
    assert len(merge_answers(store, [moved]).conflicts) == 1


def test_a_save_in_between_is_a_conflict(store, monkeypatch):
    save(store, POINTS)
    real, seen = store.history, [[]]
    monkeypatch.setattr(store, "history", lambda *names: seen.pop() if seen else real(*names))
    merged = merge_answers(store, [replace(POINTS, note="late")])
    assert (merged.n_added, len(merged.conflicts)) == (0, 1)
    assert merged.conflicts[0][0].note == POINTS.note


def test_pictures_are_written_with_the_names_in_the_file(store, tmp_path):
    other_frame = replace(BOB, frame=7)
    save(store, POINTS, other_frame, replace(NOTHING, clip="kitchen/clip 1", frame=49))
    moved = []
    exported = export(
        store,
        tmp_path / "out.json",
        "coco",
        images=True,
        report=lambda n: moved.append(n) or moved.append,
    )
    folder = tmp_path / "out-images"
    names = {path.name: path.read_text() for path in folder.iterdir()}
    assert names == {
        "000001_f00007.jpg": "000001 7",
        "000001_f00024.jpg": "000001 24",
        "kitchen.2fclip.201_f00049.jpg": "kitchen/clip 1 49",
    }
    content = json.loads((tmp_path / "out.json").read_text())
    assert {image["file_name"] for image in content["images"]} == set(names)
    assert (exported.n_answers, exported.n_pictures) == (3, 3)
    assert exported.paths == [tmp_path / "out.json", folder]
    assert moved == [3, 1, 1, 1]


def test_via_names_a_picture_with_its_size(store, tmp_path):
    save(store, POINTS)
    export(store, tmp_path / "via.json", "via", images=True)
    size = (tmp_path / "via-images" / "000001_f00024.jpg").stat().st_size
    content = json.loads((tmp_path / "via.json").read_text())
    assert content["_via_image_id_list"] == [f"000001_f00024.jpg{size}"]


@pytest.mark.parametrize("file_format", OTHERS)
def test_clips_without_an_answer_can_be_labelled_elsewhere(store, tmp_path, file_format):
    save(store, POINTS)
    exported = export(store, tmp_path / "all", file_format, everything=True)
    assert (exported.n_answers, exported.n_pictures) == (1, len(INFOS))
    text = (tmp_path / "all").read_text()
    for each in INFOS:
        assert picture_name(each.id, each.frame) in text
    assert len(read_answers(tmp_path / "all", INFOS, annotator="")) == 1


def test_other_tools_are_told_of_labels(store, tmp_path):
    save(store, POINTS)
    exported = export(store, tmp_path / "cvat.xml", "cvat")
    assert b"\r" not in (tmp_path / "cvat.xml").read_bytes()
    assert exported.paths[1:] == [tmp_path / "cvat-labels.json"]
    labels = json.loads((tmp_path / "cvat-labels.json").read_text())
    assert [label["name"] for label in labels] == ["sound", "answer"]
    exported = export(store, tmp_path / "ls.json", "label-studio")
    assert (tmp_path / "ls-config.xml").read_text() == label_studio_config()


def test_answers_of_clips_that_are_gone_stay_in_own_json_only(store, tmp_path):
    save(store, POINTS, replace(POINTS, clip="gone"))
    exported = export(store, tmp_path / "coco.json", "coco")
    assert (exported.n_answers, exported.strange) == (1, ["gone"])
    exported = export(store, tmp_path / "own.json", "own")
    assert (exported.n_answers, exported.strange) == (2, [])
    assert '"gone"' in (tmp_path / "own.json").read_text()


def test_clips_that_cannot_be_shown_are_left_out(store, tmp_path):
    save(store, POINTS, NOTHING)
    infos = [replace_problem(INFOS[0], "000001: is damaged"), *INFOS[1:2]]
    clips = SimpleNamespace(infos=infos)
    path = tmp_path / "ls.json"
    exported = export_answers(clips, store, path, file_format="label-studio", everything=True)
    assert (exported.n_answers, exported.n_pictures, exported.strange) == (1, 1, ["000001"])
    export(store, path, "coco")
    with pytest.raises(InputError, match=f"^{path}: 000001: is damaged$"):
        read_answers(path, infos, annotator="")
    export(store, path, "own")
    with pytest.raises(InputError, match=f"^{path}: 000001: is damaged$"):
        read_answers(path, infos, annotator="")


def replace_problem(one, problem):
    return SimpleNamespace(**{**vars(one), "problem": problem, "width": 0, "height": 0})


def test_export_holds_one_annotator_if_asked(store, tmp_path):
    save(store, POINTS, BOB)
    export(store, tmp_path / "bob.json", "via", annotator="bob")
    (answer,) = read_answers(tmp_path / "bob.json", INFOS, annotator="")
    assert answer == BOB


@pytest.mark.parametrize(
    ("file_format", "options", "message"),
    [
        ("via", {}, "holds one answer a picture, got those of ann, bob; pass --annotator"),
        ("via-csv", {}, "pass --annotator"),
        ("coco", {"annotator": "eve"}, "annotator must be one of ann, bob, got eve"),
    ],
)
def test_what_cannot_be_exported(store, tmp_path, file_format, options, message):
    save(store, POINTS, BOB)
    with pytest.raises(InputError, match=message):
        export(store, tmp_path / "file", file_format, **options)
    assert not (tmp_path / "file").exists()


def test_nothing_is_not_exported(store, tmp_path):
    for file_format in FORMATS:
        with pytest.raises(InputError, match="holds no answers"):
            export(store, tmp_path / "file", file_format)


# --------------------------------------------------------------------------- bad files


def coco(**changes):
    content = {
        "images": [{"id": 1, "file_name": "000001.jpg", "width": 480, "height": 240}],
        "annotations": [{"id": 1, "image_id": 1, "keypoints": [1, 2, 2]}],
    }
    return json.dumps(content | changes)


def coco_image(**changes):
    return coco(images=[json.loads(coco())["images"][0] | changes])


def coco_annotation(**changes):
    return coco(annotations=[json.loads(coco())["annotations"][0] | changes])


def own(revision=None, **changes):
    one = {"clip": "000001", "annotator": "ann", "revision": 1, "kind": "points", "frame": 0}
    one |= {"points": [[1, 2]], "note": "", "saved_at": ""} | (revision or {})
    content = {"format": "simbinaural annotations", "version": 1, "clips": [], "revisions": [one]}
    return json.dumps(content | changes)


def via(name="000001.jpg", shape=None, **attributes):
    shape = shape or {"name": "point", "cx": 1, "cy": 2}
    file = {"filename": name, "size": 1, "regions": [{"shape_attributes": shape}]}
    return json.dumps({name: file | {"file_attributes": attributes}})


def cvat(inside='<points points="1,2"/>', about='name="000001.jpg"'):
    return f"<annotations><image {about}>{inside}</image></annotations>"


def studio(result=None, data=None, **changes):
    point = {"type": "keypointlabels", "value": {"x": 1, "y": 2}} | (result or {})
    task = {"data": data or {"image": "000001.jpg"}, "annotations": [{"result": [point]}]}
    return json.dumps([task | changes])


VIA_HEAD = VIA_CSV.splitlines()[0]

BAD = [
    ("own", "{", "must be JSON, got a fault"),
    ("own", "[" * 100000, "lists in lists"),
    ("own", "[]", "content must be an object, got"),
    ("own", coco(), "format must be 'simbinaural annotations'; pass another --format"),
    ("own", own(version=2), "version must be 1, got 2; install a newer simbinaural"),
    ("own", own(version=True), "version must be a whole number, got True"),
    ("own", own(revisions=None), "revision must be a list, got None"),
    ("own", own({"clip": "gone"}), "clip 'gone' must be one of the 5 clips"),
    ("own", own({"points": [[1, 2, 3]]}), "clip 000001: points must be pairs"),
    ("own", own({"points": [[1, -0.1]]}), "clip 000001: y must be a number from 0 to 240"),
    ("own", own({"points": [[1, "2"]]}), "points must be a number, got '2'"),
    ("own", own({"points": [[1, float("nan")]]}), "JSON, which has no NaN"),
    ("own", own({"points": [[1, 10**400]]}), "points must be a finite number"),
    ("own", own({"kind": "here"}), "kind must be one of"),
    ("own", own({"frame": 50}), "frame must be a whole number from 0 to 49, got 50"),
    ("own", own({"revision": 2}), "revisions of ann must be 1, 2, ..., got [2]"),
    (
        "own",
        own(clips=[{"id": "000001", "width": 640, "height": 320}]),
        "must have frames of 480 x 240 pixels as here, got 640 x 320",
    ),
    ("coco", own(), "image must be a list, got None"),
    ("coco", coco(images=[{"id": 1}]), "image 0 must have a field 'file_name'"),
    ("coco", coco_image(id="1"), "image 0: id must be a whole number, got '1'"),
    ("coco", coco(images=2 * json.loads(coco())["images"]), "id must be of one image, got 1 again"),
    ("coco", coco_image(file_name="cat.jpg"), "picture 'cat.jpg' must be named after one of the 5"),
    ("coco", coco_image(width=640), "must have 480 x 240 pixels, got 640 x 240"),
    ("coco", coco_annotation(image_id=2), "image_id must be an image's, got 2"),
    ("coco", coco_annotation(keypoints=[1, 2]), "keypoints must be triples x, y, v, got 2"),
    ("coco", coco_annotation(keypoints=[481, 2, 2]), "x must be a number from 0 to 480, got 481"),
    ("coco", coco(annotations=[{"image_id": 1}]), "must have keypoints; label with points"),
    (
        "coco",
        coco_annotation(attributes={"kind": "left"}),
        "points must be empty where the kind is",
    ),
    (
        "coco",
        coco(
            images=[
                {"id": 1, "file_name": "000001_f00001.jpg"},
                {"id": 2, "file_name": "000001_f00002.jpg"},
            ],
            annotations=[{"image_id": n, "keypoints": [1, 1, 2]} for n in (1, 2)],
        ),
        "must have one answer of me, got those of frames 1 and 2; remove all but one",
    ),
    ("via", "[1]", "content must be an object"),
    ("via", '{"a": 1}', "file must be an object, got 1"),
    ("via", via("b.jpg"), "picture 'b.jpg' must be named after"),
    ("via", via(shape={"name": "rect"}), "shape must be a point, got rect; label with points"),
    ("via", via(shape={"name": "point", "cx": 1}), "point must have a field 'cy'"),
    ("via", via(kind="loud"), "kind must be one of"),
    ("via", via(note=7), "note must be text, got 7"),
    ("via-csv", "filename,a\nb,c", "must have the columns of VIA"),
    ("via-csv", VIA_HEAD + "\na,b", "line 2 must have 7 cells, got 2"),
    ("via-csv", VIA_HEAD + "\n000001.jpg,1,{,1,0,{},{}", "must be JSON"),
    ("via-csv", VIA_HEAD + '\n"a', "must be CSV, got a fault"),
    ("cvat", "<a", "must be XML, got a fault"),
    ("cvat", "<a/>", "must be XML of CVAT (<annotations>), got <a>"),
    ("cvat", "<!DOCTYPE a><a/>", "no <!DOCTYPE"),
    ("cvat", "<annotations><track/></annotations>", "must be CVAT for images"),
    ("cvat", cvat("<box/>"), "image 000001.jpg must have points only, got a box"),
    ("cvat", cvat('<points points="1;2"/>'), "points must be x,y with ; between, got '1'"),
    ("cvat", cvat('<points points="1,x"/>'), "points must be a number, got 'x'"),
    ("cvat", cvat('<points points="1,inf"/>'), "points must be a finite number, got"),
    ("cvat", cvat(about=""), "picture '' must be named after"),
    ("cvat", cvat(about='name="000001.jpg" width="1" height="240"'), "got 1 x 240"),
    ("cvat", cvat('<tag label="left"/><tag label="right"/>'), "got 'left' and 'right'"),
    ("label-studio", "{}", "task must be a list"),
    ("label-studio", '[{"image": "a"}]', "task 0 must have data; export as JSON, not as JSON-MIN"),
    ("label-studio", studio(data={"image": "z.jpg"}), "picture 'z.jpg' must be named"),
    ("label-studio", studio({"type": "rectanglelabels"}), "must be a keypoint, got rectangle"),
    ("label-studio", studio({"image_rotation": 90}), "image_rotation must be 0, got 90"),
    (
        "label-studio",
        studio({"original_width": 640}),
        "original_width must be 480 as here, got 640",
    ),
    ("label-studio", studio({"value": {"x": 101, "y": 0}}), "x must be a number from 0 to 480"),
    ("label-studio", studio(annotations=[{}]), "must have a field 'result'"),
    (None, "{}", "must be a file of a known format, got other JSON; pass --format"),
    (None, "hello", "must be JSON, got a fault"),
]


@pytest.mark.parametrize(("file_format", "text", "message"), BAD)
def test_bad_files_are_told_in_a_line_with_their_path(tmp_path, file_format, text, message):
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_answers(path, INFOS, annotator="me", file_format=file_format)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert message in line
    assert len(line.splitlines()) == 1


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="must be text in UTF-8"):
        read_answers(path, INFOS, annotator="me")


@given(st.sampled_from(OTHERS), st.data())
@settings(deadline=None, max_examples=300)
def test_no_json_is_anything_but_answers_or_an_input_error(file_format, data):
    """Whatever is where something else belongs, a line says so."""
    text = {name.split()[0]: text for name, (text, _) in REAL.items()}[file_format]
    if file_format in ("cvat", "via-csv"):
        cut = data.draw(st.integers(0, len(text)))
        text = text[:cut] + data.draw(st.text("<>/\"',;=#x1\n", max_size=4)) + text[cut + 1 :]
    else:
        content = json.loads(text)
        change_somewhere(content, data)
        text = json.dumps(content)
    try:
        answers = READERS[file_format](text, PLACES)
    except InputError:
        return
    assert all(isinstance(answer, Answer) for answer in answers)


def change_somewhere(content, data):
    """Put a value of any type in place of one of those of nested dicts and lists."""
    junk = st.sampled_from([None, True, -1, 1e300, "x", [], {}, [1], {"a": [2]}, [[]], [None]])
    while True:
        keys = list(content) if isinstance(content, dict) else list(range(len(content)))
        key = data.draw(st.sampled_from(keys))
        inner = content[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            content[key] = data.draw(junk)
            return
        content = inner
