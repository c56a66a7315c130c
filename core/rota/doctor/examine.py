"""The whole examination: each check in turn, one that breaks never keeping the others from looking."""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial
from typing import TYPE_CHECKING

from rota.clock import SystemClock
from rota.doctor import accounts, home, machine, neighbours, network, plugins, secrets
from rota.doctor.findings import Finding, failure, note
from rota.errors import RotaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from rota.engine import Engine
    from rota.migrate.places import Places
    from rota.settings import Settings


async def examine(step: Callable[[str], None], *, places: Places | None = None) -> list[Finding]:
    """Everything that can be looked at on this home.

    Args:
        step: told what is looked at now.
        places: where other tools keep their files; this machine when None.
    """
    from rota.migrate.places import here
    from rota.paths import find
    from rota.providers.http import Timeouts, open_client

    paths = find(os.environ)
    found = [machine.python(sys.version_info[:2], sys.executable)]
    found += machine.terminal(
        os.environ,
        is_terminal=sys.stderr.isatty(),
        encoding=sys.stderr.encoding or "ascii",
        columns=shutil.get_terminal_size().columns,
    )
    settings, findings = home.settings(paths, os.environ)
    found += findings
    try:
        found += home.files(paths)  # first: opening tightens what stands open
        paths.ensure()
    except RotaError as error:
        return [*found, failure("files", str(error), error.hint or "Check who owns the folder.")]
    found += home.log(paths.log_file)
    found += plugins.registered()

    step("the vault")
    vault, findings = await secrets.vault(settings.vault, paths)
    found += findings
    step("other tools' files")
    found += await _kept(lambda: neighbours.other_tools(places or here()), "other tools")
    async with open_client(timeouts=Timeouts(connect=5.0, read=15.0)) as client:
        step("the providers")
        found += await network.providers(client, settings, SystemClock())
        found += await _kept(lambda: _with_engine(settings, client, step, healthy=vault is not None), "log")
    return found


async def _with_engine(
    settings: Settings, client: httpx.AsyncClient, step: Callable[[str], None], *, healthy: bool
) -> list[Finding]:
    """What needs the log: the gateway and, when the vault works, every account."""
    from rota.engine import open_engine

    async with open_engine(settings=settings) as engine:
        found = await neighbours.gateway(client, settings, engine.snapshot)
        states = engine.snapshot.listed()
        if not states:
            return [*found, note("account", "There is no account yet.", "Add one with `rota login`.")]
        return [*found, *(await _accounts(engine, step) if healthy else [])]


async def _accounts(engine: Engine, step: Callable[[str], None]) -> list[Finding]:
    services = await engine.services()
    states = engine.snapshot.listed()
    found, without = await secrets.holdings(services.vault, states)
    for state in states:
        if state.id not in without:
            step(state.account.label)
            found += await _kept(partial(accounts.account, services, state, engine.clock), "account")
    step("logins shared with other tools")
    return [*found, *await _kept(partial(_shared, engine), "other tools")]


async def _shared(engine: Engine) -> list[Finding]:
    from rota.migrate.writeback import SWITCHES, shared_sources

    plan = await (await engine.imports()).plan(online=False)
    return neighbours.shared(plan, shared_sources(engine.settings.sharing), SWITCHES)


async def _kept(check: Callable[[], Awaitable[list[Finding]]], name: str) -> list[Finding]:
    """The check's findings; an error of ours or of the system is one."""
    try:
        return await check()
    except RotaError as error:
        return [failure(name, str(error), error.hint or "See the message.")]
    except OSError as error:
        return [failure(name, f"{error.strerror or error}.", "Check the file or folder that it names.")]
