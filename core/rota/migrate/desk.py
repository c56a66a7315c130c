"""The front of imports and shared logins: what the engine makes of the parts, and what screens and commands use."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rota.migrate.apply import Importer
from rota.migrate.links import Links
from rota.migrate.places import here
from rota.migrate.plan import Plan, make_plan
from rota.migrate.settings_door import SettingsFile
from rota.migrate.takeback import Tools
from rota.migrate.watch import Watcher
from rota.migrate.writeback import SharedLogins, shared_sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rota.account import Identity
    from rota.clock import Clock
    from rota.journal import Journal
    from rota.migrate.apply import Report
    from rota.migrate.places import Places
    from rota.migrate.records import Found
    from rota.migrate.survey import Identify
    from rota.migrate.takeback import Undone
    from rota.paths import Paths
    from rota.pool.refresh import Credentials
    from rota.providers.base import Credential, Provider
    from rota.services import Services
    from rota.settings import SharingSettings


class ImportDesk:
    """Everything that a person can do about importing."""

    def __init__(self, tools: Tools, identify: Identify, places: Places, sharing: frozenset[str]) -> None:
        self._tools = tools
        self._importer = Importer(tools)
        self._identify = identify
        self._places = places
        self._sharing = sharing

    async def find(self) -> tuple[Found, ...]:
        """What other tools have on this machine, unread."""
        from rota.migrate import (
            survey,
        )  # late: with the checks of every tool's files, needed only by who imports or shares

        return await asyncio.to_thread(survey.find, self._places)

    async def plan(self, only: Iterable[str] = (), *, online: bool = True) -> Plan:
        """What an import would do; nothing is written and no token is spent.

        Args:
            only: names of sources (`survey.names()`); all of them when empty.
            online: ask the providers whose each login is and whether it lives.
        """
        from rota.migrate import survey

        readings = await asyncio.to_thread(survey.read_whole, self._places, tuple(only))
        checked = await survey.check(readings, self._identify, self._tools.clock.now()) if online else {}
        known = await self._importer.known()
        return await asyncio.to_thread(
            make_plan, readings, known, checked, sharing=self._sharing, current=self._tools.settings.current
        )

    async def apply(self, plan: Plan, *, change_files: bool = False, tighten_files: bool = False) -> Report:
        """Do it; see `Importer.apply`."""
        return await self._importer.apply(plan, change_files=change_files, tighten_files=tighten_files)

    async def undo(self, import_id: str | None = None) -> Undone:
        """Take an import back, the last one when none is named; see `TakeBack.undo`."""
        return await self._importer.undo(import_id)


def import_desk(
    services: Services,
    *,
    journal: Journal,
    paths: Paths,
    clock: Clock,
    sharing: SharingSettings,
    places: Places | None = None,
) -> ImportDesk:
    """The desk of a home; `places` is this machine when None."""
    places = places or here()
    settings = SettingsFile(paths, places.environ)
    tools = Tools(services.accounts, journal, services.vault, clock, paths, links_of(paths), settings)
    return ImportDesk(tools, identifier(services.providers), places, shared_sources(sharing))


def shared_logins(
    *,
    journal: Journal,
    providers: Mapping[str, Provider],
    paths: Paths,
    clock: Clock,
    sharing: SharingSettings,
    places: Places | None = None,
) -> SharedLogins:
    """What `Credentials` asks before it spends a token, and tells after."""
    return SharedLogins(
        links=links_of(paths),
        journal=journal,
        identify=identifier(providers),
        places=places or here(),
        sources=shared_sources(sharing),
        locks=paths.locks,
        clock=clock,
    )


def watcher(
    *,
    journal: Journal,
    credentials: Credentials,
    paths: Paths,
    clock: Clock,
    sharing: SharingSettings,
    places: Places | None = None,
) -> Watcher:
    """What notices that another tool renewed, limited or switched an account; `run()` it behind."""
    return Watcher(
        taker=credentials,
        links=links_of(paths),
        journal=journal,
        places=places or here(),
        sources=shared_sources(sharing),
        clock=clock,
    )


def links_of(paths: Paths) -> Links:
    return Links(paths.state / "links.json")


def identifier(providers: Mapping[str, Provider]) -> Identify:
    """How to ask a provider, by name, whose a credential is."""

    async def identify(provider: str, credential: Credential) -> Identity:
        return await providers[provider].identify(credential)

    return identify
