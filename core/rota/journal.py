"""The journal: how one process speaks to the log. Its own facts count at once, everybody's soon after.

Own facts are folded on top of the log's snapshot right away and written behind by the log's thread. When the log's
order is known the snapshot is settled: facts are decided by their stamps, so that settling never takes one back.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, TypeVar

from rota.fold import fold
from rota.hub import Hub
from rota.log_thread import LogThread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rota.clock import Clock
    from rota.errors import StoreError
    from rota.events import Event
    from rota.hub import Subscription
    from rota.log_base import Log
    from rota.log_thread import Progress
    from rota.snapshot import Snapshot

T = TypeVar("T")

PUT_BACK_S = 60.0
"""A fact further behind the newest than this comes from a clock that was put back."""


class Journal:
    """One a process and event loop: `async with Journal(log, clock) as journal`."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self.problem: StoreError | None = None
        """Why the log cannot be read or written just now (a full disk, say). Own facts are kept and tried again."""
        self._log = log
        self._clock = clock
        self._snapshot = log.snapshot
        self._hub = Hub(log.snapshot)
        self._unsettled: deque[Event] = deque()
        self._epoch = 0
        self._thread: LogThread | None = None

    async def __aenter__(self) -> Journal:
        self._thread = LogThread(self._log, self._clock, self._settle)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Write what is left and close the log.

        Raises:
            StoreError: some facts could not be written.
        """
        if self._thread is not None:
            thread, self._thread = self._thread, None
            try:
                await thread.stop()
            finally:
                self._hub.close()

    @property
    def snapshot(self) -> Snapshot:
        """Everything known now, this process's latest facts included."""
        return self._snapshot

    def publish(self, *events: Event) -> None:
        """Say facts: they count at once and are written a few hundredths of a second later, many in one go."""
        thread = self._running()
        before = self._snapshot
        oldest = before.latest - PUT_BACK_S
        said = [event if event.at >= oldest else _dated_after(before, event) for event in events]
        snapshot = reduce(fold, said, before)
        thread.give(said, snapshot, self._epoch)
        self._snapshot = snapshot
        self._unsettled.extend(said)
        self._hub.push(self._snapshot, said)

    async def commit(self, decide: Callable[[Snapshot], Sequence[Event]]) -> Snapshot:
        """Let `decide` look at the newest snapshot of all processes and write what it returns, alone.

        It runs in the log's thread, and may raise to leave everything as it is. Everything published before is
        written first. What it returns is on the disk when this returns.

        Raises:
            StoreError: the log cannot be written.
        """
        thread = self._running()

        def checked(log: Log) -> None:
            _, decided = log.transact(decide)
            thread.tell(decided)

        await thread.submit(checked, after_writing=True)
        return self._snapshot

    async def flush(self) -> None:
        """Wait until everything published is in the log.

        Raises:
            StoreError: it cannot be written.
        """
        await self._running().submit(lambda _log: None, after_writing=True)

    async def refresh(self) -> Snapshot:
        """Take in what other processes have written by now, without waiting for the next look."""
        thread = self._running()
        await thread.submit(lambda _log: thread.tell(()), after_writing=False)
        return self._snapshot

    async def ask(self, query: Callable[[Log], T]) -> T:
        """Run a query of the log in its thread, after what was published before."""
        return await self._running().submit(query, after_writing=False)

    def subscribe(self) -> Subscription:
        """Batches of what happens in every process, from here on."""
        return self._hub.subscribe()

    def _running(self) -> LogThread:
        if self._thread is None:
            raise RuntimeError("the journal is not open")
        return self._thread

    def _settle(self, progress: Progress) -> None:
        """Take over the log's order."""
        for _ in range(progress.written):
            self._unsettled.popleft()
        changed = str(progress.problem) != str(self.problem)
        self.problem = progress.problem
        self._epoch = progress.epoch
        if progress.news:
            self._snapshot = reduce(fold, self._unsettled, progress.ordered)
        if progress.news or changed:
            self._hub.push(self._snapshot, progress.news)


def _dated_after(known: Snapshot, event: Event) -> Event:
    """The fact, dated after everything before it: a clock that was put back would make it count for nothing."""
    return replace(event, at=math.nextafter(known.latest, math.inf))
