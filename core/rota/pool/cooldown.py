"""How long to hold an account or a model after a failure, and when newer figures end a hold early. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rota.errors import Meaning
from rota.quota import Source, binding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.errors import Failure
    from rota.pool.rules import Rules
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState, Hold

MOST_STRIKES = 4
RESET_CAP_S = 35 * 86_400.0
"""No window is longer than a month; a reset further off is not believed."""
POLLED_WITHIN_S = 7200.0
"""Figures of the usage endpoint this young mean that it will tell when a hold ends early."""
LIFT_SHARE = 0.02
"""Room that newer figures must show to end a hold: they are rounded and lag behind."""
LIFT_AFTER_S = 30.0
"""Figures this soon after a limit may still be from before it."""
THROTTLE_S = 5.0
THROTTLE_CAP_S = 120.0
LEAST_THROTTLE_S = 0.25
"""`Retry-After: 0` means soon, not at once: the next try would be refused again."""
SAME_S = 60.0
"""Two ends of one limit, seen by two requests, lie within this."""
NOTHING_LEFT = 0.005
"""A remainder that pays for nothing."""


class Scope(StrEnum):
    """What is held."""

    ACCOUNT = "account"
    ACCOUNT_MODEL = "account-model"
    """One model on one account."""
    MODEL = "model"
    """One model for every account of the provider."""


@dataclass(frozen=True, slots=True)
class Cooling:
    """A hold to begin."""

    scope: Scope
    until: float
    strikes: int
    reason: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """What the usage endpoint said when an account could not pay."""

    left: bool
    until: float | None = None
    """When there is credit again, if none is left."""


def cooling(
    failure: Failure, state: AccountState, model: str, now: float, rules: Rules, credit: Credit | None = None
) -> Cooling | None:
    """What to hold after `failure` on this account and model; None when nothing is, or nothing more.

    A limit on an account that is held already was met by a request that did not know: one strike, not two.

    Args:
        credit: what the usage endpoint says of an account that could not pay; None when it cannot be asked.
    """
    found = _found(failure, state, model, now, rules, credit)
    if found is None or found.scope is Scope.MODEL:
        return found
    hold = state.hold if found.model is None else state.model_holds.get(found.model)
    longer = hold is None or not hold.active(now) or found.until > hold.until + SAME_S
    return found if longer else None


def account_bound(failure: Failure) -> bool:
    """Whether a `model-unavailable` is about this account's rights, so that another account may have the model."""
    return failure.status in (401, 402, 403) or failure.scope is not None


def throttle_wait(failure: Failure, now: float) -> float:
    """Seconds to leave an account alone after a per-minute or concurrency limit."""
    if failure.retry_after is not None:
        told = failure.retry_after
    else:
        told = failure.until - now if failure.until is not None else THROTTLE_S
    return min(max(told, LEAST_THROTTLE_S), THROTTLE_CAP_S)


def credit_of(windows: Iterable[QuotaWindow], now: float) -> Credit | None:
    """Whether fresh figures leave an account any credit; None when they do not tell."""
    fullest = binding((w for w in windows if w.scope is None), None, now)
    left = fullest.headroom(now) if fullest is not None else None
    if fullest is None or left is None:
        return None
    return Credit(left > NOTHING_LEFT, fullest.resets_at)


def lifted(state: AccountState, now: float) -> list[tuple[str | None, str]]:
    """The holds that newer figures end, by model (None: the account's own), and why."""
    windows = state.windows.values()
    ended: list[tuple[str | None, str]] = []
    if state.hold is not None and (why := _contradicted(state.hold, (w for w in windows if w.scope is None), now)):
        ended.append((None, why))
    for model, hold in state.model_holds.items():
        # Room in the windows of the whole account says nothing of a limit that is the model's own.
        own = (w for w in windows if w.scope is not None and w.applies_to(model))
        if why := _contradicted(hold, own, now):
            ended.append((model, why))
    return ended


