"""Time as a dependency: wall time for facts, monotonic time for waits, and a clock that tests and the demo drive."""

from __future__ import annotations

import heapq
import itertools
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio


class Clock(Protocol):
    """What tells the time and waits."""

    def now(self) -> float:
        """Wall time in seconds since the Unix epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; its zero means nothing."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of this clock's time; a negative wait is none."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # 25 ms that `rota status` does without

        await asyncio.sleep(max(0.0, seconds))


class FastClock:
    """Time that runs `speed` times as fast as the machine's, from `start` on.

    The demo's app and simulator share one, so that five hours pass while a person watches.
    """

    def __init__(self, speed: float, start: float | None = None) -> None:
        if speed <= 0:
            raise ValueError("a clock's speed is a positive number")
        self.speed = speed
        self._began = time.monotonic()
        self._stood_at: float | None = None
        """Since when it stands, in the machine's time."""
        self._start = time.time() if start is None else start

    def now(self) -> float:
        return self._start + self.monotonic()

    def monotonic(self) -> float:
        return ((time.monotonic() if self._stood_at is None else self._stood_at) - self._began) * self.speed

    def stand(self) -> None:
        """Stand still until `go`; whoever sleeps wakes as if it did not."""
        self._stood_at = time.monotonic()

    def go(self) -> None:
        if self._stood_at is not None:
            self._began += time.monotonic() - self._stood_at
            self._stood_at = None

    async def sleep(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(max(0.0, seconds / self.speed))


class ManualClock:
    """Time that stands still until `advance` moves it; sleepers wake in the order of their deadlines."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._monotonic = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    @property
    def sleepers(self) -> int:
        """How many tasks are waiting on this clock."""
        return sum(not future.done() for _, _, future in self._sleepers)

    @property
    def next_in(self) -> float | None:
        """Seconds until the first sleeper falls due; None when nobody waits."""
        due = [at for at, _, future in self._sleepers if not future.done()]
        return max(0.0, min(due) - self._monotonic) if due else None

    async def sleep(self, seconds: float) -> None:
        import asyncio

        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    def jump(self, seconds: float) -> None:
        """Move the wall time only, as when somebody sets the machine's clock."""
        self._now += seconds

    async def advance(self, seconds: float) -> None:
        """Move time on, waking every sleeper that falls due and letting it run before the next."""
        target = self._monotonic + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            self._move_to(due)
            if not future.done():
                future.set_result(None)
            await _settle()
        self._move_to(target)
        await _settle()

    def _move_to(self, monotonic: float) -> None:
        step = max(0.0, monotonic - self._monotonic)
        self._monotonic += step
        self._now += step


async def _settle() -> None:
    """Give tasks that were just woken a few turns of the loop."""
    import asyncio

    for _ in range(10):
        await asyncio.sleep(0)
