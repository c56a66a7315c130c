"""Saves what can be read of a damaged log into the new one: accounts above all, whose secrets the vault still has."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_EVENTS = "seq, id, at, kind, account, request, body"
_CHECKPOINTS = "rowid, name, seq, fold, body"


def rescue(damaged: Path, db: sqlite3.Connection) -> int:
    """Copy every readable fact and checkpoint; returns how many facts."""
    with contextlib.closing(sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)) as source:
        facts = list(_readable(source, "events", _EVENTS))
        checkpoints = list(_readable(source, "checkpoints", _CHECKPOINTS))
    db.execute("BEGIN IMMEDIATE")
    with db:
        db.executemany(f"INSERT OR IGNORE INTO events ({_EVENTS}) VALUES (?, ?, ?, ?, ?, ?, ?)", facts)
        db.executemany(f"INSERT OR IGNORE INTO checkpoints ({_CHECKPOINTS}) VALUES (?, ?, ?, ?, ?)", checkpoints)
        # New facts must be numbered after what the checkpoints stand for, though the facts themselves may be lost.
        db.execute("DELETE FROM sqlite_sequence WHERE name = 'events'")
        db.execute(
            "INSERT INTO sqlite_sequence (name, seq)"
            " SELECT 'events', max(seq) FROM (SELECT seq FROM events UNION SELECT seq FROM checkpoints)"
            " HAVING max(seq) IS NOT NULL"
        )
    return len(facts)


def _readable(source: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows up to the first that cannot be read, and those from the end back to the last such."""
    reached = -1
    try:
        for row in source.execute(f"SELECT {columns} FROM {table} ORDER BY rowid"):
            reached = row[0]
            yield row
    except sqlite3.DatabaseError:
        with contextlib.suppress(sqlite3.DatabaseError):
            yield from source.execute(
                f"SELECT {columns} FROM {table} WHERE rowid > ? ORDER BY rowid DESC", (reached,)
            )
