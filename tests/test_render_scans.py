"""`simbinaural render` in scanned homes, as a user runs it: files in, true clips out."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from scan_files import BOX_SIZE, FLOOR, furnished_box, in_l_shape, l_shaped_room, write_mesh, z_up
from soundspaces_files import write_soundspaces

from simbinaural.cli import main
from simbinaural.shards import clip_faults, open_dataset
from simbinaural.video import decode_jpeg

SMALL = ["--duration", 5, "--fps", 2, "--width", 192, "--height", 96, "--shard-clips", 2]


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A furnished box and an L, as files with y up."""
    folder = tmp_path_factory.mktemp("scans")
    write_mesh(folder / "box.glb", furnished_box())
    write_mesh(folder / "ell.glb", l_shaped_room(ground=True))
    return folder


@pytest.fixture(scope="module")
def sim(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("data") / "sim"
    result = run("render", "--scenes", f"{folder}/*.glb", "--videos", 10, *SMALL, "--out", out)
    assert result.exit_code == 0, result.output
    return out


def test_clips_of_scans_keep_the_contract(sim):
    with open_dataset(sim) as clips:
        assert len(clips) == 10
        for clip in clips:
            assert clip_faults(clip) == []
            assert clip.attributes["acoustics"] == "mesh"
            assert clip.attributes["room"] == "area-0"
        assert {clip.attributes["scene"] for clip in clips} == {"files/box", "files/ell"}
    result = run("verify", sim)
    assert result.output.splitlines()[-1] == f"{sim}: 10 clips, 0 faults"


def test_cameras_and_sources_are_inside(sim):
    with open_dataset(sim) as clips:
        for clip in clips:
            points = np.concatenate([clip["camera"][:, :3], clip["source_position"]])
            if clip.attributes["scene"] == "files/ell":
                assert in_l_shape(points).all()
            else:
                assert (points > 0).all()
                assert (points < BOX_SIZE).all()


def test_the_floor_has_its_color_in_the_pictures(sim):
    with open_dataset(sim) as clips:
        found = []
        for clip in clips:
            if clip.attributes["scene"] == "files/box":
                picture = decode_jpeg(clip.image("frames", 0)).astype(int)
                found.append((np.abs(picture - FLOOR).max(axis=2) <= 8).mean())
    assert np.mean(found) > 0.05


def test_the_louder_ear_is_on_the_sources_side(sim):
    agree = []
    with open_dataset(sim) as clips:
        for clip in clips:
            azimuth = clip["source_direction"][:, 0, 0].mean()
            left, right = np.sum(np.square(clip["audio"], dtype=float), axis=1)
            if abs(azimuth) > 15:
                agree.append((left > right) == (azimuth > 0))
    assert len(agree) >= 3
    assert np.mean(agree) > 0.6


def test_the_record_names_engines_and_licenses(sim):
    info = json.loads((sim / "dataset.json").read_text())
    assert info["engines"] == {"vision": "embree", "acoustics": "auto"}
    assert "mesh" in info["licenses"]["acoustics"]
    assert info["licenses"]["scenes"]


def test_two_workers_give_the_same_bytes(sim, folder, tmp_path):
    out = tmp_path / "sim"
    arguments = ["--videos", 10, *SMALL, "--workers", 2, "--out", out]
    result = run("render", "--scenes", f"{folder}/*.glb", *arguments)
    assert result.exit_code == 0, result.output
    for path in (sim / "shards").glob("*.h5"):
        assert (out / "shards" / path.name).read_bytes() == path.read_bytes()


def test_other_files_are_refused(tmp_path):
    out = tmp_path / "sim"
    write_mesh(tmp_path / "scans" / "box.glb", furnished_box())
    scenes = tmp_path / "scans" / "box.glb"
    arguments = ["render", "--scenes", scenes, "--videos", 1, *SMALL, "--out", out]
    assert run(*arguments).exit_code == 0
    write_mesh(scenes, furnished_box(steps=2))
    result = run(*arguments)
    assert result.exit_code == 1
    assert "other files in --scenes" in result.output


def test_panoramas_with_ambisonics(folder, tmp_path):
    out = tmp_path / "sim"
    wide = ["--camera", "equirect", "--width", 256, "--audio", "binaural,foa"]
    rest = ["--videos", 1, "--duration", 5, "--fps", 1, "--out", out]
    result = run("render", "--scenes", folder / "box.glb", *rest, *wide)
    assert result.exit_code == 0, result.output
    result = run("verify", out)
    assert result.exit_code == 0, result.output


def test_what_cannot_be_used_is_left_out_and_named(tmp_path):
    scans = tmp_path / "scans"
    write_mesh(scans / "good.glb", furnished_box())
    write_mesh(scans / "small.glb", [part.apply_scale(0.001) for part in furnished_box()])
    (scans / "broken.glb").write_bytes(b"no mesh at all")
    out = tmp_path / "sim"
    rest = ["--videos", 2, *SMALL, "--seed", 1, "--out", out]
    result = run("render", "--scenes", f"{scans}/*.glb", *rest)
    assert result.exit_code == 0, result.output
    with open_dataset(out) as clips:
        assert {clip.attributes["scene"] for clip in clips} == {"files/good"}
    for path in (scans / "small.glb", scans / "broken.glb"):
        lonely = run("render", "--scenes", path, *rest[:-1], tmp_path / path.stem)
        assert lonely.exit_code == 1
        (line,) = lonely.stderr.splitlines()[-1:]
        assert f": {path}: " in line
        assert not (tmp_path / path.stem / "dataset.json").exists()  # nothing to go on with


def test_millimetres_and_z_up(tmp_path):
    parts = [part.apply_scale(1000) for part in z_up(furnished_box())]
    path = write_mesh(tmp_path / "mm.glb", parts)
    out = tmp_path / "sim"
    arguments = ["--up", "z", "--unit-scale", 0.001, "--videos", 1, *SMALL, "--out", out]
    result = run("render", "--scenes", path, *arguments)
    assert result.exit_code == 0, result.output
    with open_dataset(out) as clips:
        for clip in clips:
            position = clip["camera"][0, :3]
            assert (position > 0).all()
            assert (position < BOX_SIZE).all()
            assert 1.0 < position[1] < 2.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scenes", "mp3d", "--scene-root", "nowhere"], "nowhere"),
        (["--scenes", "procedural:1", "--acoustics", "soundspaces"], "built-in homes"),
        (["--scenes", "procedural:1", "--vision", "habitat"], "habitat"),
    ],
)
def test_bad_input_is_one_line(arguments, message, tmp_path):
    result = run("render", *arguments, "--videos", 1, "--out", tmp_path / "sim")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert message in line
    assert not (tmp_path / "sim" / "shards").exists()


