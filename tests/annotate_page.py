"""The page of `annotate` in a real browser, with its server in a process that can be killed."""

import contextlib
import shutil
import subprocess
import sys

import pytest

from annotate.store import NAME, open_store

SERVE = """
import sys
from annotate.serve import serve_points
serve_points(sys.argv[1], annotator=sys.argv[2], open_browser=False,
             say=lambda url: print(url, flush=True))
"""

PATIENCE_MS = 45000

LOST = "Failed to load resource"
"""What the console says of an answer that did not come, or came with 409."""


class Server:
    """A server of a data set that can be killed and started again at the same address."""

    def __init__(self, folder, annotator="ann"):
        self.folder, self._annotator = folder, annotator
        self.start()

    def start(self):
        """Start it, at the port of the last time."""
        command = [sys.executable, "-c", SERVE, self.folder, self._annotator]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the server has ended"

    def kill(self):
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def answers(self):
        """Current answers, by clip."""
        with open_store(self.folder / NAME) as store:
            return {answer.clip: answer for answer in store.answers()}

    def history(self, clip):
        """All answers to a clip."""
        with open_store(self.folder / NAME) as store:
            return store.history(clip, self._annotator)


@contextlib.contextmanager
def chromium():
    """Start Chromium by Playwright; skip where one of them is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="no Playwright to open the page with")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium to open the page in")
    arguments = ["--no-sandbox", "--mute-audio", "--disable-background-networking"]
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


class Desk:
    """A person at work: a browser's window with the page, mouse and keyboard, counted.

    ``errors`` gathers what went wrong in the pages' scripts and what their console says of it.
    """

    def __init__(self, context, server, errors=None):
        self.context, self.server = context, server
        self.errors = [] if errors is None else errors
        self.actions = 0
        self.open()

    def open(self):
        """Open the page in a new window."""
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._hear)
        self.page.goto(self.server.url)
        self.wait("annotate.page.draft")

    def _hear(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def other(self):
        """Sit down at one more window of the same browser."""
        return Desk(self.context, self.server, self.errors)

    def forgive_lost(self):
        """Take out what the console says of answers that were lost on purpose."""
        self.errors[:] = [error for error in self.errors if not error.startswith(LOST)]

    def run(self, expression):
        """Evaluate JavaScript."""
        return self.page.evaluate(expression)

    def wait(self, condition):
        """Wait until a JavaScript expression is true."""
        self.page.wait_for_function(f"() => Boolean({condition})", timeout=PATIENCE_MS)

    def press(self, *keys):
        """Press keys, one action each."""
        for key in keys:
            self.actions += 1
            self.page.keyboard.press(key)

    def place(self, point):
        """Find where in the window a point of the image is seen, as the page has it."""
        x, y = self.run(f"annotate.stage.view.toScreen([{point[0]}, {point[1]}])")
        box = self.page.locator("#stage").bounding_box()
        return box["x"] + x, box["y"] + y

    def click(self, point, **options):
        """Click at a point of the image."""
        self.actions += 1
        self.page.mouse.click(*self.place(point), **options)

    def drag(self, start, end, **options):
        """Drag from one point of the image to another."""
        self.actions += 1
        target = self.place(end)
        self.page.mouse.move(*self.place(start))
        self.page.mouse.down(**options)
        self.page.mouse.move(*target, steps=4)
        self.page.mouse.up(**options)

    def save(self):
        """Press Enter and wait for the next clip."""
        before = self.clip
        self.press("Enter")
        self.wait(f"annotate.page.clip.id !== {before!r} && annotate.page.draft")

    def saved(self):
        """Wait until the page says that everything is saved."""
        self.wait("document.getElementById('saved').dataset.state === 'saved'")

    def text(self, name):
        """Text of an element."""
        return self.run(f"document.getElementById('{name}').textContent")

    @property
    def points(self):
        """Points of the answer that is being made."""
        return self.run("annotate.page.draft?.points ?? []")

    @property
    def clip(self):
        """Id of the clip that is shown."""
        return self.run("annotate.page.clip.id")
