"""`rota status`: accounts, quota, cooldowns and who is next, from the log alone.

Starts without HTTP, the vault, pydantic or Textual: prompts and status bars call it all day.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rota.settings import Settings
    from rota.snapshot import Snapshot


@click.command("status", epilog="Example: rota status --json | jq '.accounts[] | select(.next) | .label'")
@click.option("--json", "as_json", is_flag=True, help="One versioned JSON object.")
@click.option("--ascii", is_flag=True, help="Plain characters only.")
def command(as_json: bool, ascii: bool) -> None:
    """Show accounts, quota, cooldowns and who is next."""
    from rota.status import document

    snapshot, settings = _read()
    now = time.time()
    next_up = _next_up(snapshot, settings, now)
    if as_json:
        import json

        click.echo(json.dumps(document(snapshot, now, next_up), ensure_ascii=False, indent=2))
    else:
        from datetime import UTC, datetime

        from rota_tui.cli.status_table import Look, table

        tz = datetime.now().astimezone().tzinfo or UTC
        look = Look(width=_width(), tz=tz, colour=_colour(), ascii=ascii or not _unicode())
        click.echo(table(snapshot, now, next_up, look))
    if not snapshot.listed() and not as_json:
        sys.exit(3)


def _read() -> tuple[Snapshot, Settings]:
    """The log as it stands; a home that has none yet is an empty pool."""
    import os

    from rota.log import SqliteLog

    from rota.config import load
    from rota.paths import find
    from rota.snapshot import Snapshot

    paths = find(os.environ)
    settings = load(paths, os.environ)
    if not paths.log_file.exists():
        return Snapshot(), settings
    log = SqliteLog.open(paths.log_file)
    if log.notice is not None:
        click.echo(f"rota: {log.notice}", err=True)
    try:
        return log.load()[0], settings
    finally:
        log.close()


def _next_up(snapshot: Snapshot, settings: Settings, now: float) -> dict[str, str | None]:
    from rota.pool.strategy import rank

    providers = {s.account.provider for s in snapshot.listed()}
    return {name: rank(snapshot, name, settings=settings, now=now).chosen for name in sorted(providers)}


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80


def _colour() -> bool:
    import os

    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _unicode() -> bool:
    encoding: Any = getattr(sys.stdout, "encoding", None) or "ascii"
    return str(encoding).lower().replace("-", "") in {"utf8", "utf16"}
