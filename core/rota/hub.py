"""Live batches for readers: the latest snapshot, the events since the last look, and how many were dropped.

However fast things happen, a reader gets one batch a look. A slow one loses events, counted; never the snapshot.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING
from weakref import ref

from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.events import Event
    from rota.snapshot import Snapshot

KEPT = 2000
"""Events that wait for one reader."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What happened since the last look."""

    snapshot: Snapshot
    events: tuple[Event, ...]
    """Oldest first; empty when something else changed, such as the log's ability to write."""
    dropped: int = 0
    """How many older events are missing from `events`."""


class Hub:
    """Where one process's news is passed to its readers. Belongs to one event loop."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        # Weak, so that a reader that was dropped without a word is not fed for ever. No `WeakSet`: every request
        # goes through these several times, and that takes ten times as long.
        self._readers: list[ref[Subscription]] = []
        self._closed = False

    def push(self, snapshot: Snapshot, events: Iterable[Event]) -> None:
        """Give readers a newer snapshot and what led to it."""
        self.snapshot = snapshot
        news = tuple(events)
        for known in tuple(self._readers):
            if (reader := known()) is not None:
                reader._take(news)

    def subscribe(self, kept: int = KEPT) -> Subscription:
        """Batches from here on; at most `kept` events wait between two looks."""
        reader = Subscription(self, kept)
        if self._closed:
            reader.close()
        else:
            self._readers.append(ref(reader, self._readers.remove))
        return reader

    def _forget(self, reader: Subscription) -> None:
        self._readers[:] = [known for known in self._readers if known() is not reader]

    def close(self) -> None:
        """End every reader after the batch that waits for it."""
        self._closed = True
        for known in tuple(self._readers):
            if (reader := known()) is not None:
                reader.close()


class Subscription:
    """An async iterator of batches for one reader; `close` ends it, as does leaving it as a context."""

    def __init__(self, hub: Hub, kept: int) -> None:
        self._hub = hub
        self._waiting: deque[Event] = deque(maxlen=kept)
        self._dropped = 0
        self._news = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Batch:
        await self._news.wait()
        if self._closed and not self._waiting:
            raise StopAsyncIteration
        return self.look()

    def look(self) -> Batch:
        """The batch up to this instant, without waiting: empty when nothing happened."""
        batch = Batch(self._hub.snapshot, tuple(self._waiting), self._dropped)
        self._waiting.clear()
        self._dropped = 0
        if not self._closed:
            self._news.clear()
        return batch

    def close(self) -> None:
        """End after the batch that waits."""
        self._closed = True
        self._hub._forget(self)
        self._news.set()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _take(self, news: tuple[Event, ...]) -> None:
        before = len(self._waiting)
        self._waiting.extend(news)
        self._dropped += before + len(news) - len(self._waiting)
        self._news.set()
