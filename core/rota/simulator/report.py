"""The state of a simulated world as JSON, without a secret in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rota.simulator.anthropic.state import ApiKey, ConsoleProfile, Subscription
    from rota.simulator.puter.state import PuterAccount
    from rota.simulator.windows import Window
    from rota.simulator.world import World


def state_of(world: World) -> dict[str, Any]:
    """Everything an admin may look at."""
    now = world.now()
    return {
        "scenario": world.name,
        "seed": world.seed,
        "now": now,
        "knobs": asdict(world.knobs),
        "subscriptions": {item.label: _subscription_state(item, now) for item in world.subscriptions.values()},
        "profiles": {item.label: _profile_state(item, now) for item in world.profiles.values()},
        "api_keys": {item.label: _key_state(item, now) for item in world.api_keys.values()},
        "puter": {item.label: _puter_state(item) for item in world.puter.values()},
        "models_limited": {model: until for model, until in world.model_limited_until.items() if until > now},
    }


def _window_state(window: Window, now: float) -> dict[str, Any]:
    return {"utilization": window.utilization(now), "resets_at": window.resets_at, "capacity": window.capacity}


def _subscription_state(item: Subscription, now: float) -> dict[str, Any]:
    return {
        "email": item.email,
        "plan": item.plan.name,
        "seeded": item.seeded,
        "five_hour": _window_state(item.five_hour, now),
        "seven_day": _window_state(item.seven_day, now),
        "scoped": {scoped.display_name: _window_state(scoped.window, now) for scoped in item.scoped},
        "extra": asdict(item.extra),
        "policy": item.policy,
        "usage_shape": item.usage_shape,
        "usage_reads": item.usage_reads.count(now),
        "access_expires_at": [token.expires_at for token in item.access.values()],
    }


def _profile_state(item: ConsoleProfile, now: float) -> dict[str, Any]:
    expiries = [token.expires_at for token in item.access.values()]
    return {"email": item.email, **_key_state(item.payer, now), "access_expires_at": expiries}


def _key_state(item: ApiKey, now: float) -> dict[str, Any]:
    return {
        "requests": item.requests.remaining(now),
        "input_tokens": item.input_tokens.remaining(now),
        "output_tokens": item.output_tokens.remaining(now),
        "credit_cents": item.credit_cents,
        "spend_limit_reached": item.spend_limit_reached,
        "active": item.active,
    }


def _puter_state(item: PuterAccount) -> dict[str, Any]:
    return {
        "tier": item.tier,
        "email": item.email,
        "remaining": item.remaining,
        "allowance": item.allowance,
        "gates": sorted(item.gates),
        "suspended": item.suspended,
        "flagged": item.flagged,
        "running": item.running,
        "calls": item.calls,
    }
