"""Panoramas with ambisonics, as a user renders them: the same clips, picture and sound as one."""

import shutil

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from scipy.signal import fftconvolve

from simbinaural.ambisonics import rotation
from simbinaural.audio import from_db
from simbinaural.cli import main
from simbinaural.dataset.clip import fitting_gain_db
from simbinaural.geometry import Pose, conjugate
from simbinaural.shards import clip_faults, open_dataset
from simbinaural.video import decode_png

RATE = 16000
CLIPS = ["--scenes", "procedural:3", "--videos", 2, "--duration", 6, "--shard-clips", 1]
FILM = ["--width", 192, "--height", 96, "--fps", 1]


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def render(folder, *arguments):
    result = run("render", *CLIPS, *FILM, *arguments, "--out", folder)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def around(tmp_path_factory):
    """Two panoramas with ambisonics."""
    arguments = "--camera", "equirect", "--audio", "binaural,foa"
    return render(tmp_path_factory.mktemp("data") / "around", *arguments)


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    """The same clips as normal views, with ambisonics."""
    return render(tmp_path_factory.mktemp("data") / "views", "--audio", "binaural,foa")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The same clips as they are by default."""
    return render(tmp_path_factory.mktemp("data") / "plain")


def pairs(first, second):
    with open_dataset(first) as one, open_dataset(second) as other:
        yield from zip(one, other, strict=True)


def middle_pose(clip, index):
    """Pose in the middle of a BRIR's interval: drifts are even."""
    start, end = clip["rir_times"][index : index + 2]
    inside = (clip["frame_times"] >= start) & (clip["frame_times"] < end)
    times, camera = clip["frame_times"][inside], clip["camera"][inside]
    slope = (camera[-1] - camera[0]) / max(times[-1] - times[0], 1e-9)
    pose = camera[0] + slope * ((start + end) / 2 - times[0])
    return Pose(pose[:3], pose[3:] / np.linalg.norm(pose[3:]))


def test_panoramas_film_the_same_clips(around, plain):
    for panorama, view in pairs(around, plain):
        for name in ("camera", "source_position", "source_direction", "dry", "rir", "rt60_s"):
            np.testing.assert_array_equal(panorama[name], view[name])
        quieter = from_db(panorama.attributes["gain_db"] - view.attributes["gain_db"])
        assert quieter <= 1
        np.testing.assert_allclose(panorama["audio"], quieter * view["audio"], atol=1e-6)
        assert "ambisonics" not in view


def test_labels_hold_in_panoramas(around):
    with open_dataset(around) as clips:
        for clip in clips:
            assert clip_faults(clip) == []
            facts = clip.attributes
            assert (facts["width"], facts["height"], facts["fov_deg"]) == (192, 96, 360)
            azimuth, elevation, _ = np.moveaxis(clip["source_direction"][:, 0], -1, 0)
            spot = np.stack([(180 - azimuth) / 360 * 192, (90 - elevation) / 180 * 96], axis=-1)
            np.testing.assert_allclose(clip["source_pixel"][:, 0], spot, atol=0.01)
            for k, (x, y) in enumerate(spot):
                rows, columns = np.nonzero(decode_png(clip.image("source_mask", k)))
                assert columns.min() - 1 < x < columns.max() + 2
                assert rows.min() - 1 < y < rows.max() + 2


def test_clean_data_sets_have_no_faults(around, views):
    for folder in (around, views):
        result = run("verify", folder)
        assert result.output.splitlines()[-1] == f"{folder}: 2 clips, 0 faults"


def test_ambisonics_is_the_moving_convolution(around):
    """By the gain of the ears, until the first response hands over."""
    with open_dataset(around) as clips:
        for clip in clips:
            rir, n = clip["ambisonic_rir"][0, 0], int(4.5 * RATE)
            assert clip["ambisonics"].shape == (4, 6 * RATE)
            assert np.abs(clip["ambisonics"]).max() <= 1
            dry = clip["dry"][0, :n].astype(float)
            wanted = fftconvolve(dry[None], rir.astype(float), axes=-1)[:, :n]
            wanted *= from_db(clip.attributes["gain_db"])
            np.testing.assert_allclose(clip["ambisonics"][:, :n], wanted, atol=1e-5)


def test_one_gain_fits_ears_and_ambisonics():
    ears = np.full((2, 100), 0.1)
    assert fitting_gain_db(ears) == pytest.approx(-6)
    assert fitting_gain_db(ears, np.full((4, 100), 0.5)) == pytest.approx(-6)
    assert fitting_gain_db(ears, np.full((4, 100), 10.0)) == pytest.approx(-21)
    assert fitting_gain_db(0 * ears, np.zeros((4, 100))) == 0


def test_axes_are_the_pictures_in_panoramas_and_the_worlds_in_views(around, views):
    for panorama, view in pairs(around, views):
        for k in range(len(view["rir"])):
            own, world = (clip["ambisonic_rir"][k, 0].astype(float) for clip in (panorama, view))
            turn = own @ world.T @ np.linalg.inv(world @ world.T)
            wanted = rotation(conjugate(middle_pose(view, k).orientation))
            np.testing.assert_allclose(turn, wanted, atol=0.02)


# --------------------------------------------------------------------------- verify finds faults


def spoil(change, *names):
    """Change arrays of a clip."""

    def apply(folder):
        with h5py.File(folder / "shards/00001.h5", "r+") as file:
            for name in names:
                array = file["000001"][name]
                array[...] = change(array[()])

    return apply


def weigh(*factors):
    """Factors of W, Y, Z, X."""
    return lambda array: array * np.array(factors, np.float32)[:, None]


def swap(array):
    """Left for front."""
    return array[..., [0, 3, 2, 1], :]


def forget(folder):
    with h5py.File(folder / "shards/00001.h5", "r+") as file:
        del file["000001/ambisonic_rir"]


BOTH = "ambisonic_rir", "ambisonics"


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (spoil(lambda a: a + 2e-5, "ambisonics"), "ambisonics differs from the moving convolution"),
        (spoil(swap, "ambisonics"), "ambisonics differs from the moving convolution"),
        (spoil(lambda a: a + np.nan, "ambisonics"), "ambisonics must stay within -1 and 1"),
        (spoil(swap, *BOTH), "deg off the source"),
        (spoil(weigh(1, -1, -1, -1), *BOTH), "deg off the source"),
        (spoil(weigh(0.5, 1, 1, 1), *BOTH), "of W's energy, expected about 1 (SN3D)"),
        (spoil(weigh(*[0.01] * 4), *BOTH), "dB of 1 / distance"),
        (forget, "ambisonic_rir is missing"),
    ],
)
def test_verify_finds(around, tmp_path, damage, fault):
    shutil.copytree(around, tmp_path / "around")
    damage(tmp_path / "around")
    result = run("verify", tmp_path / "around")
    assert result.exit_code == 1
    assert fault in result.output
    assert "00001.h5" in result.output
