"""The JSON Schemas of what commands print with `--json`, shipped with the package."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

SHARED = {
    **dict.fromkeys(("disable", "enable", "label", "pin", "reorder", "reserve", "unpin", "use"), "change"),
    **dict.fromkeys(("gateway-key-add", "gateway-key-revoke", "gateway-key-show"), "gateway-key"),
    **dict.fromkeys(("opencode-install", "opencode-uninstall"), "opencode"),
    "config-unset": "config-set",
    "events": "event",
}
"""Commands whose schema has another name than they; several of them have one in common."""


def names() -> tuple[str, ...]:
    """Every schema there is: `status`, `usage`, `event` …"""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json")))


def read(name: str) -> dict[str, Any]:
    """One schema, by its name or a command's (`gateway-key-add`), as JSON Schema 2020-12."""
    file = resources.files(__name__) / f"{SHARED.get(name, name)}.json"
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema
