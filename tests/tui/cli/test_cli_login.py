from __future__ import annotations

import asyncio
import os
import re
import sys
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.support.command_line import secret_of, tty_of

from rota_tui.cli.keyboard import Typed

if TYPE_CHECKING:
    from tests.support.command_line import CommandLine

    from rota.simulator import SimulatorServer

posix = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
HERE = re.compile(r"on this machine:\s+(\S+)")
ELSEWHERE = re.compile(r"paste here:\s+(\S+)")


def visit(url: str, approve: str) -> httpx.Response:
    """What the person's browser does: sign in on the page, and follow it back."""
    return httpx.get(f"{url}&approve={approve}", follow_redirects=True, timeout=30)


def labels(command: CommandLine) -> list[str]:
    return [account["label"] for account in command.run("accounts", "--json").json["accounts"]]


def test_a_key_or_token_comes_from_standard_input_and_the_same_one_renews(
    fresh: CommandLine, server: SimulatorServer
) -> None:
    key = secret_of(server, "console")
    assert fresh.run("login", "anthropic", "--label", "work", given=f"  {key}\n").out.startswith("Added work")
    ran = fresh.run("login", "anthropic", "--api-key", given=key)
    assert ran.out.startswith("Renewed work")
    assert "file vault" in ran.out
    assert labels(fresh) == ["work"]


def test_a_guest_and_a_gated_account_say_what_they_are(fresh: CommandLine, server: SimulatorServer) -> None:
    ran = fresh.run("login", "puter", given=secret_of(server, "patient_door_615887"))
    assert "Guest" in ran.out


@pytest.mark.parametrize("provider", ["anthropic", "puter"])
def test_the_browser_comes_back_to_a_process_without_a_terminal(
    fresh: CommandLine, server: SimulatorServer, provider: str
) -> None:
    with fresh.start("login", provider, "--no-browser", "--yes") as running:
        assert running.stderr is not None
        shown = ""
        while (found := HERE.search(shown)) is None:
            line = running.stderr.readline()
            assert line, shown
            shown += line
        page = visit(found[1], "max" if provider == "anthropic" else "carol")
        assert "signed in" in page.text
        shown += running.stderr.read()
        assert running.stdout is not None
        assert running.stdout.read().startswith("Added")
    assert running.returncode == 0, shown
    assert "Waiting for you" in shown
    if provider == "anthropic":
        assert "meant for its own apps" in " ".join(shown.split())


@posix
def test_a_paste_into_the_terminal_finishes_the_sign_in_and_is_not_shown(
    fresh: CommandLine, server: SimulatorServer
) -> None:
    with tty_of(fresh, "login", "anthropic", "--subscription", "--no-browser", columns=1000) as terminal:
        terminal.until("Sign in to a subscription?")
        terminal.type("y\n")
        shown = terminal.until("Waiting for you")
        found = ELSEWHERE.search(shown)
        assert found is not None
        page = visit(found[1], "max")
        code = re.search(r"[\w-]{20,}#[\w-]{20,}", page.text)
        assert code is not None, page.text
        terminal.type("a-code#of-another-sign-in\n")
        terminal.until("another sign-in")
        terminal.type(f"{code[0]}\n")
        terminal.until("Add another?")
        terminal.type("n\n")
        assert terminal.ended() == 0
        assert "Added" in terminal.shown
        assert code[0] not in terminal.shown
    assert len(labels(fresh)) == 1


@posix
def test_without_a_flag_the_terminal_asks_which_way_and_hides_the_token(
    fresh: CommandLine, server: SimulatorServer
) -> None:
    token, other = secret_of(server, "carol"), secret_of(server, "dave")
    with tty_of(fresh, "login", "puter") as terminal:
        terminal.until("Sign in with")
        terminal.type("2\n")
        terminal.until("not shown")
        terminal.type(f"{token}\n")
        terminal.until("Add another?")
        terminal.type("y\n")
        terminal.until("Sign in with")
        terminal.type("2\n")
        terminal.until("not shown")
        terminal.type(f"{other}\n")
        terminal.until("Add another?")
        terminal.type("n\n")
        assert terminal.ended() == 0
        assert token not in terminal.shown
    assert len(labels(fresh)) == 2


@posix
def test_ctrl_c_cancels_the_wait_and_keeps_nothing(fresh: CommandLine) -> None:
    with tty_of(fresh, "login", "puter", "--no-browser", columns=400) as terminal:
        terminal.until("Waiting for you")
        assert terminal.interrupted() == 130
        assert "The sign-in was cancelled; nothing was kept." in terminal.shown
        assert "Traceback" not in terminal.shown
    assert labels(fresh) == []


@posix
def test_ctrl_c_ends_a_question_at_once(fresh: CommandLine, server: SimulatorServer) -> None:
    with tty_of(fresh, "login", "anthropic", "--subscription") as terminal:
        terminal.until("Sign in to a subscription?")
        assert terminal.interrupted() == 130


@posix
def test_a_missing_browser_is_said_and_the_address_shown(fresh: CommandLine) -> None:
    with tty_of(fresh, "login", "puter", columns=400) as terminal:
        terminal.until("Sign in with")
        terminal.type("1\n")
        if sys.platform != "darwin":
            terminal.until("No browser could be opened here.")
        assert HERE.search(terminal.until("Waiting for you"))
        terminal.interrupted()


def test_a_no_on_the_page_is_a_message_of_its_own(fresh: CommandLine, server: SimulatorServer) -> None:
    with fresh.start("login", "anthropic", "--no-browser", "--yes") as running:
        assert running.stderr is not None
        shown = ""
        while (found := HERE.search(shown)) is None:
            shown += running.stderr.readline()
        query = parse_qs(urlsplit(found[1]).query)
        back = f"{query['redirect_uri'][0]}?error=access_denied&state={query['state'][0]}"
        httpx.get(back, timeout=30)
        shown += running.stderr.read()
    assert running.returncode == 1
    assert "sent the browser back with a no" in shown


def test_typed_keys_become_lines() -> None:
    lines: list[str] = []
    typed = Typed(lines.append)
    typed.add("ab\x7fc")
    typed.add("\x1b\n\n  \r\nlast\r")
    assert lines == ["ac", "last"]
    asyncio.run(asyncio.sleep(0))
