"""`POST /v1/messages` and its `count_tokens`: checks in the server's order, then an answer that drains quota."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rota.simulator.answers import Directives, compose, read_directives
from rota.simulator.anthropic import forced
from rota.simulator.anthropic.caching import InputCount, count_input
from rota.simulator.anthropic.errors import authenticate, base_headers, check_version, refuse
from rota.simulator.anthropic.limits import (
    check_key,
    check_windows,
    claims_for,
    classic_headers,
    unified_headers,
)
from rota.simulator.anthropic.models import ClaudeModel, find_model
from rota.simulator.anthropic.shapes import MID_STREAM_ERROR, Answered, as_events, as_message
from rota.simulator.anthropic.state import ApiKey, Subscription
from rota.simulator.calls import call_of
from rota.simulator.faults import LOGINS, MESSAGES, STREAMS, Fault
from rota.simulator.prompts import Prompt, read_prompt
from rota.simulator.responses import MAX_BODY_BYTES, CompactJSON, read_json, take_fault
from rota.simulator.stream import Pace, Streamed, cut_short, in_chunks, sse, struck

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.world import World

FIRST_TOKEN_SECONDS = 0.8
_FORCED = {**LOGINS, **MESSAGES, **STREAMS}
_STATUS_KIND = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


@dataclass(slots=True)
class Bill:
    """Takes what a request uses from whoever pays for it."""

    payer: Subscription | ApiKey
    model: ClaudeModel
    clock_now: float
    extra_pays: bool = False

    def charge(self, counted: InputCount, output: int) -> None:
        cost = self.model.cost(
            fresh=counted.fresh,
            cache_write=counted.cache_write,
            cache_read=counted.cache_read,
            output=output,
        )
        if isinstance(self.payer, ApiKey):
            self.payer.input_tokens.take(self.clock_now, counted.fresh + counted.cache_write)
            self.payer.output_tokens.take(self.clock_now, output)
            if self.payer.credit_cents is not None:
                self.payer.credit_cents -= cost / 1e6
        elif self.extra_pays:
            self.payer.extra.used += cost / 1e6
        else:
            scoped = self.payer.scope_for(self.model.family.name)
            for window in (self.payer.five_hour, self.payer.seven_day, scoped.window if scoped else None):
                if window is not None:
                    window.spend(self.clock_now, cost)


async def create_message(world: World, request: Request) -> Response:
    payer = authenticate(world, request)
    body = await _read_body(request)
    model_name = body.get("model")
    call = call_of(request)
    call.model = model_name if isinstance(model_name, str) else None
    call.stream = body.get("stream") is True
    fault = await take_fault(world, request, _FORCED, account=payer.label, model=call.model)
    if world.knobs.overloaded:
        refuse(request, "overloaded_error", "Overloaded", headers=_headers(world, request, payer, None))
    version = check_version(request)
    model = _check_body(request, body, version)
    prompt = read_prompt(body)
    orders = read_directives(prompt.last)
    now = world.now()
    counted = count_input(body, prompt.tokens, payer.cache, now)
    headers = _headers(world, request, payer, model, fault)
    if fault is not None:
        forced.answer(request, fault, headers)
    bill = Bill(payer, model, now)
    if isinstance(payer, Subscription):
        if payer.policy is not None:
            refuse(request, "invalid_request_error", forced.POLICY_TEXT[payer.policy], headers=headers)
        claims = claims_for(payer, model, fault.name if fault else None)
        bill.extra_pays = check_windows(request, payer, claims, now, headers)
    else:
        check_key(request, payer, counted.fresh + counted.cache_write, now, headers)
        payer.requests.take(now, 1)
    if orders.status is not None and orders.status >= 400:
        refuse(
            request, _STATUS_KIND.get(orders.status, "api_error"), f"asked to say {orders.status}", headers=headers
        )
    bill.charge(counted, 0)
    answered = _answer(world, body, prompt, model, counted)
    headers = _headers(world, request, payer, model)
    pace = Pace(world.clock, model.family.tokens_per_second * world.knobs.pace, FIRST_TOKEN_SECONDS)
    if call.stream:
        effect = fault or _effect(orders)
        return Streamed(_stream(world, answered, bill, pace, effect), media_type="text/event-stream", headers=headers)
    await pace.begin()
    await pace.spoke(answered.reply.output_tokens)
    bill.clock_now = world.now()
    bill.charge(InputCount(0), answered.reply.output_tokens)
    return CompactJSON(as_message(answered), headers=headers)


async def count_tokens(world: World, request: Request) -> Response:
    payer = authenticate(world, request)
    body = await _read_body(request)
    await take_fault(world, request, account=payer.label)
    check_version(request)
    _check_body(request, {"max_tokens": 1, **body}, "2023-06-01")
    return CompactJSON(
        {"input_tokens": read_prompt(body).tokens}, headers=base_headers(request, payer.organization_uuid)
    )


async def _stream(
    world: World, answered: Answered, bill: Bill, pace: Pace, effect: Fault | None
) -> AsyncGenerator[bytes]:
    """The reply's events; what was said is charged even when nobody hears the end."""
    said = 0

    def spoke(tokens: int) -> None:
        nonlocal said
        said += tokens

    try:
        if effect is not None and effect.name == "ping-only":
            for _ in range(effect.after):
                yield sse("ping", {"type": "ping"})
            return
        events = struck(as_events(answered, pace, spoke), effect, MID_STREAM_ERROR, world.clock)
        chunks = in_chunks(events, world.knobs.splitting, world.rng)
        async for chunk in cut_short(chunks, effect):
            yield chunk
    finally:
        bill.clock_now = world.now()
        bill.charge(InputCount(0), said)


