"""`rota opencode`: rota as a provider in OpenCode's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rota_tui.cli import NamingGroup
from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    from rota.engine import Engine
    from rota.opencode import Change, OpenCodeConfig
    from rota.providers.base import Model

DRY = click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")


@click.group(
    "opencode", cls=NamingGroup, epilog="Examples: `rota opencode install --dry-run` · `rota opencode uninstall`"
)
def command() -> None:
    """Put rota into OpenCode's configuration, or take it out."""


@command.command("install", epilog="Example: rota opencode install --models 'anthropic/*' && opencode -m rota/…")
@click.option("--models", "globs", multiple=True, metavar="GLOB", help="Models to list; may be said again.")
@DRY
@JSON
def install(globs: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Write provider `rota` with every model of your accounts; comments and everything else stay, a backup is kept.

    OpenCode finds the key through a reference to a file that only you can read. Run it again to renew the models.
    """
    import asyncio

    asyncio.run(_install(globs, dry_run=dry_run, as_json=as_json))


@command.command("uninstall", epilog="Example: rota opencode uninstall --dry-run")
@DRY
@JSON
def uninstall(dry_run: bool, as_json: bool) -> None:
    """Take provider `rota` out again and revoke its key; the file is then as it was before."""
    import asyncio

    asyncio.run(_uninstall(dry_run=dry_run, as_json=as_json))


async def _install(globs: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    from rota import opencode
    from rota.errors import NothingConfigured, UsageError
    from rota_tui.cli.opening import opened
    from rota_tui.cli.progress import working

    async with opened() as engine:
        if not engine.snapshot.listed():
            raise NothingConfigured("There is no account yet.")
        async with working("fetching the lists of models"):
            models = opencode.selected(await engine.models(), globs)
        if not models:
            raise UsageError(f"No model of yours is called {' or '.join(globs) or 'anything'}.")
        config = _config(engine)
        block = opencode.provider_block(models, opencode.base_url(engine.settings.gateway), config.key_file)
        change = config.plan_install(block)
        if dry_run:
            _show(change, models, as_json=as_json)
            return
        keys = await engine.gateway_keys()
        config.keep_key((await keys.make(opencode.KEY_NAME)).reveal())
        config.install(change)
    if as_json:
        _echo_json(change, models, written=True)
        return
    said = "lists them already" if change.nothing else "lists them now"
    click.echo(f"{change.path} {said}: {len(models)} models under provider rota.")
    click.echo(f"Start `rota serve`, then: opencode run -m rota/{models[0].provider}/{models[0].id} hello", err=True)


async def _uninstall(*, dry_run: bool, as_json: bool) -> None:
    from rota import opencode
    from rota.errors import UsageError
    from rota_tui.cli.opening import opened

    async with opened() as engine:
        config = _config(engine)
        change = config.plan_uninstall()
        if dry_run:
            _show(change, [], as_json=as_json)
            return
        if not config.installed:
            raise UsageError("rota is not in OpenCode's configuration.")
        config.uninstall(change)
        known = engine.snapshot.keys.get(opencode.KEY_NAME)
        if known is not None and not known.revoked:
            await (await engine.gateway_keys()).revoke(opencode.KEY_NAME)
    if as_json:
        _echo_json(change, [], written=True)
        return
    click.echo(f"{change.path} is as it was." if change.after is not None else f"{change.path} is gone, as before.")


def _config(engine: Engine) -> OpenCodeConfig:
    from rota.migrate.places import here
    from rota.opencode import OpenCodeConfig

    return OpenCodeConfig(engine.paths, here())


def _echo_json(change: Change, models: list[Model], *, written: bool) -> None:
    from rota_tui.cli.printing import echo_json

    echo_json(
        {
            "schema": 1,
            "path": str(change.path),
            "changed": not change.nothing,
            "written": written,
            "models": [f"{model.provider}/{model.id}" for model in models],
        }
    )


def _show(change: Change, models: list[Model], *, as_json: bool) -> None:
    """The change as a patch, or as an object: without the file's own text, which may hold keys of others."""
    import difflib

    if as_json:
        _echo_json(change, models, written=False)
        return
    if change.nothing:
        click.echo(f"Nothing would change in {change.path}.")
        return
    lines: Any = difflib.unified_diff(
        (change.before or "").splitlines(),
        (change.after or "").splitlines(),
        str(change.path) if change.before is not None else "no file",
        str(change.path) if change.after is not None else "no file",
        lineterm="",
    )
    for line in lines:
        click.echo(line)
