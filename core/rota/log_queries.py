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
