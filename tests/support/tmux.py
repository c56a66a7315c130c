"""A command in a real terminal: typed into and looked at through tmux."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Self

TMUX = shutil.which("tmux")
PATIENCE_S = 30.0
LOOK_S = 0.05
"""Between two looks at the screen."""


class Tmux:
    """One terminal with one shell command in it; its server ends with the context."""

    def __init__(
        self, folder: Path, command: str, environ: Mapping[str, str], *, columns: int = 100, rows: int = 32
    ) -> None:
        self._socket = str(folder / "tmux")
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in environ.items())
        size = ("-x", str(columns), "-y", str(rows))
        self._run("-f", "/dev/null", "new-session", "-d", *size, f"exec env {given} sh -c {shlex.quote(command)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._run("kill-server", check=False)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: `a`, `Enter`, `Escape`, `C-c`."""
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)

    def paste(self, text: str) -> None:
        """Put text in as a terminal does that was asked to paste."""
        self._run("set-buffer", text)
        self._run("paste-buffer", "-p", "-d")

    def shown(self) -> str:
        """What stands on the screen."""
        return self._run("capture-pane", "-p")

    def state(self, name: str) -> str:
        """What tmux knows of the terminal, by its name for it: `alternate_on`, `mouse_any_flag`, `pane_pid`."""
        return self._run("display-message", "-p", f"#{{{name}}}").strip()

    def until(self, *texts: str) -> str:
        """Wait until all of these are shown at once; gives the screen."""
        return self.wait(lambda screen: all(text in screen for text in texts), f"{texts!r} was not shown")

    def until_gone(self, text: str) -> str:
        """Wait until this is no longer shown; gives the screen."""
        return self.wait(lambda screen: text not in screen, f"{text!r} stayed")

    def wait(self, done: Callable[[str], bool], complaint: str) -> str:
        """Look until `done`; gives the screen."""
        deadline = time.monotonic() + PATIENCE_S
        while not done(screen := self.shown()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{complaint}; shown:\n{screen}")
            time.sleep(LOOK_S)
        return screen

    def _run(self, *args: str, check: bool = True) -> str:
        assert TMUX is not None
        done = subprocess.run([TMUX, "-S", self._socket, *args], capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"tmux {args[0]}: {done.stderr}")
        return done.stdout
