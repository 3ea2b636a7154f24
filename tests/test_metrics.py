"""Room and ear measures against analytic decays and delays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.errors import InputError
from simbinaural.metrics import (
    clarity_db,
    direct_to_reverberant_ratio_db,
    early_decay_time,
    energy_decay_curve,
    eyring_time,
    interaural_cues,
    interaural_level_difference_db,
    interaural_time_difference_s,
    onset,
    reverberation_time,
)

RATE = 16000


def exponential(time_s, duration_s, *, delay=0):
    """Decay by 60 dB in `time_s`."""
    samples = np.arange(int(duration_s * RATE))
    return np.concatenate([np.zeros(delay), 10 ** (-3 * samples / RATE / time_s)])


def delayed_noise(delays_s, *, gains=(1.0, 1.0), seed=3):
    """Noise below 7 kHz at two ears, exactly delayed (circularly)."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(1 << 14))
    frequency = np.fft.rfftfreq(1 << 14, 1 / RATE)
    spectrum[frequency > 7000] = 0
    turns = np.exp(-2j * np.pi * frequency * np.array(delays_s)[:, None])
    return np.fft.irfft(spectrum * turns) * np.array(gains)[:, None]


# --------------------------------------------------------------------------- decays


def test_decay_curve_of_an_exponential_is_a_line():
    curve = energy_decay_curve(exponential(0.5, 2))
    assert curve[0] == 0
    np.testing.assert_allclose(curve[: RATE // 2], -120 * np.arange(RATE // 2) / RATE, atol=1e-4)


def test_decay_curve_sums_the_energy_of_all_channels():
    rir = np.array([[1.0, 0, 0], [0, 1, 1]])
    np.testing.assert_allclose(energy_decay_curve(rir), 10 * np.log10([1, 2 / 3, 1 / 3]))


def test_decay_curve_ends_in_silence():
    np.testing.assert_array_equal(energy_decay_curve([1.0, 0, 0]), [0, -np.inf, -np.inf])


@given(st.floats(0.1, 4), st.integers(0, 500))
@settings(deadline=None)
def test_reverberation_time_of_an_exponential(time_s, delay):
    rir = exponential(time_s, time_s, delay=delay)
    assert reverberation_time(rir, RATE) == pytest.approx(time_s, rel=1e-3)
    assert early_decay_time(rir, RATE) == pytest.approx(time_s, rel=1e-3)


@pytest.mark.parametrize("kept", [0.65, 0.7, 0.8, 1.0])
def test_reverberation_time_survives_being_cut_off(kept):
    assert reverberation_time(exponential(1, kept), RATE) == pytest.approx(1, rel=2e-3)


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.5, 0.55])
def test_reverberation_time_needs_its_range(kept):
    assert np.isnan(reverberation_time(exponential(1, kept), RATE))


def test_zeros_at_the_end_are_no_decay():
    rir = np.concatenate([exponential(1, 0.5), np.zeros(RATE)])
    assert np.isnan(reverberation_time(rir, RATE))


def test_reverberation_time_of_noise_under_an_exponential():
    rng = np.random.default_rng(5)
    times = [
        reverberation_time(rng.standard_normal((2, RATE)) * exponential(0.6, 1), RATE)
        for _ in range(20)
    ]
    assert np.mean(times) == pytest.approx(0.6, rel=0.01)


def test_early_decay_time_hears_the_first_slope():
    double = np.sqrt(exponential(0.2, 2) ** 2 + 1e-3 * exponential(1.5, 2) ** 2)
    assert early_decay_time(double, RATE) == pytest.approx(0.2, rel=0.05)
    assert reverberation_time(double, RATE) > 0.4


@pytest.mark.parametrize("rir", [np.zeros(100), np.ones(1), np.eye(1, 50)[0]])
def test_what_does_not_decay_has_no_time(rir):
    assert np.isnan(reverberation_time(rir, RATE))
    assert np.isnan(early_decay_time(rir, RATE))


# --------------------------------------------------------------------------- ratios


def test_onset_is_the_first_sample_within_20_db():
    rir = np.array([[0, 0.05, 0.5, 0], [0, 0, 0.2, -1.0]])
    assert onset(rir) == 2
    assert onset(np.zeros(5)) == 0


@pytest.mark.parametrize("time_s", [0.3, 1.0])
def test_clarity_of_an_exponential(time_s):
    rir = exponential(time_s, 3 * time_s, delay=77)
    expected = 10 * np.log10(np.expm1(6 * np.log(10) * 0.05 / time_s))
    assert clarity_db(rir, RATE) == pytest.approx(expected, abs=1e-3)
    assert clarity_db(rir, RATE, early_s=0.08) > expected


