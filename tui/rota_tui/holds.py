"""Everything that is held or spent now, the first to come back first, and what one account's holds were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.events import CooldownLifted, CooldownStarted
from rota_tui.formatting import DAY, MINUTE, clock
from rota_tui.pieces import clean
from rota_tui.wording import cause, hold_cause, provider_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from rota.events import Event
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState, Snapshot

BURST_S = 10 * MINUTE
"""A window this short refills while one looks."""
SOME_LENGTH = DAY
"""Taken for the length of a window that does not say."""


@dataclass(frozen=True, slots=True)
class Held:
    """An account or a model that is held, or an account whose quota is spent."""

    name: str
    cause: str
    since: float
    until: float
    strikes: int
    provider: str
    account_id: str | None = None
    """None: a model, for every account of its provider."""
    model: str | None = None
    liftable: bool = True
    """A spent quota cannot be lifted: only its reset brings it back."""

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """What it is, whatever becomes of its times."""
        return self.provider, self.account_id, self.model


def held_now(snapshot: Snapshot, now: float) -> list[Held]:
    """Everything held or spent at `now`."""
    found: list[Held] = []
    for state in snapshot.listed():
        found += _of_account(state, now)
    for (provider, model), entry in snapshot.model_holds.items():
        if (hold := entry.hold) is not None and hold.active(now):
            told = f"for all of {provider_name(provider)}"
            found.append(Held(model, told, hold.since, hold.until, hold.strikes, provider, model=model))
    return sorted(found, key=lambda held: (held.until, held.name))


def _of_account(state: AccountState, now: float) -> list[Held]:
    account, found = state.account, []
    if (hold := state.hold) is not None and hold.active(now):
        why = hold_cause(state, hold, now)
        found.append(Held(account.label, why, hold.since, hold.until, hold.strikes, account.provider, account.id))
    elif state.usable() and (window := _spent(state, now)) is not None and window.resets_at is not None:
        since = min(now, window.resets_at - window.length) if window.length is not None else window.observed_at
        why = f"{window.label} spent"
        found.append(
            Held(account.label, why, since, window.resets_at, 0, account.provider, account.id, liftable=False)
        )
    for model, hold in state.model_holds.items():
        if hold.active(now):
            name, why = f"{model} on {account.label}", hold_cause(state, hold, now)
            found.append(Held(name, why, hold.since, hold.until, hold.strikes, account.provider, account.id, model))
    return found


def _spent(state: AccountState, now: float) -> QuotaWindow | None:
    """The spent window of the whole account that comes back last."""
    own = [w for w in state.windows.values() if w.scope is None and (w.length or SOME_LENGTH) > BURST_S]
    spent = [w for w in own if w.spent(now)]
    return max(spent, key=lambda w: (w.resets_at or 0.0, w.key), default=None)


def lifted(name: str, states: Sequence[AccountState], now: float, tz: tzinfo | None) -> str:
    """What ending a cooldown came to: a quota that is spent outlasts it.

    Args:
        name: whose or what cooldown it was, in words.
        states: the accounts that it was on, as they are since.
    """
    for state in states:
        if (window := _spent(state, now)) is not None and window.resets_at is not None:
            label, spent = clean(state.account.label), clean(window.label)
            back = clock(window.resets_at, now, tz)
            return f"{label} is no longer held, but its {spent} is spent until {back}."
    return f"{name} may serve again."


@dataclass(frozen=True, slots=True)
class Past:
    """A hold of one account that was or still is."""

    since: float
    until: float
    """When it ended or will end."""
    why: str
    strikes: int
    model: str | None
    lifted: str = ""
    """Why it ended early."""


HISTORY = (CooldownStarted.__name__, CooldownLifted.__name__)
"""The kinds of events that `past_holds` reads."""


def past_holds(events: Sequence[Event]) -> list[Past]:
    """The holds that events of one account (oldest first) tell of, the newest first."""
    running: dict[str | None, int] = {}
    found: list[Past] = []
    for event in events:
        if isinstance(event, CooldownStarted):
            _end(found, running, event.model, event.at, "")
            running[event.model] = len(found)
            why = event.reason or cause(event.meaning)
            found.append(Past(event.at, event.until, why, event.strikes, event.model))
        elif isinstance(event, CooldownLifted):
            _end(found, running, event.model, event.at, event.reason)
    return found[::-1]


def _end(found: list[Past], running: dict[str | None, int], model: str | None, at: float, lifted: str) -> None:
    """The hold of `model` that was running ended at `at`, if it had not ended by itself before."""
    if (place := running.pop(model, None)) is not None and at < found[place].until:
        past = found[place]
        found[place] = Past(past.since, at, past.why, past.strikes, past.model, lifted)
