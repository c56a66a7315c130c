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

_NOTHING = (-1.0, "")
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
    used: dict[bool, tuple[float, str]] = {}
    resets: dict[bool, float] = {}
    changes_at: float | None = None
    over: float | None = None
    ahead: float | None = None
    short_key: str | None = None
    spent: QuotaWindow | None = None
    for window in windows:
        if not window.counts or not window.applies_to(model):
            continue
        resets_at = window.resets_at
        expired = resets_at is not None and resets_at <= now
        if not expired:
            if resets_at is not None and (changes_at is None or resets_at < changes_at):
                changes_at = resets_at
            if window.spent(now) and (spent is None or _later(window, spent)):
                spent = window
        length = length_of(window)
        if length <= BURST_S or window.utilization is None:
            continue
        is_long = length >= LONG_S
        if expired:
            used.setdefault(is_long, (0.0, window.label))
            continue
        was = used.get(is_long, _NOTHING)
        used[is_long] = max(was, (window.utilization, window.label))
        if is_long:
            ahead = max(_NOTHING[0] if ahead is None else ahead, window.utilization - _elapsed(window, length))
        elif resets_at is not None and used[is_long] is not was:
            short_key = window.key
        above = window.utilization - thresholds.get(window.key.partition(":")[0], ELSEWHERE)
        over = above if over is None else max(over, above)
        if resets_at is not None:
            resets[is_long] = min(resets.get(is_long, resets_at), resets_at)
    long, short = used.get(True), used.get(False)
    return Room(
        long=long[0] if long is not None else None,
        short=short[0] if short is not None else None,
        long_label=long[1] if long is not None else "",
        short_label=short[1] if short is not None else "",
        long_resets_at=resets.get(True),
        short_resets_at=resets.get(False),
        short_key=short_key,
        ahead=ahead,
        over=over,
        spent_key=spent.label if spent is not None else None,
        spent_until=spent.resets_at if spent is not None else None,
        spent_seen_at=spent.observed_at if spent is not None else 0.0,
        changes_at=changes_at,
    )


def _elapsed(window: QuotaWindow, length: float) -> float:
    """Share of the window's time that had gone by when it was seen: no clock, so that an order by it keeps."""
    if window.resets_at is None:
        return 0.0
    return min(1.0, max(0.0, 1.0 - (window.resets_at - window.observed_at) / length))


def _later(window: QuotaWindow, other: QuotaWindow) -> bool:
    """Whether `window` comes back after `other`; one without a reset comes back last."""
    if other.resets_at is None:
        return False
    return window.resets_at is None or window.resets_at > other.resets_at
