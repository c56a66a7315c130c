"""Why a command failed, on standard error: a line and what to do, or one object where `--json` was asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def wants_json(args: Sequence[str] | None) -> bool:
    """Whether these arguments ask for JSON, also where they cannot be understood otherwise."""
    words = list(sys.argv[1:] if args is None else args)
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options


def complain(error: BaseException, message: str, hint: str, exit_code: int, *, as_json: bool) -> None:
    """Say it; foreign text does not steer the terminal."""
    from rota_tui.pieces import clean

    if as_json:
        import json

        from rota.change_documents import error_document

        document = error_document(error, _kind(error), message, hint, exit_code)
        click.echo(json.dumps(document, ensure_ascii=False), err=True)
        return
    click.echo(f"rota: {clean(message)}", err=True)
    if hint:
        click.echo(f"      {clean(hint)}", err=True)


def interrupted(error: BaseException, exit_code: int, *, as_json: bool) -> None:
    """Say that Ctrl-C, or a no, ended it."""
    if as_json:
        complain(error, "Interrupted.", "", exit_code, as_json=True)
    else:
        click.echo("Interrupted.", err=True)


def _kind(error: BaseException) -> str:
    """The class that says what kind of failure it is; click's are known by ours."""
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "Interrupted"
    return "UsageError" if isinstance(error, click.ClickException) else type(error).__name__
