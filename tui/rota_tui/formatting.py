"""How times, numbers and gauges read: pure functions of a value, `now` and a time zone.

Nothing here knows the screen or the core's state: what is said about accounts is in `wording.py`, about events in
`telling.py`.
"""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from rota.quota import Unit
from rota_tui.pieces import Piece, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from rota_tui.pieces import Glyphs, Line, Locale

MINUTE = 60
HOUR = 3600
DAY = 86_400

LOW_FROM = 0.8
"""Used share from which a window counts as low."""

UNKNOWN = "?"


# --- time -------------------------------------------------------------------------------------------------


def countdown(seconds: float) -> str:
    """Time left to the second below an hour (`04:12`), coarser above (`2h 47m`, `3d 4h`)."""
    left = max(0, math.ceil(seconds))
    if left < HOUR:
        return f"{left // 60:02d}:{left % 60:02d}"
    return span(left)


def span(seconds: float) -> str:
    """A stretch of time to the minute: `<1m`, `47m`, `2h 47m`, `3d 4h`. Calm: it moves once a minute."""
    left = max(0.0, seconds)
    if left < MINUTE:
        return "<1m"
    days, hours, minutes = int(left // DAY), int(left % DAY // HOUR), int(left % HOUR // MINUTE)
    if days:
        return f"{days}d {hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m"


def clock(at: float, now: float, tz: tzinfo | None) -> str:
    """A moment as people say it: `20:39` within half a day, `Thu 09:00` within a week, else `1 Dec`."""
    return _clock(at, now - now % MINUTE, tz)


@lru_cache(maxsize=1024)
def _clock(at: float, now: float, tz: tzinfo | None) -> str:
    """Worked out once a minute: a screen of countdowns says it each second for every row."""
    then, today = _local(at, tz), _local(now, tz)
    if then.date() == today.date() or abs(at - now) < DAY / 2:
        return f"{then:%H:%M}"
    if abs((then.date() - today.date()).days) < 7:
        return f"{then:%a %H:%M}"
    return _date(then, today)


def from_to(since: float, until: float, now: float, tz: tzinfo | None) -> str:
    """A stretch of time: `16:14 to 21:14` of today, `Sun 29 Nov 16:14 to Mon 30 Nov 16:14` of other days."""
    begin, end = _local(since, tz), _local(until, tz)
    if begin.date() != end.date():
        return f"{_day(begin)} {begin:%H:%M} to {_day(end)} {end:%H:%M}"
    day = "" if begin.date() == _local(now, tz).date() else f"{_day(begin)} "
    return f"{day}{begin:%H:%M} to {end:%H:%M}"


def clock_short(at: float, now: float, tz: tzinfo | None) -> str:
    """A moment in at most six cells: `20:39`, `Thu`, `1 Dec`."""
    then, today = _local(at, tz), _local(now, tz)
    if then.date() == today.date() or abs(at - now) < DAY / 2:
        return f"{then:%H:%M}"
    if abs((then.date() - today.date()).days) < 7:
        return f"{then:%a}"
    return f"{then.day} {then:%b}"


def stamp(at: float, tz: tzinfo | None) -> str:
    """The time of day to the second, for logs."""
    return f"{_local(at, tz):%H:%M:%S}"


def dated_stamp(at: float, tz: tzinfo | None) -> str:
    """The day and the time to the second: `Fri 15 Jan, 12:00:00`."""
    return f"{_day(_local(at, tz))}, {stamp(at, tz)}"


def when(at: float, now: float, locale: Locale) -> str:
    """A moment ahead, both ways: `2h 47m · 20:39`."""
    return f"{span(at - now)} {locale.glyphs.sep} {clock(at, now, locale.tz)}"


def age(seconds: float) -> str:
    """How old something is, in at most four cells: `now`, `6m`, `3h`, `12d`."""
    if seconds < MINUTE:
        return "now"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)}m"
    if seconds < 2 * DAY:
        return f"{int(seconds // HOUR)}h"
    return f"{int(seconds // DAY)}d"


def ago(at: float, now: float) -> str:
    """`just now`, `6m ago`."""
    return "just now" if now - at < MINUTE else f"{age(now - at)} ago"


def took(seconds: float) -> str:
    """A short duration: `0.4 s`, `12 s`, `3m`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 2 * MINUTE else span(seconds)


def _local(at: float, tz: tzinfo | None) -> datetime:
    """A moment in the person's zone; one beyond the calendar (a broken answer) is its nearest end."""
    try:
        return datetime.fromtimestamp(at, tz)
    except (OverflowError, ValueError, OSError):
        return datetime(9999 if at > 0 else 1970, 1, 1, tzinfo=tz)


