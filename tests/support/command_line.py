"""The command line on a throw-away home: called in this process where that will do, as a process where it counts."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from rota.paths import under
from rota.simulator import SimulatorServer
from rota_tui.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URLS = {
    "ROTA_ANTHROPIC_API_URL": "anthropic_api",
    "ROTA_ANTHROPIC_AUTH_URL": "anthropic_auth",
    "ROTA_PUTER_API_URL": "puter_api",
    "ROTA_PUTER_GUI_URL": "puter_gui",
}
NOWHERE = dict.fromkeys(URLS, "http://127.0.0.1:9")
"""A port that nobody listens on: no network."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class _Given(io.StringIO):
    """Standard input that is no terminal."""

    encoding = "utf-8"


@dataclass(slots=True)
class CommandLine:
    """rota on one home, with one environment."""

    home: Path
    urls: dict[str, str] = field(default_factory=lambda: dict(NOWHERE))
    more: dict[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "COVERAGE_PROCESS_START")
        here = {name: value for name, value in os.environ.items() if name in kept}
        folders = {name: str(self.home / "person") for name in ("HOME", "USERPROFILE", "APPDATA")}
        return {
            **here,
            **folders,
            **self.urls,
            "ROTA_HOME": str(self.home / "rota"),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONIOENCODING": "utf-8",
            **self.more,
        }

    def prepare(self) -> CommandLine:
        """A home whose secrets are in a file, whatever keyring the machine has."""
        (self.home / "person").mkdir(parents=True, exist_ok=True)
        paths = under(self.home / "rota")
        paths.ensure()
        paths.config_file.write_text('vault = "file"\n', "utf-8")
        paths.config_file.chmod(0o600)
        return self

    def run(self, *args: str, given: str | None = None) -> Ran:
        """Call the command line in this process."""
        out, err = io.StringIO(), io.StringIO()
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environ())
        stdin, sys.stdin = sys.stdin, _Given(given or "")
        code: Any = 0
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    main(list(args))
                except SystemExit as left:
                    code = left.code
        finally:
            sys.stdin = stdin
            os.environ.clear()
            os.environ.update(before)
            gc.unfreeze()  # commands are about to end when they freeze and stop it
            gc.enable()
        return Ran(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())

    def process(self, *args: str, given: str | None = None, timeout_s: float = 60.0) -> Ran:
        """Run it as a process."""
        done = subprocess.run(
            [sys.executable, "-m", "rota_tui", *args],
            env=self.environ(),
            input=given if given is not None else "",
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout_s,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *args: str, **more: Any) -> subprocess.Popen[str]:
        """Start it as a process and leave it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "rota_tui", *args],
            env=self.environ(),
            text=True,
            encoding="utf-8",
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )


@contextmanager
def simulated(scenario: str = "default", **how: Any) -> Iterator[SimulatorServer]:
    """Both providers behind real sockets, in a thread of their own; `how` as `SimulatorServer` takes it."""
    ready, stop = threading.Event(), asyncio.Event()
    held: list[Any] = []

    async def serve() -> None:
        async with SimulatorServer(scenario, seed=1, **how) as server:
            held.extend((server, asyncio.get_running_loop()))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="simulator", daemon=True)
    thread.start()
    if not ready.wait(30):
        raise RuntimeError("the simulator did not start")
    try:
        yield held[0]
    finally:
        held[1].call_soon_threadsafe(stop.set)
        thread.join(30)


def urls_of(server: SimulatorServer) -> dict[str, str]:
    """The environment that sends rota to a simulator."""
    return {name: server.base_urls[key] for name, key in URLS.items()}


def secret_of(server: SimulatorServer, label: str) -> str:
    """The credential of one of its accounts."""
    return str(next(c["secret"] for c in server.credentials if c["label"] == label))


def commands(group: click.Group, ctx: click.Context, *before: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, with the words that call it."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from commands(command, ctx, *before, name)


def tty_of(command: CommandLine, *args: str, columns: int = 100, before: tuple[str, ...] = ()) -> Any:
    """Start it on a pseudo-terminal; gives a `Terminal`.

    Args:
        before: a program that runs it: `("watch", "-n", "1")`.
    """
    from tests.support.terminal import Terminal

    return Terminal(command, args, columns, before)
