"""`rota simulator`: both providers on loopback, with their base URLs and seeded credentials printed as JSON."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = "Examples: `rota simulator --into rota-try` · `rota simulator --scenario demo --speed 60 --seed 7`"

SETTINGS = """\
vault = "file"

[anthropic]
api_url = {anthropic_api}
auth_url = {anthropic_auth}
authorize_url = {anthropic_auth}

[puter]
api_url = {puter_api}
gui_url = {puter_gui}
"""


@click.command("simulator", epilog=EXAMPLES)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--scenario", default="default", show_default=True, help="Which seeded world; a wrong name lists them.")
@click.option(
    "--speed", type=click.FloatRange(0.01, 100_000), default=1.0, show_default=True, help="Times real time."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write there what a trial needs: `env` for your shell, and a file a credential.",
)
def command(port: int, scenario: str, speed: float, seed: int, into: Path | None) -> None:
    """Run the simulator until interrupted.

    With --into, a shell that has read FOLDER/env (`. FOLDER/env`) has a home of its own and talks to the simulator.
    """
    import asyncio

    from rota.simulator import SCENARIOS, run

    if scenario not in SCENARIOS:
        raise click.UsageError(f"There is no scenario {scenario!r}; there is {', '.join(sorted(SCENARIOS))}.")
    how = {"ready": partial(_prepare, into.absolute())} if into is not None else {}
    asyncio.run(run(port=port, scenario=scenario, speed=speed, seed=seed, out=sys.stdout, **how))


def _prepare(folder: Path, described: Mapping[str, Any]) -> None:
    """Write a trial's settings, shell environment and credentials."""
    import shlex

    from rota.files import write_private
    from rota.paths import make_private_folder

    home = folder / "home"
    for each in (folder, home):
        make_private_folder(each)
    for credential in described["credentials"]:
        write_private(folder / credential["label"], f"{credential['secret']}\n".encode())
    urls = described["base_urls"]
    settings = SETTINGS.format(**{name: json.dumps(url) for name, url in urls.items()})
    write_private(home / "config.toml", settings.encode())
    others = {f"XDG_{each.upper()}_HOME": folder / each for each in ("config", "data", "state", "cache")}
    named = {"ROTA_HOME": home, **others}  # OpenCode leaves something in each of the four
    lines = [f"export {name}={shlex.quote(str(path))}\n" for name, path in named.items()]
    write_private(folder / "env", "".join(lines).encode())
