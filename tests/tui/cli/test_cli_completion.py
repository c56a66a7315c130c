from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rota_tui.cli import COMMANDS

if TYPE_CHECKING:
    from tests.support.command_line import CommandLine


def completed(command: CommandLine, *words: str) -> list[str]:
    """What bash would offer for the last word."""
    command.more |= {
        "_ROTA_COMPLETE": "bash_complete",
        "COMP_LINE": " ".join(("rota", *words)),
    }
    ran = command.process()
    assert ran.code == 0, ran.err
    return [line for line in ran.out.splitlines() if line]


def test_commands_are_completed(two: CommandLine) -> None:
    assert set(COMMANDS) <= set(completed(two, ""))
    assert completed(two, "sta") == ["stats", "status"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("use", ""), ["work", "carol"]),
        (("disable", "work", "ca"), ["carol"]),
        (("usage", "car"), ["carol"]),
        (("use", "carol@"), ["carol@example.com"]),
        (("chat", "-a", "w"), ["work"]),
        (("config", "get", "pool.retry_b"), ["pool.retry_base_s"]),
        (("config", "set", "pool.strategy", "low"), ["lowest-utilization"]),
        (("config", "set", "debug", ""), ["true", "false"]),
        (("config", "set", "ui.theme", "rota-l"), ["rota-light"]),
        (("migrate", "--from", "opencode-c"), ["opencode-config"]),
        (("events", "--kind", "requests"), ["RequestServed", "RequestStarted"]),
        (("login", "pu"), ["puter"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_names_and_values_are_completed(two: CommandLine, words: tuple[str, ...], offered: list[str]) -> None:
    assert sorted(completed(two, *words)) == sorted(offered)


def test_models_of_the_last_list_are_completed_with_and_without_their_provider(two: CommandLine) -> None:
    two.run("models")
    assert "puter/gpt-5-nano-2025-08-07" in completed(two, "chat", "-m", "puter/gpt-5-na")
    assert "gpt-5-nano-2025-08-07" in completed(two, "chat", "-m", "gpt-5-na")


def test_requests_are_completed_newest_first(two: CommandLine) -> None:
    last = two.run("why", "--json").json["request_id"]
    assert completed(two, "why", "")[0] == last


def test_a_home_without_anything_completes_nothing_and_complains_of_nothing(fresh: CommandLine) -> None:
    assert completed(fresh, "use", "") == []
    assert completed(fresh, "chat", "-m", "") == []
    assert completed(fresh, "why", "") == []


# what is typed, and what bash puts in the place of the piece under the cursor
TYPED = [
    ("rota use ca", ["carol"]),
    ("rota lab", ["label"]),
    ("rota chat -m haiku -a carol@ex", ["@example.com"]),
    ("rota config set pool.strategy round", ["round-robin"]),
    ("rota use tea", ["team\\ max"]),
    ("rota use team\\ m", ["team\\ max"]),
    ('rota use "team m', ["team max"]),
    # bash cuts words after their colons, and before an @
    ("rota chat -m puter/openrouter:deepseek/deepseek-r1-0528:", ["free"]),
    ("rota chat -m puter/openrouter:xiaomi/mimo-v2-flash:fr", ["free"]),
    ("rota use nobody", []),
    ("rota guard --mi", ["--min"]),
]


@pytest.mark.skipif(os.name == "nt" or shutil.which("bash") is None, reason="bash is not here")
def test_bash_completes_what_is_typed(two: CommandLine) -> None:
    program = two.home / "rota-here"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rota_tui "$@"\n')
    program.chmod(0o755)
    two.run("label", "work", "team max")
    two.run("models")
    asked = "\n".join(f"asked {shlex.quote(typed)}" for typed, _ in TYPED)
    script = f"""
{two.run("completion", "bash").out}
asked() {{
    COMP_LINE=$1 COMP_POINT=${{#1}}
    _rota_completion {shlex.quote(str(program))}
    printf '%s\\t' "${{COMPREPLY[@]}}"
    echo
}}
{asked}
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=two.environ(), text=True, capture_output=True, check=False, timeout=120
    )
    answers = [[each for each in line.split("\t") if each] for line in done.stdout.splitlines()]
    assert (answers, done.stderr) == ([offered for _, offered in TYPED], "")


@pytest.mark.parametrize(
    ("shell", "asked", "answer"),
    [
        ("zsh", {"COMP_WORDS": "rota use ca", "COMP_CWORD": "2"}, "plain\ncarol\nputer\n"),
        ("fish", {"COMP_WORDS": "rota use ca", "COMP_CWORD": "ca"}, "plain,carol\tputer\n"),
    ],
)
def test_the_other_shells_are_answered_with_what_each_is_about(
    two: CommandLine, shell: str, asked: dict[str, str], answer: str
) -> None:
    two.more |= {"_ROTA_COMPLETE": f"{shell}_complete", **asked}
    ran = two.process()
    assert (ran.code, ran.out) == (0, answer)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_one_that_it_takes(two: CommandLine, shell: str) -> None:
    script = two.run("completion", shell).out
    assert "_ROTA_COMPLETE" in script
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here")
    checked = subprocess.run([program, "-n"], input=script, text=True, capture_output=True, check=False, timeout=30)
    assert (checked.returncode, checked.stderr) == (0, "")
