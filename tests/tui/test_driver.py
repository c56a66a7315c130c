"""Reading keys: the thread that waits for them sleeps until there is one, or until it is to end."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.message import Message

if sys.platform == "win32":
    pytest.skip("Windows has another driver", allow_module_level=True)

from rota_tui.driver import EndOfReading, read_keys

PATIENCE_S = 20.0


class Watched(XTermParser):
    """Counts how often it is asked for what waiting alone has decided."""

    asked = 0

    def tick(self) -> Iterator[Message]:
        self.asked += 1
        yield from super().tick()


class Reader:
    """Reads a pipe as the app reads a terminal."""

    def __init__(self) -> None:
        self.terminal, self.keyboard = os.pipe()
        self.end = EndOfReading()
        self.told: queue.Queue[Message] = queue.Queue()
        self.begin()

    def begin(self) -> None:
        self.parser = Watched()
        self.thread = threading.Thread(
            target=read_keys, args=(self.terminal, self.end, self.parser, self.told.put), daemon=True
        )
        self.thread.start()

    def type(self, typed: bytes) -> None:
        os.write(self.keyboard, typed)

    def next(self) -> str:
        """The next key, or what is pasted, once it was told."""
        message = self.told.get(timeout=PATIENCE_S)
        assert isinstance(message, Key | Paste)
        return message.key if isinstance(message, Key) else message.text

    def stop(self) -> None:
        self.end.set()
        self.ended()

    def ended(self) -> None:
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.stop()
    os.close(made.terminal)
    if made.keyboard:
        os.close(made.keyboard)


def test_keys_are_told_in_order(reader: Reader) -> None:
    reader.type(b"a")
    assert reader.next() == "a"
    reader.type(b"\x1b[A\x1bq\r")
    assert [reader.next() for _ in range(3)] == ["up", "alt+q", "enter"]


def test_nobody_wakes_up_while_no_key_comes(reader: Reader) -> None:
    reader.stop()
    assert reader.parser.asked <= 1


def test_an_escape_is_told_though_nothing_follows_it(reader: Reader) -> None:
    for _ in range(3):
        reader.type(b"\x1b")
        assert reader.next() == "escape"


def test_an_escape_is_told_however_soon_it_comes_after_another_key(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found where ESCDELAY was a second: it was told with the next key, as one with it."""
    monkeypatch.setattr("textual.constants.ESCAPE_DELAY", 0.6)
    reader.type(b"a")
    assert reader.next() == "a"
    reader.type(b"\x1b")
    assert reader.next() == "escape"


def test_several_escapes_at_once_are_each_told(reader: Reader) -> None:
    reader.type(b"\x1b\x1b\x1b")
    assert [reader.next() for _ in range(3)] == ["escape"] * 3


def test_a_long_paste_comes_in_one(reader: Reader) -> None:
    text = "Grüße, 世界 " * 9_000
    threading.Thread(target=reader.type, args=(b"\x1b[200~" + text.encode() + b"\x1b[201~x",), daemon=True).start()
    assert reader.next() == text
    assert reader.next() == "x"


def test_what_is_no_text_is_an_unknown_character_and_not_the_end(reader: Reader) -> None:
    reader.type(b"\xff")
    assert reader.told.get(timeout=PATIENCE_S).character == "\N{REPLACEMENT CHARACTER}"  # type: ignore[attr-defined]
    reader.type(b"a")
    assert reader.next() == "a"


def test_where_nothing_can_come_any_more_reading_ends(reader: Reader) -> None:
    os.close(reader.keyboard)
    reader.keyboard = 0
    reader.ended()


def test_reading_begins_again_after_the_shell_had_the_terminal(reader: Reader) -> None:
    for _ in range(2):
        reader.stop()
        reader.end.clear()
        reader.begin()
        reader.type(b"b")
        assert reader.next() == "b"


def test_ends_that_nobody_waits_for_are_no_harm(reader: Reader) -> None:
    reader.stop()
    reader.stop()


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
