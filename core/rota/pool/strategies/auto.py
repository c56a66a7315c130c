"""Auto: stay while there is room, move before the limit, then spend first what would expire unused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.pool.strategies.base import SOMEWHERE, added, ago, last_used, percent, use_in_words
from rota.pool.strategies.soonest_reset import NO_RESET, resets_in_steps

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.pool.standing import Standing

RETURN_MARGIN = 0.15
"""How far below its thresholds an account must be to be moved to."""


class Auto:
    """Serves the most work over time.

    The active account keeps new sessions until a window passes its threshold: its prompt caches are worth quota. An
    account is moved to only when it is clearly below the thresholds, so that two near a limit never take turns.
    """

    name = "auto"
    stays = True
    rotates = False

    def key(self, standing: Standing) -> tuple[float, ...]:
        left = standing.room
        used = left.decisive
        return (
            resets_in_steps(left.long_resets_at),
            SOMEWHERE if used is None else used,
            SOMEWHERE if left.short is None else left.short,
            last_used(standing),
            added(standing),
        )

    def nearly_spent(self, standing: Standing, rules: Rules, *, active: bool) -> bool:
        over = standing.room.over
        return over is not None and over >= (0.0 if active else -RETURN_MARGIN)

    def score(self, standing: Standing) -> float:
        left = standing.room
        return NO_RESET if left.long_resets_at is None else left.long_resets_at

    def reason(self, standing: Standing, now: float) -> str:
        left = standing.room
        if left.long_resets_at is None:
            return use_in_words(standing)
        free = percent(None if left.long is None else max(0.0, 1.0 - left.long))
        return f"{free} left that expires in {ago(left.long_resets_at - now)}, {use_in_words(standing)}"
