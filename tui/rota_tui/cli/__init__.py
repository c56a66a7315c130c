"""The command line: one lazy group, each command in a module of its own that is imported when it is called."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from rota_tui import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from rota.errors import RotaError

COMMANDS = {
    "accounts": "List the accounts.",
    "chat": "Ask a model one thing; the answer is streamed.",
    "completion": "Print what makes your shell complete commands, accounts and ids.",
    "config": "Read and change the settings.",
    "demo": "Open the app on the simulator: no network, no account, nothing of yours touched.",
    "disable": "Turn accounts off: they serve nothing until turned on.",
    "doctor": "Check this machine, the vault, the providers and every account.",
    "enable": "Turn accounts on.",
    "events": "Show what happened, and follow it live.",
    "gateway": "Show the local endpoint, and make or revoke its keys.",
    "guard": "Exit 0 when the pool has room and 4 when not: for scripts.",
    "label": "Name an account.",
    "lift": "End a cooldown now.",
    "login": "Sign in to a provider, or add a key or token.",
    "mcp": "Let an MCP client use the accounts, on standard input and output.",
    "migrate": "Import accounts and settings from OpenCode, plugins, Claude Code and others.",
    "models": "List and search the models of all providers.",
    "opencode": "Put rota into OpenCode's configuration, or take it out.",
    "pin": "Let only this account serve its provider.",
    "remove": "Remove accounts and delete their secrets.",
    "reorder": "Move an account in the list.",
    "reserve": "Hold an account out: it serves only when nothing else can.",
    "serve": "Let other programs use the accounts through one local endpoint.",
    "simulator": "Run both providers' simulator alone.",
    "stats": "Show latency, speed and errors per model.",
    "status": "Show accounts, quota, cooldowns and who is next.",
    "unpin": "Let every account serve again.",
    "usage": "Show every quota window, and ask for new figures.",
    "use": "Let this account serve its provider's new sessions.",
    "why": "Tell one request's whole story.",
}
"""Every command and its one-line help, so that `rota --help` imports none of them."""

TOGETHER = dict.fromkeys(("disable", "enable", "label", "pin", "reorder", "reserve", "unpin", "use"), "manage")
"""Commands that share a module, by name; the others have one of their own name."""

SECTIONS = {
    "Look": ("status", "accounts", "usage", "stats", "models", "events", "why", "guard"),
    "Accounts": (
        "login",
        "migrate",
        "use",
        "pin",
        "unpin",
        "enable",
        "disable",
        "label",
        "reorder",
        "reserve",
        "lift",
        "remove",
    ),
    "Ask": ("chat", "serve", "gateway", "mcp", "opencode"),
    "Set up": ("config", "doctor", "completion", "demo", "simulator"),
}
"""How `rota --help` groups them."""

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_CONFIGURED = 3
EXIT_ALL_COOLING = 4

REFUSED = (
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.EPERM,
    errno.EROFS,
)
"""What the system says no to, whatever a program does; log, vault and settings say it in words of their own."""


class NamingGroup(click.Group):
    """A group that says the nearest name for a mistyped one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        known = self.list_commands(ctx)
        if name and not name.startswith("-") and name not in known and not ctx.resilient_parsing:
            import difflib

            near = difflib.get_close_matches(name, known, n=1)
            meant = f"Did you mean `{ctx.command_path} {near[0]}`?" if near else f"See `{ctx.command_path} --help`."
            raise click.UsageError(f"There is no command called {name!r}. {meant}")
        return super().resolve_command(ctx, args)


