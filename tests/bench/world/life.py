"""One strategy lives through one week: rota's own choice code against the provider's true books."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from tests.bench.world.accounts import Meter
from tests.bench.world.demand import START

from rota.account import Account, Kind
from rota.errors import Failure, Meaning
from rota.events import AccountAdded, CooldownStarted, QuotaObserved, RequestServed
from rota.pool.cooldown import cooling
from rota.pool.rehearsal import Rehearsal
from rota.pool.routing import Target
from rota.quota import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.world.accounts import Plan
    from tests.bench.world.demand import Call

    from rota.pool.rules import Rules

PROVIDER = "anthropic"
POLL_S = 480.0
"""Between two reads of an account's usage endpoint: what other programs spend is known this late."""


@dataclass(slots=True)
class Outcome:
    """What came of a week."""

    demand: float = 0.0
    served: float = 0.0
    limits: int = 0
    """Answers 429 from the provider."""
    unserved: int = 0
    """Calls that no account could serve."""
    moved: int = 0
    """Calls of a session served by another account than the one before."""
    switched: int = 0
    """Times that another account became the active one."""
    spent: float = 0.0
    cold: float = 0.0
    """Quota spent because a cache was at another account."""
    calls: int = 0


@dataclass(slots=True)
class Life:
    """A week under way."""

    rehearsal: Rehearsal
    meters: dict[str, Meter]
    outcome: Outcome = field(default_factory=Outcome)
    watch: Callable[[Life, float], None] | None = None
    """Called at each poll, for those who look on."""
    _ends: list[tuple[float, int, str, float, Call]] = field(default_factory=list)
    _at: dict[str, str] = field(default_factory=dict)
    """Account of each session's last call."""

    def run(self, calls: Sequence[Call]) -> Outcome:
        others = sorted((at, name, cost) for name, m in self.meters.items() for at, cost in m.plan.others)
        polls = [(START + n * POLL_S / len(self.meters), name) for n, name in enumerate(self.meters)]
        polls.sort()
        spent = 0
        for number, call in enumerate(calls):
            while polls[0][0] <= call.at:
                at, name = heappop(polls)
                self._finish(at)
                while spent < len(others) and others[spent][0] <= at:
                    self.meters[others[spent][1]].charge(others[spent][2], "", others[spent][0])
                    spent += 1
                self._poll(name, at)
                heappush(polls, (at + POLL_S, name))
            self._finish(call.at)
            while spent < len(others) and others[spent][0] <= call.at:
                self.meters[others[spent][1]].charge(others[spent][2], "", others[spent][0])
                spent += 1
            self._serve(number, call)
        self._finish(float("inf"))
        return self.outcome

    def _serve(self, number: int, call: Call) -> None:
        outcome, rehearsal = self.outcome, self.rehearsal
        outcome.calls += 1
        outcome.demand += call.least
        request_id, target, session = f"r{number}", Target(PROVIDER, call.model), f"{PROVIDER}:s:{call.session}"
        while True:
            active = rehearsal.snapshot.active.get(PROVIDER)
            found = rehearsal.begin(request_id, target, session, call.at)
            if rehearsal.snapshot.active.get(PROVIDER) is not active:
                outcome.switched += 1
            if found is None:
                outcome.unserved += 1
                return
            name = found.account_id
            meter = self.meters[name]
            if meter.admit(call.model, call.at):
                break
            outcome.limits += 1
            self._limited(name, meter, call)
        if self._at.get(call.session, name) != name:
            outcome.moved += 1
        self._at[call.session] = name
        # Headers come before the answer, so they do not know yet what it takes.
        windows = meter.told(call.at, call.model, Source.HEADERS)
        rehearsal.tell(QuotaObserved(at=call.at, account_id=name, windows=windows))
        heappush(self._ends, (call.ends_at, number, name, call.cost(meter.cached(call)), call))

    def _limited(self, name: str, meter: Meter, call: Call) -> None:
        windows = meter.told(call.at, call.model, Source.HEADERS)
        spent = [w for w in windows if w.status == "rejected"]
        scope = spent[0].scope if all(w.scope is not None for w in spent) else None
        resets_at = max(w.resets_at for w in spent if w.resets_at is not None)
        failure = Failure(Meaning.LIMITED, "limit reached", 429, until=resets_at, window=spent[0].key, scope=scope)
        facts = self.rehearsal
        facts.tell(QuotaObserved(at=call.at, account_id=name, windows=windows))
        hold = cooling(failure, facts.state(name), call.model, call.at, facts.rules)
        if hold is not None:
            facts.tell(
                CooldownStarted(
                    at=call.at,
                    account_id=name,
                    until=hold.until,
                    meaning=failure.meaning,
                    reason=hold.reason,
                    strikes=hold.strikes,
                    model=hold.model,
                )
            )

    def _finish(self, until: float) -> None:
        while self._ends and self._ends[0][0] <= until:
            ends_at, number, name, cost, call = heappop(self._ends)
            meter = self.meters[name]
            # What goes beyond the limit is not counted: no strategy gains by overrunning one.
            self.outcome.served += call.least * meter.charge(cost, call.model, ends_at)
            self.outcome.spent += cost
            self.outcome.cold += cost - call.least
            self.rehearsal.tell(
                RequestServed(
                    at=ends_at,
                    request_id=f"r{number}",
                    account_id=name,
                    provider=PROVIDER,
                    model=call.model,
                    requested_model=call.model,
                    session=f"{PROVIDER}:s:{call.session}",
                    started_at=call.at,
                    input_tokens=call.context,
                    output_tokens=call.output,
                )
            )

    def _poll(self, name: str, at: float) -> None:
        windows = self.meters[name].told(at, None, Source.USAGE)
        self.rehearsal.tell(QuotaObserved(at=at, account_id=name, windows=windows))
        if self.watch is not None:
            self.watch(self, at)


def live(plans: Sequence[Plan], calls: Sequence[Call], rules: Rules) -> Outcome:
    """One week under these rules."""
    return begin(plans, rules).run(calls)


def begin(plans: Sequence[Plan], rules: Rules) -> Life:
    """A week about to begin; every account is known and was polled."""
    added = [
        AccountAdded(
            at=START - 60 + n,
            account=Account(
                id=plan.name,
                provider=PROVIDER,
                kind=Kind.SUBSCRIPTION,
                identity=plan.name,
                label=plan.name,
                position=float(n),
                added_at=START - 60 + n,
            ),
        )
        for n, plan in enumerate(plans)
    ]
    return Life(Rehearsal(rules, added), {plan.name: Meter(plan) for plan in plans})
