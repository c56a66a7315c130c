"""Routes of Anthropic's two hosts: the API, and the one where people sign in and tokens are exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route

from rota.simulator.anthropic import forced, messages, oauth, usage
from rota.simulator.anthropic.errors import authenticate, base_headers, check_version, refuse
from rota.simulator.anthropic.models import MODELS, as_item
from rota.simulator.faults import LOGINS, MESSAGES
from rota.simulator.responses import ANY_METHOD, CompactJSON, endpoint, take_fault

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.world import World

DEFAULT_PAGE = 20


def api_routes(world: World) -> list[BaseRoute]:
    return [
        Route("/v1/messages", endpoint(world, messages.create_message), methods=["POST"]),
        Route("/v1/messages/count_tokens", endpoint(world, messages.count_tokens), methods=["POST"]),
        Route("/v1/models", endpoint(world, list_models), methods=["GET"]),
        Route("/v1/oauth/token", endpoint(world, oauth.exchange), methods=["POST"]),
        Route("/api/oauth/usage", endpoint(world, usage.usage), methods=["GET"]),
        Route("/api/oauth/profile", endpoint(world, usage.profile), methods=["GET"]),
        Route("/{rest:path}", endpoint(world, not_found), methods=ANY_METHOD),
    ]


async def list_models(world: World, request: Request) -> Response:
    payer = authenticate(world, request)
    fault = await take_fault(world, request, {**LOGINS, **MESSAGES}, account=payer.label)
    if fault is not None:
        forced.answer(request, fault, {})
    check_version(request)
    query = request.query_params
    wanted = [model for model in MODELS if query.get("lifecycle") in (None, model.lifecycle)]
    ids = [model.id for model in wanted]
    limit = _limit(request, world.knobs.models_page)
    after, before = query.get("after_id"), query.get("before_id")
    for cursor in (after, before):
        if cursor is not None and cursor not in ids:
            refuse(request, "invalid_request_error", f"{cursor} is not a model in this list")
    if before is not None:
        end = ids.index(before)
        begin = max(0, end - limit)
        more = begin > 0
    else:
        begin = ids.index(after) + 1 if after is not None else 0
        end = min(len(ids), begin + limit)
        more = end < len(ids)
    page = wanted[begin:end]
    return CompactJSON(
        {
            "data": [as_item(model, old_shape=world.knobs.old_model_items) for model in page],
            "has_more": more,
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
        },
        headers=base_headers(request, payer.organization_uuid),
    )


def _limit(request: Request, longest: int) -> int:
    given = request.query_params.get("limit", str(DEFAULT_PAGE))
    if not given.isdigit() or not 1 <= int(given) <= 1000:
        refuse(request, "invalid_request_error", "limit: Input should be between 1 and 1000")
    return min(int(given), longest)


async def not_found(world: World, request: Request) -> Response:
    refuse(request, "not_found_error", "Not found")
