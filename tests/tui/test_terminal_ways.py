"""What `rota` does in a real terminal before and beside its accounts: the demo by a key, and stores it cannot use."""

from __future__ import annotations

import os
import shlex
import signal
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


def test_the_app_is_as_large_as_its_terminal_whatever_the_environment_says(home: CommandLine, tmp_path: Path) -> None:
    command = f"COLUMNS=200 LINES=60 {ROTA}; cat"
    with Tmux(tmp_path, command, home.environ(), columns=80, rows=24) as terminal:
        lines = terminal.until("All your AI accounts in one place", "q Quit").rstrip("\n").split("\n")
        assert lines[-1].endswith("? Help  q Quit")
        assert len(lines) == 24


def test_the_app_is_as_large_as_its_terminal_where_standard_output_is_a_pipe(
    home: CommandLine, tmp_path: Path
) -> None:
    with Tmux(tmp_path, f"{ROTA} | cat; cat", home.environ(), columns=120, rows=40) as terminal:
        lines = terminal.until("All your AI accounts in one place", "q Quit").rstrip("\n").split("\n")
        assert len(lines) == 40
        assert len(lines[-1]) > 100


def test_a_terminal_that_cannot_be_drawn_on_is_told_so_in_words(home: CommandLine, tmp_path: Path) -> None:
    for command in ("", " demo"):
        folder = tmp_path / f"of{command.strip()}"
        folder.mkdir()
        with Tmux(folder, f"TERM=dumb {ROTA}{command}; echo left with $?; cat", home.environ()) as terminal:
            screen = terminal.until("left with 2")
            assert 'TERM is "dumb"' in screen
            assert "xterm-256color" in screen


def test_a_terminal_that_takes_no_unicode_gets_plain_characters(home: CommandLine, tmp_path: Path) -> None:
    command = f"LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 PYTHONIOENCODING= {ROTA}; cat"
    with Tmux(tmp_path, command, home.environ(), columns=80, rows=24) as terminal:
        screen = terminal.until("All your AI accounts in one place", "q Quit")
        assert screen.isascii()
        assert "\\u" not in screen


BROKEN = """
from rota_tui.screens.accounts import AccountsScreen

def broken(screen):
    pasted = "sk-ant-pasted-a-moment-ago"
    raise LookupError(f"nothing of {len(pasted)}")

AccountsScreen.action_add = broken
from rota_tui.__main__ import run
run()
"""


def test_a_fault_of_the_app_is_told_with_what_to_do_and_without_what_was_typed(
    home: CommandLine, tmp_path: Path
) -> None:
    script, before, after = tmp_path / "broken.py", tmp_path / "before", tmp_path / "after"
    script.write_text(BROKEN)
    app = f"{shlex.quote(sys.executable)} {script}"
    command = f"stty -g > {before}; {app}; echo left with $?; stty -g > {after}; cat"
    with Tmux(tmp_path, command, home.environ(), columns=160, rows=60) as terminal:
        terminal.until("All your AI accounts in one place")
        terminal.press("a")
        screen = terminal.until("left with 1")
        assert "LookupError: nothing of 26" in screen
        assert "rota doctor --bundle" in screen
        assert "a-moment-ago" not in screen
        terminal.wait(lambda _: after.exists() and after.read_text() != "", "the terminal's state was not read")
        assert [terminal.state(what) for what in ("alternate_on", "mouse_any_flag", "cursor_flag")] == ["0", "0", "1"]
    assert before.read_text() == after.read_text()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("status --watch", "No account yet."),
        ("login anthropic --api-key", "(not shown)"),
        ("login puter --no-browser", "Waiting for you"),
    ],
)
def test_a_command_that_is_told_to_end_gives_back_cursor_and_echo(
    home: CommandLine, tmp_path: Path, command: str, shown: str, name: str
) -> None:
    before, after, process = tmp_path / "before", tmp_path / "after", tmp_path / "pid"
    run = f"sh -c 'echo $$ > {process}; exec {ROTA} {command}'"
    line = f"stty -g > {before}; {run}; echo over with $?; stty -g > {after}; cat"
    with Tmux(tmp_path, line, home.environ()) as terminal:
        terminal.until(shown)
        os.kill(int(process.read_text()), getattr(signal, name))
        terminal.until(f"over with {128 + getattr(signal, name)}")
        terminal.wait(lambda _: after.exists() and after.read_text() != "", "the terminal's state was not read")
        assert terminal.state("cursor_flag") == "1"
    assert before.read_text() == after.read_text()


def test_a_watched_status_moves_no_cursor_where_there_is_none(home: CommandLine, tmp_path: Path) -> None:
    with Tmux(tmp_path, f"TERM=dumb {ROTA} status --watch; cat", home.environ()) as terminal:
        terminal.until("No account yet.")
        assert terminal.state("cursor_flag") == "1"
