"""The simulator in a thread of its own, for programs and tests that run no event loop or keep it busy."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rota.simulator.server import SimulatorServer

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60.0


@contextmanager
def in_thread(scenario: str = "default", *, seed: int = 1) -> Iterator[SimulatorServer]:
    """A simulated world on a free port of loopback, until it is left.

    Raises:
        UnknownScenario: there is none of that name.
        RuntimeError: it did not start.
    """
    ready, stop = threading.Event(), asyncio.Event()
    held: list[Any] = []

    async def serve() -> None:
        async with SimulatorServer(scenario, seed=seed) as server:
            held.extend((server, asyncio.get_running_loop()))
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except Exception as error:  # noqa: BLE001 - it is raised again in the thread that waits
            held.append(error)
            ready.set()

    thread = threading.Thread(target=run, name="rota simulator", daemon=True)
    thread.start()
    ready.wait(PATIENCE_S)
    if len(held) == 1:
        raise held[0]
    if not held:
        raise RuntimeError("the simulator did not start")
    try:
        yield held[0]
    finally:
        held[1].call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_S)
