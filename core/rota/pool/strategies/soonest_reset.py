"""Soonest reset: spend first what refills first, so that the least quota expires unused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.pool.strategies.base import SOMEWHERE, added, ago, last_used, use_in_words

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.pool.standing import Standing

NO_RESET = 1e12
"""Place of an account of which no window is running: after every known reset."""

SAME_S = 600.0
"""The provider's reset times jitter between answers; nearer than this they are the same."""


def resets_in_steps(at: float | None) -> float:
    """A reset as a place in an order: equal for equal resets, last when none is running."""
    return NO_RESET if at is None else at // SAME_S


class SoonestReset:
    """The window of days that resets first, then the window of hours, then the emptier account."""

    name = "soonest-reset"
    rotates = False

    def key(self, standing: Standing) -> tuple[float, ...]:
        left = standing.room
        used = left.decisive
        return (
            resets_in_steps(left.long_resets_at),
            resets_in_steps(left.short_resets_at),
            SOMEWHERE if used is None else used,
            last_used(standing),
            added(standing),
        )

    def stays(self, active: Standing, rival: Standing | None) -> bool:
        return False

    def nearly_spent(self, standing: Standing, rules: Rules, *, active: bool) -> bool:
        return False

    def score(self, standing: Standing) -> float:
        left = standing.room
        at = left.long_resets_at if left.long_resets_at is not None else left.short_resets_at
        return NO_RESET if at is None else at

    def reason(self, standing: Standing, now: float) -> str:
        at = self.score(standing)
        if at == NO_RESET:
            return f"no window is running, {use_in_words(standing)}"
        return f"resets in {ago(at - now)}, {use_in_words(standing)}"
