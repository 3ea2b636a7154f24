"""The preview page in a real browser."""

import numpy as np
import pytest
from browser import CHROMIUM, Browser
from preview_clips import recorded_clip, simulated_clip, write_dataset

from simbinaural.dataset.preview import write_preview
from simbinaural.shards import open_dataset


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A data set with its preview: five simulated clips and a recorded one."""
    folder = tmp_path_factory.mktemp("data") / "sim & <more>"
    clips = [simulated_clip(index) for index in range(5)]
    write_dataset(folder, [*clips, recorded_clip()])
    write_preview(folder)
    return folder


AFTER_SEEK = """window.seeked = new Promise((done) =>
  video.addEventListener("seeked", done, { once: true })); 0"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium to open the page in")
    with Browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(browser, shown):
    """The page, freshly opened; what goes wrong in its scripts fails the test."""
    browser.errors.clear()
    browser.set_size(1280, 720)
    browser.open("about:blank")
    browser.open((shown / "index.html").as_uri())
    browser.wait("state.drawing")
    yield browser
    assert browser.errors == []


def click_timeline(page, time):
    page.run(AFTER_SEEK)
    x, y = page.run(
        f"(() => {{ const box = $('timeline').getBoundingClientRect();"
        f"return [box.left + timeline.time({time}), box.top + 90]; }})()"
    )
    page.click(x, y)
    page.run("seeked")


def test_page_lists_and_shows_clips(page):
    assert page.run("document.querySelectorAll('#list a').length") == 6
    assert page.run("$('summary').textContent").startswith("6 clips · 31 s · 4 homes")
    assert page.run("$('name').textContent") == "guitar, living-0, procedural/000"
    assert page.run("$('facts').textContent.includes('</script><b>noise</b>')")
    assert page.run("document.querySelectorAll('#decay .curve').length") == 3
    assert page.run("document.querySelectorAll('#map .thing').length") == 2


def test_page_fits_the_window(page):
    for width in (1280, 760, 360):
        page.set_size(width, 720)
        assert page.run("document.documentElement.scrollWidth") <= width


def test_click_in_the_plot_moves_video_map_and_curves(page):
    click_timeline(page, 4.5)
    time, frame = page.run("[video.currentTime, state.frame]")
    np.testing.assert_allclose(time, 4.5, atol=0.02)
    assert frame == 22
    here, expected = page.run(
        "[['cx', 'cy'].map((name) => +roomMap.here.getAttribute(name)),"
        " roomMap.at(state.drawing.map.path[22])]"
    )
    np.testing.assert_allclose(here, expected, atol=1e-6)
    # Everything lies inside the drawing; a meter is as long in both directions.
    box = page.run(
        "(() => { const a = $('map').getBBox(); return [a.x, a.y, a.x + a.width,"
        " a.y + a.height, $('map').clientWidth, $('map').clientHeight]; })()"
    )
    assert 0 <= box[0] < box[2] <= box[4]
    assert 0 <= box[1] < box[3] <= box[5]
    corner, right, down = page.run("[[0, 0], [1, 0], [0, 1]].map(roomMap.at)")
    np.testing.assert_allclose(right[0] - corner[0], down[1] - corner[1])
    assert page.run("decay.active") == 2
    assert "T30 0.50 s" in page.run("$('now').textContent")


def test_arrow_keys_move_by_a_frame(page):
    click_timeline(page, 2.0)
    page.run(AFTER_SEEK + "; $('timeline').focus()")
    page.press("ArrowRight")
    page.run("seeked")
    np.testing.assert_allclose(page.run("video.currentTime"), 2.2, atol=0.02)


def test_video_plays_and_takes_the_cursor_along(page):
    page.run("video.play()")
    page.wait("video.currentTime > 0.4")
    # With every picture of the screen, not only when the video reports its time (4 times a second).
    places = page.run(
        "(async () => { const places = new Set(); for (let k = 0; k < 12; k += 1) {"
        " await new Promise(requestAnimationFrame);"
        " places.add(timeline.cursor.getAttribute('transform')); } return places.size; })()"
    )
    assert places >= 4
    page.run("video.pause(); new Promise(requestAnimationFrame)")
    assert page.run("[video.error, video.videoWidth, video.videoHeight]") == [None, 64, 32]
    np.testing.assert_allclose(page.run("video.duration"), 6, atol=0.03)
    cursor, expected = page.run(
        "[+/[(]([^ ]+)/.exec(timeline.cursor.getAttribute('transform'))[1],"
        " timeline.time(video.currentTime)]"
    )
    np.testing.assert_allclose(cursor, expected, atol=3)


def test_source_is_marked_where_it_is(page, shown):
    click_timeline(page, 4.5)
    page.run("$('mark').click()")
    spots = page.run(
        "[...document.querySelectorAll('#marks circle')].map((each) =>"
        " [+each.getAttribute('cx'), +each.getAttribute('cy')])"
    )
    with open_dataset(shown) as dataset:
        expected = dataset.clip("000000")["source_pixel"][22]
    np.testing.assert_allclose(spots, expected, atol=0.06)


def test_search_and_classes_choose_clips(page):
    listed = "[...document.querySelectorAll('#list a')].map((each) => each.dataset.id)"
    typed = "$('search').value = '{}'; $('search').dispatchEvent(new Event('input')); 0"
    page.run(typed.format("living-1 drum"))
    assert page.run(listed) == ["000001"]
    page.run(typed.format(""))
    page.run("document.querySelectorAll('#classes button')[1].click()")
    assert page.run(listed) == ["000000", "000003"]
    assert page.run("$('count').textContent") == "2 of 6 clips"


def test_clip_without_geometry_hides_what_it_lacks(page):
    page.run("location.hash = 'clip=000005'; 0")
    page.wait("state.clip.id === '000005'")
    page.wait("state.drawing")
    hidden = "['map-panel', 'decay-panel', 'facts-panel'].map((name) => $(name).hidden)"
    assert page.run(hidden) == [True, True, False]


def test_statistics_are_drawn(page):
    page.run("location.hash = 'statistics'; 0")
    page.wait("!$('statistics').hidden")
    assert page.run("document.querySelectorAll('#histograms section').length") == 9
    assert page.run("document.querySelectorAll('#histograms .median').length") == 8
    page.run("location.hash = 'origin'; 0")
    assert "simbinaural render" in page.run("$('info').textContent")
