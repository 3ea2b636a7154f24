"""The server: what it tells, what it refuses, and that nothing is lost."""

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from recorded_videos import number_of, write_fair_play, write_numbered

from annotate.answers import Answer
from annotate.clips import open_clips
from annotate.queue import is_double
from annotate.serve import listening, page_url, serve_points
from annotate.server import Settings, make_app
from annotate.store import NAME, StoreError, open_store
from simbinaural.corpora.videos import probe_video
from simbinaural.errors import InputError

ROOT = Path(__file__).parent.parent

HOST = "127.0.0.1:8000"

PAGE = {"Host": HOST, "Origin": f"http://{HOST}", "X-Annotate": "1"}

BODY = {
    "base_revision": 0,
    "key": "k",
    "kind": "points",
    "frame": 19,
    "points": [[0.5, 47.25]],
    "note": "hand",
}

MAP = {"width": 64, "height": 48, "points": [[10.5, 20.5]], "sigma": 4, "mode": "sum"}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Four videos, of which the third is damaged; "d" is no file of its own kind that plays."""
    folder = tmp_path_factory.mktemp("videos")
    write_numbered(folder / "a.mp4")
    write_numbered(folder / "b.webm")
    (folder / "c.mp4").write_bytes(b"no video")
    write_numbered(folder / "d.avi")
    return folder


class Place:
    """An app in this process, and its store."""

    def __init__(self, clips, path, **settings):
        self.clips, self.store = clips, open_store(path)
        settings = Settings(**{"annotator": "ann", **settings})
        app = make_app(self.clips, self.store, settings)
        self.client = app.test_client()

    def get(self, url, **headers):
        headers = {"Host": HOST} | {name.replace("_", "-"): text for name, text in headers.items()}
        return self.client.get(url, headers=headers)

    def post(self, url, body, *, headers=PAGE, content_type="application/json"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(url, data=body, headers=headers, content_type=content_type)

    def save(self, number=0, **changes):
        return self.post(f"/api/clips/{number}/answer", BODY | changes)

    def rows(self):
        """Everything that the store holds of answers."""
        return self.store._read("SELECT * FROM revisions")


@pytest.fixture(scope="module")
def clips(recordings):
    with open_clips(recordings) as clips:
        yield clips


@pytest.fixture
def place(clips, tmp_path):
    place = Place(clips, tmp_path / NAME)
    yield place
    place.store.close()


# --------------------------------------------------------------------------- what it tells


def test_state_tells_the_queue(place):
    place.store.save(Answer("a", "ann", "unsure", 19), base_revision=0, key="1")
    place.store.save(Answer("b", "bo", "left", 19), base_revision=0, key="2")
    state = place.get("/api/state").json
    assert state["annotator"] == "ann"
    assert state["kind"] == "videos"
    assert (state["sigma"], state["sigma_reference_width"], state["mode"]) == (4.0, 320, "sum")
    assert state["counts"] == {"all": 4, "done": 1, "left": 1, "unsure": 1, "problem": 1}
    assert state["start"] == 3
    first, second, third, last = state["clips"]
    assert {"number": 0, "id": "a", "kind": "unsure", "revision": 1}.items() <= first.items()
    assert {"n_frames": 40, "fps": 10.0, "frame": 19, "problem": ""}.items() <= first.items()
    assert {"width": 64, "height": 48, "status": "unsure", "others": 0}.items() <= first.items()
    assert (second["status"], second["kind"], second["others"]) == ("done", None, 1)
    assert (third["status"], last["status"]) == ("problem", "todo")
    assert "c.mp4: file must be a whole video" in third["problem"]


def test_state_hides_others_where_it_is_blind(clips, tmp_path):
    place = Place(clips, tmp_path / NAME, double=1.0)
    place.store.save(Answer("b", "bo", "left", 19), base_revision=0, key="2")
    assert is_double("b", 1.0)
    text = place.get("/api/state").text
    assert json.loads(text)["clips"][1]["status"] == "todo"
    assert "bo" not in text.replace("bool", "")
    assert place.get("/api/clips/1/answer").json == {"revision": 0}
    place.store.close()


def test_frames_and_media_are_those_of_the_number(place):
    answer = place.get("/api/clips/3/frames/21.jpg")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert number_of(answer.data) == 21
    assert answer.headers["Cache-Control"] == "no-cache"
    again = place.get("/api/clips/3/frames/21.jpg", If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert place.get("/api/clips/0/media").data == (place.clips.path / "a.mp4").read_bytes()
    types = [place.get(f"/api/clips/{n}/media").mimetype for n in (0, 1, 3)]
    assert types == ["video/mp4", "video/webm", "video/mp4"]


def test_media_of_fair_play_have_its_sound(tmp_path):
    with open_clips(write_fair_play(tmp_path / "fair", 1)) as clips:
        place = Place(clips, tmp_path / NAME)
        (tmp_path / "copy.mp4").write_bytes(place.get("/api/clips/0/media").data)
    assert probe_video(tmp_path / "copy.mp4").plays


@pytest.mark.parametrize("what", ["/api/clips/{}/frames/0.jpg", "/api/clips/{}/media"])
def test_clips_that_are_none_or_damaged_are_not_found(place, what):
    for number, message in (4, "clip must be from 0 to 3, got 4"), (2, "c.mp4: file must be"):
        answer = place.get(what.format(number))
        assert answer.status_code == 404
        assert message in answer.json["error"]
    assert place.get("/api/clips/0/frames/40.jpg").status_code == 404
    assert place.get("/api/clips/9/answer").status_code == 404


def test_a_clip_that_turns_out_damaged_leaves_the_queue(recordings, tmp_path):
    folder = tmp_path / "videos"
    shutil.copytree(recordings, folder)
    with open_clips(folder) as clips:
        place = Place(clips, tmp_path / NAME)
        (folder / "a.mp4").write_bytes(b"no video any more")
        assert place.get("/api/clips/0/frames/19.jpg").status_code == 404
        clip = place.get("/api/state").json["clips"][0]
        assert clip["status"] == "problem"
        assert "a.mp4" in clip["problem"]


# --------------------------------------------------------------------------- ranges


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("0-", 0, None),
        ("0-0", 0, 1),
        ("5-9", 5, 10),
        ("-7", -7, None),
        ("100-999999999", 100, None),
    ],
)
def test_parts_of_media(place, asked, start, stop):
    whole = (place.clips.path / "a.mp4").read_bytes()
    answer = place.get("/api/clips/0/media", Range=f"bytes={asked}")
    assert answer.status_code == 206
    assert answer.data == whole[start:stop]
    first, last, size = map(int, re.findall(r"\d+", answer.headers["Content-Range"]))
    assert whole[first : last + 1] == answer.data
    assert size == len(whole)
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    "asked", ["bytes=999999999-", "bytes=9-5", "bytes=a-b", "lines=0-5", "bytes=0-1,5-6", "bytes"]
)
def test_parts_that_are_none_are_refused(place, asked):
    size = (place.clips.path / "a.mp4").stat().st_size
    answer = place.get("/api/clips/0/media", Range=asked)
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"


def test_large_media_come_in_pieces(place, monkeypatch):
    monkeypatch.setattr("annotate.server.PIECE", 1000)
    whole, got = (place.clips.path / "a.mp4").read_bytes(), b""
    while len(got) < len(whole):
        piece = place.get("/api/clips/0/media", Range=f"bytes={len(got)}-").data
        assert 0 < len(piece) <= 1000
        got += piece
    assert got == whole


# --------------------------------------------------------------------------- saving


def test_what_is_saved_is_read(place):
    answer = place.save()
    assert answer.status_code == 200
    saved = answer.json
    assert saved["counts"] == {"all": 4, "done": 1, "left": 2, "unsure": 0, "problem": 1}
    assert saved["next"] == 1
    told = place.get("/api/clips/0/answer").json
    names = {"revision": 1, "kind": "points", "frame": 19, "points": [[0.5, 47.25]], "note": "hand"}
    assert {**told, "saved_at": ""} == {**names, "saved_at": ""}
    assert told.items() <= saved.items()
    (kept,) = place.store.answers()
    assert (kept.clip, kept.annotator, kept.points) == ("a", "ann", ((0.5, 47.25),))


def test_the_queue_ends_and_wraps(place):
    assert place.save(3, key="1").json["next"] == 0
    assert place.get("/api/next?after=0").json == {"number": 1}
    assert place.get("/api/next?after=1").json == {"number": 0}
    assert place.get("/api/next").json == {"number": 0}
    place.save(0, key="2")
    assert place.save(1, key="3").json["next"] is None
    assert place.get("/api/next?after=0").json == {"number": None}
    assert place.get("/api/state").json["start"] == 0


def test_the_same_save_twice_is_one(place):
    first, again = place.save(), place.save()
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    assert len(place.rows()) == 1


def test_a_stale_write_gets_what_stands(place):
    place.save()
    current = place.get("/api/clips/0/answer").json
    conflict = place.save(key="k2", kind="nothing", points=[])
    assert conflict.status_code == 409
    assert conflict.json == {"current": current}
    assert len(place.rows()) == 1
    settled = place.save(key="k2", kind="nothing", points=[], base_revision=1)
    assert settled.json["revision"] == 2
    assert [answer.kind for answer in place.store.history("a", "ann")] == ["points", "nothing"]


def test_a_write_on_what_has_gone_gets_revision_0(place):
    conflict = place.save(base_revision=7)
    assert (conflict.status_code, conflict.json) == (409, {"current": {"revision": 0}})


def test_a_store_that_fails_is_no_fault_of_the_answer(place, monkeypatch):
    def fail(*_, **__):
        raise StoreError("annotations.db: cannot be written")

    monkeypatch.setattr(place.store, "save", fail)
    answer = place.save()
    assert answer.status_code == 503
    assert answer.json == {"error": "annotations.db: cannot be written"}


# --------------------------------------------------------------------------- hostile requests

OVER_LIMIT = b'{"note": "' + b"n" * 1_000_000 + b'"}'


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b""),
        (400, b"{"),
        (400, b"\xff\xfe\x00"),
        (400, b"[" * 100_000),
        (400, b"[]"),
        (400, b"null"),
        (400, b'"text"'),
        (400, b"{}"),
        (400, json.dumps(BODY | {"points": [[float("nan"), 1]]}).encode()),
        (400, json.dumps({**BODY, **MAP, "more": float("nan")}).encode()),
        (400, json.dumps(BODY | {"points": [[float("inf"), 1]]}).encode()),
        (400, json.dumps(BODY).replace("47.25", "1e999").encode()),
        (400, json.dumps(BODY).replace("47.25", "9" * 5000).encode()),
        (400, json.dumps(BODY).replace("47.25", "9" * 400).encode()),
        (413, OVER_LIMIT),
        (413, b"x" * 10_000_000),
    ],
)
@pytest.mark.parametrize("url", ["/api/clips/0/answer", "/api/map"])
def test_bodies_that_are_none_leave_no_trace(place, url, status, body):
    answer = place.post(url, body)
    assert answer.status_code == status
    assert list(answer.json) == ["error"]
    assert "\n" not in answer.json["error"]
    assert place.rows() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"points": [[64.5, 1]]},
        {"points": [[1, -1]]},
        {"points": [[1, "1"]]},
        {"points": [[1, None]]},
        {"points": [[1]]},
        {"points": [{}]},
        {"points": "11"},
        {"points": None},
        {"points": []},
        {"points": [[1, 1]] * 1001},
        {"kind": "nothing"},
        {"kind": "all"},
        {"kind": None},
        {"kind": {}},
        {"frame": 40},
        {"frame": -1},
        {"frame": 1.5},
        {"frame": "19"},
        {"frame": True},
        {"frame": 10**30},
        {"note": "n" * 2001},
        {"note": 5},
        {"note": "\ud83d"},
        {"key": ""},
        {"key": 5},
        {"key": "\ud83d"},
        {"key": "k" * 101},
        {"base_revision": -1},
        {"base_revision": "0"},
        {"base_revision": None},
        {"base_revision": True},
        {"base_revision": 0.0},
    ],
)
def test_answers_that_are_none_leave_no_trace(place, changes):
    answer = place.save(**changes)
    assert answer.status_code == 400
    assert len(answer.json["error"]) < 200
    assert place.rows() == []


@pytest.mark.parametrize("name", BODY)
def test_answers_must_be_whole(place, name):
    body = {key: value for key, value in BODY.items() if key != name}
    answer = place.post("/api/clips/0/answer", body)
    assert answer.status_code == 400
    assert name in answer.json["error"]
    assert place.rows() == []


def test_who_answers_and_when_is_not_the_pages_to_say(place):
    place.save(annotator="bo", clip="b", revision=7, saved_at="yesterday")
    (saved,) = place.store.answers()
    assert (saved.annotator, saved.clip, saved.revision) == ("ann", "a", 1)
    assert saved.saved_at != "yesterday"


@pytest.mark.parametrize("number", ["4", "-1", "1.0", "a", "../0", "%2e%2e%2f0", "9" * 400])
def test_answers_to_clips_that_are_none_leave_no_trace(place, number):
    assert place.save(number).status_code == 404
    assert place.rows() == []


def test_clips_with_a_problem_take_no_answer(place):
    answer = place.save(2, kind="nothing", points=[], frame=0)
    assert answer.status_code == 400
    assert "c.mp4" in answer.json["error"]
    assert place.rows() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:8000"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Host": "127.0.0.1:8001"}, 403),
        ({"Host": "127.0.0.1:8000:8000"}, 403),
        ({"Host": "127.0.0.1.evil.example:8000"}, 403),
        ({"Host": "10.0.0.1:8000"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "https://127.0.0.1:8000"}, 403),
        ({"Origin": "http://127.0.0.1:8001"}, 403),
        ({"Origin": "http://localhost:8000"}, 403),
        ({"X-Annotate": None}, 403),
        ({"X-Annotate": "0"}, 403),
        ({"Content-Type": None}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=b"}, 415),
        ({"Content-Type": "text/plain; application/json"}, 415),
    ],
)
@pytest.mark.parametrize("url", ["/api/clips/0/answer", "/api/map"])
def test_requests_from_elsewhere_leave_no_trace(place, url, headers, status):
    all_headers = {**PAGE, "Content-Type": "application/json", **headers}
    kept = {name: value for name, value in all_headers.items() if value is not None}
    body = MAP if url == "/api/map" else BODY
    content_type = kept.pop("Content-Type", None)
    answer = place.post(url, body, headers=kept, content_type=content_type)
    assert answer.status_code == status
    assert list(answer.json) == ["error"]
    assert not any(name.startswith("Access-Control") for name, _ in answer.headers)
    assert place.rows() == []


@pytest.mark.parametrize("url", ["/", "/api/state", "/api/clips/0/frames/0.jpg", "/api/next"])
def test_reading_needs_the_right_host_and_origin_too(place, url):
    for headers in {"Host": "evil.example:8000"}, {"Origin": "http://evil.example"}:
        assert place.get(url, **headers).status_code == 403


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000"]
)
def test_this_machines_names_are_served(place, host):
    headers = {**PAGE, "Host": host, "Origin": f"http://{host}"}
    answer = place.post("/api/clips/0/answer", BODY, headers=headers)
    assert answer.status_code == 200
    del headers["Origin"]
    assert place.post("/api/clips/0/answer", BODY, headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options", "post"])
@pytest.mark.parametrize("url", ["/", "/api/state", "/api/clips/0/media"])
def test_other_methods_are_refused(place, method, url):
    answer = getattr(place.client, method)(url, headers=PAGE, json={})
    assert answer.status_code == 405
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "name",
    [
        "../server.py",
        "..%2fserver.py",
        "%2e%2e/%2e%2e/setup.cfg",
        "....//setup.cfg",
        "/etc/passwd",
        "%00",
        "page.html%00.js",
        "nothing.js",
        "..\\page.html",
        "",
    ],
)
def test_no_path_from_outside_opens_a_file(place, monkeypatch, name):
    monkeypatch.setattr(Path, "open", None)
    monkeypatch.setattr(Path, "read_bytes", None)
    for url in f"/static/{name}", f"/{name}x", f"/api/clips/0/frames/{name}":
        answer = place.get(url)
        assert answer.status_code == 404, url
        assert list(answer.json) == ["error"]


def test_answers_carry_the_headers_that_keep_others_out(place):
    for url in "/", "/api/state", "/api/clips/0/media", "/nothing", "/api/clips/0/frames/0.jpg":
        headers = place.get(url).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["img-src"] == "'self' data: blob:"
        assert policy["media-src"] == "'self' blob:"
        assert policy["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("after", ["a", "", "--1", "1.5", "1e3", "9" * 20, "²"])
def test_numbers_that_are_none_are_refused(place, after):
    assert place.get(f"/api/next?after={after}").status_code == 400


def test_a_fault_of_the_program_is_told_in_json(place, monkeypatch):
    monkeypatch.setattr(place.store, "kinds", None)
    answer = place.get("/api/state")
    assert answer.status_code == 500
    assert list(answer.json) == ["error"]


# --------------------------------------------------------------------------- maps


def test_the_map_is_a_gray_picture_of_the_points(place):
    answer = place.post("/api/map", MAP)
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    gray = cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (gray.shape, gray.dtype, gray.max()) == ((48, 64), np.uint8, 255)
    y, x = np.mgrid[:48, :64] + 0.5
    expected = 255 * np.exp(-((x - 10.5) ** 2 + (y - 20.5) ** 2) / 32)
    np.testing.assert_allclose(gray, expected, atol=0.51)


def test_without_points_the_map_is_black(place):
    answer = place.post("/api/map", MAP | {"points": []})
    gray = cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (gray.shape, gray.max()) == ((48, 64), 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 0},
        {"width": 1.5},
        {"width": "64"},
        {"width": 10**9},
        {"width": 10**400},
        {"width": 5000, "height": 5000},
        {"height": True},
        {"sigma": 0},
        {"sigma": -1},
        {"sigma": "4"},
        {"sigma": None},
        {"sigma": 10**400},
        {"mode": "mean"},
        {"mode": ["sum"]},
        {"points": [[65, 1]]},
        {"points": [[1, 1]] * 1001},
    ],
)
def test_maps_that_are_none_are_refused(place, changes):
    answer = place.post("/api/map", MAP | changes)
    assert answer.status_code == 400
    assert len(answer.json["error"]) < 200


# --------------------------------------------------------------------------- beyond this machine


@pytest.fixture
def open_place(clips, tmp_path):
    place = Place(clips, tmp_path / NAME, host="0.0.0.0", token="secret")
    yield place
    place.store.close()


def test_beyond_this_machine_the_token_is_asked_for(open_place):
    for host in ("192.168.1.7:8000", "localhost:8000", f"{socket.gethostname()}:8000"):
        assert open_place.get("/secret/api/state", Host=host).status_code == 200
        for url in "/api/state", "/secreT/api/state", "/", "/secret2/api/state":
            assert open_place.get(url, Host=host).status_code == 404
    # Names can be bound to any address by those who own them.
    assert open_place.get("/secret/api/state", Host="evil.example:8000").status_code == 403
    assert open_place.get("/secret/api/state", Host="192.168.1.7:80").status_code == 403


def test_urls_of_the_page():
    port = {"annotator": "ann", "port": 80}
    assert page_url(Settings(**port)) == "http://127.0.0.1:80/"
    assert page_url(Settings(**port, host="::1")) == "http://[::1]:80/"
    url = page_url(Settings(**port, host="0.0.0.0", token="t"))
    assert url == f"http://{socket.gethostname()}:80/t/"


# --------------------------------------------------------------------------- the real server

SERVE = """
import sys
from annotate.serve import serve_points
serve_points(sys.argv[1], annotator=sys.argv[2], open_browser=False, host=sys.argv[3],
             say=lambda url: print(url, flush=True))
