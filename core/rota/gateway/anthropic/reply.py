"""Answers in the Anthropic dialect, for when another provider gave them: one body, or events as they come."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from rota.providers.base import (
    Finish,
    Finished,
    Image,
    Reasoning,
    ReasoningDelta,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
)

if TYPE_CHECKING:
    from rota.providers.base import Delta, Part, Reply, Usage

STOP_REASON = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.TOOL_CALLS: "tool_use",
    Finish.CONTENT_FILTER: "refusal",
    Finish.OTHER: "end_turn",
}


def usage(tokens: Usage) -> dict[str, Any]:
    return {
        "input_tokens": tokens.input_tokens,
        "output_tokens": tokens.output_tokens,
        "cache_creation_input_tokens": tokens.cache_write_tokens,
        "cache_read_input_tokens": tokens.cache_read_tokens,
    }


def body(reply: Reply, *, answer_id: str) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": answer_id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [block for part in reply.parts if (block := _block(part)) is not None],
        "stop_reason": _stop_reason(reply.finish, reply.stop_sequence),
        "stop_sequence": reply.stop_sequence,
        "usage": usage(reply.usage),
    }


def _stop_reason(finish: Finish, stop_sequence: str | None) -> str:
    return "stop_sequence" if stop_sequence is not None and finish is Finish.STOP else STOP_REASON[finish]


def _block(part: Part) -> dict[str, Any] | None:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Reasoning(text=text, signature=signature):
            return {"type": "thinking", "thinking": text, "signature": signature or ""}
        case ToolCall(id=call_id, name=name, arguments=arguments):
            return {"type": "tool_use", "id": call_id, "name": name, "input": dict(arguments)}
        case Image() | ToolResult():
            return None
        case _:
            assert_never(part)


@dataclass(slots=True)
class Events:
    """Turns the deltas of one answer into Anthropic's server-sent events, one open block at a time."""

    answer_id: str
    model: str
    _begun: bool = field(default=False, init=False)
    _open: tuple[str, int] | None = field(default=None, init=False)
    """Kind of the open block and, for a tool, its index among the calls."""
    _index: int = field(default=-1, init=False)

    def of(self, delta: Delta) -> bytes:
        """The events for one delta."""
        begin = self._begin()
        match delta:
            case TextDelta(text=text):
                start = self._block("text", -1, {"type": "text", "text": ""})
                return begin + start + self._piece({"type": "text_delta", "text": text})
            case ReasoningDelta(text=text, signature=signature):
                start = self._block("thinking", -1, {"type": "thinking", "thinking": "", "signature": ""})
                pieces = self._piece({"type": "thinking_delta", "thinking": text}) if text else b""
                if signature is not None:
                    pieces += self._piece({"type": "signature_delta", "signature": signature})
                return begin + start + pieces
            case ToolCallDelta(index=index, id=call_id, name=name, arguments=arguments):
                block: dict[str, Any] = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
                start = self._block("tool_use", index, block)
                pieces = self._piece({"type": "input_json_delta", "partial_json": arguments}) if arguments else b""
                return begin + start + pieces
            case Finished():
                return begin + self._close() + self._end(delta)
            case _:
                assert_never(delta)

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        message: dict[str, Any] = {
            "id": self.answer_id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        return sse("message_start", {"message": message})

    def _block(self, kind: str, number: int, block: dict[str, Any]) -> bytes:
        if self._open == (kind, number):
            return b""
        closed = self._close()
        self._open = (kind, number)
        self._index += 1
        return closed + sse("content_block_start", {"index": self._index, "content_block": block})

    def _piece(self, delta: dict[str, Any]) -> bytes:
        return sse("content_block_delta", {"index": self._index, "delta": delta})

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return sse("content_block_stop", {"index": self._index})

    def _end(self, last: Finished) -> bytes:
        delta = {"stop_reason": _stop_reason(last.finish, last.stop_sequence), "stop_sequence": last.stop_sequence}
        return sse("message_delta", {"delta": delta, "usage": usage(last.usage)}) + sse("message_stop", {})


def sse(kind: str, value: dict[str, Any]) -> bytes:
    """One event, named as its `type`."""
    data = json.dumps({"type": kind, **value}, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()


PING = sse("ping", {})
