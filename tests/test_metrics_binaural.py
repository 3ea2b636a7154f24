"""Distances of binaural sound: known values, a second implementation, and laws."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.errors import InputError
from simbinaural.metrics.binaural import (
    MAX_ILD_DB,
    cue_errors,
    envelope_distance,
    ild_error_db,
    itd_error_s,
    magnitude_distance,
    peak_normalized,
    phase_error,
    snr_db,
    stft_distance,
    wav_distance,
)

RATE = 16000
DISTANCES = (stft_distance, magnitude_distance, envelope_distance, wav_distance)
SQUARED = (stft_distance, magnitude_distance, wav_distance)
seeds = st.integers(0, 1000)
gains = st.floats(0.01, 100)


def noise(seed, n_samples=4000):
    return np.random.default_rng(seed).normal(size=(2, n_samples)) * 0.1


def panned(ild_db, lag, seed=0, n_samples=16000):
    """Noise whose left ear is louder by `ild_db` and earlier by `lag` samples."""
    mono = np.random.default_rng(seed).normal(size=n_samples + 40)
    right = mono[20 - lag : 20 - lag + n_samples]
    return np.stack([mono[20 : 20 + n_samples] * 10 ** (ild_db / 20), right])


# --------------------------------------------------------------------------- truth


def test_a_perfect_prediction_is_at_no_distance():
    sound = noise(0)
    assert [distance(sound, sound) for distance in DISTANCES] == [0, 0, 0, 0]
    assert snr_db(sound, sound) == np.inf
    assert phase_error(sound, sound) == pytest.approx(0, abs=1e-9)
    assert ild_error_db(sound, sound, RATE) == itd_error_s(sound, sound, RATE) == 0


def plain_spectrogram(ear):
    """One ear's STFT, frame by frame, by scipy and the DFT's own formula at the edges' mirror."""
    window = np.zeros(512)
    window[56:456] = scipy.signal.get_window("hann", 400)
    mirrored = np.concatenate([ear[256:0:-1], ear, ear[-2:-258:-1]])
    n_frames = len(ear) // 160 + 1
    frames = [np.fft.fft(window * mirrored[160 * k : 160 * k + 512]) for k in range(n_frames)]
    return np.array(frames)[:, :257]


def plain_stft_distance(reference, estimated):
    distance = 0
    for ear in range(2):
        true, predicted = plain_spectrogram(reference[ear]), plain_spectrogram(estimated[ear])
        both = [(true.real - predicted.real) ** 2, (true.imag - predicted.imag) ** 2]
        distance += np.mean(both)
    return distance


def plain_envelope_distance(reference, estimated):
    distance = 0
    for ear in range(2):
        true = np.abs(scipy.signal.hilbert(reference[ear]))
        predicted = np.abs(scipy.signal.hilbert(estimated[ear]))
        distance += np.sqrt(np.mean((true - predicted) ** 2))
    return distance


def plain_phase_error(reference, estimated):
    """For sounds all of whose bins are loud."""
    angles = [
        np.angle(plain_spectrogram(reference[ear]) / plain_spectrogram(estimated[ear]))
        for ear in range(2)
    ]
    return np.mean(np.abs(angles))


@pytest.mark.parametrize("n_samples", [4000, 4001, 10080])
def test_distances_equal_a_second_implementation(n_samples):
    reference, estimated = noise(1, n_samples), noise(2, n_samples)
    expected = plain_stft_distance(reference, estimated)
    assert stft_distance(reference, estimated) == pytest.approx(expected, rel=1e-9)
    assert magnitude_distance(reference, estimated) == pytest.approx(2 * expected, rel=1e-9)
    expected = plain_envelope_distance(reference, estimated)
    assert envelope_distance(reference, estimated) == pytest.approx(expected, rel=1e-6)
    expected = plain_phase_error(reference, estimated)
    assert phase_error(reference, estimated) == pytest.approx(expected, rel=1e-3)
    expected = sum(1000 * np.mean((reference[ear] - estimated[ear]) ** 2) for ear in range(2))
    assert wav_distance(reference, estimated) == pytest.approx(expected, rel=1e-9)


def test_snr_of_a_known_error():
    sound, other = noise(3), noise(4)
    other *= np.linalg.norm(sound) / np.linalg.norm(other)
    assert snr_db(sound, sound + 0.1 * other) == pytest.approx(20, abs=1e-6)
    assert snr_db(sound, 0 * sound) == pytest.approx(0, abs=1e-9)
    assert np.isnan(snr_db(0 * sound, sound))


