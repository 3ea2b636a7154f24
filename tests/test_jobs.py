"""Jobs: every executor gives the same, failures stop, workers never outlive the command."""

import os
import platform
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from simbinaural.errors import InputError
from simbinaural.jobs import open_executor, run_jobs


def square(number):
    return number * number


def fail_on_three(number):
    if number == 3:
        raise InputError("three is bad")
    return number


def end_abruptly(number):
    os._exit(number)


@pytest.mark.parametrize("workers", [1, 2])
def test_all_jobs_are_done(workers):
    done = []
    with open_executor(workers) as executor:
        run_jobs(square, range(6), executor=executor, on_done=done.append)
    assert sorted(done) == [0, 1, 4, 9, 16, 25]


def wait_for(path):
    """Wait until somebody makes a file; whether it came in time."""
    end = time.monotonic() + 30
    while path and not path.exists() and time.monotonic() < end:
        time.sleep(0.02)
    return path is None or path.exists()


def test_a_result_is_told_while_other_jobs_are_in_work(tmp_path):
    told = []
    with open_executor(2) as executor:
        run_jobs(
            wait_for,
            [tmp_path / "seen", None],
            executor=executor,
            on_done=lambda result: (told.append(result), (tmp_path / "seen").touch()),
        )
    assert told == [True, True]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_failure_is_raised(workers):
    with (
        pytest.raises(InputError, match="three is bad"),
        open_executor(workers) as executor,
    ):
        run_jobs(fail_on_three, range(100), executor=executor)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_wrong_with_a_result_is_raised(workers):
    with pytest.raises(ZeroDivisionError), open_executor(workers) as executor:
        run_jobs(square, range(3), executor=executor, on_done=lambda number: 1 / number)


def test_modules_are_loaded_before_the_workers_start():
    code = """
        import sys
        from simbinaural.jobs import open_executor

        with open_executor(2, preload=["wave"]) as executor:
            print("wave" in sys.modules)
            print(executor.submit(eval, "'wave' in __import__('sys').modules").result())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "True"]


def test_a_killed_worker_is_told():
    with (
        pytest.raises(InputError, match="a worker process was killed"),
        open_executor(2) as executor,
    ):
        run_jobs(end_abruptly, [1, 2], executor=executor)


def test_workers_must_be_at_least_one():
    with pytest.raises(InputError, match="workers must be at least 1, got 0"), open_executor(0):
        pass


def test_a_scheduler_that_does_not_answer():
    pytest.importorskip("distributed", reason="Dask is not installed")
    with (
        pytest.raises(InputError, match="does not answer"),
        open_executor(scheduler="tcp://127.0.0.1:1"),
    ):
        pass


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same():
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    done = []
    with (
        distributed.LocalCluster(n_workers=1, dashboard_address=None) as cluster,
        open_executor(scheduler=cluster.scheduler_address) as executor,
    ):
        run_jobs(square, range(4), executor=executor, on_done=done.append)
    assert sorted(done) == [0, 1, 4, 9]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_workers_end_with_the_command(tmp_path, how):
    script = tmp_path / "command.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, time, sys
            from pathlib import Path
            from simbinaural.jobs import open_executor, run_jobs

            def job(folder):
                Path(folder, str(os.getpid())).touch()
                time.sleep(120)

            if __name__ == "__main__":
                with open_executor(2) as executor:
                    run_jobs(job, [sys.argv[1]] * 2, executor=executor)
            """
        )
    )
    pids = tmp_path / "pids"
    pids.mkdir()
    command = subprocess.Popen([sys.executable, script, pids], stderr=subprocess.DEVNULL)
    try:
        _wait_until(lambda: len(list(pids.iterdir())) == 2)
        command.send_signal(how)
        assert command.wait(30) != 0
        _wait_until(lambda: not any(_alive(int(path.name)) for path in pids.iterdir()))
    finally:
        command.kill()


def _wait_until(condition, limit_s=60):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators are left alone")
def test_freed_memory_is_kept_for_what_comes_next():
    """Eight blocks of 3 MB, which are all freed before the next eight."""
    program = """
import resource, sys
import numpy as np
from simbinaural.jobs import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
for _ in range(20):
    blocks = [np.ones(3 << 17) for _ in range(8)]
    del blocks
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""

    def faults(how):
        command = [sys.executable, "-c", program, how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    pages = 8 * (3 << 20) // resource.getpagesize()
    assert faults("kept") + 3 * pages < faults("given back")
