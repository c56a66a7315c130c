"""A home of rota that imports: the real log, accounts and settings, with secrets in memory."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota import paths as places_of_rota
from rota.accounts import Accounts
from rota.clock import ManualClock
from rota.journal import Journal
from rota.log import SqliteLog
from rota.migrate.apply import Importer
from rota.migrate.links import Links
from rota.migrate.plan import Plan, make_plan
from rota.migrate.settings_door import SettingsFile
from rota.migrate.survey import check, read
from rota.migrate.takeback import Tools
from rota.migrate.writeback import shared_sources
from rota.providers.credential import unseal
from rota.settings import SharingSettings
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.foreign_files import Machine

    from rota.clock import Clock
    from rota.migrate.survey import Identify
    from rota.paths import Paths
    from rota.providers.base import Credential
    from rota.vault.base import Vault


@dataclass
class Home:
    """rota on one machine."""

    machine: Machine
    paths: Paths
    clock: Clock
    journal: Journal
    vault: Vault
    accounts: Accounts
    links: Links
    settings: SettingsFile
    importer: Importer
    sharing: frozenset[str]

    async def plan(self, identify: Identify | None = None, *only: str) -> Plan:
        readings = read(self.machine.places, only)
        checked = await check(readings, identify, self.clock.now()) if identify is not None else {}
        return make_plan(
            readings,
            await self.importer.known(),
            checked,
            sharing=self.sharing,
            current=self.settings.current,
        )

    async def login(self, account_id: str) -> Credential:
        return unseal(await self.vault.get(f"account/{account_id}"))

    def labels(self) -> list[str]:
        return [state.account.label for state in self.journal.snapshot.listed()]


@asynccontextmanager
async def home(
    machine: Machine, folder: Path, *, clock: Clock | None = None, vault: Vault | None = None
) -> AsyncIterator[Home]:
    paths = places_of_rota.under(folder)
    paths.ensure()
    clock = clock or ManualClock()
    vault = vault or MemoryVault()
    async with Journal(SqliteLog.open(paths.log_file), clock) as journal:
        accounts = Accounts(journal, vault, clock, paths.locks)
        links = Links(paths.state / "links.json")
        settings = SettingsFile(paths, {})
        tools = Tools(accounts, journal, vault, clock, paths, links, settings)
        yield Home(
            machine=machine,
            paths=paths,
            clock=clock,
            journal=journal,
            vault=vault,
            accounts=accounts,
            links=links,
            settings=settings,
            importer=Importer(tools),
            sharing=shared_sources(SharingSettings()),
        )
