"""Sets an account's state by plain names and values, as the admin routes and scenarios do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from rota.simulator.anthropic.state import ApiKey, Login, Policy, Subscription, UsageRegime, UsageShape
from rota.simulator.puter.state import ALLOWANCE, Gate, PuterAccount, Tier

if TYPE_CHECKING:
    from rota.simulator.windows import Window
    from rota.simulator.world import World


class UnknownSetting(ValueError):
    """There is no such account or setting, or it does not take such a value."""


def set_account(world: World, label: str, settings: Mapping[str, Any]) -> None:
    """Set some of an account's state.

    Subscriptions: `five_hour`, `seven_day`, `scoped` as `{"utilization": 0.5, "resets_in": 60, "capacity": 1e8}` with
    any of the three; `extra` as the fields of `ExtraUsage`; `policy`, `usage_shape`, `usage_regime`,
    `organization_disabled`.
    Subscriptions and Console logins: `access_expires_in`, `refresh_expires_in`, `revoke_access`, `revoke_refresh`.
    API keys and Console logins: `rpm`, `itpm`, `otpm`, `credit_cents`, `spend_limit_reached`, `active`.
    Puter: `remaining`, `allowance`, `purchased`, `tier`, `gates`, `suspended`, `flagged`, `revoke_tokens`,
    `token_version`, `token_expires_in`, `app_blocked`.
    """
    if label in world.subscriptions:
        _apply(settings, _subscription_setters(world, world.subscriptions[label]))
    elif label in world.profiles:
        profile = world.profiles[label]
        _apply(settings, {**_token_setters(world, profile), **_key_setters(profile.payer)})
    elif label in world.api_keys:
        _apply(settings, _key_setters(world.api_keys[label]))
    elif label in world.puter:
        _apply(settings, _puter_setters(world, world.puter[label]))
    else:
        raise UnknownSetting(f"there is no account called {label}; there are {', '.join(world.labels())}")


def set_model(world: World, name: str, settings: Mapping[str, Any]) -> None:
    """Limit a Puter model at its provider for `limited_for` seconds; 0 lifts it."""
    model = world.catalogue.find(name)
    if model is None or set(settings) != {"limited_for"}:
        raise UnknownSetting(f"{name} is no model, or not only `limited_for` is set")
    world.model_limited_until[model.id] = world.now() + _number(settings["limited_for"])


Setter = Callable[[Any], None]


def _apply(settings: Mapping[str, Any], setters: Mapping[str, Setter]) -> None:
    for name in settings:
        if name not in setters:
            raise UnknownSetting(f"there is no setting called {name}; there are {', '.join(setters)}")
    for name, value in settings.items():
        setters[name](value)


def _token_setters(world: World, item: Login) -> dict[str, Setter]:
    def access_expires_in(value: Any) -> None:
        for token in item.access.values():
            token.expires_at = world.now() + _number(value)

    def refresh_expires_in(value: Any) -> None:
        for token in item.refresh.values():
            token.expires_at = world.now() + _number(value)

    def revoke_access(value: Any) -> None:
        for token in item.access.values():
            token.revoked = _flag(value)

    def revoke_refresh(value: Any) -> None:
        for token in item.refresh.values():
            token.revoked = _flag(value)

    return {
        "access_expires_in": access_expires_in,
        "refresh_expires_in": refresh_expires_in,
        "revoke_access": revoke_access,
        "revoke_refresh": revoke_refresh,
    }


def _subscription_setters(world: World, item: Subscription) -> dict[str, Setter]:
    def scoped(value: Any) -> None:
        if not item.scoped:
            raise UnknownSetting(f"{item.label} has no model-scoped window")
        _fill(world, item.scoped[0].window, value)

    def extra(value: Any) -> None:
        for name, setting in _mapping(value).items():
            if name not in ("enabled", "monthly_limit", "used", "disabled_reason"):
                raise UnknownSetting(f"extra usage has no {name}")
            setattr(item.extra, name, setting)

    return {
        "five_hour": lambda value: _fill(world, item.five_hour, value),
        "seven_day": lambda value: _fill(world, item.seven_day, value),
        "scoped": scoped,
        "extra": extra,
        "policy": lambda value: setattr(item, "policy", value and _one_of(value, get_args(Policy))),
        "usage_shape": lambda value: setattr(item, "usage_shape", _one_of(value, get_args(UsageShape))),
        "usage_regime": lambda value: setattr(item, "usage_regime", _one_of(value, get_args(UsageRegime))),
        "organization_disabled": lambda value: setattr(item, "organization_disabled", _flag(value)),
        **_token_setters(world, item),
    }


def _key_setters(item: ApiKey) -> dict[str, Setter]:
    def credit(value: Any) -> None:
        item.credit_cents = None if value is None else _number(value)

    def bucket(name: str) -> Setter:
        def resize(value: Any) -> None:
            found = getattr(item, name)
            found.per_minute = _number(value)
            found.level = found.per_minute

        return resize

    return {
        "rpm": bucket("requests"),
        "itpm": bucket("input_tokens"),
        "otpm": bucket("output_tokens"),
        "credit_cents": credit,
        "spend_limit_reached": lambda value: setattr(item, "spend_limit_reached", _flag(value)),
        "active": lambda value: setattr(item, "active", _flag(value)),
    }


def _puter_setters(world: World, item: PuterAccount) -> dict[str, Setter]:
    def tier(value: Any) -> None:
        item.tier = _one_of(value, get_args(Tier))
        item.allowance = ALLOWANCE[item.tier]
        item.email = None if item.is_guest else f"{item.username}@example.com"

    def gates(value: Any) -> None:
        if not isinstance(value, list):
            raise UnknownSetting("gates is a list")
        item.gates = {_one_of(gate, get_args(Gate)) for gate in value}

    def each_token(name: str, check: Callable[[Any], Any]) -> Setter:
        def change(value: Any) -> None:
            for token in item.tokens.values():
                setattr(token, name, check(value))

        return change

    return {
        "remaining": lambda value: item.set_remaining(_number(value)),
        "allowance": lambda value: setattr(item, "allowance", _number(value)),
        "purchased": lambda value: setattr(item, "purchased", _number(value)),
        "tier": tier,
        "gates": gates,
        "suspended": lambda value: setattr(item, "suspended", _flag(value)),
        "flagged": lambda value: setattr(item, "flagged", _flag(value)),
        "revoke_tokens": each_token("revoked", _flag),
        "token_version": each_token("version", lambda value: int(_number(value))),
        "token_expires_in": each_token("expires_at", lambda value: world.now() + _number(value)),
        "app_blocked": each_token("app_blocked", _flag),
    }


def _fill(world: World, window: Window, value: Any) -> None:
    given = _mapping(value)
    if not set(given) <= {"utilization", "resets_in", "capacity"}:
        raise UnknownSetting("a window is set by utilization, resets_in and capacity")
    if "capacity" in given:
        window.capacity = _number(given["capacity"])
    fraction = _number(given["utilization"]) if "utilization" in given else window.utilization(world.now())
    resets_in = _number(given["resets_in"]) if "resets_in" in given else None
    window.fill(world.now(), fraction, resets_in)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnknownSetting(f"{value!r} is not an object")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnknownSetting(f"{value!r} is not a number")
    return float(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise UnknownSetting(f"{value!r} is neither true nor false")
    return value


def _one_of(value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise UnknownSetting(f"{value!r} is none of {', '.join(map(str, allowed))}")
    return value
