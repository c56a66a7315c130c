"""`rota serve`: the local endpoint alone, until interrupted."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import click

from rota_tui import EXIT_INTERRUPTED
from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    import asyncio

    from rota.engine import Engine
    from rota.gateway.server import Gateway


@click.command("serve", epilog="Example: rota serve --port 0")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="The port, in place of gateway.port; 0 takes a free one."
)
@JSON
def command(port: int | None, as_json: bool) -> None:
    """Let other programs use the accounts through one local endpoint: OpenAI's and Anthropic's dialects, with a key.

    The address goes to standard output. Ctrl-C stops: running answers finish first, a second one ends them. SIGTERM
    does the same and leaves with 0.
    """
    import asyncio

    asyncio.run(_serve(port, as_json=as_json))


async def _serve(port: int | None, *, as_json: bool) -> None:
    import asyncio

    from rota_tui.cli.opening import opened

    async with opened() as engine:
        stopping: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        _on_signals(stopping)
        gateway = await engine.start_gateway(port=port)
        engine.start_background()
        _say_where(gateway, as_json=as_json)
        _tell(engine)
        told_by = await stopping
        grace = engine.settings.gateway.stop_grace_s
        click.echo(f"Stopping; running answers get up to {grace:g} s. Ctrl-C again ends them.", err=True)
        await engine.stop_gateway()
    if told_by == signal.SIGINT:
        sys.exit(EXIT_INTERRUPTED)


def _say_where(gateway: Gateway, *, as_json: bool) -> None:
    if not as_json:
        click.echo(gateway.url)
        return
    import os

    from rota_tui.cli.printing import echo_json_line

    where = {"url": gateway.url, "host": gateway.host, "port": gateway.port, "pid": os.getpid()}
    echo_json_line({"schema": 1, "gateway": where})


def _tell(engine: Engine) -> None:
    """What a person needs to use it."""
    lines = [
        "rota serves. OpenAI's dialect: the address with /v1; Anthropic's: the address itself.",
        "The key: `rota gateway key`. Stop with Ctrl-C.",
    ]
    if engine.settings.gateway.allow_remote:
        lines.append(
            "Warning: gateway.allow_remote is on. Whoever reaches this address and has a key uses your accounts."
        )
    if not engine.snapshot.listed():
        lines.append("There is no account yet; add one with `rota login`, it is used at once.")
    click.echo("\n".join(lines), err=True)


def _on_signals(stopping: asyncio.Future[int]) -> None:
    """End at the first Ctrl-C or SIGTERM in peace, at the second as usual."""
    import asyncio

    loop = asyncio.get_running_loop()
    usual = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _frame: object) -> None:
        for each, handler in usual.items():
            signal.signal(each, handler)
        loop.call_soon_threadsafe(stopping.set_result, number)

    for each in usual:
        signal.signal(each, stop)
