"""The pool in sentences, one an account: for screen readers, and for following in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.account import Health
from rota_tui.formatting import clock, percent
from rota_tui.pieces import clean
from rota_tui.wording import plan_of, provider_name, reason, refilled

if TYPE_CHECKING:
    from datetime import tzinfo

    from rota.account import Kind
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState, Snapshot


def sentences(
    snapshot: Snapshot,
    now: float,
    next_up: dict[str, str | None],
    tz: tzinfo | None,
    watched: frozenset[Kind],
) -> dict[str, str]:
    """One sentence an account, by its id, in the list's order. They move with facts, not with the clock."""
    return {
        state.id: _sentence(snapshot, state, number, now, next_up, tz, watched)
        for number, state in enumerate(snapshot.listed(), 1)
    }


def _sentence(
    snapshot: Snapshot,
    state: AccountState,
    number: int,
    now: float,
    next_up: dict[str, str | None],
    tz: tzinfo | None,
    watched: frozenset[Kind],
) -> str:
    account = state.account
    pinned = snapshot.pinned.get(account.provider)
    is_pinned = pinned is not None and pinned.account_id == account.id
    serving = snapshot.serving(account.id, now)
    said = reason(state, now, tz, serving=serving, pinned=is_pinned, watched=account.kind in watched)
    why = f"{said.text.partition(', back in')[0]}, back {said.extra}" if said.ticks else said.text
    parts = [f"{number}. {clean(account.label)}", provider_name(account.provider), plan_of(account), why]
    if account.health is not Health.READY and account.health_reason:
        parts.append(clean(account.health_reason))
    active = snapshot.active.get(account.provider)
    if active is not None and active.account_id == account.id:
        parts.append("serves new sessions")
    if next_up.get(account.provider) == account.id:
        parts.append("next")
    windows = sorted(state.windows.values(), key=lambda w: w.key)
    parts += [_window(window, now, tz) for window in windows if not refilled(window, now)]
    return ", ".join(parts) + "."


def _window(window: QuotaWindow, now: float, tz: tzinfo | None) -> str:
    if window.expired(now):
        return f"{clean(window.label)} unknown since its reset"
    used = "unknown" if window.utilization is None else f"{percent(window.utilization)} used"
    back = f" until {clock(window.resets_at, now, tz)}" if window.resets_at is not None else ""
    return f"{clean(window.label)} {used}{back}, seen {clock(window.observed_at, now, tz)}"
