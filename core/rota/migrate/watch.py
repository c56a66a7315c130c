"""Watch the files that other tools share logins in, and take over at once what changes there."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rota.errors import RotaError
from rota.migrate.links import where_of
from rota.migrate.live import facts

if TYPE_CHECKING:
    from rota.clock import Clock
    from rota.migrate.links import Links
    from rota.migrate.places import Places
    from rota.migrate.records import Record
    from rota.migrate.writeback import Journal

TICK_MS = 2000
QUIET_TICKS = 15
"""Ticks between looks when nothing is heard: a network drive tells of no change, and folders may be made later."""
LOOK_S = TICK_MS / 1000 * QUIET_TICKS
SETTLE_MS = 100
"""A tool that writes twice in a row is looked at once."""


class Taker(Protocol):
    """Who takes a renewed login over; `rota.pool.refresh.Credentials` is one."""

    async def take_over(self, account_id: str) -> bool:
        """Look for a newer login of an account in the files it shares; returns whether there was one."""
        ...


class Watcher:
    """Looks whenever a shared file changes."""

    def __init__(
        self,
        *,
        taker: Taker,
        links: Links,
        journal: Journal,
        places: Places,
        sources: frozenset[str],
        clock: Clock,
    ) -> None:
        self._taker = taker
        self._links = links
        self._journal = journal
        self._places = places
        self._sources = sources
        self._clock = clock
        self._seen: dict[str, Record] | None = None

    async def run(self) -> None:
        """Look now, and at every change, until cancelled."""
        while True:
            await self.look()
            folders = self._folders()
            if not folders:
                await self._clock.sleep(LOOK_S)
                continue
            try:
                await self._follow(folders)
            except (OSError, RuntimeError):
                # A folder went away, or the system has no watch left to give: looking now and then still works.
                await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Take over what other tools have renewed, and say what their files newly tell."""
        present = {state.id for state in self._journal.snapshot.listed()}
        linked = {link.account_id for link in self._links.all() if link.source in self._sources}
        for account_id in sorted(linked & present):
            try:
                await self._taker.take_over(account_id)
            except RotaError:
                # Whoever needs the login next is told the same by `Credentials`; the next look tries again.
                continue
        seen = await asyncio.to_thread(self._read)
        now = self._clock.now()
        self._journal.publish(*facts(self._seen, seen, self._journal.snapshot, now))
        self._seen = seen

    def _read(self) -> dict[str, Record]:
        """The plugins' records by account."""
        owners = {link.place: link.account_id for link in self._links.all()}
        if not owners:
            return {}
        from rota.migrate import (
            survey,
        )  # late: with the checks of every tool's files, needed only by who imports or shares

        plugins = {"anthropic-multi-auth", "anthropic-multi-account", "opencode-puter-auth"} & self._sources
        found: dict[str, Record] = {}
        for reading in survey.read(self._places, plugins) if plugins else ():
            for record in reading.records:
                where = where_of(record.place)
                if where is not None and (owner := owners.get((record.place.source, where, record.place.slot))):
                    found.setdefault(owner, record)
        return found

    def _files(self) -> frozenset[Path]:
        places = self._places.without_keychain()
        linked = {Path(link.path) for link in self._links.all() if link.source in self._sources}
        if not linked:
            return frozenset()  # who shares no login with another tool has none of its files looked at
        from rota.migrate import survey

        sources = [source for source in survey.SOURCES if source.NAME in self._sources]
        found = {each.path for source in sources for each in source.find(places) if each.path is not None}
        return frozenset(path for path in linked | found if path.is_absolute())

    def _folders(self) -> frozenset[Path]:
        """Folders, not files: a file that is replaced in one step is a new file. Of a link both ends."""
        both = (folder for path in self._files() for folder in (path.parent, Path(os.path.realpath(path)).parent))
        return frozenset(folder for folder in both if folder.is_dir())

    async def _follow(self, folders: frozenset[Path]) -> None:
        """Look at every change in these folders, until other folders are to be watched."""
        from watchfiles import awatch  # late: only the app and the gateway watch

        files = self._files()
        names = {path.name for path in files}
        quiet = 0
        async for changes in awatch(
            *folders,
            watch_filter=lambda _change, path: Path(path).name in names,
            recursive=False,
            debounce=SETTLE_MS,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
        ):
            quiet = 0 if changes else quiet + 1
            # The first quiet tick looks too: something may have changed before the watch began.
            if changes or quiet == 1 or quiet % QUIET_TICKS == 0:
                await self.look()
                if self._folders() != folders or self._files() != files:
                    return
