"""Files of whole homes: what they hold comes out, and what cannot be read says so in a line."""

import re

import numpy as np
import pytest
import trimesh
from PIL import Image
from scan_files import (
    BOX_SIZE,
    FLOOR,
    TABLE,
    TABLE_TOP,
    WALL,
    flat_picture,
    furnished_box,
    rectangle,
    rewrite_header,
    textured,
    write_mesh,
    write_ply,
    z_up,
)

from simbinaural.casting import RayCaster
from simbinaural.errors import InputError
from simbinaural.geometry import Camera, Pose, orientation_towards, pixels
from simbinaural.scenes.color import to_linear
from simbinaural.scenes.mesh_files import read_mesh
from simbinaural.scenes.scene import Ground, Scene
from simbinaural.scenes.vertex_colors import color_textures
from simbinaural.vision.embree import Renderer

CUBE = np.array([(x, y, z) for x in (0, 5) for y in (0, 3) for z in (0, 4)], dtype=float)
QUADS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
COLORS = np.array([(40 + 200 * (k & 1), 20 + 110 * (k >> 1 & 1), 25 * k) for k in range(8)])
FORMS = ("binary_little_endian", "binary_big_endian", "ascii")


def scene_of(file):
    ground = Ground(np.zeros((0, 3)), np.zeros(0), np.zeros(0, int), 0.1)
    return Scene("scan", file.mesh, file.textures, (), (), (), None, ground)


def film(file, position, azimuth_deg, camera):
    return Renderer(scene_of(file)).render(Pose(position, orientation_towards(azimuth_deg)), camera)


def corner_codes(file):
    """sRGB codes (faces, 3 corners, 3) that bilinear sampling finds at the corners."""
    codes = np.empty((len(file.mesh.faces), 3, 3))
    for face, (texture, uv) in enumerate(zip(file.mesh.texture, file.mesh.uv, strict=True)):
        picture = file.textures[texture].pixels
        size = np.array(picture.shape[1::-1])
        column, row = np.floor(uv * size).astype(int).T
        codes[face] = picture[row, column]
    return codes


def unlit_corners(file):
    return to_linear(corner_codes(file) / 255) * file.mesh.tint[:, None]


# --------------------------------------------------------------------------- textures


@pytest.mark.parametrize("name", ["home.glb", "home.gltf", "home.obj"])
def test_a_textured_home_gives_its_known_pixels_and_depth(tmp_path, name):
    file = read_mesh(write_mesh(tmp_path / name, furnished_box()))
    camera, eye = Camera(320, 240, 90), np.array((2.5, 1.3, 3.9))
    frame = film(file, eye, 0.0, camera)
    # Ahead is the wall z = 0, 3.9 m away: squares of 5/8 x 2.6/8 m, the first row at the top.
    for column in range(1, 7):
        for row in range(1, 7):
            point = np.array(((column + 0.5) * 5 / 8, 2.6 - (row + 0.5) * 2.6 / 8, 0.0))
            if point[1] < 1.0:
                continue  # the table may stand before it
            x, y = pixels(camera, point - eye)
            color = (WALL, (250, 250, 250))[(column + row) % 2]
            got = frame.rgb[int(y), int(x)].astype(int)
            np.testing.assert_allclose(got, color, atol=1, err_msg=f"{column} {row}")
            np.testing.assert_allclose(frame.depth[int(y), int(x)], 3.9, atol=1e-3)
    (x0, z0), (x1, z1), top = TABLE_TOP
    for point, color in (((x0 + x1) / 2, top, (z0 + z1) / 2), TABLE), ((4.6, 0, 1.5), FLOOR):
        x, y = pixels(camera, np.array(point) - eye)
        np.testing.assert_allclose(frame.rgb[int(y), int(x)].astype(int), color, atol=1)


def test_pictures_that_parts_share_are_one_texture_and_names_are_kept(tmp_path):
    file = read_mesh(write_mesh(tmp_path / "home.glb", furnished_box()))
    assert len(file.textures) == 4
    assert set(file.names) == {"wall_paint", "carpet", "ceiling", "table"}
    assert file.problems == ()
    floor = np.all(file.mesh.vertices[file.mesh.faces][:, :, 1] == 0, axis=1)
    named = np.array(file.names)[file.mesh.material]
    assert set(named[floor]) >= {"carpet"}
    assert (named[floor] == "carpet").sum() == 2


