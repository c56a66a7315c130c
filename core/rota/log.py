"""The log: every fact in one SQLite file, in the one order that all processes agree on.

A log belongs to one thread at a time: it may be opened in one and handed to another, never used by two at once.
Processes share the file; that others have written is told by `changed`, and what by `follow`.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from rota import codec, log_queries, log_rows, log_upkeep
from rota.errors import LogDamaged, StoreError
from rota.log_base import CHECKPOINT_EVERY
from rota.log_file import answering, connect, identity, move_aside
from rota.snapshot import Snapshot

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from rota.events import AccountRemoved, Event
    from rota.snapshot import Sample

FOLD = 1
"""Raised when facts come to mean something else or there are more kinds: older checkpoints are then folded anew."""
RETENTION_DAYS = 30.0
SAMPLES_OVERLAP_S = 600.0
"""How late a sight of a window may come in and still be kept for plots."""
DROPPED_AT_ONCE = 20_000
"""So that compacting never keeps another process waiting for long."""
LOOKS_IN_PLACE = 4
"""Looks for what others wrote, of which one also looks whether the file is still in its place."""
LATEST = "latest"
BASE = "base"
"""The checkpoint that stands for the facts that were dropped: the log's beginning."""


class SqliteLog:
    """The log in a file of its own, private to its owner."""

    def __init__(self, path: Path, db: sqlite3.Connection, retention_days: float) -> None:
        self.path = path
        self.notice: LogDamaged | None = None
        """What a person should be told of how it was opened."""
        self._db = db
        self._identity = identity(path)
        self._retention_s = retention_days * 86_400
        self._snapshot = Snapshot()
        self._seq = 0
        self._checkpoint_seq = 0
        self._sampled_until = self._snapshot.latest
        self._data_version: int | None = None
        self._looks = 0
        self._wrote = False
        self._others: list[Event] = []

    @classmethod
    def open(cls, path: Path, *, retention_days: float = RETENTION_DAYS) -> SqliteLog:
        """Open the log and fold it; a damaged one is moved aside, what is readable saved, and `notice` says so.

        Raises:
            LogTooNew: a newer rota wrote it; it was not touched.
            StoreError: it cannot be opened or made.
        """
        met = identity(path)
        try:
            return cls._opened(path, retention_days)
        except LogDamaged as damage:
            if identity(path) != met:  # another process was quicker to move it aside
                return cls._opened(path, retention_days)
            from rota.log_rescue import rescue

            aside = move_aside(path)
            with answering(path), contextlib.closing(connect(path)) as fresh:
                saved = rescue(aside, fresh)
            log = cls._opened(path, retention_days)
            log.notice = LogDamaged(
                f"{damage} It was moved to {aside.name}; {saved} of its facts were saved into a new log.", path=aside
            )
            return log

    @classmethod
    def _opened(cls, path: Path, retention_days: float) -> SqliteLog:
        log = cls(path, connect(path), retention_days)
        try:
            with answering(path):
                log._restore()
                log._catch_up()
        except BaseException:
            log._db.close()
            raise
        log._others.clear()
        return log

    @property
    def snapshot(self) -> Snapshot:
        """Everything folded so far, in the log's order."""
        return self._snapshot

    def load(self) -> tuple[Snapshot, int]:
        """The snapshot of everything in the log now, and the number of its last fact."""
        self.follow()
        return self._snapshot, self._seq

    # --- writing ------------------------------------------------------------------------------------------

    def append(self, events: Iterable[Event], after: Snapshot | None = None) -> int:
        """Append facts, those already there left out; returns the number of the last fact in the log.

        They survive the end of the process at once, and a power cut a moment later.

        Args:
            after: this log's snapshot with these facts, if the caller has folded them already. It is taken over
                unless others' facts came in between.
        """
        with self._transaction():
            self._insert(events, after)
        return self._seq

    def transact(self, decide: Callable[[Snapshot], Sequence[Event]]) -> tuple[Snapshot, list[Event]]:
        """Let `decide` look at the newest snapshot and append what it returns, with nothing in between.

        What it raises leaves the log as it was. What it returns is on the disk when this returns, and is dated no
        earlier than what it was decided on: were a clock put back, a command would lose to facts from before it.
        """
        decided: list[Event] = []
        with self._synced(), self._transaction():
            latest = self._snapshot.latest
            decided += (
                event if event.at >= latest else replace(event, at=math.nextafter(latest, math.inf))
                for event in decide(self._snapshot)
            )
            self._insert(decided)
        if any(type(event).__name__ == "AccountRemoved" for event in decided):
            with answering(self.path):  # the write-ahead log still tells who it was
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return self._snapshot, decided

    @contextlib.contextmanager
    def _synced(self) -> Iterator[None]:
        """Let a commit wait until the disk has it; the write-ahead log alone may lose its end in a power cut."""
        self._db.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous = NORMAL")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Hold the log alone, with everything of others folded; what fails inside leaves no trace."""
        self._check_in_place()
        with answering(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._catch_up()
                before = self._snapshot, self._seq
                try:
                    yield
                    self._db.execute("COMMIT")
                except BaseException:
                    self._snapshot, self._seq = before
                    raise
            except BaseException:
                if self._db.in_transaction:  # a full disk has rolled back already
                    self._db.execute("ROLLBACK")
                raise

    def _insert(self, events: Iterable[Event], after: Snapshot | None = None) -> None:
        """Append and fold, in a transaction that has everything before."""
        from rota.events import AccountRemoved
        from rota.fold import fold

        said = list(events)
        new = {event.id: event for event in said if not self._tells_again(event)}
        before, ids = self._seq, set(new)
        count, last = log_rows.write(self._db, [log_rows.row(event) for event in new.values()])
        if count:
            self._seq = last
            self._wrote = True
        if count < len(new):  # some were there already
            ids = {each for (each,) in self._db.execute("SELECT id FROM events WHERE seq > ?", (before,))}
        inserted = [event for event in new.values() if event.id in ids]
        if after is not None and len(inserted) == len(said) and not self._others:
            self._snapshot = after
        else:
            self._snapshot = reduce(fold, inserted, self._snapshot)
        for event in inserted:
            if isinstance(event, AccountRemoved):
                self._forget(event)

    def _check_in_place(self) -> None:
        """Refuse to go on with a file that was moved aside or deleted: what is written there, nobody reads."""
        if identity(self.path) != self._identity:
            raise StoreError(
                f"{self.path} was moved or deleted while rota was using it.",
                path=self.path,
                hint="Close rota and start it again.",
            )

    def _tells_again(self, event: Event) -> bool:
        """Whether a fact would write down again who an account was that is gone."""
        if type(event).__name__ not in log_upkeep.IDENTIFYING:
            return False
        known = self._snapshot.accounts.get(log_rows.account_of(event) or "")
        return known is not None and known.removed

    def _forget(self, removed: AccountRemoved) -> None:
        """Take out of the file who a removed account was, checkpoints included."""
        log_upkeep.forget(self._db, removed.account_id, purge=removed.purge)
        self._keep(LATEST)
        self._keep(BASE)

    # --- following ----------------------------------------------------------------------------------------

    def changed(self) -> bool:
        """Whether another process has written since this was last asked."""
        if self._looks % LOOKS_IN_PLACE == 0:
            self._check_in_place()
        self._looks += 1
        with answering(self.path):
            version: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        before, self._data_version = self._data_version, version
        return version != before

    def follow(self) -> list[Event]:
        """Fold what other processes have appended; returns all of it since the last call."""
        with answering(self.path):
            self._catch_up()
        seen, self._others = self._others, []
        return seen

    def since(self, seq: int) -> list[tuple[int, Event]]:
        """The facts after a number, in the log's order; kinds of a newer rota are left out."""
        with answering(self.path):
            return [(number, event) for number, event in self._rows(seq) if event is not None]

    def _rows(self, seq: int) -> Iterator[tuple[int, Event | None]]:
        rows = self._db.execute("SELECT seq, kind, body FROM events WHERE seq > ? ORDER BY seq", (seq,))
        return ((number, codec.decode(kind, body)) for number, kind, body in rows)

    def _catch_up(self) -> None:
        """Fold the rows after the last one folded."""
        if not (rows := list(self._rows(self._seq))):
            return
        from rota.fold import fold  # late: a start from a fresh checkpoint folds nothing, and is quicker without it

        for number, event in rows:
            self._seq = number
            if event is not None:
                self._snapshot = fold(self._snapshot, event)
                self._others.append(event)

    # --- looking back -------------------------------------------------------------------------------------

    def recent(
        self,
        limit: int,
        kinds: Collection[str] | None = None,
        account_id: str | None = None,
        before: str | None = None,
    ) -> list[Event]:
        """The newest facts, oldest first: of some kinds, about one account, before the one with some id."""
        with answering(self.path):
            return log_queries.recent(self._db, limit, kinds, account_id, before)

    def story(self, request_id: str) -> list[Event]:
        """The facts about one request, in order; its id may be cut short while that names one request.

        Raises:
            UsageError: several requests begin like that.
        """
        with answering(self.path):
            return log_queries.story(self._db, request_id)

    def between(self, since: float, until: float, kinds: Collection[str], most: int) -> list[Event]:
        """The facts of some kinds in a stretch of time, oldest first; about `most` of each kind, evenly spread."""
        with answering(self.path):
            return log_queries.between(self._db, since, until, kinds, most)

    def samples(self, account_id: str, window_key: str, since: float) -> list[Sample]:
        """How full a window was over time, thinned, oldest first."""
        with answering(self.path):
            state = self._snapshot.accounts.get(account_id)
            fresh = state.history.get(window_key, ()) if state is not None else ()
            return log_queries.samples(self._db, fresh, account_id, window_key, since)

    # --- upkeep -------------------------------------------------------------------------------------------

    @property
    def unfolded(self) -> int:
        """How many facts the next start would have to fold."""
        return self._seq - self._checkpoint_seq

    def checkpoint(self) -> None:
        """Keep the snapshot in the file, so that the next start need not fold, unless a newer one is kept already."""
        if not self.unfolded:
            return
        with answering(self.path):
            self._db.execute("BEGIN")
            with self._db:
                log_upkeep.keep_samples(self._db, self._snapshot, self._sampled_until - SAMPLES_OVERLAP_S)
                self._keep(LATEST)
        self._checkpoint_seq = self._seq
        self._sampled_until = self._snapshot.latest

    def compact(self, now: float) -> int:
        """Drop some of the facts of requests and quota older than the retention; returns how many, 0 when done.

        What they add up to stays: in a checkpoint that becomes the log's beginning, and in the samples.
        """
        with self._transaction():
            numbers = log_upkeep.old(self._db, now - self._retention_s, DROPPED_AT_ONCE)
            if numbers:
                self._keep(BASE)
                log_upkeep.drop(self._db, numbers, now - log_upkeep.SAMPLES_KEPT_S)
        if numbers:
            with answering(self.path):
                # As a script: `execute` takes one step of it, which gives back one page.
                self._db.executescript("PRAGMA incremental_vacuum")
        return len(numbers)

    def close(self) -> None:
        """Leave a checkpoint if this process wrote or the next start would notice, and close the file."""
        try:
            if self._wrote or self.unfolded >= CHECKPOINT_EVERY:
                # Only the next start's speed hangs on it: a full disk keeps nobody from leaving.
                with contextlib.suppress(StoreError):
                    self.checkpoint()
        finally:
            self._db.close()

    def _restore(self) -> None:
        """Begin from the newest checkpoint that can be read; without one, from the first fact."""
        for name in (LATEST, BASE):
            row = self._db.execute("SELECT seq, fold, body FROM checkpoints WHERE name = ?", (name,)).fetchone()
            # Facts before the base may be gone, so it is better than nothing whichever rota made it.
            if row is None or (row[1] != FOLD and name != BASE):
                continue
            with contextlib.suppress(ValueError):
                self._snapshot = codec.decode_snapshot(row[2])
                self._seq = self._checkpoint_seq = row[0]
                self._sampled_until = self._snapshot.latest
                return

    def _keep(self, name: str) -> None:
        """Write a checkpoint, unless another process has kept a newer one."""
        with answering(self.path):
            self._db.execute(
                "INSERT INTO checkpoints (name, seq, fold, body) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET seq = excluded.seq, fold = excluded.fold, body = excluded.body WHERE excluded.seq >= seq",
                (name, self._seq, FOLD, codec.encode_snapshot(self._snapshot)),
            )
