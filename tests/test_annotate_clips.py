"""One interface over data sets, FAIR-Play and folders of videos."""

import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from ffmpeg import heard
from PIL import Image
from recorded_clips import sounding_clip, write_clips, write_recordings
from recorded_videos import number_of, numbered, write_fair_play, write_numbered

from annotate.clips import KEPT_MEDIA, open_clips
from simbinaural.corpora.videos import probe_video
from simbinaural.errors import InputError
from simbinaural.shards import ClipData
from simbinaural.video import encode_jpeg, video_info


def dataset(folder, n_clips=3):
    """A data set whose frames tell their number, with sound from the left."""
    clips = []
    for index in range(n_clips):
        clip = sounding_clip(index, azimuths_deg=[40], size=(64, 48), duration_s=2.0)
        frames = [encode_jpeg(numbered(10 * index + k)) for k in range(10)]
        clips.append(ClipData({**clip.arrays, "frames": frames}, clip.attributes))
    return write_clips(folder, clips)


def fair_play(folder):
    return write_fair_play(folder, 3, duration_s=6.0, pictures="png")


def videos(folder):
    for name in ("a.mp4", "b.webm", "c/d.avi"):
        write_numbered(folder / name)
    return folder


MAKERS = {"dataset": dataset, "fair-play": fair_play, "videos": videos}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: make(tmp_path_factory.mktemp(kind)) for kind, make in MAKERS.items()}


@pytest.fixture(params=MAKERS)
def clips(request, folders):
    with open_clips(folders[request.param]) as clips:
        yield clips


EXPECTED = {
    "dataset": (["000000", "000001", "000002"], 10, 5.0, 4, 2.0),
    "fair-play": (["000001", "000002", "000003"], 60, 10.0, 49, 6.0),
    "videos": (["a", "b", "c/d"], 40, 10.0, 19, 4.0),
}


def test_clips_tell_what_they_are(clips):
    ids, n_frames, fps, frame, duration_s = EXPECTED[clips.kind]
    assert [info.id for info in clips.infos] == ids
    for info in clips.infos:
        assert (info.n_frames, info.width, info.height, info.frame) == (n_frames, 64, 48, frame)
        assert info.fps == pytest.approx(fps, rel=0.05)
        assert info.duration_s == pytest.approx(duration_s, abs=0.15)
        assert info.problem == ""


def test_frames_are_jpeg_files_of_the_size_that_is_told(clips):
    for number, info in enumerate(clips.infos):
        jpeg = clips.frame_jpeg(number, info.frame)
        picture = Image.open(io.BytesIO(jpeg))
        assert (picture.format, picture.size) == ("JPEG", (info.width, info.height))
        first = 10 * number if clips.kind == "dataset" else 0
        assert number_of(jpeg) == first + info.frame
        assert number_of(clips.frame_jpeg(number, 0)) == first


def test_media_play_with_stereo_sound(clips):
    for number, info in enumerate(clips.infos):
        media = probe_video(clips.media_file(number))
        assert media.plays
        assert video_info(media.path).n_channels == 2
        assert media.duration_s == pytest.approx(info.duration_s, abs=0.2)
        left, right = np.square(heard(media.path)).mean(axis=1)
        louder = right > 10 * left if clips.kind == "fair-play" else left > 1.3 * right
        assert louder, (number, left, right)


def test_originals_that_play_are_not_copied(folders):
    with open_clips(folders["videos"]) as clips:
        assert clips.media_file(0) == folders["videos"] / "a.mp4"
        assert clips.media_file(1) == folders["videos"] / "b.webm"
        assert clips.media_file(2).suffix == ".mp4"
        assert clips.media_file(2).parent != folders["videos"] / "c"


@pytest.mark.parametrize(("rule", "chosen"), [(0, 0), (7, 7), (1000, -1)])
def test_another_frame_can_be_chosen(folders, rule, chosen):
    for folder in folders.values():
        with open_clips(folder, frame=rule) as clips:
            for info in clips.infos:
                assert info.frame == chosen % info.n_frames


@pytest.mark.parametrize("rule", [-1, "last", 2.0, None])
def test_frames_that_are_none_are_refused(folders, rule):
    with pytest.raises(InputError, match=f"frame must be middle or a number from 0 on, got {rule}"):
        open_clips(folders["videos"], frame=rule)


def test_numbers_that_are_none_are_refused(clips):
    n_frames = clips.infos[0].n_frames
    for frame in (-1, n_frames):
        with pytest.raises(InputError, match=f"frame must be from 0 to {n_frames - 1}, got"):
            clips.frame_jpeg(0, frame)
    for number in (-1, 3):
        with pytest.raises(InputError, match=f"clip must be from 0 to 2, got {number}"):
            clips.frame_jpeg(number, 0)
        with pytest.raises(InputError, match=f"clip must be from 0 to 2, got {number}"):
            clips.media_file(number)


