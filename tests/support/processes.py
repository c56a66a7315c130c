"""Real processes for tests that need several: quick to start, spoken to through a pipe, and killed at will."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from multiprocessing.connection import Connection

PATIENCE_S = 60.0

_FORKS = hasattr(os, "fork")
_context: Any = multiprocessing.get_context("forkserver" if _FORKS else "spawn")
if _FORKS:
    # One server imports everything once; a process then begins in some 20 ms instead of a second.
    _context.set_forkserver_preload(["pytest.__main__", "rota.services", "tests.support.roles"])


class SharedClock:
    """Fast time that all processes of a machine agree on."""

    def __init__(self, speed: float, origin: float) -> None:
        self.speed = speed
        self._origin = origin

    def now(self) -> float:
        return self._origin + (time.time() - self._origin) * self.speed

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds / self.speed))


class LedClock:
    """Time that one process moves for all: `hand` is a shared number that `lead` sets."""

    def __init__(self, hand: Any) -> None:
        self._hand = hand

    def lead(self, seconds: float) -> None:
        self._hand.value += seconds

    def now(self) -> float:
        at: float = self._hand.value
        return at

    def monotonic(self) -> float:
        return self.now()

    async def sleep(self, seconds: float) -> None:
        until = self.now() + seconds
        while self.now() < until:  # noqa: ASYNC110 (another process moves the hand, and tells nobody)
            await asyncio.sleep(0.01)


def led_clock(start: float) -> LedClock:
    """A clock to hand to processes."""
    return LedClock(_context.Value("d", start))


class Line:
    """One end of the pipe between a process and the test."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def say(self, said: Any) -> None:
        self._pipe.send(said)

    async def hear(self) -> Any:
        """What the other end says next.

        Raises:
            EOFError: it is gone.
        """
        return await asyncio.to_thread(self._pipe.recv)


class Process(Line):
    """A running process, as the test sees it."""

    def __init__(self, pipe: Connection, process: Any) -> None:
        super().__init__(pipe)
        self._process = process

    async def ask(self, said: Any) -> Any:
        self.say(said)
        return await asyncio.wait_for(self.hear(), PATIENCE_S)

    async def kill(self) -> None:
        """End it at once, as the system does when memory runs out."""
        self._process.kill()
        await self.ended()

    async def ended(self) -> int:
        """Wait for its end; returns the exit code, negative for a signal."""
        await asyncio.to_thread(self._process.join, PATIENCE_S)
        code = self._process.exitcode
        assert code is not None, "the process does not end"
        return int(code)


@asynccontextmanager
async def process(role: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> AsyncIterator[Process]:
    """A process that runs `role(line, *args)`; it is ended on leaving."""
    here, there = _context.Pipe()
    started = _context.Process(target=_run, args=(role, there, args), daemon=True)
    await asyncio.to_thread(started.start)
    there.close()
    it = Process(here, started)
    try:
        yield it
    finally:
        if started.is_alive():
            await it.kill()
        here.close()
        started.close()


def _run(role: Callable[..., Coroutine[Any, Any, None]], pipe: Connection, args: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the test run's own; it ends its processes itself
    asyncio.run(role(Line(pipe), *args))
