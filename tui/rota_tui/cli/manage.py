"""Commands that change one thing about accounts: use, pin, unpin, enable, disable, label, reorder, reserve, lift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rota_tui.cli.completing import accounts as complete_accounts
from rota_tui.cli.provider_names import OWN, ProviderName

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rota.accounts import Accounts
    from rota.engine import Engine
    from rota.snapshot import AccountState

ONE = click.argument("account", shell_complete=complete_accounts)
SEVERAL = click.argument("account", nargs=-1, required=True, shell_complete=complete_accounts)


def _run(work: Callable[[Engine, Accounts], Awaitable[str]]) -> None:
    """Open rota, do it, say what is so now."""
    import asyncio

    from rota_tui.cli.opening import opened

    async def run() -> str:
        async with opened() as engine:
            return await work(engine, await engine.accounts())

    click.echo(asyncio.run(run()))


def _each(names: tuple[str, ...], do: Callable[[Accounts, AccountState], Awaitable[Any]], said: str) -> None:
    """Do it to each account; all names are looked up before the first is touched."""

    async def work(engine: Engine, accounts: Accounts) -> str:
        from rota_tui.cli.opening import named
        from rota_tui.pieces import clean

        found = named(engine, names)
        for state in found:
            await do(accounts, state)
        return "\n".join(f"{clean(state.account.label)} {said}" for state in found)

    _run(work)


@click.command("use", epilog="Example: rota use work-2")
@ONE
def use(account: str) -> None:
    """Let ACCOUNT serve its provider's new sessions. A: label, email, number, or the start of label or id."""
    _each((account,), lambda accounts, state: accounts.use(state.id), "serves new sessions.")


@click.command("pin", epilog="Example: rota pin work-2")
@ONE
def pin(account: str) -> None:
    """Let only ACCOUNT serve its provider, until `rota unpin`."""
    _each((account,), lambda accounts, state: accounts.pin(state.id), "is pinned: it alone serves its provider.")


@click.command("unpin", epilog="Examples: `rota unpin` · `rota unpin anthropic`")
@click.argument("provider", required=False, type=ProviderName())
def unpin(provider: str | None) -> None:
    """Let every account of PROVIDER serve again; of all providers without one."""

    async def work(engine: Engine, accounts: Accounts) -> str:
        from rota_tui.wording import provider_name

        pinned = [p for p, choice in engine.snapshot.pinned.items() if choice.account_id is not None]
        wanted = sorted(p for p in pinned if provider in (None, p))
        for name in wanted:
            await accounts.unpin(name)
        if not wanted:
            return "Nothing is pinned."
        return "\n".join(f"{provider_name(name)} is unpinned: every account may serve." for name in wanted)

    _run(work)


@click.command("enable", epilog="Example: rota enable work-2 carol")
@SEVERAL
def enable(account: tuple[str, ...]) -> None:
    """Turn accounts on."""
    _each(account, lambda accounts, state: accounts.enable(state.id), "is on.")


@click.command("disable", epilog="Example: rota disable work-2")
@SEVERAL
def disable(account: tuple[str, ...]) -> None:
    """Turn accounts off: they keep their login and serve nothing."""
    _each(account, lambda accounts, state: accounts.disable(state.id), "is off.")


@click.command("label", epilog="Example: rota label 2 'work max'")
@ONE
@click.argument("label")
def label(account: str, label: str) -> None:
    """Name ACCOUNT; a name that is taken gets a number."""
    from rota.errors import UsageError

    if not label.strip():
        raise UsageError("A label cannot be empty.")

    async def work(engine: Engine, accounts: Accounts) -> str:
        from rota_tui.pieces import clean

        state = engine.find(account)
        now = await accounts.label(state.id, label)
        return f"{clean(state.account.label)} is called {clean(now)} now."

    _run(work)


@click.command("reorder", epilog="Examples: `rota reorder carol up` · `rota reorder carol to 1`")
@ONE
@click.argument("where", type=click.Choice(["up", "down", "to"]))
@click.argument("place", required=False, type=click.IntRange(1))
def reorder(account: str, where: str, place: int | None) -> None:
    """Move ACCOUNT in the list: up or down by one (or by PLACE), or `to` a PLACE counted from 1."""
    if where == "to" and place is None:
        raise click.UsageError("Say which place: `rota reorder carol to 1`.")

    async def work(engine: Engine, accounts: Accounts) -> str:
        from rota_tui.pieces import clean

        state = engine.find(account)
        ids = [s.id for s in engine.snapshot.listed()]
        now = ids.index(state.id)
        steps = {"up": -(place or 1), "down": place or 1, "to": (place or 1) - 1 - now}[where]
        await accounts.move(state.id, steps)
        number = [s.id for s in engine.snapshot.listed()].index(state.id) + 1
        return f"{clean(state.account.label)} is number {number} of {len(ids)}."

    _run(work)


@click.command("reserve", epilog="Examples: `rota reserve work-3` · `rota reserve work-3 --off`")
@SEVERAL
@click.option("--off", is_flag=True, help="Take it back in.")
def reserve(account: tuple[str, ...], off: bool) -> None:
    """Hold accounts out: they serve only when nothing else can."""
    said = "is back from reserve." if off else "is held in reserve."
    _each(account, lambda accounts, state: accounts.reserve(state.id, not off), said)


@click.command("lift", epilog="Examples: `rota lift work-2` · `rota lift --model puter/gpt-5-nano`")
@click.argument("account", required=False, shell_complete=complete_accounts)
@click.option("-m", "--model", help="Only the hold on this model: on ACCOUNT, or for everybody as `provider/model`.")
def lift(account: str | None, model: str | None) -> None:
    """End the cooldown of ACCOUNT now; if the provider still refuses, it cools again."""
    if account is None and model is None:
        raise click.UsageError("Say which account or, with --model, which model.")

    async def work(engine: Engine, accounts: Accounts) -> str:
        from rota_tui.pieces import clean

        now = engine.clock.now()
        if account is not None:
            state = engine.find(account)
            held = state.held(now) if model is None else state.model_holds.get(model)
            await accounts.lift(state.id, model)
            what = clean(state.account.label) if model is None else f"{clean(model)} on {clean(state.account.label)}"
            return f"{what} is back." if held is not None else f"{what} was not held."
        provider, _, name = (model or "").partition("/")
        if not name or provider not in (*OWN, *(s.account.provider for s in engine.snapshot.listed())):
            raise click.UsageError("Name the model as `provider/model`, such as puter/gpt-5-nano.")
        held = engine.snapshot.model_hold(provider, name, now)
        await accounts.lift_model(provider, name)
        return f"{clean(name)} is back." if held is not None else f"{clean(name)} was not held."

    _run(work)
