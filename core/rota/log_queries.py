"""What people look up in the log: the newest facts, the story of one request, how full a window was over time.

Every query is a walk along one index, so that a million events cost what a thousand do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota import codec
from rota.errors import UsageError
from rota.snapshot import Sample

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

    from rota.events import Event

_END = "\U0010ffff"
"""Sorts after every character of an id."""

SLACK_S = 120.0
"""How far a fact may stand from its place in time: processes write behind, and one clock is a little off another."""

STRETCHES = 200
"""Parts of a long stretch of time from which an equal share of too many facts is taken."""


def recent(
    db: sqlite3.Connection, limit: int, kinds: Collection[str] | None, account_id: str | None, before: str | None
) -> list[Event]:
    """The newest facts, oldest first."""
    upto = 2**62
    if before is not None and (row := db.execute("SELECT seq FROM events WHERE id = ?", (before,)).fetchone()):
        upto = row[0]
    newest = "ORDER BY seq DESC LIMIT ?"
    if account_id is not None:
        # The plus keeps SQLite from walking the index of kinds instead.
        among = f"AND +kind IN ({', '.join('?' * len(kinds))})" if kinds is not None else ""
        query = f"SELECT kind, body FROM events WHERE account = ? AND seq < ? {among} {newest}"
        rows = db.execute(query, (account_id, upto, *(kinds or ()), limit)).fetchall()
    elif kinds is not None:
        found: list[tuple[int, str, str]] = []
        for kind in kinds:
            query = f"SELECT seq, kind, body FROM events WHERE kind = ? AND seq < ? {newest}"
            found += db.execute(query, (kind, upto, limit))
        rows = [(kind, body) for _, kind, body in sorted(found, reverse=True)[:limit]]
    else:
        rows = db.execute(f"SELECT kind, body FROM events WHERE seq < ? {newest}", (upto, limit)).fetchall()
    return _decoded(reversed(rows))


def story(db: sqlite3.Connection, request_id: str) -> list[Event]:
    """The facts about the one request whose id begins so, in order."""
    names = db.execute(
        "SELECT DISTINCT request FROM events WHERE request >= ? AND request < ? ORDER BY request LIMIT 2",
        (request_id, request_id + _END),
    ).fetchall()
    if len(names) > 1 and names[0][0] != request_id:
        raise UsageError(f"Several requests begin with {request_id}.", hint="Give more of the id.")
    if not names:
        return []
    return _decoded(db.execute("SELECT kind, body FROM events WHERE request = ? ORDER BY seq", names[0]))


def between(db: sqlite3.Connection, since: float, until: float, kinds: Collection[str], most: int) -> list[Event]:
    """The facts of some kinds in a stretch of time, oldest first; about `most` of each kind, evenly spread."""
    # The log's order is nearly that of time: stamps go back by less than the slack, and time itself decides below.
    first, end = _place(db, since - SLACK_S), _place(db, until + SLACK_S)
    found: list[tuple[int, str, str]] = []
    for kind in kinds:
        query = (
            "SELECT seq, kind, body FROM events"
            " WHERE kind = ? AND seq >= ? AND seq < ? AND at >= ? AND at <= ? ORDER BY seq LIMIT ?"
        )
        rows = db.execute(query, (kind, first, end, since, until, most + 1)).fetchall()
        if len(rows) > most:
            step = max(1, (end - first) // STRETCHES)
            each = max(1, most // STRETCHES)
            rows = [
                row
                for start in range(first, end, step)
                for row in db.execute(query, (kind, start, min(end, start + step), since, until, each))
            ]
        found += rows
    return _decoded((kind, body) for _, kind, body in sorted(found))


def _place(db: sqlite3.Connection, at: float) -> int:
    """The first number whose fact is from `at` or later, found by halving: as quick however long the log is."""
    low, high = db.execute("SELECT coalesce(min(seq), 0), coalesce(max(seq), -1) + 1 FROM events").fetchone()
    while low < high:
        middle = (low + high) // 2
        seq, then = db.execute("SELECT seq, at FROM events WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,)).fetchone()
        if then < at:
            low = seq + 1
        else:
            high = middle
    return int(low)


def samples(
    db: sqlite3.Connection, fresh: Iterable[Sample], account_id: str, window_key: str, since: float
) -> list[Sample]:
    """The samples of one window, oldest first; `fresh` are those the snapshot still has."""
    rows = db.execute(
        "SELECT at, utilization, resets_at, width FROM samples WHERE account = ? AND window = ? AND at >= ?",
        (account_id, window_key, since),
    )
    buckets = {(s.width, s.at // s.width): s for s in (*(Sample(*row) for row in rows), *fresh) if s.at >= since}
    return sorted(buckets.values(), key=lambda s: s.at)


def _decoded(rows: Iterable[tuple[str, str]]) -> list[Event]:
    return [event for kind, body in rows if (event := codec.decode(kind, body)) is not None]
