"""What is worth a word: a quota running low, an account spent or back, a sign-in ending, the pool running dry. Pure.

An alert's key names the reset or the moment that it is about, so that each is told once and the next window may speak
again. Provider reset times differ by minutes between two answers: a key counts as told for the spans beside it too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from rota.account import Health
from rota.burn import RESET_JITTER_S
from rota.errors import Meaning
from rota.forecast import runway
from rota.pool.room import BURST_S, length_of
from rota.snapshot import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from rota.quota import QuotaWindow
    from rota.settings import AlertSettings
    from rota.snapshot import AccountState, Snapshot

SPAN_S = 1800.0
"""Two reset times no further apart than this are one reset."""
DAY_S = 86_400.0
NEWS_S = DAY_S
"""An account that came back longer ago than this is no news."""
NAMED = 3
"""As many alerts of a kind are told in full; of more, so many accounts are called by name."""
SPENT = frozenset({Meaning.LIMITED, Meaning.CREDITS_EXHAUSTED})
"""Holds that say the account has nothing left."""


class AlertKind(StrEnum):
    """What an alert is about, the most pressing first."""

    RUNWAY = "runway"
    SPENT = "spent"
    SIGN_IN = "sign-in"
    THRESHOLD = "threshold"
    SIGN_IN_ENDS = "sign-in-ends"
    BACK = "back"


_ORDER = list(AlertKind)
_TOGETHER = {
    AlertKind.SPENT: "accounts are spent",
    AlertKind.SIGN_IN: "accounts need a new sign-in",
    AlertKind.THRESHOLD: "quotas are running low",
    AlertKind.SIGN_IN_ENDS: "sign-ins end soon",
    AlertKind.BACK: "accounts are back",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell."""

    key: str
    kind: AlertKind
    text: str
    account_id: str | None = None
    """None: it is about the whole pool."""
    label: str = ""
    """The account's, fit to be printed anywhere."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Alerts of one kind, told in one breath."""

    kind: AlertKind
    text: str
    alerts: tuple[Alert, ...]


def due(
    before: Snapshot, after: Snapshot, settings: AlertSettings, now: float, tz: tzinfo | None = None
) -> tuple[Alert, ...]:
    """What came about between two looks and was told by nobody yet, the most pressing first.

    Args:
        before: as it was at the last look.
        after: as it is now, with the alerts that any process has raised.
        settings: what to speak up about.
        now: epoch seconds.
        tz: of the times in the texts; the machine's when None.
    """
    if not settings.enabled:
        return ()
    found: list[Alert] = []
    owed = _owed(after.alerts, now) if settings.spent else {}
    for state in after.listed():
        found += _of_account(before.account(state.id), state, after.alerts, settings, owed.get(state.id), now, tz)
    found += _of_pool(after, settings, now, tz)
    return tuple(sorted(found, key=lambda alert: _ORDER.index(alert.kind)))


def grouped(alerts: Iterable[Alert]) -> tuple[Telling, ...]:
    """The same in a few sentences: one for each kind, however many accounts it happened to."""
    return tuple(_together(kind, tuple(same)) for kind, same in groupby(alerts, key=lambda alert: alert.kind))


def quiet(hours: str, now: float, tz: tzinfo | None = None) -> bool:
    """Whether `now` lies in quiet hours such as `22:00-07:00`, by the clock on the wall."""
    if not hours:
        return False
    begin, end = (int(h) * 60 + int(m) for h, m in re.findall(r"(\d+):(\d+)", hours))
    local = datetime.fromtimestamp(now, tz)
    minute = local.hour * 60 + local.minute
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


# --- one account ------------------------------------------------------------------------------------------


def _of_account(
    before: AccountState | None,
    state: AccountState,
    told: Mapping[str, float],
    settings: AlertSettings,
    owed: int | None,
    now: float,
    tz: tzinfo | None,
) -> Iterator[Alert]:
    account, label = state.account, printable(state.account.label)

    def alert(key: str, kind: AlertKind, text: str) -> Alert:
        return Alert(key, kind, text, state.id, label)

    if settings.sign_in and account.enabled and account.health is Health.NEEDS_LOGIN:
        key = f"{AlertKind.SIGN_IN} {state.id} {state.stamps.get('health', NEVER)[0]:.0f}"
        if before is not None and before.account.health is not Health.NEEDS_LOGIN and key not in told:
            yield alert(key, AlertKind.SIGN_IN, f"{label} needs a new sign-in")
    if not state.usable():
        return
    if settings.spent:
        if _spent(state, now):
            back_at = _back_at(state, now)
            stem = f"{AlertKind.SPENT} {state.id}"
            if not (before is not None and _spent(before, now)) and not _was_told(told, stem, back_at or now):
                ending = f", back {_clock(back_at, now, tz)}" if back_at is not None else ""
                yield alert(_key(stem, back_at or now), AlertKind.SPENT, f"{label} is spent{ending}")
        elif owed is not None and state.held(now) is None:
            stem = f"{AlertKind.BACK} {state.id}"
            if not _was_told(told, stem, owed * SPAN_S):
                yield alert(f"{stem} {owed}", AlertKind.BACK, f"{label} is back")
    for window in state.windows.values():
        was = before.windows.get(window.key) if before is not None else None
        if was is None or (settings.spent and window.scope is None and window.spent(now)):
            continue
        passed = _passed(was, window, settings.thresholds, now)
        stem, at = f"{AlertKind.THRESHOLD} {state.id} {window.key}", _ends(window)
        higher = [t for t in settings.thresholds if passed is not None and t >= passed]
        if passed is None or any(_was_told(told, f"{stem} {t:g}", at) for t in higher):
            continue
        ending = f", resets {_clock(window.resets_at, now, tz)}" if window.resets_at is not None else ""
        used = int((window.utilization or 0.0) * 100 + 1e-9)
        text = f"{label} has used {used}% of {printable(window.label)}{ending}"
        yield alert(_key(f"{stem} {passed:g}", at), AlertKind.THRESHOLD, text)
    ends_at = account.login_expires_at
    if settings.sign_in_days and ends_at is not None and now < ends_at <= now + settings.sign_in_days * DAY_S:
        stem = f"{AlertKind.SIGN_IN_ENDS} {state.id}"
        if not _was_told(told, stem, ends_at):
            text = f"{label}'s sign-in ends {_clock(ends_at, now, tz)}"
            yield alert(_key(stem, ends_at), AlertKind.SIGN_IN_ENDS, text)