def test_large_pictures_keep_2048_pixels(tmp_path):
    part = rectangle((0, 0, 0), (1, 0, 0), (0, 1, 0), flat_picture(WALL, 2500), "wall")
    (texture,) = read_mesh(write_mesh(tmp_path / "home.glb", [part])).textures
    assert texture.pixels.shape == (2048, 2048, 3)


def test_many_pictures_shrink_together(tmp_path, monkeypatch):
    monkeypatch.setattr("simbinaural.scenes.trimesh_parts.TEXELS", 3 * 32 * 32)
    monkeypatch.setattr("simbinaural.scenes.trimesh_parts.LARGEST", 128)
    parts = [
        rectangle((k, 0, 0), (1, 0, 0), (0, 1, 0), flat_picture((40 * k,) * 3, 128), f"m{k}")
        for k in range(3)
    ]
    file = read_mesh(write_mesh(tmp_path / "home.glb", parts))
    assert [texture.pixels.shape for texture in file.textures] == [(64, 64, 3)] * 3


def test_what_glows_is_the_picture_where_there_is_no_base(tmp_path):
    part = rectangle((0, 0, 0), (1, 0, 0), (0, 1, 0), flat_picture(WALL), "wall")
    material = part.visual.material
    material.emissiveTexture, material.baseColorTexture = material.baseColorTexture, None
    material.emissiveFactor, material.baseColorFactor = (1.0, 1.0, 1.0), (0, 0, 0, 255)
    file = read_mesh(write_mesh(tmp_path / "home.glb", [part]))
    np.testing.assert_array_equal(file.textures[0].pixels[0, 0], WALL)
    np.testing.assert_array_equal(file.mesh.tint, 1)


def test_a_factor_multiplies_the_picture_in_linear_light(tmp_path):
    part = rectangle((0, 0, 0), (1, 0, 0), (0, 1, 0), flat_picture(WALL), "wall")
    part.visual.material.baseColorFactor = np.array((128, 64, 255, 255), np.uint8)
    file = read_mesh(write_mesh(tmp_path / "home.glb", [part]))
    np.testing.assert_allclose(file.mesh.tint[0], (128 / 255, 64 / 255, 1), atol=2 / 255)


# --------------------------------------------------------------------------- no textures


def test_without_texture_it_is_gray_and_said(tmp_path):
    path = tmp_path / "bare.ply"
    trimesh.Trimesh(CUBE, trimesh.creation.box().faces, process=False).export(path)
    file = read_mesh(path)
    assert file.problems == (f"{path}: has no texture; shown grey",)
    assert np.ptp(file.mesh.tint, axis=1).max() < 1e-6
    # Else nothing but the outline could be seen.
    assert len(np.unique(file.mesh.tint[:, 0].round(3))) == 3


def test_plain_colors_are_said_too(tmp_path):
    part = rectangle((0, 0, 0), (1, 0, 0), (0, 1, 0), flat_picture(WALL), "wall")
    part.visual.material.baseColorTexture = None
    part.visual.material.baseColorFactor = np.array((255, 0, 0, 255), np.uint8)
    path = write_mesh(tmp_path / "home.glb", [part])
    file = read_mesh(path)
    assert file.problems == (f"{path}: has no texture; shown in plain colors",)
    assert (file.mesh.tint[:, 0] > 0.5).all()
    np.testing.assert_array_equal(file.mesh.tint[:, 1:], 0)


# --------------------------------------------------------------------------- colors of vertices


@pytest.mark.parametrize("form", FORMS)
def test_quads_with_colors_at_their_corners(tmp_path, form):
    path = write_ply(
        tmp_path / "home.ply", CUBE, QUADS, COLORS, form=form, ids=[7, 7, 9, 9, 12, 12]
    )
    file = read_mesh(path)
    assert len(file.mesh.faces) == 12
    np.testing.assert_allclose(
        to_linear(corner_codes(file) / 255) * 255,
        to_linear(COLORS[file.mesh.faces] / 255) * 255,
        atol=1.5,
    )
    assert file.names == ("7", "9", "12")
    sides = [set(face) for face in file.mesh.faces.tolist()]
    for number, quad in zip(("7", "7", "9", "9", "12", "12"), QUADS, strict=True):
        own = [k for k, side in enumerate(sides) if side <= set(quad)]
        assert [file.names[file.mesh.material[k]] for k in own] == [number] * 2


