"""Where rota keeps things: config, data, state, cache and log folders; `ROTA_HOME` moves them all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rota.errors import ConfigError, StoreError
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

PRIVATE_FOLDER = 0o700


@dataclass(frozen=True, slots=True)
class Paths:
    """Every place on disk that rota writes to. Nothing exists until `ensure()`."""

    config: Path
    data: Path
    state: Path
    cache: Path
    logs: Path

    @property
    def config_file(self) -> Path:
        """The person's settings, TOML."""
        return self.config / "config.toml"

    @property
    def log_file(self) -> Path:
        """The event log, SQLite; its `-wal` and `-shm` files stand beside it."""
        return self.data / "log.db"

    @property
    def vault(self) -> Path:
        """The folder of the file vault; nobody but its owner may enter."""
        return self.data / "vault"

    @property
    def vault_file(self) -> Path:
        """Every secret, when no system keyring is used."""
        return self.vault / "secrets.json"

    @property
    def backups(self) -> Path:
        """Copies of other tools' files from before rota wrote to them, for undoing."""
        return self.data / "backups"

    @property
    def vault_choice_file(self) -> Path:
        """Which kind of vault holds the secrets."""
        return self.data / "vault.json"

    @property
    def settings_cache(self) -> Path:
        """The checked settings of the last start, so that an unchanged file is not checked again."""
        return self.state / "settings.json"

    @property
    def locks(self) -> Path:
        """Lock files, one a thing that only one process may do at a time."""
        return self.state / "locks"

    @property
    def catalogue_file(self) -> Path:
        """The models that the providers listed last."""
        return self.cache / "models.json"

    @property
    def debug_log(self) -> Path:
        return self.logs / "debug.log"

    def folders(self) -> tuple[Path, ...]:
        """Every folder of ours, parents first."""
        return (self.config, self.data, self.vault, self.backups, self.state, self.locks, self.cache, self.logs)

    def ensure(self) -> None:
        """Make the folders, open to nobody else.

        Raises:
            StoreError: A folder cannot be made.
        """
        for folder in self.folders():
            make_private_folder(folder, tighten=folder != self.config)


def find(environ: Mapping[str, str]) -> Paths:
    """Where things are: under `ROTA_HOME` when `environ` sets it, else where this system keeps such things.

    Raises:
        ConfigError: `ROTA_HOME` is a `~user` that nobody is, or there is neither that nor a home folder.
    """
    if home := environ.get("ROTA_HOME", "").strip():
        return under(home)
    if sys.platform == "linux" and os.path.isabs(user := environ.get("HOME", "")):
        return _by_xdg(Path(user), environ)
    from platformdirs import PlatformDirs  # late: loading it takes as long as reading the log

    dirs = PlatformDirs("rota", appauthor=False)
    try:
        return Paths(
            config=dirs.user_config_path,
            data=dirs.user_data_path,
            state=dirs.user_state_path,
            cache=dirs.user_cache_path,
            logs=dirs.user_log_path,
        )
    except RuntimeError as error:
        raise ConfigError(
            "This machine names no home folder for this user.", hint="Set HOME, or ROTA_HOME, to a folder."
        ) from error


def _by_xdg(user: Path, environ: Mapping[str, str]) -> Paths:
    """The folders of freedesktop.org's base directory specification, which platformdirs tells on Linux too."""

    def folder(name: str, usual: str) -> Path:
        told = environ.get(name, "")
        return (Path(told) if os.path.isabs(told) else user / usual) / "rota"

    state = folder("XDG_STATE_HOME", ".local/state")
    return Paths(
        config=folder("XDG_CONFIG_HOME", ".config"),
        data=folder("XDG_DATA_HOME", ".local/share"),
        state=state,
        cache=folder("XDG_CACHE_HOME", ".cache"),
        logs=state / "log",
    )


def under(home: str | Path) -> Paths:
    """Everything below one folder; the settings file lies directly in it."""
    try:
        root = Path(os.path.abspath(Path(home).expanduser()))
    except RuntimeError as error:
        raise ConfigError(f"ROTA_HOME is {home}, and there is no such user.", hint="Set it to a folder.") from error
    return Paths(config=root, data=root / "data", state=root / "state", cache=root / "cache", logs=root / "logs")


def make_private_folder(folder: Path, *, tighten: bool = True) -> None:
    """Make a folder that only its owner may enter, and, with `tighten`, close one that stood open.

    The settings folder is not tightened: it holds no secret, and people share it through their dotfiles.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        # Windows folders take their access list from the user's profile, which is private already.
        if tighten and os.name != "nt" and folder.stat().st_mode & 0o077:
            folder.chmod(PRIVATE_FOLDER)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made a private folder: {error.strerror}.",
            path=folder,
            hint="Check who owns it, or set ROTA_HOME to a folder that is yours.",
        ) from error
