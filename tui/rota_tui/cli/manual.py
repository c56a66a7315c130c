"""The man page, written from the same commands as `--help`; `make man` puts it and the completions into `share/`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rota import __version__
from rota_tui.cli import COMMANDS, SECTIONS, rota
from rota_tui.cli.completion import script

if TYPE_CHECKING:
    from collections.abc import Iterator

SHELLS = {
    "bash": "bash-completion/completions/rota",
    "zsh": "zsh/site-functions/_rota",
    "fish": "fish/vendor_completions.d/rota.fish",
}
"""Where each shell looks below a `share` folder."""

EXITS = (
    ("0", "Done."),
    ("1", "Failed; standard error says why and what to do."),
    ("2", "Wrong usage, or a settings file that says something it may not."),
    ("3", "Nothing is configured, or a sign-in is needed."),
    ("4", "Every account is cooling; the wait is printed."),
    ("130", "Interrupted."),
)
VARIABLES = (
    ("ROTA_HOME", "One folder for everything: settings, accounts, log, state. Else the system's own folders."),
    ("ROTA_DEBUG", "1 writes the debug log, 0 does not, whatever the settings say."),
    ("NO_COLOR", "No colours."),
)


def page() -> str:
    """The whole page as roff."""
    return "".join(line + "\n" for line in _page())


def _page() -> Iterator[str]:
    root = click.Context(rota, info_name="rota", max_content_width=100)
    about = _paragraphs(rota.help or "")
    yield f'.TH ROTA 1 "" "rota {__version__}" "rota"'
    yield from (".SH NAME", f"rota \\- {_text(about[0].rstrip('.'))}")
    yield from (".SH SYNOPSIS", f".B rota\n{_text(' '.join(rota.collect_usage_pieces(root)))}")
    yield ".SH DESCRIPTION"
    yield from _prose("\n\n".join(about))
    yield from _options(rota, root, ".SH OPTIONS")
    yield ".SH COMMANDS"
    for title, names in SECTIONS.items():
        yield f".SS {_text(title)}"
        for name in names:
            yield from _definition(f"\\fB{_text(name)}\\fR", COMMANDS[name])
    for name in COMMANDS:
        command = rota.get_command(root, name)
        if command is not None:
            yield from _command(command, click.Context(command, info_name=name, parent=root))
    yield ".SH EXIT STATUS"
    for code, meaning in EXITS:
        yield from _definition(code, meaning)
    yield ".SH ENVIRONMENT"
    for name, meaning in VARIABLES:
        yield from _definition(f"\\fB{name}\\fR", meaning)
    yield ".SH FILES"
    yield from _prose("`rota config path` prints where the settings file is; `rota doctor` names every other place.")
    yield ".SH EXAMPLES"
    yield from _prose(rota.epilog or "")


def _command(command: click.Command, ctx: click.Context) -> Iterator[str]:
    """One command; those of a group after it."""
    yield f".SH {_text(ctx.command_path.upper())}"
    yield f".B {_text(ctx.command_path)}\n{_text(' '.join(command.collect_usage_pieces(ctx)))}"
    yield from _prose(command.help or "")
    yield from _options(command, ctx, "")
    yield from _prose(command.epilog or "")
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            if below is not None:
                yield from _command(below, click.Context(below, info_name=name, parent=ctx))


def _options(command: click.Command, ctx: click.Context, heading: str) -> Iterator[str]:
    records = [record for param in command.params if (record := param.get_help_record(ctx)) is not None]
    shown = [record for record in records if record[1]]
    if shown and heading:
        yield heading
    for names, meaning in shown:
        yield from _definition(f"\\fB{_text(names)}\\fR", meaning)


def _definition(term: str, meaning: str) -> Iterator[str]:
    yield from (".TP", term, _text(" ".join(meaning.split())))


def _prose(text: str) -> Iterator[str]:
    """Paragraphs; one that begins with click's mark for it keeps its lines."""
    for paragraph in _paragraphs(text):
        if paragraph.startswith("\b"):
            yield from (".PP", ".nf", *map(_text, paragraph.strip("\b\n").splitlines()), ".fi")
        else:
            yield from (".PP", _text(" ".join(paragraph.split())))


def _paragraphs(text: str) -> list[str]:
    lines = [line.strip() for line in text.split("\n")]
    return [paragraph for paragraph in "\n".join(lines).split("\n\n") if paragraph.strip()]


def _text(text: str) -> str:
    """Text as roff: nothing of it is a request, code is bold, and no reader needs to know UTF-8."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in text)
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    return f"\\&{text}" if text.startswith((".", "'")) else text


def shared() -> dict[str, str]:
    """The files below `share/`, by path."""
    completions = {path: script(shell) + "\n" for shell, path in SHELLS.items()}
    return {"man/man1/rota.1": page(), **completions}


def write(folder: Path) -> None:
    """Write them all below a folder."""
    for name, text in shared().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