def _day(then: datetime) -> str:
    return f"{then:%a} {then.day} {then:%b}"


def _date(then: datetime, today: datetime) -> str:
    day = f"{then.day} {then:%b}"
    return day if then.year == today.year or abs((then - today).days) < 180 else f"{day} {then.year}"


# --- numbers ----------------------------------------------------------------------------------------------


def percent(share: float | None) -> str:
    """A used share in at most four cells; never `100%` before it is, never `0%` when it has begun."""
    if share is None or math.isnan(share):
        return UNKNOWN
    if share <= 0:
        return "0%"
    if share < 0.005:
        return "<1%"
    if share < 1:
        return f"{min(99, round(share * 100))}%"
    return f"{min(999, math.floor(share * 100))}%"


def count(number: float) -> str:
    """A number in at most five cells: `184`, `1.2k`, `40k`, `3.4M`."""
    size = abs(number)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= limit * 0.9995:
            scaled = number / limit
            return f"{scaled:.1f}".removesuffix(".0") + unit if abs(scaled) < 9.95 else f"{scaled:.0f}{unit}"
    return f"{number:.0f}"


def counted(number: int, noun: str) -> str:
    """`1 model`, `18 models`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def usd(dollars: float) -> str:
    """Money: `$12.40`; below a cent with the digits that say something."""
    if dollars == 0 or abs(dollars) >= 0.01:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}".rstrip("0") if abs(dollars) >= 0.00005 else "<$0.0001"


def amount(value: float, unit: Unit) -> str:
    """A window's figure in its own unit."""
    match unit:
        case Unit.MICROCENTS:
            return usd(value / 1e8)
        case Unit.USD_CENTS:
            return usd(value / 100)
        case Unit.PERCENT:
            return percent(value)
        case Unit.REQUESTS | Unit.TOKENS | Unit.CREDITS:
            return count(value)


_MOMENTS, _NEVER = 1e9, 1e11
"""A score from here on is a moment (epoch seconds), from there on one that never comes."""


def score(value: float, now: float, locale: Locale) -> str:
    """A strategy's figure: shares and places as numbers, moments as the time of day."""
    if not value < _NEVER:
        return locale.glyphs.absent
    if value >= _MOMENTS:
        return clock_short(value, now, locale.tz)
    return f"{round(value, 2) + 0.0:.2f}" if abs(value) < 100 else f"{value:.0f}"


# --- gauges -----------------------------------------------------------------------------------------------


def tone_of(share: float | None) -> Tone:
    """The tone of a used share."""
    if share is None or math.isnan(share):
        return Tone.QUIET
    if share >= 1:
        return Tone.SPENT
    return Tone.LOW if share >= LOW_FROM else Tone.OK


def gauge(
    share: float | None, width: int, glyphs: Glyphs, tick: float | None = None, tone: Tone | None = None
) -> Line:
    """A used share as a bar of exactly `width` cells, to half a cell; `tick` marks where rota moves on.

    Filled and empty differ in shape, so that it reads without colour. Empty only at 0, full only from 1.
    """
    if width <= 0:
        return ()
    if share is None or math.isnan(share):
        return (Piece(glyphs.unknown * width, Tone.QUIET),)
    halves = 2 * width
    # Clamped before it is multiplied: a broken answer may hold any number.
    filled = 0 if share <= 0 else halves if share >= 1 else max(1, min(halves - 1, round(share * halves)))
    whole, half = divmod(filled, 2)
    cells = glyphs.full * whole + glyphs.half * half + glyphs.empty * (width - whole - half)
    at = None if tick is None else min(width - 1, max(0, int(tick * width)))
    if at is not None:
        mark = glyphs.tick_full if at < whole else glyphs.tick_empty
        cells = cells[:at] + mark + cells[at + 1 :]
    lit, rest = cells[: whole + half], cells[whole + half :]
    bar = (Piece(lit, tone or tone_of(share)), Piece(rest, Tone.QUIET))
    return tuple(piece for piece in bar if piece.text)


def sparkline(values: Sequence[float], glyphs: Glyphs) -> str:
    """Heights of one cell each, the tallest value full; nothing at all is the lowest mark."""
    top = max(values, default=0.0)
    steps = len(glyphs.sparks) - 1
    if top <= 0:
        return glyphs.sparks[0] * len(values)
    return "".join(glyphs.sparks[0 if v <= 0 else max(1, round(v / top * steps))] for v in values)