@pytest.mark.parametrize("ambisonic", [False, True])
def test_soundspaces_is_chosen_where_its_files_are(tmp_path, ambisonic):
    root, out = tmp_path / "data", tmp_path / "sim"
    small = write_soundspaces(root, binaural=not ambisonic, ambisonic=ambisonic)
    audio = ["--audio", "binaural,foa"] if ambisonic else []
    arguments = ["--scene-root", root, "--videos", 2, *SMALL, *audio, "--out", out]
    result = run("render", "--scenes", "mp3d", *arguments)
    assert result.exit_code == 0, result.output
    assert run("verify", out).exit_code == 0
    ears = np.array([small.ear(index) for index in small.points])
    with open_dataset(out) as clips:
        for clip in clips:
            assert clip.attributes["acoustics"] == "soundspaces"
            assert clip.attributes["directivity"] == "omni"
            for point in (*clip["camera"][:, :3], *clip["source_position"]):
                assert np.linalg.norm(ears - point, axis=1).min() < 1e-6
    licenses = json.loads((out / "dataset.json").read_text())["licenses"]
    assert "CC-BY 4.0" in licenses["acoustics"]
    assert "Matterport3D" in licenses["scenes"]


def test_soundspaces_without_its_files_is_refused(tmp_path):
    small = write_soundspaces(tmp_path, binaural=False)
    arguments = ["--scene-root", tmp_path, "--videos", 1, *SMALL, "--out", tmp_path / "sim"]
    result = run("render", "--scenes", "mp3d", "--acoustics", "soundspaces", *arguments)
    assert result.exit_code == 1
    assert f"{small.scene_id}: has no responses of SoundSpaces" in result.stderr.splitlines()[-1]


def test_rlr_is_heard_where_it_is_asked_for(folder, tmp_path):
    pytest.importorskip("rlr_audio_propagation", reason="the extra soundspaces is not installed")
    outs = [tmp_path / name for name in ("one", "two")]
    for out, workers in zip(outs, (1, 2), strict=True):
        arguments = ["--videos", 2, *SMALL, "--audio", "binaural,foa", "--workers", workers]
        choice = ["--acoustics", "rlr", "--shard-clips", 1]
        result = run("render", "--scenes", folder / "box.glb", *arguments, *choice, "--out", out)
        assert result.exit_code == 0, result.output
        assert result.stderr.count("no directivity") == 1
    assert run("verify", outs[0]).exit_code == 0
    for path in (outs[0] / "shards").glob("*.h5"):
        assert (outs[1] / "shards" / path.name).read_bytes() == path.read_bytes()
    info = json.loads((outs[0] / "dataset.json").read_text())
    assert info["engines"]["acoustics"] == "rlr"
    assert "CC-BY-NC" in info["licenses"]["acoustics"]
    with open_dataset(outs[0]) as clips:
        assert {clip.attributes["directivity"] for clip in clips} == {"omni"}


def test_materials_by_the_names_of_the_file(folder, tmp_path):
    times = []
    for name, content in (("dead", {"*": {"absorption": 0.9}}), ("live", {"wall*": "brickwork"})):
        path, out = tmp_path / f"{name}.json", tmp_path / name
        path.write_text(json.dumps(content))
        arguments = ["--materials", path, "--videos", 1, *SMALL, "--out", out]
        result = run("render", "--scenes", folder / "box.glb", *arguments)
        assert result.exit_code == 0, result.output
        with open_dataset(out) as clips:
            times.append(np.mean([clip["rt60_s"].mean() for clip in clips]))
    assert times[0] < 0.3 < times[1]


def test_built_in_homes_sound_in_their_mesh_too(tmp_path):
    out = tmp_path / "sim"
    arguments = ["--videos", 1, *SMALL, "--out", out]
    result = run("render", "--scenes", "procedural:1", "--acoustics", "mesh", *arguments)
    assert result.exit_code == 0, result.output
    assert run("verify", out).exit_code == 0


def test_what_auto_chose_stays_when_a_data_set_goes_on(folder, tmp_path, monkeypatch):
    out = tmp_path / "sim"
    arguments = ["--scenes", folder / "box.glb", *SMALL, "--out", out]
    assert run("render", *arguments, "--videos", 1).exit_code == 0
    asked = []

    def choose(wanted, *, is_scan):
        asked.append((wanted, is_scan))
        return "embree", "as before"

    monkeypatch.setattr("simbinaural.dataset.render.choose_vision", choose)
    result = run("render", *arguments, "--videos", 2)
    assert result.exit_code == 0, result.output
    assert asked == [("embree", True)]
