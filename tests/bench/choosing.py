"""What choosing an account costs: an answer's facts taken in, then the next account, among few and among many."""

from __future__ import annotations

import gc
import random
import time
from statistics import median

from tests.bench.row import Row
from tests.bench.traffic import START, added

from rota.events import AccountSwitched, Event, QuotaObserved, RequestStarted
from rota.fold import fold
from rota.pool.preference import Question, preferred
from rota.pool.roster import Rosters
from rota.pool.rules import Rules
from rota.pool.strategies import STRATEGIES, named
from rota.quota import QuotaWindow, Source
from rota.snapshot import Snapshot

FEW, MANY = 100, 10_000
CHOICES = 4_000
RUNS = 5


def measure() -> list[Row]:
    rows = []
    for strategy in STRATEGIES:
        few, many = _Pool(FEW, strategy), _Pool(MANY, strategy)
        small, large = few.chosen_in(), many.chosen_in()
        rows += [
            Row(f"choosing, {strategy}, {MANY:,} accounts", f"{large * 1e6:.1f} µs", "≤ 20 µs", large <= 20e-6),
            Row(
                f"choosing, {strategy}, {MANY:,} accounts over {FEW}",
                f"{large / small:.2f} × the time",
                "≤ 2 ×",
                large <= 2 * small,
                f"{small * 1e6:.1f} µs among {FEW}",
            ),
        ]
    return rows


class _Pool:
    """A pool under way: accounts of every fullness, one of them active."""

    def __init__(self, accounts: int, strategy: str) -> None:
        self._rng = random.Random(5)
        self._accounts = accounts
        self._strategy = named(strategy)
        self._rules = Rules(strategy=strategy)
        self._rosters = Rosters(self._rules)
        self._snapshot = Snapshot()
        self._tell(*added(accounts))
        for n in range(accounts):
            self._tell(self._figures(n, START))
        self._tell(
            AccountSwitched(at=START, provider="anthropic", account_id="account0", previous_id=None, reason="")
        )
        self._at = START
        self._choose()

    def chosen_in(self) -> float:
        """Seconds a choice takes, the facts of the answer before included: the median, of the best of a few runs."""
        best = float("inf")
        for _ in range(RUNS):
            gc.collect()
            took = []
            for _ in range(CHOICES):
                self._at += 0.5
                number = self._rng.randrange(self._accounts)
                events = [self._use(number), self._figures(number, self._at)]
                for event in events:
                    self._snapshot = fold(self._snapshot, event)
                began = time.perf_counter()
                self._rosters.feed(events)
                self._choose()
                took.append(time.perf_counter() - began)
            best = min(best, median(took))
        return best

    def _choose(self) -> str:
        question = Question("anthropic", "claude-sonnet-4-5", session="unknown")
        roster = self._rosters.at(self._snapshot, "anthropic", question.model, self._at)
        order = preferred(self._snapshot, question, roster, self._strategy, self._rules, self._at)
        return next(order).account_id

    def _tell(self, *events: Event) -> None:
        for event in events:
            self._snapshot = fold(self._snapshot, event)
        self._rosters.feed(events)

    def _use(self, number: int) -> Event:
        return RequestStarted(
            at=self._at, request_id="r", account_id=f"account{number}", provider="anthropic", model="claude"
        )

    def _figures(self, number: int, at: float) -> Event:
        rng = self._rng
        windows = tuple(
            QuotaWindow(key, key, rng.random() * 0.9, at, Source.HEADERS, resets_at=START + length, length=length)
            for key, length in (("5h", 18_000.0), ("7d", 604_800.0))
        )
        return QuotaObserved(at=at, account_id=f"account{number}", windows=windows)