print("ended")
"""


class Server:
    """A server in a process of its own."""

    def __init__(self, folder, annotator="ann", host="127.0.0.1"):
        command = [sys.executable, "-c", SERVE, folder, annotator, host]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.url = self.process.stdout.readline().strip()
        self.host, self.path = re.fullmatch(r"http://([^/]+)(/.*)", self.url).groups()

    def ask(self, method, url, body=None, **headers):
        """Status, and the JSON of the answer."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        headers = {"X-Annotate": "1", "Content-Type": "application/json", **headers}
        connection.request(method, self.path + url, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, json.loads(content)

    def save(self, number, **changes):
        return self.ask("POST", f"api/clips/{number}/answer", json.dumps(BODY | changes))

    def end(self, number=signal.SIGKILL):
        """Send a signal; return exit code, rest of the output, and errors."""
        self.process.send_signal(number)
        out, errors = self.process.communicate(timeout=30)
        return self.process.returncode, out, errors


@pytest.fixture
def folder(recordings, tmp_path):
    return shutil.copytree(recordings, tmp_path / "videos")


@pytest.fixture
def start(folder):
    servers = []

    def start(*arguments):
        servers.append(Server(folder, *arguments))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.end()


def test_what_was_saved_outlives_a_kill(start, folder):
    for revision in range(2):
        server = start()
        status, saved = server.save(0, base_revision=revision, key=f"k{revision}")
        assert (status, saved["revision"]) == (200, revision + 1)
        server.end(signal.SIGKILL)
        with open_store(folder / NAME) as store:
            assert len(store.history("a", "ann")) == revision + 1
    server = start()
    assert server.ask("GET", "api/clips/0/answer")[1]["revision"] == 2
    # The page did not hear the last answer and sends it again: it is there once.
    assert server.save(0, base_revision=1, key="k1")[1]["revision"] == 2
    assert server.ask("GET", "api/state")[1]["counts"]["done"] == 1


def test_two_servers_share_a_folder(start):
    first, second = start(), start("bo")
    again = start()  # a second one of the same annotator
    assert len({first.host, second.host, again.host}) == 3
    assert first.save(0)[1]["next"] == 1
    assert second.ask("GET", "api/state")[1]["clips"][0]["others"] == 1
    assert second.save(1, key="bo")[1]["next"] == 3
    status, conflict = again.save(0, key="other", kind="left", points=[])
    assert (status, conflict["current"]["kind"]) == (409, "points")
    assert again.save(0, key="other", kind="left", points=[], base_revision=1)[0] == 200
    assert first.ask("GET", "api/clips/0/answer")[1]["kind"] == "left"
    assert second.ask("GET", "api/clips/0/answer")[1] == {"revision": 0}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(start, folder, number):
    server = start()
    assert server.save(0)[0] == 200
    code, out, errors = server.end(number)
    assert (code, out) == (0, "ended\n")
    assert [line for line in errors.splitlines() if not line.startswith("warning: skipped")] == []
    assert "c.mp4: file must be a whole video" in errors
    assert sorted(path.name for path in folder.glob("anno*")) == [NAME]


def test_requests_over_the_wire_are_refused_as_well(start):
    server = start()
    status, told = server.ask("POST", "api/clips/0/answer", b"x" * 10_000_000)
    assert status == 413
    assert list(told) == ["error"]
    assert server.ask("GET", "api/clips/0/answer")[1] == {"revision": 0}
    assert server.ask("GET", "api/state", Host="evil.example")[0] == 403
    assert server.save(0)[0] == 200
    with socket.create_connection(server.host.split(":")) as connection:
        connection.sendall(b"GET /api/state HTTP/1.0\r\n\r\n")
        assert b" 403 " in connection.recv(4096).split(b"\r\n")[0]


def test_beyond_this_machine_the_url_has_a_token(start):
    server = start("ann", "0.0.0.0")
    assert len(server.path) > 20
    status, _ = server.ask("GET", "api/state")
    assert status == 200
    server.path = "/"
    assert server.ask("GET", "api/state")[0] == 404


def test_a_port_in_use_is_told(folder):
    with listening("127.0.0.1") as listener:
        port = listener.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} is in use; choose another --port"):
            serve_points(folder, annotator="ann", port=port, open_browser=False)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_addresses_of_others_are_told(host):
    with (
        pytest.raises(InputError, match=f"host must be an address of this machine, got {host}"),
        listening(host),
    ):
        pass


