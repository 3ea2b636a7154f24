"""The process that the RLR engine runs in: one for each process of ours that asks.

Its library exports a C++ runtime of its own and can end the process that loads it; there it can
only end its own. The process starts with the first question and ends with whoever asked, however
that one ends.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from importlib.util import find_spec
from multiprocessing import Pipe
from pathlib import Path

from simbinaural.errors import InputError

PACKAGE = "rlr_audio_propagation"
REMEDY = (
    "install it with pip install 'simbinaural[soundspaces]', which needs a C++ compiler; "
    "its licence is CC-BY-NC 4.0"
)

_SERVER = Path(__file__).with_name("rlr_server.py")
_FALLS_BACK = "Using default material"


def is_installed():
    """Whether the engine's package is there; it is not loaded for that."""
    return find_spec(PACKAGE) is not None


class EngineProcess:
    """A process that is started when it is first asked, and again when it was lost.

    Attributes
    ----------
    folder : Path or None
        Where files for the engine can be put; removed with the process.
    generation : int
        Counts the starts: what an earlier process was given is lost.
    """

    def __init__(self):
        self.folder = None
        self.generation = 0
        self._link = self._process = self._log = self._owner = None
        self._heard = 0
        self._lock = threading.RLock()

    def start(self):
        """Start the process unless it runs.

        Raises
        ------
        InputError
            If the engine is missing or does not start.
        """
        with self._lock:
            if self._owner != os.getpid():  # never started, or this is a fork of who started it
                self._open()

    def ask(self, verb, **arguments):
        """Let the engine do something.

        Parameters
        ----------
        verb : str
            A method of `simbinaural.acoustics.rlr_server.Server`.
        **arguments
            Its arguments.

        Returns
        -------
        answer : object
            What it returns.
        lines : list of str
            Where it fell back to a material of its own meanwhile.

        Raises
        ------
        InputError
            If the engine is missing, refuses, or its process dies; the next question starts
            another.
        """
        with self._lock:
            self.start()
            try:
                self._link.send((verb, arguments))
                done, answer = self._link.recv()
            except (EOFError, OSError):
                raise InputError(f"the RLR engine ended itself ({self._bury()})") from None
            failures, lines = self._listen()
            if failures or not done:
                why = failures[0] if failures else answer
                raise InputError(f"the RLR engine refuses: {why}")
            return answer, lines

    def close(self):
        """End the process, if it runs and is ours."""
        with self._lock:
            if self._owner == os.getpid():
                self._bury()

    def _open(self):
        if not is_installed():
            raise InputError(f"acoustics rlr needs the package rlr-audio-propagation; {REMEDY}")
        self.folder = None  # that of a process that this is a fork of is not ours to remove
        self._link, theirs = Pipe()
        self._log, self._heard = tempfile.TemporaryFile(), 0  # noqa: SIM115 - lives with the process
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_SERVER), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        theirs.close()
        self._owner = os.getpid()
        try:
            done, answer = self._link.recv()
        except (EOFError, OSError):
            done, answer = False, "it ended itself"
        if not done:
            self._bury()
            raise InputError(f"the RLR engine does not start ({answer}); {REMEDY}")
        self.folder = Path(answer)
        self.generation += 1

    def _bury(self):
        """Close all that belongs to the process; tell how it ended, and its last words."""
        self._owner = None
        self._link.close()
        code = self._process.wait()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)  # where it was killed
        failures, _ = self._listen()
        self._log.close()
        return ", ".join([f"signal {-code}" if code < 0 else f"exit code {code}", *failures[-1:]])

    def _listen(self):
        """What the engine wrote since the last time: failures, and where it fell back."""
        size = os.fstat(self._log.fileno()).st_size
        text = os.pread(self._log.fileno(), size - self._heard, self._heard)
        self._heard = size
        lines = [line.strip() for line in text.decode(errors="replace").splitlines()]
        failures = [line for line in lines if "error" in line.lower()]
        return failures, [line for line in lines if _FALLS_BACK in line]


ENGINE = EngineProcess()
"""The one that all engines of this process share."""

atexit.register(ENGINE.close)
