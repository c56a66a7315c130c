"""The man page and the completions: written from the commands, committed as written, and put into the wheel."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from rota_tui.cli import COMMANDS, rota
from rota_tui.cli.manual import page, shared

TOP = Path(__file__).parents[3]
WHEEL = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]


@pytest.mark.parametrize("name", sorted(shared()))
def test_what_the_wheel_installs_is_what_the_commands_say_now(name: str) -> None:
    assert (TOP / "share" / name).read_text("utf-8") == shared()[name], f"share/{name} is old: run `make man`"


def test_the_wheel_takes_all_of_it_and_both_packages_are_typed() -> None:
    assert WHEEL["shared-data"] == {f"share/{name}": f"share/{name}" for name in shared()}
    for package in WHEEL["packages"]:
        assert (TOP / package / "py.typed").is_file()


def test_the_page_tells_every_command_with_every_option() -> None:
    written = page()
    root = click.Context(rota, info_name="rota")
    for name in COMMANDS:
        command = rota.get_command(root, name)
        assert command is not None
        assert f".SH ROTA {name.upper()}\n" in written
        for param in command.params:
            if isinstance(param, click.Option) and not param.hidden:
                assert max(param.opts, key=len).replace("-", "\\-") in written, (name, param.opts)


def test_a_word_of_a_help_text_is_never_taken_for_a_request_of_roff() -> None:
    lines = page().splitlines()
    requests = {line.split(" ")[0] for line in lines if line.startswith((".", "'"))}
    assert requests <= {".TH", ".SH", ".SS", ".B", ".PP", ".TP", ".nf", ".fi"}
    assert all(line.isascii() for line in lines)


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_reads_the_page_without_a_warning() -> None:
    ran = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww"], input=page(), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "ROTA(1)" in ran.stdout
