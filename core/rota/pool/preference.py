"""In which order accounts are preferred for a question: the pin, the session, the active one, the rest. Pure."""

from __future__ import annotations

from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Protocol

from rota.pool.standing import Standing, model_barred
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.pool.places import Place, Places
    from rota.pool.rules import Rules
    from rota.pool.strategies.base import Strategy
    from rota.snapshot import AccountState, Choice, Snapshot

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
    def places(self) -> Places:
        """Of the accounts that may serve."""
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
    said: str
    """Why, as far as the strategy does not say it."""
    by: By
    strategy: Strategy | None = None
    """Whose reason counts besides."""
    now: float = 0.0

    @property
    def account_id(self) -> str:
        return self.standing.state.account.id

    @property
    def reason(self) -> str:
        """Why in words, put together when they are read: most that are looked at are not told of."""
        return self.said if self.strategy is None else self.said + self.strategy.reason(self.standing, self.now)


BEHIND = ("", "near a limit, ", "held out, ", "held out and near a limit, ")
"""Why an account comes behind others whose score may be worse: by its tier."""


def place(standing: Standing, strategy: Strategy, rules: Rules) -> Place:
    """Where an account stands while it is not the active one; `BEHIND` has the words for its first figure."""
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
    if not rules.rotation:
        active = snapshot.active.get(question.provider)
        if active is not None and active.account_id is not None:
            return active.account_id, "rotation is off"
    return None


def preferred(
    snapshot: Snapshot, question: Question, view: View, strategy: Strategy, rules: Rules, now: float
) -> Iterator[Preferred]:
    """The accounts that may serve, most preferred first; lazily, since most callers want one."""
    only = only_account(snapshot, question, rules)
    if only is not None:
        standing = _able(view, only[0], question, now)
        if standing is not None:
            yield Preferred(standing, only[1], By.ONLY)
        return
    kept = bound(snapshot, question, rules, now)
    if kept is not None:
        standing = _able(view, kept, question, now)
        if standing is not None:
            yield Preferred(standing, "the session stays here", By.SESSION)
        else:
            kept = None
    active = snapshot.active.get(question.provider)
    stays = active.account_id if active is not None else None
    if active is not None and stays is not None and stays != kept:
        standing = _able(view, stays, question, now)
        found = _as_active(standing, active, view, strategy, rules, now) if standing is not None else None
        if found is not None:
            yield found
        else:
            stays = None
    behind = snapshot.accounts.get(active.account_id or "") if strategy.rotates and active is not None else None
    for entry in view.places if behind is None else _ring(view.places, behind):
        account_id = entry[-1]
        if account_id != kept and account_id != stays:
            standing = _able(view, account_id, question, now)
            if standing is not None:
                yield Preferred(standing, BEHIND[int(entry[0])], By.STRATEGY, strategy, now)


def bound(snapshot: Snapshot, question: Question, rules: Rules, now: float) -> str | None:
    """The account that the session keeps, if it still does."""
    if question.session is None or rules.session_ttl_s <= 0:
        return None
    session = snapshot.sessions.get(question.session)
    if session is None or session.provider != question.provider or now - session.last_at > rules.session_ttl_s:
        return None
    return session.account_id


def _as_active(
    standing: Standing, active: Choice, view: View, strategy: Strategy, rules: Rules, now: float
) -> Preferred | None:
    """The active account as the first of all, while it is to take new sessions."""
    used_at = standing.state.last_used_at
    if used_at is None or used_at < active.stamp[0]:
        return Preferred(standing, active.reason or "chosen for new sessions", By.ACTIVE)
    best = view.places.first
    rank = (_tier(standing, strategy, rules, active=True), standing.state.account.priority)
    rival = view.standing(best[-1]) if best is not None and best[:2] == rank else None
    if best is None or (rank <= best[:2] and strategy.stays(standing, rival)):
        return Preferred(standing, "stays while there is room: ", By.ACTIVE, strategy, now)
    return None


def _ring(places: Places, state: AccountState) -> Iterator[Place]:
    """The places in order, each group of equals begun behind the active account."""
    first = places.first
    while first is not None:
        group = first[:2]
        begin = (*group, state.account.position, state.id)
        end = (*group, inf)
        yield from _between(places, begin, end)
        yield from _between(places, group, begin)
        first = next(places.after(end), None)


def _between(places: Places, begin: Place, end: Place) -> Iterator[Place]:
    """Those behind `begin`, up to `end` itself."""
    for entry in places.after(begin):
        if entry > end:
            return
        yield entry


def _able(view: View, account_id: str, question: Question, now: float) -> Standing | None:
    """How the account stands, if it may serve."""
    standing = view.standing(account_id)
    if standing is None or standing.barred is not None:
        return None
    state = standing.state
    if state.account.provider != question.provider:
        return None
    if question.model is not None and state.model_holds and model_barred(state, question.model, now) is not None:
        return None
    return standing
