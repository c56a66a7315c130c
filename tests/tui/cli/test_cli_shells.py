"""Completion where people use it: bash, zsh and fish in a terminal, typed into until the word is whole."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.tmux import TMUX, Tmux

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command_line import CommandLine

pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed, and it is the terminal here")

READY = "ready> "
START = {
    "bash": ("bash --rcfile {rc} -i", "PS1='{ready}'\nbind 'set bell-style none'\nsource {script}\n"),
    "zsh": (
        "ZDOTDIR={folder} zsh -i",
        "fpath=({folder} $fpath)\nautoload -Uz compinit\ncompinit -u\nunsetopt beep\nPS1='{ready}'\n",
    ),
    "fish": (
        "XDG_CONFIG_HOME={folder}/config fish -i",
        "function fish_prompt; echo -n '{ready}'; end\nset fish_greeting\nsource {script}\n",
    ),
}
"""How each begins, and what it reads then."""
FILES = {
    "bash": ("bashrc", "rota.bash"),
    "zsh": (".zshrc", "_rota"),
    "fish": ("config/fish/config.fish", "rota.fish"),
}

TYPED = [
    ("rota acc", "rota accounts"),
    ("rota use tea", r"rota use team\ max,\ eu"),
    ("rota use 'team m", "rota use 'team max, eu'"),
    ("rota chat -a carol@", "rota chat -a carol@example.com"),
    (
        "rota lift -m puter/openrouter:deepseek/deepseek-r1-0528:",
        "rota lift -m puter/openrouter:deepseek/deepseek-r1-0528:free",
    ),
    ("rota config set pool.strategy round", "rota config set pool.strategy round-robin"),
    ("rota guard --mi", "rota guard --min"),
]


@pytest.mark.parametrize("shell", list(START))
def test_a_shell_completes_what_is_typed(two: CommandLine, tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    two.run("label", "work", "team max, eu")
    two.run("models")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "rota").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rota_tui "$@"\n')
    (programs / "rota").chmod(0o755)
    rc, script = (tmp_path / name for name in FILES[shell])
    script.write_text(two.run("completion", shell).out)
    start, told = START[shell]
    how = {"folder": tmp_path, "rc": rc, "script": script, "ready": READY}
    rc.parent.mkdir(parents=True, exist_ok=True)
    rc.write_text(told.format(**how))
    environ = {
        **two.environ(),
        "LANG": "C.UTF-8",
        "TERM": "tmux-256color",
    }
    environ["PATH"] = f"{programs}{os.pathsep}{environ['PATH']}"
    with Tmux(tmp_path, start.format(**how), environ, columns=120) as terminal:
        terminal.until(READY.rstrip())
        for typed, whole in TYPED:
            terminal.press("C-u")
            terminal.until_gone("rota")
            terminal.type(typed)
            terminal.until(typed)
            terminal.press("Tab")
            terminal.until(f"{READY}{whole}")
        terminal.press("C-u")
        terminal.until_gone("rota")
        terminal.type("rota use ")
        terminal.press("Tab", "Tab")
        terminal.until("carol", "team")
