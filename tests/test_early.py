"""Direct sound and reflections at the ears, against the HRTF's own file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.acoustics.bands import air_absorption, band_weights, pole_bank, weights_at
from simbinaural.acoustics.early import anechoic, place_images
from simbinaural.errors import InputError
from simbinaural.geometry import direction_vectors
from simbinaural.hrtf import DEFAULT_SOFA, align, load_hrtf
from simbinaural.metrics import interaural_time_difference_s
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ
from simbinaural.sofa import Measurement, read_sofa
from simbinaural.sphere import MIRROR

RATE = 16000
BAND_HZ = (100.0, 7000.0)
GAINS = st.lists(st.floats(0.2, 1), min_size=7, max_size=7).map(np.array)


@pytest.fixture(scope="module")
def kemar():
    return load_hrtf()


@pytest.fixture(scope="module")
def measured():
    return read_sofa(DEFAULT_SOFA)


def in_band(response, sample_rate):
    """Keep what lies between 100 Hz and 7 kHz."""
    spectrum = np.fft.rfft(response, 4096)
    frequency = np.fft.rfftfreq(4096, 1 / sample_rate)
    return np.fft.irfft(spectrum * ((frequency > BAND_HZ[0]) & (frequency < BAND_HZ[1])))


def itd_and_ild(response, sample_rate):
    ears = in_band(response, sample_rate)
    left, right = np.sum(ears**2, axis=-1)
    return interaural_time_difference_s(ears, sample_rate), 10 * np.log10(left / right)


# --------------------------------------------------------------------------- direct sound


def test_itd_and_ild_are_the_hrtfs_own_at_72_measured_directions(kemar, measured):
    rng = np.random.default_rng(72)
    for index in np.linspace(0, 709, 72).astype(int):
        vector = measured.directions[index] * rng.uniform(1, 4)  # any fraction of a sample
        itd, ild = itd_and_ild(anechoic(kemar, vector, n_taps=512), RATE)
        own_itd, own_ild = itd_and_ild(measured.responses[index], measured.sample_rate)
        np.testing.assert_allclose(itd, own_itd, atol=1.5e-6, err_msg=f"{vector}")
        np.testing.assert_allclose(ild, own_ild, atol=0.15, err_msg=f"{vector}")


def test_itd_and_ild_at_left_out_directions(measured):
    left_out = np.linspace(3, 706, 72).astype(int)
    kept = np.delete(np.arange(710), left_out)
    part = Measurement("part", 44100.0, measured.directions[kept], measured.responses[kept])
    hrtf = align(part, RATE)
    errors = []
    for index in left_out:
        response = anechoic(hrtf, 2 * measured.directions[index], n_taps=512)
        own = itd_and_ild(measured.responses[index], measured.sample_rate)
        errors.append(np.abs(np.subtract(itd_and_ild(response, RATE), own)))
    itd_error, ild_error = np.mean(errors, axis=0)
    assert itd_error < 30e-6
    assert ild_error < 1.0


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
@pytest.mark.parametrize("distance_m", [1.0, 2.3456, 7.0])
def test_a_frontal_source_arrives_after_distance_over_343(sample_rate, distance_m):
    hrtf = load_hrtf(sample_rate=sample_rate)
    response = anechoic(hrtf, (0, 0, -distance_m), n_taps=int(0.03 * sample_rate))
    first = np.argmax(np.abs(response) > 0.1 * np.abs(response).max(), axis=1) / sample_rate
    np.testing.assert_allclose(first, distance_m / 343, atol=1 / 16000)


def test_any_fraction_of_a_sample_delays_exactly(kemar):
    spectra = [
        np.fft.rfft(anechoic(kemar, (-d, 0, 0), n_taps=512)[0] * d)
        for d in 1.5 + np.linspace(0, 343 / RATE, 41)
    ]
    frequency = np.fft.rfftfreq(512, 1 / RATE)
    for fraction, spectrum in zip(np.linspace(0, 1, 41), spectra, strict=True):
        expected = spectra[0] * np.exp(-2j * np.pi * frequency * fraction / RATE)
        error = np.linalg.norm((spectrum - expected)[frequency < 7000])
        assert error < 0.012 * np.linalg.norm(expected)


def test_twice_as_far_is_6_db_quieter(kemar):
    levels = [
        10 * np.log10(np.sum(anechoic(kemar, (0.3 * d, 0.2 * d, -d), n_taps=2000) ** 2))
        for d in (1.0, 2.0, 4.0, 8.0)
    ]
    np.testing.assert_allclose(np.diff(levels), -20 * np.log10(2), atol=0.02)


def test_channel_0_is_the_left_ear(kemar):
    left, right = anechoic(kemar, direction_vectors(30, 0) * 2, n_taps=400)
    assert np.argmax(np.abs(left) > 0.05) < np.argmax(np.abs(right) > 0.05)
    assert np.sum(left**2) > 4 * np.sum(right**2)


def test_a_mirrored_scene_swaps_the_ears(kemar):
    rng = np.random.default_rng(4)
    vectors = rng.uniform(-6, 6, (60, 3))
    gains = rng.uniform(0.1, 1, (7, 60)) / np.linalg.norm(vectors, axis=1)
    ears = place_images(kemar, vectors, gains, n_taps=800)
    mirrored = place_images(kemar, vectors * MIRROR, gains, n_taps=800)
    np.testing.assert_allclose(mirrored[::-1], ears, atol=1e-5 * np.abs(ears).max())


# --------------------------------------------------------------------------- many images


def test_images_add_up(kemar):
    rng = np.random.default_rng(9)
    vectors = rng.uniform(-5, 5, (12, 3))
    gains = rng.uniform(0.1, 1, (7, 12))
    together = place_images(kemar, vectors, gains, n_taps=900)
    apart = sum(
        place_images(kemar, vectors[i : i + 1], gains[:, i : i + 1], n_taps=900) for i in range(12)
    )
    np.testing.assert_allclose(together, apart, atol=1e-5 * np.abs(apart).max())


def test_what_lies_beyond_either_end_is_cut_off(kemar):
    vectors, gains = [[-0.05, 0, 0], [0, 0, -4.0], [0, 0, -500]], np.ones((7, 3))
    whole = place_images(kemar, vectors, gains, n_taps=600)
    np.testing.assert_allclose(place_images(kemar, vectors, gains, n_taps=200), whole[:, :200])
    near = anechoic(kemar, (-0.05, 0, 0), n_taps=100)
    assert np.abs(near[0]).argmax() < 10


def test_no_image_is_silence(kemar):
    response = place_images(kemar, np.zeros((0, 3)), np.zeros((7, 0)), n_taps=50)
    np.testing.assert_array_equal(response, np.zeros((2, 50)))
    assert response.dtype == np.float32


def test_same_input_same_bytes(kemar):
    vectors, gains = np.random.default_rng(1).uniform(1, 5, (40, 3)), np.full((7, 40), 0.3)
    first, second = (place_images(kemar, vectors, gains, n_taps=700).tobytes() for _ in range(2))
    assert first == second


# --------------------------------------------------------------------------- band gains


@pytest.mark.parametrize(
    "gains",
    [
        (1, 1, 1, 1, 0.01, 0.01, 0.01),
        (0.01, 0.01, 0.01, 1, 1, 1, 1),
        (1, 0.1, 1, 0.1, 1, 0.1, 1),
        (1, 0, 0, 0, 0, 0, 0),
    ],
)
def test_nothing_sounds_before_the_direct_sound(kemar, gains):
    vectors = direction_vectors([0, 40, -100], [0, -50, 20]) * [[3.0], [3.3], [5.0]]
    response = place_images(kemar, vectors, np.tile(gains, (3, 1)).T, n_taps=1600)
    first = int((3.0 / 343 + kemar.interpolate(vectors[:1])[1].min()) * RATE)
    before = np.abs(response[:, : first - RATE // 1000])
    assert before.max() <= 1e-3 * np.abs(response).max()


def test_equal_gains_leave_the_hrir_untouched(kemar):
    front = np.argmin(kemar.directions[:, 2])
    distance = (100 / RATE - kemar.delays_s[front, 0]) * 343  # onset on a whole sample
    response = place_images(kemar, [[0, 0, -distance]], np.full((7, 1), 0.5), n_taps=400)
    start = 100 - kemar.lead
    placed = response[:, start : start + kemar.hrirs.shape[-1]]
    np.testing.assert_allclose(placed, 0.5 * kemar.hrirs[front], atol=2e-5)


@pytest.mark.parametrize("sample_rate", [8000, 16000, 48000])
def test_filters_have_the_gains_of_their_bands(sample_rate):
    rng = np.random.default_rng(7)
    gains = np.sqrt(1 - rng.uniform(0.02, 0.9, (7, 40)))
    bank = pole_bank(sample_rate)
    levels = _octave_levels(bank, gains, sample_rate)
    audible = sample_rate / 2 >= OCTAVE_BANDS_HZ
    np.testing.assert_allclose(levels[audible], 20 * np.log10(gains)[audible], atol=0.6)


def test_gains_act_on_both_ears_at_every_band_centre(kemar):
    gains = np.array([0.9, 0.5, 0.7, 0.3, 0.6, 0.25, 0.2])
    vector = [[-1.0, 0.3, -2.0]]
    plain, colored = (
        np.fft.rfft(place_images(kemar, vector, g[:, None], n_taps=4000))
        for g in (np.ones(7), gains)
    )
    centre = (OCTAVE_BANDS_HZ[:6] * 4000 / RATE).astype(int)
    ratio = np.abs(colored / plain)[:, centre]
    np.testing.assert_allclose(20 * np.log10(ratio / gains[:6]), 0, atol=0.6)


def _octave_levels(bank, gains, sample_rate):
    """Filter impulses and take the level at each band's centre."""
    weights = bank.weights(gains)
    inputs = np.zeros((10, gains.shape[1], sample_rate // 4), np.float32)
    inputs[:, :, 0] = weights[:, [0, *range(1, 19, 2)]].T
    inputs[1:, :, 1] = weights[:, 2::2].T
    times = np.arange(inputs.shape[-1]) / sample_rate
    centre = np.exp(-2j * np.pi * times[:, None] * OCTAVE_BANDS_HZ)
    return 20 * np.log10(np.abs(bank.run(inputs) @ centre)).T


@given(GAINS, st.floats(0.01, 10))
@settings(deadline=None)
def test_weights_scale_with_the_gains(gains, factor):
    bank = pole_bank(RATE)
    np.testing.assert_allclose(
        bank.weights(factor * gains[:, None]), factor * bank.weights(gains[:, None]), atol=1e-9
    )


def test_a_silent_image_weighs_nothing():
    np.testing.assert_allclose(pole_bank(RATE).weights(np.zeros((7, 1))), 0, atol=1e-25)


@pytest.mark.parametrize("sample_rate", [4000, 16000, 44100])
def test_band_weights_sum_to_one(sample_rate):
    weights = band_weights(512, sample_rate)
    assert weights.shape == (7, 257)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=0), 1)


