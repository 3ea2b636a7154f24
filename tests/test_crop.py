"""`ambi2binaural crop` as a user runs it: right views, right ears, no lost work."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from ffmpeg import ffmpeg
from scipy.signal import butter, correlate, oaconvolve, sosfilt
from shoebox import heads, home, material, rectangle

from ambi2binaural.cli import main
from ambi2binaural.cropping import clip_spans
from ambi2binaural.energy import AZIMUTHS_DEG
from ambi2binaural.heatmap import heat_layer, view_outline
from ambi2binaural.options import CropOptions
from ambi2binaural.reading import MediaReader
from ambi2binaural.yt_clean import find_sources, read_list
from simbinaural.acoustics.assembly import binaural_rirs
from simbinaural.acoustics.foa import ambisonic_rirs
from simbinaural.acoustics.rooms import find_arrivals
from simbinaural.ambisonics import convert, encode
from simbinaural.audio import convolve, from_db, write_audio
from simbinaural.errors import InputError
from simbinaural.geometry import Camera, direction_vectors, directions, pixels
from simbinaural.hrtf import load_hrtf
from simbinaural.metrics import direct_to_reverberant_ratio_db, interaural_level_difference_db
from simbinaural.shards import clip_faults, open_dataset, read_split
from simbinaural.spherical import write_spherical_boxes
from simbinaural.video import decode_jpeg, write_video

RATE = 48000
SIZE = (256, 128)
FPS = 10

COLORS = {"front": (200, 30, 30), "left": (30, 160, 30), "back": (30, 30, 200)}


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def panorama(number=0):
    """Front red, left green, back blue, right gray; a dot tells the frame."""
    width, height = SIZE
    picture = np.full((height, width, 3), 90, np.uint8)
    for name, middle in (("front", 0.5), ("left", 0.25), ("back", 0.0)):
        columns = np.arange(int((middle - 0.125) * width), int((middle + 0.125) * width))
        picture[:, columns % width] = COLORS[name]
    picture[:4, :4] = number % 256
    return picture


def noise(seconds, seed=0):
    return 0.1 * np.random.default_rng(seed).standard_normal(int(seconds * RATE))


def moving_source(stays):
    """AmbiX of noise that comes from each (azimuth, elevation) for some seconds."""
    parts = [encode(noise(s, k), az, el, 1) for k, (az, el, s) in enumerate(stays)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def write_spherical(path, ambisonics, *, fps=FPS, codec="pcm", boxes=True):
    n_frames = int(ambisonics.shape[1] / RATE * fps)
    write_video(path, (panorama(k) for k in range(n_frames)), fps, ambisonics, RATE, codec=codec)
    if boxes:
        write_spherical_boxes(path, n_channels=4, projection="equirect")
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Twelve and a half seconds: the front, then the left, then the back."""
    path = tmp_path_factory.mktemp("films") / "ring.mp4"
    stays = [(0, 0, 4), (90, 0, 5), (180, 0, 3.5)]
    return write_spherical(path, moving_source(stays))


@pytest.fixture(scope="module")
def cropped(film, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "ring"
    result = run("crop", film, "--out", folder, "--shard-clips", 1)
    assert result.exit_code == 0, result.output
    return folder


def shard_bytes(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "shards").glob("*.h5"))}


# --------------------------------------------------------------------------- views and ears


def test_clips_hold_what_the_contract_says(cropped):
    with open_dataset(cropped) as clips:
        assert clips.clip_ids == ("00000-0000", "00000-0001")
        lengths = [clip.duration_s for clip in clips]
        np.testing.assert_allclose(lengths, [10, 2.5])
        for clip in clips:
            assert clip_faults(clip) == []
            assert clip["energy_map"].shape[1:] == tuple(
                len(clip.axes("energy_map")[name]) for name in ("elevation_deg", "azimuth_deg")
            )
            assert clip.attributes["source_start_s"] == float(clip.id[-1]) * 10
            assert np.abs(clip["audio"]).max() <= 1


