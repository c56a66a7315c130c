"""Markdown written in small steps onto pages: however fast a model speaks, the app paints and listens in between."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rota_tui.paging import Pager

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.widgets import Markdown

BREATH = 0.005
"""Seconds at least between a step's painting and the next. Keys are read then, so it is as long as the step was work:
while an answer keeps up, at most half of the time goes into it, however slow the machine."""

UNSEEN = 0.25
"""Seconds after which nobody is taken to be looking: nothing is painted while another mode is shown."""


class SteadyStream:
    """Textual's own stream writes all that has come at once, which after a pause is a stall; this one never does.

    Args:
        turn: gives a new page; it is told whether that takes up the code of the page before.
    """

    def __init__(self, turn: Callable[[bool], Awaitable[Markdown]]) -> None:
        self._turn = turn
        self._pager = Pager()
        self._pending = ""
        self._news = asyncio.Event()
        self._ended = False
        self._writing = asyncio.create_task(self._run(), name="markdown stream")

    def write(self, text: str) -> None:
        """Add text; it appears in its turn."""
        self._pending += text
        self._news.set()

    async def drain(self) -> None:
        """Wait until everything written is on the screen, and end."""
        self._ended = True
        self._news.set()
        # Shielded: whoever waits may be told to stop, and what has come is to be shown all the same.
        await asyncio.shield(self._writing)

    async def _run(self) -> None:
        page = await self._turn(False)
        while True:
            if not self._pending:
                if self._ended:
                    return
                self._news.clear()
                await self._news.wait()
                continue
            began = time.thread_time()
            cut = self._pager.cut(self._pending)
            self._pending = cut.rest
            await page.append(cut.text)
            await _painted(page)
            took = time.thread_time() - began
            await asyncio.sleep(BREATH if cut.rest or self._ended else max(BREATH, took))  # behind, it catches up
            if cut.new_page:
                page = await self._turn(bool(cut.opener))
                self._pending = cut.opener + self._pending
                if cut.opener:
                    self._pager = Pager()


async def _painted(page: Markdown) -> None:
    """Until a step is laid out; two steps in one layout would cost what they are to save."""
    with suppress(TimeoutError):
        await asyncio.wait_for(page.wait_for_refresh(), UNSEEN)