def test_bands_are_centred_on_octaves():
    np.testing.assert_allclose(weights_at(OCTAVE_BANDS_HZ), np.eye(7), atol=1e-12)
    between = weights_at(OCTAVE_BANDS_HZ[:-1] * np.sqrt(2))
    np.testing.assert_allclose(np.diag(between), 0.5, atol=1e-12)
    np.testing.assert_array_equal(weights_at([20.0, 20000])[[0, 6], [0, 1]], 1)


def test_air_takes_what_iso_9613_1_tabulates():
    # Table 1 of the standard, 20 degrees and 50 %, dB per kilometre
    tabulated = np.array([0.445, 1.32, 2.73, 4.66, 9.86, 29.4, 104])
    decibels = 1e4 / np.log(10) * air_absorption()
    np.testing.assert_allclose(decibels, tabulated, rtol=0.02)


def test_dry_air_takes_more_at_high_frequencies():
    assert air_absorption(humidity_percent=20)[5] > 1.5 * air_absorption()[5]


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("vectors", "gains", "message"),
    [
        ([0, 0, -1], np.ones((7, 1)), r"vectors must have shape \(any, 3\), got \(3,\)"),
        ([[0, 0, -1]], np.ones((6, 1)), r"gains must have shape \(7, 1\), got \(6, 1\)"),
        ([[0, 0, -1]], np.full((7, 1), -1.0), "gains must be finite and not negative, got .-1"),
        ([[0, 0, -1]], np.full((7, 1), np.nan), "gains must be finite and not negative, got .nan"),
        ([[0, 0, 0]], np.ones((7, 1)), "vectors must be finite and not zero"),
    ],
)
def test_bad_input_is_named(kemar, vectors, gains, message):
    with pytest.raises(InputError, match=message):
        place_images(kemar, vectors, gains, n_taps=100)