# --------------------------------------------------------------------------- what is bad


def test_unreadable_videos_are_named_and_keep_their_place(tmp_path):
    write_numbered(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_bytes(b"no video")
    write_numbered(tmp_path / "c.mp4")
    with open_clips(tmp_path) as clips:
        assert [info.id for info in clips.infos] == ["a", "b", "c"]
        assert [bool(info.problem) for info in clips.infos] == [False, True, False]
        assert "b.mp4: file must be a whole video" in clips.infos[1].problem
        assert "\n" not in clips.infos[1].problem
        for read in (clips.media_file, lambda number: clips.frame_jpeg(number, 0)):
            with pytest.raises(InputError, match="b.mp4: file must be a whole video"):
                read(1)
        assert number_of(clips.frame_jpeg(2, 5)) == 5


def test_fair_play_without_a_sound_is_named(tmp_path):
    write_fair_play(tmp_path, 2)
    (tmp_path / "binaural_audios/000001.wav").unlink()
    with open_clips(tmp_path) as clips:
        assert "000001.wav: file must exist" in clips.infos[0].problem
        assert clips.infos[1].problem == ""


@pytest.mark.parametrize("content", [[], ["notes.txt"], ["broken.mp4"]])
def test_no_clips_are_told_in_one_line(tmp_path, content):
    for name in content:
        (tmp_path / name).write_text("nothing")
    with pytest.raises(InputError, match="holds no clips that can be shown") as told:
        open_clips(tmp_path)
    assert ("broken.mp4" in str(told.value)) == (content == ["broken.mp4"])


def test_an_empty_data_set_and_no_folder_are_told(tmp_path):
    write_clips(tmp_path / "empty", [])
    with pytest.raises(InputError, match="empty: holds no clips"):
        open_clips(tmp_path / "empty")
    with pytest.raises(InputError, match="gone: must be a folder"):
        open_clips(tmp_path / "gone")


# --------------------------------------------------------------------------- ahead and at once


def test_many_threads_make_a_copy_once(folders, monkeypatch):
    with open_clips(folders["fair-play"]) as clips:
        calls = []
        write = clips._source.write_media

        def slow(number, path):
            calls.append(number)
            time.sleep(0.05)
            write(number, path)

        monkeypatch.setattr(clips._source, "write_media", slow)
        found = []
        threads = [
            threading.Thread(target=lambda n=n: found.append(clips.media_file(n % 2)))
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(calls) == [0, 1]
        assert len(set(found)) == 2


def test_only_the_last_copies_are_kept(tmp_path):
    write_recordings(tmp_path, KEPT_MEDIA + 3, size=(64, 48), duration_s=0.6)
    with open_clips(tmp_path) as clips:
        made = [clips.media_file(number) for number in range(len(clips.infos))]
        assert [path.exists() for path in made] == [False] * 3 + [True] * KEPT_MEDIA
        assert clips.media_file(0).exists()
    assert not made[0].parent.exists()


def test_the_next_clip_is_made_ready_in_the_background(folders, monkeypatch):
    with open_clips(folders["fair-play"]) as clips:
        clips.prefetch(1)
        clips._ahead.submit(lambda: None).result(30)  # it works on one after the other
        monkeypatch.setattr(clips._source, "write_media", None)  # nothing is made from here on
        monkeypatch.setattr(clips._source, "jpeg", None)
        assert clips.media_file(1).exists()
        assert number_of(clips.frame_jpeg(1, 49)) == 49


def test_of_many_prefetches_the_last_counts(folders, monkeypatch):
    with open_clips(folders["fair-play"]) as clips:
        ready, made = threading.Event(), []
        clips._ahead.submit(ready.wait)
        monkeypatch.setattr(clips, "media_file", made.append)
        for number in (0, 1, 2):
            clips.prefetch(number)
        ready.set()
        clips._ahead.submit(lambda: None).result(30)
        assert made == [2]


def test_a_prefetch_of_what_is_damaged_or_closed_is_silent(tmp_path):
    write_numbered(tmp_path / "a.avi")
    clips = open_clips(tmp_path)
    Path(tmp_path / "a.avi").write_bytes(b"no video")
    clips.prefetch(0)
    clips._ahead.submit(lambda: None).result(30)
    with pytest.raises(InputError, match="a.avi"):
        clips.media_file(0)
    clips.close()
    clips.prefetch(0)
