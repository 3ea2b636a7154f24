"""The engine `mesh`: as `rooms` where both can do, and what a mesh has besides: doors, holes."""

import numpy as np
import pytest
from bumpy_scans import joined, shaken, sheet, two_rooms
from scanned_rooms import box_mesh, scan_of
from scipy.signal import butter, sosfiltfilt
from shoebox import area, heads, home, material, rectangle, scattered

from simbinaural.acoustics import mesh, rooms
from simbinaural.acoustics.bands import air_absorption
from simbinaural.acoustics.directivity import Directivity
from simbinaural.acoustics.mesh_edges import direct_paths
from simbinaural.acoustics.mesh_images import collect_chains, find_paths
from simbinaural.acoustics.mesh_scene import prepare
from simbinaural.acoustics.mesh_tracer import trace
from simbinaural.acoustics.planes import enclose
from simbinaural.acoustics.screens import screen_gains, transmission
from simbinaural.errors import InputError
from simbinaural.geometry import SPEED_OF_SOUND, Pose, orientation_towards
from simbinaural.hrtf import load_hrtf
from simbinaural.metrics import eyring_time, reverberation_time
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ

RATE = 16000
SIZE = (5.0, 2.8, 4.2)
VOLUME = 5.0 * 2.8 * 4.2
SOURCE = np.array([1.1, 1.3, 0.9])
LISTENER = np.array([3.4, 1.6, 2.4])
DEAD = material(1.0, 0.0)
BOXES = {
    "two triangles a side": box_mesh(SIZE),
    "subdivided": box_mesh(SIZE, steps=20),
    "noisy": shaken(box_mesh(SIZE, steps=20), 0.01),
}
each_box = pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)


@pytest.fixture(scope="module")
def kemar():
    return load_hrtf()


def box_scene(box, absorption=0.2, scattering=0.3):
    return scan_of(box, materials=[material(absorption, scattering)])


def room_scene(absorption=0.2, scattering=0.3):
    return home(rectangle(SIZE), materials=[material(absorption, scattering)])


def traced(scene, source=SOURCE, listeners=(LISTENER,), *, order=3, seed=0, **options):
    """Echogram and leak from a seed."""
    prepared, listeners = prepare(scene), np.array(listeners, dtype=float)
    chains = collect_chains(prepared, source, order)
    rng = np.random.default_rng(seed)
    return trace(prepared, chains, source, listeners, rng=rng, **options)


def paths_in(scene, source=SOURCE, listeners=(LISTENER,), *, order=3, **options):
    prepared = prepare(scene)
    chains = collect_chains(prepared, source, order)
    return find_paths(prepared, chains, source, np.array(listeners, dtype=float), **options)


def at_poses(engine, scene, hrtf, *, runs=2, each=8, image_order=3):
    """What arrives at many poses; the same poses at each call."""
    found = []
    for run in range(runs):
        rng = np.random.default_rng(run)
        source = rng.uniform(0.7, np.array(SIZE) - 0.7)
        poses = heads(scattered(rng, SIZE, each, source=source), rng.uniform(0, 360, each))
        rng = np.random.default_rng(100 + run)
        found += engine.find_arrivals(
            scene, source, poses, hrtf=hrtf, rng=rng, image_order=image_order
        )
    return found


def energies(arrivals):
    """Mean energy (2, 7) of paths and of echograms."""
    parts = [(np.sum(a.gains**2, axis=1), a.energy.sum(axis=1)) for a in arrivals]
    return np.mean(parts, axis=0)


def decay_times(arrivals, hrtf):
    """Reverberation time (6,) of the mean decay in each octave from 125 Hz to 4 kHz."""
    n_taps = max(a.n_taps for a in arrivals)
    total = np.zeros((6, n_taps))
    for one in arrivals:
        rir = mesh.binaural_rirs([one], hrtf)[0]
        for band, center in enumerate(OCTAVE_BANDS_HZ[:6]):
            edges = [center / np.sqrt(2), center * np.sqrt(2)]
            sos = butter(3, edges, "bandpass", fs=RATE, output="sos")
            total[band, : rir.shape[1]] += np.sum(sosfiltfilt(sos, rir, axis=-1) ** 2, axis=0)
    return np.array([reverberation_time(np.sqrt(energy), RATE) for energy in total])


