"""`rota status`: accounts, quota, cooldowns and who is next, from the log alone.

Starts without HTTP, the vault, pydantic or Textual: prompts and status bars call it all day.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from rota_tui.cli import EXIT_NOT_CONFIGURED

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.snapshot import Snapshot


@click.command(
    "status",
    epilog="Examples: `rota status --watch` · `rota status --json | jq '.accounts[] | select(.next) | .label'`",
)
@click.option("--watch", is_flag=True, help="Keep showing it: in place on a terminal, what changed in a pipe.")
@click.option("--plain", is_flag=True, help="Sentences instead of a table, for screen readers.")
@click.option("--json", "as_json", is_flag=True, help="One versioned JSON object; with --watch one a change.")
@click.option("--ascii", is_flag=True, help="Plain characters only.")
def command(watch: bool, plain: bool, as_json: bool, ascii: bool) -> None:
    """Show accounts, quota, cooldowns and who is next."""
    from rota.pool.strategy import next_up
    from rota_tui.cli import reading

    if watch:
        from rota_tui.cli.status_watch import watch as keep_watching

        keep_watching(plain=plain, as_json=as_json, ascii=ascii)
        return
    reading.briefly()
    snapshot = reading.snapshot()
    now = time.time()
    rules = reading.rules()
    served_next = next_up(snapshot, rules, now)
    if as_json:
        from rota.status import document
        from rota_tui.cli.printing import echo_json

        echo_json(document(snapshot, now, served_next))
        return
    click.echo(_text(snapshot, now, served_next, rules, plain=plain, ascii=ascii))
    if not snapshot.listed():
        sys.exit(EXIT_NOT_CONFIGURED)


def _text(
    snapshot: Snapshot, now: float, next_up: dict[str, str | None], rules: Rules, *, plain: bool, ascii: bool
) -> str:
    from rota_tui.cli import reading

    watched = reading.watched(rules)
    if plain and snapshot.listed():
        from rota_tui.cli.status_plain import sentences

        return "\n".join(sentences(snapshot, now, next_up, None, watched).values())
    from dataclasses import replace

    from rota_tui.cli.status_table import table
    from rota_tui.cli.terminal import look

    return table(snapshot, now, next_up, replace(look(ascii=ascii), wide=False), watched)