def test_a_coarse_face_blends_its_corners(tmp_path):
    colors = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 0)])
    corners = np.array([(0, 0, -2), (4, 0, -2), (4, 4, -2), (0, 4, -2)], dtype=float)
    file = read_mesh(write_ply(tmp_path / "f.ply", corners, [(0, 1, 2)], colors))
    for weights in ((1 / 3, 1 / 3, 1 / 3), (0.6, 0.2, 0.2), (0.1, 0.7, 0.2)):
        point = np.array(weights) @ corners[:3]
        frame = film(file, point + (0, 0, 2), 0.0, Camera(9, 9, 20))
        got = to_linear(frame.rgb[4, 4] / 255)
        np.testing.assert_allclose(got, weights, atol=0.04)


def test_small_faces_have_the_mean_color_of_their_corners(tmp_path):
    steps = 60
    part = rectangle((0, 0, 0), (1, 0, 0), (0, 1, 0), flat_picture(WALL), "w", steps=steps)
    colors = np.where(part.vertices[:, :1] < 0.5, (200, 0, 0), (0, 0, 200))
    path = write_ply(tmp_path / "fine.ply", part.vertices, part.faces.tolist(), colors)
    file = read_mesh(path)
    assert [texture.pixels.shape for texture in file.textures] == [(1, 1, 3)]
    wanted = to_linear(colors[part.faces] / 255).mean(axis=1)
    np.testing.assert_allclose(file.mesh.tint, wanted, atol=1e-6)
    # In millimetres it is as small.
    small = read_mesh(
        write_ply(tmp_path / "mm.ply", part.vertices * 1000, part.faces.tolist(), colors),
        unit_scale=0.001,
    )
    np.testing.assert_allclose(small.mesh.tint, wanted, atol=1e-6)


def test_slivers_take_no_color_of_others():
    corners = np.array(
        [
            [(0, 0, 0), (2, 0, 0), (0.5, 0.01, 0)],
            [(0, 0, 0), (0.1, 0.01, 0), (2, 0, 0)],
            [(0, 0, 0), (1, 0, 0), (0, 1, 0)],
        ]
    )
    colors = np.array([(1, 0, 0), (0, 0, 1), (0, 1, 0)], float)[:, None] * np.ones((3, 3, 1))
    (texture,), _, uv = color_textures(corners, colors)
    edges = uv[:, 1:] - uv[:, :1]
    area = np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0])
    np.testing.assert_allclose(area[:2], 0, atol=1e-9)  # color changes along them alone
    assert area[2] > 1e-4
    height, width = texture.pixels.shape[:2]
    for triangle, color in zip(uv, colors[:, 0], strict=True):
        for share in np.linspace(0, 1, 21):
            for a, b in ((0, 1), (1, 2), (2, 0)):
                u, v = triangle[a] + share * (triangle[b] - triangle[a])
                texel = texture.pixels[int(v * height), int(u * width)]
                np.testing.assert_array_equal(texel, 255 * color)


def test_colors_in_gltf_are_linear(tmp_path):
    mesh = trimesh.Trimesh(CUBE, trimesh.creation.box().faces, process=False)
    mesh.visual.vertex_colors = np.column_stack([COLORS, np.full(8, 255)]).astype(np.uint8)
    mesh.export(tmp_path / "home.glb")
    file = read_mesh(tmp_path / "home.glb")
    at_place = {tuple(vertex): color for vertex, color in zip(CUBE, COLORS / 255, strict=True)}
    wanted = [
        [at_place[tuple(map(float, v))] for v in f] for f in file.mesh.vertices[file.mesh.faces]
    ]
    np.testing.assert_allclose(unlit_corners(file), wanted, atol=0.01)


