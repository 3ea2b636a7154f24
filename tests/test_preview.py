"""The preview: its numbers and its files."""

import json
import re

import numpy as np
import pytest
from ffmpeg import heard, shown_luma
from hypothesis import given
from hypothesis import strategies as st
from preview_clips import (
    BOXES,
    CAMERA,
    FPS,
    POLYGON,
    RATE,
    SOURCE,
    recorded_clip,
    simulated_clip,
    write_dataset,
)

from simbinaural.dataset.preview import as_script, evenly_spread, write_clip, write_preview
from simbinaural.dataset.preview_clip import (
    describe_clip,
    draw_clip,
    floor_area,
    lateral_itd,
    rounded,
)
from simbinaural.dataset.preview_statistics import Statistics, round_edges
from simbinaural.errors import InputError
from simbinaural.shards import open_dataset, write_info
from simbinaural.video import encode_jpeg, video_info


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A data set with its preview: five simulated clips and a recorded one."""
    folder = tmp_path_factory.mktemp("data") / "sim & <more>"
    clips = [simulated_clip(index) for index in range(5)]
    write_dataset(folder, [*clips, recorded_clip()])
    write_preview(folder)
    return folder


def page_data(folder):
    """What is embedded in the page."""
    page = (folder / "index.html").read_text(encoding="utf-8")
    return json.loads(re.search(r'<script id="data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])


def stored_clip(tmp_path, clip):
    """The clip as it comes from a shard."""
    return open_dataset(write_dataset(tmp_path / "data", [clip])).clip("000000")


# --------------------------------------------------------------------------- numbers


def test_spherical_head():
    # Woodworth: a / c (pi / 2 + 1) at the side, and earlier on the left is positive.
    np.testing.assert_allclose(lateral_itd(90, 0), 0.0875 / 343 * (np.pi / 2 + 1))
    np.testing.assert_allclose(lateral_itd([30, 150], 0), lateral_itd([150, 30], 0))
    np.testing.assert_allclose(lateral_itd(-40, 20), -lateral_itd(40, 20))
    np.testing.assert_allclose(lateral_itd([0, 180, 90], [50, 0, 90]), 0, atol=1e-12)


def test_floor_area():
    np.testing.assert_allclose(floor_area(POLYGON), 16)
    np.testing.assert_allclose(floor_area(POLYGON[::-1]), 16)
    assert np.isnan(floor_area(None))


def test_rounded_numbers_are_what_json_can_hold():
    assert rounded([[1.2345, np.nan], [-np.inf, -0.0001]], 2) == [[1.23, None], [None, 0.0]]
    assert str(rounded([-0.2, 3.7], 0)) == "[0, 4]"
    assert rounded(np.nan, 1) is None


@given(st.floats(-1e4, 1e4), st.floats(0, 1e4))
def test_bins_are_few_round_and_hold_all(lowest, span):
    edges = round_edges(lowest, lowest + span)
    assert 2 <= len(edges) <= 25
    assert edges[0] <= lowest
    assert edges[-1] >= lowest + span
    step = edges[1] - edges[0]
    np.testing.assert_allclose(np.diff(edges), step, rtol=1e-5)
    mantissa = step / 10 ** np.floor(np.log10(step * (1 + 1e-9)))
    assert min(abs(mantissa - base) for base in (1, 2, 5)) < 1e-4


@pytest.mark.parametrize(
    ("count", "chosen"), [(1, "a"), (2, "ae"), (3, "ace"), (5, "abcde"), (9, "abcde")]
)
def test_clips_are_spread_evenly(count, chosen):
    assert evenly_spread("abcde", count) == list(chosen)


def test_drawing_tells_the_truth_of_the_clip(tmp_path):
    clip = stored_clip(tmp_path, simulated_clip(1))
    drawing = draw_clip(clip)
    truth = clip["source_direction"][:, 0]
    np.testing.assert_allclose(drawing["truth"]["azimuth_deg"][0], truth[:, 0], atol=0.06)
    np.testing.assert_allclose(drawing["truth"]["distance_m"][0], truth[:, 2], atol=0.006)
    np.testing.assert_allclose(drawing["frame_times"], np.arange(30) / 5)
    np.testing.assert_allclose(drawing["pixels"], clip["source_pixel"], atol=0.06)
    room_map = drawing["map"]
    np.testing.assert_allclose(room_map["polygon"], POLYGON)
    np.testing.assert_allclose(room_map["boxes"], BOXES[:, :, [0, 2]])
    np.testing.assert_allclose(room_map["sources"], [[12, -2]])
    # Heading and true azimuth together point from the camera to the source.
    x, z = (SOURCE[[0, 2]] - np.array(room_map["path"])).T
    np.testing.assert_allclose(
        np.array(room_map["heading_deg"]) + truth[:, 0], np.degrees(np.arctan2(-x, -z)), atol=0.2
    )


def test_measured_cues_follow_the_azimuth(tmp_path):
    drawing = draw_clip(stored_clip(tmp_path, simulated_clip(1)))
    cues, truth = drawing["cues"], drawing["truth"]
    times, itd, ild = (np.array(cues[name]) for name in ("times", "itd_us", "ild_db"))
    frame = (times * FPS).astype(int)
    within = np.abs((times + 0.1) % 2 - 0.1) > 0.12  # not across a handover
    np.testing.assert_allclose(itd[within], np.array(truth["itd_us"][0])[frame[within]], atol=70)
    azimuth = np.array(truth["azimuth_deg"][0])[frame]
    sides = np.abs(azimuth) > 10
    np.testing.assert_array_equal(np.sign(ild[sides & within]), np.sign(azimuth[sides & within]))
    assert len(np.unique(np.sign(azimuth))) == 2


def test_soft_windows_are_told_apart(tmp_path):
    clip = simulated_clip(0)
    clip.arrays["audio"][:, 2 * RATE :] *= 0.1
    cues = draw_clip(stored_clip(tmp_path, clip))["cues"]
    np.testing.assert_array_equal(cues["loud"], np.array(cues["times"]) < 2.04)


def test_waveform_keeps_ears_apart(tmp_path):
    clip = simulated_clip(0)
    clip.arrays["audio"][:] = 0
    clip.arrays["audio"][0, 100], clip.arrays["audio"][1, -100] = -0.5, 0.25
    left, right = draw_clip(stored_clip(tmp_path, clip))["waveform"]
    assert (np.argmax(left), left[0], np.argmax(right), right[-1]) == (0, 100, 479, 50)


def test_decay_has_the_slope_of_the_reverberation_time(tmp_path):
    rirs = draw_clip(stored_clip(tmp_path, simulated_clip(1)))["rirs"]
    assert rirs["decay_of"] == [0, 1, 2]
    for curve, rt60 in zip(rirs["decay_db"], (0.3, 0.4, 0.5), strict=True):
        levels = np.array(curve[0])
        first, last = np.argmax(levels < -15), np.argmax(levels < -40)
        slope = (levels[last] - levels[first]) / ((last - first) * rirs["decay_step_s"])
        np.testing.assert_allclose(slope, -60 / rt60, rtol=0.05)
        assert levels[0] == 0
        assert levels[1] < -1  # the direct sound is over: the plot begins with it
        assert levels[-1] >= -60


def test_direct_sound_has_the_cues_that_it_was_given(tmp_path):
    clip = stored_clip(tmp_path, simulated_clip(1))
    rirs, direction = draw_clip(clip)["rirs"], clip["source_direction"][:, 0]
    for k in range(3):
        azimuth = direction[10 * k : 10 * k + 10, 0].mean()
        np.testing.assert_allclose(rirs["itd_us"][k], 1e6 * lateral_itd(azimuth, 0), atol=40)
        given_db = 20 * 0.6 * np.sin(np.radians(azimuth))
        np.testing.assert_allclose(rirs["ild_db"][k], given_db, atol=1)


def test_many_responses_are_thinned_out(tmp_path):
    rirs = draw_clip(stored_clip(tmp_path, simulated_clip(0, stays=30)))["rirs"]
    assert (len(rirs["decay_db"]), rirs["decay_of"][0], rirs["decay_of"][-1]) == (12, 0, 29)
    assert len(rirs["itd_us"]) == 30


def test_description(tmp_path):
    facts = describe_clip(stored_clip(tmp_path, simulated_clip(1)))
    assert (facts["id"], facts["class"], facts["duration_s"]) == ("000000", "drum", 6)
    assert (facts["rt60_s"], facts["room_area_m2"], facts["gain_db"]) == (0.4, 16, -3.25)


def test_statistics_count_frames_and_clips(tmp_path):
    folder = write_dataset(tmp_path, [*(simulated_clip(k) for k in range(3)), recorded_clip()])
    statistics = Statistics()
    with open_dataset(folder) as dataset:
        for clip in dataset:
            statistics.add(clip)
        distances = [clip["source_direction"][..., 2] for clip in dataset if "rir" in clip]
    summary = statistics.summary()
    assert (summary["n_clips"], summary["duration_s"]) == (4, 19)
    assert summary["classes"] == [["drum", 1], ["guitar", 1], ["phone", 1]]
    assert summary["distinct"] == {"class": 3, "scene": 3, "room": 3, "object": 3, "sound": 1}
    by_title = {each["title"]: each for each in summary["histograms"]}
    distance = by_title["Distance of the source"]
    np.testing.assert_array_equal(distance["counts"], np.histogram(distances, distance["edges"])[0])
    assert (sum(distance["counts"]), distance["n"]) == (90, 90)
    np.testing.assert_allclose(distance["median"], np.median(distances), atol=1e-3)
    assert by_title["Volume of the room"]["median"] == 41
    assert by_title["Length of the clip"]["n"] == 4


# --------------------------------------------------------------------------- files


def test_preview_writes_a_page_and_three_files_a_clip(shown):
    names = sorted(path.name for path in (shown / "previews").iterdir())
    assert names == [f"{k:06d}.{suffix}" for k in range(6) for suffix in ("jpg", "js", "mp4")]
    with open_dataset(shown) as dataset:
        first = dataset.clip("000002").image("frames", 0)
    assert (shown / "previews" / "000002.jpg").read_bytes() == first.tobytes()
    np.testing.assert_allclose(
        video_info(shown / "previews" / "000002.mp4").duration_s, 6, atol=0.03
    )


def test_page_needs_nothing_from_outside(shown):
    page = (shown / "index.html").read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\s\"')<]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@(TITLE|STYLE|SCRIPT|DATA)@|\bimport\b.*from|fetch\(", page)


def test_names_cannot_break_the_page(shown):
    page = (shown / "index.html").read_text(encoding="utf-8")
    assert "<title>sim &amp; &lt;more&gt;</title>" in page
    assert page.count("</script>") == 2
    assert page_data(shown)["clips"][0]["sound"] == "</script><b>noise</b>"
    assert as_script("</script>@STYLE@") == '"\\u003c/script>@STYLE@"'


def test_page_tells_what_made_the_data_set(shown):
    data = page_data(shown)
    assert data["info"]["command"] == "simbinaural render"
    assert [clip["id"] for clip in data["clips"]] == [f"{k:06d}" for k in range(6)]


def test_fewer_clips_replace_more(tmp_path):
    folder = write_dataset(tmp_path, [simulated_clip(k, stays=1) for k in range(4)])
    counted = []

    def progress(total):
        counted.append(total)
        return counted.append

    write_preview(folder)
    page = write_preview(folder, clips=2, progress=progress)
    assert page == folder / "index.html"
    assert counted == [4, 1, 1, 1, 1]
    kept = sorted(path.name for path in (folder / "previews").glob("*.mp4"))
    assert kept == ["000000.mp4", "000003.mp4"]
    data = page_data(folder)
    assert [clip["id"] for clip in data["clips"]] == ["000000", "000003"]
    assert data["statistics"]["n_clips"] == 4


def test_same_data_set_same_preview(tmp_path, shown):
    before = {path.name: path.read_bytes() for path in (shown / "previews").iterdir()}
    with open_dataset(shown) as dataset:
        write_clip(tmp_path, dataset.clip("000001"))
    for path in tmp_path.iterdir():
        assert path.read_bytes() == before[path.name]


def test_click_and_flash_of_a_clip_coincide(tmp_path):
    clip = simulated_clip(0)
    clip.arrays["audio"][:] = 0
    clip.arrays["audio"][:, round(3.4 * RATE)] = 0.9
    size = CAMERA.height, CAMERA.width, 3
    clip.arrays["frames"] = [
        encode_jpeg(np.full(size, 255 * (k == 17), np.uint8)) for k in range(30)
    ]
    write_clip(tmp_path, stored_clip(tmp_path, clip))
    times, luma = shown_luma(tmp_path / "000000.mp4")
    clicked = np.argmax(np.abs(heard(tmp_path / "000000.mp4")), axis=1) / 48000
    np.testing.assert_allclose(clicked, times[np.argmax(luma)], atol=0.02)
    np.testing.assert_allclose(clicked, 3.4, atol=0.001)


def test_recorded_frames_keep_their_times(shown):
    times, _ = shown_luma(shown / "previews" / "000005.mp4")
    np.testing.assert_allclose(times, [0, 0.21, 0.5, 0.8], atol=1e-3)


def test_preview_refuses(tmp_path):
    with pytest.raises(InputError, match="is not a data set"):
        write_preview(tmp_path)
    write_info(tmp_path, {})
    with pytest.raises(InputError, match="data set must hold clips, got none"):
        write_preview(tmp_path)
    with pytest.raises(InputError, match="clips must be at least 1, got 0"):
        write_preview(tmp_path, clips=0)
