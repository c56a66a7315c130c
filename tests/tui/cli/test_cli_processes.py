from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from tests.support.command_line import CommandLine, secret_of, simulated, tty_of, urls_of

from rota import schemas
from rota.simulator import SCENARIOS, set_account
from rota_tui.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rota.simulator import SimulatorServer

PATIENCE_S = 30.0

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


def test_keys_of_the_endpoint_are_made_shown_listed_and_revoked_by_processes(two: CommandLine) -> None:
    default = two.process("gateway", "key")
    assert two.process("gateway", "key", "show").out == default.out
    made = two.process("gateway", "key", "add", "ci", "--models", "puter/*")
    assert (made.code, made.out.strip() not in {"", default.out.strip()}) == (0, True)
    listed = two.process("gateway", "key", "list").out
    assert "ci" in listed
    assert made.out.strip() not in listed
    assert two.process("gateway", "key", "revoke", "ci").code == 0
    assert "ci" not in two.process("gateway", "key", "list").out
    assert "Nobody serves" in two.process("gateway", "status").out


def test_opencode_is_set_up_and_left_by_processes(two: CommandLine) -> None:
    shown = two.process("opencode", "install", "--dry-run")
    assert (shown.code, '"rota"' in shown.out) == (0, True), shown
    assert two.process("opencode", "install").code == 0
    (written,) = two.home.rglob("opencode.json")
    assert any("gpt-5-nano" in model for model in json.loads(written.read_bytes())["provider"]["rota"]["models"])
    assert two.process("opencode", "uninstall").code == 0
    assert not written.exists()
    assert two.process("opencode", "uninstall").code == 2


# arguments, and the schema of what it prints
AS_JSON = [
    (["accounts", "--json"], "accounts"),
    (["chat", "-m", "puter/gpt-5-nano", "--json", "hello"], "chat"),
    (["config", "get", "pool.thresholds", "--json"], "config-get"),
    (["config", "list", "--json"], "config-list"),
    (["doctor", "--json"], "doctor"),
    (["events", "-n", "1", "--json"], "event"),
    (["gateway", "key", "list", "--json"], "gateway-key-list"),
    (["gateway", "status", "--json"], "gateway-status"),
    (["guard", "--json"], "guard"),
    (["migrate", "--dry-run", "--json"], "migrate"),
    (["models", "gpt-5-nano", "--json"], "models"),
    (["stats", "--json"], "stats"),
    (["status", "--json"], "status"),
    (["usage", "--json"], "usage"),
    (["why", "--json"], "why"),
    (["use", "carol", "--json"], "change"),
    (["lift", "carol", "--json"], "lift"),
    (["remove", "carol", "--yes", "--json"], "remove"),
    (["gateway", "key", "add", "ci", "--json"], "gateway-key"),
    (["opencode", "install", "--dry-run", "--json"], "opencode"),
    (["config", "set", "debug", "true", "--json"], "config-set"),
    (["config", "path", "--json"], "config-path"),
    (["config", "keys", "--json"], "config-keys"),
]


@pytest.mark.parametrize(("args", "name"), AS_JSON, ids=[" ".join(args) for args, _ in AS_JSON])
def test_a_process_prints_one_object_as_its_schema_says(two: CommandLine, args: list[str], name: str) -> None:
    ran = two.process(*args)
    assert (ran.code, "Traceback" in ran.err) == (0, False), ran
    assert len(ran.out.splitlines()) == 1
    assert ran.json["schema"] == 1
    jsonschema.Draft202012Validator(schemas.read(name)).validate(ran.json)


def test_every_schema_is_held_against_a_process() -> None:
    assert {name for _, name in AS_JSON} | {"login", "serve", "error"} == set(schemas.names())


