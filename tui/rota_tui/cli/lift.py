"""`rota lift`: end a cooldown now, of an account or of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rota_tui.cli.completing import accounts as complete_accounts
from rota_tui.cli.completing import models as complete_models
from rota_tui.cli.options import JSON
from rota_tui.cli.provider_names import OWN

if TYPE_CHECKING:
    from rota.engine import Engine
    from rota.snapshot import AccountState, Hold


@click.command("lift", epilog="Examples: `rota lift work-2` · `rota lift --model puter/gpt-5-nano`")
@click.argument("account", required=False, shell_complete=complete_accounts)
@click.option(
    "-m",
    "--model",
    shell_complete=complete_models,
    help="Only the hold on this model: on ACCOUNT, or for everybody as `provider/model`.",
)
@JSON
def command(account: str | None, model: str | None, as_json: bool) -> None:
    """End the cooldown of ACCOUNT now; if the provider still refuses, it cools again."""
    if account is None and model is None:
        raise click.UsageError("Say which account or, with --model, which model.")

    import asyncio

    click.echo(asyncio.run(_lift(account, model, as_json=as_json)))


async def _lift(account: str | None, model: str | None, *, as_json: bool) -> str:
    from rota_tui.cli.opening import opened
    from rota_tui.cli.terminal import look
    from rota_tui.holds import lifted
    from rota_tui.pieces import clean

    async with opened() as engine:
        state = engine.find(account) if account is not None else None
        if state is not None:
            what, held = await _from_account(engine, state, model)
        else:
            what, held = await _from_everybody(engine, model or "")
        if as_json:
            return _as_json(engine, state.id if state is not None else None, model, held)
        if held is None:
            return f"{clean(what)} was not held."
        states = [engine.snapshot.accounts[state.id]] if state is not None else []
        return lifted(clean(what), states, engine.clock.now(), look().locale.tz)


async def _from_account(engine: Engine, state: AccountState, model: str | None) -> tuple[str, Hold | None]:
    """What was lifted, and the hold that was on it."""
    now, label = engine.clock.now(), state.account.label
    if model is None:
        held = state.held(now)
        what = label
    else:
        model = model.removeprefix(f"{state.account.provider}/")
        hold = state.model_holds.get(model)
        held = hold if hold is not None and hold.active(now) else None
        what = f"{model} on {label}"
    await (await engine.accounts()).lift(state.id, model)
    return what, held


async def _from_everybody(engine: Engine, model: str) -> tuple[str, Hold | None]:
    provider, _, name = model.partition("/")
    if not name or provider not in (*OWN, *(s.account.provider for s in engine.snapshot.listed())):
        raise click.UsageError("Name the model as `provider/model`, such as puter/gpt-5-nano.")
    held = engine.snapshot.model_hold(provider, name, engine.clock.now())
    await (await engine.accounts()).lift_model(provider, name)
    return name, held


def _as_json(engine: Engine, account_id: str | None, model: str | None, held: Hold | None) -> str:
    from rota.change_documents import lift_document
    from rota_tui.cli.printing import as_text
    from rota_tui.cli.reading import accounts_as_json

    now = engine.clock.now()
    listed = accounts_as_json(engine.snapshot, now)["accounts"]
    account = next((each for each in listed if each["id"] == account_id), None)
    return as_text(lift_document(account, model, held, now))
