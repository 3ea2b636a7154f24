"""numba's `njit`, with compiled code kept where it cannot go stale.

numba looks at a kernel's own file to tell whether its cached code is still good, not at the files
of the kernels that it calls: after an upgrade, old code could go on running inside new. So the
cache lies in a folder that is named after the sources of all kernels; another version compiles
anew, once, and the folders of versions that nobody has used for a day are removed: a process that
began before an upgrade may still be at work.

Import `njit` from here, never from numba.
"""

import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import numba
from numba import njit

__all__ = ["is_new", "njit"]

PACKAGE = Path(__file__).parent

PREFIX = "kernels-"

UNUSED_S = 24 * 3600
"""After this long an unused version's code is removed."""

MARKS = (b"njit", b"@compiled")
"""What the sources of kernels contain."""


def _digest():
    """Name this version of the kernels, and of numba."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if any(mark in source for mark in MARKS):
            digest.update(source)
    return digest.hexdigest()[:16]


def _parent():
    """Folder of the caches: beside the sources, or the user's where that cannot be written."""
    beside = PACKAGE / "__pycache__"
    try:
        beside.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=beside):
            return beside
    except OSError:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(home) / "simbinaural"


def is_new():
    """Tell whether nothing of this version has been compiled yet: then the first use takes long."""
    folder = Path(numba.config.CACHE_DIR)
    return folder.name.startswith(PREFIX) and not any(folder.rglob("*.nbi"))


def _keep_cache():
    """Point numba to this version's folder, unless the user chose one; forget older versions."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    folder = _parent() / f"{PREFIX}{_digest()}"
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)  # tells others that it is in use
    for other in folder.parent.glob(f"{PREFIX}*"):
        if other != folder and _is_unused(other):
            shutil.rmtree(other, ignore_errors=True)
    numba.config.CACHE_DIR = str(folder)


def _is_unused(folder):
    try:
        return time.time() - folder.stat().st_mtime > UNUSED_S
    except OSError:
        return False  # another process removes it


_keep_cache()
