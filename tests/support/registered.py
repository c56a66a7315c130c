"""Packages of other people's, as an installer leaves them: a module beside a `dist-info` with its entry points."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command_line import CommandLine


def install(home: CommandLine, group: str, name: str, module: str, source: str, attribute: str) -> None:
    """Put a module where this home's processes find it, registered under `group` as `name`."""
    site = home.home / "site"
    info = site / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (site / f"{module}.py").write_text(source, "utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:{attribute}\n", "utf-8")
    home.more["PYTHONPATH"] = searched(site)


def searched(*folders: Path) -> str:
    """`PYTHONPATH` with these before what this process searches."""
    return os.pathsep.join([*map(str, folders), *(path for path in sys.path if path)])
