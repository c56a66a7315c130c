"""`POST /drivers/call`: the server's checks in its order, then a chat completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.simulator.calls import call_of
from rota.simulator.faults import PUTER_ACCESS, PUTER_CHAT, STREAMS
from rota.simulator.puter.errors import (
    answer_forced,
    authenticate,
    check_gates,
    check_origin,
    refuse,
    refuse_in_era,
)
from rota.simulator.puter.shapes import as_lines, as_result, wants_normalized
from rota.simulator.puter.state import CONCURRENT, REQUESTS_IN_TEN_SECONDS
from rota.simulator.puter.turn import begin_turn
from rota.simulator.responses import CompactJSON, read_json, take_fault
from rota.simulator.stream import Streamed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.faults import Fault
    from rota.simulator.puter.state import PuterAccount
    from rota.simulator.world import World

INTERFACE = "puter-chat-completion"
DRIVER = "ai-chat"
FORCED = {**PUTER_ACCESS, **PUTER_CHAT, **STREAMS}


async def driver_call(world: World, request: Request) -> Response:
    """Everything a driver does is asked for here; only chat completion is simulated."""
    check_origin(world, request)
    body = await read_body(request)
    account, token = await authenticate(world, request)
    call = call_of(request)
    args = body.get("args")
    args = args if isinstance(args, dict) else {}
    call.model = args["model"] if isinstance(args.get("model"), str) else None
    call.stream = args.get("stream") is True
    fault = await take_fault(world, request, FORCED, account=account.label, model=call.model)
    if fault is not None:
        answer_forced(world, fault)
    check_gates(world, account)
    if token.kind == "scoped":
        refuse(403, "Access tokens are not allowed to access this resource", "forbidden")
    for name in ("interface", "method"):
        if not isinstance(body.get(name), str):
            refuse(400, f"Missing or invalid `{name}`", "bad_request")
    driver = body.get("driver") or (body.get("service") if world.knobs.era != "current" else None) or DRIVER
    if body["interface"] != INTERFACE or driver != DRIVER:
        refuse(404, "Driver not found", "not_found")
    if body["method"] == "complete":
        check_rates(world, account, fault)
        return await _complete(world, account, args, fault)
    lists = {"models": world.catalogue.details, "list": world.catalogue.ids}
    if body["method"] not in lists:
        refuse(404, "Method not found", "not_found")
    return CompactJSON({"success": True, "result": lists[body["method"]]["models"]})


async def read_body(request: Request) -> Mapping[str, Any]:
    try:
        body = await read_json(request)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        refuse(400, "Malformed JSON in request body", "client_bad_json")
    return body


def check_rates(world: World, account: PuterAccount, fault: Fault | None) -> None:
    """The account's limits for one interface and method: requests in ten seconds, then requests at once."""
    era, now = world.knobs.era, world.now()
    forced = fault.name if fault else ""
    if forced == "too-many-requests" or account.recent.count(now) >= REQUESTS_IN_TEN_SECONDS[account.tier]:
        if era != "current":
            refuse_in_era(era, 429, "Too many requests.", "rate_limit_exceeded")
        refuse(429, "Too many requests.", "too_many_requests")
    account.recent.add(now)
    if forced == "too-many-concurrent" or account.running >= CONCURRENT[account.tier]:
        refuse(429, "Too many concurrent requests.", "too_many_requests")


async def _complete(world: World, account: PuterAccount, args: Mapping[str, Any], fault: Fault | None) -> Response:
    turn = begin_turn(world, account, args, fault)
    if args.get("stream") is True:
        return Streamed(as_lines(turn), media_type="application/x-ndjson", closed=turn.release)
    try:
        await turn.pace.begin()
        await turn.pace.spoke(turn.reply.output_tokens)
        turn.charge()
    finally:
        turn.release()
    return CompactJSON(as_result(turn, normalized=wants_normalized(args, world.knobs.normalize)))