# --------------------------------------------------------------------------- as in `rooms`


@each_box
def test_direct_sound_and_reflections_stand_where_those_of_rooms_do(kemar, box):
    # Half a sample is 11 mm; noise of 10 mm in the corners moves fitted planes by less.
    poses = heads(scattered(np.random.default_rng(3), SIZE, 8, source=SOURCE))
    noisy = box is BOXES["noisy"]
    atol = 0.01 if noisy else 2e-5
    for order in (1, 3):
        made = [
            engine.find_arrivals(
                scene, SOURCE, poses, hrtf=kemar, rng=np.random.default_rng(0), image_order=order
            )
            for engine, scene in ((mesh, box_scene(box)), (rooms, room_scene()))
        ]
        for found, wanted in zip(*made, strict=True):
            np.testing.assert_allclose(found.vectors[0], wanted.vectors[0], atol=1e-6)
            np.testing.assert_allclose(found.gains[:, 0], wanted.gains[:, 0], rtol=1e-6)
            gaps = np.linalg.norm(found.vectors[:, None] - wanted.vectors, axis=-1)
            first = np.argsort(np.linalg.norm(wanted.vectors, axis=1))[:7] if noisy else slice(None)
            nearest = np.argmin(gaps[:, first], axis=0)
            lengths = np.linalg.norm(found.vectors[nearest], axis=1)
            wanted_lengths = np.linalg.norm(wanted.vectors[first], axis=1)
            np.testing.assert_allclose(lengths, wanted_lengths, atol=atol)
            np.testing.assert_allclose(found.gains[:, nearest], wanted.gains[:, first], rtol=0.01)
            if not noisy:
                assert len(found.vectors) == len(wanted.vectors)


@each_box
def test_decay_and_level_are_those_of_rooms_and_eyrings(kemar, box):
    found, wanted = (
        at_poses(engine, scene, kemar)
        for engine, scene in ((mesh, box_scene(box)), (rooms, room_scene()))
    )
    assert len(found) >= 16
    measured, reference = decay_times(found, kemar), decay_times(wanted, kemar)
    np.testing.assert_allclose(measured, reference, rtol=0.07)
    theory = eyring_time(VOLUME, [area(SIZE)], [0.2], air=air_absorption())
    np.testing.assert_allclose(measured, theory[:6], rtol=0.15)
    levels = 10 * np.log10(energies(found) / energies(wanted))
    np.testing.assert_allclose(levels, 0, atol=0.3)


@pytest.mark.parametrize("scattering", [0.1, np.linspace(0.1, 0.7, 7)])
@each_box
def test_energy_is_the_same_whatever_the_image_order(kemar, box, scattering):
    means = [
        energies(at_poses(mesh, box_scene(box, 0.2, scattering), kemar, image_order=n)).sum(axis=0)
        for n in (0, 1, 4)
    ]
    # With order 0 the direct sound alone is a path, and spheres must catch all the rest.
    levels = 10 * np.log10(means)
    np.testing.assert_allclose(levels - levels.mean(axis=0), 0, atol=0.2)


def test_ears_hear_in_a_dead_room_what_they_hear_in_rooms(kemar):
    # One echoing wall, to the left of a head that looks along it.
    materials = [material(0.0, 0.0), DEAD]
    room = rectangle(SIZE, surfaces=np.array([1, 1, 1, 0, 1, 1]))
    scene = scan_of(box_mesh(SIZE, materials=(0, 1, 1, 1, 1, 1)), materials=materials)
    pose = Pose(LISTENER, orientation_towards(20, 5))
    made = [
        engine.brirs(place, SOURCE, [pose], hrtf=kemar, rng=np.random.default_rng(0))[0]
        for engine, place in ((mesh, scene), (rooms, home(room, materials=materials)))
    ]
    np.testing.assert_allclose(made[0], made[1], atol=1e-5)
    energy = np.sum(made[0] ** 2, axis=1)
    assert energy[0] > 1.5 * energy[1]  # source and mirror are to the left