def test_polygons_of_many_corners_and_colors_of_faces(tmp_path):
    path = tmp_path / "home.ply"
    header = "ply\nformat ascii 1.0\nelement vertex 5\nproperty float x\nproperty float y\n"
    header += "property float z\nelement face 2\nproperty list uchar int vertex_index\n"
    header += "property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n"
    points = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n0.5 2 0\n"
    path.write_text(header + points + "5 0 1 2 4 3 10 20 30\n3 0 2 1 200 100 50\n")
    file = read_mesh(path)
    assert len(file.mesh.faces) == 4
    np.testing.assert_allclose(
        file.mesh.tint / file.mesh.tint[:, :1],
        [
            to_linear(np.array(c) / 255) / to_linear(c[0] / 255)
            for c in [(10, 20, 30)] * 3 + [(200, 100, 50)]
        ],
        rtol=1e-5,
    )


def test_ply_with_a_picture(tmp_path):
    Image.fromarray(
        np.array([[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (255, 255, 0)]], np.uint8)
    ).save(tmp_path / "look.png")
    path = tmp_path / "home.ply"
    header = "ply\nformat ascii 1.0\ncomment TextureFile look.png\nelement vertex 4\n"
    header += "property float x\nproperty float y\nproperty float z\nproperty float s\n"
    header += (
        "property float t\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n"
    )
    path.write_text(header + "0 0 0 0 0\n1 0 0 1 0\n1 1 0 1 1\n0 1 0 0 1\n4 0 1 2 3\n")
    file = read_mesh(path)
    frame = film(file, (0.5, 0.5, 1.0), 0.0, Camera(64, 64, 53))
    # v counts upwards: the first row of the picture is at the top.
    for row, column, color in ((16, 16, (255, 0, 0)), (16, 48, (0, 255, 0)), (48, 16, (0, 0, 255))):
        np.testing.assert_allclose(frame.rgb[row, column].astype(int), color, atol=60)


# --------------------------------------------------------------------------- space


def test_z_up_and_millimetres(tmp_path):
    plain = read_mesh(write_mesh(tmp_path / "y.glb", furnished_box()))
    turned = z_up(furnished_box())
    for part in turned:
        part.apply_scale(1000)
    file = read_mesh(write_mesh(tmp_path / "z.glb", turned), up="z", unit_scale=0.001)
    np.testing.assert_allclose(np.ptp(file.mesh.vertices, axis=0), BOX_SIZE, atol=1e-4)
    rays = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    eyes = np.full_like(rays, 1.2)
    one, other = (
        RayCaster(f.mesh.vertices, f.mesh.faces).first_hits(eyes, rays) for f in (plain, file)
    )
    np.testing.assert_allclose(other.distance, one.distance, rtol=1e-4)


def test_nodes_are_placed_by_their_transforms_and_mirrors_keep_their_front(tmp_path):
    part = rectangle((0, 0, 0), (1, 0, 0), (0, 1, 0), flat_picture(WALL), "wall")
    scene = trimesh.Scene()
    scene.add_geometry(
        part, geom_name="a", transform=trimesh.transformations.translation_matrix((5, 0, 0))
    )
    mirror = np.diag((-2.0, 1.0, 1.0, 1.0))
    scene.graph.update(frame_to="twin", matrix=mirror, geometry="a")
    scene.export(tmp_path / "home.glb")
    mesh = read_mesh(tmp_path / "home.glb").mesh
    spans = sorted(np.unique(mesh.vertices[:, 0].round(3)).tolist())
    assert spans == [-2.0, 0.0, 5.0, 6.0]
    np.testing.assert_allclose(mesh.normals[..., 2], 1, atol=1e-6)


def test_broken_triangles_are_left_out(tmp_path):
    vertices = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (np.nan, 0, 0), (2, 0, 0)])
    polygons = [(0, 1, 2), (0, 1, 3), (0, 1, 4), (1, 1, 2)]
    file = read_mesh(write_ply(tmp_path / "home.ply", vertices, polygons, COLORS[:5]))
    assert len(file.mesh.faces) == 1
    assert np.isfinite(file.mesh.vertices).all()
    assert len(file.mesh.vertices) == 3


# --------------------------------------------------------------------------- bad input


def refusal(path, **options):
    with pytest.raises(InputError) as caught:
        read_mesh(path, **options)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line