def test_views_follow_the_sound(cropped):
    with open_dataset(cropped) as clips:
        views = np.concatenate([clip["viewpoint"] for clip in clips])
        first = clips.clip("00000-0000")
        np.testing.assert_allclose(np.abs(views[:, 0]), [0] * 4 + [90] * 5 + [180] * 4)
        np.testing.assert_allclose(views[:, 1], 0)
        for second, color in ((1, "front"), (6, "left"), (9, "back")):
            frame = decode_jpeg(first.image("frames", 8 * second + 4))
            middle = frame[110:130, 230:250].reshape(-1, 3).mean(axis=0)
            np.testing.assert_allclose(middle, COLORS[color], atol=12)
        np.testing.assert_allclose(first["camera"][8 * 6, 3:], [np.sqrt(0.5), 0, np.sqrt(0.5), 0])


def test_the_head_looks_where_the_camera_does(cropped):
    """What is in the middle of each view is in the middle of the head."""
    with open_dataset(cropped) as clips:
        audio = clips.clip("00000-0000")["audio"]
        for second in (1, 6, 9):
            ears = audio[:, second * 16000 + 2000 : (second + 1) * 16000 - 2000]
            assert abs(interaural_level_difference_db(ears)) < 0.5


def test_whole_views_hear_the_front(film, tmp_path):
    assert run("crop", film, "--view", "full", "--out", tmp_path / "full").exit_code == 0
    with open_dataset(tmp_path / "full") as clips:
        clip = clips.clip("00000-0000")
        assert clip.attributes["projection"] == "equirect"
        assert decode_jpeg(clip.image("frames", 0)).shape == (224, 448, 3)
        np.testing.assert_array_equal(clip["camera"][:, 3:], [[1, 0, 0, 0]] * 80)
        left = clip["audio"][:, 5 * 16000 : 8 * 16000]
        assert interaural_level_difference_db(left) > 3


def test_steady_views_stay(tmp_path):
    film = write_spherical(tmp_path / "f.mp4", moving_source([(0, 0, 2), (20, 0, 2), (90, 0, 2)]))
    assert run("crop", film, "--steady-db", 1, "--out", tmp_path / "s").exit_code == 0
    with open_dataset(tmp_path / "s") as clips:
        views = clips.clip("00000-0000")["viewpoint"][:, 0]
    np.testing.assert_allclose(views, [0, 0, 0, 0, 90, 90])


def test_silent_seconds_keep_the_view_and_are_marked(tmp_path):
    sound = moving_source([(90, 0, 2), (0, 0, 2), (0, 0, 2)])
    sound[:, int(1.9 * RATE) : 4 * RATE] = 0
    film = write_spherical(tmp_path / "f.mp4", sound)
    assert run("crop", film, "--out", tmp_path / "s").exit_code == 0
    with open_dataset(tmp_path / "s") as clips:
        clip = clips.clip("00000-0000")
        np.testing.assert_allclose(clip["viewpoint"][:, 0], [90, 90, np.nan, np.nan, 0, 0])
        frame = decode_jpeg(clip.image("frames", 8 * 3))
        np.testing.assert_allclose(frame[120, 240], COLORS["left"], atol=12)


def test_all_layouts_of_one_recording_give_the_same(tmp_path):
    """AmbiX and FuMa, alone and beside head-locked stereo, in the video and beside it."""
    sound = moving_source([(35, 20, 3)])
    picture = write_spherical(tmp_path / "pcm.mp4", sound)
    fuma = convert(sound, "ambix", "fuma").astype(np.float32)
    n3d = convert(sound, "ambix", "n3d").astype(np.float32)
    quiet = np.zeros((2, sound.shape[1]), np.float32)
    sounds = {"ambix": sound, "fuma": fuma, "n3d": n3d, "locked": np.concatenate([sound, quiet])}
    found = {}
    for name, channels in sounds.items():
        write_audio(tmp_path / f"{name}.wav", channels, RATE)
        layout = ["--layout", name] if name in ("fuma", "n3d") else []
        folder = tmp_path / f"data-{name}"
        result = run("crop", picture, "--audio", tmp_path / f"{name}.wav", *layout, "--out", folder)
        assert result.exit_code == 0, result.output
        with open_dataset(folder) as clips:
            found[name] = clips.clip("00000-0000")["audio"]
    for name in ("fuma", "n3d", "locked"):
        np.testing.assert_allclose(found[name], found["ambix"], atol=1e-4)


