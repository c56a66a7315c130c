"""The whole of it in a real terminal: `rota` in tmux, by keys, against `rota simulator` in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.command_line import URLS, CommandLine
from tests.support.tmux import LOOK_S, PATIENCE_S, TMUX, Tmux

if TYPE_CHECKING:
    from collections.abc import Iterator

resource = pytest.importorskip("resource", reason="there is none on Windows")
pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed, and it is the terminal here")

ROTA = f"{shlex.quote(sys.executable)} -m rota_tui"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What `rota simulator` says when it is ready."""
    process = CommandLine(tmp_path_factory.mktemp("simulator")).start("simulator")
    assert process.stdout is not None
    said = ""
    while not said.endswith("\n}\n"):
        line = process.stdout.readline()
        assert line, "the simulator ended"
        said += line
    yield json.loads(said)
    process.terminate()
    process.communicate(timeout=30)


@pytest.fixture
def home(simulator: dict[str, Any], tmp_path: Path) -> CommandLine:
    """A home without accounts, pointed at the simulator."""
    urls = {name: simulator["base_urls"][key] for name, key in URLS.items()}
    return replace(CommandLine(tmp_path / "home", urls), more={"TERM": "tmux-256color"}).prepare()


def secret(simulator: dict[str, Any], label: str) -> str:
    return str(next(login["secret"] for login in simulator["credentials"] if login["label"] == label))


def signed_in(home: CommandLine, simulator: dict[str, Any]) -> CommandLine:
    """The home with an API key called `work`."""
    ran = home.run("login", "anthropic", "--api-key", "--label", "work", given=secret(simulator, "console"))
    assert ran.code == 0, ran.err
    return home