def _found(
    failure: Failure, state: AccountState, model: str, now: float, rules: Rules, credit: Credit | None
) -> Cooling | None:
    match failure.meaning:
        case Meaning.LIMITED if failure.scope is not None:
            return _account_model(failure, failure.scope, model, state, now, rules)
        case Meaning.LIMITED:
            strikes = _strikes(state, now)
            until = _told(failure, state, now, rules) or now + _step(strikes, rules)
            return Cooling(Scope.ACCOUNT, until, strikes, _words(failure, "limit reached"))
        case Meaning.CREDITS_EXHAUSTED if credit is not None and credit.left:
            return None  # it could not pay for this one request; a smaller one may pass
        case Meaning.CREDITS_EXHAUSTED:
            strikes = _strikes(state, now)
            if credit is None:
                told = _told(failure, state, now, rules)
            else:
                told = min(credit.until, now + RESET_CAP_S) if credit.until is not None else None
            return Cooling(Scope.ACCOUNT, told or now + _step(strikes, rules), strikes, "no credit left")
        case Meaning.THROTTLED:
            return Cooling(
                Scope.ACCOUNT,
                now + throttle_wait(failure, now),
                state.strikes,
                _words(failure, "too many requests at once"),
            )
        case Meaning.MODEL_LIMITED:
            until = now + min(failure.retry_after or rules.model_cooldown_s, rules.cooldown_cap_s)
            return Cooling(Scope.MODEL, until, 1, _words(failure, "limited for everybody"), model)
        case Meaning.MODEL_UNAVAILABLE if account_bound(failure):
            reason = _words(failure, "not open to this account")
            return Cooling(Scope.ACCOUNT_MODEL, now + rules.model_cooldown_s, 1, reason, model)
        case _:
            return None


def _told(failure: Failure, state: AccountState, now: float, rules: Rules) -> float | None:
    """The end of the limit as the provider gave it; the later of a reset and a `Retry-After`."""
    told = [
        failure.until,
        now + failure.retry_after if failure.retry_after else None,
    ]
    future = [at for at in told if at is not None and at > now]
    if not future:
        return None
    return min(max(future), now + (RESET_CAP_S if _watched(state, now) else rules.cooldown_cap_s))


def _watched(state: AccountState, now: float) -> bool:
    """Whether its usage endpoint is being asked, so that an early end is noticed without spending a request."""
    return any(w.source is Source.USAGE and now - w.observed_at <= POLLED_WITHIN_S for w in state.windows.values())


def _account_model(
    failure: Failure, scope: str, model: str, state: AccountState, now: float, rules: Rules
) -> Cooling:
    until = _told(failure, state, now, rules) or now + rules.model_cooldown_s
    return Cooling(Scope.ACCOUNT_MODEL, until, 1, _words(failure, f"{scope} limit reached"), model)


def _contradicted(hold: Hold, windows: Iterable[QuotaWindow], now: float) -> str | None:
    if not hold.active(now) or hold.meaning not in (Meaning.LIMITED, Meaning.CREDITS_EXHAUSTED):
        return None
    newer = [w for w in windows if w.counts and w.observed_at >= hold.since + LIFT_AFTER_S]
    fullest = binding(newer, hold.model, now)
    left = fullest.headroom(now) if fullest is not None else None
    if fullest is None or left is None or left < LIFT_SHARE or any(w.spent(now) for w in newer):
        return None
    return f"newer figures show {left:.0%} left of {fullest.label}"


def _strikes(state: AccountState, now: float) -> int:
    held = state.hold is not None and state.hold.active(now)
    return max(1, state.strikes) if held else state.strikes + 1


def _step(strikes: int, rules: Rules) -> float:
    return min(rules.cooldown_base_s * min(max(strikes, 1), MOST_STRIKES), rules.cooldown_cap_s)


def _words(failure: Failure, otherwise: str) -> str:
    """The reason in a few words; the provider's own sentence is in the attempt."""
    return f"{failure.window} limit reached" if failure.window else otherwise
