from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.support.command_line import secret_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command_line import CommandLine

    from rota.simulator import SimulatorServer


@pytest.fixture
def opencode(fresh: CommandLine, server: SimulatorServer) -> Path:
    """OpenCode's file with an API key in it."""
    path = fresh.home / "person" / ".local" / "share" / "opencode" / "auth.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"anthropic": {"type": "api", "key": secret_of(server, "console")}}))
    path.chmod(0o600)
    return path


def labels(command: CommandLine) -> list[str]:
    return [account["label"] for account in command.run("accounts", "--json").json["accounts"]]


def test_a_dry_run_shows_what_would_happen_and_writes_nothing(
    fresh: CommandLine, opencode: Path, server: SimulatorServer
) -> None:
    before = opencode.read_bytes()
    ran = fresh.run("migrate", "--dry-run")
    assert ran.code == 0
    assert "new: " in ran.out
    assert str(opencode) in ran.out
    assert secret_of(server, "console") not in ran.out
    assert (labels(fresh), opencode.read_bytes()) == ([], before)


def test_an_import_adds_once_is_undone_and_can_be_done_again(fresh: CommandLine, opencode: Path) -> None:
    before = opencode.read_bytes()
    ran = fresh.run("migrate", "--yes")
    assert ran.code == 0, ran.err
    assert "takes it back" in ran.out
    assert len(labels(fresh)) == 1
    assert "same as" in fresh.run("migrate", "--yes").out
    assert len(labels(fresh)) == 1
    ran = fresh.run("migrate", "--undo", "--yes")
    assert ran.out.startswith("The import was taken back; removed")
    assert labels(fresh) == []
    fresh.run("migrate", "--from", "opencode", "--yes")
    assert len(labels(fresh)) == 1
    assert opencode.read_bytes() == before


def test_an_import_is_asked_about_first(fresh: CommandLine, opencode: Path) -> None:
    ran = fresh.run("migrate")
    assert ran.code == 2
    assert "say --yes" in ran.err
    assert labels(fresh) == []


def test_nothing_to_import_is_no_error(fresh: CommandLine) -> None:
    ran = fresh.run("migrate")
    assert ran.code == 0
    said, *sought = ran.out.splitlines()
    assert said == "Nothing to import was found on this machine. Looked for:"
    assert "  Claude Code" in sought
    assert "  Puter's command line" in sought
    assert fresh.run("migrate", "--from", "puter-cli").out.splitlines()[1:] == ["  Puter's command line"]
