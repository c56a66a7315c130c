"""The app told to end by the system: it leaves in good order, the terminal as it was and the log closed."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rota_tui.app import RotaApp

ENDING = ("SIGTERM", "SIGHUP")


async def run_app(app: RotaApp) -> str | None:
    """Run it to its end; gives what it was left for.

    Raises:
        SystemExit: a signal ended it; with the code that a shell gives for that.
    """
    told: list[int] = []

    def leave(number: int) -> None:
        told.append(number)
        app.exit()

    loop = asyncio.get_running_loop()
    numbers = [getattr(signal, name) for name in ENDING] if os.name != "nt" else []
    for number in numbers:
        loop.add_signal_handler(number, leave, number)
    try:
        left_for = await app.run_async()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
    if told:
        raise SystemExit(128 + told[0])
    return left_for
