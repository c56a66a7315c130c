"""`rota` without a command: the app on the person's own accounts."""

from __future__ import annotations


def open_app(*, ascii: bool, no_animation: bool) -> None:
    """Open the app; leaving it returns."""
    import asyncio

    from rota_tui.cli.drawing import need_screen, only_ascii

    need_screen("The app", "for scripts there is `rota status --json`.")
    asyncio.run(_run(ascii=only_ascii(ascii), no_animation=no_animation))


async def _run(*, ascii: bool, no_animation: bool) -> None:
    """The app; left for the demo it comes back afterwards."""
    import rota
    from rota_tui.app import RotaApp
    from rota_tui.cli.leaving import run_app
    from rota_tui.messages import DEMO

    while True:
        async with rota.open() as engine:
            left_for = await run_app(RotaApp(engine, ascii=ascii, no_animation=no_animation))
        if left_for != DEMO:
            return
        from rota_tui.cli.demo import SEED, SPEED, run

        await run(SPEED, SEED, ascii=ascii, no_animation=no_animation)
