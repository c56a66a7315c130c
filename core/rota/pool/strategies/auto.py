"""Auto: begin where quota lasts, stay while there is room, move before the limit, spend what would expire unused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.account import Kind
from rota.burn import lately
from rota.pool.room import length_of
from rota.pool.strategies.base import SOMEWHERE, ago, last_use_in_words, use_in_words

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.pool.standing import Standing

RETURN_MARGIN = 0.05
"""How far below its thresholds an account must be to be moved to."""
BURN_S = 900.0
"""How far back an account's burn is looked at."""
GO_ON_S = 5400.0
"""The sessions of an account are taken to go on as they do for this long: most have ended by then."""
BUSY = 0.3
"""Load from which on an idle window of hours is opened though it is not due."""
CLEARLY = 0.05
"""How much better another's score must be for new sessions to move: two accounts that are alike never take turns."""
WEIGHT = 3.0
"""What a week's lead over its even pace counts beside the load of five hours."""
STAGGER_S = 7200.0
"""An idle window of hours is opened when the active account's has run this long: so two reset nearly half a window
apart, and that lasts, since each is opened again soon after its reset while there is work."""
STEP = 0.05
"""Scores nearer than this are the same, so that figures in whole percent don't decide; longest rested goes first."""
PAID_KINDS = frozenset({Kind.API_KEY, Kind.CONSOLE_PROFILE})
LAST = 1e12
"""Score of what costs money: behind whatever is paid for already and has room. So large that no screen shows it."""


class Auto:
    """Serves the most work over time.

    A session keeps its account, and the prompt cache there, until that account cannot serve. So what counts is where
    a new session begins: at the account whose window of hours will be used least once the sessions there have gone on
    for an hour and a half, and whose window of days is furthest behind an even pace and would expire unused. So all
    keep some room, which is the reserve for peaks.

    The active account takes new sessions until another is clearly better by the same measure, or until a window
    passes its threshold. A window of hours that is idle is opened when that is due or the active account is busy, no
    sooner: of windows that were opened one by one, some reset while the others are spent. An account is moved to
    only when it is clearly below the thresholds, so that two near a limit never take turns.

    An account of unknown use is taken for half used, at an even pace: its first answer or the usage endpoint tells.
    A key of which nothing can run out is paid by use: it serves while everything else is near its limit.
    """

    name = "auto"
    rotates = False

    def key(self, standing: Standing) -> tuple[float, ...]:
        state = standing.state
        return (self.score(standing) // STEP, state.last_used_at or 0.0, state.account.position)

    def stays(self, active: Standing, rival: Standing | None) -> bool:
        if rival is None or _near(rival, RETURN_MARGIN):
            return True
        if (costs := _paid_by_use(active)) or _paid_by_use(rival):
            return not costs or _paid_by_use(rival)
        if _idle(rival) and not _idle(active):
            return _open_for(active) < STAGGER_S and load(active) < BUSY
        return self.score(rival) >= self.score(active) - CLEARLY

    def nearly_spent(self, standing: Standing, rules: Rules, *, active: bool) -> bool:
        return _near(standing, 0.0 if active else RETURN_MARGIN)

    def score(self, standing: Standing) -> float:
        return LAST if _paid_by_use(standing) else load(standing) + WEIGHT * (standing.room.ahead or 0.0)

    def reason(self, standing: Standing, now: float) -> str:
        left = standing.room
        if _paid_by_use(standing):
            return f"paid by use, {last_use_in_words(standing, now)}"
        words, going_to = use_in_words(standing), load(standing)
        if left.short is not None and going_to > left.short:
            words = f"{words}, on the way to {going_to:.0%}"
        if left.long_resets_at is None:
            return words
        free = 1.0 - min(1.0, left.long or 0.0)
        return f"{free:.0%} left for {ago(left.long_resets_at - now)}, {words}"


def load(standing: Standing) -> float:
    """Share of the window of hours that will be used in an hour and a half, or when it resets, if things go on so."""
    left = standing.room
    if left.short is None:
        return SOMEWHERE if left.long is None else 0.0
    if left.short_resets_at is None or left.short_key is None:
        return left.short
    sights = standing.state.history[left.short_key]
    if (rate := lately(sights, BURN_S)) == 0.0:
        return left.short
    return left.short + rate * min(GO_ON_S, max(0.0, left.short_resets_at - sights[-1].at))


def _paid_by_use(standing: Standing) -> bool:
    """Whether every request costs money and nothing is known that would expire unused."""
    left = standing.room
    return left.long is None and left.short is None and standing.state.account.kind in PAID_KINDS


def _idle(standing: Standing) -> bool:
    """Whether its window of hours is known and waits to be opened."""
    return standing.room.short is not None and standing.room.short_resets_at is None


def _open_for(standing: Standing) -> float:
    """Seconds that its window of hours had run when it was last seen; 0 while none is running."""
    key, resets_at = standing.room.short_key, standing.room.short_resets_at
    if key is None or resets_at is None:
        return 0.0
    window = standing.state.windows[key]
    return length_of(window) - (resets_at - window.observed_at)


def _near(standing: Standing, margin: float) -> bool:
    """Whether a window is within `margin` of the share at which to move on."""
    over = standing.room.over
    return over is not None and over >= -margin
