"""Whether the app can be drawn on this terminal, with which characters and how large."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from rota_tui.cli.terminal import unicode

if TYPE_CHECKING:
    from rota_tui.app import RotaApp


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


def measure_terminal(app: RotaApp) -> None:
    """Let the app be as large as its terminal; Textual believes COLUMNS, LINES and standard output."""
    if os.name == "nt":
        return
    from textual.drivers.linux_driver import LinuxDriver

    class Measured(LinuxDriver):
        """As large as where the keys come from."""

        def _get_terminal_size(self) -> tuple[int, int]:
            try:
                size = os.get_terminal_size(self.fileno)
            except OSError:
                return super()._get_terminal_size()
            return size if all(size) else super()._get_terminal_size()

    if app.driver_class is LinuxDriver:
        app.driver_class = Measured
