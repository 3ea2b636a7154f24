"""Objects: closed, of real size, sounding from inside; users' meshes come out right."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simbinaural.errors import InputError
from simbinaural.sources import drums, guitars, phones
from simbinaural.sources.finishes import linear, plain
from simbinaural.sources.inside import point_inside
from simbinaural.sources.meshes import smooth_normals, to_mesh
from simbinaural.sources.objects import _Model, load_objects
from simbinaural.sources.outlines import mirrored, rounded_rectangle, spline
from simbinaural.sources.solids import box, extrude, hoop, join, lathe, tube
from simbinaural.sources.sound_object import PLACEMENTS

BUILT_IN = [thing for things in load_objects().items.values() for thing in things]

HEIGHTS = {"guitar": (0.9, 1.25), "drum": (0.5, 1.2), "phone": (0.08, 0.25)}


def winding_number(vertices, faces, point):
    """How often a surface winds around a point: 1 inside a closed one (Jacobson 2013, eq. 5)."""
    a, b, c = np.moveaxis(np.asarray(vertices, dtype=float)[faces] - point, 1, 0)
    la, lb, lc = (np.linalg.norm(v, axis=1) for v in (a, b, c))
    triple = np.sum(a * np.cross(b, c), axis=1)
    rest = la * lb * lc + np.sum(a * b, 1) * lc + np.sum(b * c, 1) * la + np.sum(c * a, 1) * lb
    return np.sum(np.arctan2(triple, rest)) / (2 * np.pi)


def crossings(vertices, faces, point, direction):
    """Number of faces that a ray meets."""
    a, b, c = np.moveaxis(np.asarray(vertices, dtype=float)[faces], 1, 0)
    normal = np.cross(b - a, c - a)
    slope = normal @ direction
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = np.sum((a - point) * normal, axis=1) / slope
        at = point + ahead[:, None] * direction
        sides = [
            np.sum(np.cross(q - p, at - p) * normal, axis=1) for p, q in ((a, b), (b, c), (c, a))
        ]
        return int(np.sum((ahead > 0) & (np.min(sides, axis=0) > 0)))


def signed_volume(vertices, faces):
    a, b, c = np.moveaxis(np.asarray(vertices, dtype=float)[faces], 1, 0)
    return np.sum(a * np.cross(b, c)) / 6


# --------------------------------------------------------------------------- solids

PAINT = plain("#808080")


def mass(solid):
    mesh = trimesh.Trimesh(solid.vertices, solid.faces)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    return mesh.volume


def test_a_lathed_cylinder_has_its_volume():
    sides = 64
    area = 0.5 * sides * np.sin(2 * np.pi / sides) * 0.3**2
    np.testing.assert_allclose(mass(lathe([(0.3, 0), (0.3, 2)], PAINT, sides=sides)), 2 * area)


def test_an_extruded_outline_that_is_not_convex_has_its_volume():
    corner = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 3), (0, 3)]
    np.testing.assert_allclose(mass(extrude(corner, 0.5, PAINT)), 0.5 * 4)


def test_a_box_has_its_size_and_a_little_less_volume():
    solid = box(1, 2, 3, PAINT, rounding=0.05)
    np.testing.assert_allclose(np.ptp(solid.vertices, axis=0), (1, 2, 3))
    assert 5.9 < mass(solid) < 6
    np.testing.assert_allclose(mass(box(1, 2, 3, PAINT, rounding=0)), 6)


def test_a_hoop_is_a_torus():
    angle = 2 * np.pi * np.arange(48) / 48
    section = np.stack([1 + 0.1 * np.cos(angle), 0.1 * np.sin(angle)], axis=1)
    np.testing.assert_allclose(
        mass(hoop(section, PAINT, sides=96)), 2 * np.pi**2 * 0.1**2, rtol=0.005
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_a_tube_follows_its_path(seed):
    rng = np.random.default_rng(seed)
    path = spline(np.cumsum(rng.uniform(0.3, 1, (4, 3)), axis=0), 60)
    solid = tube(path, 0.02, PAINT, sides=24)
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    np.testing.assert_allclose(mass(solid), np.pi * 0.02**2 * length, rtol=0.03)
    rings = solid.vertices.reshape(60, 24, 3)
    np.testing.assert_allclose(rings.mean(axis=1), path, atol=1e-9)


def test_turning_is_counterclockwise_seen_from_the_tip():
    solid = box(1, 1, 1, PAINT).moved(x=5)
    np.testing.assert_allclose(solid.turned("z", 90).vertices.mean(axis=0), (0, 5, 0), atol=1e-9)
    np.testing.assert_allclose(solid.turned("y", 90).vertices.mean(axis=0), (0, 0, -5), atol=1e-9)
    up = box(1, 1, 1, PAINT).moved(y=5).turned("x", 90)
    np.testing.assert_allclose(up.vertices.mean(axis=0), (0, 0, 5), atol=1e-9)


def test_the_front_shows_its_texture_upright():
    solid = extrude(rounded_rectangle(2, 1, 0.1), 0.1, PAINT, end=plain("#ffffff"))
    front = solid.region == 2
    corners, uv = solid.vertices[solid.faces[front]], solid.uv[front]
    np.testing.assert_allclose(uv[..., 0], (corners[..., 0] + 1) / 2, atol=1e-9)
    np.testing.assert_allclose(uv[..., 1], 0.5 - corners[..., 1], atol=1e-9)


def test_normals_of_a_cylinder_are_round_outside_and_sharp_at_the_rim():
    solid = lathe([(1, 0), (1, 1)], PAINT, sides=48)
    normals = smooth_normals(solid.vertices, solid.faces)
    corners, skin = solid.vertices[solid.faces], solid.region == 0
    np.testing.assert_allclose(normals[skin], (corners * (1, 0, 1))[skin], atol=2e-3)
    np.testing.assert_allclose(normals[solid.region == 1], np.broadcast_to((0, -1, 0), (46, 3, 3)))
    np.testing.assert_allclose(normals[solid.region == 2], np.broadcast_to((0, 1, 0), (46, 3, 3)))


def test_joined_solids_keep_their_paint():
    red, blue = plain("#ff0000"), plain("#0000ff", gloss=0.9)
    mesh, textures = to_mesh(join(box(1, 1, 1, red), box(1, 1, 1, blue).moved(x=3)))
    right = mesh.vertices[mesh.faces[:, 0], 0] > 1.5
    np.testing.assert_allclose(mesh.tint[right], np.broadcast_to((0, 0, 1), mesh.tint[right].shape))
    np.testing.assert_allclose(
        mesh.tint[~right], np.broadcast_to((1, 0, 0), mesh.tint[~right].shape)
    )
    assert {textures[k].gloss for k in mesh.texture[right]} == {0.9}


def test_outlines():
    ring = spline([(1, 0), (0, 1), (-1, 0), (0, -1)], 80, closed=True)
    np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 1, atol=0.03)
    half = [(0, 0), (2, 1), (0, 3)]
    np.testing.assert_array_equal(mirrored(half), [(0, 0), (2, 1), (0, 3), (-2, 1)])
    np.testing.assert_allclose(np.ptp(rounded_rectangle(3, 2, 0.2), axis=0), (3, 2))


def test_a_model_is_made_when_it_is_looked_at():
    draws = []

    def toy():
        draws.append("toy")
        return box(0.1, 0.2, 0.1, plain("#808080")), np.zeros(3)

    model = _Model("drum", toy)
    assert (model.name, model.placement, draws) == ("drum-toy", "floor", [])
    assert model.mesh.vertices[:, 1].min() == 0
    np.testing.assert_allclose(model.source_point, [0, 0.1, 0], atol=1e-6)
    assert draws == ["toy"]
    with pytest.raises(AttributeError, match="weight"):
        _ = model.weight


def test_colors_are_linear():
    np.testing.assert_allclose(linear("#ff8000"), (1, 0.2158605, 0), atol=1e-6)


# --------------------------------------------------------------------------- built-in models


def test_each_class_has_at_least_three_models_with_names_of_their_own():
    items = load_objects().items
    assert sorted(items) == ["drum", "guitar", "phone"]
    for name, things in items.items():
        assert len({thing.name for thing in things}) == len(things) >= 3
        assert {thing.sound_class for thing in things} == {name}


@pytest.mark.parametrize("thing", BUILT_IN, ids=lambda thing: thing.name)
def test_a_model_sounds_from_inside(thing):
    vertices, faces, point = thing.mesh.vertices, thing.mesh.faces, thing.source_point
    assert winding_number(vertices, faces, point) > 0.99
    directions = np.random.default_rng(7).standard_normal((40, 3))
    odd = [crossings(vertices, faces, point, direction) % 2 for direction in directions]
    assert np.mean(odd) >= 0.95
    outside = point + (0, 3, 0)
    assert abs(winding_number(vertices, faces, outside)) < 0.01


@pytest.mark.parametrize("thing", BUILT_IN, ids=lambda thing: thing.name)
def test_a_model_has_a_real_size_and_stands_on_its_origin(thing):
    low, high = thing.mesh.vertices.min(axis=0), thing.mesh.vertices.max(axis=0)
    assert HEIGHTS[thing.sound_class][0] <= high[1] <= HEIGHTS[thing.sound_class][1]
    np.testing.assert_allclose(low[1], 0, atol=1e-6)
    np.testing.assert_allclose((low + high)[[0, 2]], 0, atol=1e-6)
    assert thing.placement in PLACEMENTS


@pytest.mark.parametrize("thing", BUILT_IN, ids=lambda thing: thing.name)
def test_a_model_is_a_sound_mesh(thing):
    mesh = thing.mesh
    corners = mesh.vertices.astype(float)[mesh.faces]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert np.all(np.linalg.norm(flat, axis=1) > 0)
    assert np.all(np.sum(flat[:, None] * mesh.normals, axis=2) > 0)
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=2), 1, atol=1e-5)
    assert signed_volume(mesh.vertices, mesh.faces) > 0
    assert 600 <= len(mesh.faces) <= 13000
    assert np.all((mesh.tint >= 0) & (mesh.tint <= 1))
    assert np.array_equal(np.unique(mesh.texture), np.arange(len(thing.textures)))
    assert np.all(mesh.room == -1)
    kinds = [
        mesh.vertices,
        mesh.faces,
        mesh.uv,
        mesh.texture,
        mesh.material,
        mesh.tint,
        mesh.normals,
    ]
    assert [array.dtype.name for array in kinds] == [
        "float32", "int32", "float32", "int32", "int32", "float32", "float32",
    ]  # fmt: skip
    for texture in thing.textures:
        assert texture.pixels.dtype == np.uint8
        assert texture.pixels.shape[2:] == (3,)


@pytest.mark.parametrize("draw", [*drums.FINISHED, *guitars.FINISHED, *phones.FINISHED])
def test_models_are_closed(draw):
    solid, _ = draw()
    # Each edge is passed once in each direction, if points in one place count as one.
    _, place = np.unique(np.round(solid.vertices, 7), axis=0, return_inverse=True)
    ends = place.reshape(-1)[solid.faces]
    edges = np.concatenate([ends[:, [0, 1]], ends[:, [1, 2]], ends[:, [2, 0]]])
    edges = edges[edges[:, 0] != edges[:, 1]]
    forth, n_forth = np.unique(edges, axis=0, return_counts=True)
    back, n_back = np.unique(edges[:, ::-1], axis=0, return_counts=True)
    np.testing.assert_array_equal(forth, back)
    np.testing.assert_array_equal(n_forth, n_back)


def test_a_guitar_shows_its_top_to_the_front():
    for thing in load_objects().items["guitar"]:
        mesh = thing.mesh
        sizes = [texture.pixels.shape[0] for texture in thing.textures]
        tops = [k for k, size in enumerate(sizes) if size == (128 if "elec" in thing.name else 512)]
        top = mesh.normals[np.isin(mesh.texture, tops)].mean(axis=(0, 1))
        assert top[2] < -0.9
        assert top[1] > 0.1


def test_models_are_the_same_each_time():
    for draw in (guitars.electric, drums.djembe, phones.rotary):
        (one, here), (other, there) = draw(), draw()
        np.testing.assert_array_equal(one.vertices, other.vertices)
        np.testing.assert_array_equal(here, there)
        for a, b in zip(to_mesh(one)[1], to_mesh(other)[1], strict=True):
            np.testing.assert_array_equal(a.pixels, b.pixels)


# --------------------------------------------------------------------------- points inside


def test_a_point_inside_lies_where_a_solid_is_thick():
    ball = trimesh.creation.icosphere(radius=0.2).apply_translation((0, 1, 0))
    stick = trimesh.creation.cylinder(0.02, 2.0)
    both = trimesh.util.concatenate([stick, ball])
    point = point_inside(both.vertices, both.faces)
    assert np.linalg.norm(point - (0, 1, 0)) < 0.1


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 1.0))
def test_a_point_inside_is_inside_however_flat(seed, flatness):
    shape = trimesh.creation.torus(1.0, 0.3, major_sections=24, minor_sections=12)
    shape.apply_scale((1, 1, flatness))
    shape.apply_transform(
        trimesh.transformations.random_rotation_matrix(np.random.default_rng(seed).random(3))
    )
    assert (
        winding_number(shape.vertices, shape.faces, point_inside(shape.vertices, shape.faces)) > 0.9
    )


def test_a_point_inside_is_found_despite_holes_and_reversed_faces():
    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.5)
    faces = ball.faces[np.random.default_rng(1).random(len(ball.faces)) > 0.1]
    for turned in (faces, faces[:, ::-1]):
        assert np.linalg.norm(point_inside(ball.vertices, turned)) < 0.4


def test_a_sheet_has_a_point_just_below():
    vertices = [(-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)]
    point = point_inside(vertices, [(0, 2, 1), (0, 3, 2)])
    assert -0.02 < point[1] < 0


# --------------------------------------------------------------------------- users' files


def picture(path=None):
    """Left half red, right half green; the upper right quarter blue."""
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, :4, 0] = pixels[2:, 4:, 1] = pixels[:2, 4:, 2] = 255
    image = Image.fromarray(pixels)
    if path:
        image.save(path)
    return image


def save(folder, name, mesh):
    folder.mkdir(parents=True, exist_ok=True)
    mesh.export(folder / name)
    return folder / name


def only(folder):
    found = load_objects(folder)
    ((thing,),) = found.items.values()
    return thing, found.problems


def test_parts_under_transforms_come_together(tmp_path):
    scene = trimesh.Scene()
    body, lid = trimesh.creation.box((0.4, 0.6, 0.2)), trimesh.creation.box((0.1, 0.1, 0.1))
    turn = trimesh.transformations.rotation_matrix(np.pi / 2, (0, 0, 1), (0, 0, 0))
    turn[:3, 3] = (7, 0.2, 3)
    scene.add_geometry(body, transform=turn)
    scene.add_geometry(lid, transform=trimesh.transformations.translation_matrix((7, 0.45, 3.1)))
    save(tmp_path / "box", "a.glb", scene)
    thing, problems = only(tmp_path)
    assert problems == ()
    assert thing.sound_class == "box"
    assert thing.name == "a.glb"
    np.testing.assert_allclose(thing.mesh.vertices.min(axis=0), (-0.3, 0, -0.125), atol=1e-6)
    np.testing.assert_allclose(thing.mesh.vertices.max(axis=0), (0.3, 0.5, 0.125), atol=1e-6)
    # The lid is at the file's front, +z: ours is -z.
    above = thing.mesh.vertices[thing.mesh.vertices[:, 1] > 0.41]
    assert np.all(above[:, 2] < 0.03)
    assert winding_number(thing.mesh.vertices, thing.mesh.faces, thing.source_point) > 0.99
    assert signed_volume(thing.mesh.vertices, thing.mesh.faces) > 0
    assert thing.placement == "floor"


def test_a_mirrored_part_keeps_its_front_outside(tmp_path):
    scene = trimesh.Scene()
    scene.add_geometry(trimesh.creation.box((0.4, 0.6, 0.2)), transform=np.diag([-1.0, 1, 1, 1]))
    save(tmp_path / "box", "a.glb", scene)
    thing, _ = only(tmp_path)
    assert signed_volume(thing.mesh.vertices, thing.mesh.faces) > 0
    assert np.all(
        np.sum(thing.mesh.normals * (thing.mesh.vertices[thing.mesh.faces] - (0, 0.3, 0)), 2) > 0
    )


def quad_with_picture():
    """Upright square that faces +z, the picture upright on it."""
    vertices = [(-0.5, 0, 0), (0.5, 0, 0), (0.5, 1, 0), (-0.5, 1, 0)]
    uv = [(0, 0), (1, 0), (1, 1), (0, 1)]
    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=picture(), roughnessFactor=0.5, metallicFactor=0.4
    )
    visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
    return trimesh.Trimesh(vertices, [(0, 1, 2), (0, 2, 3)], visual=visual, process=False)


@pytest.mark.parametrize("name", ["a.glb", "a.obj"])
def test_a_texture_stays_upright(tmp_path, name):
    save(tmp_path / "sign", name, quad_with_picture())
    thing, _ = only(tmp_path)
    mesh = thing.mesh
    # As seen from the front (from -z, where +x is at the left), the right half is blue above.
    seen = {(-0.4, 0.9): 2, (-0.4, 0.1): 1, (0.4, 0.9): 0, (0.4, 0.1): 0}
    for (x, y), channel in seen.items():
        texel = thing.textures[0].pixels[texel_at(mesh, x, y, thing.textures[0].pixels.shape)]
        assert np.argmax(texel) == channel
    if name == "a.glb":
        np.testing.assert_allclose(thing.textures[0].gloss, 0.2)


def texel_at(mesh, x, y, shape):
    """Row and column of the texel at a point of a flat mesh."""
    for face, uv in zip(mesh.faces, mesh.uv, strict=True):
        corners = mesh.vertices[face][:, :2].astype(float)
        weights = np.linalg.solve(np.vstack([corners.T, np.ones(3)]), [x, y, 1])
        if np.all(weights >= -1e-9):
            u, v = weights @ uv
            return int(np.floor(v * shape[0])) % shape[0], int(np.floor(u * shape[1])) % shape[1]
    raise AssertionError("no face there")


def test_vertex_and_face_colors(tmp_path):
    cube = trimesh.creation.box((0.5, 0.5, 0.5))
    cube.visual.vertex_colors = np.tile([188, 0, 255, 255], (8, 1))
    save(tmp_path / "cube", "a.ply", cube)
    thing, _ = only(tmp_path)
    np.testing.assert_allclose(thing.mesh.tint, np.broadcast_to((0.503, 0, 1), (12, 3)), atol=2e-3)


def test_a_material_color_is_linear_in_gltf(tmp_path):
    cube = trimesh.creation.box((0.5, 0.5, 0.5))
    material = trimesh.visual.material.PBRMaterial(baseColorFactor=[0.2, 0.4, 0.6, 1.0])
    cube.visual = trimesh.visual.TextureVisuals(uv=np.zeros((8, 2)), material=material)
    save(tmp_path / "cube", "a.glb", cube)
    thing, _ = only(tmp_path)
    np.testing.assert_allclose(thing.mesh.tint[0], (0.2, 0.4, 0.6), atol=3e-3)


@pytest.mark.parametrize(("edge", "kept"), [(0.5, True), (60.0, False), (0.001, False)])
def test_an_absurd_size_is_mended_and_said(tmp_path, edge, kept):
    path = save(tmp_path / "guitar", "a.obj", trimesh.creation.box((edge, edge, edge)))
    thing, problems = only(tmp_path)
    size = np.ptp(thing.mesh.vertices, axis=0)
    np.testing.assert_allclose(size, edge if kept else 1.0, rtol=1e-5)
    if not kept:
        (line,) = problems
        assert line.startswith(f"{path}: size must be within 0.02 to 3 m, got")
        assert line.endswith("scaled to 1 m")
    assert winding_number(thing.mesh.vertices, thing.mesh.faces, thing.source_point) > 0.99


def test_small_things_belong_on_a_support(tmp_path):
    save(tmp_path / "cup", "a.obj", trimesh.creation.box((0.1, 0.1, 0.1)))
    assert only(tmp_path)[0].placement == "support"


BAD = {
    "points.ply": lambda path: trimesh.PointCloud(np.eye(3)).export(path),
    "empty.obj": lambda path: path.write_text(""),
    "vertices.obj": lambda path: path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\n"),
    "corrupt.glb": lambda path: path.write_bytes(b"not a glTF at all" * 9),
    "flat.obj": lambda path: path.write_text("v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n"),
    "nan.obj": lambda path: path.write_text("v 0 0 0\nv 1 0 0\nv 0 nan 0\nf 1 2 3\n"),
}

REASONS = {
    "points.ply": "object must have triangles, got none",
    "empty.obj": "",
    "vertices.obj": "object must have triangles, got none",
    "corrupt.glb": "file must be a readable mesh, got ",
    "flat.obj": "object must have triangles, got none",
    "nan.obj": "vertices must be finite, got NaN or infinity",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_and_the_others_go_on(tmp_path, name):
    save(tmp_path / "drum", "good.obj", trimesh.creation.box((0.5, 0.5, 0.5)))
    BAD[name](tmp_path / "drum" / name)
    thing, problems = only(tmp_path)
    assert thing.name == "good.obj"
    (line,) = problems
    assert line.startswith(f"{tmp_path / 'drum' / name}: {REASONS[name]}")
    assert line.endswith("; left out")
    assert "\n" not in line


@pytest.mark.parametrize("name", ["points.ply", "vertices.obj", "flat.obj"])
def test_an_object_without_triangles_is_an_error_if_alone(tmp_path, name):
    (tmp_path / "drum").mkdir()
    BAD[name](tmp_path / "drum" / name)
    with pytest.raises(InputError, match="object must have triangles, got none"):
        load_objects(tmp_path)


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(InputError, match="folder must exist"):
        load_objects(tmp_path / "absent")
    with pytest.raises(InputError, match="folder must hold a folder for each class"):
        load_objects(tmp_path)
    (tmp_path / "drum").mkdir()
    with pytest.raises(InputError, match="drum: class must have at least one usable file, got no"):
        load_objects(tmp_path)
