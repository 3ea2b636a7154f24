"""`annotate` as a user runs it: points that are served and saved, maps, agreement, exchange."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from recorded_clips import recorded_clip, write_recordings

from annotate import cli
from annotate.agreement import PENALTY
from annotate.answers import Answer
from annotate.cli import main
from annotate.exchange import FORMATS
from annotate.maps import MODES, SIGMA
from annotate.store import NAME, open_store
from simbinaural.shards import open_dataset

SIZE = (96, 48)
N_CLIPS = 4


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def succeed(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "sim"
    return write_recordings(folder, N_CLIPS, duration_s=1.0, size=SIZE)


@pytest.fixture
def data(simulated, tmp_path):
    """A data set whose answers are the test's own."""
    folder = tmp_path / "sim"
    folder.mkdir()
    for name in ("dataset.json", "shards", "splits"):
        (folder / name).symlink_to(simulated / name)
    return folder


def true_spot(folder, clip, frame=2):
    with open_dataset(folder) as clips:
        return tuple(float(value) for value in clips.clip(clip)["source_pixel"][frame, 0])


def answer(folder, clip, annotator="ann", kind="points", points=None, note="", frame=2):
    if points is None:
        points = (true_spot(folder, clip, frame),) if kind == "points" else ()
    told = Answer(clip, annotator, kind, frame, tuple(points), note)
    with open_store(folder / NAME) as store:
        known = store.current(clip, annotator)
        base = known.revision if known else 0
        return store.save(told, base_revision=base, key=f"{clip} {annotator} {base}")


@pytest.fixture
def annotated(data):
    """Ann points at the source, Bob three pixels beside it, in two of four clips."""
    for clip in ("000000", "000001"):
        x, y = true_spot(data, clip)
        answer(data, clip)
        answer(data, clip, "bob", points=[(x + 3, y)])
    answer(data, "000002", kind="left", note="behind the door")
    answer(data, "000002", "bob", kind="nothing")
    return data


# --------------------------------------------------------------------------- points


START = "from annotate.cli import main; main(prog_name='annotate')"


