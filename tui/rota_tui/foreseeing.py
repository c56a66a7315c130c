"""The forecast in words: how long the pool lasts, how fast a window is used. What is reckoned begins with ≈.

It comes with the forecast, so the first frame does without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.forecast import AHEAD_S, endless, outlook, runway
from rota.pool.room import BURST_S, length_of
from rota_tui.formatting import DAY, HOUR, clock, percent
from rota_tui.pieces import Line, Piece, Tone, clean, width_of
from rota_tui.wording import PAID_BY_USE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.forecast import Estimate, Outlook, Runway
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState
    from rota_tui.pieces import Locale

SOON_S = 30 * 60.0
"""A pool that lasts no longer than this is told in the colour of a low quota."""
LEAST_SHARE = 0.005
"""A pace below half a percent an hour is told by the day."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """The pool's future, and who is left when every quota is spent."""

    runway: Runway | None
    """Of the accounts that have a quota; None when none of them may serve."""
    after: tuple[str, ...] = ()
    """Labels of the accounts that are paid by use and have nothing that could run out."""


def look_ahead(states: Sequence[AccountState], now: float) -> Ahead:
    """Reckon how long the quotas last at the present pace; a tenth of a second at 200 accounts."""
    usable = [state for state in states if state.usable()]
    paid_by_use = [state for state in usable if state.account.kind in PAID_BY_USE and endless(state)]
    after = [state for state in paid_by_use if state.held(now) is None]
    limited = [state for state in usable if not endless(state)]
    return Ahead(runway(limited, now), tuple(state.account.label for state in after))


def runway_line(ahead: Ahead, now: float, locale: Locale, width: int) -> Line:
    """`≈ pool lasts until 16:40 at this pace (15:50 to 18:20) · +1 account 17:05`, as much as fits."""
    found, glyphs = ahead.runway, locale.glyphs
    if found is None:
        return ()
    what = "quotas last" if ahead.after else "pool lasts"
    spare = ""
    if found.dry is None:
        told = Piece(f"{glyphs.about} {what}: too little seen to say", Tone.QUIET)
    elif found.dry.at is None:
        told = Piece(f"{glyphs.about} {what} beyond this week at this pace", Tone.QUIET)
    elif found.dry.at <= now:
        told = Piece("every quota is spent now" if ahead.after else "the pool is spent now", Tone.SPENT)
    else:
        tone = Tone.LOW if found.dry.at - now <= SOON_S else Tone.PLAIN
        told = Piece(f"{glyphs.about} {what} until {clock(found.dry.at, now, locale.tz)} at this pace", tone)
        spare = _range(found.dry, now, locale)
    room = width - width_of([told])
    kept = {0: told}
    for place, text in ((2, _more(found, now, locale)), (3, _then(ahead.after, locale)), (1, spare)):
        piece = Piece(text, Tone.QUIET)
        if text and width_of([piece]) <= room:
            kept[place] = piece
            room -= width_of([piece])
    return tuple(kept[place] for place in sorted(kept))


def _then(after: Sequence[str], locale: Locale) -> str:
    """Who goes on when every quota is spent."""
    if not after:
        return ""
    rest = f" +{len(after) - 1}" if len(after) > 1 else ""
    return f" {locale.glyphs.sep} then {clean(after[0])}{rest}"


def _more(found: Runway, now: float, locale: Locale) -> str:
    if found.more_at is None or not now < found.more_at <= now + AHEAD_S:
        return ""
    many = f"+{len(found.more)} account{'s' * (len(found.more) > 1)}"
    return f" {locale.glyphs.sep} {many} {clock(found.more_at, now, locale.tz)}"


def _range(estimate: Estimate, now: float, locale: Locale) -> str:
    """From when to when it may be, in brackets; the later end may be open."""
    if estimate.earliest is None:
        return ""
    earliest = clock(estimate.earliest, now, locale.tz)
    if estimate.latest is None:
        return f" ({earliest} or later)"
    latest = clock(estimate.latest, now, locale.tz)
    return f" ({earliest} to {latest})" if earliest != latest else ""


def window_ahead(window: QuotaWindow, state: AccountState, now: float, locale: Locale) -> Line:
    """A window's pace and end: `≈ 12% an hour · spent 16:40 (15:50 to 18:20)`; empty while too little is known."""
    if not window.counts or window.utilization is None or length_of(window) <= BURST_S or window.spent(now):
        return ()
    seen = outlook(window, state.history.get(window.key, ()), now)
    if seen.burn is None:
        return ()
    parts = [f"{locale.glyphs.about} {_pace(seen.burn.rate)}", *_end(seen, now, locale)]
    runs_out = seen.runs_out is not None and seen.runs_out.at is not None
    return (Piece(f" {locale.glyphs.sep} ".join(parts), Tone.LOW if runs_out else Tone.QUIET),)


def _pace(rate: float) -> str:
    """A share a second as people say it."""
    if rate <= 0:
        return "idle"
    if rate * HOUR >= LEAST_SHARE:
        return f"{percent(rate * HOUR)} an hour"
    return f"{percent(rate * DAY)} a day"


def _end(seen: Outlook, now: float, locale: Locale) -> list[str]:
    """When it is spent, or how much of it will be used when it resets."""
    if seen.runs_out is not None and seen.runs_out.at is not None:
        return [f"spent {clock(seen.runs_out.at, now, locale.tz)}{_range(seen.runs_out, now, locale)}"]
    told = [f"{percent(seen.at_reset)} at the reset"] if seen.at_reset is not None else []
    if seen.runs_out is not None and seen.runs_out.earliest is not None:
        told.append(f"spent {clock(seen.runs_out.earliest, now, locale.tz)} at the earliest")
    return told
