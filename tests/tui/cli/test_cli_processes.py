from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.command_line import secret_of

from rota.simulator import SCENARIOS
from rota_tui.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.command_line import CommandLine

    from rota.simulator import SimulatorServer

posix = pytest.mark.skipif(os.name == "nt", reason="signals and pipes of POSIX")

# arguments, exit code, what standard output holds
RUNS: list[tuple[list[str], int, str]] = [
    (["accounts"], 0, "carol"),
    (["chat", "-m", "puter/gpt-5-nano", "hello"], 0, "\n"),
    (["completion", "fish"], 0, "_ROTA_COMPLETE=fish_complete"),
    (["config", "set", "pool.strategy", "auto"], 0, "pool.strategy = auto"),
    (["disable", "carol"], 0, "carol is off."),
    (["doctor"], 0, "carol: its login is accepted."),
    (["enable", "carol"], 0, "carol is on."),
    (["events", "-n", "3"], 0, "answered"),
    (["guard"], 0, "left"),
    (["label", "carol", "art"], 0, "carol is called art now."),
    (["lift", "carol"], 0, "carol was not held."),
    (["migrate", "--dry-run"], 0, "Nothing to import"),
    (["models", "gpt-5-nano"], 0, "puter/gpt-5-nano"),
    (["pin", "carol"], 0, "carol is pinned"),
    (["remove", "carol", "--yes"], 0, "Removed carol"),
    (["reorder", "carol", "up"], 0, "carol is number 1 of 2."),
    (["reserve", "carol"], 0, "carol is held in reserve."),
    (["stats"], 0, "puter/gpt-5-nano"),
    (["status"], 0, "2 accounts"),
    (["unpin"], 0, "Nothing is pinned."),
    (["usage", "carol"], 0, "month"),
    (["use", "carol"], 0, "carol serves new sessions."),
    (["why"], 0, "served"),
]
ELSEWHERE = {"demo", "login", "simulator", "serve", "gateway", "mcp", "opencode"}
"""Run as processes in tests of their own."""


@pytest.mark.parametrize(("args", "code", "shown"), RUNS, ids=[" ".join(args) for args, _, _ in RUNS])
def test_a_command_runs_as_a_process(two: CommandLine, args: list[str], code: int, shown: str) -> None:
    ran = two.process(*args)
    assert (ran.code, shown in ran.out) == (code, True), ran
    assert "\x1b" not in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_every_command_is_run_as_a_process() -> None:
    assert {args[0] for args, _, _ in RUNS} | (ELSEWHERE & COMMANDS.keys()) == COMMANDS.keys()


def test_login_runs_as_a_process_and_takes_its_secret_from_standard_input(
    fresh: CommandLine, server: SimulatorServer
) -> None:
    secret = secret_of(server, "console")
    ran = fresh.process("login", "anthropic", "--api-key", "--label", "work", given=f"{secret}\n")
    assert (ran.code, ran.out.startswith("Added work")) == (0, True), ran
    assert secret not in ran.out + ran.err


@posix
def test_the_simulator_runs_until_interrupted(fresh: CommandLine) -> None:
    with fresh.start("simulator", "--scenario", next(iter(SCENARIOS))) as running:
        first = lines_of(running)()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert (first, running.returncode, err.strip()) == ("{\n", 130, "Interrupted.")


@posix
@pytest.mark.parametrize("args", [["status", "--watch"], ["events", "--follow", "-n", "1"]], ids=" ".join)
def test_ctrl_c_ends_what_follows_without_a_traceback(two: CommandLine, args: list[str]) -> None:
    with two.start(*args) as running:
        lines_of(running)()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert (running.returncode, err.strip()) == (130, "Interrupted.")


@posix
@pytest.mark.parametrize("args", [["status", "--watch"], ["events", "-f", "--json"]], ids=" ".join)
def test_a_reader_that_leaves_is_no_error_message(two: CommandLine, args: list[str]) -> None:
    with two.start(*args) as running:
        lines_of(running)()
        assert running.stdout is not None
        running.stdout.close()
        two.run("label", "carol", "art")  # makes what follows write again
        assert running.wait(30) == 1
        assert running.stderr is not None
        assert running.stderr.read() == ""


def test_followed_events_arrive_while_another_process_works(two: CommandLine) -> None:
    seen: list[dict[str, Any]] = []
    with two.start("events", "--follow", "--json", "-n", "1") as running:
        line = lines_of(running)
        line()
        two.process("label", "carol", "before")
        two.process("label", "before", "after")
        while not seen or seen[-1]["data"].get("label") != "after":
            seen.append(json.loads(line()))
        running.kill()
    assert {event["kind"] for event in seen} == {"AccountLabelled"}


def test_two_commands_at_once_both_count(two: CommandLine) -> None:
    with two.start("label", "work", "one") as first, two.start("label", "carol", "two") as second:
        assert [first.wait(60), second.wait(60)] == [0, 0]
    assert [a["label"] for a in two.run("accounts", "--json").json["accounts"]] == ["one", "two"]


def lines_of(running: subprocess.Popen[str]) -> Callable[[], str]:
    """How to read what it prints."""
    assert running.stdout is not None
    return running.stdout.readline


LIGHT = {"pydantic", "httpx", "keyring", "textual", "starlette", "aiohttp", "tomlkit", "platformdirs"}


@pytest.mark.parametrize(
    "program",
    [
        "import rota",
        "from rota_tui.cli import main; main(['status', '--json'])",
        "from rota_tui.cli import main; main(['guard'])",
    ],
)
def test_a_quick_start_loads_nothing_heavy(two: CommandLine, program: str) -> None:
    two.run("status")  # checks the settings once
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print(sorted(sys.modules.keys() & {LIGHT!r} | "
        "(sys.modules.keys() & {'asyncio', 'rota.events'})), file=sys.stderr))\n" + program
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=two.environ(), capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_a_log_that_is_no_log_is_one_line_and_a_hint(two: CommandLine) -> None:
    path = two.home / "rota" / "data" / "log.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    ran = two.process("status")
    assert ran.code == 1
    assert ran.err.splitlines()[0].startswith("rota: ")
    assert "newer rota" in ran.err
    assert len(ran.err.splitlines()) == 2
