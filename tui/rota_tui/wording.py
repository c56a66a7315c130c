"""What rota says about accounts, in words: one reason for a row, one line for the pool.

Pure functions of the core's values, `now` and a locale, for the app and the command line alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from rota.account import Health, Kind
from rota.errors import Meaning
from rota.quota import Unit, spent_until
from rota_tui.formatting import DAY, HOUR, LOW_FROM, amount, clock, countdown, counted, percent, span
from rota_tui.pieces import Line, Piece, Tone, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from rota.account import Account
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState, Hold, Snapshot
    from rota_tui.pieces import Glyphs, Locale

_LOGIN_WARNING = 3 * DAY
"""How long before a login ends its row says so."""

_CAUSES = {
    Meaning.LIMITED: "limited",
    Meaning.THROTTLED: "throttled",
    Meaning.MODEL_LIMITED: "model limited",
    Meaning.MODEL_UNAVAILABLE: "model unavailable",
    Meaning.CREDITS_EXHAUSTED: "credits spent",
    Meaning.LOGIN_DEAD: "login refused",
    Meaning.GATED: "needs you at the provider",
    Meaning.OVERLOADED: "provider overloaded",
    Meaning.NETWORK: "no connection",
    Meaning.REFUSED: "refused",
    Meaning.BAD_REQUEST: "bad request",
}

_BRIEF = {
    Meaning.LIMITED: "spent",
    Meaning.CREDITS_EXHAUSTED: "spent",
    Meaning.OVERLOADED: "overloaded",
    Meaning.NETWORK: "no network",
}
"""The causes that are longer than a narrow row."""

_KINDS = {
    Kind.API_KEY: "API key",
    Kind.SUBSCRIPTION: "subscription",
    Kind.CONSOLE_PROFILE: "Console profile",
    Kind.PUTER: "account",
    Kind.PUTER_GUEST: "guest",
}

PAID_BY_USE = {Kind.API_KEY, Kind.CONSOLE_PROFILE}
"""Any other kind without figures has a quota that is not known yet."""

WATCHED_ONLY = "watched only"

REMOVED = "removed account"

NAMED = 3
"""So many accounts are named in a row, the rest counted."""

PROVIDERS = {"anthropic": "Anthropic", "puter": "Puter"}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an account does or does not serve, in a few words."""

    text: str
    tone: Tone
    extra: str = ""
    """The same time told the other way, where there is room for it."""
    ticks: bool = False
    """Whether the text changes every second."""
    shorter: tuple[str, ...] = ()
    """The same for a narrow row, the longest first: when it is over matters more than what it is."""

    def dot(self, glyphs: Glyphs) -> str:
        """The mark before it: an empty one where nothing is to be done or awaited."""
        return glyphs.ring if self.tone is Tone.QUIET else glyphs.dot

    def line(self, width: int, glyphs: Glyphs) -> Line:
        """Mark and text for a row of this width; who is ready is told quietly."""
        dot, tone = f"{self.dot(glyphs)} ", Tone.QUIET if self.tone is Tone.OK else self.tone
        return (Piece(dot, self.tone), Piece(self.within(width - cell_len(dot)), tone))

    def within(self, width: int) -> str:
        """The text, or what of it fits into these cells."""
        return next((said for said in (self.text, *self.shorter) if cell_len(said) <= width), self.text)


def provider_name(provider: str) -> str:
    return PROVIDERS.get(provider, clean(provider))


def label_of(snapshot: Snapshot, account_id: str) -> str:
    """What an account is called; of one that was removed nothing is kept that could tell."""
    state = snapshot.accounts.get(account_id)
    if state is not None and state.removed:
        return REMOVED
    return state.account.label if state is not None and state.known else account_id


def listed(labels: Sequence[str]) -> str:
    """`work`, `work and spare`, `a, b, c and 4 more`."""
    if len(labels) > NAMED:
        return f"{', '.join(labels[:NAMED])} and {len(labels) - NAMED} more"
    return " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))


_DATED = re.compile(r"-20\d{6}$")


def short_model(model: str) -> str:
    """A model's name where lines are short: without its maker and its date, which the whole story tells."""
    return _DATED.sub("", clean(model).rpartition("/")[2])


