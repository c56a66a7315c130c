"""A strategy of another package that is odd, or breaks: choosing goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.pool_facts import NOW, added, after, chosen, used

from rota.fold import fold
from rota.pool.preference import Question, preferred
from rota.pool.roster import Rosters
from rota.pool.rules import Rules
from rota.pool.strategies import STRATEGIES
from rota.pool.strategies.base import Strategy
from rota.pool.strategies.foreign import Foreign

if TYPE_CHECKING:
    from rota.pool.standing import Standing


class Odd(Strategy):
    """Keys of every length; not a number, or an error, for accounts used lately."""

    def __init__(self, bad: float | None, *, rotates: bool) -> None:
        self.name = "odd"
        self.rotates = rotates
        self._bad = bad

    def key(self, standing: Standing) -> tuple[float, ...]:
        if standing.state.last_used_at is not None and standing.state.last_used_at > NOW:
            if self._bad is None:
                raise LookupError("lost")
            return (self._bad,)
        return (0.0,) * (int(standing.state.account.position) % 4)

    def reason(self, standing: Standing, now: float) -> str:
        return "as it pleases"


@pytest.mark.parametrize("rotates", [False, True])
@pytest.mark.parametrize(("bad", "problem"), [(None, "LookupError: lost"), (float("nan"), "its key is not a number")])
def test_a_strategy_that_breaks_midway_leaves_everybody_in_an_order(
    monkeypatch: pytest.MonkeyPatch, bad: float | None, problem: str, rotates: bool
) -> None:
    foreign = Foreign("odd", Odd(bad, rotates=rotates))
    monkeypatch.setitem(STRATEGIES, "odd", foreign)
    rules, question = Rules(strategy="odd"), Question("anthropic", "m")
    snapshot, rosters = after(*(added(name) for name in "abcdefgh"), chosen("c")), Rosters(rules)

    def order(now: float) -> list[str]:
        roster = rosters.at(snapshot, "anthropic", "m", now)
        return [p.account_id for p in preferred(snapshot, question, roster, foreign, rules, now)]

    assert sorted(order(NOW)) == list("abcdefgh")
    for second, name in enumerate("cahbdefg", 1):
        event = used(name, NOW + second)
        snapshot = fold(snapshot, event)
        rosters.feed([event])
        assert sorted(order(NOW + second)) == list("abcdefgh")
    assert foreign.problem is not None
    assert problem in foreign.problem
