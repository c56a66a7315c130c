"""The vault of a home: one store, one user of it at a time across processes, and never in the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rota.errors import SecretMissing, VaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rota.secret import Secret
    from rota.vault.base import Store

T = TypeVar("T")

PATIENCE_S = 60.0
"""How long a keyring may take: somebody may be typing a password into its window."""

GATHER_S = 0.01
"""When several tasks call at once, more are on their way: the next batch waits so long for them."""


class VaultLock:
    """Held by one thread of one process at a time."""

    def __init__(self, path: Path) -> None:
        from filelock import FileLock  # late: a command that needs no secret needs no lock

        self._threads = threading.Lock()
        self._processes = FileLock(path, timeout=PATIENCE_S, poll_interval=0.01, mode=0o600)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold it.

        Raises:
            VaultError: Somebody else held it for a minute, or its file cannot be made.
        """
        from filelock import Timeout

        # Own threads queue here: waiting for the file means asking again and again.
        if not self._threads.acquire(timeout=PATIENCE_S):
            raise _busy()
        try:
            try:
                self._processes.acquire()
            except Timeout:
                raise _busy() from None
            except OSError as error:
                path = self._processes.lock_file
                raise VaultError(f"{path} cannot be locked: {error.strerror}.", hint="Check who owns it.") from error
            try:
                yield
            finally:
                self._processes.release()
        finally:
            self._threads.release()


class StoredVault:
    """The vault over whichever store holds this home's secrets at the moment.

    Which one is asked anew under the lock, so that a move by another process is followed at once. All that is waited
    for when the lock is got is done together, so that a file is written once for many. A call that is cancelled still
    completes.
    """

    def __init__(self, store: Callable[[], Store], lock: VaultLock) -> None:
        self._store = store
        self._lock = lock
        self._last = store()
        self._notices: list[str] = []
        self._mutex = threading.Lock()
        self._line: list[_Call[Any]] = []
        self._serving = False

    @property
    def kind(self) -> str:
        return self._last.kind

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(self._notices)

    async def get(self, name: str) -> Secret:
        found = await self._run(lambda store: store.read(name))
        if found is None:
            raise SecretMissing(f"The {self.kind} vault holds no secret for {name}.", hint="Sign in again.")
        return found

    async def put(self, name: str, secret: Secret) -> None:
        def write(store: Store) -> None:
            store.write(name, secret)
            if store.read(name) != secret:
                raise VaultError(f"The {store.kind} vault did not keep the secret for {name}.", hint="Try again.")

        await self._run(write, changes=True)

    async def delete(self, name: str) -> None:
        def remove(store: Store) -> None:
            store.remove(name)
            if store.read(name) is not None:
                raise VaultError(f"The {store.kind} vault still holds the secret for {name}.", hint="Try again.")

        await self._run(remove, changes=True)

    async def names(self) -> frozenset[str]:
        return await self._run(lambda store: store.names())

    async def _run(self, work: Callable[[Store], T], *, changes: bool = False) -> T:
        call = _Call(work, changes)
        with self._mutex:
            self._line.append(call)
            begin, self._serving = not self._serving, True
        if begin:
            threading.Thread(target=self._serve, name="rota-vault", daemon=True).start()
        return await _in_time(call.future)

    def _serve(self) -> None:
        """Do what is waited for, until nobody waits: one thread for all, and none while there is nothing to do."""
        while True:
            with self._mutex:
                calls, self._line = self._line, []
                if not calls:
                    self._serving = False
                    return
            try:
                with self._lock.held():
                    self._last = self._store()
                    with self._last.together():
                        for call in calls:
                            call.run(self._last)
            except Exception as error:  # noqa: BLE001 - raised again in each task that waits
                for call in calls:
                    call.spoil(error)
            self._notices += [notice for notice in self._last.notices if notice not in self._notices]
            for call in calls:
                call.tell()
            if len(calls) > 1:
                time.sleep(GATHER_S)


class _Call(Generic[T]):
    """One call that waits for its turn, and what it came to."""

    def __init__(self, work: Callable[[Store], T], changes: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()
        self._work = work
        self._changes = changes
        self._result: T | None = None
        self._error: Exception | None = None
        self._done = False

    def run(self, store: Store) -> None:
        try:
            self._result = self._work(store)
        except Exception as error:  # noqa: BLE001 - raised again in the task that waits
            self._error = error
        self._done = True

    def spoil(self, error: Exception) -> None:
        """What all are kept by has failed; who only looked has seen what there is."""
        if self._error is None and (self._changes or not self._done):
            self._error = error

    def tell(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended and nobody waits any more
            self._loop.call_soon_threadsafe(_settle, self.future, self._result, self._error)


async def in_thread(work: Callable[[], T], patience_s: float = PATIENCE_S + 5) -> T:
    """Run blocking work in a thread of its own that the process does not wait for when it ends.

    `asyncio.to_thread` would: a keyring that hangs would keep rota from quitting.

    Raises:
        VaultError: It took longer than `patience_s`.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        result: T | None = None
        failure: Exception | None = None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised again in the task that waits
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended and nobody waits any more
            loop.call_soon_threadsafe(_settle, future, result, failure)

    threading.Thread(target=run, name="rota-vault", daemon=True).start()
    return await _in_time(future, patience_s)


async def _in_time(future: asyncio.Future[T], patience_s: float = PATIENCE_S + 5) -> T:
    try:
        async with asyncio.timeout(patience_s):
            return await future
    except TimeoutError:
        raise VaultError(
            "The system keyring did not answer in time.", hint="Is it waiting for its password in another window?"
        ) from None


def _settle(future: asyncio.Future[T], result: T | None, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)  # type: ignore[arg-type]  # None only when T is None


def _busy() -> VaultError:
    return VaultError("Another rota has held the vault for too long.", hint="Is its keyring waiting for a password?")