def test_head_locked_stereo_is_mixed_in_unrotated(tmp_path):
    sound = np.zeros((6, 3 * RATE), np.float32)
    sound[:4] = moving_source([(90, 0, 3)])
    sound[4] = 0.2 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)
    picture = write_spherical(tmp_path / "p.mp4", sound[:4])
    write_audio(tmp_path / "six.wav", sound, RATE)
    ears = {}
    for what in ("mix", "drop"):
        arguments = ["--audio", tmp_path / "six.wav", "--head-locked", what]
        result = run("crop", picture, *arguments, "--out", tmp_path / what)
        assert result.exit_code == 0, result.output
        with open_dataset(tmp_path / what) as clips:
            clip = clips.clip("00000-0000")
            ears[what] = clip["audio"] / 10 ** (clip.attributes["gain_db"] / 20)
    added = ears["mix"] - ears["drop"]
    np.testing.assert_allclose(np.sqrt(np.mean(added**2, axis=1)), [0.2 / np.sqrt(2), 0], atol=2e-3)
    assert "left out" in result.output


# --------------------------------------------------------------------------- time


@pytest.mark.parametrize("name", ["late.mp4", "late.mov", "late.mkv"])
@pytest.mark.parametrize("offset_s", [0.0, 0.25, -0.25])
def test_flash_and_click_stay_together(tmp_path, name, offset_s):
    sound = np.zeros((4, 4 * RATE), np.float32)
    moment = int(2.05 * RATE)
    sound[0, moment : moment + 24] = 0.8
    sound[3, moment : moment + 24] = 0.8
    white = np.full((SIZE[1], SIZE[0], 3), 235, np.uint8)
    black = np.full((SIZE[1], SIZE[0], 3), 16, np.uint8)
    write_video(
        tmp_path / "f.mp4", (white if k == 41 else black for k in range(80)), 20, sound, RATE
    )
    raw = tmp_path / "raw.mp4"
    shutil.copy(tmp_path / "f.mp4", raw)
    # Both tracks are shifted against each other, and the click with its flash by the same.
    shifted = tmp_path / name
    tracks = ["-map", "1:v", "-map", "0:a", "-c", "copy"]
    ffmpeg("-itsoffset", offset_s, "-i", raw, "-i", raw, *tracks, shifted)
    result = run("crop", shifted, "--fps", 20, "--out", tmp_path / "data")
    assert result.exit_code == 0, result.output
    with open_dataset(tmp_path / "data") as clips:
        clip = clips.clip("00000-0000")
        n_frames = len(clip["frame_times"])
        bright = [decode_jpeg(clip.image("frames", k)).mean() for k in range(n_frames)]
        flash = clip["frame_times"][int(np.argmax(bright))]
        click = np.argmax(np.abs(clip["audio"]).sum(axis=0)) / clip.attributes["sample_rate"]
    assert max(bright) > 100
    assert abs(click - flash - offset_s) < 0.5 / 20


# --------------------------------------------------------------------------- the closed loop


