"""What the pool would choose, with nothing sent: the shipped choice on a snapshot of its own."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from rota.fold import fold
from rota.pool.ask import Ask
from rota.pool.chooser import Pick, Quest
from rota.pool.opening import opening
from rota.pool.plan import Trail
from rota.pool.preference import preferred
from rota.pool.roster import Rosters
from rota.pool.strategies import named
from rota.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.events import Event
    from rota.pool.preference import Preferred
    from rota.pool.routing import Target
    from rota.pool.rules import Rules
    from rota.snapshot import AccountState


class Rehearsal:
    """Chooses an account for each request as the pool does, from the facts it is told."""

    def __init__(self, rules: Rules, facts: Iterable[Event] = ()) -> None:
        self.rules = rules
        self.snapshot = Snapshot()
        self._strategy = named(rules.strategy)
        self._rosters = Rosters(rules)
        self.tell(*facts)

    def tell(self, *facts: Event) -> None:
        """Something happened."""
        for fact in facts:
            self.snapshot = fold(self.snapshot, fact)
        self._rosters.feed(facts)

    def state(self, account_id: str) -> AccountState:
        return self.snapshot.accounts[account_id]

    def begin(self, request_id: str, target: Target, session: str | None, now: float) -> Preferred | None:
        """The account that a try made now goes to, its beginning told; None when no account can serve."""
        quest = Quest(Trail((target,), inf), 0, sessions={target.provider: session})
        question = quest.question(target)
        roster = self._rosters.at(self.snapshot, target.provider, target.model, now)
        order = preferred(self.snapshot, question, roster, self._strategy, self.rules, now)
        found = next(order, None)
        if found is None:
            return None
        active = self.snapshot.active.get(target.provider)
        served_by = roster.standing(active.account_id) if active is not None and active.account_id else None
        pick = Pick(found, target, (), first=True, spilled=False)
        begun = opening(self.snapshot, pick, quest, Ask(target.model), request_id, self.rules, now, active=served_by)
        self.tell(*begun.events)
        return found
