"""Whether the app can be drawn on this terminal, and with which characters."""

from __future__ import annotations

import os
import sys

import click

from rota_tui.cli.terminal import unicode


def need_screen(what: str, instead: str) -> None:
    """Refuse where nothing can be drawn.

    Args:
        what: that needs it, as a sentence begins.
        instead: what to do without it.

    Raises:
        UsageError: there is no terminal, or one that only takes lines.
    """
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        raise click.UsageError(f"{what} needs a terminal; {instead}")
    if os.environ.get("TERM") == "dumb":
        raise click.UsageError(f'{what} cannot be drawn where TERM is "dumb": set another, such as xterm-256color.')


def only_ascii(wanted: bool) -> bool:
    """Whether plain characters are asked for, or all that the terminal takes."""
    return wanted or not unicode(sys.stderr)
