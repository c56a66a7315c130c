"""Whether an account may serve a request now, and if not, why and until when. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.account import Health, Kind
from rota.pool.room import Room, room
from rota.values import dataclass

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.snapshot import AccountState

GATED_REASON = "you must act at the provider"
SUBSCRIPTION_REASON = (
    "Claude subscriptions are for Anthropic's own apps; rota sends requests through one only when "
    "anthropic.route_subscriptions = true"
)

_HEALTH = {
    Health.NEEDS_LOGIN: "sign in again",
    Health.GATED: GATED_REASON,
    Health.SUSPENDED: "suspended by the provider",
}


@dataclass(frozen=True, slots=True)
class Barred:
    """Why an account cannot serve now."""

    reason: str
    back_at: float | None = None
    """When it may again; None when time alone does not help, or nobody knows."""
    lasting: bool = False
    """Whether a person has to do something first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as a candidate for one kind of request."""

    state: AccountState
    room: Room
    barred: Barred | None
    changes_at: float | None = None
    """When time alone next changes this standing."""


def standing(
    state: AccountState, model: str | None, now: float, rules: Rules, *, asked_for: bool = False
) -> Standing:
    """How `state` stands for a request for `model`; holds on the model itself are looked at apart.

    Args:
        asked_for: the person named this very account, which lets a subscription be tried (DESIGN section 7).
    """
    left = room(state.windows.values(), model, now, rules.thresholds)
    barred = _barred(state, left, now, rules, asked_for=asked_for)
    changes_at = left.changes_at
    back_at = barred.back_at if barred is not None else None
    if back_at is not None and (changes_at is None or back_at < changes_at):
        changes_at = back_at
    return Standing(state, left, barred, changes_at)


def _barred(state: AccountState, left: Room, now: float, rules: Rules, *, asked_for: bool) -> Barred | None:
    account = state.account
    if not account.enabled:
        return Barred("off", lasting=True)
    if account.health is not Health.READY:
        words = _HEALTH[account.health]
        return Barred(f"{words}: {account.health_reason}" if account.health_reason else words, lasting=True)
    if account.kind is Kind.SUBSCRIPTION and not rules.route_subscriptions and not asked_for:
        return Barred(SUBSCRIPTION_REASON, lasting=True)
    if (hold := state.hold) is not None and hold.active(now):
        return Barred(f"cooling: {hold.reason}", back_at=hold.until)
    if left.spent_key is not None:
        # Figures this old no longer keep an account away: limits are sometimes reset early.
        stale_at = left.spent_seen_at + rules.cooldown_cap_s
        if stale_at > now:
            back_at = min(stale_at, left.spent_until) if left.spent_until is not None else stale_at
            return Barred(f"{left.spent_key} is spent", back_at=back_at)
    return None


def model_barred(state: AccountState, model: str, now: float) -> Barred | None:
    """Why this account cannot serve this one model now."""
    hold = state.model_holds.get(model)
    if hold is None or not hold.active(now):
        return None
    return Barred(f"{model} is cooling here: {hold.reason}", back_at=hold.until)
