"""Where the sound comes from and where to look: plane waves first."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from ambi2binaural.energy import (
    AZIMUTHS_DEG,
    ELEVATIONS_DEG,
    REGION_DEG,
    EnergyMeter,
    energy_map,
    region_mean,
)
from ambi2binaural.viewpoint import ViewChooser, Viewpoints, choose_views, view_rotation
from simbinaural.ambisonics import encode, harmonics, n_channels
from simbinaural.errors import InputError
from simbinaural.geometry import direction_vectors, directions, orientation_towards, rotate

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "ambisonic"
ANGLES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
SEEDS = st.integers(0, 2**32 - 1)


def two_hundred_directions():
    """Poles, seam, their surroundings, and the rest of the sphere."""
    edges = [(0, 90), (123, 90), (0, -90), (-77, -90), (180, 0), (-180, 0), (179.3, 20)]
    edges += [(-179.4, -35), (178.9, 88), (-90, 89.1), (45, -88.7), (0, 0), (1.25, 1.25)]
    count = 200 - len(edges)
    golden = np.arange(count) * 137.50776 % 360 - 180
    elevation = np.degrees(np.arcsin((np.arange(count) + 0.5) / count * 2 - 1))
    return [*edges, *zip(golden, elevation, strict=True)]


def wave(azimuth, elevation, power=0.1):
    """Covariance of a plane wave."""
    gains = harmonics(azimuth, elevation)
    return power * np.outer(gains, gains)


def random_covariances(seed, seconds=1):
    mix = np.random.default_rng(seed).standard_normal((seconds, 4, 6))
    return mix @ np.swapaxes(mix, 1, 2)


def angle_deg(first, second):
    """Angle between two directions (azimuth, elevation)."""
    cosine = np.sum(direction_vectors(*first) * direction_vectors(*second), axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def peak_of(energy):
    row, column = np.unravel_index(np.argmax(energy), energy.shape)
    return AZIMUTHS_DEG[column], ELEVATIONS_DEG[row]


# --------------------------------------------------------------------------- plane waves


@pytest.mark.parametrize("direction", two_hundred_directions())
def test_a_plane_wave_is_found_and_comes_from_the_front(direction):
    covariance = wave(*direction)
    assert angle_deg(peak_of(energy_map(covariance)), direction) < 2.5
    view = choose_views(covariance[None]).views[0]
    assert angle_deg(view, direction) < 2.5
    turned = view_rotation(*direction) @ harmonics(*direction)
    np.testing.assert_allclose(turned, [1, 0, 0, 1], atol=1e-6)


@given(ANGLES, ANGLES, st.integers(1, 3))
@settings(deadline=None, max_examples=50)
def test_the_head_stays_upright(view, direction, order):
    # What lies around the view lies around the front, at the same angles.
    seen = rotate(orientation_towards(*view), direction_vectors(*direction))
    azimuth, elevation, _ = directions(seen)
    turned = view_rotation(*view, order) @ harmonics(azimuth, elevation, order)
    np.testing.assert_allclose(turned, harmonics(*direction, order), atol=1e-6)


@given(st.floats(-180, 180), st.floats(-89, 89))
@settings(deadline=None, max_examples=50)
def test_the_zenith_appears_neither_left_nor_right(azimuth, elevation):
    turned = view_rotation(azimuth, elevation) @ harmonics(0, 90)
    np.testing.assert_allclose(turned[1], 0, atol=1e-12)
    assert turned[2] > 0


def test_energy_of_a_plane_wave():
    energy = energy_map(wave(0, 0, power=0.25))
    front, behind = np.flatnonzero(AZIMUTHS_DEG == 0)[0], np.flatnonzero(AZIMUTHS_DEG == 180)[0]
    level = np.flatnonzero(ELEVATIONS_DEG == 0)[0]
    np.testing.assert_allclose(energy[level, [front, behind]], [1.0, 0.0], atol=1e-7)
    np.testing.assert_allclose(energy[[0, -1]], 0.25, rtol=1e-6)


@pytest.mark.parametrize(("apart", "peaks"), [(50, 1), (59, 1), (61, 2), (80, 2)])
def test_two_equal_sources_within_60_deg_of_the_middle_make_one_peak(apart, peaks):
    energy = energy_map(wave(apart, 0) + wave(-apart, 0), np.arange(-90, 91.0), [0.0])[0]
    inner = energy[1:-1]
    assert np.sum((inner > energy[:-2]) & (inner >= energy[2:])) == peaks
    if peaks == 1:
        assert np.argmax(energy) == 90


# --------------------------------------------------------------------------- maps


@given(SEEDS)
@settings(deadline=None, max_examples=10)
def test_the_map_is_the_energy_of_beams(seed):
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal((4, 4)) @ rng.standard_normal((4, 1000))
    meter = EnergyMeter(1000)
    meter.feed(sound)
    energy = energy_map(meter.covariances[0])
    for row, column in zip(rng.integers(0, 73, 20), rng.integers(0, 144, 20), strict=True):
        beam = harmonics(AZIMUTHS_DEG[column], ELEVATIONS_DEG[row]) @ sound
        np.testing.assert_allclose(energy[row, column], np.mean(beam**2), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("center", [(0, 0), (180, 0), (-177.5, 40), (95, 87.5), (0, 90), (60, -90)])
def test_region_mean_is_that_of_random_points(center):
    rng = np.random.default_rng(5)
    covariance = random_covariances(8)[0]
    # Points all over the sphere; those count that a level observer sees within the region.
    points = rng.standard_normal((400_000, 3))
    w, x, y, z = orientation_towards(*center)
    azimuth, elevation, _ = directions(rotate((w, -x, -y, -z), points))
    inside = (abs(azimuth) <= REGION_DEG / 2) & (abs(elevation) <= REGION_DEG / 2)
    gains = harmonics(*directions(points[inside])[:2])
    drawn = np.einsum("in,ij,jn->n", gains, covariance, gains)
    row = np.argmin(abs(ELEVATIONS_DEG - center[1]))
    column = np.argmin(abs(AZIMUTHS_DEG - center[0]))
    error = 4 * drawn.std() / np.sqrt(inside.sum())
    assert error < 0.03 * drawn.mean()
    np.testing.assert_allclose(region_mean(covariance)[row, column], drawn.mean(), atol=error)


def test_region_mean_of_squares():
    half = np.sin(np.radians(REGION_DEG / 2))
    front = np.argmin(abs(ELEVATIONS_DEG)), np.argmin(abs(AZIMUTHS_DEG))
    w, y, z, x = (region_mean(np.diag(row))[front] for row in np.eye(4))
    np.testing.assert_allclose(w, 1)
    np.testing.assert_allclose(z, half**2 / 3)  # of sin² over equal areas
    np.testing.assert_allclose(x + y + z, 1)


@given(SEEDS, st.integers(0, 143))
@settings(deadline=None, max_examples=20)
def test_a_turned_scene_has_a_turned_map(seed, steps):
    covariance = random_covariances(seed)[0]
    turn = view_rotation(-2.5 * steps, 0)  # what was in front is now `steps` to the left
    turned = turn @ covariance @ turn.T
    for measure in (energy_map, region_mean):
        expected = np.roll(measure(covariance), -steps, axis=1)
        np.testing.assert_allclose(measure(turned), expected, rtol=1e-5, atol=1e-5)


def test_maps_of_many_seconds_are_those_of_each():
    covariances = random_covariances(2, seconds=3)
    for measure in (energy_map, region_mean):
        together = measure(covariances)
        assert together.shape == (3, 73, 144)
        np.testing.assert_allclose(together[1], measure(covariances[1]), rtol=1e-6)


# --------------------------------------------------------------------------- the meter


@given(
    SEEDS, st.lists(st.integers(0, 900), min_size=1, max_size=8), st.sampled_from([None, "band"])
)
@settings(deadline=None, max_examples=25)
def test_blocks_of_any_size_give_the_same(seed, sizes, band):
    sound = np.random.default_rng(seed).standard_normal((6, sum(sizes) + 1)).astype(np.float32)
    whole, parts = (EnergyMeter(400, 6, band and (20, 150)) for _ in range(2))
    whole.feed(sound)
    for block in np.split(sound, np.cumsum(sizes), axis=1):
        parts.feed(block)
    np.testing.assert_allclose(parts.covariances, whole.covariances, rtol=1e-9, atol=1e-12)
    assert len(whole.covariances) == -(-sound.shape[1] // 400)
    if not band:
        last = sound[:4, len(whole.covariances[1:]) * 400 :].astype(float)
        np.testing.assert_allclose(whole.covariances[-1], last @ last.T / last.shape[1])


def test_a_full_sine_has_half_its_squared_amplitude():
    meter = EnergyMeter(8000)
    meter.feed(encode(0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000), 90, 0))
    np.testing.assert_allclose(meter.covariances[0, :2, :2], 0.125, rtol=1e-9)
    np.testing.assert_allclose(meter.covariances[0, 2:], 0, atol=1e-12)


def test_only_the_band_counts():
    time = np.arange(2 * 16000) / 16000
    meter = EnergyMeter(16000, 4, (200, 4000))
    hum, voice, hiss = (np.sin(2 * np.pi * f * time) for f in (50, 1000, 7500))
    meter.feed(encode(hum, 90, 0) + encode(0.1 * voice, -40, 0) + encode(hiss, 0, 60))
    np.testing.assert_allclose(meter.covariances[1], wave(-40, 0, 0.005), atol=1e-4)


@pytest.mark.parametrize(("band", "kept"), [((0, 1000), (1, 0)), ((1000, 4000), (0, 1))])
def test_a_band_may_be_open(band, kept):
    time = np.arange(2 * 8000) / 8000
    for frequency, share in zip((100, 3900), kept, strict=True):
        meter = EnergyMeter(8000, 4, band)
        meter.feed(encode(np.sin(2 * np.pi * frequency * time), 0, 0))
        np.testing.assert_allclose(meter.covariances[1, 0, 0], 0.5 * share, atol=1e-3)


def test_nothing_heard_yet():
    assert EnergyMeter(48000).covariances.shape == (0, 4, 4)
    assert choose_views(np.zeros((0, 4, 4))).views.shape == (0, 2)


# --------------------------------------------------------------------------- views


def test_silent_seconds_keep_the_last_view_and_are_marked():
    silence, left, up = np.zeros((4, 4)), wave(90, 0), wave(-30, 50)
    chosen = choose_views([silence, left, silence, silence, up, silence])
    np.testing.assert_array_equal(chosen.views, [(90, 0)] * 4 + [(-30, 50)] * 2)
    nan = (np.nan, np.nan)
    np.testing.assert_array_equal(chosen.marked, [nan, (90, 0), nan, nan, (-30, 50), nan])
    assert chosen.views.dtype == chosen.marked.dtype == np.float32


@pytest.mark.parametrize("steady_db", [0, 3])
@pytest.mark.parametrize("heard", [True, False])
def test_views_are_the_same_while_the_sound_is_being_heard(steady_db, heard):
    rng = np.random.default_rng(0)
    silence = np.zeros((4, 4))
    waves = [
        heard * rng.uniform(1, 3) * wave(*rng.uniform((-180, -90), (180, 90))) for _ in range(8)
    ]
    seconds = np.array([silence, silence, *waves[:4], silence, *waves[4:], silence])
    chooser = ViewChooser(steady_db=steady_db)
    assert chooser.feed(seconds[:2]) == []  # the first sound is not known yet
    chosen = chooser.feed(seconds[2:3])
    assert len(chosen) == (3 if heard else 0)
    for first, last in ((3, 4), (4, 4), (4, 9), (9, 12)):
        chosen += chooser.feed(seconds[first:last])
    chosen += chooser.finish()
    expected = choose_views(seconds, steady_db=steady_db)
    np.testing.assert_array_equal(Viewpoints.of(chosen).views, expected.views)
    np.testing.assert_array_equal(Viewpoints.of(chosen).marked, expected.marked)
    assert len(np.unique(expected.views, axis=0)) == 1 or heard


def test_seconds_from_one_on():
    meter = EnergyMeter(100)
    meter.feed(np.random.default_rng(0).standard_normal((4, 250)))
    np.testing.assert_array_equal(meter.since(1), meter.covariances[1:])
    assert meter.since(3).shape == (0, 4, 4)


def test_silence_alone_is_watched_in_front():
    chosen = choose_views(np.zeros((3, 4, 4)))
    np.testing.assert_array_equal(chosen.views, 0)
    assert np.isnan(chosen.marked).all()


def test_silence_has_a_level():
    quiet = wave(90, 0, power=1e-6)[None]
    np.testing.assert_array_equal(choose_views(quiet, silence_db=-61).marked, [(90, 0)])
    assert np.isnan(choose_views(quiet, silence_db=-59).marked).all()


def test_a_steady_view_waits_for_a_louder_one():
    # Beside the old direction the rival is 2 dB, then 5 dB louder as the regions hear it.
    first, rival = wave(100, 0), wave(-80, 0)
    seconds = [first, first + 10**0.2 * rival, first + 10**0.5 * rival]
    here, there = (100, 0), (-80, 0)
    np.testing.assert_array_equal(choose_views(seconds).views, [here, there, there])
    np.testing.assert_array_equal(choose_views(seconds, steady_db=3).views, [here, here, there])
    np.testing.assert_array_equal(choose_views(seconds, steady_db=30).views, [here] * 3)


def test_overhead_the_picture_does_not_spin():
    seconds = [wave(-120, 10), wave(45, 90), wave(77, -90)]
    np.testing.assert_array_equal(
        choose_views(seconds).views, [(-120, 10), (-120, 90), (-120, -90)]
    )


@given(SEEDS)
@settings(deadline=None, max_examples=10)
def test_sound_from_everywhere_moves_nothing(seed):
    noise = 1e-9 * np.random.default_rng(seed).standard_normal((4, 4))
    diffuse = np.diag([1, 1 / 3, 1 / 3, 1 / 3]) + noise + noise.T
    np.testing.assert_array_equal(choose_views([diffuse]).views, [(0, 0)])


def test_rounding_does_not_decide_between_neighbors():
    # A source in the middle between two columns is equally loud in both.
    rng = np.random.default_rng(3)
    views = [
        choose_views([wave(31.25, 0) * (1 + 1e-7 * rng.standard_normal((4, 4)))]).views[0]
        for _ in range(20)
    ]
    np.testing.assert_array_equal(views, [views[0]] * 20)


@given(st.floats(-180, 180))
@settings(deadline=None, max_examples=20)
def test_without_z_the_view_is_level(azimuth):
    flat = wave(azimuth, 30) * np.outer([1, 1, 0, 1], [1, 1, 0, 1])
    view = choose_views([flat]).views[0]
    assert view[1] == 0
    assert angle_deg(view, (azimuth, 0)) < 1.3


# --------------------------------------------------------------------------- recordings


@pytest.mark.skipif(not DATA.exists(), reason="needs the recordings in ../shared/data")
@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("ambix_metronome.caf", (0, 0)),
        # Channels of level 1, 2, 3, 4: up, left and front grow in this order.
        ("levels_1_2_3_4_foa_48khz.wav", (26.57, 33.85)),
    ],
)
def test_recordings_of_known_direction(name, direction):
    sound, sample_rate = soundfile.read(DATA / name, always_2d=True)
    meter = EnergyMeter(sample_rate)
    meter.feed(sound.T)
    views = choose_views(meter.covariances).views
    assert np.max(angle_deg(views.T, direction)) < 2.6


# --------------------------------------------------------------------------- bad input


def test_bad_input():
    with pytest.raises(InputError, match="n_channels must be at least 4, got 2"):
        EnergyMeter(48000, 2)
    for band in [(300, 200), (-1, 200), (200, 9000)]:
        with pytest.raises(InputError, match="band_hz must be two growing frequencies"):
            EnergyMeter(16000, 4, band)
    with pytest.raises(InputError, match=r"block must have shape \(4, any\)"):
        EnergyMeter(16000).feed(np.zeros((n_channels(2), 10)))
    with pytest.raises(InputError, match=r"covariances must have shape \(\.\.\., 4, 4\)"):
        energy_map(np.zeros((4, 3)))
    with pytest.raises(InputError, match=r"covariances must have shape \(\.\.\., 4, 4\)"):
        region_mean(np.zeros(16))
    with pytest.raises(InputError, match=r"covariances must have shape \(any, 4, 4\)"):
        choose_views(np.zeros((4, 4)))
    with pytest.raises(InputError, match="steady_db must not be negative, got -1"):
        choose_views(np.zeros((1, 4, 4)), steady_db=-1)
