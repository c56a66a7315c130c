"""Facts as rows of the log, written many in a statement.

Each statement hands the interpreter to another thread and waits to get it back, which beside a busy event loop takes
far longer than to write a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from rota import codec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from rota.events import Event

Row: TypeAlias = tuple[str, float, str, str | None, str | None, str]

MOST = 64
"""Rows in one statement; older SQLites take no more than 999 values."""
_INSERT = {
    count: "INSERT OR IGNORE INTO events (id, at, kind, account, request, body) VALUES "
    + ", ".join(["(?, ?, ?, ?, ?, ?)"] * count)
    for count in (1, 2, 4, 8, 16, 32, MOST)
}
"""By how many rows it writes: few forms, each of which Python's driver then keeps ready."""


def row(event: Event) -> Row:
    """A fact as the file keeps it."""
    kind, body = codec.encode(event)
    return event.id, event.at, kind, account_of(event), getattr(event, "request_id", None), body


def account_of(event: Event) -> str | None:
    """Which account a fact is about."""
    if (added := getattr(event, "account", None)) is not None:
        return str(added.id)
    if (attempt := getattr(event, "attempt", None)) is not None:
        return str(attempt.account_id)
    return getattr(event, "account_id", None)


def write(db: sqlite3.Connection, rows: Sequence[Row]) -> tuple[int, int]:
    """Write rows, those already there left out; returns how many were not, and the number of the last."""
    count = last = 0
    for some in _portions(rows):
        done = db.execute(_INSERT[len(some)], [value for row in some for value in row])
        if done.rowcount > 0 and done.lastrowid is not None:
            count += done.rowcount
            last = done.lastrowid
    return count, last


def _portions(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows in portions for which there is a statement, the largest first."""
    start = 0
    while (left := len(rows) - start) > 0:
        size = min(MOST, 1 << (left.bit_length() - 1))
        yield rows[start : start + size]
        start += size
