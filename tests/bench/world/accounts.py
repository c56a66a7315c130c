"""Accounts as the provider keeps them: true quota in windows, told to others only in whole percent."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import floor
from typing import TYPE_CHECKING

from tests.bench.world.demand import CACHE_S, DAY, HOUR, START, WEEK

from rota.quota import QuotaWindow, Source

if TYPE_CHECKING:
    from tests.bench.world.demand import Call

HOURS_5 = 5 * HOUR


@dataclass(frozen=True, slots=True)
class Plan:
    """An account as it is at the beginning."""

    name: str
    five_hours: float
    """Quota of a 5-hour window, in tokens of fresh input."""
    week: float
    resets_in: float = WEEK
    """Until the first reset of the week."""
    used: float = 0.0
    """Share of the running week that was used before the story begins."""
    opus: float | None = None
    """Quota of the weekly window of Opus, where there is one."""
    others: tuple[tuple[float, float], ...] = ()
    """What another program spends from it: when and how much. It is never refused: it has extra usage."""


@dataclass(slots=True)
class Meter:
    """The provider's own books for one account."""

    plan: Plan
    short_opens: float | None = None
    short_used: float = 0.0
    long_resets: float = 0.0
    long_used: float = 0.0
    opus_used: float = 0.0
    _caches: dict[str, tuple[float, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.long_resets = START + self.plan.resets_in
        self.long_used = self.plan.used * self.plan.week
        self.opus_used = self.plan.used * (self.plan.opus or 0.0)

    def admit(self, model: str, at: float) -> bool:
        """Whether a request for `model` is served now; the first one of five hours opens their window."""
        self._roll(at)
        if self.room(model) <= 0.0:
            return False
        if self.short_opens is None:
            self.short_opens = at
        return True

    def room(self, model: str) -> float:
        left = min(self.plan.five_hours - self.short_used, self.plan.week - self.long_used)
        if self.plan.opus is not None and "opus" in model:
            left = min(left, self.plan.opus - self.opus_used)
        return left

    def charge(self, cost: float, model: str, at: float) -> float:
        """Enter what an answer took; gives the share of it that lies within the limits."""
        self._roll(at)
        if self.short_opens is None:
            self.short_opens = at
        within = max(0.0, min(1.0, self.room(model) / cost))
        self.short_used += cost
        self.long_used += cost
        if "opus" in model:
            self.opus_used += cost
        return within

    def cached(self, call: Call) -> int:
        """Tokens of the call that are in the account's cache; what it sends is there afterwards."""
        at, context = self._caches.get(call.session, (0.0, 0))
        self._caches[call.session] = (call.at, call.context)
        return context if call.at - at <= CACHE_S else 0

    def told(self, at: float, model: str | None, source: Source) -> tuple[QuotaWindow, ...]:
        """What headers (of an answer for `model`) or the usage endpoint say: whole percent, rounded down."""
        self._roll(at)
        plan = self.plan
        short_resets = None if self.short_opens is None else self.short_opens + HOURS_5
        windows = [
            _window("5h", self.short_used / plan.five_hours, short_resets, HOURS_5, at, source),
            _window("7d", self.long_used / plan.week, self.long_resets, WEEK, at, source),
        ]
        if plan.opus is not None and (model is None or "opus" in model):
            share = self.opus_used / plan.opus
            windows.append(_window("7d:opus", share, self.long_resets, WEEK, at, source, "opus"))
        return tuple(windows)

    def _roll(self, at: float) -> None:
        if self.short_opens is not None and at >= self.short_opens + HOURS_5:
            self.short_opens, self.short_used = None, 0.0
        while at >= self.long_resets:
            self.long_resets += WEEK
            self.long_used = self.opus_used = 0.0


def _window(
    key: str,
    share: float,
    resets_at: float | None,
    length: float,
    at: float,
    source: Source,
    scope: str | None = None,
) -> QuotaWindow:
    percent = floor(share * 100) / 100
    status = "rejected" if share >= 1.0 else "allowed"
    return QuotaWindow(key, key, percent, at, source, resets_at=resets_at, length=length, scope=scope, status=status)


def steady_spender(share: float, five_hours: float, days: float, seed: int) -> tuple[tuple[float, float], ...]:
    """Another program at work from 8 to 20 o'clock: `share` of what the account gives in five hours, in bites."""
    rng = random.Random(seed)
    bites, at = [], START
    while at < START + days * DAY:
        at += rng.expovariate(1 / 600.0)
        if 8 <= (at % DAY) / HOUR < 20:
            bites.append((at, share * five_hours / 30 * rng.lognormvariate(-0.3, 0.8)))
    return tuple(bites)
