"""Opening rota's home: the log, the settings, the debug log when it is on, and the engine over them."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from rota.clock import SystemClock
from rota.journal import Journal
from rota.log import SqliteLog
from rota.paths import find as find_paths

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from rota.clock import Clock
    from rota.config import Settings
    from rota.engine import Engine
    from rota.migrate.places import Places
    from rota.vault.base import Vault


@asynccontextmanager
async def open_engine(
    *,
    home: Path | None = None,
    settings: Settings | None = None,
    clock: Clock | None = None,
    vault: Vault | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    seed: int | None = None,
    places: Places | None = None,
) -> AsyncIterator[Engine]:
    """Open rota's home and give its engine; on leaving, everything said so far is on disk.

    Raises:
        ConfigError: the settings file says something it may not, or names a strategy that cannot be used.
        StoreError: the log cannot be used as it is.

    Args:
        home: folder that holds everything; the environment's (`ROTA_HOME`, else the system's folders) when None.
        settings: used as they are; read from the home's `config.toml` when None.
        clock: the machine's when None.
        vault: used as it is; chosen by the settings when None.
        transport: for the HTTP client, in tests.
        seed: of the jitter, in tests and the demo.
        places: where other tools keep their files; this machine's when None.
    """
    import os

    from rota.config import load
    from rota.engine import Engine  # late: it names this function as its own way in
    from rota.settings import STRATEGIES

    environ = dict(os.environ) if home is None else {**os.environ, "ROTA_HOME": str(home)}
    paths = find_paths(environ)
    paths.ensure()
    clock = clock or SystemClock()
    settings = settings or load(paths, environ)
    if settings.pool.strategy not in STRATEGIES:
        from rota.pool.strategies import named  # late: another package's; what is wrong with it is said here

        named(settings.pool.strategy)
    log = SqliteLog.open(paths.log_file, retention_days=settings.history.events_days)
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(Journal(log, clock))
        if settings.debug:
            from rota.debuglog import writing  # late: off by default

            await stack.enter_async_context(writing(journal, settings, paths))
        engine = Engine(
            paths=paths,
            settings=settings,
            clock=clock,
            journal=journal,
            vault=vault,
            transport=transport,
            seed=seed,
            places=places,
        )
        stack.push_async_callback(engine.aclose)
        if log.notice is not None:
            engine.notices.append(str(log.notice))
        yield engine
