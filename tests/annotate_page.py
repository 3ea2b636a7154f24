"""The page of `annotate` in a real browser, with its server in a process that can be killed."""

import contextlib
import http.client
import shutil
import socket
import subprocess
import sys
import time

import pytest

SERVE = """
import sys
from annotate.serve import serve_points
serve_points(sys.argv[1], annotator=sys.argv[2], port=int(sys.argv[3]), open_browser=False, say=print)
"""

PATIENCE_S = 30


def free_port():
    """Find a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server of a data set that can be killed and started again at the same address."""

    def __init__(self, folder, annotator="ann"):
        self.folder, self.annotator, self.port = folder, annotator, free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._process = None
        self.start()

    def start(self):
        command = [sys.executable, "-c", SERVE, self.folder, self.annotator, str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, "the server has ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.05)

    def kill(self):
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait()

    def _answers(self):
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/api/next")
            return connection.getresponse().status == 200
        return False


def open_browser():
    """Start Chromium by Playwright, or skip where one of them is missing; a context manager."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright to open the page")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium to open the page in")
    return _opened(sync_api, chromium)


@contextlib.contextmanager
def _opened(sync_api, chromium):
    arguments = ["--no-sandbox", "--mute-audio", "--disable-background-networking"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


def open_page(context, url, errors):
    """Open the page in a new tab of a browser's context; what its console says of errors is kept."""
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda each: each.type == "error" and errors.append(each.text))
    page.goto(url)
    wait(page, "annotate.page.draft")
    return page


def wait(page, condition):
    """Wait until a JavaScript expression is true."""
    page.wait_for_function(f"() => Boolean({condition})", timeout=1000 * PATIENCE_S)


def saved(page):
    """Wait until the page says that everything is saved."""
    wait(page, "document.getElementById('saved').dataset.state === 'saved'")


def place(page, point):
    """Find where on the screen a point of the image is seen."""
    return page.evaluate(
        "point => { const box = annotate.stage.canvas.getBoundingClientRect();"
        " const [x, y] = annotate.stage.view.toScreen(point); return [box.left + x, box.top + y]; }",
        list(point),
    )


def points(page):
    """Points of the answer that is being made."""
    return page.evaluate("annotate.page.draft?.points ?? []")


def shown(page):
    """Id of the clip that is shown."""
    return page.evaluate("annotate.page.clip.id")


def save(page, *, key="Enter"):
    """Press Enter and wait until another clip can be annotated."""
    before = shown(page)
    page.keyboard.press(key)
    wait(page, f"annotate.page.clip.id !== {before!r} && annotate.page.draft")
