"""The published data sets' folders, and files of one's own, as sets of scenes."""

import json
import pickle

import numpy as np
import pytest
from scan_files import furnished_box, l_shaped_room, rewrite_header, write_mesh, write_ply, z_up

from simbinaural.errors import InputError
from simbinaural.scenes.categories import KEYWORDS, heard_as
from simbinaural.scenes.material_file import Refurnished, read_materials
from simbinaural.scenes.materials import load_material, material_names
from simbinaural.scenes.scans import scan_warnings
from simbinaural.scenes.sources import parse_scenes


def triangles(parts):
    """Vertices, polygons and gray colors of parts as one mesh."""
    offsets = np.cumsum([0, *(len(part.vertices) for part in parts)])
    vertices = np.concatenate([part.vertices for part in parts])
    polygons = [
        row for part, at in zip(parts, offsets, strict=False) for row in (part.faces + at).tolist()
    ]
    return vertices, polygons, np.full((len(vertices), 3), 120)


def semantic_ply(path, parts, ids):
    """PLY with an object_id for each face of some parts."""
    vertices, polygons, colors = triangles(parts)
    numbers = np.repeat(ids, [len(part.faces) for part in parts]).tolist()
    return write_ply(path, vertices, polygons, colors, ids=numbers)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Every data set in its published layout, two scenes each."""
    root = tmp_path_factory.mktemp("data")
    base, parts = root / "scene_datasets", z_up(furnished_box())
    for scene in ("b1", "a2"):
        write_mesh(base / "mp3d" / scene / f"{scene}.glb", parts)
    (base / "mp3d" / "a2" / "a2.navmesh").touch()
    write_mesh(base / "mp3d" / "a2" / "other.glb", parts)
    for scene in ("office_1", "apartment_0"):
        replica = base / "replica" / scene / "habitat" / "mesh_semantic.ply"
        semantic_ply(replica, parts, [k % 7 for k in range(len(parts))])
        (replica.parent / "mesh_semantic.navmesh").touch()
    write_mesh(base / "gibson" / "Adrian.glb", parts)
    write_mesh(base / "gibson" / "Woods.glb", parts)
    for name in ("train/00001-Ub", "minival/00800-Te", "val/00800-Te"):
        end = name.rpartition("-")[2]
        write_mesh(base / "hm3d" / name / f"{end}.glb", parts)
        write_mesh(base / "hm3d" / name / f"{end}.semantic.glb", parts)
        (base / "hm3d" / name / f"{end}.basis.glb").touch()
        (base / "hm3d" / name / f"{end}.basis.navmesh").touch()
    write_mesh(base / "hm3d" / "val" / "00900-Zz" / "Zz.basis.glb", parts)
    return root


@pytest.mark.parametrize(
    ("name", "scenes"),
    [
        ("mp3d", ["a2", "b1"]),
        ("replica", ["apartment_0", "office_1"]),
        ("gibson", ["Adrian", "Woods"]),
        ("hm3d", ["00001-Ub", "00800-Te", "00900-Zz"]),
    ],
)
def test_published_layouts(root, name, scenes):
    found = parse_scenes(name, scene_root=root)
    assert [scan.scene_id for scan in found.scans] == scenes
    assert (found.name, found.folder_name) == (name, name)
    assert "terms" in found.license or "license" in found.license
    for scan in found.scans:
        assert (scan.dataset, scan.up, scan.unit_scale, scan.root) == (name, "z", 1.0, root)
        assert scan.mesh.is_file()
    scene = found.load(0)
    assert scene.name == f"{name}/{scenes[0]}"
    assert scene.is_scan
    np.testing.assert_allclose(scene.ground.points[:, 1], 0, atol=1e-4)
    assert scene.scan == found.scans[0]


def test_plain_files_come_before_basis_and_navmeshes_are_found(root):
    hm3d = parse_scenes("hm3d", scene_root=root).scans
    assert [scan.mesh.name for scan in hm3d] == ["Ub.glb", "Te.glb", "Zz.basis.glb"]
    assert [scan.navmesh and scan.navmesh.name for scan in hm3d] == [
        "Ub.basis.navmesh",
        "Te.basis.navmesh",
        None,
    ]
    mp3d = parse_scenes("mp3d", scene_root=root).scans
    assert [scan.navmesh and scan.navmesh.name for scan in mp3d] == ["a2.navmesh", None]


def test_the_first_some_and_a_single_one(root):
    first = parse_scenes("mp3d:1", scene_root=root)
    assert [scan.scene_id for scan in first.scans] == ["a2"]
    assert (first.name, first.folder_name) == ("mp3d:1", "mp3d-1")
    single = parse_scenes("mp3d/b1", scene_root=root)
    assert [scan.scene_id for scan in single.scans] == ["b1"]
    assert parse_scenes(single.name, scene_root=root) == single
    # Without scene_datasets between, as some keep it.
    assert len(parse_scenes("gibson", scene_root=root / "scene_datasets")) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mp3d:3", "scenes must be at most 2 of mp3d in .*, got 3"),
        ("mp3d:x", "scenes must be mp3d:N with N from 1, got mp3d:x"),
        ("mp3d/zz", "mp3d must have the scene zz, got 2: a2, b1"),
    ],
)
def test_scenes_that_are_not_there(root, text, message):
    with pytest.raises(InputError, match=message):
        parse_scenes(text, scene_root=root)


@pytest.mark.parametrize("name", ["mp3d", "replica", "gibson", "hm3d"])
def test_what_was_looked_for_is_named(tmp_path, name):
    expected = (
        rf"{tmp_path}: must have scene_datasets/{name}/.* or {name}/.*, got none; pass --scene-root"
    )
    with pytest.raises(InputError, match=expected):
        parse_scenes(name, scene_root=tmp_path)
    with pytest.raises(
        InputError, match=rf"{tmp_path}/no: must be a folder with scene_datasets/{name}/"
    ):
        parse_scenes(name, scene_root=tmp_path / "no")


# --------------------------------------------------------------------------- own files


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    write_mesh(folder / "one.glb", furnished_box())
    write_mesh(folder / "more" / "one.glb", l_shaped_room())
    write_mesh(folder / "more" / "two.obj", l_shaped_room())
    write_mesh(folder / "more" / "two.semantic.glb", l_shaped_room())
    (folder / "notes.txt").touch()
    return folder


def test_a_file_a_folder_and_a_pattern(files, monkeypatch):
    single = parse_scenes(str(files / "one.glb"))
    assert [scan.scene_id for scan in single.scans] == ["one"]
    assert (single.name, single.folder_name) == (str(files / "one.glb"), "one")
    assert single.license == "the user's own"
    assert single.scans[0].up == "y"
    assert single.load(0).name == "files/one"
    whole = parse_scenes(str(files))
    assert [scan.scene_id for scan in whole.scans] == ["more/one", "two", f"{files.name}/one"]
    pattern = parse_scenes(str(files / "more" / "*.*"))
    assert [scan.scene_id for scan in pattern.scans] == ["one", "two"]
    assert pattern.folder_name == "more"
    monkeypatch.setenv("HOME", str(files))
    assert parse_scenes("~/one.glb").scans == single.scans
    monkeypatch.chdir(files)
    relative = parse_scenes("more/*.glb")
    assert relative.name == str(files / "more" / "*.glb")
    assert parse_scenes(relative.name).scans == relative.scans


def test_a_set_travels_and_is_read_once(files):
    scenes = parse_scenes(str(files / "one.glb"))
    assert pickle.loads(pickle.dumps(scenes)) == scenes
    assert hash(pickle.loads(pickle.dumps(scenes))) == hash(scenes)
    assert scenes.load(0) is scenes.load(0)
    with pytest.raises(InputError, match="index must be from 0 to 0, got 1"):
        scenes.load(1)


def test_no_such_files(tmp_path):
    for text in (str(tmp_path), f"{tmp_path}/*.glb", f"{tmp_path}/no.glb"):
        with pytest.raises(InputError) as caught:
            parse_scenes(text)
        assert str(caught.value).startswith(f"{text}: scenes must be mesh files (.glb, .gltf, .ply")
    with pytest.raises(InputError, match="unit_scale must be above 0, got -1"):
        parse_scenes(str(tmp_path), unit_scale=-1)
    with pytest.raises(InputError, match="up must be y or z, got x"):
        parse_scenes(str(tmp_path), up="x")


def test_axes_and_units(tmp_path):
    parts = z_up(furnished_box())
    for part in parts:
        part.apply_scale(1000)
    path = write_mesh(tmp_path / "mm.glb", parts)
    scene = parse_scenes(str(path), up="z", unit_scale=0.001).load(0)
    assert np.ptp(scene.mesh.vertices, axis=0) == pytest.approx((5, 2.6, 4), abs=1e-3)
    assert len(scene.ground.points) > 1000
    with pytest.raises(InputError, match="pass --unit-scale or --up"):
        parse_scenes(str(path), up="z").load(0)


# --------------------------------------------------------------------------- categories


def test_every_keyword_is_heard_as_a_material():
    assert {material for _, material in KEYWORDS} <= set(material_names())
    for keywords, material in KEYWORDS:
        for keyword in keywords.split():
            assert heard_as(keyword) == material, keyword


@pytest.mark.parametrize(
    ("name", "material"),
    [
        ("Carpet_beige.001", "carpet_hairy"),
        ("tv_monitor", "glass_3mm"),
        ("chest_of_drawers", "wood_16mm"),
        ("wall-cabinet", "wood_16mm"),
        ("hardwoodFloor", "stage_floor"),
        ("window_curtain", "curtains_velvet"),
        ("glass door", "glass_3mm"),
        ("mat_12", "carpet_hairy"),
        ("Material.003", None),
        ("bedrock_thing", "limestone_wall"),
        ("brick_wall_rough", "brick_wall_rough"),
        ("default", None),
        ("", None),
    ],
)
def test_names_are_heard_by_their_words(name, material):
    assert heard_as(name) == material


def test_file_materials_are_heard_and_the_unknown_counted_once(tmp_path):
    parts = furnished_box()
    for part in parts:
        if part.visual.material.name == "wall_paint":
            part.visual.material.name = "XR-7"
    scenes = parse_scenes(str(write_mesh(tmp_path / "home.glb", parts)))
    scene = scenes.load(0)
    by_name = {material.name: material for material in scene.materials}
    carpet = load_material("carpet_hairy")
    np.testing.assert_array_equal(by_name["carpet"].absorption, carpet.absorption)
    (line,) = scan_warnings(scenes, 0)
    # The walls are 46.8 of 90.4 m2.
    assert line == (
        "files/home: 1 of 4 materials (XR-7) are unknown, 52 % of the area; heard as the mean of a "
        "furnished room; see --materials"
    )
    assert scan_warnings(parse_scenes("procedural:1"), 0) == ()


def test_replica_categories(tmp_path):
    home = tmp_path / "replica" / "room_0" / "habitat"
    parts = z_up(furnished_box())
    ids = [
        {"wall_paint": 3, "carpet": 5, "ceiling": 8}.get(p.visual.material.name, 11) for p in parts
    ]
    semantic_ply(home / "mesh_semantic.ply", parts, ids)
    classes = [{"id": 1, "name": "wall"}, {"id": 2, "name": "rug"}, {"id": 4, "name": "table"}]
    objects = [{"id": 3, "class_id": 1}, {"id": 5, "class_id": 2, "class_name": "rug"}]
    objects += [{"id": 11, "class_id": 4}]
    info = {"classes": classes, "objects": objects}
    (home / "info_semantic.json").write_text(json.dumps(info))
    scenes = parse_scenes("replica", scene_root=tmp_path)
    scene = scenes.load(0)
    names = np.array([material.name for material in scene.materials])[scene.mesh.material]
    floor = np.all(np.abs(scene.mesh.vertices[scene.mesh.faces][..., 1]) < 1e-6, axis=1)
    assert set(names[floor]) == {"rug", "table"}  # feet of the table lie on it
    assert set(names) == {"wall", "rug", "table", "default"}
    (line,) = scan_warnings(scenes, 0)
    assert "1 of 4 materials (without a name) are unknown, 22 % of the area" in line
    (home / "info_semantic.json").write_text('{"classes": 3}')
    with pytest.raises(InputError, match=r"info_semantic.json: must list classes and objects"):
        parse_scenes("replica", scene_root=tmp_path, unit_scale=1.001).load(0)


def house_lines(*categories):
    lines = ["ASCII 1.1"]
    for k, (raw, plain) in enumerate(categories):
        lines.append(f"C  {k} {k + 100} {raw} {k} {plain} 0 0 0 0 0")
        lines.append(f"O {k} 0 {k}  0 0 0  1 0 0  0 1 0  1 1 1 0 0 0 0 0 0 0 0")
    return "\n".join([*lines, "O 9 0 -1  0 0 0"]) + "\n"


@pytest.fixture
def mp3d(tmp_path):
    """A home of Matterport3D with categories in another mesh; objects 0 to 3."""
    home = tmp_path / "mp3d" / "17D"
    parts = z_up(furnished_box(steps=6))
    write_mesh(home / "17D.glb", parts)
    ids = [
        {"wall_paint": 0, "carpet": 1, "ceiling": 2}.get(p.visual.material.name, 3) for p in parts
    ]
    semantic_ply(home / "17D_semantic.ply", z_up(furnished_box(steps=6)), ids)
    categories = [
        ("wall", "wall"),
        ("carpet", "floor"),
        ("zz#thing", "ceiling"),
        ("table", "table"),
    ]
    (home / "17D.house").write_text(house_lines(*categories))
    return tmp_path


def test_matterport_categories_come_from_the_nearest_face(mp3d):
    scene = parse_scenes("mp3d", scene_root=mp3d).load(0)
    names = np.array([material.name for material in scene.materials])[scene.mesh.material]
    corners = scene.mesh.vertices[scene.mesh.faces]
    ceiling = np.all(corners[..., 1] > 2.59, axis=1)
    assert set(names[ceiling]) == {"ceiling"}
    top = np.all(np.abs(corners[..., 1] - 0.75) < 1e-4, axis=1)
    inside = np.all((corners[:, :, 0] > 1.79) & (corners[:, :, 0] < 3.21), axis=1)
    assert set(names[top & inside]) == {"table"}
    assert set(names) == {"wall", "carpet", "ceiling", "table"}


def test_a_broken_house_file(mp3d):
    (mp3d / "mp3d" / "17D" / "17D.house").write_text("ASCII 1.1\nO one\n")
    with pytest.raises(
        InputError, match=r"17D.house: must be a house file of Matterport3D, got 'O one'"
    ):
        parse_scenes("mp3d", scene_root=mp3d).load(0)


def test_basis_textures_of_matterport_are_replaced_by_the_colored_mesh(mp3d):
    def compress(header):
        header["extensionsUsed"] = header["extensionsRequired"] = ["GOOGLE_texture_basis"]

    rewrite_header(mp3d / "mp3d" / "17D" / "17D.glb", compress)
    scenes = parse_scenes("mp3d", scene_root=mp3d)
    (line,) = scan_warnings(scenes, 0)
    assert line.endswith(
        "textures are Basis-compressed (GOOGLE_texture_basis); 17D_semantic.ply is filmed"
    )
    scene = scenes.load(0)
    assert scene.scan.mesh.name == "17D.glb"
    assert {material.name for material in scene.materials} == {"wall", "carpet", "ceiling", "table"}
    (mp3d / "mp3d" / "17D" / "17D_semantic.ply").unlink()
    with pytest.raises(InputError, match="17D.glb: textures are Basis-compressed"):
        parse_scenes("mp3d", scene_root=mp3d, unit_scale=1.001).load(0)


# --------------------------------------------------------------------------- --materials


def read(tmp_path, content, **options):
    path = tmp_path / "materials.json"
    path.write_text(json.dumps(content))
    return read_materials(path, **options)


def test_names_and_patterns_of_a_scan_are_mapped(files, tmp_path):
    replacements = read(
        tmp_path,
        {
            "my_foam": {"absorption": 0.9},
            "WALL*": "my_foam",
            "stage_floor": {"absorption": 0.4},
            "table": "brickwork",
            "*": {"scattering": 0.7},
        },
        any_name=True,
    )
    scenes = Refurnished(parse_scenes(str(files / "one.glb")), replacements)
    materials = {material.name: material for material in scenes.load(0).materials}
    np.testing.assert_array_equal(materials["wall_paint"].absorption, 0.9)
    plaster, brick = load_material("plasterboard"), load_material("brickwork")
    np.testing.assert_array_equal(materials["wall_paint"].scattering, plaster.scattering)
    np.testing.assert_array_equal(materials["table"].absorption, brick.absorption)
    np.testing.assert_array_equal(materials["table"].scattering, brick.scattering)
    np.testing.assert_array_equal(materials["carpet"].scattering, 0.7)
    np.testing.assert_array_equal(
        materials["carpet"].absorption, load_material("carpet_hairy").absorption
    )


def test_the_material_that_a_name_is_heard_as_may_be_replaced(files, tmp_path):
    replacements = read(tmp_path, {"carpet_hairy": {"absorption": 0.33}}, any_name=True)
    scene = Refurnished(parse_scenes(str(files / "one.glb")), replacements).load(0)
    materials = {material.name: material for material in scene.materials}
    np.testing.assert_array_equal(materials["carpet"].absorption, 0.33)


def test_what_is_mapped_is_known(tmp_path):
    parts = furnished_box()
    for part in parts:
        part.visual.material.name = f"m-{part.visual.material.name[0]}x"
    scenes = parse_scenes(str(write_mesh(tmp_path / "home.glb", parts)))
    assert "3 of 3 materials" in scan_warnings(scenes, 0)[0]
    some = Refurnished(scenes, read(tmp_path, {"m-w*": "brickwork"}, any_name=True))
    assert "2 of 3 materials" in scan_warnings(some, 0)[0]
    star = Refurnished(scenes, read(tmp_path, {"*": {"absorption": 0.2}}, any_name=True))
    assert scan_warnings(star, 0) == ()


def test_built_in_homes_refuse_names_that_none_of_theirs_has(tmp_path):
    assert "brickwork" in read(tmp_path, {"brickwork": "foam", "foam": {"absorption": 1}})
    assert set(read(tmp_path, {"carpet*": {"absorption": 0.5}})) == {"carpet*"}
    with pytest.raises(InputError, match="'rug' must be a known material or"):
        read(tmp_path, {"rug": "carpet_hairy"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"rug": "velvet"}, "rug must name a material of the table or of the file, got 'velvet'"),
        ({"rug": "sofa", "sofa": "rug"}, "rug must name a material of the table or of the file"),
        ({"rug": 3}, "rug must have absorption or scattering or both, got 3"),
    ],
)
def test_bad_entries(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, content, any_name=True)
