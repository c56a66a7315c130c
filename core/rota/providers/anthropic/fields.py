"""Read single fields of a foreign JSON answer; anything of another kind is None, never an exception."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

Fields: TypeAlias = Mapping[str, Any]


def fields(value: object) -> Fields:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """An array, or an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str | None:
    """Text that says something."""
    return value if isinstance(value, str) and value.strip() else None


def number(value: object) -> float | None:
    """A finite number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def count(value: object) -> int | None:
    """A whole number from zero on."""
    if type(value) is int:  # as nearly all are; true and false are of another type
        return value if value >= 0 else None
    found = number(value)
    return int(found) if found is not None and found >= 0 else None
