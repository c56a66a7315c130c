"""`rota config`: read and change the settings file, with its comments kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from rota_tui.cli import NamingGroup
from rota_tui.cli.completing import settings as complete_settings
from rota_tui.cli.completing import values as complete_values
from rota_tui.cli.config_choices import allowed, check_theme
from rota_tui.cli.config_keys import check_key
from rota_tui.cli.config_keys import command as keys
from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    from rota.paths import Paths

KEY = click.argument("key", shell_complete=complete_settings)


@click.group(
    "config", cls=NamingGroup, epilog="Examples: `rota config list pool` · `rota config set pool.strategy auto`"
)
def command() -> None:
    """Read and change the settings; they stand in a TOML file whose comments are kept."""


command.add_command(keys)


@command.command("get", epilog="Example: rota config get pool.strategy")
@KEY
@JSON
def get(key: str, as_json: bool) -> None:
    """Print what KEY is now: the file's value, the environment's, or the default."""
    from rota import config
    from rota_tui.cli.reading import home

    value = config.get(config.load(home(), os.environ), key)
    if as_json:
        from rota.config.read import thawed
        from rota_tui.cli.printing import echo_json

        echo_json({"schema": 1, "key": key, "value": thawed(value)})
        return
    click.echo(config.render(value))


@command.command(
    "set",
    epilog="Examples: `rota config set debug true` · `rota config set ui.theme nord`",
    context_settings={"ignore_unknown_options": True},  # -5 is a value
)
@KEY
@click.argument("value", shell_complete=complete_values)
@JSON
def set_(key: str, value: str, as_json: bool) -> None:
    """Set KEY to VALUE in the file, once it has been checked. `vault` also moves every secret."""
    from rota import config
    from rota_tui.cli.reading import home

    paths = home()
    before = _effective(paths, key)
    if key == "vault":
        kind = _move_vault(paths, value)
        if as_json:
            _echo_change(paths, key, value, before)
        else:
            click.echo(f"vault = {value}; every secret is in the {kind} vault.")
        return
    check_key(paths, key, value)
    check_theme(config.locate(key)[0], value)
    written = config.set_value(paths, key, value)
    if as_json:
        _echo_change(paths, key, written, before)
        return
    click.echo(f"{key} = {config.render(written)}")
    _beside(key)


@command.command("unset", epilog="Example: rota config unset pool.strategy")
@KEY
@JSON
def unset(key: str, as_json: bool) -> None:
    """Take KEY out of the file, so that its default holds again."""
    from rota import config
    from rota_tui.cli.reading import home

    paths = home()
    before = _effective(paths, key)
    was_there = config.unset(paths, key)
    if not was_there:
        config.locate(key)
    if as_json:
        _echo_change(paths, key, _effective(paths, key), before)
        return
    if not was_there:
        click.echo(f"{key} was not in the file; its default holds already.")
        return
    if not _is_setting(key):
        click.echo(f"{key} is out of the file; it was no setting.")
        return
    click.echo(f"{key} is out of the file; its default holds.")
    _beside(key)


@command.command("list", epilog="Examples: `rota config list` · `rota config list pool --json`")
@click.argument("section", required=False)
@JSON
def list_(section: str | None, as_json: bool) -> None:
    """Print every setting, or those of SECTION, with what it is now, what it means and may be."""
    from rota import config
    from rota_tui.cli.reading import home

    paths = home()
    settings = config.load(paths, os.environ)
    described = [s for s in config.describe() if section in (None, s.section or s.key)]
    if not described:
        config.locate(section or "")
    if as_json:
        from rota.config.read import thawed
        from rota_tui.cli.printing import echo_json

        listed: list[dict[str, Any]] = [
            {
                "key": s.key,
                "value": thawed(config.get(settings, s.key)),
                "default": thawed(s.default),
                "help": s.help,
                "allowed": allowed(s),
                "restart": s.restart,
            }
            for s in described
        ]
        echo_json({"schema": 1, "path": str(paths.config_file), "settings": listed})
        return
    from rota_tui.cli.terminal import look, rendered
    from rota_tui.pieces import Line, Piece, Tone, clean, wrap

    lines: list[Line] = []
    before: str | None = None
    for s in described:
        if s.section != before:
            title = f"{s.section}: {config.section_help(s.section)}" if s.section else "general"
            lines += [*([()] if lines else []), (Piece(title, Tone.QUIET),)]
            before = s.section
        value = config.get(settings, s.key)
        changed = value != s.default
        default = f"  (default {config.render(s.default)})" if changed else ""
        shown = Piece(f" = {clean(config.render(value))}", Tone.ACTIVE if changed else Tone.PLAIN)
        lines.append((Piece(s.key, Tone.NAME), shown, Piece(clean(default), Tone.QUIET)))
        lines.append((Piece(f"    {s.help} Allowed: {allowed(s)}.", Tone.QUIET),))
    here = look()
    click.echo(rendered(lines if here.wide else [part for line in lines for part in wrap(line, here.width, 4)], here))


@command.command("path", epilog='Example: $EDITOR "$(rota config path)"')
@JSON
def path(as_json: bool) -> None:
    """Print where the settings file is (or would be)."""
    from rota_tui.cli.reading import home

    if as_json:
        from rota_tui.cli.printing import echo_json

        echo_json({"schema": 1, "path": str(home().config_file)})
        return
    click.echo(home().config_file)


def _beside(key: str) -> None:
    """What else decides, so that nobody wonders why nothing changed."""
    from rota import config
    from rota.config.read import overrides

    if key in overrides(os.environ):
        click.echo(f"      The environment sets {key} too, and wins.", err=True)
    setting, _ = config.locate(key)
    if setting.restart:
        click.echo("      A running rota takes it up when it is started again.", err=True)


def _is_setting(key: str) -> bool:
    from rota import config
    from rota.errors import ConfigError

    try:
        config.locate(key)
    except ConfigError:  # a wrong name may be taken out of the file
        return False
    return True


def _effective(paths: Paths, key: str) -> Any:
    """What holds now; None for what is no setting, or no entry of its table yet."""
    from rota import config
    from rota.errors import ConfigError

    try:
        return config.get(config.load(paths, os.environ), key)
    except ConfigError:
        return None


def _echo_change(paths: Paths, key: str, value: Any, before: Any) -> None:
    from rota import config
    from rota.config.read import overrides, thawed
    from rota_tui.cli.printing import echo_json

    echo_json(
        {
            "schema": 1,
            "path": str(paths.config_file),
            "key": key,
            "value": thawed(value),
            "before": thawed(before),
            "overridden": key in overrides(os.environ),
            "restart": _is_setting(key) and config.locate(key)[0].restart,
        }
    )


def _move_vault(paths: Paths, value: str) -> str:
    """Move every secret where the setting says; when that fails, the setting stays as it was."""
    import asyncio

    from rota.vault.moving import move_vault
    from rota_tui.cli.progress import working

    async def move() -> str:
        async with working("moving the secrets"):
            return await move_vault(paths, os.environ, value)

    return asyncio.run(move())
