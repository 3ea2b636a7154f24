"""The page of `annotate` in a real browser."""

import io
import shutil
import time

import numpy as np
import pytest
from annotate_page import Desk, Server, chromium
from PIL import Image
from recorded_clips import sounding_clip, write_recordings

from annotate.clips import open_clips
from annotate.maps import write_maps
from annotate.store import NAME, open_store
from simbinaural.shards import open_dataset

WIDTH, HEIGHT, LABELED = 480, 240, 4
KINDS = {"n": "nothing", "l": "left", "r": "right", "b": "behind", "u": "unsure"}
AWAY = "document.getElementById('saved').dataset.state === 'offline'"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def six_clips(tmp_path_factory):
    return write_recordings(tmp_path_factory.mktemp("data") / "six", 6)


@pytest.fixture
def sit_down(browser, tmp_path):
    """A function that copies a data set, serves it and opens its page."""
    opened = []

    def sit(template, **options):
        folder = tmp_path / template.name
        shutil.copytree(template, folder)
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 720}} | options)
        desk = Desk(context, Server(folder))
        opened.append(desk)
        return desk

    yield sit
    for desk in opened:
        desk.context.close()
        desk.server.kill()
        assert desk.errors == []


@pytest.fixture
def desk(sit_down, six_clips):
    return sit_down(six_clips)


