"""What runs behind the app and the gateway: mending what a crash left, polling, watching shared logins, alerts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rota.errors import RotaError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rota.engine import Engine


class Background:
    """An engine's chores, each a task of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[None]] = set()
        self.notices: list[str] = []
        """What came up that a person should know."""

    def start(self) -> None:
        """Begin all of them."""
        self._spawn(self._poll())
        self._spawn(self._watch_shared_logins())
        self._spawn(self._speak_up())
        if self._engine.settings.gateway.with_app:
            self._spawn(self._open_gateway())

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A chore that failed is told; the others go on."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.notices.append(f"Something that runs behind has stopped: {error or type(error).__name__}")

    async def _poll(self) -> None:
        services = await self._engine.services()
        self.notices += await services.accounts.sweep(
            lambda provider, credential: services.providers[provider].identify(credential)
        )
        await services.poller.run()

    async def _watch_shared_logins(self) -> None:
        from rota.migrate.desk import watcher

        engine = self._engine
        services = await engine.services()
        await watcher(
            journal=engine.journal,
            credentials=services.credentials,
            paths=engine.paths,
            clock=engine.clock,
            sharing=engine.settings.sharing,
        ).run()

    async def _speak_up(self) -> None:
        from rota.alerting import Alerter

        await Alerter(self._engine.journal, self._engine.clock, lambda: self._engine.settings.alerts).run()

    async def _open_gateway(self) -> None:
        try:
            await self._engine.start_gateway()
        except RotaError as error:
            self.notices.append(f"{error} {error.hint}".strip())
