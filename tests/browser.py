"""A real browser for tests of pages: headless Chromium, spoken to over a pipe."""

import base64
import json
import os
import select
import shutil
import subprocess

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""Path of the browser; None where there is none."""

PATIENCE_S = 60
"""A page that is silent for so long will stay silent."""


class Browser:
    """A headless Chromium and one page in it, in the DevTools protocol.

    Use it as a context manager. ``errors`` gathers what went wrong in the page's scripts.
    """

    def __init__(self, folder, *, size=(1280, 720)):
        self.errors = []
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-quic",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--mute-audio",
            "--autoplay-policy=no-user-gesture-required",
            f"--user-data-dir={folder}",
            "--remote-debugging-pipe",
        ]
        # Chromium reads its commands from descriptor 3 and answers on 4.
        line = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
        self._process = subprocess.Popen(
            ["bash", "-c", line, CHROMIUM, *arguments],
            pass_fds=(commands, answers),
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._received, self._count, self._session, self._loaded = b"", 0, {}, False
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}
        self._call("Runtime.enable")
        self._call("Page.enable")
        self.set_size(*size)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def open(self, url):
        """Go to a page and wait until it is loaded."""
        self._loaded = False
        self._call("Page.navigate", url=url)
        while not self._loaded:
            self._next_message()

    def run(self, expression):
        """Evaluate JavaScript, waiting for promises; return its value."""
        answer = self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition):
        """Wait until a JavaScript expression is true."""
        self.run(
            f"(async () => {{ while (!({condition}))"
            " await new Promise((done) => setTimeout(done, 10)); })()"
        )

    def set_media(self, **features):
        """Emulate media features such as prefers-color-scheme."""
        features = [{"name": name, "value": value} for name, value in features.items()]
        self._call("Emulation.setEmulatedMedia", features=features)

    def set_size(self, width, height):
        """Give the window a size in pixels."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def picture(self, path):
        """Save what is seen as PNG."""
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def click(self, x, y):
        """Click at a place in the window."""
        for kind in "mousePressed", "mouseReleased":
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key):
        """Press a key such as ArrowRight."""
        for kind in "keyDown", "keyUp":
            self._call("Input.dispatchKeyEvent", type=kind, key=key)

    def _call(self, method, **parameters):
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters, **self._session}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next_message()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def _next_message(self):
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._answers], [], [], PATIENCE_S)
            block = os.read(self._answers, 1 << 16) if ready else b""
            if not block:
                raise RuntimeError(
                    "the page does not answer" if not ready else "the browser has gone"
                )
            self._received += block
        message, self._received = self._received.split(b"\0", 1)
        message = json.loads(message)
        self._loaded |= message.get("method") == "Page.loadEventFired"
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(message["params"]["exceptionDetails"])
        return message
