"""Every file of `examples/` is run, as a process, against the simulator."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from tests.examples.conftest import EXAMPLES, run_example
from tests.support.command_line import CommandLine, secret_of, simulated, urls_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
REGISTERED = {"custom_strategy.py", "custom_provider.py"}
"""Installed beside rota rather than run: `test_custom_strategy.py`, `test_custom_provider.py`."""

# the file, its arguments, what standard output and standard error hold
RUNS: list[tuple[str, list[str], str, str]] = [
    ("chat.py", ["puter/gpt-5-nano"], "rota", "— carol · gpt-5-nano"),
    ("streaming.py", ["anthropic/claude-haiku-4-5"], "That should get you most of the way.", "— stop, "),
    ("tools.py", ["puter/gpt-5-nano"], "the tool answered", "[weather {'city': "),
    ("tools.py", ["anthropic/claude-haiku-4-5"], "the tool answered", "[weather {'city': "),
    ("vision.py", ["anthropic/claude-haiku-4-5", "PICTURE"], "picture", "tokens went in"),
    ("rotation_status.py", [], "  ready  carol: ", ""),
    ("all_spent.py", ["puter/gpt-5-nano"], "Hi there", ""),
]


@pytest.mark.parametrize(("name", "arguments", "out", "err"), RUNS, ids=[f"{r[0]} {' '.join(r[1])}" for r in RUNS])
def test_an_example_does_what_it_says(
    home: CommandLine, tmp_path: Path, name: str, arguments: list[str], out: str, err: str
) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(PIXEL)
    ran = run_example(home, name, *(str(picture) if a == "PICTURE" else a for a in arguments))
    assert (ran.code, out in ran.out, err in ran.err) == (0, True, True), ran


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {run[0] for run in RUNS} | REGISTERED


@pytest.fixture
def spent(tmp_path: Path) -> Iterator[CommandLine]:
    """A home whose one account has nothing left this month."""
    with simulated("exhausted") as server:
        command = CommandLine(tmp_path, urls_of(server)).prepare()
        ran = command.run("login", "puter", "--token", "--label", "empty", given=secret_of(server, "spent-free"))
        assert ran.code == 0, ran.err
        yield command


def test_when_all_is_spent_the_example_says_what_was_tried_and_gives_up_in_time(spent: CommandLine) -> None:
    ran = run_example(spent, "all_spent.py", "puter/gpt-5-nano", "0")
    assert ran.code == 4, ran
    assert "empty, gpt-5-nano: " in ran.err
    assert "No account can serve; the first is back: " in ran.err