def test_sides_swapped_cost_what_they_differ():
    reference = panned(6, 5)
    times, ild, itd = cue_errors(reference, reference[::-1], RATE)
    np.testing.assert_allclose(times[:2], [0.025, 0.05])
    np.testing.assert_allclose(ild, -12, atol=1)  # the right ear hears other samples
    np.testing.assert_allclose(itd, -10 / RATE, atol=2e-6)
    assert ild_error_db(reference, reference[::-1], RATE) == pytest.approx(12, abs=0.3)
    assert itd_error_s(reference, reference[::-1], RATE) == pytest.approx(10 / RATE, abs=2e-6)


def test_errors_count_only_where_the_truth_sounds():
    reference = np.concatenate([panned(6, 0), np.zeros((2, 16000))], axis=1)
    estimated = np.concatenate([panned(2, 0), panned(-30, 0, seed=1)], axis=1)
    assert ild_error_db(reference, estimated, RATE) == pytest.approx(4, abs=0.3)


def test_a_silent_ear_counts_as_a_finite_error():
    reference, estimated = panned(0, 0), panned(0, 0)
    estimated[1] = 0
    assert ild_error_db(reference, estimated, RATE) == pytest.approx(MAX_ILD_DB)
    assert np.isnan(itd_error_s(reference, estimated, RATE))
    assert np.isnan(ild_error_db(0 * reference, estimated, RATE))


def test_phase_of_a_turned_sound_and_of_silence():
    analytic = scipy.signal.hilbert(noise(7, 64000))
    sound, turned, silence = analytic.real, analytic.imag, 0 * analytic.real
    assert phase_error(sound, turned) == pytest.approx(np.pi / 2, abs=0.02)
    assert phase_error(sound, sound - turned) == pytest.approx(np.pi / 4, abs=0.02)
    assert phase_error(sound, -sound) == pytest.approx(np.pi)
    assert phase_error(sound, silence) == pytest.approx(np.pi / 2)
    assert np.isnan(phase_error(silence, silence))


def test_peak_normalized_has_a_peak_of_one_for_both_ears_together():
    sound = noise(5)
    assert np.abs(peak_normalized(sound)).max() == pytest.approx(1)
    np.testing.assert_allclose(peak_normalized(sound) * np.abs(sound).max(), sound)
    np.testing.assert_array_equal(peak_normalized(np.zeros((2, 5))), 0)


# --------------------------------------------------------------------------- laws


@given(seeds, seeds)
@settings(max_examples=20, deadline=None)
def test_distances_are_symmetric(one, other):
    for measure in (*DISTANCES, phase_error):
        there, back = measure(noise(one), noise(other)), measure(noise(other), noise(one))
        assert there == pytest.approx(back, rel=1e-2 if measure is phase_error else 1e-12)


@given(seeds, gains)
@settings(max_examples=20, deadline=None)
def test_distances_grow_with_the_level(seed, gain):
    pair = noise(seed), noise(seed + 1)
    louder = [gain * each for each in pair]
    for measure in SQUARED:
        assert measure(*louder) == pytest.approx(gain**2 * measure(*pair), rel=1e-9)
    assert envelope_distance(*louder) == pytest.approx(gain * envelope_distance(*pair), rel=1e-5)
    assert snr_db(*louder) == pytest.approx(snr_db(*pair), abs=1e-9)
    for error in ild_error_db, itd_error_s:
        assert error(*louder, RATE) == pytest.approx(error(*pair, RATE), rel=1e-9)
    # Errors of cues and phase ask for no common level either.
    assert phase_error(pair[0], gain * pair[1]) == pytest.approx(phase_error(*pair), rel=1e-9)
    assert ild_error_db(pair[0], gain * pair[1], RATE) == pytest.approx(
        ild_error_db(*pair, RATE), rel=1e-9
    )


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_swapping_the_ears_of_both_changes_nothing(seed):
    pair = noise(seed), noise(seed + 1)
    swapped = [each[::-1] for each in pair]
    for measure in (*DISTANCES, snr_db, phase_error):
        assert measure(*swapped) == pytest.approx(measure(*pair), rel=1e-12)


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("measure", [*DISTANCES, snr_db, phase_error])
def test_measures_refuse(measure):
    with pytest.raises(InputError, match=r"reference must have shape \(2, any\), got \(3, 9\)"):
        measure(np.zeros((3, 9)), np.zeros((3, 9)))
    with pytest.raises(InputError, match=r"estimated must have shape \(2, 9\), got \(2, 8\)"):
        measure(np.zeros((2, 9)), np.zeros((2, 8)))
    with pytest.raises(InputError, match="reference must not be empty"):
        measure(np.zeros((2, 0)), np.zeros((2, 0)))
