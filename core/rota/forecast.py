"""When each window runs out, when the whole pool does, and when it gets more. Pure; everything is an estimate."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from statistics import median
from typing import TYPE_CHECKING

from rota.burn import Burn, burn
from rota.pool.room import BURST_S, LONG_S, length_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState, Sample

AHEAD_S = 7 * 86_400.0
"""Nothing is said about what lies further off."""
WINDOWS_IN_LONG = 9.0
"""Windows of hours that a window of days is taken to hold where nothing tells."""
KNOWN_RISE = 0.03
"""A window's size in tokens is told by at least this much of it being used."""
STEPS = 400


@dataclass(frozen=True, slots=True)
class Estimate:
    """A time that is reckoned, not known. None: not before anything it is reckoned for ends."""

    at: float | None
    earliest: float | None
    latest: float | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """One window's future."""

    key: str
    label: str
    used: float
    """Share reckoned to be used by now; more than was last seen when it is being used."""
    burn: Burn | None
    """None: too little is known to say."""
    runs_out: Estimate | None
    """None when the burn is not known; its times are None where the reset comes first."""
    resets_at: float | None
    at_reset: float | None = None
    """Share reckoned to be used when it resets, were it endless."""


@dataclass(frozen=True, slots=True)
class Runway:
    """The pool's future at the present pace."""

    dry: Estimate | None
    """When no account has anything left; its times are None for "not within a week". None: no pace is known."""
    more_at: float | None
    """When the next account that is spent or held comes back, from now on."""
    more: tuple[str, ...] = ()
    """Which accounts come back then."""
    refilled: float | None = None
    """When, after running dry, the first account has something again."""
    samples: int = 0
    """Sights that the pace is reckoned from."""


def outlooks(state: AccountState, now: float, model: str | None = None) -> tuple[Outlook, ...]:
    """The future of an account's windows that count for `model`, soonest to run out first."""
    found = [outlook(w, state.history.get(w.key, ()), now) for w in _deciding(state, model)]
    return tuple(sorted(found, key=_urgency))


def outlook(window: QuotaWindow, samples: Sequence[Sample], now: float) -> Outlook:
    """One window's future, from its past sights."""
    if window.utilization is None or window.expired(now):
        return Outlook(window.key, window.label, 0.0, None, None, None)
    pace = burn(samples, now)
    gone = max(0.0, now - window.observed_at)
    used = window.utilization + (pace.rate * gone if pace is not None else 0.0)
    if window.resets_at is None or pace is None:
        return Outlook(window.key, window.label, used, pace, None, window.resets_at)

    def spent_at(rate: float) -> float | None:
        assumed = window.utilization or 0.0
        if assumed >= 1.0:
            return now
        at = window.observed_at + (1.0 - assumed) / rate if rate > 0 else inf
        return max(now, at) if at < (window.resets_at or inf) else None

    runs_out = Estimate(spent_at(pace.rate), spent_at(pace.high), spent_at(pace.low))
    at_reset = used + pace.rate * max(0.0, window.resets_at - now)
    return Outlook(window.key, window.label, used, pace, runs_out, window.resets_at, at_reset)


def endless(state: AccountState, model: str | None = None) -> bool:
    """Whether nothing is known of it that could run out, as with a key that is paid by use."""
    return not _deciding(state, model)


def runway(accounts: Iterable[AccountState], now: float, model: str | None = None) -> Runway | None:
    """When the accounts that may serve `model` are all spent, if things go on; None when there are none.

    What they burn together goes to those that have something left, whoever serves now. Accounts differ in size: a
    window's size in tokens is told by what was served while it was seen to rise; where that is not known it is taken
    for the others' median.
    """
    states = [state for state in accounts if state.usable()]
    if not states:
        return None
    reserves = _reserves(states, now, model)
    more_at = min((r.back_at for r in reserves if r.back_at > now), default=None)
    more = tuple(r.account_id for r in reserves if r.back_at == more_at) if more_at is not None else ()
    if any(not r.tanks for r in reserves):
        endless = Estimate(None, None, None)
        return Runway(endless, more_at, more)
    known = [r for r in reserves if r.burn is not None]
    if not known:
        return Runway(None, more_at, more)
    rates = [sum(getattr(r.burn, name) * r.unit for r in known) for name in ("rate", "high", "low")]
    (at, refilled), (earliest, _), (latest, _) = (_dry(reserves, rate, now) for rate in rates)
    samples = sum(r.burn.samples for r in known if r.burn is not None)
    return Runway(Estimate(at, earliest, latest), more_at, more, refilled, samples)


@dataclass(slots=True)
class _Tank:
    """A window as something that empties and refills."""

    size: float
    left: float
    resets_at: float
    length: float

    def refill(self, at: float) -> None:
        """Start again; an idle window of hours opens with its next use."""
        self.left = self.size
        self.resets_at = at + self.length


