"""What a failure leaves in the log: the hold, the model's cooling, the account's health. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.account import Health
from rota.errors import Meaning
from rota.events import CooldownLifted, CooldownStarted, Event, HealthChanged, ModelCooled
from rota.pool.cooldown import Scope, cooling, lifted

if TYPE_CHECKING:
    from rota.errors import Failure
    from rota.pool.cooldown import Credit
    from rota.pool.routing import Target
    from rota.pool.rules import Rules
    from rota.snapshot import AccountState

SUSPENDED_CODE = "account_suspended"


def facts_after(
    failure: Failure, state: AccountState, target: Target, now: float, rules: Rules, credit: Credit | None = None
) -> list[Event]:
    """The facts that `failure` of `target` on this account establishes."""
    if failure.meaning is Meaning.GATED:
        return [_gated(failure, state, now)]
    found = cooling(failure, state, target.model, now, rules, credit)
    if found is None:
        return []
    if found.scope is Scope.MODEL:
        return [
            ModelCooled(
                at=now,
                provider=target.provider,
                model=target.model,
                until=found.until,
                meaning=failure.meaning,
                reason=found.reason,
            )
        ]
    return [
        CooldownStarted(
            at=now,
            account_id=state.id,
            until=found.until,
            meaning=failure.meaning,
            reason=found.reason,
            strikes=found.strikes,
            model=found.model,
        )
    ]


def lifts_of(state: AccountState, now: float) -> list[CooldownLifted]:
    """The ends of the holds that newer figures contradict."""
    return [CooldownLifted(at=now, account_id=state.id, reason=why, model=model) for model, why in lifted(state, now)]


def _gated(failure: Failure, state: AccountState, now: float) -> HealthChanged:
    health = Health.SUSPENDED if failure.code == SUSPENDED_CODE else Health.GATED
    what = failure.action or failure.message
    where = f" ({failure.action_url})" if failure.action_url else ""
    return HealthChanged(at=now, account_id=state.id, health=health, reason=f"{what}{where}")
