"""Reading keys: the thread that waits for them sleeps until there is one, or until it is to end."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    pytest.skip("Windows has another driver", allow_module_level=True)

from rota_tui.driver import EndOfReading

PATIENCE_S = 20.0


class Reader:
    """Reads a pipe the way Textual's driver reads a terminal."""

    def __init__(self) -> None:
        self.terminal, self.keyboard = os.pipe()
        self.end = EndOfReading(self.terminal)
        self.asked = 0
        self.read = b""
        self.began, self.heard = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.began.wait(PATIENCE_S)

    def _run(self) -> None:
        self.end.reader = threading.get_ident()
        self.began.set()
        while not self.end.is_set():
            self.asked += 1
            if select.select([self.terminal], [], [], 0.1)[0]:
                self.read += os.read(self.terminal, 100)
                self.heard.set()

    def stop(self) -> None:
        self.end.set()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.stop()
    made.end.close()
    os.close(made.terminal)
    os.close(made.keyboard)


def test_nobody_wakes_up_while_no_key_comes(reader: Reader) -> None:
    reader.stop()
    assert reader.asked == 0


def test_a_key_is_read_at_once_and_the_end_is_heard_after_it(reader: Reader) -> None:
    os.write(reader.keyboard, b"a")
    assert reader.heard.wait(PATIENCE_S)
    reader.stop()
    assert reader.read == b"a"


def test_for_a_while_after_a_key_the_driver_looks_as_often_as_it_likes(reader: Reader) -> None:
    """Only so is a lone Escape told from the beginning of an arrow."""
    os.write(reader.keyboard, b"\x1b")
    assert reader.heard.wait(PATIENCE_S)
    while reader.asked < 3:
        assert reader.thread.is_alive()
        threading.Event().wait(0.01)
    assert reader.read == b"\x1b"


def test_other_threads_are_told_without_waiting(reader: Reader) -> None:
    assert not reader.end.is_set()
    reader.end.set()
    assert reader.end.is_set()


def test_reading_begins_again_after_the_shell_had_the_terminal(reader: Reader) -> None:
    reader.stop()
    reader.end.clear()
    assert not reader.end.is_set()
    again = threading.Thread(target=reader._run, daemon=True)
    reader.thread = again
    again.start()
    os.write(reader.keyboard, b"b")
    assert reader.heard.wait(PATIENCE_S)
    assert reader.read == b"b"


def test_a_key_waits_for_half_of_textuals_own_frame_at_most(tmp_path: Path) -> None:
    """Asked of a new process, since Textual reads it once; what a person set stays."""
    told = {}
    for name, given in (("none", {}), ("own", {"TEXTUAL_FPS": "30"})):
        environ = {key: value for key, value in os.environ.items() if key != "TEXTUAL_FPS"} | given
        shown = "import rota_tui.app, textual.screen; print(round(1 / textual.screen.UPDATE_PERIOD))"
        told[name] = subprocess.check_output(
            [sys.executable, "-c", shown], env=environ, cwd=tmp_path, text=True
        ).strip()
    assert told == {"none": "120", "own": "30"}
