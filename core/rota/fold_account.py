"""`fold_account`: what one fact does to the state of the account it is about.

Every fact is a register named in `AccountState.stamps`; the newest stamp decides it. An account that is not known
yet collects facts all the same. Removal is final: it leaves a bare tombstone that nothing changes.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from rota.account import Health
from rota.events import (
    AccountAdded,
    AccountDescribed,
    AccountDisabled,
    AccountEnabled,
    AccountLabelled,
    AccountPrioritized,
    AccountRemoved,
    AccountRenewed,
    AccountReordered,
    AccountReserved,
    AttemptFailed,
    CooldownLifted,
    CooldownStarted,
    HealthChanged,
    QuotaObserved,
    RefreshFailed,
    RequestFailed,
    RequestServed,
    RequestStarted,
    TokenRefreshed,
    UsagePolled,
)
from rota.quota import newest, sample_width
from rota.snapshot import NEVER, AccountState, Hold, Hour, Poll, Sample, placeholder

if TYPE_CHECKING:
    # The type checker knows what dataclasses.replace takes; ours does the same, faster.
    from dataclasses import replace

    from rota.account import Account, Identity
    from rota.quota import QuotaWindow
    from rota.snapshot import Stamp
else:
    from rota.replacing import replace

AccountFact: TypeAlias = (
    RequestStarted
    | RequestServed
    | QuotaObserved
    | AttemptFailed
    | UsagePolled
    | RequestFailed
    | CooldownStarted
    | CooldownLifted
    | TokenRefreshed
    | RefreshFailed
    | HealthChanged
    | AccountAdded
    | AccountRenewed
    | AccountDescribed
    | AccountLabelled
    | AccountEnabled
    | AccountDisabled
    | AccountReserved
    | AccountReordered
    | AccountPrioritized
    | AccountRemoved
)

HOURS_KEPT = 48
SAMPLES_KEPT = 24

_GIVEN = {
    "origin": ("provider", "added_at", "origin"),
    "identity": ("identity", "kind"),
    "email": ("email",),
    "plan": ("plan",),
    "organization": ("organization",),
    "label": ("label",),
    "enabled": ("enabled",),
    "reserve": ("reserve",),
    "priority": ("priority",),
    "position": ("position",),
    "health": ("health", "health_reason"),
    "login": ("login_expires_at",),
}
"""What `AccountAdded` says, by the fact that decides it."""


def fold_account(state: AccountState, event: AccountFact) -> AccountState:
    """The account after the fact; the same one when the fact changes nothing."""
    if state.removed:
        return state
    stamp = event.at, event.id
    match event:
        case RequestStarted():
            return replace(state, last_used_at=_later(state.last_used_at, event.at))
        case RequestServed():
            return _served(state, event)
        case QuotaObserved():
            return _observed(state, event)
        case AttemptFailed() | RequestFailed():
            return replace(state, hours=_counted(state.hours, event.at, failures=1))
        case UsagePolled():
            poll = Poll(event.at, event.next_at, event.problem, event.blocked_at)
            return _decide(state, "poll", stamp, poll=poll)
        case CooldownStarted():
            return _cooled(state, event)
        case CooldownLifted():
            if event.model is None:
                return _decide(state, "hold", stamp, hold=None)
            return _decide(state, f"hold:{event.model}", stamp, model_holds=state.model_holds.discard(event.model))
        case TokenRefreshed():
            state = _decide(state, "token", stamp, token_expires_at=event.expires_at, fingerprint=event.fingerprint)
            if event.login_expires_at is not None:
                state = _describe(state, "login", stamp, login_expires_at=event.login_expires_at)
            return _describe(state, "health", stamp, health=Health.READY, health_reason="")
        case RefreshFailed():
            if not event.permanent:
                return state
            return _describe(state, "health", stamp, health=Health.NEEDS_LOGIN, health_reason=event.reason)
        case HealthChanged():
            return _describe(state, "health", stamp, health=event.health, health_reason=event.reason)
        case AccountAdded():
            return _added(state, event.account, stamp)
        case AccountRenewed():
            state = _decide(state, "token", stamp, token_expires_at=None, fingerprint=None)
            state = _decide(state, "poll", stamp, poll=None)  # what the old login was told does not hold for this one
            state = _describe(state, "login", stamp, login_expires_at=event.login_expires_at)
            state = _describe(state, "health", stamp, health=Health.READY, health_reason="")
            return _identified(state, event.identity, stamp)
        case AccountDescribed():
            return _identified(state, event.identity, stamp)
        case AccountLabelled():
            return _describe(state, "label", stamp, label=event.label)
        case AccountEnabled():
            return _describe(state, "enabled", stamp, enabled=True)
        case AccountDisabled():
            return _describe(state, "enabled", stamp, enabled=False)
        case AccountReserved():
            return _describe(state, "reserve", stamp, reserve=event.reserve)
        case AccountReordered():
            return _describe(state, "position", stamp, position=event.position)
        case AccountPrioritized():
            return _describe(state, "priority", stamp, priority=event.priority)
        case AccountRemoved():
            return replace(placeholder(state.id), removed=True)
        case _:
            assert_never(event)


# --- registers --------------------------------------------------------------------------------------------


def _decide(state: AccountState, fact: str, stamp: Stamp, **values: Any) -> AccountState:
    """Set fields of the state, unless a newer fact decided them."""
    if stamp <= state.stamps.get(fact, NEVER):
        return state
    return replace(state, stamps=state.stamps.insert(fact, stamp), **values)


def _describe(state: AccountState, fact: str, stamp: Stamp, **values: Any) -> AccountState:
    """Set fields of the account itself, unless a newer fact decided them."""
    if stamp <= state.stamps.get(fact, NEVER):
        return state
    return replace(state, stamps=state.stamps.insert(fact, stamp), account=replace(state.account, **values))


def _added(state: AccountState, given: Account, stamp: Stamp) -> AccountState:
    for fact, names in _GIVEN.items():
        state = _describe(state, fact, stamp, **{name: getattr(given, name) for name in names})
    return replace(state, known=True)


def _identified(state: AccountState, identity: Identity, stamp: Stamp) -> AccountState:
    """Take what the provider said; what it left out is unknown, not gone."""
    state = _describe(state, "identity", stamp, identity=identity.key, kind=identity.kind)
    for fact in ("email", "plan", "organization"):
        if (said := getattr(identity, fact)) is not None:
            state = _describe(state, fact, stamp, **{fact: said})
    return state


def _later(known: float | None, at: float) -> float:
    return at if known is None or at > known else known


# --- holds ------------------------------------------------------------------------------------------------


def _cooled(state: AccountState, event: CooldownStarted) -> AccountState:
    """Hold the account or one model of it, and count its consecutive limits: a request served since ends the row."""
    stamp = event.at, event.id
    hold = Hold(event.until, event.meaning, event.reason, event.at, event.strikes, event.model)
    if event.model is not None:
        return _decide(state, f"hold:{event.model}", stamp, model_holds=state.model_holds.insert(event.model, hold))
    ended = state.last_served_at is not None and state.last_served_at > event.at
    state = _decide(state, "hold", stamp, hold=hold)
    return _decide(state, "strikes", stamp, strikes=0 if ended else event.strikes)


# --- use --------------------------------------------------------------------------------------------------


def _served(state: AccountState, event: RequestServed) -> AccountState:
    served_at = _later(state.last_served_at, event.at)
    strikes = state.strikes
    if strikes and served_at > state.stamps.get("strikes", NEVER)[0]:
        strikes = 0
    tokens = event.input_tokens + event.output_tokens
    cost = event.cost_usd if event.cost_usd is not None and isfinite(event.cost_usd) else 0.0
    return replace(
        state,
        last_used_at=_later(state.last_used_at, event.at),
        last_served_at=served_at,
        strikes=strikes,
        hours=_counted(state.hours, event.at, requests=1, tokens=tokens, nano_usd=round(cost * 1e9)),
    )


def _counted(
    hours: tuple[Hour, ...], at: float, *, requests: int = 0, tokens: int = 0, failures: int = 0, nano_usd: int = 0
) -> tuple[Hour, ...]:
    """The hours with one more thing counted; those too far behind the newest fall off."""
    hour = int(at // 3600)
    if hours and hour <= hours[-1].hour - HOURS_KEPT:
        return hours
    place = len(hours)
    while place and hours[place - 1].hour > hour:
        place -= 1
    if place and hours[place - 1].hour == hour:
        was = hours[place - 1]
        now = Hour(
            hour, was.requests + requests, was.tokens + tokens, was.failures + failures, was.nano_usd + nano_usd
        )
        return (*hours[: place - 1], now, *hours[place:])
    grown = (*hours[:place], Hour(hour, requests, tokens, failures, nano_usd), *hours[place:])
    first = next(i for i, known in enumerate(grown) if known.hour > grown[-1].hour - HOURS_KEPT)
    return grown[first:]


# --- quota ------------------------------------------------------------------------------------------------


def _observed(state: AccountState, event: QuotaObserved) -> AccountState:
    windows, history = {**state.windows}, {**state.history}
    for window in event.windows:
        windows[window.key] = newest(windows.get(window.key), window)
        if window.utilization is not None:
            history[window.key] = _sampled(history.get(window.key, ()), window, window.utilization)
    if len(windows) > len(state.windows):
        windows = dict(sorted(windows.items()))  # whichever was heard of first, every process reads them alike
    return replace(state, windows=windows, history=history)


def _sampled(samples: tuple[Sample, ...], window: QuotaWindow, utilization: float) -> tuple[Sample, ...]:
    """The samples with one more sight: the latest per bucket of time, the newest buckets only.

    A source may leave out the window's length, and buckets of another width would not line up; so each width
    keeps its own row of buckets, which is what makes the result independent of order.
    """
    seen = Sample(window.observed_at, utilization, window.resets_at, sample_width(window.length))
    if samples and samples[-1].width == (width := seen.width) and samples[-1].at < seen.at:
        if samples[-1].at // width == seen.at // width:
            return (*samples[:-1], seen)
        if len(samples) < SAMPLES_KEPT:
            return (*samples, seen)
        if len(samples) == SAMPLES_KEPT and {sample.width for sample in samples} == {width}:
            return (*samples[1:], seen)
    row = {_bucket(s): s for s in samples if s.width == seen.width}
    rival = row.get(_bucket(seen))
    if rival is not None and _sample_rank(rival) >= _sample_rank(seen):
        return samples
    row[_bucket(seen)] = seen
    kept = sorted(row.values(), key=_sample_rank)[-SAMPLES_KEPT:]
    return tuple(sorted((*kept, *(s for s in samples if s.width != seen.width)), key=_sample_rank))


def _bucket(sample: Sample) -> float:
    return sample.at // sample.width


def _sample_rank(sample: Sample) -> tuple[float, float, float, float]:
    resets_at = float("-inf") if sample.resets_at is None else sample.resets_at
    return sample.at, sample.utilization, resets_at, sample.width
