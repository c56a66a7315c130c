"""`rota accounts`: who is there, one line each."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from rota_tui.cli import EXIT_NOT_CONFIGURED
from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    from rota.account import Kind
    from rota.snapshot import Snapshot
    from rota_tui.cli.terminal import Look
    from rota_tui.pieces import Line


@click.command("accounts", epilog="Example: rota accounts --json | jq -r '.accounts[] | select(.enabled) | .label'")
@JSON
def command(as_json: bool) -> None:
    """List the accounts: number, label, provider, plan, email, state."""
    from rota_tui.cli import reading

    reading.briefly()
    snapshot, now = reading.snapshot(), time.time()
    if as_json:
        from rota_tui.cli.printing import echo_json

        echo_json(reading.accounts_as_json(snapshot, now))
        return
    if not snapshot.listed():
        from rota_tui.cli.status_table import EMPTY

        click.echo(EMPTY)
        sys.exit(EXIT_NOT_CONFIGURED)
    from rota_tui.cli.terminal import look, rendered

    here = look()
    click.echo(rendered(_lines(snapshot, now, reading.watched(reading.rules()), here), here))


def _lines(snapshot: Snapshot, now: float, watched: frozenset[Kind], look: Look) -> list[Line]:
    from rota_tui.cli.terminal import columns
    from rota_tui.pieces import Piece, Tone, clean, fit
    from rota_tui.wording import plan_of, provider_name, reason

    rows = []
    longest = None if look.wide else look.width * 2 // 5
    for number, state in enumerate(snapshot.listed(), 1):
        account = state.account
        pinned = snapshot.pinned.get(account.provider)
        is_pinned = pinned is not None and pinned.account_id == account.id
        active = snapshot.active.get(account.provider)
        is_active = active is not None and active.account_id == account.id
        serving = snapshot.serving(account.id, now)
        said = reason(state, now, None, serving=serving, pinned=is_pinned, watched=account.kind in watched)
        rows.append(
            [
                Piece(f"{number}", Tone.QUIET),
                Piece(
                    clean(account.label) if longest is None else fit(account.label, longest, look.locale.glyphs),
                    Tone.ACTIVE if is_active else Tone.NAME,
                ),
                Piece(provider_name(account.provider), Tone.QUIET),
                Piece(plan_of(account), Tone.QUIET),
                Piece(clean(account.email or "")),
                Piece(f"{said.text}{', in use' * is_active}", said.tone),
            ]
        )
    email, plan, provider = 4, 3, 2
    width = None if look.wide else look.width
    return columns(rows, right=frozenset({0}), width=width, spare=(email, plan, provider))
