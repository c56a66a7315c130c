"""Progress on standard error for what takes a while; nothing at all when that is no terminal."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE_S = 0.5
"""What is quicker than this needs no progress."""
STEP_S = 0.1
BAR = 20


class Progress:
    """One line that is rewritten: what is done now, and how far it is."""

    def __init__(self, doing: str, total: int | None) -> None:
        self.doing = doing
        self.total = total
        self.done = 0
        self._began = time.monotonic()

    def step(self, doing: str | None = None) -> None:
        """One more is done; `doing` is what comes now."""
        self.done += 1
        if doing is not None:
            self.doing = doing

    def line(self) -> str:
        """The line as it is now."""
        seconds = time.monotonic() - self._began
        if not self.total:
            return f"{self.doing} … {seconds:.0f} s"
        full = min(BAR, BAR * self.done // self.total)
        return f"[{'#' * full}{'.' * (BAR - full)}] {self.done}/{self.total} {self.doing}"


@asynccontextmanager
async def working(doing: str, total: int | None = None) -> AsyncIterator[Progress]:
    """Show progress for as long as the context, once it has taken half a second."""
    progress = Progress(doing, total)
    if not sys.stderr.isatty():
        yield progress
        return
    shown = asyncio.create_task(_show(progress), name="progress")
    try:
        yield progress
    finally:
        shown.cancel()
        await asyncio.gather(shown, return_exceptions=True)


async def _show(progress: Progress) -> None:
    await asyncio.sleep(PATIENCE_S)
    try:
        while True:
            sys.stderr.write(f"\r{progress.line()}\x1b[K")
            sys.stderr.flush()
            await asyncio.sleep(STEP_S)
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
