from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pytest
from tests.support.command_line import commands

from rota import paths
from rota.account import Account, Kind
from rota.events import AccountAdded, QuotaObserved
from rota.log import SqliteLog
from rota.quota import QuotaWindow, Source, Unit
from rota_tui.cli import COMMANDS, SECTIONS, rota

if TYPE_CHECKING:
    from tests.support.command_line import CommandLine

# arguments, exit code, what standard error says first, and what it says to do
WRONG = [
    (["statsu"], 2, "There is no command called 'statsu'. Did you mean `rota stats`?", ""),
    (["status", "--jsno"], 2, "No such option '--jsno'", "See `rota status --help`."),
    (["use"], 2, "Missing argument 'ACCOUNT'.", "See `rota use --help`."),
    (["use", "nobody"], 2, 'No account is called "nobody".', "There is: work, carol"),
    (["use", ""], 2, 'No account is called "".', "There is: work, carol"),
    (["reorder", "carol", "to"], 2, "Say which place", "rota reorder --help"),
    (["lift"], 2, "Say which account", "rota lift --help"),
    (["label", "carol", " "], 2, "A label cannot be empty.", ""),
    (["remove"], 2, "Name the accounts, or say --all.", ""),
    (["remove", "carol", "--all"], 2, "Name the accounts, or say --all.", ""),
    (["remove", "carol"], 2, "without a terminal say --yes", ""),
    (["login", "anthropic", "--token"], 2, "anthropic takes --api-key or --subscription.", ""),
    (["login", "puter", "--api-key"], 2, "puter takes", ""),
    (["login", "anthropic", "--subscription"], 2, "This needs your yes", ""),
    (["login", "anthropic"], 2, "Nothing was given; rota wants an API key", ""),
    (["guard", "--min", "lots"], 2, "lots is not a share; write 10% or 0.1.", ""),
    (["guard", "--min", "150%"], 2, "150% is not between 0% and 100%.", ""),
    (["events", "--kind", "RequestSevred"], 2, "Did you mean RequestServed", ""),
    (["why", "zzz"], 2, "There is no request zzz in the log.", "rota events"),
    (["config", "get", "pool.stratgy"], 2, "pool.stratgy is not a setting.", "Nearest: pool.strategy"),
    (["config", "set", "pool.strategy", "best"], 2, 'rota: pool.strategy cannot be "best".', "round-robin"),
    (
        ["config", "set", "pool.retries", "-5"],
        2,
        "rota: pool.retries cannot be -5.",
        "Allowed: a whole number from 0 to 10.",
    ),
    (
        ["config", "set", "ui.theme", "nrod"],
        2,
        "There is no theme called nrod.",
        "Nearest: nord. Allowed: one of rota-dark,",
    ),
    (["config", "lst"], 2, "There is no command called 'lst'. Did you mean `rota config list`?", ""),
    (["gateway", "key", "revok"], 2, "Did you mean `rota gateway key revoke`?", ""),
    (["config", "list", "pol"], 2, "pol is not a setting", ""),
    (["migrate", "--from", "netscape"], 2, "There is no source called netscape", ""),
    (["migrate", "--undo", "--yes"], 2, "There is no import to take back.", ""),
    (["migrate", "--undo"], 2, "There is no import to take back.", ""),
    (["chat"], 2, "There is no prompt", ""),
    (["completion"], 2, "Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish", "rota completion --help"),
    (["completion", "tcsh"], 2, "'tcsh' is not one of", ""),
    (["login", "anthropic", "--api-key"], 1, "Anthropic refused it", "check what was pasted"),
]
SPARE = Account(id="spare", provider="anthropic", kind=Kind.API_KEY, identity="spare", label="spare")
GIVEN: dict[tuple[str, ...], str] = {("login", "anthropic", "--api-key"): "sk-ant-api03-nonsense"}


@pytest.mark.parametrize(("args", "code", "says", "todo"), WRONG, ids=[" ".join(args) for args, *_ in WRONG])
def test_wrong_usage_is_said_in_a_line_with_what_to_do(
    two: CommandLine, args: list[str], code: int, says: str, todo: str
) -> None:
    ran = two.run(*args, given=GIVEN.get(tuple(args)))
    complaint = ran.err[ran.err.index("rota: ") :].splitlines()
    assert ran.code == code
    assert says in complaint[0]
    assert todo in "".join(complaint[1:])
    assert len(complaint) <= 2
    assert ran.out == ""


