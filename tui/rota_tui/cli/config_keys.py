"""`rota config keys`: the app's commands with their keys, and what is wrong with a key that somebody chose."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    from rota.paths import Paths


@click.command("keys", epilog="Examples: `rota config keys` · `rota config set ui.keys.add-account ctrl+n`")
@JSON
def command(as_json: bool) -> None:
    """Print every command of the app with its key; each can have another: `ui.keys.NAME` = KEY or KEY,KEY."""
    from rota import config
    from rota_tui.cli.reading import home
    from rota_tui.cli.terminal import look, rendered
    from rota_tui.keymap import commands, problems, shown
    from rota_tui.pieces import Line, Piece, Tone, clean

    given = config.load(home(), os.environ).ui.keys
    known = [command for command in commands().values() if not command.shares]
    if as_json:
        from rota_tui.cli.printing import echo_json

        listed = [
            {
                "name": each.id,
                "keys": given[each.id].split(",") if each.id in given else list(each.keys),
                "usual": list(each.keys),
                "about": each.about,
                "where": each.where,
            }
            for each in known
        ]
        echo_json({"schema": 1, "commands": listed, "problems": problems(given)})
        return
    widths = [
        max(len(text) for text in column) for column in zip(*((c.id, shown(c.keys)) for c in known), strict=True)
    ]
    lines: list[Line] = []
    for each in known:
        key = given.get(each.id)
        shown_key = Piece(clean(key or shown(each.keys)).ljust(widths[1] + 2), Tone.ACTIVE if key else Tone.PLAIN)
        usual = f" (usually {shown(each.keys)})" if key else ""
        told = Piece(f"{each.about}, {each.where}{usual}", Tone.QUIET)
        lines.append((Piece(each.id.ljust(widths[0] + 2), Tone.NAME), shown_key, told))
    click.echo(rendered(lines, look()))
    for problem in problems(given):
        click.echo(problem, err=True)


def check_key(paths: Paths, key: str, value: str) -> None:
    """Refuse a key map's entry that names no command, no key, or a key that is taken."""
    from rota import config
    from rota.errors import ConfigError

    setting, entry = config.locate(key)
    if setting.key != "ui.keys" or entry is None:
        return
    from rota_tui.keymap import problems  # with every screen: only for who sets a key

    present = config.load(paths, os.environ).ui.keys
    found = [told for told in problems({**present, entry: value}) if told.startswith(f"{key}:")]
    if found:
        raise ConfigError(found[0], key=key, hint="`rota config keys` lists every command with its key.")
