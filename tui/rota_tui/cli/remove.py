"""`rota remove`: forget accounts, after asking, and say what stays at the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rota_tui.cli.completing import accounts as complete_accounts
from rota_tui.cli.options import JSON
from rota_tui.cli.prompting import confirm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.accounts import Removed
    from rota.engine import Engine
    from rota.snapshot import AccountState, Snapshot


@click.command("remove", epilog="Examples: `rota remove work-2` · `rota remove --all --yes`")
@click.argument("account", nargs=-1, shell_complete=complete_accounts)
@click.option("--all", "everything", is_flag=True, help="Every account: log out everywhere.")
@click.option("--purge", is_flag=True, help="Forget their history too; else it stays without a name.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
def command(account: tuple[str, ...], everything: bool, purge: bool, yes: bool, as_json: bool) -> None:
    """Remove accounts and delete their secrets. Nothing is changed at the provider."""
    if bool(account) == everything:
        raise click.UsageError("Name the accounts, or say --all.")

    import asyncio

    asyncio.run(_remove(account, purge=purge, yes=yes, as_json=as_json))


async def _remove(names: tuple[str, ...], *, purge: bool, yes: bool, as_json: bool) -> None:
    from rota.errors import NothingConfigured
    from rota_tui.cli.opening import named, opened

    async with opened() as engine:
        states = named(engine, names) if names else engine.snapshot.listed()
        if not states:
            raise NothingConfigured("There is no account to remove.")
        if not yes:
            _ask(states, purge=purge)
        before = engine.snapshot
        removed = await engine.remove([state.id for state in states], purge=purge)
        if as_json:
            _echo_json(engine, removed, before, purged=purge)
            return
        for gone in removed:
            click.echo(f"Removed {gone.label}; its secret is deleted. {gone.remains}")
            if gone.url:
                click.echo(f"  {gone.url}")
        for provider in sorted({state.account.provider for state in states}):
            active = engine.snapshot.active.get(provider)
            heir = engine.snapshot.account(active.account_id) if active and active.account_id else None
            if heir is not None:
                click.echo(f"{heir.account.label} serves new sessions now.")


def _echo_json(engine: Engine, removed: Sequence[Removed], before: Snapshot, *, purged: bool) -> None:
    from rota.change_documents import remove_document
    from rota_tui.cli.printing import echo_json
    from rota_tui.cli.reading import accounts_as_json

    were = accounts_as_json(before, engine.clock.now())
    echo_json(remove_document(removed, were, engine.snapshot, purged=purged))


def _ask(states: list[AccountState], *, purge: bool) -> None:
    """Say what goes and ask; no is an interruption."""
    from rota_tui.pieces import clean

    click.echo("These accounts would be removed, and their secrets deleted:", err=True)
    for state in states:
        account = state.account
        beside = f" ({clean(account.email)})" if account.email and account.email != account.label else ""
        click.echo(f"  {clean(account.label)}{beside}", err=True)
    history = "Their history goes too." if purge else "Their history stays, without their names."
    confirm(f"{history} Remove?", otherwise="Removing is asked about first; without a terminal say --yes.")