def test_directivity_is_that_of_rooms():
    directivity = Directivity.forward((0.3, 0.1, 1.0))
    found = paths_in(box_scene(BOXES["subdivided"]), directivity=directivity)[0]
    wanted = rooms.find_paths(
        rectangle(SIZE),
        enclose(rectangle(SIZE), [material(0.2, 0.3)]),
        SOURCE,
        [LISTENER],
        directivity=directivity,
    )[0]
    orders = [np.lexsort(np.round(each.vectors, 3).T) for each in (found, wanted)]
    np.testing.assert_allclose(
        found.gains[:, orders[0]], wanted.gains[:, orders[1]], rtol=1e-3, atol=1e-6
    )


# --------------------------------------------------------------------------- planes


def test_a_noisy_box_has_six_planes():
    planes = prepare(box_scene(BOXES["noisy"])).planes
    assert len(planes.normals) == 6
    assert np.mean(planes.of_face >= 0) > 0.99
    np.testing.assert_allclose(np.abs(planes.normals).max(axis=1), 1, atol=1e-4)
    offsets = np.sort(planes.offsets * np.sign(planes.normals.sum(axis=1)))
    np.testing.assert_allclose(offsets, [0, 0, 0, 2.8, 4.2, 5.0], atol=0.005)


def test_two_sides_of_a_thin_wall_are_two_planes_whichever_way_their_faces_turn():
    parts = [sheet((0, 0, z), (3, 0, 0), (0, 2.5, 0), 0.1) for z in (0.0, 0.1)]
    wall = joined(parts, [0, 0])
    flipped = np.random.default_rng(0).random(len(wall.faces)) < 0.5
    wall.faces[flipped] = wall.faces[flipped, ::-1]
    planes = prepare(scan_of(wall)).planes
    offsets = np.sort(planes.offsets * np.sign(planes.normals[:, 2]))
    np.testing.assert_allclose(offsets, [0, 0.1], atol=1e-6)
    half = len(wall.faces) // 2
    assert planes.of_face[0] != planes.of_face[half]
    assert np.all(planes.of_face[:half] == planes.of_face[0])


def test_faces_sound_alike_from_both_sides():
    inward, outward = (paths_in(box_scene(box_mesh(SIZE, inward=i)))[0] for i in (True, False))
    np.testing.assert_allclose(outward.vectors, inward.vectors, atol=1e-6)


def test_tilted_planes_and_balls():
    # A plane in a general direction, and a ball of which no part is a plane.
    normal = np.array([0.48, 0.6, 0.64])
    first = np.cross(normal, (0, 1, 0))
    first /= np.linalg.norm(first)
    slope = sheet(0.3 * normal, 2 * first, 2 * np.cross(first, normal), 0.05)
    vertices, faces = sheet((0, 0.05, 0), (2 * np.pi, 0, 0), (0, 3.04, 0), 0.1)
    turn, tilt = vertices[:, 0], vertices[:, 1]
    level = np.sin(tilt)
    ball = np.stack([np.cos(turn) * level, np.cos(tilt), np.sin(turn) * level], axis=1)
    planes = prepare(scan_of(joined([slope, (0.4 * ball - 3, faces)], [0, 0]))).planes
    assert len(planes.normals) == 1
    np.testing.assert_allclose(abs(planes.normals[0] @ normal), 1, atol=1e-6)
    np.testing.assert_allclose(abs(planes.offsets[0]), 0.3, atol=1e-6)


# --------------------------------------------------------------------------- the two parts


