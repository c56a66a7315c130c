"""A strategy of another package, installed beside rota: taken by the settings, obeyed, and told when it breaks."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.examples.conftest import EXAMPLES
from tests.support.command_line import CommandLine
from tests.support.registered import install

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "rota.strategies"
SOURCE = (EXAMPLES / "custom_strategy.py").read_text("utf-8")


@pytest.fixture
def mine(home: CommandLine, tmp_path: Path) -> CommandLine:
    """A copy of the home, with room for packages."""
    shutil.copytree(home.home, tmp_path / "mine")
    return CommandLine(tmp_path / "mine", home.urls)


def next_up(home: CommandLine, provider: str) -> str:
    listed = json.loads(home.process("status", "--json").out)["accounts"]
    return next(str(a["label"]) for a in listed if a["provider"] == provider and a["next"])


def test_the_example_is_ten_lines_long() -> None:
    assert len([line for line in SOURCE.partition("import rota")[2].splitlines() if line.strip()]) <= 10


def test_an_installed_strategy_is_taken_by_its_name_and_decides(mine: CommandLine) -> None:
    install(mine, GROUP, "work-first", "custom_strategy", SOURCE, "WorkFirst")
    done = mine.process("config", "set", "pool.strategy", "work-first")
    assert (done.code, done.out) == (0, "pool.strategy = work-first\n"), done
    assert next_up(mine, "anthropic") == "work"
    for prompt in ("hello", "another session"):
        ran = mine.process("chat", "-m", "anthropic/claude-haiku-4-5", prompt)
        assert "— work · " in ran.err, ran
    told = json.loads(mine.process("why", "--json").out)
    assert told["reason"] == "a work account"
    assert "The strategy work-first of custom_strategy 1.0 can be used." in mine.process("doctor").out


def test_a_name_that_nobody_registers_is_refused_with_the_nearest(mine: CommandLine) -> None:
    install(mine, GROUP, "work-first", "custom_strategy", SOURCE, "WorkFirst")
    refused = mine.process("config", "set", "pool.strategy", "work-frist")
    assert refused.code == 2
    assert "Nearest: work-first. Allowed: one of round-robin, " in refused.err
    assert ", auto, work-first." in refused.err
    assert "Nearest: round-robin." in mine.process("config", "set", "pool.strategy", "round-robbin").err


# what is wrong with it, its source, and what is said
BROKEN = [
    ("cannot be imported", "import a_module_that_nobody_has\n", "No module named 'a_module_that_nobody_has'"),
    ("is not there", "", "has no attribute 'Mine'"),
]


@pytest.mark.parametrize(("source", "said"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_strategy_that_cannot_be_loaded_is_refused_by_name(mine: CommandLine, source: str, said: str) -> None:
    install(mine, GROUP, "mine", "my_strategy", source, "Mine")
    refused = mine.process("config", "set", "pool.strategy", "mine")
    assert refused.code == 2
    assert "The strategy mine of my_strategy 1.0 cannot be used: " in refused.err
    assert said in refused.err
    assert "Traceback" not in refused.err
    examined = mine.process("doctor")
    assert said in examined.out
    assert mine.process("status").code == 0


def test_a_strategy_that_is_no_longer_there_is_said_and_the_way_back_works(mine: CommandLine) -> None:
    install(mine, GROUP, "work-first", "custom_strategy", SOURCE, "WorkFirst")
    assert mine.process("config", "set", "pool.strategy", "work-first").code == 0
    assert mine.process("status").code == 0
    shutil.rmtree(mine.home / "site")
    for command in (["status"], ["chat", "-m", "puter/gpt-5-nano", "hello"]):
        ran = mine.process(*command)
        assert (ran.code, "Traceback" in ran.err) == (2, False), ran
        assert "There is no strategy called work-first." in ran.err
        assert "rota config unset pool.strategy" in ran.err
    assert mine.process("config", "unset", "pool.strategy").code == 0
    assert mine.process("status").code == 0


def test_a_strategy_that_raises_leaves_the_choice_to_auto_and_every_reason_says_so(mine: CommandLine) -> None:
    source = SOURCE.replace("        state = standing.state\n", "        state = standing.nothing_of_the_kind\n")
    assert source != SOURCE
    install(mine, GROUP, "work-first", "custom_strategy", source, "WorkFirst")
    assert mine.process("config", "set", "pool.strategy", "work-first").code == 0
    ran = mine.process("chat", "-m", "anthropic/claude-haiku-4-5", "hello")
    assert ran.code == 0, ran
    told = json.loads(mine.process("why", "--json").out)
    assert told["reason"].startswith("work-first failed (AttributeError: ")
    assert "auto instead: " in told["reason"]
