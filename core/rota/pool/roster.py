"""The accounts of a provider kept in a strategy's order, so that choosing among ten thousand looks at one.

An index is mended, not rebuilt: the events since the last question say which accounts changed, and a heap of times
says whose windows reset or holds ended. The answers are those of `strategy.WholeView`, which looks at everything.
"""

from __future__ import annotations

from collections import OrderedDict
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from rota.events import AccountAdded, AccountRemoved, AccountSwitched, QuotaObserved
from rota.pool.places import Places
from rota.pool.preference import place
from rota.pool.standing import Standing, standing
from rota.pool.strategies import named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.events import Event
    from rota.pool.places import Place
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
        self._kept: dict[str, Standing] = {}
        """How each account stands."""
        self._due: list[tuple[float, str]] = []
        self.places = Places()
        """Of those that may serve."""
        self.touched: set[str] = set()
        """Accounts of which an event was seen since the last `mend`."""

    def standing(self, account_id: str) -> Standing | None:
        return self._kept.get(account_id)

    def changes_by(self, at: float) -> bool:
        """Whether time alone changes any account's standing up to then; a cheap no for most."""
        return bool(self._due) and self._due[0][0] <= at

    def build(self, snapshot: Snapshot, now: float) -> None:
        """Look at every account, once."""
        self._kept = {
            account_id: standing(state, self._scopes, now, self._rules)
            for account_id, state in snapshot.accounts.items()
            if self._lists(state)
        }
        self.places = Places(self._place(s) for s in self._kept.values() if s.barred is None)
        self._due = [(s.changes_at, key) for key, s in self._kept.items() if s.changes_at is not None]
        heapify(self._due)
        self.touched.clear()

    def mend(self, snapshot: Snapshot, now: float) -> None:
        """Look again at the accounts that changed or whose time came."""
        while self._due and self._due[0][0] <= now:
            self.touched.add(heappop(self._due)[1])
        for account_id in self.touched:
            self._mend(account_id, snapshot.accounts.get(account_id), now)
        self.touched.clear()

    def _mend(self, account_id: str, state: AccountState | None, now: float) -> None:
        if state is None or not self._lists(state):
            self._kept.pop(account_id, None)
            self.places.drop(account_id)
            return
        before = self._kept.get(account_id)
        stands = self._kept[account_id] = standing(state, self._scopes, now, self._rules)
        due = stands.changes_at
        # Times that no longer hold stay in the heap: looking once too often when they come does no harm.
        if due is not None and (before is None or before.changes_at != due):
            heappush(self._due, (due, account_id))
        if stands.barred is None:
            self.places.put(self._place(stands))
        else:
            self.places.drop(account_id)

    def _place(self, stands: Standing) -> Place:
        return place(stands, self._strategy, self._rules)

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
        touched = set()
        for event in events:
            if (account_id := getattr(event, "account_id", None)) is not None:
                touched.add(account_id)
            if isinstance(event, QuotaObserved):
                for window in event.windows:
                    if window.scope is not None and (scope := window.scope.casefold()) not in self._scopes:
                        self._scopes.add(scope)
                        self._keys.clear()
            elif isinstance(event, AccountSwitched):
                if event.previous_id is not None:
                    touched.add(event.previous_id)
            elif isinstance(event, AccountAdded):
                self._present = None
                touched.add(event.account.id)
            elif isinstance(event, AccountRemoved):
                self._present = None
        for roster in self._rosters.values():
            roster.touched |= touched

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
