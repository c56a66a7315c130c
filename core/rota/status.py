"""The snapshot as one versioned object: what `rota status --json` prints and the gateway's `/rota/status` answers.

Times are ISO 8601 in UTC; shares are 0.0 to 1.0 and beyond; what is not known is null.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState, Hold, Snapshot

SCHEMA = 1


def document(snapshot: Snapshot, now: float, next_up: dict[str, str | None]) -> dict[str, Any]:
    """Everything a script wants to know of the pool now.

    Args:
        next_up: the id of the account that would serve next, by provider.
    """
    listed = snapshot.listed()
    held = [s for s in listed if s.held(now) is not None]
    ready = [s for s in listed if s.usable() and s.held(now) is None]
    return {
        "schema": SCHEMA,
        "at": iso(now),
        "pool": {
            "accounts": len(listed),
            "ready": len(ready),
            "cooling": sum(s.usable() for s in held),
            "needs_login": sum(s.account.health == "needs-login" for s in listed),
            "off": sum(not s.account.enabled for s in listed),
            "first_back_at": iso(min((s.hold.until for s in held if s.hold is not None), default=None)),
        },
        "accounts": [
            account_document(snapshot, s, number, now, is_next=next_up.get(s.account.provider) == s.id)
            for number, s in enumerate(listed, 1)
        ],
        "models_held": [
            {"provider": provider, "model": model, **hold_document(entry.hold)}
            for (provider, model), entry in sorted(snapshot.model_holds.items(), key=lambda item: item[0])
            if entry.hold is not None and entry.hold.active(now)
        ],
        "gateways": [{"host": g.host, "port": g.port, "pid": g.pid} for g in snapshot.listening()],
    }


def account_document(
    snapshot: Snapshot, state: AccountState, number: int, now: float, *, is_next: bool
) -> dict[str, Any]:
    """One account."""
    account = state.account
    active = snapshot.active.get(account.provider)
    pinned = snapshot.pinned.get(account.provider)
    hold = state.held(now)
    return {
        "number": number,
        "id": account.id,
        "label": account.label,
        "provider": account.provider,
        "kind": account.kind.value,
        "email": account.email,
        "plan": account.plan,
        "organization": account.organization,
        "enabled": account.enabled,
        "reserve": account.reserve,
        "priority": account.priority,
        "origin": account.origin,
        "health": account.health.value,
        "health_reason": account.health_reason or None,
        "active": active is not None and active.account_id == account.id,
        "pinned": pinned is not None and pinned.account_id == account.id,
        "next": is_next,
        "cooldown": hold_document(hold) if hold is not None else None,
        "windows": [window_document(w, now) for w in sorted(state.windows.values(), key=lambda w: w.key)],
        "requests_24h": state.requests_since(now - 86_400),
        "last_used_at": iso(state.last_used_at),
        "login_expires_at": iso(account.login_expires_at),
        "usage_asked_at": iso(state.poll.at if state.poll is not None else None),
        "usage_problem": state.poll.problem if state.poll is not None else None,
    }


def window_document(window: QuotaWindow, now: float) -> dict[str, Any]:
    """One quota window; after its reset the figure is null until it is seen again."""
    known = not window.expired(now)
    return {
        "key": window.key,
        "label": window.label,
        "utilization": window.utilization if known else None,
        "used": window.used if known else None,
        "limit": window.limit,
        "unit": window.unit.value,
        "resets_at": iso(window.resets_at) if known else None,
        "scope": window.scope,
        "status": window.status,
        "counts": window.counts,
        "source": window.source.value,
        "observed_at": iso(window.observed_at),
        "age_s": max(0, round(now - window.observed_at)),
    }


def hold_document(hold: Hold) -> dict[str, Any]:
    """Why something is held, and until when."""
    return {
        "until": iso(hold.until),
        "since": iso(hold.since),
        "meaning": hold.meaning.value,
        "reason": hold.reason,
        "strikes": hold.strikes,
    }


def iso(at: float | None) -> str | None:
    """A moment as ISO 8601 in UTC, to the second."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(round(at), UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return None
