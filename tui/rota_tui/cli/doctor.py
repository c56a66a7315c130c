"""`rota doctor`: what is wrong with this machine, home, network and accounts, and what to do about each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rota_tui.cli import EXIT_FAILED
from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.doctor.findings import Finding
    from rota_tui.pieces import Line


@click.command("doctor", epilog="Examples: `rota doctor` · `rota doctor --json | jq '.findings[] | select(.todo)'`")
@JSON
@click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path), help="Write a report to hand to others.")
def command(as_json: bool, bundle: Path | None) -> None:
    """Check this machine, rota's files, the vault, the providers, every account, other tools and the gateway.

    Exits 1 when something does not work.
    """
    import asyncio

    from rota.doctor.findings import document, well

    findings = asyncio.run(_examine())
    if bundle is not None:
        asyncio.run(_bundle(bundle, findings))
        click.echo(f"The report is in {bundle}; it holds no secret and no email.", err=True)
    if as_json:
        from rota_tui.cli.printing import echo_json

        echo_json(document(findings))
    else:
        from rota_tui.cli.terminal import look, rendered

        click.echo(rendered(_lines(findings), look()))
    if not well(findings):
        sys.exit(EXIT_FAILED)


async def _examine() -> list[Finding]:
    from rota.doctor.examine import examine
    from rota_tui.cli.progress import working

    async with working("looking around") as progress:

        def step(doing: str) -> None:
            progress.doing = f"looking at {doing}"

        return await examine(step)


async def _bundle(path: Path, findings: Sequence[Finding]) -> None:
    import os

    from rota.doctor import bundle, home
    from rota.errors import VaultError
    from rota.snapshot import Snapshot
    from rota.vault import open_vault
    from rota_tui.cli import reading

    paths = reading.home()
    settings, _ = home.settings(paths, os.environ)
    with reading.reading() as log:
        snapshot = log.snapshot if log is not None else Snapshot()
    lines = paths.debug_log.read_text("utf-8", "replace").splitlines() if paths.debug_log.exists() else []
    text = bundle.report(findings, snapshot, settings, lines, str(Path.home()))
    try:
        vault = await open_vault(settings.vault, paths)
        secrets = [await vault.get(name) for name in await vault.names()]
    except VaultError:
        secrets = []  # what cannot be read cannot have got into the report either
    emails = [s.account.email for s in snapshot.listed() if s.account.email]
    bundle.write(path, text, secrets, emails)


def _lines(findings: Sequence[Finding]) -> list[Line]:
    from rota.doctor.findings import Level
    from rota_tui.pieces import Piece, Tone, clean

    marks = {
        Level.OK: Piece("ok    ", Tone.OK),
        Level.NOTE: Piece("note  ", Tone.QUIET),
        Level.WARN: Piece("warn  ", Tone.LOW),
        Level.FAIL: Piece("FAIL  ", Tone.SPENT),
    }
    lines: list[Line] = []
    for f in findings:
        lines.append((marks[f.level], Piece(f"{f.check}: ", Tone.QUIET), Piece(clean(f.text))))
        if f.todo:
            lines.append((Piece("      → "), Piece(clean(f.todo), Tone.NAME)))
    bad = sum(f.level is Level.FAIL for f in findings)
    odd = sum(f.level is Level.WARN for f in findings)
    ended = f"{bad} thing{'s' * (bad != 1)} to mend, {odd} to look at." if bad or odd else "All is well."
    return [*lines, (), (Piece(ended, Tone.SPENT if bad else Tone.OK),)]