def test_mirror_floor_is_an_image_source_or_is_traced():
    scene = scan_of(
        box_mesh(SIZE, steps=4, materials=(1, 1, 0, 1, 1, 1)), materials=[material(0.3, 0.0), DEAD]
    )
    distance = np.linalg.norm(SOURCE * (1, -1, 1) - LISTENER)
    rays, _ = traced(scene, order=0, rays=40000)
    np.testing.assert_allclose(rays.energy[0].sum(axis=-1), 0.7 / distance**2, rtol=0.06)
    assert not traced(scene, order=1)[0].energy.any()
    found = paths_in(scene, order=1)[0]
    np.testing.assert_allclose(found.gains[:, 1], np.sqrt(0.7) / distance, rtol=1e-6)


def test_what_is_too_small_for_a_plane_is_traced():
    # A mirror of 0.2 m2 where the floor's mirror point is; the rest is dead.
    middle = SOURCE + (LISTENER - SOURCE) * 1.3 / 2.9
    low = middle - 0.22
    parts = [sheet((low[0], 0.1, low[2]), (0.44, 0, 0), (0, 0, 0.44), 1.0)]
    scene = scan_of(joined(parts, [0]), materials=[material(0.0, 0.0)])
    assert len(paths_in(scene)[0].vectors) == 1
    energy = traced(scene, rays=50000, max_length_s=0.1)[0].energy[0].sum(axis=-1)
    image = SOURCE * (1, -1, 1) + (0, 0.2, 0)
    np.testing.assert_allclose(energy, 1 / np.linalg.norm(image - LISTENER) ** 2, rtol=0.2)


def test_scattering_floor_shines_by_lamberts_law():
    scene = scan_of(
        box_mesh(SIZE, steps=3, materials=(1, 1, 0, 1, 1, 1)), materials=[material(0.3, 1.0), DEAD]
    )
    step = 0.02
    x, z = np.meshgrid(*(np.arange(step / 2, SIZE[k], step) for k in (0, 2)), indexing="ij")
    squared = [(x - p[0]) ** 2 + p[1] ** 2 + (z - p[2]) ** 2 for p in (SOURCE, LISTENER)]
    cosines = [p[1] / np.sqrt(s) for p, s in zip((SOURCE, LISTENER), squared, strict=True)]
    shares = 0.7 * cosines[0] * cosines[1] / (np.pi * squared[0] * squared[1]) * step**2
    energy = traced(scene, rays=40000)[0].energy[0].sum(axis=-1)
    np.testing.assert_allclose(energy, shares.sum(), rtol=0.01)


# --------------------------------------------------------------------------- walls and doors


def coupled(absorptions=(0.1, 0.25)):
    return scan_of(two_rooms(), materials=[material(a, 0.3) for a in absorptions])


def test_level_behind_a_door_is_that_of_coupled_rooms():
    """Kuttruff, Room Acoustics, section 5.6: w2 / w1 = S12 / (A2 + S12)."""
    listeners = [(3.5, 1.5, 3.0), (2.0, 1.4, 3.4), (6.3, 1.5, 3.7), (7.5, 1.5, 0.8), (8.4, 1.6, 3)]
    total = np.zeros(5)
    for seed, source in enumerate([SOURCE, np.array([1.0, 1.4, 3.5])]):
        found, leak = traced(coupled(), source, listeners, seed=seed, order=0)
        total += found.energy[:, 3].sum(axis=-1)
        assert leak < 1e-3
    surface = area((4.0, 2.8, 4.2)) - 1.8
    absorbing = -np.log(1 - 0.25) * surface
    theory = 1.8 / (absorbing + 1.8)
    measured = total[2:].mean() / total[:2].mean()
    np.testing.assert_allclose(10 * np.log10(measured / theory), 0, atol=2.0)


