"""A real Secret Service of its own for a test: a D-Bus session with gnome-keyring, in a throw-away home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")

available = pytest.mark.skipif(
    any(shutil.which(program) is None for program in PROGRAMS),
    reason=f"needs {' and '.join(PROGRAMS)} (Debian: dbus, gnome-keyring)",
)

UNLOCKED = """\
printf %s "$KEYRING_PASSWORD" | gnome-keyring-daemon --unlock --components=secrets >"$HOME/daemon.log" 2>&1
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \\
  org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q true; do sleep 0.05; done
"""
"""Creates the login keyring the first time, and unlocks it after that; it may answer only a moment later."""


def run(program: list[str], home: Path, *, unlocked: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program inside a fresh session; without `unlocked`, D-Bus starts a locked keyring at need."""
    for folder in ("run", "data", "config", "cache"):
        (home / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("DBUS_", "XDG_", "DISPLAY"))}
    environ |= {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "ROTA_HOME": str(home / "rota"),
        "KEYRING_PASSWORD": "of this test only",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    script = (UNLOCKED if unlocked else "") + 'exec "$@"'
    return subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, "sh", *program],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
