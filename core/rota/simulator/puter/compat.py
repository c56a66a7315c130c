"""The OpenAI- and Anthropic-compatible routes, which only paid plans may call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.simulator.anthropic.shapes import grouped
from rota.simulator.calls import call_of
from rota.simulator.faults import PUTER_ACCESS, PUTER_CHAT
from rota.simulator.puter.chat import check_rates, read_body
from rota.simulator.puter.errors import (
    USER_SESSIONS_ONLY,
    answer_forced,
    authenticate,
    check_gates,
    check_origin,
    refuse,
)
from rota.simulator.puter.shapes import FINISH, STOP_REASONS, text_of, tool_calls_of
from rota.simulator.puter.turn import Turn, begin_turn
from rota.simulator.responses import CompactJSON, take_fault
from rota.simulator.stream import Streamed, compact, in_chunks, sse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.world import World

NO_SESSIONS = (
    "This API cannot be called with an account session token. Use an app or worker token,"
    " or create an API token from the dashboard (Account → API Token)."
)
NO_PLAN = "A subscription is required for this action"


async def openai_chat(world: World, request: Request) -> Response:
    turn, body = await _begin(world, request)
    if body.get("stream") is True:
        events = in_chunks(_openai_events(turn), world.knobs.splitting, world.rng)
        return Streamed(events, media_type="text/event-stream", closed=turn.release)
    turn.charge()
    turn.release()
    message: dict[str, Any] = {"role": "assistant", "content": text_of(turn), "refusal": None}
    if calls := tool_calls_of(turn):
        message |= {"content": None, "tool_calls": calls}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(turn)}
    head = _openai_head(turn, "chat.completion")
    return CompactJSON({**head, "choices": [choice], "usage": _openai_usage(turn)})


async def anthropic_messages(world: World, request: Request) -> Response:
    turn, body = await _begin(world, request)
    if body.get("stream") is True:
        events = in_chunks(_anthropic_events(turn), world.knobs.splitting, world.rng)
        return Streamed(events, media_type="text/event-stream", closed=turn.release)
    turn.charge()
    turn.release()
    content: list[dict[str, Any]] = [{"type": "text", "text": text_of(turn)}]
    content.extend(_tool_uses(turn))
    head = _anthropic_head(turn)
    head |= {"content": content, "stop_reason": _stop_reason(turn), "usage": _anthropic_usage(turn)}
    return CompactJSON(head)


async def _begin(world: World, request: Request) -> tuple[Turn, Mapping[str, Any]]:
    """The gates of these routes, in the server's order."""
    check_origin(world, request)
    body = await read_body(request)
    account, token = await authenticate(world, request)
    call = call_of(request)
    call.model = body["model"] if isinstance(body.get("model"), str) else None
    call.stream = body.get("stream") is True
    fault = await take_fault(world, request, {**PUTER_ACCESS, **PUTER_CHAT}, account=account.label, model=call.model)
    if fault is not None:
        answer_forced(world, fault)
    check_gates(world, account)
    match token.kind:
        case "scoped":
            refuse(403, "Access tokens are not allowed to access this resource", "forbidden")
        case "app":
            refuse(403, USER_SESSIONS_ONLY, "forbidden")
        case "session" | "gui":
            refuse(403, NO_SESSIONS, "app_or_api_token_required")
    if account.tier != "paid" or (fault is not None and fault.name == "subscription-required"):
        refuse(402, NO_PLAN, "subscription_required", subscription=account.subscription)
    check_rates(world, account, fault)
    if not isinstance(body.get("messages"), list):
        refuse(400, "`messages` must be an array", "bad_request")
    return begin_turn(world, account, {**body, "stream": False}, fault), body


def _finish(turn: Turn) -> str:
    # These routes report a truncated answer as an ordinary end.
    return FINISH["tools" if turn.reply.calls else "end"]


def _stop_reason(turn: Turn) -> str:
    return STOP_REASONS["tools" if turn.reply.calls else "end"]


def _openai_head(turn: Turn, kind: str) -> dict[str, Any]:
    created = int(turn.world.now())
    return {"id": f"chatcmpl-sim{turn.id}", "object": kind, "created": created, "model": turn.model.id}


def _openai_usage(turn: Turn) -> dict[str, int]:
    usage = turn.usage()
    # OpenRouter's usage has other names, which these routes do not know.
    given = usage.get("prompt_tokens", usage.get("input_tokens", 0))
    made = usage.get("completion_tokens", usage.get("output_tokens", 0))
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


async def _openai_events(turn: Turn) -> AsyncGenerator[bytes]:
    head = _openai_head(turn, "chat.completion.chunk")
    pace = turn.pace
    await pace.begin()
    for count, text in grouped(() if turn.reply.calls else turn.reply.text, turn.id):
        await pace.spoke(count)
        yield sse(None, {**head, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})
    for number, call in enumerate(tool_calls_of(turn)[-1:]):
        delta = {"tool_calls": [{"index": number, **call}]}
        yield sse(None, {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    turn.charge()
    last = [{"index": 0, "delta": {}, "finish_reason": _finish(turn)}]
    yield sse(None, {**head, "choices": last, "usage": _openai_usage(turn)})
    yield sse(None, "[DONE]")


def _anthropic_head(turn: Turn) -> dict[str, Any]:
    return {
        "id": f"msg_sim{turn.id}",
        "type": "message",
        "role": "assistant",
        "model": turn.model.id,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }


def _anthropic_usage(turn: Turn) -> dict[str, int]:
    usage = _openai_usage(turn)
    return {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]}


def _tool_uses(turn: Turn) -> list[dict[str, Any]]:
    return [
        {"type": "tool_use", "id": f"toolu_sim{turn.id}{number}", "name": call.name, "input": dict(call.arguments)}
        for number, call in enumerate(turn.reply.calls)
    ]


async def _anthropic_events(turn: Turn) -> AsyncGenerator[bytes]:
    def event(name: str, **fields: Any) -> bytes:
        return sse(name, {"type": name, **fields})

    pace = turn.pace
    await pace.begin()
    yield event("message_start", message=_anthropic_head(turn))
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for count, text in grouped(turn.reply.text, turn.id):
        await pace.spoke(count)
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
    yield event("content_block_stop", index=0)
    for index, use in enumerate(_tool_uses(turn)[-1:], start=1):
        yield event("content_block_start", index=index, content_block={**use, "input": {}})
        delta = {"type": "input_json_delta", "partial_json": compact(use["input"])}
        yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    turn.charge()
    usage = {"output_tokens": _anthropic_usage(turn)["output_tokens"]}
    yield event("message_delta", delta={"stop_reason": _stop_reason(turn), "stop_sequence": None}, usage=usage)
    yield event("message_stop")
