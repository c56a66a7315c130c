"""A neutral `ChatRequest` as the JSON of `POST /v1/messages`, for `anthropic-version: 2023-06-01`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from rota.errors import Failure, Meaning, ProviderError
from rota.providers.anthropic.traits import Thinking, Traits, traits
from rota.providers.base import (
    ChatRequest,
    Image,
    Message,
    Part,
    Reasoning,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

Json: TypeAlias = dict[str, Any]

REDACTED = "redacted_thinking:"
"""Marks a `Reasoning.signature` that holds the data of a redacted thinking block; base64 has no colon."""

_LEAST_THINKING = 1_024
_BUDGETS = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 24_576, "xhigh": 30_000, "max": 30_000}
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[^,;]+)*;base64,(.*)", re.DOTALL)
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")


def request_body(request: ChatRequest, *, stream: bool) -> Json:
    """The body of a messages request.

    Raises:
        ProviderError: `bad-request`, for what this API cannot carry.
    """
    model = traits(request.model)
    most = request.max_tokens or model.max_output
    forced = request.tool_choice not in (None, ToolChoice.AUTO, ToolChoice.NONE)
    turns = _messages(request.messages)
    # Thinking and a forced tool exclude one another, and a hint gives way to a demand.
    thinking = {} if forced else _thinking(request, model, most, turns)
    body: Json = {"model": request.model, "max_tokens": most, "messages": turns}
    if system := _system(request.messages):
        body["system"] = system
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        if (choice := _tool_choice(request)) is not None:
            body["tool_choice"] = choice
    if stop := [s for s in request.stop if s]:
        body["stop_sequences"] = stop
    if user := request.metadata.get("user_id"):
        body["metadata"] = {"user_id": user}
    body |= thinking
    if not thinking and model.sampling:
        body |= _sampling(request)
    if stream:
        body["stream"] = True
    return body


# --- messages ---------------------------------------------------------------------------------------------


def _system(messages: Iterable[Message]) -> list[Json]:
    """System messages, wherever they stand, as the one place this API has for them."""
    blocks = []
    for message in messages:
        if message.role is Role.SYSTEM:
            for part in message.parts:
                if not isinstance(part, Text):
                    raise _cannot(f"A system message can hold only text, not {_named(part)}.")
                blocks += _blocks(part)
    return blocks


def _messages(messages: Iterable[Message]) -> list[Json]:
    """Turns that alternate: neighbours with one role become one, and tool results open theirs, as the API wants."""
    turns: list[Json] = []
    for message in messages:
        if message.role is Role.SYSTEM:
            continue
        role = "assistant" if message.role is Role.ASSISTANT else "user"
        blocks = [block for part in message.parts for block in _carried(part, message.role)]
        if not blocks:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    for turn in turns:
        turn["content"].sort(key=lambda block: turn["role"] == "user" and block["type"] != "tool_result")
    return turns


def _carried(part: Part, role: Role) -> list[Json]:
    if isinstance(part, ToolCall | Reasoning) and role is not Role.ASSISTANT:
        raise _cannot(f"Only an assistant message can hold {_named(part)}.")
    if isinstance(part, ToolResult | Image) and role is Role.ASSISTANT:
        raise _cannot(f"An assistant message cannot hold {_named(part)}.")
    return _blocks(part)


def _blocks(part: Part) -> list[Json]:
    match part:
        case Text(text):
            # An empty text block is a 400.
            return [{"type": "text", "text": text}] if text else []
        case Image():
            return [{"type": "image", "source": _image_source(part)}]
        case Reasoning(text, signature):
            return _reasoning(text, signature)
        case ToolCall(id=call_id, name=name, arguments=arguments):
            return [{"type": "tool_use", "id": _tool_id(call_id), "name": name, "input": dict(arguments)}]
        case ToolResult(call_id, content, is_error):
            block: Json = {"type": "tool_result", "tool_use_id": _tool_id(call_id)}
            if inner := [piece for item in content for piece in _blocks(item)]:
                block["content"] = inner
            if is_error:
                block["is_error"] = True
            return [block]


def _reasoning(text: str, signature: str | None) -> list[Json]:
    """Reasoning goes back only under its signature: what another model thought is left out, unsigned it is a 400."""
    if signature is None:
        return []
    if signature.startswith(REDACTED):
        return [{"type": "redacted_thinking", "data": signature.removeprefix(REDACTED)}]
    return [{"type": "thinking", "thinking": text, "signature": signature}]


def _image_source(image: Image) -> Json:
    if image.data is not None:
        return {"type": "base64", "media_type": image.media_type, "data": image.data}
    if image.url is None:
        raise _cannot("An image needs an address or data.")
    if image.url.startswith("data:"):
        found = _DATA_URL.fullmatch(image.url)
        if found is None:
            raise _cannot("An image's data: address must be base64.")
        return {"type": "base64", "media_type": found[1] or image.media_type, "data": found[2]}
    return {"type": "url", "url": image.url}


def _tool_id(call_id: str) -> str:
    """Ids made by other providers' models can hold characters that are a 400 here."""
    return _NOT_IN_IDS.sub("_", call_id)


