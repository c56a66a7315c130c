"""Commands that change the terminal put it back, also when they are told to end."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLD = () if os.name == "nt" else ("SIGTERM", "SIGHUP")


@contextmanager
def put_back() -> Iterator[None]:
    """Let these signals end what is inside by an exception, so that what it does at its end is done.

    Raises:
        SystemExit: one came; with the code that a shell gives for it.
    """

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in TOLD]
    ours = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]  # nohup has one ignored
    for number in ours:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
