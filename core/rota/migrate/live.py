"""What another tool's file newly says of an account, as facts: limited, switched to, figures seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import Meaning
from rota.events import AccountSwitched, CooldownStarted, Event, QuotaObserved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.migrate.records import Record
    from rota.snapshot import AccountState, Snapshot


def facts(
    before: Mapping[str, Record] | None, after: Mapping[str, Record], snapshot: Snapshot, now: float
) -> list[Event]:
    """What changed between two looks, by account id; at the first look (`before` None) a choice is nothing new."""
    events: list[Event] = []
    for account_id, record in after.items():
        state = snapshot.account(account_id)
        if state is None:
            continue
        was = before.get(account_id) if before is not None else None
        events += _limited(state, was, record, now)
        if record.windows and (was is None or was.windows != record.windows):
            events.append(QuotaObserved(at=now, account_id=account_id, windows=record.windows))
        if was is not None and record.active and not was.active:
            events += _switched(snapshot, state, record, now)
    return events


def _limited(state: AccountState, was: Record | None, record: Record, now: float) -> list[Event]:
    until = record.limited_until
    if until is None or until <= now or (was is not None and was.limited_until == until):
        return []
    if state.hold is not None and state.hold.until >= until:
        return []
    return [
        CooldownStarted(
            at=now,
            account_id=state.id,
            until=until,
            meaning=Meaning.LIMITED,
            reason=f"limited in {record.place.source}",
            strikes=max(1, state.strikes),
        )
    ]


def _switched(snapshot: Snapshot, state: AccountState, record: Record, now: float) -> list[Event]:
    active = snapshot.active.get(record.provider)
    if active is not None and active.account_id == state.id:
        return []
    return [
        AccountSwitched(
            at=now,
            provider=record.provider,
            account_id=state.id,
            previous_id=active.account_id if active is not None else None,
            reason=f"switched to in {record.place.source}",
        )
    ]
