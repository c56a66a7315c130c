"""Puter's whole answers as neutral `Reply`s, whichever vendor's shape is inside.

`result.message` is the vendor's own message: OpenAI's (content a string, `tool_calls` beside it), Anthropic's
(content blocks, `stop_reason`), or one that Puter normalised (OpenAI's shape, or blocks; sometimes in `choices`).
All are read by the fields they have, not by which model was asked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rota.errors import ProviderError
from rota.providers.base import Finish, Part, Reasoning, Reply, Text, ToolCall, Usage
from rota.providers.puter import classify, fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rota.providers.puter.fields import Record

_FINISHES = {
    "stop": Finish.STOP,
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_calls": Finish.TOOL_CALLS,
    "tool_use": Finish.TOOL_CALLS,
    "function_call": Finish.TOOL_CALLS,
    "content_filter": Finish.CONTENT_FILTER,
    "refusal": Finish.CONTENT_FILTER,
}


def reply(body: Record, model: str) -> Reply:
    """A success as a reply. `model` is the one that was asked for.

    Raises:
        ProviderError: the success is none: placeholder text, an account with nothing left, or another shape.
    """
    result = fields.record(body.get("result"))
    choices = fields.records(result.get("choices"))
    choice = choices[0] if choices else result
    message = fields.record(choice.get("message"))
    metadata = fields.record(body.get("metadata"))
    if classify.usage_limited(metadata, result.get("metadata")):
        raise ProviderError(classify.exhausted("Puter says that this account's AI usage limit is reached.", 200))
    if _is_fake(metadata, message):
        raise ProviderError(classify.fake_chat())
    if not message:
        raise ProviderError(classify.unusable("Puter answered with success, but with no message in it.", 200))
    parts = tuple(_parts(message))
    counted = fields.record(result.get("usage"))
    return Reply(
        parts=parts,
        finish=_finish(choice, message, parts),
        usage=usage(counted),
        model=fields.text(metadata, "providerUsed") or fields.text(message, "model") or model,
        cost_usd=cost_usd(counted),
        stop_sequence=fields.text(message, "stop_sequence"),
    )


def usage(counted: Record) -> Usage:
    """Tokens under any vendor's names. Puter's prompt counts leave out what came from a cache, as ours do."""
    return Usage(
        input_tokens=fields.count(counted, "input_tokens", "prompt_tokens", "prompt") or 0,
        output_tokens=fields.count(counted, "output_tokens", "completion_tokens", "completion") or 0,
        cache_read_tokens=fields.count(
            counted, "cache_read_input_tokens", "cached_tokens", "input_cache_read", "cached_input_tokens"
        )
        or 0,
        cache_write_tokens=_cache_writes(counted),
        reasoning_tokens=fields.count(counted, "thinking_tokens", "reasoning_tokens", "internal_reasoning") or 0,
    )


def cost_usd(counted: Record) -> float | None:
    """What it cost; null is unknown."""
    cents = fields.number(counted, "usd_cents")
    return None if cents is None else cents / 100


def finish_of(reason: str | None) -> Finish | None:
    """A vendor's reason; None when there is none."""
    return None if reason is None else _FINISHES.get(reason, Finish.OTHER)


def arguments_of(value: object) -> Mapping[str, Any]:
    """A tool call's arguments as an object, whether they came as one or as JSON text."""
    if isinstance(value, str):
        value = fields.parse(value)
    return value if isinstance(value, dict) else {}


def _cache_writes(counted: Record) -> int:
    split = [fields.count(counted, f"ephemeral_{age}_input_tokens") for age in ("5m", "1h")]
    if any(tokens is not None for tokens in split):
        return sum(tokens or 0 for tokens in split)
    return fields.count(counted, "cache_creation_input_tokens", "input_cache_write") or 0


def _is_fake(metadata: Record, message: Record) -> bool:
    """Puter's placeholder vendor: by its name, or by the models that only it has."""
    return metadata.get("service_used") == "fake-chat" or message.get("model") in ("fake", "abuse")


def _finish(choice: Record, message: Record, parts: tuple[Part, ...]) -> Finish:
    """Anthropic's own reason first: Puter says "stop" of every Claude answer, and of every Responses-API one."""
    said = finish_of(fields.text(message, "stop_reason") or fields.text(choice, "finish_reason"))
    called = any(isinstance(part, ToolCall) for part in parts)
    return Finish.TOOL_CALLS if called and said in (None, Finish.STOP) else said or Finish.STOP


def _parts(message: Record) -> Iterator[Part]:
    content = message.get("content")
    blocks: list[object] = content if isinstance(content, list) else [content]
    parts = [part for block in blocks if (part := _part(block)) is not None]
    if not any(isinstance(part, Reasoning) for part in parts):
        yield from _reasoning(message)
    yield from parts
    if not parts and (refusal := fields.text(message, "refusal")):
        yield Text(refusal)
    known = {part.id for part in parts if isinstance(part, ToolCall)}
    for index, call in enumerate(fields.records(message.get("tool_calls"))):
        function = fields.record(call.get("function")) or call
        call_id = fields.text(call, "id") or f"call_{index}"
        name = fields.text(function, "name")
        if name and call_id not in known:
            yield ToolCall(call_id, name, arguments_of(function.get("arguments")))


def _reasoning(message: Record) -> Iterator[Reasoning]:
    """Thoughts that lie beside the content: signed blocks on newer servers, plain text from DeepSeek's kind."""
    signed = [part for block in fields.records(message.get("reasoning_details")) if (part := _thought(block))]
    if signed:
        yield from signed
    elif thought := fields.text(message, "reasoning", "reasoning_content"):
        yield Reasoning(thought)


def _part(block: object) -> Part | None:
    if isinstance(block, str):
        return Text(block) if block else None
    found = fields.record(block)
    match found.get("type"):
        case "tool_use":
            name = fields.text(found, "name")
            if name is None:
                return None
            arguments = arguments_of(found.get("input"))
            return ToolCall(fields.text(found, "id") or f"call_{name}", name, arguments)
        case "thinking" | "reasoning":
            return _thought(found)
        case "text" | "output_text" | None:
            said = fields.text(found, "text")
            return Text(said) if said else None
        case _:
            return None


def _thought(block: Record) -> Reasoning | None:
    thought = fields.text(block, "thinking", "text")
    signature = fields.text(block, "signature")
    return Reasoning(thought or "", signature) if thought or signature else None


def as_json(arguments: Mapping[str, Any]) -> str:
    """A tool call's arguments as the JSON text that deltas carry."""
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