# what exits 3 when there is no account
@pytest.mark.parametrize(
    "args", [["status"], ["accounts"], ["usage"], ["guard"], ["models"], ["chat", "hi"], ["remove", "--all", "--yes"]]
)
def test_a_home_without_accounts_says_how_to_add_one(fresh: CommandLine, args: list[str]) -> None:
    ran = fresh.run(*args)
    assert ran.code == 3
    assert "rota login" in ran.out + ran.err


def test_a_looking_command_makes_no_log(fresh: CommandLine) -> None:
    for args in (["status"], ["accounts"], ["usage"], ["stats"], ["guard"], ["why"], ["events"]):
        fresh.run(*args)
    assert not (fresh.home / "rota" / "data" / "log.db").exists()


def test_without_a_network_what_is_known_is_still_shown(offline: CommandLine) -> None:
    assert "carol" in offline.run("status").out
    ran = offline.run("usage", "carol", "--refresh")
    assert ran.code == 0
    assert "no new figures" in ran.out
    ran = offline.run("doctor")
    assert ran.code == 1
    assert "cannot be reached" in ran.out


def test_every_command_has_help_with_an_example(fresh: CommandLine) -> None:
    with click.Context(rota, info_name="rota") as ctx:
        for words in (("",), *(words for words, _ in commands(rota, ctx))):
            ran = fresh.run(*filter(None, words), "--help")
            assert ran.code == 0, words
            assert " ".join(("rota", *words)).strip() in ran.out.partition("Options:")[2], words


def test_help_lists_every_command_once_in_its_section(fresh: CommandLine) -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert set(COMMANDS) <= set(listed)
    assert len(listed) == len(set(listed))
    shown = fresh.run("--help").out
    for name, text in COMMANDS.items():
        assert f"  {name} " in shown
        assert text.split()[0] in shown


def test_an_ambiguous_name_lists_the_candidates(two: CommandLine) -> None:
    two.run("label", "work", "team one")
    two.run("label", "carol", "team two")
    ran = two.run("use", "team")
    assert ran.code == 2
    assert "1 team one" in ran.err
    assert "2 team two" in ran.err


def test_foreign_text_does_not_steer_the_terminal(two: CommandLine) -> None:
    two.run("label", "carol", "a\x1b[31mb [/foo]")
    for args in (["status"], ["accounts"], ["usage"], ["events", "-n", "3"]):
        shown = two.run(*args).out
        assert "\x1b" not in shown
    assert "[/foo]" in two.run("accounts").out


def test_a_limit_by_the_minute_that_is_over_reads_as_refilled_and_not_as_unknown(two: CommandLine) -> None:
    seen = QuotaWindow(
        "requests", "requests", 0.5, 1000.0, Source.HEADERS, Unit.REQUESTS, 25.0, 50.0, resets_at=1060.0
    )
    month = replace(seen, key="month", label="month")
    log = SqliteLog.open(paths.under(two.home / "rota").log_file)
    log.append(
        [AccountAdded(at=900.0, account=SPARE), QuotaObserved(at=1000.0, account_id="spare", windows=(seen, month))]
    )
    log.close()
    ran = two.run("usage", "spare")
    assert ran.code == 0, ran.err
    of_month, of_minute = ran.out.splitlines()[1:3]
    assert of_month.split()[:6] == ["month", "?", "reset", "since;", "ask", "again"]
    assert of_minute.split()[:2] == ["requests", "refilled"]
    of_spare = next(line for line in two.run("status", "--plain").out.splitlines() if "spare" in line)
    assert "requests" not in of_spare  # work was asked just now, and may be within its minute


def test_the_themes_are_listed_as_what_the_theme_may_be(fresh: CommandLine) -> None:
    assert "Allowed: one of rota-dark, rota-light," in " ".join(fresh.run("config", "list", "ui").out.split())
    listed = {each["key"]: each for each in json.loads(fresh.run("config", "list", "--json").out)["settings"]}
    assert "nord" in listed["ui.theme"]["allowed"]


@pytest.mark.parametrize("asked", ["claude-haiku-4.5", "anthropic/claude-haiku-4.5"])
def test_a_mistyped_model_is_told_with_the_nearest_names(two: CommandLine, asked: str) -> None:
    ran = two.run("chat", "-m", asked, "hello")
    assert (ran.code, ran.out) == (2, "")
    told, todo = ran.err.splitlines()[-2:]
    assert told == f"rota: No account here serves a model called {asked}."
    assert todo.startswith("      Nearest: puter/claude-haiku-4-5")  # who lists it under this very name
    error = json.loads(two.run("chat", "-m", asked, "--json", "hello").err.splitlines()[-1])["error"]
    assert error["kind"] == "UnknownModel"
    assert error["candidates"]
