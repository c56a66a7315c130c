"""What an engine works with: the log from the start; vault, HTTP and providers from their first use on."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from rota.late import imported

if TYPE_CHECKING:
    import httpx

    from rota.clock import Clock
    from rota.config import Settings
    from rota.journal import Journal
    from rota.migrate.places import Places
    from rota.paths import Paths
    from rota.services import Services
    from rota.vault.base import Vault


class Parts:
    """Holds them, and makes each once."""

    def __init__(
        self,
        *,
        paths: Paths,
        settings: Settings,
        clock: Clock,
        journal: Journal,
        vault: Vault | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        seed: int | None = None,
        places: Places | None = None,
    ) -> None:
        self.paths = paths
        self.settings = settings
        self.clock = clock
        self.journal = journal
        self._vault = vault
        self._transport = transport
        self._places = places
        self._rng = random.Random(seed)
        self._services: Services | None = None
        self._opening, self._making = asyncio.Lock(), asyncio.Lock()
        self.notices: list[str] = []
        """What a person should know about the stores; see `Engine.take_notices`."""
        self._vault_told = 0

    @property
    def vault_kind(self) -> str | None:
        """`keyring`, `file` or `memory`; None until the vault was first needed."""
        return self._vault.kind if self._vault is not None else None

    @property
    def places(self) -> Places:
        """Where other tools keep their files."""
        from rota.migrate.places import here  # late: only who imports or shares needs it

        return self._places or here()

    async def vault(self) -> Vault:
        """Where the secrets are, opened once; raises `VaultError` when it cannot be."""
        async with self._opening:
            if self._vault is None:
                from rota.vault import open_vault

                self._vault = await open_vault(self.settings.vault, self.paths)
            return self._vault

    async def services(self) -> Services:
        """What talks to the world, made once."""
        async with self._making:
            if self._services is None:
                await imported("rota.services")
                from rota.services import make_services

                self._services = await make_services(
                    paths=self.paths,
                    settings=self.settings,
                    clock=self.clock,
                    journal=self.journal,
                    rng=self._rng,
                    vault=await self.vault(),
                    transport=self._transport,
                    places=self.places,
                )
            return self._services

    async def aclose(self) -> None:
        """Close the connections."""
        if self._services is not None:
            await self._services.aclose()