def test_few_rays_tell_each_rooms_own_decay():
    # The far room is dead: it dies with the other, 10 dB below; the same from eight times the rays.
    listeners = [(3.5, 1.5, 3.0), (6.0, 1.5, 3.6), (7.5, 1.5, 0.8)]
    edges = [0.06, 0.12, 0.2, 0.3, 0.4]

    def levels(rays, seed):
        energy = traced(coupled(), SOURCE, listeners, rays=rays, seed=seed)[0].energy[:, 3]
        bins = (np.array(edges) / 0.002).astype(int)
        return 10 * np.log10(np.add.reduceat(energy, bins, axis=1)[:, :-1])

    wanted = levels(16000, 1)
    assert np.all(wanted[1:] < wanted[0] - 6)
    apart = np.array([levels(2000, seed) for seed in range(2, 6)]) - wanted
    assert np.sqrt(np.mean(apart**2)) < 0.8
    np.testing.assert_allclose(apart.mean(axis=0), 0, atol=0.8)


def test_nothing_is_heard_through_a_wall(kemar):
    # Two closed rooms, a wall without thickness between; a head with its sphere across it.
    x, y, z = np.diag((5.0, 2.8, 4.2))
    wall = sheet(0.5 * x, z, y, 9.0)
    outer = box_mesh(SIZE)
    both = joined([(outer.vertices, outer.faces), wall], [0, 0])
    scene = scan_of(both, materials=[material(0.1, 0.3)])
    here, there = (2.7, 1.5, 2.0), (2.0, 1.5, 2.9)
    found, _ = traced(scene, SOURCE, [here, there])
    assert not found.energy[0].any()
    assert found.energy[1].sum() > 1
    silent, loud = paths_in(scene, listeners=[here, there])
    assert len(silent.vectors) == 0
    assert len(loud.vectors) > 20
    poses = heads([here])
    rir = mesh.brirs(scene, SOURCE, poses, hrtf=kemar, rng=np.random.default_rng(0))
    assert not rir.any()


def test_sound_comes_from_the_door():
    # Hidden by 0.6 m of wall beside the doorway.
    source, listener = np.array([4.0, 1.2, 1.9]), np.array([6.0, 1.2, 0.6])
    caster = prepare(coupled()).caster
    direct = direct_paths(caster, source, listener[None])[0]
    edge = listener + direct.vector * (5.1 - 6.0) / direct.vector[0]
    np.testing.assert_allclose(edge[[1, 2]], [1.2, 1.5], atol=0.12)
    straight = np.linalg.norm(source - listener)
    assert straight < np.linalg.norm(direct.vector) < straight + 0.2
    assert np.all(np.diff(direct.energy) < 0)  # the higher, the less


def test_screen_dulls_by_maekawas_curve():
    screen = joined([sheet((-20, -20, 0), (40, 0, 0), (0, 20, 0), 50.0)], [0])
    caster = prepare(scan_of(screen)).caster
    source, listener = np.array([0.0, -0.4, -1.5]), np.array([0.3, -0.3, 2.0])
    direct = direct_paths(caster, source, listener[None])[0]
    # The shortest way over the edge y = 0, z = 0.
    heights = [np.hypot(p[1], p[2]) for p in (source, listener)]
    way = np.hypot(sum(heights), 0.3)
    detour = way - np.linalg.norm(source - listener)
    np.testing.assert_allclose(np.linalg.norm(direct.vector), way, atol=0.02)
    wanted = 10 * np.log10(transmission(np.array([detour])).sum(axis=0))
    np.testing.assert_allclose(10 * np.log10(direct.energy), wanted, atol=1.0)


def test_box_dulls_as_it_does_in_rooms():
    lower, upper = np.array([2.0, 0.0, 1.2]), np.array([2.6, 1.9, 2.2])
    box = box_mesh(upper - lower, lower, inward=False)
    outer = box_mesh(SIZE)
    both = joined([(m.vertices, m.faces) for m in (outer, box)], [0, 0])
    caster = prepare(scan_of(both, materials=[material()])).caster
    room = rectangle(SIZE, boxes=[[lower, upper]])
    wanted = screen_gains(enclose(room, [material()]), SOURCE, LISTENER) ** 2
    direct = direct_paths(caster, SOURCE, LISTENER[None])[0]
    np.testing.assert_allclose(10 * np.log10(direct.energy / wanted), 0, atol=3.0)


# --------------------------------------------------------------------------- leaks


