"""Lowest utilization: each new session goes to the emptiest account, windows of days before windows of hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.pool.strategies.base import SOMEWHERE, added, last_use_in_words, last_used, use_in_words

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.pool.standing import Standing


class LowestUtilization:
    """Weekly share first, then the 5-hour share, then least recently used.

    An account without a weekly figure is placed by its 5-hour figure; one without any is taken for half used, so
    that it neither beats known room nor starves.
    """

    name = "lowest-utilization"
    rotates = False

    def key(self, standing: Standing) -> tuple[float, ...]:
        short = standing.room.short
        return (
            self.score(standing),
            SOMEWHERE if short is None else short,
            last_used(standing),
            added(standing),
        )

    def stays(self, active: Standing, rival: Standing | None) -> bool:
        return False

    def nearly_spent(self, standing: Standing, rules: Rules, *, active: bool) -> bool:
        return False

    def score(self, standing: Standing) -> float:
        used = standing.room.decisive
        return SOMEWHERE if used is None else used

    def reason(self, standing: Standing, now: float) -> str:
        if standing.room.decisive is None:
            return f"use not known yet, taken for half; {last_use_in_words(standing, now)}"
        return use_in_words(standing)
