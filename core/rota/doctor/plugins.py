"""Strategies and providers of other packages: which there are, and whether each can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota import plugins
from rota.doctor.findings import Finding, failure, good
from rota.errors import ConfigError

if TYPE_CHECKING:
    from rota.plugins import Plugin


def registered() -> list[Finding]:
    """One finding for each."""
    return [_tried(group, plugin) for group in plugins.WORDS for plugin in plugins.listed(group)]


def _tried(group: str, plugin: Plugin) -> Finding:
    try:
        plugins.load(group, plugin.name)
    except ConfigError as error:
        return failure("plugins", str(error), error.hint)
    return good("plugins", f"The {plugins.WORDS[group]} {plugin.name} of {plugin.package} can be used.")
