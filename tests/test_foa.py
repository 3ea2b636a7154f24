"""Ambisonics of rooms: directions, levels and tails, and the ears that hear the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, csd, fftconvolve, sosfiltfilt, welch
from shoebox import heads, material, rectangle

from simbinaural.acoustics.assembly import Arrivals, binaural_rirs
from simbinaural.acoustics.early import anechoic
from simbinaural.acoustics.foa import ambisonic_rirs, foa_pool, place_waves
from simbinaural.acoustics.rooms import room_arrivals
from simbinaural.acoustics.tail import noise_pool
from simbinaural.ambisonics import harmonics, rotate
from simbinaural.errors import InputError
from simbinaural.geometry import (
    IDENTITY,
    SPEED_OF_SOUND,
    conjugate,
    direction_vectors,
    directions,
    orientation_towards,
)
from simbinaural.hrtf import load_hrtf
from simbinaural.metrics import interaural_level_difference_db
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ
from simbinaural.sphere import spread_directions

RATE = 16000
SOURCE = np.array([1.1, 1.3, 0.9])
LISTENERS = np.array([[3.7, 1.6, 2.8], [2.2, 1.5, 3.3], [4.1, 1.4, 1.0]])


@pytest.fixture(scope="module")
def kemar():
    return load_hrtf()


def wave(vector, gains=None, n_taps=800):
    vector = np.array(vector, dtype=float)
    gains = np.full(7, 1 / np.linalg.norm(vector)) if gains is None else np.asarray(gains)
    return place_waves(vector[None], gains[:, None], RATE, n_taps=n_taps)


def seen(foa):
    """Azimuth and elevation of the mean intensity of (4, samples)."""
    foa = foa.astype(float)
    left, up, front = foa[0] @ foa[1:].T
    return np.degrees([np.arctan2(left, front), np.arctan2(up, np.hypot(left, front))])


def apart_deg(foa, vector):
    found = direction_vectors(*seen(foa))
    return np.degrees(np.arccos(np.clip(found @ vector / np.linalg.norm(vector), -1, 1)))


# --------------------------------------------------------------------------- one wave


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "wyzx"),
    [
        (90, 0, (1, 1, 0, 0)),
        (-90, 0, (1, -1, 0, 0)),
        (0, 90, (1, 0, 1, 0)),
        (0, 0, (1, 0, 0, 1)),
        (180, 0, (1, 0, 0, -1)),
        (30, 0, (1, 0.5, 0, np.sqrt(0.75))),
    ],
)
def test_a_source_is_in_the_channels_of_its_side(azimuth_deg, elevation_deg, wyzx):
    sample = 200
    distance = sample * SPEED_OF_SOUND / RATE
    foa = wave(distance * direction_vectors(azimuth_deg, elevation_deg))
    np.testing.assert_allclose(foa[:, sample], np.array(wyzx) / distance, atol=1e-6)
    foa[:, sample] = 0
    np.testing.assert_allclose(foa, 0, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(2.0, 12.0))
def test_any_wave_has_its_direction_level_and_delay(azimuth_deg, elevation_deg, distance):
    vector = distance * direction_vectors(azimuth_deg, elevation_deg)
    foa = wave(vector, n_taps=1200).astype(float)
    assert apart_deg(foa, vector) < 0.01
    energy = np.sum(foa**2, axis=1)
    np.testing.assert_allclose(energy[1:].sum() / energy[0], 1, rtol=1e-5)
    frequency = np.fft.rfftfreq(1200, 1 / RATE)
    used = frequency < 0.9 * RATE / 2
    wanted = np.exp(-2j * np.pi * frequency * distance / SPEED_OF_SOUND) / distance
    spectrum = np.fft.rfft(foa[0])
    np.testing.assert_allclose(spectrum[used] * distance, wanted[used] * distance, atol=0.01)


def test_bands_are_dulled_as_their_gains_say():
    gains = 10 ** (np.array([0, -1, -3, -6, -8, -9, -10]) / 20)
    foa = wave([0, 0, -4.0], gains)
    level = np.abs(np.fft.rfft(foa[0], RATE))[OCTAVE_BANDS_HZ[:6].astype(int)]
    np.testing.assert_allclose(20 * np.log10(level / gains[:6]), 0, atol=0.3)
    np.testing.assert_allclose(foa[3], foa[0], atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_waves_add_up(seed):
    rng = np.random.default_rng(seed)
    vectors, gains = rng.normal(0, 4, (5, 3)), rng.uniform(0, 1, (7, 5))
    together = place_waves(vectors, gains, RATE, n_taps=600)
    parts = [wave(v, g, n_taps=600) for v, g in zip(vectors, gains.T, strict=True)]
    np.testing.assert_allclose(together, np.sum(parts, axis=0), atol=1e-5)


def test_what_comes_too_late_is_cut_off():
    assert not wave([0, 0, -100.0], n_taps=600).any()
    np.testing.assert_array_equal(wave([1, 2, -8.0], n_taps=380), wave([1, 2, -8.0])[:, :380])
    assert place_waves(np.zeros((0, 3)), np.zeros((7, 0)), RATE, n_taps=50).shape == (4, 50)


def test_waves_refuse_what_does_not_fit():
    with pytest.raises(InputError, match=r"vectors must have shape \(any, 3\)"):
        place_waves(np.ones(3), np.ones((7, 1)), RATE, n_taps=10)
    with pytest.raises(InputError, match=r"gains must have shape \(7, 2\), got \(7, 1\)"):
        place_waves(np.ones((2, 3)), np.ones((7, 1)), RATE, n_taps=10)


# --------------------------------------------------------------------------- the tail


def test_noise_is_diffuse(kemar):
    """A plane wave's Y^2 + Z^2 + X^2 is W^2: from everywhere at once each has a third."""
    noise = foa_pool(kemar).noise.astype(float)
    for band in range(7):
        covariance = np.cov(noise[band])
        np.testing.assert_allclose(
            covariance / covariance[0, 0], np.diag([1, 1 / 3, 1 / 3, 1 / 3]), atol=0.04
        )
    np.testing.assert_allclose(np.mean(noise.sum(axis=0)[0] ** 2), 1, rtol=0.01)


