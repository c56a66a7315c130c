"""Questions on the terminal, asked on standard error; Ctrl-C ends them whatever runs around them."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rota_tui.cli.tidying import put_back

if TYPE_CHECKING:
    from collections.abc import Iterator


def confirm(question: str, *, otherwise: str) -> None:
    """Ask; a no ends the command.

    Args:
        otherwise: what to say where nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise click.UsageError(otherwise)
    with _interruptible():
        click.confirm(question, abort=True, err=True)


def secret(wanted: str) -> str:
    """A secret, typed or pasted without echo."""
    with _interruptible(), put_back():
        typed: str = click.prompt(f"Paste {wanted} (not shown)", hide_input=True, err=True)
        return typed


@contextmanager
def _interruptible() -> Iterator[None]:
    """Inside `asyncio.run`, the first Ctrl-C only cancels the task, which a blocking prompt never notices."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
