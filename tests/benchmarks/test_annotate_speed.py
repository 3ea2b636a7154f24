"""How soon the next clip's picture is seen after Enter, with its server on the same machine."""

import numpy as np
import pytest
from annotate_page import Desk, Server, chromium
from recorded_clips import write_recordings

CLIPS = 16
LIMIT_MS = 150

WATCH = """() => { const { stage } = annotate; const paint = stage.paint.bind(stage);
  let pressed = 0; let clip = ''; window.waits = [];
  addEventListener('keydown', (event) => {
    pressed = event.key === 'Enter' ? event.timeStamp : 0; clip = annotate.page.clip.id; }, true);
  stage.paint = () => { paint();
    if (!pressed || !stage.image || annotate.page.clip.id === clip) return;
    const since = pressed; pressed = 0;
    // In the picture of the screen after the next one it can be seen.
    requestAnimationFrame(() => requestAnimationFrame(() => waits.push(performance.now() - since)));
  }; }"""


@pytest.fixture(params=[(480, 240), (1920, 1080)], ids=lambda size: f"{size[0]}x{size[1]}")
def desk(request, tmp_path):
    folder = tmp_path / "clips"
    write_recordings(
        folder, CLIPS, grain=True, size=request.param, duration_s=0.6, shard_clips=CLIPS
    )
    server = Server(folder)
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        yield Desk(context, server)
        context.close()
    server.kill()


def test_next_picture_after_enter(benchmark, desk):
    desk.page.evaluate(WATCH)
    waits = []

    def answer():
        desk.click([100, 100])
        desk.page.wait_for_timeout(400)  # a person is no faster

    def save():
        desk.save()
        desk.wait(f"waits.length > {len(waits)}")
        waits.append(desk.run("waits.at(-1)"))

    benchmark.pedantic(save, setup=answer, rounds=CLIPS - 1)
    benchmark.extra_info["ms_until_seen_median"] = float(np.median(waits))
    benchmark.extra_info["ms_until_seen_most"] = max(waits)
    # Whatever else the machine does may hold up one of ten.
    assert np.percentile(waits, 90) < LIMIT_MS, np.round(waits)
    desk.saved()
    assert desk.errors == []
