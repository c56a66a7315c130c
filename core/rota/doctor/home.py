"""rota's own files: settings that can be read, a log that opens, folders and files that nobody else may enter."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from rota.doctor.findings import Finding, failure, good, note, warning
from rota.errors import ConfigError, RotaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rota.paths import Paths
    from rota.settings import Settings

LEAST_FREE = 50 * 1024 * 1024
"""Bytes of disk; the log of a busy month takes less."""
LARGE_LOG = 500 * 1024 * 1024


def settings(paths: Paths, environ: Mapping[str, str]) -> tuple[Settings, list[Finding]]:
    """The settings, and what is wrong with them; the defaults where the file cannot be used."""
    from rota.config import load
    from rota.config.read import build, overrides
    from rota.settings import Settings

    try:
        found = load(paths, environ)
    except ConfigError as error:
        wrong = failure("settings", str(error), error.hint or f"Correct {paths.config_file}.")
        try:
            return build(overrides(environ), Settings()), [wrong]
        except ConfigError:
            return Settings(), [wrong]
    if not paths.config_file.exists():
        return found, [good("settings", "No settings file; the defaults hold.")]
    return found, [good("settings", f"{paths.config_file} is right.")]


def files(paths: Paths) -> list[Finding]:
    """Modes, leftovers, room on the disk."""
    found = [*_writable(paths), *_open_to_others(paths), *_leftovers(paths)]
    free = shutil.disk_usage(_existing(paths.data)).free
    if free < LEAST_FREE:
        text = f"The disk that holds {paths.data} has {free // 1024 // 1024} MB left."
        found.append(
            warning("files", text, "Free some space: what happens is kept in memory until it can be written.")
        )
    return found or [good("files", f"{paths.data}: everything is yours alone.")]


def log(path: Path) -> list[Finding]:
    """Whether the log opens and what is beside it."""
    from rota.log import SqliteLog

    if not path.exists():
        return [note("log", "There is no log yet; the first account makes it.")]
    try:
        opened = SqliteLog.open(path)
    except RotaError as error:
        return [failure("log", str(error), error.hint or "Look at the file.")]
    notice, accounts = opened.notice, len(opened.snapshot.listed())
    opened.close()
    if notice is not None:
        todo = "Accounts whose secrets are still there come back by signing in again; keep the file if in doubt."
        return [failure("log", str(notice), todo)]
    found = []
    size = path.stat().st_size
    if size > LARGE_LOG:
        todo = "Set history.events_days lower; rota thins it within a day."
        found.append(warning("log", f"{path} has {size // 1024 // 1024} MB.", todo))
    aside = sorted(other.name for other in path.parent.glob(f"{path.name}.damaged-*"))
    if aside:
        text = f"Damaged logs were moved aside earlier: {', '.join(aside)}."
        found.append(note("log", text, "Delete them when nothing is missed."))
    return found or [good("log", f"{path} opens: {accounts} account{'s' * (accounts != 1)}.")]


def _writable(paths: Paths) -> Iterator[Finding]:
    for folder in paths.folders():
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            yield failure("files", f"{folder} cannot be written.", "Make yourself its owner, or set ROTA_HOME.")


def _open_to_others(paths: Paths) -> Iterator[Finding]:
    if os.name == "nt":
        return  # Windows' own access lists keep a profile's folders private
    for folder in dict.fromkeys((paths.data, paths.vault, paths.state, paths.logs, paths.backups)):
        if not folder.is_dir():
            continue
        if _shared(folder):
            yield warning("files", f"{folder} can be entered by others.", f"chmod 700 {folder}")
        for file in sorted(folder.iterdir()):
            if file.is_file() and _shared(file):
                yield warning("files", f"{file} can be read by others.", f"chmod 600 {file}")


def _leftovers(paths: Paths) -> Iterator[Finding]:
    for folder in (paths.config, paths.data, paths.vault, paths.state):
        for file in sorted(folder.glob(".*.tmp")):
            yield warning("files", f"{file} is left from a write that was interrupted.", f"Delete {file}")


def _shared(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder
