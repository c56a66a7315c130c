"""`rota events`: what happened, in words or as JSON lines, once or live."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from rota_tui.cli.completing import accounts as complete_accounts
from rota_tui.cli.completing import kinds as complete_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.events import Event
    from rota.log import SqliteLog
    from rota.snapshot import Snapshot
    from rota_tui.cli.terminal import Look

LOOK_S = 0.1
"""How soon what another process does is shown."""
NEWCOMER_S = 0.5


@click.command(
    "events", epilog="Examples: `rota events -n 50 --account work` · `rota events -f --json | jq -c 'select(.text)'`"
)
@click.option("-f", "--follow", is_flag=True, help="Keep showing what happens, in every rota process.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("-a", "--account", shell_complete=complete_accounts, help="Only about this account.")
@click.option("-k", "--kind", multiple=True, shell_complete=complete_kinds, help="Only of this kind; several may be.")
@click.option("-n", "count", type=click.IntRange(0), default=20, show_default=True, help="How many past ones.")
def command(follow: bool, as_json: bool, account: str | None, kind: tuple[str, ...], count: int) -> None:
    """Show what happened, oldest first. What only moves figures is shown in JSON, or when asked for by kind."""
    from rota_tui.cli import reading
    from rota_tui.cli.terminal import look
    from rota_tui.feed import ALWAYS_TOLD

    kinds = _kinds(kind)
    how = look()
    with reading.reading() as log:
        if log is not None:
            account_id = _account(log.snapshot, account)
            wanted = log.recent(count, kinds=kinds or (None if as_json else ALWAYS_TOLD), account_id=account_id)
            _show(wanted, log.snapshot, how, as_json=as_json, silent=bool(kinds))
            if follow:
                _follow(log, kinds, account_id, how, as_json=as_json)
            return
        _account(None, account)
    if not follow:
        click.echo("Nothing has happened yet.", err=True)
        return
    while not reading.home().log_file.exists():
        time.sleep(NEWCOMER_S)
    with reading.reading() as log:
        if log is not None:
            _show(log.recent(10_000, kinds=kinds or None), log.snapshot, how, as_json=as_json, silent=bool(kinds))
            _follow(log, kinds, None, how, as_json=as_json)


def _kinds(named: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds by their full names; case does not matter."""
    from rota.events import EVENT_TYPES

    known = {name.casefold(): name for name in EVENT_TYPES}
    for name in named:
        if name.casefold() not in known:
            import difflib

            near = difflib.get_close_matches(name.casefold(), known, n=3)
            hint = (
                f" Did you mean {', '.join(known[n] for n in near)}?"
                if near
                else f" There is {', '.join(EVENT_TYPES)}."
            )
            raise click.UsageError(f"There is no kind of event called {name}.{hint}")
    return tuple(known[name.casefold()] for name in named)


def _account(snapshot: Snapshot | None, name: str | None) -> str | None:
    if name is None:
        return None
    from rota.naming import find
    from rota.snapshot import Snapshot

    return find(snapshot or Snapshot(), name).id


def _follow(log: SqliteLog, kinds: tuple[str, ...], account_id: str | None, look: Look, *, as_json: bool) -> None:
    """Show what is appended, until interrupted."""
    from rota_tui.feed import about

    while True:
        if log.changed():
            news = [
                event
                for event in log.follow()
                if (not kinds or type(event).__name__ in kinds) and account_id in (None, about(event))
            ]
            _show(news, log.snapshot, look, as_json=as_json, silent=bool(kinds))
        time.sleep(LOOK_S)


def _show(events: Iterable[Event], snapshot: Snapshot, look: Look, *, as_json: bool, silent: bool) -> None:
    """Print them; `silent` shows those that have no words by their kind."""
    from rota_tui.feed import about
    from rota_tui.formatting import stamp
    from rota_tui.pieces import Piece, Tone, plain
    from rota_tui.telling import sentence
    from rota_tui.wording import label_of

    def label(account_id: str) -> str:
        return label_of(snapshot, account_id)

    for event in events:
        said = sentence(event, label, look.tz)
        if as_json:
            from rota.documents import event_document
            from rota_tui.cli.printing import echo_json_line

            account_id = about(event)
            text = plain(said.line) if said is not None else None
            echo_json_line(event_document(event, label(account_id) if account_id is not None else None, text))
            continue
        if said is None and not silent:
            continue
        from rota_tui.cli.terminal import rendered

        line = said.line if said is not None else (Piece(type(event).__name__, Tone.QUIET),)
        click.echo(rendered([(Piece(f"{stamp(event.at, look.tz)} ", Tone.QUIET), *line)], look))
    sys.stdout.flush()
