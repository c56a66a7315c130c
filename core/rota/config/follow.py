"""What another program, or a person with an editor, changes in the settings file while rota runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.config.read import load
from rota.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rota.paths import Paths
    from rota.settings import Settings

Stamp = tuple[int, int, int] | None
"""What tells one state of the file from another; None while there is none."""


def stamp_of(path: Path) -> Stamp:
    """The state of a file now."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)


class SettingsFollower:
    """Looks at the file now and then; a file that is wrong is told once and changes nothing."""

    def __init__(self, paths: Paths, environ: Mapping[str, str]) -> None:
        self._paths = paths
        self._environ = environ
        self._stamp = stamp_of(paths.config_file)
        self._settings: Settings | None = None
        """As the file was at the last look; None until it could be read."""
        self._read()

    def changed(self) -> tuple[str, ...]:
        """The settings that the file decides otherwise than at the last look.

        Raises:
            ConfigError: what is in the file now is not allowed; told once for each state of the file.
        """
        stamp = stamp_of(self._paths.config_file)
        if stamp == self._stamp:
            return ()
        self._stamp = stamp
        before = self._settings
        self._settings = load(self._paths, self._environ)
        if before is None:
            return ()
        from rota.config.described import describe, get  # late: most looks find nothing new

        after = self._settings
        return tuple(s.key for s in describe() if get(before, s.key) != get(after, s.key))

    def _read(self) -> None:
        try:
            self._settings = load(self._paths, self._environ)
        except ConfigError:
            self._settings = None  # whoever opened rota with settings of its own may have a wrong file
