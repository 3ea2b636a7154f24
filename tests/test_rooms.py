"""BRIRs of bare rooms: theory of rooms, laws of ears."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.signal import butter, csd, sosfiltfilt, welch
from shoebox import (
    L_SHAPE,
    area,
    heads,
    home,
    material,
    mirrored,
    prism,
    rectangle,
    scattered,
)

from simbinaural.acoustics.assembly import assemble, binaural_rirs
from simbinaural.acoustics.bands import air_absorption
from simbinaural.acoustics.early import place_images
from simbinaural.acoustics.echograms import Echogram
from simbinaural.acoustics.images import find_paths
from simbinaural.acoustics.planes import enclose
from simbinaural.acoustics.rooms import brirs, room_arrivals, room_brirs
from simbinaural.errors import InputError
from simbinaural.geometry import SPEED_OF_SOUND, Pose, orientation_towards, to_count
from simbinaural.hrtf import load_hrtf
from simbinaural.metrics import eyring_time, reverberation_time
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ

RATE = 16000
SIZE = (5.0, 2.8, 4.2)
VOLUME = 5.0 * 2.8 * 4.2
SOURCE = np.array([1.1, 1.3, 0.9])
MIRROR = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def kemar():
    return load_hrtf()


def many(hrtf, materials, *, runs=3, each=8, image_order=3, size=SIZE):
    """BRIRs at many positions, the distances of their sources, all of one length."""
    rirs, distances = [], []
    for run in range(runs):
        rng = np.random.default_rng(run)
        source = rng.uniform(0.7, np.array(size) - 0.7)
        listeners = scattered(rng, size, each, source=source)
        poses = heads(listeners, rng.uniform(0, 360, each))
        rng = np.random.default_rng(100 + run)
        made = room_brirs(
            rectangle(size), materials, source, poses, hrtf=hrtf, rng=rng, image_order=image_order
        )
        rirs += list(made)
        distances += list(np.linalg.norm(listeners - source, axis=1))
    taps = max(rir.shape[1] for rir in rirs)
    padded = [np.pad(rir, ((0, 0), (0, taps - rir.shape[1]))) for rir in rirs]
    return np.array(padded), np.array(distances)


def octave(signals, center):
    """Octave-band filter without phase."""
    edges = [center / np.sqrt(2), min(center * np.sqrt(2), 0.49 * RATE)]
    return sosfiltfilt(butter(3, edges, "bandpass", fs=RATE, output="sos"), signals, axis=-1)


def from_arrival(rirs, distances, taps):
    """Energy (rirs, taps) of both ears from the arrival of the direct sound on."""
    starts = to_count(distances / SPEED_OF_SOUND, RATE)
    energies = np.pad(np.sum(rirs**2, axis=1), ((0, 0), (0, taps)))
    return np.array([e[s : s + taps] for e, s in zip(energies, starts, strict=True)])


# --------------------------------------------------------------------------- theory of rooms


@pytest.mark.parametrize("absorption", [0.1, 0.2, 0.3])
def test_reverberation_time_is_eyrings(kemar, absorption):
    rirs, _ = many(kemar, [material(absorption, 0.5)])
    assert len(rirs) >= 16
    theory = eyring_time(VOLUME, [area(SIZE)], [absorption], air=air_absorption())
    for band, center in enumerate(OCTAVE_BANDS_HZ[:6]):
        energy = np.mean(np.sum(octave(rirs, center) ** 2, axis=1), axis=0)
        measured = reverberation_time(np.sqrt(energy), RATE)
        limit = 0.15 if center == 125 else 0.1
        np.testing.assert_allclose(measured, theory[band], rtol=limit, err_msg=f"{center} Hz")


def gathered(hrtf, materials, *, image_order, runs):
    """What arrives at 16 poses each from `runs` sources; the same poses at each call."""
    for run in range(runs):
        rng = np.random.default_rng(run)
        source = rng.uniform(0.7, np.array(SIZE) - 0.7)
        poses = heads(scattered(rng, SIZE, 16, source=source), rng.uniform(0, 360, 16))
        rng = np.random.default_rng(100 + run)
        yield room_arrivals(
            rectangle(SIZE), materials, source, poses, hrtf=hrtf, rng=rng, image_order=image_order
        )


def arriving_energy(arrivals):
    """Energy (poses, 7) of paths and echograms, whatever the phases in which they meet."""
    return np.array([np.sum(a.gains**2, axis=1) + a.energy.sum(axis=1) for a in arrivals])


def heard_energy(hrtf, arrivals):
    """Energy (poses, 6) at both ears in each octave from 125 Hz to 4 kHz, as tails expect it."""
    early = binaural_rirs([replace(a, energy=0 * a.energy) for a in arrivals], hrtf)
    tails = binaural_rirs(arrivals, hrtf) - early  # apart: the product with noise is zero in mean
    spectra = np.abs(np.fft.rfft([early, tails], 1 << 15, axis=-1)) ** 2
    frequency = np.fft.rfftfreq(1 << 15, 1 / RATE)
    centers = OCTAVE_BANDS_HZ[:6, None]
    octaves = (frequency > centers / np.sqrt(2)) & (frequency < centers * np.sqrt(2))
    return spectra.sum(axis=(0, 2)) @ octaves.T


def spread_over_orders(energy, hrtf, materials, *, runs):
    """Decibels (bands,) between the highest and lowest mean energy with orders 1, 3 and 6."""
    means = [
        np.mean([energy(each) for each in made], axis=(0, 1))
        for made in (gathered(hrtf, materials, image_order=n, runs=runs) for n in (1, 3, 6))
    ]
    return np.ptp(10 * np.log10(means), axis=0)


@pytest.mark.parametrize("scattering", [0.1, 0.5])
@pytest.mark.parametrize("absorption", [0.1, 0.2, 0.3])
def test_arriving_energy_is_the_same_whatever_the_image_order(kemar, absorption, scattering):
    # Chance is 0.01 dB.
    materials = [material(absorption, scattering)]
    spread = spread_over_orders(arriving_energy, kemar, materials, runs=4)
    np.testing.assert_allclose(spread, 0, atol=0.05)


@pytest.mark.parametrize("absorption", [0.1, 0.2, 0.3])
def test_heard_energy_is_the_same_whatever_the_image_order(kemar, absorption):
    # Chance is 0.02 dB. What differs below 500 Hz is interference: of mirror paths each order has
    # more, and at fixed distances from the walls it does not cancel out (it does with random
    # phases: see above).
    materials = [material(absorption, 0.5)]
    spread = spread_over_orders(partial(heard_energy, kemar), kemar, materials, runs=4)
    np.testing.assert_allclose(spread, 0, atol=0.3)
    np.testing.assert_allclose(spread[2:], 0, atol=0.1)


def test_handover_leaves_no_step_and_no_gap(kemar):
    # The same rooms with more and fewer image sources: the same mean decay, 10 ms by 10 ms.
    levels = []
    for order in (1, 3, 6):
        rirs, distances = many(kemar, [material(0.2, 0.5)], runs=4, each=16, image_order=order)
        energy = from_arrival(rirs, distances, 16 * 160).mean(axis=0)
        levels.append(10 * np.log10(energy.reshape(16, 160).sum(axis=1)))
    levels = np.array(levels)
    total = 10 * np.log10(np.sum(10 ** (levels / 10), axis=1))
    np.testing.assert_allclose(total - total.mean(), 0, atol=0.3)
    np.testing.assert_allclose(levels - levels.mean(axis=0), 0, atol=1.0)
    slopes = np.diff(levels[1][1:])
    np.testing.assert_allclose(slopes, slopes.mean(), atol=1.0)


def test_direct_to_reverberant_ratio_is_that_of_the_room_constant(kemar):
    rirs, distances = many(kemar, [material(0.2, 0.5)], runs=4, each=16)
    # Broadband energy of an ear depends on the direction: the direct sound is taken from theory,
    # in the diffuse field's mean power.
    field = kemar.diffuse_field(1024)[[0, 1], [0, 1]].real.sum(axis=0)
    bands = np.fft.rfftfreq(1024, 1 / RATE)
    low = (bands > 300) & (bands < 4000)
    spectra = np.abs(np.fft.rfft(rirs, 1 << 15, axis=-1)) ** 2
    fine = np.fft.rfftfreq(1 << 15, 1 / RATE)
    heard = spectra.sum(axis=1)[:, (fine > 300) & (fine < 4000)].mean(axis=1) / field[low].mean()
    reverberant = heard.mean() - np.mean(1 / distances**2)
    theory = 16 * np.pi * 0.8 / (0.2 * area(SIZE))
    np.testing.assert_allclose(10 * np.log10(reverberant / theory), 0, atol=1.0)


def test_tail_has_the_coherence_of_the_diffuse_field(kemar):
    rirs, _ = many(kemar, [material(0.1, 0.5)], runs=4, each=16)
    late = rirs[:, :, 1600:8000]
    late = late * np.exp(np.arange(1600, 8000) / RATE * 3 * np.log(10) / 0.9)
    _, cross = csd(late[:, 1], late[:, 0], RATE, nperseg=512)
    _, power = welch(late, RATE, nperseg=512)
    field = kemar.diffuse_field(512)
    found = cross.mean(axis=0), *power.mean(axis=0)
    wanted = field[0, 1], field[0, 0].real, field[1, 1].real
    for center in np.geomspace(125, 6300, 18):  # thirds of an octave
        bins = np.arange(257) * RATE / 512
        third = (bins > center / 1.13 - 16) & (bins < center * 1.13 + 16)
        a, b = (
            np.sum(c[third] / np.sqrt(p[third] * q[third])) / third.sum()
            for c, p, q in (found, wanted)
        )
        np.testing.assert_allclose(abs(a - b), 0, atol=0.1, err_msg=f"{center:.0f} Hz")


def test_floor_reflection_stands_at_its_sample(kemar):
    # Everything but the floor is dead: direct sound, one reflection, and nothing else.
    room = rectangle(SIZE, surfaces=np.array([1, 1, 1, 1, 0, 1]))
    materials = [material(0.0, 0.0), material(1.0, 0.0)]
    pose = Pose([3.4, 1.6, 0.9], orientation_towards(90))  # faces the source
    rir = room_brirs(room, materials, SOURCE, [pose], hrtf=kemar, rng=np.random.default_rng(0))[0]
    vectors = pose.to_body(np.array([SOURCE, SOURCE * (1, -1, 1)]))
    distances = np.linalg.norm(vectors, axis=1)
    gains = np.exp(-air_absorption()[:, None] / 2 * distances) / distances
    n = rir.shape[1] - 160  # the end is faded out
    alone, both = (
        place_images(kemar, vectors[:k], gains[:, :k], n_taps=rir.shape[1]) for k in (1, 2)
    )
    np.testing.assert_allclose(rir[:, :n], both[:, :n], atol=1e-6)
    late = to_count(distances[1] / SPEED_OF_SOUND, RATE)
    peak = np.argmax(np.abs((rir - alone)[0, :n]))
    assert abs(peak - late) < 8  # the HRIR's own peak follows its onset


def test_direct_sound_falls_by_6_db_per_doubling(kemar):
    dead, levels = [material(1.0, 0.0)], []
    for distance in (0.75, 1.5, 3.0):
        pose = Pose(SOURCE + (0, 0, distance), orientation_towards(0))
        rir = room_brirs(
            rectangle((3.0, 2.8, 5.0)),
            dead,
            SOURCE,
            [pose],
            hrtf=kemar,
            rng=np.random.default_rng(0),
        )
        assert np.argmax(np.abs(rir[0, 0])) / RATE * SPEED_OF_SOUND == pytest.approx(
            distance, abs=0.25
        )
        levels.append(20 * np.log10(np.abs(np.fft.rfft(rir[0, 0], 4096)[64:512])))
    np.testing.assert_allclose(np.diff(levels, axis=0), -6.02, atol=0.1)


# --------------------------------------------------------------------------- laws of ears


def test_mirrored_scene_swaps_the_ears(kemar):
    ears, materials = kemar.symmetrized(), [material(a, 0.3) for a in np.linspace(0.1, 0.6, 6)]
    room = rectangle(SIZE, surfaces=np.arange(6), boxes=[[[2.0, 0, 1.2], [2.4, 1.5, 1.9]]])
    pose = Pose([3.7, 1.6, 2.8], orientation_towards(25, 10))
    flipped = Pose(pose.position * MIRROR, orientation_towards(-25, 10))
    rirs = []
    for here, source, head in ((room, SOURCE, pose), (mirrored(room), SOURCE * MIRROR, flipped)):
        paths = find_paths(here, enclose(here, materials), source, [head.position])
        distance = np.linalg.norm(source - head.position)
        silent = Echogram(np.array([distance]), np.zeros((1, 7, 1)))
        rng = np.random.default_rng(0)
        rirs.append(assemble(paths, silent, [head], hrtf=ears, rng=rng)[0])
    np.testing.assert_allclose(rirs[1][::-1], rirs[0], atol=1e-5 * np.abs(rirs[0]).max())


def test_mirrored_tail_is_as_loud_in_the_other_ear(kemar):
    # A dead left half: more comes from the right, but late energy is diffuse in both ears.
    ears = kemar.symmetrized()
    room, materials = rectangle(SIZE), [material(0.2, 0.5)]
    energies = []
    for sign in (1, -1):
        here = room if sign == 1 else mirrored(room)
        flip = np.array([sign, 1, 1])
        poses = heads(scattered(np.random.default_rng(1), SIZE, 20, source=SOURCE) * flip)
        rng = np.random.default_rng(7)
        made = room_brirs(here, materials, SOURCE * flip, poses, hrtf=ears, rng=rng)
        energies.append(np.sum(made[:, :: int(sign), 1600:] ** 2, axis=(0, 2)))
    np.testing.assert_allclose(10 * np.log10(energies[0] / energies[1]), 0, atol=0.5)


def test_turning_the_head_turns_the_ears(kemar):
    position = np.array([3.4, 1.6, 0.9])  # the source is straight to the left of a head at 0
    poses = [Pose(position, orientation_towards(turn)) for turn in (0, 180)]
    rirs = room_brirs(
        rectangle(SIZE), [material()], SOURCE, poses, hrtf=kemar, rng=np.random.default_rng(0)
    )
    early = np.sum(rirs[:, :, :160] ** 2, axis=-1)
    assert early[0, 0] > 4 * early[0, 1]
    assert early[1, 1] > 4 * early[1, 0]


def test_nothing_comes_before_the_direct_sound(kemar):
    rirs, distances = many(kemar, [material(0.1, 0.9)])
    # An ear may be a head's radius nearer; a band-limited onset takes a millisecond.
    begin = distances / SPEED_OF_SOUND - 0.0003 - 0.001
    for rir, seconds in zip(rirs, begin, strict=True):
        before = np.abs(rir[:, : int(seconds * RATE)]).max()
        assert before < 1e-3 * np.abs(rir).max()


def test_response_ends_in_silence(kemar):
    for max_length_s in (3.0, 0.2):
        rir = room_brirs(
            rectangle(SIZE),
            [material()],
            SOURCE,
            heads([(3.7, 1.6, 2.8)]),
            hrtf=kemar,
            rng=np.random.default_rng(0),
            max_length_s=max_length_s,
        )[0]
        assert np.all(rir[:, -1] == 0)
        assert np.abs(rir[:, -16:]).max() < 1e-3 * np.abs(rir).max()
    assert rir.shape == (2, 3200)


def test_path_of_poses_shares_a_trace_but_no_tail(kemar):
    poses = heads([(3.7, 1.6, 2.8)] * 2)
    rirs = room_brirs(
        rectangle(SIZE), [material()], SOURCE, poses, hrtf=kemar, rng=np.random.default_rng(0)
    )
    np.testing.assert_allclose(rirs[0][:, :200], rirs[1][:, :200], atol=0.3)
    late = rirs[:, 0, 1600:]
    likeness = (late[0] @ late[1]) / (np.linalg.norm(late[0]) * np.linalg.norm(late[1]))
    assert abs(likeness) < 0.3
    power = np.sum(late**2, axis=1)
    np.testing.assert_allclose(10 * np.log10(power[0] / power[1]), 0, atol=1.0)


def test_same_generator_state_gives_the_same_bytes(kemar):
    def render(seed):
        rng = np.random.default_rng(seed)
        poses = heads([(3.7, 1.6, 2.8), (2.0, 1.5, 3.0)])
        scene = home(rectangle(SIZE), materials=[material(0.4, np.linspace(0, 1, 7))])
        return brirs(scene, SOURCE, poses, hrtf=kemar, rng=rng, rays=200).tobytes()

    assert render(3) == render(3) != render(4)


def test_other_sample_rates_sound_the_same():
    room, poses = rectangle(SIZE), heads([(3.7, 1.6, 2.8), (2.0, 1.5, 3.0)])
    levels = []
    for rate in (16000, 44100, 48000):
        ears = load_hrtf(sample_rate=rate)
        rng = np.random.default_rng(0)
        rirs = room_brirs(room, [material()], SOURCE, poses, hrtf=ears, rng=rng)
        spectra = np.abs(np.fft.rfft(rirs, 4 * rate, axis=-1)) ** 2
        levels.append(10 * np.log10(spectra[..., 4 * 300 : 4 * 6000].mean()))
    np.testing.assert_allclose(levels, levels[0], atol=0.5)


# --------------------------------------------------------------------------- round corners


def test_round_the_corner_sound_still_arrives(kemar):
    listener = (5.5, 1.6, 2.0)
    source = np.array([1.0, 1.4, 4.5])
    rir = room_brirs(
        prism(L_SHAPE, 2.6),
        [material()],
        source,
        heads([listener]),
        hrtf=kemar,
        rng=np.random.default_rng(0),
    )[0]
    straight = to_count(np.linalg.norm(source - listener) / SPEED_OF_SOUND, RATE)
    energy = np.sum(rir**2, axis=0)
    assert not energy[: straight - 24].any()
    # The direct sound would hold 1/d^2; what comes first there is not that.
    assert energy[straight - 24 : straight + 8].sum() < 0.02 * energy.sum()
    assert energy.sum() > 0.1


def test_furniture_in_the_way_dulls_the_direct_sound(kemar):
    pose = heads([(3.4, 1.3, 0.9)], 90)
    dead = [material(1.0, 0.0)]
    box = [[[2.0, 0.0, 0.4], [2.4, 1.7, 1.4]]]
    spectra = []
    for room in (rectangle(SIZE), rectangle(SIZE, boxes=box)):
        rir = room_brirs(room, dead, SOURCE, pose, hrtf=kemar, rng=np.random.default_rng(0))
        spectra.append(np.abs(np.fft.rfft(rir[0, 0], 1024)))
    loss_db = 20 * np.log10(spectra[1] / spectra[0])[[8, 32, 128, 256]]
    assert np.all(np.diff(loss_db) < 0)
    assert -8 < loss_db[0] < -1
    assert -26 < loss_db[-1] < -12


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("source", "listener", "message"),
    [
        ((9.0, 1.0, 1.0), (2.0, 1.5, 2.0), r"source must be in a room, got \(9.00, 1.00, 1.00\)"),
        ((1.0, 1.0, 1.0), (2.0, 3.5, 2.0), "pose 0 must be in the source's room room-0"),
        ((1.0, 1.0, 1.0), (1.0, 1.0, 12.0), "pose 0 must be in the source's room room-0"),
        ((1.0, 1.0, 1.0), (1.0, 1.0, 1.01), "source must be 0.05 m away from every head"),
        ((1.0, 1.0), (2.0, 1.5, 2.0), "source must have shape"),
    ],
)
def test_places_must_share_a_room(kemar, source, listener, message):
    scene = home(rectangle(SIZE), rectangle(SIZE, (0.0, 0.0, 10.0)))
    with pytest.raises(InputError, match=message):
        brirs(scene, source, heads([listener]), hrtf=kemar, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_order": -1}, "image_order must be at least 0, got -1"),
        ({"rays": 0}, "rays must be at least 1, got 0"),
        ({"max_length_s": 0.0}, r"max_length_s must be in \(0, 8\], got 0"),
        ({"poses": []}, "poses must be one at least, got none"),
    ],
)
def test_numbers_must_be_in_range(kemar, options, message):
    options = {"poses": heads([(3.7, 1.6, 2.8)]), **options}
    with pytest.raises(InputError, match=message):
        room_brirs(
            rectangle(SIZE),
            [material()],
            SOURCE,
            hrtf=kemar,
            rng=np.random.default_rng(0),
            **options,
        )
