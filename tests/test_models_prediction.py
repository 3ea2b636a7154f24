"""Videos made binaural: real files, read back by FFmpeg as a program of its own."""

import tracemalloc

import numpy as np
import pytest
import torch
from ffmpeg import ffmpeg, heard, shown_luma
from stand_ins import BrightSide, Gain

from models.prediction import NearestPictures, mono_blocks, predict_video
from simbinaural.audio import write_audio
from simbinaural.errors import InputError
from simbinaural.video import video_info, write_video

RATE = 48000


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def picture(side, height=60, width=100):
    """Bright on one side: 1 left, -1 right."""
    rgb = np.full((height, width, 3), 30, np.uint8)
    half = slice(0, width // 2) if side > 0 else slice(width // 2, width)
    rgb[:, half] = 220
    return rgb


def tone(duration_s, level=0.2):
    return level * np.sin(2 * np.pi * 440 * np.arange(round(duration_s * RATE)) / RATE)


def film(path, *, duration_s=4.0, fps=10, ears=None):
    """Video that is bright on the left, and from its middle on the right."""
    n_frames = round(duration_s * fps)
    frames = (picture(1 if k < n_frames / 2 else -1) for k in range(n_frames))
    ears = np.stack([tone(duration_s)] * 2) if ears is None else ears
    write_video(path, frames, fps, ears, RATE)
    return path


def levels(sound, where):
    return np.sqrt(np.mean(sound[:, where] ** 2, axis=1))


@pytest.mark.parametrize("channels", [1, 2])
def test_the_louder_ear_follows_the_pictures(tmp_path, channels):
    source = film(tmp_path / "a.mp4")
    if channels == 1:
        mono = tmp_path / "mono.mkv"
        ffmpeg("-i", source, "-c:v", "copy", "-ac", 1, "-c:a", "flac", mono)
        source = mono
    assert video_info(source).n_channels == channels
    output = tmp_path / "out" / "b.mp4"
    written = predict_video(BrightSide(), source, output)

    info = video_info(output)
    assert (info.width, info.height, info.n_channels, info.sample_rate) == (100, 60, 2, 48000)
    assert written.duration_s == pytest.approx(4, abs=0.05)
    assert written.peak == pytest.approx(0.25, abs=0.02)
    sound = heard(output)
    # Mono of RMS 0.2 / sqrt(2), 1.25 and 0.75 of it.
    expected = 0.2 / np.sqrt(2) * np.array([1.25, 0.75])
    np.testing.assert_allclose(levels(sound, slice(4800, 67_200)), expected, rtol=0.03)
    np.testing.assert_allclose(levels(sound, slice(124_800, 182_400)), expected[::-1], rtol=0.03)


def test_pictures_are_the_original_ones_at_their_times(tmp_path):
    source, output = film(tmp_path / "a.mp4", fps=29.97), tmp_path / "b.mp4"
    predict_video(Gain(0.0), source, output)
    (times, luma), (times_before, luma_before) = shown_luma(output), shown_luma(source)
    np.testing.assert_allclose(times, times_before, atol=1e-3)
    np.testing.assert_allclose(luma, luma_before, atol=2)


def test_pictures_at_odd_times_stay_there(tmp_path):
    source, times = tmp_path / "a.mp4", [0.0, 0.1, 0.5, 1.3, 1.4]
    frames = [picture(side) for side in (1, -1, 1, -1, 1)]
    write_video(source, frames, 10, np.stack([tone(2.0)] * 2), RATE, times=times)
    predict_video(Gain(0.0), source, tmp_path / "b.mp4")
    np.testing.assert_allclose(shown_luma(tmp_path / "b.mp4")[0], times, atol=1e-3)


def test_stereo_is_averaged(tmp_path):
    ears = np.stack([tone(2.0), 0 * tone(2.0)])
    predict_video(
        Gain(0.0), film(tmp_path / "a.mp4", duration_s=2.0, ears=ears), tmp_path / "b.mp4"
    )
    found = levels(heard(tmp_path / "b.mp4"), slice(9600, 86_400))
    np.testing.assert_allclose(found, 0.1 / np.sqrt(2), rtol=0.03)


def test_gain_is_added_at_last(tmp_path):
    source = film(tmp_path / "a.mp4", duration_s=2.0)
    loud = predict_video(Gain(1.0), source, tmp_path / "b.mp4")
    soft = predict_video(Gain(1.0), source, tmp_path / "c.mp4", gain_db=-20)
    assert soft.peak == pytest.approx(loud.peak / 10, rel=1e-3)


def test_sound_that_starts_late_stays_late(tmp_path):
    plain, late = film(tmp_path / "a.mp4", duration_s=2.0), tmp_path / "late.mkv"
    ffmpeg(
        "-i", plain, "-itsoffset", 1, "-i", plain, "-map", "0:v", "-map", "1:a", "-c", "copy", late
    )
    predict_video(Gain(0.0), late, tmp_path / "b.mp4")
    sound = np.abs(heard(tmp_path / "b.mp4"))
    assert sound[:, : int(0.97 * RATE)].max() < 0.01
    assert sound[:, int(1.1 * RATE) : int(1.2 * RATE)].max() > 0.15


def test_silence_fills_gaps(tmp_path):
    whole, gap = tmp_path / "a.mkv", tmp_path / "gap.mkv"
    film(tmp_path / "a.mp4")
    ffmpeg("-i", tmp_path / "a.mp4", "-c:v", "copy", "-c:a", "flac", whole)
    dropped = "aselect='not(between(t,1.5,2.5))'"
    ffmpeg("-i", whole, "-c:v", "copy", "-af", dropped, "-c:a", "flac", gap)
    mono = np.concatenate(list(mono_blocks(gap, RATE)))
    assert len(mono) == pytest.approx(4 * 16000, abs=800)
    assert np.abs(mono[int(1.6 * 16000) : int(2.4 * 16000)]).max() < 1e-3
    assert np.abs(mono[int(2.7 * 16000) :]).max() > 0.15


def test_pictures_nearest_to_times(tmp_path):
    nearest = NearestPictures(film(tmp_path / "a.mp4", fps=5))
    shown = nearest([0.0, 1.89, 1.91, 9.0])
    assert shown.shape == (4, 240, 480, 3)
    left_is_bright = shown[:, 120, 100, 0] > 128
    # Frames stand at 1.8 s, still bright on the left, and at 2.0 s.
    np.testing.assert_array_equal(left_is_bright, [True, True, False, False])


def test_long_files_are_never_held(tmp_path):
    unit = film(tmp_path / "a.mp4", duration_s=8, fps=2)

    def held(repeats):
        path = tmp_path / f"{repeats}.mp4"
        ffmpeg("-stream_loop", repeats - 1, "-i", unit, "-c", "copy", path)
        tracemalloc.start()
        predict_video(Gain(0.0), path, tmp_path / "b.mp4", hop_s=0.63, batch_size=8)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert video_info(tmp_path / "b.mp4").duration_s == pytest.approx(8 * repeats, abs=1)
        return peak_bytes

    few, many = held(4), held(12)
    assert many < few + 1e6  # 64 s of sound more: 8 MB for two ears


def test_prediction_refuses(tmp_path):
    network, output = Gain(0.0), tmp_path / "b.mp4"
    whole = film(tmp_path / "a.mp4", duration_s=2.0)
    with pytest.raises(InputError, match="nowhere.mp4: file must exist"):
        predict_video(network, tmp_path / "nowhere.mp4", output)

    silent = tmp_path / "silent.mp4"
    ffmpeg("-i", whole, "-an", "-c", "copy", silent)
    with pytest.raises(InputError, match="silent.mp4: file must have a sound track, got none"):
        predict_video(network, silent, output)

    short = film(tmp_path / "short.mp4", duration_s=0.5)
    with pytest.raises(InputError, match=r"short.mp4: sound must last at least 0.63 s, got 0.5"):
        predict_video(network, short, output)

    around = tmp_path / "around.mkv"
    ffmpeg("-i", whole, "-c:v", "copy", "-ac", 6, "-c:a", "flac", around)
    with pytest.raises(InputError, match="around.mkv: sound must be mono or stereo, got 6 ch"):
        predict_video(network, around, output)

    unseen = tmp_path / "unseen.wav"
    write_audio(unseen, np.stack([tone(1.0)] * 2), RATE)
    with pytest.raises(InputError, match="unseen.wav: file must have pictures, got none"):
        predict_video(network, unseen, output)
    assert not output.exists()
    assert not list(tmp_path.glob("*.part"))
