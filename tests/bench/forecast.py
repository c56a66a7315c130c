"""Forecasts held against what then happened in simulated weeks: how far off, how often too late, and how often true.

Looked at from what happened, forecasts seem to come late: a window that runs out is one whose burn rose. So they are
looked at from what was said as well, where sessions that end make most of them early.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.bench.row import Row
from tests.bench.world.life import begin
from tests.bench.world.scenarios import SCENARIOS

from rota.forecast import Estimate, outlook, runway
from rota.pool.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.world.life import Life

SEEDS = (101, 102)
"""Of weeks that nobody looked at while forecasts were made."""
LEADS = (15, 30, 60)
"""Minutes before something ran out at which the forecast is looked up."""
EVERY_S = 300.0
LATE_S = 600.0
"""A forecast that says this much later than it came is too late."""
NEVER_S = 7200.0
MOST_LATE = 0.1
HALF_OFF = 0.5
"""Of the lead: half of the forecasts should be nearer than this."""


def _lists() -> defaultdict[str, list[Any]]:
    return defaultdict(list)


@dataclass(slots=True)
class Watch:
    """What was said when, and what happened."""

    said: dict[str, list[tuple[float, Estimate | None]]] = field(default_factory=_lists)
    """By window (or `pool`), with the time it was said."""
    happened: dict[str, list[float]] = field(default_factory=_lists)
    _said_at: float = 0.0
    _spent: dict[str, bool] = field(default_factory=dict)

    def __call__(self, life: Life, now: float) -> None:
        snapshot = life.rehearsal.snapshot
        says = now - self._said_at >= EVERY_S
        for name, meter in life.meters.items():
            window = snapshot.accounts[name].windows.get("5h") if says else None
            if window is not None:
                seen = outlook(window, snapshot.accounts[name].history.get("5h", ()), now)
                self.said[name].append((now, seen.runs_out))
            self._note(name, meter.plan.five_hours <= meter.short_used, now)
        if says:
            whole = runway(snapshot.listed(), now)
            self.said["pool"].append((now, whole.dry if whole is not None else None))
            self._said_at = now
        dry = all(m.room("claude-sonnet-4-5") <= 0 for m in life.meters.values())
        self._note("pool", dry, now)

    def _note(self, what: str, spent: bool, now: float) -> None:
        if spent and not self._spent.get(what, False):
            self.happened[what].append(now)
        self._spent[what] = spent

    def looked_up(self, lead: float, which: Callable[[str], bool]) -> Iterator[tuple[float, Estimate | None]]:
        """What was said `lead` seconds before each thing happened, and when it did."""
        for what, times in self.happened.items():
            if which(what):
                for at in times:
                    before = [(then, said) for then, said in self.said[what] if then <= at - lead]
                    if before and before[-1][0] > at - lead - 2 * EVERY_S:
                        yield at, before[-1][1]

    def borne_out(self, lead: float, which: Callable[[str], bool]) -> Iterator[tuple[float, Estimate]]:
        """What was said to happen within `lead` seconds, and when it did: never counts as infinitely late."""
        for what, sayings in self.said.items():
            if which(what):
                for then, said in sayings:
                    if said is not None and said.at is not None and then < said.at <= then + lead:
                        yield next((at for at in self.happened[what] if at >= then), float("inf")), said


def measure() -> list[Row]:
    jobs = [(shape, seed) for shape in range(len(SCENARIOS)) for seed in SEEDS]
    with get_context("spawn").Pool(2) as pool:
        watches = pool.map(_watched, jobs)
    kinds = (("a 5-hour window", _of_windows), ("the pool", _of_the_pool))
    return [
        *(_row(watches, minutes, name, which) for name, which in kinds for minutes in LEADS),
        *(_borne_out(watches, minutes, name, which) for name, which in kinds for minutes in LEADS[1:]),
    ]


def _of_windows(what: str) -> bool:
    return what != "pool"


def _of_the_pool(what: str) -> bool:
    return what == "pool"


def _watched(job: tuple[int, int]) -> Watch:
    shape, seed = job
    plans, calls = SCENARIOS[shape].week(seed)
    life = begin(plans, Rules(strategy="auto", route_subscriptions=True))
    life.watch = watch = Watch()
    life.run(calls)
    return watch


def _row(watches: list[Watch], minutes: int, name: str, which: Callable[[str], bool]) -> Row:
    lead = minutes * 60.0
    found = [pair for watch in watches for pair in watch.looked_up(lead, which)]
    told = [(at, said) for at, said in found if said is not None]
    off = [abs(said.at - at) if said.at is not None else float("inf") for at, said in told]
    late = sum(said.at is None or said.at > at + LATE_S for at, said in told)
    within = sum(
        said.earliest is not None and said.earliest <= at <= (said.latest or float("inf")) for at, said in told
    )
    half = median(off) if off else float("inf")
    share = late / len(told) if told else 1.0
    inside = within / len(told) if told else 0.0
    return Row(
        f"forecast, {name} runs out in {minutes} min",
        f"half within {half / 60:.0f} min",
        f"≤ {minutes * HALF_OFF:.0f} min",
        half <= lead * HALF_OFF,
        f"over {LATE_S / 60:.0f} min too late: {share:.0%}; in its range: {inside:.0%}; "
        f"said {len(told)} of {len(found)} times",
    )


def _borne_out(watches: list[Watch], minutes: int, name: str, which: Callable[[str], bool]) -> Row:
    found = [pair for watch in watches for pair in watch.borne_out(minutes * 60.0, which)]
    late = sum(said.at > at + LATE_S for at, said in found if said.at is not None)
    never = sum(at > said.at + NEVER_S for at, said in found if said.at is not None)
    within = sum(
        said.earliest is not None and said.earliest - LATE_S <= at <= (said.latest or float("inf")) + LATE_S
        for at, said in found
    )
    told = max(1, len(found))
    return Row(
        f"forecast, it said that {name} runs out within {minutes} min",
        f"over {LATE_S / 60:.0f} min too late: {late / told:.0%}",
        f"≤ {MOST_LATE:.0%}",
        late <= MOST_LATE * told,
        f"in its range: {within / told:.0%}; over {NEVER_S / 3600:.0f} h too early, or not at all: "
        f"{never / told:.0%}; said {len(found)} times",
    )
