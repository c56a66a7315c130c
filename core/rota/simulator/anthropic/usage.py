"""`GET /api/oauth/usage` with its own budget of reads, and `GET /api/oauth/profile`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NoReturn

from rota.simulator.anthropic import forced
from rota.simulator.anthropic.bodies import console_usage_body, profile_body, usage_body
from rota.simulator.anthropic.errors import authenticate_bearer, base_headers, refuse
from rota.simulator.anthropic.state import PROFILE, ConsoleProfile
from rota.simulator.faults import LOGINS, USAGE
from rota.simulator.responses import CompactJSON, Refusal, take_fault

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.anthropic.state import Subscription
    from rota.simulator.world import World

BLOCK_SECONDS = 3600.0
SCOPE_REFUSALS_BEFORE_BLOCK = 5
LIMITED = {"error": {"message": "Rate limited. Please try again later.", "type": "rate_limit_error"}}
SCOPE_MISSING = "OAuth token does not meet scope requirement user:profile"


async def usage(world: World, request: Request) -> Response:
    now = world.now()
    if world.usage_blocked_until > now:
        _limited(world.usage_blocked_until - now)
    if world.knobs.usage_needs_version and "anthropic-version" not in request.headers:
        _limited(0)
    login, access = authenticate_bearer(world, request)
    fault = await take_fault(world, request, {**USAGE, **LOGINS}, account=login.label)
    if fault is not None:
        if fault.name == "usage-429":
            _limited(fault.seconds)
        forced.answer(request, fault, {})
    if PROFILE not in access.scopes or (fault is not None and fault.name == "scope"):
        _note_scope_refusal(world)
        refuse_scope(request)
    headers = base_headers(request, login.organization_uuid)
    if isinstance(login, ConsoleProfile):
        return CompactJSON(console_usage_body(), headers=headers)
    _spend_read(world, login, now)
    return CompactJSON(usage_body(login, now), headers=headers)


async def profile(world: World, request: Request) -> Response:
    login, access = authenticate_bearer(world, request)
    fault = await take_fault(world, request, LOGINS, account=login.label)
    if fault is not None:
        forced.answer(request, fault, {})
    if PROFILE not in access.scopes:
        refuse_scope(request)
    return CompactJSON(profile_body(login), headers=base_headers(request, login.organization_uuid))


def refuse_scope(request: Request) -> NoReturn:
    refuse(request, "permission_error", SCOPE_MISSING, details={"error_visibility": "user_facing"})


def _limited(retry_after: float | None) -> NoReturn:
    headers = {} if retry_after is None else {"retry-after": str(math.ceil(retry_after))}
    raise Refusal(CompactJSON(LIMITED, 429, headers))


def _note_scope_refusal(world: World) -> None:
    """A handful of refused scopes blocks the whole host for an hour."""
    world.scope_refusals.add(world.now())
    if world.scope_refusals.count(world.now()) >= SCOPE_REFUSALS_BEFORE_BLOCK:
        world.usage_blocked_until = world.now() + BLOCK_SECONDS
        world.scope_refusals.clear()


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
