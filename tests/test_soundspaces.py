"""SoundSpaces 1.0: a small one in the real layout, of which every response is known."""

import copyreg
import os
import pickle
import shutil
from dataclasses import replace

import networkx
import numpy as np
import pytest
from scanned_rooms import box_mesh
from soundspaces_files import CORNER, SIZE, make_graph, to_file_axes, write_soundspaces

from simbinaural.acoustics.early import anechoic
from simbinaural.acoustics.soundspaces import SoundSpacesRirs, find_rirs
from simbinaural.acoustics.soundspaces_axes import measure_axes
from simbinaural.acoustics.soundspaces_ears import hear_field
from simbinaural.ambisonics import convert, encode, rotate
from simbinaural.audio import read_audio, write_audio
from simbinaural.casting import RayCaster
from simbinaural.errors import InputError
from simbinaural.geometry import (
    SPEED_OF_SOUND,
    Pose,
    direction_vectors,
    directions,
    multiply,
    orientation_towards,
    to_count,
)
from simbinaural.hrtf import load_hrtf
from simbinaural.metrics import interaural_level_difference_db
from simbinaural.scenes.scene import Scan
from simbinaural.scenes.soundspaces import (
    find_metadata,
    read_graph,
    read_grid,
    read_points,
    soundspaces_ground,
)
from simbinaural.scenes.sources import parse_scenes
from simbinaural.trajectory.standing import GroundFloor

RATE = 16000
LONE = 14  # the point that no edge reaches


@pytest.fixture(scope="module")
def kemar():
    return load_hrtf(sample_rate=RATE)


@pytest.fixture(scope="module")
def two_ears(tmp_path_factory):
    return write_soundspaces(tmp_path_factory.mktemp("data"), n=3)


