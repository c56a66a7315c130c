"""In which order accounts are preferred for a question: the pin, the session, the active one, the rest. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from rota.pool.standing import Standing, model_barred
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rota.pool.rules import Rules
    from rota.pool.strategies.base import Strategy
    from rota.snapshot import Snapshot

Place: TypeAlias = tuple[Any, ...]
"""`(tier, priority, *strategy key, account id)`: sorts the accounts of a provider, best first."""

TELLING = frozenset({"chat", "cli"})
"""Clients in which a person names an account with their own hands."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be served, as far as choosing an account goes."""

    provider: str
    model: str | None = None
    session: str | None = None
    """Key in the snapshot's sessions."""
    account_id: str | None = None
    """Only this account."""
    client: str = "rota"

    @property
    def asked_for(self) -> bool:
        """Whether a person named the very account, which lets a subscription be tried."""
        return self.account_id is not None and self.client in TELLING


class View(Protocol):
    """The accounts of one provider, in a strategy's order."""

    @property
    def places(self) -> Sequence[Place]:
        """Of the accounts that may serve, sorted."""
        ...

    def standing(self, account_id: str) -> Standing | None:
        """How one account of the provider stands; None when there is no such account."""
        ...


class By(StrEnum):
    """What puts an account where it stands."""

    ONLY = "only"
    """No other may serve."""
    SESSION = "session"
    SAME = "same"
    """It was chosen before, for this very request."""
    ACTIVE = "active"
    STRATEGY = "strategy"


@dataclass(frozen=True, slots=True)
class Preferred:
    """One account that may serve, and why it stands where it stands."""

    standing: Standing
    reason: str
    by: By

    @property
    def account_id(self) -> str:
        return self.standing.state.id


def place(standing: Standing, strategy: Strategy, rules: Rules) -> Place:
    """Where an account stands while it is not the active one."""
    account = standing.state.account
    tier = _tier(standing, strategy, rules, active=False)
    return (tier, account.priority, *strategy.key(standing), account.id)


def _tier(standing: Standing, strategy: Strategy, rules: Rules, *, active: bool) -> int:
    """0 with room, 1 near a limit, 2 and 3 the same for accounts held out."""
    return 2 * standing.state.account.reserve + strategy.nearly_spent(standing, rules, active=active)


def only_account(snapshot: Snapshot, question: Question, rules: Rules) -> tuple[str, str] | None:
    """The one account that may serve, with why no other may; None when every account may."""
    if question.account_id is not None:
        return question.account_id, "the account asked for"
    pinned = snapshot.pinned.get(question.provider)
    if pinned is not None and pinned.account_id is not None:
        return pinned.account_id, "pinned"
    active = snapshot.active.get(question.provider)
    if not rules.rotation and active is not None and active.account_id is not None:
        return active.account_id, "rotation is off"
    return None


def preferred(
    snapshot: Snapshot, question: Question, view: View, strategy: Strategy, rules: Rules, now: float
) -> Iterator[Preferred]:
    """The accounts that may serve, most preferred first; lazily, since most callers want one."""
    only = only_account(snapshot, question, rules)
    if only is not None:
        standing = _open(view, only[0], question)
        if standing is not None and _may(standing, question, now):
            yield Preferred(standing, only[1], By.ONLY)
        return
    seen: set[str] = set()
    for first in _firsts(snapshot, question, view, strategy, rules, now):
        if first.account_id not in seen:
            seen.add(first.account_id)
            yield first
    for entry in _in_turn(snapshot, question, view, strategy):
        account_id = entry[-1]
        if account_id in seen:
            continue
        standing = view.standing(account_id)
        if standing is not None and _may(standing, question, now):
            yield Preferred(standing, strategy.reason(standing, now), By.STRATEGY)


def bound(snapshot: Snapshot, question: Question, rules: Rules, now: float) -> str | None:
    """The account that the session keeps, if it still does."""
    if question.session is None or rules.session_ttl_s <= 0:
        return None
    session = snapshot.sessions.get(question.session)
    if session is None or session.provider != question.provider or now - session.last_at > rules.session_ttl_s:
        return None
    return session.account_id


def _firsts(
    snapshot: Snapshot, question: Question, view: View, strategy: Strategy, rules: Rules, now: float
) -> Iterator[Preferred]:
    """Those that go before the strategy's order."""
    kept = bound(snapshot, question, rules, now)
    if kept is not None:
        standing = _open(view, kept, question)
        if standing is not None and _may(standing, question, now):
            yield Preferred(standing, "the session stays here", By.SESSION)
    active = snapshot.active.get(question.provider)
    if active is None or active.account_id is None:
        return
    standing = _open(view, active.account_id, question)
    if standing is None or not _may(standing, question, now):
        return
    used_at = standing.state.last_used_at
    if used_at is None or used_at < active.stamp[0]:
        yield Preferred(standing, active.reason or "chosen for new sessions", By.ACTIVE)
    else:
        best = view.places[0] if view.places else None
        rank = (_tier(standing, strategy, rules, active=True), standing.state.account.priority)
        rival = view.standing(best[-1]) if best is not None and best[:2] == rank else None
        if best is None or (rank <= best[:2] and strategy.stays(standing, rival)):
            reason = f"stays while there is room: {strategy.reason(standing, now)}"
            yield Preferred(standing, reason, By.ACTIVE)


def _in_turn(snapshot: Snapshot, question: Question, view: View, strategy: Strategy) -> Iterator[Place]:
    """The places in order; for a ring, each group of equals begun behind the active account."""
    places = view.places
    active = snapshot.active.get(question.provider)
    state = snapshot.accounts.get(active.account_id or "") if strategy.rotates and active is not None else None
    if state is None:
        yield from places
        return
    begin = 0
    while begin < len(places):
        group = places[begin][:2]
        end = bisect_left(places, (*group, inf), begin)
        behind = bisect_right(places, (*group, state.account.position, state.id), begin, end)
        for index in range(behind, end):
            yield places[index]
        for index in range(begin, behind):
            yield places[index]
        begin = end


def _open(view: View, account_id: str, question: Question) -> Standing | None:
    standing = view.standing(account_id)
    if standing is None or standing.state.account.provider != question.provider:
        return None
    return standing


def _may(standing: Standing, question: Question, now: float) -> bool:
    if standing.barred is not None:
        return False
    return (
        question.model is None
        or not standing.state.model_holds
        or model_barred(standing.state, question.model, now) is None
    )
