"""The app told to end by the system: it leaves in good order, the terminal as it was and the log closed."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING

from textual.worker import WorkerFailed

if TYPE_CHECKING:
    from rota_tui.app import RotaApp

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")

FAULT = (
    "This is a fault of rota's own; your accounts are as they were. Please tell: `rota doctor --bundle report.json`."
)

GRACE_S = 5.0
"""Seconds in which the app leaves by itself."""

LOOK_S = 2.0
"""Seconds between looks at whether the terminal is still there."""


async def run_app(app: RotaApp) -> str | None:
    """Run it to its end; gives what it was left for.

    Raises:
        SystemExit: a signal ended it; with the code that a shell gives for that.
        Exception: what went wrong in the app, once the terminal is as it was.
    """
    told: list[int] = []
    loop = asyncio.get_running_loop()

    def leave(number: int, _frame: object) -> None:
        told.append(number)
        # Writing to a terminal that is gone stands still for ever, and with it the loop; nothing is lost by then.
        end = threading.Timer(GRACE_S, os._exit, (128 + number,))
        end.daemon = True
        end.start()
        loop.call_soon_threadsafe(app.exit)

    numbers = [getattr(signal, name) for name in ENDING] if os.name != "nt" else []
    # Not by the loop, which may be what stands still.
    before = {number: signal.signal(number, leave) for number in numbers}
    over = threading.Event()
    if numbers and os.isatty(0):
        threading.Thread(target=_hear_hang_up, args=(over,), name="rota-hang-up", daemon=True).start()
    try:
        left_for = await app.run_async()
    finally:
        over.set()
        for number, handler in before.items():
            signal.signal(number, handler)
    if told:
        raise SystemExit(128 + told[0])
    fault: BaseException | None = app._exception
    if isinstance(fault, WorkerFailed):
        fault = fault.error
    if fault is not None:
        fault.add_note(FAULT)
        raise fault
    return left_for


def _hear_hang_up(over: threading.Event) -> None:
    """Tell the process that its terminal is gone; where what started it lives on, nobody else does."""
    while not over.wait(LOOK_S):
        if not os.isatty(0):
            os.kill(os.getpid(), signal.SIGHUP)
            return
