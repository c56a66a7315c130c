"""A reply in Anthropic's form: the whole message, or the server-sent events that build it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rota.simulator.answers import Reply, split
from rota.simulator.stream import compact, sse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping

    from rota.simulator.anthropic.caching import InputCount
    from rota.simulator.stream import Pace

STOP_REASONS = {"end": "end_turn", "length": "max_tokens", "tools": "tool_use", "sequence": "stop_sequence"}
SIGNATURE = "c2ltdWxhdGVkLXNpZ25hdHVyZQ=="
MID_STREAM_ERROR = sse("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply with what its envelope needs."""

    id: str
    model: str
    reply: Reply
    input: InputCount


def usage_of(answered: Answered, output_tokens: int) -> dict[str, Any]:
    counted = answered.input
    return {
        "input_tokens": counted.fresh,
        "cache_creation_input_tokens": counted.cache_write,
        "cache_read_input_tokens": counted.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counted.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": output_tokens,
        "service_tier": "standard",
        "inference_geo": "global",
        "speed": "standard",
        "server_tool_use": None,
        "output_tokens_details": None,
    }


def as_message(answered: Answered) -> dict[str, Any]:
    """The whole message, as a request without streaming gets it."""
    reply = answered.reply
    content: list[dict[str, Any]] = []
    if reply.thinking:
        content.append({"type": "thinking", "thinking": "".join(reply.thinking), "signature": SIGNATURE})
    if reply.text:
        content.append({"type": "text", "text": "".join(reply.text)})
    content.extend(_tool_block(answered, number, dict(call.arguments)) for number, call in enumerate(reply.calls))
    return {
        **_envelope(answered),
        "content": content,
        "stop_reason": STOP_REASONS[reply.stopped],
        "stop_sequence": reply.stop_sequence,
        "usage": usage_of(answered, reply.output_tokens),
    }


async def as_events(answered: Answered, pace: Pace, spoke: Callable[[int], None]) -> AsyncGenerator[bytes]:
    """The message as server-sent events; `spoke` is told of each token that was said."""
    reply = answered.reply
    message = {**_envelope(answered), "content": [], "stop_reason": None, "usage": usage_of(answered, 1)}
    yield _event("message_start", message=message)
    await pace.begin()
    for index, (block, deltas) in enumerate(_blocks(answered)):
        yield _event("content_block_start", index=index, content_block=block)
        if index == 0:
            yield _event("ping")
        for tokens, delta in deltas:
            await pace.spoke(tokens)
            spoke(tokens)
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    yield _event(
        "message_delta",
        delta={
            "stop_reason": STOP_REASONS[reply.stopped],
            "stop_sequence": reply.stop_sequence,
            "stop_details": None,
            "container": None,
        },
        usage=usage_of(answered, reply.output_tokens),
    )
    yield _event("message_stop")


def grouped(tokens: tuple[str, ...], seed: str) -> Iterator[tuple[int, str]]:
    """Tokens in deltas of one to four, as they come in practice."""
    rng = random.Random(seed)
    at = 0
    while at < len(tokens):
        size = rng.randint(1, 4)
        yield len(tokens[at : at + size]), "".join(tokens[at : at + size])
        at += size


def _envelope(answered: Answered) -> dict[str, Any]:
    return {
        "id": answered.id,
        "type": "message",
        "role": "assistant",
        "model": answered.model,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "diagnostics": None,
    }


def _tool_block(answered: Answered, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    name = answered.reply.calls[number].name
    return {
        "type": "tool_use",
        "id": f"toolu_sim_{answered.id.removeprefix('msg_')}_{number + 1}",
        "name": name,
        "input": dict(arguments),
    }


def _blocks(answered: Answered) -> Iterator[tuple[dict[str, Any], list[tuple[int, dict[str, Any]]]]]:
    """Each content block's opening and its deltas with their number of tokens."""
    reply = answered.reply
    if reply.thinking:
        deltas: list[tuple[int, dict[str, Any]]] = [
            (count, {"type": "thinking_delta", "thinking": text})
            for count, text in grouped(reply.thinking, answered.id)
        ]
        deltas.append((0, {"type": "signature_delta", "signature": SIGNATURE}))
        yield {"type": "thinking", "thinking": "", "signature": ""}, deltas
    if reply.text:
        yield (
            {"type": "text", "text": ""},
            [(count, {"type": "text_delta", "text": text}) for count, text in grouped(reply.text, answered.id)],
        )
    for number, call in enumerate(reply.calls):
        pieces = split(compact(dict(call.arguments)))
        fragments = [(0, ""), *grouped(tuple(pieces), f"{answered.id}/{number}")]
        yield (
            _tool_block(answered, number, {}),
            [(count, {"type": "input_json_delta", "partial_json": text}) for count, text in fragments],
        )


def _event(name: str, **fields: Any) -> bytes:
    return sse(name, {"type": name, **fields})