@dataclass(slots=True)
class _Reserve:
    """What an account can still give."""

    account_id: str
    back_at: float
    """When it may serve again; now or earlier when it may already."""
    burn: Burn | None
    """Of its fastest window."""
    unit: float
    """Size of that window."""
    tanks: list[_Tank] = field(default_factory=list)


def _reserves(states: Sequence[AccountState], now: float, model: str | None) -> list[_Reserve]:
    sizes = {(s.id, w.key): _size(s, w) for s in states for w in _deciding(s, model)}
    typical = {
        w.key: median(told) if (told := [v for (_, k), v in sizes.items() if k == w.key and v is not None]) else None
        for s in states
        for w in _deciding(s, model)
    }
    smallest = min((size for size in typical.values() if size is not None), default=1.0)
    found = []
    for state in states:
        windows = _deciding(state, model)
        reserve = _Reserve(state.id, now, None, 1.0)
        hold = state.held(now, model)
        if hold is not None:
            reserve.back_at = hold.until
        for window in windows:
            length = length_of(window)
            size = sizes[state.id, window.key] or typical[window.key]
            if size is None:
                size = smallest * (WINDOWS_IN_LONG if length >= LONG_S else 1.0)
            seen = outlook(window, state.history.get(window.key, ()), now)
            resets_at = seen.resets_at if seen.resets_at is not None else now + length
            reserve.tanks.append(_Tank(size, size * max(0.0, 1.0 - seen.used), resets_at, length))
            if window.spent(now):
                reserve.back_at = max(reserve.back_at, resets_at)
            if reserve.burn is None and seen.burn is not None:
                reserve.burn, reserve.unit = seen.burn, size
        found.append(reserve)
    return found


def _dry(reserves: Sequence[_Reserve], rate: float, now: float) -> tuple[float | None, float | None]:
    """When nothing is left anywhere at this rate, and when something is again after that."""
    tanks = {r.account_id: [_Tank(t.size, t.left, t.resets_at, t.length) for t in r.tanks] for r in reserves}
    at = now
    for _ in range(STEPS):
        able = [r for r in reserves if r.back_at <= at and all(t.left > t.size * 1e-9 for t in tanks[r.account_id])]
        resets = [t.resets_at for own in tanks.values() for t in own if t.resets_at > at]
        comes = min([*resets, *(r.back_at for r in reserves if r.back_at > at)], default=inf)
        if not able:
            if rate > 0 or all(r.back_at > now for r in reserves):
                return at, min((_back(r, tanks[r.account_id], at) for r in reserves), default=None)
            return None, None
        room = {r.account_id: min(t.left for t in tanks[r.account_id]) for r in able}
        # Each gives in proportion to what it has: that is what keeps all of them going longest.
        lasts = sum(room.values()) / rate if rate > 0 else inf
        until = min(comes, at + lasts)
        if until - now > AHEAD_S:
            return None, None
        for account_id, left in room.items():
            taken = rate * (until - at) * left / sum(room.values())
            for tank in tanks[account_id]:
                tank.left = max(0.0, tank.left - taken)
        at = until
        for own in tanks.values():
            for tank in own:
                if tank.resets_at <= at:
                    tank.refill(at)
    return None, None


def _back(reserve: _Reserve, tanks: Sequence[_Tank], at: float) -> float:
    return max([reserve.back_at, *(t.resets_at for t in tanks if t.left <= t.size * 1e-9), at])


def _size(state: AccountState, window: QuotaWindow) -> float | None:
    """How many tokens make the whole window, by what was served while it was seen to rise."""
    samples = state.history.get(window.key, ())
    tokens = risen = 0.0
    for before, after in pairwise(samples):
        if after.resets_at is not None and before.resets_at is not None and after.utilization > before.utilization:
            risen += after.utilization - before.utilization
    if risen < KNOWN_RISE:
        return None
    span = samples[0].at, samples[-1].at
    for hour in state.hours:
        overlap = min((hour.hour + 1) * 3600, span[1]) - max(hour.hour * 3600, span[0])
        tokens += hour.tokens * max(0.0, overlap) / 3600
    return tokens / risen if tokens else None


def _deciding(state: AccountState, model: str | None) -> list[QuotaWindow]:
    """The windows that can keep the account from serving `model` for longer than a moment, shortest first."""
    return sorted(
        (
            w
            for w in state.windows.values()
            if w.counts and w.applies_to(model) and w.utilization is not None and length_of(w) > BURST_S
        ),
        key=lambda w: (length_of(w), w.key),
    )


def _urgency(seen: Outlook) -> tuple[float, float, str]:
    at = seen.runs_out.at if seen.runs_out is not None and seen.runs_out.at is not None else inf
    return at, -seen.used, seen.key
