"""A turn in the forms that `/drivers/call` answers in: one JSON object, or lines of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.simulator.anthropic.shapes import SIGNATURE, grouped
from rota.simulator.puter.turn import LIMIT_REACHED, Turn
from rota.simulator.puter.upstream import error_text
from rota.simulator.stream import compact, cut_short, in_chunks, ndjson, struck

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

NIL = "00000000-0000-0000-0000-000000000000"
FINISH = {"end": "stop", "length": "length", "tools": "tool_calls"}
STOP_REASONS = {"end": "end_turn", "length": "max_tokens", "tools": "tool_use"}
BROKEN = ndjson({"type": "error", "message": "terminated"})


def as_result(turn: Turn, *, normalized: bool) -> dict[str, Any]:
    """The body of an answer without streaming."""
    metadata: dict[str, Any] = {"service_used": turn.service_used, "providerUsed": turn.model.id}
    if turn.usage_limited:
        metadata["usage_limited"] = True
    claude = turn.model.shape == "claude" and not normalized
    return {
        "success": True,
        "result": _claude_result(turn) if claude else _openai_result(turn),
        "service": {"name": "ai-chat"},
        "metadata": metadata,
    }


def wants_normalized(args: Mapping[str, Any], default: bool) -> bool:
    """Whether the caller asks for OpenAI's shape; saying nothing leaves it to the server."""
    response = args.get("response")
    asked = args.get("normalize")
    if asked is None and isinstance(response, dict):
        asked = response.get("normalize")
    return default if asked is None else asked is True


def text_of(turn: Turn) -> str:
    return LIMIT_REACHED if turn.usage_limited else "".join(turn.reply.text)


def tool_calls_of(turn: Turn) -> list[dict[str, Any]]:
    """Tool calls in OpenAI's form."""
    calls = []
    for number, call in enumerate(turn.reply.calls):
        made: dict[str, Any] = {
            "id": f"call_sim{turn.id}{number}",
            "type": "function",
            "function": {"name": call.name, "arguments": compact(dict(call.arguments))},
        }
        if turn.model.provider == "openai-responses":
            made["canonical_id"] = f"fc_sim{turn.id}{number}"
        calls.append(made)
    return calls


def _claude_result(turn: Turn) -> dict[str, Any]:
    usage = turn.usage()
    content: list[dict[str, Any]] = []
    if turn.reply.thinking:
        content.append({"type": "thinking", "thinking": "".join(turn.reply.thinking), "signature": SIGNATURE})
    if turn.reply.text:
        content.append({"type": "text", "text": text_of(turn)})
    content.extend(
        {"type": "tool_use", "id": f"toolu_sim{turn.id}", "name": call.name, "input": dict(call.arguments)}
        for call in turn.reply.calls
    )
    inner = {key: usage[key] for key in ("input_tokens", "output_tokens")}
    message = {
        "id": NIL if turn.fake else f"msg_sim{turn.id}",
        "type": "message",
        "role": "assistant",
        "model": turn.model.id,
        "content": content,
        "stop_reason": STOP_REASONS[turn.reply.stopped],
        "stop_sequence": None,
        "usage": usage if turn.fake else inner,
    }
    # Puter says "stop" for Claude models whatever the message's own stop_reason is.
    return {"message": message, "usage": usage, "finish_reason": "stop", "via_ai_chat_service": True}


def _openai_result(turn: Turn) -> dict[str, Any]:
    reply = turn.reply
    calls = tool_calls_of(turn)
    message: dict[str, Any] = {"role": "assistant", "content": None if calls else text_of(turn)}
    if calls:
        message["tool_calls"] = calls
    if turn.model.provider == "openai-responses":
        message["reasoning"] = None
    elif reply.thinking:
        message["reasoning"] = "".join(reply.thinking)
    finish = "stop" if turn.model.provider == "openai-responses" else FINISH[reply.stopped]
    return {
        "index": 0,
        "message": message,
        "finish_reason": finish,
        "usage": turn.usage(),
        "via_ai_chat_service": True,
    }


async def as_lines(turn: Turn) -> AsyncGenerator[bytes]:
    """The streamed body: paced, struck by its fault, cut into chunks, charged for what was said."""
    world = turn.world
    said = 0
    whole = False

    def spoke(tokens: int) -> None:
        nonlocal said
        said += tokens

    effect = turn.effect
    try:
        lines = struck(_dropped(_lines(turn, spoke), turn), effect, BROKEN, world.clock)
        chunks = in_chunks(lines, world.knobs.splitting, world.rng)
        async for chunk in cut_short(chunks, effect):
            yield chunk
        whole = effect is None or effect.name in ("stall", "no-usage")
    finally:
        turn.charge(said=None if whole else said)


async def _dropped(lines: AsyncIterator[bytes], turn: Turn) -> AsyncGenerator[bytes]:
    """What becomes of the lines when the upstream breaks off: they end as if all were well."""
    if turn.effect is None or turn.effect.name != "drop":
        async for line in lines:
            yield line
        return
    passed = 0
    async for line in lines:
        if passed == turn.effect.after:
            break
        yield line
        passed += 1
    yield ndjson({"type": "usage", "usage": {"usd_cents": None}})


async def _lines(turn: Turn, spoke: Callable[[int], None]) -> AsyncGenerator[bytes]:
    reply, effect = turn.reply, turn.effect
    if effect is not None and effect.name == "upstream-failed" and effect.status:
        yield ndjson({"type": "error", "message": error_text(turn.model, effect.status)})
        return
    if turn.usage_limited:
        delta = {"type": "text_delta", "text": LIMIT_REACHED}
        yield ndjson({"type": "content_block_delta", "delta": delta, "metadata": {"usage_limited": True}})
        return
    if turn.fake:
        yield ndjson({"type": "text", "text": text_of(turn)})
        yield ndjson({"type": "usage", "usage": {"usd_cents": None}})
        return
    pace = turn.pace
    await pace.begin()
    for kind, tokens in (("reasoning", reply.thinking), ("text", () if reply.calls else reply.text)):
        for count, text in grouped(tokens, f"{turn.id}/{kind}"):
            await pace.spoke(count)
            spoke(count)
            yield ndjson({"type": kind, kind: text})
    # Only the last open tool block is flushed, so calls made side by side lose all but the last.
    for call in reply.calls[-1:]:
        prefix = "toolu_sim" if turn.model.shape == "claude" else "call_sim"
        yield ndjson(
            {
                "type": "tool_use",
                "id": f"{prefix}{turn.id}",
                "name": call.name,
                "input": dict(call.arguments),
                "text": "",
            }
        )
    if effect is not None and effect.name == "no-usage":
        yield ndjson({"type": "usage"})
        return
    yield ndjson({"type": "usage", "usage": turn.usage()})
