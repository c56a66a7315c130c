"""What a request's story says of the accounts that it could have gone to."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from tests.support.pool_facts import NOW, added, after, chosen, seen, used, window

from rota.clock import ManualClock
from rota.fold import fold
from rota.pool.chooser import TOLD, Chooser, Pick, Quest
from rota.pool.gate import Gate
from rota.pool.plan import Trail
from rota.pool.roster import Rosters
from rota.pool.routing import Target
from rota.pool.rules import Rules

if TYPE_CHECKING:
    from rota.choice import Candidate
    from rota.events import Event

NAMES = "abcdefg"


class Told:
    """A chooser over a few accounts."""

    def __init__(self, *events: Event) -> None:
        rules, clock = Rules(strategy="least-recently-used"), ManualClock(NOW)
        self.snapshot = after(*(added(name) for name in NAMES), *events)
        self.rosters = Rosters(rules)
        self.chooser = Chooser(lambda: self.snapshot, self.rosters, Gate(clock), rules, clock)

    def happened(self, *events: Event) -> None:
        for event in events:
            self.snapshot = fold(self.snapshot, event)
        self.rosters.feed(events)

    def candidates(self, now: float) -> tuple[Candidate, ...]:
        quest = Quest(Trail((Target("anthropic", "m"),), inf), 1)
        pick = self.chooser.pick(self.snapshot, quest, now)
        assert isinstance(pick, Pick)
        return pick.candidates


def test_a_story_names_the_chosen_one_and_the_next_few() -> None:
    found = Told(*(used(name, NOW - 60 * n) for n, name in enumerate(NAMES))).candidates(NOW)
    assert [c.account_id for c in found] == list("gfedc")
    assert len(found) == TOLD
    assert [c.reason for c in found[:2]] == ["last used 6 min ago", "last used 5 min ago"]


def test_what_is_said_of_an_account_keeps_up_with_it_and_with_time() -> None:
    it = Told(chosen("a"), *(used(name, NOW - 20) for name in NAMES))
    assert it.candidates(NOW)[1].reason == "last used 20 s ago"
    assert it.candidates(NOW + 2)[1].reason == "last used 20 s ago"  # near enough
    assert it.candidates(NOW + 10)[1].reason == "last used 30 s ago"
    it.happened(used("b", NOW + 10), *(used(name, NOW + 5) for name in "cdefg"), seen("b", window("5h", 0.5)))
    assert {c.account_id: c.reason for c in it.candidates(NOW + 11)}["c"] == "last used 6 s ago"
