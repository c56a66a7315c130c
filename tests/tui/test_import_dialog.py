"""Importing by keys: what was found where, chosen, shown in full, done, and taken back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import Opened, account, opened
from tests.support.foreign_files import Machine, oauth, token

from rota.account import Kind
from rota.simulator import credentials_of
from rota_tui.dialogs.import_accounts import ImportDialog
from rota_tui.widgets.found_table import FoundTable

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]
FOREIGN = ("ANTHROPIC_API_KEY", "PUTER_AUTH_TOKEN", "OPENCODE_AUTH_CONTENT", "XDG_DATA_HOME", "XDG_CONFIG_HOME")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A person's home folder, with nothing of this machine's in it."""
    home = tmp_path / "person"
    (home / "project").mkdir(parents=True)
    for name in (*FOREIGN, "CLAUDE_CONFIG_DIR", "ANTHROPIC_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(home / "project")
    return Machine(home)


def known_key(it: Opened) -> str:
    """An API key that the simulated world takes."""
    return next(str(c["secret"]) for c in credentials_of(it.world) if c["kind"] == Kind.API_KEY)


def found(it: Opened, words: str) -> str:
    """The table's line that has `words` in it."""
    region = it.app.screen.query_one(FoundTable).region
    lines = it.text().splitlines()[region.y : region.bottom]
    return next((line[region.x : region.right] for line in lines if words in line), "")


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_found_is_chosen_imported_and_taken_back(
    tmp_path: Path, machine: Machine, size: tuple[int, int]
) -> None:
    async with opened(tmp_path / "rota", account("other"), size=size) as it:
        machine.write(machine.auth, {"anthropic": {"type": "api", "key": known_key(it)}})
        await it.press("m")
        assert " new " in found(it, "auth.json")
        assert it.line("1 of 1 come in")
        await it.press("enter")
        assert it.line("Added ")
        assert len(it.engine.snapshot.listed()) == 2
        await it.press("z")
        assert it.line("The import was taken back")
        assert [s.account.label for s in it.engine.snapshot.listed()] == ["other"]
        await it.press("enter")
        assert not isinstance(it.app.screen, ImportDialog)


async def test_the_same_login_again_is_shown_as_the_account_it_is(tmp_path: Path, machine: Machine) -> None:
    async with opened(tmp_path / "rota", account("other")) as it:
        machine.write(machine.auth, {"anthropic": {"type": "api", "key": known_key(it)}})
        await it.press("m", "enter")
        await it.press("enter", "m")
        assert "same as" in found(it, "auth.json")
        assert it.line("rota has this very login")
        assert it.line("0 of 1 come in")


async def test_a_row_that_is_left_out_does_not_come_in(tmp_path: Path, machine: Machine) -> None:
    async with opened(tmp_path / "rota", account("other")) as it:
        machine.write(machine.auth, {"anthropic": {"type": "api", "key": known_key(it)}})
        await it.press("m", "space")
        assert "left out" in found(it, "auth.json")
        await it.press("enter")
        assert it.line("Nothing was imported")
        assert len(it.engine.snapshot.listed()) == 1


async def test_a_dead_login_and_an_unreadable_file_are_said_with_their_reasons(
    tmp_path: Path, machine: Machine
) -> None:
    async with opened(tmp_path / "rota", account("other")) as it:
        machine.write(machine.auth, {"anthropic": {"type": "api", "key": token("api", "dead")}})
        machine.write(machine.puter_accounts, "{ not json")
        await it.press("m")
        assert "sign in again" in found(it, "auth.json")
        assert it.line("provider refuses it")
        assert "cannot be read" in found(it, "puter-accounts.json")


async def test_what_would_happen_is_shown_in_full_without_a_secret(tmp_path: Path, machine: Machine) -> None:
    async with opened(tmp_path / "rota", account("other")) as it:
        key = known_key(it)
        machine.write(machine.auth, {"anthropic": {"type": "api", "key": key}}, mode=0o644)
        await it.press("m", "d")
        assert it.line("What would happen; nothing has been written")
        assert it.line("new: ")
        assert it.line("Others on this machine can read these; t in the table closes them:")
        assert key not in it.text()
        await it.press("escape", "t", "d")
        assert it.line("Others on this machine can read these; they are closed:")
        await it.press("escape")
        assert found(it, "auth.json")


async def test_a_subscription_comes_in_only_after_the_notice(tmp_path: Path, machine: Machine) -> None:
    async with opened(tmp_path / "rota", account("other")) as it:
        machine.write(machine.auth, {"anthropic": oauth("mine")})
        await it.press("m", "enter")
        assert "meant for its own apps" in it.text()
        await it.press("n")
        assert found(it, "auth.json")
        assert len(it.engine.snapshot.listed()) == 1
        await it.press("enter", "y")
        assert len(it.engine.snapshot.listed()) == 2


async def test_a_machine_with_nothing_on_it_says_so(tmp_path: Path, machine: Machine) -> None:
    assert not machine.auth.exists()
    async with opened(tmp_path / "rota", account("other")) as it:
        await it.press("m")
        assert it.line("Nothing to import was found on this machine. Looked for:")
        assert it.line("Puter's command line")
        assert it.line("│  esc close")  # neither anything to show in full nor an import to undo
        await it.press("z", "d")
        assert isinstance(it.app.screen, ImportDialog)
        assert it.line("Nothing to import was found")
        await it.press("escape")
        assert not isinstance(it.app.screen, ImportDialog)


async def test_undo_is_asked_about_when_the_import_was_not_just_made(tmp_path: Path, machine: Machine) -> None:
    async with opened(tmp_path / "rota", account("other")) as it:
        machine.write(machine.auth, {"anthropic": {"type": "api", "key": known_key(it)}})
        await it.press("m", "enter")
        await it.press("enter", "m")
        await it.press("z")
        assert it.line("Take the last import back?")
        await it.press("y")
        assert len(it.engine.snapshot.listed()) == 1


async def test_the_first_start_offers_what_is_on_the_machine(tmp_path: Path, machine: Machine) -> None:
    machine.write(machine.auth, {"anthropic": {"type": "api", "key": token("api", "a")}})
    async with opened(tmp_path / "rota") as it:
        async with asyncio.timeout(10):
            while "m  import what is here: OpenCode" not in it.text():
                await it.pilot.pause(0.01)
        await it.press("m")
        assert isinstance(it.app.screen, ImportDialog)