def test_somebody_new_adds_accounts_asks_a_model_and_leaves(
    home: CommandLine, simulator: dict[str, Any], tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    command = f"stty -g > {before}; {ROTA}; echo left with $?; stty -g > {after}; cat"
    with Tmux(tmp_path, command, home.environ()) as terminal:
        terminal.until("All your AI accounts in one place")

        terminal.press("a")
        terminal.until("Add an account", "Anthropic", "Puter")
        terminal.press("Down", "Enter")
        terminal.until("Paste a token")
        terminal.press("Down", "Enter")
        terminal.until("paste it here")
        terminal.paste(secret(simulator, "carol"))
        terminal.press("Enter")
        terminal.until("carol@example.com added", "ctrl+n add another")  # the activity says the first too
        terminal.press("Enter")
        terminal.until_gone("ctrl+n add another")

        terminal.press("a")
        terminal.until("Claude models, by an API key")
        terminal.press("Enter")
        terminal.until("Claude subscription")
        terminal.press("Enter")
        terminal.until("paste it here")
        terminal.paste(secret(simulator, "console"))
        terminal.press("Enter")
        terminal.until("ctrl+n add another")
        terminal.press("Enter")
        terminal.until_gone("ctrl+n add another")
        screen = terminal.until("2 accounts · 2 ready")
        assert "carol@example.com" in screen
        assert secret(simulator, "carol")[:20] not in screen

        terminal.press("2")
        terminal.until("Ask any model through any account.")
        terminal.type("hello")
        terminal.press("Enter")
        terminal.until("▌ hello", "● ", " in, ", " out")  # a toast may lie over the rest of the line

        terminal.press("Tab")  # Escape right after an answer was meant to stop it
        terminal.until("q Quit")
        terminal.press("1")
        terminal.until("Account ", "answered")
        terminal.press("q")
        terminal.wait(lambda screen: "left with 0" in screen, "rota did not end")
        assert [terminal.state(name) for name in ("alternate_on", "mouse_any_flag", "cursor_flag")] == ["0", "0", "1"]
    assert before.read_text() == after.read_text() != ""


def test_what_another_process_does_is_shown_as_it_happens(
    home: CommandLine, simulator: dict[str, Any], tmp_path: Path
) -> None:
    signed_in(home, simulator)
    with Tmux(tmp_path, f"exec {ROTA}", home.environ()) as terminal:
        terminal.until("work", "Activity")
        ran = home.process("chat", "-m", "anthropic/claude-haiku-4-5", "hello")
        assert ran.code == 0, ran.err
        screen = terminal.until("answered")
        assert "instead of" not in screen


def test_a_spent_account_cools_another_takes_over_one_is_imported_and_one_removed(
    home: CommandLine, simulator: dict[str, Any], tmp_path: Path
) -> None:
    for label in ("carol", "dave"):
        ran = home.run("login", "puter", "--token", "--label", label, given=secret(simulator, label))
        assert ran.code == 0, ran.err
    assert home.run("use", "carol").code == 0
    assert home.run("config", "set", "usage.enabled", "false").code == 0  # or it is known before anybody asks
    spent = httpx.patch(f"{simulator['admin']}accounts/carol", json={"remaining": 0})
    assert spent.status_code == 200, spent.text
    auth = home.home / "person/.local/share/opencode/auth.json"
    auth.parent.mkdir(parents=True)
    auth.write_text(json.dumps({"anthropic": {"type": "api", "key": secret(simulator, "console")}}))
    auth.chmod(0o600)
    with Tmux(tmp_path, f"{ROTA}; echo left with $?; cat", home.environ(), columns=120, rows=40) as terminal:
        terminal.until("2 accounts · 2 ready")
        terminal.press("2")
        terminal.until("Ask any model through any account.")
        terminal.type("hello")
        terminal.press("Enter")
        terminal.until("▌ hello", "on to dave", "first token")
        terminal.press("Tab")  # Escape right after an answer was meant to stop it
        terminal.until("q Quit")
        terminal.press("1")
        terminal.until("2 accounts · 1 ready · 1 cooling")

        terminal.press("m")
        terminal.until("auth.json", "1 of 1 come in")
        terminal.press("Enter")
        terminal.until("Added api-key.", "z take it back")
        terminal.press("Enter")
        terminal.until_gone("z take it back")
        terminal.until("3 accounts")

        terminal.press("d")
        terminal.until("Remove ", "deleted from the vault")
        terminal.press("y")
        terminal.until("removed.", "2 accounts")
        terminal.press("q")
        terminal.wait(lambda screen: "left with 0" in screen, "rota did not end")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_app_and_leaves_the_terminal_as_it_was(
    home: CommandLine, simulator: dict[str, Any], tmp_path: Path, name: str
) -> None:
    signed_in(home, simulator)
    before, after, process = tmp_path / "before", tmp_path / "after", tmp_path / "pid"
    # exec in a shell of its own, so that the number is the app's.
    app = f"sh -c 'echo $$ > {process}; exec {ROTA}'"
    command = f"stty -g > {before}; {app}; echo over with $?; stty -g > {after}; cat"
    with Tmux(tmp_path, command, home.environ()) as terminal:
        terminal.until("work", "Activity")
        terminal.press("2")
        terminal.until("Ask any model through any account.")
        terminal.type("a long one [[tokens=2000]]")
        terminal.press("Enter")
        terminal.until("▌ a long one")
        os.kill(int(process.read_text()), getattr(signal, name))
        terminal.until(f"over with {128 + getattr(signal, name)}")
        assert [terminal.state(what) for what in ("alternate_on", "mouse_any_flag", "cursor_flag")] == ["0", "0", "1"]
    assert before.read_text() == after.read_text() != ""
    assert [account["label"] for account in home.run("status", "--json").json["accounts"]] == ["work"]


def test_ctrl_z_goes_back_to_the_shell_and_fg_to_the_app(
    home: CommandLine, simulator: dict[str, Any], tmp_path: Path
) -> None:
    signed_in(home, simulator)
    with Tmux(tmp_path, "sh -i", home.environ()) as terminal:
        terminal.type(ROTA)
        terminal.press("Enter")
        terminal.until("work", "Activity")
        terminal.press("C-z")
        terminal.until("Stopped")
        assert [terminal.state(what) for what in ("alternate_on", "cursor_flag")] == ["0", "1"]
        terminal.type("fg")
        terminal.press("Enter")
        terminal.until("work", "Activity")
        assert terminal.state("alternate_on") == "1"
        terminal.press("a")
        terminal.until("Add an account")
        terminal.press("C-z")
        terminal.until_gone("Add an account")
        terminal.type("fg")
        terminal.press("Enter")
        terminal.until("Add an account")
        terminal.press("Escape")
        terminal.until_gone("Add an account")
        terminal.press("2")
        terminal.until("Ask any model through any account.")


def test_an_app_whose_terminal_goes_away_ends(home: CommandLine, simulator: dict[str, Any], tmp_path: Path) -> None:
    signed_in(home, simulator)
    with Tmux(tmp_path, f"exec {ROTA}", home.environ()) as terminal:
        terminal.until("work", "Activity")
        process = int(terminal.state("pane_pid"))
    ends(process)
    assert [account["label"] for account in home.run("status", "--json").json["accounts"]] == ["work"]


def test_an_app_that_nobody_tells_that_its_terminal_went_away_ends(
    home: CommandLine, simulator: dict[str, Any], tmp_path: Path
) -> None:
    """So it is where what started rota outlives the terminal, as make does: no SIGHUP comes."""
    signed_in(home, simulator)
    started = tmp_path / "pid"
    app = f"sh -c 'echo $$ > {started}; exec {ROTA}'"
    with Tmux(tmp_path, f"trap : HUP; {app}; true", home.environ()) as terminal:
        terminal.until("work", "Activity")
        process = int(started.read_text())
        starter = int(terminal.state("pane_pid"))
    ends(process)
    ends(starter)
    assert [account["label"] for account in home.run("status", "--json").json["accounts"]] == ["work"]


def ends(process: int) -> None:
    """Wait until a process that lost its terminal is gone."""
    deadline = time.monotonic() + PATIENCE_S
    while is_alive(process):
        assert time.monotonic() < deadline, "it goes on without a terminal"
        time.sleep(LOOK_S)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat")
        # Where nobody asks what became of orphans they stay in the list.
        return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_killed_app_leaves_the_data_whole(home: CommandLine, simulator: dict[str, Any], tmp_path: Path) -> None:
    signed_in(home, simulator)
    with Tmux(tmp_path, f"exec {ROTA}; cat", home.environ()) as terminal:
        terminal.until("work")
        terminal.press("2")
        terminal.until("Ask any model through any account.")
        terminal.type("a long one [[tokens=2000]]")
        terminal.press("Enter")
        terminal.until("▌ a long one")
        os.kill(int(terminal.state("pane_pid")), signal.SIGKILL)
    status = home.process("status", "--json")
    assert status.code == 0, status.err
    assert [account["label"] for account in status.json["accounts"]] == ["work"]
    answer = home.process("chat", "-m", "anthropic/claude-haiku-4-5", "hello")
    assert answer.code == 0, answer.err


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process's files")
def test_an_app_whose_disk_takes_nothing_more_says_so_and_loses_nothing(
    home: CommandLine, simulator: dict[str, Any], tmp_path: Path
) -> None:
    signed_in(home, simulator)
    started = tmp_path / "pid"
    with Tmux(tmp_path, f"sh -c 'echo $$ > {started}; exec {ROTA}'; cat", home.environ()) as terminal:
        terminal.until("work", "Activity")
        process = int(started.read_text())
        resource.prlimit(process, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        terminal.press("2")
        terminal.until("Ask any model through any account.")
        terminal.type("hello")
        terminal.press("Enter")
        terminal.until("▌ hello", " in, ")
        terminal.press("Tab")
        terminal.until("q Quit")
        terminal.press("1")
        terminal.until("× The log is not written")
        resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        terminal.until("It is written again; nothing was lost.")
        terminal.until_gone("× The log is not written")
        terminal.press("q")
    told = home.run("events", "--json").out
    assert "RequestServed" in told