def test_the_leak_is_the_holes_share_of_the_sphere(kemar):
    """All is dead: what leaves is what the source shines through the missing ceiling."""
    box = box_mesh(SIZE, materials=range(6))
    box.faces[box.material == 3] = 0  # without area
    scene = scan_of(box, materials=[DEAD] * 6, name="roofless")
    height, corners = 2.8 - SOURCE[1], []
    for x in (-SOURCE[0], 5.0 - SOURCE[0]):
        for z in (-SOURCE[2], 4.2 - SOURCE[2]):
            corners.append(np.arctan2(x * z, height * np.sqrt(x * x + z * z + height**2)))
    share = (corners[3] - corners[2] - corners[1] + corners[0]) / (4 * np.pi)
    assert mesh.leak_warning(scene) is None
    poses = heads([LISTENER])
    mesh.find_arrivals(scene, SOURCE, poses, hrtf=kemar, rng=np.random.default_rng(0))
    np.testing.assert_allclose(mesh.leak_share(scene), share, atol=0.005)
    assert f"roofless: the mesh leaks, {100 * share:.0f} % of" in mesh.leak_warning(scene)


@each_box
def test_closed_boxes_do_not_leak(box):
    assert traced(box_scene(box, 0.05))[1] < 1e-4


# --------------------------------------------------------------------------- laws


def test_same_generator_state_gives_the_same_bytes(kemar):
    def render(seed):
        rng = np.random.default_rng(seed)
        scene = box_scene(BOXES["noisy"], 0.4, np.linspace(0, 1, 7))
        poses = heads([(3.7, 1.6, 2.8), (2.0, 1.5, 3.0)])
        return mesh.brirs(scene, SOURCE, poses, hrtf=kemar, rng=rng, rays=200).tobytes()

    assert render(3) == render(3) != render(4)


def test_listeners_do_not_disturb_one_another():
    others = [LISTENER, (1.0, 1.0, 3.0), (4.0, 2.0, 1.0)]
    scene = box_scene(BOXES["subdivided"])
    alone, among = traced(scene)[0], traced(scene, listeners=others)[0]
    n_bins = alone.energy.shape[-1]
    np.testing.assert_allclose(among.energy[0, :, :n_bins], alone.energy[0], rtol=1e-9)


def test_nothing_comes_before_the_direct_sound(kemar):
    pose = Pose(LISTENER, orientation_towards(0))
    scene = box_scene(BOXES["subdivided"], 0.1, 0.9)
    rir = mesh.brirs(scene, SOURCE, [pose], hrtf=kemar, rng=np.random.default_rng(0))[0]
    begin = np.linalg.norm(SOURCE - LISTENER) / SPEED_OF_SOUND - 0.0013
    assert np.abs(rir[:, : int(begin * RATE)]).max() < 1e-3 * np.abs(rir).max()


def test_a_scene_is_prepared_once_for_its_materials():
    scene, other = box_scene(BOXES["noisy"]), box_scene(BOXES["noisy"], 0.5)
    assert prepare(scene) is prepare(scene)
    assert prepare(scene) is not prepare(other)


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"poses": []}, "poses must be one at least, got none"),
        ({"image_order": -1}, "image_order must be at least 0, got -1"),
        ({"rays": 0}, "rays must be at least 1, got 0"),
        ({"max_length_s": 0}, r"max_length_s must be in \(0, 8\], got 0"),
        ({"source": (3.7, 1.6, 2.81)}, "source must be 0.05 m away from every head, got 0.01 m"),
        ({"source": (3.7, 1.6)}, r"source must have shape \(3\), got \(2,\)"),
        ({"scene": home()}, "bare: scene must have triangles, got none"),
    ],
)
def test_bad_input(kemar, options, message):
    options = {"scene": box_scene(BOXES["noisy"]), "source": SOURCE, **options}
    options = {"poses": heads([(3.7, 1.6, 2.8)]), **options}
    with pytest.raises(InputError, match=message):
        mesh.find_arrivals(hrtf=kemar, rng=np.random.default_rng(0), **options)
