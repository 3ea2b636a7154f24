"""The page's server: a Flask app that trusts nobody.

Whoever can make a browser send a request here is not yet the annotator: every request must name
this server as its ``Host``, so that no other name can be bound to its address, and what writes must
come from the page itself (``Origin``, a header that forms cannot send, JSON). Clips are asked for
by number, static files by a name in a list that is made at the start: no path from outside ever
opens a file. What is written is judged by `annotate.answers.check_answer` before it is stored.
"""

import hashlib
import ipaddress
import json
import socket
from dataclasses import asdict, dataclass
from functools import wraps
from math import isfinite
from pathlib import Path

import flask
from werkzeug.exceptions import HTTPException

import simbinaural
from annotate.answers import Answer, check_annotator, check_answer, shown
from annotate.queue import check_share, count_entries, list_entries, next_todo
from annotate.store import Conflict, StoreError
from simbinaural.errors import InputError, require

ASSETS = Path(simbinaural.__file__).parent / "assets" / "annotate"

TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}

MAX_BODY = 1_000_000

MAX_PIXELS = 1 << 24

PIECE = 4 << 20
"""Bytes of media in one answer at most: a player that has paused must not hold a thread."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

MODES = ("sum", "max")


@dataclass(frozen=True)
class Settings:
    """How a server serves.

    Attributes
    ----------
    annotator : str
        Whose answers are saved.
    host : str
        Address that is served.
    port : int
    token : str
        First part of all paths; empty on this machine alone.
    double : float
        Share of the clips that everybody annotates.
    sigma : float
        Pixels at a width of `reference_width`: of the map that the page shows.
    mode : {"sum", "max"}
        How the map joins several points.
    reference_width : int
    """

    annotator: str
    host: str = "127.0.0.1"
    port: int = 8000
    token: str = ""
    double: float = 0.0
    sigma: float = 4.0
    mode: str = "sum"
    reference_width: int = 320


def make_app(clips, store, settings):
    """Make the app.

    Parameters
    ----------
    clips : annotate.clips.Clips
        What is annotated.
    store : annotate.store.Store
        Where answers go.
    settings : Settings
        How.

    Returns
    -------
    flask.Flask

    Raises
    ------
    InputError
        If a setting is none.
    """
    check_annotator(settings.annotator)
    check_share(settings.double)
    _check_map(settings.sigma, settings.mode)
    app = flask.Flask("annotate", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.merge_slashes = False  # what is asked for is meant as it stands
    app.before_request(lambda: _guard(settings))
    app.after_request(_finish)
    _tell_errors(app)
    prefix = f"/{settings.token}" if settings.token else ""
    app.register_blueprint(_routes(_Desk(clips, store, settings)), url_prefix=prefix or None)
    return app


# --------------------------------------------------------------------------- who may come in


def is_loopback(host):
    """Whether an address is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _guard(settings):
    """Refuse what does not come from the page of this server."""
    request = flask.request
    host = request.environ.get("HTTP_HOST", "")
    if not _is_served(host, settings):
        flask.abort(403, f"Host must be this server's, got {shown(host)}; keep its port in tunnels")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        flask.abort(403, f"Origin must be this server's, got {shown(origin)}")
    if request.method == "POST":
        if request.mimetype != "application/json":
            flask.abort(415, f"Content-Type must be application/json, got {request.mimetype!r}")
        if request.headers.get("X-Annotate") != "1":
            flask.abort(403, "X-Annotate must be 1: only the page may write")


def _is_served(host, settings):
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        name, port = host, "80"
    if port != str(settings.port):
        return False
    name = name.lower().removeprefix("[").removesuffix("]")
    if is_loopback(settings.host):
        return name in ("127.0.0.1", "localhost", "::1", settings.host)
    # An address as such cannot be bound to another name; the token keeps out who guesses it.
    own = {"localhost", settings.host.lower(), socket.gethostname().lower()}
    return name in own or _is_address(name)


def _is_address(name):
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _finish(response):
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _tell_errors(app):
    """Answer every error with one line of JSON."""

    @app.errorhandler(HTTPException)
    def tell_http(error):
        if error.response is not None or (error.code or 500) < 400:
            return error
        headers = dict(error.get_headers())
        headers.pop("Content-Type", None)
        return flask.jsonify(error=_line(error.description)), error.code, headers

    @app.errorhandler(StoreError)
    def tell_store(error):
        return flask.jsonify(error=_line(error)), 503

    @app.errorhandler(InputError)
    def tell_input(error):
        return flask.jsonify(error=_line(error)), 400

    @app.errorhandler(Conflict)
    def tell_conflict(error):
        return flask.jsonify(current=_answer_json(error.current)), 409


