"""Everything known about one account, as lines: who it is, its quota, its work, why it is or is not next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from rota_tui.foreseeing import window_ahead
from rota_tui.formatting import HOUR, ago, clock, count, countdown, score, sparkline, usd
from rota_tui.pieces import Line, Piece, Tone, clean, pad
from rota_tui.widgets.quota_gauge import window_line
from rota_tui.wording import PAID_BY_USE, cause, joined, kind_of, organization_name, plan_of, provider_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rota.pool.strategy import Ranking
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState, Hold, Hour
    from rota_tui.holds import Past
    from rota_tui.pieces import Locale
    from rota_tui.wording import Reason

BLANK: Line = ()
_SPARK_HOURS = 24
_LABEL = 10
_CANDIDATES = 4
"""How many of those in line are listed."""
_BEHIND = ("near a limit", "held out")
"""What comes behind a score that is worse, in the pool's words."""
_HOLDS = 5
"""How many past cooldowns are listed."""


def heading(text: str) -> Line:
    return (Piece(text, Tone.QUIET),)


def who_lines(state: AccountState, why: Reason, now: float, locale: Locale) -> tuple[Line, ...]:
    """Identity, what state it is in and why, holds, and when its logins end."""
    account, sep, tz = state.account, locale.glyphs.sep, locale.tz
    kind = f"{provider_name(account.provider)} {kind_of(account)}"
    names = (account.email, organization_name(account.organization, account.email))
    known = [clean(text) for text in names if text and text != account.label]
    extra = f" {sep} {why.extra}" if why.extra else ""
    lines: list[Line] = [
        joined([Piece(clean(account.label), Tone.NAME), Piece(plan_of(account))], locale),
        (Piece(kind, Tone.QUIET),),
        *([(Piece(f" {sep} ".join(known), Tone.QUIET),)] if known else []),
        BLANK,
        (Piece(f"{why.dot(locale.glyphs)} {why.text}", why.tone), Piece(extra, Tone.QUIET)),
    ]
    if account.health_reason:
        lines.append((Piece(clean(account.health_reason)),))
    if state.hold is not None and state.hold.active(now):
        lines.append(_held("held", state.hold, now, locale))
    for model, hold in sorted(state.model_holds.items()):
        if hold.active(now):
            lines.append(_held(model, hold, now, locale))
    origin = "by sign-in" if account.origin == "login" else f"from {clean(account.origin)}"
    lines.append((Piece(f"added {clock(account.added_at, now, tz)} {origin}", Tone.QUIET),))
    facts: list[str] = []
    if account.reserve:
        facts.append("in reserve")
    if account.priority:
        facts.append(f"priority {account.priority}")
    if account.login_expires_at is not None:
        facts.append(f"sign-in ends {clock(account.login_expires_at, now, tz)}")
    if state.token_expires_at is not None:
        facts.append(f"token until {clock(state.token_expires_at, now, tz)}")
    if facts:
        lines.append((Piece(f" {sep} ".join(facts), Tone.QUIET),))
    return tuple(lines)


def _held(what: str, hold: Hold, now: float, locale: Locale) -> Line:
    strikes = f" {locale.glyphs.sep} strike {hold.strikes}" if hold.strikes > 1 else ""
    return (
        Piece(f"{clean(what)} ", Tone.PLAIN),
        Piece(countdown(hold.until - now), Tone.COOLING),
        Piece(f" {locale.glyphs.sep} {clean(hold.reason) or cause(hold.meaning)}{strikes}", Tone.QUIET),
    )


def quota_lines(
    state: AccountState, width: int, now: float, locale: Locale, ticks: Mapping[str, float]
) -> tuple[Line, ...]:
    """Every window, the whole account's first, then those of models, then those that only inform."""
    windows = sorted(state.windows.values(), key=_window_order)
    label = min(max((len(w.label) for w in windows), default=_LABEL), _LABEL + 6)
    lines: list[Line] = []
    for window in windows:
        lines.append(window_line(window, width, label, now, locale, ticks))
        if ahead := window_ahead(window, state, now, locale):
            lines.append((Piece(" " * (label + 1)), *ahead))
    if not lines:
        paid = state.account.kind in PAID_BY_USE
        lines = [(Piece("paid by use; limits show once it was used" if paid else "nothing known yet", Tone.QUIET),)]
    if state.poll is not None and state.poll.problem:
        told = f"last asked {ago(state.poll.at, now)}: {clean(state.poll.problem)}"
        lines.append((Piece(told, Tone.LOW),))
    return (heading("Quota"), *lines)


