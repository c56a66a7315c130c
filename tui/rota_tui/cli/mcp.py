"""`rota mcp`: the MCP server on standard input and output."""

from __future__ import annotations

import click


@click.command("mcp", epilog="Example: claude mcp add rota -- rota mcp")
def command() -> None:
    """Let an MCP client use the accounts: models, account, chat, usage and stats on standard input and output.

    A client starts it and ends it by closing standard input. What is said on standard error is for people.
    """
    import asyncio
    import sys

    if sys.stdin.isatty():
        click.echo("rota speaks MCP here; a client should start this command. Ctrl-C ends it.", err=True)
    asyncio.run(_serve())


async def _serve() -> None:
    from rota.mcp_server import serve
    from rota_tui.cli.opening import opened

    async with opened() as engine:
        await serve(engine)
