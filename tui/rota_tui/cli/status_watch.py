"""`rota status --watch`: in place on a terminal; in a pipe, or in sentences, only what changed."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from rota.pool.strategy import next_up
from rota.snapshot import Snapshot
from rota.status import document
from rota_tui.cli import reading
from rota_tui.cli.printing import echo_json_line
from rota_tui.cli.status_plain import sentences
from rota_tui.cli.status_table import table
from rota_tui.cli.terminal import look
from rota_tui.cli.tidying import put_back
from rota_tui.formatting import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.pool.rules import Rules

EVERY_S = 1.0
"""Countdowns move by the second."""
LOOK_S = 0.2
"""How soon a change is shown."""


def watch(*, plain: bool, as_json: bool, ascii: bool) -> None:
    """Show the pool until interrupted."""
    rules = reading.rules()
    if as_json:
        _watch_json(rules)
    elif plain or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        _watch_sentences(rules)
    else:
        with put_back():
            _watch_in_place(rules, ascii=ascii)


def snapshots(every_s: float | None) -> Iterator[Snapshot]:
    """The snapshot now, at each change, and every so often."""
    while True:
        with reading.reading() as log:
            if log is None:
                yield Snapshot()  # the first account makes the log
                time.sleep(EVERY_S)
                continue
            shown_at = float("-inf")
            while True:
                news = log.changed()
                if news:
                    log.follow()
                due = every_s is not None and time.monotonic() - shown_at >= every_s
                if news or due or shown_at == float("-inf"):
                    shown_at = time.monotonic()
                    yield log.snapshot
                time.sleep(LOOK_S)


def _watch_json(rules: Rules) -> None:
    before: Snapshot | None = None
    for snapshot in snapshots(None):
        if snapshot is before:
            continue
        before = snapshot
        now = time.time()
        echo_json_line(document(snapshot, now, next_up(snapshot, rules, now)))


def _watch_sentences(rules: Rules) -> None:
    """All of them once, then those that changed, each with the time."""
    shown: dict[str, str] | None = None
    watched = reading.watched(rules)
    for snapshot in snapshots(5.0):
        now = time.time()
        said = sentences(snapshot, now, next_up(snapshot, rules, now), None, watched)
        if shown is None:
            for text in said.values() or ("No account yet.",):
                click.echo(text)
        else:
            for account_id, text in said.items():
                if shown.get(account_id) != text:
                    click.echo(f"{stamp(now, None)} {text}")
            for account_id in shown.keys() - said.keys():
                click.echo(f"{stamp(now, None)} {shown[account_id].partition(',')[0]} is gone.")
        shown = said
        sys.stdout.flush()


def _watch_in_place(rules: Rules, *, ascii: bool) -> None:
    import shutil

    height = 0
    watched = reading.watched(rules)
    try:
        for snapshot in snapshots(EVERY_S):
            now = time.time()
            how = replace(look(ascii=ascii), wide=False)
            lines = table(snapshot, now, next_up(snapshot, rules, now), how, watched).split("\n")
            room = shutil.get_terminal_size((80, 24)).lines - 1
            if len(lines) > room:
                lines = [*lines[: room - 1], f"{len(lines) - room + 1} more lines; this terminal is too short"]
            back = f"\x1b[{height}F" if height else "\x1b[?25l"
            # Each line is cleared as it is rewritten, so that nothing flickers.
            click.echo(back + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J", nl=False)
            sys.stdout.flush()
            height = len(lines)
    finally:
        click.echo("\x1b[?25h", nl=False)
