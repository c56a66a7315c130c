"""`rota gateway`: who serves, and the keys that let programs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rota_tui.cli import NamingGroup
from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rota.gateway.keys import Keys
    from rota.secret import Secret
    from rota.snapshot import Snapshot


@click.group("gateway", cls=NamingGroup, epilog="Example: export OPENAI_API_KEY=$(rota gateway key)")
def command() -> None:
    """Show the local endpoint, and make or revoke its keys."""


@command.command("status", epilog="Example: rota gateway status --json | jq -r '.gateways[].url'")
@JSON
def status(as_json: bool) -> None:
    """Show who serves where, and the keys."""
    from rota_tui.cli import reading

    document = _document(reading.snapshot())
    if as_json:
        from rota_tui.cli.printing import echo_json

        echo_json(document)
        return
    for gateway in document["gateways"]:
        click.echo(f"{gateway['url']}/v1 (process {gateway['pid']})")
    if not document["gateways"]:
        click.echo("Nobody serves; start with `rota serve`, or with g in the app.")
    for key in document["keys"]:
        click.echo(_line(key))


@command.group(
    "key", cls=NamingGroup, invoke_without_command=True, epilog="Example: rota gateway key add ci --models 'puter/*'"
)
@JSON
@click.pass_context
def key(ctx: click.Context, as_json: bool) -> None:
    """Show the default key; make, list and revoke others."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"Say --json at the end: `rota gateway key {ctx.invoked_subcommand} --json`.")


@key.command("show", epilog="Example: rota gateway key show ci")
@click.argument("name", default="default")
@JSON
def show(name: str = "default", as_json: bool = False) -> None:
    """Print a key: the default one, which is made at its first use, or the one called NAME."""

    async def work(keys: Keys) -> Secret:
        from rota.gateway.keys import DEFAULT

        return await keys.default() if name == DEFAULT else await keys.get(name)

    click.echo(_with_keys(name, work, as_json=as_json))


def _share(_ctx: click.Context, _param: click.Parameter, text: str | None) -> float | None:
    """`30%` or `0.3` as 0.3."""
    if text is None:
        return None
    try:
        number = float(text.strip().removesuffix("%"))
    except ValueError:
        raise click.BadParameter(f"{text} is not a share; write 30% or 0.3.") from None
    share = number / 100 if text.strip().endswith("%") else number
    if not 0 < share <= 1:
        raise click.BadParameter(f"{text} is not between 0% and 100%.")
    return share


@key.command("add", epilog="Example: rota gateway key add ci --models 'puter/*' --max-share 30%")
@click.argument("name")
@click.option(
    "--models", multiple=True, metavar="GLOB", help="Models it may ask for; may be said again. All, if never."
)
@click.option("--max-share", callback=_share, metavar="SHARE", help="Of the last hour's requests at most: 30%.")
@JSON
def add(name: str, models: tuple[str, ...], max_share: float | None, as_json: bool) -> None:
    """Make a key called NAME and print it."""

    async def work(keys: Keys) -> Secret:
        return await keys.add(name, models=models, max_share=max_share)

    click.echo(_with_keys(name, work, as_json=as_json))


@key.command("list", epilog="Example: rota gateway key list --json")
@JSON
def list_keys(as_json: bool) -> None:
    """List the keys and their rules; not the keys themselves."""
    from rota_tui.cli import reading

    document = _document(reading.snapshot())
    if as_json:
        from rota_tui.cli.printing import echo_json

        echo_json({"schema": document["schema"], "keys": document["keys"]})
        return
    for each in document["keys"]:
        click.echo(_line(each))
    if not document["keys"]:
        click.echo("There is no key yet; `rota gateway key` makes the default one.")


@key.command("revoke", epilog="Example: rota gateway key revoke ci")
@click.argument("name")
@JSON
def revoke(name: str, as_json: bool) -> None:
    """End the key called NAME, at once and for every running gateway."""

    async def work(keys: Keys) -> None:
        await keys.revoke(name)

    click.echo(_with_keys(name, work, as_json=as_json))


def _with_keys(name: str, work: Callable[[Keys], Awaitable[Secret | None]], *, as_json: bool) -> str:
    """Do it to the key called NAME; gives the key, or says that it is no more."""
    import asyncio

    from rota.change_documents import key_document
    from rota_tui.cli.opening import opened

    async def run() -> str:
        async with opened() as engine:
            before = engine.snapshot.keys.get(name)
            secret = await work(await engine.gateway_keys())
            key = engine.snapshot.keys[name] if secret is not None or before is None else before
        shown = secret.reveal() if secret is not None else None
        if as_json:
            from rota_tui.cli.printing import as_text

            return as_text({"schema": 1, "key": key_document(key), "secret": shown})
        return shown or f"The key {name} is revoked."

    return asyncio.run(run())


def _document(snapshot: Snapshot) -> dict[str, Any]:
    """What is known, and who of those that said they serve still answers."""
    from rota.change_documents import key_document
    from rota.gateway.probe import answers, url_of

    running = [g for g in snapshot.listening() if answers(g.host, g.port)]
    return {
        "schema": 1,
        "gateways": [{"url": url_of(g.host, g.port), "host": g.host, "port": g.port, "pid": g.pid} for g in running],
        "keys": [key_document(k) for k in sorted(snapshot.keys.values(), key=lambda k: k.name) if not k.revoked],
    }


def _line(each: dict[str, Any]) -> str:
    rules = [f"models {', '.join(each['models'])}"] if each["models"] else []
    if each["max_share"] is not None:
        rules.append(f"up to {each['max_share']:.0%} of the requests")
    return f"key {each['name']}: {'; '.join(rules) or 'all models'}"
