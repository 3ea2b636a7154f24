"""The diffuse tail: its ears, its level, its smoothness."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.acoustics.echograms import BIN_S, Echogram, Paths, decay_length
from simbinaural.acoustics.tail import NoisePool, add_tail, noise_pool, smooth
from simbinaural.errors import InputError
from simbinaural.geometry import SPEED_OF_SOUND
from simbinaural.hrtf import load_hrtf
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ

RATE = 16000


@pytest.fixture(scope="module")
def kemar():
    return load_hrtf()


@pytest.fixture(scope="module")
def pool(kemar):
    return noise_pool(kemar)


def flat_pool(n_samples=200_000):
    """A pool of ones in the first band alone, which shows the envelope itself."""
    noise = np.zeros((7, 2, n_samples), dtype=np.float32)
    noise[0] = 1
    return NoisePool(noise, RATE)


def decaying(rate, n_bins, listeners=1):
    """Echogram energies that decay by e in 1 / rate bins."""
    return np.tile(np.exp(-rate * np.arange(n_bins)), (listeners, 7, 1))


# --------------------------------------------------------------------------- the pool


def cross_spectra(signals, n_fft=512):
    """Mean of l l*, r r* and l r* over windows of (2, samples)."""
    windows = np.lib.stride_tricks.sliding_window_view(signals, n_fft, axis=-1)[:, :: n_fft // 2]
    left, right = np.fft.rfft(windows * np.hanning(n_fft), axis=-1)
    pairs = (left, left), (right, right), (left, right)
    return [np.mean(a * np.conj(b), axis=0) / (0.375 * n_fft) for a, b in pairs]


def test_pool_has_the_spectra_and_the_coherence_of_the_diffuse_field(kemar, pool):
    left, right, cross = cross_spectra(pool.noise.sum(axis=0))
    field = kemar.diffuse_field(512)
    octaves = np.fft.rfftfreq(512, 1 / RATE)
    for center in OCTAVE_BANDS_HZ[:6]:
        band = (octaves > center / np.sqrt(2)) & (octaves < center * np.sqrt(2))
        for have, want in ((left, field[0, 0]), (right, field[1, 1])):
            ratio = have[band].real.mean() / want[band].real.mean()
            np.testing.assert_allclose(10 * np.log10(ratio), 0, atol=0.3)
    coherence = cross / np.sqrt(left * right)
    wanted = field[0, 1] / np.sqrt(field[0, 0] * field[1, 1])
    np.testing.assert_allclose(coherence[2:240], wanted[2:240], atol=0.1)


def test_pool_swells_less_than_noise_would(kemar, pool):
    # 150 ms of the octave at 125 Hz would scatter by 1 dB, 20 ms of that at 1 kHz by 0.7 dB.
    for band, window in ((0, 2400), (3, 320)):
        power = np.mean(pool.noise[band] ** 2, axis=0)
        windows = power[: len(power) // window * window].reshape(-1, window).mean(axis=1)
        assert np.std(10 * np.log10(windows)) < 0.3
    assert noise_pool(kemar) is pool


@dataclass(frozen=True, eq=False)
class Ears:
    """Ears whose right one hears a diffuse field a quarter of a period late, half in common."""

    sample_rate: int = RATE

    def diffuse_field(self, n_fft):
        field = np.ones((2, 2, n_fft // 2 + 1), dtype=complex)
        field[0, 1], field[1, 0] = 0.5j, -0.5j
        return field


def test_pool_keeps_the_phase_between_the_ears():
    left, right, cross = cross_spectra(noise_pool(Ears()).noise.sum(axis=0))
    coherence = (cross / np.sqrt(left * right))[8:240]
    np.testing.assert_allclose(coherence, np.full(coherence.shape, 0.5j), atol=0.1)


def test_pool_is_the_same_in_another_process(kemar, pool):
    again = noise_pool.__wrapped__(kemar)
    np.testing.assert_array_equal(again.noise, pool.noise)


def test_draw_leaves_room_and_follows_the_generator(pool):
    offsets = [pool.draw(np.random.default_rng(seed), 16000) for seed in (1, 1, 2)]
    assert offsets[0] == offsets[1] != offsets[2]
    assert 0 <= min(offsets) <= max(offsets) <= pool.noise.shape[-1] - 16000
    with pytest.raises(InputError, match="n_taps must be below the pool's"):
        pool.draw(np.random.default_rng(0), pool.noise.shape[-1])


# --------------------------------------------------------------------------- smoothing


def test_smoothing_leaves_an_exponential_as_it_is():
    energy = decaying(0.05, 300)
    np.testing.assert_allclose(smooth(energy)[..., :270], energy[..., :270], rtol=0.01)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 0.1), st.integers(0, 2**32))
def test_smoothing_keeps_the_energy_and_takes_the_noise(rate, seed):
    rng = np.random.default_rng(seed)
    n_bins = int(14 / rate)  # some 60 dB
    clean = decaying(rate, n_bins, 2)
    noisy = clean * rng.gamma(4.0, 0.25, clean.shape)
    found = smooth(noisy)
    assert np.all(found >= 0)
    np.testing.assert_allclose(found.sum(axis=-1), noisy.sum(axis=-1), rtol=0.05)
    late = slice(n_bins // 2, n_bins - 50)
    if late.stop - late.start > 100:
        spread = [np.std(np.log(x[..., late] / clean[..., late])) for x in (noisy, found)]
        assert spread[1] < 0.4 * spread[0]


def test_early_bins_stay_apart():
    energy = np.zeros((1, 7, 100))
    energy[..., [0, 2, 5, 9]] = 1.0
    np.testing.assert_allclose(smooth(energy)[..., :12], energy[..., :12])


def test_silence_stays_silent():
    assert not smooth(np.zeros((2, 7, 1))).any()


# --------------------------------------------------------------------------- shaping


@pytest.mark.parametrize("start_m", [0.0, 1.0, 2.345])
def test_tail_has_the_energy_of_its_echogram(start_m):
    rng = np.random.default_rng(0)
    energy = np.zeros((7, 60))
    energy[0] = rng.gamma(1.0, 1.0, 60)
    energy[0, -1] = 0.0
    rir = np.zeros((2, 4000), dtype=np.float32)
    add_tail(rir, flat_pool(), 77, energy, start_m)
    np.testing.assert_allclose(np.sum(rir**2, axis=1), energy.sum(), rtol=0.02)
    first = start_m / SPEED_OF_SOUND * RATE
    assert not rir[:, : int(np.ceil(first))].any()
    assert rir[0, int(np.ceil(first))] != 0


def test_no_tail_at_an_ear_before_the_direct_sound():
    energy = np.full((7, 60), 1.0)
    rir = np.zeros((2, 4000), dtype=np.float32)
    late_s = np.array([5.3 / RATE, -4.0 / RATE])
    add_tail(rir, flat_pool(), 0, energy, 2.0, late_s=late_s)
    first = 2.0 / SPEED_OF_SOUND * RATE
    begins = [int(np.flatnonzero(ear)[0]) for ear in rir]
    assert begins == [int(np.ceil(first + 5.3)), int(np.ceil(first))]
    whole = np.zeros((2, 4000), dtype=np.float32)
    add_tail(whole, flat_pool(), 0, energy, 2.0)
    np.testing.assert_array_equal(rir[0, begins[0] :], whole[0, begins[0] :])
    np.testing.assert_array_equal(rir[1], whole[1])


def test_envelope_has_no_steps_of_its_bins():
    energy = decaying(0.05, 400)[0]
    rir = np.zeros((2, 9000), dtype=np.float32)
    add_tail(rir, flat_pool(), 0, energy, 0.0)
    bin_samples = BIN_S * RATE
    level = 20 * np.log10(rir[0, 32:8000])
    slope = np.diff(level)
    wanted = -0.05 / bin_samples * 10 * np.log10(np.e)
    np.testing.assert_allclose(slope, wanted, rtol=0.05)


def test_tail_level_is_that_of_paths_of_the_same_energy(kemar, pool):
    # Energy 1 from everywhere: each ear gets the mean power of its HRTF.
    field = kemar.diffuse_field(1024)
    energy = np.zeros((7, 400))
    energy[:, :-1] = 1 / 399
    ears = []
    for offset in range(0, 150_000, 15_000):
        rir = np.zeros((2, 14000), dtype=np.float32)
        add_tail(rir, pool, offset, energy, 1.0)
        ears.append(np.sum(rir**2, axis=1))
    for ear in (0, 1):
        power = field[ear, ear].real
        wanted = (power[0] / 2 + power[1:-1].sum() + power[-1] / 2) / 512
        np.testing.assert_allclose(np.mean(ears, axis=0)[ear], wanted, rtol=0.05)


# --------------------------------------------------------------------------- lengths


def test_decay_length_is_where_all_bands_lost_60_db():
    energy = decaying(0.2, 400)
    energy[0, 5] = np.exp(-0.05 * np.arange(400))  # the slowest band
    nothing = Paths(np.zeros((0, 3)), np.zeros((7, 0)))
    found = decay_length([nothing], Echogram(np.array([3.43]), energy))
    np.testing.assert_allclose(found, 0.01 + 6 * np.log(10) / 0.05 * BIN_S, atol=2 * BIN_S)


def test_decay_length_reaches_the_last_path():
    far = Paths(np.array([[0, 0, -34.3]]), np.full((7, 1), 1 / 34.3))
    silent = Echogram(np.array([34.3]), np.zeros((1, 7, 1)))
    np.testing.assert_allclose(decay_length([far], silent), 0.1)


def test_air_takes_from_paths_and_echograms_alike():
    air = np.linspace(0.001, 0.02, 7)
    path = Paths(np.array([[0, 0, -10.0]]), np.ones((7, 1)))
    echogram = Echogram(np.array([10.0]), np.ones((1, 7, 50)))
    np.testing.assert_allclose(path.in_air(air).gains[:, 0] ** 2, np.exp(-air * 10))
    distance = 10 + 49.5 * BIN_S * SPEED_OF_SOUND
    np.testing.assert_allclose(
        echogram.in_air(air).energy[0, :, 49], np.exp(-air * distance), rtol=1e-12
    )
