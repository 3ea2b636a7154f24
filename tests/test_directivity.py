"""Sources that radiate more to their front: the pattern, its images and its rays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shoebox import material, rectangle

from simbinaural.acoustics.directivity import FORWARD, Directivity
from simbinaural.acoustics.images import find_paths
from simbinaural.acoustics.planes import enclose
from simbinaural.acoustics.tracer import trace
from simbinaural.errors import InputError
from simbinaural.sphere import spread_directions

SIZE = (5.0, 2.8, 4.2)
SOURCE = np.array([1.1, 1.3, 0.9])
LISTENER = np.array([3.4, 1.6, 2.4])
CARDIOID = np.full(7, 0.5)
DEAD = material(1.0, 0.0)


def test_a_cardioid_is_deaf_behind_and_twice_as_strong_in_front_as_aside():
    pattern = Directivity((0, 0, -2), CARDIOID)
    front, side, back = pattern.amplitudes([(0, 0, -5), (3, 0, 0), (0, 0, 1)]).T
    np.testing.assert_allclose(front, np.sqrt(3))
    np.testing.assert_allclose(side, np.sqrt(3) / 2)
    np.testing.assert_allclose(back, 0, atol=1e-15)


def test_directivity_index_rises_with_frequency():
    front = Directivity.forward((1, 0, 0)).amplitudes([(1, 0, 0)])[:, 0]
    np.testing.assert_allclose(
        20 * np.log10(front), [0.44, 1.08, 2.04, 3.04, 4.03, 4.59, 4.77], atol=0.01
    )


@given(st.integers(0, 10**6), st.lists(st.floats(0, 0.5), min_size=7, max_size=7))
def test_power_is_the_same_whatever_the_sharpness(seed, sharpness):
    axis = np.random.default_rng(seed).standard_normal(3)
    everywhere = spread_directions(5)
    weights = np.hypot(everywhere[:, 0], everywhere[:, 2])  # rings come with even numbers of each
    rings = {height: np.isclose(everywhere[:, 1], height) for height in set(everywhere[:, 1])}
    for on_ring in rings.values():
        weights[on_ring] /= on_ring.sum()
    power = Directivity(axis, sharpness).amplitudes(everywhere) ** 2 @ weights / weights.sum()
    np.testing.assert_allclose(power, 1, atol=2e-3)


def test_nothing_said_is_omnidirectional():
    np.testing.assert_array_equal(
        Directivity.omnidirectional().amplitudes(spread_directions(30)), 1
    )


def test_each_image_leaves_the_source_its_own_way():
    # A cardioid that looks away from the wall x = 0: what that wall mirrors has left it backwards.
    room = rectangle(SIZE)
    pattern = Directivity((1, 0, 0), CARDIOID)
    plain, shaped = (
        find_paths(
            room,
            enclose(room, [material()]),
            SOURCE,
            [LISTENER],
            image_order=2,
            directivity=directivity,
        )[0]
        for directivity in (None, pattern)
    )
    positions = plain.vectors + LISTENER
    # Of a box, each image radiates as a mirror image of the source does.
    upright = (positions - SOURCE + 1e-6) % (2 * np.array(SIZE)) < 2e-6
    left = np.where(upright, 1, -1) * (LISTENER - positions)
    np.testing.assert_allclose(shaped.vectors, plain.vectors)
    np.testing.assert_allclose(shaped.gains, plain.gains * pattern.amplitudes(left), rtol=1e-6)


def test_rays_bring_what_was_sent_their_way():
    # One wall scatters, all else is dead: a cardioid that turns its back brings it nothing.
    room = rectangle(SIZE, surfaces=np.array([1, 1, 1, 0, 1, 1]))
    enclosure = enclose(room, [material(0.0, 1.0), DEAD])

    def brought(axis):
        rng = np.random.default_rng(0)
        pattern = Directivity(axis, CARDIOID)
        found = trace(enclosure, SOURCE, [LISTENER], rng=rng, rays=20000, directivity=pattern)
        return found.energy.sum()

    assert brought((-1, 0, 0)) > 15 * brought((1, 0, 0)) > 0


def test_late_energy_does_not_depend_on_the_axis():
    room = rectangle(SIZE)
    enclosure = enclose(room, [material(0.1, 0.7)])
    late = []
    for axis in ((1, 0, 0), (-1, 0, 0), (0, 1, 0)):
        pattern = Directivity(axis, np.array(FORWARD))
        rng = np.random.default_rng(0)
        found = trace(enclosure, SOURCE, [LISTENER], rng=rng, rays=20000, directivity=pattern)
        late.append(10 * np.log10(found.energy[0, :, 30:].sum(axis=1)))
    np.testing.assert_allclose(np.ptp(late, axis=0), 0, atol=0.5)


@pytest.mark.parametrize(
    ("axis", "sharpness", "message"),
    [
        ((0, 0, 0), CARDIOID, "axis must have a length"),
        ((0, 0, 1), np.full(7, 0.6), r"sharpness must be in \[0, 0.5\], got \[0.6\]"),
        ((0, 0, 1), np.full(7, np.nan), "sharpness must be in"),
        ((0, 0, 1), np.zeros(4), "sharpness must have shape"),
    ],
)
def test_bad_patterns(axis, sharpness, message):
    with pytest.raises(InputError, match=message):
        Directivity(axis, sharpness)