def _passed(was: QuotaWindow, window: QuotaWindow, thresholds: Sequence[float], now: float) -> float | None:
    """The highest threshold that a window has passed since it was seen last."""
    if not window.counts or window.utilization is None or window.expired(now) or length_of(window) <= BURST_S:
        return None
    renewed = was.expired(now) or (
        was.resets_at is not None
        and window.resets_at is not None
        and abs(window.resets_at - was.resets_at) > RESET_JITTER_S
    )
    if was.utilization is None and not renewed:
        return None
    began = 0.0 if renewed else was.utilization or 0.0
    return max((t for t in thresholds if began < t <= window.utilization), default=None)


def _spent(state: AccountState, now: float) -> bool:
    """Whether the whole account is known to have nothing left."""
    hold = state.held(now)
    return (hold is not None and hold.meaning in SPENT) or any(_spent_windows(state, now))


def _spent_windows(state: AccountState, now: float) -> list[QuotaWindow]:
    return [w for w in state.windows.values() if w.scope is None and w.spent(now) and length_of(w) > BURST_S]


def _back_at(state: AccountState, now: float) -> float | None:
    resets = [w.resets_at for w in _spent_windows(state, now) if w.resets_at is not None]
    hold = state.held(now)
    return max([*resets, hold.until] if hold is not None else resets, default=None)


def _owed(told: Mapping[str, float], now: float) -> dict[str, int]:
    """Accounts that were said to be spent, and the span of the reset that was named: their coming back is news."""
    owed: dict[str, int] = {}
    for key in told:
        kind, _, rest = key.partition(" ")
        if kind == AlertKind.SPENT:
            account_id, _, span = rest.rpartition(" ")
            if span.isdigit() and int(span) * SPAN_S > now - NEWS_S:
                owed[account_id] = max(int(span), owed.get(account_id, 0))
    return owed


# --- the pool ---------------------------------------------------------------------------------------------


def _of_pool(after: Snapshot, settings: AlertSettings, now: float, tz: tzinfo | None) -> Iterator[Alert]:
    ahead = settings.runway_minutes * 60
    if not ahead:
        return
    # An estimate moves: told once, it may not speak again before that warning has run out.
    if any(k.startswith(f"{AlertKind.RUNWAY} ") and now - at < ahead for k, at in after.alerts.items()):
        return
    future = runway(after.listed(), now)
    dry_at = future.dry.at if future is not None and future.dry is not None else None
    if future is None or dry_at is None or dry_at - now > ahead:
        return
    about = future.refilled or dry_at
    if _was_told(after.alerts, AlertKind.RUNWAY, about):
        return
    begin = f"The pool runs dry about {_clock(dry_at, now, tz)}" if dry_at > now else "The pool has run dry"
    ending = f", more {_clock(future.refilled, now, tz)}" if future.refilled is not None else ""
    yield Alert(_key(AlertKind.RUNWAY, about), AlertKind.RUNWAY, begin + ending)


# --- keys and words ---------------------------------------------------------------------------------------


def _key(stem: str, at: float) -> str:
    return f"{stem} {int(at // SPAN_S)}"


def _was_told(told: Mapping[str, float], stem: str, at: float) -> bool:
    return any(_key(stem, at + beside * SPAN_S) in told for beside in (-1, 0, 1))


def _ends(window: QuotaWindow) -> float:
    """When the window ends; one that does not say is taken to last the day."""
    return window.resets_at if window.resets_at is not None else (window.observed_at // DAY_S + 1) * DAY_S


def printable(text: str) -> str:
    """Foreign text without what could move a cursor or turn the line around."""
    return "".join(c for c in text if c.isprintable())


def _clock(at: float, now: float, tz: tzinfo | None) -> str:
    then, today = datetime.fromtimestamp(at, tz), datetime.fromtimestamp(now, tz)
    if then.date() == today.date():
        return then.strftime("%H:%M")
    near = then.date() - today.date() < timedelta(days=7)
    return then.strftime("%a %H:%M" if near else "%d %b %H:%M")


def _together(kind: AlertKind, alerts: tuple[Alert, ...]) -> Telling:
    if len(alerts) <= NAMED:
        return Telling(kind, "; ".join(alert.text for alert in alerts), alerts)
    names = list(dict.fromkeys(alert.label for alert in alerts))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return Telling(kind, f"{len(alerts)} {_TOGETHER[kind]}: {', '.join(names[:NAMED])}{more}", alerts)