def plan_of(account: Account) -> str:
    """What the person pays for: `Max 20x`, else what kind of login it is."""
    return clean(account.plan) if account.plan else _KINDS[account.kind]


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def organization_name(organization: str | None, email: str | None = None) -> str:
    """An organization as people call it; empty for one that has only a number, or is called after `email`."""
    if organization is None or _UUID.fullmatch(organization) or (email and organization.startswith(f"{email}'s ")):
        return ""
    return clean(organization)


def kind_of(account: Account) -> str:
    return kind_name(account.kind)


def kind_name(kind: Kind) -> str:
    return _KINDS[kind]


def cause(meaning: Meaning) -> str:
    """Why something is held, in two words."""
    return _CAUSES[meaning]


def reason(
    state: AccountState,
    now: float,
    tz: tzinfo | None,
    *,
    serving: int = 0,
    pinned: bool = False,
    watched: bool = False,
) -> Reason:
    """The one thing to know about an account now, the worst first.

    Args:
        serving: requests under way on it.
        pinned: it alone serves its provider.
        watched: it is shown, but no request is sent through it (`watched_kinds`).
    """
    account = state.account
    if not account.enabled:
        return Reason("off", Tone.QUIET)
    match account.health:
        case Health.NEEDS_LOGIN:
            return Reason("sign in again", Tone.SPENT)
        case Health.SUSPENDED:
            return Reason("suspended by the provider", Tone.SPENT)
        case Health.GATED:
            return Reason("needs you at the provider", Tone.SPENT)
        case Health.READY:
            pass
    if (hold := state.held(now)) is not None:
        why = hold_cause(state, hold, now)
        return _until(why, hold.until, now, tz, _BRIEF.get(hold.meaning, why))
    if (back := spent_until(state.windows.values(), None, now)) is not None:
        return _until(f"{_spent_label(state, now)} spent", back, now, tz, "spent")
    if serving:
        return Reason(f"serving {serving}", Tone.ACTIVE)
    return _ready(state, now, tz, pinned=pinned, watched=watched)


def watched_kinds(*, route_subscriptions: bool) -> frozenset[Kind]:
    """The kinds of account whose quota is shown but that no request goes through (DESIGN section 7)."""
    return frozenset() if route_subscriptions else frozenset({Kind.SUBSCRIPTION})


def _ready(state: AccountState, now: float, tz: tzinfo | None, *, pinned: bool, watched: bool) -> Reason:
    account = state.account
    if account.login_expires_at is not None and account.login_expires_at - now < _LOGIN_WARNING:
        if account.login_expires_at <= now:
            return Reason("sign in again", Tone.SPENT)
        return Reason(f"sign-in ends {clock(account.login_expires_at, now, tz)}", Tone.LOW)
    low = tightest(state.windows.values(), now)
    if low is not None and low.utilization is not None and low.utilization >= LOW_FROM:
        return Reason(f"{clean(low.label)} {percent(low.headroom(now))} left", Tone.LOW)
    if watched:
        return Reason(WATCHED_ONLY, Tone.QUIET)
    held = sum(hold.active(now) for hold in state.model_holds.values())
    if held:
        return Reason(f"ready, {held} model{'s' * (held > 1)} cooling", Tone.OK)
    if pinned:
        return Reason("ready, pinned", Tone.OK)
    return Reason("held in reserve", Tone.QUIET) if account.reserve else Reason("ready", Tone.OK)


def _until(why: str, until: float, now: float, tz: tzinfo | None, brief: str) -> Reason:
    left = until - now
    soon = left < HOUR
    back = f"back in {countdown(left)}" if soon else f"back {clock(until, now, tz)}"
    extra = clock(until, now, tz) if soon else span(left)
    return Reason(f"{why}, {back}", Tone.COOLING, extra, ticks=soon, shorter=(f"{brief}, {back}", back))


def hold_cause(state: AccountState, hold: Hold, now: float) -> str:
    """What an account is held for: the spent window by name when there is one."""
    if hold.meaning is Meaning.LIMITED and (label := _spent_label(state, now)):
        return f"{label} spent"
    return cause(hold.meaning)


