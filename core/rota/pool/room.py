"""How much room an account has for a model: its windows, sorted into bursts, hours and days. Pure arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rota.quota import QuotaWindow

BURST_S = 600.0
"""A window this short refills while one looks: it never decides who serves."""
LONG_S = 86_400.0
ELSEWHERE = 0.95
"""Where `auto` moves on in a window that no threshold names."""

_KNOWN_LENGTHS = {
    "5h": 18_000.0,
    "7d": 604_800.0,
    "month": 2_592_000.0,
    **dict.fromkeys(("requests", "tokens", "input-tokens", "output-tokens"), 60.0),
}


@dataclass(frozen=True, slots=True)
class Room:
    """What an account has used of what applies to a model. `None` is unknown."""

    long: float | None = None
    """Used share of the fullest window of days or more."""
    short: float | None = None
    """Used share of the fullest window of hours."""
    long_label: str = ""
    short_label: str = ""
    long_resets_at: float | None = None
    """When the first window of days resets."""
    short_resets_at: float | None = None
    short_key: str | None = None
    """Key of the fullest window of hours, while one is running."""
    ahead: float | None = None
    """How far the use of the windows of days is ahead of an even pace, as a share; behind it, negative."""
    over: float | None = None
    """How far the fullest window is above the share at which `auto` moves on; below it, negative."""
    spent_key: str | None = None
    """Label of the spent window that comes back last, when one is spent."""
    spent_until: float | None = None
    """When it does; None when nobody knows."""
    spent_seen_at: float = 0.0
    changes_at: float | None = None
    """When the next of these windows resets, which changes this answer."""

    @property
    def decisive(self) -> float | None:
        """Used share of the window of days, else of hours."""
        return self.long if self.long is not None else self.short


def length_of(window: QuotaWindow) -> float:
    """Seconds from opening to reset: as given, as its key says, else at least what is left of it."""
    if window.length is not None:
        return window.length
    known = _KNOWN_LENGTHS.get(window.key.partition(":")[0])
    if known is not None:
        return known
    return window.resets_at - window.observed_at if window.resets_at is not None else LONG_S


def room(windows: Iterable[QuotaWindow], model: str | None, now: float, thresholds: Mapping[str, float]) -> Room:
    """What `windows` leave for `model`. One whose reset has passed counts as just emptied."""
    # Reckoned anew after every answer: plain names for days and hours cost half of what maps of them would.
    long = short = long_resets_at = short_resets_at = changes_at = over = ahead = None
    long_label = short_label = ""
    short_key = spent = None
    for window in windows:
        if not window.counts or (window.scope is not None and not window.applies_to(model)):
            continue
        used, resets_at = window.utilization, window.resets_at
        expired = resets_at is not None and resets_at <= now
        if not expired:
            if resets_at is not None and (changes_at is None or resets_at < changes_at):
                changes_at = resets_at
            if (window.status == "rejected" or (used is not None and used >= 1.0)) and (
                spent is None or _later(window, spent)
            ):
                spent = window
        if used is None:
            continue
        length = window.length
        if length is None:
            length = length_of(window)
        if length <= BURST_S:
            continue
        if length >= LONG_S:
            if expired:
                if long is None:
                    long, long_label = 0.0, window.label
                continue
            if long is None or used > long or (used == long and window.label > long_label):
                long, long_label = used, window.label
            # By when it was seen, not by the clock: so an order by it keeps.
            pace = used if resets_at is None else used - _elapsed(resets_at - window.observed_at, length)
            if ahead is None or pace > ahead:
                ahead = pace
            if resets_at is not None and (long_resets_at is None or resets_at < long_resets_at):
                long_resets_at = resets_at
        else:
            if expired:
                if short is None:
                    short, short_label = 0.0, window.label
                continue
            if short is None or used > short or (used == short and window.label > short_label):
                short, short_label = used, window.label
                if resets_at is not None:
                    short_key = window.key
            if resets_at is not None and (short_resets_at is None or resets_at < short_resets_at):
                short_resets_at = resets_at
        threshold = thresholds.get(window.key)
        if threshold is None:
            threshold = thresholds.get(window.key.partition(":")[0], ELSEWHERE)
        if over is None or used - threshold > over:
            over = used - threshold
    label, until, seen_at = (None, None, 0.0) if spent is None else (spent.label, spent.resets_at, spent.observed_at)
    return Room(
        long,
        short,
        long_label,
        short_label,
        long_resets_at,
        short_resets_at,
        short_key,
        ahead,
        over,
        label,
        until,
        seen_at,
        changes_at,
    )


def _elapsed(left: float, length: float) -> float:
    """Share of a window's time that is over when so much is left."""
    return 0.0 if left >= length else 1.0 if left <= 0.0 else 1.0 - left / length


def _later(window: QuotaWindow, other: QuotaWindow) -> bool:
    """Whether `window` comes back after `other`; one without a reset comes back last."""
    if other.resets_at is None:
        return False
    return window.resets_at is None or window.resets_at > other.resets_at