@pytest.mark.parametrize("port", [65536, -1])
def test_ports_that_are_none_are_told(port):
    with (
        pytest.raises(InputError, match="port must be from 1 to 65535, got"),
        listening("::1", port),
    ):
        pass


def test_settings_that_are_none_are_told(folder):
    for name, value in ("double", 2.0), ("sigma", 0), ("mode", "mean"), ("annotator", " "):
        options = {"annotator": "ann", "open_browser": False, name: value}
        with pytest.raises(InputError, match=f"{name} must be"):
            serve_points(folder, **options)


def test_a_folder_without_clips_gets_no_store(tmp_path):
    with pytest.raises(InputError, match="holds no clips"):
        serve_points(tmp_path, annotator="ann", open_browser=False)
    assert list(tmp_path.iterdir()) == []


def test_the_frame_is_that_of_the_answers(folder, monkeypatch):
    chosen = []
    monkeypatch.setattr("annotate.serve._run", lambda app, _: chosen.append(app))

    def frame_of(**options):
        serve_points(folder, annotator="ann", open_browser=False, say=lambda _: None, **options)
        with open_store(folder / NAME) as store:
            return store.meta("frame")

    assert frame_of() == "middle"
    assert frame_of(frame=3) == "3"  # there are no answers yet
    assert frame_of() == "3"
    with open_store(folder / NAME) as store:
        store.save(Answer("a", "ann", "left", 3), base_revision=0, key="k")
    assert frame_of(frame=3) == "3"
    with pytest.raises(InputError, match="frame must be 3, as of the answers in"):
        frame_of(frame="middle")


def test_the_share_is_noted_for_all(folder, monkeypatch):
    shares = []
    monkeypatch.setattr("annotate.serve._run", lambda *_: None)
    monkeypatch.setattr(
        "annotate.serve.make_app", lambda _clips, _store, settings: shares.append(settings.double)
    )
    for double in (None, 0.1, None, 0.25, None):
        serve_points(folder, annotator="ann", double=double, open_browser=False, say=lambda _: None)
    assert shares == [0.0, 0.1, 0.1, 0.25, 0.25]


def test_the_browser_is_shown_the_page(folder, monkeypatch):
    shown = []
    monkeypatch.setattr("annotate.serve._run", lambda *_: None)
    monkeypatch.setattr("annotate.serve.webbrowser.open", shown.append)
    said = []
    serve_points(folder, annotator="ann", say=said.append)
    assert said == shown
    assert said[0].startswith("http://127.0.0.1:")
