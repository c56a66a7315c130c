"""`rota completion`: the few lines that a shell reads to complete rota's commands, accounts and ids."""

from __future__ import annotations

import click

WHERE = """\b
bash:  rota completion bash > ~/.local/share/bash-completion/completions/rota
zsh:   rota completion zsh > "${fpath[1]}/_rota"
fish:  rota completion fish > ~/.config/fish/completions/rota.fish
"""


@click.command("completion", epilog=WHERE)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL; a new shell then completes commands, options, accounts and ids."""
    click.echo(script(shell))


def script(shell: str) -> str:
    """The lines that a shell reads."""
    from click.shell_completion import ShellComplete, get_completion_class

    from rota_tui.cli import rota
    from rota_tui.cli.shells import register

    register()
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    # The base class's own: bash's would first run a bash to look at its version.
    return ShellComplete.source(made(rota, {}, "rota", "_ROTA_COMPLETE"))