def anechoic(azimuth_deg, elevation_deg, distance=2.0):
    """The simulator's ambisonics and ears (2 s of noise) of a source in a room without echo."""
    hrtf = load_hrtf(sample_rate=RATE)
    pose = heads([(2.5, 1.6, 2.4)])[0]
    source = pose.to_world(distance * direction_vectors(azimuth_deg, elevation_deg))
    room = rectangle((6.0, 4.0, 6.0), corner=(-0.5, -0.5, -0.5))
    scene = home(room, materials=(material(1.0, 0.0),))
    arrivals = find_arrivals(scene, source, [pose], hrtf=hrtf, rng=np.random.default_rng(0))
    dry = noise(3.0, seed=3)
    foa, ears = ambisonic_rirs(arrivals, hrtf)[0], binaural_rirs(arrivals, hrtf)[0]
    heard = oaconvolve(dry[None], foa, axes=1)[:, : len(dry)]
    azimuth, elevation, _ = directions(pose.to_body(source))
    return heard.astype(np.float32), convolve(dry, ears)[:, : len(dry)], azimuth, elevation


@pytest.mark.parametrize("place", [(0, 0), (60, 10), (-100, 20), (150, -15), (30, -25)])
def test_the_simulators_own_sound_is_found_again(tmp_path, place):
    foa, ears, azimuth, elevation = anechoic(*place)
    film = write_spherical(tmp_path / "sim.mp4", foa)
    for view in ("crop", "full"):
        result = run("crop", film, "--view", view, "--sample-rate", RATE, "--out", tmp_path / view)
        assert result.exit_code == 0, result.output
    with open_dataset(tmp_path / "crop") as clips:
        for view in clips.clip("00000-0000")["viewpoint"]:
            cosine = direction_vectors(*view) @ direction_vectors(azimuth, elevation)
            assert np.degrees(np.arccos(min(1.0, cosine))) < 3
    with open_dataset(tmp_path / "full") as clips:
        decoded = clips.clip("00000-0000")["audio"]
    true_db, found_db = (interaural_level_difference_db(x) for x in (ears, decoded))
    if abs(true_db) > 1:
        assert np.sign(found_db) == np.sign(true_db)
    for true, found in zip(ears, decoded, strict=True):
        n = min(len(true), len(found))
        meet = correlate(found[:n], true[:n], method="fft")
        assert abs(np.argmax(np.abs(meet)) - (n - 1)) / RATE < 1e-3


def test_directions_where_the_direct_sound_prevails(tmp_path):
    """In a furnished-like room with echo: within 10 degrees in 90 % of seconds of DRR >= 3 dB."""
    hrtf = load_hrtf(sample_rate=RATE)
    rng = np.random.default_rng(4)
    scene = home(rectangle((7.0, 2.8, 6.0)), materials=(material(0.6, 0.4),))
    errors = []
    for number in range(6):
        pose = heads([(3.5, 1.6, 3.0)], rng.uniform(-180, 180))[0]
        source = pose.to_world(rng.uniform(0.7, 1.0) * direction_vectors(rng.uniform(-180, 180), 0))
        arrivals = find_arrivals(scene, source, [pose], hrtf=hrtf, rng=rng)
        ears, foa = binaural_rirs(arrivals, hrtf)[0], ambisonic_rirs(arrivals, hrtf)[0]
        assert direct_to_reverberant_ratio_db(ears, RATE) >= 3
        heard = oaconvolve(noise(4.0, number)[None], foa, axes=1)
        film = write_spherical(tmp_path / f"{number}.mp4", heard[:, : 4 * RATE].astype(np.float32))
        result = run("crop", film, "--out", tmp_path / str(number))
        assert result.exit_code == 0, result.output
        azimuth, elevation, _ = directions(pose.to_body(source))
        with open_dataset(tmp_path / str(number)) as clips:
            views = clips.clip("00000-0000")["viewpoint"]
        cosines = direction_vectors(*views.T) @ direction_vectors(azimuth, elevation)
        errors += list(np.degrees(np.arccos(np.clip(cosines, -1, 1))))
    assert np.mean(np.array(errors) < 10) >= 0.9


# --------------------------------------------------------------------------- many files