def test_a_file_without_triangles(tmp_path):
    path = tmp_path / "empty.glb"
    trimesh.Scene([trimesh.PointCloud([(0, 0, 0), (1, 1, 1)])]).export(path)
    assert "mesh must have triangles, got none" in refusal(path)
    path = write_ply(tmp_path / "points.ply", CUBE, [], COLORS)
    assert "mesh must have triangles, got none" in refusal(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"glTF", "must be binary glTF 2"),
        (b"", "must be binary glTF 2"),
        (b"glTF\2\0\0\0\x1c\0\0\0\4\0\0\0JSON{no}", "header must be JSON"),
        (b"glTF\2\0\0\0\x16\0\0\0\2\0\0\0JSON{}", "must be a readable mesh|must have triangles"),
    ],
)
def test_broken_glb(tmp_path, content, message):
    path = tmp_path / "home.glb"
    path.write_bytes(content)
    assert re.search(message, refusal(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("solid", "must begin with a PLY header"),
        ("ply\nformat huge 1.0\nend_header\n", "header must be well-formed, got 'format huge 1.0'"),
        ("ply\nelement vertex 1\nproperty float x\nend_header\n", "must name its format"),
        (
            "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nend_header\n1\n",
            "must hold all",
        ),
        (
            "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n",
            "x, y and z",
        ),
        ("ply\nformat ascii 1.0\nelement face 0\nend_header\n", "must have vertices"),
    ],
)
def test_broken_ply(tmp_path, content, message):
    path = tmp_path / "home.ply"
    path.write_text(content)
    assert message in refusal(path)


def test_a_cut_ply(tmp_path):
    path = write_ply(tmp_path / "home.ply", CUBE, QUADS, COLORS)
    path.write_bytes(path.read_bytes()[:-9])
    assert "must hold all its header says" in refusal(path)


def test_faces_of_vertices_that_are_not_there(tmp_path):
    path = write_ply(tmp_path / "home.ply", CUBE, [(0, 1, 99)], COLORS)
    assert "faces must point to the 8 vertices" in refusal(path)


def compressed(path, name):
    def change(header):
        header["extensionsUsed"] = header["extensionsRequired"] = [name]

    return rewrite_header(write_mesh(path, furnished_box()), change)


def test_draco_that_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr("simbinaural.scenes.gltf_header.find_spec", lambda _: None)
    path = compressed(tmp_path / "home.glb", "KHR_draco_mesh_compression")
    line = refusal(path)
    assert "Draco-compressed (KHR_draco_mesh_compression)" in line
    assert "; pip install DracoPy" in line


@pytest.mark.parametrize("name", ["EXT_meshopt_compression", "KHR_mesh_quantization"])
def test_other_compression(tmp_path, name):
    assert f"({name}), which cannot be read; write it anew" in refusal(
        compressed(tmp_path / "home.glb", name)
    )


@pytest.mark.parametrize("name", ["KHR_texture_basisu", "GOOGLE_texture_basis"])
def test_basis_textures(tmp_path, name):
    path = compressed(tmp_path / "home.glb", name)
    assert f"textures are Basis-compressed ({name}), which cannot be read; give" in refusal(path)
    assert len(read_mesh(path, need_textures=False).mesh.faces)


def test_options_and_names(tmp_path):
    path = write_mesh(tmp_path / "home.glb", furnished_box())
    with pytest.raises(InputError, match="up must be y or z, got x"):
        read_mesh(path, up="x")
    with pytest.raises(InputError, match="unit_scale must be above 0, got 0"):
        read_mesh(path, unit_scale=0)
    assert "mesh must be a file that exists" in refusal(tmp_path / "none.glb")
    assert "must be one of .glb .gltf .ply .obj, got .stl" in refusal(tmp_path / "home.stl")


def test_a_second_texture_set_does_not_matter(tmp_path):
    part = textured(
        np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0)], float),
        np.array([(0, 1, 2)]),
        np.array([(0, 0), (3, 0), (3, 3)], float),
        flat_picture(WALL),
        "wall",
    )
    mesh = read_mesh(write_mesh(tmp_path / "home.glb", [part])).mesh
    np.testing.assert_allclose(np.ptp(mesh.uv[0], axis=0), (3, 3), atol=1e-6)
