"""A lock across processes that a coroutine can wait for, and be cancelled while it waits."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

POLL_S = 0.05


@asynccontextmanager
async def process_lock(path: Path) -> AsyncIterator[None]:
    """Hold the lock file at `path`; the system frees it when its process dies.

    The wait is polled in real time whatever the clock in use: other processes live in real time.
    """
    from filelock import FileLock, Timeout  # late: only a token refresh needs it

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path, mode=0o600, thread_local=False)
    while True:
        try:
            lock.acquire(blocking=False)
            break
        except Timeout:
            await asyncio.sleep(POLL_S)
    try:
        yield
    finally:
        lock.release()
