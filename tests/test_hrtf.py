"""Heads: analytic ones first, then KEMAR against its own file."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial import SphericalVoronoi

from simbinaural.errors import InputError
from simbinaural.geometry import direction_vectors, directions
from simbinaural.hrtf import DEFAULT_SOFA, EARS, Hrtf, align, load_hrtf
from simbinaural.responses import first_arrivals, minimum_phase, minimum_phase_lags
from simbinaural.sofa import Measurement, read_sofa
from simbinaural.sphere import MIRROR, Sphere, spread_directions, with_mirror_images
from simbinaural.sphere_cells import hull
from simbinaural.sphere_walk import locate

RADIUS_S = 0.0875 / 343
UNIT = st.floats(-1, 1)
VECTORS = st.tuples(UNIT, UNIT, UNIT).map(np.array).filter(lambda v: np.linalg.norm(v) > 0.01)


@pytest.fixture(scope="module")
def kemar():
    return load_hrtf()


def impulses(delays_s, *, sample_rate=44100, samples=256):
    """Band-limited impulses (below 90 % of the Nyquist frequency) at exact delays."""
    frequency = np.fft.rfftfreq(samples, 1 / sample_rate)
    smooth = np.clip((1 - frequency / (sample_rate / 2)) / 0.2, 0, 1)
    spectrum = smooth * np.exp(-2j * np.pi * frequency * np.asarray(delays_s)[..., None])
    return np.fft.irfft(spectrum, samples, axis=-1)


def woodworth(vectors):
    """Delays of both ears of a sphere behind its center."""
    angle = np.arccos(np.clip(vectors @ EARS.T, -1, 1))
    return RADIUS_S * np.where(angle < np.pi / 2, -np.cos(angle), angle - np.pi / 2)


def spherical_head(vectors):
    return Measurement("sphere", 44100.0, vectors, impulses(0.001 + woodworth(vectors)))


def lopsided_head():
    """A head whose ears differ, measured at directions without mirror images."""
    vectors = spread_directions(15)
    turn = np.radians(4)
    vectors = vectors @ np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    delays = 0.001 + woodworth(vectors) * [1.0, 1.1]
    return Measurement("lopsided", 44100.0, vectors, impulses(delays) * [[1.0], [0.8]])


# --------------------------------------------------------------------------- the sphere


@given(st.lists(VECTORS, min_size=1, max_size=20))
@settings(deadline=None)
def test_neighbors_surround_a_direction(kemar, vectors):
    vectors = np.array(vectors)
    indices, weights = kemar.neighbors(vectors)
    mixed = np.einsum("nk,nkc->nc", weights, kemar.directions[indices])
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights.min() >= 0
    np.testing.assert_allclose(
        mixed / np.linalg.norm(mixed, axis=1)[:, None],
        vectors / np.linalg.norm(vectors, axis=1)[:, None],
        atol=1e-6,
    )


def test_neighbors_are_near(kemar):
    vectors = direction_vectors(np.arange(0, 360, 3.3), 25)
    indices, _ = kemar.neighbors(vectors)
    cosine = np.einsum("nkc,nc->nk", kemar.directions[indices], vectors)
    assert np.degrees(np.arccos(cosine)).max() < 12


def test_a_direction_is_its_own_neighbor(kemar):
    indices, weights = kemar.neighbors(kemar.directions)
    np.testing.assert_allclose(weights.max(axis=1), 1)
    own = indices[np.arange(len(indices)), weights.argmax(axis=1)]
    np.testing.assert_array_equal(own, np.arange(len(indices)))


def test_a_walk_that_goes_astray_tries_every_triangle(kemar):
    vectors = np.random.default_rng(6).standard_normal((40, 3))
    corners, inverses, across = kemar.sphere._triangles
    mirrored = kemar.sphere._mirrored
    found = locate(vectors, corners, inverses, np.zeros_like(across), mirrored)
    for lost, expected in zip(found, kemar.neighbors(vectors), strict=True):
        np.testing.assert_array_equal(lost, expected)


@given(VECTORS)
@settings(deadline=None)
def test_mirrored_vectors_have_mirrored_neighbors(kemar, vector):
    assume(abs(vector[0]) > 1e-6)
    indices, weights = kemar.neighbors([vector, vector * MIRROR])
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_allclose(
        kemar.directions[indices[0]] * MIRROR, kemar.directions[indices[1]], atol=1e-9
    )


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_solid_angles_are_those_of_spherical_voronoi_cells(kemar, seed):
    directions = kemar.sphere.directions  # rings: many directions on one circle, none far below
    if seed is not None:
        directions = np.random.default_rng(seed).standard_normal((60 + 300 * seed, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    expected = SphericalVoronoi(directions).calculate_areas() / (4 * np.pi)
    np.testing.assert_allclose(Sphere(directions).solid_angles, expected, atol=1e-11)


@pytest.mark.parametrize("spacing_deg", [5, 30])
def test_the_hull_is_convex_and_closed(spacing_deg):
    directions = spread_directions(spacing_deg)
    triangles = hull(directions)
    assert len(triangles) == 2 * len(directions) - 4
    a, b, c = np.moveaxis(directions[triangles], 1, 0)
    normals = np.cross(b - a, c - a)
    heights = normals @ directions.T - np.sum(normals * a, axis=1)[:, None]
    assert heights.max() < 1e-6  # nothing lies beyond a side but by the joggle
    sides = {tuple(side) for k in range(3) for side in triangles[:, [k, (k + 1) % 3]].tolist()}
    assert len(sides) == 3 * len(triangles)
    assert all((end, begin) in sides for begin, end in sides)


def test_solid_angles_of_an_octahedron_are_equal():
    sphere = Sphere(np.concatenate([np.eye(3), -np.eye(3)]))
    np.testing.assert_allclose(sphere.solid_angles, 1 / 6)


def test_solid_angles_integrate_over_the_sphere(kemar):
    weights = kemar.sphere.solid_angles
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights @ kemar.directions, 0, atol=2e-3)
    np.testing.assert_allclose(weights @ kemar.directions**2, 1 / 3, atol=4e-3)


def test_spread_directions_are_spread_and_symmetric():
    vectors = spread_directions(10)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    assert len(with_mirror_images(vectors)) == len(vectors)
    cosine = vectors @ vectors.T - 2 * np.eye(len(vectors))
    nearest = np.degrees(np.arccos(cosine.max(axis=1)))
    assert 7 < nearest.min() <= nearest.max() < 13


@pytest.mark.parametrize("vector", [(0, 0, 0), (np.nan, 0, 1), (np.inf, 0, 0)])
def test_no_direction_is_an_error(kemar, vector):
    with pytest.raises(InputError, match="vectors must be finite and not zero, got"):
        kemar.neighbors([vector])


def test_vectors_have_three_components(kemar):
    with pytest.raises(InputError, match=r"vectors must have shape \(any, 3\), got \(3,\)"):
        kemar.neighbors([0, 0, -1])


# --------------------------------------------------------------------------- responses


@given(st.floats(20, 120), st.floats(20, 120))
@settings(deadline=None)
def test_lags_differ_as_delays_do(first, second):
    delays = np.array([first, second]) / 44100
    lags = minimum_phase_lags(impulses(delays), 44100)
    np.testing.assert_allclose(np.diff(lags), np.diff(delays), atol=3e-7)
    np.testing.assert_allclose(lags, delays, atol=4e-6)


def test_lag_of_a_decay_is_its_beginning_not_its_middle():
    decay = np.convolve(impulses([0.0005])[0], 0.8 ** np.arange(40))
    assert minimum_phase_lags(decay, 44100) == pytest.approx(0.0005, abs=5e-6)


def test_lags_of_many_are_those_of_each():
    delays = np.random.default_rng(0).uniform(20, 120, (75, 2)) / 44100
    lags = minimum_phase_lags(impulses(delays.ravel()).reshape(75, 2, -1), 44100)
    assert lags.shape == (75, 2)
    alone = [[minimum_phase_lags(impulses([d])[0], 44100) for d in pair] for pair in delays]
    np.testing.assert_allclose(lags, alone, atol=1e-12)


def test_first_arrival_lies_between_samples():
    response = np.array([[0, 0, 0.05, 0.15, -1.0, 0.5], [0.01, -2, 0, 0, 0, 0]])
    np.testing.assert_allclose(first_arrivals(response, 10), [0.25, 0.19 / 1.99 / 10])


def test_minimum_phase_keeps_magnitude_and_starts_at_once():
    decay = 0.7 ** np.arange(64.0)  # one pole inside the circle: minimum-phase already
    late = np.roll(np.pad(decay, (0, 448)), 50)
    np.testing.assert_allclose(minimum_phase(np.abs(np.fft.rfft(late)))[:64], decay, atol=1e-6)


# --------------------------------------------------------------------------- analytic heads


@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100, 48000])
def test_delays_of_a_spherical_head_are_woodworths(sample_rate):
    vectors = spread_directions(15)
    hrtf = align(spherical_head(vectors), sample_rate)
    np.testing.assert_allclose(hrtf.delays_s, woodworth(vectors), atol=1e-6)
    after_onset_s = (hrtf.hrirs.argmax(axis=-1) - hrtf.lead) / sample_rate
    assert after_onset_s.min() >= 0  # the impulse rises from a tenth of its peak
    assert after_onset_s.max() <= 60e-6 + 1 / sample_rate
    assert np.ptp(after_onset_s) == 0


def test_a_missing_cap_continues_the_spherical_head():
    vectors = spread_directions(10)
    measured = vectors[vectors[:, 1] > np.sin(np.radians(-45))]
    hrtf = align(spherical_head(measured), 16000)
    assert hrtf.n_measured == len(measured)
    assert hrtf.directions[:, 1].min() == -1
    np.testing.assert_allclose(hrtf.delays_s, woodworth(hrtf.directions), atol=1e-6)
    energy = np.sum(hrtf.hrirs**2, axis=-1)
    np.testing.assert_allclose(energy, energy[0, 0], rtol=0.02)


def test_a_whole_sphere_needs_no_filling():
    vectors = spread_directions(15)
    assert len(align(spherical_head(vectors), 16000).directions) == len(vectors)


def test_diffuse_coherence_of_two_points_is_a_sinc():
    spacing_s = 0.16 / 343
    vectors = spread_directions(4)
    hrirs = np.zeros((len(vectors), 2, 64), np.float32)
    hrirs[..., 16] = 1
    delays = vectors[:, :1] * spacing_s / 2 * [1.0, -1.0]
    field = Hrtf("points", 16000, vectors, hrirs, delays, 16, len(vectors)).diffuse_field(512)
    frequency = np.fft.rfftfreq(512, 1 / 16000)
    np.testing.assert_allclose(field[0, 0], 1, atol=1e-6)
    np.testing.assert_allclose(field[1, 1], 1, atol=1e-6)
    np.testing.assert_allclose(field[0, 1], np.sinc(2 * frequency * spacing_s), atol=3e-3)
    np.testing.assert_allclose(field[1, 0], np.conj(field[0, 1]), atol=1e-12)


def test_short_transforms_sample_the_long_ones(kemar):
    np.testing.assert_allclose(
        kemar.diffuse_field(64), kemar.diffuse_field(1024)[..., ::16], atol=1e-5
    )


def test_symmetrized_ears_are_mirror_images():
    lopsided = align(lopsided_head(), 16000)
    assert lopsided.sphere._mirrored.size == 0
    even = lopsided.symmetrized()
    vectors = np.random.default_rng(2).standard_normal((50, 3))
    hrirs, delays = even.interpolate(vectors)
    hrirs_mirrored, delays_mirrored = even.interpolate(vectors * MIRROR)
    np.testing.assert_allclose(hrirs[:, ::-1], hrirs_mirrored, atol=1e-9)
    np.testing.assert_allclose(delays[:, ::-1], delays_mirrored, atol=1e-12)
    left, right = lopsided.interpolate([[-1.0, 0, 0], [1, 0, 0]])[1]
    np.testing.assert_allclose(
        even.interpolate([[-1.0, 0, 0]])[1][0], (left + right[::-1]) / 2, atol=1e-5
    )


# --------------------------------------------------------------------------- KEMAR


def test_kemar_is_its_own_mirror_image(kemar):
    even = kemar.symmetrized()
    np.testing.assert_allclose(even.directions, kemar.directions, atol=1e-12)
    np.testing.assert_allclose(even.hrirs, kemar.hrirs, atol=1e-6)
    np.testing.assert_allclose(even.delays_s, kemar.delays_s, atol=1e-9)


def test_front_and_back_reach_the_head_within_a_sample_of_its_center(kemar):
    _, delays = kemar.interpolate([[0, 0, -1], [0, 0, 1]])
    np.testing.assert_allclose(delays, 0, atol=1 / 16000)


def test_the_left_ear_hears_the_left_first_and_louder(kemar):
    hrirs, delays = kemar.interpolate(direction_vectors([30, 60, 90, 120, 150], 0))
    assert np.all(delays[:, 0] < delays[:, 1] - 150e-6)
    energy = np.sum(hrirs**2, axis=-1)
    assert np.all(energy[:, 0] > 2 * energy[:, 1])


@pytest.mark.parametrize("azimuth", [90, 60, 30, 135])
def test_floor_reflections_have_a_sane_time_difference(kemar, azimuth):
    below = direction_vectors(azimuth, np.arange(-35, -91, -2.5))
    hrirs, delays = kemar.interpolate(below)
    itd = delays[:, 1] - delays[:, 0]
    assert np.all(itd[:-1] > 0)
    assert itd.max() < 0.0008
    assert np.all(np.diff(itd) < 0)
    np.testing.assert_allclose(itd[-1], 0, atol=1e-9)
    energy = np.sum(hrirs[-1] ** 2, axis=-1)
    np.testing.assert_allclose(energy[0], energy[1], rtol=1e-5)


def test_the_cap_continues_the_lowest_ring(kemar):
    ring = direction_vectors(np.arange(0, 360, 5.0), -40)
    below = direction_vectors(np.arange(0, 360, 5.0), -45)
    hrirs, delays = kemar.interpolate(ring)
    hrirs_below, delays_below = kemar.interpolate(below)
    np.testing.assert_allclose(delays_below, delays, atol=40e-6)
    level, level_below = (10 * np.log10(np.sum(h**2, axis=-1)) for h in (hrirs, hrirs_below))
    np.testing.assert_allclose(level_below, level, atol=2)


@pytest.mark.parametrize("sample_rate", [44100, 48000])
def test_other_rates_have_the_same_transfer_functions(kemar, sample_rate):
    other = load_hrtf(sample_rate=sample_rate)
    assert other.sample_rate == sample_rate
    np.testing.assert_allclose(other.delays_s, kemar.delays_s, atol=1e-9)
    frequency = np.arange(500, 7000, 125)

    def response(hrtf):
        times = (np.arange(hrtf.hrirs.shape[-1]) - hrtf.lead) / hrtf.sample_rate
        return hrtf.hrirs[:710:13] @ np.exp(-2j * np.pi * times[:, None] * frequency)

    expected = response(kemar)
    scale = np.abs(expected).max(axis=-1, keepdims=True)
    np.testing.assert_allclose(response(other) / scale, expected / scale, atol=0.02)


def test_loading_twice_gives_the_same_object(kemar):
    assert load_hrtf(str(DEFAULT_SOFA), 16000) is kemar
    assert load_hrtf(sample_rate=8000) is not kemar


def test_shared_arrays_cannot_be_changed(kemar):
    for array in (kemar.hrirs, kemar.delays_s, kemar.directions):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_too_few_directions_are_named(tmp_path, monkeypatch):
    few = read_sofa(DEFAULT_SOFA)
    few = Measurement("few", few.sample_rate, few.directions[:5], few.responses[:5])
    monkeypatch.setattr("simbinaural.hrtf.read_sofa", lambda _: few)
    path = tmp_path / "few.sofa"
    path.touch()
    with pytest.raises(InputError, match=rf"^{path}: must have at least 12 directions, got 5"):
        load_hrtf(path)


def test_interpolated_delays_follow_left_out_directions():
    measurement = read_sofa(DEFAULT_SOFA)
    left_out = np.arange(5, 710, 10)
    kept = np.delete(np.arange(710), left_out)
    part = Measurement(
        "part", measurement.sample_rate, measurement.directions[kept], measurement.responses[kept]
    )
    full, part = align(measurement, 16000), align(part, 16000)
    vectors = measurement.directions[left_out]
    assert directions(vectors)[1].max() > 60
    itd, itd_part = (np.diff(h.interpolate(vectors)[1])[:, 0] for h in (full, part))
    assert np.abs(itd_part - itd).mean() < 15e-6
