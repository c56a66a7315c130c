"""A command on a pseudo-terminal: what a person sees, and what a person types. POSIX only."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from tests.support.command_line import CommandLine

PATIENCE_S = 30.0
AGAIN_S = 5.0


class Terminal:
    """One command in one terminal."""

    def __init__(self, command: CommandLine, args: tuple[str, ...], columns: int, before: tuple[str, ...]) -> None:
        self.shown = ""
        self._seen = 0
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environ = {**command.environ(), "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "rota_tui", *args],
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        os.close(self._ours)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, text: str) -> str:
        """Wait until it shows a text that was not waited for before; gives all that was shown."""
        self._read(lambda: text in self.shown[self._seen :], f"{text!r} was not shown")
        self._seen = self.shown.index(text, self._seen) + len(text)
        return self.shown

    def ended(self) -> int:
        """Wait until it ends; gives its exit code."""
        deadline = time.monotonic() + PATIENCE_S
        self._read(lambda: self.process.poll() is not None, "it did not end")
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def interrupted(self) -> int:
        """Press Ctrl-C until it ends: one pressed just before a program reads a line is noticed at the next key."""
        pressed = 0.0

        def ended() -> bool:
            nonlocal pressed
            if self.process.poll() is None and time.monotonic() - pressed > AGAIN_S:
                pressed = time.monotonic()
                self.type("\x03")
            return self.process.poll() is not None

        self._read(ended, "it did not end")
        return self.process.wait(PATIENCE_S)

    def _read(self, done: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > deadline:
                raise AssertionError(f"{complaint}; shown: {self.shown!r}")
            readable, _, _ = select.select([self._ours], [], [], 0.05)
            if readable:
                try:
                    self.shown += os.read(self._ours, 65_536).decode("utf-8", "replace")
                except OSError:  # Linux says so when the other end is closed
                    self.process.wait(PATIENCE_S)
                    if not done():
                        raise AssertionError(f"{complaint}; shown: {self.shown!r}") from None
