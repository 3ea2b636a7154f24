"""What others recorded: the right picture at the right time, and what browsers play."""

import numpy as np
import pytest
from ffmpeg import ffmpeg, heard
from recorded_videos import RATE, click, number_of, write_fair_play, write_numbered

from simbinaural.corpora import fair_play, videos
from simbinaural.corpora.videos import (
    copy_size,
    find_videos,
    picture_times,
    probe_video,
    read_picture,
    write_copy,
)
from simbinaural.errors import InputError
from simbinaural.video import read_frames, video_info

SUFFIXES = [".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts"]


def first_click(path):
    """Second at which each ear hears something; infinite if nothing."""
    loud = np.abs(heard(path)) > 0.2
    return [np.argmax(ear) / 48000 if ear.any() else np.inf for ear in loud]


# --------------------------------------------------------------------------- folders of videos


def test_videos_are_named_by_their_paths_without_ending(tmp_path):
    names = ["b.mp4", "a/c.webm", "a/d.MOV", ".trash/e.mp4", ".f.mp4", "g.txt", "b.webm"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_videos(tmp_path)
    assert list(found) == ["a/c", "a/d", "b", "b.webm"]
    assert found["a/d"] == tmp_path / "a/d.MOV"
    assert (found["b"].name, found["b.webm"].name) == ("b.mp4", "b.webm")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_picture_is_the_one_with_its_number(tmp_path, suffix):
    path = write_numbered(tmp_path / f"video{suffix}")
    video = probe_video(path)
    assert (video.n_frames, video.width, video.height) == (40, 64, 48)
    assert video.duration_s == pytest.approx(4, abs=0.15)
    # Backwards and across, so that each has to be sought.
    order = [39, 0, 20, 19, 21, 1, 38]
    assert [number_of(read_picture(path, number)) for number in order] == order


def test_a_picture_that_an_index_does_not_lead_to_is_counted(tmp_path, monkeypatch):
    path = write_numbered(tmp_path / "video.mp4")
    # As an index does that is some ticks off: the picture behind is not taken for the right one.
    sought = videos._sought_picture
    monkeypatch.setattr(videos, "_sought_picture", lambda path, stamp: sought(path, stamp + 1))
    assert [number_of(read_picture(path, number)) for number in (20, 3)] == [20, 3]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_times_are_those_of_decoded_pictures(tmp_path, suffix):
    path = write_numbered(tmp_path / f"video{suffix}")
    decoded = [time for time, _ in read_frames(path)]
    np.testing.assert_allclose(picture_times(path), decoded, atol=1e-6)


def test_a_changed_file_is_looked_at_again(tmp_path):
    path = write_numbered(tmp_path / "video.mp4", 20)
    assert len(picture_times(path)) == 20
    write_numbered(path, 30)
    assert number_of(read_picture(path, 29)) == 29


@pytest.mark.parametrize("frame", [-1, 40])
def test_a_picture_that_is_none_is_refused(tmp_path, frame):
    path = write_numbered(tmp_path / "video.mp4")
    with pytest.raises(InputError, match=rf"video.mp4: frame must be from 0 to 39, got {frame}"):
        read_picture(path, frame)


def test_damaged_videos_are_named(tmp_path):
    whole = write_numbered(tmp_path / "video.mkv")
    path = tmp_path / "half.mkv"
    path.write_bytes(whole.read_bytes()[:200])
    with pytest.raises(InputError, match="half.mkv: file must"):
        probe_video(path)
    path.write_bytes(b"no video" * 100)
    with pytest.raises(InputError, match="half.mkv: file must be a whole video"):
        read_picture(path, 0)
    with pytest.raises(InputError, match="gone.mp4: file must exist"):
        probe_video(tmp_path / "gone.mp4")


@pytest.mark.parametrize(
    ("suffix", "plays"),
    [(".mp4", True), (".mov", True), (".webm", True), (".mkv", False), (".avi", False)],
)
def test_what_browsers_play(tmp_path, suffix, plays):
    assert probe_video(write_numbered(tmp_path / f"video{suffix}")).plays is plays


def test_a_wrong_ending_does_not_play(tmp_path):
    path = write_numbered(tmp_path / "video.mkv")
    assert not probe_video(path.rename(tmp_path / "video.mp4")).plays


@pytest.mark.parametrize(
    "codecs", [["-c:v", "mpeg4", "-c:a", "copy"], ["-c:v", "copy", "-c:a", "ac3"]]
)
def test_other_codecs_do_not_play(tmp_path, codecs):
    path = write_numbered(tmp_path / "video.mp4")
    ffmpeg("-i", path, *codecs, tmp_path / "other.mp4")
    assert not probe_video(tmp_path / "other.mp4").plays


def test_pictures_before_the_cut_are_none(tmp_path):
    path = write_numbered(tmp_path / "video.mp4")
    # Copied from a key frame on, with an edit list that hides what comes before the cut.
    ffmpeg("-ss", "2.45", "-i", path, "-c", "copy", tmp_path / "cut.mp4")
    decoded = [(time, number_of(rgb)) for time, rgb in read_frames(tmp_path / "cut.mp4")]
    np.testing.assert_allclose(picture_times(tmp_path / "cut.mp4"), [time for time, _ in decoded])
    numbers = [number_of(read_picture(tmp_path / "cut.mp4", k)) for k in range(len(decoded))]
    assert numbers == [number for _, number in decoded]
    assert numbers[-1] == 39


def test_an_order_of_decoding_is_not_that_of_presentation(tmp_path):
    path = write_numbered(tmp_path / "video.mp4")
    ffmpeg("-i", path, "-c:v", "libx264", "-bf", "3", "-b_strategy", "0", tmp_path / "b.avi")
    order = [39, 5, 6, 20]
    assert [number_of(read_picture(tmp_path / "b.avi", k)) for k in order] == order
    write_copy(tmp_path / "copy.mp4", tmp_path / "b.avi")
    assert [number_of(read_picture(tmp_path / "copy.mp4", k)) for k in order] == order


def test_copy_plays_with_sound_in_its_ear_and_time(tmp_path):
    path = write_numbered(tmp_path / "video.avi", sound=click(4, 1.5, ear=1))
    write_copy(tmp_path / "copy.mp4", path)
    copy = probe_video(tmp_path / "copy.mp4")
    assert copy.plays
    assert video_info(copy.path).n_channels == 2
    assert [number_of(read_picture(copy.path, k)) for k in (0, 17, 39)] == [0, 17, 39]
    left, right = first_click(copy.path)
    assert left == np.inf
    # A copy begins with the earlier of picture and sound, and AVI delays pictures by a frame.
    late = picture_times(copy.path)[0]
    assert right == pytest.approx(1.5 + late, abs=0.11)


def test_copy_of_a_silent_video_is_silent_stereo(tmp_path):
    path = write_numbered(tmp_path / "video.mp4")
    ffmpeg("-i", path, "-an", "-c", "copy", tmp_path / "mute.mp4")
    write_copy(tmp_path / "copy.mp4", tmp_path / "mute.mp4")
    assert video_info(tmp_path / "copy.mp4").n_channels == 2
    assert first_click(tmp_path / "copy.mp4") == [np.inf, np.inf]


def test_copy_of_mono_is_heard_in_both_ears(tmp_path):
    path = write_numbered(tmp_path / "video.mp4", sound=click(4, 1.0, ear=0))
    ffmpeg("-i", path, "-ac", "1", "-c:v", "copy", tmp_path / "mono.mp4")
    write_copy(tmp_path / "copy.mp4", tmp_path / "mono.mp4")
    np.testing.assert_allclose(first_click(tmp_path / "copy.mp4"), [1.0, 1.0], atol=0.01)


def test_copies_are_small_and_even():
    assert copy_size(1280, 720) == (640, 360)
    assert copy_size(333, 251) == (332, 252)
    assert copy_size(4000, 3) == (640, 2)


# --------------------------------------------------------------------------- FAIR-Play


def test_fair_play_is_known_by_its_folders(tmp_path):
    assert not fair_play.is_fair_play(tmp_path)
    write_fair_play(tmp_path, 2)
    assert fair_play.is_fair_play(tmp_path)
    assert fair_play.find_recordings(tmp_path) == ["000001", "000002"]


@pytest.mark.parametrize("pictures", [None, "png", "jpg"])
def test_frame_shows_the_moment_of_its_number(tmp_path, pictures):
    recording = fair_play.open_recording(write_fair_play(tmp_path, 1, pictures=pictures), "000001")
    assert (recording.n_frames, recording.width, recording.height) == (20, 64, 48)
    assert bool(recording.pictures) == bool(pictures)
    frames = [number_of(fair_play.read_frame(recording, k)) for k in (0, 2, 9, 10, 19)]
    # The video has 30 pictures a second, of which every third is taken out.
    assert frames == ([0, 2, 9, 10, 19] if pictures else [0, 6, 27, 30, 57])


def test_frames_lie_under_either_name(tmp_path):
    write_fair_play(tmp_path, 1, pictures="png")
    folder = tmp_path / "frames"
    (folder / "000001.mp4").rename(folder / "000001")
    recording = fair_play.open_recording(tmp_path, "000001")
    assert [path.stem for path in recording.pictures] == [str(k) for k in range(1, 21)]


@pytest.mark.parametrize("pictures", [None, "png"])
def test_copy_has_the_binaural_sound_and_the_frames(tmp_path, pictures):
    recording = fair_play.open_recording(write_fair_play(tmp_path, 1, pictures=pictures), "000001")
    path = tmp_path / "copy.mp4"
    fair_play.write_recording(path, recording)
    assert probe_video(path).plays
    left, right = first_click(path)
    assert (left, right) == (np.inf, pytest.approx(1.0, abs=0.005))
    np.testing.assert_allclose(picture_times(path), np.arange(20) / 10, atol=1e-4)
    shown = [number_of(read_picture(path, k)) for k in range(20)]
    assert shown == [k if pictures else 3 * k for k in range(20)]


def test_missing_and_damaged_parts_are_named(tmp_path):
    write_fair_play(tmp_path, 2)
    (tmp_path / "binaural_audios/000001.wav").unlink()
    with pytest.raises(InputError, match="000001.wav: file must exist"):
        fair_play.open_recording(tmp_path, "000001")
    (tmp_path / "videos/000002.mp4").write_bytes(b"no video")
    with pytest.raises(InputError, match="000002.mp4: file must be a whole video"):
        fair_play.open_recording(tmp_path, "000002")


def test_damaged_frames_are_named(tmp_path):
    write_fair_play(tmp_path, 1, pictures="png")
    recording = fair_play.open_recording(tmp_path, "000001")
    (tmp_path / "frames/000001.mp4/4.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="4.png: is damaged"):
        fair_play.read_frame(recording, 3)
    with pytest.raises(InputError, match="frame must be from 0 to 19, got 20"):
        fair_play.read_frame(recording, 20)
    (tmp_path / "frames/000001.mp4/1.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="1.png: file must be a PNG or JPEG"):
        fair_play.open_recording(tmp_path, "000001")


def test_rates_are_those_that_the_tests_assume():
    assert (RATE, fair_play.FPS, fair_play.LABELLED_FRAME) == (16000, 10.0, 49)
