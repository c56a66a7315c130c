"""Asks the usage endpoint whether an account that could not pay has any credit left: once for all who wonder."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rota.errors import ProviderError
from rota.events import QuotaObserved
from rota.pool.cooldown import credit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.clock import Clock
    from rota.journal import Journal
    from rota.pool.cooldown import Credit
    from rota.providers.base import Credential, Provider


class Confirmer:
    """One question to the usage endpoint at a time, an account."""

    def __init__(self, journal: Journal, providers: Mapping[str, Provider], clock: Clock) -> None:
        self._journal = journal
        self._providers = providers
        self._clock = clock
        self._asking: dict[str, asyncio.Task[Credit | None]] = {}

    async def credit(self, account_id: str, provider: str, credential: Credential) -> Credit | None:
        """What is left; None when this kind of account has no usage endpoint or it did not answer."""
        task = self._asking.get(account_id)
        if task is None:
            task = asyncio.create_task(self._ask(account_id, provider, credential), name=f"usage {account_id}")
            self._asking[account_id] = task
            task.add_done_callback(lambda _done: self._asking.pop(account_id, None))
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        for task in tuple(self._asking.values()):
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _ask(self, account_id: str, provider: str, credential: Credential) -> Credit | None:
        try:
            report = await self._providers[provider].usage(credential)
        except ProviderError:
            return None
        if report is None or not report.windows:
            return None
        now = self._clock.now()
        self._journal.publish(QuotaObserved(at=now, account_id=account_id, windows=report.windows))
        return credit_of(report.windows, now)