def _line(message):
    return " ".join(str(message).split())


# --------------------------------------------------------------------------- what there is


def _routes(desk):
    """Make the blueprint: each route turns numbers and JSON into one call of the desk."""
    page = flask.Blueprint("page", "annotate")
    get, post = (
        lambda rule, method=method: page.route(
            rule, methods=[method], provide_automatic_options=False
        )
        for method in ("GET", "POST")
    )
    assets = _find_assets()

    @get("/")
    def index():
        return _asset(assets, "page.html")

    @get("/static/<path:name>")
    def static(name):
        return _asset(assets, name)

    @get("/api/state")
    def state():
        return desk.state()

    @get("/api/clips/<int:number>/frames/<int:frame>.jpg")
    def frame_jpeg(number, frame):
        return _tagged(desk.frame(number, frame), "image/jpeg")

    @get("/api/clips/<int:number>/media")
    def media(number):
        return _ranged(desk.media(number))

    @get("/api/clips/<int:number>/answer")
    def answer(number):
        return desk.answer(number)

    @post("/api/clips/<int:number>/answer")
    def save(number):
        return desk.save(number, _body("base_revision", "key", "kind", "frame", "points", "note"))

    @post("/api/map")
    def point_map():
        return _draw_map(**_body("width", "height", "points", "sigma", "mode"))

    @get("/api/next")
    def next_clip():
        return {"number": desk.next(_after(flask.request.args.get("after", "-1")))}

    return page


def _missing_if_none(method):
    """Answer 404 where a clip, a frame or its file is none."""

    @wraps(method)
    def tell(self, number, *arguments):
        if number >= len(self.infos):
            flask.abort(404, f"clip must be from 0 to {len(self.infos) - 1}, got {number}")
        try:
            return method(self, number, *arguments)
        except StoreError:
            raise
        except (InputError, OSError) as error:
            return flask.abort(404, str(error))

    return tell


class _Desk:
    """One annotator at work on clips."""

    def __init__(self, clips, store, settings):
        self._clips, self._store, self._settings = clips, store, settings
        self._problems = {}
        self._identity = store.identity()
        self.infos = clips.infos

    def state(self):
        """Everything that the page begins with."""
        settings, entries = self._settings, self._entries()
        start = next_todo(entries)
        start = 0 if start is None else start
        self._clips.prefetch(start)
        return {
            # Browsers keep unsent answers by it: they must never go into another file.
            "store": self._identity,
            "title": self._clips.path.absolute().name,
            "annotator": settings.annotator,
            "kind": self._clips.kind,
            "sigma": settings.sigma,
            "sigma_reference_width": settings.reference_width,
            "mode": settings.mode,
            "counts": count_entries(entries),
            "clips": [self._clip(entry) for entry in entries],
            "start": start,
        }

    @_missing_if_none
    def frame(self, number, frame):
        """JPEG of a frame; a clip whose frame to annotate is damaged is one with a problem."""
        try:
            return self._clips.frame_jpeg(number, frame)
        except InputError as error:
            if frame == self.infos[number].frame:
                self._problems[number] = _line(error)
            raise

    @_missing_if_none
    def media(self, number):
        """File of picture and sound."""
        return self._clips.media_file(number)

    @_missing_if_none
    def answer(self, number):
        """Answer that stands; who looks at a clip will want the next one soon."""
        following = next_todo(self._entries(), number)
        if following is not None:
            self._clips.prefetch(following)
        name = self._settings.annotator
        return _answer_json(self._store.current(self.infos[number].id, name))

    def save(self, number, body):
        """Save what the page sent; tell what is left."""
        if number >= len(self.infos):
            flask.abort(404, f"clip must be from 0 to {len(self.infos) - 1}, got {number}")
        info, base = self.infos[number], body.pop("base_revision")
        key = body.pop("key")
        answer = Answer(info.id, self._settings.annotator, **body)
        require(not info.problem, info.problem)
        check_answer(answer, width=info.width, height=info.height, n_frames=info.n_frames)
        require(_is_whole(base), f"base_revision must be a whole number, got {shown(base)}")
        saved = self._store.save(answer, base_revision=base, key=key)
        entries = self._entries()
        left = {"counts": count_entries(entries), "next": next_todo(entries, number)}
        return _answer_json(saved) | left

    def next(self, after):
        """Number of the next clip to do, or None."""
        return next_todo(self._entries(), after)

    def _entries(self):
        settings = self._settings
        return list_entries(
            self.infos,
            self._store.kinds(),
            settings.annotator,
            double=settings.double,
            problems=self._problems,
        )

    def _clip(self, entry):
        info = asdict(self.infos[entry.number])
        info["problem"] = info["problem"] or self._problems.get(entry.number, "")
        return info | asdict(entry)


