"""A simulated world for all commands, and a home with two accounts that each test gets a copy of."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.support.command_line import CommandLine, secret_of, simulated, urls_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rota.simulator import SimulatorServer


@pytest.fixture(scope="package")
def server() -> Iterator[SimulatorServer]:
    with simulated() as running:
        yield running


@pytest.fixture(scope="package")
def seeded(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A home with an API key called `work` and a Puter account called `carol`, both of which have answered once."""
    command = CommandLine(tmp_path_factory.mktemp("seeded"), urls_of(server)).prepare()
    for args, label in ((("anthropic", "--api-key"), "console"), (("puter", "--token"), "carol")):
        name = {"console": "work"}.get(label, label)
        ran = command.run("login", *args, "--label", name, given=secret_of(server, label))
        assert ran.code == 0, ran.err
    for model in ("anthropic/claude-haiku-4-5", "puter/gpt-5-nano"):
        ran = command.run("chat", "-m", model, "hello")
        assert ran.code == 0, ran.err
    assert command.run("usage", "carol", "--refresh").code == 0
    return command


@pytest.fixture
def two(seeded: CommandLine, tmp_path: Path) -> CommandLine:
    """A copy of the seeded home."""
    shutil.copytree(seeded.home, tmp_path / "two")
    return CommandLine(tmp_path / "two", seeded.urls)


@pytest.fixture
def fresh(server: SimulatorServer, tmp_path: Path) -> CommandLine:
    """A home without accounts."""
    return CommandLine(tmp_path / "fresh", urls_of(server)).prepare()


@pytest.fixture
def offline(two: CommandLine) -> CommandLine:
    """The seeded home without a network."""
    return CommandLine(two.home)
