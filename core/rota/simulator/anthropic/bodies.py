"""What the usage and profile endpoints say about a login, in every shape that was seen."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from rota.simulator.anthropic.state import ConsoleProfile, ExtraUsage, Subscription

if TYPE_CHECKING:
    from rota.simulator.windows import Window

NULL_WINDOWS = (
    "seven_day_oauth_apps",
    "seven_day_opus",
    "seven_day_sonnet",
    "seven_day_cowork",
    "seven_day_omelette",
    "tangelo",
    "iguana_necktie",
    "omelette_promotional",
    "nimbus_quill",
    "cinder_cove",
    "amber_ladder",
)


def usage_body(subscription: Subscription, now: float) -> dict[str, Any]:
    """What the endpoint says, in the shape this account is set to."""
    full = _full(subscription, now)
    match subscription.usage_shape:
        case "full":
            return full
        case "legacy":
            body = {key: full[key] for key in ("five_hour", "seven_day", "seven_day_oauth_apps", "extra_usage")}
            scoped = subscription.scoped[0].window if subscription.scoped else None
            return body | {"seven_day_opus": _window(scoped, now) if scoped else None, "seven_day_sonnet": None}
        case "extra-only":
            return {"extra_usage": full["extra_usage"]}
        case "all-null":
            return {key: None for key in full if key not in ("limits", "member_dashboard_available")} | {"limits": []}
        case "idle":
            idle = {"utilization": 0, "resets_at": None}
            return full | {"five_hour": idle, "seven_day": idle, "limits": []}
        case "over":
            over = {**full["five_hour"], "utilization": 104.0}
            return full | {"five_hour": over, "limits": [{**full["limits"][0], "percent": 104}, *full["limits"][1:]]}
        case "past-reset":
            past = {**full["five_hour"], "utilization": 97.0, "resets_at": _iso(now - 120)}
            return full | {"five_hour": past, "limits": []}
        case "unknown-kinds":
            strange = {**full["limits"][0], "kind": "lunar_cycle", "group": "lunar", "percent": 12}
            return full | {"limits": [*full["limits"], strange], "seven_day_routines": full["seven_day"]}
        case "notice":
            return {"notice": "Usage is managed by your organization.", "member_dashboard_available": True}
        case "bare-windows":
            return {key: {"utilization": full[key]["utilization"]} for key in ("five_hour", "seven_day")}


def console_usage_body() -> dict[str, Any]:
    """A Console login has no plan, and so no windows."""
    return {"five_hour": None, "seven_day": None, "extra_usage": _extra(ExtraUsage()), "limits": []}


def profile_body(login: Subscription | ConsoleProfile) -> dict[str, Any]:
    plan = login.plan if isinstance(login, Subscription) else None
    name = login.email.partition("@")[0]
    return {
        "account": {
            "uuid": login.account_uuid,
            "email": login.email,
            "full_name": name.title(),
            "display_name": name.title(),
            "has_claude_max": plan is not None and plan.has_max,
            "has_claude_pro": plan is not None and plan.has_pro,
            "created_at": "2025-03-04T05:06:07.000000Z",
        },
        "organization": {
            "uuid": login.organization_uuid,
            "name": login.organization,
            "organization_type": plan.organization_type if plan else "api_individual",
            "billing_type": "stripe_subscription" if plan else "prepaid",
            "rate_limit_tier": plan.rate_limit_tier if plan else "auto_prepaid_tier_2",
            "seat_tier": plan.seat_tier if plan else None,
            "has_extra_usage_enabled": isinstance(login, Subscription) and login.extra.enabled,
            "subscription_status": "active" if plan else None,
            "subscription_created_at": "2025-04-05T06:07:08.000000Z" if plan else None,
            "cc_onboarding_flags": {},
            "claude_code_trial_ends_at": None,
            "claude_code_trial_duration_days": None,
        },
        "application": {
            "uuid": "9d1c250a-e61b-44d9-88ed-5944d1962f5e",
            "name": "Claude Code",
            "slug": "claude-code",
        },
        "enabled_plugins": [],
    }


def _full(subscription: Subscription, now: float) -> dict[str, Any]:
    extra = subscription.extra
    limits = [
        _limit("session", "session", subscription.five_hour, now),
        _limit("weekly_all", "weekly", subscription.seven_day, now),
    ]
    for scoped in subscription.scoped:
        scope = {"model": {"id": None, "display_name": scoped.display_name}, "surface": None}
        limits.append(_limit("weekly_scoped", "weekly", scoped.window, now, scope))
    max(limits, key=lambda limit: limit["percent"])["is_active"] = True
    return {
        "five_hour": _window(subscription.five_hour, now),
        "seven_day": _window(subscription.seven_day, now),
        **dict.fromkeys(NULL_WINDOWS),
        "extra_usage": _extra(extra),
        "limits": limits,
        "spend": {
            "used": {"amount_minor": round(extra.used), "currency": "USD", "exponent": 2},
            "limit": None,
            "percent": 0,
            "severity": "normal",
            "enabled": extra.enabled,
            "disabled_reason": extra.disabled_reason,
            "cap": None,
            "balance": None,
            "auto_reload": None,
            "disclaimer": "Extra usage is billed separately.",
            "can_purchase_credits": False,
            "can_toggle": False,
        },
        "member_dashboard_available": False,
    }


def _window(window: Window, now: float) -> dict[str, Any]:
    return {
        "utilization": round(window.utilization(now) * 100, 1),
        "resets_at": _iso(window.resets_at),
        "limit_dollars": None,
        "used_dollars": None,
        "remaining_dollars": None,
    }


def _limit(kind: str, group: str, window: Window, now: float, scope: Any = None) -> dict[str, Any]:
    percent = int(window.utilization(now) * 100)
    severity = "critical" if percent >= 95 else "warning" if percent >= 75 else "normal"
    return {
        "kind": kind,
        "group": group,
        "percent": percent,
        "severity": severity,
        "resets_at": _iso(window.resets_at),
        "scope": scope,
        "is_active": False,
    }


def _extra(extra: ExtraUsage) -> dict[str, Any]:
    on = extra.enabled
    return {
        "is_enabled": on,
        "monthly_limit": extra.monthly_limit if on else None,
        "used_credits": extra.used if on else None,
        "utilization": extra.used / extra.monthly_limit * 100 if on and extra.monthly_limit else None,
        "currency": "USD" if on else None,
        "decimal_places": 2 if on else None,
        "disabled_reason": extra.disabled_reason,
        "daily": None,
        "weekly": None,
    }


def _iso(moment: float | None) -> str | None:
    """With a fraction that jitters from call to call in nature; here it is the moment's own."""
    if moment is None:
        return None
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
