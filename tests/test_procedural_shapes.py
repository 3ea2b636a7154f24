"""Solids and textures against formulas."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.errors import InputError
from simbinaural.scenes.color import hex_colors, to_linear, to_srgb
from simbinaural.scenes.procedural.furniture.piece import Piece
from simbinaural.scenes.procedural.noise import noise
from simbinaural.scenes.procedural.solids import cushion, lathe, rods, rounded_box
from simbinaural.scenes.procedural.surface import boxes, join, rectangle, turn
from simbinaural.scenes.procedural.textures import RECIPES, load_texture, mean_color

sizes = st.floats(0.1, 3)
points = st.tuples(*[st.floats(-5, 5)] * 3)


def solid(surface):
    """Weld a surface by position alone."""
    mesh = trimesh.Trimesh(surface.vertices, surface.faces)
    mesh.merge_vertices(merge_norm=True, merge_tex=True, digits_vertex=7)
    return mesh


def agreement(surface):
    """Least cosine between a face's geometric normal and the mean of its corners' normals."""
    corners = surface.vertices[surface.faces]
    geometric = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    geometric /= np.linalg.norm(geometric, axis=1, keepdims=True)
    return np.einsum("fi,fi->f", geometric, surface.normals[surface.faces].mean(axis=1)).min()


@settings(deadline=None)
@given(lower=points, size=st.tuples(sizes, sizes, sizes))
def test_a_box_is_closed_and_has_its_volume(lower, size):
    box = boxes(lower, np.add(lower, size))
    mesh = solid(box)
    assert mesh.is_volume
    np.testing.assert_allclose(mesh.volume, np.prod(size), rtol=1e-6)
    np.testing.assert_allclose(agreement(box), 1, atol=1e-9)


@settings(deadline=None)
@given(lower=points, size=st.tuples(sizes, sizes, sizes))
def test_a_boxs_texture_is_in_metres(lower, size):
    box = boxes(lower, np.add(lower, size))
    edges = np.linalg.norm(box.vertices[box.faces] - box.vertices[box.faces[:, [1, 2, 0]]], axis=-1)
    texels = np.linalg.norm(box.uv - box.uv[:, [1, 2, 0]], axis=-1)
    np.testing.assert_allclose(texels, edges, atol=1e-9)


def test_grain_runs_along_the_longer_edge():
    post = boxes((0, 0, 0), (0.1, 2, 0.1), without=("top", "bottom"))
    np.testing.assert_allclose(np.ptp(post.uv, axis=(0, 1)), (2, 0.1))
    plank = boxes((0, 0, 0), (2, 0.1, 0.02), without=("left", "right"))
    assert np.ptp(plank.uv, axis=(0, 1))[0] == 2


def test_sides_can_be_left_away():
    lid = boxes((0, 0, 0), (1, 2, 3), without=("left", "right", "bottom", "back", "front"))
    np.testing.assert_array_equal(lid.vertices[:, 1], 2)
    np.testing.assert_array_equal(lid.normals, [(0, 1, 0)] * 4)


def test_quads_are_two_triangles_in_a_row():
    surface = join([rectangle((0, 0, 0), (2, 0, 0), (0, 1, 0)), boxes((0, 0, 0), (1, 1, 1))])
    first, second = surface.faces[::2], surface.faces[1::2]
    np.testing.assert_array_equal(first, first[:, :1] + [0, 1, 2])
    np.testing.assert_array_equal(second, first[:, :1] + [0, 2, 3])
    a, b, c, d = (surface.vertices[first[:, 0] + corner] for corner in range(4))
    np.testing.assert_allclose(a + c, b + d)


def test_a_rectangle_faces_where_its_edges_turn_to():
    surface = rectangle((1, 2, 3), (2, 0, 0), (0, 1, 0))
    np.testing.assert_array_equal(surface.normals, [(0, 0, 1)] * 4)
    # v grows downwards: an image stands upright.
    np.testing.assert_array_equal(surface.uv[0], [(1, -2), (3, -2), (3, -3)])
    np.testing.assert_array_equal(surface.imaged().uv[0], [(0, 1), (1, 1), (1, 0)])


@settings(deadline=None)
@given(size=st.tuples(sizes, sizes, sizes), share=st.floats(0.05, 0.9))
def test_a_rounded_box_lacks_its_edges_and_corners(size, share):
    radius = share * min(size) / 2
    box = rounded_box((0, 0, 0), size, radius, segments=24)
    mesh = solid(box)
    assert mesh.is_volume
    inner = np.array(size) - 2 * radius
    # Steiner: the inner box swept by a ball.
    a, b, c = inner
    swept = (
        a * b * c
        + 2 * radius * (a * b + b * c + c * a)
        + np.pi * radius**2 * (a + b + c)
        + 4 / 3 * np.pi * radius**3
    )
    np.testing.assert_allclose(mesh.volume, swept, rtol=4e-3)
    np.testing.assert_allclose(mesh.bounds, [np.zeros(3), size], atol=1e-9)
    assert agreement(box) > 0.9


@settings(deadline=None)
@given(size=st.tuples(sizes, sizes, sizes), squareness=st.floats(2, 8))
def test_a_cushion_is_a_closed_superellipsoid(size, squareness):
    pillow = cushion((0, 0, 0), size, squareness=squareness)
    mesh = solid(pillow)
    assert mesh.is_volume
    assert 0.3 * np.prod(size) < mesh.volume < np.prod(size)
    shares = np.abs(pillow.vertices / (np.array(size) / 2) - 1)
    np.testing.assert_allclose((shares**squareness).sum(axis=1), 1, rtol=1e-6)


def test_an_ellipsoid_is_the_roundest_cushion():
    points = cushion((-1, -1, -1), (1, 1, 1), squareness=2.0)
    np.testing.assert_allclose(np.linalg.norm(points.vertices, axis=1), 1)
    np.testing.assert_allclose(points.normals, points.vertices, atol=1e-9)


def test_a_turned_cone_frustum():
    segments, (r, s, h) = 64, (0.3, 0.1, 0.5)
    cone = lathe([(0, 0), (r, 0), (r, 0), (s, h), (s, h), (0, h)], segments=segments)
    mesh = solid(cone)
    assert mesh.is_volume
    polygon = segments / 2 * np.sin(2 * np.pi / segments)
    np.testing.assert_allclose(mesh.volume, polygon * h * (r * r + r * s + s * s) / 3, rtol=1e-9)
    assert agreement(cone) > 0.99


@settings(deadline=None)
@given(start=points, end=points)
def test_a_rod_reaches_from_point_to_point(start, end):
    length = np.linalg.norm(np.subtract(end, start))
    if length < 0.1:
        return
    bar = rods(start, end, 0.02, segments=16, capped=True)
    mesh = solid(bar)
    assert mesh.is_volume
    polygon = 8 * np.sin(np.pi / 8)
    np.testing.assert_allclose(mesh.volume, polygon * 0.02**2 * length, rtol=1e-4)
    np.testing.assert_allclose(mesh.center_mass, np.add(start, end) / 2, atol=1e-4)


@settings(deadline=None)
@given(quarters=st.integers(-8, 8))
def test_a_quarter_takes_front_to_right(quarters):
    np.testing.assert_array_equal(turn((0, 0, 1), 1), (1, 0, 0))
    np.testing.assert_array_equal(turn((1, 0, 0), 1), (0, 0, -1))
    vector = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(turn(turn(vector, quarters), -quarters), vector)
    shape = boxes((0, 0, 0), (1, 2, 3))
    np.testing.assert_allclose(agreement(shape.turned(quarters)), 1)


def test_a_piece_turns_as_a_whole():
    piece = Piece(1, 1, 1)
    piece.hear((0, 0, 0), (1, 2, 3), "wood_16mm")
    piece.support((0, 0), (1, 3), 2.0)
    turned = Piece(1, 1, 1).include(piece, (10, 0, 0), quarters=1)
    (lower, upper, _), (low, high, height) = turned.solids[0], turned.supports[0]
    np.testing.assert_array_equal([lower, upper], [(10, 0, -1), (13, 2, 0)])
    np.testing.assert_array_equal([low, high], [(10, -1), (13, 0)])
    assert height == 2.0


# --------------------------------------------------------------------------- textures


@pytest.mark.parametrize("name", RECIPES)
def test_textures_are_images_with_a_middle_tone(name):
    texture = load_texture(name)
    assert texture.pixels.dtype == np.uint8
    assert texture.pixels.shape[2] == 3
    assert 0 <= texture.gloss < 1
    assert (mean_color(name) > 0.005).all()
    assert load_texture(name) is texture


@pytest.mark.parametrize("name", [name for name in RECIPES if RECIPES[name].repeat_m != (1, 1)])
def test_textures_repeat_without_a_seam(name):
    """Steps across the border are no larger than the largest steps within."""
    pixels = load_texture(name).pixels.astype(float).mean(axis=2)
    for image in (pixels, pixels.T):
        within = np.abs(np.diff(image, axis=0)).mean(axis=1).max()
        across = np.abs(image[0] - image[-1]).mean()
        assert across <= 1.05 * within + 1


def test_textures_tell_their_names():
    with pytest.raises(InputError, match="texture must be one of boards, .*, got velvet"):
        load_texture("velvet")


def test_noise_keeps_to_its_band():
    field = noise(np.random.default_rng(0), 0.0, low=10, high=20)
    np.testing.assert_allclose(field.std(), 1)
    power = np.abs(np.fft.fft2(field)) ** 2
    cycles = np.fft.fftfreq(512, 1 / 512)
    radius = np.hypot(cycles[:, None], cycles)
    assert power[(radius < 9.9) | (radius > 20.1)].max() < 1e-9 * power.max()


@settings(deadline=None)
@given(st.floats(0, 1))
def test_srgb_there_and_back(value):
    np.testing.assert_allclose(to_linear(to_srgb(value)), value, atol=1e-6)


def test_colors_are_written_as_on_the_web():
    (white, gray) = hex_colors("ffffff 808080")
    np.testing.assert_allclose(white, 1)
    # IEC 61966-2-1: half of full scale is 21.6 % of the light.
    np.testing.assert_allclose(gray, 0.2158605, atol=1e-6)