def _window_order(window: QuotaWindow) -> tuple[bool, bool, float, str]:
    return (not window.counts, window.scope is not None, window.length or 0.0, window.key)


def work_lines(state: AccountState, midnight: float, now: float, locale: Locale) -> tuple[Line, ...]:
    """What it served: a mark for each of the last hours, and today's figures."""
    sep = locale.glyphs.sep
    this_hour = int(now // HOUR)
    by_hour = {hour.hour: hour for hour in state.hours}
    served = [by_hour[h].requests if h in by_hour else 0 for h in range(this_hour - _SPARK_HOURS + 1, this_hour + 1)]
    today = [hour for hour in state.hours if (hour.hour + 1) * HOUR > midnight]
    facts = [f"{count(sum(hour.requests for hour in today))} today", *_today(today)]
    last = "never used" if state.last_used_at is None else f"last used {ago(state.last_used_at, now)}"
    return (
        heading(f"Last {_SPARK_HOURS} hours"),
        (Piece(sparkline(served, locale.glyphs), Tone.OK if any(served) else Tone.QUIET),),
        (Piece(f" {sep} ".join([*facts, last]), Tone.QUIET),),
    )


def _today(today: list[Hour]) -> list[str]:
    tokens, failures = sum(hour.tokens for hour in today), sum(hour.failures for hour in today)
    cost = sum(hour.cost_usd for hour in today)
    facts = [f"{count(tokens)} tokens"] if tokens else []
    if cost:
        facts.append(usd(cost))
    if failures:
        facts.append(f"{failures} failed")
    return facts


def why_lines(
    state: AccountState,
    ranking: Ranking,
    label: Callable[[str], str],
    strategy: str,
    width: int,
    now: float,
    locale: Locale,
) -> tuple[Line, ...]:
    """Why this account would or would not serve next, then the order of those that would, with their scores."""
    behind = [words for words in _BEHIND if any(words in candidate.reason for candidate in ranking.candidates)]
    last = f", {' or '.join(behind)} last" if behind else ""
    title = f"Next for {provider_name(state.account.provider)} {locale.glyphs.sep} {strategy}: low score first{last}"
    lines: list[Line] = [heading(title)]
    barred = ranking.why_not(state.id)
    if barred is not None:
        back = f", back {clock(barred.back_at, now, locale.tz)}" if barred.back_at is not None else ""
        lines.append(
            (Piece("not this one: ", Tone.SPENT if barred.lasting else Tone.COOLING), Piece(barred.reason + back))
        )
    elif ranking.chosen == state.id:
        lines.append((Piece("this one: ", Tone.ACTIVE), Piece(ranking.reason)))
    order = list(enumerate(ranking.candidates, start=1))
    shown = [entry for entry in order if entry[0] <= _CANDIDATES or entry[1].account_id == state.id]
    widest = max((cell_len(label(candidate.account_id)) for _, candidate in shown), default=0)
    name = min(widest, 16, max(8, width // 4))
    for place, candidate in shown:
        tone = Tone.NAME if candidate.account_id == state.id else Tone.PLAIN
        lines.append(
            (
                Piece(f"{place:>2} ", Tone.QUIET),
                Piece(pad(label(candidate.account_id), name, locale.glyphs), tone),
                Piece(f" {score(candidate.score, now, locale):>5} ", Tone.QUIET),
                Piece(f" {candidate.reason}", Tone.QUIET),
            )
        )
    if not order:
        lines.append((Piece(ranking.reason, Tone.QUIET),))
    return tuple(lines)


def past_lines(past: Sequence[Past], now: float, locale: Locale) -> tuple[Line, ...]:
    """The last cooldowns, the newest first: from when to when, why, and how they ended."""
    if not past:
        return ()
    sep, tz = locale.glyphs.sep, locale.tz
    lines: list[Line] = [heading("Cooldowns")]
    for hold in past[:_HOLDS]:
        running = hold.until > now
        times = f"{clock(hold.since, now, tz)} to {clock(hold.until, now, tz)}"
        what = f"{clean(hold.model)}: " if hold.model else ""
        parts = [f"{what}{clean(hold.why)}", *([f"strike {hold.strikes}"] if hold.strikes > 1 else [])]
        if hold.lifted:
            parts.append(clean(hold.lifted))
        lines.append(
            (
                Piece(f"{times}  ", Tone.COOLING if running else Tone.PLAIN),
                Piece(f" {sep} ".join(parts), Tone.QUIET),
            )
        )
    if len(past) > _HOLDS:
        lines.append((Piece(f"and {len(past) - _HOLDS} more before", Tone.QUIET),))
    return tuple(lines)
