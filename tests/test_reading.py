import tracemalloc
from types import SimpleNamespace

import av
import numpy as np
import pytest
import soundfile
from ffmpeg import ffmpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from ambi2binaural import reading
from ambi2binaural.reading import MediaReader
from simbinaural.audio import even_blocks, resample, resampled
from simbinaural.errors import InputError
from simbinaural.video import write_video

RATE = 48_000
CODECS = {
    "aac": ("-c:a", "aac", "-b:a", "256k"),
    "opus": ("-c:a", "libopus", "-mapping_family", "255"),
    "pcm": ("-c:a", "pcm_s16le"),
}


def write_pictures(path, levels, fps=30):
    """H.264 video, with frames that refer to later ones, of gray pictures."""
    raw = path.with_suffix(".raw")
    np.repeat(np.asarray(levels, np.uint8), 64 * 32).tofile(raw)
    source = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", "64x32", "-r", fps, "-i", raw)
    ffmpeg("-y", *source, "-c:v", "libx264", "-g", 2 * fps, "-pix_fmt", "yuv420p", path)
    return path


def write_sound(path, samples, rate=RATE):
    soundfile.write(path, np.asarray(samples, np.float32).T, rate, subtype="FLOAT")
    return path


def join(path, picture, sound, codec="pcm", *, picture_s=0.0, sound_s=0.0):
    """Put two tracks into a file, each shifted in time."""
    ffmpeg(
        *("-y", "-itsoffset", picture_s, "-i", picture, "-itsoffset", sound_s, "-i", sound),
        *("-map", "0:v", "-map", "1:a", "-c:v", "copy", *CODECS[codec], "-strict", -2, path),
    )
    return path


def level(frame):
    return frame.to_ndarray(format="gray").mean()


def read_sound(reader, *args, **options):
    return np.concatenate(list(reader.sound(*args, **options)), axis=1)


def clicks(duration_s, *times, rate=RATE):
    """Four channels with a click in the second one."""
    sound = np.zeros((4, int(duration_s * rate)), np.float32)
    for time in times:
        sound[1, round(time * rate) :][:24] = 0.8
    return sound


