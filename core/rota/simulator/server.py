"""The simulator as one Starlette app, and as a real HTTP server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import IO, TYPE_CHECKING, Any, Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from rota.clock import FastClock, SystemClock
from rota.simulator import signin
from rota.simulator.admin import admin_routes
from rota.simulator.anthropic import routes as anthropic
from rota.simulator.calls import Recorder
from rota.simulator.compression import Compressor
from rota.simulator.credentials import credentials_of
from rota.simulator.puter import routes as puter
from rota.simulator.scenarios import build_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import uvicorn

    from rota.clock import Clock
    from rota.simulator.world import World

HOST = "127.0.0.1"


def create_app(world: World) -> Starlette:
    """Both providers' hosts under their prefixes, and the admin routes under `/_sim`."""
    return Starlette(
        routes=[
            Mount("/anthropic", routes=anthropic.api_routes(world)),
            Mount("/claude", routes=signin.anthropic_routes(world)),
            Mount("/puter-api", routes=puter.api_routes(world)),
            Mount("/puter", routes=[*signin.puter_routes(world), *puter.gui_routes(world)]),
            Mount("/_sim", routes=admin_routes(world)),
        ],
        middleware=[
            Middleware(Recorder, calls=world.calls, clock=world.clock, knobs=world.knobs),
            Middleware(Compressor, knobs=world.knobs),
        ],
    )


def base_urls(root: str) -> dict[str, str]:
    """What clients are given instead of the providers' addresses; `root` is the simulator's own."""
    root = root.rstrip("/")
    return {
        "anthropic_api": f"{root}/anthropic",
        "anthropic_auth": f"{root}/claude",
        "puter_api": f"{root}/puter-api",
        "puter_gui": f"{root}/puter",
    }


class SimulatorServer:
    """A simulated world behind a real socket, in the running loop.

    Args:
        scenario: which world, see `SCENARIOS`.
        seed: equal seeds give equal worlds.
        clock: the world's time; by default the machine's, or one `speed` times as fast.
        speed: how fast time runs when no clock is given.
        pace: multiplies each model's tokens a second, 1.0 being lifelike on the world's clock; 0 is no wait at all.
        port: 0 takes a free one.
    """

    def __init__(
        self,
        scenario: str = "default",
        *,
        seed: int = 1,
        clock: Clock | None = None,
        speed: float = 1.0,
        pace: float = 0.0,
        port: int = 0,
        world: World | None = None,
    ) -> None:
        if clock is None:
            clock = SystemClock() if speed == 1.0 else FastClock(speed)
        self.world = world or build_world(scenario, seed=seed, clock=clock)
        self.world.knobs.pace = pace or self.world.knobs.pace
        self._wanted_port = port
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def root(self) -> str:
        if self._socket is None:
            raise RuntimeError("the simulator is not running")
        return f"http://{HOST}:{self._socket.getsockname()[1]}"

    @property
    def base_urls(self) -> dict[str, str]:
        return base_urls(self.root)

    @property
    def credentials(self) -> list[dict[str, Any]]:
        return credentials_of(self.world)

    def describe(self) -> dict[str, Any]:
        """What a person or another program needs to use the running simulator, as JSON can say it."""
        return {
            "scenario": self.world.name,
            "seed": self.world.seed,
            "base_urls": self.base_urls,
            "admin": f"{self.root}/_sim/",
            "credentials": self.credentials,
        }

    async def __aenter__(self) -> Self:
        import uvicorn  # late: importing the package for its app alone should not load a server

        # With its protocol named, asyncio sends each event at once instead of waiting for the one before.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind((HOST, self._wanted_port))
        # Connections wait in the backlog from here on, so nobody needs to wait for the server's own start.
        self._socket.listen(128)
        config = uvicorn.Config(
            create_app(self.world),
            lifespan="off",
            timeout_keep_alive=60,
            access_log=False,
            log_config=None,
            # A connection cut on purpose is an error to uvicorn, and this is somebody's terminal.
            log_level="critical",
            server_header=False,
            date_header=False,
        )
        self._server = uvicorn.Server(config)
        # uvicorn has no setting for this: the process's signals belong to whoever runs the simulator.
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="simulator")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        for task in list(self._server.server_state.tasks):
            task.cancel()  # a stream paced by a clock that stands still would never end by itself
        await self._serving
        self._socket = None


async def run(
    port: int,
    scenario: str,
    speed: float,
    seed: int,
    out: IO[str],
    ready: Callable[[dict[str, Any]], None] = lambda _described: None,
) -> None:
    """Serve until cancelled, after saying on `out` where and with which credentials.

    Args:
        ready: given the same before it is said.
    """
    async with SimulatorServer(scenario, seed=seed, speed=speed, pace=1.0 / speed, port=port) as simulator:
        described = simulator.describe()
        ready(described)
        json.dump(described, out, indent=2)
        out.write("\n")
        out.flush()
        await asyncio.Event().wait()
