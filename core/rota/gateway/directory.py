"""The models that can be asked for now, kept at hand: renewed beside the requests, never in their way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rota.events import AccountAdded, AccountRemoved
from rota.gateway.names import Names

if TYPE_CHECKING:
    from rota.catalogue import Catalogue
    from rota.clock import Clock
    from rota.journal import Journal
    from rota.settings import CatalogueSettings

FIRST_WAIT_S = 3.0
"""As long a request waits for the very first list; then it goes where its name says."""

AGAIN_S = 30.0
"""At the least so long between two looks at the lists."""

_CHANGES = (AccountAdded, AccountRemoved)
"""A tuple: `A | B` would be made anew for each event."""


class Directory:
    """Gives the present names; `aclose` ends what runs behind."""

    def __init__(self, catalogue: Catalogue, journal: Journal, settings: CatalogueSettings, clock: Clock) -> None:
        self._catalogue = catalogue
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._events = journal.subscribe()
        self._present: frozenset[str] | None = None
        self._names: Names | None = None
        self._renew_at = 0.0
        self._renewing: asyncio.Task[None] | None = None

    async def names(self) -> Names:
        """The names as they are known; only the very first question waits, and not for long."""
        self._look()
        now = self._clock.now()
        if self._renewing is None and (now >= self._renew_at or self._renew_at - now > self._every_s):
            self._renewing = asyncio.create_task(self._renew(), name="gateway models")
        if self._names is None and self._renewing is not None:
            await asyncio.wait({self._renewing}, timeout=FIRST_WAIT_S)
        return self._names or Names((), self._settings.aliases, self._present or ())

    async def aclose(self) -> None:
        self._events.close()
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)

    @property
    def _every_s(self) -> float:
        return max(self._settings.cache_ttl_s, AGAIN_S)

    def _look(self) -> None:
        """Notice accounts that came and went; costs nothing else."""
        batch = self._events.look()
        changed = [event for event in batch.events if isinstance(event, _CHANGES)]
        if self._present is None or batch.dropped or changed:
            present = frozenset(s.account.provider for s in batch.snapshot.listed())
            if present != self._present:
                self._present, self._names, self._renew_at = present, None, 0.0

    async def _renew(self) -> None:
        present = self._present or frozenset()
        try:
            models = await self._catalogue.models(self._journal.snapshot)
            self._names = Names(models, self._settings.aliases, present)
        finally:
            self._renew_at = self._clock.now() + self._every_s
            self._renewing = None