def test_batches_resume_and_extend(film, cropped, tmp_path):
    other = write_spherical(tmp_path / "other.mp4", moving_source([(-45, 30, 3)]))
    folder = tmp_path / "data"
    shutil.copytree(cropped, folder)
    before = shard_bytes(folder)
    result = run("crop", film, other, "--out", folder, "--shard-clips", 1, "--workers", 2)
    assert result.exit_code == 0, result.output
    after = shard_bytes(folder)
    assert before.items() < after.items()
    (folder / "shards/00000-001.h5").unlink()
    (folder / "reports/00000.json").unlink()
    assert run("crop", film, "--out", folder, "--shard-clips", 1).exit_code == 0
    assert shard_bytes(folder) == after
    result = run("crop", film, "--out", folder, "--shard-clips", 1, "--fps", 4)
    assert result.exit_code == 1
    assert "--fps was 8.0, now 4.0" in result.output


def test_a_killed_run_goes_on(film, cropped, tmp_path):
    folder = tmp_path / "data"
    arguments = ["crop", str(film), "--out", str(folder), "--shard-clips", "1"]
    command = subprocess.Popen(
        [sys.executable, "-c", "from ambi2binaural.cli import main; main()", *arguments],
        start_new_session=True,
        stderr=subprocess.PIPE,
    )
    end = time.monotonic() + 120
    while not list(folder.glob("shards/*.h5")) and command.poll() is None:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    if command.poll() is None:
        os.killpg(command.pid, signal.SIGKILL)
    command.communicate()
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert shard_bytes(folder) == shard_bytes(cropped)


def test_bad_files_are_named_and_the_others_go_on(film, tmp_path):
    stereo = tmp_path / "stereo.mp4"
    write_video(stereo, [panorama()] * 20, FPS, np.zeros((2, 2 * RATE), np.float32), RATE)
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    mute = tmp_path / "mute.mp4"
    ffmpeg("-i", film, "-an", "-c", "copy", mute)
    faceless = tmp_path / "faceless.wav"
    write_audio(faceless, moving_source([(0, 0, 2)]), RATE)
    folder = tmp_path / "folder"
    folder.mkdir()
    bad = [stereo, empty, mute, faceless, folder, tmp_path / "nowhere.mp4"]
    result = run("crop", *bad, film, "--out", tmp_path / "data")
    assert result.exit_code == 1
    for path in bad:
        lines = [line for line in result.output.splitlines() if line.startswith(str(path))]
        assert len(lines) == 1, result.output
    assert "of 1 files; 6 skipped" in result.output
    assert f"{folder}: file must be readable, got: Is a directory" in result.output
    with open_dataset(tmp_path / "data") as clips:
        assert [clip.attributes["scene"] for clip in clips] == ["ring", "ring"]


def test_cut_off_files_give_what_decodes(tmp_path):
    film = write_spherical(tmp_path / "f.mp4", moving_source([(0, 0, 12)]))
    whole = film.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: int(0.7 * len(whole))])
    result = run("crop", cut, "--clip-s", 3, "--out", tmp_path / "data")
    assert "cut off" in result.output
    with open_dataset(tmp_path / "data") as clips:
        total = sum(clip.duration_s for clip in clips)
    assert 5 < total < 11


def test_pictures_without_sound_are_not_called_damaged(film, tmp_path):
    short, longer = tmp_path / "short.wav", tmp_path / "longer.mkv"
    write_audio(short, moving_source([(0, 0, 3)]), RATE)
    ffmpeg("-i", film, "-an", "-c:v", "libx264", longer)
    result = run("crop", longer, "--audio", short, "--out", tmp_path / "data")
    assert result.exit_code == 0, result.output
    assert "the shorter counts" in result.output
    assert "decode" not in result.output