def _answer_json(answer):
    if answer is None:
        return {"revision": 0}
    names = ("revision", "kind", "frame", "points", "note", "saved_at")
    return {name: getattr(answer, name) for name in names}


# --------------------------------------------------------------------------- what comes in


def _body(*names):
    """Read the JSON of a request: an object with these names at least."""
    try:
        body = json.loads(flask.request.get_data(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        flask.abort(400, f"body must be JSON ({str(error)[:80]})")
    missing = [name for name in names if not isinstance(body, dict) or name not in body]
    require(not missing, f"body must be an object with {', '.join(names)}; {missing} missing")
    return {name: body[name] for name in names}


def _refuse_constant(name):
    raise ValueError(f"{name} is no number in JSON")


def _after(text):
    """Read a number of few digits, -1 at least."""
    digits = text.removeprefix("-")
    ok = digits.isascii() and digits.isdecimal() and len(digits) < 10
    require(ok, f"after must be a number, got {shown(text)}")
    return int(text)


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_map(sigma, mode):
    # The comparison comes first: a whole number may be too long for a float.
    require(
        _is_number(sigma) and 0 < sigma < 1e6 and isfinite(sigma),
        f"sigma must be a number of pixels above 0, got {shown(sigma)}",
    )
    require(mode in MODES, f"mode must be one of {', '.join(MODES)}, got {shown(mode)}")


def _draw_map(width, height, points, sigma, mode):
    """Draw the map of points as a PNG: the same that the export writes."""
    from annotate.maps import map_png, point_map

    for name, length in ("width", width), ("height", height):
        ok = _is_whole(length) and 0 < length <= MAX_PIXELS
        require(ok, f"{name} must be a whole number of pixels, got {shown(length)}")
    require(width * height <= MAX_PIXELS, f"map must have {MAX_PIXELS} pixels at most")
    _check_map(sigma, mode)
    answer = Answer("map", "page", "unsure", 0, points)  # with or without points
    check_answer(answer, width=width, height=height, n_frames=1)
    png = map_png(point_map(points, (width, height), sigma=sigma, mode=mode))
    return flask.Response(bytes(png), mimetype="image/png")


# --------------------------------------------------------------------------- files


def _find_assets():
    """List the files of the page by their names, once."""
    return {
        path.relative_to(ASSETS).as_posix(): path
        for path in ASSETS.rglob("*")
        if path.suffix in TYPES and path.is_file()
    }


def _asset(assets, name):
    if name not in assets:
        flask.abort(404, f"there is no {shown(name)}")
    return _tagged(assets[name].read_bytes(), TYPES[assets[name].suffix])


def _tagged(content, mimetype):
    """Answer with bytes that a browser keeps, but asks whether they are still the same.

    Not longer: the next server at this port may serve other clips under the same numbers.
    """
    response = flask.Response(content, mimetype=mimetype)
    response.set_etag(hashlib.sha256(content).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    return response.make_conditional(flask.request)


def _ranged(path):
    """Answer with a file, or the part of it that is asked for, `PIECE` bytes at most."""
    mimetype = "video/webm" if path.suffix == ".webm" else "video/mp4"
    wanted = flask.request.headers.get("Range")
    if wanted is None:
        response = flask.send_file(path, mimetype=mimetype, etag=False, max_age=None)
    else:
        response = _part(path, mimetype)
    found = path.stat()
    response.set_etag(f"{found.st_mtime_ns:x}-{found.st_size:x}")
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _part(path, mimetype):
    size, ranges = path.stat().st_size, flask.request.range
    inside = ranges and ranges.units == "bytes" and ranges.range_for_length(size)
    if not inside:
        response = flask.jsonify(error=f"Range must be one of bytes within {size}")
        response.status_code = 416
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    start, stop = inside[0], min(inside[1], inside[0] + PIECE)
    with path.open("rb") as file:
        file.seek(start)
        content = file.read(stop - start)
    response = flask.Response(content, 206, mimetype=mimetype)
    response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response
