"""What talks to the world, made together at first use: HTTP, vault, providers, pool and poller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.accounts import Accounts
from rota.catalogue import Catalogue
from rota.migrate.desk import shared_logins
from rota.pool.pool import Pool
from rota.pool.refresh import Credentials
from rota.providers.anthropic import AnthropicProvider
from rota.providers.http import Timeouts, open_client, phases
from rota.providers.puter import PuterProvider
from rota.providers.registry import Providers
from rota.usage import Poller

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    import httpx

    from rota.clock import Clock
    from rota.config import Settings
    from rota.journal import Journal
    from rota.migrate.places import Places
    from rota.paths import Paths
    from rota.providers.base import Provider
    from rota.vault.base import Vault


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a home works with, over one HTTP client."""

    client: httpx.AsyncClient
    vault: Vault
    accounts: Accounts
    credentials: Credentials
    providers: Mapping[str, Provider]
    anthropic: AnthropicProvider
    puter: PuterProvider
    pool: Pool
    poller: Poller
    catalogue: Catalogue

    def take_settings(self, settings: Settings) -> None:
        """Go on by other settings; what is under way ends by those that it began with."""
        self.pool.take_settings(settings)
        self.poller.take_settings(settings.usage)
        self.credentials.ahead_s = settings.pool.refresh_ahead_s
        self.catalogue.fresh_for = settings.catalogue.cache_ttl_s
        waits = settings.timeouts
        self.puter.take_waits(waits.answer_s, waits.first_content_s, waits.between_chunks_s)
        self.client.timeout = phases(_timeouts(settings))

    async def aclose(self) -> None:
        """Let what is under way end, then close the connections."""
        await self.pool.aclose()
        await self.credentials.aclose()
        for provider in self.providers.values():
            await provider.aclose()
        await self.client.aclose()


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(connect=settings.timeouts.connect_s, read=settings.timeouts.first_content_s)


async def make_services(
    *,
    paths: Paths,
    settings: Settings,
    clock: Clock,
    journal: Journal,
    rng: random.Random,
    vault: Vault,
    transport: httpx.AsyncBaseTransport | None = None,
    places: Places | None = None,
) -> Services:
    """Wire them up.

    Args:
        transport: for the HTTP client, in tests.
        places: where other tools keep their files; this machine's when None.
    """
    waits = settings.timeouts
    client = open_client(transport=transport, timeouts=_timeouts(settings))
    anthropic = AnthropicProvider(
        client,
        api_url=settings.anthropic.api_url,
        auth_url=settings.anthropic.auth_url,
        authorize_url=settings.anthropic.authorize_url,
        clock=clock,
    )
    puter = PuterProvider(
        client,
        api_url=settings.puter.api_url,
        gui_url=settings.puter.gui_url,
        clock=clock,
        answer_s=waits.answer_s,
        first_content_s=waits.first_content_s,
        between_chunks_s=waits.between_chunks_s,
    )
    own: dict[str, Provider] = {"anthropic": anthropic, "puter": puter}
    providers = Providers(own, client=client, clock=clock, urls=settings.providers.urls)
    shared = shared_logins(
        journal=journal, providers=providers, paths=paths, clock=clock, sharing=settings.sharing, places=places
    )
    credentials = Credentials(
        journal, vault, providers, paths.locks, clock, ahead_s=settings.pool.refresh_ahead_s, shared=shared
    )
    return Services(
        client=client,
        vault=vault,
        accounts=Accounts(journal, vault, clock, paths.locks),
        credentials=credentials,
        providers=providers,
        anthropic=anthropic,
        puter=puter,
        pool=Pool(journal, credentials, providers, settings, clock, rng),
        poller=Poller(journal, credentials, providers, settings.usage, clock, rng),
        catalogue=Catalogue(providers, credentials, paths.catalogue_file, clock, settings.catalogue.cache_ttl_s),
    )
