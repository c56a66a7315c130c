"""rota's settings as an import sees them: by dotted name and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from rota.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.paths import Paths


class SettingsDoor(Protocol):
    """Reads and writes single settings."""

    def current(self, key: str) -> str:
        """The value that holds now, defaults included."""
        ...

    def written(self, key: str) -> str | None:
        """The value in the file; None when the file does not have it."""
        ...

    def write(self, key: str, text: str) -> None: ...

    def remove(self, key: str) -> None: ...


class SettingsFile:
    """The settings file of a home."""

    def __init__(self, paths: Paths, environ: Mapping[str, str]) -> None:
        self._paths = paths
        self._environ = environ

    def current(self, key: str) -> str:
        from rota.config import get, load, render

        try:
            return render(get(load(self._paths, self._environ), key))
        except ConfigError:
            return ""

    def written(self, key: str) -> str | None:
        from rota.config import render
        from rota.config.read import parse

        try:
            place: Any = parse(self._paths.config_file.read_text("utf-8-sig"), self._paths.config_file)
            for part in key.split("."):
                place = place[part]
        except (OSError, ConfigError, KeyError, TypeError):
            return None
        return render(place)

    def write(self, key: str, text: str) -> None:
        from rota.config import set_value

        set_value(self._paths, key, text)

    def remove(self, key: str) -> None:
        from rota.config import unset

        unset(self._paths, key)
