"""What the journal needs of a log: an order of facts that several processes append to and fold.

`SqliteLog` (`log.py`) is the embedded one. A log belongs to one thread at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from rota.events import Event
    from rota.snapshot import Sample, Snapshot


CHECKPOINT_EVERY = 500
"""Facts that a start folds without anybody noticing."""


class Log(Protocol):
    """What the journal needs of a log; SQLite's is the embedded one."""

    @property
    def snapshot(self) -> Snapshot:
        """Everything folded so far, in the log's order."""
        ...

    @property
    def unfolded(self) -> int:
        """How many facts the next start would have to fold."""
        ...

    def append(self, events: Iterable[Event], after: Snapshot | None = None) -> int: ...
    def transact(self, decide: Callable[[Snapshot], Sequence[Event]]) -> tuple[Snapshot, list[Event]]: ...
    def changed(self) -> bool: ...
    def follow(self) -> list[Event]: ...
    def recent(
        self,
        limit: int,
        kinds: Collection[str] | None = None,
        account_id: str | None = None,
        before: str | None = None,
    ) -> list[Event]: ...
    def story(self, request_id: str) -> list[Event]: ...
    def between(self, since: float, until: float, kinds: Collection[str], most: int) -> list[Event]: ...
    def samples(self, account_id: str, window_key: str, since: float) -> list[Sample]: ...
    def checkpoint(self) -> None: ...
    def compact(self, now: float) -> int: ...
    def close(self) -> None: ...
