"""`rota guard`: whether the pool has room, as an exit code for scripts."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from rota_tui.cli import EXIT_ALL_COOLING, EXIT_NOT_CONFIGURED
from rota_tui.cli.completing import models as complete_models
from rota_tui.cli.options import JSON
from rota_tui.cli.provider_names import OWN

if TYPE_CHECKING:
    from rota.pool.headroom import Headroom


def _share(_ctx: click.Context, _param: click.Parameter, text: str) -> float:
    """`10%`, `10` or `0.1` as 0.1."""
    try:
        number = float(text.strip().removesuffix("%"))
    except ValueError:
        raise click.BadParameter(f"{text} is not a share; write 10% or 0.1.") from None
    share = number / 100 if text.strip().endswith("%") or number > 1 else number
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{text} is not between 0% and 100%.")
    return share


@click.command("guard", epilog="Example: rota guard --min 20% --model sonnet && run-the-nightly-agent")
@click.option("--min", "least", callback=_share, default="10%", show_default=True, help="Room an account must have.")
@click.option("-m", "--model", shell_complete=complete_models, help="Room for this model; `provider/…` says whose.")
@JSON
def command(least: float, model: str | None, as_json: bool) -> None:
    """Exit 0 when some account has room now, 4 when none has (the wait is printed), 3 when none is set up.

    Room that is not known counts as room.
    """
    from rota.pool.headroom import find_headroom
    from rota_tui.cli import reading

    reading.briefly()
    snapshot, now = reading.snapshot(), time.time()
    provider, _, name = (model or "").partition("/")
    if provider not in (*OWN, *(s.account.provider for s in snapshot.listed())):
        provider, name = "", model or ""
    found = find_headroom(
        snapshot, reading.rules(), model=name or None, provider=provider or None, least=least, now=now
    )
    if as_json:
        from rota.documents import guard_document
        from rota_tui.cli.printing import echo_json

        echo_json(guard_document(found, least, model))
    else:
        _say(found, now)
    if not found.room:
        sys.exit(EXIT_NOT_CONFIGURED if found.nobody else EXIT_ALL_COOLING)


def _say(found: Headroom, now: float) -> None:
    from rota_tui.formatting import percent, when
    from rota_tui.pieces import clean

    if found.room:
        left = "room unknown" if found.share is None else f"{percent(found.share)} left"
        click.echo(f"{clean(found.label or '')}: {left}")
    elif found.nobody:
        click.echo(f"rota: {found.why}", err=True)
        click.echo("      Add an account with `rota login`, or sign in again.", err=True)
    else:
        from rota_tui.cli.terminal import look

        back = f" The first is back in {when(found.back_at, now, look().locale)}." if found.back_at else ""
        click.echo(f"rota: {found.why}{back}", err=True)
