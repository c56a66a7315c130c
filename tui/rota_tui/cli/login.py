"""`rota login`: add a key or a token after the provider has said whose it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rota.secret import Secret

_HOW = {
    "anthropic": "an API key from https://platform.claude.com/settings/keys",
    "puter": "a token from https://puter.com/?action=copyauth",
}


@click.command("login", epilog="Example: pass show anthropic | rota login anthropic --api-key --label work")
@click.argument("provider", type=click.Choice(["anthropic", "puter"]))
@click.option("--api-key", "how", flag_value="api-key", help="Add an Anthropic API key.")
@click.option("--token", "how", flag_value="token", help="Add a Puter token that you copied.")
@click.option("--label", help="What to call the account.")
def command(provider: str, how: str | None, label: str | None) -> None:
    """Add an account. The secret comes from a prompt without echo or from standard input, never from arguments."""
    expected = "api-key" if provider == "anthropic" else "token"
    if how is None:
        how = expected
    if how != expected:
        raise click.UsageError(f"{provider} takes --{expected}, not --{how}.")

    import asyncio

    from rota.secret import Secret

    typed = _read_secret(provider)
    if not typed:
        raise click.UsageError(f"Nothing was given; rota wants {_HOW[provider]}.")
    added = asyncio.run(_add(provider, Secret(typed), label))
    click.echo(added)


def _read_secret(provider: str) -> str:
    if sys.stdin.isatty():
        value: str = click.prompt(f"Paste {_HOW[provider]} (not shown)", hide_input=True, err=True)
        return value.strip()
    return sys.stdin.read(65_536).strip()


async def _add(provider: str, secret: Secret, label: str | None) -> str:
    import rota
    from rota.account import Kind

    kind = Kind.API_KEY if provider == "anthropic" else Kind.PUTER
    async with rota.open() as engine:
        added = await engine.add_secret(provider, kind, secret, label=label)
        vault = engine.vault_kind
    verb = "Renewed" if added.renewed else "Added"
    who = ", ".join(x for x in (added.identity.email or added.identity.name, added.identity.plan) if x)
    return f"{verb} {added.label}{f' ({who})' if who else ''}. Its secret is in the {vault} vault."
