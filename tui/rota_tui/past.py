"""What the log says of a stretch of time: what every account did, and how full its windows were."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from rota.account import Health
from rota.snapshot import NEVER
from rota_tui.formatting import HOUR
from rota_tui.lanes import LOOK_BACK, STATES, WORK, Doing, Spell, spells, spent_spells

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rota.events import Event
    from rota.log_base import Log
    from rota.snapshot import AccountState, Sample, Snapshot

MOST = 3_000
"""Facts of a kind that are looked at; of more, some stand for all."""
PLOTTED = 40
"""Accounts whose windows are looked up: more would not fit on any screen."""


@dataclass(frozen=True, slots=True)
class Past:
    """Facts about accounts in the log's order, and sights of their windows by account and window."""

    events: tuple[Event, ...] = ()
    samples: Mapping[tuple[str, str], tuple[Sample, ...]] | None = None

    def and_then(self, news: Iterable[Event]) -> Past:
        """With what happened since."""
        more = tuple(event for event in news if type(event).__name__ in {*STATES, *WORK})
        return replace(self, events=self.events + more) if more else self

    def spells(self, snapshot: Snapshot, now: float) -> dict[str, tuple[Spell, ...]]:
        """What each present account did, is doing, and is known to be kept from."""
        told = spells(self.events)
        under_way: dict[str, list[Spell]] = {}
        for request in snapshot.in_flight.values():
            under_way.setdefault(request.account_id, []).append(Spell(Doing.SERVING, request.since, now))
        found: dict[str, tuple[Spell, ...]] = {}
        for state in snapshot.listed():
            own = told.get(state.id, ())
            if _out(state) and not any(spell.doing is Doing.OUT and spell.until > now for spell in own):
                own = (*own, Spell(Doing.OUT, _out_since(state), math.inf))  # beyond what was looked at
            found[state.id] = (*own, *under_way.get(state.id, ()), *self._spent(state, now))
        return found

    def _spent(self, state: AccountState, now: float) -> Iterable[Spell]:
        """When a window of the whole account was used up, the present one as it is known now."""
        for window in state.windows.values():
            if window.scope is not None or not window.counts:
                continue
            yield from spent_spells((self.samples or {}).get((state.id, window.key), ()))
            if window.spent(now) and window.resets_at is not None:
                yield Spell(Doing.SPENT, window.observed_at, window.resets_at)


def _out(state: AccountState) -> bool:
    return not state.account.enabled or state.account.health is not Health.READY


def _out_since(state: AccountState) -> float:
    """When it was turned off, or came to need a person."""
    account = state.account
    facts = [*([] if account.enabled else ["enabled"]), *([] if account.health is Health.READY else ["health"])]
    return max(account.added_at, min(state.stamps.get(fact, NEVER)[0] for fact in facts))


def look_back(log: Log, windows: Sequence[tuple[str, str]], since: float, until: float) -> Past:
    """Ask the log about a stretch of time; runs in the log's thread.

    Args:
        windows: account and window of those whose sights are wanted.
    """
    states = log.between(since - LOOK_BACK, until, STATES, MOST)
    work = log.between(since - HOUR, until, WORK, MOST)
    events = sorted(chain(states, work), key=lambda event: event.at)
    samples = {(account, key): tuple(log.samples(account, key, since - HOUR)) for account, key in windows}
    return Past(tuple(events), samples)


def windows_of(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Account and window of everything that can be plotted, the first accounts only."""
    return [
        (state.id, window.key)
        for state in snapshot.listed()[:PLOTTED]
        for window in state.windows.values()
        if window.scope is None and window.counts and window.utilization is not None
    ]
