"""`rota config keys` lists every command of the app, and `rota config set ui.keys` takes only what works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.command_line import CommandLine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def empty(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path).prepare()


def test_every_command_is_listed_with_its_key_and_the_one_that_was_given(empty: CommandLine) -> None:
    listed = empty.run("config", "keys").out.splitlines()
    assert any(line.split()[:2] == ["add-account", "a"] and "Add an account, Accounts" in line for line in listed)
    assert any(line.split()[:2] == ["help", "?"] for line in listed)
    assert empty.run("config", "set", "ui.keys.add-account", "ctrl+n").code == 0
    (line,) = [line for line in empty.run("config", "keys").out.splitlines() if line.startswith("add-account ")]
    assert line.split()[1] == "ctrl+n"
    assert line.endswith("(usually a)")


@pytest.mark.parametrize(
    ("name", "key", "told"),
    [
        ("add-acount", "ctrl+n", "there is no such command. Nearest: add-account"),
        ("add-account", "ctr+n", "ctr+n is no key. Nearest: ctrl+n"),
        ("add-account", "u", "u is already use-account"),
        ("chat.stop", "x", "its key has other meanings too"),
    ],
)
def test_what_would_not_work_is_refused_with_the_nearest(empty: CommandLine, name: str, key: str, told: str) -> None:
    ran = empty.run("config", "set", f"ui.keys.{name}", key)
    assert ran.code != 0
    assert told in ran.err
    assert empty.run("config", "get", "ui.keys").out == "{}\n"


def test_a_wrong_name_in_the_file_is_told_beside_the_list(empty: CommandLine) -> None:
    empty.run("config", "path")
    file = empty.home / "rota" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('[ui.keys]\nnothing = "x"\n', encoding="utf-8")
    assert "ui.keys.nothing: there is no such command." in empty.run("config", "keys").err
