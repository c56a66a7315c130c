"""Textual's driver for Linux and macOS, which sleeps until a key comes.

Its own looks every 100 ms whether reading is to end: ten times a second a thread wakes up for nothing, which took a
sixth of what the app takes at rest. Here the thread that asks is held until there is something to read or an end.
Should Textual one day ask in another way, the thread wakes up as often as before, and nothing else is lost.
"""

from __future__ import annotations

import os
import select
import threading
import time
from typing import Any

from textual.constants import ESCAPE_DELAY
from textual.drivers.linux_driver import LinuxDriver

AWAKE_S = ESCAPE_DELAY + 0.3
"""Seconds after a key in which the thread looks as often as Textual would have it: a lone Escape is told from the
beginning of an arrow by what does not follow."""


class EndOfReading(threading.Event):
    """Whether reading is to end; the thread that reads is told so when it has something to do."""

    def __init__(self, fileno: int) -> None:
        super().__init__()
        self._fileno = fileno
        self._heard, self._wake = os.pipe()
        self._awake_until = 0.0
        self.reader: int | None = None
        """The thread that reads, by its number; all others are told at once."""

    def is_set(self) -> bool:
        if self.reader == threading.get_ident() and not super().is_set() and time.monotonic() >= self._awake_until:
            ready, _, _ = select.select([self._fileno, self._heard], [], [])
            if self._fileno in ready:
                self._awake_until = time.monotonic() + AWAKE_S
        return super().is_set()

    def set(self) -> None:
        super().set()
        os.write(self._wake, b".")

    def clear(self) -> None:
        """Once the thread has ended: nobody reads in between."""
        if super().is_set():
            os.read(self._heard, 64)
        super().clear()

    def close(self) -> None:
        os.close(self._heard)
        os.close(self._wake)


class RestingDriver(LinuxDriver):
    """Draws and reads as Textual's does."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.exit_event: EndOfReading = EndOfReading(self.fileno)

    def run_input_thread(self) -> None:
        self.exit_event.reader = threading.get_ident()
        super().run_input_thread()

    def close(self) -> None:
        super().close()
        self.exit_event.close()
