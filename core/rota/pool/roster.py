"""The accounts of a provider kept in a strategy's order, so that choosing among ten thousand looks at one.

An index is mended, not rebuilt: the events since the last question say which accounts changed, and a heap of times
says whose windows reset or holds ended. The answers are those of `strategy.WholeView`, which looks at everything.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from rota.events import AccountAdded, AccountRemoved, AccountSwitched, QuotaObserved
from rota.pool.preference import Place, place
from rota.pool.standing import Standing, standing
from rota.pool.strategies import named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.events import Event
    from rota.pool.rules import Rules
    from rota.snapshot import AccountState, Snapshot

KEYS_KEPT = 512
"""Models of which is remembered which windows apply; callers make up names."""
KEPT = 16
"""Indexes kept: one a provider and set of model-scoped windows that apply."""


class Roster:
    """One provider's accounts for one set of model-scoped windows, in order."""

    def __init__(self, provider: str, scopes: str, rules: Rules) -> None:
        self._provider = provider
        self._scopes = scopes
        self._rules = rules
        self._strategy = named(rules.strategy)
        self._standings: dict[str, Standing] = {}
        self._place_of: dict[str, Place] = {}
        self._due: list[tuple[float, str]] = []
        self._due_of: dict[str, float] = {}
        self.places: list[Place] = []
        self.touched: set[str] = set()
        """Accounts of which an event was seen since the last `mend`."""

    def standing(self, account_id: str) -> Standing | None:
        return self._standings.get(account_id)

    def changes_by(self, at: float) -> bool:
        """Whether time alone changes any account's standing up to then; a cheap no for most."""
        return bool(self._due) and self._due[0][0] <= at

    def build(self, snapshot: Snapshot, now: float) -> None:
        """Look at every account, once."""
        self._standings = {
            account_id: standing(state, self._scopes, now, self._rules)
            for account_id, state in snapshot.accounts.items()
            if self._lists(state)
        }
        self._place_of = {
            account_id: place(s, self._strategy, self._rules)
            for account_id, s in self._standings.items()
            if s.barred is None
        }
        self.places = sorted(self._place_of.values())
        self._due_of = {key: s.changes_at for key, s in self._standings.items() if s.changes_at is not None}
        self._due = [(at, key) for key, at in self._due_of.items()]
        heapify(self._due)
        self.touched.clear()

    def mend(self, snapshot: Snapshot, now: float) -> None:
        """Look again at the accounts that changed or whose time came."""
        while self._due and self._due[0][0] <= now:
            at, account_id = heappop(self._due)
            if self._due_of.get(account_id) == at:
                self.touched.add(account_id)
        for account_id in self.touched:
            self._look_at(account_id, snapshot.accounts.get(account_id), now)
        self.touched.clear()

    def _look_at(self, account_id: str, state: AccountState | None, now: float) -> None:
        old = self._place_of.pop(account_id, None)
        if state is None or not self._lists(state):
            new = None
            self._standings.pop(account_id, None)
            self._due_of.pop(account_id, None)
        else:
            stands = standing(state, self._scopes, now, self._rules)
            self._standings[account_id] = stands
            self._await(account_id, stands.changes_at)
            new = place(stands, self._strategy, self._rules) if stands.barred is None else None
        if new is not None:
            self._place_of[account_id] = new
        if old == new:
            return
        if old is not None:
            del self.places[bisect_left(self.places, old)]
        if new is not None:
            insort(self.places, new)

    def _await(self, account_id: str, at: float | None) -> None:
        if at is None:
            self._due_of.pop(account_id, None)
        elif self._due_of.get(account_id) != at:
            self._due_of[account_id] = at
            heappush(self._due, (at, account_id))

    def _lists(self, state: AccountState) -> bool:
        return state.known and not state.removed and state.account.provider == self._provider


class Rosters:
    """The rosters in use, kept true by the events that are fed to them."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._rosters: OrderedDict[tuple[str, frozenset[str]], Roster] = OrderedDict()
        self._scopes: set[str] = set()
        self._keys: dict[tuple[str, str | None], tuple[str, frozenset[str]]] = {}
        """By provider and model, as long as no other scope is met."""
        self._present: frozenset[str] | None = None
        self._looked = False

    def take_rules(self, rules: Rules) -> None:
        """Judge by other rules from here on."""
        self._rules = rules
        self.forget()

    def feed(self, events: Iterable[Event]) -> None:
        """Take note of what happened; costs next to nothing."""
        for event in events:
            if isinstance(event, AccountAdded):
                self._present = None
                self._touch(event.account.id)
                continue
            account_id = getattr(event, "account_id", None)
            if account_id is not None:
                self._touch(account_id)
            if isinstance(event, QuotaObserved):
                for window in event.windows:
                    if window.scope is not None and (scope := window.scope.casefold()) not in self._scopes:
                        self._scopes.add(scope)
                        self._keys.clear()
            elif isinstance(event, AccountRemoved):
                self._present = None
            elif isinstance(event, AccountSwitched) and event.previous_id is not None:
                self._touch(event.previous_id)

    def forget(self) -> None:
        """Events were missed: everything is looked at afresh at the next question."""
        self._rosters.clear()
        self._keys.clear()
        self._present = None
        self._looked = False

    def present(self, snapshot: Snapshot) -> frozenset[str]:
        """The providers of which there is an account."""
        if self._present is None:
            self._present = frozenset(s.account.provider for s in snapshot.listed())
        return self._present

    def at(self, snapshot: Snapshot, provider: str, model: str | None, now: float) -> Roster:
        """The roster for `provider` and `model`, true as of `snapshot` and `now`."""
        if not self._looked:
            self._looked = True
            self._scopes = {
                w.scope.casefold()
                for s in snapshot.accounts.values()
                for w in s.windows.values()
                if w.scope is not None
            }
        key = self._keys.get((provider, model)) or self._key(provider, model)
        roster = self._rosters.get(key)
        if roster is None:
            # Any model in whose name these scopes and no others occur sees the same windows.
            roster = Roster(provider, "\n".join(sorted(key[1])), self._rules)
            roster.build(snapshot, now)
            self._rosters[key] = roster
            if len(self._rosters) > KEPT:
                self._rosters.popitem(last=False)
        else:
            self._rosters.move_to_end(key)
            roster.mend(snapshot, now)
        return roster

    def _key(self, provider: str, model: str | None) -> tuple[str, frozenset[str]]:
        folded = model.casefold() if model is not None else ""
        key = provider, frozenset(scope for scope in self._scopes if scope in folded)
        if len(self._keys) >= KEYS_KEPT:
            self._keys.clear()
        self._keys[provider, model] = key
        return key

    def _touch(self, account_id: str) -> None:
        for roster in self._rosters.values():
            roster.touched.add(account_id)
