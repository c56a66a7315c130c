"""Least recently used: each new session goes to the account that rested longest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.pool.strategies.base import added, last_use_in_words, last_used

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.pool.standing import Standing


class LeastRecentlyUsed:
    """Oldest use first, never used before all; equal ones in the order of the table."""

    name = "least-recently-used"
    rotates = False

    def key(self, standing: Standing) -> tuple[float, ...]:
        return (last_used(standing), added(standing))

    def stays(self, active: Standing, rival: Standing | None) -> bool:
        return False

    def nearly_spent(self, standing: Standing, rules: Rules, *, active: bool) -> bool:
        return False

    def score(self, standing: Standing) -> float:
        return last_used(standing)

    def reason(self, standing: Standing, now: float) -> str:
        return last_use_in_words(standing, now)
