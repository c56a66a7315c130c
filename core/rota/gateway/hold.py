"""Wait for the first account to come back, and say so meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rota.events import AccountAdded, AccountEnabled, CooldownLifted, HealthChanged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rota.clock import Clock
    from rota.hub import Subscription
    from rota.journal import Journal

KEEP_ALIVE_S = 10.0
"""While a request is held, its caller hears something this often."""

_NEWS = (AccountAdded, AccountEnabled, CooldownLifted, HealthChanged)
"""After these somebody may be able to serve before the time that was told."""


async def held(until: float, journal: Journal, clock: Clock, reassure: Callable[[], Awaitable[None]]) -> None:
    """Until `until`, or until something happened that may help."""
    with journal.subscribe() as news:
        helped = asyncio.create_task(_helped(news))
        try:
            while (left := until - clock.now()) > 0 and not helped.done():
                await reassure()
                pause = asyncio.ensure_future(clock.sleep(min(left, KEEP_ALIVE_S)))
                try:
                    await asyncio.wait({pause, helped}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    pause.cancel()
        finally:
            helped.cancel()


async def _helped(news: Subscription) -> None:
    async for batch in news:
        if any(isinstance(event, _NEWS) for event in batch.events):
            return
