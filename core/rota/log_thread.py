"""The one thread that owns the log: appends in batches, runs what others ask of the log, watches other processes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from rota.errors import StoreError
from rota.log_base import CHECKPOINT_EVERY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rota.clock import Clock
    from rota.events import Event
    from rota.log_base import Log
    from rota.snapshot import Snapshot

T = TypeVar("T")

WATCH_S = 0.1
"""How often other processes' writes are looked for; a look, with waking up for it, takes some 200 µs."""
REST_S = 0.24
"""The same after `QUIET_S` in which nobody wrote anything; what others do is seen within 250 ms."""
BATCH_S = 0.025
"""How long the first fact of a batch waits for more."""
RETRY_S = 1.0
"""How long to wait before what could not be written is tried again."""
CHECKPOINT_S = 10.0
"""A busy process checkpoints no more often than this."""
QUIET_S = 3.0
"""A process that wrote checkpoints once it has been quiet for so long: the next start then has nothing to fold."""
COMPACT_FIRST_S = 60.0
COMPACT_EVERY_S = 86_400.0
COMPACT_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """What the thread tells the loop."""

    ordered: Snapshot
    """The log's own snapshot."""
    written: int
    """How many of the oldest facts given to it are now in the log."""
    news: tuple[Event, ...]
    """What came into the log by other ways: other processes, and checked commands of this one."""
    epoch: int
    """How many times there was news; see `LogThread.give`."""
    problem: StoreError | None
    """Why the log cannot be read or written just now."""


@dataclass(frozen=True, slots=True)
class _Job:
    run: Callable[[Log], Any]
    done: asyncio.Future[Any]
    after_writing: bool
    """Whether it counts on everything given before being in the log."""