def cropped_arrays(tmp_path, path, *arguments):
    folder = tmp_path / path.stem
    result = run("crop", path, *arguments, "--out", folder)
    assert result.exit_code == 0, result.output
    with open_dataset(folder) as clips:
        return [{name: list(clip[name]) for name in clip} for clip in clips]


def test_pictures_that_do_not_say_how_long_they_last(film, tmp_path):
    """As from a live stream: the sound has to be heard before the pictures are asked for."""
    known, unknown = tmp_path / "known.mkv", tmp_path / "unknown.mkv"
    overrides = "--projection", "equirect", "--layout", "ambix"
    ffmpeg("-i", film, "-c", "copy", known)
    ffmpeg("-i", film, "-c", "copy", "-live", 1, unknown)
    assert MediaReader(known).picture.stated_s > 12
    assert MediaReader(unknown).picture.stated_s == 0
    found = cropped_arrays(tmp_path, unknown, *overrides)
    np.testing.assert_equal(found, cropped_arrays(tmp_path, known, *overrides))
    assert [len(clip["frames"]) for clip in found] == [80, 20]


def test_pictures_go_on_behind_the_sound(film, tmp_path):
    """They are decoded before anybody knows that; what is too much is left out."""
    short = tmp_path / "short.wav"
    write_audio(short, moving_source([(0, 0, 4), (90, 0, 3.3)]), RATE)
    whole = cropped_arrays(tmp_path / "whole", film, "--clip-s", 3)
    found = cropped_arrays(tmp_path / "short", film, "--clip-s", 3, "--audio", short)
    assert [len(clip["frames"]) for clip in found] == [24, 24, 10]
    for clip, expected in zip(found, whole, strict=False):
        np.testing.assert_equal(clip["frames"], expected["frames"][: len(clip["frames"])])


def test_foreign_folders_are_refused(film, tmp_path):
    (tmp_path / "thesis.txt").write_text("all my work")
    result = run("crop", film, "--out", tmp_path)
    assert result.exit_code == 1
    assert "is not empty" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--view", "upside-down"], "view must be one of crop, full"),
        (["--band-hz", "200"], "band_hz must be 2 numbers"),
        (["--tilt", "a,b,c"], "tilt must be 3 numbers"),
        (["--band-hz", "8000-200"], "band_hz must be two growing frequencies from 0 to 8000"),
        (["--decoder", "magic"], "decoder must be one of magls, tac, ls"),
        (["--interpolation", "cubic"], "interpolation must be one of bilinear, lanczos"),
        (["--projection", "fish"], "projection must be one of equirect"),
        (["--width", 0], "size must be at least 1 x 1 pixel, got 0 x 240"),
        (["--fov-deg", 200], "fov_deg must be between 1 and 170"),
        (["--channels", 5], "channels must be one of 4, 9"),
        (["--clip-s", 0.5], "clip_s must be at least 1"),
        (["--order", 0], "order must be between 1 and 7"),
        (["--hrtf", "nothing.sofa"], "nothing.sofa"),
    ],
)
def test_bad_options_are_one_line(film, tmp_path, arguments, message):
    result = run("crop", film, *arguments, "--out", tmp_path / "data")
    assert result.exit_code == 1
    assert message in result.output
    assert len(result.output.splitlines()) == 1
    assert not (tmp_path / "data").exists(), "the same command with the right option must go on"


# --------------------------------------------------------------------------- lists, MP4s, maps


