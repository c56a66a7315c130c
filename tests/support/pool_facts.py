"""A few words for pool tests: accounts, windows and folded events, so that a test reads as what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.account import Account, Kind
from rota.errors import Meaning
from rota.events import AccountAdded, AccountSwitched, CooldownStarted, Event, QuotaObserved, RequestStarted
from rota.fold import fold
from rota.quota import QuotaWindow, Source
from rota.snapshot import Snapshot

if TYPE_CHECKING:
    from typing import Any

NOW = 1_800_000_000.0
HOUR = 3600.0
DAY = 86_400.0

_LENGTHS = {"5h": 5 * HOUR, "7d": 7 * DAY, "month": 30 * DAY}


def added(
    name: str, *, provider: str = "anthropic", kind: Kind = Kind.API_KEY, at: float = NOW - DAY, **more: Any
) -> Event:
    """`name` is id and label; the position in the table follows the name unless given."""
    more.setdefault("position", float(ord(name[0])))
    account = Account(id=name, provider=provider, kind=kind, identity=f"id-{name}", label=name, added_at=at, **more)
    return AccountAdded(at=at, account=account)


def window(
    key: str, used: float | None, *, resets_in: float | None = HOUR, seen: float = NOW, **more: Any
) -> QuotaWindow:
    more.setdefault("source", Source.HEADERS)
    return QuotaWindow(
        key=key,
        label=more.pop("label", key),
        utilization=used,
        observed_at=seen,
        resets_at=None if resets_in is None else NOW + resets_in,
        length=_LENGTHS.get(key.partition(":")[0]),
        **more,
    )


def seen(name: str, *windows: QuotaWindow, at: float = NOW) -> Event:
    return QuotaObserved(at=at, account_id=name, windows=windows)


def used(name: str, at: float, request: str = "r", provider: str = "anthropic") -> Event:
    return RequestStarted(at=at, request_id=request, account_id=name, provider=provider, model="m")


def chosen(name: str, at: float = NOW - HOUR, provider: str = "anthropic") -> Event:
    return AccountSwitched(at=at, provider=provider, account_id=name, previous_id=None, reason="earlier")


def cooled(name: str, until: float, *, at: float = NOW - 60, model: str | None = None, strikes: int = 1) -> Event:
    return CooldownStarted(
        at=at,
        account_id=name,
        until=until,
        meaning=Meaning.LIMITED,
        reason="5h limit reached",
        strikes=strikes,
        model=model,
    )


def after(*events: Event) -> Snapshot:
    """What is known after these events."""
    snapshot = Snapshot()
    for event in events:
        snapshot = fold(snapshot, event)
    return snapshot
