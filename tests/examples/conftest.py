"""The examples, run as processes on a home whose accounts are simulated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.command_line import CommandLine, Ran, secret_of, simulated, urls_of

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A home with an API key called `work` and a Puter account called `carol`."""
    with simulated() as server:
        command = CommandLine(tmp_path_factory.mktemp("examples"), urls_of(server)).prepare()
        for provider, way, label, name in (
            ("anthropic", "--api-key", "console", "work"),
            ("anthropic", "--api-key", "console-small", "side"),
            ("puter", "--token", "carol", "carol"),
        ):
            ran = command.run("login", provider, way, "--label", name, given=secret_of(server, label))
            assert ran.code == 0, ran.err
        yield command


def run_example(home: CommandLine, name: str, *arguments: str) -> Ran:
    """Run an example as its docstring says."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        env=home.environ(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
