"""Serve the page until Ctrl-C: one URL, on this machine unless told otherwise."""

import errno
import logging
import secrets
import signal
import socket
import threading
import webbrowser
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import waitress

from annotate.clips import MIDDLE, open_clips
from annotate.maps import settle_blur
from annotate.queue import check_share
from annotate.server import Settings, is_loopback, make_app
from annotate.store import NAME, open_store
from simbinaural.commands import warn
from simbinaural.errors import InputError, require

THREADS = 8

REFUSED_BODY = 32 << 20
"""Bytes at which a connection is cut; from `annotate.server.MAX_BODY` on the app says why."""

NAMED_PROBLEMS = 10

ANYWHERE = ("0.0.0.0", "::")


def serve_points(
    path,
    *,
    annotator,
    frame=None,
    double=None,
    sigma=None,
    mode=None,
    host="127.0.0.1",
    port=None,
    open_browser=True,
    say=click.echo,
):
    """Serve the page on which clips are annotated, until Ctrl-C.

    Parameters
    ----------
    path : path-like
        A data set, a FAIR-Play folder or a folder of videos; answers go into its
        ``annotations.db``, which several servers may share.
    annotator : str
        Whose answers.
    frame : "middle" or int, optional
        The frame to annotate, as in `open_clips`. It is noted with the answers and holds for all
        of them; by default what is noted, or the middle.
    double : float, optional
        Share of the clips that everybody annotates, blind. It is noted, too; by default what is
        noted, or 0.
    sigma, mode : optional
        Of the map that the page shows; see `annotate.server.Settings`. They are noted as well, for
        `annotate.maps.settle_blur`.
    host : str
        Address to serve. Beyond this machine the URL holds a token that nobody can guess.
    port : int, optional
        By default that of the last time, else one that is free.
    open_browser : bool
        Whether the browser is shown the page.
    say : callable
        Called with the URL.

    Raises
    ------
    InputError
        If there are no clips, answers cannot be kept, the frame is another than that of the
        answers, or the address cannot be served.
    """
    path = Path(path)
    frame = _settle_frame(path / NAME, frame)
    if double is not None:
        check_share(double)
    with (
        open_clips(path, frame=frame) as clips,
        open_store(path / NAME) as store,
        _listening_again(store, annotator, host, port) as listener,
    ):
        _warn_of_problems(clips)
        store.set_meta("frame", str(frame))
        settings = Settings(
            annotator=annotator,
            host=host,
            port=listener.getsockname()[1],
            token="" if is_loopback(host) else secrets.token_urlsafe(16),
            double=_settle_share(store, double),
            **settle_blur(store, sigma, mode),
        )
        app = make_app(clips, store, settings)
        store.set_meta("sigma", repr(float(settings.sigma)))
        store.set_meta("mode", settings.mode)
        url = page_url(settings)
        say(url)
        if open_browser:
            # In a thread: some browsers return when they are closed.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        _run(app, listener)


def page_url(settings):
    """Return the address of the page."""
    host = socket.gethostname() if settings.host in ANYWHERE else settings.host
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.port}/" + (f"{settings.token}/" if settings.token else "")


@contextmanager
def listening(host, port=None):
    """Take a port, a free one by default.

    Yields
    ------
    socket.socket

    Raises
    ------
    InputError
        If it is in use or not to be had, or the address is none of this machine.
    """
    require(
        port is None or 0 <= port <= 65535,
        f"port must be from 1 to 65535, got {port}; leave it out",
    )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise InputError(f"host must be an address of this machine, got {host} ({error})") from None
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen()
        except OSError as error:
            raise InputError(_refusal(error, host, port)) from None
        yield listener


@contextmanager
def _listening_again(store, annotator, host, port):
    """Take the port of the last time if none is asked for.

    A browser keeps unsent answers by the page's address, the port included.
    """
    name = f"port of {annotator}"
    noted = store.meta(name)
    with ExitStack() as stack:
        try:
            listener = stack.enter_context(listening(host, port or int(noted or 0)))
        except InputError:
            if port or not noted:
                raise
            listener = stack.enter_context(listening(host))
        if port or not noted:
            store.set_meta(name, str(listener.getsockname()[1]))
        yield listener


def _refusal(error, host, port):
    return {
        errno.EADDRINUSE: f"port {port} is in use; choose another --port, or none for a free one",
        errno.EACCES: f"port {port} may not be used; choose a --port from 1024 on",
    }.get(error.errno, f"host must be an address of this machine, got {host} ({error.strerror})")


def _settle_frame(path, frame):
    """Frame to annotate: the one that is noted with the answers, if there are any."""
    if not path.exists():
        return MIDDLE if frame is None else frame
    with open_store(path) as store:
        noted = store.meta("frame") or MIDDLE
        noted = noted if noted == MIDDLE else int(noted)
        if frame is None or not store.annotators():
            return noted if frame is None else frame
    require(
        frame == noted, f"frame must be {noted}, as of the answers in {path}, got {frame}; leave it"
    )
    return frame


def _settle_share(store, double):
    """Share that everybody annotates, given or noted."""
    if double is None:
        return float(store.meta("double") or 0)
    store.set_meta("double", repr(float(double)))
    return float(double)


def _warn_of_problems(clips):
    problems = [info.problem for info in clips.infos if info.problem]
    for problem in problems[:NAMED_PROBLEMS]:
        warn(f"skipped: {problem}")
    if len(problems) > NAMED_PROBLEMS:
        warn(f"skipped: {len(problems) - NAMED_PROBLEMS} more; the list of the page names them")


def _run(app, listener):
    """Serve until Ctrl-C or a polite kill; what is being saved then is saved."""
    logging.getLogger("waitress").setLevel(logging.ERROR)
    server = waitress.create_server(
        app,
        sockets=[listener],
        threads=THREADS,
        ident=None,
        max_request_body_size=REFUSED_BODY,
        clear_untrusted_proxy_headers=True,
    )
    with _ended_by_sigterm():
        server.run()
    server.close()


@contextmanager
def _ended_by_sigterm():
    """Let SIGTERM end the block as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