def test_noise_is_what_the_ears_hear_too(kemar):
    """Cross spectra of ears and channels are those of plane waves from all directions."""
    vectors = spread_directions(10)
    pressure = harmonics(*directions(vectors)[:2])
    heard = np.array([anechoic(kemar, 1.715 * vector, n_taps=400) for vector in vectors])
    from_center = np.exp(2j * np.pi * np.arange(257) * 80 / 512)  # 1.715 m are 80 samples
    ears = np.fft.rfft(1.715 * heard, 512) * from_center
    wanted = np.einsum("def,cd->ecf", ears, pressure) / len(vectors)
    left_right = noise_pool(kemar).noise.sum(axis=0)
    channels = foa_pool(kemar).noise.sum(axis=0)
    options = {"fs": RATE, "nperseg": 512, "return_onesided": False}
    power = welch(channels[0], **options)[1][:256]
    for ear, channel in ((0, 0), (1, 0), (0, 1), (1, 1), (0, 3)):
        found = csd(channels[channel], left_right[ear], **options)[1][:256] / power
        found, true = (x[16:120].reshape(13, 8).mean(axis=1) for x in (found, wanted[ear, channel]))
        np.testing.assert_allclose(found, true, atol=0.1)
        assert np.abs(true).max() > 0.15


def test_the_energy_of_the_tail_is_its_echograms(kemar):
    n_taps, energy = 12000, np.tile(np.exp(-0.015 * np.arange(300)) / 67, (7, 1))
    made = [
        Arrivals(np.array(IDENTITY), np.zeros((0, 3)), np.zeros((7, 0)), 1.0, energy, at, n_taps)
        for at in range(0, 200_000, 8000)
    ]
    rirs = ambisonic_rirs(made, kemar).astype(float)
    windows = np.mean(rirs[..., 64:9664] ** 2, axis=0).reshape(4, 30, 320).sum(axis=-1)
    wanted = energy[0, :300].reshape(30, 10).sum(axis=1)
    np.testing.assert_allclose(10 * np.log10(windows[0, :28] / wanted[:28]), 0, atol=0.5)
    np.testing.assert_allclose(windows[1:].sum(axis=0) / windows[0], 1, atol=0.1)


# --------------------------------------------------------------------------- rooms


def arrivals_in(hrtf, absorption, scattering=0.3, turns=(25, -70, 160), listeners=LISTENERS):
    poses = heads(listeners, turns)
    found = room_arrivals(
        rectangle(),
        [material(absorption, scattering)],
        SOURCE,
        poses,
        hrtf=hrtf,
        rng=np.random.default_rng(0),
        rays=400,
    )
    return found, poses