# --- tools and options ------------------------------------------------------------------------------------


def _tool(tool: Tool) -> Json:
    wire: Json = {"name": tool.name, "input_schema": {"type": "object", **tool.parameters}}
    if tool.description:
        wire["description"] = tool.description
    return wire


def _tool_choice(request: ChatRequest) -> Json | None:
    match request.tool_choice:
        case ToolChoice.NONE:
            return {"type": "none"}
        case ToolChoice.REQUIRED:
            choice: Json = {"type": "any"}
        case ToolChoice.AUTO:
            choice = {"type": "auto"}
        case None:
            if request.parallel_tools is not False:
                return None
            choice = {"type": "auto"}
        case name:
            choice = {"type": "tool", "name": str(name)}
    if request.parallel_tools is False:
        choice["disable_parallel_tool_use"] = True
    return choice


def _thinking(request: ChatRequest, model: Traits, most: int, turns: list[Json]) -> Json:
    """How to think, in this model's words; nothing where it cannot or was not asked to."""
    effort, tokens = request.reasoning_effort, request.reasoning_tokens
    if (effort is None or effort == "none") and not tokens:
        return {}
    match model.thinking:
        case Thinking.NONE:
            return {}
        case Thinking.ADAPTIVE:
            level = _EFFORTS.get(effort or "") or _effort_for(tokens or 0)
            # Who asks for reasoning wants to see some: the newest models show none unless told to.
            thinking = {"type": "adaptive", "display": "summarized"}
            return {"thinking": thinking, "output_config": {"effort": level}}
        case Thinking.BUDGET:
            # The budget is part of max_tokens, and something must be left to answer with.
            budget = min(tokens or _BUDGETS.get(effort or "", _BUDGETS["medium"]), most - _LEAST_THINKING)
            if budget < _LEAST_THINKING or _thoughtless_call(turns):
                return {}
            return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _thoughtless_call(turns: list[Json]) -> bool:
    """Whether a tool call awaits its answer whose thinking was lost on the way, as through OpenAI's dialect.

    With a budget such a turn must begin with its thinking; without it the request is a 400.
    """
    if len(turns) < 2 or turns[-1]["role"] != "user":
        return False
    answered = any(block["type"] == "tool_result" for block in turns[-1]["content"])
    return answered and turns[-2]["content"][0]["type"] not in ("thinking", "redacted_thinking")


def _effort_for(tokens: int) -> str:
    return next((e for e in ("low", "medium") if tokens <= _BUDGETS[e]), "high") if tokens else "medium"


def _sampling(request: ChatRequest) -> Json:
    """Temperature, else top_p: newer models refuse both at once. OpenAI's scale ends at 2, this one at 1."""
    if request.temperature is not None:
        return {"temperature": min(1.0, request.temperature)}
    return {} if request.top_p is None else {"top_p": request.top_p}


def _named(part: Part) -> str:
    return {Image: "an image", Reasoning: "reasoning", ToolCall: "a tool call", ToolResult: "a tool result"}.get(
        type(part), "this"
    )


def _cannot(why: str) -> ProviderError:
    return ProviderError(Failure(Meaning.BAD_REQUEST, why, code="cannot-carry", retryable_here=False))
