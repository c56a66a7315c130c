"""The settings file: read and checked, remembered as checked, and written with the person's comments kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.config.read import load, peek, peeker

if TYPE_CHECKING:
    from rota.config.described import Described, describe, get, locate, render, section_help, with_value
    from rota.config.write import put, set_value, unset
    from rota.settings import Settings

__all__ = [
    "Described",
    "Settings",
    "describe",
    "get",
    "load",
    "locate",
    "peek",
    "peeker",
    "put",
    "render",
    "section_help",
    "set_value",
    "unset",
    "with_value",
]


def __getattr__(name: str) -> object:
    """Bring in what describes and writes settings when it is first asked for: a start only reads."""
    if name == "Settings":
        from rota.settings import Settings

        return Settings
    if name in ("put", "set_value", "unset"):
        from rota.config import write

        return getattr(write, name)
    if name in __all__:
        from rota.config import described

        return getattr(described, name)
    raise AttributeError(f"module 'rota.config' has no attribute {name!r}")
