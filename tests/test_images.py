"""Image sources: against the lattice of a box, and against brute force in an L."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shoebox import L_SHAPE, material, mirrored, prism, rectangle

from simbinaural.acoustics.images import find_paths
from simbinaural.acoustics.planes import enclose
from simbinaural.acoustics.screens import screen_gains
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ, Patch

SIZE = (5.0, 2.8, 4.2)
SOURCE = np.array([1.1, 1.3, 0.9])
LISTENER = np.array([3.7, 1.6, 2.8])
X_Z = [0, 2]


def paths(room, materials, source=SOURCE, listener=LISTENER, order=3):
    """Paths to one listener."""
    found = find_paths(room, enclose(room, materials), source, [listener], image_order=order)
    return found[0]


def sort(points):
    """Rows in an order that rounding cannot change."""
    return points[np.lexsort(np.round(points, 6).T)]


def test_direct_sound_comes_first_and_straight():
    found = paths(rectangle(SIZE), [material()], order=0)
    np.testing.assert_array_equal(found.vectors, [SOURCE - LISTENER])
    distance = np.linalg.norm(SOURCE - LISTENER)
    np.testing.assert_allclose(found.gains, np.full((7, 1), 1 / distance), rtol=1e-12)


def test_box_has_the_lattice_of_images():
    # Allen and Berkley (1979): along each axis the images lie at 2 n L + s and 2 n L - s.
    wanted = []
    for counts in itertools.product(range(-3, 4), repeat=3):
        if sum(map(abs, counts)) <= 3:
            even = [c % 2 == 0 for c in counts]
            wanted.append(
                [
                    c * length + (s if same else length - s)
                    for c, length, s, same in zip(counts, SIZE, SOURCE, even, strict=True)
                ]
            )
    corner = np.array([-7.0, 0.3, 40.0])
    found = paths(rectangle(SIZE, corner), [material()], SOURCE + corner, LISTENER + corner)
    assert len(wanted) == len(found.vectors) == 63
    np.testing.assert_allclose(
        sort(found.vectors + LISTENER), sort(np.array(wanted)), atol=1e-12 * 40 * 4
    )


def test_each_reflection_takes_its_own_material():
    absorption = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    materials = [material(a, 0.1 * a) for a in absorption]
    room = rectangle(SIZE, surfaces=np.arange(6))
    found = paths(room, materials, order=1)
    # Walls run along z = 0, x = 5, z = 4.2, x = 0; then the floor, the ceiling.
    places = [(2, 0.0), (0, 5.0), (2, 4.2), (0, 0.0), (1, 0.0), (1, 2.8)]
    for a, (axis, plane) in zip(absorption, places, strict=True):
        image = SOURCE.copy()
        image[axis] = 2 * plane - image[axis]
        match = np.linalg.norm(found.vectors + LISTENER - image, axis=1) < 1e-9
        gain = np.sqrt((1 - a) * (1 - 0.1 * a)) / np.linalg.norm(image - LISTENER)
        np.testing.assert_allclose(found.gains[:, match], np.full((7, 1), gain), rtol=1e-9)


def test_floor_reflection_is_delayed_by_its_detour():
    found = paths(rectangle(SIZE), [material()], order=1)
    level = np.linalg.norm((SOURCE - LISTENER)[X_Z])
    wanted = np.hypot(level, SOURCE[1] + LISTENER[1])
    lowest = np.argmin(found.vectors[:, 1])
    np.testing.assert_allclose(found.distances[lowest], wanted, rtol=1e-12)


# --------------------------------------------------------------------------- an L


def brute_force(polygon, height, source, listener, order):
    """Images by trying every sequence of planes, in plain geometry.

    A sequence's image is the source mirrored in its planes, last first; it counts if the points
    where the path meets them lie on the walls one after another, and no wall is crossed between.
    """
    n_walls = len(polygon)
    normals, points = [], []
    for i in range(n_walls):
        x, z = polygon[(i + 1) % n_walls] - polygon[i]
        normals.append(np.array([-z, 0, x]) / np.hypot(x, z))
        points.append(np.array([polygon[i][0], 0, polygon[i][1]]))
    normals += [np.array([0, 1.0, 0]), np.array([0, -1.0, 0])]
    points += [np.zeros(3), np.array([0, height, 0])]

    def crosses(a, b, wall):
        """Whether the segment from a to b goes through a wall, seen from above."""
        p, q = polygon[wall], polygon[(wall + 1) % n_walls]
        side = [np.cross([*(q - p), 0], [*(c[X_Z] - p), 0])[2] for c in (a, b)]
        other = [np.cross([*(b - a)[X_Z], 0], [*(c - a[X_Z]), 0])[2] for c in (p, q)]
        return side[0] * side[1] < -1e-12 and other[0] * other[1] < 0

    images = []
    for length in range(order + 1):
        for chain in itertools.product(range(n_walls + 2), repeat=length):
            if any(a == b for a, b in itertools.pairwise(chain)):
                continue
            stages = [source]
            for plane in reversed(chain):
                away = (stages[-1] - points[plane]) @ normals[plane]
                stages.append(stages[-1] - 2 * away * normals[plane])
            at, seen = listener, True
            for plane, image in zip(chain, stages[:0:-1], strict=True):
                way = image - at
                slope = way @ normals[plane]
                share = (points[plane] - at) @ normals[plane] / slope if slope < 0 else -1.0
                hit = at + share * way
                ends = 0 < share < 1 and -1e-9 <= hit[1] <= height + 1e-9
                if plane < n_walls and ends:
                    p, q = polygon[plane], polygon[(plane + 1) % n_walls]
                    ends = 0 <= (hit[X_Z] - p) @ (q - p) <= (q - p) @ (q - p)
                seen = seen and ends and not any(crosses(at, hit, w) for w in range(n_walls))
                at = hit
            if seen and not any(crosses(at, source, w) for w in range(n_walls)):
                images.append(stages[-1])
    images = np.array(images)
    _, first = np.unique(np.round(images, 6), axis=0, return_index=True)
    return images[first]


@pytest.mark.parametrize("listener", [(4.9, 1.6, 1.2), (1.8, 1.2, 2.2), (5.3, 2.1, 2.6)])
def test_images_of_an_l_are_those_of_brute_force(listener):
    source, listener = np.array([1.3, 1.4, 4.1]), np.array(listener)
    found = paths(prism(L_SHAPE, 2.6), [material()], source, listener, order=3)
    wanted = brute_force(L_SHAPE, 2.6, source, listener, 3)
    assert len(found.vectors) == len(wanted) > 10
    np.testing.assert_allclose(sort(found.vectors + listener), sort(wanted), atol=1e-9)


def test_round_the_corner_there_is_no_direct_sound_but_reflections():
    source, listener = np.array([1.0, 1.4, 4.5]), np.array([5.5, 1.6, 2.0])
    found = paths(prism(L_SHAPE, 2.6), [material()], source, listener)
    assert len(found.vectors) > 0
    assert found.distances.min() > np.linalg.norm(source - listener) + 0.1


def test_all_listeners_get_what_each_would_get_alone():
    room, source = prism(L_SHAPE, 2.6), np.array([1.3, 1.4, 4.1])
    listeners = np.array([(4.9, 1.6, 1.2), (1.8, 1.2, 2.2)])
    together = find_paths(room, enclose(room, [material()]), source, listeners)
    for listener, found in zip(listeners, together, strict=True):
        alone = paths(room, [material()], source, listener)
        np.testing.assert_array_equal(sort(found.vectors), sort(alone.vectors))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_mirrored_room_has_mirrored_paths(seed):
    rng = np.random.default_rng(seed)
    materials = [material(rng.uniform(0, 1, 7), rng.uniform(0, 1, 7)) for _ in range(6)]
    boxes = rng.uniform(0.1, 3.0, (2, 1, 3)) + [[[0, 0, 0], [0.5, 0.4, 0.3]]]
    room = rectangle(SIZE, surfaces=rng.permutation(6), boxes=boxes)
    source, listener = rng.uniform(0.1, [4.9, 2.7, 4.1], (2, 3))
    straight = paths(room, materials, source, listener)
    flipped = paths(mirrored(room), materials, source * (-1, 1, 1), listener * (-1, 1, 1))
    np.testing.assert_allclose(
        sort(np.hstack([straight.vectors * (-1, 1, 1), straight.gains.T])),
        sort(np.hstack([flipped.vectors, flipped.gains.T])),
        atol=1e-9,
    )


# --------------------------------------------------------------------------- patches and furniture


def test_path_through_an_open_door_is_lost():
    whole = paths(rectangle(SIZE), [material()], order=1)
    # The image in the wall x = 5, which runs along z from its corner.
    image = np.array([2 * 5.0 - SOURCE[0], SOURCE[1], SOURCE[2]])
    share = (5.0 - LISTENER[0]) / (image[0] - LISTENER[0])
    hit = LISTENER + share * (image - LISTENER)
    door = Patch(1, hit[[2, 1]] - 0.05, hit[[2, 1]] + 0.05, 0, "door")
    beside = Patch(1, hit[[2, 1]] + 0.05, hit[[2, 1]] + 0.4, 0, "door")
    ajar = paths(rectangle(SIZE, patches=(door,)), [material()], order=1)
    spared = paths(rectangle(SIZE, patches=(beside,)), [material()], order=1)
    assert len(ajar.vectors) == len(whole.vectors) - 1
    assert np.linalg.norm(ajar.vectors + LISTENER - image, axis=1).min() > 1
    np.testing.assert_array_equal(spared.gains, whole.gains)


def test_last_patch_lies_on_top():
    materials = [material(0.1, 0.0), material(0.5, 0.0), material(0.9, 0.0)]
    rug = Patch(4, np.zeros(2), np.array(SIZE)[X_Z], 1, "rug")
    mat = Patch(4, np.zeros(2), np.array(SIZE)[X_Z], 2, "rug")
    for patches, absorption in (((rug, mat), 0.9), ((mat, rug), 0.5)):
        found = paths(rectangle(SIZE, patches=patches), materials, order=1)
        lowest = np.argmin(found.vectors[:, 1])
        gain = found.gains[0, lowest] * found.distances[lowest]
        np.testing.assert_allclose(gain, np.sqrt(1 - absorption), rtol=1e-9)


def test_furniture_hides_the_reflections_behind_it():
    slab = [[[1.5, 0.0, 0.5], [3.0, 0.02, 3.5]]]  # a plinth where floor reflections meet the floor
    bare = paths(rectangle(SIZE), [material()], order=1)
    found = paths(rectangle(SIZE, boxes=slab), [material()], order=1)
    assert len(found.vectors) == len(bare.vectors) - 1
    assert found.vectors[:, 1].min() > bare.vectors[:, 1].min() + 1


def test_screen_follows_kurze_and_anderson():
    # A thin wall across the room, 1.8 m high: the top is the only way.
    room = rectangle(SIZE, boxes=[[[2.5, 0.0, 0.0], [2.5001, 1.8, 4.2]]])
    source, listener = np.array([1.5, 1.0, 2.0]), np.array([3.5, 1.0, 2.0])
    detour = 2 * np.hypot(1.0, 0.8) - 2.0
    root = np.sqrt(2 * np.pi * 2 * detour * OCTAVE_BANDS_HZ / 343)
    loss_db = np.minimum(5 + 20 * np.log10(root / np.tanh(root)), 24)
    gains = screen_gains(enclose(room, [material()]), source, listener)
    np.testing.assert_allclose(20 * np.log10(gains), -loss_db, atol=0.3)


def test_screen_is_silent_without_a_way_round_and_nothing_beside_the_line():
    source, listener = np.array([1.5, 1.0, 2.0]), np.array([3.5, 1.0, 2.0])
    closed = rectangle(SIZE, boxes=[[[2.4, 0.0, 0.0], [2.6, 2.8, 4.2]]])
    beside = rectangle(SIZE, boxes=[[[2.4, 0.0, 2.1], [2.6, 2.8, 4.2]]])
    np.testing.assert_array_equal(
        screen_gains(enclose(closed, [material()]), source, listener), np.zeros(7)
    )
    np.testing.assert_array_equal(
        screen_gains(enclose(beside, [material()]), source, listener), np.ones(7)
    )


def test_wider_screens_dull_more_and_high_bands_most():
    source, listener = np.array([1.0, 1.0, 2.0]), np.array([4.0, 1.2, 2.3])
    gains = []
    for half in (0.05, 0.2, 0.5, 1.0):
        box = [[[2.3, 0.0, 2.15 - half], [2.6, 2.2, 2.15 + half]]]
        room = rectangle(SIZE, boxes=box)
        gains.append(screen_gains(enclose(room, [material()]), source, listener))
    assert np.all(np.diff(gains, axis=0) < 0)
    assert np.all(np.diff(gains, axis=1) <= 0)
    assert gains[0][0] > 10 ** (-3 / 20)  # a pole does not silence


def test_table_is_passed_by_its_edges_from_below():
    table = [[[1.8, 0.7, 1.6], [3.0, 0.75, 2.6]]]
    room = rectangle(SIZE, boxes=table)
    below, above = np.array([2.3, 0.2, 2.1]), np.array([2.5, 1.6, 2.0])
    gains = screen_gains(enclose(room, [material()]), below, above)
    assert np.all((gains > 0.01) & (gains < 1))
    np.testing.assert_allclose(
        gains, screen_gains(enclose(room, [material()]), above, below), rtol=1e-9
    )
