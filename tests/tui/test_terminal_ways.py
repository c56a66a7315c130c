"""What `rota` does in a real terminal before and beside its accounts: the demo by a key, and stores it cannot use."""

from __future__ import annotations

import shlex
import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.command_line import NOWHERE, CommandLine
from tests.support.tmux import TMUX, Tmux

from rota.log import SqliteLog
from rota.paths import under

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed, and it is the terminal here")

ROTA = f"{shlex.quote(sys.executable)} -m rota_tui"


@pytest.fixture
def home(tmp_path: Path) -> CommandLine:
    """A home without accounts and without a network."""
    return CommandLine(tmp_path / "home", NOWHERE, more={"TERM": "tmux-256color"}).prepare()


def test_d_opens_the_demo_in_the_same_terminal_and_leaving_it_comes_back(home: CommandLine, tmp_path: Path) -> None:
    command = f"{ROTA}; echo left with $?; cat"
    with Tmux(tmp_path, command, home.environ(), columns=80, rows=24) as terminal:
        terminal.until("All your AI accounts in one place")
        terminal.press("d")
        terminal.until("Work Max", "Activity")
        terminal.press("q")
        terminal.until("All your AI accounts in one place")
        terminal.press("q")
        terminal.until("left with 0")
    status = home.process("status", "--json")
    assert status.json["accounts"] == []


def test_a_log_of_a_newer_rota_is_told_in_words_and_left_alone(home: CommandLine, tmp_path: Path) -> None:
    path = under(home.home / "rota").log_file
    SqliteLog.open(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with Tmux(tmp_path, f"{ROTA}; echo left with $?; cat", home.environ(), columns=180) as terminal:
        screen = terminal.until("was written by a newer rota.", "left with 1")
        assert "Update rota; nothing in it was changed." in screen
        assert "Traceback" not in screen
    assert path.read_bytes() == before
