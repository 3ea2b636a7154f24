"""Answers on disk: one SQLite file in the folder of what is annotated.

A save is one transaction that lies on the disk before `Store.save` returns. Nothing is ever
overwritten: each save adds a revision, the current answer is the highest one. Several threads and
several processes may share a file: who saves on a stale revision gets `Conflict`, and who saves the
same thing twice, because an answer was lost on its way, has saved it once.
"""

import json
import os
import secrets
import sqlite3
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from annotate.answers import Answer, check_annotator, shown
from simbinaural.errors import InputError, require

NAME = "annotations.db"

SCHEMA_VERSION = 1

MAX_KEY = 100

PATIENCE_S = 10
"""How long another program may keep the file locked."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE revisions (
    clip TEXT NOT NULL,
    annotator TEXT NOT NULL,
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    frame INTEGER NOT NULL,
    points TEXT NOT NULL,
    note TEXT NOT NULL,
    saved_at TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    PRIMARY KEY (clip, annotator, revision)
) WITHOUT ROWID;
"""

COLUMNS = "clip, annotator, kind, frame, points, note, revision, saved_at"

CURRENT = """
FROM revisions AS one WHERE revision =
    (SELECT max(revision) FROM revisions WHERE clip = one.clip AND annotator = one.annotator)
"""


class StoreError(InputError):
    """The file cannot be used, now or at all: no fault of the answer."""


class Conflict(Exception):  # noqa: N818 - it is no error: two have answered
    """Another revision has been saved since the one that an answer was made on.

    Attributes
    ----------
    current : Answer or None
        The one on disk; None where there is none.
    """

    def __init__(self, current):
        super().__init__(f"revision {current.revision if current else 0} is current")
        self.current = current


def open_store(path, *, create=True):
    """Open the answers in a file; see `Store`.

    Parameters
    ----------
    path : path-like
        ``annotations.db``.
    create : bool
        Whether a file that is missing is made. If not, a folder that cannot be written is read.

    Returns
    -------
    Store

    Raises
    ------
    StoreError
        If the file is missing, damaged, something else or of a newer version, or cannot be
        written.
    """
    return Store(path, create=create)