@pytest.fixture(scope="module")
def fields(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "soundspaces"
    return write_soundspaces(root, n=3, binaural=False, ambisonic=True)


def open_rirs(small):
    return SoundSpacesRirs(small.root, small.dataset, small.scene_id)


def copy_of(small, tmp_path):
    return replace(small, root=shutil.copytree(small.root, tmp_path / "copy"))


def pose_at(small, index, azimuth_deg, elevation_deg=0.0):
    return Pose(small.ear(index), orientation_towards(azimuth_deg, elevation_deg))


def level_db(ears):
    return float(interaural_level_difference_db(ears))


# --------------------------------------------------------------------------- points and graph


@pytest.mark.parametrize(("dataset", "height"), [("mp3d", 1.5), ("replica", 1.5528907)])
def test_points_come_from_mesh_axes_down_to_the_floor(tmp_path, dataset, height):
    path = tmp_path / "points.txt"
    path.write_text("0\t1.0\t2.0\t3.0\n7\t-4.5\t0.5\t1.5528907\n")
    indices, points = read_points(path, dataset)
    np.testing.assert_array_equal(indices, [0, 7])
    np.testing.assert_allclose(points, [(1, 3 - height, -2), (-4.5, 1.5528907 - height, -0.5)])


def test_the_grid_has_the_graphs_points_in_order_and_its_areas(two_ears):
    grid = read_grid(find_metadata(two_ears.root, "mp3d", two_ears.scene_id), "mp3d")
    np.testing.assert_array_equal(grid.indices, sorted(two_ears.points))
    wanted = [two_ears.points[index] for index in sorted(two_ears.points)]
    np.testing.assert_allclose(grid.points, wanted, atol=1e-6)
    np.testing.assert_array_equal(grid.area, [0] * 9 + [1])
    assert len(grid.edges) == 12
    apart = np.linalg.norm(np.diff(grid.points[grid.edges], axis=1)[:, 0], axis=1)
    np.testing.assert_allclose(apart, 1.0, atol=1e-6)


def test_a_node_without_point_is_where_points_txt_has_it(two_ears, tmp_path):
    small = copy_of(two_ears, tmp_path)
    graph = networkx.path_graph(2)
    (small.metadata / "graph.pkl").write_bytes(pickle.dumps(graph))
    grid = read_grid(small.metadata, "mp3d")
    np.testing.assert_allclose(grid.points, [small.points[0], small.points[1]], atol=1e-6)
    graph.add_node(99)
    (small.metadata / "graph.pkl").write_bytes(pickle.dumps(graph))
    with pytest.raises(InputError, match=r"points\.txt: points must have those .* none of 99"):
        read_grid(small.metadata, "mp3d")


def test_the_ground_knows_ears_spacing_and_walls(two_ears):
    mesh = box_mesh(SIZE, CORNER)
    scan = Scan("mp3d", two_ears.scene_id, None, root=two_ears.root)
    ground = soundspaces_ground(scan, RayCaster(mesh.vertices, mesh.faces))
    assert (ground.origin, ground.ear_height_m, ground.spacing_m) == ("soundspaces", 1.5, 1.0)
    inside = ground.points - CORNER
    to_wall = np.minimum(inside, SIZE - inside)[:, [0, 2]].min(axis=1)
    # Rays go 15 deg apart, and none along a wall's normal.
    assert (ground.clearance_m >= to_wall - 0.15).all()
    np.testing.assert_allclose(ground.clearance_m, to_wall, atol=0.2)
    assert soundspaces_ground(replace(scan, dataset="gibson"), None) is None
    assert soundspaces_ground(replace(scan, scene_id="elsewhere"), None) is None
    assert soundspaces_ground(replace(scan, root=None), None) is None


def test_folders_lie_in_the_root_or_in_its_soundspaces(fields):
    below = fields.root.parent
    assert find_metadata(below, "mp3d", fields.scene_id) == fields.metadata
    assert open_rirs(replace(fields, root=below)).are_there.sum() == 72


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0\t1\t2\n", "line 1 must be an index and x, y, z, got '0"),
        ("0\t1\t2\t3\n\n1\tx\t2\t3\n", "line 3 must be"),
        ("0.5\t1\t2\t3\n", "line 1 must be"),
        ("0\t1\t2\tnan\n", "line 1 must be"),
        ("0\t1\t2\t3\n0\t1\t2\t3\n", "each index must come once, got [0] more often"),
    ],
)
def test_points_that_cannot_be_read_are_named(tmp_path, text, said):
    path = tmp_path / "points.txt"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_points(path, "mp3d")
    assert str(raised.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize("name", ["points.txt", "graph.pkl"])
def test_a_missing_file_is_named(two_ears, tmp_path, name):
    small = copy_of(two_ears, tmp_path)
    (small.metadata / name).unlink()
    with pytest.raises(InputError, match=f"{name}: file must be there, got none; fetch"):
        read_grid(small.metadata, "mp3d")


# --------------------------------------------------------------------------- the pickle


def some_graph():
    graph = networkx.Graph()
    graph.add_node(np.int64(4), point=np.array([1, 2, 3], dtype=np.float32))
    graph.add_node(0, point=(np.float64(0.5), np.float32(-1), 2))
    graph.add_node(2, point=np.asfortranarray(np.arange(6.0).reshape(3, 2))[:, 1])
    graph.add_edge(4, 0, weight=np.float64(1.0))
    graph.add_edge(0, 2)
    return graph


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("viewed", [False, True])
def test_graphs_of_every_protocol_are_read(tmp_path, protocol, viewed):
    graph = some_graph()
    if viewed:  # the views stay in the graph, and in the pickle
        assert graph.nodes
        assert graph.edges
        assert graph.adj
        assert graph.degree
    check_some_graph(tmp_path, pickle.dumps(graph, protocol))


def test_graphs_of_old_networkx_and_numpy_are_read(tmp_path):
    """Until 2.x a graph kept its factories, classes all; numpy 1 had a `numpy.core`."""
    graph = some_graph()
    for name in ("graph_attr", "node", "node_attr", "adjlist_outer", "adjlist_inner", "edge_attr"):
        graph.__dict__[f"{name}_dict_factory"] = dict
    graph.__dict__.pop("__networkx_cache__", None)
    data = pickle.dumps(graph, 2)
    check_some_graph(tmp_path, data.replace(b"numpy._core", b"numpy.core"))


def check_some_graph(tmp_path, data):
    path = tmp_path / "graph.pkl"
    path.write_bytes(data)
    indices, edges, points = read_graph(path)
    np.testing.assert_array_equal(indices, [0, 2, 4])
    np.testing.assert_array_equal(edges, [(0, 1), (0, 2)])
    np.testing.assert_array_equal(
        [points[k] for k in (0, 2, 4)], [(0.5, -1, 2), (1, 3, 5), (1, 2, 3)]
    )


class Hostile:
    """Pickles into a call of something."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Graph:
    """Not networkx's."""


def system(tmp_path):
    return Hostile(os.system, f"touch {tmp_path / 'witness'}")


def in_a_node(value):
    graph = some_graph()
    graph.nodes[0]["point"] = value
    return graph


HOSTILE = {
    "posix.system": system,
    "builtins.eval": lambda path: Hostile(eval, f"open({str(path / 'witness')!r}, 'w')"),
    "builtins.exec": lambda path: in_a_node((1, 2, Hostile(exec, f"open({str(path)!r})"))),
    "builtins.getattr": lambda path: Hostile(getattr, system(path), "call"),
    "io.open": lambda path: in_a_node({"deep": [Hostile(open, str(path / "witness"), "w")]}),
    "numpy.dtype(O8)": lambda path: in_a_node(np.array([system(path)], dtype=object)),
    "numpy.load": lambda path: Hostile(np.load, str(path / "evil.npy")),
    "test_soundspaces.Graph": lambda _: Graph(),
    "networkx.classes.digraph.DiGraph": lambda _: networkx.DiGraph(),
    "copyreg.add_extension": lambda _: Hostile(copyreg.add_extension, "os", "system", 7),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_hostile_pickle_does_nothing_and_is_refused_by_name(tmp_path, name, protocol):
    path = tmp_path / "graph.pkl"
    path.write_bytes(pickle.dumps(HOSTILE[name](tmp_path), protocol))
    with pytest.raises(InputError) as raised:
        read_graph(path)
    assert str(raised.value).startswith(
        f"{path}: graph must be made of networkx.Graph and numbers alone, got {name}; "
    )
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "witness").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"cnetworkx.classes.graph\nGraph.__init__\n.", "got networkx.classes.graph.Graph.__i"),
        (b"\x80\x04\x8c\x08builtins\x8c\x0edict.__class__\x93.", "got builtins.dict.__class__;"),
        (b"c__builtin__\neval\n(S'1'\ntR.", "numbers alone, got builtins.eval;"),
        (b"cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR.", "numbers alone, got numpy.dtype(O8);"),
        (b"cnumpy\nndarray\n(I999999999999\ntR.", "graph must be a whole pickle, got TypeError"),
        (b"cnumpy._core.numeric\n_frombuffer\n(I999999999\nN(tNtR.", "numpy.ndarray of int;"),
        (b"\x80\x04Nr\xff\xff\xff\x7f.", "graph must be a whole pickle, got UnpicklingError memo"),
        (b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\x00\x00ab.", "graph must be a whole pickle"),
        (b"\x82\x07.", "graph must be a whole pickle, got ValueError unregistered extension"),
        (b"Pabc\n.", "graph must be a whole pickle"),
        (b"", "graph must be a whole pickle"),
        (b"no pickle at all", "graph must be a whole pickle"),
        (b"\x80\x04]\x94.", "file must hold a networkx Graph, got list"),
        (b"\x80\x04cnetworkx.classes.graph\nGraph\n)\x81.", "file must hold a networkx Graph, got"),
        (pickle.dumps(networkx.Graph([("a", "b")])), "nodes must be whole numbers from 0, got one"),
        (pickle.dumps(in_a_node((1, 2))), "point of node 0 must be three numbers"),
        (pickle.dumps(in_a_node((1, 2, np.inf))), "point of node 0 must be three numbers"),
        (pickle.dumps(in_a_node("123")), "point of node 0 must be three numbers"),
    ],
)  # fmt: skip
def test_a_damaged_pickle_is_one_line(tmp_path, data, said):
    path = tmp_path / "graph.pkl"
    path.write_bytes(data)
    with pytest.raises(InputError) as raised:
        read_graph(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_cut_or_huge_pickle_is_refused(tmp_path):
    path = tmp_path / "graph.pkl"
    data = pickle.dumps(some_graph())
    for end in range(0, len(data), 37):
        path.write_bytes(data[:end])
        with pytest.raises(InputError, match="whole pickle"):
            read_graph(path)
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(InputError, match="graph must have at most 16777216 bytes, got 16777217"):
        read_graph(path)


def test_one_pickle_cannot_spoil_the_next(tmp_path):
    """BUILD sets attributes of whatever is on the stack, also of the classes that stand in."""
    path = tmp_path / "graph.pkl"
    set_adj = b"N}U\x0c__setstate__c__builtin__\nlist\ns\x86b"
    path.write_bytes(b"\x80\x02cnetworkx.classes.graph\nGraph\n" + set_adj + b".")
    with pytest.raises(InputError):
        read_graph(path)
    check_some_graph(tmp_path, pickle.dumps(some_graph()))


# --------------------------------------------------------------------------- two ears


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_a_pose_gets_the_file_of_its_point_and_heading(two_ears, kemar, angle):
    rirs = open_rirs(two_ears)
    for receiver, source in [(0, 1), (1, 0), (4, 9)]:
        heard = rirs.responses(
            None, two_ears.ear(source), [pose_at(two_ears, receiver, -angle)], hrtf=kemar
        )
        file, _ = read_audio(two_ears.binaural(angle, receiver, source))
        np.testing.assert_array_equal(heard.binaural[0], file)
    assert heard.omni
    assert heard.warnings == ()
    assert rirs.ears == "SoundSpaces"


@pytest.mark.parametrize(
    ("angle", "way"), [(0, (0, 1, 0)), (90, (1, 0, 0)), (180, (0, -1, 0)), (270, (-1, 0, 0))]
)
def test_an_angle_looks_clockwise_from_the_meshs_y(two_ears, kemar, angle, way):
    """The data set's words: in mesh axes 0 is +y, 90 is +x."""
    rirs = open_rirs(two_ears)
    (heading,) = [each for each in rirs.headings if np.isclose((each + angle) % 360, 0)]
    np.testing.assert_allclose(to_file_axes(direction_vectors(heading, 0.0)), way, atol=1e-12)
    # What the mesh has on the right of that way is louder on the right.
    right = np.array([way[1], -way[0], 0.0])
    middle = two_ears.ear(5)  # of nine
    (source,) = [
        index
        for index in two_ears.points
        if np.allclose(to_file_axes(two_ears.ear(index) - middle), right, atol=1e-6)
    ]
    pose = Pose(middle, orientation_towards(heading))
    heard = rirs.responses(None, two_ears.ear(source), [pose], hrtf=kemar)
    assert level_db(heard.binaural[0]) < -5


def test_missing_and_empty_files_are_counted_and_never_silence(two_ears, tmp_path, kemar):
    small = copy_of(two_ears, tmp_path)
    small.binaural(90, 0, 1).unlink()
    small.binaural(180, 4, 5).write_bytes(b"")
    write_audio(small.binaural(0, 6, 5), np.zeros((2, 0)), RATE)
    small.binaural(0, 9, 8).rename(small.binaural(0, 9, 8, "-"))
    rirs = open_rirs(small)
    assert not any(rirs.has(*pair) for pair in [(0, 1), (4, 5), (6, 5), (3, 0), (99, 0), (0, 0)])
    assert rirs.has(1, 0)
    assert rirs.has(9, 8)
    assert rirs.warnings == (
        "mp3d/17DRP5sb8fy: 3 of 72 pairs of points have no response, or an empty one; "
        "they are not used",
    )
    hearing = dict(zip(rirs.grid.indices, rirs.hearing(small.ear(5)), strict=True))
    assert [index for index, heard in hearing.items() if not heard] == [4, 5, 6, LONE]
    for angle, pair in [(90, (0, 1)), (180, (4, 5)), (0, (6, 5))]:
        path = small.binaural(angle, *pair)
        with pytest.raises(InputError) as raised:
            rirs.responses(None, small.ear(pair[1]), [pose_at(small, pair[0], -angle)], hrtf=kemar)
        assert str(raised.value).startswith(f"{path}: file must hold a response, got none")


def test_both_separators_are_read(two_ears, tmp_path, kemar):
    small = write_soundspaces(tmp_path, n=2, separator="-")
    assert open_rirs(small).are_there.sum() == 12
    heard = [
        open_rirs(each).responses(None, small.ear(1), [pose_at(small, 0, 0)], hrtf=kemar).binaural
        for each in (small, replace(two_ears, points=small.points))
    ]
    np.testing.assert_array_equal(*heard)


@pytest.mark.parametrize(
    ("samples", "rate", "said"),
    [
        (np.ones((2, 100)), 44100, "sample rate must be 16000 Hz as in all files of its data set"),
        (np.ones((1, 100)), RATE, "channels must number 2, got 1"),
        (np.zeros((2, 100)), RATE, "response must not be silent, got 100 zeros"),
    ],
)
def test_a_file_that_does_not_fit_is_named(two_ears, tmp_path, kemar, samples, rate, said):
    small = copy_of(two_ears, tmp_path)
    path = small.binaural(0, 0, 1)
    write_audio(path, samples, rate)
    with pytest.raises(InputError) as raised:
        open_rirs(small).responses(None, small.ear(1), [pose_at(small, 0, 0)], hrtf=kemar)
    assert str(raised.value).startswith(f"{path}: {said}")


def test_who_is_not_on_the_grid_is_told_the_nearest_point(two_ears, kemar):
    rirs = open_rirs(two_ears)
    pose = pose_at(two_ears, 0, 0)
    with pytest.raises(
        InputError, match=r"source must be at a point .* got \(2\.52, 1\.70, -4\.00"
    ):
        rirs.responses(None, two_ears.ear(1) + (0.02, 0, 1), [pose], hrtf=kemar)
    low = replace(pose, position=pose.position - (0, 0.02, 0))
    with pytest.raises(
        InputError, match=r"pose 1 must be .* ear height.* nearest is \(2\.50, 1\.70"
    ):
        rirs.responses(None, two_ears.ear(1), [pose, low], hrtf=kemar)
    with pytest.raises(InputError, match="pose 0 must not be at the source, got"):
        rirs.responses(None, two_ears.ear(0), [pose], hrtf=kemar)
    near = replace(pose, position=pose.position + (0.006, 0.009, -0.006))
    rirs.responses(None, two_ears.ear(1), [near], hrtf=kemar)


@pytest.mark.parametrize("turn", [orientation_towards(45), orientation_towards(90, 5)])
def test_another_heading_needs_the_ambisonic_set(two_ears, kemar, turn):
    pose = Pose(two_ears.ear(0), turn)
    with pytest.raises(InputError, match="pose 0 must be level, .* -90, 0, 90, 180, got azimuth"):
        open_rirs(two_ears).responses(None, two_ears.ear(1), [pose], hrtf=kemar)


def test_a_head_that_lies_on_its_side_is_not_level(two_ears, kemar):
    rolled = multiply(orientation_towards(90), (np.cos(0.3), 0, 0, np.sin(0.3)))
    with pytest.raises(InputError, match="pose 0 must be level"):
        open_rirs(two_ears).responses(
            None, two_ears.ear(1), [Pose(two_ears.ear(0), rolled)], hrtf=kemar
        )


def test_ambisonics_need_the_ambisonic_set(two_ears, kemar):
    with pytest.raises(InputError, match="ambisonic_rirs must be there .*; fetch them or choose"):
        open_rirs(two_ears).responses(
            None, two_ears.ear(1), [pose_at(two_ears, 0, 0)], hrtf=kemar, foa_axes="world"
        )


def test_another_rate_keeps_the_transfer_function(tmp_path):
    small = write_soundspaces(tmp_path, dataset="replica", n=2)
    file, own_rate = read_audio(small.binaural(0, 0, 1))
    assert own_rate == 44100
    heard = open_rirs(small).responses(
        None, small.ear(1), [pose_at(small, 0, 0)], hrtf=load_hrtf(sample_rate=RATE)
    )
    frequency = np.arange(200, 6000, 200)
    own, new = (
        rir @ np.exp(-2j * np.pi * frequency * np.arange(rir.shape[-1])[:, None] / rate)
        for rir, rate in ((file, own_rate), (heard.binaural[0], RATE))
    )
    np.testing.assert_allclose(new, own, atol=0.015)


def test_a_higher_rate_than_the_files_is_said(two_ears):
    hrtf = load_hrtf(sample_rate=44100)
    heard = open_rirs(two_ears).responses(
        None, two_ears.ear(1), [pose_at(two_ears, 0, 0)], hrtf=hrtf
    )
    assert heard.warnings[0].startswith(
        "mp3d/17DRP5sb8fy: responses at 16000 Hz have nothing above"
    )
    assert heard.binaural.shape == (1, 2, 2205)


def test_shorter_files_get_silence_behind(two_ears, tmp_path, kemar):
    small = copy_of(two_ears, tmp_path)
    write_audio(small.binaural(0, 0, 1), np.ones((2, 50)), RATE)
    poses = [pose_at(small, 0, 0), pose_at(small, 0, 90)]
    heard = open_rirs(small).responses(None, small.ear(1), poses, hrtf=kemar).binaural
    assert heard.shape == (2, 2, 800)
    np.testing.assert_array_equal(heard[0], np.repeat([[1, 0]], [50, 750], axis=1) * [[1], [1]])


def test_responses_are_found_where_there_are_some(two_ears, tmp_path):
    scan = Scan("mp3d", two_ears.scene_id, None, root=two_ears.root)
    assert find_rirs(scan).headings == (-90, 0, 90, 180)
    assert find_rirs(replace(scan, root=None)) is None
    assert find_rirs(replace(scan, dataset="hm3d")) is None
    small = copy_of(two_ears, tmp_path)
    shutil.rmtree(small.root / "binaural_rirs")
    assert find_rirs(replace(scan, root=small.root)) is None
    with pytest.raises(InputError, match=r"metadata/mp3d/no: folder must hold SoundSpaces' points"):
        SoundSpacesRirs(two_ears.root, "mp3d", "no")
    with pytest.raises(InputError, match="poses must be one at least, got none"):
        open_rirs(two_ears).responses(None, two_ears.ear(0), [], hrtf=None)


# --------------------------------------------------------------------------- ambisonics


@pytest.mark.parametrize("turn", [(0, 0), (90, 0), (-37, 10), (143, -5)])
@pytest.mark.parametrize(("receiver", "source"), [(0, 1), (5, 9), (8, 0)])
def test_any_head_hears_the_direct_sound_through_its_hrtf(fields, kemar, turn, receiver, source):
    rirs = open_rirs(fields)
    assert (rirs.headings, rirs.ears) == (None, None)
    pose = pose_at(fields, receiver, *turn)
    heard = rirs.responses(None, fields.ear(source), [pose], hrtf=kemar)
    assert heard.warnings == ()
    way = pose.to_body(fields.ear(source))
    distance = np.linalg.norm(way)
    # The file's pulse is at a whole sample.
    arrival = to_count(distance / SPEED_OF_SOUND, RATE) / RATE * SPEED_OF_SOUND
    wanted = anechoic(kemar, way / distance * arrival, n_taps=heard.binaural.shape[-1])
    np.testing.assert_allclose(heard.binaural[0], wanted * arrival / distance, atol=2e-3)


@pytest.mark.parametrize("turn", [(0, 0), (70, 0), (-150, 20)])
def test_what_comes_later_comes_through_second_order(kemar, turn):
    """A reflection from elsewhere, around 500 Hz: the ears' pressure is KEMAR's there."""
    pose = Pose(np.zeros(3), orientation_towards(*turn))
    wall = pose.to_body([2.0, 1.0, -1.5])
    pulse = np.eye(1000)[400]
    field = 0.5 * encode(pulse, *directions(wall)[:2], order=2)
    front = encode(np.eye(1000)[200], 0, 0, order=2)
    both = hear_field(field + front, kemar, (0, 0, -1.0))
    heard = (both - hear_field(front, kemar, (0, 0, -1.0)))[:, 200:]
    distance = 200 / RATE * SPEED_OF_SOUND
    wanted = anechoic(kemar, wall / np.linalg.norm(wall) * distance, n_taps=heard.shape[-1])
    low = slice(300, 700)
    own, kemars = (np.fft.rfft(ears, RATE)[:, low] for ears in (heard, 0.5 * distance * wanted))
    late_s = np.angle(own / kemars) / (2 * np.pi * np.arange(300, 700))
    np.testing.assert_allclose(late_s, 0, atol=60e-6)
    level = 20 * np.log10(np.abs(own / kemars))
    np.testing.assert_allclose(level.mean(axis=1), 0, atol=1.0)


def test_the_right_ear_is_louder_for_what_is_on_the_right(fields, kemar):
    rirs = open_rirs(fields)
    middle, poses = 5, [pose_at(fields, 5, azimuth) for azimuth in (0, 90, 180, -90)]
    east = min(
        fields.points,
        key=lambda k: np.linalg.norm(fields.points[k] - fields.points[middle] - (1, 0, 0)),
    )
    heard = rirs.responses(None, fields.ear(east), poses, hrtf=kemar).binaural
    right, behind, left, front = (level_db(ears) for ears in heard)
    assert right < -5
    assert left > 5
    assert max(abs(behind), abs(front)) < 2.5


def test_ambisonics_are_sn3d_in_the_axes_that_are_asked_for(fields, kemar):
    rirs = open_rirs(fields)
    pose = pose_at(fields, 0, 60, -20)
    for axes, way in [("world", (1, 0, 1)), ("picture", pose.to_body(fields.ear(6)))]:
        if axes == "world":
            way = fields.ear(6) - fields.ear(0)
        heard = rirs.responses(None, fields.ear(6), [pose], hrtf=kemar, foa_axes=axes)
        assert heard.ambisonic.shape == (1, 4, heard.binaural.shape[-1])
        x, y, z = way / np.linalg.norm(way)
        wyzx = np.array([1, -x, y, -z]) / np.linalg.norm(way)
        np.testing.assert_allclose(heard.ambisonic[0].sum(axis=1), wyzx, atol=1e-4)


@pytest.mark.parametrize("azimuth", [90, 180, 270])
def test_files_that_look_another_way_are_turned_and_that_is_said(fields, tmp_path, kemar, azimuth):
    small = copy_of(fields, tmp_path)
    back = orientation_towards(-azimuth)
    for path in small.ambisonic(0, 1).parent.iterdir():
        samples, rate = read_audio(path)
        turned = convert(rotate(convert(samples, "n3d"), back), "ambix", "n3d")
        write_audio(path, turned, rate)
    pose = pose_at(small, 0, 20)
    heard, wanted = (
        open_rirs(each).responses(None, small.ear(9), [pose], hrtf=kemar, foa_axes="world")
        for each in (small, fields)
    )
    np.testing.assert_allclose(heard.binaural, wanted.binaural, atol=1e-5)
    np.testing.assert_allclose(heard.ambisonic, wanted.ambisonic, atol=1e-5)
    assert f"ambisonic_rirs look to azimuth {azimuth} instead of 0" in heard.warnings[0]


def test_directions_that_make_no_sense_are_said():
    rng = np.random.default_rng(1)
    ways = rng.normal(size=(12, 3))
    noise = rng.normal(size=(12, 9, 200))
    assert "directions may be wrong" in measure_axes(noise, ways, RATE).warning
    # Mirrored files: left is right.
    azimuth, elevation, _ = directions(ways * (-1, 1, 1))
    places = zip(azimuth, elevation, strict=True)
    pulses = [encode(np.eye(50)[20], *place, order=2) for place in places]
    assert "directions may be wrong" in measure_axes(pulses, ways, RATE).warning
    assert measure_axes(pulses[:2], ways[:2], RATE).warning == ""
    assert measure_axes([], [], RATE).warning == ""


def test_the_ambisonic_set_is_found_with_and_without_irs(fields, tmp_path):
    small = copy_of(fields, tmp_path)
    irs = small.ambisonic(0, 1).parent
    irs.rename(irs.parent / "0")
    assert open_rirs(small).are_there.sum() == 72
    for path in (irs.parent / "0").iterdir():
        path.rename(irs.parent / path.name)
    assert open_rirs(small).are_there.sum() == 72
    assert open_rirs(small).headings is None


@pytest.mark.parametrize("channels", [2, 10])
def test_ambisonic_files_have_a_full_order(fields, tmp_path, kemar, channels):
    small = copy_of(fields, tmp_path)
    write_audio(small.ambisonic(0, 1), np.ones((channels, 100)), RATE)
    with pytest.raises(
        InputError, match=f"0_1.wav: channels must number 4 or 9 or 16, got {channels}"
    ):
        open_rirs(small).responses(None, small.ear(1), [pose_at(small, 0, 0)], hrtf=kemar)


def test_the_writers_graph_needs_no_networkx_to_be_read(two_ears, tmp_path, monkeypatch):
    import sys

    data = pickle.dumps(make_graph(two_ears, LONE, 1.0))
    monkeypatch.setitem(sys.modules, "networkx", None)
    monkeypatch.setitem(sys.modules, "networkx.classes.graph", None)
    path = tmp_path / "graph.pkl"
    path.write_bytes(data)
    indices, edges, _ = read_graph(path)
    assert (len(indices), len(edges)) == (10, 12)


def test_points_tell_where_to_stand_whatever_is_heard(tmp_path):
    small = write_soundspaces(tmp_path, binaural=False)
    scene = parse_scenes("mp3d", scene_root=tmp_path).load(0)
    ground = scene.ground
    assert ground.origin == "soundspaces"
    assert ground.ear_height_m is None  # between the points, too
    np.testing.assert_allclose(ground.points, list(small.points.values()), atol=1e-5)
    floor = GroundFloor(ground, 0)
    drawn = floor.draw(200, np.random.default_rng(0), clearance_m=0.35)
    apart = np.linalg.norm(drawn[:, None] - ground.points, axis=2).min(axis=1)
    assert np.quantile(apart, 0.9) > 0.2
    inner = np.minimum(drawn - CORNER, CORNER + SIZE - drawn)[:, [0, 2]]
    assert inner.min() > 0.3
