"""Who serves next and why, and why each other account does not: the answer that screens show. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.choice import Candidate
from rota.pool.places import Places
from rota.pool.preference import Question, only_account, place, preferred
from rota.pool.rules import Rules, rules_of
from rota.pool.standing import Barred, Standing, model_barred, standing
from rota.pool.strategies import named
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.pool.preference import Preferred
    from rota.pool.strategies.base import Strategy
    from rota.settings import Settings
    from rota.snapshot import AccountState, Snapshot


@dataclass(frozen=True, slots=True)
class Excluded:
    """An account that cannot serve now, and why."""

    account_id: str
    reason: str
    back_at: float | None = None
    """When it may again; None when time alone does not help, or nobody knows."""
    lasting: bool = False
    """Whether a person has to do something first."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every account of a provider, for one question at one moment."""

    chosen: str | None
    """The account that would serve."""
    candidates: tuple[Candidate, ...]
    """Those that may serve, most preferred first."""
    excluded: tuple[Excluded, ...]
    reason: str
    """Why the chosen one, or why none."""

    @property
    def retry_at(self) -> float | None:
        """When the first of the excluded comes back by itself."""
        return min((e.back_at for e in self.excluded if e.back_at is not None), default=None)

    def why_not(self, account_id: str) -> Excluded | None:
        return next((e for e in self.excluded if e.account_id == account_id), None)


def rank(
    snapshot: Snapshot,
    provider: str,
    model: str | None = None,
    *,
    session: str | None = None,
    account_id: str | None = None,
    client: str = "rota",
    settings: Settings | Rules,
    now: float,
) -> Ranking:
    """Rank the accounts of `provider` for `model`.

    Args:
        session: as `sticky.session_key` names it.
        account_id: only this account may serve.
        client: who asks; `chat` and `cli` may name a subscription that is not routed to.
    """
    rules = settings if isinstance(settings, Rules) else rules_of(settings)
    question = Question(provider, model, session, account_id, client)
    return ranking_for(snapshot, question, rules, now)


def chosen(snapshot: Snapshot, provider: str, rules: Rules, now: float) -> str | None:
    """The account that `rank` chooses for no model in particular, without a word on the others."""
    question, strategy = Question(provider), named(rules.strategy)
    view = WholeView(snapshot, question, strategy, rules, now)
    first = next(preferred(snapshot, question, view, strategy, rules, now), None)
    return first.account_id if first is not None else None


def next_up(snapshot: Snapshot, rules: Rules, now: float) -> dict[str, str | None]:
    """Whom `chosen` names, by provider; None where nobody can serve."""
    providers = {state.account.provider for state in snapshot.listed()}
    return {provider: chosen(snapshot, provider, rules, now) for provider in sorted(providers)}


def ranking_for(snapshot: Snapshot, question: Question, rules: Rules, now: float) -> Ranking:
    """The full ranking of one question."""
    strategy = named(rules.strategy)
    view = WholeView(snapshot, question, strategy, rules, now)
    order = list(preferred(snapshot, question, view, strategy, rules, now))
    candidates = candidates_of(order, strategy)
    excluded = _excluded(snapshot, question, view, {p.account_id for p in order}, rules, now)
    if order:
        return Ranking(order[0].account_id, candidates, excluded, order[0].reason)
    held = snapshot.model_hold(question.provider, question.model, now) if question.model is not None else None
    if held is not None:
        return Ranking(None, (), excluded, f"{question.model} is cooling for every account: {held.reason}")
    return Ranking(None, (), excluded, "no account can serve now" if excluded else "there is no account")


def candidates_of(order: Sequence[Preferred], strategy: Strategy) -> tuple[Candidate, ...]:
    return tuple(Candidate(p.account_id, strategy.score(p.standing), p.reason) for p in order)


class WholeView:
    """Every account of the provider, looked at afresh: right for screens, too slow for ten thousand."""

    def __init__(self, snapshot: Snapshot, question: Question, strategy: Strategy, rules: Rules, now: float) -> None:
        asked_for = question.asked_for
        self.standings: dict[str, Standing] = {
            state.id: standing(
                state, question.model, now, rules, asked_for=asked_for and state.id == question.account_id
            )
            for state in snapshot.listed()
            if state.account.provider == question.provider
        }
        held = snapshot.model_hold(question.provider, question.model, now) if question.model is not None else None
        able = self.standings.values() if held is None else ()
        self.places = Places(place(s, strategy, rules) for s in able if s.barred is None)
        if held is not None:
            hold = Barred(f"{question.model} is cooling for every account: {held.reason}", back_at=held.until)
            self.standings = {
                key: s if s.barred is not None else Standing(s.state, s.room, hold)
                for key, s in self.standings.items()
            }

    def standing(self, account_id: str) -> Standing | None:
        return self.standings.get(account_id)


def _excluded(
    snapshot: Snapshot, question: Question, view: WholeView, candidates: set[str], rules: Rules, now: float
) -> tuple[Excluded, ...]:
    only = only_account(snapshot, question, rules)
    found = []
    for account_id, stands in view.standings.items():
        if account_id in candidates:
            continue
        barred = _why(stands.state, stands, question, now)
        if barred is None and only is not None and account_id != only[0]:
            barred = Barred(f"another account is {only[1]}" if only[1] == "pinned" else only[1], lasting=True)
        if barred is not None:
            found.append(Excluded(account_id, barred.reason, barred.back_at, barred.lasting))
    return tuple(found)


def _why(state: AccountState, stands: Standing, question: Question, now: float) -> Barred | None:
    if stands.barred is not None:
        return stands.barred
    return model_barred(state, question.model, now) if question.model is not None else None
