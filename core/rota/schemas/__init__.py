"""The JSON Schemas of what commands print with `--json`, one file a command; shipped with the package."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def names() -> tuple[str, ...]:
    """Every schema there is: `status`, `usage`, `event` …"""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json")))


def read(name: str) -> dict[str, Any]:
    """One schema, as JSON Schema 2020-12."""
    schema: dict[str, Any] = json.loads((resources.files(__name__) / f"{name}.json").read_text("utf-8"))
    return schema
