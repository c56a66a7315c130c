"""What a stranger does from first sign-in to leaving, by commands only, and what is left on the disk then."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.command_line import CommandLine, secret_of, simulated, urls_of
from tests.support.crashes import open_files
from tests.support.foreign_files import Machine

from rota.simulator import set_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rota.simulator import SimulatorServer

HERE = re.compile(r"on this machine:\s+(\S+)")


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    """A world of its own: tokens are spent here."""
    with simulated() as running:
        yield running


@pytest.fixture
def command(server: SimulatorServer, tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home", urls_of(server)).prepare()


def ok(command: CommandLine, *args: str, given: str | None = None) -> str:
    """Run it; it must go well."""
    ran = command.run(*args, given=given)
    assert ran.code == 0, (args, ran.err)
    return ran.out


def accounts(command: CommandLine) -> dict[str, Any]:
    return {account["label"]: account for account in command.run("accounts", "--json").json["accounts"]}


def sign_in(command: CommandLine, provider: str, who: str, label: str) -> str:
    """Sign in by the browser; gives what was said at the end."""
    with command.start("login", provider, "--no-browser", "--yes", "--label", label) as running:
        assert running.stderr is not None
        assert running.stdout is not None
        shown = ""
        while (found := HERE.search(shown)) is None:
            line = running.stderr.readline()
            assert line, shown
            shown += line
        httpx.get(f"{found[1]}&approve={who}", follow_redirects=True, timeout=30)
        said = running.stdout.read()
        shown += running.stderr.read()
    assert running.returncode == 0, shown
    return said


def test_three_accounts_of_each_provider_are_signed_in_renewed_disabled_and_removed(
    command: CommandLine, server: SimulatorServer
) -> None:
    assert sign_in(command, "anthropic", "max", "max").startswith("Added")
    assert sign_in(command, "anthropic", "pro", "pro").startswith("Added")
    ok(command, "login", "anthropic", "--api-key", "--label", "console", given=secret_of(server, "console"))
    assert sign_in(command, "puter", "carol", "carol").startswith("Added")
    ok(command, "login", "puter", "--token", "--label", "dave", given=secret_of(server, "dave"))
    guest = next(c["label"] for c in server.credentials if c["kind"] == "puter-guest")
    ok(command, "login", "puter", "--token", "--label", "guest", given=secret_of(server, guest))
    everyone = accounts(command)
    assert list(everyone) == ["max", "pro", "console", "carol", "dave", "guest"]

    # Renewed: signed in again, and by rota itself once the access token is at its end.
    assert sign_in(command, "puter", "carol", "carol").startswith("Renewed")
    ok(command, "login", "puter", "--token", given=secret_of(server, "dave"))
    ok(command, "login", "anthropic", "--api-key", given=secret_of(server, "console"))
    for name in ("max", "pro"):
        set_account(server.world, name, {"access_expires_in": -1})
        ok(command, "usage", name, "--refresh")
    renewed = command.run("events", "--json").out
    assert renewed.count('"TokenRefreshed"') == 2
    assert list(accounts(command)) == list(everyone)

    ok(command, "disable", *everyone)
    assert not any(account["enabled"] for account in accounts(command).values())
    ok(command, "enable", *everyone)
    assert all(account["enabled"] for account in accounts(command).values())
    assert open_files(command.home / "rota") == []

    ok(command, "remove", "max", "--yes")
    ok(command, "remove", "carol", "dave", "--yes")
    assert list(accounts(command)) == ["pro", "console", "guest"]
    ok(command, "remove", "--all", "--yes")
    assert accounts(command) == {}
    assert open_files(command.home / "rota") == []
    vault = command.home / "rota" / "data" / "vault" / "secrets.json"
    assert not any(str(c["secret"]) in vault.read_text("utf-8") for c in server.credentials)


def test_five_foreign_files_are_imported_taken_back_and_imported_again(
    command: CommandLine, server: SimulatorServer
) -> None:
    machine = Machine(command.home / "person")
    known = {c["label"]: c for c in server.credentials}

    def oauth(label: str) -> dict[str, Any]:
        login = known[label]
        expires = int(login["expires_at"] * 1000)
        return {"access": login["secret"], "refresh": login["refresh_token"], "expires": expires}

    carol = {"type": "api", "key": known["carol"]["secret"]}
    multi = {"version": 1, "accounts": [{**oauth("pro"), "label": "second", "addedAt": 1}], "activeIndex": 0}
    files = {
        machine.auth: {"anthropic": {"type": "oauth", **oauth("max")}, "puter": carol},
        machine.plugin_accounts: multi,
        machine.puter_accounts: {"accounts": [{"username": "dave", "authToken": known["dave"]["secret"]}]},
        machine.home / ".config/opencode/puter.json": {"max_retries": 7},
        machine.home / ".config/opencode/anthropic-multi-account-accounts.json": {
            "accounts": [{"name": "team", **oauth("team")}]
        },
    }
    for path, content in files.items():
        machine.write(path, content)
    before = {path: path.read_bytes() for path in files}

    shown = ok(command, "migrate", "--dry-run")
    told = (*(str(path) for path in files if path.name != "puter.json"), "pool.retries")
    assert [each for each in told if each not in shown] == [], shown
    assert accounts(command) == {}
    ok(command, "migrate", "--yes")
    imported = {(a["email"], a["plan"]) for a in accounts(command).values()}
    assert len(imported) == 5
    assert ok(command, "config", "get", "pool.retries").strip() == "7"

    ok(command, "migrate", "--undo", "--yes")
    assert accounts(command) == {}
    assert ok(command, "config", "get", "pool.retries").strip() == "3"

    ok(command, "migrate", "--yes")
    ok(command, "migrate", "--yes")
    assert {(a["email"], a["plan"]) for a in accounts(command).values()} == imported
    assert {path: path.read_bytes() for path in files} == before
    assert open_files(command.home / "rota") == []
