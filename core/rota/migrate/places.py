"""Where other tools keep their files, from one home folder, environment and system."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Places:
    """One person's machine, as far as other tools' files go."""

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Not shown: it may hold keys."""
    system: str = sys.platform
    project: Path | None = None
    """The folder whose own OpenCode configuration is looked at too."""

    def variable(self, name: str) -> str | None:
        """An environment variable that is set to something."""
        return self.environ.get(name, "").strip() or None

    def folder(self, name: str) -> Path | None:
        """A folder that an environment variable names; a relative one does not count (XDG's own rule)."""
        value = self.variable(name)
        if value is None:
            return None
        path = Path(value)
        if value.startswith("~"):
            path = self.home / value.lstrip("~/\\")
        return path if path.is_absolute() else None

    def without_keychain(self) -> Places:
        """The same, with files only."""
        return replace(self, system="posix") if self.system == "darwin" else self

    @property
    def config(self) -> Path:
        return self.folder("XDG_CONFIG_HOME") or self.home / ".config"

    @property
    def opencode_data(self) -> Path:
        """The same on every system: OpenCode follows XDG on macOS and Windows too."""
        return (self.folder("XDG_DATA_HOME") or self.home / ".local" / "share") / "opencode"

    @property
    def opencode_config(self) -> Path:
        return self.config / "opencode"

    @property
    def opencode_fixed_config(self) -> Path:
        """Where the plugins look: under the home folder whatever XDG says."""
        return self.home / ".config" / "opencode"

    @property
    def claude(self) -> Path:
        return self.folder("CLAUDE_CONFIG_DIR") or self.home / ".claude"

    @property
    def anthropic(self) -> Path:
        """The official tool's and SDK's profiles."""
        if named := self.folder("ANTHROPIC_CONFIG_DIR"):
            return named
        if self.system == "win32":
            return (self.folder("APPDATA") or self.home / "AppData" / "Roaming") / "Anthropic"
        return self.home / ".config" / "anthropic"

    @property
    def puter_cli(self) -> Path:
        """Where the npm package `conf` keeps the official Puter command line's settings."""
        name = "puter-cli-nodejs"
        if self.system == "win32":
            return (self.folder("APPDATA") or self.home / "AppData" / "Roaming") / name / "Config"
        if self.system == "darwin":
            return self.home / "Library" / "Preferences" / name
        return self.config / name


def here(environ: Mapping[str, str] | None = None) -> Places:
    """This machine, for the person running rota."""
    try:
        project = Path.cwd()
    except OSError:
        project = None  # the folder was removed under us
    return Places(home=Path.home(), environ=os.environ if environ is None else environ, project=project)


def distinct(*paths: Path) -> tuple[Path, ...]:
    """The paths in order, each once, however they are spelled."""
    seen: dict[str, Path] = {}
    for path in paths:
        seen.setdefault(os.path.normcase(os.path.abspath(path)), path)
    return tuple(seen.values())
