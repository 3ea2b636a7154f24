"""Clips as video files: channels that stay themselves, boxes that say what they are."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from ffmpeg import ffmpeg
from preview_clips import recorded_clip, write_dataset

from simbinaural.ambisonics import encode
from simbinaural.cli import main
from simbinaural.dataset.export import export_clip
from simbinaural.errors import InputError
from simbinaural.shards import ClipData
from simbinaural.video import encode_jpeg, read_frames, read_sound, video_info

RATE, FPS, SIZE = 16000, 5, (64, 128)
AZIMUTH_DEG, ELEVATION_DEG = 70.0, 20.0
CLICK = 9600  # the moment of frame 3


def panorama():
    """A second of 360-degree video: noise from one direction, a flash and a click."""
    rng = np.random.default_rng(0)
    noise = 0.02 * rng.standard_normal(RATE)
    noise[CLICK : CLICK + 8] += 0.8
    ambisonics = encode(noise, AZIMUTH_DEG, ELEVATION_DEG).astype(np.float32)
    arrays = {
        "audio": (0.1 * rng.standard_normal((2, RATE))).astype(np.float32),
        "ambisonics": ambisonics,
        "frames": [encode_jpeg(np.full((*SIZE, 3), 230 * (k == 3), np.uint8)) for k in range(5)],
        "frame_times": np.arange(5) / FPS,
    }
    attributes = {"sample_rate": RATE, "fps": float(FPS), "height": SIZE[0], "width": SIZE[1]}
    attributes |= {"projection": "equirect", "fov_deg": 360.0, "origin": "recorded"}
    return ClipData(arrays, {**attributes, "gain_db": 0.0, "hrtf": "", "scene": "film.mp4"})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A panorama with ambisonics, one without, and a plain clip."""
    mute = panorama()
    del mute.arrays["ambisonics"]
    return write_dataset(tmp_path_factory.mktemp("sim"), [panorama(), mute, recorded_clip()])


def sound(path):
    return np.concatenate([samples for _, samples in read_sound(path)], axis=1)


@pytest.mark.parametrize(("codec", "tolerance"), [("aac", None), ("flac", 3.2e-5), ("pcm", 2e-7)])
def test_four_channels_stay_what_they_are(dataset, tmp_path, codec, tolerance):
    path = export_clip(dataset, "0", tmp_path / "a.mp4", spherical=True, codec=codec)
    found = sound(path)[:, : 3 * RATE].astype(float)
    info = video_info(path)
    assert (info.n_channels, info.sample_rate) == (4, 48000)
    covariance = found @ found.T
    gains = np.array(encode(np.ones(1), AZIMUTH_DEG, ELEVATION_DEG))[:, 0]
    np.testing.assert_allclose(covariance[0] / covariance[0, 0], gains, atol=0.02)
    if tolerance:
        np.testing.assert_allclose(found, gains[:, None] * found[0], atol=tolerance)


@pytest.mark.parametrize("codec", ["aac", "flac", "pcm"])
def test_flash_and_click_stay_together(dataset, tmp_path, codec):
    path = export_clip(dataset, "000000", tmp_path / "a.mp4", spherical=True, codec=codec)
    flash = next(time for time, rgb in read_frames(path) if rgb.mean() > 128)
    click = np.argmax(np.abs(sound(path)[0])) / 48000
    assert flash == pytest.approx(CLICK / RATE, abs=1e-3)
    assert click == pytest.approx(CLICK / RATE + 4 / RATE, abs=1e-3)


def test_boxes_tell_what_it_is(dataset, tmp_path):
    """SA3D read by hand from the specification's offsets; the panorama as FFmpeg understands it."""
    path = export_clip(dataset, "0", tmp_path / "a.mp4", spherical=True)
    content = path.read_bytes()
    box = content[content.index(b"SA3D") - 4 :]
    size, _, version, kind, order, ordering, norm, count = struct.unpack_from(">I4sBBIBBI", box)
    assert (size, version, kind, order, ordering, norm, count) == (36, 0, 0, 1, 0, 0, 4)
    assert struct.unpack_from(">4I", box, 20) == (0, 1, 2, 3)
    told = ffmpeg("-i", path, "-t", 0, "-f", "null", "-").stderr.decode()
    assert "equirectangular" in told
    assert "4.0" in told


def test_plain_export_has_the_ears(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = export_clip(dataset, "2")
    assert str(path) == "000002.mp4"
    assert video_info(path).n_channels == 2
    assert b"SA3D" not in path.read_bytes()
    np.testing.assert_allclose(
        [time for time, _ in read_frames(path)], [0, 0.21, 0.5, 0.8], atol=1e-3
    )


def test_the_same_clip_gives_the_same_bytes(dataset, tmp_path):
    first, again = (
        export_clip(dataset, "0", tmp_path / name, spherical=True).read_bytes() for name in "ab"
    )
    assert first == again


def test_what_is_no_panorama_with_ambisonics_is_refused(dataset, tmp_path):
    path = tmp_path / "a.mp4"
    with pytest.raises(InputError, match="clip 000002 must be a panorama, got perspective; .*equi"):
        export_clip(dataset, "2", path, spherical=True)
    with pytest.raises(InputError, match="clip 000001 must have ambisonics, got none; .*,foa"):
        export_clip(dataset, "1", path, spherical=True)
    with pytest.raises(InputError, match="has no clip 000007"):
        export_clip(dataset, "7", path, spherical=True)
    assert list(tmp_path.iterdir()) == []


def test_command(dataset, tmp_path):
    path = tmp_path / "clip.mp4"
    arguments = ["export", "--spherical", str(dataset), "0", "-o", str(path), "--codec", "pcm"]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.output.strip()) == (0, str(path))
    assert video_info(path).n_channels == 4
    arguments[3] = "1"
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1


def test_loud_sound_clips_instead_of_wrapping(tmp_path):
    loud = panorama()
    loud = replace(loud, arrays={**loud.arrays, "ambisonics": 3 * loud.arrays["ambisonics"]})
    folder = write_dataset(tmp_path / "loud", [loud])
    found = sound(export_clip(folder, "0", tmp_path / "a.mp4", spherical=True, codec="pcm"))
    click = 3 * (CLICK + 4)
    np.testing.assert_allclose(found[0, click - 3 : click + 3], 1, atol=1e-3)
