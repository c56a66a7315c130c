"""The engine for one command: opened, its debug lines on standard error when asked for, its notices told."""

from __future__ import annotations

import contextlib
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rota.engine import Engine
    from rota.snapshot import AccountState


@asynccontextmanager
async def opened() -> AsyncIterator[Engine]:
    """The engine of this person's home."""
    import os

    import rota
    from rota.config import peek
    from rota_tui.cli.reading import home

    with contextlib.ExitStack() as stack:
        if peek(home(), os.environ, "debug"):
            from rota.config import load
            from rota.debuglog import also_to

            stack.enter_context(also_to(sys.stderr, load(home(), os.environ)))
        async with rota.open() as engine:
            try:
                yield engine
            finally:
                for notice in engine.take_notices():
                    click.echo(f"rota: {notice}", err=True)


def named(engine: Engine, names: tuple[str, ...]) -> list[AccountState]:
    """The accounts that go by these names, each once.

    Raises:
        UnknownAccount, AmbiguousAccount: one of the names is nobody's, or several accounts'.
        NothingConfigured: there is no account at all.
    """
    found = {state.id: state for state in map(engine.find, names)}
    return list(found.values())
