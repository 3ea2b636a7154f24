"""What cameras and ears meet in a home: rays are the judge of the mesh."""

import numpy as np
import pytest
from homes import panes, rays, solid_of

from simbinaural.scenes.procedural import make_home


@pytest.fixture(scope="module", params=range(10))
def home(request):
    return make_home(request.param)


def test_light_leaves_through_windows_alone(home):
    origins, directions = rays(home, 2000, np.random.default_rng(0))
    closed = solid_of(home, panes(home)).ray.intersects_first(origins, directions)
    assert (closed >= 0).all()
    opened = solid_of(home).ray.intersects_first(origins, directions)
    assert 0 < (opened < 0).mean() < 0.2


def test_one_sees_fronts_only(home):
    origins, directions = rays(home, 2000, np.random.default_rng(1))
    solid = solid_of(home)
    face = solid.ray.intersects_first(origins, directions)
    hit = face >= 0
    corners = home.mesh.vertices[home.mesh.faces[face[hit]]].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = np.einsum("ij,ij->i", normals, directions[hit])
    # Through the seam between the two sides of a curtain one may see the other side's back.
    assert (facing >= 0).sum() <= 0.001 * len(facing)


def test_faces_are_whole_and_named(home):
    mesh = home.mesh
    n_faces = len(mesh.faces)
    assert 3000 < n_faces < 45000
    for per_face in (mesh.uv, mesh.texture, mesh.material, mesh.room, mesh.tint, mesh.normals):
        assert len(per_face) == n_faces
        assert np.isfinite(per_face).all()
    assert mesh.faces.min() >= 0
    assert mesh.faces.max() < len(mesh.vertices)
    for index, table in ((mesh.texture, home.textures), (mesh.material, home.materials)):
        assert set(np.unique(index)) <= set(range(len(table)))
    assert set(np.unique(mesh.room)) == set(range(len(home.rooms)))
    assert mesh.tint.min() >= 0
    assert mesh.tint.max() < 2
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=-1), 1, atol=1e-5)


def test_normals_agree_with_the_winding(home):
    corners = home.mesh.vertices[home.mesh.faces].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    size = np.linalg.norm(normals, axis=1)
    assert size.min() > 1e-9
    agreement = np.einsum("fi,fci->fc", normals / size[:, None], home.mesh.normals)
    assert agreement.mean(axis=1).min() > 0.2


def test_textures_keep_their_scale(home):
    """A repeat's area on the surface is the same wherever a texture lies flat."""
    mesh = home.mesh
    corners = mesh.vertices[mesh.faces].astype(float)
    surface = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    uv = mesh.uv.astype(float)
    one, other = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    texels = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
    even = np.ptp(mesh.normals, axis=1).max(axis=1) < 1e-6
    level = even & (np.abs(mesh.normals[:, 0]).max(axis=-1) > 0.9999)
    # Images are shown once, whatever the size of what shows them.
    shown_once = np.isin(uv, (0, 1)).all(axis=(1, 2))
    for index in range(len(home.textures)):
        mine = level & ~shown_once & (mesh.texture == index) & (surface > 1e-4)
        ratio = texels[mine] / surface[mine]
        if mine.any():
            np.testing.assert_allclose(ratio, np.median(ratio), rtol=0.02)


def test_what_is_heard_is_seen(home):
    """Rays from above meet furniture where its boxes have their tops."""
    ray = solid_of(home).ray
    share = np.stack(np.meshgrid([0.2, 0.4, 0.6, 0.8], [0.2, 0.4, 0.6, 0.8]), -1).reshape(-1, 2)
    heard, seen = 0, 0
    for room in home.rooms:
        for lower, upper in room.boxes:
            x, z = (lower[[0, 2]] + share * (upper - lower)[[0, 2]]).T
            origins = np.stack([x, np.full(len(x), upper[1] + 0.1), z], axis=1)
            points, which, _ = ray.intersects_location(
                origins, np.tile([0.0, -1.0, 0.0], (len(x), 1)), multiple_hits=False
            )
            near = np.abs(points[:, 1] - upper[1]) < 0.11
            heard, seen = heard + 1, seen + (len(np.unique(which[near])) >= 6)
    # Plants and lamps are thinner than their boxes.
    assert seen / heard > 0.8


def test_supports_are_level_and_bare(home):
    ray = solid_of(home).ray
    for room in home.rooms:
        for support in room.supports:
            size = support.upper - support.lower
            assert np.sort(size)[0] >= 0.2 - 1e-9
            assert np.sort(size)[1] >= 0.25 - 1e-9
            share = np.stack(np.meshgrid(*[np.linspace(0.02, 0.98, 9)] * 2), -1).reshape(-1, 2)
            x, z = (support.lower + share * size).T
            origins = np.stack([x, np.full(len(x), support.height + 0.25), z], axis=1)
            points, which, _ = ray.intersects_location(
                origins, np.tile([0.0, -1.0, 0.0], (len(x), 1)), multiple_hits=False
            )
            assert len(which) == len(x)
            np.testing.assert_allclose(points[:, 1], support.height, atol=0.003, err_msg=room.name)


def test_lights_shine_into_their_rooms(home):
    assert {light.room for light in home.lights} == set(range(len(home.rooms)))
    for light in home.lights:
        normal = np.cross(light.edge_u, light.edge_v)
        normal /= np.linalg.norm(normal)
        middle = light.origin + (light.edge_u + light.edge_v) / 2
        assert home.room_at(middle + 0.35 * normal) == light.room
        assert (light.radiance > 0).all()


def test_the_sun_is_up(home):
    np.testing.assert_allclose(np.linalg.norm(home.sky.sun_direction), 1)
    assert home.sky.sun_direction[1] > 0.2
