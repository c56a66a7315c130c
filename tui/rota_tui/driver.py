"""Textual's driver for Linux and macOS, which sleeps until a key comes.

Its own looks every 100 ms whether reading is to end: ten times a second a thread wakes up for nothing, which took a
sixth of what the app takes at rest. This one wakes up for what is typed, once more when a lone Escape can be told
from the beginning of an arrow, and when it is to end.
"""

from __future__ import annotations

import os
import select
import threading
import time
from codecs import getincrementaldecoder
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.message import Message

AT_ONCE = 4096
"""Bytes that are read at once."""


class EndOfReading(threading.Event):
    """Whether reading is to end, which is heard while waiting for a key."""

    def __init__(self) -> None:
        super().__init__()
        self._ring: int | None = None
        """Where to write for those who wait, while there are any."""
        self._ringing = threading.Lock()

    def set(self) -> None:
        super().set()
        with self._ringing:
            if self._ring is not None:
                os.write(self._ring, b".")

    @contextmanager
    def heard(self) -> Iterator[int]:
        """What there is something to read from once reading is to end: for as long as somebody reads."""
        heard, ring = os.pipe()
        self._ring = ring
        try:
            yield heard
        finally:
            with self._ringing:
                self._ring = None
                os.close(ring)
            os.close(heard)


def read_keys(terminal: int, end: EndOfReading, parser: XTermParser, hand_on: Callable[[Message], None]) -> None:
    """Hand on what is typed until reading is to end, or nothing can come any more."""
    # What is no UTF-8, as from a terminal set to another, is a character that nobody knows, and not the app's end.
    decode = getincrementaldecoder("utf-8")(errors="replace").decode
    decided_at, wait = 0.0, None
    with end.heard() as heard:
        while not end.is_set():
            ready, _, _ = select.select([terminal, heard], [], [], wait)
            if terminal in ready:
                if not (typed := os.read(terminal, AT_ONCE)):
                    return
                if text := decode(typed):
                    for message in parser.feed(text):
                        hand_on(message)
                decided_at = time.monotonic() + constants.ESCAPE_DELAY
            left = decided_at - time.monotonic()
            for message in parser.tick():
                hand_on(message)
            wait = left if left > 0 else None


class RestingDriver(LinuxDriver):
    """As large as where the keys come from; Textual believes COLUMNS, LINES and standard output."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.exit_event: EndOfReading = EndOfReading()
        self._size = self._size or self._get_terminal_size()  # known before the first frame

    def run_input_thread(self) -> None:
        read_keys(self.fileno, self.exit_event, XTermParser(self._debug), self.process_message)

    def _get_terminal_size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self.fileno)
        except OSError:
            return super()._get_terminal_size()
        return size if all(size) else super()._get_terminal_size()