def test_without_walls_the_source_is_where_it_is(kemar):
    found, poses = arrivals_in(kemar, 0.9999)
    for foa, pose in zip(ambisonic_rirs(found, kemar).astype(float), poses, strict=True):
        vector = pose.to_body(SOURCE)
        distance = np.linalg.norm(vector)
        assert apart_deg(foa, vector) < 1
        np.testing.assert_allclose(np.sum(foa[0] ** 2) * distance**2, 1, rtol=0.1)
        np.testing.assert_allclose(np.sum(foa[1:] ** 2) / np.sum(foa[0] ** 2), 1, rtol=1e-3)


def test_axes_are_the_heads_or_the_worlds(kemar):
    found, poses = arrivals_in(kemar, 0.2)
    own = ambisonic_rirs(found, kemar)
    world = ambisonic_rirs(found, kemar, in_world_axes=True)
    for turned, fixed, pose in zip(own, world, poses, strict=True):
        back = rotate(fixed, conjugate(pose.orientation))
        np.testing.assert_allclose(back, turned, atol=1e-6)
        vector = SOURCE - pose.position
        arrival = int(np.linalg.norm(vector) / SPEED_OF_SOUND * RATE)
        assert apart_deg(fixed[:, arrival - 2 : arrival + 4], vector) < 5


def test_the_same_arrivals_give_the_same_bytes(kemar):
    first, again = (arrivals_in(kemar, 0.3)[0] for _ in range(2))
    alone = binaural_rirs(first, kemar)
    assert ambisonic_rirs(first, kemar).tobytes() == ambisonic_rirs(again, kemar).tobytes()
    np.testing.assert_array_equal(binaural_rirs(again, kemar), alone)


def decoder(hrtf):
    """Filters (4, 2, taps) that come nearest to the HRTF, and their delay in samples."""
    vectors = spread_directions(15)
    heard = np.array([anechoic(hrtf, 0.686 * vector, n_taps=256) for vector in vectors])
    gains = harmonics(*directions(vectors)[:2])
    return np.einsum("det,dc->cet", 0.686 * heard, np.linalg.pinv(gains)), 32


def decode(foa, filters, delay):
    ears = fftconvolve(foa[:, None], filters, axes=-1).sum(axis=0)
    return ears[:, delay : delay + foa.shape[1]]


@pytest.mark.parametrize("azimuth_deg", [40, 90, 130, -40, -90, -130])
def test_decoded_for_the_ears_it_is_on_the_same_side(kemar, azimuth_deg):
    ahead = directions(SOURCE - LISTENERS[:1])[0]
    found, _ = arrivals_in(kemar, 0.3, turns=ahead - azimuth_deg, listeners=LISTENERS[:1])
    heard, foa = binaural_rirs(found, kemar)[0], ambisonic_rirs(found, kemar)[0]
    decoded = decode(foa, *decoder(kemar))
    arrival = int(np.linalg.norm(SOURCE - LISTENERS[0]) / SPEED_OF_SOUND * RATE)
    direct = slice(arrival - 10, arrival + 40)
    true, found = (interaural_level_difference_db(each[:, direct]) for each in (heard, decoded))
    assert true * azimuth_deg > 0
    assert found * azimuth_deg > 0


def test_decoded_below_the_heads_size_it_is_what_the_ears_hear(kemar):
    """Early sound and tail alike: one field, not two that only decay alike."""
    found, _ = arrivals_in(kemar, 0.15)
    filters, delay = decoder(kemar)
    low = butter(4, (150, 500), "bandpass", fs=RATE, output="sos")
    for heard, foa in zip(binaural_rirs(found, kemar), ambisonic_rirs(found, kemar), strict=True):
        decoded = decode(foa, filters, delay)
        for stretch in (slice(0, 1600), slice(1600, 6400)):
            for ear in (0, 1):
                true, made = (
                    sosfiltfilt(low, each[ear].astype(float))[stretch] for each in (heard, decoded)
                )
                assert np.corrcoef(true, made)[0, 1] > 0.8
                np.testing.assert_allclose(np.std(made) / np.std(true), 1, atol=0.25)


def test_orientation_is_the_poses(kemar):
    """A head that looks at the source has it in front, whatever the world's axes say."""
    azimuth, elevation, _ = directions(SOURCE - LISTENERS[0])
    pose = heads(LISTENERS[:1])[0]
    pose = type(pose)(pose.position, orientation_towards(azimuth, elevation))
    found = room_arrivals(
        rectangle(),
        [material(0.9999)],
        SOURCE,
        [pose],
        hrtf=kemar,
        rng=np.random.default_rng(0),
        rays=50,
    )
    assert apart_deg(ambisonic_rirs(found, kemar)[0], np.array([0, 0, -1.0])) < 0.5
