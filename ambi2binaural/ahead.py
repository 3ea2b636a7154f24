"""Work on threads of its own: a single call, or an iteration that runs ahead."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


def beside(function, *arguments):
    """Call a function on a thread of its own: its future."""
    thread = ThreadPoolExecutor(1)
    future = thread.submit(function, *arguments)
    thread.shutdown(wait=False)
    return future


@contextmanager
def ahead(items, count):
    """Iterate on a thread of its own, from now on.

    Parameters
    ----------
    items : iterator
        What it raises comes where its item would be taken.
    count : int
        Items that are made before they are taken.

    Yields
    ------
    iterator
        The same items. On leaving, what is under way is awaited and the rest left out.
    """
    thread, over = ThreadPoolExecutor(1), object()
    waiting = deque(thread.submit(next, items, over) for _ in range(count))

    def taken():
        while (item := waiting.popleft().result()) is not over:
            waiting.append(thread.submit(next, items, over))
            yield item

    try:
        yield taken()
    finally:
        thread.shutdown(cancel_futures=True)
