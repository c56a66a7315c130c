"""The gateway on its port: opened in the running loop, said in the log, stopped when its answers are out."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from rota.errors import UsageError
from rota.events import GatewayStarted, GatewayStopped, RequestServed, new_id
from rota.gateway.door import Door
from rota.gateway.guard import is_loopback
from rota.gateway.keys import SHARE_OVER_S, Keys
from rota.gateway.metrics import Metrics
from rota.gateway.pace import Pace
from rota.gateway.probe import answers, in_url, url_of
from rota.gateway.protocol import PatientProtocol
from rota.late import imported
from rota.secret import Secret

if TYPE_CHECKING:
    from rota.engine import Engine
    from rota.events import Event
    from rota.gateway.service import Service
    from rota.settings import GatewaySettings

KEPT_IDLE_S = 75
"""A connection is kept longer than clients' pools keep theirs: closing first would fail a request on its way."""

BACKLOG = 512

ELSEWHERE = "--port, or the setting gateway.port"
"""How a person moves the gateway, from the command line and from the app."""


class PortTaken(UsageError):
    """Somebody else listens there; `port` is which, `pid` another rota's process when it is one of this home."""

    def __init__(self, message: str, *, port: int, pid: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.port = port
        self.pid = pid


@dataclass(frozen=True, slots=True)
class _Running:
    """What a gateway that was started consists of."""

    service: Service
    server: uvicorn.Server
    serving: asyncio.Task[None]
    counting: asyncio.Task[None]
    pace: Pace


class Gateway:
    """One gateway of this process. `start`, then `stop`; both are told in the log."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._process = new_id()
        self._now: _Running | None = None
        self.host = ""
        self.port = 0
        self.key = Secret("")
        self.keys: Keys | None = None

    @property
    def running(self) -> bool:
        return self._now is not None

    @property
    def url(self) -> str:
        """What clients put before `/v1`."""
        return url_of(self.host, self.port)

    async def start(self, *, port: int | None = None) -> None:
        """Listen. `key` is the default key from then on.

        Raises:
            PortTaken: somebody listens there already.
            UsageError: the settings ask for an address that they do not allow.
            VaultError: the keys cannot be read.
        """
        engine, settings = self._engine, self._engine.settings
        wanted = settings.gateway
        if not is_loopback(in_url(wanted.host)) and not wanted.allow_remote:
            raise UsageError(
                f"gateway.host is {wanted.host}, which other machines can reach.",
                hint="Set it to 127.0.0.1, or gateway.allow_remote = true when you mean it.",
            )
        bound = await self._bind(wanted.host, wanted.port if port is None else port)
        self.host, self.port = bound.getsockname()[:2]
        door = Door(allow_remote=wanted.allow_remote)
        server = _server(door, wanted)
        serving = asyncio.create_task(server.serve(sockets=[bound]), name="gateway")
        try:
            service, metrics = await self._service()
        except BaseException:
            door.shut()
            server.should_exit = True
            await serving
            raise
        door.open(service.app)
        self._now = _Running(
            service,
            server,
            serving,
            counting=asyncio.create_task(self._count(metrics), name="gateway metrics"),
            pace=Pace(),
        )
        engine.journal.publish(
            GatewayStarted(
                at=engine.clock.now(), process=self._process, host=self.host, port=self.port, pid=os.getpid()
            )
        )
        await engine.journal.flush()  # who finds the port taken can then say by whom

    async def _service(self) -> tuple[Service, Metrics]:
        """What is behind the door: it takes longer to import than all that makes a port answer."""
        engine = self._engine
        services = await engine.services()
        await imported("rota.gateway.service")
        from rota.gateway.service import Service

        keys = Keys(engine.journal, services.vault, engine.clock)
        self.key, self.keys = await keys.default(), keys
        metrics = Metrics(engine.settings.stats.max_samples)
        service = Service(
            journal=engine.journal,
            pool=services.pool,
            catalogue=services.catalogue,
            keys=keys,
            metrics=metrics,
            settings=lambda: engine.settings,
            clock=engine.clock,
        )
        await self._recall(service)
        return service, metrics

    async def stop(self) -> None:
        """Take no more requests, let running answers finish for a while, and end."""
        now, self._now = self._now, None
        if now is None:
            return
        now.server.should_exit = True
        await now.service.aclose()
        await now.serving
        # Those that were cut off for taking too long still have to close their connections upstream.
        await asyncio.gather(*now.server.server_state.tasks, return_exceptions=True)
        now.pace.end()
        now.counting.cancel()
        await asyncio.gather(now.counting, return_exceptions=True)
        stopped = GatewayStopped(at=self._engine.clock.now(), process=self._process, host=self.host, port=self.port)
        self._engine.journal.publish(stopped)

    async def wait(self) -> None:
        """Until it has stopped."""
        if self._now is not None:
            await asyncio.shield(self._now.serving)

    async def _bind(self, host: str, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # With its protocol named, asyncio sends each event at once; else it waits until the one before is confirmed.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
            bound.listen(BACKLOG)
        except OSError as error:
            bound.close()
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise await self._taken(host, port, error) from error
            raise UsageError(f"rota cannot listen on {host}:{port}: {error.strerror}.") from error
        bound.setblocking(False)
        return bound

    async def _taken(self, host: str, port: int, error: OSError) -> PortTaken:
        # The log alone does not tell: a rota that was killed left its port to anybody.
        if await asyncio.to_thread(answers, host, port):
            known = [g for g in self._engine.snapshot.listening() if g.port == port]
            pid = known[0].pid if known else None
            return PortTaken(
                f"Another rota{f' (process {pid})' if pid else ''} serves on port {port} already.",
                port=port,
                pid=pid,
                hint=f"Use that one at {url_of(host, port)}/v1, or take another port ({ELSEWHERE}).",
            )
        if error.errno == errno.EACCES:
            return PortTaken(
                f"Port {port} is not yours to open.",
                port=port,
                hint=f"Take one above 1023: {ELSEWHERE}.",
            )
        return PortTaken(
            f"Another program listens on port {port}.",
            port=port,
            hint=f"Take another: {ELSEWHERE}.",
        )

    async def _recall(self, service: Service) -> None:
        since = self._engine.clock.now() - SHARE_OVER_S
        served: list[Event] = await self._engine.journal.ask(lambda log: log.recent(5000, kinds=("RequestServed",)))
        service.desk.recall((e.at, e.client) for e in served if isinstance(e, RequestServed) and e.at >= since)

    async def _count(self, metrics: Metrics) -> None:
        async for batch in self._engine.subscribe():
            metrics.note(batch.events)


def _server(door: Door, wanted: GatewaySettings) -> uvicorn.Server:
    config = uvicorn.Config(
        door,
        interface="asgi3",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        log_level="critical",
        http=PatientProtocol.patient_for(wanted.read_timeout_s),
        ws="none",
        backlog=BACKLOG,
        timeout_keep_alive=KEPT_IDLE_S,
        timeout_graceful_shutdown=round(wanted.stop_grace_s),
        server_header=False,
        date_header=False,
    )
    server = uvicorn.Server(config)
    # The process's signals belong to the app or the command, not to a server inside it.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    return server
