"""`rota migrate`: what other tools have on this machine, what would become of it, the import, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rota_tui.cli.completing import sources as complete_sources
from rota_tui.cli.prompting import confirm

if TYPE_CHECKING:
    from rota.engine import Engine
    from rota.migrate.apply import Report
    from rota.migrate.plan import Plan
    from rota.migrate.takeback import Undone


@click.command(
    "migrate",
    epilog="Examples: `rota migrate --dry-run` · `rota migrate --from opencode --yes --json` · `rota migrate --undo`",
)
@click.option(
    "--from", "only", multiple=True, shell_complete=complete_sources, help="Only this source; several may be."
)
@click.option("--dry-run", is_flag=True, help="Show exactly what would happen; write nothing.")
@click.option("--undo", is_flag=True, help="Take the last import back.")
@click.option("--offline", is_flag=True, help="Do not ask the providers whose each login is.")
@click.option("--leave-dead", is_flag=True, help="Leave out logins that the provider refuses.")
@click.option("--rewrite", is_flag=True, help="Also bring other tools' own files up to date; backups are kept.")
@click.option("--tighten", is_flag=True, help="Also close files with logins that others can read.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One versioned JSON object: what was found, and what was done.")
def command(only: tuple[str, ...], undo: bool, **how: Any) -> None:
    """Import accounts and settings from OpenCode, plugins, Claude Code and others; their files stay as they are."""
    import asyncio

    _known(only)
    asyncio.run(_undo(yes=how["yes"], as_json=how["as_json"]) if undo else _migrate(only, **how))


def _known(only: tuple[str, ...]) -> None:
    if not only:
        return
    from rota.migrate.survey import names

    for name in only:
        if name not in names():
            raise click.UsageError(f"There is no source called {name}; there is {', '.join(names())}.")


async def _migrate(
    only: tuple[str, ...],
    *,
    dry_run: bool,
    offline: bool,
    leave_dead: bool,
    rewrite: bool,
    tighten: bool,
    yes: bool,
    as_json: bool,
) -> None:
    from rota.migrate import told
    from rota_tui.cli.opening import opened
    from rota_tui.cli.progress import working
    from rota_tui.pieces import clean_block

    async with opened() as engine:
        desk = await engine.imports()
        async with working("looking at what other tools have"):
            plan = await desk.plan(only, online=not offline)
        if leave_dead:
            plan = plan.without_dead()
        if not as_json or not (dry_run or yes):  # what is asked about below must be seen
            rewritten = told.REWRITTEN if rewrite else "stays as it is; --rewrite would do this"
            closed = "they would be closed" if tighten else "--tighten closes them"
            click.echo(clean_block(told.text(plan, rewritten=rewritten, closed=closed)), err=as_json)
        wanted = plan.wanted or any(change.differs for change in plan.settings)
        if dry_run or not (wanted or (rewrite and plan.edits) or (tighten and plan.exposed)):
            if as_json:
                _echo_json(plan)
            return
        _agree(plan, yes=yes)
        async with working("importing"):
            report = await desk.apply(plan, change_files=rewrite, tighten_files=tighten)
        if as_json:
            _echo_json(plan, report)
            return
        click.echo(_report(report))
        await _say_next(engine, plan, rewrite=rewrite)


def _echo_json(plan: Plan | None, report: Report | None = None, undone: Undone | None = None) -> None:
    from rota.migrate.document import migrate_document
    from rota_tui.cli.printing import echo_json

    echo_json(migrate_document(plan, report, undone))


def _agree(plan: Plan, *, yes: bool) -> None:
    if plan.needs_notice:
        from textwrap import fill

        from rota.login.anthropic import NOTICE

        click.echo(f"\n{fill(NOTICE, 78)}", err=True)
    if yes:
        return
    confirm("\nImport this?", otherwise="An import is asked about first; without a terminal say --yes.")


def _report(report: Report) -> str:
    from rota_tui.pieces import clean

    lines = []
    for title, names in (
        ("Added", report.added),
        ("Renewed", report.renewed),
        ("Set", report.settings),
        ("Rewrote", report.files),
    ):
        if names:
            lines.append(f"{title} {', '.join(clean(name) for name in names)}.")
    if not lines:
        lines.append("There was nothing new.")
    elif report.import_id is not None:
        lines.append("`rota migrate --undo` takes it back.")
    return "\n".join([*lines, *(clean(note) for note in report.notes)])


async def _say_next(engine: Engine, plan: Plan, *, rewrite: bool) -> None:
    """What the import leaves to do."""
    from rota.account import Health
    from rota_tui.pieces import clean

    for state in engine.snapshot.listed():
        if state.account.health is Health.NEEDS_LOGIN:
            click.echo(f"{clean(state.account.label)}: sign in again with `rota login {state.account.provider}`.")
    if plan.edits and not rewrite:
        click.echo("`rota migrate --rewrite` also brings the configuration above up to date.", err=True)


async def _undo(*, yes: bool, as_json: bool) -> None:
    from rota_tui.cli.opening import opened
    from rota_tui.cli.progress import working
    from rota_tui.pieces import clean

    async with opened() as engine:
        if not yes and engine.snapshot.imports:  # without one, nothing is asked: it is told below
            asked = "Take the last import back: its accounts, settings and rewritten files?"
            confirm(asked, otherwise="This is asked about first; without a terminal say --yes.")
        async with working("taking it back"):
            undone = await (await engine.imports()).undo()
        if as_json:
            _echo_json(None, undone=undone)
            return
        removed = ", ".join(clean(label) for label in undone.removed)
        click.echo(f"The import was taken back{f'; removed {removed}' if removed else ''}.")
        for note in undone.notes:
            click.echo(clean(note))