class Store:
    """Answers in a file; threads may share it. A context manager that closes it.

    Parameters
    ----------
    path : path-like
        ``annotations.db``.
    create : bool
        As in `open_store`.

    Attributes
    ----------
    path : pathlib.Path
    """

    def __init__(self, path, *, create=True):
        self.path = Path(path)
        self._lock = threading.RLock()
        _require_place(self.path, create)
        with _told(self.path):
            self._database = _connect(self.path, create)
            try:
                self._prepare()
            except BaseException:
                self._database.close()
                raise
        self._file = _identity(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the file; what was saved is in it, without a log beside."""
        with self._lock:
            self._database.close()

    # ----------------------------------------------------------------------- writing

    def save(self, answer, *, base_revision, key, saved_at=None):
        """Save an answer as the next revision of its clip and annotator.

        Parameters
        ----------
        answer : Answer
            That `annotate.answers.check_answer` accepts; its `revision` and `saved_at` are set
            here.
        base_revision : int
            The revision that it was made on; 0 for the first.
        key : str
            Drawn anew for each save, and the same when a save is tried again.
        saved_at : str, optional
            When it was answered, where another file of annotations tells; by default now.

        Returns
        -------
        Answer
            As it is on disk; if the key is known, as it was saved then.

        Raises
        ------
        Conflict
            If `base_revision` is not the current one, or the key has saved another answer.
        StoreError
            If the file cannot be written.
        """
        check_annotator(answer.annotator)
        require(
            isinstance(key, str) and 0 < len(key) <= MAX_KEY and key.isprintable(),
            f"key must be text of 1 to {MAX_KEY} characters, got {shown(key)}",
        )
        answer = replace(answer, points=tuple((float(x), float(y)) for x, y in answer.points))
        with self._writing():
            saved = self._saved_by(key)
            if saved and _content(saved) == _content(answer):
                return saved
            current = self.current(answer.clip, answer.annotator)
            if saved or base_revision != (current.revision if current else 0):
                raise Conflict(current)
            answer = replace(answer, revision=base_revision + 1, saved_at=saved_at or _now())
            self._database.execute(
                f"INSERT INTO revisions ({COLUMNS}, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*_row(answer), key),
            )
        return answer

    def set_meta(self, name, value):
        """Note something about the whole file; text only."""
        with self._writing():
            self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def identity(self):
        """Return what tells this file from all others: random, noted when first asked for."""
        with self._writing():
            noted = ("identity", secrets.token_hex(16))
            self._database.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", noted)
        return self.meta("identity")

    # ----------------------------------------------------------------------- reading

    def current(self, clip, annotator):
        """Return the `Answer` of a clip by an annotator, None where there is none."""
        history = self.history(clip, annotator)
        return history[-1] if history else None

    def history(self, clip, annotator):
        """Return all revisions of an answer as a list of `Answer`, the current one last."""
        where = "FROM revisions WHERE clip = ? AND annotator = ? ORDER BY revision"
        return self._answers(where, clip, annotator)

    def answers(self, annotator=None):
        """Return all current answers as a list of `Answer`, ordered by clip and annotator.

        Parameters
        ----------
        annotator : str, optional
            Only theirs.
        """
        mine, names = ("AND annotator = ?", (annotator,)) if annotator is not None else ("", ())
        return self._answers(f"{CURRENT} {mine} ORDER BY clip, annotator", *names)

    def kinds(self):
        """Return (clip, annotator, kind, revision) of all current answers, as a list."""
        return self._read(f"SELECT clip, annotator, kind, revision {CURRENT}")

    def annotators(self):
        """Return the names of all who have answered, as a sorted list."""
        return [
            name
            for (name,) in self._read("SELECT DISTINCT annotator FROM revisions ORDER BY annotator")
        ]

    def meta(self, name):
        """Return what `set_meta` noted, None where there is nothing."""
        found = self._read("SELECT value FROM meta WHERE name = ?", name)
        return found[0][0] if found else None

    def _answers(self, where, *values):
        return [_answer(row) for row in self._read(f"SELECT {COLUMNS} {where}", *values)]

    def _saved_by(self, key):
        found = self._answers("FROM revisions WHERE key = ?", key)
        return found[0] if found else None

    def _read(self, query, *values):
        with self._lock, _told(self.path):
            return self._database.execute(query, values).fetchall()

    # ----------------------------------------------------------------------- the file

    @contextmanager
    def _writing(self):
        """Everything in the block is saved at its end, or nothing of it."""
        with self._lock, _told(self.path):
            # A file that was moved or deleted would take what is saved along.
            if _identity(self.path) != self._file:
                raise StoreError(f"{self.path}: has been moved or replaced; start again")
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _prepare(self):
        """Make the tables of a new file; refuse what is no file of this program."""
        (faults,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if faults != "ok":
            raise sqlite3.DatabaseError(" ".join(faults.split()))
        if not self._has_tables():
            self._keep_log()
            self._make_tables()
        version = self.meta("schema_version")
        if version is None or not version.isdecimal():
            raise StoreError(f"{self.path}: is not a file of annotations; move it away")
        if int(version) > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path}: has schema version {version}, expected at most {SCHEMA_VERSION}; "
                "a newer version of this program reads it"
            )

    def _keep_log(self):
        """Turn on the write-ahead log; here SQLite itself does not wait for others who do so."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._database.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _has_tables(self):
        tables = {name for (name,) in self._database.execute("SELECT name FROM sqlite_master")}
        if tables and "meta" not in tables:
            raise StoreError(f"{self.path}: is not a file of annotations; move it away")
        return bool(tables)

    def _make_tables(self):
        self._database.execute("BEGIN IMMEDIATE")
        if not self._has_tables():  # another process may have been faster
            for statement in filter(str.strip, TABLES.split(";")):
                self._database.execute(statement)
            version = ("schema_version", str(SCHEMA_VERSION))
            self._database.execute("INSERT INTO meta VALUES (?, ?)", version)
        self._database.execute("COMMIT")


def _require_place(path, create):
    if not path.parent.is_dir():
        raise StoreError(f"{path.parent}: must be a folder that exists")
    if not create and not path.is_file():
        raise StoreError(f"{path}: does not exist; annotate points makes it")
    if create and not os.access(path.parent, os.W_OK):
        raise StoreError(f"{path.parent}: cannot be written; answers are kept there")


def _connect(path, create):
    """Open the file so that what is committed is on the disk."""
    mode = "rwc" if create else "rw"
    if not create and not (os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)):
        # SQLite wants to make files beside, unless told that nobody writes.
        logged = path.with_name(f"{path.name}-wal").exists()
        mode = "ro" if logged else "ro&immutable=1"
    database = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=PATIENCE_S,
        isolation_level=None,
        check_same_thread=False,
    )
    database.execute("PRAGMA synchronous = FULL")
    return database


def _identity(path):
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def _told(path):
    """Say in one line what SQLite does not like, and what helps."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a fault of this program
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: {_remedy(error)}") from error


def _remedy(error):
    code = getattr(error, "sqlite_errorcode", None)
    code = code and code & 0xFF
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"cannot be written ({error}); make file and folder writable"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"is locked by another program ({error}); end that one"
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return f"cannot be written ({error}); is the disk full?"
    return f"is damaged ({error}); put back a copy, or try sqlite3's command .recover"


# --------------------------------------------------------------------------- rows


def _row(answer):
    points = json.dumps(answer.points)
    fixed = answer.clip, answer.annotator, answer.kind, answer.frame
    return *fixed, points, answer.note, answer.revision, answer.saved_at


def _answer(row):
    clip, annotator, kind, frame, points, *rest = row
    points = tuple((x, y) for x, y in json.loads(points))
    return Answer(clip, annotator, kind, frame, points, *rest)


def _content(answer):
    return replace(answer, revision=0, saved_at="")


def _now():
    return datetime.now(UTC).isoformat(timespec="milliseconds")
