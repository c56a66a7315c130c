"""Importing beside the event loop what takes longer than a frame may."""

from __future__ import annotations

import asyncio
import importlib
import sys


async def imported(module: str) -> None:
    """Import it in a thread, so that the statement which names it afterwards takes no time.

    aiohttp, pydantic and what is built with them take two tenths of a second: in the event loop nobody would be
    answered and nothing painted meanwhile.
    """
    if module not in sys.modules:
        await asyncio.to_thread(importlib.import_module, module)
