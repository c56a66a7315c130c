"""The shapes of demand and the pools that meet it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.bench.world.accounts import Plan, steady_spender
from tests.bench.world.demand import WEEK, Habit, weeks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.world.demand import Call

DAYS = 7.0
WINDOWS_A_WEEK = 9.0
"""5-hour windows whose quota makes a week's."""

CODING = Habit(calls=45)
HEAVY = Habit(calls=160, growth=3_000, output=900, gap_s=12.0, pause_share=0.05)
LIGHT = Habit(calls=4, prefix=5_000, opening=2_500, growth=900, output=350, takes_s=9.0)
AGENTS = Habit(calls=25, gap_s=5.0, pause_share=0.0, opening=12_000)
BATCH = Habit(calls=12, gap_s=3.0, pause_share=0.0, prefix=8_000, opening=20_000, output=1_500)
MIXED = replace(CODING, models=(("claude-haiku-4-5", 0.25), ("claude-sonnet-4-5", 0.5), ("claude-opus-4-5", 0.25)))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One shape of demand at one pool."""

    name: str
    rate: Callable[[float], float]
    habits: Sequence[Habit]
    sessions: int
    sizes: Sequence[float]
    load: float
    """Demand over what the pool's weeks hold."""
    staggered: bool = False
    opus: float | None = None
    """The week's quota for Opus, as a share of the week's."""
    others: Sequence[int] = ()
    """Accounts that another program spends from."""
    weeks: int = 6
    """How many it takes to tell skill from luck: many where a rare peak that finds every window spent decides one."""

    def week(self, seed: int) -> tuple[list[Plan], list[Call]]:
        """The accounts and a week of calls."""
        calls = weeks(self.rate, self.habits, self.sessions, seed, DAYS)
        return self._plans(sum(c.least for c in calls) / self.load, seed), calls

    def _plans(self, capacity: float, seed: int) -> list[Plan]:
        rng = random.Random(seed)
        count = len(self.sizes)
        resets = [WEEK * (n + rng.random()) / count if self.staggered else WEEK for n in range(count)]
        used = [0.9 * (1 - at / WEEK) for at in resets]
        unit = capacity / sum(self.sizes)
        order = list(range(count))
        rng.shuffle(order)
        plans = []
        for n in range(count):
            week = unit * self.sizes[n]
            five_hours = week / WINDOWS_A_WEEK
            at = order[n] if self.staggered else n
            plans.append(
                Plan(
                    f"account{n}",
                    five_hours,
                    week,
                    resets[at],
                    used[at],
                    week * self.opus if self.opus is not None else None,
                    steady_spender(0.2, five_hours, DAYS, seed + n) if n in self.others else (),
                )
            )
        return plans


def _office(hour: float) -> float:
    day, clock = divmod(hour, 24)
    if day >= 5 or not 9 <= clock < 18.5:
        return 0.01
    return 0.5 if 12.5 <= clock < 13.5 else 1.0


def _bursts(hour: float) -> float:
    """Three hours of the day, other ones each day, take most of it."""
    day, clock = divmod(hour, 24)
    return 6.0 if int(clock) in {int(day * 5 + 3) % 24, int(day * 7 + 11) % 24, int(day * 3 + 17) % 24} else 0.25


def _night(hour: float) -> float:
    return 1.0 if hour % 24 < 5.5 else 0.04


def _steady(hour: float) -> float:
    return 1.0


def _weekend(hour: float) -> float:
    day, clock = divmod(hour, 24)
    if day >= 5:
        return 1.0 if clock >= 10 else 0.05
    return 0.4 if clock >= 19.5 else 0.01


def _two_shifts(hour: float) -> float:
    """Two teams half a world apart."""
    clock = hour % 24
    return 1.0 if 8 <= clock < 17 or clock >= 22 or clock < 5 else 0.1


SCENARIOS = (
    Scenario("office hours, 4 equal accounts", _office, (CODING,), 220, (1, 1, 1, 1), 0.85, weeks=40),
    Scenario("office hours, 4 staggered", _office, (CODING,), 220, (1, 1, 1, 1), 0.8, staggered=True, weeks=52),
    Scenario("bursts, 6 staggered", _bursts, (AGENTS,), 400, (1, 1, 1, 1, 1, 1), 0.85, staggered=True),
    Scenario("night batch, 3 staggered", _night, (BATCH,), 700, (1, 1, 2), 0.8, staggered=True, weeks=20),
    Scenario("few heavy sessions, 3 equal", _office, (HEAVY,), 70, (1, 1, 1), 0.8, weeks=44),
    Scenario("many light sessions, 5 staggered", _two_shifts, (LIGHT,), 2500, (1, 1, 1, 2, 2), 0.9, staggered=True),
    Scenario("weekends and evenings, 2 equal", _weekend, (CODING,), 200, (1, 1), 0.7, weeks=48),
    Scenario("sizes 20:5:1:1, staggered", _two_shifts, (CODING, LIGHT), 600, (20, 5, 1, 1), 0.9, staggered=True),
    Scenario("a second spender on 2 of 4", _two_shifts, (CODING,), 220, (1, 1, 1, 1), 0.75, True, others=(0, 2)),
    Scenario("three models, Opus capped", _office, (MIXED,), 220, (1, 1, 2, 2), 0.75, opus=0.45, weeks=40),
    Scenario(
        "8 accounts of 3 sizes, steady",
        _steady,
        (CODING, AGENTS),
        260,
        (5, 5, 2, 1, 1, 1, 1, 1),
        0.92,
        staggered=True,
        weeks=8,
    ),
    Scenario("more than the pool holds", _two_shifts, (CODING,), 240, (1, 1, 1, 5), 1.15, weeks=20),
)