def click_time(samples, rate=RATE):
    loud = np.abs(samples).max(axis=1)
    assert loud.argmax() == 1
    assert np.delete(loud, 1).max() < 0.05
    return np.argmax(np.abs(samples[1]) > 0.4) / rate


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Twenty seconds that grow brighter, a keyframe every two."""
    levels = np.linspace(20, 230, 600)
    return write_pictures(tmp_path_factory.mktemp("film") / "film.mp4", levels)


# --------------------------------------------------------------------------- in sync


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        *(("mp4", codec) for codec in ("aac", "opus", "pcm")),
        *(("mov", codec) for codec in ("aac", "pcm")),
        *(("mkv", codec) for codec in ("aac", "opus", "pcm")),
    ],
)
def test_flash_and_click_stay_together(tmp_path, container, codec):
    for offset, shifted in [(0, "sound_s")] + [
        (sign * seconds, track)
        for sign in (1, -1)
        for seconds, track in ((0.25, "sound_s"), (0.3, "picture_s"))
    ]:
        own = {"sound_s": 1.0, "picture_s": 1.0, shifted: 1.0 - offset}
        flash = np.full(60, 20)
        flash[round(30 * own["picture_s"]) :][:2] = 230
        picture = write_pictures(tmp_path / "picture.mp4", flash)
        sound = write_sound(tmp_path / "sound.wav", clicks(2, own["sound_s"]))
        path = join(tmp_path / f"both.{container}", picture, sound, codec, **{shifted: offset})
        reader = MediaReader(path)
        shown = [s for _, s, frame in reader.frames(np.arange(0, 2, 1 / 30)) if level(frame) > 120]
        assert len(shown) == 2
        # Half a frame is asked; a tick of Matroska's clock and the coders' smearing are left.
        heard = click_time(read_sound(reader))
        np.testing.assert_allclose(heard - shown[0], 0, atol=0.003, err_msg=str((offset, shifted)))


@pytest.mark.parametrize("audio", ["wav", "flac", "m4a", "mka"])
def test_a_separate_sound_goes_with_the_picture(tmp_path, audio):
    flash = np.full(60, 20)
    flash[30:32] = 230
    picture = write_pictures(tmp_path / "picture.mp4", flash)
    sound = write_sound(tmp_path / "sound.wav", clicks(2, 1.0))
    if audio != "wav":
        ffmpeg("-y", "-i", sound, tmp_path / f"sound.{audio}")
    reader = MediaReader(picture, tmp_path / f"sound.{audio}")
    np.testing.assert_allclose(click_time(read_sound(reader)), 1.0, atol=0.003)


def test_a_free_running_clock_does_not_shift_a_separate_sound(tmp_path):
    picture = write_pictures(tmp_path / "picture.mp4", np.full(30, 20))
    ffmpeg("-y", "-i", picture, "-c", "copy", "-muxdelay", 1.4, tmp_path / "picture.ts")
    sound = write_sound(tmp_path / "sound.wav", clicks(1, 0.5))
    reader = MediaReader(tmp_path / "picture.ts", sound)
    assert reader.start_s > 1
    np.testing.assert_allclose(click_time(read_sound(reader)), 0.5, atol=0.1)


def test_missing_sound_becomes_silence(tmp_path):
    path = tmp_path / "gap.mkv"
    sound = clicks(3, 0.5, 2.5)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 32, "yuv420p"
        track = container.add_stream("pcm_f32le", rate=RATE, layout="4.0")
        for k in range(30):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 64, 3), np.uint8), format="rgb24")
            frame.pts = k
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for start in range(0, 3 * RATE, 4800):
            if RATE <= start < 2 * RATE:
                continue
            block = np.ascontiguousarray(sound[:, start : start + 4800].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="flt", layout="4.0")
            frame.sample_rate, frame.pts = RATE, start
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    found = read_sound(MediaReader(path))
    np.testing.assert_array_equal(found, sound)


# --------------------------------------------------------------------------- picking frames


def test_frames_are_picked_by_their_times(film):
    picked = list(MediaReader(film).frames([0, 0.016, 0.018, 1.0, 1.0, 19.99]))
    assert [round(30 * shown) for _, shown, _ in picked] == [0, 0, 1, 30, 30, 599]
    expected = 20 + 210 / 599 * np.array([0, 0, 1, 30, 30, 599])
    np.testing.assert_allclose([level(frame) for *_, frame in picked], expected, atol=1.5)


def test_beyond_the_last_frame_there_is_nothing(film):
    picked = list(MediaReader(film).frames([19.9, 19.999, 20.001, 25]))
    assert [wanted for wanted, *_ in picked] == [19.9, 19.999]


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """A video of variable rate, and when its frames are shown."""
    times = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.3, 25))
    times -= times[0]
    frames = (np.full((32, 64, 3), 10 * k, np.uint8) for k in range(25))
    path = tmp_path_factory.mktemp("uneven") / "uneven.mp4"
    write_video(path, frames, 10, np.zeros((2, RATE)), RATE, times=times)
    return path, times


@settings(deadline=None, max_examples=20)
@given(wanted=st.lists(st.floats(-0.5, 4), max_size=12).map(sorted))
def test_the_nearest_frame_is_taken_whatever_the_rate(uneven, wanted):
    path, times = uneven
    picked = list(MediaReader(path).frames(wanted))
    assert [w for w, *_ in picked] == wanted[: len(picked)]
    for w, shown, frame in picked:
        assert abs(w - shown) <= np.abs(times - w).min() + 1e-4
        k = np.abs(times - shown).argmin()
        np.testing.assert_allclose(level(frame), 10 * k, atol=3)


def test_sought_frames_are_those_of_a_full_pass(film):
    reader, times = MediaReader(film), np.arange(15, 17, 1 / 8)
    sought = [(shown, level(frame)) for _, shown, frame in reader.frames(times)]
    whole = {w: (shown, level(frame)) for w, shown, frame in reader.frames([0, *times])}
    assert sought == [whole[time] for time in times]


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9"])
def test_skipping_changes_no_picture(tmp_path, codec):
    path = tmp_path / "moving.mkv"
    moving = ("-f", "lavfi", "-i", "testsrc2=s=160x80:r=30,noise=alls=5:allf=t", "-t", 6)
    ffmpeg(*moving, "-c:v", codec, "-pix_fmt", "yuv420p", path)
    with av.open(str(path)) as container:
        whole = {round(30 * frame.time): frame.to_ndarray() for frame in container.decode(video=0)}
    assert len(whole) == 180
    for fps in (8, 30, 2.5):
        for wanted, shown, frame in MediaReader(path).frames(np.arange(0, 6, 1 / fps)):
            assert abs(wanted - shown) < 0.5 / 30 + 0.001
            np.testing.assert_array_equal(frame.to_ndarray(), whole[round(30 * shown)])


CLOSED = {"h264": ("libx264",), "hevc": ("libx265", "-x265-params", "open-gop=0:bframes=0")}
OPEN = {
    "h264": ("libx264", "-x264-params", "open-gop=1"),
    "h264-refreshed": ("libx264", "-x264-params", "intra-refresh=1:bframes=0"),
    "hevc": ("libx265", "-x265-params", "open-gop=1"),
}


def decoded_for(path, asked):
    """How many frames come out of the decoder, and whether each asked one is as it should be."""
    with av.open(str(path)) as container:
        frames = [(frame.time, frame.to_ndarray()) for frame in container.decode(video=0)]
    whole = {round(30 * (time - frames[0][0])): picture for time, picture in frames}
    for _, shown, frame in MediaReader(path).frames(asked):
        np.testing.assert_array_equal(frame.to_ndarray(), whole[round(30 * shown)])
    return len(list(MediaReader(path)._timed_frames(list(asked)))), len(whole)


def write_groups(path, *coder):
    """Two seconds of moving pictures in groups of 10."""
    moving = ("-f", "lavfi", "-i", "testsrc2=s=160x80:r=30,noise=alls=5:allf=t", "-t", 2)
    ffmpeg(*moving, "-c:v", *coder, "-g", 10, "-bf", 0, "-pix_fmt", "yuv420p", path)
    return path


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("codec", CLOSED)
def test_the_rest_of_a_group_is_left_out(tmp_path, codec, container):
    path = write_groups(tmp_path / f"closed.{container}", *CLOSED[codec], "-sc_threshold", 0)
    # Of each group the first four pictures are needed; of the last no restart tells that.
    assert decoded_for(path, np.arange(6) / 3 + 3.1 / 30) == (5 * 4 + 10, 60)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("codec", OPEN)
def test_pictures_that_open_groups_need_are_decoded(tmp_path, codec, container):
    path = tmp_path / f"open.{container}"
    moving = ("-f", "lavfi", "-i", "testsrc2=s=160x80:r=30,noise=alls=5:allf=t", "-t", 2)
    ffmpeg(*moving, "-c:v", *OPEN[codec], "-g", 10, "-pix_fmt", "yuv420p", path)
    for asked in (np.arange(6) / 3 + 3.1 / 30, np.arange(16) / 8, [0.31, 0.33, 0.99]):
        decoded_for(path, asked)


def test_skipping_leaves_out_what_is_not_asked_for(film):
    decoded = [
        len(list(MediaReader(film)._timed_frames(list(np.arange(0, 20, step)))))
        for step in (1 / 30, 1 / 8)
    ]
    assert decoded[0] == 600
    assert 160 <= decoded[1] < 500


def test_a_seek_that_goes_too_far_is_not_trusted(film, monkeypatch):
    def seek_far(container, track, time_s):
        container.seek(int((time_s + 6) / track.time_base), stream=track)
        return True

    monkeypatch.setattr(reading, "_seek", seek_far)
    shown = [shown for _, shown, _ in MediaReader(film).frames([12, 13])]
    np.testing.assert_allclose(shown, [12, 13], atol=1e-3)


def test_frames_out_of_order_are_left_out(film, monkeypatch):
    reader = MediaReader(film)
    faulty = [SimpleNamespace(time=time, duration=0) for time in (0, 0.1, 0.05, 0.1, 0.2)]
    monkeypatch.setattr(reading, "_decoded", lambda *_, **__: faulty)
    assert [s for _, s, _ in reader.frames([0.0, 0.06, 0.11, 0.19])] == [0, 0.1, 0.1, 0.2]
    assert [time for time, _ in reader._timed_frames([0.0])] == [0, 0.1, 0.2]


def test_frames_come_again_from_the_start(film):
    reader = MediaReader(film)
    first = [level(frame) for *_, frame in reader.frames([0, 1, 2])]
    assert first == [level(frame) for *_, frame in reader.frames([0, 1, 2])]


# --------------------------------------------------------------------------- sound


def test_blocks_join_without_a_seam(tmp_path, film):
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 70_000)).astype(np.float32)
    reader = MediaReader(film, write_sound(tmp_path / "sound.wav", sound))
    blocks = list(reader.sound(block_s=0.3))
    assert {block.shape for block in blocks[:-1]} == {(4, 14_400)}
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), sound)
    assert reader.sounding.decoded_s == pytest.approx(70_000 / RATE)
    assert reader.sounding.missing_s == pytest.approx(0, abs=1e-3)


def test_sound_at_another_rate_is_that_of_the_whole(tmp_path, film):
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (6, 70_001)).astype(np.float32)
    reader = MediaReader(film, write_sound(tmp_path / "sound.wav", sound, 44_100))
    expected = resample(sound, 44_100, 16_000)
    np.testing.assert_allclose(read_sound(reader, 16_000), expected, atol=1e-5)


@settings(deadline=None, max_examples=25)
@given(
    lengths=st.lists(st.integers(0, 3000), max_size=6),
    rates=st.sampled_from([(48_000, 16_000), (44_100, 48_000), (16_000, 44_100)]),
)
def test_resampling_does_not_see_the_cuts(lengths, rates):
    sound = np.random.default_rng(0).standard_normal((2, sum(lengths))).astype(np.float32)
    blocks = np.split(sound, np.cumsum(lengths)[:-1], axis=1) if lengths else []
    found = [*resampled(blocks, *rates), np.zeros((2, 0), np.float32)]
    expected = resample(sound, *rates)
    np.testing.assert_allclose(np.concatenate(found, axis=1), expected, atol=1e-5)


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), max_size=8), st.integers(1, 20))
def test_even_blocks_keep_every_sample(lengths, length):
    sound = np.arange(2 * sum(lengths), dtype=np.float32).reshape(2, -1)
    blocks = np.split(sound, np.cumsum(lengths)[:-1], axis=1) if lengths else []
    found = list(even_blocks(blocks, length))
    assert all(block.shape == (2, length) for block in found[:-1])
    assert all(0 < block.shape[1] <= length for block in found)
    joined = np.concatenate([*found, np.zeros((2, 0))], axis=1)
    np.testing.assert_array_equal(joined, sound)


def test_a_long_sound_takes_no_more_memory(tmp_path, film):
    quarter_hour = np.zeros((4, 900 * 8000), np.int16)
    path = tmp_path / "long.flac"
    soundfile.write(path, quarter_hour.T, 8000)
    del quarter_hour
    reader = MediaReader(film, path)
    tracemalloc.start()
    n_samples = sum(block.shape[1] for block in reader.sound())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n_samples == 900 * 8000
    assert peak < 2e6


# --------------------------------------------------------------------------- damage


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_of_a_cut_off_file_the_beginning_is_used(tmp_path, film, container):
    sound = write_sound(tmp_path / "sound.wav", clicks(20, 1.0))
    whole, cut = tmp_path / f"whole.{container}", tmp_path / f"cut.{container}"
    join(tmp_path / "both.mkv", film, sound, "pcm")
    ffmpeg("-i", tmp_path / "both.mkv", "-c", "copy", "-movflags", "+faststart", whole)
    content = whole.read_bytes()
    cut.write_bytes(content[: int(0.6 * len(content))])
    reader = MediaReader(cut)
    shown = [s for _, s, _ in reader.frames(np.arange(0, 20, 0.25))]
    assert 9 < shown[-1] < 15
    assert click_time(read_sound(reader)) == pytest.approx(1.0, abs=0.002)
    for extent in (reader.picture, reader.sounding):
        assert extent.stated_s == pytest.approx(20, abs=0.1)
        assert extent.decoded_s == pytest.approx(12, abs=1.5)
        assert extent.missing_s == pytest.approx(20 - extent.decoded_s, abs=0.1)


def test_damage_in_the_middle_is_passed_over(tmp_path, film):
    content = bytearray(film.read_bytes())
    start = content.find(b"mdat")
    middle = start + (len(content) - start) // 3
    content[middle : middle + 300] = bytes(range(1, 101)) * 3
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    shown = [s for _, s, _ in MediaReader(path).frames(np.arange(0, 20, 0.5))]
    assert len(shown) == 40


def test_sound_after_damage_is_still_in_time(tmp_path, film):
    sound = write_sound(tmp_path / "sound.wav", clicks(10, 8.0))
    path = join(tmp_path / "both.mp4", film, sound, "aac")
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(audio=0) if p.pts is not None]
        place, size = packets[200].pos, sum(p.size for p in packets[200:203])
    content = bytearray(path.read_bytes())
    content[place : place + size] = b"\xff" * size
    path.write_bytes(content)
    reader = MediaReader(path)
    found = read_sound(reader)
    assert reader.sounding.n_damaged > 0
    late = found[1, 7 * RATE :]
    assert np.argmax(np.abs(late) > 0.4) / RATE + 7 == pytest.approx(8.0, abs=0.003)


# --------------------------------------------------------------------------- bad input


def test_what_is_read_is_told(film):
    reader = MediaReader(film)
    assert (reader.width, reader.height, reader.fps) == (64, 32, 30)
    assert reader.picture.stated_s == pytest.approx(20)


def test_no_file():
    with pytest.raises(InputError, match=r"nowhere.mp4: file must exist"):
        MediaReader("nowhere.mp4")


def test_no_video(tmp_path):
    path = write_sound(tmp_path / "sound.wav", clicks(1))
    with pytest.raises(InputError, match=r"sound.wav: file must .*pictures"):
        MediaReader(path)


def test_nothing_that_decodes(tmp_path):
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(InputError, match=r"noise.mp4: file must"):
        MediaReader(path)


def test_pictures_that_do_not_decode(tmp_path, film):
    content = bytearray(film.read_bytes())
    start = content.find(b"mdat") + 4
    end = content.find(b"moov") if content.find(b"moov") > start else len(content)
    content[start : end - 4] = bytes(end - 4 - start)
    path = tmp_path / "blank.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"blank.mp4: pictures must decode, got none"):
        MediaReader(path)


def test_no_sound(film):
    with pytest.raises(InputError, match=r"film.mp4: file must have 1 or more sound tracks, got 0"):
        next(MediaReader(film).sound())


def test_no_such_sound_track(tmp_path, film):
    path = join(tmp_path / "both.mkv", film, write_sound(tmp_path / "s.wav", clicks(1)))
    with pytest.raises(InputError, match="must have 3 or more sound tracks, got 1"):
        next(MediaReader(path, audio_track=2).sound())


def test_sound_that_changes(tmp_path, film):
    parts = []
    for n_channels in (1, 2):
        sound = write_sound(tmp_path / "sound.wav", np.zeros((n_channels, RATE)))
        ffmpeg("-y", "-i", sound, tmp_path / "part.aac")
        parts.append((tmp_path / "part.aac").read_bytes())
    both = tmp_path / "both.aac"
    both.write_bytes(b"".join(parts))
    with pytest.raises(InputError, match=r"both.aac: sound must keep its 1 channels at 48000 Hz"):
        list(MediaReader(film, both).sound())


def test_times_that_do_not_grow(film):
    with pytest.raises(InputError, match="times must grow, got 1 after 2"):
        list(MediaReader(film).frames([0, 2, 1]))