def true_spot(desk, clip_id):
    """Middle of the spot that is drawn into a clip's labeled frame, in the image's pixels."""
    with open_dataset(desk.server.folder) as dataset:
        pixels = dataset.clip(clip_id)["source_pixel"]
    return np.floor(pixels[(len(pixels) - 1) // 2, 0]) + 0.5


def seen_spot(desk):
    """Middle of the bright spot in a picture of the screen."""
    png = desk.page.screenshot(clip=desk.page.locator("#stage").bounding_box())
    seen = np.asarray(Image.open(io.BytesIO(png)).convert("L")) > 200
    assert not seen[[0, -1]].any(), "the spot must be seen whole"
    assert not seen[:, [0, -1]].any(), "the spot must be seen whole"
    rows, columns = np.nonzero(seen)
    box = desk.page.locator("#stage").bounding_box()
    return box["x"] + columns.mean() + 0.5, box["y"] + rows.mean() + 0.5


def go_to(desk, clip_id):
    desk.press("g")
    desk.page.keyboard.type(clip_id)
    desk.press("Enter")
    desk.wait(f"annotate.page.clip.id === {clip_id!r} && annotate.page.draft")


# --------------------------------------------------------------------------- points


@pytest.mark.parametrize("zoom", [0, 4, -4, 7])
def test_a_click_is_stored_where_the_picture_was_hit(desk, zoom):
    desk.run("told.hidden = true")
    desk.run("annotate.player.toggle = () => { window.toggled = true; }; 0")
    spot = true_spot(desk, "000000")
    desk.page.mouse.move(*desk.place(spot + [10, -5]))
    for _ in range(abs(zoom)):
        desk.page.mouse.wheel(0, -100 if zoom > 0 else 100)
    if zoom:
        desk.press("ArrowLeft", "ArrowDown")
        desk.drag(spot, spot + [-4, 3], button="middle")
        desk.page.keyboard.down(" ")
        desk.drag(spot, spot + [-3, 5])
        desk.page.keyboard.up(" ")
    assert desk.run("annotate.stage.view.scale") > 4 or zoom < 7
    assert desk.points == []
    assert not desk.run("window.toggled"), "a space bar that was held to pan plays nothing"
    desk.page.mouse.click(*seen_spot(desk))
    desk.save()
    desk.saved()
    (stored,) = desk.server.answers()["000000"].points
    np.testing.assert_allclose(stored, spot, atol=0.5)


def test_points_are_dragged_deleted_and_brought_back(desk):
    a, b, c = [100.0, 60.0], [300.0, 120.0], [400.0, 200.0]
    for point in a, b, c:
        desk.click(point)
    desk.drag(b, [200, 100])
    near = {"atol": 0.7}
    np.testing.assert_allclose(desk.points, [a, [200, 100], c], **near)
    desk.press("Control+z")
    np.testing.assert_allclose(desk.points, [a, b, c], **near)
    desk.press("y")
    np.testing.assert_allclose(desk.points, [a, [200, 100], c], **near)
    desk.press("Backspace")
    np.testing.assert_allclose(desk.points, [a, c], **near)
    desk.click(a, button="right")
    np.testing.assert_allclose(desk.points, [c], **near)
    desk.click([50, 50], button="right")  # beside all points: nothing
    desk.press("z", "z")
    np.testing.assert_allclose(desk.points, [a, [200, 100], c], **near)
    desk.press("n")
    assert desk.points == []
    desk.press("z")
    desk.save()
    desk.saved()
    stored = desk.server.answers()["000000"]
    assert stored.kind == "points"
    np.testing.assert_allclose(stored.points, [a, [200, 100], c], **near)


def test_points_stay_within_the_frame(desk):
    desk.click([400, HEIGHT + 1])  # nearly inside: its border is meant
    desk.click([100, HEIGHT + 40])
    ((x, y),) = desk.points
    assert (round(x), y) == (400, HEIGHT)
    desk.drag([400, HEIGHT], [WIDTH + 2, -30])
    assert desk.points == [[WIDTH, 0]]


def test_the_keyboard_alone_is_enough(desk):
    desk.press("p")
    np.testing.assert_allclose(desk.points, [[WIDTH / 2, HEIGHT / 2]], atol=0.01)
    desk.press("+", "Shift+ArrowLeft", "Shift+ArrowUp", "Shift+ArrowUp")
    step = 5 / desk.run("annotate.stage.view.scale")
    expected = [[WIDTH / 2 - step, HEIGHT / 2 - 2 * step]]
    np.testing.assert_allclose(desk.points, expected, atol=0.02)
    desk.save()
    desk.saved()
    np.testing.assert_allclose(desk.server.answers()["000000"].points, expected, atol=0.02)


def test_other_frames_are_for_looking(desk):
    desk.click([100, 100])
    desk.press(".", ".")
    desk.wait(f"annotate.page.frame === {LABELED + 2}")
    assert desk.text("badge") == "frame 7: to look only; points belong to frame 5 (F)"
    desk.click([200, 100])
    desk.wait(f"annotate.page.frame === {LABELED}")
    assert len(desk.points) == 1
    desk.press(",", "p")
    desk.wait(f"annotate.page.frame === {LABELED}")
    assert len(desk.points) == 1
    desk.click([200, 100])
    desk.save()
    desk.saved()
    stored = desk.server.answers()["000000"]
    assert (stored.frame, len(stored.points)) == (LABELED, 2)


def test_answers_without_points(desk):
    expected = {}
    for key, kind in KINDS.items():
        expected[desk.clip] = (kind, ())
        desk.press(key)
        desk.save()
    desk.saved()
    stored = desk.server.answers()
    assert {clip: (each.kind, each.points) for clip, each in stored.items()} == expected
    assert desk.text("counts") == "5 done (1 unsure), 1 left of 6"


def test_unsure_has_points_and_a_note(desk):
    desk.click([100, 100])
    desk.press("u", "o")
    desk.page.keyboard.type("two guitars?")
    desk.save()
    desk.saved()
    stored = desk.server.answers()["000000"]
    assert (stored.kind, len(stored.points), stored.note) == ("unsure", 1, "two guitars?")


def test_nothing_is_saved_before_there_is_an_answer(desk):
    desk.press("Enter")
    assert desk.clip == "000000"
    assert "Click where the sound comes from" in desk.text("told")
    assert desk.server.answers() == {}


def test_points_are_copied_from_the_clip_before(desk):
    desk.click([100, 100])
    desk.click([200, 50])
    before = desk.points
    desk.save()
    desk.press("c")
    desk.wait("annotate.page.draft.points.length")
    assert desk.points == before
    # After a reload it is the clip before in the list.
    desk.press("z")
    desk.page.reload()
    desk.wait("annotate.page.draft")
    desk.press("c")
    desk.wait("annotate.page.draft.points.length")
    assert desk.points == before


# --------------------------------------------------------------------------- nothing is lost


def test_a_reload_keeps_the_draft(desk):
    desk.click([100, 100])
    desk.press("u", "o")
    desk.page.keyboard.type("half")
    before = desk.points
    desk.page.reload()
    desk.wait("annotate.page.draft")
    assert desk.points == before
    assert desk.run("[annotate.page.draft.kind, note.value]") == ["unsure", "half"]
    assert desk.text("saved") == "not saved yet"
    assert desk.server.answers() == {}
    desk.save()
    desk.saved()
    assert len(desk.server.history("000000")) == 1


def test_what_is_saved_survives_a_killed_server(desk):
    expected = {}
    for k in range(3):
        desk.click([100 + 50 * k, 100])
        expected[desk.clip] = desk.points
        desk.save()
        desk.saved()
        desk.server.kill()
        desk.server.start()
    stored = desk.server.answers()
    for clip, points in expected.items():
        np.testing.assert_array_equal(stored[clip].points, points)
        assert len(desk.server.history(clip)) == 1
    desk.page.reload()
    desk.wait("annotate.page.draft")
    assert desk.text("counts") == "3 done, 3 left of 6"
    desk.forgive_lost()


def answer_while_away(desk):
    desk.click([90, 90])
    desk.save()
    desk.saved()
    desk.page.wait_for_load_state("networkidle")  # the next clips are here
    desk.server.kill()
    for k in range(2):
        desk.click([100 + k, 100])
        desk.save()
    desk.wait(AWAY)
    assert desk.text("saved") == "offline: 2 answers kept in this browser"


def assert_each_is_saved_once(desk):
    stored = desk.server.answers()
    assert [round(stored[f"{k:06d}"].points[0][0]) for k in range(3)] == [90, 100, 101]
    assert [len(desk.server.history(f"{k:06d}")) for k in range(3)] == [1, 1, 1]


def test_answers_wait_for_a_server_that_is_away(desk):
    answer_while_away(desk)
    desk.server.start()
    desk.saved()
    assert_each_is_saved_once(desk)
    assert desk.text("counts") == "3 done, 3 left of 6"
    desk.forgive_lost()


def test_answers_wait_in_a_closed_browser(desk):
    answer_while_away(desk)
    desk.page.close()
    desk.server.start()
    desk.open()
    desk.saved()
    assert_each_is_saved_once(desk)
    desk.forgive_lost()


def test_a_clip_answered_twice_while_away_is_saved_in_that_order(desk):
    answer_while_away(desk)
    # It has been sent already, in vain or not: who knows?
    go_to(desk, "000001")
    assert len(desk.points) == 1
    desk.press("n", "Enter")
    assert desk.run("annotate.outbox.entries.length") == 3
    desk.server.start()
    desk.saved()
    assert [each.kind for each in desk.server.history("000001")] == ["points", "nothing"]
    assert desk.server.answers()["000002"].kind == "points"
    desk.forgive_lost()


def test_a_clip_that_is_called_twice_at_once_is_shown(desk):
    desk.page.wait_for_load_state("networkidle")  # the next clip is there beforehand
    desk.page.route("**/answer", lambda route: (time.sleep(0.5), route.continue_()))
    desk.run("[1, 2].map(() => document.querySelector('#list button[data-at=\"1\"]').click())")
    assert desk.run("annotate.page.draft") is None
    desk.wait("annotate.page.draft && annotate.page.clip.id === '000001'")
    desk.click([100, 100])
    assert len(desk.points) == 1


def test_an_answer_whose_receipt_was_lost_is_saved_once(desk):
    lost = []

    def lose(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    desk.page.route("**/answer", lose)
    desk.click([100, 100])
    desk.save()
    desk.saved()
    assert lost == [200]
    assert len(desk.server.history("000000")) == 1
    desk.forgive_lost()


def test_a_refused_answer_is_a_draft_again(desk):
    refuse = {"status": 400, "json": {"error": "frame must be below 4"}}
    desk.page.route(
        "**/answer",
        lambda each: each.fulfill(**refuse) if each.request.method == "POST" else each.continue_(),
    )
    desk.click([100, 100])
    before = desk.points
    desk.save()
    desk.wait("told.textContent.includes('frame must be below 4')")
    assert desk.server.answers() == {}
    desk.page.unroute("**/answer")
    go_to(desk, "000000")
    assert desk.points == before
    assert desk.text("saved") == "not saved yet"
    desk.forgive_lost()


def test_data_sets_never_get_answers_of_each_other(desk, six_clips, tmp_path):
    answer_while_away(desk)
    desk.page.close()
    url = desk.server.url
    other = tmp_path / "other" / "six"
    shutil.copytree(six_clips, other)
    with open_store(other / NAME) as store:
        store.set_meta("port of ann", url.rsplit(":", 1)[1].strip("/"))
    stranger = Server(other)
    try:
        assert stranger.url == url
        desk.open()
        desk.click([50, 50])
        desk.save()
        desk.saved()
        assert set(stranger.answers()) == {"000000"}
    finally:
        stranger.kill()
    desk.page.close()
    desk.server.start()
    desk.open()
    desk.saved()
    assert_each_is_saved_once(desk)
    desk.forgive_lost()


# --------------------------------------------------------------------------- two windows


def collide(desk):
    """Two windows answer the same clip; the second one is told."""
    other = desk.other()
    other.click([300, 100])
    desk.page.bring_to_front()
    desk.click([100, 100])
    desk.save()
    desk.saved()
    other.page.bring_to_front()
    other.save()
    other.wait("document.getElementById('conflict').open")
    return other


@pytest.mark.parametrize(
    ("key", "expected", "revisions"),
    [("1", [300], 2), ("2", [100], 1), ("3", [100, 300], 2)],
    ids=["mine", "theirs", "merged"],
)
def test_a_stale_answer_asks(desk, key, expected, revisions):
    other = collide(desk)
    first = desk.server.answers()["000000"]
    assert [round(x) for x, _ in first.points] == [100]
    assert other.text("mine-text") == other.text("theirs-text") == "1 point"
    assert other.text("both-text") == "2 points"
    other.press(key)
    other.saved()
    history = desk.server.history("000000")
    assert history[0] == first
    assert len(history) == revisions
    assert [round(x) for x, _ in history[-1].points] == expected
    desk.forgive_lost()


def test_a_conflict_can_wait_even_for_a_reload(desk):
    other = collide(desk)
    other.press("Escape")
    assert other.text("saved") == "1 answer not saved: to be decided"
    other.click([200, 200])
    other.save()  # work goes on
    other.page.reload()
    other.wait("document.getElementById('conflict').open")
    assert len(desk.server.history("000000")) == 1
    other.press("Escape", "k", "1")
    other.saved()
    assert [round(x) for x, _ in desk.server.answers()["000000"].points] == [300]
    assert "000001" in desk.server.answers()
    desk.forgive_lost()


def test_both_drawings_are_in_the_dialog(desk):
    other = collide(desk)
    other.page.wait_for_timeout(300)
    # A ring is drawn where only that version has its point.
    bright = """(name, x) => {
      const canvas = document.getElementById(name), scale = canvas.width / 480;
      const corner = [scale * x - 9, scale * 100 - 9];
      const { data } = canvas.getContext('2d').getImageData(...corner, 18, 18);
      return Math.max(...data.filter((_, k) => k % 4 === 2)); }"""
    seen = {
        name: [other.run(f"({bright})('{name}', {x})") > 230 for x in (100, 300)]
        for name in ("mine", "theirs", "both")
    }
    assert seen == {"mine": [False, True], "theirs": [True, False], "both": [True, True]}
    other.press("2")
    other.saved()
    desk.forgive_lost()


def test_the_same_answer_twice_is_no_conflict(desk):
    other = desk.other()
    for each in desk, other:
        each.page.bring_to_front()
        each.click([100, 100])
        each.save()
        each.saved()
    assert len(desk.server.history("000000")) == 1
    desk.forgive_lost()


def test_an_answer_of_another_window_is_shown_when_it_is_opened(desk):
    other = desk.other()
    desk.page.bring_to_front()
    desk.click([100, 100])
    desk.save()
    desk.saved()
    other.page.bring_to_front()
    other.press("PageDown")
    other.wait("annotate.page.clip.id === '000001' && annotate.page.draft")
    other.press("PageUp")
    other.wait("annotate.page.clip.id === '000000' && annotate.page.draft")
    assert len(other.points) == 1


# --------------------------------------------------------------------------- work


def test_thirty_clips_take_two_actions_each(sit_down, tmp_path):
    folder = tmp_path / "new" / "thirty"
    write_recordings(folder, 30, duration_s=1.0, size=(320, 160), shard_clips=30)
    desk = sit_down(folder)
    expected, most = {}, 0
    for k in range(30):
        expected[desk.clip] = true_spot(desk, desk.clip)
        before = desk.actions
        desk.click(expected[desk.clip])
        if k < 29:
            desk.save()
        else:
            desk.press("Enter")
        most = max(most, desk.actions - before)
    desk.saved()
    assert most <= 2
    stored = desk.server.answers()
    assert list(expected) == sorted(stored) == [f"{k:06d}" for k in range(30)]
    for clip, spot in expected.items():
        np.testing.assert_allclose(stored[clip].points, [spot], atol=0.5)
    assert desk.text("told") == "Every clip has an answer"
    assert desk.text("counts") == "30 done, 0 left of 30"


def test_the_list_filters_and_jumps(desk):
    listed = "[...document.querySelectorAll('#list .id')].map((each) => each.textContent)"
    desk.press("n")
    desk.save()
    desk.press("u")
    desk.save()
    desk.saved()
    seen = {}
    for name in "todo", "done", "unsure", "mine", "all":
        desk.press("h")
        assert (
            desk.run("document.querySelector('[data-filter][aria-pressed=true]').textContent")
            == name
        )
        seen[name] = "".join(each[-1] for each in desk.run(listed))
    assert seen == {"todo": "2345", "done": "0", "unsure": "1", "mine": "01", "all": "012345"}
    go_to(desk, "000004")
    desk.page.locator("#list button").nth(3).click()
    desk.wait("annotate.page.clip.id === '000003' && annotate.page.draft")
    assert desk.run("location.hash") == "#clip=000003"
    desk.press("g")
    desk.page.keyboard.type("nowhere")
    desk.press("Enter")
    assert desk.clip == "000003"
    assert desk.text("told") == "No other clip there"


def test_pace_and_rest_are_told(desk):
    for _ in range(5):
        desk.press("n")
        desk.save()
        desk.page.wait_for_timeout(100)
    assert desk.run("/^[0-9,]+ clips\\/h, 1 min left$/.test(pace.textContent)"), desk.text("pace")


def test_a_clip_that_cannot_be_shown_is_named_and_skipped(desk):
    broken = {"status": 404, "json": {"error": "000001: frame 4 is damaged"}}
    desk.page.route("**/api/clips/1/frames/*", lambda route: route.fulfill(**broken))
    desk.page.reload()
    desk.wait("annotate.page.draft")
    desk.press("n", "Enter")
    desk.wait("annotate.page.clip.id === '000002' && annotate.page.draft")
    assert desk.text("told") == "000001 can't be shown: 000001: frame 4 is damaged"
    assert desk.run("document.querySelectorAll('#list [data-status=problem]').length") == 1
    assert desk.text("counts") == "1 done, 4 left of 5"
    desk.saved()
    desk.forgive_lost()


# --------------------------------------------------------------------------- map


GRAY = """() => { const { gray } = annotate.heat; const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [gray.width, gray.height];
  const context = canvas.getContext('2d'); context.drawImage(gray, 0, 0);
  const { data } = context.getImageData(0, 0, gray.width, gray.height);
  return [...data].filter((_, k) => k % 4 === 0); }"""


def test_the_map_that_is_seen_is_the_map_that_is_written(desk):
    for point in [100, 60], [118, 70], [WIDTH - 1, 200]:
        desk.click(point)
    assert len(desk.points) == 3
    desk.wait("annotate.stage.heat && !annotate.heat.aborter && !annotate.heat.wanted")
    assert desk.run("annotate.stage.heat === annotate.heat.image")
    seen = np.reshape(desk.run(GRAY), (HEIGHT, WIDTH))
    desk.save()
    desk.saved()
    with open_clips(desk.server.folder) as clips, open_store(desk.server.folder / NAME) as store:
        write_maps(clips, store)
    with open_dataset(desk.server.folder) as dataset:
        written = dataset.clip("000000").labels["points"]["localization_map"][()]
    np.testing.assert_allclose(seen, 255 * written / written.max(), atol=1)
    assert np.count_nonzero(seen > 127) > 100


def test_sigma_and_the_switch_change_the_map(desk):
    desk.click([200, 100])
    desk.wait("annotate.stage.heat")
    area = "(" + GRAY + ")().filter((value) => value > 127).length"
    narrow = desk.run(area)
    desk.press(*"eeeeeeee")  # from 4 to 8
    desk.wait("!annotate.heat.aborter && !annotate.heat.wanted")
    assert desk.text("sigma-value") == "8 px"
    np.testing.assert_allclose(desk.run(area) / narrow, 4, rtol=0.1)
    desk.press("m")
    assert desk.run("annotate.stage.heat === null")
    desk.press("m", "n")
    assert desk.run("annotate.stage.heat === null"), "no points, no map"


# --------------------------------------------------------------------------- sound


def test_the_clip_plays_with_sound_at_both_ears(sit_down, tmp_path):
    from simbinaural.shards import write_info, write_shard

    folder = tmp_path / "new" / "sides"
    write_info(folder, {"tool": "test", "command": "test", "options": {}})
    clips = [
        (f"{k:06d}", sounding_clip(k, azimuths_deg=[side], duration_s=3.0))
        for k, side in enumerate((40, -40))
    ]
    write_shard(folder / "shards" / "00000.h5", clips)
    desk = sit_down(folder)
    desk.press("n")
    desk.save()  # by now a person has done something: sound may begin by itself
    desk.wait("annotate.player.playing && annotate.player.levels[1] > 0.2")
    left, right = desk.run("annotate.player.levels")
    assert right > left + 0.1
    desk.press("PageUp")
    desk.wait("annotate.page.clip.id === '000000' && annotate.player.playing")
    desk.wait("annotate.player.levels[0] > annotate.player.levels[1] + 0.1")
    assert desk.run("[annotate.player.video.muted, annotate.player.context.state]") == [
        False, "running",
    ]  # fmt: skip


def test_the_first_click_starts_the_sound(desk):
    desk.wait("performance.getEntriesByName('annotate-shown').length")
    desk.page.wait_for_timeout(500)
    desk.click([200, 100])
    desk.wait("annotate.player.playing && annotate.player.levels[0] > 0.2")


def test_the_film_comes_back_with_the_server(desk):
    desk.page.wait_for_load_state("networkidle")
    desk.server.kill()
    desk.press("n")
    desk.save()
    desk.wait(AWAY)
    desk.server.start()
    desk.saved()
    desk.wait("!annotate.player.playing")
    desk.press(" ")
    desk.wait("annotate.player.playing && annotate.player.levels[0] > 0.2")
    desk.forgive_lost()


def test_the_second_around_the_frame_or_the_whole_clip_is_repeated(sit_down, tmp_path):
    folder = tmp_path / "new" / "long"
    write_recordings(folder, 3, duration_s=3.0)
    desk = sit_down(folder)
    # The browser may let it begin by itself, or want a key first: it takes a moment to tell.
    desk.wait("annotate.player.wanted || annotate.player.video.currentTime > 1.02")
    if not desk.run("annotate.player.playing"):
        desk.press(" ")
    desk.wait("annotate.player.playing && annotate.player.video.currentTime > 1.02")
    span = desk.run("annotate.player.span")
    np.testing.assert_allclose(span, [1.0, 2.0], atol=1e-9)  # frame 7 of 15: 1.4 to 1.6 s
    times = desk.run(
        "(async () => { const times = []; const { video } = annotate.player;"
        " for (let k = 0; k < 160; k += 1) { await new Promise(requestAnimationFrame);"
        " times.push(video.currentTime); } return times; })()"
    )
    assert min(times) > 0.85
    assert max(times) < 2.15
    assert (np.diff(times) < -0.5).sum() >= 1
    desk.press("w")
    desk.wait("annotate.player.video.currentTime > 2.5")
    desk.wait("annotate.player.video.currentTime < 0.7")
    desk.press(" ")
    assert not desk.run("annotate.player.playing")


def test_the_film_over_the_frame_takes_no_points(desk):
    desk.press("x")
    desk.wait("annotate.stage.image === document.getElementById('video')")
    assert desk.text("badge") == "film: to look only; points belong to frame 5 (F)"
    desk.click([200, 100])
    desk.wait("annotate.stage.image !== document.getElementById('video')")
    assert desk.points == []
    desk.click([200, 100])
    assert len(desk.points) == 1


# --------------------------------------------------------------------------- keys, fingers, looks


PROBES = {
    "save": "annotate.page.clip.id",
    "choose": "annotate.page.draft.chosen",
    "nothing left right behind unsure": "annotate.page.draft.kind",
    "add delete left-point right-point up-point down-point undo redo copy": (
        "JSON.stringify(annotate.page.draft.points)"
    ),
    "note find": "document.activeElement.id",
    "play": "annotate.player.playing",
    "large": "annotate.page.moving",
    "whole": "annotate.player.whole",
    "sound": "annotate.player.video.muted",
    "autoplay": "autoplay.getAttribute('aria-pressed')",
    "back-frame next-frame label-frame": "annotate.page.frame",
    "zoom-in zoom-out fit": "annotate.stage.view.scale",
    "pan-left pan-right pan-up pan-down": (
        "JSON.stringify([annotate.stage.view.x, annotate.stage.view.y])"
    ),
    "map": "annotate.stage.heat === null",
    "wider narrower": "document.getElementById('sigma').value",
    "back forward todo": "annotate.page.clip.id",
    "filter": "document.querySelector('[data-filter][aria-pressed=true]').textContent",
    "conflicts": "told.textContent",
    "help": "document.getElementById('help').open",
}
"""What the action of a key changes."""

FIRST = {
    "undo": "p",
    "redo": "pz",
    "label-frame": ".",
    "fit": "+",
    "zoom-out": "+",
}
"""What must have been done for an action to do something."""


def test_every_key_in_the_help_works(desk):
    probes = {name: probe for names, probe in PROBES.items() for name in names.split()}
    table = desk.run("import('./static/actions.js').then(({ ACTIONS }) => ACTIONS)")
    assert {name for name, _, _ in table} == set(probes)
    desk.press("?")
    rows = "[...document.querySelectorAll('#keys div')]"
    caps = desk.run(rows + ".map((row) => row.querySelectorAll('kbd').length)")
    assert caps == [len(keys) for _, keys, _ in table]
    desk.press("?")
    desk.press("n")
    desk.save()  # the clip before has no points, this one has three
    for name, keys, _ in table:
        for key in keys:
            go_to(desk, "000003")
            if len(desk.points) < 3:
                desk.press("p", "Shift+ArrowLeft", "p")
                desk.page.mouse.click(*desk.place([50, 50]))
            desk.press("v")
            if name == "map":
                desk.wait("annotate.stage.heat")
            if name == "copy":
                go_to(desk, "000002")
                desk.click([9, 9])
                desk.save()
            if name in FIRST:
                desk.press(*FIRST[name])
            before = desk.run(probes[name])
            desk.press(key.replace("Ctrl", "Control").replace("Space", " "))
            probe = f"({probes[name]}) !== {before!r}".replace("True", "true").replace(
                "False", "false"
            )
            try:
                desk.wait(probe)
            except Exception:
                pytest.fail(f"{key} does not {name}")
            desk.press("Escape")


def test_typing_a_note_gives_no_answers(desk):
    desk.press("o")
    desk.page.keyboard.type("numbers: left 0 + 1, right?")
    assert desk.run("[annotate.page.draft.kind, note.value, annotate.page.clip.id]") == [
        None,
        "numbers: left 0 + 1, right?",
        "000000",
    ]
    desk.press("Escape", "r")
    assert desk.run("annotate.page.draft.kind") == "right"


def test_enter_presses_the_button_that_tab_reached(desk):
    desk.click([100, 100])
    desk.page.locator("#kind-unsure").focus()
    desk.press("Enter")
    assert (desk.clip, desk.run("annotate.page.draft.kind")) == ("000000", "unsure")
    # One that was clicked leaves Enter to saving.
    desk.page.locator("#map").click()
    desk.save()
    desk.saved()


def test_fingers_tap_pan_and_pinch(sit_down, six_clips):
    desk = sit_down(six_clips, viewport={"width": 1024, "height": 768}, has_touch=True)
    devices = desk.context.new_cdp_session(desk.page)

    def fingers(kind, *places):
        touches = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(places)]
        devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    middle = np.array(desk.place([240, 120]))
    fingers("touchStart", middle - [40, 0])
    fingers("touchStart", middle - [40, 0], middle + [40, 0])
    for reach in 60, 90, 120:
        fingers("touchMove", middle - [reach, 0], middle + [reach, 0])
    fingers("touchEnd", middle - [120, 0])
    fingers("touchEnd")
    assert desk.points == []
    scale = desk.run("annotate.stage.view.scale / annotate.stage.view.least")
    np.testing.assert_allclose(scale, 3, rtol=0.02)
    np.testing.assert_allclose(desk.place([240, 120]), middle, atol=1)
    fingers("touchStart", middle)
    fingers("touchMove", middle + [30, 20])
    fingers("touchMove", middle + [60, 40])
    fingers("touchEnd")
    assert desk.points == []
    np.testing.assert_allclose(desk.place([240, 120]), middle + [60, 40], atol=1)
    desk.page.touchscreen.tap(*desk.place([200, 100]))
    np.testing.assert_allclose(desk.points, [[200, 100]], atol=0.5)
    desk.press("Enter")
    desk.saved()


@pytest.mark.parametrize(
    ("width", "height", "touch"),
    [(1280, 720, False), (1024, 768, False), (1024, 768, True), (768, 1024, True)],
)
def test_everything_fits(sit_down, six_clips, width, height, touch):
    desk = sit_down(six_clips, viewport={"width": width, "height": height}, has_touch=touch)
    desk.click([100, 100])
    for _ in range(4):
        desk.save()
        desk.press("u")
    cut = """[...document.querySelectorAll('button, h1, h2, p, label, output')]
      .filter((each) => each.offsetParent && each.id !== 'pace'
        && (each.scrollWidth > each.clientWidth + 1
          || each.getBoundingClientRect().right > innerWidth))
      .map((each) => [each.scrollWidth, each.clientWidth, each.outerHTML])"""
    assert desk.run(cut) == []
    narrow = "[...document.querySelectorAll('button')].map((each) => each.offsetWidth || 99)"
    assert min(desk.run(narrow)) >= (32 if touch else 22)
    assert desk.run("document.documentElement.scrollWidth") <= width
    if width > 860:
        assert desk.run("document.documentElement.scrollHeight") <= height
    desk.press("?")
    assert desk.run("help.scrollWidth <= help.clientWidth")


def test_everything_has_a_name_and_is_reached_by_tab(desk):
    unnamed = """[...document.querySelectorAll('button, input, canvas, video, aside, section')]
      .filter((each) => !(each.getAttribute('aria-label') ?? each.getAttribute('aria-labelledby')
        ?? each.textContent.trim()) && !each.closest('dialog')).map((each) => each.outerHTML)"""
    assert desk.run(unnamed) == []
    reached = set()
    for _ in range(60):
        desk.press("Tab")
        name = "document.activeElement.id || document.activeElement.dataset.action"
        reached.add(desk.run(name))
        ring = "getComputedStyle(document.activeElement).outlineStyle"
        assert desk.run(f"document.activeElement === document.body || {ring} !== 'none'")
    assert {"stage", "note", "sigma", "search", "save", "undo", "play"} <= reached


def test_the_page_asks_nobody_else_and_breaks_no_policy(desk):
    desk.run("window.broken = []; addEventListener('securitypolicyviolation', broken.push)")
    desk.click([100, 100])
    desk.save()
    desk.wait("annotate.player.levels[0] > 0")
    desk.saved()
    assert desk.run("broken") == []
    names = desk.run("performance.getEntriesByType('resource').map((each) => each.name)")
    assert len(names) > 20
    assert {each.split("/")[2] for each in names} == {desk.server.url.split("/")[2]}
    source = desk.page.request.get(desk.server.url).text()
    assert "style=" not in source
    assert "onclick" not in source


def test_a_server_started_again_has_its_old_address(desk):
    before = desk.server.url
    desk.page.close()
    desk.server.kill()
    desk.server.start()
    assert desk.server.url == before
