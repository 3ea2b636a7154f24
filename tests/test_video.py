"""Stills and video files, read back by FFmpeg as a program of its own."""

import cv2
import numpy as np
import pytest
from ffmpeg import ffmpeg, heard, shown_luma
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from simbinaural.errors import InputError
from simbinaural.video import (
    decode_jpeg,
    decode_png,
    encode_jpeg,
    encode_png,
    read_frames,
    read_sound,
    video_info,
    write_video,
)

RED, GREEN, BLUE = (200, 30, 20), (30, 220, 40), (20, 60, 220)


def picture(color, height=48, width=64):
    return np.full((height, width, 3), color, np.uint8)


def left_right(height=48, width=64):
    rgb = picture(RED, height, width)
    rgb[:, width // 2 :] = BLUE
    return rgb


def clicks(rate, *seconds, duration=3.0):
    """Silence with a click at each time: the first in the left ear, the second in the right."""
    audio = np.zeros((2, round(duration * rate)), np.float32)
    for ear, time in enumerate(seconds):
        audio[ear, round(time * rate)] = 0.9
    return audio


# --------------------------------------------------------------------------- stills


def test_jpeg_keeps_colors_and_sides():
    encoded = encode_jpeg(left_right())
    assert (encoded.dtype, encoded.ndim) == (np.uint8, 1)
    np.testing.assert_allclose(decode_jpeg(encoded)[24, [8, 56]], [RED, BLUE], atol=3)
    # Another reader agrees, in its own order of colors.
    np.testing.assert_allclose(cv2.imdecode(encoded, 1)[24, 8], RED[::-1], atol=3)


def test_jpeg_quality_costs_bytes():
    rgb = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    assert len(encode_jpeg(rgb, 50)) < len(encode_jpeg(rgb)) < len(encode_jpeg(rgb, 100))


@given(
    st.sampled_from([np.uint8, np.uint16]).flatmap(
        lambda kind: st_numpy.arrays(kind, st.tuples(st.integers(1, 40), st.integers(1, 40)))
    )
)
@settings(max_examples=30, deadline=None)
def test_png_loses_nothing(values):
    decoded = decode_png(encode_png(values))
    assert decoded.dtype == values.dtype
    np.testing.assert_array_equal(decoded, values)


def test_stills_refuse():
    with pytest.raises(InputError, match=r"rgb must have shape \(any, any, 3\), got \(4, 4\)"):
        encode_jpeg(np.zeros((4, 4), np.uint8))
    with pytest.raises(InputError, match="rgb must be uint8, got float64"):
        encode_jpeg(np.zeros((4, 4, 3)))
    with pytest.raises(InputError, match="values must be uint8 or uint16, got int64"):
        encode_png(np.zeros((4, 4), int))
    with pytest.raises(InputError, match=r"values must have shape \(any, any\)"):
        encode_png(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(InputError, match="image must be a JPEG or PNG file, got 0 other bytes"):
        decode_jpeg(np.zeros(0, np.uint8))
    with pytest.raises(InputError, match="image must be a JPEG or PNG file, got 9 other bytes"):
        decode_png(np.zeros(9, np.uint8))


# --------------------------------------------------------------------------- sync


@pytest.mark.parametrize("fps", [5, 10, 29.97, 30])
@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_click_and_flash_coincide(tmp_path, fps, rate):
    path, flash = tmp_path / "a.mp4", round(1.4 * fps)
    frames = [picture(GREEN if k == flash else 0) for k in range(round(3 * fps))]
    write_video(path, frames, fps, clicks(rate, flash / fps, flash / fps), rate)

    times, luma = shown_luma(path)
    assert len(times) == len(frames)
    np.testing.assert_allclose(times, np.arange(len(frames)) / fps, atol=1e-4)
    clicked = np.argmax(np.abs(heard(path)), axis=1) / 48000
    # 20 ms are promised; the start-up samples of AAC, forgotten, would be 21.
    np.testing.assert_allclose(clicked, times[np.argmax(luma)], atol=0.001)


def test_own_reader_tells_the_same_times(tmp_path):
    path = tmp_path / "a.mp4"
    frames = [picture(GREEN if k == 7 else 0) for k in range(15)]
    write_video(path, frames, 5, clicks(16000, 1.4, 2.2), 16000)
    times, pictures = zip(*read_frames(path), strict=True)
    np.testing.assert_allclose(times, np.arange(15) / 5, atol=1e-4)
    assert np.argmax([rgb.mean() for rgb in pictures]) == 7
    starts, blocks = zip(*read_sound(path), strict=True)
    clicked = starts[0] + np.argmax(np.concatenate(blocks, axis=1), axis=1) / 48000
    np.testing.assert_allclose(clicked, [1.4, 2.2], atol=0.001)
    np.testing.assert_allclose(np.diff(starts), 1024 / 48000, atol=1e-4)


def test_reader_keeps_a_delayed_sound_delayed(tmp_path):
    plain, late = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_video(plain, [picture(0)] * 15, 5, clicks(16000, 1.4, 2.2), 16000)
    ffmpeg(
        "-i",
        plain,
        "-itsoffset",
        0.25,
        "-i",
        plain,
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c",
        "copy",
        late,
    )
    starts, blocks = zip(*read_sound(late), strict=True)
    clicked = starts[0] + np.argmax(np.concatenate(blocks, axis=1), axis=1) / 48000
    np.testing.assert_allclose(clicked, [1.65, 2.45], atol=0.002)
    assert next(read_frames(late))[0] == 0


def test_stream_that_begins_late_begins_at_zero(tmp_path):
    plain, stream = tmp_path / "a.mp4", tmp_path / "b.ts"
    write_video(plain, [picture(0)] * 15, 5, clicks(16000, 1.4, 2.2), 16000)
    ffmpeg("-i", plain, "-c", "copy", stream)  # transport streams start at 1.4 s
    starts, blocks = zip(*read_sound(stream), strict=True)
    begin = next(read_frames(stream))[0]
    clicked = starts[0] + np.argmax(np.concatenate(blocks, axis=1), axis=1) / 48000
    assert min(begin, starts[0]) == 0
    np.testing.assert_allclose(clicked - begin, [1.4, 2.2], atol=0.002)


def test_sound_may_outlast_the_pictures(tmp_path):
    write_video(tmp_path / "a.mp4", [picture(0)] * 5, 5, clicks(16000, 1.4, 2.9), 16000)
    clicked = np.argmax(heard(tmp_path / "a.mp4"), axis=1) / 48000
    np.testing.assert_allclose(clicked, [1.4, 2.9], atol=0.001)


def test_frames_at_times_of_their_own(tmp_path):
    moments = [0, 0.1, 0.5, 0.533, 1.2]
    frames = [picture((40 * k,) * 3) for k in range(5)]
    write_video(tmp_path / "a.mp4", frames, 10, clicks(16000), 16000, times=moments)
    times, luma = shown_luma(tmp_path / "a.mp4")
    np.testing.assert_allclose(times, moments, atol=1e-4)
    assert np.all(np.diff(luma) > 0)


# --------------------------------------------------------------------------- what is in the file


def test_ears_colors_and_sides_stay(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, [left_right()] * 15, 5, clicks(48000, 1, 2), 48000)
    np.testing.assert_allclose(np.argmax(heard(path), axis=1) / 48000, [1, 2], atol=0.001)
    raw = ffmpeg("-i", path, "-frames:v", 1, "-f", "rawvideo", "-pix_fmt", "rgb24", "-").stdout
    shown = np.frombuffer(raw, np.uint8).reshape(48, 64, 3)
    np.testing.assert_allclose(shown[24, [8, 56]], [RED, BLUE], atol=8)
    _, rgb = next(read_frames(path))
    np.testing.assert_allclose(rgb[24, [8, 56]], [RED, BLUE], atol=8)


def test_file_plays_everywhere(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, [left_right(47, 63)] * 15, 5, clicks(16000), 16000)
    log = ffmpeg("-i", path, "-f", "null", "-").stderr.decode()
    assert "h264 (High)" in log
    assert "yuv420p" in log
    assert "64x48" in log
    assert "aac (LC) (mp4a / 0x6134706D), 48000 Hz, stereo" in log
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_jpegs_and_generators_are_frames(tmp_path):
    jpegs = (encode_jpeg(left_right()) for _ in range(5))
    write_video(tmp_path / "a.mp4", jpegs, 5, clicks(16000, duration=1), 16000)
    assert len(shown_luma(tmp_path / "a.mp4")[0]) == 5


def test_same_input_same_bytes(tmp_path):
    for name in "a.mp4", "b.mp4":
        write_video(tmp_path / name, [left_right()] * 15, 5, clicks(16000, 1, 2), 16000)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_failure_leaves_what_was_there(tmp_path):
    def frames():
        yield from [picture(0)] * 3
        raise RuntimeError("no more")

    path = tmp_path / "a.mp4"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError, match="no more"):
        write_video(path, frames(), 5, clicks(16000), 16000)
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize("rate", [16000, 48000])
def test_sound_in_blocks_gives_the_same_file(tmp_path, rate):
    sound = clicks(rate, 1.0, 2.2)
    whole, blocks = tmp_path / "whole.mp4", tmp_path / "blocks.mp4"
    write_video(whole, [picture(0)] * 15, 5, sound, rate)
    write_video(blocks, [picture(0)] * 15, 5, iter(np.array_split(sound, 13, axis=1)), rate)
    assert blocks.read_bytes() == whole.read_bytes()


def test_sound_in_blocks_is_taken_as_pictures_go_on(tmp_path):
    taken = []

    def seconds():
        for second in range(20):
            taken.append(second)
            yield np.zeros((2, 16000), np.float32)

    def frames():
        for k in range(200):
            assert len(taken) <= k / 10 + 3
            yield picture(0)

    write_video(tmp_path / "a.mp4", frames(), 10, seconds(), 16000)
    assert taken == list(range(20))


def test_writing_refuses(tmp_path):
    path, sound = tmp_path / "a.mp4", clicks(16000)
    with pytest.raises(InputError, match="frames must not be empty, got none"):
        write_video(path, [], 5, sound, 16000)
    with pytest.raises(InputError, match=r"frame 1 must have the shape \(48, 64, 3\), got \(32"):
        write_video(path, [picture(0), picture(0, 32)], 5, sound, 16000)
    with pytest.raises(InputError, match="audio must have 2 channels in aac, .* got 1 in aac"):
        write_video(path, [picture(0)], 5, sound[:1], 16000)
    with pytest.raises(InputError, match="audio must have 2 channels in aac, .* got 2 in pcm"):
        write_video(path, [picture(0)], 5, sound, 16000, codec="pcm")
    with pytest.raises(InputError, match=r"audio must have shape \(2, .*got"):
        write_video(path, [picture(0)], 5, iter([sound, sound[:1]]), 16000)
    with pytest.raises(InputError, match="audio must not be empty, got no block"):
        write_video(path, [picture(0)], 5, iter([]), 16000)
    with pytest.raises(InputError, match="fps must be positive, got 0"):
        write_video(path, [picture(0)], 0, sound, 16000)
    with pytest.raises(InputError, match="times must be as many as frames, got 1"):
        write_video(path, [picture(0)] * 2, 5, sound, 16000, times=[0])
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------- reading


def test_info(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, [picture(0)] * 15, 5, clicks(16000), 16000)
    info = video_info(path)
    assert (info.width, info.height, info.sample_rate, info.n_channels) == (64, 48, 48000, 2)
    np.testing.assert_allclose([info.fps, info.duration_s], [5, 3], rtol=1e-3)


def test_phone_video_is_turned_upright(tmp_path):
    plain, turned = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_video(plain, [left_right()] * 5, 5, clicks(16000, duration=1), 16000)
    ffmpeg("-display_rotation", 90, "-i", plain, "-c", "copy", turned)
    raw = ffmpeg("-i", turned, "-frames:v", 1, "-f", "rawvideo", "-pix_fmt", "rgb24", "-").stdout
    upright = np.frombuffer(raw, np.uint8).reshape(64, 48, 3)
    _, rgb = next(read_frames(turned))
    np.testing.assert_allclose(rgb.astype(int), upright, atol=4)
    assert (video_info(turned).width, video_info(turned).height) == (48, 64)


def test_reading_refuses(tmp_path):
    with pytest.raises(InputError, match=r"b\.mp4: file must exist"):
        next(read_frames(tmp_path / "b.mp4"))
    (tmp_path / "c.mp4").write_bytes(b"no video at all")
    with pytest.raises(InputError, match=r"c\.mp4: file must be a whole video"):
        video_info(tmp_path / "c.mp4")
    plain = tmp_path / "a.mp4"
    write_video(plain, [picture(0)] * 5, 5, clicks(16000, duration=1), 16000)
    ffmpeg("-i", plain, "-an", "-c", "copy", tmp_path / "mute.mp4")
    with pytest.raises(InputError, match=r"mute\.mp4: file must have a sound track, got none"):
        next(read_sound(tmp_path / "mute.mp4"))
    ffmpeg("-i", plain, "-vn", "-c", "copy", tmp_path / "blind.mp4")
    with pytest.raises(InputError, match=r"blind\.mp4: file must have pictures, got none"):
        next(read_frames(tmp_path / "blind.mp4"))
