"""Weeks of demand: sessions of calls whose context grows, in several shapes, the same for every strategy."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HOUR = 3600.0
DAY = 24 * HOUR
WEEK = 7 * DAY
START = 20_836 * DAY
"""A Monday at midnight."""

CACHE_S = 300.0
"""How long a prompt cache lives after it was last read or written."""
READ, WRITE, OUTPUT = 0.1, 1.25, 5.0
"""What a token read from the cache, written to it and given out costs, in fresh input tokens."""
MODELS = {"claude-haiku-4-5": 1 / 3, "claude-sonnet-4-5": 1.0, "claude-opus-4-5": 5 / 3}
"""How much quota a model's token takes beside Sonnet's: the ratio of their list prices."""
FULL = 160_000
"""Context at which a client compacts a conversation."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a session."""

    at: float
    ends_at: float
    session: str
    model: str
    context: int
    output: int
    least: float
    """Quota it takes when every cache that could be warm is: what serving it is worth."""

    def cost(self, cached: int) -> float:
        """Quota it takes when the first `cached` tokens of its context are in the account's cache."""
        warm = min(cached, self.context)
        tokens = READ * warm + WRITE * (self.context - warm) + OUTPUT * self.output
        return MODELS[self.model] * tokens


@dataclass(frozen=True, slots=True)
class Habit:
    """How sessions of one kind go."""

    calls: float
    """Calls a session, on average."""
    models: Sequence[tuple[str, float]] = (("claude-sonnet-4-5", 1.0),)
    gap_s: float = 25.0
    """Between the end of an answer and the next call, while an agent works."""
    pause_share: float = 0.12
    """Of calls that wait for a person."""
    pause_s: float = 240.0
    prefix: int = 16_000
    opening: int = 6_000
    growth: int = 1_800
    output: int = 600
    takes_s: float = 18.0


def weeks(
    rate: Callable[[float], float], habits: Sequence[Habit], sessions: int, seed: int, days: float
) -> list[Call]:
    """All calls of that many sessions, in the order of their beginning.

    Args:
        rate: how busy it is, by hours since Monday's midnight; only proportions count.
    """
    rng = random.Random(seed)
    drafts: list[Call] = []
    for number, begins_at in enumerate(_beginnings(rate, sessions, days, rng)):
        habit = rng.choice(habits)
        drafts.extend(_session(number, habit, begins_at, START + days * DAY, rng))
    drafts.sort(key=lambda c: (c.at, c.session))
    return list(_worth(drafts))


def _beginnings(rate: Callable[[float], float], sessions: int, days: float, rng: random.Random) -> Iterator[float]:
    """When sessions begin: by the rate, in steps of ten minutes."""
    steps = [n / 6 for n in range(int(days * 144))]
    weights = [rate(hour % 168) for hour in steps]
    for hour in rng.choices(steps, weights, k=sessions):
        yield START + (hour + rng.random() / 6) * HOUR


def _session(number: int, habit: Habit, at: float, end: float, rng: random.Random) -> Iterator[Call]:
    names, weights = zip(*habit.models, strict=True)
    model = rng.choices(names, weights)[0]
    context = habit.prefix + max(500, int(rng.gauss(habit.opening, habit.opening / 3)))
    for _ in range(max(1, int(rng.expovariate(1 / habit.calls)))):
        output = max(50, int(rng.lognormvariate(0, 0.6) * habit.output))
        ends_at = at + max(2.0, rng.gauss(habit.takes_s, habit.takes_s / 4))
        if ends_at >= end:
            return
        yield Call(at, ends_at, f"s{number}", model, context, output, 0.0)
        person = rng.random() < habit.pause_share
        at = ends_at + (1.0 + rng.expovariate(1 / (habit.pause_s if person else habit.gap_s)))
        context += output + int(rng.expovariate(1 / habit.growth))
        if context > FULL:
            context = habit.prefix + 20_000


def _worth(drafts: Sequence[Call]) -> Iterator[Call]:
    """The calls with what each takes at least: as if its session had been at one account all along."""
    told: dict[str, tuple[float, int]] = {}
    for call in drafts:
        at, context = told.get(call.session, (0.0, 0))
        told[call.session] = call.at, call.context
        yield replace(call, least=call.cost(context if call.at - at <= CACHE_S else 0))
