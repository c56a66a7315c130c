"""`GET /api/oauth/usage` in all its shapes, with its own budget, and `GET /api/oauth/profile`."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Any

from rota.simulator.anthropic import forced
from rota.simulator.anthropic.errors import authenticate_bearer, base_headers, refuse
from rota.simulator.anthropic.state import PROFILE
from rota.simulator.faults import LOGINS, USAGE
from rota.simulator.responses import CompactJSON, Refusal, take_fault

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.anthropic.state import ExtraUsage, Subscription
    from rota.simulator.windows import Window
    from rota.simulator.world import World

BLOCK_SECONDS = 3600.0
SCOPE_REFUSALS_BEFORE_BLOCK = 5
LIMITED = {"error": {"message": "Rate limited. Please try again later.", "type": "rate_limit_error"}}
SCOPE_MISSING = "OAuth token does not meet scope requirement user:profile"
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


async def usage(world: World, request: Request) -> Response:
    now = world.now()
    if world.usage_blocked_until > now:
        _limited(world.usage_blocked_until - now)
    if world.knobs.usage_needs_version and "anthropic-version" not in request.headers:
        _limited(0)
    subscription, access = authenticate_bearer(world, request)
    fault = await take_fault(world, request, {**USAGE, **LOGINS}, account=subscription.label)
    if fault is not None:
        if fault.name == "usage-429":
            _limited(fault.seconds)
        if fault.name == "scope":
            _refuse_scope(world, request)
        forced.answer(request, fault, {})
    if PROFILE not in access.scopes:
        _refuse_scope(world, request)
    _spend_read(world, subscription, now)
    return CompactJSON(usage_body(subscription, now), headers=base_headers(request, subscription.organization_uuid))


async def profile(world: World, request: Request) -> Response:
    subscription, access = authenticate_bearer(world, request)
    fault = await take_fault(world, request, LOGINS, account=subscription.label)
    if fault is not None:
        forced.answer(request, fault, {})
    if PROFILE not in access.scopes:
        _refuse_scope(world, request)
    return CompactJSON(profile_body(subscription), headers=base_headers(request, subscription.organization_uuid))


def _limited(retry_after: float | None) -> None:
    headers = {} if retry_after is None else {"retry-after": str(math.ceil(retry_after))}
    raise Refusal(CompactJSON(LIMITED, 429, headers))


def _refuse_scope(world: World, request: Request) -> None:
    """A handful of these blocks the whole host for an hour."""
    world.scope_refusals.add(world.now())
    if world.scope_refusals.count(world.now()) >= SCOPE_REFUSALS_BEFORE_BLOCK:
        world.usage_blocked_until = world.now() + BLOCK_SECONDS
        world.scope_refusals.clear()
    refuse(request, "permission_error", SCOPE_MISSING, details={"error_visibility": "user_facing"})


def _spend_read(world: World, subscription: Subscription, now: float) -> None:
    """Count a read; in the saturated regime a refused one counts too, so insisting prolongs it."""
    if subscription.usage_blocked_until is not None:
        if subscription.usage_blocked_until > now:
            _limited(subscription.usage_blocked_until - now)
        subscription.usage_blocked_until = None
        subscription.usage_reads.clear()
    saturated = subscription.usage_reads.count(now) >= world.knobs.usage_reads_per_hour
    if saturated and subscription.usage_regime == "deadline":
        subscription.usage_blocked_until = now + BLOCK_SECONDS
        _limited(BLOCK_SECONDS)
    subscription.usage_reads.add(now)
    if saturated:
        _limited(0)


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


def profile_body(subscription: Subscription) -> dict[str, Any]:
    plan = subscription.plan
    name = subscription.email.partition("@")[0]
    return {
        "account": {
            "uuid": subscription.account_uuid,
            "email": subscription.email,
            "full_name": name.title(),
            "display_name": name.title(),
            "has_claude_max": plan.has_max,
            "has_claude_pro": plan.has_pro,
            "created_at": "2025-03-04T05:06:07.000000Z",
        },
        "organization": {
            "uuid": subscription.organization_uuid,
            "name": subscription.organization,
            "organization_type": plan.organization_type,
            "billing_type": "stripe_subscription",
            "rate_limit_tier": plan.rate_limit_tier,
            "seat_tier": plan.seat_tier,
            "has_extra_usage_enabled": subscription.extra.enabled,
            "subscription_status": "active",
            "subscription_created_at": "2025-04-05T06:07:08.000000Z",
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