class LogThread:
    """Runs until `stop`. Its methods are for the event loop's thread; `report` is called there too."""

    def __init__(self, log: Log, clock: Clock, report: Callable[[Progress], None]) -> None:
        self._log = log
        self._clock = clock
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._in_hand: _Job | None = None
        self._outbox: deque[tuple[Sequence[Event], Snapshot, int]] = deque()
        self._woken = False
        self._batch: list[Event] = []
        self._after: tuple[Snapshot, int] | None = None
        self._epoch = 0
        self._news: list[Event] = []
        self._problem: StoreError | None = None
        self._retry_at = 0.0
        self._wrote_at = self._moved_at = self._checkpoint_at = time.monotonic()
        self._compact_at = self._wrote_at + COMPACT_FIRST_S
        self._unkept = False
        self._behind = False
        self._stopping = False
        self._crash: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="rota-log", daemon=True)
        self._thread.start()

    # --- for the loop -------------------------------------------------------------------------------------

    def give(self, events: Sequence[Event], after: Snapshot, epoch: int) -> None:
        """Append facts soon; many at once cost little more than one.

        Args:
            after: what all facts given so far lead to, on top of what was reported up to `epoch`. While that is
                the latest news, the log takes it over instead of folding the facts a second time.
        """
        self._check_alive()
        self._outbox.append((events, after, epoch))
        if not self._woken:
            self._woken = True
            self._jobs.put(None)

    def submit(self, run: Callable[[Log], T], *, after_writing: bool) -> asyncio.Future[T]:
        """Run something on the log; with `after_writing` once everything given before is in it, or not at all."""
        self._check_alive()
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(run, done, after_writing))
        return done

    def tell(self, events: Iterable[Event]) -> None:
        """For jobs, in the thread: add to the news facts that the job itself put into the log."""
        with contextlib.suppress(StoreError):  # the job itself is done, and the next look tells as well
            self._news += self._log.follow()
        self._news += events

    async def stop(self) -> None:
        """Write what is left, end the thread and close the log.

        Raises:
            StoreError: some facts could not be written.
        """
        try:
            await self.submit(self._last, after_writing=True)
        finally:
            self._stopping = True
            self._jobs.put(None)
            await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._thread.join()
        self._log.close()

    def _check_alive(self) -> None:
        if self._crash is not None:
            raise RuntimeError("the log's thread has crashed") from self._crash

    def _last(self, log: Log) -> None:
        if self._unkept:
            log.checkpoint()

    # --- in the thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
        except BaseException as error:  # noqa: BLE001 (a bug: everybody who waits for this thread has to hear of it)
            self._crash = error
            self._call(
                self._loop.call_exception_handler, {"message": "the log's thread has crashed", "exception": error}
            )
            waiting = [self._in_hand]
            with contextlib.suppress(Empty):
                while True:
                    waiting.append(self._jobs.get_nowait())
            for job in waiting:
                if job is not None:
                    self._call(_fail, job.done, error)

    def _turn(self) -> None:
        """Wait for something to do and do it."""
        job = self._next(WATCH_S if time.monotonic() - self._moved_at < QUIET_S else REST_S)
        if job is None and self._outbox:
            job = self._next(BATCH_S)
        self._in_hand = job
        self._write(urgent=job is not None)
        if job is not None:
            self._do(job)
        else:
            self._watch()
        self._in_hand = None
        self._tend()

    def _next(self, wait_s: float) -> _Job | None:
        """The next job; None when there is none within the wait, or facts were given."""
        try:
            return self._jobs.get(timeout=wait_s)
        except Empty:
            return None

    def _write(self, *, urgent: bool) -> None:
        """Append what was given. What cannot be appended is kept and tried again."""
        self._woken = False  # before taking: what is given from here on wakes the thread again
        while self._outbox:
            events, after, epoch = self._outbox.popleft()
            self._batch += events
            self._after = after, epoch
        now = time.monotonic()
        if not self._batch or (self._problem is not None and not urgent and now < self._retry_at):
            return
        try:
            self._log.append(self._batch, self._folded())
            self._news += self._log.follow()
        except StoreError as problem:
            self._retry_at = now + RETRY_S
            self._trouble(problem)
            return
        written = len(self._batch)
        self._batch.clear()
        self._problem = None
        self._wrote_at = now
        self._unkept = True
        self._say(written)

    def _folded(self) -> Snapshot | None:
        """The snapshot that the batch leads to, if the loop knew all there was when it folded it."""
        if self._after is None or self._after[1] != self._epoch or self._news:
            return None
        return self._after[0]

    def _do(self, job: _Job) -> None:
        if job.after_writing and self._batch and self._problem is not None:
            self._call(_fail, job.done, self._problem)
            return
        try:
            result = job.run(self._log)
        except Exception as error:  # noqa: BLE001 (it belongs to whoever asked)
            self._call(_fail, job.done, error)
            return
        if self._news:
            self._say(0)
        self._call(_finish, job.done, result)

    def _watch(self) -> None:
        """Take in what other processes have written."""
        try:
            if self._behind or self._log.changed():
                self._behind = True
                self._news += self._log.follow()
                self._behind = False
        except StoreError as problem:
            self._trouble(problem)
            return
        if not self._batch:
            self._trouble(None)
        if self._news:
            self._say(0)

    def _trouble(self, problem: StoreError | None) -> None:
        """Tell when trouble begins, changes or ends."""
        before, self._problem = self._problem, problem
        if str(before) != str(problem):
            self._say(0)

    def _tend(self) -> None:
        """Checkpoint and compact now and then; neither is worth failing for."""
        now = time.monotonic()
        quiet = now - self._wrote_at >= QUIET_S
        busy = self._log.unfolded >= CHECKPOINT_EVERY and now - self._checkpoint_at >= CHECKPOINT_S
        try:
            if self._unkept and (quiet or busy):
                self._checkpoint_at = now
                self._unkept = False
                self._log.checkpoint()
            if now >= self._compact_at:
                more = self._log.compact(self._clock.now())
                self._compact_at = now + (COMPACT_STEP_S if more else COMPACT_EVERY_S)
        except StoreError:
            self._checkpoint_at = now
            self._compact_at = now + COMPACT_FIRST_S

    def _say(self, written: int) -> None:
        self._moved_at = time.monotonic()
        news, self._news = tuple(self._news), []
        self._epoch += bool(news)
        self._call(self._report, Progress(self._log.snapshot, written, news, self._epoch, self._problem))

    def _call(self, function: Callable[..., object], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            # The loop was closed without `stop`: nobody is left to tell, and the facts are written all the same.
            self._stopping = not self._batch and not self._outbox


def _finish(done: asyncio.Future[Any], result: object) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[Any], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