def _effect(orders: Directives) -> Fault | None:
    """A prompt's order to break, as a fault after the first words."""
    if orders.cut:
        return Fault("cut", after=5)
    if orders.error:
        return Fault("stream-error", after=5)
    return Fault("truncated", after=5) if orders.drop else None


def _headers(
    world: World,
    request: Request,
    payer: Subscription | ApiKey,
    model: ClaudeModel | None,
    fault: Fault | None = None,
) -> dict[str, str]:
    headers = base_headers(request, payer.organization_uuid)
    now = world.now()
    if isinstance(payer, ApiKey):
        return headers | classic_headers(payer, now)
    return headers | unified_headers(payer, claims_for(payer, model, fault.name if fault else None), now)


async def _read_body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if len(raw) > MAX_BODY_BYTES:
        refuse(request, "request_too_large", "Request exceeds the maximum size")
    try:
        body = await read_json(request)
    except ValueError as error:
        refuse(request, "invalid_request_error", f"The request body is not valid JSON: {error}")
    if not isinstance(body, dict):
        refuse(request, "invalid_request_error", "Input should be a valid dictionary")
    return body


def _check_body(request: Request, body: Mapping[str, Any], version: str) -> ClaudeModel:
    """The model asked for, once everything required is there."""
    for name, kind in (("model", str), ("max_tokens", int), ("messages", list)):
        if name not in body:
            refuse(request, "invalid_request_error", f"{name}: Field required")
        if not isinstance(body[name], kind):
            refuse(request, "invalid_request_error", f"{name}: Input should be a valid {_NOUNS[kind]}")
    if not body["messages"]:
        refuse(request, "invalid_request_error", "messages: at least one message is required")
    if body["max_tokens"] < 1:
        refuse(request, "invalid_request_error", "max_tokens: Input should be greater than or equal to 1")
    for number, message in enumerate(body["messages"]):
        if not isinstance(message, Mapping) or message.get("role") not in ("user", "assistant", "system"):
            refuse(request, "invalid_request_error", f"messages.{number}.role: Input should be 'user' or 'assistant'")
        if not isinstance(message.get("content"), str | list):
            refuse(request, "invalid_request_error", f"messages.{number}.content: Field required")
    if version == "2026-10-21":
        for name in ("temperature", "top_p", "top_k"):
            if name in body:
                refuse(request, "invalid_request_error", f"{name}: not supported in API version {version}")
    model = find_model(body["model"])
    if model is None:
        refuse(request, "not_found_error", f"model: {body['model']}")
    if body["max_tokens"] > model.max_tokens:
        refuse(
            request,
            "invalid_request_error",
            f"max_tokens: {body['max_tokens']} > {model.max_tokens}, which is the maximum allowed number"
            f" of output tokens for {model.id}",
        )
    return model


_NOUNS = {str: "string", int: "integer", list: "list"}


def _answer(
    world: World, body: Mapping[str, Any], prompt: Prompt, model: ClaudeModel, counted: InputCount
) -> Answered:
    thinking = body.get("thinking")
    choice = body.get("tool_choice")
    stops = body.get("stop_sequences")
    single = isinstance(choice, Mapping) and choice.get("disable_parallel_tool_use") is True
    reply = compose(
        prompt,
        model=model.id,
        seed=world.seed,
        max_tokens=body["max_tokens"],
        thinking=isinstance(thinking, Mapping) and thinking.get("type") in ("enabled", "adaptive"),
        parallel=not single,
        stops=[stop for stop in stops if isinstance(stop, str) and stop] if isinstance(stops, list) else (),
    )
    word = world.word_for(f"msg/{model.id}/{json.dumps(body, sort_keys=True, default=str)}")
    return Answered(f"msg_sim{word}", model.id, reply, counted)