def test_direct_sound_lasts_2_5_ms_from_the_first_onset():
    rir = np.zeros((2, 400))
    rir[0, 100], rir[1, 110] = 1.0, 0.5  # the far ear's onset still is direct sound
    rir[0, 100 + 39], rir[0, 100 + 40] = 0.5, 0.25
    ratio = 10 * np.log10((1 + 0.25 + 0.25) / 0.0625)
    assert direct_to_reverberant_ratio_db(rir, RATE) == pytest.approx(ratio)


def test_a_response_without_rest_is_all_direct():
    assert direct_to_reverberant_ratio_db(np.eye(1, 20)[0], RATE) == np.inf


# --------------------------------------------------------------------------- Eyring


def test_eyring_of_a_box():
    areas = [20, 20, 15, 15, 12, 12]
    expected = 0.16112 * 60 / (-94 * np.log(1 - 0.2))
    assert eyring_time(60, areas, [0.2] * 6) == pytest.approx(expected, rel=1e-3)


def test_eyring_with_bands_and_air():
    absorption = np.tile([0.1, 0.5], (2, 1))
    times = eyring_time(60, [40, 50], absorption, air=np.array([0, 0.01]))
    constant = 24 * np.log(10) / 343 * 60
    expected = constant / np.array([-90 * np.log(0.9), -90 * np.log(0.5) + 4 * 0.01 * 60])
    np.testing.assert_allclose(times, expected)


def test_eyring_weighs_surfaces_by_area():
    mixed = eyring_time(60, [30, 60], [0.4, 0.1])
    assert mixed == pytest.approx(eyring_time(60, [90], [0.2]))


def test_eyring_of_full_absorption_is_zero():
    assert eyring_time(60, [90], [1.0]) == 0


# --------------------------------------------------------------------------- ears


@given(st.floats(-0.0009, 0.0009))
@settings(deadline=None)
def test_time_difference_of_delayed_noise(itd_s):
    ears = delayed_noise((0.0, itd_s))
    assert interaural_time_difference_s(ears, RATE) == pytest.approx(itd_s, abs=1e-6)


def test_left_first_and_louder_is_positive():
    ears = delayed_noise((0.0, 0.0004), gains=(1.0, 0.5))
    assert interaural_time_difference_s(ears, RATE) == pytest.approx(0.0004, abs=1e-6)
    assert interaural_level_difference_db(ears) == pytest.approx(20 * np.log10(2), abs=1e-9)


def test_swapped_ears_swap_signs():
    ears = delayed_noise((0.0, 0.0004), gains=(1.0, 0.5))
    assert interaural_level_difference_db(ears[::-1]) == pytest.approx(-20 * np.log10(2))
    assert interaural_time_difference_s(ears[::-1], RATE) == pytest.approx(-0.0004, abs=1e-6)


def test_silence_has_no_differences():
    assert np.isnan(interaural_level_difference_db(np.zeros((2, 100))))
    assert np.isnan(interaural_time_difference_s(np.zeros((2, 100)), RATE))


def test_cues_follow_a_source_that_jumps():
    left = delayed_noise((0.0, 0.0005), gains=(1.0, 0.25))
    right = delayed_noise((0.0003, 0.0), gains=(0.5, 1.0))
    quiet = 1e-4 * np.random.default_rng(8).standard_normal((2, RATE // 4))
    sound = np.concatenate([left, quiet, right], axis=1)
    times, ild, itd = interaural_cues(sound, RATE)
    first, last = times < 1.0, times > 1.3
    np.testing.assert_allclose(itd[first], 0.0005, atol=1e-5)
    np.testing.assert_allclose(itd[last], -0.0003, atol=1e-5)
    np.testing.assert_allclose(ild[first], 20 * np.log10(4), atol=0.3)
    np.testing.assert_allclose(ild[last], -20 * np.log10(2), atol=0.3)
    silent = (times > 1.06) & (times < 1.24)
    assert np.isnan(ild[silent]).all()
    assert np.isnan(itd[silent]).all()


def test_cues_stand_in_the_middle_of_their_windows():
    times, *_ = interaural_cues(np.ones((2, 1600)), RATE, window_s=0.05, hop_s=0.01)
    np.testing.assert_allclose(times, [0.025, 0.035, 0.045, 0.055, 0.065, 0.075])


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: onset(np.zeros((2, 0))), r"rir must have shape .* got \(2, 0\)"),
        (
            lambda: energy_decay_curve(np.zeros((2, 2, 5))),
            r"rir must have shape .* got \(2, 2, 5\)",
        ),
        (lambda: interaural_level_difference_db(np.ones((3, 5))), r"binaural must have shape"),
        (lambda: interaural_time_difference_s(np.ones(5), RATE), r"binaural must have shape"),
        (lambda: interaural_cues(np.ones((2, 9)), RATE), "at least a window of 800 samples, got 9"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
