"""The engine `rlr`, the real one: theory of rooms, agreement with `rooms`, what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from rlr_rooms import FEW, RATE, SIZE, SOURCE, box, coarse_head, real
from scanned_rooms import box_mesh, scan_of
from shoebox import area, heads, material, rectangle, scattered

from simbinaural.acoustics.bands import air_absorption
from simbinaural.acoustics.directivity import Directivity
from simbinaural.acoustics.early import anechoic
from simbinaural.acoustics.rlr import RlrEngine, decay_taps
from simbinaural.acoustics.rlr_process import ENGINE
from simbinaural.acoustics.rooms import room_brirs
from simbinaural.errors import InputError
from simbinaural.geometry import SPEED_OF_SOUND, orientation_towards, rotate
from simbinaural.hrtf import load_hrtf
from simbinaural.metrics import eyring_time, interaural_level_difference_db, reverberation_time
from simbinaural.scenes.scene import Material


@pytest.fixture(scope="module")
def kemar():
    return coarse_head()


@pytest.fixture(scope="module")
def dead():
    """A place where nothing comes back."""
    return scan_of(
        box_mesh((30, 30, 30), (-15, -15, -15)), materials=[material(1.0, 0.0)], name="dead"
    )


def lag_of(signal, reference):
    """Samples by which a signal is later than a reference, and how alike they are."""
    n_fft = 2 * len(signal)
    spectrum = np.fft.rfft(signal, n_fft) * np.conj(np.fft.rfft(reference, n_fft))
    correlation = np.fft.irfft(spectrum, n_fft)
    peak = int(np.argmax(correlation))
    alike = correlation[peak] / np.sqrt(np.sum(signal**2) * np.sum(reference**2))
    return peak - n_fft * (peak > n_fft // 2), alike


# --------------------------------------------------------------------------- theory of rooms


@real
@pytest.mark.parametrize("absorption", [0.1, 0.3])
def test_reverberation_time_is_eyrings_and_that_of_rooms(kemar, absorption):
    rng = np.random.default_rng(1)
    poses = heads(scattered(rng, SIZE, 8, source=SOURCE), rng.uniform(0, 360, 8))
    made = FEW.responses(box(absorption), SOURCE, poses, hrtf=kemar)
    same = room_brirs(rectangle(SIZE), [material(absorption)], SOURCE, poses, hrtf=kemar, rng=rng)
    measured, rooms = (
        np.mean([reverberation_time(rir, RATE) for rir in rirs]) for rirs in (made.binaural, same)
    )
    # The middle of the bands decides in a response of all bands.
    eyring = eyring_time(np.prod(SIZE), [area(SIZE)], [absorption], air=air_absorption()[3])
    np.testing.assert_allclose(measured, eyring, rtol=0.1)
    np.testing.assert_allclose(measured, rooms, rtol=0.1)
    assert made.binaural.shape == (8, 2, made.binaural.shape[2])
    assert made.binaural.dtype == np.float32
    assert made.warnings == ()


@real
def test_level_is_that_of_rooms(kemar):
    rng = np.random.default_rng(2)
    poses = heads(scattered(rng, SIZE, 8, source=SOURCE), rng.uniform(0, 360, 8))
    made = FEW.responses(box(), SOURCE, poses, hrtf=kemar)
    same = room_brirs(rectangle(SIZE), [material()], SOURCE, poses, hrtf=kemar, rng=rng)
    energies = [
        np.mean(np.sum(rirs.astype(float) ** 2, axis=(1, 2))) for rirs in (made.binaural, same)
    ]
    assert abs(10 * np.log10(energies[0] / energies[1])) < 1.5


@real
def test_the_materials_of_faces_are_their_own_whatever_the_names(kemar):
    # By its header, the engine looks for labels within names.
    names = [("Plywood Wood", 0.1), ("wood", 0.9)]
    made = [Material(name, np.full(7, value), np.full(7, 0.5)) for name, value in names]
    scene = scan_of(box_mesh(SIZE), materials=made)
    rirs = FEW.responses(scene, SOURCE, heads([(3.7, 1.6, 2.8)]), hrtf=kemar).binaural
    eyring = eyring_time(np.prod(SIZE), [area(SIZE)], [0.1], air=air_absorption()[3])
    np.testing.assert_allclose(reverberation_time(rirs[0], RATE), eyring, rtol=0.1)


# --------------------------------------------------------------------------- the direct sound


@real
@pytest.mark.parametrize("rate", [16000, 44100])
def test_direct_sound_is_the_heads_at_the_distance(dead, rate):
    hrtf = load_hrtf(sample_rate=rate)
    vectors = [(-3, 0.5, -1), (0.3, -2.5, 0.4), (0.5, 0, 10)]
    for vector in np.array(vectors, dtype=float):
        turn = 40.0
        pose = heads([-rotate(orientation_towards(turn), vector)], turn)
        rir = FEW.responses(dead, (0, 0, 0), pose, hrtf=hrtf).binaural[0]
        truth = anechoic(hrtf, vector, n_taps=rir.shape[1])
        for ear in range(2):
            lag, alike = lag_of(rir[ear], truth[ear])
            assert abs(lag) <= 1
            assert alike > 0.85  # the engine rounds to samples and mixes neighbors as they are
        level = 10 * np.log10(np.sum(rir**2) / np.sum(truth**2))
        assert abs(level) < 1.6


@real
def test_left_is_louder_left_as_in_rooms(kemar):
    for turn in (0.0, 90.0, 180.0):
        for bearing in (-60.0, 60.0):
            pose = heads([(2.8, 1.5, 2.2)], turn)
            source = pose[0].to_world(rotate(orientation_towards(bearing), [0, 0, -1.5]))
            made = FEW.responses(box(0.5), source, pose, hrtf=kemar).binaural[0]
            rng = np.random.default_rng(0)
            same = room_brirs(rectangle(SIZE), [material(0.5)], source, pose, hrtf=kemar, rng=rng)[
                0
            ]
            level, expected = map(interaural_level_difference_db, (made, same))
            assert np.sign(level) == np.sign(bearing)
            assert abs(level - expected) < 2.5


# --------------------------------------------------------------------------- ambisonics


@real
@pytest.mark.parametrize(
    ("vector", "channel", "sign"),
    [
        ((-2, 0, 0), 1, 1),
        ((2, 0, 0), 1, -1),
        ((0, 2, 0), 2, 1),
        ((0, 0, -2), 3, 1),
        ((0, 0, 2), 3, -1),
    ],
)
def test_ambisonics_point_where_the_sound_comes_from(kemar, dead, vector, channel, sign):
    # Turned away, to see that world axes stay and the picture's follow.
    poses = heads([(0, 0, 0)], 75.0)
    expected = np.zeros(4)
    expected[[0, channel]] = 0.5, sign * 0.5
    arrival = round(2 / SPEED_OF_SOUND * RATE)
    made = FEW.responses(dead, vector, poses, hrtf=kemar, foa_axes="world").ambisonic[0]
    np.testing.assert_allclose(made[:, arrival - 1 : arrival + 2].sum(axis=1), expected, atol=0.02)
    ahead = rotate(poses[0].orientation, vector)
    made = FEW.responses(dead, ahead, poses, hrtf=kemar, foa_axes="picture").ambisonic[0]
    np.testing.assert_allclose(made[:, arrival - 1 : arrival + 2].sum(axis=1), expected, atol=0.02)


@real
def test_a_diffuse_field_has_the_energies_of_sn3d(kemar):
    made = FEW.responses(box(0.1), SOURCE, heads([(3.7, 1.6, 2.8)]), hrtf=kemar, foa_axes="world")
    energy = np.sum(made.ambisonic[0, :, 1600:].astype(float) ** 2, axis=1)
    assert 0.6 < energy[1:].sum() / energy[0] < 1.5
    assert made.ambisonic.shape == (1, 4, made.binaural.shape[2])


# --------------------------------------------------------------------------- laws


@real
def test_same_bytes_twice_and_in_another_process(kemar):
    poses = heads([(3.7, 1.6, 2.8), (2.2, 1.4, 3.1)], [10.0, 200.0])
    made = [FEW.responses(box(), SOURCE, poses, hrtf=kemar, foa_axes="world") for _ in range(2)]
    ENGINE.close()
    made.append(FEW.responses(box(), SOURCE, poses, hrtf=kemar, foa_axes="world"))
    for other in made[1:]:
        np.testing.assert_array_equal(other.binaural, made[0].binaural)
        np.testing.assert_array_equal(other.ambisonic, made[0].ambisonic)


@real
def test_poses_do_not_know_of_each_other(kemar):
    poses = heads([(3.7, 1.6, 2.8), (2.2, 1.4, 3.1)], [10.0, 200.0])
    both = FEW.responses(box(), SOURCE, poses, hrtf=kemar).binaural
    alone = FEW.responses(box(), SOURCE, poses[1:], hrtf=kemar).binaural
    taps = min(both.shape[2], alone.shape[2]) - 160
    np.testing.assert_array_equal(both[1, :, :taps], alone[0, :, :taps])


@real
def test_materials_and_scenes_change_between_calls(kemar):
    poses, scene = heads([(3.7, 1.6, 2.8)]), box()
    first = FEW.responses(scene, SOURCE, poses, hrtf=kemar).binaural
    softer = replace(scene, materials=(material(0.6),))
    assert FEW.responses(softer, SOURCE, poses, hrtf=kemar).binaural.shape[2] < first.shape[2] / 2
    np.testing.assert_array_equal(FEW.responses(scene, SOURCE, poses, hrtf=kemar).binaural, first)


@pytest.mark.parametrize("time_s", [0.2, 0.6])
def test_decay_taps_is_the_reverberation_time_of_noise(time_s):
    rng = np.random.default_rng(0)
    seconds = np.arange(RATE) / RATE
    noise = rng.standard_normal((2, RATE)) * 10 ** (-3 * seconds / time_s)
    np.testing.assert_allclose(decay_taps(noise, RATE) / RATE, time_s, rtol=0.1)


def test_silence_does_not_last():
    assert decay_taps(np.zeros((2, 800)), RATE) == 0


# --------------------------------------------------------------------------- warnings


@real
def test_a_mesh_that_leaks_is_named(kemar):
    mesh = box_mesh(SIZE)
    floor_and_walls = mesh.vertices[mesh.faces][:, :, 1].min(axis=1) < SIZE[1] - 0.1
    open_top = replace(
        mesh, faces=mesh.faces[floor_and_walls], material=mesh.material[floor_and_walls]
    )
    scene = scan_of(open_top, name="mp3d/roofless")
    made = FEW.responses(scene, SOURCE, heads([(3.7, 1.6, 2.8)]), hrtf=kemar)
    (line,) = made.warnings
    assert line.startswith("mp3d/roofless: the mesh leaks: ")
    assert line.endswith(" % of the rays are lost")


@real
def test_it_says_that_it_has_no_directivity(kemar):
    poses = heads([(3.7, 1.6, 2.8)])
    forward = Directivity.forward((0, 0, 1))
    made = FEW.responses(box(), SOURCE, poses, hrtf=kemar, directivity=forward)
    assert made.warnings == (
        "acoustics rlr has no directivity: sources radiate the same everywhere",
    )
    even = Directivity.omnidirectional()
    assert FEW.responses(box(), SOURCE, poses, hrtf=kemar, directivity=even).warnings == ()


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rays": 0}, "rays must be at least 1, got 0"),
        ({"ray_depth": 0}, "ray_depth must be at least 1, got 0"),
        ({"bands": 7}, "bands must be 4 or 8, got 7"),
        ({"max_length_s": 9.0}, r"max_length_s must be in \(0, 8\], got 9"),
    ],
)
def test_numbers_must_be_in_range(options, message):
    with pytest.raises(InputError, match=message):
        RlrEngine(**options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {
                "scene": scan_of(
                    replace(box_mesh(SIZE), faces=np.zeros((0, 3), np.int32)), name="x/y"
                )
            },
            "x/y: must have triangles for acoustics rlr, got none",
        ),
        ({"poses": []}, "poses must be one at least, got none"),
        ({"source": (1.0, 1.0)}, "source must have shape"),
        ({"source": (3.7, 1.6, 2.81)}, "source must be 0.05 m away from every head, got 0.01 m"),
        ({"foa_axes": "head"}, "foa_axes must be world or picture, got head"),
    ],
)
def test_what_cannot_be_heard_is_told_before_the_engine_is_asked(kemar, change, message):
    arguments = {"scene": box(), "source": SOURCE, "poses": heads([(3.7, 1.6, 2.8)]), **change}
    with pytest.raises(InputError, match=message):
        FEW.responses(hrtf=kemar, **arguments)
