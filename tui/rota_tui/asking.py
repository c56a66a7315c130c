"""One question put to the engine, its answer handed on in frames: a fast stream becomes twenty updates a second."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rota.pool.ask import Hop
from rota.providers.base import Finished, ReasoningDelta, TextDelta, ToolCallDelta
from rota_tui.pieces import clean_block

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rota.engine import Engine
    from rota.events import RequestServed
    from rota.pool.ask import Ask
    from rota.providers.base import ChatRequest, Delta, Finish

FRAME = 0.05
"""Seconds of an answer that are shown at once."""

BEAT = 0.5
"""Seconds of silence after which an empty frame is given, so that whoever waits sees that time passes."""


@dataclass(slots=True)
class Heard:
    """What came within one frame, in order within each kind; text is fit to be shown."""

    request_id: str = ""
    hops: list[Hop] = field(default_factory=list)
    reasoning: str = ""
    text: str = ""
    calls: list[ToolCallDelta] = field(default_factory=list)
    finish: Finish | None = None
    story: RequestServed | None = None
    """With the last frame of a whole answer."""


class _Hearing:
    """What the reader heard and nobody took yet."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self._request_id = ""
        self._items: list[Delta | Hop] = []
        self._story: RequestServed | None = None

    async def read(self, engine: Engine, request: ChatRequest, ask: Ask) -> None:
        try:
            async with engine.stream(request, ask) as stream:
                self._request_id = stream.request_id
                async for item in stream:
                    self._items.append(item)
                    self.news.set()
                self._story = stream.story
        finally:
            self.news.set()

    def take(self) -> Heard:
        """Everything since the last time."""
        items, self._items = self._items, []
        self.news.clear()
        heard = Heard(self._request_id, story=self._story)
        text: list[str] = []
        reasoning: list[str] = []
        for item in items:
            match item:
                case TextDelta():
                    text.append(item.text)
                case ReasoningDelta():
                    reasoning.append(item.text)
                case ToolCallDelta():
                    heard.calls.append(item)
                case Finished():
                    heard.finish = item.finish
                case Hop():
                    heard.hops.append(item)
        heard.text, heard.reasoning = clean_block("".join(text)), clean_block("".join(reasoning))
        return heard


async def listen(engine: Engine, request: ChatRequest, ask: Ask, *, frame: float = FRAME) -> AsyncGenerator[Heard]:
    """The answer in frames. Closing it ends the request upstream. Raises as `engine.stream` does.

    The connection is read in a task of its own: what is slow to paint never holds up the stream.
    """
    hearing = _Hearing()
    reader = asyncio.create_task(hearing.read(engine, request, ask), name="chat answer")
    try:
        while not reader.done():
            with suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it forgets that it was cancelled when news came just then.
                async with asyncio.timeout(BEAT):
                    await hearing.news.wait()
            yield hearing.take()
            await asyncio.wait([reader], timeout=frame)
        yield hearing.take()
        await reader
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
