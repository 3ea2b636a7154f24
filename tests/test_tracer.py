"""The ray tracer against integrals and diffuse-field theory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shoebox import L_SHAPE, area, material, prism, rectangle, scattered

from simbinaural.acoustics.echograms import BIN_M, BIN_S
from simbinaural.acoustics.images import find_paths
from simbinaural.acoustics.planes import enclose, is_free
from simbinaural.acoustics.tracer import trace
from simbinaural.metrics import eyring_time
from simbinaural.scenes.scene import Patch

SIZE = (5.0, 2.8, 4.2)
VOLUME = 5.0 * 2.8 * 4.2
SOURCE = np.array([1.1, 1.3, 0.9])
LISTENER = np.array([3.4, 1.6, 2.4])
DEAD = material(1.0, 0.0)


def traced(room, materials, source=SOURCE, listeners=(LISTENER,), *, seed=0, **options):
    """Echogram from a seed."""
    rng = np.random.default_rng(seed)
    return trace(enclose(room, materials), source, listeners, rng=rng, **options)


def reverberant(size, materials, order, *, runs=6, **kwargs):
    """Mean energy (7,) of all but the direct sound over positions in a box."""
    total = []
    for run in range(runs):
        rng = np.random.default_rng(run)
        source = rng.uniform(0.7, np.array(size) - 0.7)
        listeners = scattered(rng, size, 12, source=source)
        room = rectangle(size, **kwargs)
        found = find_paths(room, enclose(room, materials), source, listeners, image_order=order)
        late = traced(room, materials, source, listeners, seed=run, image_order=order)
        for path, energy in zip(found, late.energy, strict=True):
            total.append(np.sum(path.gains[:, 1:] ** 2, axis=1) + energy.sum(axis=-1))
    return np.mean(total, axis=0)


def decay_time(energy):
    """T30 of an echogram (bins,)."""
    remaining = np.cumsum(energy[::-1])[::-1]
    level = 10 * np.log10(remaining / remaining[0] + 1e-12)
    used = (level < -5) & (level > -35)
    return -60 / np.polyfit(np.flatnonzero(used) * BIN_S, level[used], 1)[0]


# --------------------------------------------------------------------------- single surfaces


def test_scattering_floor_shines_by_lamberts_law():
    room = rectangle(SIZE, surfaces=np.array([1, 1, 1, 1, 0, 1]))
    found = traced(room, [material(0.3, 1.0), DEAD], rays=40000)
    step = 0.01
    x, z = np.meshgrid(*(np.arange(step / 2, SIZE[k], step) for k in (0, 2)), indexing="ij")
    squared = [(x - p[0]) ** 2 + p[1] ** 2 + (z - p[2]) ** 2 for p in (SOURCE, LISTENER)]
    cosines = [p[1] / np.sqrt(s) for p, s in zip((SOURCE, LISTENER), squared, strict=True)]
    shares = 0.7 * cosines[0] * cosines[1] / (np.pi * squared[0] * squared[1]) * step**2
    np.testing.assert_allclose(found.energy[0].sum(axis=-1), shares.sum(), rtol=0.01)
    # ... and each part of it in its time.
    delay = np.sqrt(squared[0]) + np.sqrt(squared[1]) - found.starts[0]
    wanted = np.bincount((delay / BIN_M).astype(int).ravel(), shares.ravel())[:12]
    np.testing.assert_allclose(found.energy[0, 3, :12], wanted, atol=0.02 * shares.sum())


def test_mirror_floor_is_an_image_source_or_is_left_to_it():
    room = rectangle(SIZE, surfaces=np.array([1, 1, 1, 1, 0, 1]))
    materials = [material(0.3, 0.0), DEAD]
    as_rays = traced(room, materials, rays=40000, image_order=0)
    distance = np.linalg.norm(SOURCE * (1, -1, 1) - LISTENER)
    energy = as_rays.energy[0].sum(axis=-1)
    np.testing.assert_allclose(energy, 0.7 / distance**2, rtol=0.06)
    place = np.average(np.arange(as_rays.energy.shape[-1]) + 0.5, weights=as_rays.energy[0, 0])
    np.testing.assert_allclose(place * BIN_M + as_rays.starts[0], distance, atol=0.3)
    assert not traced(room, materials, rays=4000, image_order=1).energy.any()


def test_first_mirrors_off_furniture_are_never_image_sources():
    box = [[[2.0, 0.0, 3.2], [3.5, 2.5, 4.0]]]
    room = rectangle(SIZE, surfaces=np.full(6, 1), boxes=box)
    found = traced(room, [material(0.2, 0.0), DEAD], rays=40000)
    image = SOURCE * (1, 1, -1) + (0, 0, 6.4)
    energy = 0.8 / np.linalg.norm(image - LISTENER) ** 2
    np.testing.assert_allclose(found.energy[0].sum(axis=-1), energy, rtol=0.1)


def test_partition_without_echo_shades_what_is_behind():
    room = rectangle(SIZE, boxes=[[[2.2, 0.0, 0.0], [2.3, 2.8, 4.2]]], box_materials=[1])
    assert not traced(room, [material(), DEAD], rays=300).energy.any()


def test_dead_room_is_silent():
    found = traced(rectangle(SIZE), [DEAD])
    assert not found.energy.any()
    np.testing.assert_allclose(found.starts, [np.linalg.norm(SOURCE - LISTENER)])


# --------------------------------------------------------------------------- diffuse fields


@pytest.mark.parametrize("scattering", [0.2, 0.5, np.linspace(0.1, 0.7, 7)])
def test_energy_is_that_of_the_room_constant_for_any_image_order(scattering):
    materials = [material(0.2, scattering)]
    # All but the direct sound, in units of 1/d^2: 4 pi times 4 (1 - a) / (a S).
    theory = 16 * np.pi * 0.8 / (0.2 * area(SIZE))
    levels = np.array(
        [10 * np.log10(reverberant(SIZE, materials, order) / theory) for order in (1, 3, 6)]
    )
    np.testing.assert_allclose(levels, 0, atol=0.4)
    np.testing.assert_allclose(levels - levels.mean(axis=0), 0, atol=0.15)


def test_energy_is_the_same_for_any_order_among_furniture_and_doors():
    materials = [material(0.15, 0.3), material(0.4, 0.6)]
    boxes = [[[0.2, 0, 0.2], [2.2, 0.5, 0.6]], [[3.9, 0, 3.0], [4.4, 2.0, 3.6]]]
    door = Patch(1, np.array([1.0, 0.0]), np.array([1.9, 2.0]), 0, "door")
    extra = {"boxes": boxes, "box_materials": np.array([1, 1]), "patches": (door,)}
    energies = [reverberant(SIZE, materials, order, **extra) for order in (1, 3, 6)]
    levels = 10 * np.log10(energies)
    np.testing.assert_allclose(levels - levels.mean(axis=0), 0, atol=0.15)


@pytest.mark.parametrize("absorption", [0.1, 0.3])
def test_decay_is_eyrings_in_every_band_however_it_scatters(absorption):
    materials = [material(absorption, np.linspace(0.2, 0.8, 7))]
    energy = np.zeros((7, 1500))
    for seed in range(8):
        rng = np.random.default_rng(seed)
        listeners = scattered(rng, SIZE, 6, source=SOURCE)
        found = traced(rectangle(SIZE), materials, SOURCE, listeners, seed=seed).energy.sum(axis=0)
        energy[:, : found.shape[-1]] += found
    theory = eyring_time(VOLUME, [area(SIZE)], [absorption])
    np.testing.assert_allclose([decay_time(band) for band in energy], theory, rtol=0.1)


def test_open_door_shortens_the_decay_as_its_area_does():
    materials, listeners = [material(0.1, 0.6)], scattered(np.random.default_rng(5), SIZE, 12)
    doors = tuple(
        Patch(wall, np.array([1.0, 0.0]), np.array([2.5, 2.1]), 0, "door") for wall in (0, 2)
    )
    opening = 2 * 1.5 * 2.1
    for patches, absorbing in (((), 0.0), (doors, opening)):
        found = traced(rectangle(SIZE, patches=patches), materials, listeners=listeners)
        areas = [area(SIZE) - absorbing, absorbing]
        theory = eyring_time(VOLUME, areas, [0.1, 1.0])
        np.testing.assert_allclose(decay_time(found.energy.mean(axis=(0, 1))), theory, rtol=0.1)


def test_listener_in_a_corner_hears_no_less():
    # A sphere that walls cut has less volume, not less energy density.
    corner = [(0.25, 0.25, 0.25), (4.75, 0.25, 3.95), (4.75, 2.55, 0.25), (0.25, 2.55, 3.95)]
    middle = [(2.5, 1.4, 2.1), (2.2, 1.2, 1.8), (2.8, 1.6, 2.4), (3.0, 1.0, 2.6)]
    found = traced(
        rectangle(SIZE), [material(0.05, 0.8)], listeners=corner + middle, image_order=0, rays=3000
    )
    late = found.energy[..., 100:].sum(axis=(1, 2))
    np.testing.assert_allclose(late[:4].mean() / late[4:].mean(), 0.95, atol=0.08)


def test_sound_turns_the_corner_of_an_l():
    found = traced(prism(L_SHAPE, 2.6), [material()], np.array([1.0, 1.4, 4.5]), [(5.5, 1.6, 2.0)])
    assert np.all(found.energy.sum(axis=-1) > 0.1)


def test_scattering_is_not_heard_through_the_corner_of_an_l():
    # The one wall that echoes, z = 5, lies at the end of the arm.
    surfaces = np.array([1, 1, 1, 1, 0, 1, 1, 1])
    room, materials = prism(L_SHAPE, 2.6, surfaces=surfaces), [material(0.0, 1.0), DEAD]
    around, ahead = [(5.5, 1.6, 2.0), (2.5, 1.6, 2.0)]
    found = traced(room, materials, np.array([1.0, 1.4, 3.5]), [around, ahead], rays=500)
    assert not found.energy[0].any()
    assert found.energy[1].sum() > 0.1


# --------------------------------------------------------------------------- laws


def test_nothing_arrives_before_the_straight_way():
    # Bins count from it; rays that shine past the back of a sphere may not be early either.
    found = traced(rectangle(SIZE), [material(0.1, 0.5)], image_order=0)
    first_reflection = np.linalg.norm(SOURCE * (1, -1, 1) - LISTENER)
    bins = int((first_reflection - found.starts[0] - 0.5) / BIN_M)
    assert bins > 0
    assert not found.energy[0, :, :bins].any()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_same_seed_gives_the_same_bytes(seed):
    room = rectangle(SIZE, boxes=[[[2.0, 0.0, 3.2], [3.5, 0.8, 4.0]]])
    runs = [
        traced(room, [material(0.3, np.linspace(0, 1, 7))], seed=s, rays=60).energy.tobytes()
        for s in (seed, seed, seed + 1)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_listeners_do_not_disturb_one_another():
    others = [LISTENER, (1.0, 1.0, 3.0), (4.0, 2.0, 1.0)]
    room = rectangle(SIZE)
    alone = traced(room, [material()], rays=200)
    among = traced(room, [material()], rays=200, listeners=others)
    n_bins = alone.energy.shape[-1]
    np.testing.assert_array_equal(among.energy[0, :, :n_bins], alone.energy[0])


def test_points_are_free_in_the_room_and_out_of_its_boxes():
    room = prism(L_SHAPE, 2.6, boxes=[[[1.0, 0.0, 1.0], [2.0, 1.0, 2.0]]])
    enclosure = enclose(room, [material()])
    rng = np.random.default_rng(0)
    points = rng.uniform([-0.5, -0.5, -0.5], [6.5, 3.0, 5.5], (500, 3))
    inside = (room.clearance(points[:, [0, 2]]) > 0) & (points[:, 1] > 0) & (points[:, 1] < 2.6)
    boxed = np.all((points > room.boxes[0, 0]) & (points < room.boxes[0, 1]), axis=1)
    found = [is_free(enclosure.planes, enclosure.boxes, point) for point in points]
    np.testing.assert_array_equal(found, inside & ~boxed)


# --------------------------------------------------------------------------- the late field


def uneven_room():
    """Hard walls, a soft floor, a window, furniture, an open door: little mixing, few late rays."""
    materials = [
        material(np.linspace(0.05, 0.1, 7), np.linspace(0.05, 0.3, 7)),
        material(np.linspace(0.1, 0.5, 7), np.linspace(0.1, 0.6, 7)),
    ]
    door = Patch(0, np.array([1.0, 0.0]), np.array([1.9, 2.0]), 0, "door")
    boxes = [[[0.3, 0, 3.2], [2.4, 0.8, 4.0]], [[4.2, 0, 0.2], [4.8, 2.0, 1.2]]]
    surfaces = np.array([0, 0, 0, 0, 1, 0])
    room = rectangle(
        SIZE, surfaces=surfaces, boxes=boxes, box_materials=np.array([1, 1]), patches=(door,)
    )
    return room, materials


def test_few_rays_tell_the_end_of_the_decay():
    room, materials = uneven_room()

    def remaining_db(rays, seed):
        energy = traced(room, materials, rays=rays, seed=seed).energy[0]
        return 10 * np.log10(np.cumsum(energy[:, ::-1], axis=-1)[:, ::-1] / energy.sum(-1)[:, None])

    wanted = remaining_db(60000, 1)
    place = np.argmax(wanted < -30, axis=-1)
    bands = np.arange(7)
    apart = [remaining_db(2000, seed)[bands, place] - wanted[bands, place] for seed in range(2, 8)]
    assert np.sqrt(np.mean(np.square(apart))) < 2.0


def test_late_field_meets_what_listeners_received():
    """Without a step where it takes over, in the mean over listeners."""
    room, materials = uneven_room()
    listeners = scattered(np.random.default_rng(2), SIZE, 16, source=SOURCE)
    energy = traced(room, materials, listeners=listeners, rays=20000).energy.mean(axis=(0, 1))
    decay = np.polyfit(np.arange(15, 110), np.log(energy[15:110]), 2)
    level = 10 * np.log10(energy[15:110]) - 10 / np.log(10) * np.polyval(decay, np.arange(15, 110))
    steps = np.convolve(level, np.r_[np.ones(8), -np.ones(8)] / 8, mode="valid")
    assert np.abs(steps).max() < 0.8
