"""Writes streams the way networks deliver them: SSE and NDJSON events, paced, split anywhere, cut short."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from rota.clock import Clock
    from rota.simulator.faults import Fault


class ConnectionCut(Exception):
    """The simulated server drops the connection here."""


def sse(event: str | None, data: Mapping[str, Any] | str) -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else compact(data)
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {text}\n\n".encode()


def ndjson(line: Mapping[str, Any]) -> bytes:
    """One line of newline-delimited JSON."""
    return (compact(line) + "\n").encode()


def compact(value: Any) -> str:
    """JSON as both providers write it: no spaces, characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Splitting:
    """How a body is cut into network chunks; 0 keeps each event whole."""

    size: int = 0
    uneven: bool = False
    """Chunks of 1 to `size` bytes rather than all of `size`."""


async def in_chunks(events: AsyncIterator[bytes], splitting: Splitting, rng: random.Random) -> AsyncGenerator[bytes]:
    """Cut a stream of events without regard to where lines or characters end."""
    if not splitting.size:
        async for event in events:
            yield event
        return
    held = b""
    async for event in events:
        held += event
        size = rng.randint(1, splitting.size) if splitting.uneven else splitting.size
        while len(held) >= size:
            yield held[:size]
            held = held[size:]
            size = rng.randint(1, splitting.size) if splitting.uneven else splitting.size
            await asyncio.sleep(0)  # lets the piece leave alone
    if held:
        yield held


@dataclass(slots=True)
class Pace:
    """How fast a model speaks, on the simulator's clock; 0 tokens a second is as fast as can be.

    Each token has its moment: a sleep that took too long is made up for, so that fast models are as fast as they say.
    """

    clock: Clock
    tokens_per_second: float
    first_token_seconds: float = 0.0
    _due: float | None = None

    async def begin(self) -> None:
        if self.tokens_per_second > 0 and self.first_token_seconds > 0:
            await self.clock.sleep(self.first_token_seconds)

    async def spoke(self, tokens: int) -> None:
        if self.tokens_per_second <= 0:
            await asyncio.sleep(0)
            return
        now = self.clock.monotonic()
        self._due = (now if self._due is None else self._due) + tokens / self.tokens_per_second
        await self.clock.sleep(max(0.0, self._due - now))


class Streamed(StreamingResponse):
    """A streaming answer that always closes its source, and can stop in mid-air."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        closed: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(chunks, headers=headers, media_type=media_type)
        self._chunks = chunks
        self._closed = closed
        """Called once the answer is over, also when it never began."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._closed is not None:
                self._closed()

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._chunks) as chunks:
            try:
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except ConnectionCut:
                # Leaving without the last message makes the server close the socket: the client sees a cut.
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def cut_short(chunks: AsyncIterator[bytes], fault: Fault | None) -> AsyncGenerator[bytes]:
    """A stream of chunks that breaks at a certain byte, if a fault says so."""
    if fault is None or fault.name != "cut" or fault.after_bytes is None:
        async for chunk in chunks:
            yield chunk
        return
    left = fault.after_bytes
    async for chunk in chunks:
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            raise ConnectionCut


async def struck(
    events: AsyncIterator[bytes], fault: Fault | None, error: bytes, clock: Clock
) -> AsyncGenerator[bytes]:
    """A stream of events with a forced fault happening in it after `fault.after` of them."""
    passed = 0
    async for event in events:
        if fault is not None and passed == fault.after:
            match fault.name:
                case "cut" if fault.after_bytes is None:
                    raise ConnectionCut
                case "stream-error":
                    yield error
                    return
                case "truncated":
                    return
                case "stall":
                    await clock.sleep(fault.seconds or 0.0)
        yield event
        passed += 1