# arguments on a home without accounts, exit code, what standard error says first, and the home
WRONG: list[tuple[list[str], int, str, str]] = [
    (["chta"], 2, "rota: There is no command called 'chta'. Did you mean `rota chat`?", "two"),
    (["usage", "--jsno"], 2, "rota: No such option '--jsno'", "two"),
    (["use", "nobody"], 2, 'rota: No account is called "nobody".', "two"),
    (["status"], 3, "", "fresh"),
    (["chat", "hello"], 3, "rota: There is no account yet.", "fresh"),
    (["use", "work"], 3, "rota: There is no account yet.", "fresh"),
    (["guard"], 3, "rota: ", "fresh"),
]


@pytest.mark.parametrize(("args", "code", "said", "home"), WRONG, ids=[" ".join(args) for args, *_ in WRONG])
def test_a_process_that_cannot_says_why_and_exits_by_the_reason(
    request: pytest.FixtureRequest, args: list[str], code: int, said: str, home: str
) -> None:
    ran = request.getfixturevalue(home).process(*args)
    assert (ran.code, ran.err.startswith(said)) == (code, True), ran
    assert "rota " in (ran.out + ran.err).partition("\n")[2] or "Did you mean" in ran.err or "There is:" in ran.err


def test_when_all_are_cooling_the_wait_is_said_and_the_code_is_4(tmp_path: Path) -> None:
    with simulated() as server:
        command = CommandLine(tmp_path, urls_of(server)).prepare()
        command.run("login", "puter", "--token", "--label", "carol", given=secret_of(server, "carol"))
        set_account(server.world, "carol", {"remaining": 0})
        command.run("chat", "-m", "puter/gpt-5-nano", "hello")  # metering lags: this one may pass
        command.run("chat", "-m", "puter/gpt-5-nano", "hello")
        asked = command.process("chat", "-m", "puter/gpt-5-nano", "hello")
        guarded = command.process("guard", "--model", "puter/gpt-5-nano")
        as_json = command.process("guard", "--json")
    assert [asked.code, guarded.code, as_json.code] == [4, 4, 4]
    assert "in " in asked.err
    assert "back in" in guarded.err
    assert as_json.json["back_at"]


@posix
def test_what_takes_a_while_shows_that_it_works_on_a_terminal_and_never_in_a_pipe(tmp_path: Path) -> None:
    with simulated() as server:
        command = CommandLine(tmp_path, urls_of(server)).prepare()
        command.run("login", "puter", "--token", "--label", "carol", given=secret_of(server, "carol"))
        server.world.knobs.turn({"latency": 1})
        with tty_of(command, "chat", "-m", "puter/gpt-5-nano", "hello") as terminal:
            terminal.until("asking puter/gpt-5-nano")
            terminal.until("\r\x1b[K")  # and takes the line away again
            terminal.until("— carol")
            assert terminal.ended() == 0
        piped = command.process("chat", "-m", "puter/gpt-5-nano", "hello")
    assert piped.code == 0
    assert "asking" not in piped.err


@posix
def test_ctrl_c_ends_an_answer_and_leaves_what_was_said(tmp_path: Path) -> None:
    with simulated(pace=0.05) as server:  # half a minute for the answer
        command = CommandLine(tmp_path, urls_of(server)).prepare()
        command.run("login", "puter", "--token", "--label", "carol", given=secret_of(server, "carol"))
        with command.start("chat", "-m", "puter/gpt-5-nano", "Write a very long story.") as running:
            assert running.stdout is not None
            first = running.stdout.read(1)
            running.send_signal(signal.SIGINT)
            rest, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert (first + rest).strip()
    assert err.strip().endswith("Interrupted.")
    assert "Traceback" not in err


LINE = re.compile(r"\[rota\] \d\d:\d\d:\d\d [A-Z]\w*( \d+/\d+)?: \S.*")