def _spent_label(state: AccountState, now: float) -> str:
    spent = [w for w in state.windows.values() if w.scope is None and w.spent(now)]
    longest = max(spent, key=lambda w: (w.resets_at or 0.0, w.key), default=None)
    return clean(longest.label) if longest is not None else ""


def tightest(windows: Iterable[QuotaWindow], now: float) -> QuotaWindow | None:
    """The fullest known window of the whole account."""
    known = [w for w in windows if w.counts and w.scope is None and w.headroom(now) is not None]
    return max(known, key=lambda w: (w.utilization or 0.0, w.key), default=None)


BY_THE_MINUTE = ("requests", "tokens")
"""How the keys end of windows that are full again a moment after they were seen: nobody has to ask."""

REFILLED = "refilled"


def refilled(window: QuotaWindow, now: float) -> bool:
    """Whether a limit by the minute is over. What shows all windows says so; elsewhere it is worth no word."""
    return window.key.endswith(BY_THE_MINUTE) and window.expired(now)


def figure(window: QuotaWindow) -> str:
    """What is used, of how much, in the window's own unit; empty when only the share is known."""
    if window.unit is Unit.PERCENT or (window.used is None and window.limit is None):
        return ""
    unit = {Unit.REQUESTS: " requests", Unit.TOKENS: " tokens", Unit.CREDITS: " credits"}.get(window.unit, "")
    if window.used is None:
        return f"of {amount(window.limit or 0.0, window.unit)}{unit}"
    if window.limit is None:
        return f"{amount(window.used, window.unit)}{unit}"
    return f"{amount(window.used, window.unit)} of {amount(window.limit, window.unit)}{unit}"


class Pool(NamedTuple):
    """How many accounts there are in each state."""

    accounts: int
    ready: int
    cooling: int
    signing: int
    """Those that need a person."""
    watching: int
    off: int
    soonest: float | None
    """When the first of the cooling ones is back."""


def pool_of(snapshot: Snapshot, now: float, watched: frozenset[Kind] = frozenset()) -> Pool:
    """The whole pool in figures."""
    listed = snapshot.listed()
    ready = cooling = signing = off = watching = 0
    soonest: float | None = None
    for state in listed:
        if not state.account.enabled:
            off += 1
        elif state.account.health is not Health.READY:
            signing += 1
        elif (back := back_at(state, now)) is not None:
            cooling += 1
            soonest = back if soonest is None else min(soonest, back)
        elif state.account.kind in watched:
            watching += 1
        else:
            ready += 1
    return Pool(len(listed), ready, cooling, signing, watching, off, soonest)


def pool_line(pool: Pool, now: float, locale: Locale) -> Line:
    """The whole pool in words: `5 accounts · 3 ready · 1 cooling 04:12 · 1 needs you`."""
    parts = [Piece(counted(pool.accounts, "account"), Tone.NAME)]
    if pool.accounts:
        parts.append(Piece(f"{pool.ready} ready", Tone.OK if pool.ready else Tone.SPENT))
    if pool.cooling and pool.soonest is not None:
        parts.append(Piece(f"{pool.cooling} cooling {countdown(pool.soonest - now)}", Tone.COOLING))
    if pool.signing:
        parts.append(Piece(f"{pool.signing} need{'s' * (pool.signing == 1)} you", Tone.SPENT))
    if pool.watching:
        parts.append(Piece(f"{pool.watching} watched only", Tone.QUIET))
    if pool.off:
        parts.append(Piece(f"{pool.off} off", Tone.QUIET))
    return joined(parts, locale)


def back_at(state: AccountState, now: float) -> float | None:
    if (hold := state.held(now)) is not None:
        return hold.until
    return spent_until(state.windows.values(), None, now)


def joined(parts: Iterable[Piece], locale: Locale) -> Line:
    """Pieces with a quiet dot between them."""
    line: list[Piece] = []
    for part in parts:
        if line:
            line.append(Piece(f" {locale.glyphs.sep} ", Tone.QUIET))
        line.append(part)
    return tuple(line)
