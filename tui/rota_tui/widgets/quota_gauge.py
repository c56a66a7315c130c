"""A quota window as a gauge with its text: the cell of a table, the line of a detail, and a widget of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from textual.reactive import reactive

from rota_tui.formatting import HOUR, MINUTE, age, clock_short, gauge, percent, span, tone_of, when
from rota_tui.pieces import UNICODE, Line, Piece, Tone, pad
from rota_tui.widgets.lines_view import LinesView
from rota_tui.wording import REFILLED, figure, refilled

if TYPE_CHECKING:
    from rota.quota import QuotaWindow
    from rota_tui.pieces import Glyphs, Locale

Ticks: TypeAlias = Mapping[str, float]
"""The used share at which rota moves on, by window key."""

OLD_AFTER = 15 * MINUTE
"""Age from which a figure is dimmed."""

_PERCENT = 4
_RESET = 6
_BOTH_WAYS = 18
"""Cells of `2h 47m · Thu 09:00`."""
_SOURCE = 11
"""Cells of `headers 42m`."""


def used_share(window: QuotaWindow, now: float) -> float | None:
    """The used share as far as it is still known."""
    if window.expired(now):
        return None
    if window.utilization is None and window.used is not None and window.limit:
        return window.used / window.limit
    return window.utilization


def window_tone(window: QuotaWindow, now: float) -> Tone:
    """The tone of a window; what the provider rejects is spent, whatever the share says."""
    return Tone.SPENT if window.spent(now) else tone_of(used_share(window, now))


def tick_of(window: QuotaWindow | None, ticks: Ticks) -> float | None:
    """Where rota moves on, for windows that stop it."""
    return ticks.get(window.key.partition(":")[0]) if window is not None and window.counts else None


def gauge_cell(
    window: QuotaWindow | None, bar: int, now: float, locale: Locale, ticks: Ticks, *, reset: bool
) -> Line:
    """Bar, percent and (where there is room) the reset, in a fixed width. None is a window never seen."""
    share = used_share(window, now) if window is not None else None
    old = window is None or share is None or now - window.observed_at > OLD_AFTER
    tone = window_tone(window, now) if window is not None else None
    line = (
        *gauge(share, bar, locale.glyphs, tick_of(window, ticks), tone),
        Piece(f" {percent(share):>{_PERCENT}}", Tone.QUIET if old else Tone.PLAIN),
    )
    if not reset:
        return line
    at = window.resets_at if window is not None and share is not None else None
    return (*line, Piece(f" {clock_short(at, now, locale.tz) if at is not None else '':<{_RESET}}", Tone.QUIET))


def cell_width(bar: int, *, reset: bool) -> int:
    """The width that `gauge_cell` fills."""
    return bar + 1 + _PERCENT + (1 + _RESET if reset else 0)


def window_line(window: QuotaWindow, width: int, label: int, now: float, locale: Locale, ticks: Ticks) -> Line:
    """A window with everything known about it: bar, percent, reset both ways, source and age, figures."""
    share = used_share(window, now)
    words = figure(window)
    bar = max(4, min(24, width - label - 1 - _PERCENT - 1 - 2 - _BOTH_WAYS - 2 - _SOURCE))
    asked = share is not None or (window.counts and not refilled(window, now))
    return (
        Piece(pad(window.label, label, locale.glyphs) + " ", Tone.PLAIN if window.counts else Tone.QUIET),
        *gauge(share, bar, locale.glyphs, tick_of(window, ticks), window_tone(window, now)),
        Piece(f" {percent(share) if asked else locale.glyphs.absent:>{_PERCENT}}  "),
        Piece(f"{_reset(window, now, locale) or words:<{_BOTH_WAYS}}  "),
        Piece(f"{window.source} {age(now - window.observed_at)}", Tone.QUIET),
        Piece(f"  {words}" if words and window.resets_at is not None else "", Tone.QUIET),
    )


def _reset(window: QuotaWindow, now: float, locale: Locale) -> str:
    if refilled(window, now):
        return REFILLED
    if window.length is not None and window.length < HOUR:
        return f"refills in {span(window.length)}"
    if window.resets_at is None:
        return ""
    return "reset since" if window.expired(now) else when(window.resets_at, now, locale)


class QuotaGauge(LinesView):
    """One share as a bar as wide as the widget."""

    DEFAULT_CSS = "QuotaGauge { height: 1; width: 1fr; }"

    share: reactive[float | None] = reactive(None, layout=False)

    def __init__(
        self,
        share: float | None = None,
        *,
        tone: Tone | None = None,
        tick: float | None = None,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.set_reactive(QuotaGauge.share, share)
        self._tone = tone
        self._tick = tick
        self._glyphs = glyphs

    def lines(self, width: int) -> tuple[Line, ...]:
        return (gauge(self.share, width, self._glyphs, self._tick, self._tone),)
