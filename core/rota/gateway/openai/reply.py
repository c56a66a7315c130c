"""Answers in the OpenAI dialect: one body, or chunks as they come.

`choices[].logprobs` and `message.refusal` are there although null: OpenAI's schema wants them, and its SDK checks it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from rota.providers.base import Finish, Finished, Reasoning, ReasoningDelta, TextDelta, ToolCall, ToolCallDelta

if TYPE_CHECKING:
    from rota.providers.base import Delta, Reply, Usage

FINISH = {
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.TOOL_CALLS: "tool_calls",
    Finish.CONTENT_FILTER: "content_filter",
    Finish.OTHER: "stop",
}

DONE = b"data: [DONE]\n\n"


def usage(tokens: Usage) -> dict[str, Any]:
    """OpenAI counts cached tokens in the prompt, and reasoning in the completion."""
    return {
        "prompt_tokens": tokens.prompt_tokens,
        "completion_tokens": tokens.output_tokens,
        "total_tokens": tokens.prompt_tokens + tokens.output_tokens,
        "prompt_tokens_details": {"cached_tokens": tokens.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning_tokens},
    }


def body(reply: Reply, *, answer_id: str, created: int) -> dict[str, Any]:
    """A whole answer."""
    reasoning = "".join(p.text for p in reply.parts if isinstance(p, Reasoning))
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reasoning:
        message["reasoning_content"] = reasoning
    if reply.tool_calls:
        message["tool_calls"] = [_call(c) for c in reply.tool_calls]
    elif message["content"] is None:
        message["content"] = ""
    return {
        "id": answer_id,
        "object": "chat.completion",
        "created": created,
        "model": reply.model,
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": FINISH[reply.finish]},
        ],
        "usage": usage(reply.usage),
    }


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


@dataclass(slots=True)
class Chunks:
    """Turns the deltas of one answer into server-sent events."""

    answer_id: str
    created: int
    model: str
    wants_usage: bool = False
    _begun: bool = field(default=False, init=False)
    _around: tuple[bytes, bytes] = field(init=False)
    """What stands before and after the text in each event that holds nothing else: all but a few do."""

    def __post_init__(self) -> None:
        mark = "\N{WHITE MEDIUM SMALL SQUARE}"
        self._begun = True
        before, _, after = self._event({"content": mark}).rpartition(f'"{mark}"'.encode())
        self._begun = False
        self._around = before, after

    def of(self, delta: Delta) -> bytes:
        """The events for one delta."""
        match delta:
            case TextDelta(text=text) if self._begun:
                before, after = self._around
                return before + json.dumps(text, ensure_ascii=False).encode() + after
            case TextDelta(text=text):
                return self._event({"content": text})
            case ReasoningDelta(text=text):
                return self._event({"reasoning_content": text}) if text else b""
            case ToolCallDelta():
                return self._event({"tool_calls": [_piece(delta)]})
            case Finished(finish=finish, usage=tokens):
                events = self._event({}, FINISH[finish])
                if self.wants_usage:
                    events += _sse({**self._frame(), "choices": [], "usage": usage(tokens)})
                return events + DONE
            case _:
                assert_never(delta)

    def _event(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        if not self._begun:
            self._begun = True
            delta = {"role": "assistant", "content": "", **delta}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        frame = {**self._frame(), "choices": [choice]}
        return _sse({**frame, "usage": None} if self.wants_usage else frame)

    def _frame(self) -> dict[str, Any]:
        return {
            "id": self.answer_id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
        }


def _piece(delta: ToolCallDelta) -> dict[str, Any]:
    function: dict[str, Any] = {"arguments": delta.arguments}
    piece: dict[str, Any] = {"index": delta.index, "function": function}
    if delta.name is not None:
        function["name"] = delta.name
        piece |= {"id": delta.id, "type": "function"}
    return piece


def _sse(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
