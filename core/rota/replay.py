"""What would have been under another strategy: the logged demand, chosen for anew. Pure; quota is reckoned.

Every request that was asked is asked again at its time. What it takes is what it took, and its cache anew where its
session is at another account; windows are as large as the log shows (`ledger.py`). Nothing is sent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING, TypeAlias

from rota.errors import Failure, Meaning
from rota.events import (
    AccountSwitched,
    AttemptFailed,
    CooldownLifted,
    CooldownStarted,
    Event,
    QuotaObserved,
    RequestFailed,
    RequestServed,
    RequestStarted,
    SessionBound,
    UsagePolled,
)
from rota.ledger import Ledger, cost
from rota.pool.cooldown import cooling
from rota.pool.preference import Question
from rota.pool.rehearsal import Rehearsal
from rota.pool.routing import Target
from rota.pool.strategy import ranking_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rota.pool.rules import Rules
    from rota.quota import QuotaWindow

CACHE_S = 300.0
"""How long a prompt cache lives after it was last used."""
SPENT = frozenset({Meaning.LIMITED, Meaning.CREDITS_EXHAUSTED, None})
"""What a failed request met when another account could have served it."""

Asked: TypeAlias = RequestServed | RequestFailed


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a stretch of demand."""

    strategy: str
    """Empty for what really happened."""
    requests: int = 0
    served: int = 0
    limits: int = 0
    """Refusals because an account was spent; the pool went on to another."""
    switched: int = 0
    """Times that another account became the one for new sessions."""
    moved: int = 0
    """Requests of a session that went to another account than the one before."""
    waits: int = 0
    """Requests that no account could serve."""
    waited_s: float = 0.0
    """How long the callers of these were told to wait, together."""
    longest_wait_s: float = 0.0
    tokens: float = 0.0
    """Quota taken, in tokens that go in."""
    cold: float = 0.0
    """Of it, for caches that were at another account."""
    by_account: Mapping[str, int] = field(default_factory=dict)
    """Requests served, by account."""
    unmeasured: tuple[str, ...] = ()
    """Accounts with windows whose size the log does not tell: nothing stops them here."""


def logged(events: Sequence[Event], since: float = float("-inf")) -> Replay:
    """What really happened from `since` on, in the same terms."""
    tally = _Tally("")
    for event in events:
        if event.at < since:
            continue
        match event:
            case RequestServed():
                tally.served(event.session, event.account_id, cost(event), 0.0)
            case RequestFailed() if _may_be_served(event):
                tally.waited(max(0.0, event.retry_at - event.at) if event.retry_at is not None else None)
            case AttemptFailed() if event.attempt.meaning is Meaning.LIMITED:
                tally.limits += 1
            case AccountSwitched() if not event.by_person:
                tally.switched += 1
            case _:
                pass
    return tally.total(())


def replay(events: Sequence[Event], rules: Rules, since: float = float("-inf")) -> Replay:
    """What would have happened from `since` on under `rules`.

    Args:
        events: the log in its order, from before `since` on, the accounts' own events included.
    """
    return _Story(events, rules, since).told()


