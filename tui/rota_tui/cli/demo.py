"""`rota demo`: the app on the simulator, and its headless check."""

from __future__ import annotations

import sys
from typing import Any

import click

SPEED, SEED = 60.0, 7


@click.command("demo", epilog="Example: rota demo --check | jq .happened")
@click.option(
    "--check", is_flag=True, help="Run without a screen, print what happened as JSON; exit 1 if too little did."
)
@click.option("--speed", type=click.FloatRange(1, 600), default=SPEED, show_default=True, help="Times real time.")
@click.option("--seed", type=int, default=SEED, show_default=True)
@click.option("--ascii", is_flag=True, help="Draw with plain characters only.")
@click.option("--no-animation", is_flag=True, help="Let nothing move by itself.")
def command(check: bool, speed: float, seed: int, ascii: bool, no_animation: bool) -> None:
    """Open the app on the simulator: no network, no account, no keyring; nothing of yours is touched."""
    import asyncio

    if check:
        import json

        report = asyncio.run(_check(seed))
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        sys.exit(0 if report["ok"] else 1)
    from rota_tui.cli.drawing import need_screen, only_ascii

    need_screen("The demo", "`rota demo --check` does not.")
    asyncio.run(run(speed, seed, ascii=only_ascii(ascii), no_animation=no_animation))


async def _check(seed: int) -> dict[str, Any]:
    from rota.demo import check
    from rota_tui.cli.progress import working

    async with working("running the demo"):
        return await check(seed=seed)


async def run(speed: float, seed: int, *, ascii: bool, no_animation: bool) -> None:
    """Show the demo until it is left; who removes every account in it may begin it anew."""
    from rota.demo import open_demo, running
    from rota_tui.app import RotaApp
    from rota_tui.cli.leaving import run_app
    from rota_tui.messages import DEMO

    again: str | None = DEMO
    while again == DEMO:
        async with open_demo(speed=speed, seed=seed) as demo, running(demo):
            again = await run_app(RotaApp(demo.engine, ascii=ascii, no_animation=no_animation))
