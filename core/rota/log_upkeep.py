"""What keeps the log small and discreet: samples for plots, dropping old facts, forgetting who was removed.

Everything here runs inside a transaction of the log or is one statement.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

    from rota.snapshot import Snapshot

FLEETING = (
    "RequestStarted",
    "AttemptFailed",
    "RequestServed",
    "RequestFailed",
    "SessionBound",
    "QuotaObserved",
    "UsagePolled",
)
"""Kinds that come with every request; the rest are few, and kept."""

IDENTIFYING = ("AccountAdded", "AccountRenewed", "AccountDescribed", "AccountLabelled")
"""Kinds that say who an account is."""

FREE_TEXT = {"next_step": "on to ", "message": "", "text": "", "notes": ""}
"""Fields whose words may name an account, and what stands before a name in them."""

SAMPLES_KEPT_S = 400 * 86_400.0
NOBODY = "removed account"


def keep_samples(db: sqlite3.Connection, snapshot: Snapshot, since: float) -> None:
    """Keep for plots what the snapshot remembers of each window for a while only."""
    db.executemany(
        "INSERT INTO samples (account, window, width, bucket, at, utilization, resets_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET at = excluded.at, utilization = excluded.utilization, resets_at = excluded.resets_at"
        " WHERE excluded.at > at",
        (
            (state.id, key, s.width, s.at // s.width, s.at, s.utilization, s.resets_at)
            for state in snapshot.accounts.values()
            for key, samples in state.history.items()
            for s in samples
            if s.at >= since
        ),
    )


def old(db: sqlite3.Connection, before: float, limit: int) -> list[int]:
    """The numbers of some fleeting facts from before a time, oldest first."""
    found: list[int] = []
    for kind in FLEETING:
        # The log's order is nearly that of time, so the walk along the index ends at the first newer fact.
        for seq, at in db.execute("SELECT seq, at FROM events WHERE kind = ? ORDER BY seq", (kind,)):
            if at >= before or len(found) >= limit:
                break
            found.append(seq)
    return found


def drop(db: sqlite3.Connection, numbers: list[int], samples_before: float) -> None:
    """Delete facts by number and samples by age."""
    db.executemany("DELETE FROM events WHERE seq = ?", ((number,) for number in numbers))
    db.execute("DELETE FROM samples WHERE at < ?", (samples_before,))


def forget(db: sqlite3.Connection, account_id: str, *, purge: bool) -> None:
    """Delete who an account was, and its names wherever else they were said; with `purge` its history too."""
    _unsay(db, account_id)
    requests = db.execute(
        "SELECT DISTINCT request FROM events WHERE account = ? AND kind = 'AttemptFailed'", (account_id,)
    ).fetchall()
    for request in requests:
        rows = db.execute("SELECT seq, body FROM events WHERE request = ?", request).fetchall()
        db.executemany(
            "UPDATE events SET body = ? WHERE seq = ?", [(_unnamed(body, account_id), seq) for seq, body in rows]
        )
    if purge:
        db.execute("DELETE FROM events WHERE account = ? AND kind <> 'AccountRemoved'", (account_id,))
        db.execute("DELETE FROM samples WHERE account = ?", (account_id,))
    else:
        marks = ", ".join("?" * len(IDENTIFYING))
        db.execute(f"DELETE FROM events WHERE account = ? AND kind IN ({marks})", (account_id, *IDENTIFYING))


def _unsay(db: sqlite3.Connection, account_id: str) -> None:
    """Take the names that an account ever had out of what was said in words."""
    marks = ", ".join("?" * len(IDENTIFYING))
    told = db.execute(f"SELECT body FROM events WHERE account = ? AND kind IN ({marks})", (account_id, *IDENTIFYING))
    names = {name for (body,) in told for name in _names(json.loads(body))}
    for name in sorted(names, key=len, reverse=True):  # an email that is part of a label goes with the label
        written = json.dumps(name, ensure_ascii=False)[1:-1]
        rows = db.execute("SELECT seq, body FROM events WHERE instr(body, ?)", (written,)).fetchall()
        # Whole names only: `work` is no part of `work-2`, nor `ada@example.org` of `not-ada@example.org`.
        whole = rf"(?<![\w@+.-]){re.escape(name)}(?![\w@+-]|\.\w)"
        for seq, body in rows:
            data = json.loads(body)
            for key, before in FREE_TEXT.items():
                if key in data:
                    data[key] = _replaced(data[key], re.compile(f"(?P<before>{before}){whole}"))
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            if text != body:
                db.execute("UPDATE events SET body = ? WHERE seq = ?", (text, seq))


def _names(told: dict[str, Any]) -> set[str]:
    """What an account is called in a fact that says who it is."""
    who = {**told, **told.get("account", {}), **told.get("identity", {})}
    return {str(who[key]) for key in ("label", "email", "name") if who.get(key)}


def _replaced(value: Any, name: re.Pattern[str]) -> Any:
    if isinstance(value, list):
        return [_replaced(item, name) for item in value]
    return name.sub(rf"\g<before>{NOBODY}", value) if isinstance(value, str) else value


def _unnamed(body: str, account_id: str) -> str:
    """The body of a fact about a request, without the label of one account."""
    data = json.loads(body)
    for attempt in [*data.get("attempts", ()), *([data["attempt"]] if "attempt" in data else ())]:
        if attempt["account_id"] == account_id:
            attempt["account_label"] = NOBODY
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
