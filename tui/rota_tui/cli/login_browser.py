"""A browser sign-in from the command line: the browser's return and a paste into the terminal race each other."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from rota.errors import SignInFailed
from rota.login.flow import Stage
from rota_tui.browser import open_page
from rota_tui.cli.keyboard import listening
from rota_tui.formatting import countdown

if TYPE_CHECKING:
    from rota.accounts import Added
    from rota.engine import Engine
    from rota.login.flow import SignIn

TICK_S = 1.0


async def by_browser(engine: Engine, provider: str, *, label: str | None, open_browser: bool) -> Added:
    """Sign in; the address and the progress are on standard error.

    Raises:
        SignInFailed: cancelled, timed out, denied or refused, each saying so.
    """
    async with engine.sign_in(provider) as attempt:
        opened = open_browser and await open_page(attempt.url)
        with listening(lambda text: _paste(attempt, text)) as listens:
            _tell(attempt, asked=open_browser, opened=opened, listens=listens)
            shown = asyncio.create_task(_show(engine, attempt, listens=listens), name="sign-in progress")
            try:
                return await engine.finish_sign_in(provider, attempt, label=label)
            except asyncio.CancelledError:
                click.echo("\rThe sign-in was cancelled; nothing was kept.\x1b[K" * sys.stderr.isatty(), err=True)
                raise
            finally:
                shown.cancel()
                await asyncio.gather(shown, return_exceptions=True)


def _tell(attempt: SignIn, *, asked: bool, opened: bool, listens: bool) -> None:
    if opened:
        lines = ["Your browser was asked to open the sign-in page. If it did not:"]
    else:
        lines = ["No browser could be opened here." if asked else "Open the sign-in page:"]
    lines.append(f"  with a browser on this machine:  {attempt.url}")
    if listens:
        lines.append(f"  with any other, then paste here: {attempt.manual_url}")
        lines.append("What you paste is not shown. Ctrl-C cancels.")
    click.echo("\n".join(lines), err=True)


def _paste(attempt: SignIn, text: str) -> None:
    try:
        attempt.paste(text)
    except SignInFailed as error:
        click.echo(f"\r\x1b[K{error.in_full}", err=True)


async def _show(engine: Engine, attempt: SignIn, *, listens: bool) -> None:
    """Say what is going on: every second on a terminal, at each stage elsewhere."""
    said: Stage | None = None
    rewritten = listens and sys.stderr.isatty()
    try:
        while True:
            checking = attempt.stage is not Stage.WAITING
            left = countdown(attempt.ends_at - engine.clock.now())
            if rewritten:
                text = "Checking with the provider …" if checking else f"Waiting for you … {left}"
                click.echo(f"\r{text}\x1b[K", nl=False, err=True)
            elif attempt.stage is not said:
                click.echo("Checking with the provider." if checking else f"Waiting for you, {left}.", err=True)
            said = attempt.stage
            await asyncio.sleep(TICK_S)
    finally:
        if rewritten:
            click.echo("\r\x1b[K", nl=False, err=True)