class Page:
    """`annotate points` in a process of its own, asked as the page asks it."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, "points", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=20)

    def ask(self, path, body=None):
        headers = {"Content-Type": "application/json", "X-Annotate": "1"} if body else {}
        sent = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self.url + path, sent, headers)
        with urllib.request.urlopen(request, timeout=20) as reply:
            return json.load(reply)


def test_points_are_served_saved_and_become_maps(data):
    with Page(
        data, "--no-browser", "--annotator", "ann", "--double", "0.5", "--frame", "1"
    ) as page:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", page.url), page.process.stderr.read()
        state = page.ask("api/state")
        assert (state["annotator"], state["sigma"], state["mode"]) == ("ann", 4.0, "sum")
        assert [clip["frame"] for clip in state["clips"]] == [1] * N_CLIPS
        body = {"base_revision": 0, "key": "k1", "kind": "points", "frame": 1}
        saved = page.ask("api/clips/0/answer", body | {"points": [[20.5, 10.25]], "note": "hm"})
        assert saved["revision"] == 1
    with open_store(data / NAME) as store:
        (kept,) = store.answers()
        assert (store.meta("frame"), store.meta("double")) == ("1", "0.5")
    assert (kept.annotator, kept.points, kept.note) == ("ann", ((20.5, 10.25),), "hm")
    result = succeed("maps", data)
    assert result.stdout == f"{data}/labels/points.h5: 1 maps\n"
    with h5py.File(data / "labels" / "points.h5") as labels:
        values = labels["000000"]["localization_map"][()]
        assert labels["000000"].attrs["label_frame"] == 1
    assert values.shape == SIZE[::-1]
    assert np.unravel_index(values.argmax(), values.shape) == (10, 20)


def test_points_pass_their_options_on(data, monkeypatch):
    from annotate import serve

    seen = {}
    monkeypatch.setattr(
        serve, "serve_points", lambda path, **values: seen.update(path=path, **values)
    )
    monkeypatch.setenv("LOGNAME", "eve")
    succeed("points", data)
    assert seen == {
        "path": data,
        "annotator": "eve",
        "frame": None,
        "double": None,
        "host": "127.0.0.1",
        "port": None,
        "sigma": None,
        "mode": None,
        "open_browser": True,
    }
    for text, frame in (("middle", "middle"), ("first", 0), ("12", 12)):
        succeed("points", data, "--frame", text, "--no-browser")
        assert (seen["frame"], seen["open_browser"]) == (frame, False)


def test_somebody_without_a_login_name_is_me(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert cli._login() == "me"


@pytest.mark.parametrize("missing", ["flask", "waitress"])
def test_what_is_to_be_installed_is_told_in_a_line(data, missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None; from annotate.cli import main; "
        f"main(['points', {str(data)!r}, '--no-browser'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    line = "annotate points needs flask and waitress; install them with pip install "
    assert done.stderr.strip().endswith(f": {line}'simbinaural[annotate]'")
    assert len(done.stderr.splitlines()) == 1


# --------------------------------------------------------------------------- maps


def test_maps_are_of_those_whose_answers_count(annotated):
    succeed("maps", annotated, "--annotator", "bob", "--sigma", "8", "--mode", "max", "--name", "b")
    x, y = true_spot(annotated, "000000")
    with h5py.File(annotated / "labels" / "b.h5") as labels:
        group = labels["000000"]
        values = group["localization_map"][()]
        assert (group.attrs["sigma"], group.attrs["mode"]) == (8.0, "max")
        assert list(group.attrs["annotators"]) == ["bob"]
    row, column = np.unravel_index(values.argmax(), values.shape)
    np.testing.assert_allclose((column + 0.5, row + 0.5), (x + 3, y), atol=0.51)
    result = succeed("maps", annotated)
    assert result.stdout == (f"{annotated}/labels/points.h5: 3 maps; 1 of them empty: no points\n")


def test_maps_are_those_that_the_page_showed_last(annotated):
    with Page(annotated, "--no-browser", "--sigma", "8", "--mode", "max"):
        pass
    for options, sigma, mode in ((), 8.0, "max"), (("--sigma", "2", "--mode", "sum"), 2.0, "sum"):
        for command, name in ("maps", "points"), ("maps --from-truth", "truth"):
            succeed(*command.split(), annotated, *options)
            with h5py.File(annotated / "labels" / f"{name}.h5") as labels:
                attributes = labels["000000"].attrs
                assert (attributes["sigma"], attributes["mode"]) == (sigma, mode)
    for command in ("agreement",), ("maps", "--check", "ann"):
        noted = succeed(*command, annotated).stdout
        assert noted == succeed(*command, annotated, "--sigma", "8", "--mode", "max").stdout
        assert noted != succeed(*command, annotated, "--sigma", "4").stdout
    with Page(annotated, "--no-browser") as page:
        state = page.ask("api/state")
    assert (state["sigma"], state["mode"]) == (8.0, "max")


def test_maps_say_what_is_left_out(annotated):
    answer(annotated, "gone", points=[(1, 1)])
    answer(annotated, "000001", "carl", points=[(1, 1)], frame=0)
    lines = succeed("maps", annotated).stderr.splitlines()
    assert lines == [
        f"warning: {annotated}: no maps of gone: not here, or unreadable",
        f"warning: {annotated}: left out, for another frame than others: 000001 by carl",
    ]


def test_maps_of_the_truth_need_no_answers(data):
    result = succeed("maps", data, "--from-truth")
    assert result.stdout == f"{data}/labels/truth.h5: {N_CLIPS} maps\n"
    assert not (data / NAME).exists()
    x, y = true_spot(data, "000003")
    with h5py.File(data / "labels" / "truth.h5") as labels:
        values = labels["000003"]["localization_map"][()]
        assert labels["000003"].attrs["label_frame"] == 2
    weight = values / values.sum()
    np.testing.assert_allclose((weight.sum(axis=0) @ np.arange(SIZE[0])), x - 0.5, atol=1)
    np.testing.assert_allclose((weight.sum(axis=1) @ np.arange(SIZE[1])), y - 0.5, atol=1)


def test_maps_of_the_truth_are_for_the_frame_that_was_annotated(data):
    with open_store(data / NAME) as store:
        store.set_meta("frame", "4")
    succeed("maps", data, "--from-truth", "--name", "t")
    with h5py.File(data / "labels" / "t.h5") as labels:
        assert labels["000000"].attrs["label_frame"] == 4


def test_check_measures_an_annotator_against_the_truth(annotated):
    lines = succeed("maps", annotated, "--check", "bob").stdout.splitlines()
    assert lines[0] == "bob: 3 clips against the truth"
    # Bob saw nothing in one of three clips, in which there is something.
    assert lines[1].startswith("right kind      66.7 ± 33 %, kappa ")
    assert lines[2].startswith("from the source 3")
    assert " px, 3.1" in lines[2]
    assert re.fullmatch(r"on the source   100 ± 0 %, sources missed 0 ± 0", lines[3])
    assert re.match(r"maps            CC 0\.\d+ ± .*, SIM 0\.\d+", lines[4])
    assert not (annotated / "labels").exists()
    assert "from the source 0 ± 0 px" in succeed("maps", annotated, "--check", "ann").stdout


def test_maps_of_videos_stand_in_files(data, tmp_path):
    folder = videos(data, tmp_path)
    answer(folder, "000000", points=[(48, 24)])
    result = succeed("maps", folder)
    assert result.stdout == f"{folder}/annotations: 1 maps\n"
    picture = cv2.imread(str(folder / "annotations" / "000000.png"), cv2.IMREAD_UNCHANGED)
    assert picture.shape == SIZE[::-1]
    assert picture[23:25, 47:49].min() == 255


def videos(data, tmp_path):
    """Two clips as files of a folder."""
    from simbinaural.dataset.export import export_clip

    folder = tmp_path / "videos"
    folder.mkdir()
    for clip in ("000000", "000001"):
        export_clip(data, clip, folder / f"{clip}.mp4")
    return folder


# --------------------------------------------------------------------------- agreement


def test_agreement_compares_annotators(annotated):
    lines = succeed("agreement", annotated, "--clips").stdout.splitlines()
    assert lines[:3] == [
        "ann, bob: 3 clips",
        "same kind 66.7 ± 33 %, kappa 0.4",
        "points    3 ± 0 px apart, 3.12 ± 0 %",
    ]
    assert re.match(r"maps      CC 0\.\d+ ± .*, SIM 0\.\d+ ± ", lines[3])
    assert re.fullmatch(
        r"  000000: points, 3\.0 px apart, 0 without partner, CC 0\.\d{3}, SIM 0\.\d{3}", lines[4]
    )
    assert lines[6:] == ["  000002: left and nothing"]
    assert len(succeed("agreement", annotated).stdout.splitlines()) == 4


def test_agreement_passes_its_options_on(annotated):
    lines = succeed("agreement", annotated, "--penalty", "0.02").stdout.splitlines()
    # Three pixels of 96 are too far: 0.02 of the width for each.
    assert lines[2] == "points    1.92 ± 0 px apart, 2 ± 0 %"
    narrow, wide = (
        float(
            re.search("SIM ([0-9.]+)", succeed("agreement", annotated, "--sigma", sigma).stdout)[1]
        )
        for sigma in (2, 40)
    )
    assert wide > narrow + 0.2


def test_agreement_rounds_what_is_next_to_nothing(data):
    for clip, x in ("000000", 44.5), ("000001", 45.5):
        answer(data, clip, points=[(20.5, 20.5)])
        answer(data, clip, "bob", points=[(x, 20.5)])
    assert succeed("agreement", data).stdout.endswith(", SIM 0 ± 0\n")


def test_agreement_of_one_clip_has_no_error(data):
    for name in ("ann", "bob"):
        answer(data, "000000", name)
    lines = succeed("agreement", data).stdout.splitlines()
    assert lines[0] == "ann, bob: 1 clip"
    assert lines[1] == "same kind 100 %, kappa unknown"
    assert lines[3] == "maps      CC 1, SIM 1"
    answer(data, "000001", kind="left")
    answer(data, "000001", "bob", kind="left", frame=0)
    assert "1 clips left out: answered for different frames" in succeed("agreement", data).stderr


def test_agreement_without_points_says_so(data):
    for name in ("ann", "bob"):
        answer(data, "000000", name, kind="left")
    lines = succeed("agreement", data).stdout.splitlines()
    assert lines[2:] == [
        "points    unknown px apart, unknown",
        "maps      CC unknown, SIM unknown",
    ]


# --------------------------------------------------------------------------- exchange


def contents(folder):
    with open_store(folder / NAME) as store:
        return [
            (
                one.clip,
                one.annotator,
                one.kind,
                one.frame,
                np.round(one.points, 9).tolist(),
                one.note,
            )
            for one in store.answers()
        ]


@pytest.mark.parametrize("file_format", FORMATS)
def test_answers_go_out_and_come_into_an_empty_data_set(
    annotated, simulated, tmp_path, file_format
):
    path = tmp_path / "answers"
    one = ("--annotator", "ann") if file_format.startswith("via") else ()
    result = succeed("export", annotated, "--format", file_format, "-o", path, "--images", *one)
    n_answers = 3 if one else 6
    lines = result.stdout.splitlines()
    assert lines[0] == f"{path}: {n_answers} answers, 3 pictures"
    assert str(tmp_path / "answers-images") in lines
    assert len(result.stderr.splitlines()) == (file_format != "own")
    assert ("--format own keeps them" in result.stderr) == (file_format != "own")
    for name in ("000000_f00002.jpg", "000002_f00002.jpg"):
        picture = cv2.imread(str(tmp_path / "answers-images" / name))
        assert picture.shape[:2] == SIZE[::-1]
    other = tmp_path / "other"
    other.mkdir()
    for name in ("dataset.json", "shards"):
        (other / name).symlink_to(simulated / name)
    result = succeed("import", other, path)
    assert result.stdout == (
        f"{other}: {n_answers} answers added, 0 here already, 0 replaced, 0 in conflict\n"
    )
    assert contents(other) == [each for each in contents(annotated) if not one or each[1] == "ann"]
    result = succeed("import", other, path, "--format", file_format)
    assert f"0 answers added, {n_answers} here already" in result.stdout


def test_the_pictures_are_the_frames_that_were_labelled(annotated, tmp_path):
    succeed("export", annotated, "--format", "coco", "--images", "-o", tmp_path / "sim.json")
    content = json.loads((tmp_path / "sim.json").read_text())
    for image in content["images"]:
        spots = [
            each["keypoints"]
            for each in content["annotations"]
            if each["image_id"] == image["id"] and each["attributes"]["annotator"] == "ann"
        ]
        picture = cv2.imread(str(tmp_path / "sim-images" / image["file_name"]), 0)
        assert picture.shape == (image["height"], image["width"])
        for x, y, visible in spots:
            # The spot is drawn bright, and ann points at it.
            assert not visible or picture[int(y), int(x)] > 200


def test_what_differs_is_told_and_kept_until_it_is_to_be_replaced(annotated, tmp_path):
    path = tmp_path / "answers.json"
    succeed("export", annotated, "--format", "coco", "-o", path)
    answer(annotated, "000002", kind="points", points=[(1, 2), (3, 4)], note="no!")
    result = run("import", annotated, path)
    assert result.exit_code == 1
    assert "0 answers added, 5 here already, 0 replaced, 1 in conflict" in result.stdout
    assert result.stderr.splitlines() == [
        "clip 000002: ann has points (1.0, 2.0) (3.0, 4.0) with a note here, "
        "left with a note there",
        "conflicts were left as here; --replace takes those of the file",
    ]
    result = succeed("import", annotated, path, "--replace")
    assert "5 here already, 1 replaced, 0 in conflict" in result.stdout
    with open_store(annotated / NAME) as store:
        history = store.history("000002", "ann")
    assert [each.kind for each in history] == ["left", "points", "left"]


def test_answers_of_nobody_are_those_of_the_annotator(data, tmp_path):
    path = tmp_path / "via.csv"
    path.write_text(
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
        "region_attributes\n"
        '000001.jpg,7,"{}",1,0,"{""name"":""point"",""cx"":9,""cy"":8}","{}"\n'
    )
    succeed("import", data, path, "--annotator", "eve")
    assert contents(data) == [("000001", "eve", "points", 2, [[9, 8]], "")]


def test_clips_that_are_not_answered_can_go_out(annotated, tmp_path):
    result = succeed("export", annotated, "--format", "cvat", "--all", "-o", tmp_path / "x.xml")
    assert "6 answers, 4 pictures" in result.stdout
    assert str(tmp_path / "x-labels.json") in result.stdout
    assert "000003_f00002.jpg" in (tmp_path / "x.xml").read_text()


def test_answers_of_clips_that_are_gone_are_told(annotated, tmp_path):
    answer(annotated, "gone", points=[(1, 1)])
    result = succeed("export", annotated, "--format", "coco", "-o", tmp_path / "x.json")
    assert f"warning: {annotated}: left out gone: not here, or unreadable" in result.stderr


def test_videos_are_exchanged_by_their_names(data, tmp_path):
    folder = videos(data, tmp_path)
    answer(folder, "000000", points=[(48, 24)])
    path = tmp_path / "ls.json"
    succeed("export", folder, "--format", "label-studio", "--images", "-o", path)
    before = contents(folder)
    for name in folder.glob("annotations.db*"):
        name.unlink()
    succeed("import", folder, path)
    assert contents(folder) == before


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("points", "nowhere", "--no-browser"), "nowhere"),
        (("points", "EMPTY", "--no-browser"), "EMPTY: holds no clips"),
        (("points", "DATA", "--frame", "last"), "frame must be middle, first or a number from 0"),
        (("points", "DATA", "--frame", "-1"), "frame must be middle, first or a number from 0"),
        (("points", "DATA", "--annotator", "", "--no-browser"), "annotator must be a name"),
        (("points", "DATA", "--double", "2", "--no-browser"), "double must be a share from 0 to 1"),
        (("points", "DATA", "--host", "no.such.host.invalid", "--no-browser"), "host must be"),
        (("maps", "nowhere"), "nowhere: must be a folder"),
        (("maps", "FRESH"), "annotations.db: does not exist; annotate points makes it"),
        (("maps", "DATA", "--annotator", "eve"), "annotators must be of ann, bob, got eve"),
        (("maps", "DATA", "--sigma", "0"), "sigma must be above 0"),
        (("maps", "DATA", "--sigma", "nan"), "sigma must be above 0"),
        (("maps", "DATA", "--check", "eve"), "--check must be one of ann, bob, got eve"),
        (("maps", "DATA", "--check", "ann", "--from-truth"), "--check must stand alone"),
        (("maps", "DATA", "--from-truth", "--annotator", "ann"), "--annotator must be left out"),
        (("maps", "RECORDED", "--from-truth"), "clips must have source_mask"),
        (("agreement", "FRESH"), "does not exist; annotate points makes it"),
        (("agreement", "ALONE"), "needs clips that two annotators have answered, got answers of"),
        (("agreement", "DATA", "--penalty", "0"), "penalty must be above 0"),
        (("export", "FRESH", "-o", "OUT"), "does not exist; annotate points makes it"),
        (("export", "DATA", "-o", "OUT", "--format", "via"), "pass --annotator with one of them"),
        (("export", "DATA", "-o", "OUT", "--annotator", "eve"), "must be one of ann, bob, got eve"),
        (("export", "DATA", "-o", "FILE/x.json"), "FILE"),
        (("import", "nowhere", "FILE"), "nowhere: must be a folder"),
        (("import", "DATA", "no.json"), "no.json: No such file"),
        (("import", "DATA", "DATA"), "sim: Is a directory"),
        (("import", "DATA", "FILE"), "FILE: must be a file of a known format, got other JSON"),
        (("import", "DATA", "FILE", "--format", "cvat"), "FILE: must be XML, got a fault"),
        (("import", "FRESH", "FILE"), "FILE: must be a file of a known format, got other JSON"),
        (("import", "FRESH", "COCO", "--annotator", " "), "annotator must be a name"),
    ],
)
def test_bad_input_is_one_line(annotated, simulated, tmp_path, arguments, message):
    names = {"DATA": annotated, "FRESH": simulated}
    for name in ("EMPTY", "ALONE"):
        names[name] = tmp_path / name
        names[name].mkdir()
    for name in ("dataset.json", "shards"):
        (names["ALONE"] / name).symlink_to(simulated / name)
    answer(names["ALONE"], "000000")
    names["RECORDED"] = write_recordings(
        tmp_path / "recorded", 3, make=recorded_clip, duration_s=1.0, size=SIZE
    )
    names["FILE"], names["OUT"] = tmp_path / "FILE", tmp_path / "OUT"
    names["FILE"].write_text("{}")
    names["COCO"] = tmp_path / "COCO"
    names["COCO"].write_text(
        '{"images": [{"id": 1, "file_name": "000000.jpg"}], "annotations": '
        '[{"image_id": 1, "keypoints": [1, 1, 2]}]}'
    )
    replaced = [names.get(each, each) for each in arguments]
    if "FILE/x.json" in arguments:
        replaced[-1] = names["FILE"] / "x.json"
    before = contents(annotated)
    result = run(*replaced)
    assert result.exit_code == 1, (result.output, result.exception)
    assert len(result.output.splitlines()) == 1, result.output
    assert message in result.output
    assert contents(annotated) == before
    assert not (tmp_path / "OUT").exists()
    assert not list(simulated.glob("annotations.db*"))


def test_options_that_are_none_are_refused_as_everywhere(data):
    for arguments in (("export", data), ("export", data, "-o", "x", "--format", "yolo"), ("maps",)):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "Error: " in result.output


# --------------------------------------------------------------------------- help


def test_every_command_and_option_has_help():
    assert set(main.commands) == {"points", "maps", "agreement", "export", "import"}
    for name, command in main.commands.items():
        assert command.help, name
        text = " ".join(run(name, "--help").output.split())
        assert f"annotate {name} sim" in text, name
        for option in command.params:
            if option.param_type_name == "argument":
                continue
            assert option.help, option.name
            plain = option.is_flag or option.required or option.name == "check"
            assert plain or option.show_default or "[default: " in option.help, option.name


def test_the_defaults_of_help_are_those_of_the_functions():
    defaults = {
        option.name: option
        for command in main.commands.values()
        for option in command.params
        if option.param_type_name == "option"
    }
    assert f"else {SIGMA:g}]" in defaults["sigma"].help
    assert f"else {MODES[0]}]" in defaults["mode"].help
    assert defaults["penalty"].default == PENALTY
    assert tuple(defaults["mode"].type.choices) == MODES


def test_help_imports_click_only():
    """So that it starts in 0.1 s; a clock would measure what else the machine does."""
    code = (
        "import sys; from annotate.cli import main; main(['--help'], standalone_mode=False); "
        "print(*{name.partition('.')[0] for name, module in sys.modules.items() "
        "if 'site-packages' in (getattr(module, '__file__', None) or '')}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # What editable installs put into every start of this environment begins with __.
    assert [name for name in done.stderr.split() if not name.startswith("_")] == ["click"]
