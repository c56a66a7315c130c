"""Commands that change one thing about accounts: use, pin, unpin, enable, disable, label, reorder, reserve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rota_tui.cli.completing import accounts as complete_accounts
from rota_tui.cli.options import JSON
from rota_tui.cli.provider_names import ProviderName

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rota.accounts import Accounts
    from rota.engine import Engine
    from rota.snapshot import AccountState, Snapshot

    Done = tuple[tuple[str, ...], str]
    """The ids of the accounts it was about, and what is so now in words."""

ONE = click.argument("account", shell_complete=complete_accounts)
SEVERAL = click.argument("account", nargs=-1, required=True, shell_complete=complete_accounts)


def _run(work: Callable[[Engine, Accounts], Awaitable[Done]], *, as_json: bool) -> None:
    """Open rota, do it, say what is so now."""
    import asyncio

    from rota_tui.cli.opening import opened

    async def run() -> str:
        async with opened() as engine:
            before = engine.snapshot
            ids, said = await work(engine, await engine.accounts())
            return _as_json(engine, ids, before) if as_json else said

    click.echo(asyncio.run(run()))


def _as_json(engine: Engine, ids: tuple[str, ...], before: Snapshot) -> str:
    from rota.change_documents import change_document
    from rota_tui.cli.printing import as_text
    from rota_tui.cli.reading import accounts_as_json

    now = engine.clock.now()
    was, is_now = (accounts_as_json(snapshot, now) for snapshot in (before, engine.snapshot))
    return as_text(change_document(ids, was, is_now))


def _each(
    names: tuple[str, ...], do: Callable[[Accounts, AccountState], Awaitable[Any]], said: str, *, as_json: bool
) -> None:
    """Do it to each account; all names are looked up before the first is touched."""

    async def work(engine: Engine, accounts: Accounts) -> Done:
        from rota_tui.cli.opening import named
        from rota_tui.pieces import clean

        found = named(engine, names)
        for state in found:
            await do(accounts, state)
        return tuple(state.id for state in found), "\n".join(f"{clean(s.account.label)} {said}" for s in found)

    _run(work, as_json=as_json)


@click.command("use", epilog="Example: rota use work-2")
@ONE
@JSON
def use(account: str, as_json: bool) -> None:
    """Let ACCOUNT serve its provider's new sessions. A: label, email, number, or the start of label or id."""
    _each((account,), lambda accounts, state: accounts.use(state.id), "serves new sessions.", as_json=as_json)


@click.command("pin", epilog="Example: rota pin work-2")
@ONE
@JSON
def pin(account: str, as_json: bool) -> None:
    """Let only ACCOUNT serve its provider, until `rota unpin`."""
    _each(
        (account,),
        lambda accounts, state: accounts.pin(state.id),
        "is pinned: it alone serves its provider.",
        as_json=as_json,
    )


@click.command("unpin", epilog="Examples: `rota unpin` · `rota unpin anthropic`")
@click.argument("provider", required=False, type=ProviderName())
@JSON
def unpin(provider: str | None, as_json: bool) -> None:
    """Let every account of PROVIDER serve again; of all providers without one."""

    async def work(engine: Engine, accounts: Accounts) -> Done:
        from rota_tui.wording import provider_name

        pinned = sorted((p, c.account_id) for p, c in engine.snapshot.pinned.items() if c.account_id is not None)
        wanted = {name: account_id for name, account_id in pinned if provider in (None, name)}
        for name in wanted:
            await accounts.unpin(name)
        said = [f"{provider_name(name)} is unpinned: every account may serve." for name in wanted]
        return tuple(wanted.values()), "\n".join(said) or "Nothing is pinned."

    _run(work, as_json=as_json)


@click.command("enable", epilog="Example: rota enable work-2 carol")
@SEVERAL
@JSON
def enable(account: tuple[str, ...], as_json: bool) -> None:
    """Turn accounts on."""
    _each(account, lambda accounts, state: accounts.enable(state.id), "is on.", as_json=as_json)


@click.command("disable", epilog="Example: rota disable work-2")
@SEVERAL
@JSON
def disable(account: tuple[str, ...], as_json: bool) -> None:
    """Turn accounts off: they keep their login and serve nothing."""
    _each(account, lambda accounts, state: accounts.disable(state.id), "is off.", as_json=as_json)


@click.command("label", epilog="Example: rota label 2 'work max'")
@ONE
@click.argument("label")
@JSON
def label(account: str, label: str, as_json: bool) -> None:
    """Name ACCOUNT; a name that is taken gets a number."""
    from rota.errors import UsageError

    if not label.strip():
        raise UsageError("A label cannot be empty.")

    async def work(engine: Engine, accounts: Accounts) -> Done:
        from rota_tui.pieces import clean

        state = engine.find(account)
        now = await accounts.label(state.id, label)
        return (state.id,), f"{clean(state.account.label)} is called {clean(now)} now."

    _run(work, as_json=as_json)


@click.command("reorder", epilog="Examples: `rota reorder carol up` · `rota reorder carol to 1`")
@ONE
@click.argument("where", type=click.Choice(["up", "down", "to"]))
@click.argument("place", required=False, type=click.IntRange(1))
@JSON
def reorder(account: str, where: str, place: int | None, as_json: bool) -> None:
    """Move ACCOUNT in the list: up or down by one (or by PLACE), or `to` a PLACE counted from 1."""
    if where == "to" and place is None:
        raise click.UsageError("Say which place: `rota reorder carol to 1`.")

    async def work(engine: Engine, accounts: Accounts) -> Done:
        from rota_tui.pieces import clean

        state = engine.find(account)
        ids = [s.id for s in engine.snapshot.listed()]
        now = ids.index(state.id)
        steps = {"up": -(place or 1), "down": place or 1, "to": (place or 1) - 1 - now}[where]
        await accounts.move(state.id, steps)
        number = [s.id for s in engine.snapshot.listed()].index(state.id) + 1
        return (state.id,), f"{clean(state.account.label)} is number {number} of {len(ids)}."

    _run(work, as_json=as_json)


@click.command("reserve", epilog="Examples: `rota reserve work-3` · `rota reserve work-3 --off`")
@SEVERAL
@click.option("--off", is_flag=True, help="Take it back in.")
@JSON
def reserve(account: tuple[str, ...], off: bool, as_json: bool) -> None:
    """Hold accounts out: they serve only when nothing else can."""
    said = "is back from reserve." if off else "is held in reserve."
    _each(account, lambda accounts, state: accounts.reserve(state.id, not off), said, as_json=as_json)
