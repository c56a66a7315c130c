"""`rota models`: the catalogue of all providers, searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rota_tui.cli.options import JSON
from rota_tui.cli.provider_names import ProviderName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.providers.base import Model
    from rota_tui.pieces import Line


@click.command("models", epilog="Examples: `rota models sonnet` · `rota models --free --json | jq -r '.models[].id'`")
@click.argument("query", nargs=-1)
@click.option("--free", is_flag=True, help="Only those that cost nothing.")
@click.option("-p", "--provider", type=ProviderName(), help="Only this provider's.")
@click.option("--refresh", is_flag=True, help="Fetch the lists anew.")
@JSON
def command(query: tuple[str, ...], free: bool, provider: str | None, refresh: bool, as_json: bool) -> None:
    """List models whose id, name or vendor holds every word of QUERY. Prices are US dollars per million tokens."""
    import asyncio

    models, problems = asyncio.run(_catalogue(refresh))
    words = " ".join(query).casefold().split()
    found = [
        model
        for model in models
        if provider in (None, model.provider) and (model.free or not free) and _holds(model, words)
    ]
    if as_json:
        from rota.documents import models_document
        from rota_tui.cli.printing import echo_json

        echo_json(models_document(found, problems))
        return
    for name, problem in problems.items():
        click.echo(f"rota: {name}'s list could not be fetched: {problem}", err=True)
    if not found:
        click.echo("No model fits." if models else "There is no list of models yet.", err=True)
        return
    from rota_tui.cli.terminal import look, rendered

    click.echo(rendered(_lines(found), look()))


async def _catalogue(refresh: bool) -> tuple[tuple[Model, ...], dict[str, str]]:
    from rota.errors import NothingConfigured
    from rota_tui.cli.opening import opened
    from rota_tui.cli.progress import working

    async with opened() as engine:
        if not engine.snapshot.listed():
            raise NothingConfigured("The models come from your providers, and there is no account yet.")
        async with working("fetching the lists of models"):
            models = await engine.models(refresh=refresh)
        return models, dict((await engine.services()).catalogue.problems)


def _holds(model: Model, words: Sequence[str]) -> bool:
    text = " ".join((model.provider, model.id, model.name, model.vendor or "", *model.aliases)).casefold()
    return all(word in text for word in words)


def _lines(models: Sequence[Model]) -> list[Line]:
    from rota_tui.cli.terminal import columns
    from rota_tui.formatting import count
    from rota_tui.pieces import Piece, Tone, clean

    def price(usd: float | None) -> str:
        return "?" if usd is None else f"{usd:g}"

    rows = [[Piece(t, Tone.QUIET) for t in ("model", "context", "output", "$in", "$out", "")]]
    for model in models:
        marks = [
            name
            for name, has in (
                ("free", model.free),
                ("tools", model.tools),
                ("vision", model.vision),
                ("reasoning", model.reasoning),
                ("paid only", model.paid_only),
            )
            if has
        ]
        rows.append(
            [
                Piece(clean(f"{model.provider}/{model.id}"), Tone.NAME),
                Piece("?" if model.context is None else count(model.context)),
                Piece("?" if model.max_output is None else count(model.max_output)),
                Piece(price(model.input_usd)),
                Piece(price(model.output_usd)),
                Piece(", ".join(marks), Tone.OK if model.free else Tone.QUIET),
            ]
        )
    return columns(rows, right=frozenset({1, 2, 3, 4}))
