"""The SQLite file under the log: made private, opened, recognised, and moved aside when it is damaged."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rota.errors import LogDamaged, LogTooNew, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = 1
APPLICATION = 0x726F7461
"""`rota` in ASCII; SQLite keeps it in the file's header, so that another program's database is told apart."""
BUSY_S = 10.0
"""How long a writer waits for another process's transaction."""

_TABLES = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: others have read up to some number
    id TEXT NOT NULL UNIQUE,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    account TEXT,
    request TEXT,
    body TEXT NOT NULL
);
CREATE INDEX events_by_kind ON events (kind, seq);
CREATE INDEX events_by_account ON events (account, seq) WHERE account IS NOT NULL;
CREATE INDEX events_by_request ON events (request, seq) WHERE request IS NOT NULL;
CREATE TABLE checkpoints (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, fold INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE samples (account TEXT, window TEXT, width REAL, bucket REAL, at REAL NOT NULL, utilization REAL NOT NULL,
    resets_at REAL, PRIMARY KEY (account, window, width, bucket)) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the log's file, made with its tables when there is none.

    Raises:
        LogDamaged: it is no log of ours; it was not touched.
        LogTooNew: a newer rota made it; it was not touched.
        StoreError: it cannot be opened.
    """
    with _reaching(path):
        _make_private(path)
    with answering(path):
        # Transactions are begun by hand. One thread at a time is the caller's promise, so the check is off.
        db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            _recognise(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _make_private(path: Path) -> None:
    """The file, 0600 in a 0700 folder; SQLite gives the files beside it the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _recognise(db: sqlite3.Connection, path: Path) -> None:
    version = _number(db, "user_version")
    if version > SCHEMA:
        raise LogTooNew(
            f"{path} was written by a newer rota.",
            path=path,
            hint="Update rota; nothing in it was changed.",
        )
    if version == 0:
        if db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise LogDamaged(f"{path} is another program's database.", path=path)
        _make_tables(db)
    elif _number(db, "application_id") != APPLICATION:
        raise LogDamaged(f"{path} is another program's database.", path=path)
    _check_suspect(db, path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA journal_size_limit = 16000000")
    db.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten, not only unlinked
    db.execute("PRAGMA fullfsync = ON")  # macOS: a sync that reaches the disk; elsewhere it means nothing


def _check_suspect(db: sqlite3.Connection, path: Path) -> None:
    """Look through the whole file if somebody met a damaged page since; doing so at every start would be too slow."""
    mark = _suspect(path)
    if not mark.exists():
        return
    damage = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    mark.unlink(missing_ok=True)
    if damage != "ok":
        raise LogDamaged(f"{path} is damaged.", path=path)


def _suspect(path: Path) -> Path:
    return path.with_name(f"{path.name}.suspect")


def _make_tables(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("BEGIN IMMEDIATE")
    try:
        if _number(db, "user_version") == 0:  # else another process has just made them
            for statement in _TABLES.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            db.execute(f"PRAGMA user_version = {SCHEMA}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _number(db: sqlite3.Connection, pragma: str) -> int:
    value: int = db.execute(f"PRAGMA {pragma}").fetchone()[0]
    return value


def identity(path: Path) -> int | None:
    """What tells this file from another of the same name; None when there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def move_aside(path: Path) -> Path:
    """Give a damaged log another name, its `-wal` and `-shm` with it; returns the name."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    with _reaching(path):
        _suspect(path).unlink(missing_ok=True)
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return aside


@contextlib.contextmanager
def answering(path: Path) -> Iterator[None]:
    """Say what SQLite refused as a `StoreError` that tells what to do."""
    try:
        yield
    except sqlite3.Error as error:
        said = _said(error, path)
        if isinstance(said, LogDamaged):
            with contextlib.suppress(OSError):
                _suspect(path).touch()
        raise said from error


@contextlib.contextmanager
def _reaching(path: Path) -> Iterator[None]:
    """The same for what the system refused."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be opened: {error.strerror}.", path=path, hint="Check the folder and who owns it."
        ) from error


def _said(error: sqlite3.Error, path: Path) -> Exception:
    """What an error of SQLite means; one that is our own mistake comes back as it is."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # the low byte; above it are finer causes
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return LogDamaged(f"{path} is damaged.", path=path, hint="Start rota again: it moves the file aside.")
        case sqlite3.SQLITE_FULL:
            return StoreError(f"The disk that holds {path} is full.", path=path, hint="Free some space.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StoreError(
                f"{path} cannot be written.", path=path, hint="Check that you own the file and its folder."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreError(
                f"{path} is held by another program.", path=path, hint="End the program that has it open, or wait."
            )
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_NOLFS:
            return StoreError(f"Reading or writing {path} failed: {error}.", path=path, hint="Check the disk.")
        case _:
            return error
