"""`rota usage`: every quota window, with money, source and age; and new figures on request."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from rota_tui.cli import EXIT_NOT_CONFIGURED
from rota_tui.cli.completing import accounts as complete_accounts
from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.account import Kind
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState
    from rota_tui.cli.terminal import Look
    from rota_tui.pieces import Line, Piece


@click.command("usage", epilog="Examples: `rota usage --refresh` · `rota usage work --json`")
@click.argument("account", required=False, shell_complete=complete_accounts)
@click.option("--refresh", is_flag=True, help="Ask the provider now, within its budget of reads.")
@JSON
def command(account: str | None, refresh: bool, as_json: bool) -> None:
    """Show every quota window of ACCOUNT, or of all accounts."""
    from rota_tui.cli import reading

    problems: dict[str, str] = {}
    if refresh:
        import asyncio

        states, problems = asyncio.run(_refreshed(account))
    else:
        from rota.naming import find

        snapshot = reading.snapshot()
        states = [find(snapshot, account)] if account is not None else snapshot.listed()
    now = time.time()
    if as_json:
        from rota.documents import usage_document
        from rota_tui.cli.printing import echo_json

        echo_json(usage_document(states, now, problems))
        return
    if not states:
        from rota_tui.cli.status_table import EMPTY

        click.echo(EMPTY)
        sys.exit(EXIT_NOT_CONFIGURED)
    from rota_tui.cli.terminal import look, rendered

    how = look()
    click.echo(rendered(_lines(states, problems, now, how, reading.watched(reading.rules())), how))


async def _refreshed(name: str | None) -> tuple[list[AccountState], dict[str, str]]:
    """The accounts after they were asked about, and why some gave nothing."""
    from rota_tui.cli.opening import opened
    from rota_tui.cli.progress import working

    problems: dict[str, str] = {}
    async with opened() as engine:
        wanted = [engine.find(name)] if name is not None else engine.snapshot.listed()
        async with working("asking", total=len(wanted)) as progress:
            for state in wanted:
                progress.doing = state.account.label
                if problem := await engine.refresh_usage(state.id):
                    problems[state.id] = problem
                progress.step()
        await engine.journal.flush()
        return [s for each in wanted if (s := engine.snapshot.account(each.id)) is not None], problems


def _lines(
    states: Sequence[AccountState], problems: dict[str, str], now: float, look: Look, watched: frozenset[Kind]
) -> list[Line]:
    from rota_tui.cli.terminal import columns
    from rota_tui.formatting import usd
    from rota_tui.pieces import Piece, Tone, clean, fit
    from rota_tui.wording import plan_of, provider_name, reason

    lines: list[Line] = []
    for state in states:
        account = state.account
        said = reason(state, now, look.tz, watched=account.kind in watched)
        head = f"{provider_name(account.provider)} {plan_of(account)}"
        lines.append(
            (
                Piece(
                    clean(account.label) if look.wide else fit(account.label, look.width // 2, look.locale.glyphs),
                    Tone.NAME,
                ),
                Piece(f"  {head}  ", Tone.QUIET),
                Piece(said.text, said.tone),
            )
        )
        windows = sorted(state.windows.values(), key=lambda w: w.key)
        rows = columns([_row(window, now, look) for window in windows], right=frozenset({2}))
        lines += [(Piece("  "), *row) for row in rows]
        if not windows:
            lines.append((Piece("  no figures yet", Tone.QUIET),))
        problem = problems.get(state.id) or (state.poll.problem if state.poll is not None else None)
        if problem:
            lines.append((Piece(f"  no new figures: {clean(problem)}", Tone.LOW),))
        spent = sum(h.cost_usd for h in state.hours if (h.hour + 1) * 3600 > now - 86_400)
        served = state.requests_since(now - 86_400)
        if served:
            cost = f", {usd(spent)}" if spent else ""
            lines.append((Piece(f"  last 24 hours: {served} request{'s' * (served != 1)}{cost}", Tone.QUIET),))
        lines.append(())
    return lines[:-1]


def _row(window: QuotaWindow, now: float, look: Look) -> list[Piece]:
    from rota_tui.formatting import ago, percent, tone_of, when
    from rota_tui.pieces import Piece, Tone, clean
    from rota_tui.wording import REFILLED, figure, refilled

    known, full = not window.expired(now), refilled(window, now)
    share = window.utilization if known else None
    back = ""
    if full:
        back = REFILLED
    elif window.resets_at is not None:
        back = f"back in {when(window.resets_at, now, look.locale)}" if known else "reset since; ask again"
    return [
        Piece(clean(window.label), Tone.QUIET),
        Piece("" if window.counts else "(not counted)", Tone.QUIET),
        Piece("" if full else percent(share), tone_of(share)),
        Piece(figure(window) if known else ""),
        Piece(back),
        Piece(f"{window.source.value}, {ago(window.observed_at, now)}", Tone.QUIET),
    ]
