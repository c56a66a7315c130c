"""Strategies and providers that other packages register by entry point; looked up only for a name rota lacks.

A package registers one in its `pyproject.toml`:

    [project.entry-points."rota.strategies"]
    work-first = "my_package:WorkFirst"
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rota.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

STRATEGIES = "rota.strategies"
"""The group of strategies: each a class without arguments, or an object; see `pool.strategies.base.Strategy`."""
PROVIDERS = "rota.providers"
"""The group of providers: each called with a `providers.base.Context`; see `providers.base.Provider`."""

WORDS = {STRATEGIES: "strategy", PROVIDERS: "provider"}


@dataclass(frozen=True, slots=True)
class Plugin:
    """One registration."""

    name: str
    package: str
    """Name and version of the distribution that registers it."""


def listed(group: str) -> tuple[Plugin, ...]:
    """Everything registered in a group, by name; nothing of it is imported."""
    return tuple(Plugin(name, package) for name, (package, _) in sorted(_found(group).items()))


def names(group: str) -> tuple[str, ...]:
    """The registered names of a group."""
    return tuple(sorted(_found(group)))


@functools.cache
def load(group: str, name: str) -> Any:
    """What is registered under a name.

    Raises:
        ConfigError: nothing is, or it cannot be imported; says which package and why.
    """
    word = WORDS[group]
    if name not in _found(group):
        raise ConfigError(
            f"There is no {word} called {name} here.", hint=f"Install the package that registers it under {group}."
        )
    try:
        return _found(group)[name][1].load()
    except Exception as error:  # foreign code: whatever its import raises is told, and ends nothing
        raise broken(group, name, error) from error


def broken(group: str, name: str, error: Exception) -> ConfigError:
    """The error to raise when what a package registered does not work."""
    package = _found(group)[name][0]
    why = f"{type(error).__name__}: {error}".rstrip(": ")
    return ConfigError(
        f"The {WORDS[group]} {name} of {package} cannot be used: {why}.", hint=f"Mend or remove {package}."
    )


@functools.cache
def _found(group: str) -> dict[str, tuple[str, EntryPoint]]:
    from importlib.metadata import entry_points  # late: looks into every installed package, 5 to 30 ms

    found: dict[str, tuple[str, EntryPoint]] = {}
    for entry in entry_points(group=group):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "a package"
        found.setdefault(entry.name, (package, entry))
    return found
