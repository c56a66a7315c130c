"""`rota stats`: latency, speed and errors per model."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from rota_tui.cli import EXIT_FAILED
from rota_tui.cli.completing import models as complete_models
from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.stats import ModelStats
    from rota_tui.pieces import Line

REACH = 20_000
"""Requests looked at: enough for the last 200 of every model that is in use."""


@click.command("stats", epilog="Examples: `rota stats` · `rota stats sonnet --json`")
@click.argument("model", required=False, shell_complete=complete_models)
@JSON
def command(model: str | None, as_json: bool) -> None:
    """Show latency, speed and errors of each MODEL (or of those whose name holds the word) from the log."""
    from rota.stats import KINDS, per_model
    from rota_tui.cli import reading

    with reading.reading() as log:
        events = log.recent(REACH, kinds=KINDS) if log is not None else []
    wanted = (model or "").casefold()
    most = _samples()
    found = [s for s in per_model(events, most=most) if wanted in f"{s.provider}/{s.model}".casefold()]
    if as_json:
        from rota.documents import stats_document
        from rota_tui.cli.printing import echo_json

        echo_json(stats_document(found, time.time()))
        return
    if not found:
        about = f" by a model called {model}" if model else ""
        click.echo(f"No request was served{about} yet.", err=True)
        sys.exit(EXIT_FAILED if model else 0)
    from rota_tui.cli.terminal import look, rendered

    here = look()
    click.echo(rendered(_lines(found, time.time(), None if here.wide else here.width), here))


def _samples() -> int:
    import os

    from rota.config import peek
    from rota_tui.cli.reading import home

    return int(peek(home(), os.environ, "stats.max_samples"))


def _lines(stats: Sequence[ModelStats], now: float, width: int | None) -> list[Line]:
    from rota_tui.cli.terminal import columns
    from rota_tui.formatting import ago, count, percent, usd
    from rota_tui.pieces import Piece, Tone, clean

    def seconds(value: float | None) -> str:
        return "–" if value is None else f"{value:.1f}s"

    titles = ("model", "answers", "errors", "p50", "p95", "first", "tok/s", "tokens", "cost", "last")
    rows = [[Piece(title, Tone.QUIET) for title in titles]]
    for s in stats:
        errors = f"{s.errors} ({percent(s.error_rate)})" if s.errors else "0"
        rows.append(
            [
                Piece(clean(f"{s.provider}/{s.model}"), Tone.NAME),
                Piece(count(s.requests)),
                Piece(errors, Tone.LOW if s.errors else Tone.PLAIN),
                Piece(seconds(s.latency_p50)),
                Piece(seconds(s.latency_p95)),
                Piece(seconds(s.first_token_p50)),
                Piece("–" if s.tokens_per_second is None else f"{s.tokens_per_second:.0f}"),
                Piece(f"{count(s.input_tokens)}+{count(s.output_tokens)}"),
                Piece("–" if s.cost_usd is None else usd(s.cost_usd)),
                Piece(ago(s.last_at, now), Tone.QUIET),
            ]
        )
    spare = [titles.index(title) for title in ("last", "p95", "first", "tokens", "tok/s")]
    return columns(rows, right=frozenset(range(1, 9)), width=width, spare=spare)
