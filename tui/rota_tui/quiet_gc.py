"""Streaming without the garbage collector's long pauses.

A full collection looks at every object of the app; with a long conversation on the screen that is a tenth of a second
and more, several times in one fast answer (measured). While an answer streams only young objects are collected, and
what has grown old by then is set aside: later full collections need not look at it again, until `collect_all`.
"""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EVERY = 0.4
"""Seconds between two collections of young objects."""


@asynccontextmanager
async def full_collections_paused() -> AsyncIterator[None]:
    """For as long as something streams."""
    gc.disable()
    gc.freeze()
    tidying = asyncio.create_task(_tidy(), name="collect young objects")
    try:
        yield
    finally:
        tidying.cancel()
        gc.collect(1)
        gc.freeze()
        gc.enable()


async def _tidy() -> None:
    while True:
        await asyncio.sleep(EVERY)
        gc.collect(1)


def collect_all() -> None:
    """Collect what was set aside as well: a pause, for a moment when much has just been thrown away."""
    gc.unfreeze()
    gc.collect()
