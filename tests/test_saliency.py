"""Measures of maps against hand-computed values, other implementations and their laws."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from simbinaural.errors import InputError
from simbinaural.metrics.saliency import auc_judd, cc, emd, fixation_map, kl, nss, sim

MEASURES = (cc, sim, kl, emd)

levels = st.integers(0, 20).map(float)
grids = arrays(float, (4, 6), elements=levels).filter(np.any)


def random_map(seed, shape=(18, 32)):
    return np.random.default_rng(seed).random(shape)


def spot(x, y, size=(320, 176), sigma=8.0):
    """A Gaussian of which nothing reaches over the border."""
    columns, rows = np.arange(size[0]) + 0.5, np.arange(size[1])[:, None] + 0.5
    squared = (columns - x) ** 2 + (rows - y) ** 2
    return np.where(squared < 30**2, np.exp(-squared / 2 / sigma**2), 0)


# --------------------------------------------------------------------------- values by hand


def test_cc_by_hand():
    # Deviations from the mean 2.5: -1.5 -0.5 0.5 1.5 and -1.5 -0.5 1.5 0.5, (2.25+.25+.75+.75)/5.
    assert cc([[1, 2], [3, 4]], [[1, 2], [4, 3]]) == pytest.approx(0.8)
    assert cc([[0, 1]], [[1, 0]]) == pytest.approx(-1)


def test_sim_by_hand():
    assert sim([[1, 3], [0, 0]], [[1, 1], [1, 1]]) == pytest.approx(0.25 + 0.25)
    assert sim([[1, 0]], [[0, 1]]) == 0


def test_kl_by_hand():
    expected = 0.25 * np.log(0.25 / 0.5) + 0.75 * np.log(0.75 / 0.5)
    assert kl([[1, 3]], [[1, 1]]) == pytest.approx(expected)
    assert kl([[1, 3, 0]], [[1, 1, 0]]) == pytest.approx(expected)  # 0 / 0 as printed
    assert kl([[1, 0]], [[0, 1]]) == pytest.approx(-np.log(1e-20))
    assert kl([[0, 0]], [[0, 1]]) == 0


def test_emd_by_hand():
    # A quarter of the mass goes two cells along x and one along y.
    reference, estimated = np.zeros((2, 2, 4))
    reference[0, 0], reference[0, 1] = 1, 3
    estimated[1, 2], estimated[0, 1] = 1, 3
    assert emd(reference, estimated, n_columns=4) == pytest.approx(np.sqrt(5) / 4)


def test_nss_by_hand():
    estimated = np.array([[1.0, 2], [3, 6]])  # mean 3, deviation sqrt(14 / 4)
    assert nss([[0, 0], [0, 1]], estimated) == pytest.approx(3 / np.sqrt(3.5))
    assert nss([[1, 0], [0, 1]], estimated) == pytest.approx((3 - 2) / 2 / np.sqrt(3.5))


def test_auc_judd_by_hand():
    # Thresholds 6 and 2: (false alarms, hits) = (0, 1/2) and (1/2, 1).
    estimated, fixations = np.array([[1.0, 2], [3, 6]]), np.array([[0, 1], [0, 1]])
    assert auc_judd(fixations, estimated) == pytest.approx(0.5 * 0.75 + 0.5)
    # A single one at the middle of others: the line to it cuts the corner.
    assert auc_judd([[0, 0, 1, 0, 0]], [[1, 2, 3, 4, 5]]) == pytest.approx(0.75)


# --------------------------------------------------------------------------- other codes


@pytest.mark.parametrize("seed", range(3))
def test_cc_is_pearson_of_scipy(seed):
    reference, estimated = random_map(seed), random_map(seed + 10) ** 3
    expected = stats.pearsonr(reference.ravel(), estimated.ravel()).statistic
    assert cc(reference, estimated) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_kl_is_the_relative_entropy_of_scipy(seed):
    reference, estimated = random_map(seed), random_map(seed + 10) ** 3
    expected = stats.entropy(reference.ravel(), estimated.ravel())
    assert kl(reference, estimated) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_emd_is_that_of_scipy(seed):
    reference, estimated = random_map(seed, (3, 5)), random_map(seed + 10, (3, 5)) ** 3
    cells = np.argwhere(reference >= 0)
    expected = stats.wasserstein_distance_nd(cells, cells, reference.ravel(), estimated.ravel())
    assert emd(reference, estimated, n_columns=5) == pytest.approx(expected, abs=1e-6)


def test_emd_is_that_of_pot_with_all_mass_moved():
    ot = pytest.importorskip("ot")
    reference, estimated = random_map(1), random_map(2) ** 4
    cells = np.argwhere(reference >= 0).astype(float)
    p, q = (each.ravel() / each.sum() for each in (reference, estimated))
    expected = ot.emd2(p, q, ot.dist(cells, cells, "euclidean"))
    assert emd(reference, estimated) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_auc_judd_is_that_of_the_original_where_no_values_are_equal(seed):
    rng = np.random.default_rng(seed)
    estimated, fixations = rng.random((20, 30)), rng.random((20, 30)) < 0.05
    values, found = estimated.ravel(), np.sort(estimated[fixations])[::-1]
    hits, alarms = [0.0], [0.0]
    for count, threshold in enumerate(found, start=1):
        above = np.sum(values >= threshold)
        hits.append(count / len(found))
        alarms.append((above - count) / (values.size - len(found)))
    hits, alarms = np.array([*hits, 1]), np.array([*alarms, 1])
    expected = np.sum(np.diff(alarms) * (hits[1:] + hits[:-1]) / 2)
    assert auc_judd(fixations, estimated) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_auc_judd_of_many_fixations_is_the_share_of_pairs_in_order(seed):
    rng = np.random.default_rng(seed)
    estimated, fixations = rng.random((40, 50)), rng.random((40, 50)) < 0.5
    estimated[fixations] += 0.3
    pairs = stats.mannwhitneyu(estimated[fixations], estimated[~fixations]).statistic
    expected = pairs / fixations.sum() / (~fixations).sum()
    assert auc_judd(fixations, estimated) == pytest.approx(expected, abs=2e-3)


# --------------------------------------------------------------------------- laws


@given(grids)
@settings(deadline=None)
def test_a_map_agrees_with_itself(values):
    assert cc(values, values) == pytest.approx(1 if np.ptp(values) else 0)
    assert sim(values, values) == pytest.approx(1)
    assert kl(values, values) == pytest.approx(0, abs=1e-12)
    assert emd(values, values) == pytest.approx(0, abs=1e-12)


@given(grids, grids, st.sampled_from(MEASURES), st.floats(1e-3, 1e3))
@settings(deadline=None)
def test_scale_does_not_matter(reference, estimated, measure, scale):
    plain = measure(reference, estimated)
    assert measure(scale * reference, estimated) == pytest.approx(plain, abs=1e-7)
    assert measure(reference, scale * estimated) == pytest.approx(plain, abs=1e-7)


@given(grids, grids)
@settings(deadline=None)
def test_ranges_and_symmetries(reference, estimated):
    for measure, low, high in ((cc, -1, 1), (sim, 0, 1), (emd, 0, 40)):
        value = measure(reference, estimated)
        assert low - 1e-9 <= value <= high + 1e-9
        assert measure(estimated, reference) == pytest.approx(value, abs=1e-9)
    assert kl(reference, estimated) >= -1e-12


@given(st.tuples(*[st.lists(st.integers(0, 23), min_size=1, max_size=2)] * 3))
@settings(deadline=None)
def test_emd_obeys_the_triangle_inequality(cells):
    first, second, third = (np.bincount(each, minlength=24).reshape(4, 6) for each in cells)
    ways = emd(first, second, n_columns=6) + emd(second, third, n_columns=6)
    assert emd(first, third, n_columns=6) <= ways + 1e-9


@given(st.integers(0, 25), st.integers(0, 10))
@settings(deadline=None, max_examples=25)
def test_emd_of_a_shift_by_whole_cells(across, down):
    start, end = (35, 35), (35 + 10 * across, 35 + 10 * down)
    distance = emd(spot(*start), spot(*end))
    assert distance == pytest.approx(np.hypot(across, down), abs=1e-9)


@given(grids, grids, st.sampled_from([1, 2, 4, 6, 9]))
@settings(deadline=None, max_examples=50)
def test_emd_is_counted_in_cells_even_where_these_cut_pixels(reference, estimated, n_columns):
    finer = [np.kron(each, np.ones((6, 6))) for each in (reference, estimated)]
    plain = emd(reference, estimated, n_columns=n_columns)
    assert emd(*finer, n_columns=n_columns) == pytest.approx(plain, abs=1e-9)


def test_cells_share_the_pixels_that_they_cut():
    # Three pixels in two cells: the middle one is half in each, so a half moves by one cell.
    assert emd([[0, 1, 0]], [[1, 0, 0]], n_columns=2) == pytest.approx(0.5)


@given(arrays(float, (5, 6), elements=levels), arrays(bool, (5, 6)))
@settings(deadline=None)
def test_measures_at_fixations_do_not_see_the_scale(estimated, fixations):
    if fixations.any() and not fixations.all():
        area = auc_judd(fixations, estimated)
        assert 0 <= area <= 1
        assert auc_judd(fixations, estimated**2) == pytest.approx(area)  # any growing function
        assert nss(fixations, 3 * estimated + 7) == pytest.approx(nss(fixations, estimated))
        assert nss(fixations, 20 - estimated) == pytest.approx(-nss(fixations, estimated))


def test_perfect_and_constant_maps_of_fixations():
    fixations = fixation_map([(3.2, 4.9), (10, 0)], (20, 10))
    assert auc_judd(fixations, fixations * 2.0) == 1
    assert auc_judd(fixations, ~fixations * 2.0) == 0.5
    assert auc_judd(fixations, np.full((10, 20), 0.1)) == 0.5
    assert nss(fixations, np.full((10, 20), 0.1)) == 0
    assert nss(fixations, fixations * 1.0) == pytest.approx(np.sqrt(198 / 2))


def test_constant_maps_correlate_with_nothing():
    constant = np.full((7, 9), 0.1)  # whose mean is not 0.1 exactly
    assert cc(constant, random_map(1, (7, 9))) == 0
    assert cc(random_map(1, (7, 9)), constant) == 0
    assert cc(constant, constant) == 0


def test_what_cannot_be_measured_is_nan():
    empty, full = np.zeros((4, 5)), np.ones((4, 5))
    for measure in (sim, emd):
        assert np.isnan(measure(empty, full))
        assert np.isnan(measure(full, empty))
    assert np.isnan(nss(empty, random_map(0, (4, 5))))
    assert np.isnan(auc_judd(empty, full))
    assert np.isnan(auc_judd(full, full))


def test_fixations_fall_into_the_pixel_around_their_center():
    marks = fixation_map([(0.5, 0.5), (2.999, 1.0), (4, 3), (0, 3)], (4, 3))
    expected = [[1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1]]
    np.testing.assert_array_equal(marks, np.array(expected, bool))
    assert not fixation_map([], (4, 3)).any()


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("reference", "estimated", "message"),
    [
        (np.ones(3), np.ones(3), r"reference must have shape \(any, any\), got \(3,\)"),
        (np.ones((2, 3)), np.ones((3, 2)), r"estimated must have shape \(2, 3\), got \(3, 2\)"),
        (np.ones((0, 3)), np.ones((0, 3)), r"reference must not be empty, got shape \(0, 3\)"),
        (np.ones((1, 2)), [[1, np.nan]], "estimated must be finite"),
        ([[1, -0.5]], np.ones((1, 2)), "reference must be at least 0 everywhere, got -0.5"),
    ],
)
def test_bad_maps_are_named(measure, reference, estimated, message):
    with pytest.raises(InputError, match=message):
        measure(reference, estimated)


@pytest.mark.parametrize("point", [(-0.1, 2), (4.1, 2), (1, 3.5), (np.nan, 1)])
def test_fixations_lie_inside(point):
    with pytest.raises(InputError, match="points must lie within 4 x 3 pixels, got"):
        fixation_map([(1, 1), point], (4, 3))


def test_cells_are_counted():
    with pytest.raises(InputError, match="n_columns must be at least 1, got 0"):
        emd(np.ones((2, 2)), np.ones((2, 2)), n_columns=0)


def test_without_pot_emd_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(InputError, match=r"needs POT.*pip install 'simbinaural\[annotate\]'"):
        emd(np.ones((2, 2)), np.ones((2, 2)))
