"""The command line: one lazy group, each command in a module of its own that is imported when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

COMMANDS = {
    "chat": "Ask a model one thing; the answer is streamed.",
    "demo": "Open the app on the simulator: no network, no account, nothing of yours touched.",
    "login": "Sign in to a provider, or add a key or token.",
    "simulator": "Run both providers' simulator alone.",
    "status": "Show accounts, quota, cooldowns and who is next.",
}
"""Every command and its one-line help, so that `rota --help` imports none of them."""

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_CONFIGURED = 3
EXIT_ALL_COOLING = 4
EXIT_INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group that imports `rota_tui.cli.<name>` for the command that is called, and no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"rota_tui.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name for a mistyped one."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            meant = f" Did you mean `rota {near[0]}`?" if near else " See `rota --help`."
            raise click.UsageError(f"There is no command called {name!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from rota import __version__

        click.echo(f"rota {__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
@click.option("--ascii", is_flag=True, help="Draw the app with plain characters only.")
@click.option("--no-animation", is_flag=True, help="Let nothing in the app move by itself.")
@click.pass_context
def rota(ctx: click.Context, ascii: bool, no_animation: bool) -> None:
    """Every AI account in one terminal: quotas, cooldowns, failover, a test chat.

    Without a command, rota opens the app.
    """
    if ctx.invoked_subcommand is None:
        from rota_tui.cli.app import open_app

        open_app(ascii=ascii, no_animation=no_animation)


def main(args: list[str] | None = None) -> Any:
    """Run the command line; what rota raises on purpose becomes one line on stderr and an exit code."""
    from rota.errors import RotaError

    try:
        code = rota.main(args=args, prog_name="rota", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        _hush()
        sys.exit(EXIT_FAILED)
    except RotaError as error:
        click.echo(f"rota: {error}", err=True)
        if error.hint:
            click.echo(f"      {error.hint}", err=True)
        sys.exit(_exit_code(error))
    sys.exit(code if isinstance(code, int) else 0)


def _exit_code(error: Exception) -> int:
    from rota import errors

    if isinstance(error, errors.UsageError | errors.ConfigError):
        return EXIT_USAGE
    if isinstance(error, errors.NothingConfigured):
        return EXIT_NOT_CONFIGURED
    if isinstance(error, errors.AllSpent):
        return EXIT_ALL_COOLING
    return EXIT_FAILED


def _hush() -> None:
    """Keep Python from complaining about a pipe that the reader closed."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
