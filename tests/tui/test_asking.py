"""An answer in frames: whoever stops it is heard, whatever comes at that moment."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from rota.pool.ask import Ask
from rota.providers.base import ChatRequest, TextDelta
from rota_tui.asking import listen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rota.engine import Engine


class Speaking:
    """A stream that says one word when it is told to, and then nothing any more."""

    request_id = "r"
    story = None

    def __init__(self, word: asyncio.Event) -> None:
        self._word = word

    async def __aiter__(self) -> AsyncIterator[TextDelta]:
        await self._word.wait()
        yield TextDelta("word")
        await asyncio.Event().wait()


class OneAnswer:
    """As much of an engine as an answer takes."""

    def __init__(self) -> None:
        self.word = asyncio.Event()

    @asynccontextmanager
    async def stream(self, *_: Any) -> AsyncIterator[Speaking]:
        yield Speaking(self.word)


@pytest.mark.parametrize("turns", range(8))
async def test_an_answer_is_stopped_also_when_words_come_in_the_same_moment(turns: int) -> None:
    engine = OneAnswer()

    async def hear() -> None:
        async for _ in listen(cast("Engine", engine), ChatRequest("m", ()), Ask("m"), frame=0.0):
            pass

    hearing = asyncio.create_task(hear())
    for _ in range(20):
        await asyncio.sleep(0)
    engine.word.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    hearing.cancel()
    async with asyncio.timeout(30):
        await asyncio.wait([hearing])
    assert hearing.cancelled()
