"""The pool's rules as one value: what the settings say, in the form that the pure functions take."""

from __future__ import annotations

from dataclasses import field, fields
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rota.settings import Settings


class Order(StrEnum):
    """What is tried first when a model cannot be had on an account."""

    MODELS_FIRST = "models-first"
    """The next model on the same account; when the chain is spent, the next account and the chain again."""
    ACCOUNTS_FIRST = "accounts-first"
    """The same model on the other accounts; when they are spent, the next model."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the pool chooses, waits, holds and gives up. Times in seconds."""

    strategy: str = "auto"
    rotation: bool = True
    """Off: the account in use is kept, whatever happens to it."""
    orders: Mapping[str, Order] = field(default_factory=dict)
    """By provider."""
    route_subscriptions: bool = False
    fallback: bool = True
    fallback_models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By provider."""
    deadline_s: float = 120.0
    """From the question on; no attempt is begun after it."""
    max_attempts: int = 24
    cooldown_base_s: float = 300.0
    cooldown_cap_s: float = 21_600.0
    """The longest hold when nothing but another try could tell that it ended early."""
    model_cooldown_s: float = 60.0
    throttle_wait_s: float = 10.0
    """The longest wait on the same account after a per-minute limit, and for the first account to come back."""
    retries: int = 3
    """Tries more on the same account after an overload or a network fault."""
    retry_base_s: float = 1.0
    retry_cap_s: float = 30.0
    session_ttl_s: float = 3600.0
    thresholds: Mapping[str, float] = field(default_factory=lambda: {"5h": 0.9, "7d": 0.95, "month": 0.98})
    """Used share of a window, by its key, at which `auto` moves on."""

    def order(self, provider: str) -> Order:
        return self.orders.get(provider, Order.ACCOUNTS_FIRST)

    def chain(self, provider: str) -> tuple[str, ...]:
        """The provider's fallback models."""
        return self.fallback_models.get(provider, ())


def rules_of(settings: Settings) -> Rules:
    """The rules that these settings make."""
    return rules_from(lambda key: attrgetter(key)(settings))


def rules_from(value: Callable[[str], Any]) -> Rules:
    """The same from single settings by their dotted names, for a start that builds no `Settings`."""
    of_the_pool = {field.name for field in fields(Rules)} - {"orders", "route_subscriptions"}
    return Rules(
        orders={name: Order(value(f"{name}.order")) for name in ("anthropic", "puter")},
        route_subscriptions=value("anthropic.route_subscriptions"),
        **{name: value(f"pool.{name}") for name in of_the_pool},
    )