class LazyGroup(NamingGroup):
    """A group that imports the module of the command that is called, and no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"rota_tui.cli.{TOGETHER.get(cmd_name, cmd_name)}")
        command: click.Command = getattr(module, cmd_name if cmd_name in TOGETHER else "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name]) for name in names if name in COMMANDS])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Command names with their help; click's own way would import every command."""
        from click.shell_completion import CompletionItem

        named = [CompletionItem(n, help=h) for n, h in sorted(COMMANDS.items()) if n.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from rota import __version__

        click.echo(f"rota {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Examples: `rota demo` · `rota login anthropic` · `rota status --watch` · `rota chat 'hello'`",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
@click.option("--ascii", is_flag=True, help="Draw the app with plain characters only.")
@click.option("--no-animation", is_flag=True, help="Let nothing in the app move by itself.")
@click.option("--debug", is_flag=True, help="Write a debug log; commands show it on standard error too.")
@click.pass_context
def rota(ctx: click.Context, ascii: bool, no_animation: bool, debug: bool) -> None:
    """Every AI account in one terminal: quotas, cooldowns, failover, a test chat.

    Without a command, rota opens the app.
    """
    if debug:
        os.environ["ROTA_DEBUG"] = "1"  # wins over the settings file, in whatever opens it
    if ctx.invoked_subcommand is None:
        from rota_tui.cli.app import open_app

        open_app(ascii=ascii, no_animation=no_animation)


def main(args: list[str] | None = None) -> Any:
    """Run the command line; what rota raises on purpose becomes one line on stderr and an exit code."""
    _open_what_is_closed()
    # httpx brings a command line of its own, and with it rich and pygments: a tenth of what `rota serve` imports.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: it cannot be imported, which httpx heeds
    if "_ROTA_COMPLETE" in os.environ:
        from rota_tui.cli.shells import register

        register()
    try:
        code = rota.main(args=args, prog_name="rota", standalone_mode=False)
        sys.stdout.flush()
        gc.freeze()  # what is left goes with the process: looking through it for cycles takes 5 ms at exit
    except click.ClickException as error:
        told = " ".join(error.format_message().split())  # click lists choices a line each
        _complain(error, told, _usage_hint(error), error.exit_code, args)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        from rota_tui.cli import complaining

        complaining.interrupted(error, EXIT_INTERRUPTED, as_json=complaining.wants_json(args))
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        _hush()
        sys.exit(EXIT_FAILED)
    except Exception as error:
        from rota.errors import RotaError

        if isinstance(error, OSError) and error.errno in REFUSED:
            where = error.filename or "Standard output cannot be written"
            _complain(error, f"{where}: {error.strerror}.", "", EXIT_FAILED, args)
            _hush()
            sys.exit(EXIT_FAILED)
        if not isinstance(error, RotaError):
            raise
        _complain(error, str(error), error.hint, exit_code := _exit_code(error), args)
        sys.exit(exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _complain(error: Exception, message: str, hint: str, exit_code: int, args: list[str] | None) -> None:
    """What failed, and what to do."""
    from rota_tui.cli.complaining import complain, wants_json

    complain(error, message, hint, exit_code, as_json=wants_json(args))


def _usage_hint(error: click.ClickException) -> str:
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    return f"See `{ctx.command_path} --help`." if ctx is not None else ""


def _exit_code(error: RotaError) -> int:
    from rota import errors

    if isinstance(error, errors.UsageError | errors.ConfigError):
        return EXIT_USAGE
    if isinstance(error, errors.NothingConfigured):
        return EXIT_NOT_CONFIGURED
    person = (errors.Meaning.LOGIN_DEAD, errors.Meaning.GATED)
    if isinstance(error, errors.AllSpent):
        # Waiting helps when somebody comes back; where each one tried wants its person, it does not.
        wanted = [attempt.meaning in person for attempt in error.attempts]
        return EXIT_NOT_CONFIGURED if wanted and all(wanted) and error.retry_at is None else EXIT_ALL_COOLING
    if isinstance(error, errors.ProviderError) and error.failure.meaning in person:
        return EXIT_NOT_CONFIGURED
    return EXIT_FAILED


def _open_what_is_closed() -> None:
    """A program started without one of the standard streams reads nothing there, and writes nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - it stays open


def _hush() -> None:
    """Keep Python from complaining about a pipe that the reader closed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
