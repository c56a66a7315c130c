"""A streamed answer of `POST /v1/messages`: server-sent events in, neutral deltas out."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from httpx_sse import EventSource

from rota.errors import Failure, Meaning, ProviderError
from rota.providers.anthropic.classify import judge, read_envelope
from rota.providers.anthropic.fields import Fields, count, fields, text
from rota.providers.anthropic.reply import read_finish, read_usage
from rota.providers.anthropic.wire import REDACTED
from rota.providers.base import Delta, Finished, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from rota.providers.http import decode_json, network_errors

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import httpx

    from rota.clock import Clock
    from rota.quota import QuotaWindow


_DRAIN_S = 0.25


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a stream comes from: what its errors are judged by."""

    model: str
    windows: tuple[QuotaWindow, ...]
    request_id: str | None


class AnthropicStream:
    """An answer under way (`ReplyStream`)."""

    def __init__(self, response: httpx.Response, origin: Origin, clock: Clock) -> None:
        self._response = response
        self._origin = origin
        self._clock = clock

    @property
    def windows(self) -> tuple[QuotaWindow, ...]:
        return self._origin.windows

    @property
    def request_id(self) -> str | None:
        return self._origin.request_id

    async def __aiter__(self) -> AsyncGenerator[Delta, None]:
        unfolding = Unfolding(self._origin, self._clock)
        async with aclosing(events(self._response)) as said:
            async for event in said:
                for delta in unfolding.take(event):
                    yield delta
                if unfolding.whole:
                    await drain(said)
                    return
        unfolding.finish()


async def events(response: httpx.Response) -> AsyncGenerator[Fields, None]:
    """The events of a stream, split wherever the network split them; a half one at the end is none.

    Raises:
        ProviderError: `network`, when it broke off or is not a stream of JSON events.
    """
    content_type = response.headers.get("content-type", "")
    if content_type.partition(";")[0].strip() != "text/event-stream":
        raise _broken(f"The answer is not a stream but {content_type or 'of no stated type'}.", "not-a-stream")
    with network_errors():
        async with aclosing(EventSource(response).aiter_sse()) as source:
            async for event in source:
                if event.data:
                    yield fields(decode_json(event.data))


async def drain(said: AsyncIterator[Fields]) -> None:
    """Read to the end, so that the connection can serve again; a host that keeps it open is not waited for."""
    with suppress(TimeoutError, ProviderError):
        async with asyncio.timeout(_DRAIN_S):
            async for _ in said:
                pass


@dataclass(slots=True)
class Unfolding:
    """Turns the events of one message into deltas, holding what must be known from one to the next."""

    origin: Origin
    clock: Clock
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    whole: bool = False
    """Whether `message_stop` has come: only then was nothing cut."""
    _tools: dict[int, _OpenTool] = field(default_factory=dict)

    def take(self, event: Fields) -> list[Delta]:
        """What one event adds. Pings and kinds that nobody has described add nothing.

        Raises:
            ProviderError: it is an error event.
        """
        match event.get("type"):
            case "message_start":
                message = fields(event.get("message"))
                self.model = text(message.get("model")) or self.model
                self.usage = read_usage(self.usage, fields(message.get("usage")))
            case "content_block_start":
                return self._opened(count(event.get("index")) or 0, fields(event.get("content_block")))
            case "content_block_delta":
                return self._grown(count(event.get("index")) or 0, fields(event.get("delta")))
            case "content_block_stop":
                return self._closed(count(event.get("index")) or 0)
            case "message_delta":
                delta = fields(event.get("delta"))
                self.stop_reason = text(delta.get("stop_reason")) or self.stop_reason
                self.stop_sequence = text(delta.get("stop_sequence")) or self.stop_sequence
                self.usage = read_usage(self.usage, fields(event.get("usage")))
            case "message_stop" if self.stop_reason is not None and not self.whole:
                self.whole = True
                return [self._finished(self.stop_reason)]
            case "error":
                raise ProviderError(self.failure(event), windows=self.origin.windows)
        return []

    def failure(self, event: Fields) -> Failure:
        """What an error event means."""
        envelope = read_envelope(event)
        if envelope is None:
            return _broken("The stream ended with an error that says nothing.", "unexpected-shape").failure
        return judge(
            envelope,
            None,
            windows=self.origin.windows,
            wait=None,
            now=self.clock.now(),
            model=self.origin.model,
            request_id=self.origin.request_id,
        )

    def finish(self) -> None:
        """Say that no more events come.

        Raises:
            ProviderError: `network`, when the message was not whole: it must never pass for one.
        """
        if not self.whole:
            raise _broken("The answer broke off before its end.", "cut", self.origin.request_id)

    def _finished(self, reason: str) -> Finished:
        return Finished(
            finish=read_finish(reason),
            usage=self.usage,
            model=self.model or self.origin.model,
            stop_sequence=self.stop_sequence,
        )

    def _opened(self, index: int, block: Fields) -> list[Delta]:
        match block:
            case {"type": "text", "text": str(said)} if said:
                return [TextDelta(said)]
            case {"type": "thinking", "thinking": str(thought)} if thought:
                return [ReasoningDelta(thought)]
            case {"type": "redacted_thinking", "data": str(data)}:
                return [ReasoningDelta(signature=REDACTED + data)]
            case {"type": "tool_use", "id": str(call_id), "name": str(name)}:
                given = fields(block.get("input"))
                tool = _OpenTool(len(self._tools), empty=not given)
                self._tools[index] = tool
                return [ToolCallDelta(tool.index, call_id, name, json.dumps(given) if given else "")]
        return []

    def _grown(self, index: int, delta: Fields) -> list[Delta]:
        match delta:
            case {"type": "text_delta", "text": str(said)} if said:
                return [TextDelta(said)]
            case {"type": "thinking_delta", "thinking": str(thought)} if thought:
                return [ReasoningDelta(thought)]
            case {"type": "signature_delta", "signature": str(signature)} if signature:
                return [ReasoningDelta(signature=signature)]
            case {"type": "input_json_delta", "partial_json": str(piece)} if piece and index in self._tools:
                tool = self._tools[index]
                tool.empty = False
                return [ToolCallDelta(tool.index, arguments=piece)]
        return []

    def _closed(self, index: int) -> list[Delta]:
        tool = self._tools.get(index)
        if tool is None or not tool.empty:
            return []
        # A call without arguments sends no JSON at all; readers who parse the pieces need some.
        tool.empty = False
        return [ToolCallDelta(tool.index, arguments="{}")]


@dataclass(slots=True)
class _OpenTool:
    index: int
    empty: bool


def _broken(why: str, code: str, request_id: str | None = None) -> ProviderError:
    return ProviderError(Failure(Meaning.NETWORK, why, code=code, request_id=request_id))