@pytest.mark.parametrize("turned_on", ["--debug", "ROTA_DEBUG", "debug"])
def test_debug_lines_go_to_standard_error_and_a_private_file(two: CommandLine, turned_on: str) -> None:
    flags = ["--debug"] if turned_on == "--debug" else []
    if turned_on == "ROTA_DEBUG":
        two.more["ROTA_DEBUG"] = "1"
    if turned_on == "debug":
        two.run("config", "set", "debug", "true")
    ran = two.process(*flags, "chat", "-m", "puter/gpt-5-nano", "the prompt nobody may read")
    assert ran.code == 0
    lines = [line for line in ran.err.splitlines() if line.startswith("[rota]")]
    assert all(LINE.fullmatch(line) for line in lines), lines
    told = "\n".join(line[16:] for line in lines)
    assert re.search(r"^Request: POST \S*/drivers/call model=\S+ stream=true messages=1$", told, re.MULTILINE)
    assert re.search(r"^Response: 200 stream complete \(\d+\.\ds\) ", told, re.MULTILINE)
    path = two.home / "rota" / "logs" / "debug.log"
    assert next(line for line in lines if "Response:" in line) in path.read_text("utf-8")
    assert "nobody may read" not in ran.err + path.read_text("utf-8")
    if os.name != "nt":
        assert path.stat().st_mode & 0o077 == 0


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
def test_the_demo_opens_on_a_terminal_and_leaves_nothing(fresh: CommandLine) -> None:
    with tty_of(fresh, "demo", "--no-animation", columns=120) as terminal:
        terminal.until("Studio Team")
        terminal.type("q")
        assert terminal.ended() == 0
    assert not (fresh.home / "rota" / "data" / "log.db").exists()


@pytest.mark.parametrize("args", [[], ["demo"]], ids=["rota", "demo"])
def test_what_needs_a_terminal_says_what_does_not(fresh: CommandLine, args: list[str]) -> None:
    ran = fresh.process(*args)
    assert (ran.code, ran.out) == (2, "")
    assert "`rota status --json`" in ran.err or "`rota demo --check`" in ran.err


@posix
def test_the_simulator_runs_until_interrupted(fresh: CommandLine) -> None:
    with fresh.start("simulator", "--scenario", next(iter(SCENARIOS))) as running:
        first = lines_of(running)()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert (first, running.returncode, err.strip()) == ("{\n", 130, "Interrupted.")


XDG = 'printf "%s\\n" "$XDG_CONFIG_HOME" "$XDG_DATA_HOME" "$XDG_STATE_HOME" "$XDG_CACHE_HOME"'
"""OpenCode's folders, told a line each."""


@posix
def test_the_simulator_prepares_a_trial_that_touches_nothing_else(fresh: CommandLine) -> None:
    trial = fresh.home / "a trial"
    fresh.urls = {}  # whoever moves the providers by variables means it
    with fresh.start("simulator", "--into", str(trial)) as running:
        lines_of(running)()
        key = (trial / "console").read_text()
        rota = f'"{sys.executable}" -m rota_tui'
        script = f'. "{trial}/env"; {rota} login anthropic --api-key --label work < "{trial}/console"; {XDG}'
        done = subprocess.run(["sh", "-c", script], env=fresh.environ(), capture_output=True, text=True, check=False)
        running.kill()
    assert (done.returncode, done.stdout.startswith("Added work")) == (0, True), done
    assert done.stdout.splitlines()[-4:] == [str(trial / each) for each in ("config", "data", "state", "cache")]
    assert key.startswith("sk-ant-")
    assert list((trial / "home" / "data").glob("log.db"))
    assert not (fresh.home / "rota" / "data" / "log.db").exists()
    assert not [path for path in trial.rglob("*") if path.stat().st_mode & 0o077]


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
    """How to read what it prints; a process that stays silent is killed, and then gives empty lines."""
    out = running.stdout
    assert out is not None

    def line() -> str:
        watchdog = threading.Timer(PATIENCE_S, running.kill)
        watchdog.start()
        try:
            return out.readline()
        finally:
            watchdog.cancel()

    return line


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


def test_http_comes_without_a_command_line_of_its_own(two: CommandLine) -> None:
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('httpx' in sys.modules, sys.modules.get('httpx._main')))\n"
        "from rota_tui.cli import main; main(['usage', '--refresh'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=two.environ(), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "True None", done.stdout + done.stderr


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


