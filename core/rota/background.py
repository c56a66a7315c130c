"""What runs behind the app and the gateway: mending what a crash left, polling, watching shared logins, alerts."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from rota.errors import ConfigError, RotaError, VaultError, VaultLocked

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rota.account import Identity
    from rota.engine import Engine
    from rota.providers.base import Credential
    from rota.services import Services


LOOK_S = 1.0
"""Between two looks whether there is an account to ask about by now."""
LOCKED_S = 5.0
"""Between two tries to open a keyring that is locked."""
LINKS_S = 5.0
"""Between two looks whether a login is shared with another tool by now."""
FILE_S = 2.0
"""Between two looks whether the settings file was changed by somebody else."""


class Background:
    """An engine's chores, each a task of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[None]] = set()
        self.notices: list[str] = []
        """What came up that a person should know."""

    def start(self) -> None:
        """Begin all of them."""
        self._spawn(self._mend_gateways())
        self._spawn(self._poll())
        self._spawn(self._watch_shared_logins())
        self._spawn(self._speak_up())
        self._spawn(self._follow_settings())
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
            self.notices.append(f"Something that runs behind has stopped: {str(error) or type(error).__name__}")

    async def _poll(self) -> None:
        from rota.usage import polled

        engine = self._engine
        await self._mend()
        # HTTP takes more memory than all of the core: with API keys alone there is nobody to ask.
        with engine.subscribe() as news:
            while not any(map(polled, engine.snapshot.listed())):
                await anext(news)
                await engine.clock.sleep(LOOK_S)  # ten thousand accounts are not gone through at every fact
        await (await self._services()).poller.run()

    async def _services(self) -> Services:
        """What talks to the world, once the keyring lets it be made: unlocking it needs no restart."""
        while True:
            try:
                return await self._engine.services()
            except VaultLocked:
                await self._engine.clock.sleep(LOCKED_S)

    async def _mend(self) -> None:
        """Mend what a crash left. A damaged vault is moved aside at the first look and found empty at the second."""
        engine = self._engine

        async def identify(provider: str, credential: Credential) -> Identity:
            return await (await engine.services()).providers[provider].identify(credential)

        for _ in range(2):
            try:
                self.notices += await (await engine.accounts()).sweep(identify)
            except VaultError as error:
                told = error.in_full
                if told not in self.notices:
                    self.notices.append(told)
            else:
                return

    async def _mend_gateways(self) -> None:
        """Tell of gateways that were ended hard, so that no screen goes on showing them."""
        from rota.events import GatewayStopped
        from rota.gateway.probe import refused

        engine = self._engine
        for process, gone in list(engine.snapshot.gateways.items()):
            if gone.running and await asyncio.to_thread(refused, gone.host, gone.port):
                at = engine.clock.now()
                engine.journal.publish(GatewayStopped(at=at, process=process, host=gone.host, port=gone.port))

    async def _watch_shared_logins(self) -> None:
        from rota.migrate.desk import links_of, watcher

        engine = self._engine
        while not links_of(engine.paths).all():
            await engine.clock.sleep(LINKS_S)
        services = await engine.services()
        await watcher(
            journal=engine.journal,
            credentials=services.credentials,
            paths=engine.paths,
            clock=engine.clock,
            sharing=engine.settings.sharing,
            places=engine.places,
        ).run()

    async def _speak_up(self) -> None:
        from rota.alerting import Alerter

        await Alerter(self._engine.journal, self._engine.clock, lambda: self._engine.settings.alerts).run()

    async def _follow_settings(self) -> None:
        from rota.config.follow import SettingsFollower

        engine = self._engine
        follower = SettingsFollower(engine.paths, os.environ)
        while True:
            await engine.clock.sleep(FILE_S)
            try:
                for key in follower.changed():
                    engine.take_up(key)
            except ConfigError as error:
                self.notices.append(f"{error.in_full} Until then the settings stay as they were.")

    async def _open_gateway(self) -> None:
        try:
            await self._engine.start_gateway()
        except RotaError as error:
            self.notices.append(error.in_full)
