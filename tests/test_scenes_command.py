"""`simbinaural scenes`: what there is to film in, and a picture of it from above."""

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from scan_files import BOX_SIZE, furnished_box, l_shaped_room, write_mesh

from simbinaural.cli import main
from simbinaural.scenes.floor_plan import AREA_COLORS, MARGIN_PX, SUPPORT_COLOR, storeys
from simbinaural.scenes.scene import Ground


def run(*arguments):
    return CliRunner().invoke(main, ["scenes", *map(str, arguments)])


def test_scenes_are_listed_and_drawn(tmp_path):
    write_mesh(tmp_path / "scans" / "box.glb", furnished_box())
    write_mesh(tmp_path / "scans" / "l.glb", l_shaped_room())
    found = run(tmp_path / "scans", "--out", tmp_path / "plans")
    assert found.exit_code == 0, found.output
    box, ell = found.output.splitlines()
    assert box.startswith("files/box: 252 triangles, 5.0 x 4.0 m, 2.6 m high, 13.")
    assert "m2 to stand on, 96 points on tables (from the mesh)" in box
    assert ell.startswith("files/l: 1,280 triangles, 6.0 x 5.0 m, 2.6 m high, 19.8 m2 to stand on")
    for line, name in ((box, "box"), (ell, "l")):
        assert line.endswith(f"; {tmp_path / 'plans' / f'files-{name}.png'}")
        assert (tmp_path / "plans" / f"files-{name}.png").is_file()


def colored(picture, color):
    """Columns and rows (n, 2), in metres from the plan's corner, of pixels of a color."""
    row, column = np.nonzero((picture == color).all(axis=2))
    return (np.stack([column, row], axis=1) - MARGIN_PX) * 0.01


def test_the_picture_shows_the_points_where_they_are(tmp_path):
    path = write_mesh(tmp_path / "box.glb", furnished_box())
    assert run(path, "--out", tmp_path / "home.png").exit_code == 0
    picture = cv2.imread(str(tmp_path / "home.png"))[:, :, ::-1]
    width, _, depth = BOX_SIZE
    # A pixel is 1 cm; x to the right, z down.
    assert picture.shape == (round(100 * depth) + 3 * MARGIN_PX, 500 + 2 * MARGIN_PX, 3)
    standing, supports = colored(picture, AREA_COLORS[0]), colored(picture, SUPPORT_COLOR)
    np.testing.assert_allclose(standing.min(axis=0), (0.25, 0.25), atol=0.06)
    np.testing.assert_allclose(standing.max(axis=0), (width - 0.25, depth - 0.25), atol=0.06)
    np.testing.assert_allclose(supports.min(axis=0), (1.95, 1.55), atol=0.06)
    np.testing.assert_allclose(supports.max(axis=0), (3.05, 2.25), atol=0.06)


def test_storeys_are_told_apart():
    stairs = np.arange(0.18, 2.7, 0.18)
    heights = np.concatenate([np.full(300, 0.01), [-0.02], stairs, np.full(200, 2.7), [3.1]])
    points = np.stack([np.zeros_like(heights), heights, np.zeros_like(heights)], axis=1)
    found = storeys(Ground(points, np.ones(len(points)), np.zeros(len(points), int), 0.1))
    np.testing.assert_allclose(found, [(-0.02, -0.02, 2.52), (2.7, 2.7, 3.1)])


def test_built_in_homes_are_listed_by_their_rooms():
    found = run("procedural:1")
    assert found.exit_code == 0
    assert "procedural/00000: 14,074 triangles" in found.output
    assert "5 rooms of 60.2 m2" in found.output


def test_a_scene_that_cannot_be_used_does_not_hide_the_others(tmp_path):
    write_mesh(tmp_path / "a.glb", furnished_box())
    (tmp_path / "b.ply").write_text("ply")
    write_mesh(tmp_path / "c.glb", l_shaped_room())
    found = run(tmp_path, "--out", tmp_path / "plans")
    assert found.exit_code == 1
    assert found.stdout.count("m2 to stand on") == 2
    assert f"{tmp_path / 'b.ply'}: file must begin with a PLY header" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["mp3d", "--scene-root", "none"],
            "none: must be a folder with scene_datasets/mp3d",
        ),
        (["none/*.glb"], "none/*.glb: scenes must be mesh files"),
        (["mp3d", "--unit-scale", "0"], "unit_scale must be above 0, got 0"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    found = run(*arguments)
    assert found.exit_code == 1
    assert found.output.startswith(f"main: {message}")
    assert found.output.count("\n") == 1