def test_lists_of_videos(film, tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    sound = moving_source([(0, 0, 3)])
    for name in ("aaa", "-bb_", "ccc"):
        shutil.copy(film, folder / f"{name}.mp4")
    mute = folder / "ddd.mp4"
    ffmpeg("-t", 3, "-i", film, "-an", "-c", "copy", mute)
    write_audio(folder / "ddd.wav", sound, RATE)
    names = tmp_path / "yt.lst"
    names.write_text("# videos\naaa train\n-bb_ val\nccc test\nddd train\nzzz test\n")
    result = run("import", "yt-clean", names, folder, "--out", tmp_path / "yt", "--workers", 2)
    assert result.exit_code == 0, result.output
    assert "1 of 5 videos are missing: zzz" in result.output
    split = read_split(tmp_path / "yt", "video")
    with open_dataset(tmp_path / "yt") as clips:
        scenes = {
            part: sorted({clips.clip(each).attributes["scene"] for each in split[part]})
            for part in ("train", "val", "test")
        }
    assert scenes == {"train": ["aaa", "ddd"], "val": ["-bb_"], "test": ["ccc"]}


def test_sound_in_a_webm_beside_the_video_is_found(film, tmp_path):
    film = shutil.copy(film, tmp_path / "aaa.mp4")
    other, sound = tmp_path / "bbb.webm", tmp_path / "aaa.webm"
    ffmpeg("-i", film, "-vn", "-c:a", "libopus", "-mapping_family", 255, sound)
    ffmpeg("-i", film, "-an", "-t", 1, "-c:v", "libvpx", other)
    shutil.copy(film, tmp_path / "bbb.mp4")
    sources, missing = find_sources(["aaa", "bbb"], tmp_path)
    assert [each.audio for each in sources] == [str(sound), None]
    assert not missing


def test_lists_refuse(tmp_path):
    path = tmp_path / "list"
    path.write_text("# nothing\n")
    with pytest.raises(InputError, match="must hold video ids"):
        read_list(path)
    path.write_bytes(b"aaa \xa0\n")
    with pytest.raises(InputError, match="list: must be a text of video ids, got invalid start"):
        read_list(path)
    path.write_text("aaa dream\n")
    with pytest.raises(InputError, match="part must be one of train, val, test, got dream"):
        read_list(path)
    with pytest.raises(InputError, match="folder must exist"):
        find_sources(["aaa"], tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds none of the 1 videos"):
        find_sources(["aaa"], tmp_path)


def test_clips_as_videos_and_the_heat_map(film, tmp_path):
    assert run("crop", film, "--out", tmp_path / "v", "--video").exit_code == 0
    assert [p.name for p in sorted((tmp_path / "v/videos").iterdir())] == [
        "00000-0000.mp4",
        "00000-0001.mp4",
    ]
    result = run("heatmap", film, "-o", tmp_path / "heat.mp4")
    assert result.exit_code == 0, result.output
    assert "Z is silent: elevation is meaningless" in result.output
    raw = ffmpeg(
        "-ss",
        6,
        "-i",
        tmp_path / "heat.mp4",
        "-frames:v",
        1,
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    )
    picture = np.frombuffer(raw.stdout, np.uint8).reshape(480, 960, 3).astype(float)
    left, right = picture[240, 240], picture[240, 720]
    assert left[0] > COLORS["left"][0] + 30  # heat over the green of the left
    np.testing.assert_allclose(right, 90, atol=12)


def test_heat_lies_where_the_sound_is():
    camera = Camera(360, 180, 360.0, "equirect")
    rows = np.arange(73)[:, None] - 36
    energy = np.exp(-(rows**2) / 50 - ((AZIMUTHS_DEG - 90) / 20) ** 2)
    _, opacity = heat_layer(energy, (0.0, -88.0), camera)
    row, column = np.unravel_index(np.argmax(opacity[60:120, :, 0]), (60, 360))
    np.testing.assert_allclose([row + 60.5, column + 0.5], [90, 90], atol=1.5)
    _, silent = heat_layer(energy, (np.nan, np.nan), camera)
    assert not silent.any()


def test_the_outline_is_that_of_the_view():
    camera = Camera(720, 360, 360.0, "equirect")
    for view in ((0.0, 0.0), (175.0, 20.0), (-60.0, -40.0)):
        points = np.concatenate(view_outline(view, camera))
        corners = pixels(camera, direction_vectors(view[0] + 45, 0)) if view == (0.0, 0.0) else None
        assert len(points) > 700
        if corners is not None:
            assert np.min(np.linalg.norm(points - corners, axis=1)) < 2


def test_spans():
    options = CropOptions(clip_s=10, fps=8)
    assert clip_spans(25.4, options) == [(0, 10), (10, 20), (20, 25.375)]
    assert clip_spans(20.9, options) == [(0, 10), (10, 20)]
    assert clip_spans(0.9, options) == []


def test_real_recordings(tmp_path):
    data = Path(__file__).parents[1].parent / "shared" / "data" / "ambisonic"
    if not data.exists():
        pytest.skip("../shared/data/ambisonic is missing")
    picture = data / "equirectangular_1280x720_silent.mp4"
    for sound, layout in (("ambix_metronome.caf", "ambix"), ("fuma_recording_1.ogg", "fuma")):
        folder = tmp_path / layout
        arguments = ["--audio", data / sound, "--layout", layout, "--projection", "equirect"]
        result = run("crop", picture, *arguments, "--out", folder)
        assert result.exit_code == 0, result.output
    with open_dataset(tmp_path / "ambix") as clips:
        views = np.concatenate([clip["viewpoint"] for clip in clips])
    heard = views[~np.isnan(views[:, 0])]
    assert np.median(np.abs(heard[:, 0])) < 10  # its source is in front
    result = run("crop", data / "equirectangular_2048x1024_stereo.mp4", "--out", tmp_path / "no")
    assert result.exit_code == 1
    assert "equirectangular_2048x1024_stereo.mp4" in result.output


def test_reports_tell_what_became_of_a_file(cropped):
    report = json.loads((cropped / "reports/00000.json").read_text())
    assert report["n_clips"] == 2
    assert report["duration_s"] == pytest.approx(12.5)
    assert report["error"] is None


def test_every_command_explains_itself():
    for name, command in main.commands.items():
        assert run(name, "--help").exit_code == 0
        for parameter in command.params:
            assert parameter.param_type_name == "argument" or parameter.help, (name, parameter.name)


# --------------------------------------------------------------------------- higher orders


def test_third_order_brings_the_ears_nearer_to_the_heads_own(film, tmp_path):
    """Phases up to 1 kHz, of which first order loses those from 600 Hz on."""
    azimuth_deg, dry = 70, noise(2, seed=5)
    sound = tmp_path / "third.wav"
    write_audio(sound, encode(dry, azimuth_deg, 0, 3).astype(np.float32), RATE)
    hrtf = load_hrtf(sample_rate=RATE)
    (own,), (delays_s,) = hrtf.interpolate(direction_vectors([azimuth_deg], [0.0]))
    band = butter(4, (600, 1000), "bandpass", fs=RATE, output="sos")
    errors = {}
    for order in (1, 3):
        folder = tmp_path / str(order)
        rate = ("--view", "full", "--sample-rate", RATE)
        result = run("crop", film, "--audio", sound, "--order", order, *rate, "--out", folder)
        assert result.exit_code == 0, result.output
        with open_dataset(folder) as clips:
            clip = clips.clip("00000-0000")
            assert clip.attributes["order"] == order
            assert len(clip["ambisonics"]) == 4
            heard, gain_db = clip["audio"], clip.attributes["gain_db"]
        length = heard.shape[1]
        spectrum = np.fft.rfft(convolve(dry, own), axis=1)
        late = delays_s[:, None] - hrtf.lead / RATE
        hertz = np.fft.rfftfreq(len(dry) + own.shape[1] - 1, 1 / RATE)
        true = np.fft.irfft(
            spectrum * np.exp(-2j * np.pi * hertz * late), len(dry) + own.shape[1] - 1
        )
        true, heard = sosfilt(band, true[:, :length]), sosfilt(band, heard / from_db(gain_db))
        errors[order] = np.sum((heard - true) ** 2) / np.sum(true**2)
    assert errors[3] < 0.03
    assert errors[3] < errors[1] / 5
