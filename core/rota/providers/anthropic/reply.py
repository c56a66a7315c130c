"""A whole answer of `POST /v1/messages` as a neutral `Reply`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import Failure, Meaning, ProviderError
from rota.providers.anthropic.fields import Fields, count, fields, items, text
from rota.providers.anthropic.wire import REDACTED
from rota.providers.base import Finish, Part, Reasoning, Reply, Text, ToolCall, Usage
from rota.replacing import replace

if TYPE_CHECKING:
    from rota.quota import QuotaWindow

_FINISHES = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOL_CALLS,
    "refusal": Finish.CONTENT_FILTER,
}


def read_reply(
    message: Fields, *, model: str, windows: tuple[QuotaWindow, ...] = (), request_id: str | None = None
) -> Reply:
    """A message as a reply; blocks of kinds that rota does not know are left out.

    Raises:
        ProviderError: `network`, when it is not a whole message.
    """
    reason = text(message.get("stop_reason"))
    if message.get("type") != "message" or reason is None:
        raise ProviderError(
            Failure(
                Meaning.NETWORK, "The answer is not a whole message.", code="unexpected-shape", request_id=request_id
            )
        )
    parts = (_part(fields(block)) for block in items(message.get("content")))
    return Reply(
        parts=tuple(p for p in parts if p is not None),
        finish=read_finish(reason),
        usage=read_usage(Usage(), fields(message.get("usage"))),
        model=text(message.get("model")) or model,
        stop_sequence=text(message.get("stop_sequence")),
        windows=windows,
        request_id=request_id,
    )


def read_finish(reason: str) -> Finish:
    """Why it ended; `pause_turn` and reasons to come are `other`."""
    return _FINISHES.get(reason, Finish.OTHER)


def read_usage(known: Usage, said: Fields) -> Usage:
    """Usage so far with what an answer or an event says: its figures are cumulative, null keeps the last one."""
    figures = {
        "input_tokens": count(said.get("input_tokens")),
        "output_tokens": count(said.get("output_tokens")),
        "cache_read_tokens": count(said.get("cache_read_input_tokens")),
        "cache_write_tokens": count(said.get("cache_creation_input_tokens")),
        "reasoning_tokens": count(fields(said.get("output_tokens_details")).get("thinking_tokens")),
    }
    return replace(known, **{name: figure for name, figure in figures.items() if figure is not None})


def _part(block: Fields) -> Part | None:
    match block:
        case {"type": "text", "text": str(said)}:
            return Text(said)
        case {"type": "thinking", "thinking": str(thought)}:
            return Reasoning(thought, text(block.get("signature")))
        case {"type": "redacted_thinking", "data": str(data)}:
            return Reasoning("", REDACTED + data)
        case {"type": "tool_use", "id": str(call_id), "name": str(name)}:
            return ToolCall(call_id, name, fields(block.get("input")))
        case _:
            return None
