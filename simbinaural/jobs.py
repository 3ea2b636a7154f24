"""Independent jobs on an executor: processes here, or a Dask cluster.

Whatever is finished stays: a job that ends well has left its result behind, so that after Ctrl-C,
a crash or a full disk the same command finds what is left to do. Workers never outlive the command,
not even when it is killed, and compute on one thread each, so that their number cannot change a
byte.
"""

import ctypes
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing import forkserver
from multiprocessing.connection import wait as wait_for_sentinel

from simbinaural.errors import InputError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Numbers that glibc's mallopt takes (malloc.h)."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class SerialExecutor(Executor):
    """Run each job at once, in this process."""

    def submit(self, fn, /, *args, **kwargs):
        """Run `fn` and return its finished future."""
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed on by the future
            future.set_exception(error)
        return future


def run_jobs(function, jobs, *, executor, on_done=None):
    """Run a function on each of many jobs, in any order.

    Parameters
    ----------
    function : callable
        Takes one job; must be importable by the workers.
    jobs : sequence
        One argument each.
    executor : concurrent.futures.Executor
        As `open_executor` makes it.
    on_done : callable, optional
        Called with each result as it comes, in this thread: what it raises stops the run.

    Raises
    ------
    InputError
        If a worker was killed.
    Exception
        The first that a job raises; jobs that wait are cancelled, those in work end first.
    """
    if isinstance(executor, SerialExecutor):
        # One after the other, so that the first failure is the last job.
        for job in jobs:
            result = executor.submit(_on_one_thread, function, job).result()
            if on_done:
                on_done(result)
        return
    futures = [executor.submit(_on_one_thread, function, job) for job in jobs]
    try:
        for future in as_completed(futures):
            result = future.result()
            if on_done:
                on_done(result)
    except BrokenProcessPool:
        raise InputError(
            "a worker process was killed (out of memory?); "
            "the same command goes on where it stopped, perhaps with fewer --workers"
        ) from None
    finally:
        for future in futures:
            future.cancel()


@contextmanager
def open_executor(workers=1, scheduler=None, *, preload=()):
    """Open what runs the jobs, and close it with all its workers.

    Parameters
    ----------
    workers : int
        Processes on this machine; 1 computes in this one.
    scheduler : str, optional
        Address of a Dask scheduler to use instead, such as ``tcp://head:8786``.
    preload : sequence of str, optional
        Modules that the jobs need: loaded once for all processes here, while the caller goes on.

    Yields
    ------
    concurrent.futures.Executor

    Raises
    ------
    InputError
        If `workers` is less than 1, or Dask is missing or does not answer.
    """
    if workers < 1:
        raise InputError(f"workers must be at least 1, got {workers}")
    if scheduler:
        with _dask_executor(scheduler) as executor:
            yield executor
    elif workers == 1:
        yield SerialExecutor()
    else:
        with _processes(workers, preload) as executor:
            yield executor


@contextmanager
def _processes(workers, preload):
    with libraries_on_one_thread():
        executor = ProcessPoolExecutor(
            workers, mp_context=_begin_server(preload), initializer=_begin_worker
        )
        try:
            yield executor
        except BaseException:
            # Don't wait for jobs in work: what they write is temporary until it is whole.
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            executor.shutdown(cancel_futures=True)


def _begin_server(preload):
    """Start the process that workers are forked from.

    Not this one, which may have threads by then: a clean one that has loaded `preload`, in the
    environment that keeps libraries from starting any.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    forkserver.ensure_running()
    return context


@contextmanager
def libraries_on_one_thread():
    """Keep libraries that are loaded within the block from starting threads of their own.

    Where all compute on one thread, others would but wait for work, and busily at first.
    """
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


@lru_cache(maxsize=1)
def keep_freed_memory():
    """Let this process keep the memory that it frees, for what it needs next.

    glibc gives large blocks back at once, so that the system clears every page anew for the next
    one, which costs `ambi2binaural crop` a hundredth of its time. Other systems are left as they
    are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(M_MMAP_THRESHOLD, 32 << 20)  # the largest that it takes
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _begin_worker():
    """Leave Ctrl-C to the parent, and end when the parent ends, however it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    parent = multiprocessing.parent_process()

    def follow_parent():
        wait_for_sentinel([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow_parent, daemon=True).start()


@contextmanager
def _dask_executor(address):
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "--scheduler needs Dask; install it with pip install 'simbinaural[cluster]'"
        ) from None
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(f"scheduler {address} does not answer ({error})") from None
    with client:
        yield client.get_executor(pure=False, retries=0)


def _on_one_thread(function, job):
    """Compute a job on one thread: sums on several would depend on their number."""
    import cv2
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)
    with threadpool_limits(1):
        return function(job)
