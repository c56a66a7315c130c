"""Where each setting's value comes from: the environment, the file, or the default."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from rota.config.check import check
from rota.config.described import describe, locate
from rota.config.read import VARIABLES, overrides, parse, read_text
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rota.paths import Paths


class Source(StrEnum):
    """Who decides a setting."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Sources:
    """What the file and the environment set."""

    filed: frozenset[str]
    """Dotted names in the file, those of a table's entries too."""
    variables: Mapping[str, str]
    """Environment variables that win, by the setting's dotted name."""

    def of(self, key: str) -> Source:
        """Who decides a setting, or one entry of a table."""
        if locate(key)[0].key in self.variables:
            return Source.ENVIRONMENT
        return Source.FILE if key in self.filed else Source.DEFAULT


def sources(paths: Paths, environ: Mapping[str, str]) -> Sources:
    """Look at the file and the environment.

    Raises:
        ConfigError: As for `load`.
    """
    given = overrides(environ)
    named = {key: name for name, keys in VARIABLES.items() for key in keys if key in given and environ.get(name)}
    text = read_text(paths.config_file)
    return Sources(_filed(text, paths.config_file) if text else frozenset(), named)


def _filed(text: str, path: Path) -> frozenset[str]:
    values = check(parse(text, path), path)
    tables = {setting.key for setting in describe() if isinstance(values.get(setting.key), dict)}
    return frozenset(values) | {f"{key}.{entry}" for key in tables for entry in values[key]}