@posix
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("status > /dev/full", 1, "rota: Standard output cannot be written: "),
        ("status --json > /dev/full", 1, '{"schema": 1, "error": {"kind": "OSError", '),
        ("status >&-", 0, ""),
        ("login puter --token <&-", 2, "rota: Nothing was given"),
        ("remove carol <&-", 2, "These accounts would be removed"),
    ],
)
def test_streams_that_are_full_or_closed_are_no_traceback(two: CommandLine, line: str, code: int, said: str) -> None:
    if "/dev/full" in line and not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    script = f'"{sys.executable}" -m rota_tui {line}'
    done = subprocess.run(["sh", "-c", script], env=two.environ(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.startswith(said), "Traceback" in done.stderr) == (code, True, False), done


def test_a_command_runs_with_the_collector_of_cycles_that_loading_goes_without(two: CommandLine) -> None:
    program = (
        "import gc, rota_tui.cli as cli; cli.main = lambda: print(gc.isenabled(), gc.get_freeze_count() > 0);"
        " from rota_tui.__main__ import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=two.environ(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["True", "True"]


PRESSED = """
import os, sys

class Pressed:
    @staticmethod
    def find_spec(name, *_):
        if name in os.environ["PRESSED_AT"].split():
            os.kill(os.getpid(), 2)

sys.meta_path.insert(0, Pressed)
"""
"""A `sitecustomize` that presses Ctrl-C where some module is imported."""

WAYS = {"rota": "import sys; from rota_tui.__main__ import run; sys.exit(run())", "python -m rota_tui": ""}
"""How the installed script begins, and the other way in."""


def pressed(two: CommandLine, folder: Path, way: str, at: str, *args: str) -> subprocess.CompletedProcess[str]:
    (folder / "sitecustomize.py").write_text(PRESSED, encoding="utf-8")
    begun = ["-c", WAYS[way]] if WAYS[way] else ["-m", "rota_tui"]
    environ = {**two.environ(), "PYTHONPATH": str(folder), "PRESSED_AT": at}
    return subprocess.run(
        [sys.executable, *begun, *args], env=environ, capture_output=True, text=True, check=False, timeout=60
    )


@posix
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", ["signal", "rota_tui.cli", "click", "click.types", "inspect"])
def test_ctrl_c_before_the_command_line_is_loaded_ends_it_without_a_word(
    two: CommandLine, tmp_path: Path, way: str, at: str
) -> None:
    done = pressed(two, tmp_path, way, at, "status")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@posix
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", ["rota_tui.cli.status", "rota.snapshot", "rota.pool.strategy"])
def test_ctrl_c_while_a_command_is_loaded_is_told(two: CommandLine, tmp_path: Path, way: str, at: str) -> None:
    done = pressed(two, tmp_path, way, at, "status")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nInterrupted.\n")


@posix
@pytest.mark.parametrize("way", WAYS)
def test_another_ctrl_c_while_the_first_is_told_ends_it_at_once(two: CommandLine, tmp_path: Path, way: str) -> None:
    done = pressed(two, tmp_path, way, "rota_tui.cli.status rota_tui.cli.complaining", "status")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\n")


@posix
def test_what_matters_is_shown_on_80_columns_however_long_a_label_is(two: CommandLine) -> None:
    two.run("label", "work", "the one for the nightly agents of 経理, the second floor")
    two.run("disable", "carol")
    two.more["NO_COLOR"] = "1"
    with tty_of(two, "accounts", columns=80) as terminal:
        assert terminal.ended() == 0
        shown = terminal.shown.splitlines()
    assert [line.rstrip().rpartition("  ")[2] for line in shown] == ["ready, in use", "off, in use"]
    with tty_of(two, "config", "list", "pool", columns=80) as terminal:
        assert terminal.ended() == 0
        shown = terminal.shown.splitlines()
    assert max(map(len, shown)) <= 80
    assert "…" not in terminal.shown
