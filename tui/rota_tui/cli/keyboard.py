"""Lines typed or pasted while something else is waited for; they are not shown, since they may be secrets."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rota_tui.cli.tidying import put_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOK_S = 0.1
ERASE = "\x7f\b"


class Typed:
    """Puts keys together to lines."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._line = ""

    def add(self, text: str) -> None:
        """What arrived; each whole line is passed on."""
        for char in text:
            if char in "\r\n":
                line, self._line = self._line, ""
                if line.strip():
                    self._take(line)
            elif char in ERASE:
                self._line = self._line[:-1]
            elif char.isprintable():
                self._line += char


@contextmanager
def listening(take: Callable[[str], None]) -> Iterator[bool]:
    """Pass on lines from the terminal for as long as the context; gives whether there is one to listen to."""
    if not sys.stdin.isatty():
        yield False
    elif sys.platform == "win32":
        with _polling(Typed(take)):
            yield True
    else:
        with put_back(), _reading(Typed(take)):
            yield True


if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def _polling(typed: Typed) -> Iterator[None]:
        async def poll() -> None:
            while True:
                while msvcrt.kbhit():
                    char = msvcrt.getwch()
                    if char == "\x03":
                        raise KeyboardInterrupt
                    typed.add(char)
                await asyncio.sleep(LOOK_S)

        polling = asyncio.create_task(poll(), name="keyboard")
        try:
            yield
        finally:
            polling.cancel()

else:
    import termios

    @contextmanager
    def _reading(typed: Typed) -> Iterator[None]:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        quiet = termios.tcgetattr(descriptor)
        # Line by line, the terminal would cut a pasted token at 4095 characters, and show it.
        quiet[3] &= ~(termios.ECHO | termios.ICANON)
        loop = asyncio.get_running_loop()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
        loop.add_reader(descriptor, lambda: typed.add(os.read(descriptor, 65_536).decode("utf-8", "replace")))
        try:
            yield
        finally:
            loop.remove_reader(descriptor)
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
