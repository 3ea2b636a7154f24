"""Compiled code: kept, found again, and never older than its sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import simbinaural.kernels

KERNEL = """
from simbinaural.kernels import njit

@njit(cache=True)
def inner(x):
    return x + {number}
"""

CALLER = """
from simbinaural.inner import inner
from simbinaural.kernels import is_new, njit

@njit(cache=True)
def outer(x):
    return 2 * inner(x)

first = is_new()
print(outer(1), sum(outer.stats.cache_hits.values()), int(first))
"""


def run_package(folder, number):
    """Call a kernel that calls another one, in a package of their own."""
    package = folder / "simbinaural"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    shutil.copy(simbinaural.kernels.__file__, package)
    (package / "inner.py").write_text(KERNEL.format(number=number))
    if not (package / "caller.py").exists():
        (package / "caller.py").write_text(CALLER)
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-m", "simbinaural.caller"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(int(word) for word in done.stdout.split())


def test_code_is_kept_but_never_stale(tmp_path):
    assert run_package(tmp_path, 1) == (4, 0, 1)
    assert run_package(tmp_path, 1) == (4, 1, 0)
    assert run_package(tmp_path, 10) == (22, 0, 1)


def test_code_goes_when_nobody_has_used_it_for_a_day(tmp_path):
    def caches():
        return set(Path(tmp_path).rglob(f"{simbinaural.kernels.PREFIX}*"))

    run_package(tmp_path, 1)
    (first,) = caches()
    run_package(tmp_path, 10)
    assert first in caches()  # a process may still be at work with it
    long_ago = first.stat().st_mtime - 1.1 * simbinaural.kernels.UNUSED_S
    os.utime(first, (long_ago, long_ago))
    run_package(tmp_path, 10)
    assert len(caches()) == 1
    assert first not in caches()
