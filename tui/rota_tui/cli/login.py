"""`rota login`: a browser sign-in, an API key or a token, kept after the provider has said whose it is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import click

from rota_tui.cli.prompting import confirm, secret
from rota_tui.cli.provider_names import ProviderName

if TYPE_CHECKING:
    from rota.accounts import Added
    from rota.engine import Engine

LARGEST = 65_536
"""Bytes read from standard input; no key or token is longer."""


class Way(StrEnum):
    """How to sign in."""

    API_KEY = "api-key"
    SUBSCRIPTION = "subscription"
    TOKEN = "token"
    BROWSER = "browser"


WAYS = {
    "anthropic": {
        Way.API_KEY: "An API key of the Console (for everything; the default)",
        Way.SUBSCRIPTION: "A Claude subscription, in the browser (to watch and test)",
    },
    "puter": {
        Way.BROWSER: "In the browser (the default)",
        Way.TOKEN: "A token that you copied from Puter",
    },
}
OTHERS = {Way.API_KEY: "An API key"}
"""The ways of providers that other packages register."""
SECRETS = {
    Way.API_KEY: "an API key from https://platform.claude.com/settings/keys",
    Way.TOKEN: "a token from https://puter.com/?action=copyauth",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    provider: str
    way: Way
    label: str | None
    open_browser: bool
    sure: bool
    """Whether everything that would be asked is answered with yes."""
    as_json: bool


@click.command(
    "login",
    epilog="Examples: `rota login puter` · `pass show anthropic | rota login anthropic --api-key --label work`",
)
@click.argument("provider", type=ProviderName())
@click.option("--api-key", "way", flag_value="api-key", help="Add an API key (not Puter).")
@click.option("--subscription", "way", flag_value="subscription", help="Anthropic: sign in to a Claude subscription.")
@click.option("--token", "way", flag_value="token", help="Puter: add a token that you copied.")
@click.option("--label", help="What to call the account.")
@click.option("--no-browser", is_flag=True, help="Open none: show the address, and take what its page shows.")
@click.option("--yes", is_flag=True, help="Agree to the notice about subscriptions, and ask nothing.")
@click.option(
    "--json", "as_json", is_flag=True, help="One versioned JSON object: the account, and whether it is renewed."
)
def command(provider: str, way: str | None, label: str | None, no_browser: bool, yes: bool, as_json: bool) -> None:
    """Add an account of PROVIDER, or renew the one that it turns out to be.

    Keys and tokens come from a prompt without echo or from standard input, never from arguments.
    """
    chosen = _way(provider, way, browser=no_browser or yes)
    wish = Wish(provider, chosen, label, not no_browser, yes, as_json)

    import asyncio

    while True:
        click.echo(asyncio.run(_sign_in(wish)))
        if yes or as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return
        if not click.confirm("Add another?", default=False, err=True):
            return
        wish = Wish(provider, _way(provider, way, browser=False), None, not no_browser, yes, as_json)


def _way(provider: str, way: str | None, *, browser: bool) -> Way:
    """How to sign in: as said, as asked on a terminal, else a secret on standard input."""
    offered = WAYS.get(provider, OTHERS)
    ways = list(offered)
    if way is not None:
        if Way(way) not in ways:
            raise click.UsageError(f"{provider} takes {' or '.join(f'--{w}' for w in ways if w != 'browser')}.")
        return Way(way)
    if browser and offered is not OTHERS:
        return Way.BROWSER if provider == "puter" else Way.SUBSCRIPTION
    if len(ways) == 1 or not sys.stdin.isatty():
        return next(w for w in ways if w in SECRETS)
    for number, text in enumerate(offered.values(), 1):
        click.echo(f"  {number}  {text}", err=True)
    number = click.prompt("Sign in with", type=click.IntRange(1, len(ways)), default=1, err=True)
    return ways[number - 1]


async def _sign_in(wish: Wish) -> str:
    from rota_tui.cli.opening import opened

    typed = _read_secret(wish) if wish.way in SECRETS else None
    if wish.way is Way.SUBSCRIPTION:
        _agree(wish)
    async with opened() as engine:
        if typed is not None:
            added = await _add(engine, wish, typed)
        else:
            from rota_tui.cli.login_browser import by_browser

            added = await by_browser(engine, wish.provider, label=wish.label, open_browser=wish.open_browser)
        vault = engine.vault_kind or ""
        if wish.as_json:
            return _as_json(added, wish.provider, vault)
        return _told(added, vault)


def _read_secret(wish: Wish) -> str:
    wanted = SECRETS[wish.way] if wish.provider in WAYS else f"an API key of {wish.provider}"
    value = secret(wanted) if sys.stdin.isatty() else sys.stdin.read(LARGEST)
    if not value.strip():
        raise click.UsageError(f"Nothing was given; rota wants {wanted}.")
    return value.strip()


def _agree(wish: Wish) -> None:
    """The notice about subscriptions, and the person's yes."""
    from textwrap import fill

    from rota.login.anthropic import NOTICE

    click.echo(fill(NOTICE, 78), err=True)
    if wish.sure:
        return
    otherwise = "This needs your yes: say --yes once you have read the notice above."
    confirm("Sign in to a subscription?", otherwise=otherwise)


async def _add(engine: Engine, wish: Wish, typed: str) -> Added:
    from rota.account import Kind
    from rota.secret import Secret
    from rota_tui.cli.progress import working

    kind = Kind.API_KEY if wish.way is Way.API_KEY else Kind.PUTER
    async with working("asking whose it is"):
        return await engine.add_secret(wish.provider, kind, Secret(typed), label=wish.label)


def _as_json(added: Added, provider: str, vault: str) -> str:
    from rota.documents import added_document
    from rota_tui.cli.printing import as_text

    return as_text(added_document(added, provider, vault))


def _told(added: Added, vault: str) -> str:
    from rota_tui.pieces import clean
    from rota_tui.wording import organization_name

    verb = "Renewed" if added.renewed else "Added"
    identity = added.identity
    organization = organization_name(identity.organization, identity.email)
    known = (identity.email or identity.name, identity.plan, organization)
    who = ", ".join(clean(part) for part in known if part)
    gate = f"\n{clean(identity.gate)}" if identity.gate else ""
    return f"{verb} {clean(added.label)}{f' ({who})' if who else ''}. Its secret is in the {vault} vault.{gate}"