class _Story:
    """A replay under way."""

    def __init__(self, events: Sequence[Event], rules: Rules, since: float) -> None:
        self._rehearsal = Rehearsal(rules)
        self._ledger = Ledger(events, since)
        self._tally = _Tally(rules.strategy)
        self._ends: list[tuple[float, int, str, RequestServed, float]] = []
        self._caches: dict[tuple[str, str], float] = {}
        """When a session was last at an account."""
        served = [e for e in events if isinstance(e, RequestServed)]
        self._typical = served[len(served) // 2] if served else None
        before = [e for e in events if e.at < since]
        self._rehearsal.tell(*before)
        self._line: list[tuple[float, int, Event]] = sorted(
            (e.started_at or e.at if isinstance(e, Asked) else e.at, n, e)
            for n, e in enumerate(events)
            if e.at >= since and not _follows(e)
        )

    def told(self) -> Replay:
        for at, number, event in self._line:
            self._until(at)
            if isinstance(event, RequestServed):
                self._ask(event, at, number)
            elif isinstance(event, RequestFailed):
                if self._typical is not None and _may_be_served(event):
                    self._ask(_as_typical(event, self._typical), at, number)
            else:
                self._rehearsal.tell(event)
        self._until(float("inf"))
        return self._tally.total(self._ledger.unmeasured())

    def _ask(self, wanted: RequestServed, at: float, number: int) -> None:
        target = Target(wanted.provider, wanted.requested_model)
        active = self._rehearsal.snapshot.active.get(wanted.provider)
        while (found := self._rehearsal.begin(wanted.request_id, target, wanted.session, at)) is not None:
            windows = self._ledger.windows(found.account_id, at)
            # Headers come before the answer: what this one takes is known when the next begins.
            self._see(found.account_id, windows, at)
            spent = [w for w in windows if w.spent(at) and w.applies_to(target.model)]
            if not spent:
                break
            self._tally.limits += 1
            self._limited(found.account_id, target, spent, at)
        if self._rehearsal.snapshot.active.get(wanted.provider) is not active:
            self._tally.switched += 1
        if found is None:
            question = Question(wanted.provider, target.model, wanted.session)
            back_at = ranking_for(self._rehearsal.snapshot, question, self._rehearsal.rules, at).retry_at
            self._tally.waited(back_at - at if back_at is not None else None)
            return
        tokens, cold = self._takes(wanted, found.account_id, at)
        self._tally.served(wanted.session, found.account_id, tokens, cold)
        heappush(self._ends, (at + wanted.duration, number, found.account_id, wanted, tokens))

    def _takes(self, wanted: RequestServed, account_id: str, at: float) -> tuple[float, float]:
        """What the request takes here, and how much of that because its cache is elsewhere."""
        key = wanted.session or "", account_id
        here = key[0] and at - self._caches.get(key, float("-inf")) <= CACHE_S
        self._caches[key] = at
        least = cost(wanted)
        # Where it was really served, the log itself says what the cache held.
        if here or account_id == wanted.account_id or not wanted.cached_tokens:
            return least, 0.0
        takes = cost(wanted, cold=True)
        return takes, takes - least

    def _until(self, at: float) -> None:
        """Enter what ended and what others spent by then."""
        while self._ends and self._ends[0][0] <= at:
            ended_at, _, account_id, wanted, tokens = heappop(self._ends)
            self._others(ended_at)
            self._ledger.charge(account_id, wanted.requested_model, tokens, ended_at)
            self._rehearsal.tell(replace(wanted, at=ended_at, account_id=account_id, candidates=(), attempts=()))
        self._others(at)

    def _others(self, at: float) -> None:
        for seen_at, account_id in self._ledger.others_until(at):
            self._see(account_id, self._ledger.windows(account_id, seen_at), seen_at)

    def _see(self, account_id: str, windows: tuple[QuotaWindow, ...], at: float) -> None:
        if windows:
            self._rehearsal.tell(QuotaObserved(at=at, account_id=account_id, windows=windows))

    def _limited(self, account_id: str, target: Target, spent: Sequence[QuotaWindow], at: float) -> None:
        scope = spent[0].scope if all(w.scope is not None for w in spent) else None
        until = max((w.resets_at for w in spent if w.resets_at is not None), default=None)
        failure = Failure(Meaning.LIMITED, "limit reached", 429, until=until, window=spent[0].key, scope=scope)
        rehearsal = self._rehearsal
        hold = cooling(failure, rehearsal.state(account_id), target.model, at, rehearsal.rules)
        rehearsal.tell(
            CooldownStarted(
                at=at,
                account_id=account_id,
                until=hold.until if hold is not None else at + rehearsal.rules.cooldown_base_s,
                meaning=Meaning.LIMITED,
                reason=hold.reason if hold is not None else "limit reached",
                strikes=hold.strikes if hold is not None else 1,
                model=hold.model if hold is not None else None,
            )
        )


@dataclass(slots=True)
class _Tally:
    """Counts as they grow."""

    strategy: str
    limits: int = 0
    switched: int = 0
    moved: int = 0
    waits: list[float] = field(default_factory=list)
    tokens: float = 0.0
    cold: float = 0.0
    by_account: Counter[str] = field(default_factory=Counter)
    sessions: dict[str, str] = field(default_factory=dict)

    def served(self, session: str | None, account_id: str, tokens: float, cold: float) -> None:
        self.by_account[account_id] += 1
        self.tokens += tokens
        self.cold += cold
        if session is not None:
            self.moved += self.sessions.get(session, account_id) != account_id
            self.sessions[session] = account_id

    def waited(self, seconds: float | None) -> None:
        """A request was not served; None when nobody could say for how long."""
        self.waits.append(seconds or 0.0)

    def total(self, unmeasured: tuple[str, ...]) -> Replay:
        served = self.by_account.total()
        return Replay(
            strategy=self.strategy,
            requests=served + len(self.waits),
            served=served,
            limits=self.limits,
            switched=self.switched,
            moved=self.moved,
            waits=len(self.waits),
            waited_s=sum(self.waits),
            longest_wait_s=max(self.waits, default=0.0),
            tokens=self.tokens,
            cold=self.cold,
            by_account=dict(self.by_account),
            unmeasured=unmeasured,
        )


def _follows(event: Event) -> bool:
    """Whether the event followed from the choices that were made, which are made anew here."""
    if isinstance(event, AccountSwitched):
        return not event.by_person
    return isinstance(
        event,
        RequestStarted
        | AttemptFailed
        | SessionBound
        | QuotaObserved
        | UsagePolled
        | CooldownStarted
        | CooldownLifted,
    )


def _may_be_served(event: RequestFailed) -> bool:
    return event.meaning in SPENT and not event.after_content and (event.meaning is not None or not event.attempts)


def _as_typical(failed: RequestFailed, typical: RequestServed) -> RequestServed:
    """A request of which nobody knows what it would have taken: as much as another did."""
    return replace(
        typical,
        at=failed.at,
        request_id=failed.request_id,
        account_id="",
        provider=failed.provider,
        requested_model=failed.requested_model,
        model=failed.requested_model,
        client=failed.client,
        session=failed.session,
        started_at=failed.started_at,
    )
